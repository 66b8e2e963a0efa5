//! Applications: the mails of one application as one story (応募 → 書類 → 一次 → … → 結果). Pure.
//!
//! [`place()`] says which application a mail belongs to, [`Story`] what its steps amount to. Where two
//! roles at one company are open and a mail does not say which it means, it stands for itself: told
//! of the wrong one, a rejection would hurt twice. The user puts right what is wrong (`goen app`).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::classify::{Door, Outcome, ReplyAdvice, Stage, Verdict};
use crate::deadline::{Dated, Promise, Said};
use crate::mail::Mail;
use crate::outbox::when::holidays::Calendar;
use crate::{deadline, silence};

pub mod name;
pub mod place;

pub use self::place::{Known, Traits, place};

/// One mail of an application, or one result in a mail about several.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its mail.
    pub mail_id: i64,
    /// Which result of a mail about several, counted from 1; 0 is the mail as a whole.
    pub part: u32,
    /// When the server received it.
    pub at: Timestamp,
    /// When goen found it.
    pub found_at: Timestamp,
    /// What it says.
    pub outcome: Outcome,
    /// The stage it is about.
    pub stage: Stage,
    /// The employer, as the mail states it.
    pub company: Option<String>,
    /// The position, as the mail states it.
    pub position: Option<String>,
    /// The dates in it.
    pub dates: Vec<Dated>,
    /// When its sender promises to tell the result.
    pub promise: Option<Promise>,
    /// It leaves a way back, and says so.
    pub door_open: bool,
    /// How many months its sender wants to pass before another application.
    pub reapply_after: Option<u8>,
    /// It confirms that the user has withdrawn (辞退).
    pub withdrawn: bool,
    /// It is a pass that waits for an answer.
    pub asks_soon: bool,
}

/// What of a stored mail makes a step.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The mail's number.
    pub mail_id: i64,
    /// Which result of it; 0 is the mail as a whole.
    pub part: u32,
    /// When the server received it.
    pub at: Timestamp,
    /// When goen found it.
    pub found_at: Timestamp,
    /// The mail.
    pub mail: &'a Mail,
    /// What it says.
    pub verdict: &'a Verdict,
}

impl Step {
    /// A step without anything but its outcome.
    #[must_use]
    pub const fn of(mail_id: i64, outcome: Outcome, stage: Stage) -> Self {
        Self {
            mail_id,
            part: 0,
            at: Timestamp::UNIX_EPOCH,
            found_at: Timestamp::UNIX_EPOCH,
            outcome,
            stage,
            company: None,
            position: None,
            dates: Vec::new(),
            promise: None,
            door_open: false,
            reapply_after: None,
            withdrawn: false,
            asks_soon: false,
        }
    }

    /// Reads the step of a mail, with the dates in it. Nothing if the mail has no such part.
    #[must_use]
    pub fn read(source: &Source<'_>, zone: &TimeZone, calendar: &Calendar) -> Option<Self> {
        let Source { mail_id, part, at, found_at, mail, verdict } = *source;
        let sent = at.to_zoned(zone.clone()).datetime();
        let text = mail.new_text();
        let index = usize::try_from(part).ok()?.checked_sub(1);
        let (outcome, company, position) = match index {
            None => (verdict.outcome, verdict.company.clone(), verdict.position.clone()),
            Some(index) => {
                let result = verdict.results.get(index)?;
                (result.outcome, result.company.clone(), result.position.clone())
            }
        };
        let company = company.as_deref().map(name::company).map(str::to_owned);
        let position = position.as_deref().and_then(name::position).map(str::to_owned);
        let is_whole = part == 0;
        // Which of several applications a date is about, a mail about several rarely says.
        let said = if is_whole { deadline::read(&text, sent, calendar) } else { Said::default() };
        let is_pass = outcome == Outcome::Advanced && verdict.reply == ReplyAdvice::Recommended;
        Some(Self {
            at,
            found_at,
            part,
            company,
            position,
            dates: said.dates,
            promise: said.promise,
            door_open: is_whole && verdict.door == Door::Open,
            reapply_after: said.reapply_after,
            withdrawn: silence::confirms_withdrawal(outcome, &text),
            asks_soon: is_whole && is_pass,
            ..Self::of(mail_id, outcome, verdict.stage)
        })
    }
}

/// What an application is called, where the user has named it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The employer.
    pub company: Option<String>,
    /// The position.
    pub position: Option<String>,
}

/// One application.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Its number in the store; people name it by any of its mails.
    pub id: i64,
    /// The names that the user gave it.
    pub names: Names,
    /// The user has put it away (`goen app close`), and when.
    pub closed_at: Option<Timestamp>,
    /// Its mails, oldest first; never empty.
    pub steps: Vec<Step>,
}

/// Where an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The newest word that decides something.
    Told(Outcome),
    /// The user has withdrawn.
    Withdrawn,
    /// The user has put it away.
    Closed,
}

impl Story {
    /// A story of `steps`, put in order.
    #[must_use]
    pub fn new(id: i64, names: Names, closed_at: Option<Timestamp>, mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| (step.at, step.mail_id, step.part));
        Self { id, names, closed_at, steps }
    }

    /// The employer: as the user named it, else in its fullest form.
    #[must_use]
    pub fn company(&self) -> Option<&str> {
        let said = self.steps.iter().filter_map(|step| step.company.as_deref());
        self.names.company.as_deref().or_else(|| name::fullest(said))
    }

    /// The position: as the user named it, else as the newest mail that names one.
    #[must_use]
    pub fn position(&self) -> Option<&str> {
        let said = self.steps.iter().rev().find_map(|step| step.position.as_deref());
        self.names.position.as_deref().or(said)
    }

    /// The newest step that says how the application stands.
    #[must_use]
    pub fn deciding(&self) -> Option<&Step> {
        // A mail that says nothing new (a survey after the end, papers before the first day) leaves
        // things as they are.
        let decides = |step: &&Step| step.outcome.is_result() || step.withdrawn;
        self.steps.iter().rev().find(decides).or(self.steps.last())
    }

    /// Where it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let deciding = self.deciding();
        // A mail that came later opens it again.
        let is_closed = self
            .closed_at
            .is_some_and(|closed| self.steps.last().is_none_or(|step| step.at <= closed));
        match deciding {
            _ if is_closed => Standing::Closed,
            Some(step) if step.withdrawn => Standing::Withdrawn,
            Some(step) => Standing::Told(step.outcome),
            None => Standing::Told(Outcome::InProcess),
        }
    }

    /// Whether there is nothing more to wait for.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(
            self.standing(),
            Standing::Told(Outcome::Declined | Outcome::Offer)
                | Standing::Withdrawn
                | Standing::Closed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(mail_id: i64, outcome: Outcome) -> Step {
        let at = Timestamp::from_second(mail_id * 86_400).unwrap();
        Step { at, found_at: at, ..Step::of(mail_id, outcome, Stage::Unknown) }
    }

    fn story(steps: Vec<Step>) -> Story {
        Story::new(1, Names::default(), None, steps)
    }

    #[test]
    fn the_newest_word_that_decides_counts() {
        use Outcome::{Advanced, Declined, InProcess, Offer};
        let told = |outcomes: &[Outcome]| {
            let steps = (1..).zip(outcomes).map(|(id, outcome)| step(id, *outcome)).collect();
            story(steps).standing()
        };
        assert_eq!(told(&[InProcess, Advanced, InProcess]), Standing::Told(Advanced));
        assert_eq!(told(&[InProcess, Advanced, Declined, InProcess]), Standing::Told(Declined));
        // 繰り上げ: weeks after a rejection, an offer.
        assert_eq!(told(&[Declined, Offer]), Standing::Told(Offer));
        assert_eq!(told(&[InProcess, InProcess]), Standing::Told(InProcess));
    }

    #[test]
    fn what_was_put_away_is_open_again_when_a_mail_comes() {
        let steps = vec![step(1, Outcome::InProcess), step(3, Outcome::Advanced)];
        let closed = |day: i64| Timestamp::from_second(day * 86_400).ok();
        let standing = |closed_at| Story { closed_at, ..story(steps.clone()) }.standing();
        assert_eq!(standing(closed(4)), Standing::Closed);
        assert_eq!(standing(closed(2)), Standing::Told(Outcome::Advanced));
    }

    #[test]
    fn names_of_the_users_own_come_first() {
        let mut named = step(1, Outcome::InProcess);
        named.company = Some("㈱青葉".to_owned());
        let full =
            Step { company: Some("株式会社青葉".to_owned()), ..step(2, Outcome::Declined) };
        let mut story = story(vec![full, named]);
        assert_eq!(story.company(), Some("株式会社青葉"));
        story.names.company = Some("青葉".to_owned());
        assert_eq!(story.company(), Some("青葉"));
    }
}
