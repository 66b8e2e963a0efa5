//! What else a mail says: stage, wording, door, channel, and whether to reply.

use super::grams::{self, Salt};
use super::judge::Reading;
use super::model::{Model, Row, softmax};
use super::question::{Question, Tally};
use super::{Channel, Door, Outcome, ReplyAdvice, Stage, Wording};
use crate::lang::Lang;
use crate::mail::Mail;

/// That there was a meeting is told from this probability on: "the result of the interview" to somebody who had none
/// is worse than no stage at all.
const SURE_OF_MEETING: f32 = 0.3;

/// Everything about a mail that follows from its outcome and its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes {
    pub(crate) stage: Stage,
    pub(crate) wording: Option<Wording>,
    pub(crate) door: Door,
    pub(crate) channel: Channel,
    pub(crate) replyable: bool,
    pub(crate) reply: ReplyAdvice,
}

/// Reads the attributes.
pub(crate) fn of(mail: &Mail, outcome: Outcome, reading: &Reading, model: &Model) -> Attributes {
    let mut tally = Tally::default();
    for (index, (sentence, (said, features))) in
        reading.text.sentences.iter().zip(&reading.said).enumerate()
    {
        let decides = reading.states(index, outcome);
        tally.add(said, *features, |question| question.weight(sentence.place, decides));
    }
    let (said, features) = &reading.beside;
    tally.add(said, *features, Question::weight_beside);
    let mut places = Vec::new();
    model.find(&[outcome_feature(outcome)], &mut places);
    tally.add(&model.said(&places), places.len(), Question::weight_of_outcome);
    let answer = Answers { tally: &tally, bias: &model.bias };

    let stage = if has_stage(outcome) { answer.stage() } else { Stage::Unknown };
    let channel = answer.channel();
    let replyable = !(answer.yes(Question::Unread) || sender_refuses_replies(mail));
    let wording = (outcome == Outcome::Declined)
        .then(|| if answer.yes(Question::Explicit) { Wording::Explicit } else { Wording::Soft });
    let open = has_door(outcome) && answer.yes(Question::Door);
    let door = if open { Door::Open } else { Door::Neutral };
    let situation =
        Situation { outcome, stage, door, channel, replyable, asked: answer.yes(Question::Asked) };
    let reply = situation.reply(mail.lang);
    Attributes { stage, wording, door, channel, replyable, reply }
}

/// The feature that stands for an outcome.
pub(crate) fn outcome_feature(outcome: Outcome) -> u32 {
    grams::of_name(outcome.name(), Salt::Outcome)
}

/// Whether mails of this outcome are about one stage.
pub(crate) const fn has_stage(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Unrelated | Outcome::Mixed)
}

/// Whether a way back is of interest.
pub(crate) const fn has_door(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Declined | Outcome::OnHold)
}

/// Whether somebody at this stage has met the employer.
pub(crate) const fn follows_meeting(stage: Stage) -> bool {
    !matches!(stage, Stage::Document | Stage::Test | Stage::Internship | Stage::Unknown)
}

/// What the words answer.
#[derive(Debug, Clone, Copy)]
struct Answers<'a> {
    tally: &'a Tally,
    bias: &'a Row,
}

impl Answers<'_> {
    fn stage(self) -> Stage {
        let scores: [f32; Stage::ALL.len()] = self.tally.scores(Question::Stage, self.bias);
        let (stage, sure) = Stage::ALL
            .into_iter()
            .zip(softmax(scores))
            .fold((Stage::Unknown, 0.0), |best, next| if next.1 > best.1 { next } else { best });
        if follows_meeting(stage) && sure < SURE_OF_MEETING { Stage::Unknown } else { stage }
    }

    fn channel(self) -> Channel {
        match self.tally.best::<3>(Question::Channel, self.bias) {
            0 => Channel::Company,
            1 => Channel::Agent,
            _ => Channel::Platform,
        }
    }

    /// The answer to a question of yes or no.
    fn yes(self, question: Question) -> bool {
        self.tally.best::<2>(question, self.bias) == 1
    }
}

/// The sender's address says that nobody reads replies.
pub(crate) fn sender_refuses_replies(mail: &Mail) -> bool {
    let target = mail.reply_to.first().or_else(|| mail.author());
    target.is_some_and(|address| {
        let plain: String = address
            .addr_spec
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|character| character.to_ascii_lowercase())
            .collect();
        ["noreply", "donotreply", "norep", "dontreply", "mailerdaemon"]
            .iter()
            .any(|name| plain.contains(name))
    })
}

/// Everything that the advice on replying rests on.
#[derive(Debug, Clone, Copy)]
struct Situation {
    outcome: Outcome,
    stage: Stage,
    door: Door,
    channel: Channel,
    replyable: bool,
    asked: bool,
}

impl Situation {
    /// Whether to reply, by the custom of the language the mail is in.
    const fn reply(self, lang: Lang) -> ReplyAdvice {
        if matches!(self.outcome, Outcome::Unrelated) {
            return ReplyAdvice::NotNeeded;
        }
        if !self.replyable {
            return ReplyAdvice::Impossible;
        }
        match self.outcome {
            Outcome::Advanced | Outcome::Offer | Outcome::Mixed => ReplyAdvice::Recommended,
            Outcome::InProcess if self.asked => ReplyAdvice::Recommended,
            Outcome::InProcess | Outcome::Undisclosed => ReplyAdvice::NotNeeded,
            Outcome::Declined => {
                let met = follows_meeting(self.stage);
                let personal =
                    matches!(self.channel, Channel::Agent) || matches!(self.door, Door::Open);
                let unknown = matches!((lang, self.stage), (Lang::Ja, Stage::Unknown));
                if met || personal || unknown {
                    ReplyAdvice::Optional
                } else {
                    ReplyAdvice::NotNeeded
                }
            }
            _ => ReplyAdvice::Optional,
        }
    }
}
