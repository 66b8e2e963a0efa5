//! Days and hours as people write them in a mail, in Japanese and English. Pure.

use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time, Weekday};
use regex::{Captures, Regex};

use super::{Moment, pattern, working_days_after};
use crate::outbox::when::holidays::Calendar;

/// A date without a year that lies further back than this is next year's, in days.
const LOOK_BACK_DAYS: i64 = 30;

/// A day in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) moment: Moment,
    /// "By", まで, 以内: it ends something.
    pub(super) is_limit: bool,
    /// It was said as a length of time, and not as a day.
    pub(super) is_span: bool,
}

macro_rules! regexes {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text.as_ref()));)*
    };
}

const HOUR_JA: &str = "(?:\\s*(?:の|、)?\\s*(?P<half>午前|午後|am|pm)?\\s*(?:(?P<h>\\d{1,2})(?::(?P<m>\\d{2})|時(?:(?P<m2>\\d{1,2})分|(?P<h30>半))?)|(?P<noon>正午)))?";
const WEEKDAY_JA: &str = "(?:\\s*[(](?:[月火水木金土日](?:曜日?)?)(?:[・/]祝日?)?[)])?";
const LIMIT_JA: &str = "(?P<limit>\\s*(?:頃|ごろ|中)?\\s*(?:まで|迄|必着|締め?切|〆切|中に|以内|頃|ごろ|前後|目途|目処|を?目安))?";

const MONTHS: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const MONTHS_BEGIN: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &str = "monday|tuesday|wednesday|thursday|friday|saturday|sunday";
const LIMIT_EN: &str = "(?P<limit>by|before|until|till|no later than|not later than|deadline(?: is| for [^.]{1,40} is)?:?|due(?: on| by)?:?|expires?(?: on| at)?|valid (?:until|through)|latest)";
const HOUR_EN: &str = "(?:\\s*(?:,|at|@|-)?\\s*(?P<h>\\d{1,2})(?::(?P<m>\\d{2}))?\\s*(?P<half>am|pm|a\\.m\\.|p\\.m\\.)|\\s*(?:,|at|@)?\\s*(?P<h24>\\d{1,2}):(?P<m24>\\d{2})|\\s*(?:,|at)?\\s*(?P<noon>noon))?";
const NUMBERS_EN: &str = "\\d{1,2}|an?|one|two|three|four|five|six|seven|ten|fourteen";

regexes! {
    DATE_JA = format!("(?:(?:(?P<y>\\d{{4}})|令和(?P<reiwa>\\d{{1,2}}))\\s*年\\s*)?(?P<mo>\\d{{1,2}})\\s*月\\s*(?P<d>\\d{{1,2}})\\s*日{WEEKDAY_JA}{HOUR_JA}{LIMIT_JA}");
    SLASHED = format!("(?:^|[^\\d/.-])(?:(?P<y>\\d{{4}})[/.-])?(?P<mo>\\d{{1,2}})[/](?P<d>\\d{{1,2}}){WEEKDAY_JA}{HOUR_JA}{LIMIT_JA}");
    ISO = format!("(?:{LIMIT_EN}\\s+(?:the\\s+)?(?:on\\s+)?)?(?P<y>\\d{{4}})-(?P<mo>\\d{{2}})-(?P<d>\\d{{2}}){HOUR_EN}");
    DAY_ONLY_JA = format!("(?P<next>来月|翌月)の?(?P<d>\\d{{1,2}})日{WEEKDAY_JA}{HOUR_JA}{LIMIT_JA}");
    NAMED_JA = format!("(?P<day>本日|今日|明日|翌日|明後日|翌々日)(?:\\s*[(]?[月火水木金土日]?(?:曜日?)?[)]?){HOUR_JA}{LIMIT_JA}");
    WEEKDAY_OF_JA = format!("(?P<week>今週|来週|再来週|次)の?(?P<wd>[月火水木金土日])曜日?{HOUR_JA}{LIMIT_JA}");
    WEEK_JA = "(?P<week>今週|来週|再来週|今月|来月)(?P<part>中|内|末|前半|上旬|中旬|下旬|いっぱい)(?:まで|迄|頃|ごろ)?に?";
    WITHIN_JA = "(?P<n>\\d{1,2}|[一二三四五六七八九十]{1,2}|数)\\s*(?P<unit>営業日|日間?|週間?|時間|[かヶカケ]月)\\s*(?P<limit>以内|程度|ほど|前後|くらい|ぐらい|後?まで|を?目安|を?目途|を?目処)";

    DATE_EN = format!("(?:\\b{LIMIT_EN}\\s+(?:the\\s+)?(?:end of\\s+)?(?:the day on\\s+)?(?:(?:(?P<h2>\\d{{1,2}})(?::(?P<m2>\\d{{2}}))?\\s*(?P<half2>am|pm|a\\.m\\.|p\\.m\\.)|(?P<h3>\\d{{1,2}}):(?P<m3>\\d{{2}}))\\s*(?:\\([a-z]+\\)\\s*)?(?:on\\s+|,\\s*)?)?)?(?:(?:on\\s+)?(?:{WEEKDAYS}),?\\s+)?(?:the\\s+)?(?:(?P<d>\\d{{1,2}})(?:st|nd|rd|th)?\\s+(?:of\\s+)?(?P<mo>{MONTHS})|(?P<mo2>{MONTHS})\\.?\\s+(?P<d2>\\d{{1,2}})(?:st|nd|rd|th)?)\\b\\.?(?:,?\\s+(?P<y>\\d{{4}}))?{HOUR_EN}");
    NAMED_EN = format!("\\b(?:{LIMIT_EN}\\s+)?(?:(?P<h2>\\d{{1,2}})(?::(?P<m2>\\d{{2}}))?\\s*(?P<half2>am|pm|a\\.m\\.|p\\.m\\.)\\s+)?(?:on\\s+)?(?P<next>this |next |the coming )?(?P<day>{WEEKDAYS}|tomorrow|today|(?:the )?end of (?:the |this )?(?:week|month|day)|(?:the )?end of next week|next week|next month|close of business(?: today| tomorrow)?|end of business(?: today| tomorrow)?)\\b{HOUR_EN}");
    WITHIN_EN = format!("\\b(?P<limit>within|in)\\s+(?:the next\\s+|about\\s+|around\\s+|approximately\\s+)?(?:(?:{NUMBERS_EN})\\s*(?:-|–|to)\\s*)?(?P<n>{NUMBERS_EN})\\s+(?P<work>business |working )?(?P<unit>hours?|days?|weeks?|months?)\\b");
}

/// All days in a sentence, those said in digits before those that are counted.
pub(super) fn days(sentence: &str, sent: DateTime, calendar: &Calendar) -> Vec<Found> {
    let today = sent.date();
    let mut found = Vec::new();
    // Ranges of the text that a more exact pattern has read already.
    let mut taken: Vec<(usize, usize)> = Vec::new();
    let mut look = |regex: &Regex, read: &dyn Fn(&Captures<'_>) -> Option<Found>| {
        for captures in regex.captures_iter(sentence) {
            let Some(whole) = captures.get(0) else { continue };
            let range = (whole.start(), whole.end());
            if taken.iter().any(|(start, end)| range.0 < *end && *start < range.1) {
                continue;
            }
            if let Some(day) = read(&captures) {
                taken.push(range);
                found.push(day);
            }
        }
    };
    // Most sentences hold no day: a look for what each pattern cannot do without is far cheaper.
    let holds = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    if sentence.contains(|c: char| c.is_ascii_digit()) {
        for (regex, needs) in [
            (&DATE_JA, ["月"].as_slice()),
            (&ISO, &["-"]),
            (&SLASHED, &["/"]),
            (&DATE_EN, &MONTHS_BEGIN),
        ] {
            if holds(needs) {
                look(regex, &|captures| Some(said(captures, numbered(captures, today)?)));
            }
        }
        if holds(&["来月", "翌月"]) {
            look(&DAY_ONLY_JA, &|captures| {
                let next = today.first_of_month().checked_add(1.month()).ok()?;
                let day = Date::new(next.year(), next.month(), number(captures, "d")?).ok()?;
                Some(said(captures, day))
            });
        }
    }
    if holds(&["日"]) {
        look(&NAMED_JA, &|captures| named_ja(captures, today));
    }
    if holds(&["曜"]) {
        look(&WEEKDAY_OF_JA, &|captures| weekday_of_ja(captures, today));
    }
    if holds(&["週", "月"]) {
        look(&WEEK_JA, &|captures| week_ja(captures, today));
    }
    if holds(&["日", "週", "時間", "月"]) {
        look(&WITHIN_JA, &|captures| {
            let count = count_ja(captures.name("n")?.as_str())?;
            span(ahead(sent, count, captures.name("unit")?.as_str(), calendar)?)
        });
    }
    if holds(&["in "]) {
        look(&WITHIN_EN, &|captures| {
            let count = count_en(captures.name("n")?.as_str())?;
            let unit = captures.name("unit")?.as_str().to_ascii_lowercase();
            let unit = match (unit.trim_end_matches('s'), captures.name("work")) {
                ("hour", _) => "時間",
                ("day", Some(_)) => "営業日",
                ("day", None) => "日",
                ("week", _) => "週",
                _ => "か月",
            };
            span(ahead(sent, count, unit, calendar)?)
        });
    }
    if holds(&["day", "tomorrow", "week", "month", "of business"]) {
        look(&NAMED_EN, &|captures| named_en(captures, today));
    }
    found
}

/// A day as it was said, with the hour and the limit beside it.
fn said(captures: &Captures<'_>, day: Date) -> Found {
    let moment = Moment { day, time: hour(captures) };
    Found { moment, is_limit: captures.name("limit").is_some(), is_span: false }
}

/// The end of a length of time.
#[expect(clippy::unnecessary_wraps, reason = "what the patterns' readers give")]
const fn span(moment: Moment) -> Option<Found> {
    Some(Found { moment, is_limit: true, is_span: true })
}

fn named_ja(captures: &Captures<'_>, today: Date) -> Option<Found> {
    let ahead = match captures.name("day")?.as_str() {
        "本日" | "今日" => 0,
        "明日" | "翌日" => 1,
        _ => 2,
    };
    // 本日 is in every second sentence of a letter: alone it is no date.
    let found = said(captures, today.checked_add(ahead.days()).ok()?);
    (found.is_limit || found.moment.time.is_some()).then_some(found)
}

fn weekday_of_ja(captures: &Captures<'_>, today: Date) -> Option<Found> {
    let weekday = match captures.name("wd")?.as_str() {
        "月" => Weekday::Monday,
        "火" => Weekday::Tuesday,
        "水" => Weekday::Wednesday,
        "木" => Weekday::Thursday,
        "金" => Weekday::Friday,
        "土" => Weekday::Saturday,
        _ => Weekday::Sunday,
    };
    let day = match captures.name("week")?.as_str() {
        "次" => next_weekday(today, weekday),
        week => day_of_week(today, weeks_ahead(week), i64::from(weekday.since(Weekday::Monday)))?,
    };
    Some(said(captures, day))
}

fn week_ja(captures: &Captures<'_>, today: Date) -> Option<Found> {
    let part = captures.name("part")?.as_str();
    let day = match captures.name("week")?.as_str() {
        week @ ("今月" | "来月") => {
            let first = today.first_of_month();
            let first = if week == "来月" { first.checked_add(1.month()).ok()? } else { first };
            match part {
                "上旬" => first.checked_add(9.days()).ok()?,
                "前半" => first.checked_add(14.days()).ok()?,
                "中旬" => first.checked_add(19.days()).ok()?,
                _ => first.last_of_month(),
            }
        }
        week => day_of_week(today, weeks_ahead(week), if part == "前半" { 2 } else { 4 })?,
    };
    span(Moment { day, time: None })
}

fn weeks_ahead(week: &str) -> i64 {
    match week {
        "今週" => 0,
        "来週" => 1,
        _ => 2,
    }
}

/// The day `days` behind the Monday of the week that begins `weeks` after this one.
fn day_of_week(today: Date, weeks: i64, days: i64) -> Option<Date> {
    let since_monday = i64::from(today.weekday().since(Weekday::Monday));
    today.checked_add((7 * weeks + days - since_monday).days()).ok()
}

fn named_en(captures: &Captures<'_>, today: Date) -> Option<Found> {
    let named = captures.name("day")?.as_str().to_ascii_lowercase();
    let next =
        captures.name("next").is_some_and(|next| next.as_str().eq_ignore_ascii_case("next "));
    let found = said(captures, named_day(&named, next, today)?);
    if named.contains("week") || named.contains("month") {
        return span(found.moment);
    }
    // A weekday without "by" and without an hour is talk.
    (found.is_limit || found.moment.time.is_some()).then_some(found)
}

fn number<T: std::str::FromStr>(captures: &Captures<'_>, name: &str) -> Option<T> {
    captures.name(name)?.as_str().parse().ok()
}

/// A day in digits; without a year, the next that comes or was only just.
fn numbered(captures: &Captures<'_>, today: Date) -> Option<Date> {
    let day: i8 = number(captures, "d").or_else(|| number(captures, "d2"))?;
    let month = match number(captures, "mo") {
        Some(month) => month,
        None => month_en(captures.name("mo").or_else(|| captures.name("mo2"))?.as_str())?,
    };
    let reiwa = captures.name("reiwa").and_then(|year| year.as_str().parse::<i16>().ok());
    let year: Option<i16> = number(captures, "y").or_else(|| reiwa.map(|year| 2018 + year));
    if let Some(year) = year {
        return Date::new(year, month, day).ok();
    }
    let this = Date::new(today.year(), month, day).ok()?;
    let long_ago = today.checked_sub(LOOK_BACK_DAYS.days()).ok()?;
    if this < long_ago { Date::new(today.year() + 1, month, day).ok() } else { Some(this) }
}

fn hour(captures: &Captures<'_>) -> Option<Time> {
    if captures.name("noon").is_some() {
        return Some(Time::constant(12, 0, 0, 0));
    }
    let minute: i8 = match captures.name("h30") {
        Some(_) => 30,
        None => {
            ["m", "m2", "m3", "m24"].iter().find_map(|name| number(captures, name)).unwrap_or(0)
        }
    };
    let half = captures.name("half").or_else(|| captures.name("half2"));
    let hour: i8 = ["h", "h24", "h2", "h3"].iter().find_map(|name| number(captures, name))?;
    let half = half.map(|half| half.as_str().to_lowercase().replace('.', ""));
    let hour = match half.as_deref() {
        Some("午後" | "pm") if hour < 12 => hour + 12,
        Some("午前" | "am") if hour == 12 => 0,
        _ => hour,
    };
    // 24:00 is how people write the end of a day.
    if hour == 24 && minute == 0 {
        Some(Time::constant(23, 59, 0, 0))
    } else {
        Time::new(hour, minute, 0, 0).ok()
    }
}

fn month_en(name: &str) -> Option<i8> {
    let name = name.to_ascii_lowercase();
    let months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let index = months.iter().position(|month| name.starts_with(month))?;
    i8::try_from(index + 1).ok()
}

fn count_ja(text: &str) -> Option<i64> {
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    let digit = |c: char| {
        "一二三四五六七八九"
            .chars()
            .position(|known| known == c)
            .and_then(|at| i64::try_from(at + 1).ok())
    };
    match text.chars().collect::<Vec<_>>().as_slice() {
        // "A few days": what people mean by it, at most.
        ['数'] => Some(6),
        ['十'] => Some(10),
        ['十', one] => Some(10 + digit(*one)?),
        [ten, '十'] => Some(10 * digit(*ten)?),
        [one] => digit(*one),
        _ => None,
    }
}

fn count_en(text: &str) -> Option<i64> {
    Some(match text.to_ascii_lowercase().as_str() {
        "a" | "an" | "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "ten" => 10,
        "fourteen" => 14,
        digits => digits.parse().ok()?,
    })
}

fn ahead(sent: DateTime, count: i64, unit: &str, calendar: &Calendar) -> Option<Moment> {
    let today = sent.date();
    let day = match unit {
        "時間" => {
            let then = sent.checked_add(count.hours()).ok()?;
            return Some(Moment {
                day: then.date(),
                time: Some(Time::new(then.hour(), then.minute(), 0, 0).ok()?),
            });
        }
        "営業日" => working_days_after(today, u16::try_from(count).ok()?, calendar),
        "日" | "日間" => today.checked_add(count.days()).ok()?,
        "週" | "週間" => today.checked_add((7 * count).days()).ok()?,
        _ => today.checked_add(count.months()).ok()?,
    };
    Some(Moment { day, time: None })
}

/// The next `weekday` after `today`.
fn next_weekday(today: Date, weekday: Weekday) -> Date {
    let days = i64::from(today.weekday().until(weekday));
    today.saturating_add(if days == 0 { 7 } else { days }.days())
}

fn named_day(name: &str, next: bool, today: Date) -> Option<Date> {
    let friday = |weeks: i64| day_of_week(today, weeks, 4);
    let weekday = match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        name if name.contains("next week") => return friday(1),
        name if name.contains("next month") => {
            return Some(today.first_of_month().checked_add(1.month()).ok()?.last_of_month());
        }
        name if name.contains("month") => return Some(today.last_of_month()),
        name if name.contains("week") => return friday(0),
        name if name.contains("tomorrow") => return today.tomorrow().ok(),
        _ => return Some(today),
    };
    if next {
        return day_of_week(today, 1, i64::from(weekday.since(Weekday::Monday)));
    }
    Some(next_weekday(today, weekday))
}
