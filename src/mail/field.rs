//! Header fields: from raw bytes to text.
//!
//! Japanese mail stretches RFC 5322 in known ways: characters split over two encoded words, encoded
//! words inside quotes, raw ISO-2022-JP, `Shift_JIS` or UTF-8. Raw bytes become text *before* the field's
//! grammar is looked at, because the second byte of a kanji can be `"`, `<`, `,` or `\`.

use std::borrow::Cow;

use mail_parser::DateTime;
use mail_parser::decoders::base64::base64_decode;

use super::charset::{self, Decoded};
use super::{MessageId, scrub};

/// The longest field that is read, in bytes. The longest useful ones are `References` and `To`;
/// RFC 5322 allows lines of 998 bytes and any number of them.
pub(super) const FIELD_MAX_BYTES: usize = 64 * 1024;

/// How many identifiers are kept of a `References` field: the first, and the newest of the others.
const IDS_MAX: usize = 100;

/// The field's text on one line, raw 8-bit and ISO-2022-JP bytes decoded, encoded words not.
///
/// `hint` is the charset of the mail's text: old Japanese programs write both alike.
pub(super) fn text<'a>(raw: &'a [u8], hint: Option<&str>) -> Decoded<'a> {
    let raw = raw.get(..FIELD_MAX_BYTES).unwrap_or(raw).trim_ascii();
    let unfolded: Cow<'a, [u8]> = if raw.contains(&b'\n') || raw.contains(&b'\r') {
        Cow::Owned(raw.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect())
    } else {
        Cow::Borrowed(raw)
    };
    // ASCII, or UTF-8 as RFC 6532 allows it: nothing to guess.
    let unfolded = match unfolded {
        Cow::Borrowed(bytes) if !bytes.contains(&0x1b) => match std::str::from_utf8(bytes) {
            Ok(text) => return Decoded { text: Cow::Borrowed(text), guessed: false },
            Err(_) => unfolded,
        },
        Cow::Owned(bytes) if !bytes.contains(&0x1b) => match String::from_utf8(bytes) {
            Ok(text) => return Decoded { text: Cow::Owned(text), guessed: false },
            Err(invalid) => Cow::Owned(invalid.into_bytes()),
        },
        other => other,
    };
    let text = charset::decode(&unfolded, hint).text.into_owned();
    Decoded { text: Cow::Owned(text), guessed: true }
}

/// Unstructured text as a reader sees it (`Subject`): encoded words decoded, on one line.
pub(super) fn unstructured(raw: &[u8], hint: Option<&str>) -> Decoded<'static> {
    let field = text(raw, hint);
    let words = encoded_words(&field.text);
    Decoded {
        guessed: field.guessed || words.guessed,
        text: Cow::Owned(scrub::one_line(&words.text)),
    }
}

/// One `=?charset?encoding?data?=`.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// What follows it.
    rest: &'a str,
}

/// Decodes the encoded words of `text` (RFC 2047).
///
/// The bytes of neighbours in one charset are joined before they are decoded: programs that count bytes
/// split characters, and leave the closing escape of ISO-2022-JP to the last word.
pub(super) fn encoded_words(text: &str) -> Decoded<'_> {
    if !text.contains("=?") {
        return Decoded { text: Cow::Borrowed(text), guessed: false };
    }
    let mut out = String::with_capacity(text.len());
    let mut guessed = false;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some(first) = word(from) else {
            let (opening, tail) = from.split_at(2);
            out.push_str(opening);
            rest = tail;
            continue;
        };
        let Word { charset: label, mut bytes, rest: mut after } = first;
        loop {
            let next = after.trim_start_matches([' ', '\t']);
            let Some(next) = next.starts_with("=?").then(|| word(next)).flatten() else { break };
            after = next.rest;
            if next.charset.eq_ignore_ascii_case(label) {
                bytes.extend(next.bytes);
            } else {
                let (text, guess) = own(charset::decode(&bytes, Some(label)));
                out.push_str(&text);
                guessed |= guess;
                let (text, guess) = own(charset::decode(&next.bytes, Some(next.charset)));
                out.push_str(&text);
                guessed |= guess;
                bytes.clear();
            }
        }
        let (text, guess) = own(charset::decode(&bytes, Some(label)));
        out.push_str(&text);
        guessed |= guess;
        rest = after;
    }
    out.push_str(rest);
    Decoded { text: Cow::Owned(out), guessed }
}

fn own(decoded: Decoded<'_>) -> (String, bool) {
    (decoded.text.into_owned(), decoded.guessed)
}

/// How far the end of an encoded word is looked for. RFC 2047 allows 75 characters; programs that
/// put a whole subject into one word exist.
const WORD_MAX_BYTES: usize = 4096;

/// The encoded word that `text` begins with.
fn word(text: &str) -> Option<Word<'_>> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = split_near(inner, "?", 64)?;
    let (encoding, inner) = split_near(inner, "?", 2)?;
    let (data, rest) = split_near(inner, "?=", WORD_MAX_BYTES)?;
    let bytes = match encoding {
        "B" | "b" => base64(data.as_bytes()),
        "Q" | "q" => quoted(data.as_bytes()),
        _ => return None,
    };
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split_once('*').map_or(charset, |(charset, _)| charset);
    Some(Word { charset, bytes, rest })
}

/// Splits at `separator` if it stands within the first `max_bytes`.
fn split_near<'a>(text: &'a str, separator: &str, max_bytes: usize) -> Option<(&'a str, &'a str)> {
    let window = text.as_bytes().get(..max_bytes + separator.len()).unwrap_or(text.as_bytes());
    let at = window.windows(separator.len()).position(|here| here == separator.as_bytes())?;
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.strip_prefix(separator)?))
}

/// Base64, with everything outside its alphabet left out if it would not decode otherwise.
pub(super) fn base64(data: &[u8]) -> Vec<u8> {
    base64_decode(data)
        .or_else(|| {
            let kept: Vec<u8> = data
                .iter()
                .copied()
                .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
                .collect();
            base64_decode(&kept)
        })
        .unwrap_or_default()
}

/// The "Q" encoding of RFC 2047 §4.2.
fn quoted(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'_', _) => bytes.push(b' '),
            (b'=', [high, low, tail @ ..]) => {
                if let Some(value) = hex(*high, *low) {
                    bytes.push(value);
                    rest = tail;
                } else {
                    bytes.push(b'=');
                }
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}

/// The byte that two hexadecimal digits stand for.
pub(super) const fn hex(high: u8, low: u8) -> Option<u8> {
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The usable identifiers of a `Message-ID`, `In-Reply-To` or `References` field, in order, without repeats
/// next to each other. The second value is true if some had to be left out.
pub(super) fn message_ids(raw: &[u8]) -> (Vec<MessageId>, bool) {
    let field = text(raw, None);
    let mut ids: Vec<MessageId> = Vec::new();
    let mut add = |id: &str| {
        if let Some(id) = MessageId::new(id)
            && ids.last() != Some(&id)
        {
            ids.push(id);
        }
    };
    if field.text.contains('<') {
        // Words between identifiers are phrases of old programs ("Your message of …").
        for piece in field.text.split('<').skip(1) {
            if let Some((id, _)) = piece.split_once('>') {
                let id: String = id.split_ascii_whitespace().collect();
                add(&id);
            }
        }
    } else {
        field.text.split_ascii_whitespace().filter(|id| id.contains('@')).for_each(&mut add);
    }
    let over = ids.len().saturating_sub(IDS_MAX);
    if over > 0 {
        ids.drain(1..=over);
    }
    (ids, over > 0)
}

/// The moment a `Date` field names.
pub(super) fn date(raw: &[u8]) -> Option<jiff::Timestamp> {
    const JST_AHEAD_SECONDS: i64 = 9 * 3600;
    let field = text(raw, None);
    let date = DateTime::parse_rfc822(&field.text).filter(DateTime::is_valid)?;
    // "Tue, 17 Nov 2026 10:12:00 JST": a zone RFC 5322 does not know, common in Japan.
    let only_jst = field.text.ends_with(" JST") && !field.text.contains(['+', '(']);
    let seconds = date.to_timestamp() - if only_jst { JST_AHEAD_SECONDS } else { 0 };
    jiff::Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        encoded_words(text).text.into_owned()
    }

    #[test]
    fn white_space_between_encoded_words_vanishes_and_elsewhere_stays() {
        assert_eq!(decoded("Re: =?UTF-8?B?5Lya?=  =?utf-8?q?=E8=AD=B0?= (2)"), "Re: 会議 (2)");
        assert_eq!(decoded("=?UTF-8?Q?a?= b =?UTF-8?Q?c_d?="), "a b c d");
    }

    #[test]
    fn neighbours_in_different_charsets_are_decoded_each_by_its_own() {
        assert_eq!(decoded("=?UTF-8?B?5Lya?= =?Shift_JIS?B?i2M=?= =?UTF-8?B?5Lya?="), "会議会");
    }

    #[test]
    fn what_only_looks_like_an_encoded_word_stays() {
        for text in ["=?", "=?x", "a =? b ?= c", "=?UTF-8?Z?abc?=", "1=?2?=3"] {
            assert_eq!(decoded(text), text);
        }
    }

    #[test]
    fn many_openings_without_an_end_take_linear_time() {
        let text = "=?a?b? ".repeat(10_000);
        assert_eq!(decoded(&text).len(), text.len());
    }

    #[test]
    fn references_keep_the_first_and_the_newest() {
        let ids: Vec<String> = (0..500).map(|n| format!("<{n}@x>")).collect();
        let field = ids.join("\r\n ");
        let (ids, cut) = message_ids(field.as_bytes());
        assert!(cut);
        assert_eq!(ids.len(), IDS_MAX);
        assert_eq!(ids[0].as_str(), "0@x");
        assert_eq!(ids[1].as_str(), "401@x");
        assert_eq!(ids[99].as_str(), "499@x");
    }

    #[test]
    fn an_identifier_that_could_break_a_header_is_not_taken() {
        assert_eq!(message_ids("<あ@x> <ok@x>".as_bytes()).0, [MessageId::new("ok@x").unwrap()]);
    }

    #[test]
    fn a_japanese_date_is_read_with_and_without_its_offset() {
        let expected: jiff::Timestamp = "2026-11-17T01:12:00Z".parse().unwrap();
        for text in [
            "Tue, 17 Nov 2026 10:12:00 +0900 (JST)",
            "Tue, 17 Nov 2026 10:12:00 JST",
            "17 Nov 2026 01:12:00 GMT",
        ] {
            assert_eq!(date(text.as_bytes()), Some(expected), "{text}");
        }
        assert_eq!(date(b"yesterday"), None);
    }
}
