//! ISO-2022-JP (RFC 1468), for correspondents whose mail program knows nothing newer.
//!
//! Only what comes back exactly as it was is encoded: the encoder would make half-width kana full-width
//! and take one dash for another, and then other words would leave than those that were approved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::ISO_2022_JP;

/// Longest line of ASCII and JIS, its escape sequences included (RFC 5322 §2.1.1).
const LINE_MAX_BYTES: usize = 998;

/// Longest encoded word: with the field's name before it, the line keeps to 76 characters (RFC 2047 §2).
const WORD_MAX_CHARS: usize = 64;

/// `text`, which may have many lines, if all of it can be said. Each line begins and ends in ASCII.
///
/// # Errors
/// The first character that cannot be said, or none if a line is too long.
pub(super) fn encode(text: &str) -> Result<Vec<u8>, Option<char>> {
    if let Some(foreign) = text.chars().find(|c| !is_known(*c)) {
        return Err(Some(foreign));
    }
    let (bytes, _, _) = ISO_2022_JP.encode(text);
    let is_long = |line: &[u8]| line.len() > LINE_MAX_BYTES;
    if bytes.split(|byte| *byte == b'\n').any(is_long) {
        return Err(None);
    }
    Ok(bytes.into_owned())
}

/// `text`, all of which can be said, as the value of a header field: encoded words on lines of their own.
pub(super) fn words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut part = String::new();
    for c in text.chars() {
        part.push(c);
        if word(&part).len() > WORD_MAX_CHARS {
            part.pop();
            words.push(word(&part));
            part = c.to_string();
        }
    }
    words.push(word(&part));
    words.join("\r\n ")
}

fn word(text: &str) -> String {
    let (bytes, _, _) = ISO_2022_JP.encode(text);
    format!("=?ISO-2022-JP?B?{}?=", STANDARD.encode(bytes))
}

/// Whether a character comes back as it was. A control character that switches sets does not.
fn is_known(c: char) -> bool {
    let mut space = [0; 4];
    let text: &str = c.encode_utf8(&mut space);
    let (bytes, _, unknown) = ISO_2022_JP.encode(text);
    if unknown {
        return false;
    }
    let (back, _, wrong) = ISO_2022_JP.decode(&bytes);
    !wrong && back == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_and_end_in_ascii() {
        let bytes = encode("お世話に\r\nabc\r\n").unwrap();
        assert_eq!(bytes, b"\x1b$B$*@$OC$K\x1b(B\r\nabc\r\n");
    }

    #[test]
    fn what_would_change_on_the_way_is_not_encoded() {
        for c in ['①', '㈱', '髙', 'ｱ', '−', '〜', '\u{1F647}', '\u{1b}'] {
            let told = encode(&format!("あ{c}"));
            // NEC's row 13 (①, ㈱) and U+FF5E are in everybody's tables, though not in the standard.
            if let Ok(bytes) = &told {
                let (back, _, _) = ISO_2022_JP.decode(bytes);
                assert_eq!(back, format!("あ{c}"));
            } else {
                assert_eq!(told, Err(Some(c)));
            }
        }
        assert!(encode("ｱ").is_err(), "half-width kana would become full-width");
        assert!(encode("\u{1F647}").is_err());
        assert_eq!(encode(&"長".repeat(600)), Err(None));
    }

    #[test]
    fn encoded_words_are_short_and_whole() {
        let text = "選考結果のご連絡について、abc とお礼 (株式会社サンプル人事部採用課)".repeat(3);
        let value = words(&text);
        let mut back = String::new();
        for word in value.split("\r\n ") {
            assert!(word.len() <= WORD_MAX_CHARS, "{word}");
            let data = word.strip_prefix("=?ISO-2022-JP?B?").unwrap().strip_suffix("?=").unwrap();
            let bytes = STANDARD.decode(data).unwrap();
            assert!(bytes.is_ascii());
            let (part, _, wrong) = ISO_2022_JP.decode(&bytes);
            assert!(!wrong);
            back.push_str(&part);
        }
        assert_eq!(back, text);
        assert_eq!(words("Re: hello"), "Re: hello");
    }
}
