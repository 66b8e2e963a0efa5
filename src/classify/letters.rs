//! Ordinary letters for the learning, put together from building blocks (`tests/corpus/letters`).
//!
//! People who write mails for the corpus avoid the usual words, or use them for something else, because that is
//! what makes a mail hard. Most real mails are not hard. Learned from hard ones alone, a model would doubt the
//! plainest refusal; these letters keep it in mind of what is usual.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::attributes::follows_meeting;
use super::learn::Sample;
use super::model::Act;
use super::score::Label;
use super::{Channel, Door, Outcome, ReplyAdvice, Stage};
use crate::lang::Lang;
use crate::mail::Mail;

/// Words of stages. A letter with any of them is about one, but the blocks do not say which.
const OF_STAGES: &[&str] = &[
    "書類",
    "面接",
    "面談",
    "試験",
    "検査",
    "テスト",
    "一次",
    "二次",
    "最終",
    "interview",
    "screen",
    "test",
    "assessment",
    "panel",
    "resume",
    "cv",
    "shortlist",
    "round",
    "stage",
];

/// Whether folded text names a stage.
pub(crate) fn names_a_stage(folded: &str) -> bool {
    OF_STAGES.iter().any(|word| folded.contains(word))
}

/// How many letters of each outcome are put together: enough to keep the usual words in their usual meaning beside
/// the mails of the corpus, of which half are hard.
const LETTERS: [(Outcome, usize); 7] = [
    (Outcome::Declined, 1_200),
    (Outcome::Advanced, 500),
    (Outcome::Offer, 360),
    (Outcome::OnHold, 200),
    (Outcome::Undisclosed, 150),
    (Outcome::InProcess, 500),
    (Outcome::Unrelated, 800),
];

/// How many letters about several applications are put together.
const OF_SEVERAL: usize = 600;

/// The outcomes of several applications, the usual ones more often.
const EACH: [Outcome; 10] = [
    Outcome::Declined,
    Outcome::Declined,
    Outcome::Declined,
    Outcome::Advanced,
    Outcome::Advanced,
    Outcome::Offer,
    Outcome::OnHold,
    Outcome::Undisclosed,
    Outcome::InProcess,
    Outcome::InProcess,
];

/// Behind a sentence that leaves a way back.
const OPEN: &str = "{open}";

/// Where a Japanese mail program breaks lines, in characters.
const WRAP: usize = 34;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocks {
    companies: Vec<String>,
    positions: Vec<String>,
    people: Vec<String>,
    senders: Vec<String>,
    agents: Vec<String>,
    greeting: Vec<String>,
    hello: Vec<String>,
    thanks: Vec<String>,
    lead: Vec<String>,
    closing: Vec<String>,
    signature: Vec<String>,
    subjects: BTreeMap<String, Vec<String>>,
    /// For each stage its names, each with that of the stage after it.
    stages: BTreeMap<Stage, Vec<[String; 2]>>,
    /// For each outcome what is said of a stage.
    of_stages: BTreeMap<Outcome, Vec<String>>,
    /// For each outcome what is said after a meeting, with thanks for it.
    of_meetings: BTreeMap<Outcome, Vec<String>>,
    declined: Turn,
    advanced: Turn,
    offer: Turn,
    on_hold: Turn,
    undisclosed: Turn,
    in_process: Turn,
    unrelated: Turn,
    several: Several,
}

/// Of several applications: what is said of each, in rows, under headings or in clauses of one sentence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Several {
    subjects: Vec<String>,
    intro: Vec<String>,
    outro: Vec<String>,
    rows: Vec<String>,
    headings: Vec<String>,
    clauses: Vec<String>,
    joints: Vec<String>,
    ends: Vec<String>,
    /// For each outcome how a row puts it.
    states: BTreeMap<Outcome, Vec<String>>,
    /// For each outcome how a clause puts it.
    clauses_of: BTreeMap<Outcome, Vec<String>>,
}

/// The sentences that say an outcome, and what goes with them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    says: Vec<String>,
    after: Vec<String>,
}

impl Blocks {
    const fn turn(&self, outcome: Outcome) -> &Turn {
        match outcome {
            Outcome::Declined => &self.declined,
            Outcome::Advanced => &self.advanced,
            Outcome::Offer => &self.offer,
            Outcome::OnHold => &self.on_hold,
            Outcome::Undisclosed => &self.undisclosed,
            Outcome::Unrelated => &self.unrelated,
            _ => &self.in_process,
        }
    }
}

/// A sequence of choices that is the same each time (xorshift).
struct Choices(u32);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit.max(1)
    }

    fn of<'a>(&mut self, blocks: &'a [String]) -> &'a str {
        let at = self.below(blocks.len());
        blocks.get(at).map_or("", String::as_str)
    }
}

/// Puts the letters of one language together.
///
/// # Errors
/// Blocks that are not TOML of the form that the files have.
pub fn letters(blocks: &str, lang: Lang) -> Result<Vec<Sample>, toml::de::Error> {
    let blocks: Blocks = toml::from_str(blocks)?;
    let mut choices = Choices(0x1234_5677);
    let mut samples = Vec::new();
    for (outcome, count) in LETTERS {
        for number in 0..count {
            samples.extend(letter(&blocks, outcome, number, lang, &mut choices));
        }
    }
    let several = (0..OF_SEVERAL).filter_map(|number| several(&blocks, number, lang, &mut choices));
    samples.extend(several);
    Ok(samples)
}

/// How a letter tells of several applications.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Rows,
    Headings,
    Clauses,
}

/// A letter about two to four applications; in one of five the same is said of all.
fn several(blocks: &Blocks, number: usize, lang: Lang, choices: &mut Choices) -> Option<Sample> {
    let Several { subjects, intro, outro, rows, headings, clauses, joints, ends, .. } =
        &blocks.several;
    let count = 2 + choices.below(3);
    let first = choices.below(blocks.companies.len());
    let said = *EACH.get(choices.below(EACH.len()))?;
    let are_alike = choices.below(5) == 0;
    let mut outcomes = vec![said; count];
    if !are_alike {
        let others = || EACH.into_iter().filter(|other| *other != said);
        let others: Vec<Outcome> =
            others().filter(|other| said.is_result() || other.is_result()).collect();
        for outcome in outcomes.iter_mut().skip(1) {
            *outcome = *others.get(choices.below(others.len()))?;
        }
        let to_front = choices.below(count);
        outcomes.rotate_left(to_front);
    }
    let (form, frames) = match choices.below(5) {
        0..=2 => (Form::Rows, rows),
        3 => (Form::Headings, headings),
        _ => (Form::Clauses, clauses),
    };
    // The lines of a list are alike, the clauses of a sentence are not.
    let frame = choices.of(frames);
    let mut acts = Vec::new();
    let mut parts = Vec::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let company = blocks.companies.get((first + at * 3) % blocks.companies.len())?;
        let frame = if form == Form::Clauses { choices.of(clauses) } else { frame };
        let state = match form {
            Form::Rows => choices.of(blocks.several.states.get(outcome)?),
            Form::Headings => choices.of(&blocks.turn(*outcome).says),
            Form::Clauses => choices.of(blocks.several.clauses_of.get(outcome)?),
        };
        let values = [
            ("company", "会社", company.as_str()),
            ("position", "職種", choices.of(&blocks.positions)),
            ("state", "結果", state),
            ("number", "番号", &(at + 1).to_string()),
            ("name", "氏名", choices.of(&blocks.people)),
        ];
        let part = filled(frame, values);
        let (part, marked) = match form {
            // What stands under the row's name alone is what says it.
            Form::Rows => (part.clone(), part.lines().next_back()?.to_owned()),
            Form::Headings => {
                let state = with_capital(&filled(state, values));
                (format!("{part}\n{state}"), state)
            }
            Form::Clauses => (part.clone(), part),
        };
        acts.push((Act::stating(*outcome)?.letter().to_string(), marked));
        parts.push(part);
    }
    let mut text = match form {
        Form::Rows => parts.join("\n"),
        Form::Headings => parts.join("\n\n"),
        Form::Clauses => {
            let mut text = String::new();
            for part in parts {
                text += if text.is_empty() { "" } else { choices.of(joints) };
                text += &part;
            }
            with_capital(&text) + choices.of(ends)
        }
    };
    let count = count.to_string();
    let counted = [("count", "数", count.as_str())];
    if choices.below(4) > 0 {
        text = format!("{}\n\n{text}", filled(choices.of(intro), counted));
    }
    if choices.below(3) > 0 {
        text = format!("{text}\n\n{}", choices.of(outro));
    }
    let greeting = choices.of(&blocks.greeting).replace("{氏名}", choices.of(&blocks.people));
    let greeting = greeting.replace("{name}", choices.of(&blocks.people));
    let (agent, subject) = (choices.of(&blocks.agents), filled(choices.of(subjects), counted));
    let message = format!(
        "From: \"{agent}\" <info@agent{}.example>\nTo: you@mail.example\nSubject: {subject}\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{greeting}\n\n{text}\n",
        choices.below(500)
    );
    let outcome = if are_alike { said } else { Outcome::Mixed };
    let path = format!("letters/{}/several{number}", lang.code());
    let label = Label { acts: Some(acts), channel: Channel::Agent, ..label(path, outcome, lang) };
    Some(Sample { label, mail: Mail::read(message.as_bytes()).ok()? })
}

/// An English text with a capital.
fn with_capital(text: &str) -> String {
    match text.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => text.to_owned(),
    }
}

/// The text with its places filled: each has an English and a Japanese name.
fn filled<const N: usize>(text: &str, values: [(&str, &str, &str); N]) -> String {
    values.into_iter().fold(text.to_owned(), |text, (english, japanese, value)| {
        text.replace(&format!("{{{english}}}"), value).replace(&format!("{{{japanese}}}"), value)
    })
}

fn letter(
    blocks: &Blocks,
    outcome: Outcome,
    number: usize,
    lang: Lang,
    choices: &mut Choices,
) -> Option<Sample> {
    let domain = format!("firm{}.example", choices.below(500));
    let names = [
        ("company", "会社", choices.of(&blocks.companies)),
        ("name", "氏名", choices.of(&blocks.people)),
        ("position", "職種", choices.of(&blocks.positions)),
        ("domain", "領域", &domain),
    ];
    let fill = |text: &str| filled(text, names);
    let turn = blocks.turn(outcome);
    let mut acts = Vec::new();
    let mut door = Door::Neutral;
    // One in four says what it has to say and no more.
    let curt = choices.below(4) == 0;
    let mut body = Vec::new();
    if !curt {
        body.push(fill(choices.of(&blocks.greeting)));
        if outcome != Outcome::Unrelated && choices.below(2) == 0 {
            body.push(fill(choices.of(&blocks.hello)));
        }
        body.push(String::new());
    }
    let mine = outcome != Outcome::Unrelated;
    let staged = of_stage(blocks, outcome, choices);
    if mine && staged.is_none() && choices.below(4) > 0 {
        body.push(fill(choices.of(&blocks.thanks)));
    }
    let (said, stage) = match &staged {
        Some((said, stage)) => (said.clone(), *stage),
        None => (choices.of(&turn.says).to_owned(), Stage::Unknown),
    };
    let states_result = matches!(outcome, Outcome::Declined | Outcome::Advanced | Outcome::Offer);
    let lead = if states_result && staged.is_none() { choices.of(&blocks.lead) } else { "" };
    // An English sentence begins with a capital wherever it begins.
    let says = with_capital(&format!("{lead}{}", fill(&said)));
    if let Some(act) = Act::stating(outcome) {
        acts.push((act.letter().to_string(), says.clone()));
    }
    body.push(says);
    // What is about nothing in particular goes on about it.
    let more = match (curt, mine) {
        (true, _) => choices.below(2),
        (false, true) => 1 + choices.below(3),
        (false, false) => 1 + choices.below(12),
    };
    for _ in 0..more {
        let block = if !mine && choices.below(2) == 0 { &turn.says } else { &turn.after };
        let after = fill(choices.of(block));
        let (after, open) = match after.strip_suffix(OPEN) {
            Some(after) => (after.to_owned(), true),
            None => (after, false),
        };
        let (words, letter) = match after.strip_suffix('}').and_then(|text| text.rsplit_once('{')) {
            Some((words, letter)) => (words.to_owned(), Some(letter.to_owned())),
            None => (after, None),
        };
        if body.contains(&words) {
            continue;
        }
        if open {
            door = Door::Open;
        }
        acts.extend(letter.map(|letter| (letter, words.clone())));
        body.push(words);
    }
    if !curt {
        body.push(String::new());
        body.push(fill(choices.of(&blocks.closing)));
    }
    if mine {
        body.push(fill(choices.of(&blocks.signature)));
    }
    let subject = subject(blocks, outcome, staged.is_some(), choices);
    let from_agent = choices.below(10) == 0;
    let sender = fill(choices.of(if from_agent { &blocks.agents } else { &blocks.senders }));
    let mut text = body.join("\n");
    if lang == Lang::Ja && choices.below(3) == 0 {
        text = wrapped(&text);
    }
    let office = if mine { "saiyo" } else { "info" };
    let sender = if curt || !mine { office.to_owned() } else { sender };
    let message = format!(
        "From: \"{sender}\" <{office}@{domain}>\nTo: you@mail.example\nSubject: {}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n",
        fill(&subject)
    );
    // Without a dash: to the fit each is of a writer of its own, so that no part is without such letters.
    let path = format!("letters/{}/{}{number}", lang.code(), outcome.name());
    let label = Label { stage, door, acts: Some(acts), ..label(path, outcome, lang) };
    Some(Sample { label, mail: Mail::read(message.as_bytes()).ok()? })
}

fn label(path: String, outcome: Outcome, lang: Lang) -> Label {
    Label {
        path,
        outcome,
        stage: Stage::Unknown,
        company: String::new(),
        company_stated: true,
        position: String::new(),
        wording: None,
        door: Door::Neutral,
        channel: Channel::Company,
        replyable: true,
        reply: ReplyAdvice::Optional,
        lang,
        hard: false,
        results: Vec::new(),
        acts: None,
    }
}

/// In every second letter, what is said of a stage; half of them are about documents.
fn of_stage(blocks: &Blocks, outcome: Outcome, choices: &mut Choices) -> Option<(String, Stage)> {
    let frames = blocks.of_stages.get(&outcome).filter(|_| choices.below(2) == 0)?;
    let at = if choices.below(2) == 0 { 0 } else { choices.below(blocks.stages.len()) };
    let (stage, names) = blocks.stages.iter().nth(at)?;
    let [this, next] = names.get(choices.below(names.len()))?;
    let frames = match blocks.of_meetings.get(&outcome) {
        Some(thanks) if follows_meeting(*stage) && choices.below(2) == 0 => thanks,
        _ => frames,
    };
    let mut said = choices.of(frames).to_owned();
    for (name, value) in [("{段階}", this), ("{次}", next), ("{stage}", this), ("{next}", next)]
    {
        said = said.replace(name, value);
    }
    Some((said, *stage))
}

/// A subject; over what is said of one stage none that names another.
fn subject(blocks: &Blocks, outcome: Outcome, staged: bool, choices: &mut Choices) -> String {
    let special = blocks.subjects.get(outcome.name());
    let special = special.filter(|_| outcome == Outcome::Unrelated || choices.below(2) == 0);
    let neutral = blocks.subjects.get("neutral");
    match neutral.and_then(|subjects| subjects.first()).filter(|_| staged) {
        Some(first) => first.clone(),
        None => special.or(neutral).map_or("", |subjects| choices.of(subjects)).to_owned(),
    }
}

fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((at, _)) = rest.char_indices().nth(WRAP) {
            let (head, tail) = rest.split_at(at);
            lines.push(head);
            rest = tail;
        }
        lines.push(rest);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_no_place_left_unfilled() {
        for lang in [Lang::Ja, Lang::En] {
            let blocks = format!("tests/corpus/letters/{}.toml", lang.code());
            let letters = letters(&std::fs::read_to_string(blocks).unwrap(), lang).unwrap();
            assert!(letters.len() > 4_000);
            let text = |letter: &Sample| {
                let body = letter.mail.body.iter().map(|block| block.text.as_str());
                body.chain([letter.mail.subject.as_str()]).collect::<Vec<_>>().join("\n")
            };
            let left = letters.iter().find(|letter| text(letter).contains(['{', '}']));
            assert!(left.is_none(), "{}", text(left.unwrap()));
        }
    }

    #[test]
    fn of_several_applications_what_is_said_of_each_stands_in_the_letter() {
        let blocks = std::fs::read_to_string("tests/corpus/letters/ja.toml").unwrap();
        let letters = letters(&blocks, Lang::Ja).unwrap();
        let several = letters.iter().filter(|letter| letter.label.path.contains("several"));
        let mut mixed = 0;
        for letter in several {
            let acts = letter.label.acts.as_ref().unwrap();
            assert!(acts.len() > 1);
            let alike = acts.iter().all(|(act, _)| *act == acts[0].0);
            assert_eq!(letter.label.outcome == Outcome::Mixed, !alike);
            mixed += usize::from(!alike);
            let body = &letter.mail.body[0].text;
            for (_, words) in acts {
                assert!(body.contains(words), "{words}\n{body}");
            }
        }
        assert!(mixed > 400, "{mixed}");
    }
}
