//! Which parts of a large message are worth fetching, and how they are put together again. Pure.
//!
//! A mail with a résumé of 5 MB attached says what it says in 3 kB of text. So of a large message
//! only the header, the MIME headers and the text parts are asked for, and from these a complete
//! RFC 5322 message is made for the reader: same structure, attachments empty.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use async_imap::imap_proto::{BodyContentCommon, BodyStructure};

/// Most bytes of a message's own header that are asked for.
const HEADER_MAX: u32 = 64 << 10;

/// Most bytes of one part's MIME header that are asked for.
const MIME_MAX: u32 = 8 << 10;

/// Most bytes of one text part that are asked for: 20,000 Japanese characters in base64 and UTF-8.
const TEXT_MAX: u32 = 80 << 10;

/// Most bytes of all text parts of one message together.
const TEXTS_MAX: u32 = 320 << 10;

/// Most parts that are looked at.
const PARTS_MAX: usize = 40;

/// How deep messages may be attached to messages.
const ATTACHED_MAX: usize = 3;

/// A part of a message, as `BODYSTRUCTURE` (RFC 9051 §7.5.2) describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// `text/*` to be read.
    Text {
        /// Its size as transferred, in bytes.
        bytes: u32,
    },
    /// `message/rfc822`.
    Message(Box<Part>),
    /// `multipart/*`.
    Multipart {
        /// The line between its parts, where the server told a usable one.
        boundary: Option<String>,
        /// Its parts, in order.
        parts: Vec<Part>,
    },
    /// Everything else: attachments, pictures, text files attached.
    Other,
}

/// A place in a message that can be asked for (RFC 9051 §6.4.5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// The whole message.
    Whole,
    /// The header of the message attached at this path; of the message itself if the path is empty.
    Header(Vec<u32>),
    /// The MIME header of the part at this path.
    Mime(Vec<u32>),
    /// The content of the part at this path.
    Body(Vec<u32>),
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dotted = |path: &[u32]| path.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        match self {
            Self::Whole => Ok(()),
            Self::Header(path) if path.is_empty() => f.write_str("HEADER"),
            Self::Header(path) => write!(f, "{}.HEADER", dotted(path)),
            Self::Mime(path) => write!(f, "{}.MIME", dotted(path)),
            Self::Body(path) => f.write_str(&dotted(path)),
        }
    }
}

impl Part {
    /// Reduces what the server told.
    pub(super) fn of(structure: &BodyStructure<'_>) -> Self {
        let attached = |common: &BodyContentCommon<'_>| {
            common
                .disposition
                .as_ref()
                .is_some_and(|disposition| disposition.ty.eq_ignore_ascii_case("attachment"))
        };
        match structure {
            BodyStructure::Text { common, other, .. } if !attached(common) => {
                Self::Text { bytes: other.octets }
            }
            BodyStructure::Message { body, .. } => Self::Message(Box::new(Self::of(body))),
            BodyStructure::Multipart { common, bodies, .. } => Self::Multipart {
                boundary: boundary(common),
                parts: bodies.iter().map(Self::of).collect(),
            },
            BodyStructure::Text { .. } | BodyStructure::Basic { .. } => Self::Other,
        }
    }
}

/// The `boundary` parameter, if it can be written back as it is (RFC 2046 §5.1.1).
fn boundary(common: &BodyContentCommon<'_>) -> Option<String> {
    let parameters = common.ty.params.as_ref()?;
    let (_name, value) =
        parameters.iter().find(|(name, _value)| name.eq_ignore_ascii_case("boundary"))?;
    let usable = (1..=200).contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\');
    usable.then(|| value.clone().into_owned())
}

/// What to ask for: each section with the most bytes of it that are wanted.
pub(super) type Wanted = BTreeMap<Section, u32>;

/// Chooses what to fetch of a message with this structure.
pub(super) fn choose(structure: &Part) -> Wanted {
    let mut choice = Choice { wanted: Wanted::new(), texts_left: TEXTS_MAX, parts_left: PARTS_MAX };
    choice.wanted.insert(Section::Header(Vec::new()), HEADER_MAX);
    choice.content(structure, &[], 0);
    choice.wanted
}

/// The path of the `index`-th part below `path`, counted from 0.
fn below(path: &[u32], index: usize) -> Vec<u32> {
    let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
    path.iter().copied().chain([number]).collect()
}

struct Choice {
    wanted: Wanted,
    texts_left: u32,
    parts_left: usize,
}

impl Choice {
    /// The content of a message whose parts are numbered below `path`.
    fn content(&mut self, part: &Part, path: &[u32], attached: usize) {
        if let Part::Multipart { parts, .. } = part {
            self.parts(parts, path, attached);
        } else {
            self.part(part, &below(path, 0), attached);
        }
    }

    fn parts(&mut self, parts: &[Part], path: &[u32], attached: usize) {
        for (index, part) in parts.iter().enumerate() {
            if self.parts_left == 0 {
                return;
            }
            self.parts_left -= 1;
            let path = below(path, index);
            self.wanted.insert(Section::Mime(path.clone()), MIME_MAX);
            self.part(part, &path, attached);
        }
    }

    fn part(&mut self, part: &Part, path: &[u32], attached: usize) {
        match part {
            Part::Text { bytes } => {
                // Some servers tell a size of 0; asking for too much costs nothing.
                let bytes = if *bytes == 0 { TEXT_MAX } else { (*bytes).min(TEXT_MAX) };
                let bytes = bytes.min(self.texts_left);
                if bytes > 0 {
                    self.texts_left -= bytes;
                    self.wanted.insert(Section::Body(path.to_vec()), bytes);
                }
            }
            Part::Message(inner) if attached < ATTACHED_MAX => {
                self.wanted.insert(Section::Header(path.to_vec()), HEADER_MAX);
                self.content(inner, path, attached + 1);
            }
            Part::Multipart { parts, .. } => self.parts(parts, path, attached),
            Part::Message(_) | Part::Other => {}
        }
    }
}

/// Puts a message together from what was fetched. `None` if that cannot be done: no header came,
/// or the line between its parts is not known.
pub(super) fn assemble(structure: &Part, fetched: &BTreeMap<Section, Vec<u8>>) -> Option<Vec<u8>> {
    let mut message = Assembly { fetched, bytes: Vec::new() };
    message.header(&Section::Header(Vec::new()))?;
    message.content(structure, &[])?;
    Some(message.bytes)
}

struct Assembly<'a> {
    fetched: &'a BTreeMap<Section, Vec<u8>>,
    bytes: Vec<u8>,
}

impl Assembly<'_> {
    /// A header and the empty line behind it, whether or not it was cut off before that.
    fn header(&mut self, section: &Section) -> Option<()> {
        let header = self.fetched.get(section)?;
        self.bytes.extend_from_slice(header);
        if !header.ends_with(b"\r\n\r\n") && header != b"\r\n" {
            self.bytes.extend_from_slice(if header.ends_with(b"\r\n") || header.is_empty() {
                b"\r\n"
            } else {
                b"\r\n\r\n"
            });
        }
        Some(())
    }

    fn content(&mut self, part: &Part, path: &[u32]) -> Option<()> {
        if let Part::Multipart { boundary, parts } = part {
            self.parts(boundary.as_deref()?, parts, path)
        } else {
            self.part(part, &below(path, 0))
        }
    }

    fn parts(&mut self, boundary: &str, parts: &[Part], path: &[u32]) -> Option<()> {
        for (index, part) in parts.iter().enumerate() {
            let path = below(path, index);
            let mime = Section::Mime(path.clone());
            if self.fetched.contains_key(&mime) {
                self.line(&format!("--{boundary}"));
                self.header(&mime)?;
                self.part(part, &path)?;
                self.line("");
            }
        }
        self.line(&format!("--{boundary}--"));
        Some(())
    }

    fn part(&mut self, part: &Part, path: &[u32]) -> Option<()> {
        match part {
            Part::Text { .. } => {
                if let Some(text) = self.fetched.get(&Section::Body(path.to_vec())) {
                    self.bytes.extend_from_slice(text);
                }
                Some(())
            }
            Part::Message(inner) => {
                // Nested too deep, it was not asked for and stays empty.
                match self.header(&Section::Header(path.to_vec())) {
                    Some(()) => self.content(inner, path),
                    None => Some(()),
                }
            }
            Part::Multipart { boundary, parts } => self.parts(boundary.as_deref()?, parts, path),
            Part::Other => Some(()),
        }
    }

    fn line(&mut self, line: &str) {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
    }
}

/// Writes `wanted` as the items of a FETCH command, read-only and cut to size.
pub(super) fn items(wanted: &Wanted) -> String {
    let mut items = "(UID".to_owned();
    for (section, bytes) in wanted {
        // Writing to a string cannot fail.
        let _ = write!(items, " BODY.PEEK[{section}]<0.{bytes}>");
    }
    items.push(')');
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Part {
        Part::Text { bytes: 10 }
    }

    fn multipart(boundary: &str, parts: Vec<Part>) -> Part {
        Part::Multipart { boundary: Some(boundary.to_owned()), parts }
    }

    fn fetched(sections: &[(Section, &str)]) -> BTreeMap<Section, Vec<u8>> {
        sections.iter().map(|(section, data)| (section.clone(), data.as_bytes().to_vec())).collect()
    }

    #[test]
    fn text_is_asked_for_and_attachments_are_not() {
        let structure = multipart("m", vec![multipart("a", vec![text(), text()]), Part::Other]);
        assert_eq!(
            items(&choose(&structure)),
            "(UID BODY.PEEK[HEADER]<0.65536> BODY.PEEK[1.MIME]<0.8192> BODY.PEEK[1.1.MIME]<0.8192> \
             BODY.PEEK[1.2.MIME]<0.8192> BODY.PEEK[2.MIME]<0.8192> BODY.PEEK[1.1]<0.10> BODY.PEEK[1.2]<0.10>)"
        );
    }

    #[test]
    fn a_message_of_one_part_is_part_one() {
        assert_eq!(items(&choose(&text())), "(UID BODY.PEEK[HEADER]<0.65536> BODY.PEEK[1]<0.10>)");
        let sections = fetched(&[
            (Section::Header(vec![]), "Subject: x\r\n\r\n"),
            (Section::Body(vec![1]), "body"),
        ]);
        assert_eq!(assemble(&text(), &sections).unwrap(), b"Subject: x\r\n\r\nbody");
    }

    #[test]
    fn an_attached_mail_keeps_its_place() {
        let structure = multipart("m", vec![text(), Part::Message(Box::new(text()))]);
        let wanted = items(&choose(&structure));
        assert!(wanted.contains("BODY.PEEK[2.HEADER]<0.65536>"), "{wanted}");
        assert!(wanted.contains("BODY.PEEK[2.1]<0.10>"), "{wanted}");
        let sections = fetched(&[
            (Section::Header(vec![]), "A: b\r\n\r\n"),
            (Section::Mime(vec![1]), "Content-Type: text/plain\r\n\r\n"),
            (Section::Body(vec![1]), "mine"),
            (Section::Mime(vec![2]), "Content-Type: message/rfc822\r\n\r\n"),
            (Section::Header(vec![2]), "Subject: theirs\r\n\r\n"),
            (Section::Body(vec![2, 1]), "theirs"),
        ]);
        assert_eq!(
            String::from_utf8(assemble(&structure, &sections).unwrap()).unwrap(),
            "A: b\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nmine\r\n--m\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: theirs\r\n\r\ntheirs\r\n--m--\r\n"
        );
    }

    #[test]
    fn a_header_cut_off_in_the_middle_is_closed() {
        let sections = fetched(&[(Section::Header(vec![]), "Subject: x")]);
        assert_eq!(assemble(&Part::Other, &sections).unwrap(), b"Subject: x\r\n\r\n");
    }

    #[test]
    fn without_a_boundary_nothing_is_put_together() {
        let structure = Part::Multipart { boundary: None, parts: vec![text()] };
        let sections = fetched(&[(Section::Header(vec![]), "A: b\r\n\r\n")]);
        assert_eq!(assemble(&structure, &sections), None);
    }

    #[test]
    fn a_thousand_parts_are_not_all_asked_for() {
        let wanted = choose(&multipart("m", vec![Part::Text { bytes: u32::MAX }; 1000]));
        assert!(wanted.len() <= 1 + 2 * PARTS_MAX, "{}", wanted.len());
        let bytes: u32 = wanted
            .iter()
            .filter(|(section, _bytes)| matches!(section, Section::Body(_)))
            .map(|(_section, bytes)| bytes)
            .sum();
        assert!(bytes <= TEXTS_MAX, "{bytes}");
    }
}
