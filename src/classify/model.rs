//! What was learned from the corpus, as it lies in the program: one table of features for each language.
//!
//! `cargo run --profile fit --example fit` writes `config/rules/{ja,en}.model`. Everything in it is little
//! endian and read in place, so nothing is unpacked at the start and nothing is held in memory twice.

use std::borrow::Cow;

use super::Outcome;
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

/// Why a model could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the learned table is damaged: it is not of the form that the fit writes")]
pub struct ModelError;

const MAGIC: &[u8; 8] = b"goen\0\0\0\x0b";

/// Bytes of a feature. They all lie together, before the weights: most features of a mail are in no table, and so
/// are looked for without touching the far larger part.
const KEY: usize = 4;

/// Of a hundred places of a table, how many are taken, [`SPILL`] aside.
const FILLED: usize = 90;

/// Places behind the last one that a feature is looked for first: the last features are pushed there.
const SPILL: usize = 256;

/// How many features are looked for at once.
const AT_ONCE: usize = 16;

/// The judge's weights: one row for each of its features.
pub(crate) type Judge = Vec<Points>;

/// What was learned for one language.
#[derive(Debug)]
pub(crate) struct Model {
    bytes: Cow<'static, [u8]>,
    /// What features of sentences and mails say to each question.
    table: Table,
    /// How features of a possible name speak for each [`Name`], and what one step of a byte stands for.
    names: [(Table, f32); Name::COUNT],
    steps: Row,
    /// How each answer is spoken for before anything is read.
    pub(crate) bias: Row,
    /// How each number that [`super::judge`] takes from a mail speaks for each outcome; the last row is the bias.
    pub(crate) judge: Judge,
}

/// A model as the fit has it, before it is packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) features: Vec<(u32, Row)>,
    pub(crate) bias: Row,
    pub(crate) judge: Judge,
    /// For each [`Name`].
    pub(crate) names: [Vec<(u32, f32)>; Name::COUNT],
}

/// A hash table in the bytes of a model: all keys in ascending order with gaps between them, then all rows.
///
/// A feature is looked for from the place that its size lets expect, up to a gap or a greater key: few steps, also
/// for one that is not there.
#[derive(Debug, Clone, Copy)]
struct Table {
    at: usize,
    places: usize,
    /// Bytes of a row.
    width: usize,
}

impl Table {
    /// Where it ends, unless it is too small or larger than memory.
    fn end(self) -> Option<usize> {
        let size = self.places.checked_mul(KEY + self.width).filter(|_| self.places > SPILL)?;
        self.at.checked_add(size)
    }

    /// Where a feature is looked for first.
    const fn slot(feature: u32, places: usize) -> usize {
        ((feature as u64 * (places - SPILL) as u64) >> 32) as usize
    }

    /// The places of those of the features that are in the table, each once and in ascending order.
    ///
    /// Many keys are read before the first is compared: so they are waited for at the same time.
    fn find(self, bytes: &[u8], features: &[u32], places: &mut Vec<u32>) {
        places.clear();
        let keys = bytes.get(self.at..self.at + self.places * KEY).unwrap_or(&[]);
        let (keys, _) = keys.as_chunks::<KEY>();
        let key = |place: usize| keys.get(place).map_or(0, |key| u32::from_le_bytes(*key));
        for features in features.chunks(AT_ONCE) {
            let mut first = [0; AT_ONCE];
            for (first, &feature) in first.iter_mut().zip(features) {
                *first = key(Self::slot(feature, self.places));
            }
            for (mut here, &feature) in first.into_iter().zip(features) {
                let mut place = Self::slot(feature, self.places);
                while here < feature && here != 0 {
                    place += 1;
                    here = key(place);
                }
                if here == feature {
                    places.extend(u32::try_from(place).ok());
                }
            }
        }
        places.sort_unstable();
        places.dedup();
    }

    /// `WIDTH` is the width of this table.
    fn row<const WIDTH: usize>(self, bytes: &[u8], place: u32) -> Option<&[u8; WIDTH]> {
        debug_assert_eq!(self.width, WIDTH);
        let at = self.at + self.places * KEY + place as usize * WIDTH;
        bytes.get(at..)?.first_chunk()
    }

    /// How many places so many features take.
    fn places(features: usize) -> usize {
        features * 100 / FILLED + SPILL + 1
    }

    /// Adds a table to the bytes.
    fn pack<const WIDTH: usize>(mut rows: Vec<(u32, [u8; WIDTH])>, bytes: &mut Vec<u8>) {
        let places = Self::places(rows.len());
        let mut keys = vec![[0_u8; KEY]; places];
        let mut packed = vec![[0_u8; WIDTH]; places];
        rows.sort_unstable_by_key(|&(feature, _)| feature);
        let mut free = 0;
        for (feature, row) in rows {
            let place = Self::slot(feature, places).max(free);
            free = place + 1;
            assert!(place < places, "more features at the end than the places behind it");
            if let (Some(key), Some(packed)) = (keys.get_mut(place), packed.get_mut(place)) {
                *key = feature.to_le_bytes();
                *packed = row;
            }
        }
        bytes.extend(keys.iter().flatten());
        bytes.extend(packed.iter().flatten());
    }
}

impl Model {
    /// Reads a model where it lies.
    pub(crate) fn read(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let mut numbers = Reader { bytes: &bytes, at: 0 };
        if numbers.take(MAGIC.len())? != MAGIC {
            return Err(ModelError);
        }
        let [places, rows] = [numbers.count()?, numbers.count()?];
        let mut counts = [0; Name::COUNT];
        for count in &mut counts {
            *count = numbers.count()?;
        }
        let name_steps: [f32; Name::COUNT] = numbers.floats()?;
        let steps = Row(numbers.floats()?);
        let bias = Row(numbers.floats()?);
        let mut judge = Vec::new();
        for _ in 0..rows {
            judge.push(numbers.floats()?);
        }
        let table = Table { at: numbers.at, places, width: Row::LENGTH };
        let mut end = table.end().ok_or(ModelError)?;
        let mut names = [(table, 0.0); Name::COUNT];
        for ((name, places), step) in names.iter_mut().zip(counts).zip(name_steps) {
            let table = Table { at: end, places, width: 1 };
            end = table.end().ok_or(ModelError)?;
            *name = (table, step);
        }
        if end != bytes.len() || !name_steps.iter().all(|step| step.is_finite()) {
            return Err(ModelError);
        }
        Ok(Self { bytes, table, names, steps, bias, judge })
    }

    /// The places of those of the features that are in the table, each once.
    pub(crate) fn find(&self, features: &[u32], places: &mut Vec<u32>) {
        self.table.find(&self.bytes, features, places);
    }

    /// How the features of a possible name speak for it, in sum; what is said twice is heard once. `places` is room
    /// for finding them.
    pub(crate) fn speaks_for(&self, name: Name, features: &[u32], places: &mut Vec<u32>) -> f32 {
        let [employers, positions, vacancies] = self.names;
        let (table, step) = match name {
            Name::Employer => employers,
            Name::Position => positions,
            Name::Vacancy => vacancies,
        };
        table.find(&self.bytes, features, places);
        let weights = places.iter().filter_map(|&place| table.row(&self.bytes, place));
        small(weights.map(|&[weight]| i32::from(weight.cast_signed())).sum()) * step
    }

    /// How the features in these places speak for each answer, in sum.
    pub(crate) fn said(&self, places: &[u32]) -> Row {
        let mut sums = [0_i32; Row::LENGTH];
        for &place in places {
            let Some(row) = self.table.row::<{ Row::LENGTH }>(&self.bytes, place) else {
                continue;
            };
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(weight.cast_signed());
            }
        }
        let mut said = self.steps;
        for (said, sum) in said.0.iter_mut().zip(sums) {
            *said *= small(sum);
        }
        said
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
        let names = parts.names.each_ref().map(|names| Table::places(names.len()));
        for count in
            [Table::places(parts.features.len()), parts.judge.len()].into_iter().chain(names)
        {
            bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        let rows = [steps, parts.bias].into_iter().flat_map(|row| row.0);
        let numbers = rows.chain(parts.judge.iter().flatten().copied());
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
        for (names, step) in parts.names.iter().zip(name_steps) {
            let rows = names.iter().map(|&(feature, weight)| (feature, [quantum(weight, step)]));
            Table::pack(rows.collect(), &mut bytes);
        }
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
        let taken = self.bytes.get(self.at..self.at + length).ok_or(ModelError)?;
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
        Ok(f32::from_le_bytes(self.word()?))
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
    use super::*;

    fn parts() -> Parts {
        let mut says = Row::default();
        says.0[0] = 4.0;
        says.put(Question::Topic, [0.5; 9]);
        Parts {
            features: (1..=50).map(|n: u32| (n * 77_777_777, says)).collect(),
            judge: vec![[1.0; 9]; 3],
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
        assert_eq!(model.judge.len(), 3);
        let speaks = |name: Name| model.speaks_for(name, &[99_999_999, 5, 5], &mut Vec::new());
        assert!(
            (speaks(Name::Employer) - 0.5).abs() < 0.01
                && (speaks(Name::Position) + 1.0).abs() < 0.01
        );
        let vacancy = model.speaks_for(Name::Vacancy, &[5, 7], &mut Vec::new());
        assert!((vacancy - 2.0).abs() < 0.01, "{vacancy}");
    }

    #[test]
    fn features_that_crowd_at_one_place_are_found_each_with_its_own_row() {
        let crowded = || (1..=40).chain(u32::MAX - 39..=u32::MAX);
        let rows: Vec<(u32, [u8; 1])> =
            crowded().zip(0..).map(|(feature, n)| (feature, [n])).collect();
        let mut bytes = Vec::new();
        Table::pack(rows, &mut bytes);
        let table = Table { at: 0, places: Table::places(80), width: 1 };
        let mut places = Vec::new();
        for (feature, n) in crowded().zip(0..) {
            table.find(&bytes, &[feature], &mut places);
            let found: Vec<_> = places.iter().map(|&place| table.row(&bytes, place)).collect();
            assert_eq!(found, [Some(&[n])], "{feature}");
        }
        table.find(&bytes, &[41, 1 << 31, u32::MAX - 40], &mut places);
        assert!(places.is_empty());
    }

    #[test]
    fn a_damaged_model_is_refused() {
        let bytes = Model::pack(&parts());
        for cut in [0, 7, 12, 40, bytes.len() - 1] {
            assert!(Model::read(Cow::Owned(bytes[..cut].to_vec())).is_err(), "{cut}");
        }
        let mut other = bytes.clone();
        other[3] ^= 1;
        assert!(Model::read(Cow::Owned(other)).is_err());
        // The counts of the four tables' places stand behind the magic and beside that of the judge's rows.
        for (at, count) in [8, 16, 20, 24].into_iter().flat_map(|at| [(at, 0), (at, u32::MAX)]) {
            let mut other = bytes.clone();
            other[at..at + 4].copy_from_slice(&count.to_le_bytes());
            assert!(Model::read(Cow::Owned(other)).is_err(), "{at} {count}");
        }
    }
}
