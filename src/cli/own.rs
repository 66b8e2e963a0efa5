//! Your data is yours: `goen export`, `import`, `forget`, `backup`.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::{Span, Timestamp};

use super::text::wrap;
use super::{Console, Failure, Opened, results};
use crate::classify::Outcome;
use crate::daemon;
use crate::lang::{Explanation, Lang};
use crate::outbox::Outbox;
use crate::say;
use crate::store::carry::{Carried, Dump};
use crate::store::{Forget, StoredMail};

/// How a file of SQLite begins.
const SQLITE: &[u8] = b"SQLite format 3\0";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Everything, for `goen import`
    Json,
    /// A table of the emails, for spreadsheets
    Csv,
    /// A page to read
    Md,
    /// Deadlines and interviews, for a calendar
    Ics,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Write to this file, readable by you alone, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// What `goen export --format json` or `goen backup` wrote; - for standard input
    file: PathBuf,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub(super) struct ForgetArguments {
    /// The numbers that `goen list` shows
    #[arg(group = "what")]
    ids: Vec<i64>,
    /// Emails older than this: 90d, 6mo, 1y
    #[arg(long, value_name = "AGE", group = "what", value_parser = age)]
    older_than: Option<Span>,
    /// Everything: emails, drafts, notes
    #[arg(long, group = "what")]
    everything: bool,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// Where to put the copy: a file, or a folder
    path: PathBuf,
}

/// The dates in the mails of all applications.
fn ics(opened: &Opened, console: &Console) -> Result<String, Failure> {
    let calendar = crate::knowledge::calendar(opened.paths.folder()).map_err(Failure::new)?;
    let stories = opened.store.stories(None, &console.zone, &calendar)?;
    let agenda = crate::ics::agenda(&stories, console.lang);
    Ok(crate::ics::calendar(&agenda, &console.zone, console.clock.now()))
}

fn age(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|_| "90d, 6mo, 1y".to_owned())?;
    if span.is_positive() { Ok(span) } else { Err("90d, 6mo, 1y".to_owned()) }
}

pub(super) fn export(
    opened: &Opened,
    console: &Console,
    arguments: &ExportArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let text = match arguments.format {
        Format::Json => json(opened)?,
        Format::Csv => csv(opened, console)?,
        Format::Md => markdown(opened, console)?,
        Format::Ics => ics(opened, console)?,
    };
    match &arguments.output {
        None => write!(out, "{text}")?,
        Some(path) => {
            let written = || -> io::Result<()> {
                // Whole or not at all: an export that was cut short must not look like one.
                let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
                let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
                file.write_all(text.as_bytes())?;
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            };
            written().map_err(|error| unwritable(path, &error, console.lang))?;
            let path = path.display();
            writeln!(
                out,
                "{}",
                say!(console.lang, "{path} に書き出しました", "written to {path}")
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn unwritable(path: &Path, error: &io::Error, lang: Lang) -> Failure {
    let path = path.display();
    Failure::because(Explanation::new(say!(
        lang,
        "{path} に書けません：{error}",
        "{path} cannot be written: {error}"
    )))
}

fn json(opened: &Opened) -> Result<String, Failure> {
    let dump = opened.store.dump()?;
    let text = serde_json::to_string_pretty(&dump).map_err(crate::store::StoreError::from)?;
    Ok(text + "\n")
}

/// All mails, oldest first.
fn mails(opened: &Opened) -> Result<Vec<StoredMail>, Failure> {
    let mut mails = opened.store.mails(&Outcome::ALL, u32::MAX)?;
    mails.reverse();
    Ok(mails)
}

/// Where the reply to a mail stands, in a word.
fn replies(opened: &Opened) -> Result<Vec<(i64, &'static str)>, Failure> {
    let entries = Outbox::new(opened.store.clone()).entries()?;
    Ok(entries.into_iter().map(|entry| (entry.mail_id, entry.state.name())).collect())
}

fn csv(opened: &Opened, console: &Console) -> Result<String, Failure> {
    let replies = replies(opened)?;
    // The mark tells spreadsheets that it is UTF-8; without it, Excel in Japan shows mojibake.
    let mut text =
        "\u{feff}id,received,account,company,position,outcome,stage,from,subject,reply\r\n"
            .to_owned();
    for mail in mails(opened)? {
        let received = mail.received_at.to_zoned(console.zone.clone());
        let reply = replies.iter().find(|(id, _)| *id == mail.id).map_or("", |(_, state)| *state);
        let author = mail.mail.author().map_or("", |author| author.addr_spec.as_str());
        let verdict = &mail.verdict;
        let fields = [
            mail.id.to_string(),
            received.strftime("%Y-%m-%d %H:%M").to_string(),
            mail.account.clone(),
            verdict.company.clone().unwrap_or_default(),
            verdict.position.clone().unwrap_or_default(),
            verdict.outcome.name().to_owned(),
            name(&verdict.stage),
            author.to_owned(),
            mail.mail.subject.clone(),
            reply.to_owned(),
        ];
        text.push_str(&fields.map(|field| csv_field(&field)).join(","));
        text.push_str("\r\n");
    }
    Ok(text)
}

/// A field as RFC 4180 writes it. What a spreadsheet would take for a formula comes from a mail, and
/// so from anybody: an apostrophe makes it text.
fn csv_field(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if risky { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// The name of a plain enum, as JSON has it.
fn name(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// The same for readers.
fn reply_word(state: &'static str, lang: Lang) -> &'static str {
    if lang == Lang::En {
        return state;
    }
    match state {
        "draft" => "下書き",
        "approved" => "承認済み",
        "sending" => "送信中",
        "sent" => "送信済み",
        "uncertain" => "届いたか不明",
        "failed" => "送れず",
        "discarded" => "破棄",
        "retired" => "ほかで返信済み",
        other => other,
    }
}

fn markdown(opened: &Opened, console: &Console) -> Result<String, Failure> {
    let lang = console.lang;
    let replies = replies(opened)?;
    let mut lines = vec![say!(
        lang,
        "# 選考の記録\n\n| 日付 | 結果 | 件名 | 返信 |\n|---|---|---|---|",
        "# My applications\n\n| date | result | subject | reply |\n|---|---|---|---|"
    )];
    let cell = |text: &str| crate::plain::one_line(text).replace('\\', "\\\\").replace('|', "\\|");
    let all = mails(opened)?;
    for mail in &all {
        let date = mail.received_at.to_zoned(console.zone.clone()).strftime("%Y-%m-%d").to_string();
        let reply = replies.iter().find(|(id, _)| *id == mail.id).map_or("", |(_, state)| *state);
        let row = [
            date,
            cell(&results::headline(&mail.verdict, lang)),
            cell(&mail.mail.subject),
            reply_word(reply, lang).to_owned(),
        ];
        lines.push(format!("| {} |", row.join(" | ")));
    }
    for mail in &all {
        let date = mail.received_at.to_zoned(console.zone.clone()).strftime("%Y-%m-%d").to_string();
        let heading = cell(&results::headline(&mail.verdict, lang));
        lines.push(format!("\n## {date} {heading}\n"));
        for evidence in &mail.verdict.evidence {
            lines.push(format!("> {}", crate::plain::one_line(&evidence.text)));
        }
    }
    Ok(lines.join("\n") + "\n")
}

pub(super) fn import(
    opened: &Opened,
    console: &Console,
    arguments: &ImportArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let path = &arguments.file;
    let shown = path.display();
    let unreadable = |error: io::Error| {
        Failure::because(Explanation::new(say!(
            lang,
            "{shown} を読めません：{error}",
            "{shown} cannot be read: {error}"
        )))
    };
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let mut file = std::fs::File::open(path).map_err(unreadable)?;
        file.read_to_end(&mut bytes).map_err(unreadable)?;
    }
    let carried = if bytes.starts_with(SQLITE) {
        opened.store.import_file(path)
    } else {
        serde_json::from_slice::<Dump>(&bytes)
            .map_err(|error| crate::store::carry::CarryError::NotOurs(error.to_string()))
            .and_then(|dump| opened.store.import(&dump))
    };
    let carried = carried.map_err(Failure::new)?;
    daemon::wake(&opened.paths);
    writeln!(out, "{}", wrap(&said(carried, lang), console.columns))?;
    Ok(ExitCode::SUCCESS)
}

/// What came in, and what the user has to do.
fn said(carried: Carried, lang: Lang) -> String {
    let Carried { mails, known, to_approve, uncertain, dropped, torn } = carried;
    let mut lines = vec![say!(
        lang,
        "{mails} 通を取り込みました（{known} 通は前からありました）。",
        "{mails} email(s) imported ({known} were here already)."
    )];
    if to_approve > 0 {
        lines.push(say!(
            lang,
            "承認済みだった返信 {to_approve} 通は下書きに戻しました。もとの goen が送ったかもしれないため、送信済みを確かめてから、もう一度承認してください。",
            "{to_approve} approved reply(s) are drafts again: the other goen may have sent them, so check your Sent folder before you approve them again."
        ));
    }
    if uncertain > 0 {
        lines.push(say!(
            lang,
            "届いたか分からない返信が {uncertain} 通あります（goen settle）。",
            "goen does not know whether {uncertain} reply(s) arrived (goen settle)."
        ));
    }
    if dropped > 0 {
        lines.push(say!(
            lang,
            "読めなかった、または合わなかった項目が {dropped} 件あります。",
            "{dropped} item(s) could not be read or did not fit."
        ));
    }
    if torn {
        lines.push(say!(
            lang,
            "ファイルが壊れていて、読めない部分がありました。",
            "The file is damaged, and parts of it could not be read."
        ));
    }
    lines.join("\n")
}

pub(super) fn forget(
    opened: &Opened,
    console: &Console,
    arguments: &ForgetArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let now = console.clock.now();
    let what = if arguments.everything {
        Forget::Everything
    } else if let Some(age) = arguments.older_than {
        Forget::Before(before(now, age, console)?)
    } else {
        for id in &arguments.ids {
            results::mail(opened, lang, *id)?;
        }
        Forget::Mails(arguments.ids.clone())
    };
    let question = match &what {
        Forget::Mails(ids) => {
            let n = ids.len();
            say!(
                lang,
                "{n} 通の記録を、下書きやメモも含めて消しますか。もとのメールはメールサーバーに残ります。",
                "Forget {n} email(s), with drafts and notes? The emails themselves stay on your mail server."
            )
        }
        Forget::Before(before) => {
            let date = before.to_zoned(console.zone.clone()).strftime("%Y-%m-%d").to_string();
            say!(
                lang,
                "{date} より前のメールの記録を、下書きやメモも含めて消しますか。もとのメールはメールサーバーに残ります。",
                "Forget all emails from before {date}, with drafts and notes? The emails themselves stay on your mail server."
            )
        }
        Forget::Everything => say!(
            lang,
            "goen の記録をすべて消しますか（メール、下書き、承認、メモ、脇に置いたファイル）。設定とパスワードは残ります。",
            "Forget everything (emails, drafts, approvals, notes, files that were set aside)? Settings and passwords stay."
        ),
    };
    if !arguments.yes && !agreed(&question, console, out)? {
        return Ok(ExitCode::FAILURE);
    }
    let forgotten = opened.store.forget(&what, &opened.paths.store(), now)?;
    daemon::wake(&opened.paths);
    let n = forgotten.mails;
    writeln!(out, "{}", say!(lang, "{n} 通の記録を消しました。", "{n} email(s) forgotten."))?;
    if !forgotten.busy.is_empty() {
        let ids: Vec<String> = forgotten.busy.iter().map(i64::to_string).collect();
        let ids = ids.join(", ");
        let words = say!(
            lang,
            "いま返信を送っている {ids} は消していません。少し待ってから、もう一度お試しください。",
            "{ids} kept: a reply is being sent right now. Try again in a moment."
        );
        writeln!(out, "{}", wrap(&words, console.columns))?;
    }
    if !forgotten.compacted {
        let words = say!(
            lang,
            "内容は上書きしましたが、ほかのプログラムが使用中のため、ファイルの整理は次の機会になります。",
            "Everything forgotten has been overwritten. The file will shrink later, as another program is using it now."
        );
        writeln!(out, "{}", wrap(&words, console.columns))?;
    }
    Ok(if forgotten.busy.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn before(now: Timestamp, age: Span, console: &Console) -> Result<Timestamp, Failure> {
    let zoned = now.to_zoned(console.zone.clone());
    let before = zoned
        .checked_sub(age)
        .map_err(|error| Failure::because(Explanation::new(error.to_string())))?;
    Ok(before.timestamp())
}

/// Asks; where nobody is there, says what to add.
fn agreed(question: &str, console: &Console, out: &mut dyn Write) -> Result<bool, Failure> {
    let lang = console.lang;
    if !io::stdin().is_terminal() {
        let mut failure = Failure::because(
            Explanation::new(say!(lang, "確かめる相手がいません", "there is nobody to ask"))
                .hint(say!(lang, "確かなら --yes を付けてください", "add --yes if you are sure")),
        );
        failure.status = 2;
        return Err(failure);
    }
    write!(out, "{} [y/N] ", wrap(question, console.columns))?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "yes" | "Y" | "はい"))
}

pub(super) fn backup(
    opened: &Opened,
    console: &Console,
    arguments: &BackupArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let mut path = arguments.path.clone();
    if path.is_dir() {
        let stamp = console.clock.now().to_zoned(console.zone.clone());
        path.push(format!("goen-{}.db", stamp.strftime("%Y%m%d-%H%M%S")));
    }
    // Made by us first, readable by the user alone; never over something that is there.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| unwritable(&path, &error, lang))?;
    if let Err(error) = opened.store.back_up(&path) {
        let _ = std::fs::remove_file(&path);
        return Err(error.into());
    }
    let path = path.display();
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "{path} に写しを取りました（戻すには goen import {path}）",
            "backed up to {path} (goen import {path} brings it back)"
        )
    )?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_no_formula_in_a_spreadsheet() {
        assert_eq!(csv_field("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(csv_field("選考結果, ご連絡"), "\"選考結果, ご連絡\"");
        assert_eq!(csv_field("plain"), "plain");
    }

    #[test]
    fn an_age_is_a_length_of_time() {
        assert!(age("90d").is_ok() && age("6mo").is_ok() && age("1y").is_ok());
        assert!(age("").is_err() && age("-1d").is_err() && age("old").is_err());
    }
}
