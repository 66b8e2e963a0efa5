//! Dates in a mail that matter: until when to answer, when to come, when the result will be known
//! (期限・日時・結果の連絡予定). Pure.
//!
//! A date alone says nothing. It counts where the sentence around it says what it is for: "by" with
//! something the reader is to do, an appointment with its hour, or the sender's own promise. What is
//! not clear is left out: a deadline that is none does harm, and the mail itself still has the date.

use std::cell::LazyCell;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use regex::Regex;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::lang::Lang;
use crate::outbox::when::holidays::Calendar;
use crate::plain;

mod day;

use self::day::{Found, days};

/// How much of a mail is looked through, in characters: a letter says it sooner.
const TEXT_MAX_CHARS: usize = 20_000;

/// Lines shorter than this many columns end a sentence: mails are wrapped by hand at 60 to 76.
const SHORT_LINE_COLUMNS: usize = 44;

/// Room for the mail's own words, in columns.
const QUOTE_COLUMNS: usize = 120;

/// The last minute of a day: what a date without an hour means as a deadline.
const END_OF_DAY: Time = Time::constant(23, 59, 0, 0);

/// What a date is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The answer to an offer (内定承諾の期限).
    Answer,
    /// Settling the date of an interview (日程調整).
    Dates,
    /// Documents, a test, a form (提出・受検・登録).
    Submit,
    /// An interview or a test itself (面接の日時).
    Appointment,
    /// The sender's promise to tell the result (結果の連絡予定).
    Result,
}

/// A day, and the hour where one is given, as clocks show it where the mail is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// The day.
    pub day: Date,
    /// The time of day, if it is said.
    pub time: Option<Time>,
}

impl Moment {
    /// The moment as a point in time: the end of the day where no hour is said.
    #[must_use]
    pub fn ends(self, zone: &TimeZone) -> Timestamp {
        let local = self.day.to_datetime(self.time.unwrap_or(END_OF_DAY));
        zone.to_ambiguous_timestamp(local).compatible().unwrap_or(Timestamp::MAX)
    }

    /// The moment as people write it.
    #[must_use]
    pub fn said(self, lang: Lang) -> String {
        let day = match lang {
            Lang::Ja => {
                let name = match self.day.weekday() {
                    Weekday::Monday => '月',
                    Weekday::Tuesday => '火',
                    Weekday::Wednesday => '水',
                    Weekday::Thursday => '木',
                    Weekday::Friday => '金',
                    Weekday::Saturday => '土',
                    Weekday::Sunday => '日',
                };
                format!("{}（{name}）", self.day.strftime("%-m月%-d日"))
            }
            Lang::En => self.day.strftime("%a %-d %b").to_string(),
        };
        match (self.time, lang) {
            (None, _) => day,
            (Some(time), Lang::Ja) => format!("{day}{}", time.strftime("%-H:%M")),
            (Some(time), Lang::En) => format!("{day}, {}", time.strftime("%H:%M")),
        }
    }
}

/// Longer waits are no rule that anybody was told by mail.
const WAIT_MAX_MONTHS: u8 = 36;

/// A date that matters, and the words that say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    /// What it is for.
    pub purpose: Purpose,
    /// When.
    pub at: Moment,
    /// The sentence it stands in.
    pub quote: String,
}

/// What a mail says about the telling of its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The last day of the time that was named; none where only passers were promised word.
    pub by: Option<Date>,
    /// Only those who pass are told (合格者のみに連絡).
    pub passers_only: bool,
    /// The sentence that says so.
    pub quote: String,
}

/// What a mail says of dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The dates that matter, earliest first, each purpose and moment once.
    pub dates: Vec<Dated>,
    /// When the sender promises to tell the result.
    pub promise: Option<Promise>,
    /// How many months the sender wants to pass before they take another application (1年ルール).
    pub reapply_after: Option<u8>,
}

/// Reads the dates in `text`. `sent` is when the mail was received, by the reader's clock.
#[must_use]
pub fn read(text: &str, sent: DateTime, calendar: &Calendar) -> Said {
    let read = |written: String| {
        let lower = written.to_lowercase();
        Sentence { days: days(&lower, sent, calendar), lower, written }
    };
    let sentences: Vec<Sentence> = sentences(text).into_iter().map(read).collect();
    Said {
        dates: dates(&sentences, sent.date()),
        promise: promise(&sentences, sent.date()),
        reapply_after: wait_to_reapply(&sentences),
    }
}

/// A sentence and the days in it.
struct Sentence {
    written: String,
    /// In small letters.
    lower: String,
    days: Vec<Found>,
}

fn dates(sentences: &[Sentence], today: Date) -> Vec<Dated> {
    let offers_choice =
        LazyCell::new(|| sentences.iter().any(|sentence| CHOICE.is_match(&sentence.lower)));
    let mut dates: Vec<Dated> = Vec::new();
    for (index, sentence) in sentences.iter().enumerate() {
        // "Please answer as follows." and then, on a line of its own, the date.
        let before = index.checked_sub(1).and_then(|before| sentences.get(before));
        let before = before.map(|before| before.lower.as_str());
        for found in &sentence.days {
            let purpose = purpose(&sentence.lower, before, found, &|| *offers_choice);
            let Some(purpose) = purpose else { continue };
            let at = found.moment;
            let is_past = at.day < today;
            let is_known = dates.iter().any(|known| known.purpose == purpose && known.at == at);
            if !is_past && !is_known {
                let quote = plain::clip(&sentence.written, QUOTE_COLUMNS);
                dates.push(Dated { purpose, at, quote });
            }
        }
    }
    dates.sort_by_key(|dated| (dated.at, dated.purpose));
    dates
}

fn promise(sentences: &[Sentence], today: Date) -> Option<Promise> {
    let passers = sentences.iter().find(|sentence| PASSERS_ONLY.is_match(&sentence.lower));
    let with_days = sentences.iter().filter(|sentence| !sentence.days.is_empty());
    let dated = with_days.filter(|sentence| is_promise(&sentence.lower)).find_map(|sentence| {
        // "Within a week after the interview" counts from a day that is not said here.
        let counts_from_elsewhere = FROM_ELSEWHERE.is_match(&sentence.lower);
        let known = sentence.days.iter().filter(|found| !(found.is_span && counts_from_elsewhere));
        let last = known.map(|found| found.moment.day).max()?;
        (last >= today).then_some((last, sentence))
    });
    let (by, sentence) = match (dated, passers) {
        (Some((by, sentence)), _) => (Some(by), sentence),
        (None, Some(sentence)) => (None, sentence),
        (None, None) => return None,
    };
    let quote = plain::clip(&sentence.written, QUOTE_COLUMNS);
    Some(Promise { by, passers_only: passers.is_some(), quote })
}

fn wait_to_reapply(sentences: &[Sentence]) -> Option<u8> {
    sentences.iter().find_map(|Sentence { lower, .. }| {
        if !(REAPPLY.is_match(lower) && WAITS.is_match(lower)) {
            return None;
        }
        let span = SPAN.captures(lower)?;
        let is_years = span.name("years").is_some();
        let months = match (span.name("count"), span.name("word")) {
            (Some(count), _) => count.as_str().parse::<u8>().ok()? * if is_years { 12 } else { 1 },
            (_, Some(word)) => match (word.as_str(), is_years) {
                ("半" | "six", _) => 6,
                (_, true) | ("twelve", _) => 12,
                _ => return None,
            },
            _ => return None,
        };
        (1..=WAIT_MAX_MONTHS).contains(&months).then_some(months)
    })
}

/// What the day in `sentence` is for.
fn purpose(
    sentence: &str,
    before: Option<&str>,
    found: &Found,
    offers_choice: &dyn Fn() -> bool,
) -> Option<Purpose> {
    if is_promise(sentence) {
        let is_known = !(found.is_span && FROM_ELSEWHERE.is_match(sentence));
        return (found.is_limit && is_known).then_some(Purpose::Result);
    }
    let limit = found.is_limit || LIMIT_LABEL.is_match(sentence);
    if limit {
        let asks = |text: &str| ASKS.is_match(text);
        if !asks(sentence) && !before.is_some_and(asks) {
            return None;
        }
        return Some(if ANSWER.is_match(sentence) {
            Purpose::Answer
        } else if DATES.is_match(sentence) {
            Purpose::Dates
        } else {
            Purpose::Submit
        });
    }
    let is_appointment = found.moment.time.is_some() && !found.is_span;
    let named = |text: &str| APPOINTMENT.is_match(text);
    let label = |text: &str| APPOINTMENT_LABEL.is_match(text);
    let speaks = named(sentence) && (label(sentence) || MEETS.is_match(sentence))
        || label(sentence)
        || before.is_some_and(|before| label(before) && before.chars().count() < 20);
    // Several to choose from are not yet a date.
    (is_appointment && speaks && !offers_choice()).then_some(Purpose::Appointment)
}

fn is_promise(sentence: &str) -> bool {
    PROMISE.is_match(sentence) && !ASKS_TO_TELL.is_match(sentence)
}

/// Compiles a pattern of ours, for text in small letters on one line. Without Unicode's tables, which
/// it has no use for, it takes a tenth of the memory; the daemon is to stay small.
pub(crate) fn pattern(pattern: &str) -> Regex {
    let plain = pattern.replace("\\d", "[0-9]").replace("\\s", "[ ]").replace("\\b", r"(?-u:\b)");
    #[expect(clippy::expect_used, reason = "a constant of ours, and every test runs it")]
    Regex::new(&plain).expect("a pattern of ours")
}

macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)*
    };
}

patterns! {
    /// Something the reader is to do.
    ASKS = "承諾|回答|返答|返信|返事|ご連絡(?:を)?(?:ください|下さい|いただ|頂|お願い|願い|賜)|お知らせ(?:ください|下さい|いただ|願)|\
        登録|予約|提出|入力|受検|受験|アンケート|手続|選択|お選び|申し?込み|アップロード|送付|お送り(?:ください|下さい|いただ|願)|\
        調整|候補日|ご希望の?日|ご都合|意思表示|ご確認(?:の上|ください|下さい)|\
        \\b(?:repl(?:y|ies)|respon[ds]e?|let (?:us|me) know|confirm|accept|sign|return|submit|complete|choose|pick|select|book|\
        schedule|answer|decision|decide|send (?:us|me|it|the)|get back to (?:us|me)|availab|offer (?:expires|is (?:open|valid)|stands)|upload|register)";
    /// The reader is asked to tell, and does not get told.
    ASKS_TO_TELL = "(?:ご連絡|お知らせ)(?:を)?(?:ください|下さい|いただけ|頂け|願い|をお願い)|\\blet (?:us|me) know\\b|get back to (?:us|me)\\b";
    /// A label that makes a date a limit.
    LIMIT_LABEL = "期限|締め?切|〆切|期日|\\bdeadline\\b|\\bdue (?:date|by)\\b|\\bexpires?\\b";
    ANSWER = "承諾|内定|入社(?:の|する)?(?:ご)?意[思志向]|オファー|採用条件|労働条件|\\boffer\\b|\\baccept|\\bcontract\\b|\\bsign";
    DATES = "日程|候補日|希望日|日時|ご都合|面接|面談|予約|\\bslots?\\b|\\btimes?\\b|availab|\\bschedule|\\bbook|interview";
    /// The sender tells the result.
    PROMISE = "(?:結果|合否|可否|選考)[^。]{0,60}(?:連絡|通知|お知らせ|案内|回答|お伝え)[^。]{0,8}(?:いたし|致し|申し上げ|させて|差し上げ|予定|します|する|となり|です)|\
        (?:以内|まで|頃|ごろ|中)に[^。]{0,12}(?:ご?連絡|通知|お知らせ)(?:を)?(?:いたし|致し|申し上げ|させていただ|差し上げ)|\
        \\b(?:we|i)(?:'ll| will| shall| expect to| aim to| hope to| plan to| should| intend to| are going to)[^.]{0,60}\
        (?:get back to you|be in touch|be back in touch|contact you|let you know|inform you|update you|have (?:a|our) decision|make (?:a|our) decision|notify you|share (?:a|the|our) (?:decision|result|outcome))|\
        \\byou (?:will|should|can expect to) hear (?:back )?from us";
    PASSERS_ONLY = "(?:合格|通過|採用|次の?選考に?お?進み?)[^。]{0,14}(?:方|者|場合)[^。]{0,6}(?:のみ|に限り|だけ|に限って)[^。]{0,40}(?:連絡|通知|お知らせ|案内)|\
        only (?:successful|shortlisted|short-listed|selected|qualified)[^.]{0,30}(?:contacted|notified|hear|informed)|\
        only (?:contact|notify|reply to|respond to)[^.]{0,30}(?:successful|shortlisted|selected|suitable)";
    FROM_ELSEWHERE = "(?:面接|面談|選考|受検|受験|試験|締め?切り?|説明会)(?:の)?(?:終了|実施|参加|受検)?(?:後|日?から|日より|の翌日)|\
        (?:after|of|following) (?:the|your|our) (?:interview|assessment|test|closing date|deadline)";
    /// Somebody applies once more.
    REAPPLY = "再応募|再度の?ご?応募|改めてご?応募|(?:次回|また)のご?応募|\\bre-?appl|\\bapply again";
    /// Not before some time has passed.
    WAITS = "以内|経過|空け|以上|未満|遠慮|控え|\\bafter\\b|\\bwithin\\b|\\bwait|\\bat least\\b|\\buntil\\b";
    /// How long.
    SPAN = "(?:^|[^\\d])(?:(?P<count>\\d{1,2})|(?P<word>半|一|\\bone|\\ba|\\bsix|\\btwelve))\\s*(?:(?P<years>年|years?\\b)|か月|ヶ月|カ月|ケ月|箇月|months?\\b)";
    /// Several times to choose from.
    CHOICE = "お選び|いずれか|候補日(?:時|程)?(?:の中|から|より|を)|ご希望の日|ご都合の(?:よい|良い|つく)|以下の(?:日程|候補)|下記の(?:日程|候補)|\
        choose (?:one|a|from)|pick (?:one|a|from)|following (?:slots|times|dates)|which of|whichever|\\bor\\b[^.]{0,20}\\b(?:mon|tues|wednes|thurs|fri)day";
    APPOINTMENT = "面接|面談|説明会|適性検査|筆記試験|選考会|interview|assessment|meeting|\\bcall\\b";
    APPOINTMENT_LABEL = "^[ ・■□●○◆◇▼*【※『<\\[-]*(?:(?:一次|二次|三次|最終|個人|集団|web|オンライン)?(?:面接|面談|選考|実施|集合|開催)?\\s*(?:日時|日程)|date(?: and time)?|when|time)\\s*[】\\])]?\\s*[:：】]?";
    MEETS = "確定|実施|行い|行わ|開始|お越し|お待ち|ご来社|予定|参加|決定|にて|から|より|\\bconfirm|\\bscheduled|\\bset for|\\bsee you|\\bmeet|\\bjoin|\\btake place|\\bbooked|\\blook(?:ing)? forward";
}

/// The sentences of a text, each on one line. Mails are wrapped by hand, in Japanese often inside a
/// word; labelled lines (`日時：…`) stand for themselves.
fn sentences(text: &str) -> Vec<String> {
    // Character by character: a normaliser keeps no more than it needs, and the text is bounded first.
    let text: String = text.chars().take(TEXT_MAX_CHARS).nfkc().collect();
    let mut sentences = Vec::new();
    let mut current = String::new();
    let flush = |current: &mut String, into: &mut Vec<String>| {
        let sentence = plain::one_line(current);
        if !sentence.is_empty() {
            into.push(sentence);
        }
        current.clear();
    };
    for line in text.lines() {
        let line = line.trim();
        let begins = line.starts_with([
            '・', '■', '□', '●', '○', '◆', '◇', '▼', '*', '-', '【', '※', '『', '<', '[',
        ]) || is_labelled(line);
        if line.is_empty() || begins {
            flush(&mut current, &mut sentences);
        }
        let wide = |c: Option<char>| c.is_none_or(|c| !c.is_ascii());
        if !wide(current.chars().last()) && !wide(line.chars().next()) {
            current.push(' ');
        }
        let mut rest = line;
        while let Some(at) = end_of_sentence(rest) {
            let (sentence, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            current.push_str(sentence);
            flush(&mut current, &mut sentences);
            rest = behind;
        }
        current.push_str(rest);
        if plain::columns(line) < SHORT_LINE_COLUMNS
            && !line.ends_with(['、', ',', 'は', 'を', 'に', 'の', 'が', 'で', 'と'])
        {
            flush(&mut current, &mut sentences);
        }
    }
    flush(&mut current, &mut sentences);
    sentences
}

/// Whether a line begins with a short label and a colon that is no part of an hour.
fn is_labelled(line: &str) -> bool {
    line.split_once(':').is_some_and(|(label, _)| {
        let length = label.chars().count();
        (1..=16).contains(&length) && !label.ends_with(|c: char| c.is_ascii_digit())
    })
}

/// Where the first sentence of `text` ends, behind its stop.
fn end_of_sentence(text: &str) -> Option<usize> {
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let ends = match c {
            '。' | '!' | '?' => true,
            // Not in "a.m.", "Inc.", "5.12" or at the end of an abbreviation of a month.
            '.' => {
                next == Some(' ')
                    && !ABBREVIATED.iter().any(|word| {
                        text.get(..at)
                            .is_some_and(|before| before.to_ascii_lowercase().ends_with(word))
                    })
            }
            _ => false,
        };
        if ends {
            return Some(at + c.len_utf8());
        }
    }
    None
}

const ABBREVIATED: [&str; 20] = [
    "a.m", "p.m", " mr", " ms", " mrs", " dr", " jan", " feb", " mar", " apr", " jun", " jul",
    " aug", " sep", " sept", " oct", " nov", " dec", " co", " no",
];

/// The `count`th working day behind `day`.
#[must_use]
pub fn working_days_after(day: Date, count: u16, calendar: &Calendar) -> Date {
    let mut day = day;
    let mut left = count;
    // Two days off a week and the longest row of holidays leave room for every count asked for here.
    for _ in 0..usize::from(count) * 2 + 30 {
        if left == 0 {
            break;
        }
        day = day.saturating_add(1.day());
        if is_working_day(day, calendar) {
            left -= 1;
        }
    }
    day
}

/// Whether people are at work on `day`.
#[must_use]
pub fn is_working_day(day: Date, calendar: &Calendar) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !calendar.is_off(day)
}

#[cfg(test)]
mod tests;
