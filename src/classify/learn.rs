//! Learning the models from the corpus: what sentences do, what mails are about, and how to weigh both.
//!
//! Three layers of multinomial logistic regression, in this order: the sentences' acts and the mails' topics
//! from their features, and the judge from what those two say of mails that they were not learned from (five
//! parts, each left out in turn; else the judge would trust them too much).  Deterministic: the order of the examples is shuffled from a fixed seed.

use std::collections::HashMap;

use super::grams;
use super::model::{Act, Acts, Model, Parts, Points, softmax};
use super::score::Label;
use super::text::{Place, Text};
use super::{Outcome, judge};
use crate::lang::Lang;
use crate::mail::Mail;

/// A labelled mail.
#[derive(Debug)]
pub struct Sample {
    /// What it is.
    pub label: Label,
    /// The mail.
    pub mail: Mail,
}

/// A sentence that stands alone, with what it does.
#[derive(Debug, Clone)]
pub struct Sentence {
    /// What it does.
    pub act: Act,
    /// Its words.
    pub words: String,
    /// Its language.
    pub lang: Lang,
}

/// Parts that the mails are cut into for learning one layer on what another has not seen.
const PARTS: usize = 5;

/// A feature of sentences counts from this number of sentences on.
const LEAST_SENTENCES: u32 = 2;

/// A feature of mails counts from this number of mails on.
const LEAST_MAILS: u32 = 3;

/// Most features that are kept.
const MOST_FEATURES: usize = 60_000;

/// How strongly the sentences' weights are held back: smaller is stronger.
const ACT_FREEDOM: f32 = 20.0;

/// The same for the topics'.
const TOPIC_FREEDOM: f32 = 30.0;

/// The same for the judge's.
const JUDGE_FREEDOM: f32 = 0.12;

/// What was learned, and how it did on mails that it was not learned from.
#[derive(Debug)]
pub struct Learned {
    /// The model, packed as it is shipped.
    pub bytes: Vec<u8>,
    /// For each mail of the language: the label, and what was said of it when it was left out.
    pub left_out: Vec<(Label, Outcome)>,
    /// Notes for whoever runs the fit.
    pub notes: Vec<String>,
}

/// One mail prepared for learning.
struct Prepared<'a> {
    sample: &'a Sample,
    text: Text,
    features: judge::Features,
    /// What each sentence does, if somebody marked the mail.
    /// Of a sentence marked `?` only the context tells what it does: it is no example.
    acts: Option<Vec<Option<Act>>>,
    part: usize,
}

/// Learns the model of one language.
#[must_use]
pub fn fit(samples: &[Sample], letters: &[Sample], sentences: &[Sentence], lang: Lang) -> Learned {
    let of_lang = |sample: &&Sample| sample.mail.lang == lang;
    let mut mails: Vec<Prepared> = samples.iter().filter(of_lang).map(prepare).collect();
    // What follows them is learned from, but says nothing about how the model does.
    let corpus = mails.len();
    mails.extend(letters.iter().filter(of_lang).map(prepare));
    let alone: Vec<(Vec<u32>, Act)> = sentences
        .iter()
        .filter(|sentence| sentence.lang == lang)
        .map(|sentence| (features_alone(&sentence.words, lang), sentence.act))
        .collect();

    let mut notes = Vec::new();
    // Each part is read by models that were not learned from it.
    let mut rows: Vec<(Vec<f32>, usize)> = Vec::with_capacity(mails.len());
    rows.resize_with(mails.len(), || (Vec::new(), 0));
    let mut plain = vec![false; mails.len()];
    for part in 0..PARTS {
        let others: Vec<&Prepared> = mails.iter().filter(|mail| mail.part != part).collect();
        let Ok(model) = Model::read(Model::pack(&layers(&others, &alone)).into()) else { continue };
        for ((mail, row), plain) in mails.iter().zip(&mut rows).zip(&mut plain) {
            if mail.part == part {
                let (acts, topic) = look(mail, &model);
                let numbers = judge::numbers(&mail.sample.mail, &mail.text, &acts, topic);
                *row = (numbers, mail.sample.label.outcome as usize);
                *plain = judge::is_plain(&mail.text, &acts, topic);
            }
        }
    }
    // The judge of each part is learned from the others.
    let mut left_out: Vec<Points> = vec![Points::default(); mails.len()];
    for part in 0..PARTS {
        let others: Vec<&(Vec<f32>, usize)> = rows
            .iter()
            .zip(&mails)
            .filter(|(_, mail)| mail.part != part)
            .map(|(row, _)| row)
            .collect();
        let weights = fit_judge(&others);
        for ((row, mail), said) in rows.iter().zip(&mails).zip(&mut left_out) {
            if mail.part == part {
                *said = judge::weigh(&row.0, &weights);
            }
        }
    }
    let all: Vec<&Prepared> = mails.iter().collect();
    let mut parts = layers(&all, &alone);
    parts.judge = fit_judge(&rows.iter().collect::<Vec<_>>());
    notes.push(format!(
        "{}: {corpus} mails, {} sentences alone, {} features",
        lang.code(),
        alone.len(),
        parts.features.len()
    ));
    // The letters come last and are left out of what is told.
    let left_out = mails
        .iter()
        .zip(left_out)
        .zip(plain)
        .take(corpus)
        .map(|((mail, said), plain)| {
            let (outcome, sure) = best(&said);
            let sure_enough = sure >= judge::least_sure(outcome, plain);
            let outcome = if sure_enough { outcome } else { Outcome::Unsure };
            (mail.sample.label.clone(), outcome)
        })
        .collect();
    Learned { bytes: Model::pack(&parts), left_out, notes }
}

fn prepare(sample: &Sample) -> Prepared<'_> {
    let text = judge::text_of(&sample.mail);
    let features = judge::features(&sample.mail, &text);
    let acts = sample.label.acts.as_ref().map(|marked| acts_of(&text, marked));
    let part = part_of(&sample.label.path);
    Prepared { sample, text, features, acts, part }
}

/// What each sentence of a text does, from the sentences that somebody marked.
fn acts_of(text: &Text, marked: &[(String, String)]) -> Vec<Option<Act>> {
    let plain = |words: &str| -> String {
        let mut folded = Text::default();
        folded.push(words, Place::New, Lang::Ja);
        folded.folded.chars().filter(|c| !c.is_whitespace()).collect()
    };
    let marked: Vec<(Option<Act>, String)> = marked
        .iter()
        .map(|(letter, words)| (Act::of_letter(letter), plain(words)))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    text.sentences
        .iter()
        .map(|sentence| {
            let words: String =
                plain(text.words(sentence)).chars().filter(|c| !c.is_whitespace()).collect();
            let fits = |other: &str| {
                let enough = |text: &str| text.chars().count() >= 6;
                words == other
                    || (enough(&words) && other.ends_with(words.as_str()))
                    || (enough(other) && words.contains(other))
            };
            marked.iter().find(|(_, other)| fits(other)).map_or(Some(Act::Plain), |&(act, _)| act)
        })
        .collect()
}

fn features_alone(words: &str, lang: Lang) -> Vec<u32> {
    let mut text = Text::default();
    text.push(words, Place::New, lang);
    let mut found = Vec::new();
    for sentence in &text.sentences {
        grams::of_sentence(text.words(sentence), lang, None, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What the first two layers say of a mail.
fn look(mail: &Prepared, model: &Model) -> (Vec<Acts>, Points) {
    let places = |features: &[u32]| -> Vec<u32> {
        let found = features.iter().filter_map(|&feature| model.find(feature));
        found.filter_map(|place| u32::try_from(place).ok()).collect()
    };
    let acts = mail.features.sentences.iter().map(|found| model.acts(&places(found))).collect();
    (acts, model.topic(&places(&of_mail(mail))))
}

/// All features of a mail that tell its topic, each once.
fn of_mail(mail: &Prepared) -> Vec<u32> {
    let told = mail.text.sentences.iter().zip(&mail.features.sentences);
    let mut all: Vec<u32> = told
        .filter(|(sentence, _)| sentence.place != Place::Quoted)
        .flat_map(|(_, features)| features.iter().copied())
        .chain(mail.features.beside.iter().copied())
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Learns the first two layers.
fn layers(mails: &[&Prepared], alone: &[(Vec<u32>, Act)]) -> Parts {
    let mut sentences: Vec<(&[u32], Act)> =
        alone.iter().map(|(features, act)| (features.as_slice(), *act)).collect();
    for mail in mails {
        let Some(acts) = &mail.acts else { continue };
        for ((features, act), sentence) in
            mail.features.sentences.iter().zip(acts).zip(&mail.text.sentences)
        {
            if let Some(act) = *act
                && sentence.place != Place::Signature
            {
                sentences.push((features, act));
            }
        }
    }
    let whole: Vec<Vec<u32>> = mails.iter().map(|mail| of_mail(mail)).collect();

    // Features that are seen too rarely tell nothing.
    let mut in_sentences: HashMap<u32, u32> = HashMap::new();
    for feature in sentences.iter().flat_map(|(features, _)| features.iter()) {
        *in_sentences.entry(*feature).or_default() += 1;
    }
    let mut in_mails: HashMap<u32, u32> = HashMap::new();
    for feature in whole.iter().flatten() {
        *in_mails.entry(*feature).or_default() += 1;
    }
    let mut known: Vec<u32> = in_sentences
        .iter()
        .filter(|&(_, &count)| count >= LEAST_SENTENCES)
        .chain(in_mails.iter().filter(|&(_, &count)| count >= LEAST_MAILS))
        .map(|(&feature, _)| feature)
        .collect();
    known.sort_unstable();
    known.dedup();
    let index: HashMap<u32, u32> = known.iter().copied().zip(0..).collect();
    let indices = |features: &[u32]| -> Vec<u32> {
        features.iter().filter_map(|feature| index.get(feature).copied()).collect()
    };

    let rows: Vec<(Vec<u32>, usize)> =
        sentences.iter().map(|(features, act)| (indices(features), *act as usize)).collect();
    let acts: Linear<{ Act::COUNT }> = fit_sparse(&rows, known.len(), ACT_FREEDOM);
    // A sentence that stands alone is a mail of one sentence: so mails are known that say no more than that.
    let outcomes = mails.iter().map(|mail| mail.sample.label.outcome);
    let stating = |act: Act| Outcome::ALL.into_iter().find(|&o| Act::stating(o) == Some(act));
    let short = alone.iter().filter_map(|(features, act)| Some((features, stating(*act)?)));
    let rows: Vec<(Vec<u32>, usize)> = whole
        .iter()
        .zip(outcomes)
        .chain(short)
        .map(|(features, outcome)| (indices(features), outcome as usize))
        .collect();
    let topic: Linear<{ Outcome::ALL.len() }> = fit_sparse(&rows, known.len(), TOPIC_FREEDOM);

    let mut features: Vec<(u32, Acts, Points)> = known
        .into_iter()
        .zip(acts.weights)
        .zip(topic.weights)
        .map(|((feature, acts), topic)| (feature, acts, topic))
        .collect();
    let weight = |(_, acts, topic): &(u32, Acts, Points)| {
        acts.iter().chain(topic).map(|weight| weight.abs()).fold(0.0_f32, f32::max)
    };
    features.sort_by(|one, other| weight(other).total_cmp(&weight(one)).then(one.0.cmp(&other.0)));
    features.truncate(MOST_FEATURES);
    features.sort_by_key(|&(feature, ..)| feature);
    Parts { features, act_bias: acts.bias, topic_bias: topic.bias, ..Parts::default() }
}

/// A linear model with `N` classes.
struct Linear<const N: usize> {
    weights: Vec<[f32; N]>,
    bias: [f32; N],
}

impl<const N: usize> Linear<N> {
    /// Adds one of `parts` models.
    fn add(&mut self, other: &Self, parts: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
        let share = 1.0 / parts as f32;
        for (row, other) in self
            .weights
            .iter_mut()
            .chain([&mut self.bias])
            .zip(other.weights.iter().chain([&other.bias]))
        {
            for (value, other) in row.iter_mut().zip(other) {
                *value += other * share;
            }
        }
    }
}

/// Rounds over all examples.
const ROUNDS: usize = 20;

/// The weights are the average over the rounds from this one on: single rounds depend on the order.
const SETTLED: usize = 8;

/// Multinomial logistic regression on rows of features, each counting one over the root of their number.
///
/// `AdaGrad` over single examples in a shuffled order. The quadratic penalty is shared out over the examples
/// that have a feature, so it is the same in sum as if it were applied once a round.
fn fit_sparse<const N: usize>(rows: &[(Vec<u32>, usize)], width: usize, freedom: f32) -> Linear<N> {
    const RATE: f32 = 0.5;
    let mut seen = vec![0_u32; width];
    for feature in rows.iter().flat_map(|(features, _)| features) {
        if let Some(count) = seen.get_mut(*feature as usize) {
            *count += 1;
        }
    }
    let mut model = Linear { weights: vec![[0.0; N]; width], bias: [0.0; N] };
    let mut average = Linear { weights: vec![[0.0; N]; width], bias: [0.0; N] };
    let mut slopes = vec![[1e-3_f32; N]; width];
    let mut bias_slopes = [1e-3_f32; N];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..ROUNDS {
        for at in (1..order.len()).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let other = usize::try_from(random % (at as u64 + 1)).unwrap_or(0);
            order.swap(at, other);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
        let rate = RATE / (1.0 + round as f32 * 0.2);
        for (features, label) in order.iter().filter_map(|&at| rows.get(at)) {
            if features.is_empty() {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "some hundred features")]
            let value = 1.0 / (features.len() as f32).sqrt();
            let mut scores = model.bias;
            for weights in features.iter().filter_map(|&f| model.weights.get(f as usize)) {
                for (score, weight) in scores.iter_mut().zip(weights) {
                    *score += value * weight;
                }
            }
            let mut error = softmax(scores);
            if let Some(right) = error.get_mut(*label) {
                *right -= 1.0;
            }
            for ((bias, slope), error) in model.bias.iter_mut().zip(&mut bias_slopes).zip(error) {
                *slope += error * error;
                *bias -= rate * error / slope.sqrt();
            }
            for &feature in features {
                let at = feature as usize;
                let (Some(weights), Some(slopes), Some(&seen)) =
                    (model.weights.get_mut(at), slopes.get_mut(at), seen.get(at))
                else {
                    continue;
                };
                #[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
                let hold = 1.0 / (freedom * seen as f32);
                for ((weight, slope), error) in weights.iter_mut().zip(slopes).zip(error) {
                    let gradient = error * value + hold * *weight;
                    *slope += gradient * gradient;
                    *weight -= rate * gradient / slope.sqrt();
                }
            }
        }
        if round >= SETTLED {
            average.add(&model, ROUNDS - SETTLED);
        }
    }
    average
}

/// Learns the judge; the last row is the bias. The numbers are brought to one scale for the learning.
fn fit_judge(rows: &[&(Vec<f32>, usize)]) -> Vec<Points> {
    const STEPS: i32 = 400;
    let width = rows.first().map_or(0, |(numbers, _)| numbers.len());
    #[expect(clippy::cast_precision_loss, reason = "some thousand mails")]
    let count = rows.len().max(1) as f32;
    let mut mean = vec![0.0_f32; width];
    for (numbers, _) in rows {
        for (mean, number) in mean.iter_mut().zip(numbers) {
            *mean += number / count;
        }
    }
    let mut spread = vec![1e-6_f32; width];
    for (numbers, _) in rows {
        for ((spread, number), mean) in spread.iter_mut().zip(numbers).zip(&mean) {
            *spread += (number - mean).powi(2) / count;
        }
    }
    let spread: Vec<f32> = spread.into_iter().map(|spread| spread.sqrt().max(0.25)).collect();
    let scaled: Vec<(Vec<f32>, usize)> = rows
        .iter()
        .map(|(numbers, label)| {
            let numbers = numbers.iter().zip(&mean).zip(&spread);
            (numbers.map(|((number, mean), spread)| (number - mean) / spread).collect(), *label)
        })
        .collect();
    let mut weights = vec![Points::default(); width + 1];
    let mut first = weights.clone();
    let mut second = weights.clone();
    for step in 1..=STEPS {
        let mut gradient: Vec<Points> = weights
            .iter()
            .enumerate()
            .map(|(at, row)| {
                if at == width {
                    Points::default()
                } else {
                    row.map(|weight| weight / JUDGE_FREEDOM)
                }
            })
            .collect();
        for (numbers, label) in &scaled {
            let mut scores = weights.last().copied().unwrap_or_default();
            for (number, row) in numbers.iter().zip(&weights) {
                for (score, weight) in scores.iter_mut().zip(row) {
                    *score += number * weight;
                }
            }
            let mut error = softmax(scores);
            if let Some(right) = error.get_mut(*label) {
                *right -= 1.0;
            }
            for (row, number) in gradient.iter_mut().zip(numbers.iter().chain([&1.0])) {
                for (slot, error) in row.iter_mut().zip(error) {
                    *slot += number * error;
                }
            }
        }
        // Adam: each weight moves at its own pace.
        for (((row, gradient), first), second) in
            weights.iter_mut().zip(&gradient).zip(&mut first).zip(&mut second)
        {
            for (((weight, slope), first), second) in
                row.iter_mut().zip(gradient).zip(first.iter_mut()).zip(second.iter_mut())
            {
                *first = 0.9 * *first + 0.1 * slope;
                *second = 0.999 * *second + 0.001 * slope * slope;
                let first = *first / (1.0 - 0.9_f32.powi(step));
                let second = *second / (1.0 - 0.999_f32.powi(step));
                *weight -= 0.02 * first / (second.sqrt() + 1e-6);
            }
        }
    }
    // Back to the numbers as they come.
    let mut bias = weights.pop().unwrap_or_default();
    for ((row, mean), spread) in weights.iter_mut().zip(&mean).zip(&spread) {
        for (weight, bias) in row.iter_mut().zip(&mut bias) {
            *weight /= spread;
            *bias -= *weight * mean;
        }
    }
    weights.push(bias);
    weights
}

fn best(said: &Points) -> (Outcome, f32) {
    Outcome::ALL
        .into_iter()
        .zip(said.iter().copied())
        .fold((Outcome::Unsure, 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

/// The part that a mail belongs to: by its name, so that it stays there when others come (FNV-1a).
fn part_of(path: &str) -> usize {
    let hash = path
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize % PARTS
}

/// What was read in a mail, for those who look for the cause of a mistake: each sentence with its two surest
/// acts, the outcomes' probabilities, and what speaks most for and against the first.
#[must_use]
pub fn reading(mail: &Mail, rules: &super::Rules) -> Vec<String> {
    let reading = judge::read(mail, rules);
    let mut lines = Vec::new();
    for (sentence, acts) in reading.text.sentences.iter().zip(&reading.acts) {
        let mut told: Vec<(Act, f32)> = Act::ALL.into_iter().zip(acts.iter().copied()).collect();
        told.sort_by(|one, other| other.1.total_cmp(&one.1));
        let told: Vec<String> =
            told.iter().take(2).map(|(act, sure)| format!("{} {sure:.2}", act.name())).collect();
        let words = reading.text.seen(sentence.start, sentence.end).replace('\n', " ");
        lines.push(format!("{:?} [{}] {words}", sentence.place, told.join(", ")));
    }
    let model = rules.model(mail.lang);
    let mut said: Vec<(Outcome, f32)> =
        Outcome::ALL.into_iter().zip(judge::weigh(&reading.numbers, &model.judge)).collect();
    said.sort_by(|one, other| other.1.total_cmp(&one.1));
    let named: Vec<String> = said
        .iter()
        .take(4)
        .map(|(outcome, sure)| format!("{} {sure:.2}", outcome.name()))
        .collect();
    lines.push(named.join(", "));
    if let [(first, _), (other, _), ..] = said.as_slice() {
        let mut speaks: Vec<(f32, String)> = reading
            .numbers
            .iter()
            .zip(&model.judge)
            .zip(judge::names())
            .filter_map(|((number, row), name)| {
                let ahead = row.get(*first as usize)? - row.get(*other as usize)?;
                Some((number * ahead, name))
            })
            .collect();
        speaks.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()));
        let told: Vec<String> =
            speaks.iter().take(8).map(|(points, name)| format!("{name} {points:+.2}")).collect();
        lines.push(format!("{} against {}: {}", first.name(), other.name(), told.join("; ")));
    }
    lines
}
