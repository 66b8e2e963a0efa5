//! What is to be told later about an application: deadlines in time, an interview the evening before,
//! silence, a door that was left open (あとで伝えること). Pure.
//!
//! Nothing is kept of how it came about: reminders follow from the story as it is, so a result, a
//! correction or a mail that settles things takes them away. What was told is told once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::application::{Standing, Step, Story};
use crate::classify::Outcome;
use crate::deadline::{Moment, Purpose, is_working_day};
use crate::outbox::when::holidays::Calendar;
use crate::silence;

/// Nobody is reminded earlier in the morning …
const MORNING: Time = Time::constant(9, 0, 0, 0);

/// … or later in the evening.
const EVENING: Time = Time::constant(20, 0, 0, 0);

/// When an interview of the next day is brought to mind.
const EVE: Time = Time::constant(18, 0, 0, 0);

/// When a day is told of that has no hour.
const FORENOON: Time = Time::constant(10, 0, 0, 0);

/// A deadline this soon after its mail is not told again: it was told with the mail.
const JUST_TOLD: SignedDuration = SignedDuration::from_hours(4);

/// Before a deadline that leaves less than a day, this long.
const SHORT_NOTICE: SignedDuration = SignedDuration::from_hours(3);

/// A pass without a date in it is answered within a day (the custom); told this long after it.
const SOON: SignedDuration = SignedDuration::from_hours(20);

/// What a reminder is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An offer is to be answered.
    Answer,
    /// The date of an interview is to be settled.
    Dates,
    /// Something is to be handed in.
    Submit,
    /// A pass waits for an answer; no date was named.
    Soon,
    /// An interview tomorrow.
    Appointment,
    /// Word that was promised, or could be expected, has not come.
    Silence,
    /// The same, where only those who pass were to be told.
    SilencePassersOnly,
    /// A door was left open, and time has passed.
    Door,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Answer,
        Self::Dates,
        Self::Submit,
        Self::Soon,
        Self::Appointment,
        Self::Silence,
        Self::SilencePassersOnly,
        Self::Door,
    ];

    /// The name in the store and in the guidance file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Dates => "dates",
            Self::Submit => "submit",
            Self::Soon => "soon",
            Self::Appointment => "appointment",
            Self::Silence => "silence",
            Self::SilencePassersOnly => "silence_passers_only",
            Self::Door => "door",
        }
    }

    /// Whether an answer to the mail settles it.
    #[must_use]
    pub const fn is_settled_by_answer(self) -> bool {
        matches!(self, Self::Dates | Self::Soon)
    }
}

/// Something to be told at its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is about.
    pub kind: Kind,
    /// The mail it rests on, and the part of it.
    pub mail_id: i64,
    /// Counted from 1; 0 is the mail as a whole.
    pub part: u32,
    /// The deadline, the appointment, the day that passed.
    pub about: Moment,
    /// When to tell.
    pub at: Timestamp,
    /// Told later than this, it would be of no use.
    pub until: Timestamp,
}

/// What reminders depend on beside the story.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The zone the user lives in.
    pub zone: &'a TimeZone,
    /// Working days.
    pub calendar: &'a Calendar,
    /// How long before a deadline, in hours; 0 for no reminders of deadlines and interviews.
    pub deadline_hours: u16,
    /// After how many working days behind an interview silence is told; 0 for never.
    pub silence_days: u16,
    /// After how many months an open door is told; 0 for never.
    pub door_months: u8,
}

impl Terms<'_> {
    /// A number, never 0, that is another one when these terms are others or goen is another version.
    #[must_use]
    pub fn number(&self) -> i64 {
        let mut hash = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), format!("{self:?}")).hash(&mut hash);
        (hash.finish() | 1).cast_signed()
    }
}

/// What is to be told about `story`, and when; what is past is for the caller to leave out.
#[must_use]
pub fn plan(story: &Story, terms: &Terms<'_>) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let standing = story.standing();
    if matches!(standing, Standing::Closed | Standing::Withdrawn) {
        return wanted;
    }
    let newest_result = story.steps.iter().rposition(|step| step.outcome.is_result()).unwrap_or(0);
    if standing != Standing::Told(Outcome::Declined) && terms.deadline_hours > 0 {
        for (index, step) in story.steps.iter().enumerate().skip(newest_result) {
            let is_last = index + 1 == story.steps.len();
            wanted.extend(of_step(step, is_last, terms));
        }
    }
    if terms.silence_days > 0
        && let Some(silence) = silence::awaited(story, terms.silence_days, terms.calendar)
    {
        let at = local(silence.from, FORENOON, terms.zone);
        wanted.push(Wanted {
            kind: if silence.passers_only { Kind::SilencePassersOnly } else { Kind::Silence },
            mail_id: silence.mail_id,
            part: silence.part,
            about: Moment { day: silence.by, time: None },
            at,
            until: later(at, SignedDuration::from_hours(30 * 24)),
        });
    }
    wanted.extend(door(story, terms));
    // What was over before goen knew of it is no news.
    let found = |wanted: &Wanted| {
        let is_it = |step: &&Step| (step.mail_id, step.part) == (wanted.mail_id, wanted.part);
        story.steps.iter().find(is_it).is_none_or(|step| wanted.at > step.found_at)
    };
    wanted.retain(found);
    wanted
}

/// The dates of one mail. A later mail settles when to meet.
fn of_step(step: &Step, is_last: bool, terms: &Terms<'_>) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let mut add = |kind, about: Moment, at: Timestamp, until| {
        wanted.push(Wanted { kind, mail_id: step.mail_id, part: step.part, about, at, until });
    };
    for dated in &step.dates {
        let ends = dated.at.ends(terms.zone);
        let kind = match dated.purpose {
            Purpose::Answer => Kind::Answer,
            Purpose::Dates if is_last => Kind::Dates,
            Purpose::Submit => Kind::Submit,
            Purpose::Appointment => {
                if let Ok(eve) = dated.at.day.yesterday() {
                    add(Kind::Appointment, dated.at, local(eve, EVE, terms.zone), ends);
                }
                continue;
            }
            Purpose::Dates | Purpose::Result => continue,
        };
        if let Some(at) = before(ends, step.at, terms) {
            add(kind, dated.at, at, ends);
        }
    }
    if step.asks_soon && is_last && step.dates.iter().all(|dated| dated.purpose == Purpose::Result)
    {
        let end = later(step.at, SignedDuration::from_hours(24)).to_zoned(terms.zone.clone());
        // A day is a custom and no deadline: to the minute it would be one.
        let about = Moment { day: end.date(), time: None };
        let at = waking(later(step.at, SOON), terms.zone);
        add(Kind::Soon, about, at, later(step.at, SignedDuration::from_hours(3 * 24)));
    }
    wanted
}

/// When to tell of a deadline that `ends` then, in a mail of `told`.
fn before(ends: Timestamp, told: Timestamp, terms: &Terms<'_>) -> Option<Timestamp> {
    let ahead = SignedDuration::from_hours(terms.deadline_hours.into());
    let usual = waking(later(ends, -ahead), terms.zone);
    let short = later(ends, -SHORT_NOTICE);
    let at = if usual > later(told, JUST_TOLD) {
        usual
    } else {
        short.max(earliest_on_day(short, terms.zone))
    };
    (at > later(told, JUST_TOLD) && at < ends).then_some(at)
}

/// A declined application whose mail leaves a way back.
fn door(story: &Story, terms: &Terms<'_>) -> Option<Wanted> {
    let step =
        story.deciding().filter(|step| step.outcome == Outcome::Declined && step.door_open)?;
    if terms.door_months == 0 {
        return None;
    }
    let told = step.at.to_zoned(terms.zone.clone()).date();
    // Not before the company would take another application (1年ルール).
    let months = terms.door_months.max(step.reapply_after.unwrap_or_default());
    let mut day = told.checked_add(i64::from(months).months()).ok()?;
    while !is_working_day(day, terms.calendar) {
        day = day.tomorrow().ok()?;
    }
    let at = local(day, FORENOON, terms.zone);
    Some(Wanted {
        kind: Kind::Door,
        mail_id: step.mail_id,
        part: step.part,
        about: Moment { day: told, time: None },
        at,
        until: later(at, SignedDuration::from_hours(60 * 24)),
    })
}

/// `at`, moved out of the night: forward in the morning, back in the evening.
fn waking(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let local_time = at.to_zoned(zone.clone()).datetime();
    if local_time.time() < MORNING {
        local(local_time.date(), MORNING, zone)
    } else if local_time.time() > EVENING {
        local(local_time.date(), EVENING, zone)
    } else {
        at
    }
}

fn earliest_on_day(at: Timestamp, zone: &TimeZone) -> Timestamp {
    local(at.to_zoned(zone.clone()).date(), MORNING, zone)
}

fn local(day: Date, time: Time, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().unwrap_or(Timestamp::MAX)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::application::Names;
    use crate::classify::Stage;
    use crate::deadline::{Dated, Promise};

    fn tokyo() -> TimeZone {
        TimeZone::get("Asia/Tokyo").unwrap()
    }

    fn at(month: i8, day: i8, hour: i8) -> Timestamp {
        let year = if month < 9 { 2027 } else { 2026 };
        date(year, month, day).at(hour, 0, 0, 0).to_zoned(tokyo()).unwrap().timestamp()
    }

    fn step(mail_id: i64, outcome: Outcome, received: Timestamp) -> Step {
        Step { at: received, found_at: received, ..Step::of(mail_id, outcome, Stage::Unknown) }
    }

    fn dated(purpose: Purpose, day: Date, hour: Option<i8>, step: Step) -> Step {
        let at = Moment { day, time: hour.map(|hour| time(hour, 0, 0, 0)) };
        Step { dates: vec![Dated { purpose, at, quote: String::new() }], ..step }
    }

    fn planned(steps: Vec<Step>) -> Vec<(Kind, Timestamp)> {
        planned_of(&Story::new(1, Names::default(), None, steps))
    }

    fn planned_of(story: &Story) -> Vec<(Kind, Timestamp)> {
        let (zone, calendar) = (tokyo(), Calendar::built_in().unwrap());
        let terms = Terms {
            zone: &zone,
            calendar: &calendar,
            deadline_hours: 24,
            silence_days: 10,
            door_months: 6,
        };
        plan(story, &terms).into_iter().map(|wanted| (wanted.kind, wanted.at)).collect()
    }

    #[test]
    fn an_offers_deadline_is_told_again_a_day_before() {
        let offer = step(1, Outcome::Offer, at(11, 26, 15));
        let with_hour = dated(Purpose::Answer, date(2026, 12, 5), Some(17), offer.clone());
        assert_eq!(planned(vec![with_hour]), [(Kind::Answer, at(12, 4, 17))]);
        // The end of a day is no hour to be told at.
        let whole_day = dated(Purpose::Answer, date(2026, 12, 5), None, offer);
        assert_eq!(planned(vec![whole_day]), [(Kind::Answer, at(12, 4, 20))]);
    }

    #[test]
    fn a_deadline_of_the_next_day_is_told_again_some_hours_before() {
        let pass = step(1, Outcome::Advanced, at(11, 26, 15));
        let tomorrow = dated(Purpose::Dates, date(2026, 11, 27), Some(17), pass.clone());
        assert_eq!(planned(vec![tomorrow]), [(Kind::Dates, at(11, 27, 14))]);
        let tonight = dated(Purpose::Dates, date(2026, 11, 26), Some(18), pass);
        assert_eq!(planned(vec![tonight]), [], "it was told with the mail");
    }

    #[test]
    fn a_pass_without_a_date_is_brought_to_mind_within_a_day() {
        let pass = Step { asks_soon: true, ..step(1, Outcome::Advanced, at(11, 26, 15)) };
        assert_eq!(planned(vec![pass.clone()]), [(Kind::Soon, at(11, 27, 11))]);
        let settled = dated(
            Purpose::Appointment,
            date(2026, 12, 3),
            Some(14),
            step(2, Outcome::InProcess, at(11, 26, 19)),
        );
        let kinds: Vec<Kind> =
            planned(vec![pass, settled]).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [Kind::Appointment, Kind::Silence]);
    }

    #[test]
    fn a_later_result_takes_reminders_away() {
        let offer = dated(
            Purpose::Answer,
            date(2026, 12, 5),
            None,
            step(1, Outcome::Offer, at(11, 26, 15)),
        );
        assert_eq!(planned(vec![offer, step(2, Outcome::Declined, at(11, 27, 9))]), []);
        let open = Step { door_open: true, ..step(1, Outcome::Declined, at(11, 26, 15)) };
        assert_eq!(planned(vec![open.clone()]), [(Kind::Door, at(5, 26, 10))]);
        let a_year = Step { reapply_after: Some(12), ..open.clone() };
        let told: Vec<Timestamp> = planned(vec![a_year]).into_iter().map(|(_, at)| at).collect();
        let a_year_later = date(2027, 11, 26).at(10, 0, 0, 0).to_zoned(tokyo()).unwrap();
        assert_eq!(told, [a_year_later.timestamp()], "not before they would take it");
        assert_eq!(planned(vec![open, step(2, Outcome::Advanced, at(12, 20, 9))]), []);
    }

    #[test]
    fn silence_is_told_in_the_forenoon_of_a_working_day() {
        let promise =
            Promise { by: Some(date(2026, 11, 20)), passers_only: true, quote: String::new() };
        let receipt = Step { promise: Some(promise), ..step(1, Outcome::InProcess, at(11, 10, 9)) };
        assert_eq!(planned(vec![receipt.clone()]), [(Kind::SilencePassersOnly, at(11, 24, 10))]);
        assert_eq!(planned(vec![receipt, step(2, Outcome::Declined, at(11, 26, 9))]), []);
    }

    #[test]
    fn what_was_put_away_is_left_in_peace() {
        let open = Step { door_open: true, ..step(1, Outcome::Declined, at(11, 26, 15)) };
        let story = Story::new(1, Names::default(), Some(at(11, 27, 9)), vec![open]);
        assert_eq!(planned_of(&story), []);
    }
}
