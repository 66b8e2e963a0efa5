//! What to say about a verdict, and the next small step (支え). Pure.
//!
//! The words are data: `config/guidance/{ja,en}`, one file an outcome. This module picks those
//! that fit a [`Situation`] and fills in names. The rules of care are in the words themselves:
//! the fact, what is normal about it, one optional small step; no cheering, no promise.
//! Where less than everything may be shown, the outcome's own words aren't even looked at.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::classify::{Channel, Door, Outcome, ReplyAdvice, Stage, Verdict, Wording};
use crate::deadline::{Dated, Moment, Purpose};
use crate::lang::{Explain, Explanation, Lang};
use crate::reply::advice::Advice;
use crate::{plain, reminder, say};

/// Longest summary of a notification, in full-width characters.
pub const SUMMARY_MAX_WIDE: usize = 40;

/// Longest body of a notification, in full-width characters: what servers show without cutting.
pub const BODY_MAX_WIDE: usize = 120;

/// Room for a company's name in a notification, in columns.
const NAME_COLUMNS: usize = 40;

/// Room for the mail's own words on the page, in columns.
const QUOTE_COLUMNS: usize = 160;

/// Room for a line of the user's own in a notification, in columns.
const NEXT_COLUMNS: usize = 80;

/// How many purposes a date can have: each has words on the page.
const PURPOSES: usize = 5;

/// How many single results a page lists.
const RESULTS_MAX: usize = 20;

/// How much of a result a notification shows: what a lock screen or a shared screen may say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reveal {
    /// The outcome and the company.
    #[default]
    Full,
    /// The company, not the outcome.
    Company,
    /// Neither.
    Discreet,
}

/// What guidance depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the mail says.
    pub verdict: &'a Verdict,
    /// The language of the user.
    pub lang: Lang,
    /// How much the notification shows. The page always shows everything.
    pub reveal: Reveal,
    /// The number for `goen show 3`.
    pub id: i64,
    /// Chooses among sentences of one meaning. Counted up by one each time, it never gives the
    /// same sentence twice in a row.
    pub variety: u64,
    /// Whether to answer, and why.
    pub reply: &'a Advice,
    /// What is known beside the mail.
    pub context: &'a Context,
}

/// What is known beside the mail itself: what came before it, and what the user has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// What came before a result, where it changes what helps.
    pub history: Option<History>,
    /// Whether to point to people who help: the rejection that makes a row of them.
    pub help: bool,
    /// The dates in the mail.
    pub dates: Vec<Dated>,
    /// The user's own "next time I will…" for what comes next, the newest first.
    pub next: Vec<String>,
}

/// What came before a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// None that goen has told of.
    First,
    /// Several, within the time that the user set.
    Several,
    /// A long silence.
    AfterSilence,
    /// A no: this is good news after it (a correction, a reserve list).
    AfterDeclined,
}

/// What counts as a row of rejections: the user's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    /// This many, 0 for never …
    pub count: u16,
    /// … within this many days.
    pub days: u16,
}

impl History {
    /// What came before a rejection, and whether it is the one that makes the row. `received` are the
    /// times of all rejections up to this one, the newest first; `waited` after a long silence.
    #[must_use]
    pub fn of(received: &[Timestamp], streak: Streak, waited: bool) -> (Option<Self>, bool) {
        let since = received.first().map(|now| {
            let days = SignedDuration::from_hours(24 * i64::from(streak.days));
            now.checked_sub(days).unwrap_or(Timestamp::MIN)
        });
        let recent = received.iter().filter(|at| since.is_some_and(|since| **at >= since)).count();
        let row = usize::from(streak.count);
        // Not each time: to be told of the row again and again would be one more burden.
        let history = if row > 0 && recent > 0 && recent.is_multiple_of(row) {
            Some(Self::Several)
        } else if waited {
            Some(Self::AfterSilence)
        } else {
            (received.len() == 1).then_some(Self::First)
        };
        (history, row > 0 && recent == row)
    }
}

/// Something to be told later, and about which application.
#[derive(Debug, Clone, Copy)]
pub struct Reminding<'a> {
    /// What it is about.
    pub kind: reminder::Kind,
    /// The deadline, the appointment, the day that passed.
    pub about: Moment,
    /// The employer.
    pub company: Option<&'a str>,
    /// The position.
    pub position: Option<&'a str>,
    /// The language of the user.
    pub lang: Lang,
    /// How much the notification shows.
    pub reveal: Reveal,
    /// The number for `goen show 3`.
    pub id: i64,
    /// Chooses among sentences of one meaning.
    pub variety: u64,
    /// The user's own "next time I will…", the newest first.
    pub next: &'a [String],
}

/// What to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    /// Title of the notification, at most [`SUMMARY_MAX_WIDE`]. Plain text, never markup.
    pub summary: String,
    /// Text of the notification, at most [`BODY_MAX_WIDE`]; ends in the command that tells more.
    pub body: String,
    /// The full text for `goen show`: sections under headings, in plain text.
    pub page: String,
}

/// The words of guidance, checked: every outcome has them in both languages.
#[derive(Debug, Clone)]
pub struct Guidance {
    chapters: HashMap<(Lang, Topic), Chapter>,
    pages: HashMap<Lang, Page>,
    reminders: HashMap<(Lang, reminder::Kind), Chapter>,
    help: HashMap<Lang, Help>,
}

/// A guidance file of the user's own, in place of the built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuidanceFile {
    /// The folder it is in.
    pub lang: Lang,
    /// Its name without `.toml`: an outcome's, `company`, `discreet` or `page`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What is wrong with a guidance file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("guidance/{}/{name}.toml: {words}", lang.code())]
pub struct GuidanceError {
    /// The folder it is in.
    pub lang: Lang,
    /// Its name without `.toml`.
    pub name: String,
    /// What is wrong, with the line where the parser knows it.
    pub words: String,
}

/// What a chapter is about: an outcome, or no more than a [`Reveal`] allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Topic {
    Outcome(Outcome),
    Company,
    Discreet,
}

/// The words on one topic. Of each list the first entry that fits is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chapter {
    summary: Vec<Entry>,
    body: Vec<Entry>,
    #[serde(default)]
    fact: Vec<Entry>,
    #[serde(default)]
    meaning: Vec<Entry>,
    #[serde(default)]
    wording: Vec<Entry>,
    #[serde(default)]
    door: Vec<Entry>,
    #[serde(default)]
    step: Vec<Entry>,
    #[serde(default)]
    reason: Vec<Entry>,
    #[serde(default)]
    later: Vec<Entry>,
    #[serde(default)]
    history: Vec<Entry>,
    #[serde(default)]
    reminder_summary: Vec<Entry>,
    #[serde(default)]
    reminder_body: Vec<Entry>,
}

/// People to talk to, and when their addresses were last looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Help {
    checked: String,
    words: String,
    /// How not to be shown this.
    off: String,
    place: Vec<Place>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    name: String,
    about: String,
    url: String,
}

/// Sentences of one meaning, and when they fit.
///
/// A sentence that names what the mail doesn't tell (`{company}`) doesn't fit either.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    when: When,
    texts: Vec<String>,
}

/// Conditions; an empty list asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    stage: Vec<Stage>,
    wording: Vec<Wording>,
    door: Vec<Door>,
    channel: Vec<Channel>,
    reply: Vec<ReplyAdvice>,
    history: Vec<History>,
}

/// The frame that all topics share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Ends the notification's body: which command tells more.
    more: String,
    headings: Headings,
    reply: ReplyWords,
    dates: HashMap<Purpose, String>,
}

/// What stands above each section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headings {
    fact: String,
    dates: String,
    meaning: String,
    step: String,
    reply: String,
    reason: String,
    later: String,
    next: String,
    help: String,
}

/// `{reply}`: the advice on a reply in a few words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyWords {
    impossible: String,
    not_needed: String,
    optional: String,
    recommended: String,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(
            (Lang::Ja, $name, include_str!(concat!("../config/guidance/ja/", $name, ".toml"))),
            (Lang::En, $name, include_str!(concat!("../config/guidance/en/", $name, ".toml"))),
        )*]
    };
}

const BUILT_IN: [(Lang, &str, &str); 28] = built_in![
    "declined",
    "advanced",
    "offer",
    "on_hold",
    "undisclosed",
    "mixed",
    "in_process",
    "unsure",
    "unrelated",
    "company",
    "discreet",
    "page",
    "remind",
    "help",
];

impl Guidance {
    /// The guidance that goen comes with.
    pub fn built_in() -> Result<Self, GuidanceError> {
        Self::load(&[])
    }

    /// The built-in guidance, with `files` in place of those that they name.
    pub fn load(files: &[GuidanceFile]) -> Result<Self, GuidanceError> {
        let mut guidance = Self {
            chapters: HashMap::new(),
            pages: HashMap::new(),
            reminders: HashMap::new(),
            help: HashMap::new(),
        };
        for (lang, name, text) in BUILT_IN {
            guidance.add(lang, name, text)?;
        }
        for GuidanceFile { lang, name, text } in files {
            guidance.add(*lang, name, text)?;
        }
        Ok(guidance)
    }

    fn add(&mut self, lang: Lang, name: &str, text: &str) -> Result<(), GuidanceError> {
        let wrong = |words: String| GuidanceError { lang, name: name.to_owned(), words };
        if name == "page" {
            let page: Page = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
            if page.dates.len() < PURPOSES {
                return Err(wrong("dates: a purpose has no words".to_owned()));
            }
            self.pages.insert(lang, page);
            return Ok(());
        }
        if name == "help" {
            let help: Help = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
            self.help.insert(lang, help);
            return Ok(());
        }
        if name == "remind" {
            let mut chapters: HashMap<reminder::Kind, Chapter> =
                toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
            for kind in reminder::Kind::ALL {
                let words = |problem: &str| wrong(format!("{}: {problem}", kind.name()));
                let chapter = chapters.remove(&kind).ok_or_else(|| words("is missing"))?;
                chapter.check(&Words::ALWAYS_LATER).map_err(|problem| words(&problem))?;
                self.reminders.insert((lang, kind), chapter);
            }
            return Ok(());
        }
        let topic = topic(name).ok_or_else(|| wrong("no outcome has this name".to_owned()))?;
        let chapter: Chapter = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        chapter.check(&Words::ALWAYS).map_err(wrong)?;
        self.chapters.insert((lang, topic), chapter);
        Ok(())
    }

    /// What to say in `situation`.
    #[must_use]
    pub fn guide(&self, situation: &Situation<'_>) -> Guide {
        let Situation { verdict, lang, reveal, .. } = *situation;
        let outcome = Topic::Outcome(verdict.outcome);
        let shown = match reveal {
            Reveal::Full => outcome,
            Reveal::Company => Topic::Company,
            Reveal::Discreet => Topic::Discreet,
        };
        // `load` has seen to it that every topic and both pages are there.
        let (Some(shown), Some(chapter), Some(page)) = (
            self.chapters.get(&(lang, shown)),
            self.chapters.get(&(lang, outcome)),
            self.pages.get(&lang),
        ) else {
            return Guide { summary: String::new(), body: String::new(), page: String::new() };
        };
        let words = Words::of(situation, page);
        let summary = words.choose(&shown.summary).unwrap_or_default();
        let body = words.choose(&shown.body).unwrap_or_default();
        let more = words.fill(&page.more).unwrap_or_default();
        Guide {
            summary: plain::clip(&summary, 2 * SUMMARY_MAX_WIDE),
            body: format!("{body}\n{more}"),
            page: words.page(chapter, page, self.help.get(&lang)),
        }
    }

    /// What to say about something that is told later.
    #[must_use]
    pub fn remind(&self, reminding: &Reminding<'_>) -> Guide {
        let Reminding { kind, lang, reveal, .. } = *reminding;
        let topic = match reveal {
            Reveal::Full => None,
            Reveal::Company => Some(Topic::Company),
            Reveal::Discreet => Some(Topic::Discreet),
        };
        let less = topic.and_then(|topic| self.chapters.get(&(lang, topic)));
        let (Some(chapter), Some(page)) =
            (self.reminders.get(&(lang, kind)), self.pages.get(&lang))
        else {
            return Guide { summary: String::new(), body: String::new(), page: String::new() };
        };
        let (summary, body) = match less {
            Some(less) => (&less.reminder_summary, &less.reminder_body),
            None => (&chapter.summary, &chapter.body),
        };
        let words = Words::later(reminding);
        let summary = words.choose(summary).unwrap_or_default();
        let body = words.choose(body).unwrap_or_default();
        let more = words.fill(&page.more).unwrap_or_default();
        let headings = &page.headings;
        let sections = [
            (&headings.fact, words.choose(&chapter.fact)),
            (&headings.meaning, words.choose(&chapter.meaning)),
            (&headings.step, words.choose(&chapter.step)),
            (&headings.later, words.choose(&chapter.later)),
        ];
        Guide {
            summary: plain::clip(&summary, 2 * SUMMARY_MAX_WIDE),
            body: format!("{body}\n{more}"),
            page: sections_joined(
                &sections.map(|(heading, text)| (heading, text.unwrap_or_default())),
            ),
        }
    }
}

/// Sections under their headings; empty ones are left out.
fn sections_joined(sections: &[(&String, String)]) -> String {
    let sections: Vec<String> = sections
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(heading, text)| format!("{heading}\n{text}\n"))
        .collect();
    sections.join("\n")
}

impl Chapter {
    /// Checks that something always fits, and that no text names an unknown value.
    fn check(&self, always: &[&str]) -> Result<(), String> {
        for (name, entries) in self.lists() {
            for text in entries.iter().flat_map(|entry| &entry.texts) {
                if let Some(value) = values_in(text).find(|value| !Words::NAMES.contains(value)) {
                    return Err(format!("{name}: {{{value}}} is not known: {text:?}"));
                }
            }
            if entries.iter().any(|entry| entry.texts.is_empty()) {
                return Err(format!("{name}: an entry has no texts"));
            }
        }
        let pairs = [
            ("summary", &self.summary),
            ("body", &self.body),
            ("reminder_summary", &self.reminder_summary),
            ("reminder_body", &self.reminder_body),
        ];
        for (name, entries) in pairs {
            if name.starts_with("reminder") && entries.is_empty() {
                continue;
            }
            let last_fits_always = entries.last().is_some_and(|entry| {
                entry.when == When::default()
                    && entry
                        .texts
                        .iter()
                        .any(|text| values_in(text).all(|value| always.contains(&value)))
            });
            if !last_fits_always {
                return Err(format!("{name}: the last entry must fit always, without names"));
            }
        }
        Ok(())
    }

    fn lists(&self) -> [(&'static str, &[Entry]); 12] {
        [
            ("summary", &self.summary),
            ("body", &self.body),
            ("fact", &self.fact),
            ("meaning", &self.meaning),
            ("wording", &self.wording),
            ("door", &self.door),
            ("step", &self.step),
            ("reason", &self.reason),
            ("later", &self.later),
            ("history", &self.history),
            ("reminder_summary", &self.reminder_summary),
            ("reminder_body", &self.reminder_body),
        ]
    }
}

/// The values of one situation, ready to be filled in.
struct Words<'a> {
    situation: Option<&'a Situation<'a>>,
    variety: u64,
    values: HashMap<&'static str, String>,
}

impl<'a> Words<'a> {
    /// What a text may name.
    const NAMES: [&'static str; 14] = [
        "company",
        "position",
        "stage",
        "quote",
        "results",
        "count",
        "reply",
        "id",
        "answer_by",
        "dates_by",
        "submit_by",
        "meet_at",
        "next",
        "date",
    ];

    /// Those that have a value in every situation.
    const ALWAYS: [&'static str; 3] = ["count", "reply", "id"];

    /// Those that have a value in everything that is told later.
    const ALWAYS_LATER: [&'static str; 2] = ["date", "id"];

    fn of(situation: &'a Situation<'a>, page: &Page) -> Self {
        let Situation { verdict, lang, id, reply, context, .. } = *situation;
        let reply = match reply.reply {
            ReplyAdvice::Impossible => &page.reply.impossible,
            ReplyAdvice::NotNeeded => &page.reply.not_needed,
            ReplyAdvice::Optional => &page.reply.optional,
            ReplyAdvice::Recommended => &page.reply.recommended,
        };
        let name = |text: &str| plain::clip(text, NAME_COLUMNS);
        let date = |purpose: Purpose| {
            let dated = context.dates.iter().find(|dated| dated.purpose == purpose)?;
            Some(dated.at.said(lang))
        };
        let optional = [
            ("company", verdict.company.as_deref().map(name)),
            ("position", verdict.position.as_deref().map(name)),
            ("stage", stage_name(verdict.stage, lang).map(str::to_owned)),
            ("quote", quote(verdict)),
            ("results", results(verdict, lang)),
            ("count", Some(verdict.results.len().to_string())),
            ("reply", Some(reply.clone())),
            ("id", Some(id.to_string())),
            ("answer_by", date(Purpose::Answer)),
            ("dates_by", date(Purpose::Dates)),
            ("submit_by", date(Purpose::Submit)),
            ("meet_at", date(Purpose::Appointment)),
            ("next", context.next.first().map(|next| plain::clip(next, NEXT_COLUMNS))),
        ];
        let present = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let values = present.filter(|(key, value)| *key == "reply" || !value.is_empty()).collect();
        Self { situation: Some(situation), variety: situation.variety, values }
    }

    fn later(reminding: &Reminding<'_>) -> Self {
        let name = |text: &str| plain::clip(text, NAME_COLUMNS);
        let optional = [
            ("company", reminding.company.map(name)),
            ("position", reminding.position.map(name)),
            ("date", Some(reminding.about.said(reminding.lang))),
            ("id", Some(reminding.id.to_string())),
            ("next", reminding.next.first().map(|next| plain::clip(next, NEXT_COLUMNS))),
        ];
        let present = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let values = present.filter(|(_, value)| !value.is_empty()).collect();
        Self { situation: None, variety: reminding.variety, values }
    }

    /// One sentence of the first entry that fits.
    fn choose(&self, entries: &[Entry]) -> Option<String> {
        let fits = |entry: &&Entry| match self.situation {
            Some(situation) => entry.when.fits(situation),
            None => entry.when == When::default(),
        };
        let fitting = entries.iter().filter(fits);
        fitting.into_iter().find_map(|entry| {
            let texts: Vec<String> =
                entry.texts.iter().filter_map(|text| self.fill(text)).collect();
            let count = u64::try_from(texts.len()).ok().filter(|count| *count > 0)?;
            let index = usize::try_from(self.variety % count).ok()?;
            texts.into_iter().nth(index)
        })
    }

    /// `text` with its values; nothing if one of them is missing.
    fn fill(&self, text: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, next) = behind.split_once('}')?;
            filled.push_str(before);
            filled.push_str(self.values.get(name)?);
            rest = next;
        }
        filled.push_str(rest);
        Some(filled.trim().to_owned())
    }

    fn page(&self, chapter: &Chapter, page: &Page, help: Option<&Help>) -> String {
        let Some(Situation { lang, reply, context, .. }) = self.situation else {
            return String::new();
        };
        let joined = |lists: &[&[Entry]]| {
            let parts: Vec<String> = lists.iter().filter_map(|list| self.choose(list)).collect();
            parts.join("\n\n")
        };
        let headings = &page.headings;
        let mark = match lang {
            Lang::Ja => "・",
            Lang::En => "- ",
        };
        let next: Vec<String> = context.next.iter().map(|line| format!("{mark}{line}")).collect();
        let help = help.filter(|_| context.help).map(|help| help.said(mark, *lang));
        sections_joined(&[
            (&headings.fact, joined(&[&chapter.fact])),
            (&headings.dates, page.dates_said(&context.dates, mark, *lang)),
            (
                &headings.meaning,
                joined(&[&chapter.meaning, &chapter.history, &chapter.wording, &chapter.door]),
            ),
            (&headings.step, joined(&[&chapter.step])),
            (&headings.next, next.join("\n")),
            (&headings.reply, reply.reason(*lang)),
            (&headings.reason, joined(&[&chapter.reason])),
            (&headings.later, joined(&[&chapter.later])),
            (&headings.help, help.unwrap_or_default()),
        ])
    }
}

impl Page {
    fn dates_said(&self, dates: &[Dated], mark: &str, lang: Lang) -> String {
        let lines = dates.iter().filter_map(|dated| {
            let (words, at) = (self.dates.get(&dated.purpose)?, dated.at.said(lang));
            Some(match lang {
                Lang::Ja => format!("{mark}{words}：{at}\n  「{}」", dated.quote),
                Lang::En => format!("{mark}{words} {at}\n  \"{}\"", dated.quote),
            })
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Help {
    fn said(&self, mark: &str, lang: Lang) -> String {
        let mut lines = vec![self.words.trim().to_owned()];
        for Place { name, about, url } in &self.place {
            let dash = match lang {
                Lang::Ja => "：",
                Lang::En => ": ",
            };
            lines.push(format!("{mark}{name}{dash}{about}\n  {url}"));
        }
        let checked = &self.checked;
        let off = self.off.trim();
        lines.push(say!(lang, "（{checked} に確認。{off}）", "(Checked {checked}. {off})"));
        lines.join("\n")
    }
}

impl When {
    fn fits(&self, situation: &Situation<'_>) -> bool {
        fn allows<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        let verdict = situation.verdict;
        allows(&self.stage, &verdict.stage)
            && (self.wording.is_empty()
                || verdict.wording.is_some_and(|wording| self.wording.contains(&wording)))
            && allows(&self.door, &verdict.door)
            && allows(&self.channel, &verdict.channel)
            && allows(&self.reply, &situation.reply.reply)
            && (self.history.is_empty()
                || situation.context.history.is_some_and(|it| self.history.contains(&it)))
    }
}

fn topic(name: &str) -> Option<Topic> {
    match name {
        "company" => Some(Topic::Company),
        "discreet" => Some(Topic::Discreet),
        _ => {
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
            outcome.map(Topic::Outcome)
        }
    }
}

/// The names in braces in `text`.
fn values_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|behind| behind.split('}').next().unwrap_or_default())
}

/// The mail's own words about a way back: evidence of a cue with `door` in its name.
fn quote(verdict: &Verdict) -> Option<String> {
    let open = (verdict.door == Door::Open).then_some(&verdict.evidence)?;
    let words = open.iter().find(|evidence| evidence.cue.contains("door"))?;
    Some(plain::clip(&words.text, QUOTE_COLUMNS))
}

/// The single results of a mail about several, one a line.
fn results(verdict: &Verdict, lang: Lang) -> Option<String> {
    let lines: Vec<String> = verdict
        .results
        .iter()
        .take(RESULTS_MAX)
        .map(|result| {
            let outcome = outcome_name(result.outcome, lang);
            let named: Vec<String> = [&result.company, &result.position]
                .into_iter()
                .flatten()
                .map(|name| plain::clip(name, NAME_COLUMNS))
                .collect();
            match (named.is_empty(), lang) {
                (true, _) => format!("・{outcome}"),
                (false, Lang::Ja) => format!("・{}：{outcome}", named.join(" ")),
                (false, Lang::En) => format!("- {}: {outcome}", named.join(", ")),
            }
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// An outcome as a list of mails names it.
#[must_use]
pub const fn outcome_name(outcome: Outcome, lang: Lang) -> &'static str {
    match (lang, outcome) {
        (Lang::Ja, Outcome::Declined) => "見送り",
        (Lang::Ja, Outcome::Advanced) => "通過",
        (Lang::Ja, Outcome::Offer) => "内定・採用",
        (Lang::Ja, Outcome::OnHold) => "保留",
        (Lang::Ja, Outcome::Undisclosed) => "結果公開",
        (Lang::Ja, Outcome::Mixed) => "複数の結果",
        (Lang::Ja, Outcome::InProcess) => "選考中",
        (Lang::Ja, Outcome::Unsure) => "判断保留",
        (Lang::Ja, Outcome::Unrelated) => "その他",
        (Lang::En, Outcome::Declined) => "declined",
        (Lang::En, Outcome::Advanced) => "passed",
        (Lang::En, Outcome::Offer) => "offer",
        (Lang::En, Outcome::OnHold) => "on hold",
        (Lang::En, Outcome::Undisclosed) => "result is out",
        (Lang::En, Outcome::Mixed) => "several results",
        (Lang::En, Outcome::InProcess) => "in progress",
        (Lang::En, Outcome::Unsure) => "unclear",
        (Lang::En, Outcome::Unrelated) => "other",
    }
}

/// A stage as a sentence names it, if it is known.
#[must_use]
pub const fn stage_name(stage: Stage, lang: Lang) -> Option<&'static str> {
    Some(match (lang, stage) {
        (_, Stage::Unknown) => return None,
        (Lang::Ja, Stage::Document) => "書類選考",
        (Lang::Ja, Stage::Test) => "筆記・適性検査",
        (Lang::Ja, Stage::FirstInterview) => "一次面接",
        (Lang::Ja, Stage::SecondInterview) => "二次面接",
        (Lang::Ja, Stage::FinalInterview) => "最終面接",
        (Lang::Ja, Stage::Interview) => "面接",
        (Lang::Ja, Stage::Casual) => "カジュアル面談",
        (Lang::Ja, Stage::Internship) => "インターンシップの選考",
        (Lang::En, Stage::Document) => "the document screening",
        (Lang::En, Stage::Test) => "the test",
        (Lang::En, Stage::FirstInterview) => "the first interview",
        (Lang::En, Stage::SecondInterview) => "the second interview",
        (Lang::En, Stage::FinalInterview) => "the final interview",
        (Lang::En, Stage::Interview) => "the interview",
        (Lang::En, Stage::Casual) => "the casual interview",
        (Lang::En, Stage::Internship) => "the internship selection",
    })
}

/// A stage as a list or a heading names it: short; empty if it is not known.
#[must_use]
pub fn stage_label(stage: Stage, lang: Lang) -> &'static str {
    match (lang, stage) {
        (Lang::Ja, Stage::Internship) => "インターン",
        (Lang::En, Stage::Document) => "documents",
        (Lang::En, Stage::Internship) => "internship",
        _ => {
            let name = stage_name(stage, lang).unwrap_or_default();
            name.strip_prefix("the ").unwrap_or(name)
        }
    }
}

impl Explain for GuidanceError {
    fn explain(&self, lang: Lang) -> Explanation {
        let Self { lang: of, name, words } = self;
        let file = format!("guidance/{}/{name}.toml", of.code());
        Explanation::new(say!(
            lang,
            "案内文のファイル {file} を使えません：{words}",
            "could not use the guidance file {file}: {words}"
        ))
        .hint(say!(
            lang,
            "ファイルを直すか、取り除くと goen の案内文に戻ります",
            "correct the file, or remove it to go back to the built-in one"
        ))
    }
}

#[cfg(test)]
mod tests;
