//! `goen classify`: the classifier on files, one JSON object a line or a table to read.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use clap::Args;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::classify::{
    ApplicationResult, Channel, Door, Evidence, ModelError, Outcome, ReplyAdvice, Rules, Stage,
    Verdict, Wording, classify,
};
use crate::lang::Lang;
use crate::mail::Mail;
use crate::say;

/// Longest message that is read, in bytes; the rest is left unread.
const MAX_MESSAGE_BYTES: u64 = 64 * 1024 * 1024;

/// Messages in work or waiting to be printed, for each worker: bounds the memory.
const AHEAD: usize = 16;

/// A progress line is renewed after this many mails.
const PROGRESS_EVERY: u64 = 500;

/// Classify emails in files: what they say about your applications, and in which words.
#[derive(Debug, Args)]
pub struct ClassifyArgs {
    /// A .eml file, an mbox, a Maildir, a folder of them, or - for one message on standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Show the words that decided
    #[arg(long)]
    pub why: bool,
    /// How many emails to read at once [default: one for each processor core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

/// What the output goes to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Standard output is a terminal and `NO_COLOR` is not set.
    pub colour: bool,
    /// Standard error is a terminal: progress is shown there.
    pub progress: bool,
}

/// One mail's line: the contract of `goen classify --json`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    path: &'a str,
    message_id: Option<&'a str>,
    subject: &'a str,
    from: Option<String>,
    date: Option<String>,
    lang: Lang,
    outcome: Outcome,
    confidence: f64,
    stage: Stage,
    company: Option<&'a str>,
    position: Option<&'a str>,
    wording: Option<Wording>,
    door: Door,
    channel: Channel,
    replyable: bool,
    reply: ReplyAdvice,
    evidence: &'a [Evidence],
    results: &'a [ApplicationResult],
}

/// A message that could not be read.
#[derive(Debug, Serialize)]
struct Failure<'a> {
    path: &'a str,
    error: &'a str,
}

/// A message on its way to a worker, or why there is none.
struct Job {
    path: String,
    message: Result<Vec<u8>, String>,
    answer: SyncSender<Done>,
}

/// A message classified, or why not.
struct Done {
    path: String,
    result: Result<Box<(Mail, Verdict)>, String>,
}

/// Classifies all `paths` and prints in their order. Returns the exit status.
pub fn run(
    args: &ClassifyArgs,
    lang: Lang,
    terminal: Terminal,
    stdin: &mut (dyn Read + Send),
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let rules = match Rules::built_in() {
        Ok(rules) => rules,
        Err(error) => return broken_rules(&error, lang, err),
    };
    let jobs =
        args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let (orders, in_order) = sync_channel::<Receiver<Done>>(jobs * AHEAD);
    let (to_workers, work) = sync_channel::<Job>(jobs);
    let work = Arc::new(Mutex::new(work));
    let mut printer =
        Printer { args, lang, terminal, totals: [0; Outcome::ALL.len()], failures: 0, read: 0 };
    let outcome = thread::scope(|scope| {
        for _ in 0..jobs {
            let work = Arc::clone(&work);
            let rules = &rules;
            scope.spawn(move || serve(&work, rules));
        }
        drop(work);
        scope.spawn(move || {
            let mut feed = Feed { orders, to_workers };
            for path in &args.paths {
                if feed.path(path, stdin).is_err() {
                    return;
                }
            }
        });
        // Dropping the receiver on a closed pipe stops the feed.
        in_order.into_iter().try_for_each(|answer| match answer.recv() {
            Ok(done) => printer.print(&done, out, err),
            Err(_) => Ok(()),
        })
    });
    match outcome.and_then(|()| printer.finish(out, err)) {
        Ok(()) => u8::from(printer.failures > 0),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // Nothing more can be done where even this cannot be written.
            let _unwritable = writeln!(
                err,
                "goen: {}",
                say!(lang, "出力に書き込めません：{error}", "can't write the output: {error}")
            );
            1
        }
    }
}

fn broken_rules(error: &ModelError, lang: Lang, err: &mut dyn Write) -> u8 {
    let _unwritable = writeln!(
        err,
        "goen: {}",
        say!(lang, "判定の規則を読めません：{error}", "can't read the classifier's rules: {error}")
    );
    1
}

/// Takes jobs until there are no more.
fn serve(work: &Mutex<Receiver<Job>>, rules: &Rules) {
    loop {
        let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let result = job.message.and_then(|message| {
            let mail = Mail::read(&message).map_err(|error| error.to_string())?;
            let verdict = classify(&mail, &[], rules);
            Ok(Box::new((mail, verdict)))
        });
        // The printer may have gone: its output was closed.
        let _closed = job.answer.send(Done { path: job.path, result });
    }
}

/// The printer has gone.
struct Closed;

/// Finds messages and hands them out in order.
struct Feed {
    orders: SyncSender<Receiver<Done>>,
    to_workers: SyncSender<Job>,
}

impl Feed {
    fn send(&mut self, path: String, message: Result<Vec<u8>, String>) -> Result<(), Closed> {
        let (answer, receiver) = sync_channel(1);
        self.orders.send(receiver).map_err(|_| Closed)?;
        self.to_workers.send(Job { path, message, answer }).map_err(|_| Closed)
    }

    /// Whatever the user named.
    fn path(&mut self, path: &Path, stdin: &mut (dyn Read + Send)) -> Result<(), Closed> {
        if path.as_os_str() == "-" {
            let message = read_all(stdin).map_err(|error| error.to_string());
            return self.send("-".to_owned(), message);
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            Ok(_) => self.file(path),
            Err(error) => self.send(path.display().to_string(), Err(error.to_string())),
        }
    }

    /// A folder: a Maildir, or whatever in it looks like mail, in the order of names.
    fn folder(&mut self, path: &Path) -> Result<(), Closed> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.send(path.display().to_string(), Err(error.to_string())),
        };
        let mut paths: Vec<PathBuf> =
            entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        let maildir = path.join("cur").is_dir() && path.join("new").is_dir();
        for path in paths {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            // Links to folders are not followed: they may lead in a circle.
            let Ok(kind) = fs::symlink_metadata(&path).map(|metadata| metadata.file_type()) else {
                continue;
            };
            if kind.is_dir() {
                if !(maildir && name == "tmp") {
                    self.folder(&path)?;
                }
            } else if !maildir && !name.starts_with('.') && looks_like_mail(&path) {
                self.file(&path)?;
            }
        }
        Ok(())
    }

    /// One message or an mbox.
    fn file(&mut self, path: &Path) -> Result<(), Closed> {
        let name = path.display().to_string();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return self.send(name, Err(error.to_string())),
        };
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        match reader.fill_buf() {
            Ok(start) if start.starts_with(b"From ") => self.mbox(&name, reader),
            Ok(_) => {
                let message = read_all(&mut reader).map_err(|error| error.to_string());
                self.send(name, message)
            }
            Err(error) => self.send(name, Err(error.to_string())),
        }
    }

    /// An mbox, one message at a time (RFC 4155; `>From ` unquoted as in mboxrd).
    fn mbox(&mut self, name: &str, mut reader: impl BufRead) -> Result<(), Closed> {
        let mut number = 0_usize;
        let mut message = Vec::new();
        let mut line = Vec::new();
        let mut after_blank = true;
        loop {
            line.clear();
            match (&mut reader).take(MAX_MESSAGE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return self.send(name.to_owned(), Err(error.to_string())),
            }
            if after_blank && line.starts_with(b"From ") {
                if number > 0 {
                    self.send(format!("{name}:{number}"), Ok(std::mem::take(&mut message)))?;
                }
                number += 1;
            } else if message.len() as u64 + line.len() as u64 <= MAX_MESSAGE_BYTES {
                let quotes = line.iter().take_while(|&&byte| byte == b'>').count();
                let escaped =
                    quotes > 0 && line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From "));
                message.extend_from_slice(if escaped {
                    line.get(1..).unwrap_or_default()
                } else {
                    &line
                });
            }
            after_blank = line.iter().all(u8::is_ascii_whitespace);
        }
        if number > 0 { self.send(format!("{name}:{number}"), Ok(message)) } else { Ok(()) }
    }
}

fn read_all(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    reader.take(MAX_MESSAGE_BYTES).read_to_end(&mut message)?;
    Ok(message)
}

/// A file in a folder is taken if it is named like mail or begins like it.
fn looks_like_mail(path: &Path) -> bool {
    let extension =
        path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    if matches!(extension.as_deref(), Some("eml" | "mbox" | "mbx")) {
        return true;
    }
    let Ok(file) = File::open(path) else { return false };
    let mut start = Vec::new();
    if file.take(256).read_to_end(&mut start).is_err() {
        return false;
    }
    let first = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let name = first.split(|&byte| byte == b':').next().unwrap_or_default();
    first.starts_with(b"From ")
        || (first.contains(&b':')
            && !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-'))
}

/// Prints lines as they come, and the totals.
struct Printer<'a> {
    args: &'a ClassifyArgs,
    lang: Lang,
    terminal: Terminal,
    totals: [u64; Outcome::ALL.len()],
    failures: u64,
    read: u64,
}

impl Printer<'_> {
    fn print(&mut self, done: &Done, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<()> {
        self.read += 1;
        if self.terminal.progress && self.read.is_multiple_of(PROGRESS_EVERY) {
            let read = self.read;
            write!(err, "\r{}", say!(self.lang, "{read} 通", "{read} emails"))?;
            err.flush()?;
        }
        match &done.result {
            Ok(found) => {
                let (mail, verdict) = found.as_ref();
                if let Some(total) = self.totals.get_mut(verdict.outcome as usize) {
                    *total += 1;
                }
                if self.args.json {
                    print_json(&done.path, mail, verdict, out)
                } else {
                    self.print_row(mail, verdict, out)
                }
            }
            Err(error) => {
                self.failures += 1;
                if self.args.json {
                    serde_json::to_writer(&mut *out, &Failure { path: &done.path, error })?;
                    return writeln!(out);
                }
                let path = printable(&done.path);
                let error = printable(error);
                writeln!(
                    out,
                    "{}",
                    say!(self.lang, "{path} を読めません：{error}", "can't read {path}: {error}")
                )
            }
        }
    }

    fn print_row(&self, mail: &Mail, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
        let outcome = fit(outcome_word(verdict.outcome, self.lang), 12);
        let company = fit(&printable(verdict.company.as_deref().unwrap_or("")), 26);
        let stage = fit(stage_word(verdict.stage, self.lang), 16);
        let subject = clip(&printable(&mail.subject), 60);
        let (on, off) = self.colours(verdict.outcome);
        writeln!(out, "{on}{outcome}{off} {company} {stage} {subject}")?;
        if self.args.why {
            for evidence in &verdict.evidence {
                let text = clip(&printable(&evidence.text), 90);
                let (on, off) =
                    if self.terminal.colour { ("\x1b[7m", "\x1b[27m") } else { ("「", "」") };
                writeln!(out, "             {on}{text}{off}  ({})", evidence.cue)?;
            }
            for result in &verdict.results {
                let company = printable(result.company.as_deref().unwrap_or("-"));
                let position = printable(result.position.as_deref().unwrap_or(""));
                writeln!(
                    out,
                    "             {} {company} {position}",
                    outcome_word(result.outcome, self.lang)
                )?;
            }
        }
        Ok(())
    }

    const fn colours(&self, outcome: Outcome) -> (&'static str, &'static str) {
        if !self.terminal.colour {
            return ("", "");
        }
        // No red: bad news needs no alarm.
        let on = match outcome {
            Outcome::Declined => "\x1b[34m",
            Outcome::Advanced | Outcome::Offer => "\x1b[32m",
            Outcome::OnHold | Outcome::Undisclosed | Outcome::Mixed | Outcome::Unsure => "\x1b[33m",
            Outcome::InProcess => "\x1b[36m",
            Outcome::Unrelated => "\x1b[2m",
        };
        (on, "\x1b[0m")
    }

    fn finish(&self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<()> {
        if self.terminal.progress && self.read >= PROGRESS_EVERY {
            write!(err, "\r\x1b[K")?;
        }
        if !self.args.json {
            let counts: Vec<String> = Outcome::ALL
                .iter()
                .zip(self.totals)
                .filter(|&(_, count)| count > 0)
                .map(|(&outcome, count)| format!("{} {count}", outcome_word(outcome, self.lang)))
                .collect();
            let read = self.read;
            let plural = if read == 1 { "" } else { "s" };
            let counts = counts.join(say!(self.lang, "、", ", ").as_str());
            writeln!(
                out,
                "{}",
                say!(self.lang, "\n計 {read} 通：{counts}", "\n{read} email{plural}: {counts}")
            )?;
            if self.failures > 0 {
                let failures = self.failures;
                writeln!(
                    out,
                    "{}",
                    say!(
                        self.lang,
                        "読めなかったもの {failures} 通",
                        "{failures} could not be read"
                    )
                )?;
            }
        }
        out.flush()
    }
}

fn print_json(path: &str, mail: &Mail, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let from = mail.author().map(|author| match &author.name {
        Some(name) => format!("{name} <{}>", author.addr_spec),
        None => author.addr_spec.clone(),
    });
    let line = Line {
        path,
        message_id: mail.message_id.as_ref().map(crate::mail::MessageId::as_str),
        subject: &mail.subject,
        from,
        date: mail.date.map(|date| date.to_string()),
        lang: verdict.lang,
        outcome: verdict.outcome,
        confidence: (f64::from(verdict.confidence) * 1000.0).round() / 1000.0,
        stage: verdict.stage,
        company: verdict.company.as_deref(),
        position: verdict.position.as_deref(),
        wording: verdict.wording,
        door: verdict.door,
        channel: verdict.channel,
        replyable: verdict.replyable,
        reply: verdict.reply,
        evidence: &verdict.evidence,
        results: &verdict.results,
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}

/// Free of characters that could steer a terminal, on one line.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// At most `columns` wide; what is cut off is shown by an ellipsis.
fn clip(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > columns {
            break;
        }
        clipped.push(character);
    }
    clipped.push('…');
    clipped
}

/// Exactly `columns` wide.
fn fit(text: &str, columns: usize) -> String {
    let mut text = clip(text, columns);
    let missing = columns.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

const fn outcome_word(outcome: Outcome, lang: Lang) -> &'static str {
    match (outcome, lang) {
        (Outcome::Declined, Lang::Ja) => "見送り",
        (Outcome::Declined, Lang::En) => "declined",
        (Outcome::Advanced, Lang::Ja) => "通過",
        (Outcome::Advanced, Lang::En) => "passed",
        (Outcome::Offer, Lang::Ja) => "内定",
        (Outcome::Offer, Lang::En) => "offer",
        (Outcome::OnHold, Lang::Ja) => "保留",
        (Outcome::OnHold, Lang::En) => "on hold",
        (Outcome::Undisclosed, Lang::Ja) => "結果公開",
        (Outcome::Undisclosed, Lang::En) => "result is out",
        (Outcome::Mixed, Lang::Ja) => "複数の結果",
        (Outcome::Mixed, Lang::En) => "several",
        (Outcome::InProcess, Lang::Ja) => "選考中",
        (Outcome::InProcess, Lang::En) => "in progress",
        (Outcome::Unsure, Lang::Ja) => "判断保留",
        (Outcome::Unsure, Lang::En) => "unsure",
        (Outcome::Unrelated, Lang::Ja) => "その他",
        (Outcome::Unrelated, Lang::En) => "other",
    }
}

const fn stage_word(stage: Stage, lang: Lang) -> &'static str {
    match (stage, lang) {
        (Stage::Document, Lang::Ja) => "書類選考",
        (Stage::Document, Lang::En) => "documents",
        (Stage::Test, Lang::Ja) => "筆記・適性検査",
        (Stage::Test, Lang::En) => "test",
        (Stage::FirstInterview, Lang::Ja) => "一次面接",
        (Stage::FirstInterview, Lang::En) => "first interview",
        (Stage::SecondInterview, Lang::Ja) => "二次面接",
        (Stage::SecondInterview, Lang::En) => "second interview",
        (Stage::FinalInterview, Lang::Ja) => "最終面接",
        (Stage::FinalInterview, Lang::En) => "final interview",
        (Stage::Interview, Lang::Ja) => "面接",
        (Stage::Interview, Lang::En) => "interview",
        (Stage::Casual, Lang::Ja) => "カジュアル面談",
        (Stage::Casual, Lang::En) => "casual interview",
        (Stage::Internship, Lang::Ja) => "インターン",
        (Stage::Internship, Lang::En) => "internship",
        (Stage::Unknown, _) => "",
    }
}
