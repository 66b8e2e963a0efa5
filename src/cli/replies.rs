//! `goen review`, `approve`, `undo`, `discard`, `settle`: the user's side of a reply's life.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::process::{Command, ExitCode};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::text::{moment, wrap};
use super::{Console, Failure, Opened, results};
use crate::knowledge::Knowledge;
use crate::lang::{Explain as _, Explanation, Lang};
use crate::mail::Address;
use crate::outbox::state::{Proof, State, Why};
use crate::outbox::{Entry, Outbox, Truth};
use crate::reply::advice::{Advice, advice, warnings};
use crate::reply::template::Request;
use crate::reply::{Digest, Draft, Kind};
use crate::say;
use crate::store::StoredMail;
use crate::{config, daemon};

#[derive(Debug, Args)]
pub(super) struct OneArgument {
    /// The number that `goen list` shows
    id: i64,
}

#[derive(Debug, Args)]
pub(super) struct ReviewArguments {
    /// The number that `goen list` shows
    id: i64,
    /// What the reply is for
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Option<Kind>,
    /// Print the draft and its digest as JSON, and ask nothing
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ApproveArguments {
    /// The number that `goen list` shows
    id: i64,
    /// The digest that `goen review` or `goen show --json` showed
    #[arg(long)]
    digest: String,
    /// Send without waiting for second thoughts
    #[arg(long)]
    now: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SettleAnswer {
    /// It did arrive
    #[arg(long)]
    arrived: bool,
    /// It did not; sending it again takes a new approval
    #[arg(long)]
    lost: bool,
}

#[derive(Debug, Args)]
pub(super) struct SettleArguments {
    /// The number that `goen list` shows
    id: i64,
    #[command(flatten)]
    answer: SettleAnswer,
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.map(Kind::name).join(", ");
    Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(known)
}

/// A mail's reply as it stands; drafted now if it was never drafted, or if another kind is asked for.
pub(crate) fn drafted(
    opened: &Opened,
    lang: Lang,
    mail: &StoredMail,
    kind: Option<Kind>,
    now: Timestamp,
) -> Result<Entry, Failure> {
    let outbox = Outbox::new(opened.store.clone());
    let own = opened.config.own_addresses();
    let advice = advice(&mail.mail, &mail.verdict, &own);
    if let Some(entry) = outbox.entry(mail.id)? {
        match kind {
            Some(kind) if kind != entry.draft.kind => {
                let draft = draft(opened, lang, mail, kind, &advice)?;
                outbox.edit(mail.id, &draft, now)?;
            }
            _ => return Ok(entry),
        }
    } else {
        let kind = kind.or(advice.kind).or_else(|| advice.kinds.first().copied());
        let Some(kind) = kind else {
            return Err(not_needed(&advice, lang));
        };
        let draft = draft(opened, lang, mail, kind, &advice)?;
        outbox.offer(mail.id, &draft, now)?;
    }
    let missing = || Failure::new(crate::outbox::OutboxError::NoDraft(mail.id));
    outbox.entry(mail.id)?.ok_or_else(missing)
}

fn not_needed(advice: &Advice, lang: Lang) -> Failure {
    Failure::because(Explanation::new(advice.reason(lang)))
}

fn draft(
    opened: &Opened,
    lang: Lang,
    mail: &StoredMail,
    kind: Kind,
    advice: &Advice,
) -> Result<Draft, Failure> {
    if advice.refusal.is_some() {
        return Err(not_needed(advice, lang));
    }
    let gone = || {
        Failure::because(Explanation::new(say!(
            lang,
            "アカウント {account} が設定にないため、返信できません",
            "account {account} is not in the settings, so no reply is possible",
            account = mail.account
        )))
    };
    let account = opened.config.account(&mail.account).ok_or_else(gone)?;
    let knowledge = Knowledge::load(opened.paths.folder()).map_err(Failure::new)?;
    let profile = &opened.config.profile;
    let name = match mail.verdict.lang {
        Lang::En if !profile.name_en.is_empty() => &profile.name_en,
        _ => &profile.name,
    };
    let from = Address {
        name: (!name.is_empty()).then(|| name.clone()),
        addr_spec: account.address.clone(),
    };
    let request = Request {
        mail: &mail.mail,
        verdict: &mail.verdict,
        kind,
        profile,
        from: &from,
        own_addresses: &opened.config.own_addresses(),
    };
    knowledge.templates.draft(&request).map_err(Failure::new)
}

/// Where a reply stands, in a sentence.
pub(super) fn state_line(entry: &Entry, console: &Console) -> String {
    let lang = console.lang;
    let id = entry.mail_id;
    match &entry.state {
        State::Draft => say!(
            lang,
            "返信の下書きがあります（まだ送りません）: goen review {id}",
            "there is a draft of a reply (nothing is sent): goen review {id}"
        ),
        State::Approved => {
            let due = entry.approval.as_ref().map_or(entry.changed_at, |approval| approval.due_at);
            let due = moment(due, &console.zone, lang);
            let words = entry.approval.as_ref().map_or("", |approval| approval.words.as_str());
            if words.is_empty() {
                say!(
                    lang,
                    "返信は承認済みで、{due} に送ります。取り消すには: goen undo {id}",
                    "the reply is approved and leaves at {due}; to take it back: goen undo {id}"
                )
            } else {
                say!(
                    lang,
                    "返信はまだ送れていません。{due} にもう一度試します: {words}",
                    "the reply could not leave yet; next try at {due}: {words}"
                )
            }
        }
        State::Sending => say!(lang, "返信を送っているところです。", "the reply is being sent."),
        State::Sent(proof) => {
            let proof = match proof {
                Proof::Accepted(reply) => reply.to_string(),
                Proof::InSentMailbox => {
                    say!(lang, "送信済みにありました", "it is in the Sent mailbox")
                }
                Proof::ToldByUser => say!(lang, "届いたとのことでした", "you said that it arrived"),
            };
            say!(lang, "返信は送信済みです（{proof}）。", "the reply was sent ({proof}).")
        }
        State::Uncertain => say!(
            lang,
            "返信が届いたかどうか分かりません。送信済みフォルダーを見て、goen settle {id} --arrived か --lost で教えてください。自動で送り直すことはありません。",
            "it is not known whether the reply arrived. Look into your Sent mailbox and say `goen settle {id} --arrived` or `--lost`. It is never sent again by itself."
        ),
        State::Failed(why) => {
            let why = match why {
                Why::Refused(reply) => reply.to_string(),
                Why::Impossible(words) | Why::GaveUp(words) => words.clone(),
                Why::ToldByUser => {
                    say!(lang, "届かなかったとのことでした", "you said that it did not arrive")
                }
            };
            say!(
                lang,
                "返信は送られませんでした（{why}）。直してもう一度承認できます: goen review {id}",
                "the reply was not sent ({why}). You can mend and approve it again: goen review {id}"
            )
        }
        State::Discarded => say!(lang, "返信の下書きは破棄しました。", "the draft was discarded."),
    }
}

pub(super) fn review(
    opened: &Opened,
    console: &Console,
    arguments: &ReviewArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let mail = results::mail(opened, lang, arguments.id)?;
    let mut entry = drafted(opened, lang, &mail, arguments.kind, console.clock.now())?;
    if arguments.json {
        writeln!(out, "{}", json!(entry))?;
        return Ok(ExitCode::SUCCESS);
    }
    results::seen(opened, console, mail.id)?;
    loop {
        write!(out, "{}", screen(opened, console, &mail, &entry))?;
        let open = matches!(entry.state, State::Draft | State::Failed(_) | State::Discarded);
        if !io::stdin().is_terminal() || !open {
            return Ok(ExitCode::SUCCESS);
        }
        let question = say!(
            lang,
            "[a] この文面で承認  [e] 直す  [k] 種類を変える  [d] 破棄  [q] 何もしない > ",
            "[a] approve this text  [e] edit  [k] another kind  [d] discard  [q] leave it > "
        );
        write!(out, "{question}")?;
        out.flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        let outbox = Outbox::new(opened.store.clone());
        match answer.trim() {
            "a" => match approved(opened, console, mail.id, &entry.digest, false, out) {
                Err(failure) => writeln!(out, "{}\n", failure.sentence(lang))?,
                done => return done,
            },
            "e" => match edited(&entry.draft, lang) {
                Ok(draft) => outbox.edit(mail.id, &draft, console.clock.now())?,
                Err(failure) => writeln!(out, "{}\n", failure.sentence(lang))?,
            },
            "k" => {
                let own = opened.config.own_addresses();
                let kinds = advice(&mail.mail, &mail.verdict, &own).kinds;
                let next =
                    kinds.iter().position(|kind| *kind == entry.draft.kind).map_or(0, |at| at + 1);
                let kind = kinds.get(next).or_else(|| kinds.first()).copied();
                drafted(opened, lang, &mail, kind, console.clock.now())?;
            }
            "d" => {
                outbox.discard(mail.id, console.clock.now())?;
                writeln!(out, "{}", say!(lang, "破棄しました。", "Discarded."))?;
                return Ok(ExitCode::SUCCESS);
            }
            "q" | "" => return Ok(ExitCode::SUCCESS),
            _ => {}
        }
        entry = drafted(opened, lang, &mail, None, console.clock.now())?;
    }
}

/// The draft as it is read before approval: advice, warnings, recipient, text, digest.
pub(crate) fn screen(
    opened: &Opened,
    console: &Console,
    mail: &StoredMail,
    entry: &Entry,
) -> String {
    let lang = console.lang;
    let own = opened.config.own_addresses();
    let advice = advice(&mail.mail, &mail.verdict, &own);
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&wrap(&advice.reason(lang), console.columns));
    if let Some(note) = entry.draft.kind.note(lang) {
        line(&wrap(&note, console.columns));
    }
    for warning in warnings(&mail.mail, &entry.draft) {
        let Explanation { what, hint } = warning.explain(lang);
        let words = [Some(what), hint].into_iter().flatten().collect::<Vec<_>>().join(" ");
        line(&console.style.bold(&wrap(&format!("! {words}"), console.columns)));
    }
    line("");
    line(&console.style.dim(&"─".repeat(console.columns / 2)));
    line(entry.draft.to_text().trim_end());
    line(&console.style.dim(&"─".repeat(console.columns / 2)));
    let open = entry.draft.placeholders();
    if !open.is_empty() {
        let places = open.join(" ");
        line(&say!(
            lang,
            "書き入れるところが残っています: {places}",
            "still to be filled in: {places}"
        ));
    }
    line(&console.style.dim(&format!("digest {}", entry.digest.0)));
    line(&wrap(&state_line(entry, console), console.columns));
    line("");
    out
}

/// Opens the draft in the user's editor.
fn edited(draft: &Draft, lang: Lang) -> Result<Draft, Failure> {
    // In the user's runtime folder or /tmp, readable by the user alone, gone afterwards.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("reply.txt");
    std::fs::write(&path, draft.to_text())?;
    let editor = config::editor();
    let (program, arguments) =
        editor.split_first().ok_or_else(|| Failure::because(Explanation::new(String::new())))?;
    let status = Command::new(program).args(arguments).arg(&path).status().map_err(|error| {
        Failure::because(
            Explanation::new(say!(
                lang,
                "エディター {program} を開けません: {error}",
                "the editor {program} cannot be started: {error}"
            ))
            .hint(say!(
                lang,
                "環境変数 EDITOR を設定してください",
                "set EDITOR in your environment"
            )),
        )
    })?;
    if !status.success() {
        return Ok(draft.clone());
    }
    let text = std::fs::read_to_string(&path)?;
    draft.edit(&text).map_err(Failure::new)
}

pub(super) fn approve(
    opened: &Opened,
    console: &Console,
    arguments: &ApproveArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    results::mail(opened, console.lang, arguments.id)?;
    approved(opened, console, arguments.id, &Digest(arguments.digest.clone()), arguments.now, out)
}

/// Approves the text that `digest` names, wakes the daemon, and says what happens next.
pub(crate) fn approved(
    opened: &Opened,
    console: &Console,
    id: i64,
    digest: &Digest,
    at_once: bool,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let now = console.clock.now();
    let wait = if at_once { 0 } else { i64::from(opened.config.reply.undo_seconds) };
    let send_at = now.checked_add(SignedDuration::from_secs(wait)).unwrap_or(now);
    let outbox = Outbox::new(opened.store.clone());
    outbox.approve(id, digest, send_at, &now.to_zoned(console.zone.clone()))?;
    results::seen(opened, console, id)?;
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "承認しました。{wait} 秒後に一度だけ送ります。取り消すには: goen undo {id}",
            "Approved. It leaves once, in {wait} seconds. To take it back: goen undo {id}"
        )
    )?;
    if opened.config.account(&account_of(opened, id)?).is_some_and(|account| account.smtp.is_none())
    {
        writeln!(
            out,
            "{}",
            say!(
                lang,
                "ただし、このアカウントには [accounts.smtp] の設定がないので、設定するまで送れません。",
                "But this account has no [accounts.smtp]: it cannot leave until that is set."
            )
        )?;
    } else if !daemon::is_running(&opened.paths) {
        writeln!(
            out,
            "{}",
            say!(
                lang,
                "いま goen は動いていません。goen run が動いたときに送ります。",
                "goen is not running now; the reply leaves when `goen run` does."
            )
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn account_of(opened: &Opened, id: i64) -> Result<String, Failure> {
    Ok(opened.store.mail(id)?.map(|mail| mail.account).unwrap_or_default())
}

pub(super) fn undo(
    opened: &Opened,
    console: &Console,
    arguments: &OneArgument,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let outbox = Outbox::new(opened.store.clone());
    outbox.undo(arguments.id, console.clock.now())?;
    writeln!(
        out,
        "{}",
        say!(
            console.lang,
            "承認を取り消しました。送りません。",
            "The approval was taken back. Nothing is sent."
        )
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn discard(
    opened: &Opened,
    console: &Console,
    arguments: &OneArgument,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let outbox = Outbox::new(opened.store.clone());
    outbox.discard(arguments.id, console.clock.now())?;
    results::seen(opened, console, arguments.id)?;
    writeln!(out, "{}", say!(console.lang, "下書きを破棄しました。", "The draft was discarded."))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn settle(
    opened: &Opened,
    console: &Console,
    arguments: &SettleArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let truth = if arguments.answer.arrived { Truth::UserSaysArrived } else { Truth::UserSaysNot };
    let outbox = Outbox::new(opened.store.clone());
    outbox.resolve(arguments.id, truth, console.clock.now())?;
    let entry = outbox.entry(arguments.id)?;
    if let Some(entry) = entry {
        writeln!(out, "{}", state_line(&entry, console))?;
    }
    Ok(ExitCode::SUCCESS)
}
