//! Silence where word was promised, or could be expected (サイレントお祈り). Pure.
//!
//! What is expected is read from the mails: a promise with a date, else the custom of two working
//! weeks after an interview. Nothing is expected where nothing was said, and the next mail ends it.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::application::{Standing, Step, Story};
use crate::classify::Outcome;
use crate::deadline::{Purpose, pattern, working_days_after};
use crate::outbox::when::holidays::Calendar;

/// Word that could be expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The mail that lets it be expected, and the part of it.
    pub mail_id: i64,
    /// Counted from 1; 0 is the mail as a whole.
    pub part: u32,
    /// The last day on which it could be waited for.
    pub by: Date,
    /// The first working day after it: from then on it is silence.
    pub from: Date,
    /// It was promised; else it is the custom after an interview.
    pub promised: bool,
    /// Only those who pass are told: then silence is the answer.
    pub passers_only: bool,
    /// The words of the promise.
    pub quote: Option<String>,
}

/// The word that is still awaited in `story`; after an interview, `days_after_interview` working days
/// count as the custom (0: nothing is expected without a promise).
#[must_use]
pub fn awaited(story: &Story, days_after_interview: u16, calendar: &Calendar) -> Option<Silence> {
    if story.has_ended() || story.standing() == Standing::Told(Outcome::Undisclosed) {
        return None;
    }
    // What was said before the newest result has been settled by it.
    let newest_result = story.steps.iter().rposition(|step| step.outcome.is_result());
    let since = story.steps.get(newest_result.unwrap_or(0)..).unwrap_or_default();
    since.iter().rev().find_map(|step| expected(step, days_after_interview, calendar))
}

fn expected(step: &Step, days_after_interview: u16, calendar: &Calendar) -> Option<Silence> {
    let appointment = step.dates.iter().rev().find(|dated| dated.purpose == Purpose::Appointment);
    let met = appointment.map(|dated| dated.at.day);
    let promise = step.promise.as_ref();
    let promised =
        promise.and_then(|promise| promise.by).filter(|by| met.is_none_or(|met| met < *by));
    let by = match (promised, met) {
        (Some(by), _) => by,
        (None, Some(met)) if days_after_interview > 0 => {
            working_days_after(met, days_after_interview, calendar)
        }
        _ => return None,
    };
    Some(Silence {
        mail_id: step.mail_id,
        part: step.part,
        by,
        from: working_days_after(by, 1, calendar),
        promised: promised.is_some(),
        passers_only: promise.is_some_and(|promise| promise.passers_only),
        quote: promise.filter(|_| promised.is_some()).map(|promise| promise.quote.clone()),
    })
}

static WITHDRAWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "(?:選考|応募|内定|ご)の?(?:ご)?辞退[^。]{0,30}(?:承り|承知|受け付け|受付|了承|確認いたし|受理|手続きが完了|手続を完了)|\
         辞退のご?(?:連絡|申し出|意向)[^。]{0,20}(?:ありがとう|いただき|承)|\
         (?:confirm|acknowledge|received|processed)[^.]{0,40}withdraw(?:al|n)|\
         your (?:application|candidacy) has been withdrawn(?: at your request| as (?:you )?requested)",
    )
});

/// Whether a mail that tells no result confirms that the user has withdrawn.
#[must_use]
pub fn confirms_withdrawal(outcome: Outcome, text: &str) -> bool {
    let joined: String =
        text.split_inclusive('\n').map(|line| line.trim_end_matches('\n')).collect();
    outcome == Outcome::InProcess && WITHDRAWN.is_match(&joined.to_lowercase())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;
    use crate::application::Names;
    use crate::classify::Stage;
    use crate::deadline::{Dated, Moment, Promise};

    fn step(mail_id: i64, outcome: Outcome) -> Step {
        let at = Timestamp::from_second(1_790_000_000 + mail_id * 86_400).unwrap();
        Step { at, found_at: at, ..Step::of(mail_id, outcome, Stage::Unknown) }
    }

    fn promised(by: Option<Date>, passers_only: bool, step: Step) -> Step {
        Step { promise: Some(Promise { by, passers_only, quote: "結果は".to_owned() }), ..step }
    }

    fn interview(day: Date, step: Step) -> Step {
        let at = Moment { day, time: Some(jiff::civil::time(14, 0, 0, 0)) };
        let dated = Dated { purpose: Purpose::Appointment, at, quote: "日時".to_owned() };
        Step { dates: vec![dated], ..step }
    }

    fn by(steps: Vec<Step>) -> Option<(Date, Date, bool)> {
        let story = Story::new(1, Names::default(), None, steps);
        let silence = awaited(&story, 10, &Calendar::built_in().unwrap())?;
        Some((silence.by, silence.from, silence.passers_only))
    }

    #[test]
    fn a_promised_day_passes_and_the_next_working_day_it_is_silence() {
        // A Friday before a long weekend.
        let friday = date(2026, 11, 20);
        let receipt = promised(Some(friday), true, step(1, Outcome::InProcess));
        assert_eq!(by(vec![receipt]), Some((friday, date(2026, 11, 24), true)));
    }

    #[test]
    fn after_an_interview_two_working_weeks_are_the_custom() {
        let met = interview(date(2026, 11, 26), step(1, Outcome::Advanced));
        assert_eq!(by(vec![met.clone()]), Some((date(2026, 12, 10), date(2026, 12, 11), false)));
        let promise = promised(Some(date(2026, 12, 2)), false, met);
        assert_eq!(by(vec![promise]), Some((date(2026, 12, 2), date(2026, 12, 3), false)));
    }

    #[test]
    fn a_result_ends_the_waiting_and_a_later_word_renews_it() {
        let receipt = promised(Some(date(2026, 11, 20)), false, step(1, Outcome::InProcess));
        assert_eq!(by(vec![receipt.clone(), step(2, Outcome::Declined)]), None);
        assert_eq!(by(vec![receipt.clone(), step(2, Outcome::Advanced)]), None);
        assert_eq!(by(vec![receipt.clone(), step(2, Outcome::Undisclosed)]), None);
        let later = promised(Some(date(2026, 12, 4)), false, step(2, Outcome::OnHold));
        assert_eq!(by(vec![receipt, later]), Some((date(2026, 12, 4), date(2026, 12, 7), false)));
    }

    #[test]
    fn nothing_is_expected_where_nothing_was_said() {
        assert_eq!(by(vec![step(1, Outcome::InProcess)]), None);
        assert_eq!(by(vec![promised(None, true, step(1, Outcome::InProcess))]), None);
    }

    #[test]
    fn a_withdrawal_that_is_confirmed_ends_the_waiting() {
        for text in [
            "選考辞退のご連絡、承りました。",
            "このたびは選考辞退のご連絡をいただき、ありがとうございます。",
            "内定辞退の件、承知いたしました。",
            "We confirm the withdrawal of your application.",
        ] {
            assert!(confirms_withdrawal(Outcome::InProcess, text), "{text}");
        }
        for text in [
            "選考を辞退される場合は、ご連絡ください。",
            "辞退されたい方は下記まで。",
            "You may withdraw at any time.",
        ] {
            assert!(!confirms_withdrawal(Outcome::InProcess, text), "{text}");
        }
    }
}
