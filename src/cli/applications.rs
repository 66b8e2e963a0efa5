//! `goen list`, `goen app`: applications as they stand, and putting right which mail belongs to which.
//!
//! An application has no number of its own: people name it by any of its mails.

use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::text::{fit, moment, shorten, wrap};
use super::{Console, Failure, Opened, results};
use crate::application::{Standing, Step, Story};
use crate::classify::Outcome;
use crate::deadline::Purpose;
use crate::guide::{Reminding, Reveal, outcome_name, stage_label};
use crate::knowledge::Knowledge;
use crate::lang::{Explanation, Lang};
use crate::outbox::when::holidays::Calendar;
use crate::reminder::Kind;
use crate::silence::{Silence, awaited};
use crate::store::StepId;
use crate::{daemon, say};

/// A mail's number, or one result in a mail about several: `7`, `7.2`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(StepId);

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mail, part) = text.split_once('.').unwrap_or((text, "0"));
        let wrong = || "7, 7.2".to_owned();
        let mail_id = mail.parse().map_err(|_| wrong())?;
        Ok(Self(StepId { mail_id, part: part.parse().map_err(|_| wrong())? }))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum AppCommand {
    /// Merge the applications of two emails into one
    Merge {
        /// An email of the application to keep
        into: Number,
        /// An email of the application to merge into it
        from: Number,
    },
    /// Split an email off as an application of its own
    Split {
        /// The email, or one result of an email about several (7.2)
        number: Number,
    },
    /// Name an application; an empty name goes back to the one in the emails
    Rename(RenameArguments),
    /// Close an application: off the list, no reminders; a new email reopens it
    Close {
        /// An email of the application
        number: Number,
    },
    /// Reopen an application
    Reopen {
        /// An email of the application
        number: Number,
    },
}

#[derive(Debug, Args)]
pub(super) struct RenameArguments {
    /// An email of the application
    number: Number,
    /// The company
    #[arg(long)]
    company: Option<String>,
    /// The position
    #[arg(long)]
    position: Option<String>,
}

pub(super) fn app(
    opened: &Opened,
    console: &Console,
    command: &AppCommand,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let store = &opened.store;
    let id = |number: &Number| application(opened, lang, *number);
    let shown = match command {
        AppCommand::Merge { into, from } => {
            let (into, from) = (id(into)?, id(from)?);
            if into != from {
                store.merge(into, from)?;
            }
            into
        }
        AppCommand::Split { number } => {
            let one = id(number)?;
            let calendar = calendar(opened)?;
            let whole = store.story(one, &console.zone, &calendar)?;
            if whole.is_some_and(|story| story.steps.len() > 1) {
                store.split(number.0)?
            } else {
                one
            }
        }
        AppCommand::Rename(RenameArguments { number, company, position }) => {
            let one = id(number)?;
            store.rename(one, company.as_deref(), position.as_deref())?;
            one
        }
        AppCommand::Close { number } => {
            let one = id(number)?;
            store.set_closed(one, Some(console.clock.now()))?;
            one
        }
        AppCommand::Reopen { number } => {
            let one = id(number)?;
            store.set_closed(one, None)?;
            one
        }
    };
    daemon::wake(&opened.paths);
    if let Some(story) = store.story(shown, &console.zone, &calendar(opened)?)? {
        write!(out, "{}", timeline(&story, None, console))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn calendar(opened: &Opened) -> Result<Calendar, Failure> {
    crate::knowledge::calendar(opened.paths.folder()).map_err(Failure::new)
}

/// The application of a mail, or a failure that says how to name one.
fn application(opened: &Opened, lang: Lang, number: Number) -> Result<i64, Failure> {
    let mail = results::mail(opened, lang, number.0.mail_id)?;
    let id = mail.id;
    let several = || {
        Failure::because(
            Explanation::new(say!(
                lang,
                "{id} 番のメールには、複数の応募の結果があります",
                "email {id} covers several applications"
            ))
            .hint(say!(
                lang,
                "{id}.1、{id}.2 のように、どの結果かを指定してください（goen show {id}）",
                "say which one: {id}.1, {id}.2 (see `goen show {id}`)"
            )),
        )
    };
    opened.store.application_of(number.0)?.ok_or_else(several)
}

/// What is asked of `goen list`.
pub(super) struct Wanted<'a> {
    pub(super) outcomes: &'a [Outcome],
    pub(super) all: bool,
    pub(super) limit: u32,
    pub(super) json: bool,
}

pub(super) fn list(
    opened: &Opened,
    console: &Console,
    wanted: &Wanted<'_>,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let calendar = calendar(opened)?;
    let mut stories = opened.store.stories(None, &console.zone, &calendar)?;
    stories.retain(|story| {
        let standing = story.standing();
        let is_wanted = wanted.outcomes.is_empty()
            || wanted.outcomes.iter().any(|outcome| standing == Standing::Told(*outcome));
        is_wanted && (wanted.all || standing != Standing::Closed)
    });
    stories.truncate(usize::try_from(wanted.limit).unwrap_or(usize::MAX));
    let silence_days = opened.config.remind.silence_days;
    for story in &stories {
        let silence = awaited(story, silence_days, &calendar);
        if wanted.json {
            writeln!(out, "{}", as_json(story, silence.as_ref()))?;
        } else {
            write!(out, "{}", entry(story, silence.as_ref(), console))?;
        }
    }
    if stories.is_empty() && !wanted.json {
        let nothing = say!(
            console.lang,
            "まだ応募のメールはありません。様子は goen status で見られます。",
            "No emails about applications yet. `goen status` shows how things stand."
        );
        writeln!(out, "{nothing}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An application for scripts.
pub(super) fn as_json(story: &Story, silence: Option<&Silence>) -> Value {
    let deciding = story.deciding();
    let mails: Vec<i64> = story.steps.iter().map(|step| step.mail_id).collect();
    let steps: Vec<Value> = story
        .steps
        .iter()
        .map(|step| {
            json!({
                "mail": step.mail_id, "part": step.part, "at": step.at.to_string(),
                "outcome": step.outcome, "stage": step.stage, "dates": step.dates,
                "promise": step.promise,
            })
        })
        .collect();
    json!({
        "id": number(story.steps.last()),
        "company": story.company(),
        "position": story.position(),
        "standing": standing_code(story.standing()),
        "stage": deciding.map(|step| step.stage),
        "mails": mails,
        "last_at": story.steps.last().map(|step| step.at.to_string()),
        "awaited": silence,
        "steps": steps,
    })
}

fn standing_code(standing: Standing) -> &'static str {
    match standing {
        Standing::Told(outcome) => outcome.name(),
        Standing::Withdrawn => "withdrawn",
        Standing::Closed => "closed",
    }
}

fn standing_name(standing: Standing, lang: Lang) -> &'static str {
    match (standing, lang) {
        (Standing::Told(outcome), _) => outcome_name(outcome, lang),
        (Standing::Withdrawn, Lang::Ja) => "辞退",
        (Standing::Withdrawn, Lang::En) => "withdrawn",
        (Standing::Closed, Lang::Ja) => "一区切り",
        (Standing::Closed, Lang::En) => "closed",
    }
}

/// The number that names a step.
fn number(step: Option<&Step>) -> String {
    match step {
        None => String::new(),
        Some(step) if step.part == 0 => step.mail_id.to_string(),
        Some(step) => format!("{}.{}", step.mail_id, step.part),
    }
}

/// The company, with the position if it is known.
fn about(story: &Story, lang: Lang) -> String {
    let unnamed = || say!(lang, "（会社名なし）", "(no company named)");
    let company = story.company().map_or_else(unnamed, str::to_owned);
    match (story.position(), lang) {
        (None, _) => company,
        (Some(position), Lang::Ja) => format!("{company}・{position}"),
        (Some(position), Lang::En) => format!("{company}, {position}"),
    }
}

/// One application in the list: how it stands, and what comes next.
fn entry(story: &Story, silence: Option<&Silence>, console: &Console) -> String {
    let (lang, style) = (console.lang, console.style);
    let last = story.steps.last();
    let time = last.map_or_else(String::new, |step| moment(step.at, &console.zone, lang));
    let stage = story.deciding().map_or("", |step| stage_label(step.stage, lang));
    let standing = standing_name(story.standing(), lang);
    let row =
        results::columns(&number(last), 5, &time, standing, stage, &about(story, lang), console);
    let mut out = format!("{row}\n");
    for line in ahead(story, silence, console) {
        out.push_str(&style.dim(&wrap(&format!("       {line}"), console.columns)));
        out.push('\n');
    }
    out
}

/// The dates that are still to come, and the word that is awaited.
fn ahead(story: &Story, silence: Option<&Silence>, console: &Console) -> Vec<String> {
    let lang = console.lang;
    let now = console.clock.now();
    let today = now.to_zoned(console.zone.clone()).date();
    let has_ended = story.has_ended() && story.standing() != Standing::Told(Outcome::Offer);
    let mut lines: Vec<String> = Vec::new();
    for dated in story.steps.iter().filter(|_| !has_ended).flat_map(|step| &step.dates) {
        if dated.purpose != Purpose::Result && dated.at.ends(&console.zone) >= now {
            let at = dated.at.said(lang);
            lines.push(match dated.purpose {
                Purpose::Answer => {
                    say!(lang, "内定への回答は{at}まで", "answer the offer by {at}")
                }
                Purpose::Dates => {
                    say!(lang, "日程の返事は{at}まで", "reply about the date by {at}")
                }
                Purpose::Submit => {
                    say!(lang, "提出・登録などは{at}まで", "something is due by {at}")
                }
                _ => say!(lang, "{at}に予定があります", "appointment on {at}"),
            });
        }
    }
    lines.dedup();
    if let Some(silence) = silence {
        let by = crate::deadline::Moment { day: silence.by, time: None }.said(lang);
        lines.push(if silence.from <= today {
            say!(lang, "結果の連絡の目安（{by}）を過ぎました", "the result was expected by {by}")
        } else {
            say!(lang, "結果の連絡の目安は{by}", "the result is expected by {by}")
        });
    }
    lines
}

/// The story of an application, oldest first. `here` is the mail that is being looked at.
pub(super) fn timeline(story: &Story, here: Option<i64>, console: &Console) -> String {
    let (lang, style) = (console.lang, console.style);
    let heading = match lang {
        Lang::Ja => format!("この応募のこれまで：{}", about(story, lang)),
        Lang::En => format!("This application so far: {}", about(story, lang)),
    };
    let mut out = format!("{}\n", style.bold(&shorten(&heading, console.columns)));
    for step in &story.steps {
        let mark = if here == Some(step.mail_id) { "▸" } else { " " };
        let outcome = if step.withdrawn {
            standing_name(Standing::Withdrawn, lang)
        } else {
            outcome_name(step.outcome, lang)
        };
        let line = format!(
            "{mark} {}  {}  {}  {}",
            fit(&moment(step.at, &console.zone, lang), 14),
            fit(outcome, results::outcome_columns(lang)),
            fit(stage_label(step.stage, lang), results::stage_columns(lang)),
            style.dim(&format!("#{}", number(Some(step)))),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if story.standing() == Standing::Closed {
        let number = number(story.steps.last());
        out.push_str(&say!(
            lang,
            "  一区切りにしています（戻すには goen app reopen {number}）\n",
            "  closed (to reopen it: goen app reopen {number})\n"
        ));
    }
    out
}

/// What there is to say about the silence that a mail was followed by, if it was.
pub(super) fn silence_page(
    story: &Story,
    opened: &Opened,
    knowledge: &Knowledge,
    console: &Console,
    now: Timestamp,
) -> Option<String> {
    let silence = awaited(story, opened.config.remind.silence_days, &knowledge.calendar)?;
    let today = now.to_zoned(console.zone.clone()).date();
    if silence.from > today {
        return None;
    }
    let kind = if silence.passers_only { Kind::SilencePassersOnly } else { Kind::Silence };
    let guide = knowledge.guidance.remind(&Reminding {
        kind,
        about: crate::deadline::Moment { day: silence.by, time: None },
        company: story.company(),
        position: story.position(),
        lang: console.lang,
        reveal: Reveal::Full,
        id: silence.mail_id,
        variety: silence.mail_id.unsigned_abs(),
        next: &[],
    });
    Some(guide.page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_in_a_mail_about_several_is_named_by_its_place() {
        let number: Number = "7.2".parse().unwrap();
        assert_eq!(number.0, StepId { mail_id: 7, part: 2 });
        assert_eq!("7".parse::<Number>().unwrap().0, StepId { mail_id: 7, part: 0 });
        for text in ["", "x", "7.", "7.x", "7.-1"] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }
}
