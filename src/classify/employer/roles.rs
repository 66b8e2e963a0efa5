//! The position in English mails: what ends in the word of a trade.

use super::english::{capitalised, key, listed};
use super::words::{COMMON, ORGANISATIONS, ROLES};
use crate::mail::{Mail, Role};

/// A position with fewer points is not taken.
const LEAST_POINTS: i32 = 3;

/// A possible position.
#[derive(Debug)]
struct Position {
    name: String,
    key: String,
    points: i32,
}

/// Most words of a paragraph that are read.
const MOST_WORDS: usize = 1000;

/// Most positions of a mail that are weighed.
const MOST_POSITIONS: usize = 100;

/// Most paragraphs of a mail that are read.
const MOST_PARAGRAPHS: usize = 160;

/// Words before a position, and what they count.
const BEFORE_POSITIONS: &[(&str, i32)] = &[
    ("position of", 6),
    ("post of", 6),
    ("role of", 6),
    ("job of", 6),
    ("application for", 4),
    ("applying for", 4),
    ("applied for", 4),
    ("as our", 4),
    ("as a", 3),
    ("as an", 3),
    ("for the", 3),
    ("for our", 3),
    ("join as", 3),
    ("re", 2),
    ("the", 1),
    ("your", 1),
    ("our", 1),
    ("for", 2),
    ("as", 2),
];

/// Words behind a position, and what they count.
const BEHIND_POSITIONS: &[(&str, i32)] = &[
    ("position", 5),
    ("role", 5),
    ("post", 4),
    ("vacancy", 5),
    ("job", 4),
    ("opening", 4),
    ("application", 3),
    ("interview", 3),
    ("posts", 3),
    ("vacancies", 3),
    ("opportunity", 4),
    ("requisition", 4),
    ("programme", 2),
    ("process", 2),
    ("at", 2),
    ("with", 1),
];

/// Words that no position has inside.
const BREAKS: &[&str] = &[
    "application",
    "applications",
    "applied",
    "interview",
    "position",
    "role",
    "post",
    "vacancy",
    "job",
    "dear",
    "other",
    "another",
    "new",
    "hiring",
    "outcome",
    "second",
    "first",
    "final",
    "best",
    "next",
    "good",
    "re",
    "fwd",
    "fw",
    "our",
    "your",
    "invitation",
    "status",
    "update",
    "offer",
    "every",
    "each",
    "one",
    "two",
    "three",
    "many",
    "experienced",
    "good",
    "perfect",
    "same",
    "my",
    "ideal",
];

/// The position, as the mail states it.
pub(super) fn position(mail: &Mail) -> Option<String> {
    let mut found: Vec<Position> = Vec::new();
    let subject = mail.subject.as_str();
    positions(subject, 4, &mut found);
    for block in &mail.body {
        let points = match block.role {
            Role::New => 0,
            Role::Quoted | Role::Forwarded => -1,
            Role::Signature => -8,
        };
        let paragraphs = block.text.split("\n\n").take(MOST_PARAGRAPHS);
        for paragraph in paragraphs {
            for line in paragraph.lines() {
                if let Some(value) = labelled(line) {
                    return Some(value.to_owned());
                }
            }
            let short = paragraph.lines().all(|line| line.split_whitespace().count() <= 8);
            if short {
                paragraph.lines().for_each(|line| positions(line, points - 3, &mut found));
            } else {
                positions(paragraph, points, &mut found);
            }
        }
    }
    for attached in mail.attached.iter().take(2) {
        positions(&attached.subject, 2, &mut found);
        attached.body.iter().for_each(|block| positions(&block.text, -1, &mut found));
    }
    let best = found
        .iter()
        .max_by_key(|position| position.points)
        .filter(|best| best.points >= LEAST_POINTS)?;
    let longest = found
        .iter()
        .filter(|other| {
            other.key.len() > best.key.len()
                && other.key.ends_with(&best.key)
                && other.points >= best.points - 6
                && !other
                    .name
                    .split(' ')
                    .any(|word| listed(ORGANISATIONS, word) && !best.name.contains(word))
        })
        .max_by_key(|other| other.key.len());
    Some(capitalised(&longest.unwrap_or(best).name))
}

/// "Position: Data Engineer"
fn labelled(line: &str) -> Option<&str> {
    let (head, value) = line.split_once([':', '\t'])?;
    let head = head.trim().trim_start_matches(['-', '*', '•', ' ']);
    let named = [
        "post",
        "position",
        "role",
        "job",
        "job title",
        "programme",
        "vacancy",
        "position title",
        "position applied for",
        "post applied for",
        "requisition title",
    ];
    if !named.iter().any(|name| head.eq_ignore_ascii_case(name)) {
        return None;
    }
    let value =
        value.split(['|', '\t', ',', ';']).map(str::trim).find(|value| !value.is_empty())?;
    let value = value
        .split(" (")
        .next()
        .unwrap_or(value)
        .trim_end_matches(['.', '"'])
        .trim_start_matches('"');
    ((3..=60).contains(&value.chars().count()) && value.split(' ').count() <= 8).then_some(value)
}

/// The positions in a text: what ends in the word of a trade.
fn positions(text: &str, base: i32, found: &mut Vec<Position>) {
    let tokens: Vec<&str> = text.split_whitespace().take(MOST_WORDS).collect();
    for (at, token) in tokens.iter().enumerate() {
        let word = bare(token);
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
        if found.len() >= MOST_POSITIONS || !listed(ROLES, word) {
            continue;
        }
        let before = words_before(&tokens, at, is_capital(word));
        let mut end = at;
        let mut words = before.clone();
        words.push(word);
        if !is_closed(token) {
            let behind = words_behind(&tokens, at, word);
            end += behind.len();
            words.extend(behind);
        }
        let mut name = words.join(" ");
        if !tokens.get(end).is_some_and(|token| is_closed(token))
            && let Some((bracket, length)) = bracket(tokens.get(end + 1..).unwrap_or_default())
        {
            name.push(' ');
            name.push_str(&bracket);
            end += length;
        }
        let closed = tokens.get(end).is_some_and(|token| is_closed(token));
        let next = tokens.get(end + 1).filter(|_| !closed).map_or("", |next| bare(next));
        if listed(ROLES, next) {
            continue;
        }
        let start = at - before.len();
        let back = |steps: usize| {
            start.checked_sub(steps).and_then(|at| tokens.get(at)).map_or("", |token| bare(token))
        };
        let mut points = base
            + counted(BEFORE_POSITIONS, back(2), back(1))
            + counted(BEHIND_POSITIONS, "", next);
        points += 2 * i32::from(is_capital(word)) + if words.len() > 1 { 1 } else { -2 };
        points -= 3 * i32::from(
            words.len() < 3 && NOT_SOUGHT.iter().any(|other| word.eq_ignore_ascii_case(other)),
        );
        let key = key(&[&name]);
        if let Some(known) = found.iter_mut().find(|known| known.key == key) {
            known.points = known.points.max(points) + 1;
        } else {
            found.push(Position { name, key, points });
        }
    }
}

/// A word without the marks around it.
fn bare(token: &str) -> &str {
    token.trim_matches(|character: char| !character.is_alphanumeric())
}

fn is_capital(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// Whether nothing behind this word belongs to it.
fn is_closed(token: &str) -> bool {
    token.ends_with([',', '.', ':', ';', '!', '?', ')', '"', '”'])
}

/// The highest points of a table's entry for the last word, or the last two.
fn counted(table: &[(&str, i32)], first: &str, last: &str) -> i32 {
    let stands = |words: &str| match words.split_once(' ') {
        Some((one, other)) => first.eq_ignore_ascii_case(one) && last.eq_ignore_ascii_case(other),
        None => last.eq_ignore_ascii_case(words),
    };
    table.iter().filter(|(words, _)| stands(words)).map(|(_, points)| *points).max().unwrap_or(0)
}

/// The words before a trade that belong to the position: capitals before a capital, "deckhand" before "instructor".
fn words_before<'a>(tokens: &[&'a str], at: usize, capital: bool) -> Vec<&'a str> {
    let opens = |at: usize| tokens.get(at).is_some_and(|token| token.starts_with(['(', '"', '“']));
    let mut words: Vec<&str> = Vec::new();
    let mut start = at;
    while words.len() < 5 && !opens(start) {
        let Some((at, token)) = start.checked_sub(1).and_then(|at| Some((at, *tokens.get(at)?)))
        else {
            break;
        };
        let plain = bare(token);
        let joined = matches!(token, "&" | "and");
        if is_closed(token) || token.ends_with(['–', '—']) || (plain.is_empty() && !joined) {
            break;
        }
        let fits = if joined {
            capital
        } else if capital {
            is_capital(plain) || plain.starts_with(|first: char| !first.is_lowercase())
        } else {
            (!is_capital(plain) || at == 0)
                && plain.len() >= 3
                && !plain.ends_with("ly")
                && !plain.ends_with("ed")
                && !is_any(SMALL, plain)
        };
        let digits = plain.chars().any(|character| character.is_ascii_digit());
        if !fits || digits || is_any(BREAKS, plain) || (listed(COMMON, plain) && !joined) {
            break;
        }
        words.push(if joined { token } else { plain });
        start = at;
    }
    while words.last().is_some_and(|word| matches!(*word, "&" | "and")) {
        words.pop();
    }
    words.reverse();
    words
}

fn is_any(words: &[&str], word: &str) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// The words behind a trade that belong to the position: "in Hydrology", "of Logistics", "II".
fn words_behind<'a>(tokens: &[&'a str], at: usize, word: &str) -> Vec<&'a str> {
    let next = tokens.get(at + 1).copied().unwrap_or("");
    if matches!(bare(next), "I" | "II" | "III" | "IV") {
        return vec![bare(next)];
    }
    if !matches!(next, "in" | "of") || !is_capital(word) {
        return Vec::new();
    }
    let mut words = vec![next];
    for token in tokens.iter().skip(at + 2).take(4) {
        let plain = bare(token);
        let joined = matches!(*token, "&" | "and");
        if !joined && (!is_capital(plain) || listed(COMMON, plain) || is_any(BREAKS, plain)) {
            break;
        }
        words.push(if joined { token } else { plain });
        if is_closed(token) {
            break;
        }
    }
    while words.last().is_some_and(|last| matches!(*last, "&" | "and")) {
        words.pop();
    }
    // "Bursar of St Brannoc's College" is a bursar.
    let of_place = next == "of"
        && !matches!(word, "Head" | "Director")
        && words.iter().any(|word| listed(ORGANISATIONS, word));
    if words.len() > 1 && !of_place { words } else { Vec::new() }
}

/// "(Enforcement)" behind a position, and how many words it has; a number is none.
fn bracket(tokens: &[&str]) -> Option<(String, usize)> {
    let first = tokens.first()?;
    if !first.starts_with('(') || first.chars().any(|character| character.is_ascii_digit()) {
        return None;
    }
    let length = tokens.iter().take(3).position(|token| token.contains(')'))? + 1;
    let whole = tokens.get(..length)?.join(" ");
    let (inside, _) = whole.split_once(')')?;
    Some((format!("{inside})"), length))
}

/// Those who write mails and decide, rather than who is sought.
const NOT_SOUGHT: &[&str] = &[
    "head",
    "lead",
    "manager",
    "director",
    "recruiter",
    "agent",
    "hand",
    "host",
    "crew",
    "partner",
    "staff",
    "consultant",
    "coordinator",
    "secretary",
    "principal",
    "mate",
    "guide",
    "leader",
    "clerk",
    "registrar",
];

/// Small words before a position that are no part of it.
const SMALL: &[&str] = &[
    "the",
    "and",
    "for",
    "with",
    "from",
    "being",
    "hire",
    "need",
    "want",
    "are",
    "was",
    "not",
    "excellent",
    "great",
    "strong",
    "fine",
    "lovely",
    "proper",
    "real",
    "that",
    "this",
    "any",
    "their",
    "his",
    "her",
    "who",
    "its",
    "than",
    "another",
    "right",
    "whole",
    "of",
    "external",
    "internal",
    "existing",
    "current",
    "previous",
    "fellow",
    "more",
    "permanent",
    "full-time",
    "part-time",
];
