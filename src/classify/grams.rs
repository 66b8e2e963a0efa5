//! The features of a sentence: runs of characters (Japanese) or of words, their stems and parts (English), as hashes.
//!
//! Hashes instead of words keep the learned table small and free of pointers: it is used as it lies in the
//! program. Figures are folded to one, so dates and times look alike; the numbers of stages ("2nd interview",
//! "2次面接") are read as the words that they are also written with.

use super::proper::ProperNouns;
use super::text::{Sentence, Text};
use crate::lang::Lang;

/// Longest run of characters of a Japanese feature.
const LONGEST_RUN: usize = 4;

/// Most words of an English feature.
const MOST_WORDS: usize = 3;

/// Bytes of a part of an English word, its edges among them.
const PART: usize = 5;

/// Words behind the number of a stage.
const STAGES: [&str; 6] = ["interview", "interviews", "round", "stage", "phase", "test"];

/// Where a feature was found, if that makes it another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Salt {
    /// A run of characters or words, anywhere.
    Run = 1,
    /// Stems of words.
    Stem = 2,
    /// In the subject.
    Subject = 3,
    /// In the sender's name or address.
    Sender = 4,
    /// A mark of the headers.
    Mark = 5,
    /// What became of the application.
    Outcome = 6,
    /// Stems of two words with one between them.
    Around = 7,
    /// Parts of words.
    Part = 8,
}

pub(crate) const fn mix(hash: u32, value: u32) -> u32 {
    (hash.rotate_left(5) ^ value).wrapping_mul(0x9E37_79B1)
}

/// Never 0, which stands for an empty place in the table.
pub(crate) const fn finish(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x85EB_CA6B);
    let hash = hash ^ (hash >> 13);
    if hash == 0 { 1 } else { hash }
}

/// The hash of a name, such as that of a mark.
pub(crate) fn of_name(name: &str, salt: Salt) -> u32 {
    finish(name.bytes().fold(mix(0, salt as u32), |hash, byte| mix(hash, u32::from(byte))))
}

/// The features, each once.
pub(crate) fn once(mut features: Vec<u32>) -> Vec<u32> {
    features.sort_unstable();
    features.dedup();
    features
}

/// Reads each sentence of a text with its features.
pub(crate) fn each_sentence<'t>(
    text: &'t Text,
    lang: Lang,
    mut read: impl FnMut(&'t Sentence, &[u32]),
) {
    let names = ProperNouns::of(text, lang);
    let mut found = Vec::new();
    for sentence in &text.sentences {
        found.clear();
        of_sentence(text.words(sentence), lang, &names, &mut found);
        read(sentence, &found);
    }
}

/// Adds the features of one folded sentence.
fn of_sentence(sentence: &str, lang: Lang, names: &ProperNouns, into: &mut Vec<u32>) {
    match lang {
        Lang::Ja => of_characters(sentence, Salt::Run, into),
        Lang::En => of_words(sentence, names, into),
    }
}

/// Adds the features of a folded subject: what else it says as the subject, beside what it says as a sentence.
pub(crate) fn of_subject(subject: &str, lang: Lang, into: &mut Vec<u32>) {
    match lang {
        Lang::Ja => of_characters(subject, Salt::Subject, into),
        Lang::En => {
            let mut runs = Runs::<MOST_WORDS>::new(Salt::Subject);
            words(subject).for_each(|word| runs.push(word.hash(), into));
        }
    }
}

/// Adds the features of a sender: the words of the name, the labels of the domain, and parts of both.
pub(crate) fn of_sender(name: &str, address: &str, into: &mut Vec<u32>) {
    let mut characters: Vec<u32> = Vec::new();
    for part in [name, address].iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())) {
        characters.clear();
        characters.extend(part.chars().flat_map(char::to_lowercase).map(u32::from));
        if characters.len() < 2 {
            continue;
        }
        let whole = characters.iter().fold(mix(1, Salt::Sender as u32), |hash, &c| mix(hash, c));
        into.push(finish(whole));
        let size = if characters.iter().all(|&c| c < 128) { 4 } else { 2 };
        for run in characters.windows(size) {
            into.push(finish(
                run.iter().fold(mix(0, Salt::Sender as u32), |hash, &c| mix(hash, c)),
            ));
        }
    }
}

fn of_characters(sentence: &str, salt: Salt, into: &mut Vec<u32>) {
    let mut runs = Runs::<LONGEST_RUN>::new(salt);
    let edge = u32::from('^');
    let mut rest = sentence.chars();
    let mut in_figure = false;
    let folded = std::iter::from_fn(|| {
        loop {
            let character = rest.next()?;
            let starts = !in_figure;
            in_figure = character.is_ascii_digit();
            if character.is_whitespace() {
                continue;
            }
            let of_stage =
                in_figure && starts && rest.clone().find(|c| !c.is_whitespace()) == Some('次');
            return Some(match character {
                '1' if of_stage => '一',
                '2' if of_stage => '二',
                '3' if of_stage => '三',
                '4' if of_stage => '四',
                '0'..='9' => '0',
                _ => character,
            });
        }
    });
    for character in
        std::iter::once(edge).chain(folded.map(u32::from)).chain(std::iter::once(u32::from('$')))
    {
        runs.push(character, into);
    }
}

fn of_words(sentence: &str, names: &ProperNouns, into: &mut Vec<u32>) {
    let mut runs = Runs::<MOST_WORDS>::new(Salt::Run);
    let mut stems = Runs::<MOST_WORDS>::new(Salt::Stem);
    // The stems before the present one, the nearest last.
    let mut before = [None; 2];
    for word in words(sentence) {
        runs.push(word.hash(), into);
        if let Word::Written(written) = word {
            of_parts(written, into);
        }
        let stem = word.stem(names);
        if stem == NAME && before[1] == Some(NAME) {
            // "Ruth Pell of Larkfield" names twice, not three times.
            continue;
        }
        stems.push(stem, into);
        let around = before[0].map(|first| mix(mix(0, Salt::Around as u32), first));
        into.extend(around.map(|first| finish(mix(first, stem))));
        before = [before[1], Some(stem)];
    }
}

/// The hashes of the runs that end at the present word or character, longest first.
struct Runs<const LONGEST: usize> {
    start: u32,
    open: [Option<u32>; LONGEST],
}

impl<const LONGEST: usize> Runs<LONGEST> {
    const fn new(salt: Salt) -> Self {
        Self { start: mix(0, salt as u32), open: [None; LONGEST] }
    }

    /// Goes on by one word or character, and adds the runs that end there.
    fn push(&mut self, next: u32, into: &mut Vec<u32>) {
        self.open.rotate_left(1);
        if let Some(last) = self.open.last_mut() {
            *last = Some(self.start);
        }
        for hash in self.open.iter_mut().flatten() {
            *hash = mix(*hash, next);
            into.push(finish(*hash));
        }
    }
}

/// What a run of words is made of.
#[derive(Debug, Clone, Copy)]
enum Word<'a> {
    /// Before the first word.
    First,
    /// Figures are all alike.
    Figure,
    /// Behind the last word.
    Last,
    Written(&'a str),
}

/// Stands for all names among the stems.
const NAME: u32 = 5;

impl Word<'_> {
    fn hash(self) -> u32 {
        match self {
            Word::First => 1,
            Word::Figure => 2,
            Word::Last => 3,
            Word::Written(word) => of_word(word),
        }
    }

    fn stem(self, names: &ProperNouns) -> u32 {
        match self {
            Word::Written(word) if names.contains(word) => NAME,
            Word::Written(word) => of_word(stem(word)),
            _ => self.hash(),
        }
    }
}

/// The hash of a word, before a run is made of it.
pub(super) fn of_word(word: &str) -> u32 {
    word.bytes().fold(7, |hash, byte| mix(hash, u32::from(byte)))
}

/// The words of a sentence between its edges; numbers of stages are words.
fn words(sentence: &str) -> impl Iterator<Item = Word<'_>> {
    let mut tokens = tokens(sentence).map(|(_, token)| token).peekable();
    let words = std::iter::from_fn(move || {
        let token = tokens.next()?;
        // "The interview on the 2nd" tells a date.
        let of_stage = tokens.peek().is_some_and(|next| STAGES.contains(next));
        Some(match token {
            "1st" if of_stage => Word::Written("first"),
            "2nd" if of_stage => Word::Written("second"),
            "3rd" if of_stage => Word::Written("third"),
            _ if token.starts_with(|c: char| c.is_ascii_digit()) => Word::Figure,
            _ => Word::Written(token),
        })
    });
    std::iter::once(Word::First).chain(words).chain(std::iter::once(Word::Last))
}

/// Adds the parts of a word: what is written otherwise, or put together anew, is known by them.
fn of_parts(word: &str, into: &mut Vec<u32>) {
    let mut last = [0; PART];
    let bytes = [b'^'].into_iter().chain(word.bytes()).chain([b'$']);
    for (at, byte) in bytes.enumerate() {
        last.rotate_left(1);
        if let Some(last) = last.last_mut() {
            *last = u32::from(byte);
        }
        if at + 1 >= PART {
            let start = mix(0, Salt::Part as u32);
            into.push(finish(last.iter().fold(start, |hash, &byte| mix(hash, byte))));
        }
    }
}

/// Words, figures, and the marks that end or part clauses, each with the byte where it begins.
pub(super) fn tokens(sentence: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            let part = |c: char| c.is_alphanumeric() || c == '\'';
            let length = if part(first) {
                rest.find(|c: char| !part(c)).unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let at = sentence.len() - rest.len();
            let (token, tail) = rest.split_at_checked(length)?;
            rest = tail;
            if part(first) || matches!(first, '.' | ',' | '!' | '?' | ':' | ';') {
                return Some((at, token));
            }
        }
    })
}

/// The word without its ending, near enough: "declined", "declining" and "declines" are one.
fn stem(word: &str) -> &str {
    const ENDINGS: [&str; 16] = [
        "ingly", "ations", "ation", "edly", "ments", "ment", "ing", "ied", "ies", "ely", "ed",
        "ly", "es", "'s", "s", "e",
    ];
    ENDINGS
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.len() >= 3))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(sentence: &str, lang: Lang) -> Vec<u32> {
        let mut found = Vec::new();
        of_sentence(sentence, lang, &ProperNouns::default(), &mut found);
        found
    }

    #[test]
    fn a_japanese_sentence_has_all_its_runs_up_to_four_characters() {
        // ^ 採 用 $: four of one character, three of two, two of three, one of four.
        assert_eq!(features("採用", Lang::Ja).len(), 4 + 3 + 2 + 1);
        assert_eq!(features("採 用", Lang::Ja), features("採用", Lang::Ja));
    }

    #[test]
    fn figures_are_all_alike() {
        assert_eq!(features("12日", Lang::Ja), features("34日", Lang::Ja));
        assert_eq!(features("in 3 days", Lang::En), features("in 14 days", Lang::En));
    }

    #[test]
    fn numbers_of_stages_are_words() {
        assert_eq!(features("2次面接", Lang::Ja), features("二次面接", Lang::Ja));
        assert_ne!(features("1次面接", Lang::Ja), features("2次面接", Lang::Ja));
        assert_eq!(features("12次", Lang::Ja), features("34次", Lang::Ja));
        assert_eq!(features("2027 2 次面接", Lang::Ja), features("2027 二次面接", Lang::Ja));
        assert_eq!(
            features("your 2nd interview", Lang::En),
            features("your second interview", Lang::En)
        );
        assert_eq!(features("on the 2nd", Lang::En), features("on the 9th", Lang::En));
    }

    #[test]
    fn english_words_meet_in_their_stems() {
        let declined = features("declined", Lang::En);
        let shared =
            features("declining", Lang::En).iter().filter(|f| declined.contains(f)).count();
        assert!(shared > 3, "{shared}");
        assert_eq!(stem("es"), "es");
    }

    #[test]
    fn an_english_word_is_known_by_its_parts() {
        let mut found = Vec::new();
        of_parts("hired", &mut found);
        // ^hire, hired, ired$
        assert_eq!(found.len(), 3);
        let rehired = features("rehired", Lang::En);
        assert_eq!(found.iter().filter(|part| rehired.contains(part)).count(), 2);
        of_parts("the", &mut found);
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn a_sender_is_told_by_words_and_their_parts() {
        let mut one = Vec::new();
        let mut other = Vec::new();
        of_sender("人事部 佐藤", "jinji@aoba.example", &mut one);
        of_sender("人事課", "saiyo@aoba.example", &mut other);
        assert!(one.iter().any(|feature| other.contains(feature)));
    }
}
