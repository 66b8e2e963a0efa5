//! The employer in English mails.
//!
//! Every capitalised phrase is a candidate; the sender's domain, words of organisations and the place
//! where it stands speak for it, names of persons, offices and tools against it.

use super::super::Channel;
use super::words::{COMMON, FORMS, MAILBOXES, OFFICES, ORGANISATIONS, ROLES, TOOLS};
use crate::mail::{Mail, Role};

/// A candidate with fewer points is not taken for the employer.
const LEAST_POINTS: i32 = 7;

/// Most lines of a mail that are read for names.
const MOST_LINES: usize = 160;

/// Most letters of a part of a domain (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// Most phrases of a mail that are weighed: more stand in lists only.
const MOST_PHRASES: usize = 400;

/// Most words of a name.
const MOST_WORDS: usize = 8;

/// Words after which an employer is named, and what they count.
const BEFORE_EMPLOYERS: &[(&str, i32)] = &[
    ("at", 5),
    ("joining", 5),
    ("join", 5),
    ("with", 3),
    ("from", 3),
    ("behalf of", 6),
    ("of", 1),
    ("to", 1),
    ("for", 1),
    ("in", 1),
    ("by", -2),
    ("via", -16),
    ("dear", -12),
    ("hi", -12),
    ("mr", -12),
    ("mrs", -12),
    ("ms", -12),
    ("dr", -12),
    ("hello", -12),
    ("company:", 14),
    ("employer:", 14),
    ("client:", 14),
    ("organisation:", 14),
    ("organization:", 14),
    ("uses", -3),
    ("powered by", -14),
];

/// Where a phrase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Sender,
    Subject,
    Text,
    Signature,
    Quoted,
}

/// Capitalised words in a row.
#[derive(Debug)]
struct Phrase<'a> {
    words: Vec<&'a str>,
    place: Place,
    /// The two words before it.
    before: (&'a str, &'a str),
    /// It is a line of its own.
    alone: bool,
}

/// A possible employer.
#[derive(Debug)]
struct Candidate<'a> {
    words: Vec<&'a str>,
    key: String,
    points: i32,
    fits: i32,
}

/// Whether one of a sorted table's words is this one, in any case.
pub(super) fn listed(table: &[&str], word: &str) -> bool {
    let lower = || word.bytes().map(|byte| byte.to_ascii_lowercase());
    table.binary_search_by(|entry| entry.bytes().cmp(lower())).is_ok()
}

fn is_form(word: &str) -> bool {
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

/// Whether a name may have this small word inside, behind `last`.
fn joins(word: &str, last: &str) -> bool {
    match word {
        "of" | "&" | "and" | "de" | "du" | "van" | "und" | "von" => true,
        "the" => matches!(last, "of" | "for" | "and" | "&"),
        "for" => {
            matches!(last, "Institute" | "Centre" | "Center" | "Board" | "Society" | "Foundation")
        }
        _ => false,
    }
}

/// The capitalised phrases of a line.
fn phrases<'a>(line: &'a str, place: Place, found: &mut Vec<Phrase<'a>>) {
    let mut words: Vec<&str> = Vec::new();
    let mut before = ("", "");
    let mut lead = ("", "");
    let first = found.len();
    let mut others = false;
    let mut flush = |words: &mut Vec<&'a str>, before: (&'a str, &'a str)| {
        while words
            .last()
            .is_some_and(|word| word.chars().next().is_some_and(char::is_lowercase) || *word == "&")
        {
            words.pop();
        }
        if let Some(last) = words.last_mut() {
            *last = last.strip_suffix("'s").or_else(|| last.strip_suffix("’s")).unwrap_or(last);
        }
        if !words.is_empty() {
            found.push(Phrase { words: std::mem::take(words), place, before, alone: false });
        }
    };
    let mut tokens = line.split_whitespace().peekable();
    while let Some(token) = tokens.next() {
        if first >= MOST_PHRASES || words.len() > 4 * MOST_WORDS {
            break;
        }
        let opened = token.starts_with([
            '(', '[', '"', '“', '|', '/', '·', '@', '•', '–', '—', '<', '-', '*', '\'', '‘',
        ]);
        let bare = token.trim_matches(|character: char| {
            !character.is_alphanumeric() && !matches!(character, '&' | '.' | '\'' | '’')
        });
        let bare = bare.trim_start_matches(['.', '\'', '’']);
        let form = is_form(bare) && !words.is_empty();
        let bare = if form || bare.chars().filter(|character| *character == '.').count() > 1 {
            bare
        } else {
            bare.trim_end_matches(['.', '\'', '’'])
        };
        if opened || (bare.is_empty() && token != "&") {
            flush(&mut words, before);
        }
        if bare.is_empty() {
            continue;
        }
        let capital = bare.chars().next().is_some_and(|first| {
            first.is_uppercase() || (first.is_ascii_digit() && !words.is_empty())
        });
        let joined = words.last().is_some_and(|last| joins(bare, last));
        if capital || joined {
            if words.is_empty() {
                before = lead;
            }
            words.push(bare);
        } else {
            flush(&mut words, before);
            others = true;
        }
        lead = (lead.1, if token.ends_with(':') { token } else { bare });
        // "Corvane Systems, Inc." goes on behind its comma.
        let goes_on = token.ends_with(',')
            && tokens.peek().is_some_and(|next| is_form(next.trim_end_matches(',')));
        if !goes_on
            && (token.ends_with([',', ';', ':', '!', '?', ')', '"', '”', ']', '|', '/'])
                || (token.ends_with('.') && !form && bare.chars().count() > 2)
                || (form
                    && !tokens
                        .peek()
                        .is_some_and(|next| is_form(next.trim_end_matches([',', ';', ')'])))))
        {
            flush(&mut words, before);
        }
    }
    flush(&mut words, before);
    if found.len() == first + 1
        && !others
        && let Some(phrase) = found.last_mut()
    {
        phrase.alone = true;
    }
}

/// All phrases of a mail, the sender's and the subject's first.
fn phrases_of(mail: &Mail) -> Vec<Phrase<'_>> {
    let mut found = Vec::new();
    let author = mail.author().and_then(|author| author.name.as_deref()).unwrap_or("");
    phrases(author, Place::Sender, &mut found);
    phrases(&mail.subject, Place::Subject, &mut found);
    for block in &mail.body {
        let place = match block.role {
            Role::New => Place::Text,
            Role::Signature => Place::Signature,
            Role::Quoted | Role::Forwarded => Place::Quoted,
        };
        for line in block.text.lines().take(MOST_LINES).flat_map(|line| line.split('\t')) {
            phrases(line, place, &mut found);
        }
    }
    for attached in mail.attached.iter().take(2) {
        let author = attached.author().and_then(|author| author.name.as_deref()).unwrap_or("");
        phrases(author, Place::Quoted, &mut found);
        for line in attached.body.iter().flat_map(|block| block.text.lines()).take(MOST_LINES) {
            phrases(line, Place::Quoted, &mut found);
        }
    }
    found
}

/// The parts of the author's address that may name an employer, the likeliest first.
fn labels(mail: &Mail) -> Vec<String> {
    let Some(author) = mail.author() else { return Vec::new() };
    let domain = author.domain();
    let mut parts: Vec<&str> = domain.split('.').collect();
    parts.pop();
    let country = parts.len() > 1
        && parts.last().is_some_and(|part| {
            matches!(*part, "co" | "ac" | "or" | "go" | "example" | "com" | "org")
        });
    if country {
        parts.pop();
    }
    let mut labels: Vec<String> = parts
        .iter()
        .rev()
        .filter(|part| part.len() >= 3 && !listed(MAILBOXES, part) && !is_tool(part))
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

/// "hirestack", "myworkplace-jobs": a tool that writes for employers.
fn is_tool(label: &str) -> bool {
    let longer = |tool: &&&str| label.len() > tool.len();
    ["apply", "candidate", "career", "hire", "hiring", "recruit", "talent"]
        .iter()
        .filter(longer)
        .any(|tool| label.starts_with(tool))
        || (TOOLS.iter().filter(longer).any(|tool| label.ends_with(tool))
            && !ORGANISATIONS.iter().any(|word| word.len() > 4 && label.ends_with(word)))
}

/// "noreply@…", "notifications@…"
fn written_by_robot(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or("").to_lowercase();
    ["reply", "notif", "invite", "update", "hello", "tests", "jobs", "robot", "mailer"]
        .iter()
        .any(|word| local.contains(word))
}

fn domain_is_tool(mail: &Mail) -> bool {
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
fn fits(words: &[&str], key: &str, label: &str) -> i32 {
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

/// A phrase without words before and behind the name: "The", "Careers", "Recruiting Team".
fn names<'a, 'p>(phrase: &'p Phrase<'a>) -> impl Iterator<Item = &'p [&'a str]> {
    phrase
        .words
        .split(|word| {
            word.chars().next().is_some_and(|first| !first.is_lowercase())
                && !is_form(word)
                && (listed(COMMON, word) || (listed(OFFICES, word) && !listed(ORGANISATIONS, word)))
        })
        .map(|mut name| {
            while let [first, rest @ ..] = name
                && (first.chars().next().is_some_and(char::is_lowercase)
                    || *first == "&"
                    || first.chars().next().is_some_and(|first| first.is_ascii_digit()))
            {
                name = rest;
            }
            while let [rest @ .., last] = name
                && (last.chars().next().is_some_and(char::is_lowercase)
                    || *last == "&"
                    || last.eq_ignore_ascii_case("hr"))
            {
                name = rest;
            }
            name
        })
        .filter(|name| !name.is_empty() && name.len() <= MOST_WORDS)
}

/// The employer, as the mail states it.
pub(super) fn company(mail: &Mail, channel: Channel) -> Option<String> {
    let phrases = phrases_of(mail);
    let labels = labels(mail);
    let persons = persons(mail, &phrases);
    let robot = mail.author().is_some_and(|author| written_by_robot(&author.addr_spec));
    let through_tool = labels.iter().any(|label| !is_tool(label)) && domain_is_tool(mail);
    let via = mail
        .author()
        .and_then(|author| author.name.as_deref())
        .is_some_and(|name| name.contains(" via "));
    let sender_is_organisation = phrases.iter().any(|phrase| {
        phrase.place == Place::Sender
            && phrase.words.len() > 1
            && phrase.words.iter().any(|word| listed(ORGANISATIONS, word))
    });
    let own = channel == Channel::Company
        || through_tool
        || via
        || (channel == Channel::Platform && sender_is_organisation);
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for phrase in phrases.iter().take(MOST_PHRASES) {
        for name in names(phrase) {
            let key = key(name);
            if key.len() < 2 {
                continue;
            }
            let points = points_of_place(phrase, name, own);
            if let Some(known) = candidates.iter_mut().find(|candidate| candidate.key == key) {
                known.points += if known.points < -24 { 0 } else { points.clamp(-12, 6) + 1 };
                continue;
            }
            let fits = labels
                .iter()
                .enumerate()
                .map(|(at, label)| fits(name, &key, label) - i32::from(at > 0))
                .max()
                .unwrap_or(0)
                .max(0);
            let points = points + points_of_words(name, &key, fits, own, &persons)
                - 18 * i32::from(robot && name.len() == 1 && fits >= 14);
            candidates.push(Candidate { words: name.to_vec(), key, points, fits });
        }
    }
    let best = candidates
        .iter()
        .filter(|candidate| candidate.points >= if own { LEAST_POINTS } else { LEAST_POINTS - 2 })
        .max_by_key(|candidate| (candidate.points, candidate.words.len()));
    let spelt = labels.first().filter(|_| own).map(|label| spelt_out(label));
    let Some(best) = best else { return spelt.map(|(name, _)| name) };
    let longest = longest(best, &candidates);
    if let Some((name, known)) = spelt {
        let whole = self::key(&[&name]);
        if known
            && (longest.fits == 0
                || (whole.starts_with(&longest.key) && whole.len() > longest.key.len()))
            && longest.points < 25
        {
            return Some(name);
        }
    }
    Some(written(&longest.words, &phrases))
}

/// The name with the article that the mail always gives it: "The Wexcombe Trust".
fn written(words: &[&str], phrases: &[Phrase<'_>]) -> String {
    let article = phrases.iter().any(|phrase| {
        matches!(phrase.words.as_slice(), ["The", rest @ ..] if rest == words)
            && (phrase.alone || phrase.place == Place::Sender)
    });
    let name = words.join(" ").replace(" , ", ", ");
    if article { format!("The {name}") } else { name }
}

/// Words of persons' names: who the mail is to, and who wrote it if that is a person.
fn persons(mail: &Mail, phrases: &[Phrase<'_>]) -> Vec<String> {
    let mut persons: Vec<String> = mail
        .to
        .iter()
        .filter_map(|address| address.name.as_deref())
        .flat_map(str::split_whitespace)
        .map(|word| key(&[word]))
        .collect();
    let author = mail.author();
    for phrase in phrases.iter().filter(|phrase| phrase.place == Place::Sender) {
        let organisation = phrase.words.iter().any(|word| {
            listed(ORGANISATIONS, word) || listed(OFFICES, word) || is_form(word) || *word == "&"
        });
        let local = author
            .map(|author| author.addr_spec.split('@').next().unwrap_or("").to_lowercase())
            .unwrap_or_default();
        let named = phrase.words.iter().any(|word| {
            let word = key(&[word]);
            word.len() >= 3 && local.contains(&word)
        });
        if (2..=4).contains(&phrase.words.len()) && !organisation || named {
            persons.extend(phrase.words.iter().map(|word| key(&[word])));
        }
    }
    persons.retain(|word| word.len() >= 2);
    persons
}

/// What the place of a name says for it.
fn points_of_place(phrase: &Phrase<'_>, name: &[&str], own: bool) -> i32 {
    let mut points = match phrase.place {
        Place::Sender if own => 6,
        Place::Sender => -14,
        Place::Signature if own => 3,
        Place::Subject => 2,
        Place::Signature => -3,
        Place::Text | Place::Quoted => 0,
    };
    if phrase.words.first() == name.first()
        || phrase.words.first().is_some_and(|word| word.eq_ignore_ascii_case("the"))
    {
        let stands = |words: &str| match words.split_once(' ') {
            Some((first, last)) => {
                phrase.before.0.eq_ignore_ascii_case(first)
                    && phrase.before.1.eq_ignore_ascii_case(last)
            }
            None => phrase.before.1.eq_ignore_ascii_case(words),
        };
        points += BEFORE_EMPLOYERS
            .iter()
            .filter(|(words, _)| stands(words))
            .map(|(_, points)| points)
            .sum::<i32>();
    }
    points + if phrase.alone && name.len() > 1 && own { 3 } else { 0 }
}

/// What the words of a name say for it.
fn points_of_words(name: &[&str], key: &str, fits: i32, own: bool, persons: &[String]) -> i32 {
    let organisation = name.iter().any(|word| listed(ORGANISATIONS, word));
    let form = name.len() > 1 && name.iter().skip(1).any(|word| is_form(word));
    let role = name.last().is_some_and(|last| listed(ROLES, last)) && !form;
    let person = name.iter().any(|word| persons.contains(&self::key(&[word])));
    if person && !organisation && !form && fits < 14 {
        return -30;
    }
    let general = name
        .iter()
        .all(|word| listed(ORGANISATIONS, word) || listed(OFFICES, word) || joins(word, "of"));
    let mut points = if own { fits } else { -2 * fits };
    points -= 10 * i32::from(general && fits < 12 && name.len() < 3);
    points -= 8 * i32::from(
        name.last().is_some_and(|last| last.chars().all(|character| character.is_ascii_digit())),
    );
    points -= 8 * i32::from(!organisation && !form && name.iter().any(|word| listed(ROLES, word)));
    points += 8 * i32::from(form) + 5 * i32::from(organisation && name.len() > 1);
    points += i32::from(name.len() > 1 && !person) + 2 * i32::from(name.contains(&"&"));
    points -= 12 * i32::from(role);
    points -= 5 * i32::from(name.len() == 1 && fits == 0);
    points -= 10 * i32::from(name.len() == 1 && (organisation || key.len() < 3));
    points -= 12 * i32::from(name.len() == 1 && is_tool(key));
    points
}

/// The longest form of a name in the mail: "Foundry Row Arts Centre" for "Foundry Row".
fn longest<'c, 'a>(best: &'c Candidate<'a>, candidates: &'c [Candidate<'a>]) -> &'c Candidate<'a> {
    candidates
        .iter()
        .filter(|other| {
            let more = other.words.len().saturating_sub(best.words.len());
            let added = other.words.get(best.words.len()..).unwrap_or_default();
            (other.key.starts_with(&best.key)
                && !added.is_empty()
                && (1..=4).contains(&more)
                && other
                    .words
                    .iter()
                    .zip(&best.words)
                    .all(|(one, other)| one.eq_ignore_ascii_case(other))
                && added.last().is_some_and(|last| !listed(ROLES, last)))
                || (best.words.len() == 1
                    && other.words.len() <= 5
                    && other.key.ends_with(&best.key)
                    && other.words.first().is_some_and(|first| listed(ORGANISATIONS, first))
                    && more >= 2)
        })
        .max_by_key(|other| (other.points, other.words.len()))
        .unwrap_or(best)
}

/// A domain as a name: "tollgatebakery" is "Tollgate Bakery", and whether it has a known word.
fn spelt_out(label: &str) -> (String, bool) {
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

pub(super) fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}
