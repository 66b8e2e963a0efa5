//! Japan's public holidays (国民の祝日), computed from the law's rules. Pure.
//!
//! The rules are data (`config/holidays/jp.toml`); what article 3 adds to them is here.

use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// The built-in rules.
const JAPAN: &str = include_str!("../../../config/holidays/jp.toml");

/// The year from which the equinox formula counts, and its slope in millionths of a day a year.
const EPOCH: i32 = 1980;
const DRIFT: i32 = 242_194;

/// Holidays by rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The first year the rules are right for.
    from: i16,
    /// The last one.
    until: i16,
    fixed: Vec<Rule>,
    mondays: Vec<Rule>,
    equinoxes: Vec<Equinox>,
    /// Month and day on which companies are closed without a holiday.
    closed: Vec<[i8; 2]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    /// The month, and the day or the number of the Monday.
    on: [i8; 2],
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equinox {
    name: String,
    month: i8,
    /// Millionths of a day.
    base: i32,
}

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("holidays/jp.toml: {0}")]
pub struct CalendarError(#[from] toml::de::Error);

impl Calendar {
    /// The built-in rules.
    pub fn built_in() -> Result<Self, CalendarError> {
        Self::read(JAPAN)
    }

    /// Reads rules in the form of `config/holidays/jp.toml`.
    pub fn read(text: &str) -> Result<Self, CalendarError> {
        Ok(toml::from_str(text)?)
    }

    /// Whether nobody is at work on `day` who keeps Japan's calendar; weekends are not looked at.
    #[must_use]
    pub fn is_off(&self, day: Date) -> bool {
        self.closed.contains(&[day.month(), day.day()]) || self.holiday(day).is_some()
    }

    /// The name of the holiday on `day`; nothing outside the years that the rules are for.
    #[must_use]
    pub fn holiday(&self, day: Date) -> Option<&str> {
        if !(self.from..=self.until).contains(&day.year()) {
            return None;
        }
        self.named(day)
            .or_else(|| self.is_substitute(day).then_some("振替休日"))
            .or_else(|| self.is_between(day).then_some("国民の休日"))
    }

    /// The holiday of article 2 on `day`.
    fn named(&self, day: Date) -> Option<&str> {
        let on = [day.month(), day.day()];
        let fixed = self.fixed.iter().find(|rule| rule.on == on).map(|rule| &rule.name);
        let monday = || {
            let on = [day.month(), (day.day() - 1) / 7 + 1];
            let is_monday = day.weekday() == Weekday::Monday;
            self.mondays.iter().find(|rule| is_monday && rule.on == on).map(|rule| &rule.name)
        };
        let equinox = || {
            let is_it = |it: &&Equinox| it.month == day.month() && it.day(day.year()) == day.day();
            self.equinoxes.iter().find(is_it).map(|it| &it.name)
        };
        fixed.or_else(monday).or_else(equinox).map(String::as_str)
    }

    /// Article 3 paragraph 2: a holiday on a Sunday moves to the next day that is none.
    fn is_substitute(&self, day: Date) -> bool {
        let mut before = day;
        while let Ok(earlier) = before.yesterday() {
            if self.named(earlier).is_none() {
                return false;
            }
            if earlier.weekday() == Weekday::Sunday {
                return true;
            }
            before = earlier;
        }
        false
    }

    /// Article 3 paragraph 3: a day between two holidays is one, too.
    fn is_between(&self, day: Date) -> bool {
        let is_named = |day: Result<Date, _>| day.is_ok_and(|day| self.named(day).is_some());
        is_named(day.yesterday()) && is_named(day.tomorrow())
    }
}

impl Equinox {
    /// The day of its month in `year`.
    fn day(&self, year: i16) -> i8 {
        let years = i32::from(year) - EPOCH;
        let day = (self.base + DRIFT * years) / 1_000_000 - years / 4;
        i8::try_from(day).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use jiff::civil::date;

    use super::*;

    fn year(year: i16) -> Vec<String> {
        let calendar = Calendar::built_in().unwrap();
        date(year, 1, 1)
            .series(1.day())
            .take_while(|day| day.year() == year)
            .filter(|day| calendar.holiday(*day).is_some())
            .map(|day| format!("{}/{}", day.month(), day.day()))
            .collect()
    }

    /// As the Cabinet Office has published them.
    #[test]
    fn the_holidays_of_2024_to_2027_are_the_published_ones() {
        for (number, published) in [
            (
                2024,
                "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 11/3 11/4 11/23",
            ),
            (
                2025,
                "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24",
            ),
            (
                2026,
                "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23",
            ),
            (
                2027,
                "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23",
            ),
        ] {
            assert_eq!(year(number).join(" "), published, "{number}");
        }
    }

    #[test]
    fn a_day_between_two_holidays_has_its_name() {
        let calendar = Calendar::built_in().unwrap();
        assert_eq!(calendar.holiday(date(2026, 9, 22)), Some("国民の休日"));
        assert_eq!(calendar.holiday(date(2026, 5, 6)), Some("振替休日"));
        assert_eq!(calendar.holiday(date(2026, 9, 23)), Some("秋分の日"));
    }

    #[test]
    fn every_year_until_2099_has_its_sixteen_holidays_and_at_most_a_few_more() {
        for number in 2022..=2099 {
            let count = year(number).len();
            assert!((16..=22).contains(&count), "{number}: {count}");
        }
        assert!(year(2100).is_empty());
    }
}
