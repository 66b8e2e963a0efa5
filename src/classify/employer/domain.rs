//! What a sender's domain says about the employer's name.

use super::words::{FORMS, MAILBOXES, OFFICES, ORGANISATIONS, TOOLS};
use crate::mail::Mail;

/// Most letters of a part of a domain (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// Most bytes of a domain (RFC 5321 §4.5.3.1.2).
const LONGEST_DOMAIN: usize = 255;

/// Most parts of a domain that are read.
const MOST_LABELS: usize = 4;

/// Most words of a name.
const MOST_WORDS: usize = 8;

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
pub(super) fn key(words: &[&str]) -> String {
    let mut key = String::new();
    for character in words.iter().flat_map(|word| word.chars()).flat_map(char::to_lowercase) {
        match character {
            'ä' => key.push_str("ae"),
            'ö' => key.push_str("oe"),
            'ü' => key.push_str("ue"),
            'ß' => key.push_str("ss"),
            'é' | 'è' | 'ê' => key.push('e'),
            'á' | 'à' | 'å' => key.push('a'),
            'ó' | 'ø' | 'ō' => key.push('o'),
            'í' => key.push('i'),
            'ú' | 'ū' => key.push('u'),
            'ç' => key.push('c'),
            character if character.is_alphanumeric() => key.push(character),
            _ => {}
        }
    }
    key
}

/// The parts of the author's address that may name an employer, the likeliest first.
pub(super) fn labels(mail: &Mail) -> Vec<String> {
    let Some(author) = mail.author() else { return Vec::new() };
    let domain = author.domain();
    if domain.len() > LONGEST_DOMAIN {
        return Vec::new();
    }
    let mut parts: Vec<&str> = domain.split('.').collect();
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
    if parts.last().is_some_and(|part| is_tool(part)) {
        let local = author.addr_spec.split('@').next().unwrap_or("").to_lowercase();
        let words: Vec<&str> = author.name.as_deref().unwrap_or("").split_whitespace().collect();
        let name = key(&words);
        let office = words.iter().any(|word| listed(ORGANISATIONS, word) || listed(OFFICES, word));
        let named = |part: &&str| {
            part.len() >= 4 && (name == **part || (office && name.starts_with(*part)))
        };
        labels.extend(local.split(['.', '+']).filter(named).map(str::to_owned));
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
    domain.rsplit('.').nth(1).is_some_and(is_tool)
}

/// Whether the label is spelt by beginnings of the words, in order: "ballinrobecu", "otterburnwt".
fn spells(label: &str, words: &[String]) -> bool {
    let label = label.as_bytes();
    if label.len() > LONGEST_LABEL {
        return false;
    }
    // Bit n: the words so far spell the first n letters.
    let mut reached: u64 = 1;
    for word in words {
        let optional = matches!(word.as_str(), "of" | "and" | "the" | "for" | "");
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

/// How well a name fits a part of the sender's domain.
pub(super) fn fits(words: &[&str], key: &str, label: &str) -> i32 {
    let plain: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    if plain == key {
        return 16;
    }
    let keys: Vec<String> = words.iter().take(MOST_WORDS).map(|word| self::key(&[word])).collect();
    let long = plain.len() >= 4 || (plain.len() == 3 && words.len() >= 3);
    if long && keys.len() > 1 && spells(&plain, &keys) {
        return 15;
    }
    if plain.len() >= 4 && key.starts_with(plain.as_str()) {
        return 14;
    }
    if key.len() >= 4 && plain.starts_with(key) {
        return 9;
    }
    let parts = label.split('-').filter(|part| part.len() >= 4);
    let common = |part: &str, word: &String| {
        let length = part.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
        length >= 5 || length == part.len() || (length >= 4 && length == word.len())
    };
    let shared = parts.filter(|part| keys.iter().any(|word| common(part, word))).count();
    match shared {
        0 if plain.len() >= 5 && key.contains(plain.as_str()) => 8,
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
