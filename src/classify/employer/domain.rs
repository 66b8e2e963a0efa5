//! What a sender's domain says about the employer's name.

use std::borrow::Cow;

use super::words::{FORMS, MAILBOXES, OFFICES, ORGANISATIONS, SYSTEMS, TOOLS};
use crate::mail::Mail;

/// Most letters of a part of a domain (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// Most bytes of a domain (RFC 5321 §4.5.3.1.2).
const LONGEST_DOMAIN: usize = 255;

/// Most parts of a domain that are read.
const MOST_LABELS: usize = 4;

/// Whether one of a sorted table's words is this one, in any case.
pub(super) fn listed(table: &[&str], word: &str) -> bool {
    let lower = || word.bytes().map(|byte| byte.to_ascii_lowercase());
    table.binary_search_by(|entry| entry.bytes().cmp(lower())).is_ok()
}

pub(super) fn is_form(word: &str) -> bool {
    if word.len() > 8 || !word.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return false;
    }
    if word.contains('.') {
        return listed(FORMS, &word.replace('.', ""));
    }
    listed(FORMS, word)
}

/// Small letters and figures only, as a domain would spell the name.
pub(super) fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase).flat_map(|character| {
        let two = |first, second| [Some(first), Some(second)];
        let [first, second] = match character {
            'ä' => two('a', 'e'),
            'ö' => two('o', 'e'),
            'ü' => two('u', 'e'),
            'ß' => two('s', 's'),
            'é' | 'è' | 'ê' => [Some('e'), None],
            'á' | 'à' | 'å' => [Some('a'), None],
            'ó' | 'ø' | 'ō' => [Some('o'), None],
            'í' => [Some('i'), None],
            'ú' | 'ū' => [Some('u'), None],
            'ç' => [Some('c'), None],
            character => [character.is_alphanumeric().then_some(character), None],
        };
        first.into_iter().chain(second)
    })
}

/// The [`letters`] of a name.
pub(super) fn key(name: &str) -> String {
    letters(name).collect()
}

/// A word as a domain would spell it: see [`key`].
pub(super) fn spelt(word: &str) -> Cow<'_, str> {
    let is_so = |c: char| matches!(c, '0'..='9' | 'a'..='z' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{4E00}'..='\u{9FFF}');
    if word.chars().all(is_so) { word.into() } else { key(word).into() }
}

/// A part of the author's address that may name an employer.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) name: String,
    /// Its letters and figures.
    plain: String,
}

/// The parts of the author's address that may name an employer, the likeliest first.
pub(super) fn labels(mail: &Mail) -> Vec<Label> {
    let names = names_of(mail).into_iter();
    names
        .map(|name| {
            let plain = name.chars().filter(char::is_ascii_alphanumeric).collect();
            Label { name, plain }
        })
        .collect()
}

fn names_of(mail: &Mail) -> Vec<String> {
    let Some(author) = mail.author() else { return Vec::new() };
    let domain = author.domain();
    if domain.len() > LONGEST_DOMAIN {
        return Vec::new();
    }
    let before_system = before_system(&domain);
    let mut parts: Vec<&str> = before_system.unwrap_or(&domain).split('.').collect();
    parts.pop();
    let country = parts.len() > 1
        && parts.last().is_some_and(|part| {
            matches!(
                *part,
                "co" | "ac" | "or" | "go" | "ne" | "lg" | "gov" | "net" | "com" | "org" | "example"
            )
        });
    if country {
        parts.pop();
    }
    let mut labels: Vec<String> = parts
        .iter()
        .rev()
        .filter(|part| is_label(part) && !listed(MAILBOXES, part) && !is_tool(part))
        .take(MOST_LABELS)
        .map(|part| {
            let named =
                part.split('-').filter(|word| !listed(MAILBOXES, word) && !listed(TOOLS, word));
            named.collect::<Vec<_>>().join("-")
        })
        .collect();
    // "fennimore@mailer.hirestack.example"
    if before_system.is_some() || parts.last().is_some_and(|part| is_tool(part)) {
        let local = author.addr_spec.split('@').next().unwrap_or("").to_lowercase();
        let words: Vec<&str> = author.name.as_deref().unwrap_or("").split_whitespace().collect();
        let name = key(&words.concat());
        let office = words.iter().any(|word| listed(ORGANISATIONS, word) || listed(OFFICES, word));
        let named = |part: &&str| {
            part.len() >= 4 && (name == **part || (office && name.starts_with(*part)))
        };
        labels.extend(local.split(['.', '+']).filter(named).take(MOST_LABELS).map(str::to_owned));
    }
    labels
}

/// Whether a part of a domain can spell a name: neither a figure nor Punycode.
fn is_label(part: &str) -> bool {
    (3..=LONGEST_LABEL).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && part.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !part.starts_with("xn--")
}

/// "hirestack", "myworkplace-jobs": a tool that writes for employers.
pub(super) fn is_tool(label: &str) -> bool {
    let longer = |tool: &&&str| label.len() > tool.len();
    ["apply", "candidate", "career", "hire", "hiring", "recruit", "talent"]
        .iter()
        .filter(longer)
        .any(|tool| label.starts_with(tool))
        || (TOOLS.iter().filter(longer).any(|tool| label.ends_with(tool))
            && !ORGANISATIONS.iter().any(|word| word.len() > 4 && label.ends_with(word)))
}

/// "noreply@…", "notifications@…"
pub(super) fn written_by_robot(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or("").to_lowercase();
    ["reply", "notif", "invite", "update", "hello", "tests", "jobs", "robot", "mailer"]
        .iter()
        .any(|word| local.contains(word))
}

pub(super) fn domain_is_tool(mail: &Mail) -> bool {
    let domain = mail.author().map(crate::mail::Address::domain).unwrap_or_default();
    before_system(&domain).is_some() || domain.rsplit('.').nth(1).is_some_and(is_tool)
}

/// What stands before the domain of a tracking system, if it is one's: "talent." of "talent.icims.com".
fn before_system(domain: &str) -> Option<&str> {
    SYSTEMS.iter().find_map(|system| {
        domain.strip_suffix(system).filter(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Whether the label is spelt by beginnings of the words, in order: "ballinrobecu", "otterburnwt".
fn spells<'a>(label: &str, words: impl Iterator<Item = &'a str>) -> bool {
    let label = label.as_bytes();
    if label.len() > LONGEST_LABEL {
        return false;
    }
    // Bit n: the words so far spell the first n letters.
    let mut reached: u64 = 1;
    for word in words {
        let optional = matches!(word, "of" | "and" | "the" | "for" | "");
        let mut next = if optional { reached } else { 0 };
        for start in (0..=label.len()).filter(|start| reached & (1 << start) != 0) {
            let rest = label.get(start..).unwrap_or_default();
            if rest.is_empty() && is_form(word) {
                next |= 1 << start;
            }
            let common = rest.iter().zip(word.as_bytes()).take_while(|(one, other)| one == other);
            for length in 1..=common.count() {
                next |= 1 << (start + length);
            }
        }
        reached = next;
    }
    reached & (1 << label.len()) != 0
}

/// How well a name of these words, and in all of this key, fits a part of the sender's domain.
pub(super) fn fits<'a>(
    words: &(impl ExactSizeIterator<Item = &'a str> + Clone),
    key: &str,
    label: &Label,
) -> i32 {
    let plain = label.plain.as_str();
    if plain == key {
        return 16;
    }
    let long = plain.len() >= 4 || (plain.len() == 3 && words.len() >= 3);
    if long && words.len() > 1 && spells(plain, words.clone()) {
        return 15;
    }
    if plain.len() >= 4 && key.starts_with(plain) {
        return 14;
    }
    if key.len() >= 4 && plain.starts_with(key) {
        return 9;
    }
    let common = |part: &str, word: &str| {
        let length = part.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
        length >= 5 || length == part.len() || (length >= 4 && length == word.len())
    };
    let parts = label.name.split('-').filter(|part| part.len() >= 4);
    let shared = parts.filter(|part| words.clone().any(|word| common(part, word))).count();
    match shared {
        0 if plain.len() >= 5 && key.contains(plain) => 8,
        0 if key.len() >= 6 && plain.contains(key) => 6,
        0 => 0,
        1 => 8,
        _ => 12,
    }
}

/// A domain as a name: "tollgatebakery" is "Tollgate Bakery", and whether it has a known word.
pub(super) fn spelt_out(label: &str) -> (String, bool) {
    let mut words: Vec<String> = Vec::new();
    let mut known = false;
    for part in label.split('-').filter(|part| !part.is_empty()) {
        let mut rest = part;
        let mut tail: Vec<&str> = Vec::new();
        while let Some(word) = ORGANISATIONS
            .iter()
            .filter(|word| word.len() >= 4 && rest.len() >= word.len() && rest.ends_with(**word))
            .max_by_key(|word| word.len())
        {
            let Some(head) = rest.strip_suffix(word) else { break };
            if !head.is_empty() && head.len() < 3 {
                break;
            }
            tail.push(word);
            rest = head;
        }
        known |= !tail.is_empty();
        words.extend(
            (!rest.is_empty())
                .then_some(rest)
                .into_iter()
                .chain(tail.into_iter().rev())
                .map(capitalised),
        );
    }
    (words.join(" "), known && words.len() > 1)
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}
