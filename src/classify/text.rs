//! Text as the rules read it: folded to one form, cut into sentences, with a way back to the words a reader sees.

use unicode_normalization::UnicodeNormalization;

use crate::lang::Lang;
use crate::mail::{Block, Role};

/// Most bytes of one mail that are read: a selection result stands early, and time must be bounded.
const MAX_BYTES: usize = 48 * 1024;

/// Where a piece of text stands in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The subject line.
    Subject,
    /// The author's new words.
    New,
    /// A mail passed on by the author, or attached.
    Passed,
    /// Quoted words.
    Quoted,
    /// The signature.
    Signature,
}

/// One sentence, list item or heading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentence {
    /// Range of bytes in [`Text::folded`].
    pub(crate) start: usize,
    /// End of that range.
    pub(crate) end: usize,
    /// Where it stands.
    pub(crate) place: Place,
}

/// Folded text with its sentences.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// NFKC, lower case, hard-wrapped lines joined, invisible characters out, English contractions written out.
    pub(crate) folded: String,
    /// For every byte of `folded`, the byte of `original` it comes from.
    origin: Vec<u32>,
    /// The text as the reader of the mail sees it.
    original: String,
    /// Sentences in the order of the mail.
    pub(crate) sentences: Vec<Sentence>,
}

impl Text {
    /// A text of nothing but new words.
    pub(crate) fn of(words: &str, lang: Lang) -> Self {
        let mut text = Self::default();
        text.push(words, Place::New, lang);
        text
    }

    /// Words folded as the sentences of a mail are.
    pub(crate) fn fold(words: &str, lang: Lang) -> String {
        Self::of(words, lang).folded.trim().to_owned()
    }

    /// Adds a text; no sentence goes on into it.
    pub(crate) fn push(&mut self, text: &str, place: Place, lang: Lang) {
        let room = MAX_BYTES.saturating_sub(self.original.len());
        let text = prefix(text, room);
        if text.trim().is_empty() {
            return;
        }
        let wide = widest_line(text);
        let lines: Vec<&str> = text.split('\n').collect();
        let mut joined = false;
        let mut sentence_start = self.folded.len();
        for (index, line) in lines.iter().enumerate() {
            let line_at = self.original.len();
            self.original.push_str(line);
            self.original.push('\n');
            if line.trim().is_empty() {
                continue;
            }
            self.fold_line(line, line_at, lang);
            let next = lines.get(index + 1).copied().unwrap_or("");
            let joins = goes_on(line, next, wide, joined, lang);
            joined = joins;
            let line_start = sentence_start;
            sentence_start = self.cut_sentences(line_start, place, lang, joins);
            if joins {
                if lang == Lang::En && !self.folded.ends_with(' ') {
                    self.put(' ', line_at + line.len());
                }
            } else {
                self.put('\n', line_at + line.len());
                sentence_start = self.folded.len();
            }
        }
        if !self.folded.ends_with('\n') {
            let at = self.original.len();
            self.close(sentence_start, self.folded.len(), place);
            self.put('\n', at);
        }
    }

    /// Adds blocks, each with the place that its role gives it.
    pub(crate) fn push_blocks(
        &mut self,
        blocks: &[Block],
        lang: Lang,
        place: impl Fn(Role) -> Option<Place>,
    ) {
        for block in blocks {
            if let Some(place) = place(block.role) {
                self.push(&block.text, place, lang);
            }
        }
    }

    /// The words a reader sees for a range of `folded`.
    pub(crate) fn seen(&self, start: usize, end: usize) -> &str {
        let from = self.origin.get(start).copied().unwrap_or(0) as usize;
        let to = self.origin.get(end).map_or(self.original.len(), |&at| at as usize);
        let mut to = to.max(from);
        while to < self.original.len() && !self.original.is_char_boundary(to) {
            to += 1;
        }
        self.original.get(from..to).unwrap_or("").trim()
    }

    /// The folded words of a sentence.
    pub(crate) fn words(&self, sentence: &Sentence) -> &str {
        self.folded.get(sentence.start..sentence.end).unwrap_or("")
    }

    fn put(&mut self, character: char, origin: usize) {
        let origin = u32::try_from(origin).unwrap_or(u32::MAX);
        self.folded.push(character);
        self.origin.extend(std::iter::repeat_n(origin, character.len_utf8()));
    }

    fn put_str(&mut self, text: &str, origin: usize) {
        for character in text.chars() {
            self.put(character, origin);
        }
    }

    /// Folds one line: characters first, then English contractions.
    fn fold_line(&mut self, line: &str, line_at: usize, lang: Lang) {
        let mut characters = line.char_indices().peekable();
        let mut compat = String::new();
        let mut word_from = self.folded.len();
        while let Some((at, character)) = characters.next() {
            let origin = line_at + at;
            if character.is_ascii() {
                if character.is_ascii_whitespace() {
                    self.finish_word(word_from, lang);
                    let next = characters.peek().map(|&(_, next)| next);
                    let begun =
                        !matches!(self.folded.chars().next_back(), None | Some('\n' | ' ' | '、'));
                    let goes_on = next.is_some_and(|next| !next.is_whitespace());
                    if character == '\t' && lang == Lang::Ja && begun && goes_on {
                        // Cells of a table, which would grow together without their space.
                        self.put('、', origin);
                    } else {
                        self.space(origin, next);
                    }
                    word_from = self.folded.len();
                } else {
                    self.put(character.to_ascii_lowercase(), origin);
                    if !(character.is_ascii_alphanumeric() || character == '\'') {
                        word_from = self.folded.len();
                    }
                }
                continue;
            }
            match character {
                '\u{200B}'..='\u{200F}'
                | '\u{2060}'
                | '\u{FEFF}'
                | '\u{AD}'
                | '\u{202A}'..='\u{202E}'
                | '\u{FE00}'..='\u{FE0F}' => {}
                '\u{A0}' | '\u{3000}' | '\u{2000}'..='\u{200A}' | '\u{202F}' => {
                    self.finish_word(word_from, lang);
                    self.space(origin, characters.peek().map(|&(_, next)| next));
                    word_from = self.folded.len();
                }
                '\u{2018}' | '\u{2019}' | '\u{2032}' => self.put('\'', origin),
                '\u{201C}' | '\u{201D}' => self.put('"', origin),
                '\u{2010}'..='\u{2015}' | '\u{2212}' => self.put('-', origin),
                // Kana and the unified ideographs are already in their folded form.
                '\u{3001}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' => {
                    self.put(character, origin);
                    word_from = self.folded.len();
                }
                _ => {
                    compat.clear();
                    compat.push(character);
                    // Half-width kana carry their voicing marks behind them.
                    if ('\u{FF61}'..='\u{FF9F}').contains(&character) {
                        while let Some(&(_, next)) = characters.peek() {
                            if !('\u{FF61}'..='\u{FF9F}').contains(&next) {
                                break;
                            }
                            compat.push(next);
                            characters.next();
                        }
                    }
                    let folded: String = compat.nfkc().flat_map(char::to_lowercase).collect();
                    self.put_str(&folded, origin);
                }
            }
        }
        self.finish_word(word_from, lang);
        while self.folded.ends_with(' ') {
            self.folded.pop();
            self.origin.pop();
        }
    }

    /// One space for a run of them; none between two Japanese characters, where it only spreads a word.
    fn space(&mut self, origin: usize, next: Option<char>) {
        let Some(last) = self.folded.chars().next_back() else { return };
        if last == ' ' || last == '\n' || next.is_none() {
            return;
        }
        if is_japanese(last) && next.is_some_and(is_japanese) {
            return;
        }
        self.put(' ', origin);
    }

    /// Writes out the contraction that the word from `from` may be.
    fn finish_word(&mut self, from: usize, lang: Lang) {
        if lang != Lang::En {
            return;
        }
        let Some(word) = self.folded.get(from..) else { return };
        let full = if let Some(stem) = word.strip_suffix("n't") {
            match stem {
                "wo" => "will not".to_owned(),
                "ca" => "can not".to_owned(),
                stem => format!("{stem} not"),
            }
        } else if word == "cannot" {
            "can not".to_owned()
        } else if let Some(stem) = word.strip_suffix("'ve") {
            format!("{stem} have")
        } else if let Some(stem) = word.strip_suffix("'re") {
            format!("{stem} are")
        } else if let Some(stem) = word.strip_suffix("'ll") {
            format!("{stem} will")
        } else if word == "i'm" {
            "i am".to_owned()
        } else {
            return;
        };
        let origin = self.origin.get(from).copied().unwrap_or(0) as usize;
        self.folded.truncate(from);
        self.origin.truncate(from);
        self.put_str(&full, origin);
    }

    /// Ends sentences at their marks; returns where the unfinished one starts.
    fn cut_sentences(&mut self, from: usize, place: Place, lang: Lang, joins: bool) -> usize {
        let mut start = from;
        let mut ends = Vec::new();
        {
            let tail = self.folded.get(from..).unwrap_or("");
            let mut characters = tail.char_indices().peekable();
            while let Some((at, character)) = characters.next() {
                let next = characters.peek().map(|&(_, next)| next);
                let ended = match character {
                    '。' | '!' | '?' => !next.is_some_and(|next| {
                        matches!(next, '。' | '!' | '?' | '」' | '』' | ')' | '"')
                    }),
                    '」' | '』' | ')' | '"' => {
                        let before = tail.get(..at).and_then(|before| before.chars().next_back());
                        matches!(before, Some('!' | '?')) && lang == Lang::En && next == Some(' ')
                    }
                    '.' if lang == Lang::En => {
                        (next.is_none() && !joins || next == Some(' '))
                            && !is_abbreviation(tail.get(..at).unwrap_or(""))
                    }
                    ';' if lang == Lang::En => true,
                    _ => false,
                };
                if ended {
                    ends.push(from + at + character.len_utf8());
                }
            }
        }
        let line_end = self.folded.len();
        for end in ends {
            self.close(start, end, place);
            start = end;
        }
        if !joins && start < line_end {
            self.close(start, line_end, place);
            start = line_end;
        }
        start
    }

    fn close(&mut self, start: usize, end: usize, place: Place) {
        let Some(words) = self.folded.get(start..end) else { return };
        let trimmed = words.trim_start();
        let start = end - trimmed.len();
        if trimmed.trim().is_empty() {
            return;
        }
        self.sentences.push(Sentence { start, end, place });
    }
}

/// As many whole characters of `text` as fit into `bytes`.
fn prefix(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// Kana, ideographs and the marks that stand between them.
pub(crate) fn is_japanese(character: char) -> bool {
    matches!(character, '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}')
}

/// Columns of a line on a terminal, near enough: Japanese characters take two.
fn columns(line: &str) -> usize {
    line.chars().map(|character| if character < '\u{1100}' { 1 } else { 2 }).sum()
}

fn widest_line(text: &str) -> usize {
    text.split('\n').map(|line| columns(line.trim_end())).max().unwrap_or(0)
}

/// Whether `next` continues the sentence that `line` breaks off, as in hard-wrapped mail.
fn goes_on(line: &str, next: &str, widest: usize, joined: bool, lang: Lang) -> bool {
    let line = line.trim_end();
    let Some(first) = next.trim_start().chars().next() else { return false };
    let Some(last) = line.chars().next_back() else { return false };
    if is_rule(line) || is_rule(next) || begins_item(next) || is_row(line) || is_row(next) {
        return false;
    }
    let width = columns(line);
    match lang {
        Lang::Ja => {
            if matches!(
                last,
                '。' | '!' | '?' | ':' | '\u{FF01}' | '\u{FF1F}' | '\u{FF1A}' | '」' | '』' | '】'
            ) {
                return false;
            }
            let indented = next.starts_with([' ', '\u{3000}', '\t']);
            // A stub of a line in the midst of a wrapped sentence.
            if joined && !indented && width < 24 && is_japanese(last) && is_japanese(first) {
                return true;
            }
            let filled = width >= 44 && width + 14 >= widest.min(90);
            if filled && !indented {
                return true;
            }
            // A shorter line goes on if it plainly stops inside a phrase.
            width >= 24
                && (matches!(last, '、' | ',' | 'を' | 'が' | 'は' | 'に' | 'の' | 'で' | 'と')
                    || (filled && indented))
        }
        Lang::En => {
            if matches!(last, '.' | '!' | '?' | ':' | ';') {
                return false;
            }
            width >= 48 || (width >= 30 && (first.is_lowercase() || last == ','))
        }
    }
}

/// A line of nothing but dashes, stars, box drawings.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.chars().count() >= 3 && !line.chars().any(char::is_alphanumeric)
}

/// A row of a table: there is a wide gap within it.
fn is_row(line: &str) -> bool {
    let line = line.trim();
    ["\t", "\u{3000}\u{3000}", "   ", " | ", "｜"].iter().any(|gap| line.contains(gap))
}

/// A list item or heading by its first characters.
fn begins_item(line: &str) -> bool {
    let line = line.trim_start();
    let mut characters = line.chars();
    let Some(first) = characters.next() else { return false };
    if matches!(
        first,
        '・' | '■'
            | '□'
            | '●'
            | '○'
            | '◎'
            | '◆'
            | '◇'
            | '★'
            | '☆'
            | '▼'
            | '▲'
            | '▽'
            | '△'
            | '※'
            | '→'
            | '►'
            | '▶'
            | '•'
            | '*'
            | '【'
            | '<'
            | '['
            | '\u{FF1C}'
            | '\u{FF3B}'
            | '-'
            | '–'
            | '—'
            | '\u{2460}'..='\u{2473}' | '✓' | '✔' | '>'
    ) {
        return true;
    }
    let number = line.trim_start_matches(['(', '\u{FF08}']);
    let digits: String = number
        .chars()
        .take_while(|character: &char| character.is_ascii_digit() || character.is_ascii_digit())
        .collect();
    let after = number.chars().nth(digits.chars().count());
    if !digits.is_empty() && digits.chars().count() <= 2 {
        return matches!(after, Some('.' | ')' | '\u{FF09}' | '\u{FF0E}' | '、' | ':'));
    }
    line.starts_with('(') && line.chars().nth(2) == Some(')')
}

/// A full stop behind one of these, or behind one letter, ends no sentence.
fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit([' ', '(', '"']).next().unwrap_or("");
    matches!(
        word,
        "mr" | "mrs"
            | "ms"
            | "dr"
            | "prof"
            | "st"
            | "no"
            | "vs"
            | "e.g"
            | "i.e"
            | "etc"
            | "inc"
            | "ltd"
            | "co"
            | "sr"
            | "jr"
            | "approx"
            | "ref"
            | "dept"
    ) || (word.chars().count() == 1 && word.chars().all(char::is_alphabetic))
}
