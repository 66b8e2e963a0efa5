//! `goen memo`: what the user writes down after an interview or a result, for themselves alone.

use std::io::{self, IsTerminal as _, Read as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::text::wrap;
use super::{Console, Failure, Opened, edit, results};
use crate::lang::Lang;
use crate::store::StoredMail;
use crate::{memo, say};

#[derive(Debug, Args)]
pub(super) struct MemoArguments {
    /// The number that `goen list` shows
    #[arg(required_unless_present_any = ["all", "search"])]
    id: Option<i64>,
    /// Print all notes as Markdown
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// Print the notes that contain these words
    #[arg(long, value_name = "WORDS", conflicts_with = "id")]
    search: Option<String>,
    /// Print the note and change nothing
    #[arg(long, requires = "id")]
    print: bool,
    /// Take the note from a file, or - for standard input, instead of the editor
    #[arg(long, value_name = "FILE", requires = "id", conflicts_with = "print")]
    from: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "from")]
    json: bool,
}

pub(super) fn memo(
    opened: &Opened,
    console: &Console,
    arguments: &MemoArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    match arguments.id {
        Some(id) => one(opened, console, arguments, id, out),
        None => many(opened, console, arguments, out),
    }
}

fn one(
    opened: &Opened,
    console: &Console,
    arguments: &MemoArguments,
    id: i64,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let mail = results::mail(opened, lang, id)?;
    let before = opened.store.memo(id)?;
    let nothing = || {
        say!(
            lang,
            "まだメモはありません。書くには：goen memo {id}",
            "No note yet. To write one: goen memo {id}"
        )
    };
    if arguments.json {
        writeln!(out, "{}", as_json(&mail, before.as_deref(), None))?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.print {
        writeln!(out, "{}", before.map_or_else(nothing, |text| text.trim_end().to_owned()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let template = || memo::template(&title(&mail, console), lang);
    let text = match &arguments.from {
        Some(path) if path.as_os_str() == "-" => {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text)?;
            text
        }
        Some(path) => std::fs::read_to_string(path)?,
        None if io::stdin().is_terminal() => {
            let start = before.clone().unwrap_or_else(template);
            match edit::text(&start, "memo.md", lang)? {
                Some(edited) => edited.text,
                None => start,
            }
        }
        None => {
            // Nobody is there to write: what would be written in.
            write!(out, "{}", before.unwrap_or_else(template))?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let text = memo::written(&text);
    opened.store.set_memo(id, &text, console.clock.now())?;
    let said = if text.is_empty() {
        say!(lang, "メモは空なので、残していません。", "The note is empty, so nothing was saved.")
    } else {
        let next = memo::next_lines(&text).len();
        match next {
            0 => say!(
                lang,
                "メモを残しました（goen show {id}）。",
                "The note is saved (goen show {id})."
            ),
            _ => say!(
                lang,
                "メモを残しました（goen show {id}）。「次はこうしよう」は、次の面接などの前にお見せします。",
                "The note is saved (goen show {id}). Your \"Next time I will\" lines come back before the next interview."
            ),
        }
    };
    writeln!(out, "{}", wrap(&said, console.columns))?;
    Ok(ExitCode::SUCCESS)
}

fn many(
    opened: &Opened,
    console: &Console,
    arguments: &MemoArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let words = arguments.search.as_deref().map(str::to_lowercase);
    let memos = opened.store.memos()?;
    let holds = |text: &str| words.as_ref().is_none_or(|words| text.to_lowercase().contains(words));
    let mut found = memos.iter().filter(|memo| {
        holds(&memo.text) || memo.mail.verdict.company.as_deref().is_some_and(&holds)
    });
    let mut any = false;
    for (index, memo) in found.by_ref().enumerate() {
        any = true;
        if arguments.json {
            let value = as_json(&memo.mail, Some(&memo.text), Some(memo.changed_at));
            writeln!(out, "{value}")?;
            continue;
        }
        if index > 0 {
            writeln!(out)?;
        }
        let id = memo.mail.id;
        writeln!(out, "{}\n\n<!-- goen show {id} -->", memo.text.trim_end())?;
    }
    if !any && !arguments.json {
        writeln!(out, "{}", say!(lang, "メモはありません。", "There are no notes."))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(
    mail: &StoredMail,
    text: Option<&str>,
    changed_at: Option<Timestamp>,
) -> serde_json::Value {
    json!({
        "id": mail.id,
        "company": mail.verdict.company,
        "stage": mail.verdict.stage,
        "memo": text,
        "next": text.map(memo::next_lines),
        "changed_at": changed_at.map(|at| at.to_string()),
    })
}

/// What a memo is about, on one line.
fn title(mail: &StoredMail, console: &Console) -> String {
    let day = mail.received_at.to_zoned(console.zone.clone()).date();
    let about = results::headline(&mail.verdict, console.lang);
    match console.lang {
        Lang::Ja => format!("{about}（{}）", day.strftime("%-m月%-d日")),
        Lang::En => format!("{about} ({})", day.strftime("%-d %b")),
    }
}
