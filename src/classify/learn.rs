//! Learning the weights: multinomial logistic regression around the strengths written by hand.
//!
//! What is learned is a correction to each strength, kept small by a quadratic penalty, so a cue
//! that the corpus shows rarely stays near what its author meant. Deterministic: no random start,
//! full batches, a fixed number of steps.

use super::rules::{Points, Rules};
use super::{Outcome, judge};
use crate::lang::Lang;
use crate::mail::Mail;

/// A labelled mail as the learning sees it.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its language.
    pub lang: Lang,
    /// Indices of its features.
    pub features: Vec<usize>,
    /// Outcomes that the gates allow.
    pub possible: [bool; Outcome::ALL.len()],
    /// What it is.
    pub outcome: Outcome,
}

/// Reads a mail for learning.
#[must_use]
pub fn example(mail: &Mail, outcome: Outcome, rules: &Rules) -> Example {
    let reading = judge::read(mail, false, rules);
    let possible = judge::possible(&reading.hits, rules.lexicon(mail.lang));
    Example { lang: mail.lang, features: reading.features, possible, outcome }
}

/// Names of all features of a language, in the order of their indices.
#[must_use]
pub fn feature_names(lang: Lang, rules: &Rules) -> Vec<String> {
    judge::feature_names(rules.lexicon(lang), lang)
}

/// How strongly corrections are held back, and how long they are improved.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Weight of the quadratic penalty.
    pub penalty: f32,
    /// Steps of gradient descent.
    pub steps: usize,
}

/// Learns corrections for one language from the examples of that language.
#[must_use]
pub fn fit(
    examples: &[&Example],
    lang: Lang,
    rules: &Rules,
    settings: Settings,
) -> Vec<[f32; Outcome::ALL.len()]> {
    let priors = judge::priors(rules.lexicon(lang));
    let mut corrections = vec![Points::default(); priors.len()];
    let mut momentum = corrections.clone();
    let mut scale = corrections.clone();
    for step in 1..=settings.steps {
        let mut gradient: Vec<Points> =
            corrections.iter().map(|points| points.map(|value| value * settings.penalty)).collect();
        for example in examples {
            if example.lang != lang || example.possible.get(example.outcome as usize) != Some(&true)
            {
                continue;
            }
            let mut scores = Points::default();
            for &feature in &example.features {
                for points in [priors.get(feature), corrections.get(feature)].into_iter().flatten()
                {
                    for (score, value) in scores.iter_mut().zip(points) {
                        *score += value;
                    }
                }
            }
            for (score, possible) in scores.iter_mut().zip(example.possible) {
                if !possible {
                    *score = f32::NEG_INFINITY;
                }
            }
            let mut error = judge::softmax(&scores);
            if let Some(right) = error.get_mut(example.outcome as usize) {
                *right -= 1.0;
            }
            for &feature in &example.features {
                if let Some(gradient) = gradient.get_mut(feature) {
                    for (slot, value) in gradient.iter_mut().zip(error) {
                        *slot += value;
                    }
                }
            }
        }
        // Adam: each correction moves at its own pace.
        let bias = |decay: f32| 1.0 - decay.powi(i32::try_from(step).unwrap_or(i32::MAX));
        for (((correction, gradient), momentum), scale) in
            corrections.iter_mut().zip(&gradient).zip(&mut momentum).zip(&mut scale)
        {
            for (((value, slope), first), second) in
                correction.iter_mut().zip(gradient).zip(momentum.iter_mut()).zip(scale.iter_mut())
            {
                *first = 0.9 * *first + 0.1 * slope;
                *second = 0.999 * *second + 0.001 * slope * slope;
                *value -= 0.03 * (*first / bias(0.9)) / ((*second / bias(0.999)).sqrt() + 1e-6);
            }
        }
    }
    corrections
}

/// The rules with these corrections instead of the ones they were read with.
pub fn apply(rules: &mut Rules, lang: Lang, corrections: &[[f32; Outcome::ALL.len()]]) {
    let points = judge::priors(rules.lexicon(lang))
        .into_iter()
        .zip(corrections)
        .map(|(mut points, correction)| {
            for (value, correction) in points.iter_mut().zip(correction) {
                *value += correction;
            }
            points
        })
        .collect();
    rules.set_points(lang, points);
}

impl Default for Settings {
    /// The penalty that did best with each writer left out in turn.
    fn default() -> Self {
        Self { penalty: 1.0, steps: 300 }
    }
}

/// An ordinary mail around one sentence: what most of a job seeker's mail looks like.
///
/// The corpus is made of hard mails; these keep the weights right for the others.
#[must_use]
pub fn ordinary(
    sentence: &str,
    outcome: Outcome,
    about_a_job: bool,
    lang: Lang,
    rules: &Rules,
) -> Vec<Example> {
    let frames: &[(&str, &str, &str)] = match (lang, about_a_job) {
        (Lang::Ja, true) => &[
            (
                "選考に関するご連絡",
                "お世話になっております。株式会社あおば商会 採用担当の田中です。\nこのたびは弊社の求人にご応募いただき、誠にありがとうございました。\n\n",
                "\n\n何卒よろしくお願い申し上げます。\n株式会社あおば商会 人事部 田中\n",
            ),
            ("面接の件", "先日は面接にお越しいただき、ありがとうございました。\n", "\n田中\n"),
        ],
        (Lang::En, true) => &[
            (
                "Your application",
                "Dear Alex,\n\nThank you for your application for the Analyst position at Northway Ltd.\n\n",
                "\n\nKind regards,\nJo Bell\nNorthway Ltd\n",
            ),
            (
                "Your interview",
                "Hi Alex,\n\nThank you for taking the time to interview with us last week.\n\n",
                "\n\nJo\n",
            ),
        ],
        (_, false) => &[("", "", "\n")],
    };
    frames
        .iter()
        .filter_map(|(subject, before, after)| {
            let message = format!("From: Jo <jo@northway.example>\nTo: alex@example.org\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{before}{sentence}{after}");
            let mail = Mail::read(message.as_bytes()).ok()?;
            (mail.lang == lang).then(|| example(&mail, outcome, rules))
        })
        .collect()
}

/// What was read in a mail, a line for each cue and one for the features of the mail: for those who write rules.
#[must_use]
pub fn reading(mail: &Mail, rules: &Rules) -> Vec<String> {
    let reading = judge::read(mail, false, rules);
    let lexicon = rules.lexicon(mail.lang);
    let mut lines: Vec<String> = reading
        .hits
        .iter()
        .filter_map(|hit| {
            let cue = lexicon.cues.get(hit.cue)?;
            let supposed = if hit.supposed { " (supposed)" } else { "" };
            let words = reading.text.seen(hit.start, hit.end).replace('\n', " ");
            Some(format!("{:?} {}{supposed}: {words}", hit.place, cue.name))
        })
        .collect();
    let names = judge::feature_names(lexicon, mail.lang);
    let of_mail = reading
        .features
        .iter()
        .filter(|&&feature| feature >= lexicon.cues.len() * 3)
        .filter_map(|&feature| names.get(feature).cloned());
    lines.push(of_mail.collect::<Vec<_>>().join(" "));
    lines
}
