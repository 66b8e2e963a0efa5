//! The employer and the position, as the mail states them.
//!
//! Each is chosen among all runs of words that could be one, by learned weights: [`names`], [`posts`].

mod domain;
pub(crate) mod names;
pub(crate) mod posts;
pub(crate) mod spans;
mod tokens;
#[rustfmt::skip]
mod words;

use super::Channel;
use super::model::{Model, Name};
use crate::mail::Mail;
use spans::Candidate;

pub(crate) use tokens::with_form;

/// The employer and the position, as the mail states them.
pub(crate) fn named(
    mail: &Mail,
    channel: Channel,
    model: &Model,
) -> (Option<String>, Option<String>) {
    let lines = spans::lines_of(mail);
    let employer = best(names::candidates(mail, &lines, channel), Name::Employer, model);
    (employer, best(posts::candidates(mail, &lines), Name::Position, model))
}

fn best(
    (candidates, none): (Vec<Candidate<'_>>, Vec<u32>),
    name: Name,
    model: &Model,
) -> Option<String> {
    let mut places = Vec::new();
    let mut points = |features: &[u32]| model.speaks_for(name, features, &mut places);
    let none = points(&none);
    candidates
        .iter()
        .map(|candidate| (points(&candidate.features), candidate))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .filter(|&(most, _)| most > none)
        .map(|(_, candidate)| candidate.name())
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

#[cfg(test)]
mod tests;
