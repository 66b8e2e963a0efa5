//! Possible names of the employer, and what speaks for each.
//!
//! Every run of pieces of a line that could be a name is a candidate. What it looks like, where it stands, what
//! stands behind it and how it fits the sender's address are features with learned weights; the candidate with
//! the highest sum is the employer, unless "none of them" has more. An agent or a job site is none: that is
//! learned, too, since its channel is part of the features.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::domain::{self, Label, listed};
use super::narrow;
use super::spans::{
    Candidate, Found, Line, Of, Piece, Place, Sought, count, feature, recipients, small,
};
use super::tokens::{Kind, finder};
use super::words::{LEGAL_FORMS, OFFICE_WORDS, OFFICES, ORGANISATIONS, TOOLS};
use crate::classify::Channel;
use crate::classify::grams::mix;
use crate::mail::Mail;

/// Most bytes of a name.
pub(super) const LONGEST_NAME: usize = 100;

/// Words at which a piece of a line ends: legal forms, then offices.
pub(super) static BREAKS: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| finder(LEGAL_FORMS.iter().chain(OFFICE_WORDS)));

/// What is asked of a mail once.
struct Sender {
    channel: u32,
    labels: Vec<Label>,
    /// Words of the author's name, if that is a person.
    persons: Vec<String>,
    recipients: Vec<String>,
    local_part: String,
    is_robot: bool,
    is_tool: bool,
}

impl Sender {
    fn of(mail: &Mail, channel: Channel) -> Self {
        let author = mail.author();
        let name = narrow(author.and_then(|author| author.name.as_deref()).unwrap_or(""));
        let words: Vec<&str> = name
            .split([' ', ',', '(', ')', '/'])
            .filter(|word| !word.is_empty())
            .take(16)
            .collect();
        let local_part = author
            .map(|author| author.addr_spec.split('@').next().unwrap_or("").to_lowercase())
            .unwrap_or_default();
        let is_office = words.iter().any(|word| {
            listed(ORGANISATIONS, word) || listed(OFFICES, word) || domain::is_form(word)
        });
        let is_name = !is_office && (2..=4).contains(&words.len());
        let persons = words
            .iter()
            .map(|word| domain::key(word))
            .filter(|key| key.chars().count() >= 2)
            .filter(|key| is_name || (key.len() >= 3 && local_part.contains(key.as_str())))
            .collect();
        Self {
            channel: channel as u32,
            labels: domain::labels(mail),
            persons,
            recipients: recipients(mail),
            is_robot: author.is_some_and(|author| domain::written_by_robot(&author.addr_spec)),
            is_tool: domain::domain_is_tool(mail),
            local_part,
        }
    }
}

/// The candidates of a mail with these lines, and what speaks for none of them.
pub(crate) fn candidates<'l>(
    mail: &Mail,
    lines: &'l [Line],
    channel: Channel,
) -> (Vec<Candidate<'l>>, Vec<u32>) {
    let sender = Sender::of(mail, channel);
    let Sender { channel, is_robot, is_tool, ref labels, .. } = sender;
    let labels = labels.clone();
    let none = vec![
        feature(Of::Nothing, &[]),
        feature(Of::Nothing, &[channel]),
        feature(Of::Nothing, &[channel, u32::from(is_robot)]),
        feature(Of::Nothing, &[channel, u32::from(labels.is_empty()), mail.lang as u32]),
    ];
    let mut found = Found::new(sender, lines, BREAKS.as_ref(), LEGAL_FORMS.len());
    // "tollgatebakery" is "Tollgate Bakery".
    for (at, label) in labels.iter().enumerate() {
        let (name, is_known) = domain::spelt_out(&label.name);
        let words = count(name.split(' ').count(), 9);
        let at = count(at, 9);
        let features = vec![
            feature(Of::Domain, &[0, at, channel]),
            feature(Of::Domain, &[1, at, channel, u32::from(is_known), words]),
            feature(Of::Domain, &[2, channel, u32::from(is_robot), u32::from(is_tool)]),
            feature(Of::Domain, &[3, words, u32::from(is_known)]),
            feature(Of::Domain, &[4, count(label.name.len(), 24)]),
        ];
        found.add_other(Place::Domain, &label.name, name, features);
    }
    (found.finish(), none)
}

impl Sought for Sender {
    const LONGEST: usize = LONGEST_NAME;

    fn may_start(&self, place: Place, pieces: &[Piece<'_>], at: usize) -> bool {
        let Some(token) = pieces.get(at).map(|piece| piece.token) else { return false };
        let before = at.checked_sub(1).and_then(|at| pieces.get(at)).map(|piece| piece.token.kind);
        let apart =
            token.gap || matches!(before, None | Some(Kind::Mark | Kind::Form | Kind::Office));
        match token.kind {
            Kind::Capital | Kind::Form => true,
            Kind::Small => place == Place::Sender,
            Kind::Kanji | Kind::Katakana => {
                apart || place.is_head() || !matches!(before, Some(Kind::Kanji | Kind::Katakana))
            }
            Kind::Hiragana => apart || place.is_head() || before == Some(Kind::Particle),
            Kind::Particle | Kind::Office => apart,
            Kind::Joiner | Kind::Mark => false,
        }
    }

    fn goes_on(&self, place: Place, pieces: &[Piece<'_>], first: usize, last: usize) -> bool {
        let Some(piece) = pieces.get(last) else { return false };
        match piece.token.kind {
            // "Corvane Systems, Inc."
            Kind::Mark => {
                piece.words == ","
                    && pieces.get(last + 1).is_some_and(|next| next.token.kind == Kind::Form)
            }
            Kind::Small => place == Place::Sender && piece.token.gap,
            _ => {
                // A Japanese name seldom has a space; one before a branch or behind a form it may have.
                let japanese = |piece: &&Piece<'_>| piece.token.kind.is_japanese();
                let within = pieces.get(first..=last).unwrap_or(&[]);
                let splits =
                    piece.token.gap && within.iter().rev().take(2).any(|piece| japanese(&piece));
                let gaps = || {
                    within.iter().skip(1).filter(|piece| piece.token.gap).filter(japanese).count()
                };
                let close = place.is_head() || matches!(place, Place::Top | Place::End);
                let has_form = within.first().is_some_and(|begin| begin.token.kind == Kind::Form);
                !splits || ((close || has_form) && gaps() <= 1)
            }
        }
    }

    fn may_end(&self, place: Place, pieces: &[Piece<'_>], first: usize, at: usize) -> bool {
        let Some(token) = pieces.get(at).map(|piece| piece.token) else { return false };
        let after = pieces.get(at + 1).map(|piece| piece.token);
        let open =
            after.is_none_or(|after| after.gap || matches!(after.kind, Kind::Mark | Kind::Office));
        let apart =
            open || after.is_some_and(|after| matches!(after.kind, Kind::Form | Kind::Particle));
        match token.kind {
            Kind::Capital | Kind::Form => true,
            Kind::Small => place == Place::Sender,
            Kind::Kanji | Kind::Katakana => {
                apart
                    || place.is_head()
                    || after
                        .is_some_and(|after| !matches!(after.kind, Kind::Kanji | Kind::Katakana))
            }
            Kind::Hiragana => apart,
            Kind::Particle => open,
            // "株式会社リクルート"
            Kind::Office => {
                let within = pieces.get(first..at).unwrap_or(&[]);
                matches!(within, [form] if form.token.kind == Kind::Form)
            }
            Kind::Joiner | Kind::Mark => false,
        }
    }

    fn of_surroundings(
        &self,
        place: Place,
        pieces: &[Piece<'_>],
        first: usize,
        last: usize,
        features: &mut Vec<u32>,
    ) {
        let before = first.checked_sub(1).and_then(|at| pieces.get(at));
        let (begin, end, after) = (pieces.get(first), pieces.get(last), pieces.get(last + 1));
        let kind = |piece: Option<&Piece<'_>>| piece.map_or(20, |piece| piece.token.kind as u32);
        let gap = |piece: Option<&Piece<'_>>| u32::from(piece.is_some_and(|piece| piece.token.gap));
        let gaps = gap(begin) | gap(after) << 1;
        let edges = u32::from(first == 0) | u32::from(last + 1 == pieces.len()) << 1;
        // Of a name that stands beside, the class is enough, or two characters.
        let near = |piece: Option<&Piece<'_>>, is_before: bool| {
            let Some(piece @ Piece { token, words, hash, .. }) = piece else { return 1 };
            match token.kind {
                Kind::Kanji | Kind::Katakana if is_before => {
                    words.chars().rev().take(2).fold(3, |hash, c| mix(hash, c.into()))
                }
                Kind::Kanji | Kind::Katakana => {
                    words.chars().take(2).fold(5, |hash, c| mix(hash, c.into()))
                }
                Kind::Capital => mix(2, piece.class()),
                _ => *hash,
            }
        };
        let place = place as u32;
        let (left, right) = (near(before, true), near(after, false));
        features.extend([
            feature(Of::Place, &[place, self.channel]),
            feature(
                Of::Place,
                &[place, self.channel, u32::from(self.is_robot), u32::from(self.is_tool)],
            ),
            feature(Of::After, &[right]),
            feature(Of::After, &[right, gap(after), place]),
            feature(Of::After, &[right, self.channel, 1]),
            feature(Of::After, &[after.map_or(1, |after| after.hash), 2, 2]),
            feature(Of::Between, &[left, right]),
            feature(Of::Between, &[left, self.channel, 1]),
            feature(Of::Line, &[place, edges]),
            feature(Of::Line, &[place, edges, gaps, self.channel]),
            feature(Of::Edges, &[kind(before), kind(after), gaps, edges]),
            feature(Of::Edges, &[kind(before), kind(begin), gap(begin)]),
            feature(Of::Edges, &[kind(after), kind(end), gap(after), 1, 1]),
        ]);
    }

    fn of_name(&self, within: &[Piece<'_>], key: &str, features: &mut Vec<u32>) {
        let classes: Vec<u32> = within.iter().map(Piece::class).collect();
        let (first, last) =
            (classes.first().copied().unwrap_or(0), classes.last().copied().unwrap_or(0));
        features.extend([
            feature(Of::Class, &classes),
            feature(Of::Class, &[first, last, 1, 1]),
            feature(Of::Class, &[first, 2, 2]),
            feature(Of::Class, &[last, 3, 3]),
        ]);
        let is_organisation = u32::from(within.iter().any(|piece| piece.known.is_organisation()));
        let pieces = count(within.len(), 9);
        features.push(feature(Of::Length, &[pieces]));
        features.push(feature(Of::Length, &[count(key.chars().count(), 24), 1]));
        features.extend(within.iter().map(|piece| feature(Of::Word, &[piece.hash])));
        features.extend(within.first().map(|piece| feature(Of::First, &[piece.hash])));
        let ending = within.last().into_iter().flat_map(|piece| piece.words.chars().rev()).take(3);
        let mut so_far = 1;
        for character in ending.map(small) {
            so_far = mix(so_far, character.into());
            features.push(feature(Of::Ending, &[so_far]));
        }
        if !key.is_ascii() {
            let pairs = key.chars().zip(key.chars().skip(1));
            features
                .extend(pairs.map(|(one, other)| feature(Of::Run, &[one.into(), other.into()])));
        }

        // Domains are spelt in Latin letters.
        let is_latin =
            within.iter().any(|piece| matches!(piece.token.kind, Kind::Capital | Kind::Small));
        let spelt = within.iter().map(|piece| &*piece.spelt);
        let plain: String = if is_latin { spelt.clone().collect() } else { String::new() };
        let labels = self.labels.iter().zip(0..).filter(|_| is_latin);
        let fits = labels.map(|(label, at)| domain::fits(&spelt, &plain, label) - at.min(1));
        let fit = fits.max().unwrap_or(0).max(0).unsigned_abs();
        features.push(feature(Of::Fit, &[fit, self.channel]));
        features.push(feature(Of::Fit, &[fit, self.channel, pieces]));
        features
            .push(feature(Of::Fit, &[fit, self.channel, is_organisation, u32::from(self.is_tool)]));
        if plain.len() >= 3 && self.local_part.contains(&plain) {
            features.push(feature(Of::Person, &[is_organisation]));
        }
        let among = |names: &[String]| {
            if names.is_empty() {
                return 0;
            }
            count(spelt.clone().filter(|word| names.iter().any(|name| name == word)).count(), 9)
        };
        let persons = among(&self.persons);
        let is_recipient =
            self.recipients.iter().any(|word| key.contains(word.as_str()) || word.contains(key));
        features.push(feature(Of::Person, &[persons, pieces, is_organisation]));
        features.push(feature(Of::Person, &[persons, u32::from(fit >= 9)]));
        features
            .push(feature(Of::Person, &[among(&self.recipients), u32::from(is_recipient), 1, 1]));
        let is_tool = is_latin
            && (domain::is_tool(key)
                || within.last().is_some_and(|last| listed(TOOLS, last.words)));
        if is_tool {
            features.push(feature(Of::Form, &[2, pieces.min(2)]));
        }
        let has_form = within.iter().any(|piece| piece.token.kind == Kind::Form);
        features.push(feature(Of::Form, &[u32::from(has_form), self.channel, 1]));
    }

    fn of_all(&self, times: u32, places: u32, features: &mut Vec<u32>) {
        let times = times.min(5);
        features.extend([
            feature(Of::Times, &[times]),
            feature(Of::Times, &[times, self.channel]),
            feature(Of::Places, &[places]),
            feature(Of::Places, &[places, self.channel]),
        ]);
    }
}
