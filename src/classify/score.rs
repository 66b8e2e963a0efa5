//! How well verdicts agree with labels: the numbers that the corpus test guards.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::employer::spans::key_of;
use super::{ApplicationResult, Channel, Door, Outcome, ReplyAdvice, Stage, Verdict, Wording};
use crate::lang::Lang;

/// What a mail of the corpus really is: a line of `labels.jsonl`.
#[derive(Debug, Clone, Deserialize)]
pub struct Label {
    /// The mail's file, below the part's folder.
    pub path: String,
    /// What the mail says.
    pub outcome: Outcome,
    /// The stage it is about.
    pub stage: Stage,
    /// The employer, empty if nobody could tell it.
    pub company: String,
    /// The employer's name stands in the mail. Some writers knew more than they wrote.
    #[serde(default = "stated")]
    pub company_stated: bool,
    /// The position, empty if not stated.
    pub position: String,
    /// How a declined mail puts it, else empty.
    #[serde(deserialize_with = "wording_or_none")]
    pub wording: Option<Wording>,
    /// Whether it leaves a way back.
    pub door: Door,
    /// Who speaks.
    pub channel: Channel,
    /// Whether a reply would be read.
    pub replyable: bool,
    /// Whether to reply.
    pub reply: ReplyAdvice,
    /// The language of the mail.
    pub lang: Lang,
    /// Whether a keyword list or a hurried reader would get it wrong.
    pub hard: bool,
    /// Of a mail about several applications: what became of each, with empty names where it says none.
    #[serde(default)]
    pub results: Vec<ApplicationResult>,
    /// What its sentences do, where somebody marked them: the letter of an act, and the sentence.
    #[serde(default)]
    pub acts: Option<Vec<(String, String)>>,
}

fn wording_or_none<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Wording>, D::Error> {
    Ok(match String::deserialize(from)?.as_str() {
        "explicit" => Some(Wording::Explicit),
        "soft" => Some(Wording::Soft),
        _ => None,
    })
}

/// Right ones out of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are right.
    pub right: u32,
    /// How many there are.
    pub all: u32,
}

impl Share {
    const fn count(&mut self, right: bool) {
        self.all += 1;
        self.right += right as u32;
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = if self.all == 0 { 0.0 } else { f64::from(self.right) / f64::from(self.all) };
        write!(f, "{}/{} {share:.3}", self.right, self.all)
    }
}

/// The score of one part of the corpus.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Named shares: `ja outcome hard`, `en company` …
    pub shares: BTreeMap<String, Share>,
    /// Mails called declined that are not.
    pub false_declined: u32,
    /// Mails called a pass or an offer that are not.
    pub false_good: u32,
    /// How often a label got an outcome: `(lang, label, verdict)`.
    pub confusion: BTreeMap<(Lang, Outcome, Outcome), u32>,
}

impl Score {
    /// Counts one mail by its outcome alone.
    pub fn count_outcome(&mut self, label: &Label, outcome: Outcome) {
        let lang = label.lang.code();
        let right = outcome == label.outcome;
        let degree = if label.hard { "hard" } else { "ordinary" };
        let mut share = |name: &str, right: bool| {
            self.shares.entry(format!("{lang} {name}")).or_default().count(right);
        };
        share("outcome", right);
        share(&format!("outcome {degree}"), right);
        if label.outcome == Outcome::Declined {
            share("declined found", right);
        }
        if !right {
            self.false_declined += u32::from(outcome == Outcome::Declined);
            self.false_good += u32::from(matches!(outcome, Outcome::Advanced | Outcome::Offer));
        }
        *self.confusion.entry((label.lang, label.outcome, outcome)).or_default() += 1;
    }

    /// Counts one mail.
    pub fn count(&mut self, label: &Label, verdict: &Verdict) {
        let lang = label.lang.code();
        self.count_outcome(label, verdict.outcome);
        let right = verdict.outcome == label.outcome;
        let mut share = |name: &str, right: bool| {
            self.shares.entry(format!("{lang} {name}")).or_default().count(right);
        };
        if label.outcome == Outcome::Mixed {
            let told = told(&label.results, &verdict.results);
            (0..label.results.len()).for_each(|at| share("application", at < told));
            (0..verdict.results.len()).for_each(|at| share("application told", at < told));
        }
        if right {
            share("stage", verdict.stage == label.stage);
            share("door", verdict.door == label.door);
            share("channel", verdict.channel == label.channel);
            share("replyable", verdict.replyable == label.replyable);
            share("reply", verdict.reply == label.reply);
            if label.outcome == Outcome::Declined {
                share("wording", verdict.wording == label.wording);
            }
            if !matches!(label.outcome, Outcome::Unrelated | Outcome::Mixed) {
                let same = same_name(&label.company, verdict.company.as_deref());
                share("company", same);
                if label.company_stated {
                    share("company stated", same);
                }
                share("position", same_name(&label.position, verdict.position.as_deref()));
            }
        }
    }
}

/// How many of several applications are told rightly: by the employer, else by the position, with the outcome.
fn told(label: &[ApplicationResult], verdict: &[ApplicationResult]) -> usize {
    let mut left: Vec<&ApplicationResult> = verdict.iter().collect();
    let mut is_told = |wanted: &&ApplicationResult| {
        let company = |one: &ApplicationResult| key_of(one.company.as_deref().unwrap_or(""));
        let position = |one: &ApplicationResult| key_of(one.position.as_deref().unwrap_or(""));
        let name = company(wanted);
        let is_alone = label.iter().filter(|one| company(one) == name).count() == 1;
        let found = left.iter().position(|one| {
            one.outcome == wanted.outcome
                && (name.is_empty() || company(one) == name)
                && (is_alone && !name.is_empty() || position(one) == position(wanted))
        });
        found.map(|at| left.swap_remove(at)).is_some()
    };
    label.iter().filter(|wanted| is_told(wanted)).count()
}

const fn stated() -> bool {
    true
}

/// Names are the same if they differ in spaces, marks and legal form only.
fn same_name(label: &str, found: Option<&str>) -> bool {
    key_of(label) == key_of(found.unwrap_or(""))
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, share) in &self.shares {
            writeln!(f, "{name}: {share}")?;
        }
        writeln!(f, "false declined: {}", self.false_declined)?;
        writeln!(f, "false pass or offer: {}", self.false_good)?;
        for ((lang, label, verdict), count) in &self.confusion {
            writeln!(f, "{} {} as {}: {count}", lang.code(), label.name(), verdict.name())?;
        }
        Ok(())
    }
}
