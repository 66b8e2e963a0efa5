//! When an approved reply leaves: within the hours the user set, on working days. Pure.
//!
//! A reply that arrives at three in the morning says something its words do not. The undo window is
//! counted first, then the next moment that fits is taken ([`next`]).

pub mod holidays;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use self::holidays::Calendar;
use crate::hours::Hours;

/// How far ahead a fitting day is looked for. The longest row of days off in Japan is under two weeks.
const LOOK_AHEAD_DAYS: usize = 60;

/// The user's wish: in which hours, and on which days.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// In which hours; without any, at any time of the day.
    pub hours: Hours,
    /// Only on working days of this calendar; none for every day.
    pub working_days: Option<&'a Calendar>,
}

impl Wish<'_> {
    /// The first moment of a day that fits.
    fn start(&self) -> Time {
        self.hours.ends().map_or(Time::midnight(), |(from, _until)| from)
    }

    fn allows_time(&self, time: Time) -> bool {
        self.hours == Hours::NONE || self.hours.contain(time)
    }

    fn allows(&self, day: Date) -> bool {
        self.working_days.is_none_or(|calendar| {
            !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !calendar.is_off(day)
        })
    }
}

/// The first moment from `now` on that fits `wish` in `zone`; `now` itself where nothing fits in the
/// next two months, because a reply must not wait for ever.
#[must_use]
pub fn next(now: Timestamp, zone: &TimeZone, wish: &Wish<'_>) -> Timestamp {
    let local = now.to_zoned(zone.clone());
    if wish.allows(local.date()) && wish.allows_time(local.time()) {
        return now;
    }
    local
        .date()
        .series(1.day())
        .take(LOOK_AHEAD_DAYS)
        .filter(|day| wish.allows(*day))
        // A start that a change of clocks skips is the moment after the change.
        .filter_map(|day| day.to_datetime(wish.start()).to_zoned(zone.clone()).ok())
        .map(|start| start.timestamp())
        .find(|start| *start > now)
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};
    use proptest::prelude::*;

    use super::*;

    fn japan() -> TimeZone {
        TimeZone::fixed(offset(9))
    }

    fn wish(calendar: &Calendar) -> Wish<'_> {
        Wish { hours: "08:30-19:00".parse().unwrap(), working_days: Some(calendar) }
    }

    /// What [`next`] says in Japan, both as local times.
    fn next_in_japan(now: &str) -> String {
        let calendar = Calendar::built_in().unwrap();
        let now: jiff::civil::DateTime = now.parse().unwrap();
        let now = now.to_zoned(japan()).unwrap().timestamp();
        next(now, &japan(), &wish(&calendar))
            .to_zoned(japan())
            .strftime("%Y-%m-%dT%H:%M")
            .to_string()
    }

    #[test]
    fn in_working_hours_it_leaves_at_once() {
        assert_eq!(next_in_japan("2026-11-24T08:30"), "2026-11-24T08:30");
        assert_eq!(next_in_japan("2026-11-24T18:59"), "2026-11-24T18:59");
    }

    #[test]
    fn at_night_it_waits_for_the_morning() {
        assert_eq!(next_in_japan("2026-11-24T03:00"), "2026-11-24T08:30");
        assert_eq!(next_in_japan("2026-11-24T19:00"), "2026-11-25T08:30");
    }

    #[test]
    fn over_a_long_weekend_it_waits_for_the_first_working_day() {
        // Friday evening; Monday is 勤労感謝の日.
        assert_eq!(next_in_japan("2026-11-20T20:00"), "2026-11-24T08:30");
    }

    #[test]
    fn over_the_turn_of_the_year_it_waits_for_the_fourth() {
        assert_eq!(next_in_japan("2026-12-28T19:30"), "2027-01-04T08:30");
    }

    #[test]
    fn without_a_wish_it_leaves_at_once_at_any_time() {
        let now = "2026-12-31T18:00:00Z".parse().unwrap();
        let any = Wish { hours: Hours::NONE, working_days: None };
        assert_eq!(next(now, &japan(), &any), now);
    }

    #[test]
    fn on_working_days_without_hours_it_waits_for_midnight() {
        let calendar = Calendar::built_in().unwrap();
        let any = Wish { hours: Hours::NONE, working_days: Some(&calendar) };
        // Saturday noon in Japan.
        let now = "2026-11-21T03:00:00Z".parse().unwrap();
        let monday = next(now, &japan(), &any).to_zoned(japan());
        assert_eq!(monday.strftime("%Y-%m-%dT%H:%M").to_string(), "2026-11-24T00:00");
    }

    proptest! {
        #[test]
        fn the_planned_time_always_fits_the_wish_and_is_never_past(
            second in 1_640_995_200_i64..4_102_444_800,
        ) {
            let calendar = Calendar::built_in().unwrap();
            let wish = wish(&calendar);
            let now = Timestamp::from_second(second).unwrap();
            let planned = next(now, &japan(), &wish);
            prop_assert!(planned >= now);
            prop_assert_eq!(next(planned, &japan(), &wish), planned);
            let local = planned.to_zoned(japan());
            prop_assert!(wish.allows_time(local.time()) && wish.allows(local.date()), "{}", local);
        }
    }
}
