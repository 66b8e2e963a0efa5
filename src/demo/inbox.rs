//! The demo's sample mails: people, companies and addresses in them are invented.
//!
//! They are real files, in the encodings that such mails come in, written as if today were
//! [`WRITTEN_ON`]; all are moved by the same whole number of days, to lie before the demo's start.

use jiff::civil::{Date, date};
use jiff::fmt::rfc2822;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, Zoned};

/// The day on which the sample mails are written.
const WRITTEN_ON: Date = date(2026, 11, 22);

/// What is in the inbox when the demo starts, oldest first.
const WAITING: [&[u8]; 12] = [
    include_bytes!("../../config/demo/01-receipt.eml"),
    include_bytes!("../../config/demo/02-rejection-english.eml"),
    include_bytes!("../../config/demo/03-newsletter.eml"),
    include_bytes!("../../config/demo/04-pass.eml"),
    include_bytes!("../../config/demo/05-shop.eml"),
    include_bytes!("../../config/demo/06-result-portal.eml"),
    include_bytes!("../../config/demo/07-interview-date.eml"),
    include_bytes!("../../config/demo/08-friend.eml"),
    include_bytes!("../../config/demo/09-offer.eml"),
    include_bytes!("../../config/demo/10-agent.eml"),
    include_bytes!("../../config/demo/11-flat.eml"),
    include_bytes!("../../config/demo/12-scout.eml"),
];

const DECLINED: &[u8] = include_bytes!("../../config/demo/13-live-declined.eml");

const PASS: &[u8] = include_bytes!("../../config/demo/14-live-pass.eml");

/// A mail ready to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The message, lines ended by CRLF, dated.
    pub message: Vec<u8>,
    /// The moment in its `Date`.
    pub received_at: Timestamp,
}

/// What is in the inbox when the demo starts at `now`, oldest first.
#[must_use]
pub fn waiting(now: Timestamp) -> Vec<Sample> {
    WAITING.into_iter().map(|written| move_to(written, now, Zoned::timestamp)).collect()
}

/// The 見送り that arrives while goen waits: dated `now`.
#[must_use]
pub fn declined(now: Timestamp) -> Sample {
    move_to(DECLINED, now, |_date| now)
}

/// A pass that arrives later: dated `now`.
#[must_use]
pub fn pass(now: Timestamp) -> Sample {
    move_to(PASS, now, |_date| now)
}

/// Gives a mail its line ends and its date: the written one moved by whole days, then `adjusted`.
fn move_to(written: &[u8], now: Timestamp, adjusted: impl Fn(&Zoned) -> Timestamp) -> Sample {
    let mut message = Vec::with_capacity(written.len() + written.len() / 32);
    let mut received_at = now;
    let mut in_header = true;
    for line in written.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        in_header &= !line.is_empty();
        let date = line.strip_prefix(b"Date: ").filter(|_| in_header);
        if let Some(moved) = date.and_then(|date| moved(date, now)) {
            received_at = adjusted(&moved);
            let zoned = received_at.to_zoned(moved.time_zone().clone());
            // A date of ours can always be printed; the written one is as good.
            let date = rfc2822::to_string(&zoned).unwrap_or_default();
            message.extend_from_slice(format!("Date: {date}").as_bytes());
        } else {
            message.extend_from_slice(line);
        }
        message.extend_from_slice(b"\r\n");
    }
    Sample { message, received_at }
}

/// A `Date` header's value, moved as far as `now` is from [`WRITTEN_ON`].
fn moved(date: &[u8], now: Timestamp) -> Option<Zoned> {
    let written = rfc2822::parse(str::from_utf8(date).ok()?).ok()?;
    let japan = TimeZone::fixed(Offset::constant(9));
    let days = (now.to_zoned(japan).date() - WRITTEN_ON).get_days();
    written.checked_add(Span::new().days(days)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn now() -> Timestamp {
        "2031-03-04T00:30:00Z".parse().unwrap()
    }

    /// The moment in the `Date` header, as somebody else reads it.
    fn dated(sample: &Sample) -> i64 {
        let parsed = MessageParser::default().parse(&sample.message).unwrap();
        parsed.date().unwrap().to_timestamp()
    }

    #[test]
    fn waiting_mails_lie_within_the_last_thirty_days_in_their_order() {
        let waiting = waiting(now());
        let dates: Vec<i64> = waiting.iter().map(dated).collect();
        assert!(dates.is_sorted());
        assert!(dates.iter().all(|date| *date < now().as_second()), "{dates:?}");
        assert!(dates[0] > now().as_second() - 30 * 24 * 3600, "{dates:?}");
    }

    #[test]
    fn the_server_received_each_mail_when_it_was_dated() {
        let live = [declined(now()), pass(now())];
        for sample in waiting(now()).into_iter().chain(live) {
            assert_eq!(dated(&sample), sample.received_at.as_second());
        }
    }

    #[test]
    fn the_mails_that_arrive_live_are_dated_now() {
        assert_eq!(declined(now()).received_at, now());
        assert_eq!(pass(now()).received_at, now());
    }

    #[test]
    fn every_line_ends_in_crlf() {
        for Sample { message, .. } in waiting(now()) {
            let text = String::from_utf8_lossy(&message);
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
        }
    }

    #[test]
    fn every_mail_comes_in_an_encoding_that_says_what_was_written() {
        let subjects: Vec<String> = waiting(now())
            .iter()
            .chain([&declined(now()), &pass(now())])
            .map(|sample| {
                let parsed = MessageParser::default().parse(&sample.message).unwrap();
                assert!(!parsed.body_text(0).unwrap().contains('\u{fffd}'));
                parsed.subject().unwrap().to_owned()
            })
            .collect();
        assert_eq!(subjects[3], "書類選考結果のご連絡（株式会社ほしぞらシステムズ）");
        assert_eq!(subjects[4], "ご予約商品の発売見送りのお知らせ");
        assert_eq!(subjects[12], "最終面接の結果につきまして");
    }
}
