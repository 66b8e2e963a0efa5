//! A received mail as goen uses it: who, when, what it answers, and what its author newly wrote.
//!
//! [`Mail::read`] takes wire bytes and gives this. It never panics and does no I/O; whatever
//! in a message cannot be read is left out and marked, never guessed silently.

mod address;
mod blocks;
mod charset;
pub(crate) mod domain;
mod field;
mod html;
mod marks;
mod params;
mod plain;
mod read;
mod scrub;
mod structure;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lang::{Explain, Explanation, Lang};
use crate::say;

/// Why bytes are not a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("the message is empty")]
    Empty,
    /// Not one header field that a mail has.
    #[error("the message has no header")]
    NoHeader,
}

impl Explain for Unreadable {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Empty => Explanation::new(say!(
                lang,
                "このメールは空で、読み取れるものがありません",
                "this email is empty: there is nothing to read"
            )),
            Self::NoHeader => Explanation::new(say!(
                lang,
                "メールとして読み取れません（差出人や件名などのヘッダーがありません）",
                "this cannot be read as an email: it has no header (sender, subject, …)"
            ))
            .hint(say!(
                lang,
                "メールソフトで「ソースを保存」した .eml ファイルを指定してください",
                "give a file that a mail program saved as source (.eml)"
            )),
        }
    }
}

/// A `Message-ID`'s content without its angle brackets, checked to be safe in a header of ours:
/// printable ASCII, no spaces, no angle brackets, at most 900 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// Longest identifier we copy into a header: RFC 5322 §2.1.1 allows 998 bytes a line.
const MESSAGE_ID_MAX_BYTES: usize = 900;

impl MessageId {
    /// Takes `id`, with or without angle brackets, if it can stand in a header as it is.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        let id = id.trim();
        let id = id.strip_prefix('<').unwrap_or(id);
        let id = id.strip_suffix('>').unwrap_or(id);
        let fits = (1..=MESSAGE_ID_MAX_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>');
        fits.then(|| Self(id.to_owned()))
    }

    /// The identifier without angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as a header carries it: `<id>`.
    #[must_use]
    pub fn bracketed(&self) -> String {
        format!("<{}>", self.0)
    }
}

impl TryFrom<String> for MessageId {
    type Error = &'static str;
    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::new(&id).ok_or("not a message identifier")
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

/// One address with its display name, as a header gave it (RFC 5322 §3.4 `mailbox`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Decoded display name, free of control characters.
    pub name: Option<String>,
    /// `local-part@domain` (`addr-spec`), exactly as written, quotes included.
    pub addr_spec: String,
}

impl Address {
    /// The part behind the last `@`, in lower case.
    #[must_use]
    pub fn domain(&self) -> String {
        self.addr_spec.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase()
    }
}

/// What the headers say about how a mail was made and sent (RFC 3834, 2919, 8058).
///
/// A bag of independent observations: each is read by a rule of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one header's presence")]
pub struct Marks {
    /// `Auto-Submitted` other than `no`.
    pub auto_submitted: bool,
    /// `Precedence: bulk | list | junk`.
    pub bulk: bool,
    /// `List-Id` or `List-Post`.
    pub list: bool,
    /// `List-Unsubscribe`.
    pub list_unsubscribe: bool,
    /// `Return-Path: <>`: a bounce or another automatic notice.
    pub null_return_path: bool,
    /// `X-Auto-Response-Suppress`.
    pub suppress_auto_response: bool,
    /// A delivery status notification (`multipart/report`).
    pub report: bool,
    /// The receiving server's verdict on DMARC, lower case (`pass`, `fail`, …); nobody else's counts.
    pub dmarc: Option<String>,
    /// There is a `Reply-To`, but no address could be read from it.
    #[serde(default)]
    pub unreadable_reply_to: bool,
    /// `X-Mailer` or `User-Agent`.
    pub mailer: Option<String>,
}

/// Whose words a block of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The author's own, new in this mail.
    New,
    /// Quoted from an earlier mail.
    Quoted,
    /// Passed on from another mail (forward banners, Outlook separators).
    Forwarded,
    /// The author's signature: name, company, address, legal lines.
    Signature,
}

/// A run of lines of one role, in the order of the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Whose words these are.
    pub role: Role,
    /// Readable text, lines ended by `\n`, without quotation marks (`>`) at their start.
    pub text: String,
}

/// A part that is not text to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Decoded file name, free of control characters.
    pub name: Option<String>,
    /// `type/subtype` in lower case.
    pub content_type: String,
}

/// A received mail as goen uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// `Message-ID`, if it has a usable one.
    pub message_id: Option<MessageId>,
    /// `In-Reply-To`.
    pub in_reply_to: Vec<MessageId>,
    /// `References`, oldest first.
    pub references: Vec<MessageId>,
    /// `Date`, if it can be read.
    pub date: Option<Timestamp>,
    /// `Subject`, decoded, on one line.
    pub subject: String,
    /// `From`: the authors.
    pub from: Vec<Address>,
    /// `Sender`, if it differs from the author.
    pub sender: Option<Address>,
    /// `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// What the headers say about how it was sent.
    pub marks: Marks,
    /// The text the mail program would show: the HTML alternative where the plain one is a stub, else the plain one.
    pub body: Vec<Block>,
    /// The other alternative, where both exist and both say something.
    pub alternative: Vec<Block>,
    /// Mails attached to this one (`message/rfc822`), outermost first; nesting is bounded.
    pub attached: Vec<Mail>,
    /// Parts that are not text.
    pub attachments: Vec<Attachment>,
    /// The language most of the new text is in.
    pub lang: Lang,
    /// Some text was decoded by guessing its charset, because its label was missing or did not fit.
    pub charset_guessed: bool,
    /// Something was left out: a limit on depth, parts or size was reached.
    pub truncated: bool,
}

impl Mail {
    /// Reads a message (RFC 5322, MIME) as it came over the wire or lies in a file.
    ///
    /// Never panics, takes time linear in the size, and keeps to limits on size, depth and number of parts
    /// ([`Mail::truncated`] tells when one was met). A leading mbox `From ` line is passed over.
    ///
    /// # Errors
    /// [`Unreadable`] if there is no header; anything else gives a mail, if need be an empty one.
    pub fn read(message: &[u8]) -> Result<Self, Unreadable> {
        read::message(message)
    }

    /// The author's own new words, blocks joined by an empty line.
    #[must_use]
    pub fn new_text(&self) -> String {
        join(&self.body, Role::New)
    }

    /// The author: the first address of `From`.
    #[must_use]
    pub fn author(&self) -> Option<&Address> {
        self.from.first()
    }
}

/// The text of all blocks of one role, joined by an empty line.
#[must_use]
pub fn join(blocks: &[Block], role: Role) -> String {
    let texts: Vec<&str> = blocks
        .iter()
        .filter(|block| block.role == role)
        .map(|block| block.text.trim_end())
        .collect();
    texts.join("\n\n")
}
