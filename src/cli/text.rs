//! Text in columns, where a Japanese character takes two.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::lang::Lang;

/// Cuts `text` to `columns` and pads it to them.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let cut = shorten(text, columns);
    let pad = columns.saturating_sub(cut.width());
    cut + &" ".repeat(pad)
}

/// Cuts `text` to at most `columns`, with an ellipsis where something was cut.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let mut used = 0;
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect();
    cut.push('…');
    cut
}

/// Breaks `text` into lines of at most `columns`, at spaces where there are some and between
/// characters in Japanese; lines that exist stay lines, and each keeps its own indent.
pub(crate) fn wrap(text: &str, columns: usize) -> String {
    wrap_with(text, columns, indent)
}

/// The same for lines of a term and what it means (`  term    meaning`): the meaning is continued below
/// itself, or stands below the term where that leaves it no room.
pub(crate) fn hang(text: &str, columns: usize) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| match meaning(line) {
            Some((term, meaning)) if line.width() > columns && term.width() * 8 > columns * 5 => {
                let below = " ".repeat(indent(term) + 4);
                [term.trim_end(), "\n", &below, meaning].concat()
            }
            _ => line.to_owned(),
        })
        .collect();
    wrap_with(&lines.join("\n"), columns, |line| {
        meaning(line).map_or(indent(line), |(term, _)| term.width())
    })
}

/// A line up to what its term means, and the meaning.
fn meaning(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.trim_start_matches(' ').split_once("  ")?;
    let meaning = rest.trim_start_matches(' ');
    Some((line.strip_suffix(meaning)?, meaning))
}

/// How many spaces `line` begins with.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn wrap_with(text: &str, columns: usize, hanging: impl Fn(&str) -> usize) -> String {
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        wrap_line(line, columns, &" ".repeat(hanging(line)), &mut out);
    }
    out
}

/// Characters that must not begin a line (行頭禁則).
const NOT_AT_START: &str =
    "、。，．・：；？！ー…々）」』】〉》］｝ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]}";

/// Characters that must not end a line (行末禁則).
const NOT_AT_END: &str = "「『【〈《［｛（";

fn wrap_line(line: &str, columns: usize, hanging: &str, out: &mut String) {
    // A line that has only its indent is not broken: the next would be as short.
    let (mut used, mut start) = (0, indent(line));
    for word in words(line) {
        if used > start && used + word.trim_end().width() > columns {
            let kept = out.trim_end_matches(' ').len();
            out.truncate(kept);
            out.push('\n');
            out.push_str(hanging);
            (used, start) = (hanging.len(), hanging.len());
            let word = word.trim_start();
            out.push_str(word);
            used += word.width();
        } else {
            out.push_str(&word);
            used += word.width();
        }
    }
    let kept = out.trim_end_matches(' ').len();
    out.truncate(kept);
}

/// Pieces between which a line may be broken: words with the spaces behind them, and single wide
/// characters, each with the brackets and stops that belong to it.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in line.chars() {
        let wide = c.width() == Some(2);
        match words.last_mut() {
            Some(word) if (open && !wide) || belongs_to(word, c) => word.push(c),
            _ => words.push(c.to_string()),
        }
        open = !wide && c != ' ';
    }
    words
}

/// Whether no line may be broken between `word` and `c`.
fn belongs_to(word: &str, c: char) -> bool {
    word.ends_with(|last| NOT_AT_END.contains(last))
        || (NOT_AT_START.contains(c) && !word.ends_with(' '))
}

/// A moment as people of `lang` write it, in the zone they live in.
pub(crate) fn moment(time: Timestamp, zone: &TimeZone, lang: Lang) -> String {
    let zoned = time.to_zoned(zone.clone());
    let form = match lang {
        Lang::Ja => "%-m月%-d日 %H:%M",
        Lang::En => "%-d %b %H:%M",
    };
    zoned.strftime(form).to_string()
}

/// ANSI styles, or nothing where colours are not wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Whether to style at all.
    pub(crate) on: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// For headings.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// For what is beside the point.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_japanese_name_is_cut_and_padded_by_columns_not_characters() {
        assert_eq!(fit("株式会社青葉", 8), "株式会… ".to_owned());
        assert_eq!(fit("ABC", 5), "ABC  ");
        assert_eq!(fit("青葉", 4), "青葉");
    }

    #[test]
    fn a_line_never_begins_with_a_full_stop() {
        assert_eq!(wrap("ああいい。うえ", 10), "ああいい。\nうえ");
        assert_eq!(wrap("ああいいう。", 10), "ああいい\nう。");
        assert_eq!(wrap("ああいいうえ", 10), "ああいいう\nえ");
    }

    #[test]
    fn brackets_stay_with_what_is_in_them_and_no_line_is_too_long() {
        assert_eq!(wrap("あい「Sent」「Drafts」", 12), "あい「Sent」\n「Drafts」");
        assert_eq!(wrap("ああああ（い）", 10), "ああああ\n（い）");
    }

    #[test]
    fn what_a_term_means_is_continued_below_itself() {
        assert_eq!(
            hang("  show  一通の内容と今\n  いう。", 14),
            "  show  一通の\n        内容と\n        今\n  いう。"
        );
        assert_eq!(
            hang("  a-long-term  一通の内容と", 16),
            "  a-long-term\n      一通の内容\n      と"
        );
        assert_eq!(hang("  a-long-term  一通", 20), "  a-long-term  一通");
    }

    #[test]
    fn english_breaks_between_words_and_keeps_the_indent() {
        assert_eq!(wrap("  one two three", 9), "  one two\n  three");
    }
}
