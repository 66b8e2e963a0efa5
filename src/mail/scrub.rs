//! What must not stand in text that people or programs read: control, zero-width and bidi characters.
//!
//! They are invisible, split the words that decide a verdict, or turn a name around
//! (`U+202E` makes `gpj.exe` of `exe.jpg`). Line ends become `\n`.

use std::borrow::Cow;

/// A character that says nothing to a reader and is left out.
///
/// Joiners go too: a family emoji falls apart into its people, which is harmless,
/// while a joiner inside 不採用 would hide the word.
pub(super) const fn is_invisible(c: char) -> bool {
    // Nearly all of the text of a mail is ASCII, kana or kanji.
    let ordinary = matches!(c, ' '..='~' | '\n' | '\u{3000}'..='\u{d7ff}');
    !ordinary && is_invisible_among_the_rare(c)
}

const fn is_invisible_among_the_rare(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' // C0, C1
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Other ways of writing a line end: vertical tab, form feed, NEL, LS, PS.
pub(super) const fn is_line_end(c: char) -> bool {
    matches!(c, '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a byte stands in `text` that begins one of the characters above in UTF-8.
fn may_hold_odd_characters(text: &str) -> bool {
    text.bytes().any(|byte| {
        matches!(byte, 0..=0x08 | 0x0b..=0x1f | 0x7f | 0xc2 | 0xcd | 0xd8 | 0xe1 | 0xe2 | 0xef | 0xf3)
    })
}

/// Text of several lines: invisible characters out, every line end a `\n`, tabs kept.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return without_odd_characters(text);
    }
    let mut pieces = text.split('\r');
    let mut text = String::with_capacity(text.len());
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        if !piece.starts_with('\n') {
            text.push('\n');
        }
        text.push_str(piece);
    }
    Cow::Owned(match without_odd_characters(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => clean,
    })
}

fn without_odd_characters(text: &str) -> Cow<'_, str> {
    if !may_hold_odd_characters(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| is_line_end(c) || is_invisible(c)) {
        match piece.chars().next_back() {
            Some(end) if is_line_end(end) => {
                clean.push_str(piece.strip_suffix(end).unwrap_or(piece));
                clean.push('\n');
            }
            Some(end) if is_invisible(end) => {
                clean.push_str(piece.strip_suffix(end).unwrap_or(piece));
            }
            _ => clean.push_str(piece),
        }
    }
    Cow::Owned(clean)
}

/// Text of one line: as [`lines`], then every run of white space that holds a line end or a tab
/// is one space, and none stands at either end.
pub(super) fn one_line(text: &str) -> String {
    let text = lines(text);
    if !text.contains(['\n', '\t']) {
        return text.trim().to_owned();
    }
    let pieces: Vec<&str> =
        text.split(['\n', '\t']).map(str::trim).filter(|piece| !piece.is_empty()).collect();
    pieces.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{lines, one_line};

    #[test]
    fn every_line_end_becomes_a_newline() {
        assert_eq!(lines("a\r\nb\rc\u{2028}d\u{85}e\r"), "a\nb\nc\nd\ne\n");
    }

    #[test]
    fn invisible_characters_do_not_split_words() {
        assert_eq!(lines("不\u{200b}採\u{ad}用\u{feff}"), "不採用");
    }

    #[test]
    fn a_name_cannot_be_turned_around_or_broken_into_two_lines() {
        assert_eq!(one_line("\u{202e}gpj\r\n .exe\0 "), "gpj .exe");
    }
}
