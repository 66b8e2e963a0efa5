//! Learning the models from the corpus: what sentences do, what mails are about, and how to weigh both.
//!
//! Multinomial logistic regression learns the sentences' acts, the mails' topics and the names in them from their
//! features; a small network, the judge, from what those say of mails that they were not learned from (five parts,
//! each with all mails of its writers and left out in turn; else the judge would trust them too much).
//! Deterministic: what chance decides (order, what is left out, the first weights) begins with a fixed seed.

use std::collections::HashMap;

use super::grams;
use super::model::{Act, Model, Name, Parts, Points, Row, softmax};
use super::question::Question;
use super::score::Label;
use super::text::{Place, Text};
use super::{Door, Outcome, ReplyAdvice, Stage, Wording, attributes, judge, letters};
use crate::lang::Lang;
use crate::mail::Mail;
use read::{AttributeShares, Read};

mod names;
mod network;
mod read;

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

/// A sentence as it stands around the one that decides, with what the mail is about.
#[derive(Debug, Clone)]
pub struct Surrounding {
    /// The mail is about an application of the recipient's; else about something else that is granted or refused in
    /// the same words.
    pub own: bool,
    /// Its words.
    pub words: String,
    /// Its language.
    pub lang: Lang,
}

/// Parts that the writers are shared out to, for learning one layer on what another has not seen.
const PARTS: usize = 5;

/// A feature of sentences counts from this number of sentences, or groups of surroundings, on.
const LEAST_SENTENCES: u32 = 2;

/// A feature of mails counts from this number of mails on.
const LEAST_MAILS: u32 = 3;

/// So many surroundings make one example: alone, each would weigh as much as all those of a mail.
const SURROUNDINGS_OF_A_MAIL: usize = 4;

/// Most features that are kept.
const MOST_FEATURES: usize = 160_000;

/// How one question is learned.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// How strongly the weights are held back: smaller is stronger.
    freedom: f32,
    /// Of a hundred features of an example, how many are left out each time it is learned from, at random: so that
    /// no answer hangs on a few of them, of which the next mail may have none.
    left_out: u64,
}

/// For what sentences do.
const OF_ACTS: Manner = Manner { freedom: 150.0, left_out: 60 };

/// For what mails are about, and whether that is an own application.
const OF_TOPICS: Manner = Manner { freedom: 225.0, left_out: 60 };

/// For everything else about mails: stages and the like hang on a few words.
const OF_DETAILS: Manner = Manner { freedom: 20.0, left_out: 0 };

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
    /// Marked parts of sentences: their features, and what they do.
    clauses: Vec<(Vec<u32>, Act)>,
    part: usize,
    /// Somebody wrote it; else it is put together from blocks.
    is_written: bool,
}

/// Learns the model of one language.
#[must_use]
pub fn fit(
    samples: &[Sample],
    ordinary: &[Sample],
    sentences: &[Sentence],
    surroundings: &[Surrounding],
    lang: Lang,
) -> Learned {
    let of_lang = |sample: &&Sample| sample.mail.lang == lang;
    let mut mails: Vec<Prepared> =
        samples.iter().filter(of_lang).map(|sample| prepare(sample, true)).collect();
    // What follows them is learned from, but says nothing about how the model does.
    let corpus = mails.len();
    mails.extend(ordinary.iter().filter(of_lang).map(|sample| prepare(sample, false)));
    let alone: Vec<(Vec<u32>, Act)> = sentences
        .iter()
        .filter(|sentence| sentence.lang == lang)
        .map(|sentence| (features_alone(&sentence.words, lang), sentence.act))
        .collect();

    let around = around(surroundings, lang);
    let choices = Name::ALL.map(|name| names::choices(samples, lang, name));

    let mut notes = Vec::new();
    let mut named = [0; Name::COUNT];
    // Each part is read by models that were not learned from it.
    let mut rows: Vec<(Vec<f32>, usize)> = Vec::with_capacity(mails.len());
    rows.resize_with(mails.len(), || (Vec::new(), 0));
    let mut plain = vec![false; mails.len()];
    let mut attributes = AttributeShares::default();
    for part in 0..PARTS {
        let others: Vec<&Prepared> = mails.iter().filter(|mail| mail.part != part).collect();
        let mut layers = layers(&others, &alone, &around);
        for ((weights, choices), named) in layers.names.iter_mut().zip(&choices).zip(&mut named) {
            let (its, others): (Vec<_>, Vec<_>) =
                choices.iter().partition(|choice| choice.part == part);
            *weights = names::fit(&others);
            *named += names::right(&its, weights);
        }
        let Ok(model) = Model::read(Model::pack(&layers).into()) else { continue };
        for (at, ((mail, row), plain)) in mails.iter().zip(&mut rows).zip(&mut plain).enumerate() {
            if mail.part == part {
                let label = &mail.sample.label;
                let reading = judge::read(&mail.sample.mail, &model);
                if at < corpus {
                    let told = attributes::of(&mail.sample.mail, label.outcome, &reading, &model);
                    attributes.count(label, told);
                }
                *row = (reading.numbers, label.outcome as usize);
                *plain = reading.plain;
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
        let judge = network::fit(&others);
        for ((row, mail), said) in rows.iter().zip(&mails).zip(&mut left_out) {
            if mail.part == part {
                *said = judge.weigh(&row.0);
            }
        }
    }
    let all: Vec<&Prepared> = mails.iter().collect();
    let mut parts = layers(&all, &alone, &around);
    parts.judge = network::fit(&rows.iter().collect::<Vec<_>>());
    for (weights, choices) in parts.names.iter_mut().zip(&choices) {
        *weights = names::fit(&choices.iter().collect::<Vec<_>>());
    }
    for ((name, choices), right) in Name::ALL.into_iter().zip(&choices).zip(named) {
        let all = choices.iter().filter(|choice| choice.own).count();
        notes.push(format!("{name:?} named rightly: {right}/{all}"));
    }
    notes.push(format!(
        "{}: {corpus} mails, {} sentences alone, {} surroundings, {} features",
        lang.code(),
        alone.len(),
        surroundings.iter().filter(|one| one.lang == lang).count(),
        parts.features.len()
    ));
    notes.push(format!("attributes of known outcomes: {attributes}"));
    // The letters come last and are left out of what is told.
    let read: Vec<Read> = mails
        .iter()
        .zip(left_out)
        .zip(plain)
        .take(corpus)
        .map(|((mail, said), plain)| Read { label: &mail.sample.label, said: best(&said), plain })
        .collect();
    notes.extend(read::by_how_sure(&read));
    let left_out = read.iter().map(|read| (read.label.clone(), read.outcome())).collect();
    Learned { bytes: Model::pack(&parts), left_out, notes }
}

fn prepare(sample: &Sample, is_written: bool) -> Prepared<'_> {
    let text = judge::text_of(&sample.mail);
    let features = judge::features(&sample.mail, &text);
    let acts = sample.label.acts.as_ref().map(|marked| acts_of(&text, marked, sample.mail.lang));
    let marked = sample.label.acts.as_deref().unwrap_or(&[]);
    let clauses = clauses_of(&text, marked, sample.mail.lang);
    let part = part_of(&sample.label.path);
    Prepared { sample, text, features, acts, clauses, part, is_written }
}

/// What each sentence of a text does, from the sentences that somebody marked.
fn acts_of(text: &Text, marked: &[(String, String)], lang: Lang) -> Vec<Option<Act>> {
    let plain = |words: &str| -> String {
        Text::of(words, lang).folded.chars().filter(|c| !c.is_whitespace()).collect()
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
            let mut its = marked.iter().filter(|(_, other)| fits(other)).map(|&(act, _)| act);
            let first = its.next().unwrap_or(Some(Act::Plain));
            // Of a sentence that does several things its clauses are the examples.
            first.filter(|_| its.all(|act| act == first))
        })
        .collect()
}

/// The features of marked clauses, where a sentence has several that do different things.
fn clauses_of(text: &Text, marked: &[(String, String)], lang: Lang) -> Vec<(Vec<u32>, Act)> {
    let marked: Vec<(Act, &str, String)> = marked
        .iter()
        .filter_map(|(letter, words)| {
            let folded = Text::fold(words, lang);
            Some((Act::of_letter(letter)?, words.as_str(), folded)).filter(|one| !one.2.is_empty())
        })
        .collect();
    let mut clauses = Vec::new();
    for sentence in &text.sentences {
        let words = text.words(sentence);
        let its = || marked.iter().filter(|(_, _, clause)| words.contains(clause));
        let first = its().next().map(|(act, ..)| *act);
        if its().any(|(act, ..)| Some(*act) != first) {
            clauses.extend(its().map(|(act, clause, _)| (features_alone(clause, lang), *act)));
        }
    }
    clauses
}

fn features_alone(words: &str, lang: Lang) -> Vec<u32> {
    let mut found = Vec::new();
    grams::each_sentence(&Text::of(words, lang), lang, |_, features| found.extend(features));
    grams::once(found)
}

/// The features of surroundings, as many together as a mail has, and whether they are an own application's.
fn around(surroundings: &[Surrounding], lang: Lang) -> Vec<(Vec<u32>, bool)> {
    let mut around = Vec::new();
    for own in [false, true] {
        let of_one_kind: Vec<&Surrounding> =
            surroundings.iter().filter(|one| one.own == own && one.lang == lang).collect();
        around.extend(of_one_kind.chunks(SURROUNDINGS_OF_A_MAIL).map(|some| {
            let features = some.iter().flat_map(|one| features_alone(&one.words, lang));
            (grams::once(features.collect()), own)
        }));
    }
    around
}

/// Learns what features say to each question.
fn layers(mails: &[&Prepared], alone: &[(Vec<u32>, Act)], around: &[(Vec<u32>, bool)]) -> Parts {
    let mut sentences: Vec<(&[u32], Act)> =
        alone.iter().map(|(features, act)| (features.as_slice(), *act)).collect();
    for mail in mails {
        let clauses = mail.clauses.iter();
        sentences.extend(clauses.map(|(features, act)| (features.as_slice(), *act)));
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
    let known = known(&sentences, around, mails);
    let index: HashMap<u32, u32> = known.iter().map(|&(feature, _)| feature).zip(0..).collect();
    let indices = |features: &[u32]| -> Vec<u32> {
        features.iter().filter_map(|feature| index.get(feature).copied()).collect()
    };

    let mut weights = vec![Row::default(); known.len()];
    let mut bias = Row::default();
    let rows: Vec<Example> =
        sentences.iter().map(|(features, act)| alike(indices(features), *act as usize)).collect();
    fit_into::<{ Act::COUNT }>(Question::Act, &rows, OF_ACTS, &mut weights, &mut bias);

    let answered = |question: Question, answer: &dyn Fn(&Prepared) -> Option<usize>| {
        let rows = mails.iter().filter_map(|mail| {
            let answer = answer(mail)?;
            Some((words(mail, question, &index), answer))
        });
        rows.collect::<Vec<Example>>()
    };
    // A sentence that stands alone is a mail of one sentence: so mails are known that say no more than that.
    let stating = |act: Act| Outcome::ALL.into_iter().find(|&o| Act::stating(o) == Some(act));
    let short = alone
        .iter()
        .filter_map(|(features, act)| Some(alike(indices(features), stating(*act)? as usize)));
    let mut rows = answered(Question::Topic, &|mail| Some(mail.sample.label.outcome as usize));
    rows.extend(short);
    fit_into::<{ Outcome::ALL.len() }>(Question::Topic, &rows, OF_TOPICS, &mut weights, &mut bias);
    let mut rows = answered(Question::Own, &|mail| {
        Some(usize::from(mail.sample.label.outcome != Outcome::Unrelated))
    });
    rows.extend(around.iter().map(|(features, own)| alike(indices(features), usize::from(*own))));
    fit_into::<2>(Question::Own, &rows, OF_TOPICS, &mut weights, &mut bias);
    let rows = answered(Question::Stage, &|mail| {
        let label = &mail.sample.label;
        // Of the letters that name no stage a few are enough.
        let told = mail.is_written
            || label.stage != Stage::Unknown
            || (mail.part == 0 && !letters::names_a_stage(&mail.text.folded));
        (told && attributes::has_stage(label.outcome)).then_some(label.stage as usize)
    });
    fit_into::<{ Stage::ALL.len() }>(Question::Stage, &rows, OF_DETAILS, &mut weights, &mut bias);
    let rows = answered(Question::Channel, &|mail| Some(mail.label()?.channel as usize));
    fit_into::<3>(Question::Channel, &rows, OF_DETAILS, &mut weights, &mut bias);
    for question in [Question::Door, Question::Explicit, Question::Unread, Question::Asked] {
        let rows = answered(question, &|mail| mail.says(question).map(usize::from));
        fit_into::<2>(question, &rows, OF_DETAILS, &mut weights, &mut bias);
    }

    // What is rare or says little is left out.
    let mut features: Vec<(f32, u32, Row)> = known
        .into_iter()
        .zip(weights)
        .map(|((feature, count), row)| {
            let loudest = row.0.into_iter().map(f32::abs).fold(0.0_f32, f32::max);
            (loudest * f32::from(count).ln_1p(), feature, row)
        })
        .collect();
    features.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    features.truncate(MOST_FEATURES);
    features.sort_by_key(|&(_, feature, _)| feature);
    let features = features.into_iter().map(|(_, feature, row)| (feature, row)).collect();
    Parts { features, bias, ..Parts::default() }
}

impl Prepared<'_> {
    /// The label, if the mail is one that somebody wrote: letters put together have few attributes.
    fn label(&self) -> Option<&Label> {
        Some(&self.sample.label).filter(|_| self.is_written)
    }

    /// The answer to a question of yes or no, if it is asked of this mail.
    fn says(&self, question: Question) -> Option<bool> {
        if question == Question::Door {
            let label = &self.sample.label;
            return attributes::has_door(label.outcome).then_some(label.door == Door::Open);
        }
        let label = self.label()?;
        Some(match question {
            Question::Explicit => label.wording? == Wording::Explicit,
            Question::Unread => !label.replyable,
            Question::Asked if label.outcome == Outcome::InProcess && label.replyable => {
                label.reply == ReplyAdvice::Recommended
            }
            _ => return None,
        })
    }
}

/// The features that are seen often enough to tell something, and how often.
fn known(
    sentences: &[(&[u32], Act)],
    around: &[(Vec<u32>, bool)],
    mails: &[&Prepared],
) -> Vec<(u32, u16)> {
    let mut in_sentences: HashMap<u32, u32> = HashMap::new();
    let of_sentences = sentences.iter().flat_map(|(features, _)| features.iter());
    for feature in of_sentences.chain(around.iter().flat_map(|(features, _)| features)) {
        *in_sentences.entry(*feature).or_default() += 1;
    }
    let mut in_mails: HashMap<u32, u32> = HashMap::new();
    for mail in mails {
        let mut all: Vec<u32> = mail.features.sentences.iter().flatten().copied().collect();
        all.extend(&mail.features.beside);
        for feature in grams::once(all) {
            *in_mails.entry(feature).or_default() += 1;
        }
    }
    let often = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    let mut known: Vec<(u32, u16)> = in_sentences
        .iter()
        .filter(|&(_, &count)| count >= LEAST_SENTENCES)
        .chain(in_mails.iter().filter(|&(_, &count)| count >= LEAST_MAILS))
        .map(|(&feature, &count)| (feature, often(count)))
        .chain(Outcome::ALL.map(|outcome| (attributes::outcome_feature(outcome), u16::MAX)))
        .collect();
    known.sort_unstable();
    known.reverse();
    known.dedup_by_key(|&mut (feature, _)| feature);
    known.reverse();
    known
}

/// What a mail says to a question: its features with their values, as [`Tally`] weighs them.
///
/// [`Tally`]: super::question::Tally
fn words(mail: &Prepared, question: Question, index: &HashMap<u32, u32>) -> Vec<(u32, f32)> {
    let outcome = mail.sample.label.outcome;
    let mut values: HashMap<u32, f32> = HashMap::new();
    let mut size = 0.0;
    let mut add = |features: &[u32], weight: f32| {
        for feature in features.iter().filter_map(|feature| index.get(feature)) {
            *values.entry(*feature).or_default() += weight;
            size += weight * weight;
        }
    };
    let acts = mail.acts.iter().flatten().copied().chain(std::iter::repeat(None));
    for ((features, sentence), act) in
        mail.features.sentences.iter().zip(&mail.text.sentences).zip(acts)
    {
        let decides = act.is_some() && act == Act::stating(outcome);
        let counts = question != Question::Own || act == Some(Act::Plain);
        add(features, if counts { question.weight(sentence.place, decides) } else { 0.0 });
    }
    add(&mail.features.beside, question.weight_beside());
    add(&[attributes::outcome_feature(outcome)], question.weight_of_outcome());
    let share = 1.0 / size.max(1.0).sqrt();
    let mut words: Vec<(u32, f32)> = values
        .into_iter()
        .filter(|&(_, value)| value != 0.0)
        .map(|(feature, value)| (feature, value * share))
        .collect();
    words.sort_unstable_by_key(|&(feature, _)| feature);
    words
}

/// Features with their values, and the right answer.
type Example = (Vec<(u32, f32)>, usize);

/// An example whose features count alike: each by one over the root of their number.
fn alike(features: Vec<u32>, answer: usize) -> Example {
    #[expect(clippy::cast_precision_loss, reason = "some hundred features")]
    let value = 1.0 / (features.len().max(1) as f32).sqrt();
    (features.into_iter().map(|feature| (feature, value)).collect(), answer)
}

/// Learns one question into its columns.
fn fit_into<const N: usize>(
    question: Question,
    rows: &[Example],
    manner: Manner,
    weights: &mut [Row],
    bias: &mut Row,
) {
    let learned: Linear<N> = fit_linear(rows, weights.len(), manner);
    for (row, answers) in weights.iter_mut().zip(learned.weights) {
        row.put(question, answers);
    }
    bias.put(question, learned.bias);
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

/// Chance that falls the same way each time (xorshift).
struct Chance(u64);

impl Default for Chance {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            let other = usize::try_from(self.next() % (at as u64 + 1)).unwrap_or(0);
            order.swap(at, other);
        }
    }

    /// A number between this size below zero and above it.
    fn between(&mut self, size: f32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "24 bits are what a number holds")]
        let share = (self.next() >> 40) as f32 / (1_u64 << 24) as f32;
        size * (2.0 * share - 1.0)
    }

    fn happens(&mut self, percent: u64) -> bool {
        // The higher bits are the better ones.
        (self.next() >> 32) % 100 < percent
    }
}

/// Rounds over all examples.
const ROUNDS: usize = 20;

/// The weights are the average over the rounds from this one on: single rounds depend on the order.
const SETTLED: usize = 8;

/// How much louder the other features speak where so many of a hundred are left out: for these, too.
#[expect(clippy::cast_precision_loss, reason = "less than a hundred")]
fn louder(left_out: u64) -> f32 {
    100.0 / (100 - left_out) as f32
}

/// Multinomial logistic regression.
///
/// `AdaGrad` over single examples in a shuffled order. The quadratic penalty is shared out over the examples
/// that have a feature, so it is the same in sum as if it were applied once a round.
fn fit_linear<const N: usize>(rows: &[Example], width: usize, manner: Manner) -> Linear<N> {
    const RATE: f32 = 0.5;
    let mut seen = vec![0_u32; width];
    for (feature, _) in rows.iter().flat_map(|(features, _)| features) {
        if let Some(count) = seen.get_mut(*feature as usize) {
            *count += 1;
        }
    }
    let mut model = Linear { weights: vec![[0.0; N]; width], bias: [0.0; N] };
    let mut average = Linear { weights: vec![[0.0; N]; width], bias: [0.0; N] };
    let mut slopes = vec![[1e-3_f32; N]; width];
    let mut bias_slopes = [1e-3_f32; N];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut chance = Chance::default();
    let louder = louder(manner.left_out);
    let mut features: Vec<(u32, f32)> = Vec::new();
    for round in 0..ROUNDS {
        chance.shuffle(&mut order);
        #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
        let rate = RATE / (1.0 + round as f32 * 0.2);
        for (all, label) in order.iter().filter_map(|&at| rows.get(at)) {
            if all.is_empty() {
                continue;
            }
            features.clear();
            let left = all.iter().filter(|_| !chance.happens(manner.left_out));
            features.extend(left.map(|&(feature, value)| (feature, value * louder)));
            let mut scores = model.bias;
            for &(feature, value) in &features {
                let Some(weights) = model.weights.get(feature as usize) else { continue };
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
            for &(feature, value) in &features {
                let at = feature as usize;
                let (Some(weights), Some(slopes), Some(&seen)) =
                    (model.weights.get_mut(at), slopes.get_mut(at), seen.get(at))
                else {
                    continue;
                };
                #[expect(clippy::cast_precision_loss, reason = "counts of sentences")]
                let hold = louder / (manner.freedom * seen as f32);
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

fn best(said: &Points) -> (Outcome, f32) {
    Outcome::ALL
        .into_iter()
        .zip(said.iter().copied())
        .fold((Outcome::Unsure, 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

/// The part that a mail belongs to (FNV-1a of its writer, "ja/ja54" of "ja/ja54-012.eml"): so it stays there when
/// others come, and what is said of it was learned from other writers only, as it will be of mails to come.
fn part_of(path: &str) -> usize {
    let writer = path.rsplit_once('-').map_or(path, |(writer, _)| writer);
    let hash = writer
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize % PARTS
}

/// What was read in a mail, for those who look for the cause of a mistake: each sentence with its two surest
/// acts, the outcomes' probabilities, and what speaks most for and against the first.
#[must_use]
pub fn reading(mail: &Mail, rules: &super::Rules) -> Vec<String> {
    let model = rules.model(mail.lang);
    let reading = judge::read(mail, model);
    let mut lines = Vec::new();
    for (sentence, acts) in reading.text.sentences.iter().zip(&reading.acts) {
        let mut told: Vec<(Act, f32)> = Act::ALL.into_iter().zip(acts.iter().copied()).collect();
        told.sort_by(|one, other| other.1.total_cmp(&one.1));
        let told: Vec<String> =
            told.iter().take(2).map(|(act, sure)| format!("{} {sure:.2}", act.name())).collect();
        let words = reading.text.seen(sentence.start, sentence.end).replace('\n', " ");
        lines.push(format!("{:?} [{}] {words}", sentence.place, told.join(", ")));
    }
    let mut said: Vec<(Outcome, f32)> =
        Outcome::ALL.into_iter().zip(model.judge.weigh(&reading.numbers)).collect();
    said.sort_by(|one, other| other.1.total_cmp(&one.1));
    let named: Vec<String> = said
        .iter()
        .take(4)
        .map(|(outcome, sure)| format!("{} {sure:.2}", outcome.name()))
        .collect();
    lines.push(named.join(", "));
    if let [(first, _), (other, _), ..] = said.as_slice() {
        // How much further ahead the first is than it would be if a number were zero.
        let ahead = |numbers: &[f32]| {
            let points = model.judge.points(&model.judge.excited(numbers));
            points.get(*first as usize).copied().unwrap_or(0.0)
                - points.get(*other as usize).copied().unwrap_or(0.0)
        };
        let (all, mut numbers) = (ahead(&reading.numbers), reading.numbers.clone());
        let mut speaks: Vec<(f32, String)> = Vec::new();
        for (at, name) in judge::names().into_iter().enumerate() {
            let Some(number) = numbers.get_mut(at).map(std::mem::take) else { continue };
            speaks.push((all - ahead(&numbers), name));
            if let Some(slot) = numbers.get_mut(at) {
                *slot = number;
            }
        }
        speaks.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()));
        let told: Vec<String> =
            speaks.iter().take(8).map(|(points, name)| format!("{name} {points:+.2}")).collect();
        lines.push(format!("{} against {}: {}", first.name(), other.name(), told.join("; ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surroundings_are_learned_from_in_groups_of_one_kind_and_language() {
        let surrounding = |own: bool, lang: Lang| Surrounding {
            own,
            words: "Thank you for coming to the yard.".to_owned(),
            lang,
        };
        let mut all = vec![surrounding(true, Lang::En); SURROUNDINGS_OF_A_MAIL + 1];
        all.extend([surrounding(false, Lang::En), surrounding(false, Lang::Ja)]);
        let groups: Vec<bool> = around(&all, Lang::En).into_iter().map(|(_, own)| own).collect();
        assert_eq!(groups, [false, true, true]);
    }
}
