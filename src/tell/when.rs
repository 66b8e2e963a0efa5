//! When a result is told: gentle hours. Pure.
//!
//! Bad news can wait for the hour that the user chose; good news and everything with a date in it
//! does not. Quiet hours hold both. A moment once reached stays right: asked again at the time that
//! [`when`] gave, it says "now", so nothing is put off for ever.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::classify::Outcome;
use crate::hours::{Hours, clock, clock_words};

/// How long bad news that came in meanwhile waits after a start or a resume: whoever opens the
/// laptop is to see the desktop first.
const SETTLING: SignedDuration = SignedDuration::from_mins(2);

/// When bad news is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BadNews {
    /// When it comes.
    #[default]
    AtOnce,
    /// Not before this time of the day on which it came.
    From(Time),
    /// Once a day at this time, all of it together.
    Daily(Time),
}

/// What the user wishes about when results are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// The hours in which nothing is told.
    pub quiet: Hours,
    /// When bad news is told.
    pub bad_news: BadNews,
    /// Whether an offer or a pass may be told in quiet hours.
    pub good_news_any_time: bool,
}

/// The moment at which is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// What the clock says.
    pub time: Timestamp,
    /// Since when the machine and goen have been awake.
    pub awake_since: Timestamp,
    /// The end of `goen quiet`, if it was asked for.
    pub quiet_until: Option<Timestamp>,
}

/// Why a text names no time for bad news.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time for bad news: write \"at once\", \"19:00\" or \"daily 19:00\"")]
pub struct BadNewsError(String);

impl TryFrom<String> for BadNews {
    type Error = BadNewsError;

    fn try_from(text: String) -> Result<Self, BadNewsError> {
        let words = text.trim();
        let time = match words.strip_prefix("daily ") {
            _ if words == "at once" => return Ok(Self::AtOnce),
            Some(time) => clock(time).map(Self::Daily),
            None => clock(words).map(Self::From),
        };
        time.ok_or(BadNewsError(text))
    }
}

impl From<BadNews> for String {
    fn from(bad_news: BadNews) -> Self {
        match bad_news {
            BadNews::AtOnce => "at once".to_owned(),
            BadNews::From(time) => clock_words(time),
            BadNews::Daily(time) => format!("daily {}", clock_words(time)),
        }
    }
}

/// When a result is told: never before `now`, and never in quiet hours.
///
/// What came in earlier than the user's hour for bad news is told at that hour. If goen slept
/// through it, it is told soon after: waiting for the next one could go on for ever.
#[must_use]
pub fn when(
    outcome: Outcome,
    received_at: Timestamp,
    now: Now,
    zone: &TimeZone,
    wish: &Wish,
) -> Timestamp {
    // A server's clock may be ahead of ours.
    let mut at = received_at.min(now.time);
    if is_bad(outcome) {
        at = wish.bad_news.hour(at, zone);
        if received_at < now.awake_since {
            at = at.max(later(now.awake_since, SETTLING));
        }
    }
    at = at.max(now.time);
    if let Some(end) = now.quiet_until {
        at = at.max(end);
    }
    if is_good(outcome) && wish.good_news_any_time { at } else { end(wish.quiet, at, zone) }
}

/// Whether an outcome may hurt.
pub(crate) fn is_bad(outcome: Outcome) -> bool {
    outcome == Outcome::Declined
}

/// Whether an outcome is one to be glad of.
pub(crate) fn is_good(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Advanced | Outcome::Offer)
}

impl BadNews {
    /// The first moment from `at` on that this allows.
    fn hour(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let local = at.to_zoned(zone.clone()).datetime();
        let today = |time: Time| moment(local.date().to_datetime(time), at, zone);
        match self {
            Self::AtOnce => at,
            Self::From(time) if local.time() < time => today(time),
            Self::From(_) => at,
            Self::Daily(time) if local.time() <= time => today(time),
            Self::Daily(time) => {
                let tomorrow = local.date().tomorrow().unwrap_or(local.date());
                moment(tomorrow.to_datetime(time), at, zone)
            }
        }
    }
}

/// `at`, or the end of the `quiet` hours that it lies in.
fn end(quiet: Hours, at: Timestamp, zone: &TimeZone) -> Timestamp {
    let local = at.to_zoned(zone.clone()).datetime();
    let Some((_start, end)) = quiet.ends().filter(|_| quiet.contain(local.time())) else {
        return at;
    };
    let date = local.date();
    // Before midnight, the hours end on the next day.
    let day = if local.time() < end { date } else { date.tomorrow().unwrap_or(date) };
    moment(day.to_datetime(end), at, zone)
}

/// A clock time as a moment not before `at`. Where clocks are put back, a time comes twice; where
/// they are put forward, one that is left out comes an hour later.
fn moment(local: DateTime, at: Timestamp, zone: &TimeZone) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let first = ambiguous.compatible().unwrap_or(at);
    if first >= at { first } else { ambiguous.later().unwrap_or(at).max(at) }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn tokyo() -> TimeZone {
        TimeZone::get("Asia/Tokyo").unwrap()
    }

    /// A time of 17 November 2026 (or a later day) in Japan.
    fn at(day: i8, hour: i8, minute: i8) -> Timestamp {
        date(2026, 11, day).at(hour, minute, 0, 0).to_zoned(tokyo()).unwrap().timestamp()
    }

    fn wish(quiet: &str, bad_news: &str) -> Wish {
        Wish {
            quiet: quiet.parse().unwrap(),
            bad_news: BadNews::try_from(bad_news.to_owned()).unwrap(),
            good_news_any_time: false,
        }
    }

    fn told(outcome: Outcome, received: Timestamp, now: Timestamp, wish: &Wish) -> Timestamp {
        let now = Now { time: now, awake_since: Timestamp::UNIX_EPOCH, quiet_until: None };
        when(outcome, received, now, &tokyo(), wish)
    }

    #[test]
    fn by_default_everything_is_told_when_it_comes() {
        for outcome in Outcome::ALL {
            let time = at(17, 3, 0);
            assert_eq!(told(outcome, time, time, &Wish::default()), time);
        }
    }

    #[test]
    fn quiet_hours_end_in_the_morning_for_bad_and_good_news_alike() {
        let wish = wish("22:00-07:00", "at once");
        for outcome in [Outcome::Declined, Outcome::Offer, Outcome::Advanced] {
            for (now, then) in [
                (at(17, 21, 59), at(17, 21, 59)),
                (at(17, 22, 0), at(18, 7, 0)),
                (at(18, 6, 59), at(18, 7, 0)),
                (at(18, 7, 0), at(18, 7, 0)),
            ] {
                assert_eq!(told(outcome, now, now, &wish), then);
            }
        }
    }

    #[test]
    fn good_news_comes_in_quiet_hours_only_where_the_user_wants_it() {
        let wish = Wish { good_news_any_time: true, ..wish("22:00-07:00", "at once") };
        assert_eq!(told(Outcome::Offer, at(17, 23, 0), at(17, 23, 0), &wish), at(17, 23, 0));
        assert_eq!(told(Outcome::Declined, at(17, 23, 0), at(17, 23, 0), &wish), at(18, 7, 0));
        assert_eq!(told(Outcome::Unsure, at(17, 23, 0), at(17, 23, 0), &wish), at(18, 7, 0));
    }

    #[test]
    fn bad_news_is_held_until_its_hour_and_good_news_is_not() {
        let held = wish("", "19:00");
        let noon = at(17, 12, 0);
        assert_eq!(told(Outcome::Declined, noon, noon, &held), at(17, 19, 0));
        assert_eq!(told(Outcome::Offer, noon, noon, &held), noon);
        // After its hour, bad news of the same evening needs no second day.
        assert_eq!(told(Outcome::Declined, at(17, 20, 0), at(17, 20, 0), &held), at(17, 20, 0));
    }

    #[test]
    fn daily_bad_news_of_the_evening_comes_the_next_day() {
        let daily = wish("", "daily 19:00");
        assert_eq!(told(Outcome::Declined, at(17, 12, 0), at(17, 12, 0), &daily), at(17, 19, 0));
        assert_eq!(told(Outcome::Declined, at(17, 20, 0), at(17, 20, 0), &daily), at(18, 19, 0));
    }

    #[test]
    fn an_hour_that_was_slept_through_does_not_put_off_bad_news_for_ever() {
        for held in [wish("", "19:00"), wish("", "daily 19:00")] {
            let morning = at(18, 9, 0);
            assert_eq!(told(Outcome::Declined, at(17, 12, 0), morning, &held), morning);
        }
    }

    #[test]
    fn bad_news_from_before_a_start_leaves_two_minutes_of_peace() {
        let (received, awake_since) = (at(17, 3, 0), at(17, 9, 0));
        let now = Now { time: awake_since, awake_since, quiet_until: None };
        let told = |outcome, received| when(outcome, received, now, &tokyo(), &Wish::default());
        assert_eq!(told(Outcome::Declined, received), at(17, 9, 2));
        assert_eq!(told(Outcome::Offer, received), at(17, 9, 0));
        // What comes while one is there is no burst.
        assert_eq!(told(Outcome::Declined, awake_since), at(17, 9, 0));
    }

    #[test]
    fn asked_for_quiet_holds_everything_to_its_end() {
        let now = Now {
            time: at(17, 12, 0),
            awake_since: Timestamp::UNIX_EPOCH,
            quiet_until: Some(at(17, 15, 0)),
        };
        let wish = Wish { good_news_any_time: true, ..Wish::default() };
        for outcome in [Outcome::Offer, Outcome::Declined, Outcome::OnHold] {
            assert_eq!(when(outcome, now.time, now, &tokyo(), &wish), at(17, 15, 0));
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for bad_news in ["", "never", "daily", "daily 24:00", "19", "weekly 19:00"] {
            assert!(BadNews::try_from(bad_news.to_owned()).is_err(), "{bad_news}");
        }
    }

    fn any_wish() -> impl Strategy<Value = Wish> {
        let time =
            (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| Time::constant(hour, minute, 0, 0));
        let quiet = proptest::option::of((time.clone(), time.clone())).prop_filter_map(
            "a day has an hour outside",
            |times| {
                let words = times.map_or_else(String::new, |(start, end)| {
                    format!("{}-{}", clock_words(start), clock_words(end))
                });
                words.parse().ok()
            },
        );
        let bad_news = prop_oneof![
            Just(BadNews::AtOnce),
            time.clone().prop_map(BadNews::From),
            time.prop_map(BadNews::Daily)
        ];
        (quiet, bad_news, any::<bool>()).prop_map(|(quiet, bad_news, good_news_any_time)| Wish {
            quiet,
            bad_news,
            good_news_any_time,
        })
    }

    fn any_now() -> impl Strategy<Value = Now> {
        // 2026, with the days on which clocks change.
        let time = 1_767_225_600_i64..1_798_761_600;
        (time, 0..200_000_i64, proptest::option::of(0..200_000_i64)).prop_map(
            |(time, awake, quiet)| {
                let at = |seconds| Timestamp::from_second(seconds).unwrap();
                Now {
                    time: at(time),
                    awake_since: at(time - awake),
                    quiet_until: quiet.map(|quiet| at(time + quiet - 100_000)),
                }
            },
        )
    }

    fn any_zone() -> impl Strategy<Value = TimeZone> {
        prop::sample::select(vec![
            "Asia/Tokyo",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
        ])
        .prop_map(|name| TimeZone::get(name).unwrap())
    }

    proptest! {
        #[test]
        fn written_hours_are_read_as_they_were(wish in any_wish()) {
            prop_assert_eq!(Hours::try_from(String::from(wish.quiet)).unwrap(), wish.quiet);
            prop_assert_eq!(BadNews::try_from(String::from(wish.bad_news)).unwrap(), wish.bad_news);
        }

        #[test]
        fn a_result_is_told_never_early_never_in_quiet_hours_and_never_put_off_for_ever(
            outcome in prop::sample::select(Outcome::ALL.to_vec()),
            age in -1_000..500_000_i64,
            now in any_now(),
            zone in any_zone(),
            wish in any_wish(),
        ) {
            let received_at = later(now.time, SignedDuration::from_secs(-age));
            let told = when(outcome, received_at, now, &zone, &wish);
            prop_assert!(told >= now.time);
            prop_assert!(now.quiet_until.is_none_or(|end| told >= end));
            if !(is_good(outcome) && wish.good_news_any_time) {
                prop_assert_eq!(end(wish.quiet, told, &zone), told, "still in quiet hours");
                if let Some((start, end)) = wish.quiet.ends() {
                    let time = told.to_zoned(zone.clone()).time();
                    let inside = if start < end { start <= time && time < end } else { time >= start || time < end };
                    prop_assert!(!inside, "{} lies in quiet hours", time);
                }
            }
            // Once the time has come, it has come.
            prop_assert_eq!(when(outcome, received_at, Now { time: told, ..now }, &zone, &wish), told);
            // A day for the hour, a day for the quiet hours, an hour for a clock put back.
            let latest = now.quiet_until.map_or(now.time, |end| end.max(now.time));
            let longest = SignedDuration::from_hours(2 * 24 + 2);
            prop_assert!(told <= later(latest, longest));
        }

        #[test]
        fn good_news_outside_quiet_hours_never_waits(now in any_now(), zone in any_zone(), wish in any_wish()) {
            let now = Now { quiet_until: None, ..now };
            let free = Wish { quiet: Hours::NONE, ..wish };
            for outcome in [Outcome::Offer, Outcome::Advanced] {
                prop_assert_eq!(when(outcome, now.time, now, &zone, &free), now.time);
            }
        }
    }
}
