//! `goen list`, `goen show`, `goen status`: what was found, what it says, and how things are.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use super::applications::Wanted;
use super::telling::Telling;
use super::text::{fit, hang, moment, shorten, wrap};
use super::{Console, Failure, Opened, applications, correct, replies};
use crate::application::Names;
use crate::classify::{Outcome, Verdict};
use crate::guide::{Guide, outcome_name, stage_label};
use crate::imap::Health;
use crate::knowledge::Knowledge;
use crate::lang::{Explanation, Lang};
use crate::mail::Address;
use crate::outbox::Outbox;
use crate::outbox::state::State;
use crate::say;
use crate::store::{AccountStatus, StoreError, StoredMail};
use crate::tell::context::context;
use crate::{daemon, reply};

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Also closed applications; with --mails, also emails that are not results
    #[arg(long)]
    all: bool,
    /// Single emails instead of applications
    #[arg(long)]
    mails: bool,
    /// Only this outcome; may be given several times
    #[arg(long, value_name = "OUTCOME", value_parser = parse_outcome)]
    outcome: Vec<Outcome>,
    /// How many to print at most
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The number that `goen list` shows
    id: i64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn parse_outcome(name: &str) -> Result<Outcome, String> {
    let known = || Outcome::ALL.map(Outcome::name).join(", ");
    Outcome::ALL.into_iter().find(|outcome| outcome.name() == name).ok_or_else(known)
}

/// Who a mail is about, as well as it is known: the employer, else the sender.
fn about(mail: &StoredMail) -> String {
    let sender = || mail.mail.author().map_or_else(String::new, sender_name);
    mail.verdict.company.clone().unwrap_or_else(sender)
}

fn sender_name(author: &Address) -> String {
    author.name.clone().unwrap_or_else(|| author.addr_spec.clone())
}

/// A mail and its verdict, for scripts.
pub(super) fn as_json(mail: &StoredMail) -> serde_json::Value {
    let mut value = json!({
        "id": mail.id,
        "account": mail.account,
        "mailbox": mail.mailbox,
        "received_at": mail.received_at.to_string(),
        "from": mail.mail.author().map(|author| author.addr_spec.clone()),
        "subject": mail.mail.subject,
    });
    // A verdict is a JSON object: its fields stand beside the mail's.
    if let (Some(into), Ok(serde_json::Value::Object(verdict))) =
        (value.as_object_mut(), serde_json::to_value(&mail.verdict))
    {
        into.extend(verdict);
        // Of goen's own reading only what it was: the rest would stand here twice.
        if let (Some(corrected), Some(shown)) =
            (&mail.verdict.corrected, into.get_mut("corrected").and_then(|it| it.as_object_mut()))
        {
            shown.remove("before");
            shown.insert("was".to_owned(), json!(corrected.before.outcome));
        }
    }
    value
}

pub(super) fn list(
    opened: &Opened,
    console: &Console,
    arguments: &ListArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    if !arguments.mails {
        let ListArguments { outcome: outcomes, all, limit, json, .. } = arguments;
        let wanted = Wanted { outcomes, all: *all, limit: *limit, json: *json };
        return applications::list(opened, console, &wanted, out);
    }
    let outcomes: Vec<Outcome> = if !arguments.outcome.is_empty() {
        arguments.outcome.clone()
    } else if arguments.all {
        Outcome::ALL.to_vec()
    } else {
        Outcome::ALL
            .into_iter()
            .filter(|outcome| outcome.is_result() || *outcome == Outcome::Unsure)
            .collect()
    };
    let mails = opened.store.mails(&outcomes, arguments.limit)?;
    let entries = Outbox::new(opened.store.clone()).entries()?;
    let entry = |mail: &StoredMail| entries.iter().find(|entry| entry.mail_id == mail.id);
    if arguments.json {
        for mail in &mails {
            let mut value = as_json(mail);
            if let (Some(into), Some(entry)) = (value.as_object_mut(), entry(mail)) {
                into.insert("reply_state".to_owned(), json!(entry.state.name()));
                let due_at = entry.approval.as_ref().map(|approval| approval.due_at);
                into.insert("reply_due_at".to_owned(), json!(due_at));
            }
            writeln!(out, "{value}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if mails.is_empty() {
        writeln!(
            out,
            "{}",
            say!(
                lang,
                "まだ選考結果のメールはありません。様子は goen status で見られます。",
                "No results yet. `goen status` shows how things stand."
            )
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    for mail in &mails {
        writeln!(out, "{}", row(mail, console))?;
        // What waits for a time or for the user; the rest is on the mail's own page.
        if let Some(entry) = entry(mail)
            && matches!(entry.state, State::Approved | State::Uncertain | State::Failed(_))
        {
            let line = format!("      {}", replies::state_line(entry, console));
            writeln!(out, "{}", console.style.dim(&wrap(&line, console.columns)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Room for an outcome in a list, in columns.
pub(super) const fn outcome_columns(lang: Lang) -> usize {
    match lang {
        Lang::Ja => 10,
        Lang::En => 15,
    }
}

/// Room for a stage in a list, in columns.
pub(super) const fn stage_columns(lang: Lang) -> usize {
    match lang {
        Lang::Ja => 14,
        Lang::En => 16,
    }
}

/// One line of the list: number, time, outcome, stage, who.
pub(crate) fn row(mail: &StoredMail, console: &Console) -> String {
    let lang = console.lang;
    let time = moment(mail.received_at, &console.zone, lang);
    let outcome = outcome_name(mail.verdict.outcome, lang);
    let stage = stage_label(mail.verdict.stage, lang);
    columns(&mail.id.to_string(), 4, &time, outcome, stage, &about(mail), console)
}

/// Room that a name needs at least to be one.
const NAME_COLUMNS: usize = 20;

/// A line of a list in its columns. Where there is no room for who it is, that has lines of its own.
pub(super) fn columns(
    number: &str,
    number_columns: usize,
    time: &str,
    outcome: &str,
    stage: &str,
    who: &str,
    console: &Console,
) -> String {
    let (lang, bold) = (console.lang, |text: &str| console.style.bold(text));
    let head = format!("{number:>number_columns$}  ");
    let used = number_columns + 24 + outcome_columns(lang) + stage_columns(lang);
    let room = console.columns.saturating_sub(used);
    let row = if room >= NAME_COLUMNS {
        let outcome = bold(&fit(outcome, outcome_columns(lang)));
        let (time, stage) = (fit(time, 14), fit(stage, stage_columns(lang)));
        format!("{head}{time}  {outcome}  {stage}  {}", shorten(who, room))
    } else {
        let gap = if stage.is_empty() { "" } else { "  " };
        let below = format!("{}{stage}{gap}{who}", " ".repeat(head.len()));
        format!("{head}{time}  {}\n{}", bold(outcome), wrap(&below, console.columns))
    };
    row.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// The stored mail `id`, or a failure that says where numbers come from.
pub(super) fn mail(opened: &Opened, lang: Lang, id: i64) -> Result<StoredMail, Failure> {
    let missing = || {
        Failure::because(
            Explanation::new(say!(
                lang,
                "{id} 番のメールはありません",
                "there is no email number {id}"
            ))
            .hint(say!(
                lang,
                "番号は `goen list --all` で見られます",
                "`goen list --all` shows the numbers"
            )),
        )
    };
    opened.store.mail(id)?.ok_or_else(missing)
}

/// Notes that a mail was looked at here: its notification can go.
pub(super) fn seen(opened: &Opened, console: &Console, id: i64) -> Result<(), StoreError> {
    opened.store.mark_seen(id, console.clock.now())?;
    daemon::wake(&opened.paths);
    Ok(())
}

pub(super) fn show(
    opened: &Opened,
    console: &Console,
    arguments: &ShowArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let mail = mail(opened, lang, arguments.id)?;
    let own = opened.config.own_addresses();
    let advice = reply::advice::advice(&mail.mail, &mail.verdict, &own);
    let knowledge = Knowledge::load(opened.paths.folder()).map_err(Failure::new)?;
    let (store, calendar) = (&opened.store, &knowledge.calendar);
    let context = context(store, &mail, &opened.config, &console.zone, calendar)?;
    // One more for each mail of its kind: never the same sentence twice in a row.
    let variety = store.received_up_to(mail.id, mail.verdict.outcome)?.len() as u64;
    let guide = daemon::guide(&mail, &opened.config, &knowledge, lang, variety, &context);
    let stories = store.stories_of(mail.id, &console.zone, calendar)?;
    let memo = store.memo(mail.id)?;
    let entry = Outbox::new(opened.store.clone()).entry(mail.id)?;
    if arguments.json {
        let mut value = as_json(&mail);
        if let Some(into) = value.as_object_mut() {
            into.insert("guide".to_owned(), json!(guide.page));
            into.insert("advice".to_owned(), json!(advice));
            into.insert("reply_draft".to_owned(), json!(entry));
            into.insert("memo".to_owned(), json!(memo));
            let stories = stories.iter().map(|story| applications::as_json(story, None));
            into.insert("applications".to_owned(), stories.collect());
        }
        writeln!(out, "{value}")?;
        return Ok(ExitCode::SUCCESS);
    }
    write!(out, "{}", page(&mail, &guide, console))?;
    if let Some(origin) = correct::origin(opened, console, &mail)? {
        writeln!(out, "\n{}", wrap(&origin, console.columns))?;
    }
    for story in &stories {
        let now = console.clock.now();
        let silence = applications::silence_page(story, opened, &knowledge, console, now);
        if let Some(silence) = silence {
            writeln!(out, "\n{}", wrap(silence.trim_end(), console.columns))?;
        }
        if story.steps.len() > 1 || story.names != Names::default() {
            write!(out, "\n{}", applications::timeline(story, Some(mail.id), console))?;
        }
    }
    for step in stories.iter().flat_map(|story| &story.steps) {
        if let Some(memo) = store.memo(step.mail_id)? {
            writeln!(out, "\n{}", console.style.dim(&wrap(memo.trim_end(), console.columns)))?;
        }
    }
    seen(opened, console, mail.id)?;
    if let Some(entry) = entry {
        writeln!(out, "\n{}", wrap(&replies::state_line(&entry, console), console.columns))?;
    } else if !advice.kinds.is_empty() && advice.refusal.is_none() {
        let id = mail.id;
        writeln!(
            out,
            "\n{}",
            say!(
                lang,
                "返信の下書きを見るには：goen review {id}",
                "To see a draft reply: goen review {id}"
            )
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A mail's page: what it is, what helps, and the words that decided.
pub(crate) fn page(mail: &StoredMail, guide: &Guide, console: &Console) -> String {
    let lang = console.lang;
    let style = console.style;
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    let headline = format!("#{}  {}", mail.id, headline(&mail.verdict, lang));
    line(&style.bold(&shorten(&headline, console.columns)));
    let from = mail.mail.author().map_or_else(String::new, |author| match &author.name {
        Some(name) => format!("{name} <{}>", author.addr_spec),
        None => author.addr_spec.clone(),
    });
    let time = moment(mail.received_at, &console.zone, lang);
    line(&style.dim(&shorten(&format!("{time}  {from}"), console.columns)));
    line(&style.dim(&shorten(&mail.mail.subject, console.columns)));
    line("");
    line(&wrap(guide.page.trim_end(), console.columns));
    if !mail.verdict.evidence.is_empty() {
        line("");
        line(&style.dim(&say!(lang, "手がかりにした言葉：", "The words that decided:")));
        for evidence in &mail.verdict.evidence {
            let words = evidence.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let words = shorten(&words, 240);
            line(&wrap(&say!(lang, "  「{words}」", "  “{words}”"), console.columns));
        }
    }
    out
}

/// What a mail is, on one line.
pub(super) fn headline(verdict: &Verdict, lang: Lang) -> String {
    let parts = [
        outcome_name(verdict.outcome, lang),
        stage_label(verdict.stage, lang),
        verdict.company.as_deref().unwrap_or_default(),
        verdict.position.as_deref().unwrap_or_default(),
    ];
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join(match lang {
        Lang::Ja => "・",
        Lang::En => ", ",
    })
}

/// How long `goen status` tells of a store that was damaged and built anew.
const REBUILT_SHOWN: SignedDuration = SignedDuration::from_hours(14 * 24);

pub(super) fn status(
    opened: &Opened,
    console: &Console,
    arguments: &StatusArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let running = daemon::is_running(&opened.paths);
    let known = opened.store.accounts()?;
    let accounts: Vec<&AccountStatus> =
        known.iter().filter(|status| opened.config.account(&status.name).is_some()).collect();
    let aside = opened.store.set_aside()?;
    let counts = opened.store.counts()?;
    let entries = Outbox::new(opened.store.clone()).entries()?;
    let telling = Telling::look(opened, console)?;
    let lately = console.clock.now().checked_sub(REBUILT_SHOWN).unwrap_or_default();
    let rebuilt = opened.store.rebuilt_since(lately)?;
    if arguments.json {
        let value = json!({
            "running": running,
            "accounts": accounts,
            "set_aside": aside,
            "counts": counts.iter().cloned().collect::<std::collections::BTreeMap<String, u32>>(),
            "replies": entries,
            "notifications": telling.as_json(),
            "rebuilt": rebuilt,
        });
        writeln!(out, "{value}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let daemon_line = if running {
        say!(lang, "goen は動いています。", "goen is running.")
    } else {
        say!(
            lang,
            "goen は動いていません（systemctl --user start goen、または goen run）。",
            "goen is not running (systemctl --user start goen, or goen run)."
        )
    };
    writeln!(out, "{}", wrap(&daemon_line, console.columns))?;
    for account in &opened.config.accounts {
        let status = accounts.iter().find(|status| status.name == account.name);
        let words = status.map_or_else(
            || say!(lang, "まだ接続していません", "not connected yet"),
            |status| health_line(status, console),
        );
        let line = format!("  {}  {words}", fit(&account.name, 12));
        writeln!(out, "{}", hang(&line, console.columns))?;
    }
    for rebuilt in &rebuilt {
        let at = moment(rebuilt.at, &console.zone, lang);
        let line = format!("{at}  {}", rebuilt.sentences(lang));
        writeln!(out, "{}\n  {}", wrap(&line, console.columns), rebuilt.set_aside.display())?;
    }
    for line in telling.lines(console) {
        writeln!(out, "{}", wrap(&line, console.columns))?;
    }
    if let Some((_, results)) =
        counts.iter().map(|(name, n)| (name, *n)).reduce(|(name, a), (_, b)| (name, a + b))
    {
        let line = say!(
            lang,
            "応募に関するメール {results} 通（goen list --all）",
            "emails about applications: {results} (goen list --all)"
        );
        writeln!(out, "{}", wrap(&line, console.columns))?;
    }
    for entry in
        entries.iter().filter(|entry| !matches!(entry.state, State::Discarded | State::Sent(_)))
    {
        let line = format!("  #{}  {}", entry.mail_id, replies::state_line(entry, console));
        writeln!(out, "{}", hang(&line, console.columns))?;
    }
    if !aside.is_empty() {
        let n = aside.len();
        writeln!(
            out,
            "{}",
            say!(lang, "読めなかったメール {n} 通：", "emails that could not be read: {n}")
        )?;
        for item in aside.iter().take(5) {
            let line =
                format!("  {} {} UID {}: {}", item.account, item.mailbox, item.uid, item.why);
            writeln!(out, "{}", wrap(&line, console.columns))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn health_line(status: &AccountStatus, console: &Console) -> String {
    let lang = console.lang;
    let since = moment(status.since, &console.zone, lang);
    match &status.health {
        Health::Watching => {
            say!(lang, "{since} から見守っています", "watching since {since}")
        }
        Health::CatchingUp { done, total } => {
            say!(lang, "読み込み中 {done}/{total} 通", "reading email {done} of {total}")
        }
        Health::Unreachable { words, retry_at } => {
            let retry = moment(*retry_at, &console.zone, lang);
            say!(
                lang,
                "{since} から受信できていません（次は {retry}）：{words}",
                "nothing received since {since} (next try {retry}): {words}"
            )
        }
        Health::Stopped { words } => say!(
            lang,
            "{since} に止まりました。直したら goen retry を実行してください：{words}",
            "stopped at {since}; once it is fixed, run `goen retry`: {words}"
        ),
    }
}
