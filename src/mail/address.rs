//! Address lists (RFC 5322 §3.4), read so that no usable address is lost.
//!
//! `"foo..bar."@docomo.ne.jp` and `foo..bar.@docomo.ne.jp` are real addresses of Japanese carriers. An
//! address is kept exactly as written; who sends to it must decide whether it can.

use std::borrow::Cow;

use super::{Address, field, scrub};

/// How many addresses of one field are read. Nobody writes a result to more people by hand.
const ADDRESSES_MAX: usize = 256;

/// The addresses in a field's text (raw bytes already decoded, encoded words not). Members of groups
/// count, names of groups and empty groups don't. The second value is true if some were left out.
pub(super) fn addresses(text: &str) -> (Vec<Address>, bool) {
    let mut reader = Reader { groups: text.contains(';'), ..Reader::default() };
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if reader.addresses.len() >= ADDRESSES_MAX {
            return (reader.addresses, true);
        }
        match c {
            '"' if chars.as_str().contains('"') => reader.quoted(&mut chars),
            '(' if !reader.comment_unclosed => reader.comment(&mut chars),
            '<' => reader.angle(&mut chars),
            '=' if chars.as_str().starts_with('?') => reader.encoded_word(&mut chars),
            ',' | ';' => reader.finish(),
            ':' if reader.groups && reader.angle.is_none() => reader.clear(),
            '\\' => reader.push(chars.next().unwrap_or('\\')),
            c => reader.push(c),
        }
    }
    reader.finish();
    (reader.addresses, false)
}

/// What is known of the mailbox being read.
#[derive(Default)]
struct Reader {
    addresses: Vec<Address>,
    /// The words before `<`, quotes and comments taken off.
    phrase: String,
    /// The same, exactly as written but for comments: an address without `<>`.
    bare: String,
    comment: String,
    angle: Option<String>,
    /// The list may hold groups: a `:` ends a group's name.
    groups: bool,
    /// A `(` without its `)` was met: from there on it is a character like others.
    comment_unclosed: bool,
}

impl Reader {
    fn push(&mut self, c: char) {
        self.phrase.push(c);
        self.bare.push(c);
    }

    fn clear(&mut self) {
        self.phrase.clear();
        self.bare.clear();
        self.comment.clear();
        self.angle = None;
    }

    /// Reads to the closing quote; the caller has seen that there is one.
    fn quoted(&mut self, chars: &mut std::str::Chars<'_>) {
        self.bare.push('"');
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => {
                    if let Some(c) = chars.next() {
                        self.phrase.push(c);
                        self.bare.extend(['\\', c]);
                    }
                }
                c => self.push(c),
            }
        }
        self.bare.push('"');
    }

    /// Reads a comment, which may hold others.
    fn comment(&mut self, chars: &mut std::str::Chars<'_>) {
        let start = chars.clone();
        let mut depth = 1_usize;
        while let Some(c) = chars.next() {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                '\\' => {
                    self.comment.extend(chars.next());
                    continue;
                }
                _ => {}
            }
            self.comment.push(c);
        }
        *chars = start;
        self.comment.clear();
        self.comment_unclosed = true;
        self.push('(');
    }

    /// Reads `addr-spec>`, quotes inside respected.
    fn angle(&mut self, chars: &mut std::str::Chars<'_>) {
        let mut spec = String::new();
        let mut in_quotes = false;
        while let Some(c) = chars.next() {
            match c {
                '>' if !in_quotes => break,
                '"' if in_quotes || chars.as_str().contains('"') => {
                    in_quotes = !in_quotes;
                    spec.push(c);
                }
                '\\' if in_quotes => {
                    spec.push(c);
                    spec.extend(chars.next());
                }
                c => spec.push(c),
            }
        }
        // The last one wins: "<name> <address>" is written by hand-made mailers.
        if spec.contains('@') || self.angle.is_none() {
            self.angle = Some(spec);
        }
    }

    /// Takes an encoded word whole: its data may hold `,` although RFC 2047 §5 forbids it.
    fn encoded_word(&mut self, chars: &mut std::str::Chars<'_>) {
        let whole = chars
            .as_str()
            .match_indices('?')
            .nth(3)
            .filter(|(at, _)| {
                chars.as_str().get(at + 1..).is_some_and(|rest| rest.starts_with('='))
            })
            .map(|(at, _)| at + 2);
        self.push('=');
        let Some((word, rest)) = whole.and_then(|end| chars.as_str().split_at_checked(end)) else {
            return;
        };
        if !word.contains([' ', '<', '>', '"']) {
            self.phrase.push_str(word);
            self.bare.push_str(word);
            *chars = rest.chars();
        }
    }

    /// Ends a mailbox.
    fn finish(&mut self) {
        let (spec, name) = match &self.angle {
            Some(spec) => (addr_spec(spec), self.phrase.as_str()),
            None => match self.bare.trim().rsplit_once([' ', '\t']) {
                // "Name user@domain", the brackets forgotten; but not `"a b"@domain`.
                Some((name, spec))
                    if spec.contains('@') && !spec.ends_with('"') && !name.contains('"') =>
                {
                    (addr_spec(spec), name)
                }
                _ => (addr_spec(&self.bare), ""),
            },
        };
        if let Some(addr_spec) = spec {
            let name = if name.trim().is_empty() { self.comment.as_str() } else { name };
            let name = scrub::one_line(&field::encoded_words(name).text);
            let name = (!name.is_empty()).then_some(name);
            self.addresses.push(Address { name, addr_spec });
        }
        self.clear();
    }
}

/// `text` as `local-part@domain`, if it can be one; white space around and an obsolete route
/// (`@a,@b:user@c`) taken off.
fn addr_spec(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let text = match text.strip_prefix('@') {
        Some(route) => route.rsplit_once(':')?.1,
        None => text,
    };
    let text: Cow<'_, str> = if text.starts_with('"') {
        Cow::Borrowed(text)
    } else {
        // "user @ domain" (RFC 822 allowed it).
        Cow::Owned(text.split_whitespace().collect())
    };
    let (local, domain) = text.rsplit_once('@')?;
    let usable = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains(char::is_whitespace)
        && !text.contains(|c: char| c.is_control() || scrub::is_invisible(c));
    usable.then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        addresses(text)
            .0
            .into_iter()
            .map(|address| (address.name.unwrap_or_default(), address.addr_spec))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, spec)| ((*name).to_owned(), (*spec).to_owned())).collect()
    }

    #[test]
    fn carrier_addresses_are_kept_exactly_as_written() {
        assert_eq!(
            read(
                r#"foo..bar.@docomo.example, "foo..bar."@docomo.example, <.abc@ezweb.example>, 山田 <"a..b."@docomo.example>"#
            ),
            pairs(&[
                ("", "foo..bar.@docomo.example"),
                ("", r#""foo..bar."@docomo.example"#),
                ("", ".abc@ezweb.example"),
                ("山田", r#""a..b."@docomo.example"#),
            ]),
        );
    }

    #[test]
    fn groups_give_their_members_and_empty_groups_nobody() {
        assert_eq!(read("undisclosed-recipients:;"), []);
        assert_eq!(
            read("Team: A <a@example.com>, b@example.com; c@example.com"),
            pairs(&[("A", "a@example.com"), ("", "b@example.com"), ("", "c@example.com")]),
        );
    }

    #[test]
    fn comments_quotes_and_forgotten_brackets_are_understood() {
        assert_eq!(
            read(
                r#""Sato, Ken" <k@example.com>, m@example.com (Mori (HR)), Aoi x@example.com, "unclosed <u@example.com>"#
            ),
            pairs(&[
                ("Sato, Ken", "k@example.com"),
                ("Mori (HR)", "m@example.com"),
                ("Aoi", "x@example.com"),
                ("\"unclosed", "u@example.com"),
            ]),
        );
    }

    #[test]
    fn a_name_with_a_colon_is_not_a_group() {
        assert_eq!(read("採用: 山田 <y@example.jp>"), pairs(&[("採用: 山田", "y@example.jp")]));
    }

    #[test]
    fn an_encoded_word_with_a_comma_does_not_end_the_mailbox() {
        assert_eq!(
            read("=?UTF-8?Q?Sato,_Ken?= <k@example.com>"),
            pairs(&[("Sato, Ken", "k@example.com")])
        );
    }

    #[test]
    fn a_decoded_name_cannot_bring_an_address_or_a_line_of_its_own() {
        let word = "=?UTF-8?Q?Evil_=3Ce=40example.com=3E=0D=0ABcc:_x?= <real@example.com>";
        assert_eq!(read(word), pairs(&[("Evil <e@example.com> Bcc: x", "real@example.com")]));
    }

    #[test]
    fn an_open_comment_does_not_swallow_the_address() {
        assert_eq!(read("A (b <a@example.com>"), pairs(&[("A (b", "a@example.com")]));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in ["", "<>", "@", "a@", "@b", "nobody", "<a@b c@\u{7}>", "\"", "(((", ",,,;;"] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn a_list_without_end_is_cut() {
        let (list, cut) = addresses(&"a@example.com,".repeat(10_000));
        assert!(cut);
        assert_eq!(list.len(), ADDRESSES_MAX);
    }
}
