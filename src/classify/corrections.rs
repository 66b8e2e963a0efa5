//! What is learned from the user's corrections: from one mail, for mails that are made alike.
//!
//! A correction keeps a [`Template`]: the sentences of the corrected mail as hashed runs of characters,
//! without names and figures, and its sender. A later mail is judged by it only where goen alone would
//! read that mail as it had read the corrected one: the same mistake is not made twice, and nothing else
//! changes. A result is never learned without a sentence of the mail that may say so; without one the
//! later mail is [`Outcome::Unsure`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::grams;
use super::judge::Reading;
use super::model::Act;
use super::text::{Place, Text};
use super::{Channel, Outcome, Verdict};
use crate::lang::Lang;
use crate::mail::Mail;
use crate::mail::domain::is_open_to_all;

/// How alike a mail of the corrected mail's sender has to be, from 0 to 1. Fields are filled in with
/// other names, and a sentence more or less makes no other template.
const ALIKE: f32 = 0.6;

/// The same at a domain from which many write: a tracking system, a job site, an agent, a mail provider.
const ALIKE_AT_SHARED_DOMAIN: f32 = 0.8;

/// The same from any other sender, and then two corrections have to agree: letters are copied from
/// handbooks, so the words of one company's refusal may be every company's.
const ALIKE_FROM_ANYONE: f32 = 0.9;

/// How many corrections have to agree on mails of other senders.
const AGREEING: usize = 2;

/// Two sentences are the same from this share of common runs on.
const SAME_SENTENCE: f32 = 0.6;

/// A sentence tells something from this probability on that it is not plain.
const TELLS: f32 = 0.35;

/// Fewer runs of characters than this teach nothing: a subject alone is no template.
const LEAST_RUNS: usize = 24;

/// How many sentences of a mail are kept: a selection result stands early.
const MOST_SENTENCES: usize = 40;

/// How many runs of a sentence are kept, those with the smallest hashes: enough for a fair estimate.
const MOST_RUNS: usize = 64;

/// A correction, as far as later mails are concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The corrected mail, by a key that stays when its number changes.
    pub key: String,
    /// When the user said so.
    pub at: Timestamp,
    /// What goen had read by itself.
    pub was: Outcome,
    /// What it is.
    pub outcome: Outcome,
    /// The employer, if the user named it.
    pub company: Option<String>,
    /// How the mail is made.
    pub template: Template,
}

/// How a mail is made: its sender and its sentences, from which nothing of it can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    lang: Lang,
    address: String,
    domain: String,
    /// Many write from that domain.
    shared: bool,
    sentences: Vec<Trace>,
}

/// What is kept of a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Trace {
    /// Hashes of its runs of characters, in order.
    runs: Vec<u32>,
    /// Which words it has that turn its sense, and how often each: 合格 and 不合格 are far apart.
    turns: u32,
    weight: Weight,
}

/// What a sentence means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Weight {
    Plain,
    /// Says something of an application.
    Tells,
    /// States a result.
    States,
}

/// Whose mail a later one is, seen from a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    /// The same sender's.
    Sender,
    /// From the same domain, from which many write.
    Shared,
    /// Anyone else's.
    Anyone,
}

impl Template {
    /// How `mail` is made, by what was read in it.
    pub(super) fn of(mail: &Mail, reading: &Reading, verdict: &Verdict) -> Self {
        let author = mail.author();
        let address = author.map_or_else(String::new, |it| it.addr_spec.to_lowercase());
        let domain = author.map(crate::mail::Address::domain).unwrap_or_default();
        let shared = verdict.channel != Channel::Company
            || is_open_to_all(&domain)
            || is_tracking_system(&domain);
        let names = names(mail, verdict);
        let told = |place| matches!(place, Place::New | Place::Passed | Place::Subject);
        let sentences = reading
            .text
            .sentences
            .iter()
            .enumerate()
            .filter(|(_, sentence)| told(sentence.place))
            .map(|(index, sentence)| {
                let words = without(reading.text.words(sentence), &names);
                let weight = if Outcome::ALL
                    .into_iter()
                    .any(|outcome| outcome.is_result() && reading.states(index, outcome))
                {
                    Weight::States
                } else if 1.0 - reading.probability(index, Act::Plain) >= TELLS {
                    Weight::Tells
                } else {
                    Weight::Plain
                };
                Trace { runs: runs(&words, mail.lang), turns: turns(&words, mail.lang), weight }
            })
            .filter(|trace| !trace.runs.is_empty())
            .take(MOST_SENTENCES)
            .collect();
        Self { lang: mail.lang, address, domain, shared, sentences }
    }

    /// Whether anything can be learned from it.
    #[must_use]
    pub fn teaches(&self) -> bool {
        self.sentences.iter().map(|it| it.runs.len()).sum::<usize>() >= LEAST_RUNS
    }

    fn kin(&self, other: &Self) -> Kin {
        if self.domain.is_empty() || self.domain != other.domain {
            Kin::Anyone
        } else if is_open_to_all(&self.domain) {
            if self.address == other.address { Kin::Shared } else { Kin::Anyone }
        } else if self.shared || other.shared {
            Kin::Shared
        } else {
            Kin::Sender
        }
    }

    /// How alike two mails are made: how much of what either of them tells the other has, too. Not at all
    /// where one of them states a result in a sentence that the other does not have.
    fn likeness(&self, other: &Self) -> f32 {
        if self.lang != other.lang || !self.teaches() || !other.teaches() {
            return 0.0;
        }
        covered(self, other).min(covered(other, self))
    }
}

/// How much of what `one` tells is in `other`.
fn covered(one: &Template, other: &Template) -> f32 {
    // Where nothing was seen to tell anything, the whole mail counts.
    let least = if one.sentences.iter().any(|it| it.weight > Weight::Plain) {
        Weight::Tells
    } else {
        Weight::Plain
    };
    let (mut found, mut all) = (0.0, 0.0);
    for trace in one.sentences.iter().filter(|it| it.weight >= least) {
        let best = other.sentences.iter().map(|it| trace.same_as(it)).fold(0.0, f32::max);
        if trace.weight == Weight::States && best < SAME_SENTENCE {
            return 0.0;
        }
        let size = count(trace.runs.len());
        found += size * best;
        all += size;
    }
    if all > 0.0 { found / all } else { 0.0 }
}

impl Trace {
    /// The share of runs that two sentences have in common (Jaccard); none where the sense turns.
    fn same_as(&self, other: &Self) -> f32 {
        if self.turns != other.turns {
            return 0.0;
        }
        let (mut common, mut either) = (0_usize, 0_usize);
        let (mut one, mut two) = (self.runs.as_slice(), other.runs.as_slice());
        while let ([first, rest @ ..], [second, others @ ..]) = (one, two) {
            if either == MOST_RUNS {
                break;
            }
            either += 1;
            common += usize::from(first == second);
            if first <= second {
                one = rest;
            }
            if second <= first {
                two = others;
            }
        }
        let left = (one.len() + two.len()).min(MOST_RUNS.saturating_sub(either));
        count(common) / count(either + left).max(1.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of runs in a mail")]
fn count(number: usize) -> f32 {
    number as f32
}

/// The correction that says how a mail like this is to be read, which goen alone would read as `own`; and
/// how alike the two are.
pub(super) fn found<'a>(
    corrections: &'a [Correction],
    template: &Template,
    own: Outcome,
) -> Option<(&'a Correction, f32)> {
    let alike = |wanted: Kin, least: f32| {
        corrections
            .iter()
            .filter(move |it| it.was == own || own == Outcome::Unsure)
            .filter(move |it| it.template.kin(template) == wanted)
            .map(|it| (it, it.template.likeness(template)))
            .filter(move |&(_, likeness)| likeness >= least)
    };
    let nearest = |found: Vec<(&'a Correction, f32)>| {
        found.into_iter().reduce(|best, next| {
            let newer = next.1 >= best.1 && next.0.at >= best.0.at;
            if next.1 > best.1 || newer { next } else { best }
        })
    };
    let near = alike(Kin::Sender, ALIKE).chain(alike(Kin::Shared, ALIKE_AT_SHARED_DOMAIN));
    if let Some(nearest) = nearest(near.collect()) {
        return Some(nearest);
    }
    let others: Vec<_> = alike(Kin::Anyone, ALIKE_FROM_ANYONE).collect();
    let agree = others
        .iter()
        .all(|(it, _)| others.first().is_some_and(|(first, _)| first.outcome == it.outcome));
    if agree && others.len() >= AGREEING { nearest(others) } else { None }
}

/// Whether the employer that the user named holds for a mail of another number, too: only where nobody
/// else writes from that domain.
pub(super) fn names_employer(correction: &Correction, template: &Template) -> bool {
    correction.template.kin(template) == Kin::Sender
}

/// Whether the mail's own words may say this: nothing is learned into them.
pub(super) fn may_say(reading: &Reading, outcome: Outcome, least: f32) -> bool {
    Act::stating(outcome).is_some_and(|act| {
        reading.text.sentences.iter().enumerate().any(|(index, sentence)| {
            matches!(sentence.place, Place::New | Place::Passed | Place::Subject)
                && reading.probability(index, act) >= least
        })
    })
}

/// Domains of systems that write for many employers.
const TRACKING_SYSTEMS: &str = "hrmos.co herp.cloud herp.careers talentio.com sonar-ats.jp jobcan.jp \
    i-web.jpn.com axol.jp mynavi.jp rikunabi.com en-japan.com doda.jp bizreach.jp wantedly.com \
    green-japan.com offerbox.jp greenhouse.io greenhouse-mail.io lever.co myworkday.com \
    smartrecruiters.com ashbyhq.com workable.com workablemail.com icims.com successfactors.com \
    successfactors.eu bamboohr.com jobvite.com teamtailor.com teamtailor-mail.com recruitee.com \
    taleo.net oraclecloud.com indeed.com linkedin.com";

fn is_tracking_system(domain: &str) -> bool {
    TRACKING_SYSTEMS.split_whitespace().any(|known| {
        domain.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// The names that a template is filled with, folded as the text is, the longest first.
fn names(mail: &Mail, verdict: &Verdict) -> Vec<String> {
    let people = mail.to.iter().chain(mail.author()).filter_map(|it| it.name.as_deref());
    let mut names: Vec<String> = people
        .chain(verdict.company.as_deref())
        .chain(verdict.position.as_deref())
        .map(|name| Text::fold(name, mail.lang))
        .filter(|name| name.chars().count() > 1)
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

/// A sentence without these names.
fn without(sentence: &str, names: &[String]) -> String {
    names.iter().fold(sentence.to_owned(), |text, name| text.replace(name.as_str(), "#"))
}

/// FNV-1a: stays the same in every version, as what is stored has to.
fn hash(values: impl Iterator<Item = u32>) -> u32 {
    values.fold(0x811C_9DC5, |hash, value| {
        value
            .to_le_bytes()
            .iter()
            .fold(hash, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    })
}

/// Hashes of a sentence's runs of characters, each once and in order; figures are one, whatever they are.
fn runs(sentence: &str, lang: Lang) -> Vec<u32> {
    let mut letters: Vec<u32> = Vec::with_capacity(sentence.len());
    for letter in sentence.chars() {
        let letter = match letter {
            c if c.is_ascii_digit() => '0',
            c if c.is_whitespace() && lang == Lang::Ja => continue,
            c if c.is_whitespace() => ' ',
            c => c,
        };
        let again = letters.last() == Some(&u32::from(letter));
        if !(again && matches!(letter, '0' | ' ')) {
            letters.push(u32::from(letter));
        }
    }
    let length = match lang {
        Lang::Ja => 3,
        Lang::En => 6,
    };
    let hashes = letters.windows(length).map(|run| hash(run.iter().copied()));
    let mut runs = grams::once(hashes.collect());
    runs.truncate(MOST_RUNS);
    runs
}

/// Words that turn what a sentence says.
const TURNS_JA: &[&str] = &[
    "不",
    "未",
    "非",
    "否",
    "落",
    "ない",
    "なく",
    "なかっ",
    "なけれ",
    "ません",
    "ませず",
    "ず、",
    "かね",
    "難し",
    "困難",
    "残念",
    "見送",
    "取りや",
    "取り消",
    "撤回",
    "辞退",
    "中止",
    "合格",
    "通過",
    "採用",
    "内定",
    "選出",
    "補欠",
    "保留",
    "延期",
    "次点",
    "進んで",
    "お進み",
];

/// The same in English, contractions written out.
const TURNS_EN: &[&str] = &[
    "not",
    "no ",
    "never",
    "unable",
    "unfortunately",
    "regret",
    "sorry",
    "declin",
    "reject",
    "unsuccess",
    "success",
    "pass",
    "offer",
    "congrat",
    "pleased",
    "delighted",
    "happy",
    "withdr",
    "cancel",
    "hold",
    "waitlist",
    "waiting list",
    "instead",
    "other ",
    "another",
    "move forward",
    "moving forward",
    "proceed",
    "select",
    "invite",
];

fn turns(sentence: &str, lang: Lang) -> u32 {
    let words = match lang {
        Lang::Ja => TURNS_JA,
        Lang::En => TURNS_EN,
    };
    let counts = words.iter().map(|word| sentence.matches(word).count());
    hash(counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
}
