//! Parts of a message as IMAP numbers and describes them (RFC 3501 §6.4.5, §7.4.2).

use std::fmt::Write as _;

use mail_parser::{Address, Attribute, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::super::wire::encoded_word;
use super::command::{Section, What};

/// Deepest nesting that is described; what is deeper appears as one opaque part.
const DEPTH_MAX: usize = 50;

/// What stands for a part that cannot be described.
const OPAQUE: &str = "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"BINARY\" 0)";

/// Reads a message as mail-parser sees it.
pub(super) fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    MessageParser::default().parse(bytes)
}

/// A part and the message whose bytes its offsets count in.
#[derive(Clone, Copy)]
struct Part<'a> {
    message: &'a Message<'a>,
    part: &'a MessagePart<'a>,
}

impl<'a> Part<'a> {
    fn root(message: &'a Message<'a>) -> Option<Self> {
        Some(Self { message, part: message.parts.first()? })
    }

    fn bytes(self, from: u32, to: u32) -> &'a [u8] {
        let (from, to) = (usize::try_from(from).ok(), usize::try_from(to).ok());
        let range = from.zip(to).and_then(|(from, to)| self.message.raw_message.get(from..to));
        range.unwrap_or_default()
    }

    /// The header with the empty line that ends it.
    fn header(self) -> &'a [u8] {
        self.bytes(self.part.offset_header, self.part.offset_body)
    }

    fn body(self) -> &'a [u8] {
        self.bytes(self.part.offset_body, self.part.offset_end)
    }

    /// The message that this part holds.
    fn enclosed(self) -> Option<Self> {
        match &self.part.body {
            PartType::Message(message) => Self::root(message),
            _ => None,
        }
    }

    fn children(self) -> Option<impl Iterator<Item = Self>> {
        match &self.part.body {
            PartType::Multipart(ids) => Some(ids.iter().filter_map(move |id| {
                Some(Self { message: self.message, part: self.message.part(*id)? })
            })),
            _ => None,
        }
    }

    /// Part `number` of the message whose root this is. A message of one part calls it part 1.
    fn numbered(self, number: usize) -> Option<Self> {
        match self.children() {
            Some(mut children) => children.nth(number.checked_sub(1)?),
            None => (number == 1).then_some(self),
        }
    }
}

/// The bytes of `section`; `None` if there is no such part.
pub(super) fn section(bytes: &[u8], section: &Section) -> Option<Vec<u8>> {
    let found = if section.path.is_empty() && section.what == What::All {
        bytes.to_vec()
    } else {
        part_bytes(&parse(bytes)?, &section.path, &section.what)?
    };
    Some(match section.partial {
        None => found,
        Some((first, most)) => found.into_iter().skip(first).take(most).collect(),
    })
}

fn part_bytes(message: &Message<'_>, path: &[usize], what: &What) -> Option<Vec<u8>> {
    let root = Part::root(message)?;
    let mut numbers = path.iter();
    let part = match numbers.next() {
        None => None,
        Some(number) => Some(numbers.try_fold(root.numbered(*number)?, |part, number| {
            // Below an attached message its own parts are counted, below a multipart its children.
            part.enclosed().unwrap_or(part).numbered(*number)
        })?),
    };
    let enclosed = part.map_or(Some(root), Part::enclosed);
    Some(match what {
        What::All => part?.body().to_vec(),
        What::Mime => part?.header().to_vec(),
        What::Header => enclosed?.header().to_vec(),
        What::Text => enclosed?.body().to_vec(),
        What::Fields { names, except } => fields(enclosed?.header(), names, *except),
    })
}

/// The fields of `header` that are named (or, with `except`, all others), and an empty line.
fn fields(header: &[u8], names: &[String], except: bool) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut keeping = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
            keeping =
                names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes())) != except;
        }
        if keeping {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(b"\r\n");
    kept
}

/// `BODYSTRUCTURE`, or `BODY` if not `extended`.
pub(super) fn structure(bytes: &[u8], extended: bool) -> String {
    let message = parse(bytes);
    let root = message.as_ref().and_then(Part::root);
    root.map_or_else(|| OPAQUE.to_owned(), |root| describe(root, extended, DEPTH_MAX))
}

fn describe(part: Part<'_>, extended: bool, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else { return OPAQUE.to_owned() };
    let content_type = part.part.content_type();
    let kind = content_type.map_or("TEXT", |found| found.ctype());
    let subtype = content_type.map_or("PLAIN", |found| found.subtype().unwrap_or("OCTET-STREAM"));
    let attributes = content_type.and_then(|found| found.attributes.as_deref());
    let disposition = || {
        part.part.content_disposition().map_or_else(
            || "NIL".to_owned(),
            |found| {
                let attributes = parameters(found.attributes.as_deref());
                format!("({} {attributes})", quoted(found.ctype()))
            },
        )
    };

    if let Some(children) = part.children() {
        let mut all: String = children.map(|child| describe(child, extended, depth)).collect();
        if all.is_empty() {
            OPAQUE.clone_into(&mut all);
        }
        let extension = if extended {
            format!(" {} {} NIL NIL", parameters(attributes), disposition())
        } else {
            String::new()
        };
        return format!("({all} {}{extension})", quoted(subtype));
    }

    let charset = || "(\"CHARSET\" \"US-ASCII\")".to_owned();
    let mut described = format!(
        "({} {} {} {} {} {} {}",
        quoted(kind),
        quoted(subtype),
        if content_type.is_none() { charset() } else { parameters(attributes) },
        optional(part.part.content_id().map(|id| format!("<{id}>")).as_deref()),
        optional(part.part.content_description()),
        quoted(part.part.content_transfer_encoding().unwrap_or("7BIT")),
        part.body().len(),
    );
    let lines = part.body().split(|byte| *byte == b'\n').skip(1).count();
    if let Some(root) = part.enclosed() {
        let inner = describe(root, extended, depth);
        let _ = write!(described, " {} {inner} {lines}", envelope(root.message));
    } else if kind.eq_ignore_ascii_case("text") {
        let _ = write!(described, " {lines}");
    }
    if extended {
        let _ = write!(described, " NIL {} NIL NIL", disposition());
    }
    described.push(')');
    described
}

fn parameters(attributes: Option<&[Attribute<'_>]>) -> String {
    let Some(attributes) = attributes.filter(|found| !found.is_empty()) else {
        return "NIL".to_owned();
    };
    let pairs: Vec<String> = attributes
        .iter()
        .map(|attribute| format!("{} {}", quoted(&attribute.name), quoted(&attribute.value)))
        .collect();
    format!("({})", pairs.join(" "))
}

/// `ENVELOPE`.
pub(super) fn envelope(message: &Message<'_>) -> String {
    let raw = |name: &'static str| {
        let value = message.header_raw(name).map(|value| value.replace(['\r', '\n'], ""));
        value.map(|value| value.trim().to_owned()).filter(|value| value.is_ascii())
    };
    let subject = raw("Subject").or_else(|| message.subject().map(encoded_word));
    let from = addresses(message.from());
    let or_from = |found: String| if found == "NIL" { from.clone() } else { found };
    format!(
        "({} {} {from} {} {} {} {} {} {} {})",
        optional(raw("Date").as_deref()),
        optional(subject.as_deref()),
        or_from(addresses(message.sender())),
        or_from(addresses(message.reply_to())),
        addresses(message.to()),
        addresses(message.cc()),
        addresses(message.bcc()),
        optional(raw("In-Reply-To").as_deref()),
        optional(raw("Message-ID").as_deref()),
    )
}

fn addresses(addresses: Option<&Address<'_>>) -> String {
    let mut described = String::new();
    for address in addresses.into_iter().flat_map(Address::iter) {
        let spec = address.address().unwrap_or_default();
        let (local, domain) = spec.rsplit_once('@').unwrap_or((spec, ""));
        let (local, domain) = (quoted(local), quoted(domain));
        let _ = write!(described, "({} NIL {local} {domain})", optional(address.name()));
    }
    if described.is_empty() { "NIL".to_owned() } else { format!("({described})") }
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "NIL".to_owned(), quoted)
}

/// `text` as a quoted string, encoded where it is not ASCII.
pub(super) fn quoted(text: &str) -> String {
    let text: String = text.chars().filter(|char| !char.is_control()).collect();
    format!("\"{}\"", encoded_word(&text).replace('\\', "\\\\").replace('"', "\\\""))
}
