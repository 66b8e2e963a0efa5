//! Hours of a day, as the settings write them: `08:30-19:00`, `22:00-07:00`. Pure.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// How clock times are written.
const CLOCK: &str = "%H:%M";

/// From the first time until just before the second, over midnight where the second is the earlier
/// one; an empty text is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours(Option<(Time, Time)>);

/// Why a text names no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} are no hours: write \"08:30-19:00\", or \"\" for none")]
pub struct HoursError(String);

impl Hours {
    /// No hours.
    pub const NONE: Self = Self(None);

    /// Their first and their last moment, if there are any.
    #[must_use]
    pub fn ends(self) -> Option<(Time, Time)> {
        self.0
    }

    /// Whether `time` lies in them.
    #[must_use]
    pub fn contain(self, time: Time) -> bool {
        self.0.is_some_and(|(from, until)| {
            if from < until { from <= time && time < until } else { from <= time || time < until }
        })
    }
}

/// A time of day as `7:00` or `19:30`.
#[must_use]
pub fn clock(text: &str) -> Option<Time> {
    Time::strptime(CLOCK, text.trim()).ok()
}

/// A time of day as it is written: `07:00`.
#[must_use]
pub fn clock_words(time: Time) -> String {
    time.strftime(CLOCK).to_string()
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        if text.trim().is_empty() {
            return Ok(Self::NONE);
        }
        let ends = text
            .split_once(['-', '–', '〜', '～'])
            .and_then(|(from, until)| Some((clock(from)?, clock(until)?)))
            .filter(|(from, until)| from != until);
        ends.map(|ends| Self(Some(ends))).ok_or_else(|| HoursError(text.to_owned()))
    }
}

impl TryFrom<String> for Hours {
    type Error = HoursError;

    fn try_from(text: String) -> Result<Self, HoursError> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((from, until)) => write!(f, "{}-{}", clock_words(from), clock_words(until)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_written_alike() {
        let hours: Hours = "8:30 - 19:00".parse().unwrap();
        assert_eq!(hours.to_string(), "08:30-19:00");
        assert_eq!("".parse::<Hours>().unwrap().to_string(), "");
        for wrong in ["22:00", "22-7", "25:00-07:00", "07:00-07:00", "22:00-", "08:30-25:00"] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let at = |text: &str| clock(text).unwrap();
        let day: Hours = "08:30-19:00".parse().unwrap();
        let night: Hours = "22:00-07:00".parse().unwrap();
        for (time, in_day, in_night) in [
            ("08:30", true, false),
            ("18:59", true, false),
            ("19:00", false, false),
            ("22:00", false, true),
            ("06:59", false, true),
            ("07:00", false, false),
        ] {
            assert_eq!(
                (day.contain(at(time)), night.contain(at(time))),
                (in_day, in_night),
                "{time}"
            );
            assert!(!Hours::NONE.contain(at(time)));
        }
    }
}
