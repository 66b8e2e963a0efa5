//! The fence around `mail-parser`: it finds headers and parts; all decoding is ours.
//!
//! It loses charsets it does not know, and says nothing (0.11.9). Told to look at `Content-Type` and
//! `Content-Disposition` only, it neither decodes transfer encodings nor headers, and is three times as fast.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::{
    ContentType, Header, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

use super::{field, params::Params};

/// How much of a message is read, in bytes. Providers accept 25 MB, but text stands before attachments, and raw
/// bytes can grow threefold when the parser takes them for text. What the daemon fetches is
/// far smaller.
const MESSAGE_MAX_BYTES: usize = 16 * 1024 * 1024;

/// How many short lines of a message are read. Each can be a header field, a part or a mail in a mail, for
/// which the parser takes 150 to 1,300 bytes: this keeps hostile messages to some 64 MiB. As text it is
/// more than [`TEXT_MAX_BYTES`](super::read); lines of attachments are longer.
const SHORT_LINES_MAX: usize = 50_000;

/// What counts as short, in bytes: base64 comes in lines of 60 at least.
const SHORT_LINE_BYTES: usize = 60;

/// How often `multipart` may stand in a large message. Each one whose boundary never comes makes the
/// parser look through all the rest: without a limit that is quadratic.
const MULTIPARTS_MAX: usize = 64;

/// Below this size the limits above cannot be felt.
const SMALL_BYTES: usize = 32 * 1024;

/// How many fields of one header are looked at.
const FIELDS_MAX: usize = 512;

/// How many attached mails in base64 or quoted-printable are dug out of one message.
const ENCODED_MAILS_MAX: usize = 4;

static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_content_type(HeaderName::ContentDisposition)
        .default_header_ignore()
});

/// The message up to the limits above, and whether that is less than all of it.
pub(super) fn bounded(message: &[u8]) -> (&[u8], bool) {
    const WORD: &[u8] = b"multipart";
    if message.len() <= SMALL_BYTES {
        return (message, false);
    }
    let bytes = message.get(..MESSAGE_MAX_BYTES).unwrap_or(message);
    let mut cut = bytes.len();
    let mut read = 0;
    let mut short = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        short += usize::from(line.len() < SHORT_LINE_BYTES);
        if short > SHORT_LINES_MAX {
            cut = read;
            break;
        }
        read += line.len();
    }
    let bytes = bytes.get(..cut).unwrap_or(bytes);
    let mut words = bytes
        .windows(WORD.len())
        .enumerate()
        .filter(|(_, here)| matches!(here, [b'm' | b'M', ..]) && here.eq_ignore_ascii_case(WORD));
    if let Some((at, _)) = words.nth(MULTIPARTS_MAX) {
        cut = at;
    }
    (bytes.get(..cut).unwrap_or(bytes), cut < message.len())
}

/// Finds the parts of `message` and shows them to `read`; `None` if it has no header at all.
///
/// An attached mail in base64 (forbidden by RFC 2046 §5.2.1, done by Exchange) would be taken for a header
/// without end. Its `Content-Type` is renamed in a copy, so that it is an ordinary part; [`Part::kind`]
/// finds it again.
pub(super) fn parsed<R>(message: &[u8], read: impl FnOnce(&Message<'_>) -> R) -> Option<R> {
    let parts = PARSER.parse(message)?;
    let Some(mut misread) = misread_mail(&parts) else {
        let result = read(&parts);
        dismantle(parts);
        return Some(result);
    };
    dismantle(parts);
    let mut copy = message.to_vec();
    for _ in 0..ENCODED_MAILS_MAX {
        if let Some(byte) = copy.get_mut(misread) {
            *byte = RENAMED_INITIAL;
        }
        let parts = PARSER.parse(&copy)?;
        let next = misread_mail(&parts);
        dismantle(parts);
        match next {
            Some(next) => misread = next,
            None => break,
        }
    }
    let parts = PARSER.parse(&copy)?;
    let result = read(&parts);
    dismantle(parts);
    Some(result)
}

/// Takes the place of the `C` of `Content-Type`.
const RENAMED_INITIAL: u8 = b'X';
const RENAMED_CONTENT_TYPE: &str = "Xontent-Type";

/// Where the `Content-Type` of an attached mail stands that is not in plain text, if there is one.
fn misread_mail(message: &Message<'_>) -> Option<usize> {
    let raw = message.raw_message.as_ref();
    let mut messages = vec![message];
    while let Some(message) = messages.pop() {
        for part in &message.parts {
            let PartType::Message(inner) = &part.body else { continue };
            if Part::new(raw, part).encoding() != Encoding::None {
                let header =
                    part.headers.iter().find(|header| header.name == HeaderName::ContentType);
                if let Some(header) = header {
                    return usize::try_from(header.offset_field).ok();
                }
            }
            messages.push(inner);
        }
    }
    None
}

/// Drops the parts one by one: the nested drop of 100,000 mails in each other would overflow the stack.
fn dismantle(message: Message<'_>) {
    let mut messages = vec![message];
    while let Some(message) = messages.pop() {
        messages.extend(message.parts.into_iter().filter_map(|part| match part.body {
            PartType::Message(inner) => Some(inner),
            _ => None,
        }));
    }
}

/// The raw header fields of a mail or part.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    raw: &'a [u8],
    headers: &'a [Header<'a>],
}

impl<'a> Fields<'a> {
    pub(super) fn new(raw: &'a [u8], part: &'a MessagePart<'a>) -> Self {
        let headers = part.headers.get(..FIELDS_MAX).unwrap_or(&part.headers);
        Self { raw, headers }
    }

    /// Names and raw values of all fields, topmost first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let Self { raw, headers } = *self;
        headers.iter().filter_map(move |header| {
            Some((header.name.as_str(), slice(raw, header.offset_start, header.offset_end)?))
        })
    }

    /// The raw value of the first (topmost) field called `name`.
    pub(super) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.headers
            .iter()
            .find(|header| header.name.as_str().eq_ignore_ascii_case(name))
            .and_then(|header| slice(self.raw, header.offset_start, header.offset_end))
    }

    /// Whether there is a field called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// Whether one of the fields is known to any mail program.
    pub(super) fn any_known(&self) -> bool {
        self.headers.iter().any(|header| !matches!(header.name, HeaderName::Other(_)))
    }
}

fn slice(bytes: &[u8], start: u32, end: u32) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    None,
    Base64,
    QuotedPrintable,
}

/// What a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Html,
    /// Another mail, as it is.
    Mail,
    /// Another mail in base64 or quoted-printable.
    EncodedMail,
    Other,
}

/// One part of a message.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    raw: &'a [u8],
    part: &'a MessagePart<'a>,
}

impl<'a> Part<'a> {
    pub(super) fn new(raw: &'a [u8], part: &'a MessagePart<'a>) -> Self {
        Self { raw, part }
    }

    fn fields(&self) -> Fields<'a> {
        Fields::new(self.raw, self.part)
    }

    pub(super) fn kind(&self) -> Kind {
        match &self.part.body {
            PartType::Message(_) => Kind::Mail,
            PartType::Text(_) | PartType::Html(_) if self.is_renamed_mail() => Kind::EncodedMail,
            PartType::Html(_) => Kind::Html,
            // A part cut off before its boundary is text, whatever it says.
            PartType::Text(_) if self.is_type("text", "html") => Kind::Html,
            PartType::Text(_) => Kind::Plain,
            PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Multipart(_) => Kind::Other,
        }
    }

    fn is_type(&self, kind: &str, subtype: &str) -> bool {
        self.part.is_content_type(kind, subtype)
    }

    /// Whether the part is text to show that `mail-parser` lists as an attachment because the boundary
    /// behind it is missing: the message was cut off.
    pub(super) fn is_cut_text(&self) -> bool {
        let text = self.part.content_type().is_none()
            || self.is_type("text", "plain")
            || self.is_type("text", "html");
        let attached = self.part.content_disposition().is_some_and(ContentType::is_attachment);
        self.part.is_encoding_problem
            && text
            && !attached
            && matches!(self.part.body, PartType::Text(_) | PartType::Html(_))
    }

    fn is_renamed_mail(&self) -> bool {
        const TYPE: &[u8] = b"message/";
        self.fields().first(RENAMED_CONTENT_TYPE).is_some_and(|raw| {
            raw.trim_ascii_start().get(..TYPE.len()).is_some_and(|t| t.eq_ignore_ascii_case(TYPE))
        })
    }

    /// The mail in this part, if it is one as it is.
    pub(super) fn mail(&self) -> Option<&'a Message<'a>> {
        match &self.part.body {
            PartType::Message(message) => Some(message),
            _ => None,
        }
    }

    fn encoding(&self) -> Encoding {
        let value = self.fields().first("Content-Transfer-Encoding").unwrap_or_default();
        let value = value.trim_ascii();
        let starts = |word: &[u8]| {
            value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if starts(b"base64") {
            Encoding::Base64
        } else if starts(b"quoted-printable") {
            Encoding::QuotedPrintable
        } else {
            Encoding::None
        }
    }

    /// The first `max_bytes` of the part with its transfer encoding undone, and whether there were more.
    pub(super) fn contents(&self, max_bytes: usize) -> (Cow<'a, [u8]>, bool) {
        let all = slice(self.raw, self.part.offset_body, self.part.offset_end).unwrap_or_default();
        // An encoded byte takes at most three, and line ends.
        let encoding = self.encoding();
        let limit =
            if encoding == Encoding::None { max_bytes } else { max_bytes.saturating_mul(3) };
        let bytes = all.get(..limit).unwrap_or(all);
        let mut decoded = match encoding {
            Encoding::None => Cow::Borrowed(bytes),
            Encoding::Base64 => Cow::Owned(field::base64(bytes)),
            Encoding::QuotedPrintable => Cow::Owned(quoted_printable(bytes)),
        };
        let cut = bytes.len() < all.len() || decoded.len() > max_bytes;
        if decoded.len() > max_bytes {
            decoded.to_mut().truncate(max_bytes);
        }
        (decoded, cut)
    }

    /// `type/subtype` in lower case.
    pub(super) fn content_type(&self) -> String {
        match self.part.content_type() {
            Some(found) => {
                let subtype = found.c_subtype.as_deref().unwrap_or_default();
                format!("{}/{subtype}", found.c_type).to_ascii_lowercase()
            }
            None if matches!(self.kind(), Kind::Mail | Kind::EncodedMail) => {
                "message/rfc822".to_owned()
            }
            None => "text/plain".to_owned(),
        }
    }

    /// The parameters of `Content-Type`.
    pub(super) fn type_params(&self, hint: Option<&str>) -> Params {
        self.fields().first("Content-Type").map(|raw| Params::read(raw, hint)).unwrap_or_default()
    }

    /// The file name that the sender gave.
    pub(super) fn file_name(&self, hint: Option<&str>) -> Option<String> {
        let disposition = self.fields().first("Content-Disposition");
        disposition
            .and_then(|raw| Params::read(raw, hint).text("filename"))
            .or_else(|| self.type_params(hint).text("name"))
    }
}

/// Undoes quoted-printable (RFC 2045 §6.7); what is not encoded properly stays as it is.
fn quoted_printable(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'=' {
            let run = tail.iter().position(|byte| *byte == b'=').map_or(rest.len(), |at| at + 1);
            let (literal, tail) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            bytes.extend_from_slice(literal);
            rest = tail;
            continue;
        }
        if let [high, low, after @ ..] = tail
            && let Some(value) = field::hex(*high, *low)
        {
            bytes.push(value);
            rest = after;
            continue;
        }
        // White space between `=` and the line end was added on the way.
        let padding = tail.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        rest = match tail.get(padding..).unwrap_or_default() {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => after,
            [] => &[],
            _ => {
                bytes.push(b'=');
                tail
            }
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{bounded, quoted_printable};

    #[test]
    fn quoted_printable_is_undone_and_what_is_broken_stays() {
        for (encoded, expected) in [
            ("a=E3=81=82b", "a\u{3042}b"),
            ("a=\r\nb=\nc", "abc"),
            ("a= \t\r\nb", "ab"),
            ("1=2, x==y, =", "1=2, x==y, "),
            ("=e3=81=82", "\u{3042}"),
        ] {
            assert_eq!(quoted_printable(encoded.as_bytes()), expected.as_bytes(), "{encoded}");
        }
    }

    #[test]
    fn a_message_beyond_the_limits_is_cut() {
        assert!(!bounded(&b"a".repeat(100_000)).1);
        assert!(bounded(&b"\n".repeat(400_000)).1);
        assert!(!bounded(&("A".repeat(76) + "\r\n").repeat(200_000).into_bytes()).1);
        assert!(bounded(&b"Content-Type: MultiPart/x\n".repeat(2000)).1);
    }
}
