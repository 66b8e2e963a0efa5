//! A line of a mail as the pieces that names are made of.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::words::{JOINERS, PARTICLES};

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A word in Latin letters with a capital, or a figure.
    Capital,
    /// Another word in Latin letters.
    Small,
    /// "of", "&": may stand inside a name.
    Joiner,
    Kanji,
    Katakana,
    Hiragana,
    /// は, から, です: ends what stands before it.
    Particle,
    /// 株式会社, Ltd.
    Form,
    /// 人事部, 様: a department, an office or a title behind a name.
    Office,
    /// Punctuation.
    Mark,
}

impl Kind {
    /// Written without spaces between words.
    pub(super) const fn is_japanese(self) -> bool {
        matches!(self, Self::Kanji | Self::Katakana | Self::Hiragana | Self::Particle)
    }
}

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// There is space before it.
    pub(super) gap: bool,
}

static PARTICLE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder(PARTICLES));

/// Finds these words, the longer before the shorter.
pub(super) fn finder<'a>(words: impl IntoIterator<Item = &'a &'a str>) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::ContiguousNFA)) // a tenth of a DFA's memory
        .build(words)
        .ok()
}

fn script(character: char) -> Option<Kind> {
    Some(match character {
        '\0'..='\x7F' if character.is_ascii_alphanumeric() => Kind::Small,
        '\0'..='\x7F' | '・' => return None,
        '\u{30A0}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9F}' => {
            Kind::Katakana
        }
        '\u{3041}'..='\u{309F}' => Kind::Hiragana,
        '\u{3005}'..='\u{3007}'
        | '\u{3400}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}' => Kind::Kanji,
        _ if character.is_alphanumeric() => Kind::Small,
        _ => return None,
    })
}

/// Whether a name may have this character between two letters.
const fn inside(character: char) -> bool {
    matches!(character, '\'' | '’' | '.' | '-' | '&' | '+')
}

/// The pieces of a line, in order. Words that `breaks` finds are pieces of their own: the first `forms` of its
/// patterns are legal forms, the others offices.
pub(super) fn tokens(
    line: &str,
    breaks: Option<&AhoCorasick>,
    forms: usize,
    found: &mut Vec<Token>,
) {
    found.clear();
    let mut listed = breaks
        .into_iter()
        .flat_map(|finder| finder.find_iter(line))
        .map(|found| (found.start(), found.end(), found.pattern().as_usize() < forms))
        .filter(|&(start, end, _)| is_whole(line, start, end))
        .peekable();
    let mut at = 0;
    let mut gap = false;
    while let Some(first) = line.get(at..).and_then(|rest| rest.chars().next()) {
        while listed.peek().is_some_and(|&(start, ..)| start < at) {
            listed.next();
        }
        if first.is_whitespace() {
            gap = true;
            at += first.len_utf8();
            continue;
        }
        if let Some(&(start, end, form)) = listed.peek()
            && start == at
        {
            let kind = if form { Kind::Form } else { Kind::Office };
            found.push(Token { start, end, kind, gap });
            (at, gap) = (end, false);
            continue;
        }
        let stop = listed.peek().map_or(line.len(), |&(start, ..)| start);
        let rest = line.get(at..stop).unwrap_or("");
        let Some(kind) = script(first) else {
            let kind = if first == '&' { Kind::Joiner } else { Kind::Mark };
            let end = at + first.len_utf8();
            found.push(Token { start: at, end, kind, gap });
            (at, gap) = (end, false);
            continue;
        };
        let mut end = at;
        let mut characters = rest.char_indices().peekable();
        while let Some((place, character)) = characters.next() {
            let next = characters.peek().and_then(|&(_, next)| script(next));
            let goes_on = script(character) == Some(kind)
                || is_combining(character)
                || (next == Some(kind)
                    && match kind {
                        Kind::Katakana => character == '・',
                        Kind::Small => inside(character),
                        _ => false,
                    });
            if !goes_on {
                break;
            }
            end = at + place + character.len_utf8();
        }
        let word = line.get(at..end).unwrap_or("");
        match kind {
            Kind::Small => {
                // "K.K.", "Inc.": not the full stop of a sentence.
                let short = word.contains('.') && word.split('.').all(|part| part.len() <= 2);
                let dotted = short || (!found.is_empty() && is_form(word));
                let end = if dotted && line.get(end..).is_some_and(|rest| rest.starts_with('.')) {
                    end + 1
                } else {
                    end
                };
                found.push(Token { start: at, end, kind: latin(word, !found.is_empty()), gap });
            }
            Kind::Hiragana => particles(at, word, gap, found),
            _ => found.push(Token { start: at, end, kind, gap }),
        }
        (at, gap) = (found.last().map_or(end, |last| last.end), false);
    }
}

fn latin(word: &str, behind: bool) -> Kind {
    if behind && is_form(word) {
        return Kind::Form;
    }
    if JOINERS.contains(&word) {
        return Kind::Joiner;
    }
    let capital =
        word.chars().next().is_some_and(|first| first.is_uppercase() || first.is_ascii_digit())
            || word.chars().nth(1).is_some_and(char::is_uppercase);
    if capital { Kind::Capital } else { Kind::Small }
}

/// "Ltd", not "as": the forms in Latin letters are words, too.
fn is_form(word: &str) -> bool {
    word.starts_with(char::is_uppercase) && super::domain::is_form(word)
}

/// Of the offices that are one character (課, 部, 係, 室), only those that end a word: not 室町.
fn is_whole(line: &str, start: usize, end: usize) -> bool {
    let of_word = |character: Option<char>| {
        character.and_then(script).is_some_and(|kind| kind != Kind::Hiragana)
    };
    let is_one = line.get(start..end).is_some_and(|word| word.chars().nth(1).is_none());
    !is_one
        || (of_word(line.get(..start).and_then(|before| before.chars().next_back()))
            && !of_word(line.get(end..).and_then(|after| after.chars().next())))
        || matches!(line.get(start..end), Some("㈱" | "㈲"))
}

const fn is_combining(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36F}' | '\u{3099}' | '\u{309A}')
}

/// A run of hiragana, parted at its particles.
fn particles(start: usize, run: &str, gap: bool, found: &mut Vec<Token>) {
    let mut at = 0;
    let mut gap = gap;
    let mut push = |from: usize, to: usize, kind: Kind| {
        if from < to {
            found.push(Token { start: start + from, end: start + to, kind, gap });
            gap = false;
        }
    };
    for particle in PARTICLE.iter().flat_map(|finder| finder.find_iter(run)) {
        push(at, particle.start(), Kind::Hiragana);
        push(particle.start(), particle.end(), Kind::Particle);
        at = particle.end();
    }
    push(at, run.len(), Kind::Hiragana);
}
