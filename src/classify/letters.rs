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
    Ok(samples)
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
    let fill = |text: &str| {
        let mut text = text.to_owned();
        for (english, japanese, value) in names {
            text = text
                .replace(&format!("{{{english}}}"), value)
                .replace(&format!("{{{japanese}}}"), value);
        }
        text
    };
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
    let mut says = format!("{lead}{}", fill(&said));
    // An English sentence begins with a capital wherever it begins.
    if let Some(first) = says.get(..1) {
        says = first.to_uppercase() + says.get(1..).unwrap_or("");
    }
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
