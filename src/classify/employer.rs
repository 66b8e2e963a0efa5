//! The employer and the position, as the mail states them.
//!
//! Japanese companies carry their legal form in their name (株式会社…), so the forms lead to the
//! names; in English the sender's domain does ("tidewater-robotics" and the words "Tidewater
//! Robotics" in the text). An agent's or a job site's own name is never the employer.

mod english;
mod japanese;
mod roles;
mod trades;
#[rustfmt::skip]
mod words;

use super::Channel;
use crate::lang::Lang;
use crate::mail::Mail;

pub(crate) use japanese::with_form;

/// The employer, as the mail states it.
pub(crate) fn company(mail: &Mail, channel: Channel) -> Option<String> {
    let found = match mail.lang {
        Lang::Ja => japanese::company(mail, channel).map(|name| tidy(&name)),
        Lang::En => english::company(mail, channel),
    };
    found.filter(|name| (1..=60).contains(&name.chars().count()))
}

/// The position, as the mail states it.
pub(crate) fn position(mail: &Mail) -> Option<String> {
    let found = match mail.lang {
        Lang::Ja => japanese::position(mail),
        Lang::En => roles::position(mail),
    };
    found.filter(|name| (1..=60).contains(&name.chars().count()))
}

/// Full-width forms of ASCII (U+FF01 to U+FF5E) as ASCII.
pub(crate) fn narrow(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{FF01}'..='\u{FF5E}' => u32::from(character)
                .checked_sub(0xFEE0)
                .and_then(char::from_u32)
                .unwrap_or(character),
            '\u{3000}' => ' ',
            character => character,
        })
        .collect()
}

fn tidy(name: &str) -> String {
    // "(有)古賀鋳造所": the brackets belong to the name.
    if ["(株)", "(有)", "(株)", "(有)"].iter().any(|form| name.starts_with(form)) {
        return name
            .trim_end_matches(|character: char| {
                character.is_whitespace() || "、。,・".contains(character)
            })
            .to_owned();
    }
    name.trim_matches(|character: char| {
        character.is_whitespace()
            || "「」『』【】[]()()、。,./|/::・-–—*\"'★■●◆◇".contains(character)
    })
    .trim()
    .to_owned()
}

#[cfg(test)]
mod tests;
