//! Possible names of the position, and what speaks for each: in the same way as for the employer's.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::domain;
use super::spans::{
    Candidate, Found, Line, Of, Piece, Place, Sought, count, feature, recipients, small,
};
use super::tokens::{Kind, finder};
use super::words::AROUND_POSTS;
use crate::classify::grams::mix;
use crate::mail::Mail;

/// Most bytes of a position.
const LONGEST_POST: usize = 80;

/// Words in one run of characters with a position, which it begins behind or ends before.
static BREAKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder(AROUND_POSTS));

/// What is asked of a mail once.
struct Post {
    lang: u32,
    /// The sender's name, folded.
    sender: String,
    recipients: Vec<String>,
}

/// The candidates of a mail with these lines, and what speaks for none of them.
pub(crate) fn candidates<'l>(mail: &Mail, lines: &'l [Line]) -> (Vec<Candidate<'l>>, Vec<u32>) {
    let name = mail.author().and_then(|author| author.name.as_deref()).unwrap_or("");
    let post =
        Post { lang: mail.lang as u32, sender: domain::key(name), recipients: recipients(mail) };
    // "Jo Lee / Head of People": what the sender is, not what was applied for.
    let mut is_title = false;
    let lines: Vec<&Line> = lines
        .iter()
        .filter(|line| line.place != Place::Sender)
        .filter(|line| {
            let keep = !is_title;
            is_title =
                !post.sender.is_empty() && domain::letters(&line.text).eq(post.sender.chars());
            keep
        })
        .collect();
    let none = vec![
        feature(Of::Nothing, &[]),
        feature(Of::Nothing, &[mail.lang as u32]),
        feature(Of::Nothing, &[mail.lang as u32, count(lines.len() / 4, 6)]),
    ];
    (Found::new(post, lines, BREAKS.as_ref(), 0).finish(), none)
}

impl Sought for Post {
    const LONGEST: usize = LONGEST_POST;

    fn may_start(&self, _: Place, pieces: &[Piece<'_>], at: usize) -> bool {
        let Some(piece) = pieces.get(at) else { return false };
        let before = at.checked_sub(1).and_then(|at| pieces.get(at)).map(|piece| piece.token.kind);
        let apart = piece.token.gap
            || matches!(before, None | Some(Kind::Mark | Kind::Office | Kind::Particle));
        match piece.token.kind {
            Kind::Capital | Kind::Small => !piece.known.is_common(),
            Kind::Kanji | Kind::Katakana => apart || before != Some(piece.token.kind),
            Kind::Hiragana | Kind::Office => apart,
            Kind::Particle | Kind::Joiner | Kind::Form | Kind::Mark => false,
        }
    }

    fn goes_on(&self, _: Place, pieces: &[Piece<'_>], _: usize, last: usize) -> bool {
        let Some(piece) = pieces.get(last) else { return false };
        let before = pieces.get(last - 1).map(|piece| piece.token.kind);
        match piece.token.kind {
            Kind::Mark => matches!(piece.words, "(" | ")" | "/" | "," | "・" | "-" | "–"),
            Kind::Capital | Kind::Small => !piece.known.is_common(),
            Kind::Joiner | Kind::Form => true,
            Kind::Particle => piece.words == "の",
            Kind::Kanji | Kind::Katakana | Kind::Hiragana | Kind::Office => {
                !piece.token.gap || before == Some(Kind::Mark)
            }
        }
    }

    fn may_end(&self, _: Place, pieces: &[Piece<'_>], first: usize, last: usize) -> bool {
        let Some(piece) = pieces.get(last) else { return false };
        let after = pieces.get(last + 1).map(|piece| piece.token);
        let within = pieces.get(first..=last).unwrap_or(&[]);
        let depth = within.iter().try_fold(0_i32, |depth, piece| match piece.words {
            "(" => Some(depth + 1),
            ")" => (depth > 0).then_some(depth - 1),
            _ => Some(depth),
        });
        if depth != Some(0) {
            return false;
        }
        let apart = after.is_none_or(|after| {
            after.gap || !matches!(after.kind, Kind::Kanji | Kind::Katakana | Kind::Hiragana)
        });
        match piece.token.kind {
            Kind::Capital | Kind::Small | Kind::Form => true,
            Kind::Kanji | Kind::Katakana => {
                apart || after.is_some_and(|after| after.kind != piece.token.kind)
            }
            Kind::Hiragana | Kind::Office => apart,
            Kind::Mark => piece.words == ")",
            Kind::Particle | Kind::Joiner => false,
        }
    }

    fn of_name(&self, within: &[Piece<'_>], key: &str, features: &mut Vec<u32>) {
        let classes: Vec<u32> = within.iter().map(Piece::class).collect();
        let (first, last) =
            (classes.first().copied().unwrap_or(0), classes.last().copied().unwrap_or(0));
        let pieces = count(within.len(), 9);
        features.extend([
            feature(Of::Class, &classes),
            feature(Of::Class, &[first, last, 1, 1]),
            feature(Of::Class, &[last, 3, 3]),
            feature(Of::Class, &[last, pieces, 4, 4]),
            feature(Of::Length, &[pieces]),
            feature(Of::Length, &[count(key.chars().count(), 24), 1]),
        ]);
        features.extend(within.iter().map(|piece| feature(Of::Word, &[piece.hash])));
        if let ([begin, ..], [.., end]) = (within, within) {
            features.push(feature(Of::First, &[begin.hash]));
            features.push(feature(Of::First, &[end.hash, 1]));
            let mut so_far = 1;
            for character in end.words.chars().rev().take(4).map(small) {
                so_far = mix(so_far, character.into());
                features.push(feature(Of::Ending, &[so_far]));
            }
            let mut so_far = 2;
            for character in begin.words.chars().take(2) {
                so_far = mix(so_far, character.into());
                features.push(feature(Of::Ending, &[so_far]));
            }
            let big = |piece: &Piece<'_>| u32::from(piece.token.kind == Kind::Capital);
            let bigs = within.iter().map(big).sum::<u32>();
            features.push(feature(Of::Case, &[big(begin), big(end), bigs.min(3), pieces.min(3)]));
        }
        if !key.is_ascii() {
            let pairs = key.chars().zip(key.chars().skip(1));
            features
                .extend(pairs.map(|(one, other)| feature(Of::Run, &[one.into(), other.into()])));
        }
        let is_of = |names: &str| u32::from(names.contains(key));
        let recipients = self.recipients.iter().any(|word| key.contains(word.as_str()));
        features.push(feature(Of::Person, &[is_of(&self.sender), u32::from(recipients)]));
    }

    fn of_surroundings(
        &self,
        place: Place,
        pieces: &[Piece<'_>],
        first: usize,
        last: usize,
        features: &mut Vec<u32>,
    ) {
        let at = |at: Option<usize>| at.and_then(|at| pieces.get(at));
        let (before, before2) = (at(first.checked_sub(1)), at(first.checked_sub(2)));
        let (after, after2) = (at(Some(last + 1)), at(Some(last + 2)));
        let hash = |piece: Option<&Piece<'_>>| piece.map_or(1, |piece| piece.hash);
        let kind = |piece: Option<&Piece<'_>>| piece.map_or(20, |piece| piece.token.kind as u32);
        let gap = |piece: Option<&Piece<'_>>| u32::from(piece.is_some_and(|piece| piece.token.gap));
        let edges = u32::from(first == 0) | u32::from(last + 1 == pieces.len()) << 1;
        let place = place as u32;
        features.extend([
            feature(Of::Place, &[place]),
            feature(Of::Place, &[place, self.lang]),
            feature(Of::Before, &[hash(before)]),
            feature(Of::Before, &[hash(before2), hash(before)]),
            feature(Of::Before, &[hash(before), place, 1]),
            feature(Of::After, &[hash(after)]),
            feature(Of::After, &[hash(after), hash(after2)]),
            feature(Of::After, &[hash(after), place, 1]),
            feature(Of::Between, &[hash(before), hash(after)]),
            feature(Of::Line, &[place, edges]),
            feature(Of::Edges, &[kind(before), kind(after), gap(after), edges]),
            feature(Of::Edges, &[kind(before), kind(at(Some(first))), gap(at(Some(first)))]),
            feature(Of::Edges, &[kind(after), kind(at(Some(last))), gap(after), 1, 1]),
        ]);
    }

    fn of_all(&self, times: u32, places: u32, features: &mut Vec<u32>) {
        let times = times.min(4);
        features.extend([
            feature(Of::Times, &[times]),
            feature(Of::Places, &[places]),
            feature(Of::Places, &[places, times]),
        ]);
    }
}
