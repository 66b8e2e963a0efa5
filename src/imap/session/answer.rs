//! Answers of a server in our own words: what imap-proto parsed, reduced to what goen uses.

use std::fmt;

use async_imap::imap_proto::{
    AttributeValue, Capability, MailboxDatum, MailboxListData, MessageSection, NameAttribute,
    Outcome, Response, ResponseCode, SectionPath, Status, StatusAttribute,
};
use jiff::Timestamp;

use crate::imap::cursor::Uid;
use crate::imap::parts::{Part, Section};
use crate::imap::session::filing::{Listed, Place};

/// Longest text of a server that is shown or kept, in characters.
const WORDS_MAX: usize = 300;

/// What a server says in a status response: a code for programs, a text for people (RFC 9051 §7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The response code, if it is one that goen acts on.
    pub code: Option<Code>,
    /// Code and text as the server wrote them, on one line, free of control characters.
    pub text: String,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "(no words)" } else { &self.text })
    }
}

/// Response codes that goen acts on (RFC 9051 §7.1, RFC 5530).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Must be shown to the user.
    Alert,
    /// Wrong name or password, or an expired token.
    AuthenticationFailed,
    /// A subsystem is down for now.
    Unavailable,
    /// Another session holds what we need.
    InUse,
    /// Too many connections, too many commands.
    Limit,
    /// The server knows that it is at fault.
    ServerBug,
    /// Some of the messages asked for are gone.
    ExpungeIssued,
    /// The server tells of other mailboxes no more (RFC 5465 §5.8).
    NotificationOverflow,
    /// The life of the mailbox just opened.
    UidValidity(u32),
    /// The next UID in the mailbox just opened.
    UidNext(u32),
    /// What the server can do, names in upper case.
    Capabilities(Vec<String>),
}

/// One response.
#[derive(Debug)]
pub(super) enum Answer {
    /// The end of the command with this tag.
    Done { tag: String, ok: Ending, words: Words },
    /// An untagged status response.
    Said { greeting: Greeting, words: Words },
    /// The server waits for more.
    Continue(String),
    /// What the server can do, names in upper case.
    Capabilities(Vec<String>),
    /// How many messages there are now.
    Exists(u32),
    /// A message is gone, and those behind it moved up by one.
    Expunged(u32),
    /// UIDs found.
    Found(Vec<u32>),
    /// A mailbox.
    Listed(Listed),
    /// News of a mailbox, named as on the wire, and the UID its next message will get.
    News(String, Option<u32>),
    /// Something about the message with this number.
    Fetched(u32, Piece),
    /// Nothing we use.
    Other,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Ok,
    No,
    Bad,
}

/// What an untagged status response means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeting {
    Ok,
    Preauth,
    Bye,
}

/// What one FETCH response says about a message. A server may spread a message over several.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) uid: Option<Uid>,
    pub(super) size: Option<u32>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) structure: Option<Part>,
    pub(super) sections: Vec<(Section, Vec<u8>)>,
}

impl Piece {
    /// Adds what `other` says about the same message.
    pub(super) fn merge(&mut self, other: Self) {
        self.uid = other.uid.or(self.uid);
        self.size = other.size.or(self.size);
        self.received_at = other.received_at.or(self.received_at);
        self.structure = other.structure.or_else(|| self.structure.take());
        self.sections.extend(other.sections);
    }

    /// How much memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.sections.iter().map(|(_section, data)| data.len()).sum()
    }
}

impl Answer {
    /// Takes from `response` what goen uses.
    pub(super) fn of(response: &Response<'_>) -> Self {
        match response {
            Response::Done { tag, status, outcome } => {
                let ok = match status {
                    Status::Ok => Ending::Ok,
                    Status::No => Ending::No,
                    _ => Ending::Bad,
                };
                Self::Done { tag: tag.0.clone(), ok, words: words(outcome) }
            }
            Response::Data { status, outcome } => {
                let greeting = match status {
                    Status::PreAuth => Greeting::Preauth,
                    Status::Bye => Greeting::Bye,
                    _ => Greeting::Ok,
                };
                Self::Said { greeting, words: words(outcome) }
            }
            Response::Continue(outcome) => {
                Self::Continue(outcome.information.as_deref().unwrap_or_default().to_owned())
            }
            Response::Capabilities(offered) => Self::Capabilities(names(offered)),
            Response::MailboxData(MailboxDatum::Exists(count)) => Self::Exists(*count),
            Response::MailboxData(MailboxDatum::Search(found)) => Self::Found(found.clone()),
            Response::MailboxData(MailboxDatum::List(data)) => Self::Listed(listed(data)),
            Response::MailboxData(MailboxDatum::Status { mailbox, status }) => {
                let next = status.iter().find_map(|attribute| match attribute {
                    StatusAttribute::UidNext(next) => Some(*next),
                    _ => None,
                });
                Self::News(mailbox.to_string(), next)
            }
            Response::Expunge(number) => Self::Expunged(*number),
            Response::Fetch(number, attributes) => Self::Fetched(*number, piece(attributes)),
            _ => Self::Other,
        }
    }
}

/// `\NonExistent` implies `\Noselect` (RFC 9051 §7.3.1).
fn cannot_be_opened(attribute: &NameAttribute<'_>) -> bool {
    match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    }
}

fn names(offered: &[Capability<'_>]) -> Vec<String> {
    let name = |capability: &Capability<'_>| match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(atom) => atom.to_ascii_uppercase(),
    };
    offered.iter().map(name).collect()
}

fn words(outcome: &Outcome<'_>) -> Words {
    let text = outcome.information.as_deref().unwrap_or_default();
    let (code, name) = match &outcome.code {
        Some(ResponseCode::Alert) => (Some(Code::Alert), "[ALERT] "),
        Some(ResponseCode::UidValidity(life)) => (Some(Code::UidValidity(*life)), ""),
        Some(ResponseCode::UidNext(next)) => (Some(Code::UidNext(*next)), ""),
        Some(ResponseCode::Capabilities(offered)) => (Some(Code::Capabilities(names(offered))), ""),
        Some(_) => (None, ""),
        // Codes that imap-proto does not know stand at the start of the text.
        None => (unknown_code(text), ""),
    };
    Words { code, text: presentable(&format!("{name}{text}")) }
}

fn unknown_code(text: &str) -> Option<Code> {
    let (code, _text) = text.strip_prefix('[')?.split_once(']')?;
    let name = code.split(' ').next()?.to_ascii_uppercase();
    Some(match name.as_str() {
        "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" => Code::AuthenticationFailed,
        "UNAVAILABLE" => Code::Unavailable,
        "INUSE" => Code::InUse,
        "LIMIT" => Code::Limit,
        "SERVERBUG" => Code::ServerBug,
        "EXPUNGEISSUED" => Code::ExpungeIssued,
        "NOTIFICATIONOVERFLOW" => Code::NotificationOverflow,
        _ => return None,
    })
}

/// A server's text as it may stand on a screen: one line, no control characters, not endless.
pub(super) fn presentable(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.chars().take(WORDS_MAX).map(clean).collect();
    line.trim().to_owned()
}

fn listed(data: &MailboxListData<'_>) -> Listed {
    let has = |attribute: &NameAttribute<'_>| data.name_attributes.contains(attribute);
    let place = if has(&NameAttribute::Sent) {
        Some(Place::Sent)
    } else if has(&NameAttribute::Drafts) {
        Some(Place::Drafts)
    } else {
        None
    };
    Listed {
        name: data.name.to_string(),
        delimiter: data.delimiter.as_ref().map(ToString::to_string),
        place,
        selectable: !data.name_attributes.iter().any(cannot_be_opened),
    }
}

fn piece(attributes: &[AttributeValue<'_>]) -> Piece {
    let mut piece = Piece::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => piece.uid = Some(Uid(*uid)),
            AttributeValue::Rfc822Size(size) => piece.size = Some(*size),
            AttributeValue::InternalDate(date) => piece.received_at = internal_date(date),
            AttributeValue::BodyStructure(structure) => {
                piece.structure = Some(Part::of(structure));
            }
            AttributeValue::BodySection { section, data: Some(data), .. } => {
                if let Some(section) = section_of(section.as_ref()) {
                    piece.sections.push((section, data.to_vec()));
                }
            }
            _ => {}
        }
    }
    piece
}

fn section_of(path: Option<&SectionPath>) -> Option<Section> {
    Some(match path {
        None => Section::Whole,
        Some(SectionPath::Full(MessageSection::Header)) => Section::Header(Vec::new()),
        Some(SectionPath::Part(path, None)) => Section::Body(path.clone()),
        Some(SectionPath::Part(path, Some(MessageSection::Mime))) => Section::Mime(path.clone()),
        Some(SectionPath::Part(path, Some(MessageSection::Header))) => {
            Section::Header(path.clone())
        }
        Some(_) => return None,
    })
}

/// Reads `date-time` (RFC 9051 §9): `"17-Jul-1996 02:44:25 -0700"`, days below 10 with a space in front.
fn internal_date(date: &str) -> Option<Timestamp> {
    Timestamp::strptime("%d-%b-%Y %H:%M:%S %z", date.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Answer {
        let (_rest, response) = Response::parse(line.as_bytes()).unwrap();
        Answer::of(&response)
    }

    fn words_of(line: &str) -> Words {
        match parsed(line) {
            Answer::Done { words, .. } | Answer::Said { words, .. } => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn codes_are_read_as_codes() {
        let words = words_of("A1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n");
        assert_eq!(words.code, Some(Code::AuthenticationFailed));
        assert_eq!(words.text, "[AUTHENTICATIONFAILED] Invalid credentials (Failure)");
        assert_eq!(words_of("A1 NO [unavailable] x\r\n").code, Some(Code::Unavailable));
        assert_eq!(words_of("A1 NO [LIMIT] x\r\n").code, Some(Code::Limit));
        assert_eq!(words_of("A1 NO [INUSE] x\r\n").code, Some(Code::InUse));
        assert_eq!(words_of("A1 NO [X-OTHER 5] x\r\n").code, None);
        let alert = words_of("* OK [ALERT] 日本語\r\n");
        assert_eq!((alert.code, alert.text.as_str()), (Some(Code::Alert), "[ALERT] 日本語"));
    }

    #[test]
    fn words_cannot_write_to_the_terminal() {
        assert_eq!(words_of("* BYE \x1b[2Jgone\x07\r\n").text, "[2Jgone");
    }

    #[test]
    fn mailboxes_are_listed_with_their_purpose_and_whether_they_can_be_opened() {
        let listed = |line: &str| match parsed(line) {
            Answer::Listed(mailbox) => (mailbox.name, mailbox.place, mailbox.selectable),
            other => panic!("{other:?}"),
        };
        let plain = listed("* LIST () \"/\" &kHiAAw-\r\n");
        assert_eq!(plain, ("&kHiAAw-".to_owned(), None, true));
        let sent = listed("* LIST (\\HasNoChildren \\Sent) \"/\" x\r\n");
        assert_eq!(sent, ("x".to_owned(), Some(Place::Sent), true));
        assert!(!listed("* LIST (\\Noselect) \"/\" \"[Gmail]\"\r\n").2);
        assert!(!listed("* LIST (\\NonExistent) NIL gone\r\n").2);
    }

    #[test]
    fn dates_of_both_widths_are_read() {
        for (date, seconds) in [
            ("17-Jul-1996 02:44:25 -0700", 837_596_665),
            (" 1-Oct-2026 09:00:00 +0900", 1_790_812_800),
        ] {
            assert_eq!(internal_date(date).map(Timestamp::as_second), Some(seconds), "{date}");
        }
        assert_eq!(internal_date("yesterday"), None);
    }
}
