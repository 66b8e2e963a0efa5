//! Bytes to text. Labels are hints: Japanese mail says one charset and uses another.
//!
//! ISO-2022-JP is read as Microsoft's CP50221 and `Shift_JIS` as CP932, because that is what
//! mail programs in Japan write (① and ㈱ from NEC's row 13, half-width katakana). A label is believed if
//! the bytes fit it; otherwise the bytes speak, and [`Decoded::guessed`] says so.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_16BE, UTF_16LE};

const ESC: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// Decoded text, and whether its label had to be overruled.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    /// The label was missing or did not fit.
    pub(super) guessed: bool,
}

impl<'a> Decoded<'a> {
    fn fits(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), guessed: false }
    }

    fn guess(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), guessed: true }
    }
}

/// A charset as a label names it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Charset {
    Ascii,
    Utf8,
    Utf7,
    Utf16,
    Jis,
    Other(&'static Encoding),
}

/// The charset that `label` names in mail, which knows more names than the Web does.
fn charset(label: &str) -> Option<Charset> {
    let label = label.trim_matches(|c: char| c.is_ascii_whitespace() || c == '"' || c == '\'');
    let name = label.to_ascii_lowercase().replace('_', "-");
    Some(match name.as_str() {
        "utf-8" | "utf8" | "x-utf-8" | "utf8mb4" | "cp65001" | "unicode-1-1-utf-8" => Charset::Utf8,
        "us-ascii" | "ascii" | "ansi-x3.4-1968" | "iso646-us" | "646" => Charset::Ascii,
        "utf-7" | "unicode-1-1-utf-7" | "csutf7" | "x-utf-7" => Charset::Utf7,
        "utf-16" | "utf-16le" | "utf-16be" | "csutf16" | "unicode" => Charset::Utf16,
        "iso-2022-jp"
        | "iso-2022-jp-1"
        | "iso-2022-jp-2"
        | "iso-2022-jp-3"
        | "iso-2022-jp-2004"
        | "iso-2022-jp-ms"
        | "iso2022-jp"
        | "iso2022jp"
        | "csiso2022jp"
        | "csiso2022jp2"
        | "cp50220"
        | "cp50221"
        | "cp50222"
        | "x-windows-50220"
        | "x-windows-50221"
        | "windows-50221"
        | "x-windows-iso2022jp"
        | "jis"
        | "x-jis"
        | "jis7"
        | "jis8"
        | "junet" => Charset::Jis,
        "shift-jis" | "shiftjis" | "shift-jis-2004" | "sjis" | "x-sjis" | "s-jis" | "sjis-win"
        | "csshiftjis" | "cp932" | "ms932" | "x-ms932" | "x-ms-cp932" | "windows-932"
        | "windows-31j" | "cswindows31j" | "x-sjis-cp932" | "cp943" | "cp943c" | "ibm-943"
        | "ms-kanji" | "mskanji" => Charset::Other(SHIFT_JIS),
        "euc-jp"
        | "eucjp"
        | "x-euc-jp"
        | "x-eucjp"
        | "eucjp-ms"
        | "euc-jp-ms"
        | "eucjp-win"
        | "x-eucjp-open"
        | "cp51932"
        | "cp20932"
        | "ujis"
        | "cseucpkdfmtjapanese" => Charset::Other(EUC_JP),
        "gb2312" | "gbk" | "gb18030" | "cp936" | "ms936" | "euc-cn" | "x-gbk" => {
            Charset::Other(GB18030)
        }
        "big5" | "cp950" | "ms950" | "big5-hkscs" => Charset::Other(BIG5),
        "euc-kr" | "cp949" | "ms949" | "uhc" | "ks-c-5601-1987" => Charset::Other(EUC_KR),
        _ => Charset::Other(Encoding::for_label_no_replacement(label.as_bytes())?),
    })
}

/// Decodes `bytes`, which call themselves `label`.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Decoded<'a> {
    let named = label.and_then(charset);
    let escapes = bytes.contains(&ESC) || bytes.contains(&SHIFT_OUT);
    match named {
        Some(Charset::Utf7) if bytes.is_ascii() => {
            if let Some(text) = utf7(bytes) {
                return Decoded::fits(text);
            }
        }
        Some(Charset::Utf16) if bytes.contains(&0) || !bytes.is_ascii() => {
            if let Some(text) = utf16(bytes) {
                return Decoded::fits(text);
            }
        }
        Some(Charset::Jis) if escapes => {
            if let Some(text) = jis(bytes) {
                return Decoded::fits(text);
            }
        }
        Some(Charset::Utf8) if !escapes => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                return Decoded::fits(text.strip_prefix('\u{feff}').unwrap_or(text));
            }
        }
        _ if !escapes && bytes.is_ascii() => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                return Decoded::fits(text);
            }
        }
        Some(Charset::Other(encoding)) if !has_jis_escape(bytes) && !is_surely_utf8(bytes) => {
            if let Some(text) = strictly(encoding, bytes) {
                return Decoded::fits(text);
            }
        }
        _ => {}
    }
    guess(bytes, named)
}

/// The text that the bytes themselves suggest.
fn guess(bytes: &[u8], named: Option<Charset>) -> Decoded<'_> {
    if has_jis_escape(bytes)
        && let Some(text) = jis(bytes)
    {
        return Decoded::guess(text);
    }
    if (bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]))
        && let Some(text) = utf16(bytes)
    {
        return Decoded::guess(text);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => return Decoded { guessed: !text.is_ascii(), text: Cow::Borrowed(text) },
        // Cut off inside the last character: by a size limit, not by a wrong label.
        Err(cut) if cut.error_len().is_none() && cut.valid_up_to() > 0 => {
            return Decoded {
                guessed: named != Some(Charset::Utf8),
                text: String::from_utf8_lossy(bytes),
            };
        }
        // Damaged further on: nothing else begins with this much UTF-8.
        Err(damage) if is_surely_utf8(bytes.get(..damage.valid_up_to()).unwrap_or_default()) => {
            return Decoded::guess(String::from_utf8_lossy(bytes));
        }
        Err(_) => {}
    }
    if let Some(text) = named.and_then(|named| nearly(named, bytes)) {
        return Decoded::guess(text);
    }
    Decoded::guess(japanese_or_detected(bytes))
}

/// `bytes` in the charset of their label if all but a few characters fit: the label is right and the
/// mail is damaged.
fn nearly(named: Charset, bytes: &[u8]) -> Option<String> {
    /// One broken character among this many bytes outside ASCII still speaks for the label.
    const TOLERATED: usize = 50;
    let text = match named {
        Charset::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Charset::Other(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        _ => return None,
    };
    let broken = text.matches('\u{fffd}').count();
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    (broken * TOLERATED <= high && !is_euc_seen_as_cp932(&text)).then_some(text)
}

/// Text without a usable label: `EUC-JP` or CP932 if one of them fits and it is dense enough to be
/// Japanese, else what the detector of Firefox says.
fn japanese_or_detected(bytes: &[u8]) -> String {
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    // Accented letters stand alone among ASCII letters; Japanese comes in runs.
    let dense = high.saturating_mul(4) >= bytes.len();
    if dense {
        match (strictly(SHIFT_JIS, bytes), strictly(EUC_JP, bytes)) {
            (Some(text), None) | (None, Some(text)) => return text.into_owned(),
            _ => {}
        }
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(dense.then_some(b"jp".as_slice()), Utf8Detection::Deny);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// `bytes` in `encoding` if every character fits and the text is not another charset in disguise.
fn strictly<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    (encoding != SHIFT_JIS || !is_euc_seen_as_cp932(&text)).then_some(text)
}

/// Whether `text` is what EUC-JP looks like when read as CP932: half-width katakana throughout.
fn is_euc_seen_as_cp932(text: &str) -> bool {
    let mut half_width = 0_usize;
    let mut other = 0_usize;
    for c in text.chars() {
        match c {
            '\u{ff61}'..='\u{ff9f}' => half_width += 1,
            '\0'..='\u{7f}' => {}
            _ => other += 1,
        }
    }
    // 半角ｶﾅ alone is real text; with the comma-like ､ of every hiragana it is not.
    half_width > other
        && text.matches(['\u{ff64}', '\u{ff65}']).count() * 4 > half_width
        && half_width >= 4
}

/// Whether the bytes are UTF-8 beyond doubt: valid, with two characters of three bytes or more.
///
/// Every single-byte charset accepts them, and the legacy Asian ones sometimes do;
/// the reverse practically never happens.
fn is_surely_utf8(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| **byte >= 0xe0).count() >= 2 && std::str::from_utf8(bytes).is_ok()
}

/// Whether a sequence that switches to JIS X 0208, 0212 or half-width katakana stands in `bytes`.
fn has_jis_escape(bytes: &[u8]) -> bool {
    bytes.contains(&ESC)
        && bytes
            .windows(3)
            .any(|window| matches!(window, [ESC, b'$', b'B' | b'@' | b'('] | [ESC, b'(', b'I']))
}

/// What the bytes stand for at a place in ISO-2022-JP.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    Ascii,
    Katakana,
    Kanji,
    Supplement,
}

/// ISO-2022-JP read as CP50221 (half-width katakana by `ESC ( I` and by SO/SI), with the supplementary
/// kanji of ISO-2022-JP-1; `None` if bytes outside it are met, so that another charset is tried.
///
/// Written over into EUC-JP, whose table has NEC's row 13 too. A line end returns to ASCII (RFC 1468),
/// which repairs lines that were cut inside a switched state.
fn jis(bytes: &[u8]) -> Option<String> {
    const SINGLE_SHIFT_2: u8 = 0x8e;
    const SINGLE_SHIFT_3: u8 = 0x8f;
    let mut euc = Vec::with_capacity(bytes.len());
    let mut set = Set::Ascii;
    let mut shifted = false;
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            ESC => {
                (set, rest) = match tail {
                    [b'(', b'B' | b'J' | b'H', tail @ ..] => (Set::Ascii, tail),
                    [b'(', b'I', tail @ ..] => (Set::Katakana, tail),
                    [b'$', b'B' | b'@', tail @ ..] => (Set::Kanji, tail),
                    [b'$', b'(', b'D', tail @ ..] => (Set::Supplement, tail),
                    [b'$', b'(', b'B' | b'@' | b'O' | b'Q', tail @ ..] => (Set::Kanji, tail),
                    [b'&', b'@', tail @ ..] => (set, tail),
                    _ => (set, tail),
                };
            }
            SHIFT_OUT => shifted = true,
            SHIFT_IN => shifted = false,
            b'\n' | b'\r' => {
                set = Set::Ascii;
                shifted = false;
                euc.push(byte);
            }
            0x21..=0x5f if shifted || set == Set::Katakana => {
                euc.extend([SINGLE_SHIFT_2, byte | 0x80]);
            }
            0x21..=0x7e if matches!(set, Set::Kanji | Set::Supplement) => match tail {
                [second @ 0x21..=0x7e, tail @ ..] => {
                    if set == Set::Supplement {
                        euc.push(SINGLE_SHIFT_3);
                    }
                    euc.extend([byte | 0x80, second | 0x80]);
                    rest = tail;
                }
                _ => euc.push(b'?'),
            },
            // Half-width katakana in eight bits, as CP50220's older relatives write it.
            0xa1..=0xdf if set != Set::Kanji => euc.extend([SINGLE_SHIFT_2, byte]),
            0x80.. => return None,
            _ => euc.push(byte),
        }
    }
    Some(EUC_JP.decode_without_bom_handling(&euc).0.into_owned())
}

/// UTF-16 by its byte order mark, else by where the bytes that lead Latin and kana stand.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (encoding, bytes) = match bytes {
        [0xff, 0xfe, rest @ ..] => (UTF_16LE, rest),
        [0xfe, 0xff, rest @ ..] => (UTF_16BE, rest),
        _ => {
            let leads = |pair: &[u8], at: usize| matches!(pair.get(at), Some(0 | 0x30));
            let big = bytes.chunks(2).filter(|pair| leads(pair, 0)).count();
            let little = bytes.chunks(2).filter(|pair| leads(pair, 1)).count();
            (if little > big { UTF_16LE } else { UTF_16BE }, bytes)
        }
    };
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

/// UTF-7 (RFC 2152); `None` if a shifted run is not base64 of UTF-16.
fn utf7(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'+' {
            text.push(char::from(byte));
            continue;
        }
        let run = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')))
            .unwrap_or(rest.len());
        let (encoded, tail) = rest.split_at_checked(run)?;
        rest = tail.strip_prefix(b"-").unwrap_or(tail);
        if encoded.is_empty() {
            text.push('+');
            continue;
        }
        let units = mail_parser::decoders::base64::base64_decode(encoded)?;
        let units = units.get(..units.len() & !1)?;
        text.push_str(&UTF_16BE.decode_without_bom_handling_and_without_replacement(units)?);
    }
    Some(text)
}

/// The label in `<meta charset>` or `<meta http-equiv=content-type>` near the start of an HTML text.
pub(super) fn in_html_meta(html: &[u8]) -> Option<String> {
    /// Browsers look no further (WHATWG HTML §13.2.3.2 says 1024; mail templates put styles first).
    const LOOK_BYTES: usize = 4096;
    const KEY: &[u8] = b"charset";
    let start = html.get(..LOOK_BYTES).unwrap_or(html);
    let at = start.windows(KEY.len()).position(|window| window.eq_ignore_ascii_case(KEY))?;
    let rest = start.get(at + KEY.len()..)?.trim_ascii_start().strip_prefix(b"=")?;
    let label: String = rest
        .iter()
        .map(|byte| char::from(*byte))
        .skip_while(|c| c.is_ascii_whitespace() || matches!(c, '"' | '\''))
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+'))
        .take(64)
        .collect();
    (!label.is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], label: Option<&str>) -> (String, bool) {
        let decoded = decode(bytes, label);
        (decoded.text.into_owned(), decoded.guessed)
    }

    #[test]
    fn shift_jis_text_under_the_label_euc_jp_is_recognised_and_the_reverse() {
        let (sjis, _, _) = SHIFT_JIS.encode("選考結果のご連絡をいたします。");
        let (euc, _, _) = EUC_JP.encode("選考結果のご連絡をいたします。");
        let expected = ("選考結果のご連絡をいたします。".to_owned(), true);
        assert_eq!(text(&sjis, Some("euc-jp")), expected);
        assert_eq!(text(&euc, Some("Shift_JIS")), expected);
        assert_eq!(text(&euc, None), expected);
        assert_eq!(text(&sjis, None), expected);
    }

    #[test]
    fn half_width_katakana_in_cp932_stays_what_it_is() {
        let (sjis, _, _) = SHIFT_JIS.encode("ｶﾌﾞｼｷｶﾞｲｼｬ ﾔﾏﾀﾞ");
        assert_eq!(text(&sjis, Some("cp932")), ("ｶﾌﾞｼｷｶﾞｲｼｬ ﾔﾏﾀﾞ".to_owned(), false));
    }

    #[test]
    fn one_damaged_character_does_not_overrule_a_right_label() {
        let mut bytes = "選考結果のご連絡です。".repeat(10).into_bytes();
        bytes.insert(90, 0xff);
        let (text, _) = text(&bytes, Some("utf-8"));
        assert!(text.starts_with("選考結果のご連絡です。"), "{text}");
        assert_eq!(text.matches('\u{fffd}').count(), 1, "{text}");
    }

    #[test]
    fn text_that_begins_as_utf8_stays_utf8_however_it_goes_on() {
        let mut bytes = "選考結果の".as_bytes().to_vec();
        bytes.extend([0x93, 0xfa, 0x96, 0x7b].repeat(20));
        assert!(text(&bytes, Some("utf-8")).0.starts_with("選考結果の"));
    }

    #[test]
    fn western_text_without_a_label_does_not_become_kanji() {
        assert_eq!(
            text(b"Thank you for your r\xe9sum\xe9, Andr\xe9.", None).0,
            "Thank you for your résumé, André."
        );
    }

    #[test]
    fn shift_out_brings_half_width_katakana() {
        assert_eq!(text(b"\x0e6E\x0f ok", Some("iso-2022-jp")).0, "ｶﾅ ok");
    }

    #[test]
    fn a_line_cut_inside_kanji_does_not_spoil_the_next() {
        assert_eq!(text(b"\x1b$BF|K\\\nok", Some("iso-2022-jp")).0, "日本\nok");
    }

    #[test]
    fn plain_ascii_is_never_a_guess() {
        assert_eq!(
            text(b"Dear Mr. Sato", Some("no-such-charset")),
            ("Dear Mr. Sato".to_owned(), false)
        );
    }

    #[test]
    fn the_meta_label_is_found_in_both_forms() {
        assert_eq!(in_html_meta(b"<meta charset='EUC-JP'>").as_deref(), Some("EUC-JP"));
        let old = b"<META http-equiv=Content-Type content=\"text/html; charset = Shift_JIS\">";
        assert_eq!(in_html_meta(old).as_deref(), Some("Shift_JIS"));
    }
}
