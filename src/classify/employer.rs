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
use super::model::{Model, Names};
use crate::mail::Mail;
use spans::Candidate;

pub(crate) use spans::without_form;

/// [`Position::ahead`] is cut off here: beyond it nothing is surer.
pub(crate) const FAR: f32 = 8.0;

/// What a mail says of the position.
#[derive(Debug)]
pub(crate) struct Position {
    /// As the mail states it; empty where it is likelier that nothing in it is one.
    pub(crate) name: Option<String>,
    /// How far all that could be one are ahead of "none", as the logarithm of the odds, by the weights of a vacancy
    /// (`name` is chosen by those of a position: [`super::model::Name`]): between -[`FAR`] and [`FAR`], -[`FAR`]
    /// where nothing could be one.
    pub(crate) ahead: f32,
}

impl Position {
    /// From the least that [`Self::ahead`] can be to the most.
    pub(crate) const STEPS: [f32; 17] = [
        -FAR, -7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, FAR,
    ];
}

/// A name that may be an employer's, or a position.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// As the mail states it.
    pub(crate) name: String,
    /// See [`spans::key_of`].
    pub(crate) key: String,
    /// How far it is ahead of "none of them", as the logarithm of the odds.
    pub(crate) ahead: f32,
}

/// Names that are less far ahead than this are left out.
pub(crate) const LEAST_AHEAD: f32 = -2.5;

/// All names in the mail that may be employers', the likeliest first, if this is who speaks.
pub(crate) fn employers(mail: &Mail, channel: Channel, model: &Model) -> Vec<Named> {
    let lines = spans::lines_of(mail);
    let (candidates, none) = names::candidates(mail, &lines, channel);
    let points = points(&candidates, &none, model);
    likeliest(&candidates, points.iter().map(|&[employer, _, _]| employer))
}

/// All positions that the mail may name, the likeliest first, and what it says of the one that it is about.
pub(crate) fn positions(mail: &Mail, model: &Model) -> (Vec<Named>, Position) {
    let lines = spans::lines_of(mail);
    let (candidates, none) = posts::candidates(mail, &lines);
    let points = points(&candidates, &none, model);
    let odds: f32 = points.iter().map(|[_, _, vacancy]| vacancy.exp()).sum();
    let named = likeliest(&candidates, points.iter().map(|&[_, position, _]| position));
    let position = Position { name: surest(&named), ahead: odds.ln().clamp(-FAR, FAR) };
    (named, position)
}

/// The likeliest name, unless none of them is likelier.
pub(crate) fn surest(named: &[Named]) -> Option<String> {
    named.first().filter(|first| first.ahead > 0.0).map(|first| first.name.clone())
}

/// The candidates that are so far ahead, the likeliest first.
fn likeliest(candidates: &[Candidate<'_>], ahead: impl Iterator<Item = f32>) -> Vec<Named> {
    let all = candidates.iter().zip(ahead).filter(|&(_, ahead)| ahead > LEAST_AHEAD);
    let mut named: Vec<Named> =
        all.map(|(one, ahead)| Named { name: one.name(), key: one.key.clone(), ahead }).collect();
    named.sort_by(|one, other| other.ahead.total_cmp(&one.ahead));
    named
}

/// How far each candidate is ahead of none of them, in points of the learned weights.
fn points(candidates: &[Candidate<'_>], none: &[u32], model: &Model) -> Vec<Names> {
    let mut places = Vec::new();
    let none = model.speaks_for(none, &mut places);
    let points = candidates.iter().map(|candidate| {
        let mut points = model.speaks_for(&candidate.features, &mut places);
        for (points, none) in points.iter_mut().zip(none) {
            *points -= none;
        }
        points
    });
    points.collect()
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
