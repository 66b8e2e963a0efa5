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

/// [`Position::ahead`] is cut off here: beyond it nothing is surer.
pub(crate) const FAR: f32 = 8.0;

/// What a mail says of the position.
#[derive(Debug)]
pub(crate) struct Position {
    /// As the mail states it; empty where it is likelier that nothing in it is one.
    pub(crate) name: Option<String>,
    /// How far all that could be one are ahead of "none", as the logarithm of the odds, by the weights of
    /// [`Name::Vacancy`] (`name` is chosen by those of [`Name::Position`]): between -[`FAR`] and [`FAR`], -[`FAR`] where
    /// nothing could be one.
    pub(crate) ahead: f32,
}

/// The employer, as the mail states it.
pub(crate) fn employer(mail: &Mail, channel: Channel, model: &Model) -> Option<String> {
    let lines = spans::lines_of(mail);
    let (candidates, none) = names::candidates(mail, &lines, channel);
    likeliest(&candidates, &none, Name::Employer, model)
}

/// The position, as the mail states it.
pub(crate) fn position(mail: &Mail, model: &Model) -> Position {
    let lines = spans::lines_of(mail);
    let (candidates, none) = posts::candidates(mail, &lines);
    let odds: f32 =
        ahead(&candidates, &none, Name::Vacancy, model).map(|(ahead, _)| ahead.exp()).sum();
    Position {
        name: likeliest(&candidates, &none, Name::Position, model),
        ahead: odds.ln().clamp(-FAR, FAR),
    }
}

/// The likeliest of the candidates, unless none of them is likelier.
fn likeliest(
    candidates: &[Candidate<'_>],
    none: &[u32],
    name: Name,
    model: &Model,
) -> Option<String> {
    ahead(candidates, none, name, model)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .filter(|&(ahead, _)| ahead > 0.0)
        .map(|(_, candidate)| candidate.name())
}

/// How far each candidate is ahead of none of them, in points of the learned weights.
fn ahead<'c, 'l>(
    candidates: &'c [Candidate<'l>],
    none: &[u32],
    name: Name,
    model: &Model,
) -> impl Iterator<Item = (f32, &'c Candidate<'l>)> {
    let mut places = Vec::new();
    let mut points = move |features: &[u32]| model.speaks_for(name, features, &mut places);
    let none = points(none);
    candidates.iter().map(move |candidate| (points(&candidate.features) - none, candidate))
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
