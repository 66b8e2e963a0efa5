//! What to say about a verdict, and the next small step (支え). Pure.
//!
//! The words are data: `config/guidance/{ja,en}`, one file an outcome. This module picks those
//! that fit a [`Situation`] and fills in names. The rules of care are in the words themselves:
//! the fact, what is normal about it, one optional small step; no cheering, no promise.
//! Where less than everything may be shown, the outcome's own words aren't even looked at.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::classify::{Channel, Door, Outcome, ReplyAdvice, Stage, Verdict, Wording};
use crate::lang::{Explain, Explanation, Lang};
use crate::reply::advice::Advice;
use crate::{plain, say};

/// Longest summary of a notification, in full-width characters.
pub const SUMMARY_MAX_WIDE: usize = 40;

/// Longest body of a notification, in full-width characters: what servers show without cutting.
pub const BODY_MAX_WIDE: usize = 120;

/// Room for a company's name in a notification, in columns.
const NAME_COLUMNS: usize = 40;

/// Room for the mail's own words on the page, in columns.
const QUOTE_COLUMNS: usize = 160;

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
}

/// The frame that all topics share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// Ends the notification's body: which command tells more.
    more: String,
    headings: Headings,
    reply: ReplyWords,
}

/// What stands above each section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headings {
    fact: String,
    meaning: String,
    step: String,
    reply: String,
    reason: String,
    later: String,
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

const BUILT_IN: [(Lang, &str, &str); 24] = built_in![
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
];

impl Guidance {
    /// The guidance that goen comes with.
    pub fn built_in() -> Result<Self, GuidanceError> {
        Self::load(&[])
    }

    /// The built-in guidance, with `files` in place of those that they name.
    pub fn load(files: &[GuidanceFile]) -> Result<Self, GuidanceError> {
        let mut guidance = Self { chapters: HashMap::new(), pages: HashMap::new() };
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
            self.pages.insert(lang, page);
            return Ok(());
        }
        let topic = topic(name).ok_or_else(|| wrong("no outcome has this name".to_owned()))?;
        let chapter: Chapter = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        chapter.check().map_err(wrong)?;
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
            page: words.page(chapter, page),
        }
    }
}

impl Chapter {
    /// Checks that something always fits, and that no text names an unknown value.
    fn check(&self) -> Result<(), String> {
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
        for (name, entries) in [("summary", &self.summary), ("body", &self.body)] {
            let last_fits_always = entries.last().is_some_and(|entry| {
                entry.when == When::default()
                    && entry
                        .texts
                        .iter()
                        .any(|text| values_in(text).all(|value| Words::ALWAYS.contains(&value)))
            });
            if !last_fits_always {
                return Err(format!("{name}: the last entry must fit always, without names"));
            }
        }
        Ok(())
    }

    fn lists(&self) -> [(&'static str, &[Entry]); 9] {
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
        ]
    }
}

/// The values of one situation, ready to be filled in.
struct Words<'a> {
    situation: &'a Situation<'a>,
    values: HashMap<&'static str, String>,
}

impl<'a> Words<'a> {
    /// What a text may name.
    const NAMES: [&'static str; 8] =
        ["company", "position", "stage", "quote", "results", "count", "reply", "id"];

    /// Those that have a value in every situation.
    const ALWAYS: [&'static str; 3] = ["count", "reply", "id"];

    fn of(situation: &'a Situation<'a>, page: &Page) -> Self {
        let Situation { verdict, lang, id, reply, .. } = *situation;
        let reply = match reply.reply {
            ReplyAdvice::Impossible => &page.reply.impossible,
            ReplyAdvice::NotNeeded => &page.reply.not_needed,
            ReplyAdvice::Optional => &page.reply.optional,
            ReplyAdvice::Recommended => &page.reply.recommended,
        };
        let name = |text: &str| plain::clip(text, NAME_COLUMNS);
        let optional = [
            ("company", verdict.company.as_deref().map(name)),
            ("position", verdict.position.as_deref().map(name)),
            ("stage", stage_name(verdict.stage, lang).map(str::to_owned)),
            ("quote", quote(verdict)),
            ("results", results(verdict, lang)),
            ("count", Some(verdict.results.len().to_string())),
            ("reply", Some(reply.clone())),
            ("id", Some(id.to_string())),
        ];
        let present = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let values = present.filter(|(key, value)| *key == "reply" || !value.is_empty()).collect();
        Self { situation, values }
    }

    /// One sentence of the first entry that fits.
    fn choose(&self, entries: &[Entry]) -> Option<String> {
        let fitting = entries.iter().filter(|entry| entry.when.fits(self.situation));
        fitting.into_iter().find_map(|entry| {
            let texts: Vec<String> =
                entry.texts.iter().filter_map(|text| self.fill(text)).collect();
            let count = u64::try_from(texts.len()).ok().filter(|count| *count > 0)?;
            let index = usize::try_from(self.situation.variety % count).ok()?;
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

    fn page(&self, chapter: &Chapter, page: &Page) -> String {
        let joined = |lists: &[&[Entry]]| {
            let parts: Vec<String> = lists.iter().filter_map(|list| self.choose(list)).collect();
            parts.join("\n\n")
        };
        let headings = &page.headings;
        let sections = [
            (&headings.fact, joined(&[&chapter.fact])),
            (&headings.meaning, joined(&[&chapter.meaning, &chapter.wording, &chapter.door])),
            (&headings.step, joined(&[&chapter.step])),
            (&headings.reply, self.situation.reply.reason(self.situation.lang)),
            (&headings.reason, joined(&[&chapter.reason])),
            (&headings.later, joined(&[&chapter.later])),
        ];
        let sections: Vec<String> = sections
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(heading, text)| format!("{heading}\n{text}\n"))
            .collect();
        sections.join("\n")
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
        (Lang::En, Outcome::InProcess) => "in process",
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
        (Lang::En, Stage::Casual) => "the informal meeting",
        (Lang::En, Stage::Internship) => "the internship selection",
    })
}

impl Explain for GuidanceError {
    fn explain(&self, lang: Lang) -> Explanation {
        let Self { lang: of, name, words } = self;
        let file = format!("guidance/{}/{name}.toml", of.code());
        Explanation::new(say!(
            lang,
            "案内文のファイル {file} を使えません: {words}",
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
