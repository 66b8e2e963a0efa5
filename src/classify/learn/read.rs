//! How mails were read that were left out of the learning.

use std::collections::BTreeMap;
use std::fmt;

use super::super::score::Label;
use super::super::{Outcome, attributes, judge};

/// A mail that was left out, and what was said of it.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) label: &'a Label,
    /// The likeliest outcome and its probability.
    pub(super) said: (Outcome, f32),
    /// See [`judge::is_plain`].
    pub(super) plain: bool,
}

impl Read<'_> {
    /// The outcome, after the gates.
    pub(super) fn outcome(&self) -> Outcome {
        let (outcome, sure) = self.said;
        if sure >= judge::least_sure(outcome, self.plain) { outcome } else { Outcome::Unsure }
    }
}

/// How many are right and wrong at each height of a gate: [`judge::least_sure`] is set by it.
pub(super) fn by_how_sure(read: &[Read]) -> Vec<String> {
    const GATES: [f32; 10] = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.0];
    let declined = |read: &Read| read.said.0 == Outcome::Declined;
    let good = |read: &Read| matches!(read.said.0, Outcome::Advanced | Outcome::Offer);
    let of = |is_called: &dyn Fn(&Read) -> bool| -> Vec<&Read> {
        read.iter().filter(|read| is_called(read)).collect()
    };
    let groups = [
        ("declined, plainly", of(&|read| declined(read) && read.plain)),
        ("declined, else", of(&|read| declined(read) && !read.plain)),
        ("advanced or offer", of(&good)),
    ];
    groups
        .into_iter()
        .map(|(name, called)| {
            let steps = GATES.map(|gate| {
                let above = called.iter().filter(|read| read.said.1 >= gate);
                let (right, wrong): (Vec<&Read>, Vec<&Read>) =
                    above.partition(|read| read.label.outcome == read.said.0);
                let ordinary = wrong.iter().filter(|read| !read.label.hard).count();
                format!(
                    "{gate}: {} right, {} wrong ({ordinary} ordinary)",
                    right.len(),
                    wrong.len()
                )
            });
            format!("called {name}, by how sure: {}", steps.join("; "))
        })
        .collect()
}

/// How often each attribute was read as it is labelled.
#[derive(Debug, Default)]
pub(super) struct AttributeShares(BTreeMap<&'static str, (u32, u32)>);

impl AttributeShares {
    pub(super) fn count(&mut self, label: &Label, told: attributes::Attributes) {
        let mut count = |name, right| {
            let (rights, all) = self.0.entry(name).or_default();
            *rights += u32::from(right);
            *all += 1;
        };
        if attributes::has_stage(label.outcome) {
            count("stage", told.stage == label.stage);
        }
        if attributes::has_door(label.outcome) {
            count("door", told.door == label.door);
        }
        if label.outcome == Outcome::Declined {
            count("wording", told.wording == label.wording);
        }
        count("channel", told.channel == label.channel);
        count("replyable", told.replyable == label.replyable);
        count("reply", told.reply == label.reply);
    }
}

impl fmt::Display for AttributeShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, (right, all)) in &self.0 {
            write!(f, "{name} {right}/{all} {:.3}; ", f64::from(*right) / f64::from(*all))?;
        }
        Ok(())
    }
}
