//! An approved draft as the bytes that leave. Pure.
//!
//! What [`compose`] gives is fixed at approval and submitted as it is: every line ends in CRLF, no
//! line is longer than 998 bytes, no bare CR, LF or NUL (a bare LF before a dot ends the message
//! early at some servers: SMTP smuggling), and exactly one CRLF at the end. lettre builds and
//! encodes it; what it is not to be trusted with is checked before (control characters in names
//! make it panic or lose `From`) and after.

use jiff::Zoned;
use lettre::message::header::{
    self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, Mailboxes};
use serde::{Deserialize, Serialize};

use crate::lang::{Explain, Explanation, Lang};
use crate::mail::{Address, MessageId, domain};
use crate::reply::{Charset, Draft, jis};
use crate::say;

/// Longest line without its CRLF (RFC 5322 §2.1.1).
const LINE_MAX_BYTES: usize = 998;

/// Longest forward or reverse path, angle brackets included (RFC 5321 §4.5.3.1.3).
const PATH_MAX_BYTES: usize = 256;

/// Who SMTP delivers to, and who hears about failures (RFC 5321 §2.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The user's own address.
    pub reverse_path: String,
    /// The one recipient.
    pub forward_path: String,
}

/// A complete message, ready to be submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who it goes to.
    pub envelope: Envelope,
    /// How its copy is found again.
    pub message_id: MessageId,
    /// Header and body, CRLF line ends, one CRLF at the end.
    pub raw: Vec<u8>,
}

/// Why a draft cannot become a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// An address that would not arrive as it is written.
    #[error("{address:?} is not an address that can be written to")]
    Address {
        /// The address in question.
        address: String,
    },
    /// A character that no text has.
    #[error("the text has a control character (U+{:04X})", u32::from(*.0))]
    Control(char),
    /// Nothing but space in it.
    #[error("the text is empty")]
    Empty,
    /// The library built something we do not put on the wire.
    #[error("the message came out malformed: {0}")]
    Malformed(String),
}

impl Explain for ComposeError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Address { address } => Explanation::new(say!(
                lang,
                "{address:?} には送れません。メールアドレスとして正しくありません",
                "goen cannot write to {address:?}: it is not a valid mail address"
            ))
            .hint(say!(
                lang,
                "メールの差出人と本文を見て、正しい連絡先を確かめてください",
                "look in the email itself for the right address"
            )),
            Self::Control(character) => Explanation::new(say!(
                lang,
                "本文に制御文字（U+{code:04X}）が入っています",
                "the text has a control character in it (U+{code:04X})",
                code = u32::from(*character)
            ))
            .hint(say!(
                lang,
                "エディターで取り除いてください",
                "remove it in the editor"
            )),
            Self::Empty => Explanation::new(say!(lang, "本文が空です", "there is no text in it")),
            Self::Malformed(words) => Explanation::new(say!(
                lang,
                "メールを組み立てられませんでした：{words}",
                "the message could not be put together: {words}"
            ))
            .hint(say!(
                lang,
                "goen の不具合です。お知らせいただけると助かります",
                "this is a bug in goen; please report it"
            )),
        }
    }
}

/// The message that `draft` becomes when it is approved at `date`, in the user's time zone.
///
/// The same input gives the same bytes. There is no `Auto-Submitted` (a person approved it) and no
/// trace of the program or the machine.
pub fn compose(draft: &Draft, id: &MessageId, date: &Zoned) -> Result<Message, ComposeError> {
    let from = mailbox(&draft.from)?;
    let to = mailbox(&draft.to)?;
    let envelope =
        Envelope { reverse_path: from.email.to_string(), forward_path: to.email.to_string() };

    // Three headers are put in again below, in their places: lettre's builder reads addresses back
    // from what it wrote, loses quotes on the way (`"foo..bar."@docomo.ne.jp`) and then says that
    // there are none; and it only writes Universal Time.
    let stand_in: Mailbox = Mailbox::new(None, lettre::Address::new_dangerous("a", "example.com"));
    let mut builder = lettre::Message::builder()
        .from(stand_in.clone())
        .to(stand_in)
        .subject(one_line(&draft.subject))
        .date(std::time::SystemTime::UNIX_EPOCH)
        .message_id(Some(id.bracketed()));
    if let Some(parent) = &draft.in_reply_to {
        builder = builder.in_reply_to(parent.bracketed());
    }
    if !draft.references.is_empty() {
        let thread: Vec<String> = draft.references.iter().map(MessageId::bracketed).collect();
        builder = builder.references(thread.join(" "));
    }
    let text = text(&draft.body)?;
    let in_jis = draft.charset == Charset::Iso2022Jp && fits_charset(draft).is_ok();
    let (content_type, body) = if in_jis {
        let bytes = jis::encode(&text).map_err(|_| malformed("the text cannot be encoded"))?;
        let content_type = ContentType::parse("text/plain; charset=ISO-2022-JP")
            .map_err(|error| malformed(&error.to_string()))?;
        (content_type, Body::dangerous_pre_encoded(bytes, ContentTransferEncoding::SevenBit))
    } else {
        let body = Body::new_with_encoding(text, ContentTransferEncoding::Base64)
            .map_err(|_| malformed("the text cannot be encoded"))?;
        (ContentType::TEXT_PLAIN, body)
    };
    let mut message = builder
        .raw_header(plain_header("MIME-Version", "1.0".to_owned()))
        .header(content_type)
        .body(body)
        .map_err(|error| malformed(&error.to_string()))?;
    let headers = message.headers_mut();
    headers.set(header::From::from(Mailboxes::from(from.clone())));
    headers.set(header::To::from(Mailboxes::from(to.clone())));
    for (name, mailbox) in [("From", &from), ("To", &to)] {
        if let (true, Some(words)) = (in_jis, &mailbox.name)
            && !words.is_ascii()
        {
            headers.insert_raw(encoded_header(
                name,
                format!("{}\r\n <{}>", jis::words(words), mailbox.email),
            ));
        }
    }
    if in_jis {
        let subject = one_line(&draft.subject);
        // `Re:` is for programs as well, and stays as it is.
        let encoded = match subject.strip_prefix("Re: ") {
            Some(rest) => format!("Re: {}", jis::words(rest)),
            None => jis::words(&subject),
        };
        headers.insert_raw(encoded_header("Subject", encoded));
    }
    let date =
        jiff::fmt::rfc2822::to_string(date).map_err(|error| malformed(&error.to_string()))?;
    headers.insert_raw(plain_header("Date", date));

    let raw = one_crlf_at_the_end(message.formatted());
    check_wire_form(&raw).map_err(malformed)?;
    Ok(Message { envelope, message_id: id.clone(), raw })
}

fn malformed(words: &str) -> ComposeError {
    ComposeError::Malformed(words.to_owned())
}

fn plain_header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// A header field whose value is in its wire form already.
fn encoded_header(name: &'static str, encoded: String) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, encoded.clone(), encoded)
}

/// Whether a draft can leave in the charset it is to leave in; if not, it leaves in UTF-8.
///
/// # Errors
/// The first character that the charset lacks, or none if a line is too long for it.
pub(super) fn fits_charset(draft: &Draft) -> Result<(), Option<char>> {
    if draft.charset == Charset::Utf8 {
        return Ok(());
    }
    let names = [&draft.from, &draft.to].into_iter().filter_map(|it| it.name.as_deref());
    for part in names.chain([draft.subject.as_str()]) {
        jis::encode(&one_line(part))?;
    }
    jis::encode(&draft.body).map(drop)
}

/// The address as lettre takes it, if it comes out again exactly as it went in. An international
/// domain goes out in its ASCII form, which every server takes. A local part has no such form: the
/// address stays as it is, and needs a server that knows SMTPUTF8.
fn mailbox(address: &Address) -> Result<Mailbox, ComposeError> {
    let refused = || ComposeError::Address { address: address.addr_spec.clone() };
    let (local, host) = address.addr_spec.rsplit_once('@').ok_or_else(refused)?;
    let ascii = domain::on_the_wire(host).ok_or_else(refused)?;
    let spec = format!("{local}@{}", if local.is_ascii() { &ascii } else { host });
    if spec.len() + "<>".len() > PATH_MAX_BYTES || spec.chars().any(|c| c.is_control() || c == ' ')
    {
        return Err(refused());
    }
    let parsed: lettre::Address = spec.parse().map_err(|_| refused())?;
    if parsed.to_string() != spec {
        return Err(refused());
    }
    let name = address.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, parsed))
}

/// `text` on one line: control characters and line separators become spaces, runs of them one.
fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let words = text.split(breaks).filter(|part| !part.is_empty());
    words.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The body with CRLF line ends, the last line ended, and nothing in it that is not text.
fn text(body: &str) -> Result<String, ComposeError> {
    let body = body.replace("\r\n", "\n");
    if let Some(control) = body.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(ComposeError::Control(control));
    }
    let body = body.trim_end();
    if body.trim_start().is_empty() {
        return Err(ComposeError::Empty);
    }
    // lettre would do this too, one insertion into the whole text for each line.
    Ok(format!("{}\r\n", body.replace('\n', "\r\n")))
}

/// lettre ends a message with one CRLF or two. SMTP adds none to a message that ends in one
/// (RFC 5321 §4.1.1.4), so with exactly one the same bytes arrive that were approved.
fn one_crlf_at_the_end(mut raw: Vec<u8>) -> Vec<u8> {
    while raw.ends_with(b"\r\n") {
        raw.truncate(raw.len() - b"\r\n".len());
    }
    raw.extend_from_slice(b"\r\n");
    raw
}

/// Whether `raw` can go over SMTP as it is: CRLF line ends only, no NUL, no overlong line, one
/// CRLF at the end.
pub(crate) fn check_wire_form(raw: &[u8]) -> Result<(), &'static str> {
    let Some(lines) = raw.strip_suffix(b"\r\n") else {
        return Err("no line end at its end");
    };
    if lines.ends_with(b"\r\n") {
        return Err("an empty line at its end");
    }
    let mut rest = lines;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        if line.len() > LINE_MAX_BYTES {
            return Err("a line is longer than 998 bytes");
        }
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err("a bare CR, LF or NUL");
        }
        rest = after.strip_prefix(b"\r\n").unwrap_or(after);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
