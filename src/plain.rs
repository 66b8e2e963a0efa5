//! Text that came from outside, made harmless to show and to build on. Pure.
//!
//! A company name in a mail can hold line ends, text-direction overrides or ten thousand
//! characters. What passes through here can't move anything but itself.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` on one line: controls and line ends become spaces, invisible formatting goes,
/// runs of white space become one space.
#[must_use]
pub fn one_line(text: &str) -> String {
    let shown: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = shown.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// `text` with its lines kept: line ends become `\n`, other controls but the tab and all
/// invisible formatting go.
#[must_use]
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !is_invisible(*c) && (!c.is_control() || matches!(c, '\n' | '\t')))
        .collect()
}

/// How many columns `text` takes where East Asian fonts are used: a full-width character takes two.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width_cjk()
}

/// `text` on one line and in at most `max_columns`, with `…` where something was cut off.
#[must_use]
pub fn clip(text: &str, max_columns: usize) -> String {
    let text = one_line(text);
    if columns(&text) <= max_columns {
        return text;
    }
    let room = max_columns.saturating_sub(columns("…"));
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width_cjk().unwrap_or(0);
            used <= room
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// Whether `c` changes how its neighbours are shown without being seen itself: text direction
/// (which can turn `gpj.exe` round), zero width, annotations, tags.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_mail_stays_on_its_line_and_turns_nothing_round() {
        assert_eq!(
            one_line("株式会社\r\nBcc: x@example.com\u{7}\u{202E}\tA\u{2028}B"),
            "株式会社 Bcc: x@example.com A B"
        );
        assert_eq!(lines("a\r\nb\rc\u{0}\u{200B}\n\td"), "a\nb\nc\n\td");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(clip("株式会社サンプル", 16), "株式会社サンプル");
        assert_eq!(clip("株式会社サンプル", 15), "株式会社サン…");
        assert_eq!(clip("Sample Company", 8), "Sample…");
        assert_eq!(columns("株a"), 3);
    }
}
