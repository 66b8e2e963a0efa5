//! `goen correct`: it was wrong about a mail. That mail changes at once, and mails like it are read
//! accordingly from then on.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::text::wrap;
use super::{Console, Failure, Opened, replies, results};
use crate::classify::{Corrected, Correction, How, Outcome, classify_as};
use crate::daemon;
use crate::guide::outcome_name;
use crate::knowledge::Knowledge;
use crate::lang::{Explanation, Lang};
use crate::outbox::Outbox;
use crate::outbox::state::State;
use crate::reply::Draft;
use crate::reply::advice::advice;
use crate::say;
use crate::store::StoredMail;

#[derive(Debug, Args)]
pub(super) struct CorrectArguments {
    /// The number that `goen list` shows
    id: i64,
    /// What the email is: declined, advanced, offer, `on_hold`, undisclosed, mixed, `in_process`, unsure, unrelated
    #[arg(value_parser = results::parse_outcome, required_unless_present = "undo", conflicts_with = "undo")]
    outcome: Option<Outcome>,
    /// The employer, where goen had another one or none
    #[arg(long, value_name = "NAME", conflicts_with = "undo")]
    company: Option<String>,
    /// The position, where goen had another one or none
    #[arg(long, value_name = "NAME", conflicts_with = "undo")]
    position: Option<String>,
    /// Undo the correction, and what was learned from it
    #[arg(long)]
    undo: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn correct(
    opened: &Opened,
    console: &Console,
    arguments: &CorrectArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let mail = results::mail(opened, console.lang, arguments.id)?;
    let untouched = untouched_draft(opened, console.lang, &mail)?;
    let said = match arguments.outcome {
        Some(outcome) => teach(opened, console, arguments, &mail, outcome)?,
        None => take_back(opened, console, &mail)?,
    };
    let mail = results::mail(opened, console.lang, arguments.id)?;
    let reply = draft_anew(opened, console, &mail, untouched.as_ref())?;
    daemon::wake(&opened.paths);
    if arguments.json {
        let mut value = results::as_json(&mail);
        if let Some(into) = value.as_object_mut() {
            into.insert("learns".to_owned(), json!(said.learns));
            into.insert("read_as_before".to_owned(), json!(said.read_as_before));
        }
        writeln!(out, "{value}")?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in said.lines.into_iter().chain(reply) {
        writeln!(out, "{}", wrap(&line, console.columns))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What came of it.
struct Said {
    lines: Vec<String>,
    /// Mails like it are read accordingly from now on.
    learns: bool,
    /// Mails that had been read by the correction that was taken back.
    read_as_before: Vec<i64>,
}

fn teach(
    opened: &Opened,
    console: &Console,
    arguments: &CorrectArguments,
    mail: &StoredMail,
    outcome: Outcome,
) -> Result<Said, Failure> {
    let (lang, id) = (console.lang, mail.id);
    let knowledge = Knowledge::load(opened.paths.folder()).map_err(Failure::new)?;
    // Corrected before, it is compared with what goen reads by itself, not with the user's own word.
    let before = mail.verdict.corrected.as_ref().map_or(&mail.verdict, |it| &it.before);
    let (mut verdict, template) = classify_as(&mail.mail, outcome, &knowledge.rules, before);
    if outcome != Outcome::Unrelated {
        let earlier = mail.verdict.corrected.as_ref().map(|_| &mail.verdict);
        let name = |given: &Option<String>| {
            given.as_ref().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
        };
        let company =
            name(&arguments.company).or_else(|| earlier.and_then(|it| it.company.clone()));
        let position =
            name(&arguments.position).or_else(|| earlier.and_then(|it| it.position.clone()));
        verdict.company = company.or(verdict.company);
        verdict.position = position.or(verdict.position);
    }
    let at = whole_seconds(console.clock.now());
    let key = opened.store.mail_key(id)?.unwrap_or_default();
    let learns = template.teaches();
    let company = verdict.company.clone().filter(|_| verdict.company != before.company);
    let was = before.outcome;
    let correction = Correction { key: key.clone(), at, was, outcome, company, template };
    verdict.corrected =
        Some(Corrected { how: How::Told, key, at, before: Box::new(before.clone()) });
    opened.store.correct(id, &verdict, &correction)?;

    let (is, had) = (outcome_name(outcome, lang), outcome_name(was, lang));
    let mut lines = vec![say!(
        lang,
        "訂正しました。{id} 番は「{is}」です（goen の読みは「{had}」でした）。",
        "Corrected: #{id} is \"{is}\" (goen had read it as \"{had}\")."
    )];
    lines.push(if learns {
        say!(
            lang,
            "同じ差出人から同じような形のメールが来たら、次からはこの訂正に合わせて読みます。取り消すには：goen correct {id} --undo",
            "From now on, similar emails from the same sender are read the same way. To undo: goen correct {id} --undo"
        )
    } else {
        say!(
            lang,
            "このメールには手がかりになる本文がないため、変わるのはこの1通だけです。取り消すには：goen correct {id} --undo",
            "There is too little text in this email to learn from, so only this one was changed. To undo: goen correct {id} --undo"
        )
    });
    Ok(Said { lines, learns, read_as_before: Vec::new() })
}

/// Times are kept in whole seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn take_back(opened: &Opened, console: &Console, mail: &StoredMail) -> Result<Said, Failure> {
    let (lang, id) = (console.lang, mail.id);
    let Some(read_as_before) = opened.store.undo_correction(id)? else {
        return Err(not_corrected(opened, lang, mail)?);
    };
    let before = mail.verdict.corrected.as_ref().map_or(&mail.verdict, |it| &it.before);
    let is = outcome_name(before.outcome, lang);
    let mut lines = vec![say!(
        lang,
        "訂正を取り消しました。{id} 番は goen の読みどおり「{is}」に戻りました。この訂正から覚えた読み方も、もう使いません。",
        "Correction undone: #{id} is \"{is}\" again, as goen had read it. goen has also forgotten what it learned from it."
    )];
    if !read_as_before.is_empty() {
        let numbers: Vec<String> = read_as_before.iter().map(|id| format!("#{id}")).collect();
        let numbers = numbers.join(", ");
        lines.push(say!(
            lang,
            "この訂正に合わせて読んでいたメールも、もとの読みに戻しました：{numbers}",
            "Emails that were read that way are back to what they were, too: {numbers}"
        ));
    }
    Ok(Said { lines, learns: false, read_as_before })
}

fn not_corrected(opened: &Opened, lang: Lang, mail: &StoredMail) -> Result<Failure, Failure> {
    let id = mail.id;
    let explanation = Explanation::new(say!(
        lang,
        "{id} 番のメールは訂正されていません",
        "email {id} has not been corrected"
    ));
    let learned_from = match &mail.verdict.corrected {
        Some(corrected) => opened.store.corrected_mail(&corrected.key)?,
        None => None,
    };
    Ok(Failure::because(match learned_from {
        Some(other) => explanation.hint(say!(
            lang,
            "{other} 番の訂正から学んだ読みです。その訂正を取り消すには goen correct {other} --undo、この1通だけを直すには goen correct {id} に正しい結果を付けてください",
            "this reading comes from your correction of email {other}: undo that with `goen correct {other} --undo`, or correct this one alone with `goen correct {id} OUTCOME`"
        )),
        None => explanation,
    }))
}

/// The draft of a reply, if goen wrote it for the mail as it was read, and nobody has touched it.
fn untouched_draft(
    opened: &Opened,
    lang: Lang,
    mail: &StoredMail,
) -> Result<Option<Draft>, Failure> {
    let Some(entry) = Outbox::new(opened.store.clone()).entry(mail.id)? else { return Ok(None) };
    if entry.state != State::Draft {
        return Ok(None);
    }
    let advice = advice(&mail.mail, &mail.verdict, &opened.config.own_addresses());
    // What cannot be written again cannot be compared: it stays.
    let fresh = replies::draft(opened, lang, mail, entry.draft.kind, &advice).ok();
    Ok(fresh.filter(|fresh| *fresh == entry.draft))
}

/// Puts a draft away that nobody touched and that does not fit the mail any more, and writes the one that
/// does; what the user wrote or approved stays. Says how the reply stands.
fn draft_anew(
    opened: &Opened,
    console: &Console,
    mail: &StoredMail,
    untouched: Option<&Draft>,
) -> Result<Option<String>, Failure> {
    let outbox = Outbox::new(opened.store.clone());
    let Some(entry) = outbox.entry(mail.id)? else { return Ok(None) };
    let advice = advice(&mail.mail, &mail.verdict, &opened.config.own_addresses());
    let fits = advice.refusal.is_none() && advice.kinds.contains(&entry.draft.kind);
    let Some(untouched) = untouched.filter(|_| !fits) else {
        let line = (!fits).then(|| replies::state_line(&entry, console));
        return Ok(line);
    };
    if !outbox.take_away(mail.id, untouched)? || advice.kind.is_none() {
        return Ok(None);
    }
    let entry = replies::drafted(opened, console.lang, mail, None, console.clock.now())?;
    Ok(Some(replies::state_line(&entry, console)))
}

/// What a verdict owes to a correction, in a sentence; nothing if it is goen's own.
pub(super) fn origin(
    opened: &Opened,
    console: &Console,
    mail: &StoredMail,
) -> Result<Option<String>, Failure> {
    let Some(corrected) = &mail.verdict.corrected else { return Ok(None) };
    let lang = console.lang;
    let at = corrected.at.to_zoned(console.zone.clone());
    let day = match lang {
        Lang::Ja => at.strftime("%-m月%-d日"),
        Lang::En => at.strftime("%-d %b"),
    };
    let had = outcome_name(corrected.before.outcome, lang);
    let said = match corrected.how {
        How::Told => say!(
            lang,
            "{day}に訂正していただいた内容です（goen の読みは「{had}」でした）。",
            "As you corrected it on {day} (goen had read it as \"{had}\")."
        ),
        How::Learned => say!(
            lang,
            "{day}の訂正から学びました（goen だけなら「{had}」と読みました）。",
            "goen reads it this way because of your correction of {day} (on its own it would read \"{had}\")."
        ),
    };
    let undo = opened.store.corrected_mail(&corrected.key)?.map(|id| {
        say!(
            lang,
            "取り消すには：goen correct {id} --undo",
            "To undo the correction: goen correct {id} --undo"
        )
    });
    let space = if lang == Lang::En && undo.is_some() { " " } else { "" };
    Ok(Some(format!("{said}{space}{}", undo.unwrap_or_default())))
}
