//! Learning which of the possible names in a mail is the employer's, which the position's, and whether there is a
//! position at all.

use std::collections::HashMap;

use super::{Lang, Outcome, Sample, part_of};
use crate::classify::ApplicationResult;
use crate::classify::employer::spans::{Candidate, key_of, lines_of};
use crate::classify::employer::{names, posts};
use crate::classify::grams;
use crate::classify::model::Name;

/// How strongly the weights are held back: smaller is stronger.
const FREEDOM: f32 = 14.0;

/// Of a hundred features of a name, how many are left out each time it is learned from, at random: see
/// [`super::Manner`].
const LEFT_OUT: u64 = 30;

/// Rounds over all mails.
const ROUNDS: usize = 14;

/// The weights are the average over the rounds from this one on.
const SETTLED: usize = 6;

/// A feature counts from this number of candidates on.
const LEAST_CANDIDATES: u32 = 3;

/// Most features that are kept.
const MOST_FEATURES: usize = 30_000;

/// The possible names of a mail, and which of them is the right one.
pub(super) struct Choice {
    /// What there is to say of each; the last one is "none of them".
    features: Vec<Vec<u32>>,
    /// Empty where the label's name stands nowhere in the mail: then there is nothing to learn.
    right: Option<usize>,
    pub(super) part: usize,
    /// The mail is about an application of the recipient's; else "none of them" is right.
    pub(super) own: bool,
}

/// The choices in the mails of a language.
pub(super) fn choices(samples: &[Sample], lang: Lang, sought: Name) -> Vec<Choice> {
    let samples = samples.iter().filter(|sample| sample.mail.lang == lang);
    samples.flat_map(|sample| choices_of(sample, sought)).collect()
}

/// One choice, or one for each of several applications: then the others' names are not among what is chosen from.
fn choices_of(sample: &Sample, sought: Name) -> Vec<Choice> {
    let label = &sample.label;
    let own = label.outcome != Outcome::Unrelated;
    let is_several = label.results.len() > 1;
    let is_mixed = label.outcome == Outcome::Mixed;
    if sought != Name::Vacancy && !own || sought == Name::Vacancy && is_mixed {
        return Vec::new();
    }
    let (mail, lines) = (&sample.mail, lines_of(&sample.mail));
    let (found, none) = match sought {
        Name::Employer => names::candidates(mail, &lines, label.channel),
        Name::Position | Name::Vacancy => posts::candidates(mail, &lines),
    };
    let mut wanted: Vec<String> = if is_several || is_mixed {
        let of_result = |result: &ApplicationResult| match sought {
            Name::Employer => key_of(result.company.as_deref().unwrap_or("")),
            Name::Position | Name::Vacancy => key_of(result.position.as_deref().unwrap_or("")),
        };
        label.results.iter().map(of_result).filter(|key| !key.is_empty()).collect()
    } else if own {
        let name = if sought == Name::Employer { &label.company } else { &label.position };
        vec![key_of(name)]
    } else {
        vec![String::new()]
    };
    wanted.sort_unstable();
    wanted.dedup();
    let part = part_of(&label.path);
    let choice = |right: &String| {
        let others = || wanted.iter().filter(|other| *other != right);
        let found: Vec<&Candidate<'_>> =
            found.iter().filter(|one| others().all(|other| one.key != *other)).collect();
        let place = if right.is_empty() {
            Some(found.len())
        } else {
            found.iter().position(|candidate| candidate.key == *right)
        };
        let features = found.iter().map(|one| &one.features).chain([&none]);
        let features = features.map(|features| grams::once(features.clone())).collect();
        Choice { features, right: place, part, own }
    };
    wanted.iter().map(choice).collect()
}

/// Learns the weights of features: a softmax over the candidates of each mail, by `AdaGrad`.
pub(super) fn fit(choices: &[&Choice]) -> Vec<(u32, f32)> {
    const RATE: f32 = 0.25;
    let mut seen: HashMap<u32, u32> = HashMap::new();
    for feature in choices.iter().flat_map(|choice| choice.features.iter().flatten()) {
        *seen.entry(*feature).or_default() += 1;
    }
    let mut known: Vec<(u32, u32)> =
        seen.into_iter().filter(|&(_, count)| count >= LEAST_CANDIDATES).collect();
    known.sort_unstable();
    let index: HashMap<u32, usize> = known.iter().map(|&(feature, _)| feature).zip(0..).collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of candidates")]
    let hold: Vec<f32> = known.iter().map(|&(_, count)| 1.0 / (FREEDOM * count as f32)).collect();
    let rows: Vec<(Vec<Vec<usize>>, usize)> = choices
        .iter()
        .filter_map(|choice| {
            let indices = |features: &Vec<u32>| -> Vec<usize> {
                features.iter().filter_map(|feature| index.get(feature).copied()).collect()
            };
            Some((choice.features.iter().map(indices).collect(), choice.right?))
        })
        .collect();
    let mut weights = vec![0.0_f32; known.len()];
    let mut average = weights.clone();
    let mut slopes = vec![1e-3_f32; known.len()];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut chance = super::Chance::default();
    let louder = super::louder(LEFT_OUT);
    for round in 0..ROUNDS {
        chance.shuffle(&mut order);
        #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
        let rate = RATE / (1.0 + round as f32 * 0.2);
        for (candidates, right) in order.iter().filter_map(|&at| rows.get(at)) {
            let mut left = |features: &Vec<usize>| -> Vec<usize> {
                features.iter().copied().filter(|_| !chance.happens(LEFT_OUT)).collect()
            };
            let candidates: Vec<Vec<usize>> = candidates.iter().map(&mut left).collect();
            let points = |features: &Vec<usize>| -> f32 {
                louder * features.iter().filter_map(|&at| weights.get(at)).sum::<f32>()
            };
            let scores: Vec<f32> = candidates.iter().map(points).collect();
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let shares: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
            let sum: f32 = shares.iter().sum();
            for (at, (features, share)) in candidates.iter().zip(shares).enumerate() {
                let error = share / sum - if at == *right { 1.0 } else { 0.0 };
                if error.abs() < 1e-4 {
                    continue;
                }
                for &at in features {
                    let (Some(weight), Some(slope), Some(hold)) =
                        (weights.get_mut(at), slopes.get_mut(at), hold.get(at))
                    else {
                        continue;
                    };
                    let gradient = louder * (error + hold * *weight);
                    *slope += gradient * gradient;
                    *weight -= rate * gradient / slope.sqrt();
                }
            }
        }
        if round >= SETTLED {
            #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
            let share = 1.0 / (ROUNDS - SETTLED) as f32;
            for (average, weight) in average.iter_mut().zip(&weights) {
                *average += weight * share;
            }
        }
    }
    let mut learned: Vec<(u32, f32)> =
        known.into_iter().map(|(feature, _)| feature).zip(average).collect();
    learned.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()).then(one.0.cmp(&other.0)));
    learned.truncate(MOST_FEATURES);
    learned.sort_unstable_by_key(|&(feature, _)| feature);
    learned
}

/// Of the choices in mails about an application, how many these weights make rightly.
pub(super) fn right(choices: &[&Choice], weights: &[(u32, f32)]) -> usize {
    let weights: HashMap<u32, f32> = weights.iter().copied().collect();
    let best = |choice: &Choice| {
        let points = choice.features.iter().map(|features| {
            features.iter().filter_map(|feature| weights.get(feature)).sum::<f32>()
        });
        points.enumerate().max_by(|one, other| one.1.total_cmp(&other.1)).map(|(at, _)| at)
    };
    let own = choices.iter().filter(|choice| choice.own);
    own.filter(|choice| choice.right.is_some() && best(choice) == choice.right).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Mail;

    #[test]
    fn of_an_unrelated_mail_only_is_learned_that_it_names_no_position() {
        let wire = "From: Jo <jo@corvane.example>\r\nSubject: The flat\r\n\r\nThe Caretaker has chosen somebody else.\r\n";
        let label = r#"{"path":"en/en1-001.eml","outcome":"unrelated","stage":"unknown","company":"","position":"Caretaker",
            "wording":"","door":"neutral","channel":"company","replyable":true,"reply":"not_needed","lang":"en","hard":false}"#;
        let sample = Sample {
            label: serde_json::from_str(label).unwrap(),
            mail: Mail::read(wire.as_bytes()).unwrap(),
        };
        assert!(choices_of(&sample, Name::Employer).is_empty());
        assert!(choices_of(&sample, Name::Position).is_empty());
        let [vacancy] = choices_of(&sample, Name::Vacancy).try_into().ok().unwrap();
        assert_eq!(vacancy.right, Some(vacancy.features.len() - 1));
    }
}
