//! What was learned from the corpus, as it lies in the program: one table of features for each language.
//!
//! `cargo run --profile fit --example fit` writes `config/rules/{ja,en}.model`. Everything in it is little
//! endian and read in place, so nothing is unpacked at the start and nothing is held in memory twice.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Outcome;
use super::network::Network;
use super::question::Question;

/// What a sentence does in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// Tells the recipient that a selection ended against them.
    Declined,
    /// Tells that a stage was passed, or invites because of that.
    Advanced,
    /// Offers employment.
    Offer,
    /// Keeps the decision open: waiting list, postponed.
    OnHold,
    /// Says that a result is to be seen elsewhere.
    Undisclosed,
    /// Says that an application is going on: received, to be scheduled, documents asked for.
    Process,
    /// Speaks of a result only as a condition, a rule, a plan, a question or by denying it.
    Supposed,
    /// Tells a decision about someone or something else.
    Other,
    /// Takes back what was said before.
    Retracted,
    /// Anything else.
    Plain,
}

impl Act {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// All acts, in the order of the table.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Declined,
        Self::Advanced,
        Self::Offer,
        Self::OnHold,
        Self::Undisclosed,
        Self::Process,
        Self::Supposed,
        Self::Other,
        Self::Retracted,
        Self::Plain,
    ];

    /// The letter that the corpus marks a sentence with.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Declined => 'D',
            Self::Advanced => 'A',
            Self::Offer => 'O',
            Self::OnHold => 'H',
            Self::Undisclosed => 'U',
            Self::Process => 'P',
            Self::Supposed => 'I',
            Self::Other => 'X',
            Self::Retracted => 'R',
            Self::Plain => 'N',
        }
    }

    /// The act of a letter.
    #[must_use]
    pub fn of_letter(letter: &str) -> Option<Self> {
        let mut letters = letter.chars();
        let only = letters.next().filter(|_| letters.next().is_none())?;
        Self::ALL.into_iter().find(|act| act.letter() == only)
    }

    /// The name that evidence carries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declined => Outcome::Declined.name(),
            Self::Advanced => Outcome::Advanced.name(),
            Self::Offer => Outcome::Offer.name(),
            Self::OnHold => Outcome::OnHold.name(),
            Self::Undisclosed => Outcome::Undisclosed.name(),
            Self::Process => Outcome::InProcess.name(),
            Self::Supposed => "supposed",
            Self::Other => "other",
            Self::Retracted => "retracted",
            Self::Plain => "plain",
        }
    }

    /// The act that states an outcome.
    #[must_use]
    pub const fn stating(outcome: Outcome) -> Option<Self> {
        Some(match outcome {
            Outcome::Declined => Self::Declined,
            Outcome::Advanced => Self::Advanced,
            Outcome::Offer => Self::Offer,
            Outcome::OnHold => Self::OnHold,
            Outcome::Undisclosed => Self::Undisclosed,
            Outcome::InProcess => Self::Process,
            Outcome::Mixed | Outcome::Unsure | Outcome::Unrelated => return None,
        })
    }
}

/// A number for each act.
pub(crate) type Acts = [f32; Act::COUNT];

/// A number for each outcome, in the order of [`Outcome::ALL`].
pub(crate) type Points = [f32; Outcome::ALL.len()];

/// A number for each answer of each [`Question`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row(pub(crate) [f32; Row::LENGTH]);

impl Default for Row {
    fn default() -> Self {
        Self([0.0; Self::LENGTH])
    }
}

impl Row {
    /// How many numbers that is.
    pub(crate) const LENGTH: usize = Question::LAST.column() + Question::LAST.answers();

    /// The numbers of one question.
    pub(crate) fn answers<const N: usize>(&self, question: Question) -> [f32; N] {
        debug_assert_eq!(N, question.answers());
        let mut answers = [0.0; N];
        for (answer, number) in answers.iter_mut().zip(self.0.iter().skip(question.column())) {
            *answer = *number;
        }
        answers
    }

    /// Puts the numbers of one question.
    pub(crate) fn put<const N: usize>(&mut self, question: Question, answers: [f32; N]) {
        debug_assert_eq!(N, question.answers());
        for (number, answer) in self.0.iter_mut().skip(question.column()).zip(answers) {
            *number = answer;
        }
    }
}

/// What is named in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Employer,
    /// Which position a mail about an application names.
    Position,
    /// Whether a mail names a position that the recipient applied for: learned from unrelated mails, too. It finds the
    /// name itself less often, because it leans to there being none.
    Vacancy,
}

impl Name {
    pub(crate) const COUNT: usize = 3;

    pub(crate) const ALL: [Self; Self::COUNT] = [Self::Employer, Self::Position, Self::Vacancy];
}

/// A number for each [`Name`].
pub(crate) type Names = [f32; Name::COUNT];

/// Why a model could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the learned table is damaged: it is not of the form that the fit writes")]
pub struct ModelError;

const MAGIC: &[u8; 8] = b"goen\0\0\0\x0d";

/// Bytes of a feature, and of a place.
const WORD: usize = 4;

/// Most features of a group: all of them are compared at once, which is faster than to stop at the right one.
const GROUP: usize = 16;

/// Features of a group, on average.
const USUAL: usize = 4;

/// How many features are looked for at once.
const AT_ONCE: usize = 16;

/// What was learned for one language.
#[derive(Debug)]
pub(crate) struct Model {
    bytes: Cow<'static, [u8]>,
    /// What features of sentences and mails say to each question.
    table: Table,
    /// How features of a possible name speak for each [`Name`], and what one step of a byte stands for.
    names: (Table, Names),
    steps: Row,
    /// How each answer is spoken for before anything is read.
    pub(crate) bias: Row,
    /// Weighs the numbers that [`super::judge`] takes from a mail.
    pub(crate) judge: Network,
}

/// A model as the fit has it, before it is packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) features: Vec<(u32, Row)>,
    pub(crate) bias: Row,
    pub(crate) judge: Network,
    /// For each [`Name`].
    pub(crate) names: [Vec<(u32, f32)>; Name::COUNT],
}

/// A table in the bytes of a model: where each group of features begins, then all features in ascending order, then
/// their rows.
///
/// The features of a group share their first bits. Most features of a mail are in no table, and so are looked for
/// without touching the rows, which are the far larger part.
#[derive(Debug, Clone, Copy)]
struct Table {
    at: usize,
    groups: usize,
    features: usize,
    /// Bytes of a row.
    width: usize,
}

impl Table {
    /// Reads its size, at the place where it lies.
    fn read(numbers: &mut Reader<'_>, width: usize) -> Result<Self, ModelError> {
        let [groups, features] = [numbers.count()?, numbers.count()?];
        let table = Self { at: numbers.at, groups, features, width };
        let length = table.length().filter(|_| groups > 0).ok_or(ModelError)?;
        numbers.take(length)?;
        Ok(table)
    }

    /// Its length in bytes, unless it is larger than memory. Behind the last feature are so many empty ones that a
    /// group can be read as if it were full.
    fn length(self) -> Option<usize> {
        let words =
            self.groups.checked_add(self.features)?.checked_add(GROUP)?.checked_mul(WORD)?;
        words.checked_add(self.features.checked_mul(self.width)?)
    }

    /// The group of a feature.
    const fn group(feature: u32, groups: usize) -> usize {
        ((feature as u64 * groups as u64) >> 32) as usize
    }

    /// The places of those of the features that are in the table, each once and in ascending order.
    ///
    /// The groups of many features are read before the first is looked for: so they are waited for at the same time.
    fn find(self, bytes: &[u8], features: &[u32], places: &mut Vec<u32>) {
        places.clear();
        let (words, _) = bytes.get(self.at..).unwrap_or(&[]).as_chunks::<WORD>();
        let (starts, words) = words.split_at_checked(self.groups).unwrap_or((&[], &[]));
        let known = words.get(..self.features + GROUP).unwrap_or(&[]);
        for features in features.chunks(AT_ONCE) {
            let mut first = [0; AT_ONCE];
            for (first, &feature) in first.iter_mut().zip(features) {
                let start = starts.get(Self::group(feature, self.groups));
                *first = start.map_or(0, |start| u32::from_le_bytes(*start));
            }
            for (start, &feature) in first.into_iter().zip(features) {
                let group = known.get(start as usize..).and_then(<[_]>::first_chunk::<GROUP>);
                let Some(group) = group else { continue };
                let wanted = feature.to_le_bytes();
                let mut place = 0;
                for (at, known) in (start + 1..).zip(group) {
                    place |= if *known == wanted { at } else { 0 };
                }
                if place > 0 {
                    places.push(place - 1);
                }
            }
        }
        places.sort_unstable();
        places.dedup();
    }

    /// `WIDTH` is the width of this table.
    fn row<const WIDTH: usize>(self, bytes: &[u8], place: u32) -> Option<&[u8; WIDTH]> {
        debug_assert_eq!(self.width, WIDTH);
        let rows = self.at + (self.groups + self.features + GROUP) * WORD;
        bytes.get(rows + place as usize * WIDTH..)?.first_chunk()
    }

    /// Adds a table to the bytes, with its size before it.
    fn pack<const WIDTH: usize>(mut rows: Vec<(u32, [u8; WIDTH])>, bytes: &mut Vec<u8>) {
        rows.sort_unstable_by_key(|&(feature, _)| feature);
        let mut groups = rows.len() / USUAL + 1;
        let starts = loop {
            let mut sizes = vec![0_usize; groups];
            for &(feature, _) in &rows {
                if let Some(size) = sizes.get_mut(Self::group(feature, groups)) {
                    *size += 1;
                }
            }
            if sizes.iter().all(|&size| size <= GROUP) {
                let starts = sizes.into_iter().scan(0, |start, size| {
                    *start += size;
                    Some(*start - size)
                });
                break starts.collect::<Vec<_>>();
            }
            groups += groups / 16 + 1;
            assert!(groups <= 64 + 8 * rows.len(), "features that are no hashes: they crowd");
        };
        let mut word = |number: usize| {
            bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        };
        word(groups);
        word(rows.len());
        for start in starts {
            word(start);
        }
        bytes.extend(rows.iter().flat_map(|(feature, _)| feature.to_le_bytes()));
        // Behind the last one: no feature is 0.
        bytes.extend([0; GROUP * WORD]);
        bytes.extend(rows.iter().flat_map(|(_, row)| row));
    }
}

impl Model {
    /// Reads a model where it lies.
    pub(crate) fn read(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let mut numbers = Reader { bytes: &bytes, at: 0 };
        if numbers.take(MAGIC.len())? != MAGIC {
            return Err(ModelError);
        }
        let inputs = numbers.count()?;
        let name_steps: Names = numbers.floats()?;
        let steps = Row(numbers.floats()?);
        let bias = Row(numbers.floats()?);
        let mut judge = Network { units_bias: numbers.floats()?, ..Network::default() };
        judge.outcomes_bias = numbers.floats()?;
        for points in &mut judge.outcomes {
            *points = numbers.floats()?;
        }
        for _ in 0..inputs {
            judge.units.push(numbers.floats()?);
        }
        let table = Table::read(&mut numbers, Row::LENGTH)?;
        let names = (Table::read(&mut numbers, Name::COUNT)?, name_steps);
        if numbers.at != bytes.len() {
            return Err(ModelError);
        }
        Ok(Self { bytes, table, names, steps, bias, judge })
    }

    /// The places of those of the features that are in the table, each once.
    pub(crate) fn find(&self, features: &[u32], places: &mut Vec<u32>) {
        self.table.find(&self.bytes, features, places);
    }

    /// How the features of a possible name speak for each [`Name`], in sum; what is said twice is heard once.
    /// `places` is room for finding them.
    pub(crate) fn speaks_for(&self, features: &[u32], places: &mut Vec<u32>) -> Names {
        let (table, steps) = self.names;
        table.find(&self.bytes, features, places);
        self.sums(table, places, steps)
    }

    /// How the features in these places speak for each answer, in sum.
    pub(crate) fn said(&self, places: &[u32]) -> Row {
        Row(self.sums(self.table, places, self.steps.0))
    }

    /// The sums of the rows in these places, in weights of these steps.
    fn sums<const WIDTH: usize>(
        &self,
        table: Table,
        places: &[u32],
        steps: [f32; WIDTH],
    ) -> [f32; WIDTH] {
        let mut sums = [0; WIDTH];
        for row in places.iter().filter_map(|&place| table.row::<WIDTH>(&self.bytes, place)) {
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(weight.cast_signed());
            }
        }
        let mut weights = steps;
        for (weight, sum) in weights.iter_mut().zip(sums) {
            *weight *= small(sum);
        }
        weights
    }

    /// The probabilities of the acts of a sentence of which so many features say this.
    pub(crate) fn acts(&self, said: &Row, features: usize) -> Acts {
        let mut scores: Acts = self.bias.answers(Question::Act);
        let share = root_share(features);
        for (score, sum) in scores.iter_mut().zip(said.answers::<{ Act::COUNT }>(Question::Act)) {
            *score += share * sum;
        }
        softmax(scores)
    }

    /// Packs what was learned.
    pub(crate) fn pack(parts: &Parts) -> Vec<u8> {
        let steps = steps(parts.features.iter().map(|(_, weights)| weights));
        let name_steps = parts.names.each_ref().map(|weights| {
            weights.iter().map(|(_, weight)| weight.abs()).fold(0.0, f32::max) / 127.0
        });
        let mut bytes = MAGIC.to_vec();
        let Network { units, units_bias, outcomes, outcomes_bias } = &parts.judge;
        bytes.extend(u32::try_from(units.len()).unwrap_or(u32::MAX).to_le_bytes());
        let rows = [steps, parts.bias].into_iter().flat_map(|row| row.0);
        let bias = units_bias.iter().chain(outcomes_bias);
        let judge = bias.chain(outcomes.iter().flatten()).chain(units.iter().flatten());
        let numbers = rows.chain(judge.copied());
        for number in name_steps.into_iter().chain(numbers) {
            bytes.extend(number.to_le_bytes());
        }
        let rows = parts.features.iter().map(|(feature, weights)| {
            let mut row = [0; Row::LENGTH];
            for ((byte, weight), step) in row.iter_mut().zip(weights.0).zip(steps.0) {
                *byte = quantum(weight, step);
            }
            (*feature, row)
        });
        Table::pack(rows.collect(), &mut bytes);
        let mut names: BTreeMap<u32, [u8; Name::COUNT]> = BTreeMap::new();
        for (name, (weights, step)) in parts.names.iter().zip(name_steps).enumerate() {
            for &(feature, weight) in weights {
                if let Some(byte) = names.entry(feature).or_default().get_mut(name) {
                    *byte = quantum(weight, step);
                }
            }
        }
        Table::pack(names.into_iter().collect(), &mut bytes);
        bytes
    }
}

/// Sentences of all lengths weigh alike: each feature counts by one over the root of their number.
fn root_share(features: usize) -> f32 {
    1.0 / small(i32::try_from(features.max(1)).unwrap_or(i32::MAX)).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "sums of some thousand bytes")]
const fn small(number: i32) -> f32 {
    number as f32
}

/// The weight that one step of a byte stands for.
fn steps<'a>(rows: impl Iterator<Item = &'a Row>) -> Row {
    let mut largest = Row::default();
    for row in rows {
        for (largest, value) in largest.0.iter_mut().zip(row.0) {
            *largest = largest.max(value.abs());
        }
    }
    Row(largest.0.map(|largest| largest / 127.0))
}

#[expect(clippy::cast_possible_truncation, reason = "at most 127 steps")]
fn quantum(weight: f32, step: f32) -> u8 {
    if step > 0.0 { ((weight / step).round() as i8).cast_unsigned() } else { 0 }
}

/// Scores as probabilities.
pub(crate) fn softmax<const N: usize>(scores: [f32; N]) -> [f32; N] {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut probabilities = scores.map(|score| (score - highest).exp());
    let sum: f32 = probabilities.iter().sum();
    for probability in &mut probabilities {
        *probability /= sum;
    }
    probabilities
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let taken = self
            .at
            .checked_add(length)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or(ModelError)?;
        self.at += length;
        Ok(taken)
    }

    fn word(&mut self) -> Result<[u8; 4], ModelError> {
        self.take(4)?.try_into().map_err(|_| ModelError)
    }

    fn count(&mut self) -> Result<usize, ModelError> {
        usize::try_from(u32::from_le_bytes(self.word()?)).map_err(|_| ModelError)
    }

    fn float(&mut self) -> Result<f32, ModelError> {
        let number = f32::from_le_bytes(self.word()?);
        // What is no number would be swallowed by the judge's units, and then say the same of every mail.
        Some(number).filter(|number| number.is_finite()).ok_or(ModelError)
    }

    fn floats<const N: usize>(&mut self) -> Result<[f32; N], ModelError> {
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            *number = self.float()?;
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::UNITS;
    use super::*;

    /// Each weight is another one.
    fn network() -> Network {
        let mut network = Network { units: vec![[0.0; UNITS]; 3], ..Network::default() };
        let Network { units, units_bias, outcomes, outcomes_bias } = &mut network;
        let weights = units.iter_mut().flatten().chain(units_bias);
        let weights = weights.chain(outcomes.iter_mut().flatten()).chain(outcomes_bias);
        for (weight, number) in weights.zip(1_u16..) {
            *weight = f32::from(number);
        }
        network
    }

    fn parts() -> Parts {
        let mut says = Row::default();
        says.0[0] = 4.0;
        says.put(Question::Topic, [0.5; 9]);
        Parts {
            features: (1..=50).map(|n: u32| (n * 77_777_777, says)).collect(),
            judge: network(),
            names: [
                (1..=20).map(|n: u32| (n * 99_999_999, 0.5)).collect(),
                vec![(5, -1.0)],
                vec![(7, 2.0)],
            ],
            ..Parts::default()
        }
    }

    #[test]
    fn what_is_packed_is_read_back() {
        let model = Model::read(Cow::Owned(Model::pack(&parts()))).unwrap();
        let find = |features: &[u32]| {
            let mut places = Vec::new();
            model.find(features, &mut places);
            places
        };
        for (feature, ..) in parts().features {
            assert_eq!(find(&[feature]).len(), 1, "{feature}");
        }
        let all: Vec<u32> = parts().features.iter().map(|(feature, _)| *feature).collect();
        assert_eq!(find(&all).len(), all.len());
        assert!(find(&[5, 6, u32::MAX]).is_empty());
        let said = model.said(&find(&[77_777_777, 77_777_777]));
        let acts = model.acts(&said, 1);
        assert!(acts[0] > 0.8 && (acts.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{acts:?}");
        assert!((said.answers::<9>(Question::Topic)[3] - 0.5).abs() < 0.01);
        assert_eq!(model.judge, network());
        let names = model.speaks_for(&[99_999_999, 5, 5, 7], &mut Vec::new());
        for (points, right) in names.into_iter().zip([0.5, -1.0, 2.0]) {
            assert!((points - right).abs() < 0.01, "{names:?}");
        }
    }

    #[test]
    fn each_feature_is_found_with_its_own_row() {
        let feature = |n: u32| crate::classify::grams::finish(n.wrapping_mul(0x9E37_79B1));
        for count in [1, 5, 20_000] {
            let rows: Vec<(u32, [u8; 4])> =
                (0..count).map(|n| (feature(n), n.to_le_bytes())).collect();
            let mut bytes = Vec::new();
            Table::pack(rows.clone(), &mut bytes);
            let mut numbers = Reader { bytes: &bytes, at: 0 };
            let table = Table::read(&mut numbers, 4).unwrap();
            assert_eq!(numbers.at, bytes.len());
            let mut places = Vec::new();
            for (feature, row) in rows {
                table.find(&bytes, &[feature], &mut places);
                let found: Vec<_> = places.iter().map(|&place| table.row(&bytes, place)).collect();
                assert_eq!(found, [Some(&row)], "{feature}");
            }
            let others: Vec<u32> = (count..2 * count).map(feature).collect();
            table.find(&bytes, &others, &mut places);
            assert!(places.is_empty(), "{count}");
        }
    }

    #[test]
    fn a_damaged_model_is_refused() {
        let bytes = Model::pack(&parts());
        for cut in [0, 7, 12, 40, bytes.len() - 1] {
            assert!(Model::read(Cow::Owned(bytes[..cut].to_vec())).is_err(), "{cut}");
        }
        // Each number is one: the first is behind the magic and the judge's inputs.
        let mut other = bytes.clone();
        other[12..16].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(Model::read(Cow::Owned(other)).is_err());
        let mut other = bytes.clone();
        other[3] ^= 1;
        assert!(Model::read(Cow::Owned(other)).is_err());
        // The sizes of the first table stand before its groups, behind the judge's weights and the other numbers.
        let numbers =
            Name::COUNT + Row::LENGTH * 2 + UNITS + Outcome::ALL.len() * (1 + UNITS) + 3 * UNITS;
        let table = 8 + 4 + numbers * 4;
        for (at, count) in
            [8, table, table + 4].into_iter().flat_map(|at| [(at, 0), (at, u32::MAX)])
        {
            let mut other = bytes.clone();
            other[at..at + 4].copy_from_slice(&count.to_le_bytes());
            assert!(Model::read(Cow::Owned(other)).is_err(), "{at} {count}");
        }
    }
}
