//! Deadlines and interviews as an iCalendar file (RFC 5545): the one place that writes it. Pure.
//!
//! By hand, because it is fifty lines: the crates for it bring clocks and time zones of their own.
//! Times are written in UTC, days as days, so no zone has to be described.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::application::Story;
use crate::deadline::{Moment, Purpose};
use crate::lang::Lang;
use crate::say;

/// An interview takes this long where no end is said.
const MEETING: SignedDuration = SignedDuration::from_hours(1);

/// RFC 5545 §3.1: lines of at most 75 octets, the line end left out.
const LINE_OCTETS: usize = 75;

/// One entry of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The same for the same date of the same mail, so that a second import changes nothing.
    pub uid: String,
    /// When.
    pub at: Moment,
    /// It takes time; else it is a moment by which something is to be done.
    pub is_meeting: bool,
    /// What a calendar shows.
    pub summary: String,
    /// The mail's own words, and where to read more.
    pub description: String,
}

/// The dates in `stories`: what is to be done by when, and when to be where. Those of applications that
/// have ended with a no are left out.
#[must_use]
pub fn agenda(stories: &[Story], lang: Lang) -> Vec<Entry> {
    let mut entries = Vec::new();
    for story in stories {
        let is_over = story.has_ended()
            && story.standing()
                != crate::application::Standing::Told(crate::classify::Outcome::Offer);
        for step in story.steps.iter().filter(|_| !is_over) {
            for dated in &step.dates {
                let company = story.company().unwrap_or_default();
                let what = match dated.purpose {
                    Purpose::Answer => say!(lang, "内定への回答の期限", "answer to the offer"),
                    Purpose::Dates => say!(lang, "日程の返事の期限", "answer about the date"),
                    Purpose::Submit => say!(lang, "提出・登録などの期限", "something is due"),
                    Purpose::Appointment => say!(lang, "面接などの予定", "interview"),
                    Purpose::Result => say!(lang, "結果の連絡の目安", "the result is expected"),
                };
                let id = step.mail_id;
                let summary = match (company, lang) {
                    ("", _) => what,
                    (company, Lang::Ja) => format!("{company}：{what}"),
                    (company, Lang::En) => format!("{company}: {what}"),
                };
                let at = dated.at;
                let hour =
                    at.time.map_or_else(String::new, |time| time.strftime("T%H%M").to_string());
                entries.push(Entry {
                    uid: format!(
                        "{}{hour}-{id}-{:?}@goen",
                        at.day.strftime("%Y%m%d"),
                        dated.purpose
                    ),
                    at,
                    is_meeting: dated.purpose == Purpose::Appointment,
                    summary,
                    description: format!("{}\ngoen show {id}", dated.quote),
                });
            }
        }
    }
    entries.sort_by(|one, other| (one.at, &one.uid).cmp(&(other.at, &other.uid)));
    entries
}

/// `entries` as an iCalendar file, written at `now`.
#[must_use]
pub fn calendar(entries: &[Entry], zone: &TimeZone, now: Timestamp) -> String {
    let mut out = String::new();
    let mut line = |text: &str| fold(text, &mut out);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//goen//goen//EN");
    for entry in entries {
        line("BEGIN:VEVENT");
        line(&format!("UID:{}", entry.uid));
        line(&format!("DTSTAMP:{}", utc(now)));
        if entry.at.time.is_some() {
            let start = entry.at.ends(zone);
            let end =
                if entry.is_meeting { start.checked_add(MEETING).unwrap_or(start) } else { start };
            line(&format!("DTSTART:{}", utc(start)));
            line(&format!("DTEND:{}", utc(end)));
        } else {
            let day = entry.at.day;
            let next = day.saturating_add(1.day());
            line(&format!("DTSTART;VALUE=DATE:{}", day.strftime("%Y%m%d")));
            line(&format!("DTEND;VALUE=DATE:{}", next.strftime("%Y%m%d")));
        }
        line(&format!("SUMMARY:{}", escaped(&entry.summary)));
        line(&format!("DESCRIPTION:{}", escaped(&entry.description)));
        // A day by which something is to be done leaves the day itself free.
        line(if entry.is_meeting { "TRANSP:OPAQUE" } else { "TRANSP:TRANSPARENT" });
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    out
}

fn utc(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// RFC 5545 §3.3.11.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in crate::plain::lines(text).chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

/// Writes one line, folded between characters where it is too long.
fn fold(text: &str, out: &mut String) {
    let mut used = 0;
    for c in text.chars() {
        if used + c.len_utf8() > LINE_OCTETS {
            out.push_str("\r\n ");
            used = 1;
        }
        let _ = write!(out, "{c}");
        used += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;
    use crate::application::{Names, Step};
    use crate::classify::{Outcome, Stage};
    use crate::deadline::Dated;

    #[test]
    fn a_deadline_is_a_day_and_an_interview_an_hour() {
        let dated = |purpose, day, time, quote: &str| Dated {
            purpose,
            at: Moment { day, time },
            quote: quote.to_owned(),
        };
        let step = Step {
            company: Some("株式会社青葉, 本社; 東京".to_owned()),
            dates: vec![
                dated(
                    Purpose::Answer,
                    date(2026, 12, 5),
                    None,
                    "12月5日までに、内定承諾書をご返送くださいますよう、何卒よろしくお願い申し上げます",
                ),
                dated(Purpose::Appointment, date(2026, 12, 3), Some(time(14, 0, 0, 0)), "日時"),
            ],
            ..Step::of(3, Outcome::Offer, Stage::Unknown)
        };
        let stories = [Story::new(1, Names::default(), None, vec![step])];
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let text = calendar(&agenda(&stories, Lang::Ja), &zone, Timestamp::UNIX_EPOCH);
        assert!(text.split("\r\n").all(|line| line.len() <= LINE_OCTETS), "{text}");
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        let unfolded = text.replace("\r\n ", "");
        for line in [
            "UID:20261203T1400-3-Appointment@goen",
            "DTSTART:20261203T050000Z",
            "DTEND:20261203T060000Z",
            "DTSTART;VALUE=DATE:20261205",
            "DTEND;VALUE=DATE:20261206",
            "SUMMARY:株式会社青葉\\, 本社\\; 東京：内定への回答の期限",
        ] {
            assert!(unfolded.split("\r\n").any(|is| is == line), "{line} in {unfolded}");
        }
        assert!(unfolded.contains("お願い申し上げます\\ngoen show 3"), "{unfolded}");
    }

    #[test]
    fn an_application_that_ended_has_no_dates_any_more() {
        let at = Moment { day: date(2026, 12, 3), time: None };
        let dated = Dated { purpose: Purpose::Submit, at, quote: String::new() };
        let open = Step { dates: vec![dated], ..Step::of(1, Outcome::InProcess, Stage::Unknown) };
        let ended = Step::of(2, Outcome::Declined, Stage::Unknown);
        let agenda =
            |steps| agenda(&[Story::new(1, Names::default(), None, steps)], Lang::En).len();
        assert_eq!(agenda(vec![open.clone()]), 1);
        assert_eq!(agenda(vec![open, ended]), 0);
    }
}
