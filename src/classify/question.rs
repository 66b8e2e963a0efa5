//! What is asked of a sentence and of a mail. Each answer has a column in the learned table.
//!
//! A sentence is asked what it does; a mail is asked the rest. Of a mail the words of all its sentences speak,
//! those of the deciding ones louder: "interview" in the sentence that refuses tells more than in a footer.

use super::model::Act;
use super::model::Row;
use super::text::Place;
use super::{Outcome, Stage};

/// A question and, in its order of columns, what can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// What does this sentence do? [`Act::ALL`].
    Act,
    /// What is this mail about? [`Outcome::ALL`].
    Topic,
    /// Is it about an application of the recipient's? No, yes. Told by what surrounds the sentences that decide:
    /// flats, papers and places in a team are refused in the same words as applicants.
    Own,
    /// Which stage is it about? [`Stage::ALL`].
    Stage,
    /// Who speaks? An employer, an agent, a job site.
    Channel,
    /// Is there a way back? No, yes.
    Door,
    /// Is it put explicitly? No, yes.
    Explicit,
    /// Does nobody read replies? No, yes.
    Unread,
    /// Is the recipient asked to answer? No, yes.
    Asked,
}

impl Question {
    /// All questions, in the order of their columns.
    pub(crate) const ALL: [Self; 9] = [
        Self::Act,
        Self::Topic,
        Self::Own,
        Self::Stage,
        Self::Channel,
        Self::Door,
        Self::Explicit,
        Self::Unread,
        Self::Asked,
    ];

    /// How many answers there are.
    pub(crate) const fn answers(self) -> usize {
        match self {
            Self::Act => Act::COUNT,
            Self::Topic => Outcome::ALL.len(),
            Self::Stage => Stage::ALL.len(),
            Self::Channel => 3,
            Self::Own | Self::Door | Self::Explicit | Self::Unread | Self::Asked => 2,
        }
    }

    /// The one with the last columns.
    pub(crate) const LAST: Self = Self::Asked;

    /// The column of the first answer.
    pub(crate) const fn column(self) -> usize {
        let before = match self {
            Self::Act => return 0,
            Self::Topic => Self::Act,
            Self::Own => Self::Topic,
            Self::Stage => Self::Own,
            Self::Channel => Self::Stage,
            Self::Door => Self::Channel,
            Self::Explicit => Self::Door,
            Self::Unread => Self::Explicit,
            Self::Asked => Self::Unread,
        };
        before.column() + before.answers()
    }

    /// How much a sentence counts that stands there, and that decides or not.
    pub(crate) const fn weight(self, place: Place, decides: bool) -> f32 {
        match (self, place) {
            (Self::Act, _) => 0.0,
            (Self::Topic, Place::Quoted) => 0.0,
            (Self::Topic, _) => 1.0,
            (Self::Own, Place::Quoted) => 0.5,
            (Self::Own, _) => 1.0,
            (Self::Channel | Self::Unread, Place::Quoted) => 0.0,
            (Self::Channel | Self::Unread, _) => 1.0,
            (Self::Door | Self::Asked, Place::New | Place::Passed) => 1.0,
            (Self::Door | Self::Asked, _) => 0.0,
            (Self::Stage | Self::Explicit, Place::Signature) => 0.0,
            (Self::Stage | Self::Explicit, Place::Quoted) => 0.15,
            (Self::Stage | Self::Explicit, Place::Subject) => 1.0,
            (Self::Stage | Self::Explicit, _) if decides => 1.0,
            (Self::Stage, _) => 0.5,
            (Self::Explicit, _) => 0.25,
        }
    }

    /// How much counts what is told beside the sentences: by the sender, the subject as such, the headers.
    pub(crate) const fn weight_beside(self) -> f32 {
        match self {
            Self::Topic | Self::Own => 1.0,
            Self::Channel => 2.0,
            Self::Unread => 1.0,
            _ => 0.0,
        }
    }

    /// How much counts what became of the application.
    pub(crate) const fn weight_of_outcome(self) -> f32 {
        match self {
            Self::Stage | Self::Channel => 4.0,
            _ => 0.0,
        }
    }
}

/// What the sentences of a mail say in sum.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    sums: Row,
    sizes: [f32; Question::ALL.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self { sums: Row::default(), sizes: [0.0; Question::ALL.len()] }
    }
}

impl Tally {
    /// Adds what so many features say, to each question by its weight.
    #[expect(clippy::cast_precision_loss, reason = "features of a sentence")]
    pub(crate) fn add(&mut self, said: &Row, features: usize, weight: impl Fn(Question) -> f32) {
        for (question, size) in Question::ALL.into_iter().zip(&mut self.sizes) {
            let weight = weight(question);
            if weight == 0.0 {
                continue;
            }
            *size += weight * weight * features as f32;
            let columns = question.column()..question.column() + question.answers();
            let (Some(sums), Some(said)) =
                (self.sums.0.get_mut(columns.clone()), said.0.get(columns))
            else {
                continue;
            };
            for (sum, said) in sums.iter_mut().zip(said) {
                *sum += weight * said;
            }
        }
    }

    /// How each answer is spoken for: all mails weigh alike, however long they are.
    pub(crate) fn scores<const N: usize>(&self, question: Question, bias: &Row) -> [f32; N] {
        let size = self.sizes.get(question as usize).copied().unwrap_or(0.0);
        let share = 1.0 / size.max(1.0).sqrt();
        let mut scores = bias.answers(question);
        for (score, sum) in scores.iter_mut().zip(self.sums.answers::<N>(question)) {
            *score += share * sum;
        }
        scores
    }

    /// The number of the answer that is spoken for most.
    pub(crate) fn best<const N: usize>(&self, question: Question, bias: &Row) -> usize {
        let scores: [f32; N] = self.scores(question, bias);
        let numbered = scores.into_iter().enumerate();
        numbered.max_by(|one, other| one.1.total_cmp(&other.1)).map_or(0, |(answer, _)| answer)
    }
}
