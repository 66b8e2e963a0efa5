//! The proper nouns of an English text: names of persons, firms and places.
//!
//! Names are new in every mail, so as words they say nothing. That there *is* one says a lot: "We have chosen Marta"
//! tells of somebody, whoever that is.

use super::grams;
use super::text::{Place, Text};
use crate::lang::Lang;

/// Words that are written with a capital without naming anybody.
const CALENDAR_AND_TITLES: [&str; 26] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "mr",
    "mrs",
    "ms",
    "dr",
    "english",
    "japanese",
    // Other contractions are written out.
    "i'd",
];

/// The proper nouns of a text, as the hashes of their words in ascending order.
#[derive(Debug, Default)]
pub(crate) struct ProperNouns(Vec<u32>);

impl ProperNouns {
    /// Words with a capital within sentences that are nowhere in the text written small.
    ///
    /// None in a Japanese text, which has no capitals, nor by the mail's subject, where every word may have one.
    pub(crate) fn of(text: &Text, lang: Lang) -> Self {
        let mut names = Vec::new();
        if lang == Lang::Ja {
            return Self(names);
        }
        let words = || {
            let sentences =
                text.sentences.iter().filter(|sentence| sentence.place != Place::Subject);
            sentences.flat_map(|sentence| {
                let folded = text.words(sentence);
                grams::tokens(folded).map(move |(at, word)| {
                    let start = sentence.start + at;
                    let before = folded.get(..at).unwrap_or("").trim_end();
                    (before, word, text.seen(start, start + word.len()))
                })
            })
        };
        for (before, word, seen) in words() {
            if seen.starts_with(char::is_uppercase)
                && seen.chars().any(char::is_lowercase)
                && goes_on(before)
                && is_written(word, seen)
                && !CALENDAR_AND_TITLES.contains(&bare(word))
            {
                names.push(grams::of_word(bare(word)));
            }
        }
        if names.is_empty() {
            return Self(names);
        }
        names.sort_unstable();
        names.dedup();
        let mut stays = vec![true; names.len()];
        for (_, word, seen) in words() {
            if seen.starts_with(char::is_lowercase)
                && let Ok(at) = names.binary_search(&grams::of_word(bare(word)))
                && let Some(stays) = stays.get_mut(at)
            {
                *stays = false;
            }
        }
        let mut stays = stays.into_iter();
        names.retain(|_| stays.next() == Some(true));
        Self(names)
    }

    /// A folded word is one of them.
    pub(crate) fn contains(&self, word: &str) -> bool {
        !self.0.is_empty() && self.0.binary_search(&grams::of_word(bare(word))).is_ok()
    }
}

/// The word without the ending of a possessive.
fn bare(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

/// The word stands so in the mail: "have" of "We've" does not.
fn is_written(word: &str, seen: &str) -> bool {
    let seen = seen.chars().flat_map(char::to_lowercase);
    seen.map(|c| if c == '\u{2019}' { '\'' } else { c }).eq(word.chars())
}

/// After these words a sentence goes on. Behind most marks and bullets any word may have a capital.
fn goes_on(before: &str) -> bool {
    const TITLES: [&str; 4] = ["mr.", "mrs.", "ms.", "dr."];
    before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ',' | '\'' | '&'))
        || TITLES.iter().any(|title| before.ends_with(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(words: &'a str, asked: &[&'a str]) -> Vec<&'a str> {
        let names = ProperNouns::of(&Text::of(words, Lang::En), Lang::En);
        asked.iter().copied().filter(|word| names.contains(word)).collect()
    }

    #[test]
    fn names_are_words_with_a_capital_within_a_sentence() {
        let told = "Thanks for coming. On Monday we chose Marta, who ran Larkfield's shop.";
        let asked = ["thanks", "on", "monday", "marta", "larkfield", "larkfield's", "shop"];
        assert_eq!(names(told, &asked), ["marta", "larkfield", "larkfield's"]);
    }

    #[test]
    fn a_word_that_is_written_small_elsewhere_is_none() {
        let told = "Dear Will, we saw Rose last. The rose garden will open, and Will you come?";
        assert_eq!(names(told, &["will", "rose"]), [""; 0]);
    }

    #[test]
    fn contractions_are_none() {
        let told = "I'm sorry. We've chosen Marta. Don't worry, and I\u{2019}ll write if I'd to.";
        let asked = ["am", "have", "not", "will", "i'd", "marta"];
        assert_eq!(names(told, &asked), ["marta"]);
    }

    #[test]
    fn a_title_ends_no_sentence_but_a_bullet_begins_one() {
        let told = "Dear Mr. Pell: 1) Bring your passport | Status of it";
        assert_eq!(names(told, &["pell", "bring", "status"]), ["pell"]);
    }

    #[test]
    fn shouting_and_first_words_are_none() {
        assert_eq!(
            names("We are NOT able to. Reason: Other. (See below.)", &["not", "other", "see"]),
            [""; 0]
        );
    }

    #[test]
    fn neither_a_subject_nor_a_japanese_text_has_any() {
        let mut text = Text::default();
        text.push("Your Application To Corvane", Place::Subject, Lang::En);
        assert!(!ProperNouns::of(&text, Lang::En).contains("corvane"));
        let text = Text::of("先日は Corvane へお越しいただき", Lang::Ja);
        assert!(!ProperNouns::of(&text, Lang::Ja).contains("corvane"));
    }
}
