//! Runs of pieces of a mail's lines that could be a name, with what there is to say of each.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::domain;
use super::narrow;
use super::tokens::{Kind, Token, tokens};
use super::words::Known;
use crate::classify::grams::{finish, mix};
use crate::mail::{Mail, Role};

/// Most lines of a block that are read for names, from its start and from its end.
const MOST_LINES: usize = 60;

/// Most lines of a mail that are read for names.
const MOST_LINES_OF_ALL: usize = 600;

/// Most bytes of a line that are read.
const LONGEST_LINE: usize = 4000;

/// Of a name that stands in more places, the others say nothing new.
const MOST_TIMES: u32 = 50;

/// Most recipients' names that are looked for.
const MOST_RECIPIENTS: usize = 16;

/// Most pieces of a line that are read.
const MOST_PIECES: usize = 400;

/// Most pieces of a name.
const MOST_TOKENS: usize = 8;

/// Most candidates of a mail: more stand in lists only.
const MOST_CANDIDATES: usize = 1500;

/// Where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sender,
    Subject,
    /// The first lines of a block that was written.
    Top,
    Text,
    /// Its last lines.
    End,
    Signature,
    /// Quoted, passed on or attached.
    Quoted,
    /// The sender's domain.
    Domain,
}

impl Place {
    /// Read more closely than running text.
    pub(super) const fn is_head(self) -> bool {
        matches!(self, Self::Sender | Self::Subject | Self::Signature)
    }
}

/// A line with its full-width letters made half-width.
pub(crate) struct Line {
    pub(super) place: Place,
    pub(super) text: String,
}

/// A piece of a line with what is asked of it again and again.
pub(super) struct Piece<'a> {
    pub(super) token: Token,
    pub(super) words: &'a str,
    /// As a domain would spell it.
    pub(super) spelt: Cow<'a, str>,
    pub(super) hash: u32,
    pub(super) known: Known,
    /// What of it is compared.
    pub(super) letters: Letters,
    /// The same where the name ends with it: without "'s".
    pub(super) last_letters: Letters,
}

impl<'a> Piece<'a> {
    fn of(line: &'a str, token: Token) -> Self {
        let words = line.get(token.start..token.end).unwrap_or("");
        let compared = if COMPANY_FORMS.contains(&words) { "" } else { words };
        let letters = Letters::of(compared);
        let last_letters = match without_possessive(compared) {
            shorter if shorter.len() < compared.len() => Letters::of(shorter),
            _ => letters,
        };
        let known = match token.kind {
            Kind::Capital | Kind::Small => Known::of(words),
            _ => Known::NOT,
        };
        let (spelt, hash) = (domain::spelt(words), hash(words));
        Self { token, words, spelt, hash, known, letters, last_letters }
    }

    /// What it is, with what a word is known for.
    pub(super) const fn class(&self) -> u32 {
        match self.token.kind {
            Kind::Capital | Kind::Small => self.known.bits(),
            kind => 16 + kind as u32,
        }
    }
}

/// Folded letters and figures as one number: pieces can be put together, and where they are parted is lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters {
    sum: u64,
    power: u64,
}

impl Letters {
    const NONE: Self = Self { sum: 0, power: 1 };

    fn of(words: &str) -> Self {
        const BASE: u64 = 0x0000_0100_0000_01B3;
        words.chars().filter(|&c| is_letter(c)).map(small).fold(Self::NONE, |letters, c| Self {
            sum: letters.sum.wrapping_mul(BASE).wrapping_add(u64::from(c)),
            power: letters.power.wrapping_mul(BASE),
        })
    }

    const fn and(self, next: Self) -> Self {
        Self {
            sum: self.sum.wrapping_mul(next.power).wrapping_add(next.sum),
            power: self.power.wrapping_mul(next.power),
        }
    }
}

fn without_possessive(words: &str) -> &str {
    words.strip_suffix("'s").or_else(|| words.strip_suffix("’s")).unwrap_or(words)
}

/// The forms of companies, which a name is often said without.
const COMPANY_FORMS: &[&str] = &["株式会社", "有限会社", "合同会社", "㈱", "㈲", "(株)", "(有)"];

/// A possible name.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<'l> {
    /// As the mail writes it (full-width letters made half-width), with its legal form if it ever does.
    words: Cow<'l, str>,
    /// What is compared: see [`key_of`].
    pub(crate) key: String,
    /// What there is to say of it, for the learned weights; some of it more than once.
    pub(crate) features: Vec<u32>,
    /// The places where it stands, a bit for each.
    places: u32,
    times: u32,
    has_form: bool,
}

impl Candidate<'_> {
    /// The name.
    pub(crate) fn name(&self) -> String {
        let name = without_possessive(&self.words).trim_matches(['・', '\'', '-']);
        name.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// In lower case, as far as that is one character.
pub(super) fn small(character: char) -> char {
    match character {
        '\0'..='\x7F' => character.to_ascii_lowercase(),
        '\u{2E80}'.. => character,
        _ => character.to_lowercase().next().unwrap_or(character),
    }
}

fn is_letter(character: char) -> bool {
    match character {
        '\0'..='\x7F' => character.is_ascii_alphanumeric(),
        '\u{3041}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' => true,
        _ => character.is_alphanumeric(),
    }
}

/// A name's letters and figures in lower case, without the legal forms of Japanese companies.
pub(crate) fn key_of(name: &str) -> String {
    key_of_narrow(&narrow(name))
}

/// The same of a name whose full-width letters are made half-width.
fn key_of_narrow(name: &str) -> String {
    let mut name = Cow::Borrowed(name);
    if name.contains(['株', '有', '合', '㈱', '㈲']) {
        for form in COMPANY_FORMS {
            if name.contains(form) {
                name = name.replace(form, "").into();
            }
        }
    }
    name.chars().filter(|&c| is_letter(c)).map(small).collect()
}

/// A name without its legal form: so it is mostly said.
pub(crate) fn without_form(name: &str) -> &str {
    let mut name = name.trim();
    if let Some((rest, last)) = name.rsplit_once(' ')
        && domain::is_form(last)
        && !rest.ends_with('&')
    {
        name = rest.trim_end_matches([',', ' ']);
    }
    for form in COMPANY_FORMS {
        name = name.strip_prefix(form).or_else(|| name.strip_suffix(form)).unwrap_or(name).trim();
    }
    name
}

/// The words of the recipients' names.
pub(super) fn recipients(mail: &Mail) -> Vec<String> {
    let names = mail.to.iter().filter_map(|address| address.name.as_deref()).take(MOST_RECIPIENTS);
    names
        .flat_map(|name| {
            let words = narrow(name);
            words.split([' ', '様']).map(domain::key).collect::<Vec<_>>()
        })
        .filter(|word| word.chars().nth(1).is_some())
        .take(MOST_RECIPIENTS)
        .collect()
}

/// What a feature is about.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Place = 1,
    After,
    Between,
    Line,
    Edges,
    First,
    Word,
    Ending,
    Run,
    Length,
    Class,
    Fit,
    Times,
    Places,
    Person,
    Form,
    Domain,
    Nothing,
    Case,
    Before,
}

pub(super) fn feature(of: Of, values: &[u32]) -> u32 {
    finish(values.iter().fold(mix(77, of as u32), |hash, &value| mix(hash, value)))
}

pub(super) fn hash(word: &str) -> u32 {
    word.chars().map(small).fold(7, |hash, c| mix(hash, c.into()))
}

pub(super) fn count(number: usize, most: u32) -> u32 {
    u32::try_from(number).unwrap_or(most).min(most)
}

/// What is looked for: the rules that a candidate follows, and what there is to say of it.
pub(super) trait Sought {
    /// Most bytes of a name.
    const LONGEST: usize;

    /// Whether a name may begin with the piece `at`.
    fn may_start(&self, place: Place, pieces: &[Piece<'_>], at: usize) -> bool;
    /// Whether a name that began with the piece `first` may hold the later piece `last`.
    fn goes_on(&self, place: Place, pieces: &[Piece<'_>], first: usize, last: usize) -> bool;
    /// Whether a name that began with the piece `first` may end with the piece `last`.
    fn may_end(&self, place: Place, pieces: &[Piece<'_>], first: usize, last: usize) -> bool;
    /// Adds what is to be said of the name by itself.
    fn of_name(&self, within: &[Piece<'_>], key: &str, features: &mut Vec<u32>);
    /// Adds what is to be said of a place where it stands.
    fn of_surroundings(
        &self,
        place: Place,
        pieces: &[Piece<'_>],
        first: usize,
        last: usize,
        features: &mut Vec<u32>,
    );
    /// Adds what is to be said of a name that stands so many times in these places, a bit for each.
    fn of_all(&self, times: u32, places: u32, features: &mut Vec<u32>);
}

/// What is found in the lines of one mail.
pub(super) struct Found<'l, S> {
    pub(super) sought: S,
    candidates: Vec<Candidate<'l>>,
    /// Where each is among the candidates, by its [`Letters`].
    places: HashMap<u64, usize>,
}

impl<'l, S: Sought> Found<'l, S> {
    /// Everything in these lines that may be what is sought; `breaks` are words at which pieces end.
    pub(super) fn new(
        sought: S,
        lines: impl IntoIterator<Item = &'l Line>,
        breaks: Option<&AhoCorasick>,
        forms: usize,
    ) -> Self {
        let mut found = Self { sought, candidates: Vec::new(), places: HashMap::new() };
        let (mut parts, mut pieces) = (Vec::new(), Vec::new());
        for line in lines {
            tokens(&line.text, breaks, forms, &mut parts);
            parts.truncate(MOST_PIECES);
            pieces.clear();
            pieces.extend(parts.iter().map(|token| Piece::of(&line.text, *token)));
            found.read(line, &pieces);
        }
        found
    }

    fn read(&mut self, line: &'l Line, pieces: &[Piece<'_>]) {
        for (first, begin) in pieces.iter().enumerate() {
            let start = begin.token.start;
            if !self.sought.may_start(line.place, pieces, first) {
                continue;
            }
            let mut so_far = Letters::NONE;
            for (last, piece) in pieces.iter().enumerate().skip(first).take(MOST_TOKENS) {
                let is_long = piece.token.end - start > S::LONGEST;
                let goes_on = || self.sought.goes_on(line.place, pieces, first, last);
                if is_long || (last > first && !goes_on()) {
                    break;
                }
                if self.sought.may_end(line.place, pieces, first, last) {
                    self.add(so_far.and(piece.last_letters).sum, line, pieces, first, last);
                }
                so_far = so_far.and(piece.letters);
            }
        }
    }

    fn add(
        &mut self,
        letters: u64,
        line: &'l Line,
        pieces: &[Piece<'_>],
        first: usize,
        last: usize,
    ) {
        let within = pieces.get(first..=last).unwrap_or(&[]);
        let ([begin, ..], [.., end]) = (within, within) else { return };
        let words = line.text.get(begin.token.start..end.token.end).unwrap_or("");
        let at = match self.places.get(&letters) {
            Some(&at) => at,
            None if self.candidates.len() >= MOST_CANDIDATES => return,
            None => {
                let key = key_of_narrow(without_possessive(words));
                if !may_name(&key) {
                    return;
                }
                let mut features = Vec::with_capacity(64);
                self.sought.of_name(within, &key, &mut features);
                self.push(letters, words.into(), key, features)
            }
        };
        let Some(candidate) = self.candidates.get_mut(at) else { return };
        // "青葉 株式会社みなも": a form behind a space belongs to the next name, unless it is "Inc.".
        let mut forms =
            within.iter().enumerate().filter(|(_, piece)| piece.token.kind == Kind::Form);
        let has_form =
            forms.any(|(at, piece)| at == 0 || !piece.token.gap || piece.words.is_ascii());
        if has_form && !candidate.has_form {
            candidate.words = words.into();
            candidate.has_form = true;
        }
        if candidate.times >= MOST_TIMES {
            return;
        }
        candidate.times += 1;
        candidate.places |= 1 << line.place as u32;
        let features = &mut candidate.features;
        self.sought.of_surroundings(line.place, pieces, first, last, features);
    }

    /// Adds one that stands in no line, unless it is known.
    pub(super) fn add_other(
        &mut self,
        place: Place,
        letters: &str,
        name: String,
        features: Vec<u32>,
    ) {
        let letters = Letters::of(letters).sum;
        if self.places.contains_key(&letters) {
            return;
        }
        let key = key_of(&name);
        if !may_name(&key) {
            return;
        }
        let at = self.push(letters, name.into(), key, features);
        if let Some(candidate) = self.candidates.get_mut(at) {
            candidate.places = 1 << place as u32;
        }
    }

    fn push(
        &mut self,
        letters: u64,
        words: Cow<'l, str>,
        key: String,
        features: Vec<u32>,
    ) -> usize {
        let at = self.candidates.len();
        self.places.insert(letters, at);
        self.candidates.push(Candidate {
            words,
            key,
            features,
            places: 0,
            times: 0,
            has_form: false,
        });
        at
    }

    /// All of them, with everything that is to be said.
    pub(super) fn finish(mut self) -> Vec<Candidate<'l>> {
        for Candidate { times, places, features, .. } in &mut self.candidates {
            self.sought.of_all(*times, *places, features);
        }
        self.candidates
    }
}

/// Whether letters can be a name: more than one, and not figures alone.
fn may_name(key: &str) -> bool {
    key.chars().nth(1).is_some() && !key.chars().all(char::is_numeric)
}

/// The lines that are read for names, in order: sender, subject, text.
pub(crate) fn lines_of(mail: &Mail) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut push = |place: Place, text: &str| {
        if lines.len() < MOST_LINES_OF_ALL && !text.trim().is_empty() {
            let end = text.floor_char_boundary(LONGEST_LINE);
            lines.push(Line { place, text: narrow(text.get(..end).unwrap_or("")) });
        }
    };
    let name_of =
        |mail: &Mail| mail.author().and_then(|author| author.name.clone()).unwrap_or_default();
    push(Place::Sender, &name_of(mail));
    push(Place::Subject, &mail.subject);
    for block in &mail.body {
        let all: Vec<&str> = block.text.lines().filter(|line| !line.trim().is_empty()).collect();
        for (at, line) in all.iter().enumerate() {
            let to_the_end = all.len() - at;
            if at >= MOST_LINES && to_the_end > MOST_LINES {
                continue;
            }
            let place = match block.role {
                Role::New if at < 4 => Place::Top,
                Role::New if to_the_end <= 5 => Place::End,
                Role::New => Place::Text,
                Role::Signature => Place::Signature,
                Role::Quoted | Role::Forwarded => Place::Quoted,
            };
            for cell in line.split('\t').take(MOST_LINES) {
                push(place, cell);
            }
        }
    }
    for attached in mail.attached.iter().take(2) {
        push(Place::Quoted, &name_of(attached));
        for line in attached.body.iter().flat_map(|block| block.text.lines()).take(MOST_LINES) {
            push(Place::Quoted, line);
        }
    }
    lines
}
