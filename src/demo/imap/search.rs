//! Which messages a SEARCH finds (RFC 3501 §6.4.4).

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::command::{Against, Key};
use super::mailbox::Message;
use super::mime;

/// The largest sequence number and UID: what `*` means.
#[derive(Clone, Copy)]
pub(super) struct Largest {
    pub(super) number: u32,
    pub(super) uid: u32,
}

/// Whether `key` holds for `message`, which has sequence `number`.
pub(super) fn holds(key: &Key, message: &Message, number: u32, largest: Largest) -> bool {
    let again = |key: &Key| holds(key, message, number, largest);
    match key {
        Key::All => true,
        Key::Never => false,
        Key::Sequence(set) => set.contains(number, largest.number),
        Key::Uid(set) => set.contains(message.uid, largest.uid),
        Key::Flag(flag) => message.has(flag),
        Key::Day { sent, is, day } => {
            let of_mail = if *sent { sent_on(message) } else { Some(received_on(message)) };
            of_mail.is_some_and(|of_mail| match is {
                Against::Before => of_mail < *day,
                Against::On => of_mail == *day,
                Against::Since => of_mail >= *day,
            })
        }
        Key::Header { name, text } => mime::parse(&message.bytes).is_some_and(|parsed| {
            let subject = parsed.subject().filter(|_| name.eq_ignore_ascii_case("Subject"));
            let raw = parsed.headers_raw().filter(|(own, _)| own.eq_ignore_ascii_case(name));
            raw.map(|(_, value)| value).chain(subject).any(|value| within(value, text))
        }),
        Key::Text { body_only, text } => mime::parse(&message.bytes).is_some_and(|parsed| {
            let bodies = (0..parsed.text_body_count()).filter_map(|body| parsed.body_text(body));
            let in_body = bodies.into_iter().any(|body| within(&body, text));
            in_body
                || (!body_only
                    && (parsed.subject().is_some_and(|subject| within(subject, text))
                        || parsed.headers_raw().any(|(_, value)| within(value, text))))
        }),
        Key::Larger(size) => message.bytes.len() > *size,
        Key::Smaller(size) => message.bytes.len() < *size,
        Key::Not(key) => !again(key),
        Key::Or(one, other) => again(one) || again(other),
        Key::And(keys) => keys.iter().all(again),
    }
}

fn within(value: &str, text: &str) -> bool {
    value.to_lowercase().contains(&text.to_lowercase())
}

/// The day of `INTERNALDATE`, in the zone that the server shows it in.
fn received_on(message: &Message) -> Date {
    message.received_at.to_zoned(TimeZone::UTC).date()
}

/// The day in the `Date` header, in the sender's zone.
fn sent_on(message: &Message) -> Option<Date> {
    let parsed = mime::parse(&message.bytes)?;
    let date = parsed.date()?;
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}
