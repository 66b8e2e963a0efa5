//! The cues of `config/rules`, and how they are found in a text.
//!
//! A cue is a sequence of word classes inside one sentence, so that one line of data covers every
//! combination of its words. All words of a language are searched in one pass (Aho-Corasick), and
//! the sequences are matched over the words found: linear in the size of the mail, whatever it says.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Deserialize;

use super::model::{Model, ModelError};
use super::text::{Place, Sentence, Text};
use crate::lang::Lang;

/// Why rules could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The text is not TOML, or has a key that does not belong there.
    #[error("rules/{lang}.toml: {source}", lang = lang.code())]
    Toml {
        /// Which language's rules.
        lang: Lang,
        /// What the parser says.
        source: toml::de::Error,
    },
    /// A cue names something that is not there.
    #[error("rules/{lang}.toml: cue \"{cue}\": {what}", lang = lang.code())]
    Cue {
        /// Which language's rules.
        lang: Lang,
        /// The cue's name.
        cue: String,
        /// What is wrong.
        what: String,
    },
    /// The words could not be made into a search automaton.
    #[error("rules: {0}")]
    Words(#[from] aho_corasick::BuildError),
    /// What was learned is not usable.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What mails are read with: the learned models, and cues for the attributes.
#[derive(Debug)]
pub struct Rules {
    ja: Lexicon,
    en: Lexicon,
    ja_model: Model,
    en_model: Model,
}

impl Rules {
    /// The rules that goen is built with.
    ///
    /// # Errors
    /// None in a released build: a test reads them.
    pub fn built_in() -> Result<Self, RulesError> {
        Self::read(
            [
                include_str!("../../config/rules/ja.toml"),
                include_str!("../../config/rules/en.toml"),
            ],
            [
                Cow::Borrowed(include_bytes!("../../config/rules/ja.model")),
                Cow::Borrowed(include_bytes!("../../config/rules/en.model")),
            ],
        )
    }

    /// Reads rules from the texts of `ja.toml` and `en.toml` and the bytes of `ja.model` and `en.model`.
    ///
    /// # Errors
    /// A text that is not TOML, an unknown key, a pattern with an unknown word class, a damaged model.
    pub fn read(
        [ja, en]: [&str; 2],
        [ja_model, en_model]: [Cow<'static, [u8]>; 2],
    ) -> Result<Self, RulesError> {
        Ok(Self {
            ja: Lexicon::parse(ja, Lang::Ja)?,
            en: Lexicon::parse(en, Lang::En)?,
            ja_model: Model::read(ja_model)?,
            en_model: Model::read(en_model)?,
        })
    }

    /// The lexicon of one language.
    pub(crate) const fn lexicon(&self, lang: Lang) -> &Lexicon {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }

    /// What was learned for one language.
    pub(crate) const fn model(&self, lang: Lang) -> &Model {
        match lang {
            Lang::Ja => &self.ja_model,
            Lang::En => &self.en_model,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    words: BTreeMap<String, Vec<String>>,
    cue: Vec<RawCue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCue {
    name: String,
    says: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    sets: Option<String>,
    #[serde(default)]
    mood: Mood,
    #[serde(default)]
    at: Option<At>,
}

/// Which sentences a cue is read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mood {
    /// Only what is stated as fact.
    #[default]
    Fact,
    /// Also what is only supposed.
    Any,
}

/// Where a cue is looked for, if not everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum At {
    /// In the subject.
    Subject,
    /// In the body.
    Body,
    /// In quoted words.
    Quoted,
}

/// One cue, compiled.
#[derive(Debug)]
pub(crate) struct Cue {
    pub(crate) name: String,
    /// An attribute that it tells: `stage:document`, `door:open`.
    pub(crate) sets: Option<(String, String)>,
    mood: Mood,
    at: Option<At>,
    unless: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    elements: Vec<Element>,
    /// These classes must not follow closely.
    not_after: Vec<u16>,
    /// These classes must not stand closely before.
    not_before: Vec<u16>,
}

#[derive(Debug, Clone)]
struct Element {
    classes: Vec<u16>,
    /// Most bytes between the element before and this one.
    gap: usize,
}

/// A word found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Token {
    start: usize,
    end: usize,
    class: u16,
}

/// A cue found in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// Index of the cue.
    pub(crate) cue: usize,
    /// Range of bytes of the folded text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Index of the sentence.
    pub(crate) sentence: usize,
    pub(crate) place: Place,
}

/// The words and cues of one language.
#[derive(Debug)]
pub(crate) struct Lexicon {
    search: AhoCorasick,
    /// For each word: its classes, and whether it must begin and end at a word's edge.
    atoms: Vec<Atom>,
    pub(crate) cues: Vec<Cue>,
    /// For each class: the patterns that begin with it.
    first: Vec<Vec<(usize, Pattern)>>,
    mood: MoodWords,
    /// For each class: whether all its words negate.
    negations: Vec<bool>,
}

#[derive(Debug, Default)]
struct Atom {
    classes: Vec<u16>,
    whole_start: bool,
    whole_end: bool,
}

/// The classes that set clauses aside.
#[derive(Debug, Default)]
struct MoodWords {
    if_: u16,
    plain: u16,
    perhaps: u16,
    but: u16,
    mistake: u16,
    rightly: u16,
    titled: u16,
    reported: u16,
    told: u16,
    denied: u16,
    neg: u16,
    notneg: u16,
    heading: u16,
}

/// How far apart, in characters, two elements of a pattern may stand.
#[derive(Debug, Clone, Copy)]
struct Gaps {
    bytes_a_character: usize,
    near: usize,
    far: usize,
    sentence: usize,
}

impl Gaps {
    const fn of(lang: Lang) -> Self {
        match lang {
            Lang::Ja => Self { bytes_a_character: 3, near: 2, far: 14, sentence: 45 },
            Lang::En => Self { bytes_a_character: 1, near: 2, far: 36, sentence: 140 },
        }
    }
}

/// A pattern with the index of its cue.
type Start = (usize, Pattern);

struct Compiler {
    lang: Lang,
    classes: HashMap<String, u16>,
    words: HashMap<String, Vec<u16>>,
}

impl Compiler {
    fn class(&mut self, name: &str) -> u16 {
        let next = u16::try_from(self.classes.len()).unwrap_or(u16::MAX);
        *self.classes.entry(name.to_owned()).or_insert(next)
    }

    fn word(&mut self, word: &str, class: u16) {
        let classes = self.words.entry(word.to_owned()).or_default();
        if !classes.contains(&class) {
            classes.push(class);
        }
    }

    fn classes_of(&mut self, text: &str, cue: &str) -> Result<Vec<u16>, RulesError> {
        let mut found = Vec::new();
        for part in text.split('|') {
            if let Some(name) = part.strip_prefix('@') {
                let Some(&class) = self.classes.get(name) else {
                    let what = format!("there is no word class @{name}");
                    return Err(RulesError::Cue { lang: self.lang, cue: cue.to_owned(), what });
                };
                found.push(class);
            } else {
                let word = part.replace('_', " ");
                let class = self.class(&format!("={word}"));
                self.word(&word, class);
                found.push(class);
            }
        }
        Ok(found)
    }

    fn pattern(&mut self, says: &str, cue: &str) -> Result<Pattern, RulesError> {
        let gaps = Gaps::of(self.lang);
        let mut pattern =
            Pattern { elements: Vec::new(), not_after: Vec::new(), not_before: Vec::new() };
        let mut gap = gaps.near;
        for part in says.split_whitespace() {
            if let Some(size) = part.strip_prefix("...") {
                gap = size.parse().unwrap_or(gaps.sentence);
            } else if let Some(size) = part.strip_prefix("..") {
                gap = size.parse().unwrap_or(gaps.far);
            } else if let Some(classes) = part.strip_prefix('!') {
                let classes = self.classes_of(classes, cue)?;
                if pattern.elements.is_empty() {
                    pattern.not_before.extend(classes);
                } else {
                    pattern.not_after.extend(classes);
                }
            } else {
                let classes = self.classes_of(part, cue)?;
                pattern.elements.push(Element { classes, gap: gap * gaps.bytes_a_character });
                gap = gaps.near;
            }
        }
        if pattern.elements.is_empty() {
            let what = format!("\"{says}\" has no word");
            return Err(RulesError::Cue { lang: self.lang, cue: cue.to_owned(), what });
        }
        Ok(pattern)
    }
}

impl Lexicon {
    fn parse(text: &str, lang: Lang) -> Result<Self, RulesError> {
        let file: File =
            toml::from_str(text).map_err(|source| RulesError::Toml { lang, source })?;
        let mut compiler = Compiler { lang, classes: HashMap::new(), words: HashMap::new() };
        // `@a` inside a class takes in all words of class `a`.
        for name in file.words.keys() {
            compiler.class(name);
        }
        for (name, words) in &file.words {
            let class = compiler.class(name);
            for word in words {
                if let Some(other) = word.strip_prefix('@') {
                    let Some(included) = file.words.get(other) else {
                        let what = format!("there is no word class @{other}");
                        return Err(RulesError::Cue { lang, cue: name.clone(), what });
                    };
                    for word in included {
                        compiler.word(word, class);
                    }
                } else {
                    compiler.word(word, class);
                }
            }
        }
        let mood = MoodWords {
            if_: compiler.class("if"),
            plain: compiler.class("plain"),
            perhaps: compiler.class("perhaps"),
            but: compiler.class("but"),
            mistake: compiler.class("mistake"),
            rightly: compiler.class("rightly"),
            titled: compiler.class("titled"),
            reported: compiler.class("reported"),
            told: compiler.class("told"),
            denied: compiler.class("denied"),
            neg: compiler.class("neg"),
            notneg: compiler.class("notneg"),
            heading: compiler.class("heading"),
        };
        let (cues, patterns) = compile_cues(file.cue, &mut compiler)?;
        let mut first: Vec<Vec<(usize, Pattern)>> = vec![Vec::new(); compiler.classes.len()];
        for (cue, pattern) in patterns {
            let Some(head) = pattern.elements.first() else { continue };
            for &class in &head.classes {
                if let Some(starts) = first.get_mut(usize::from(class)) {
                    starts.push((cue, pattern.clone()));
                }
            }
        }
        // A class made of one negating word, as patterns spell it out, negates like the class itself.
        let mut negations = vec![false; compiler.classes.len()];
        for classes in compiler.words.values() {
            if classes.contains(&mood.neg) {
                for &class in classes {
                    if compiler
                        .classes
                        .iter()
                        .any(|(name, &index)| index == class && name.starts_with('='))
                        && let Some(slot) = negations.get_mut(usize::from(class))
                    {
                        *slot = true;
                    }
                }
            }
        }
        let mut words: Vec<(String, Vec<u16>)> = compiler.words.into_iter().collect();
        words.sort();
        let mut atoms = Vec::new();
        let mut needles = Vec::new();
        for (word, classes) in words {
            let open_end = word.ends_with('*');
            let needle = word.trim_end_matches('*').to_owned();
            let edge = |character: Option<char>| {
                character.is_some_and(|character| character.is_ascii_alphanumeric())
            };
            atoms.push(Atom {
                classes,
                whole_start: edge(needle.chars().next()),
                whole_end: !open_end && edge(needle.chars().next_back()),
            });
            needles.push(needle);
        }
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&needles)?;
        Ok(Self { search, atoms, cues, first, mood, negations })
    }

    /// All words of the text, in its order.
    fn tokens(&self, text: &str) -> Vec<Token> {
        let bytes = text.as_bytes();
        let word_byte = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
        let mut tokens = Vec::new();
        for found in self.search.find_overlapping_iter(text) {
            let Some(atom) = self.atoms.get(found.pattern().as_usize()) else { continue };
            if atom.whole_start && found.start() > 0 && word_byte(bytes.get(found.start() - 1)) {
                continue;
            }
            if atom.whole_end && word_byte(bytes.get(found.end())) {
                continue;
            }
            for &class in &atom.classes {
                tokens.push(Token { start: found.start(), end: found.end(), class });
            }
        }
        tokens.sort_unstable();
        // A negation inside a polite question or a double negation is none.
        let excusing: Vec<Token> =
            tokens.iter().copied().filter(|token| token.class == self.mood.notneg).collect();
        if !excusing.is_empty() {
            let covered = |token: &Token| {
                let near = excusing.partition_point(|other| other.end < token.start);
                excusing
                    .iter()
                    .skip(near)
                    .take_while(|other| other.start <= token.end)
                    .any(|other| other.start <= token.start && token.end <= other.end)
            };
            tokens.retain(|token| !self.negating(token.class) || !covered(token));
        }
        tokens
    }

    fn negating(&self, class: u16) -> bool {
        class == self.mood.neg || self.negations.get(usize::from(class)) == Some(&true)
    }

    /// All cues of the text, in its order.
    pub(crate) fn hits(&self, text: &Text) -> Vec<Hit> {
        let tokens = self.tokens(&text.folded);
        let mut hits = Vec::new();
        let mut from = 0;
        let mut under_condition: Option<u32> = None;
        let mut list_is_headed = false;
        let mut old_mail_follows = false;
        let fuel = Cell::new(FUEL);
        let mut present = Present { seen: vec![0; self.first.len()], now: 0 };
        for (index, sentence) in text.sentences.iter().enumerate() {
            while tokens.get(from).is_some_and(|token| token.start < sentence.start) {
                from += 1;
            }
            let length = tokens
                .get(from..)
                .map_or(0, |rest| rest.partition_point(|token| token.start < sentence.end));
            let Some(inside) = tokens.get(from..from + length.min(MOST_WORDS)) else { continue };
            let mut aside = self.set_aside(inside, sentence, text);
            // A heading that is a condition ("if you passed:") sets its paragraph aside.
            // Among headings of items, the next item ends it; under another heading, the items are its list.
            let ended = list_is_headed && sentence_opens_item(text, sentence);
            if under_condition == Some(sentence.paragraph) && !ended {
                aside.push((sentence.start, sentence.end));
            } else {
                under_condition = None;
            }
            if under_condition.is_none() && self.is_conditional_heading(inside, sentence) {
                under_condition = Some(sentence.paragraph);
                list_is_headed = sentence_opens_item(text, sentence);
            }
            if sentence.place == Place::New && self.owns_up(inside) {
                // Under a line such as "---- the mail sent by mistake ----" stands the mail itself.
                old_mail_follows |= text.words(sentence).starts_with(['-', '=', '―', '*']);
            } else if old_mail_follows && sentence.place == Place::New {
                aside.push((sentence.start, sentence.end));
            }
            // "Our system told you this:" is followed by what no longer holds.
            if inside.iter().any(|token| token.class == self.mood.told)
                && text.words(sentence).ends_with(':')
            {
                under_condition = Some(sentence.paragraph + 1);
            }
            present.see(inside);
            self.match_sentence(inside, sentence, index, &aside, (&present, &fuel), &mut hits);
        }
        hits
    }

    /// The sentence owns up to a mistake; "if you received this in error" does not.
    fn owns_up(&self, tokens: &[Token]) -> bool {
        let mood = &self.mood;
        let mistake = tokens.iter().find(|token| token.class == mood.mistake);
        mistake.is_some_and(|mistake| {
            !tokens.iter().any(|token| token.class == mood.if_ && token.start < mistake.end + 24)
        })
    }

    fn match_sentence(
        &self,
        tokens: &[Token],
        sentence: &Sentence,
        index: usize,
        aside: &[(usize, usize)],
        bounds: (&Present, &Cell<u32>),
        hits: &mut Vec<Hit>,
    ) {
        let (present, fuel) = bounds;
        for (at, token) in tokens.iter().enumerate() {
            let Some(starts) = self.first.get(usize::from(token.class)) else { continue };
            for (cue_index, pattern) in starts {
                let Some(cue) = self.cues.get(*cue_index) else { continue };
                let fits = match cue.at {
                    None => true,
                    Some(At::Subject) => sentence.place == Place::Subject,
                    Some(At::Body) => sentence.place != Place::Subject,
                    Some(At::Quoted) => sentence.place == Place::Quoted,
                };
                if !fits
                    || hits
                        .iter()
                        .rev()
                        .take_while(|hit| hit.sentence == index)
                        .any(|hit| hit.cue == *cue_index)
                {
                    continue;
                }
                if !pattern.is_possible(present) {
                    continue;
                }
                let Some(last) = pattern.match_at(tokens, at, fuel) else { continue };
                let vetoed = cue
                    .unless
                    .iter()
                    .any(|pattern| pattern.is_possible(present) && pattern.is_in(tokens, fuel));
                if vetoed {
                    continue;
                }
                let supposed =
                    || aside.iter().any(|&(start, end)| (start..end).contains(&last.start));
                if cue.mood == Mood::Fact && supposed() {
                    continue;
                }
                hits.push(Hit {
                    cue: *cue_index,
                    start: token.start,
                    end: last.end,
                    sentence: index,
                    place: sentence.place,
                });
            }
        }
    }

    /// The ranges of a sentence that are only supposed, possible, or taken back.
    fn set_aside(&self, tokens: &[Token], sentence: &Sentence, text: &Text) -> Vec<(usize, usize)> {
        let mood = &self.mood;
        let mut ranges = Vec::new();
        let boundary = |at: usize| {
            tokens
                .iter()
                .filter(|token| token.class == mood.but && token.end <= at)
                .map(|token| token.end)
                .max()
                .unwrap_or(sentence.start)
        };
        for token in tokens {
            if token.class == mood.if_ {
                let excused = tokens.iter().any(|other| {
                    other.class == mood.plain
                        && other.start <= token.start
                        && token.end <= other.end
                });
                if !excused {
                    ranges.push((boundary(token.start), sentence.end));
                }
            } else if token.class == mood.perhaps {
                ranges.push((boundary(token.start), token.end));
            } else if token.class == mood.mistake && self.owns_up(tokens) {
                let rightly = tokens
                    .iter()
                    .filter(|other| other.class == mood.rightly)
                    .map(|other| other.start)
                    .min();
                ranges.push((
                    sentence.start,
                    rightly.filter(|&at| at > sentence.start).unwrap_or(sentence.end),
                ));
            } else if token.class == mood.titled {
                // 「…」という件名: the quotation just before is only named.
                let before = text.folded.get(sentence.start..token.start).unwrap_or("");
                let opening = before
                    .rfind(['「', '『', '"', '【'])
                    .map_or(sentence.start, |at| sentence.start + at);
                ranges.push((opening, token.start));
            } else if token.class == mood.reported {
                ranges.push((sentence.start, token.end));
            } else if token.class == mood.told {
                ranges.push((token.start, sentence.end));
            } else if token.class == mood.denied {
                let before = text.folded.get(sentence.start..token.start).unwrap_or("");
                let clause =
                    before.rfind(['、', ',', ':']).map_or(sentence.start, |at| sentence.start + at);
                ranges.push((clause, token.end));
            }
        }
        ranges
    }

    fn is_conditional_heading(&self, tokens: &[Token], sentence: &Sentence) -> bool {
        sentence.begins_line
            && sentence.ends_line
            && sentence.end - sentence.start < 90
            && tokens.iter().any(|token| {
                (token.class == self.mood.if_ || token.class == self.mood.heading)
                    && token.end + 9 >= sentence.end
            })
    }
}

/// The cues, and their patterns with the index of the cue.
fn compile_cues(
    raw_cues: Vec<RawCue>,
    compiler: &mut Compiler,
) -> Result<(Vec<Cue>, Vec<Start>), RulesError> {
    let mut cues = Vec::new();
    let mut patterns = Vec::new();
    for raw in raw_cues {
        for says in &raw.says {
            patterns.push((cues.len(), compiler.pattern(says, &raw.name)?));
        }
        let mut unless = Vec::new();
        for says in &raw.unless {
            unless.push(compiler.pattern(says, &raw.name)?);
        }
        let sets = raw.sets.as_deref().and_then(|sets| sets.split_once(':'));
        cues.push(Cue {
            name: raw.name,
            sets: sets.map(|(what, value)| (what.to_owned(), value.to_owned())),
            mood: raw.mood,
            at: raw.at,
            unless,
        });
    }
    Ok((cues, patterns))
}

fn sentence_opens_item(text: &Text, sentence: &Sentence) -> bool {
    sentence.begins_line
        && super::text::begins_item(text.words(sentence))
        && !text.words(sentence).starts_with(['・', '-', '※'])
}

/// Steps of matching spent on one mail: a hundred times what the longest honest one takes.
///
/// Bounds the time on text made to cost it, words repeated without an end.
const FUEL: u32 = 2_000_000;

/// Most words of one sentence that are read.
const MOST_WORDS: usize = 600;

/// How close, in bytes, a forbidden word must stand to forbid.
const FORBIDDING_BYTES: usize = 12;

/// Which word classes the sentence at hand has: most patterns are out before they are tried.
#[derive(Debug)]
struct Present {
    /// For each class, the number of the last sentence that had it.
    seen: Vec<u32>,
    now: u32,
}

impl Present {
    fn see(&mut self, tokens: &[Token]) {
        self.now += 1;
        for token in tokens {
            if let Some(seen) = self.seen.get_mut(usize::from(token.class)) {
                *seen = self.now;
            }
        }
    }

    fn has(&self, class: u16) -> bool {
        self.seen.get(usize::from(class)) == Some(&self.now)
    }
}

impl Pattern {
    /// Every element has a word in the sentence.
    fn is_possible(&self, present: &Present) -> bool {
        self.elements.iter().all(|element| element.classes.iter().any(|&class| present.has(class)))
    }

    /// The last word of a match that begins with the word at `at`.
    fn match_at(&self, tokens: &[Token], at: usize, fuel: &Cell<u32>) -> Option<Token> {
        let head = *tokens.get(at)?;
        let blocked = !self.not_before.is_empty()
            && tokens.iter().take(at).any(|token| {
                self.not_before.contains(&token.class)
                    && token.end <= head.start
                    && token.end + FORBIDDING_BYTES >= head.start
            });
        if blocked { None } else { self.rest(tokens, at, head, 1, fuel) }
    }

    fn rest(
        &self,
        tokens: &[Token],
        at: usize,
        before: Token,
        next: usize,
        fuel: &Cell<u32>,
    ) -> Option<Token> {
        let Some(element) = self.elements.get(next) else {
            let near = tokens
                .iter()
                .skip(at)
                .take_while(|token| token.start <= before.end + FORBIDDING_BYTES);
            let followed = !self.not_after.is_empty()
                && near
                    .filter(|token| token.start >= before.end)
                    .any(|token| self.not_after.contains(&token.class));
            return (!followed).then_some(before);
        };
        for (step, token) in tokens.iter().enumerate().skip(at) {
            if token.start > before.end + element.gap {
                break;
            }
            fuel.set(fuel.get().checked_sub(1)?);
            if token.start >= before.end
                && element.classes.contains(&token.class)
                && let Some(last) = self.rest(tokens, step, *token, next + 1, fuel)
            {
                return Some(last);
            }
        }
        None
    }

    fn is_in(&self, tokens: &[Token], fuel: &Cell<u32>) -> bool {
        tokens.iter().enumerate().any(|(at, token)| {
            self.elements.first().is_some_and(|head| head.classes.contains(&token.class))
                && self.match_at(tokens, at, fuel).is_some()
        })
    }
}
