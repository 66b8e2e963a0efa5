//! `goen approve`, `undo`, `postpone`, `discard`, `settle`: the user's side of a reply's life.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Builder;

use super::text::moment;
use super::{Console, Failure, Opened, results};
use crate::daemon;
use crate::knowledge::{self, Knowledge};
use crate::lang::{Explanation, Lang};
use crate::mail::{Address, MessageId};
use crate::outbox::state::{Event, Proof, State, Why};
use crate::outbox::{Entry, Outbox, OutboxError, Truth, when};
use crate::reply::advice::{Advice, Warning, advice, warnings};
use crate::reply::template::Request;
use crate::reply::{Digest, Draft, Kind};
use crate::say;
use crate::store::StoredMail;

/// A reply that is due for longer than this is held up by something that the user should know of.
const OVERDUE: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, Args)]
pub(super) struct OneArgument {
    /// The number that `goen list` shows
    pub(super) id: i64,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ApproveArguments {
    /// The number that `goen list` shows
    id: i64,
    /// The digest that `goen review` or `goen show --json` showed
    #[arg(long)]
    digest: String,
    /// Send without the waiting time for an undo
    #[arg(long)]
    now: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct SettleAnswer {
    /// It arrived
    #[arg(long)]
    arrived: bool,
    /// It did not arrive; to send it again you have to approve it again
    #[arg(long)]
    lost: bool,
}

#[derive(Debug, Args)]
pub(super) struct SettleArguments {
    /// The number that `goen list` shows
    id: i64,
    #[command(flatten)]
    answer: SettleAnswer,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Says what was done in a sentence, or, for a script, how the reply stands now.
fn say_or_print(
    opened: &Opened,
    id: i64,
    json: bool,
    sentence: &str,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if !json {
        writeln!(out, "{sentence}")?;
    } else if let Some(entry) = Outbox::new(opened.store.clone()).entry(id)? {
        writeln!(out, "{}", serde_json::json!(entry))?;
    }
    Ok(())
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

/// A fresh draft of one kind.
pub(super) fn draft(
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
    let draft = knowledge.templates.draft(&request).map_err(Failure::new)?;
    let charset = opened.config.reply.charset_for(&draft.to);
    Ok(Draft { charset, ..draft })
}

/// What to look at before the reply is approved.
pub(crate) fn warnings_of(
    opened: &Opened,
    mail: &StoredMail,
    draft: &Draft,
) -> Result<Vec<Warning>, Failure> {
    Ok(warnings(&mail.mail, draft, &opened.store.acquaintances(mail.id)?))
}

/// Where a reply stands, in a sentence.
pub(super) fn state_line(entry: &Entry, console: &Console) -> String {
    let lang = console.lang;
    let id = entry.mail_id;
    match &entry.state {
        State::Draft => say!(
            lang,
            "返信の下書きがあります（まだ送っていません）：goen review {id}",
            "there is a draft reply (nothing has been sent): goen review {id}"
        ),
        State::Approved => {
            let due = entry.approval.as_ref().map_or(entry.changed_at, |approval| approval.due_at);
            let due = moment(due, &console.zone, lang);
            let words = entry.approval.as_ref().map_or("", |approval| approval.words.told(lang));
            let is_overdue = entry.approval.as_ref().is_some_and(|approval| {
                console.clock.now().duration_since(approval.due_at) > OVERDUE
            });
            if words.is_empty() && is_overdue {
                let account = &entry.account;
                say!(
                    lang,
                    "返信は承認済みですが、{due} には送れませんでした。送れるようになりしだい送ります。様子は goen status、原因は goen doctor {account} で確かめられます。取り消すには：goen undo {id}",
                    "the reply is approved, but could not be sent at {due}; it will be sent as soon as possible. See goen status, and goen doctor {account} for the reason; to undo: goen undo {id}"
                )
            } else if words.is_empty() {
                say!(
                    lang,
                    "返信は承認済みで、{due} に送ります。取り消すには：goen undo {id}",
                    "the reply is approved and will be sent at {due}; to undo: goen undo {id}"
                )
            } else {
                say!(
                    lang,
                    "返信はまだ送れていません。{due} にもう一度試します：{words}",
                    "the reply could not be sent yet; next try at {due}: {words}"
                )
            }
        }
        State::Sending => say!(lang, "返信を送っているところです。", "the reply is being sent."),
        State::Sent(proof) => {
            let proof = match proof {
                Proof::Accepted(reply) => reply.to_string(),
                Proof::InSentMailbox => {
                    say!(lang, "送信済みにありました", "it is in the Sent folder")
                }
                Proof::ToldByUser => {
                    say!(lang, "届いたと教えていただきました", "you said that it arrived")
                }
            };
            say!(lang, "返信は送信済みです（{proof}）。", "the reply was sent ({proof}).")
        }
        State::Uncertain => say!(
            lang,
            "返信が届いたかどうか分かりません。送信済みフォルダーを見て、goen settle {id} --arrived か --lost で教えてください。自動で送り直すことはありません。",
            "goen does not know whether the reply arrived. Check your Sent folder, then run `goen settle {id} --arrived` or `--lost`. goen never sends it again on its own."
        ),
        State::Failed(why) => {
            let why = match why {
                Why::Refused(reply) => reply.to_string(),
                Why::Impossible(words) | Why::GaveUp(words) => words.told(lang).to_owned(),
                Why::ToldByUser => {
                    say!(
                        lang,
                        "届いていないと教えていただきました",
                        "you said that it did not arrive"
                    )
                }
            };
            say!(
                lang,
                "返信は送られませんでした（{why}）。直してもう一度承認できます：goen review {id}",
                "the reply was not sent ({why}). You can correct it and approve it again: goen review {id}"
            )
        }
        State::Discarded => say!(lang, "返信の下書きは破棄しました。", "the draft was discarded."),
        State::Retired => say!(
            lang,
            "ほかのメールソフトから返信済みのため、下書きはしまいました。",
            "answered from another mail program, so the draft was set aside."
        ),
    }
}

pub(super) fn approve(
    opened: &Opened,
    console: &Console,
    arguments: &ApproveArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let ApproveArguments { id, digest, now, json } = arguments;
    results::mail(opened, console.lang, *id)?;
    let digest = Digest(digest.clone());
    if !json {
        return approved(opened, console, *id, &digest, *now, out);
    }
    approved(opened, console, *id, &digest, *now, &mut io::sink())?;
    say_or_print(opened, *id, true, "", out)?;
    Ok(ExitCode::SUCCESS)
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
    let send_at = if at_once { now } else { planned(opened, console)? };
    let outbox = Outbox::new(opened.store.clone());
    outbox.approve(id, digest, send_at, &now.to_zoned(console.zone.clone()))?;
    results::seen(opened, console, id)?;
    writeln!(
        out,
        "{}",
        say!(
            lang,
            "承認しました。{when}に一度だけ送ります。取り消すには：goen undo {id}",
            "Approved. It will be sent once, {when}. To undo: goen undo {id}",
            when = soon_or_at(send_at, now, console)
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
                "But this account has no [accounts.smtp]: nothing can be sent until that is set."
            )
        )?;
    } else if !daemon::is_running(&opened.paths) {
        writeln!(
            out,
            "{}",
            say!(
                lang,
                "いま goen は動いていません。goen が動いたときに送ります。",
                "goen is not running now. The reply will be sent once goen runs."
            )
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// When a reply that is approved now would leave: the undo window first, then the hours the user set.
pub(super) fn planned(opened: &Opened, console: &Console) -> Result<Timestamp, Failure> {
    let now = console.clock.now();
    let undo = SignedDuration::from_secs(opened.config.reply.undo_seconds.into());
    let calendar = knowledge::calendar(opened.paths.folder()).map_err(Failure::new)?;
    let wish = opened.config.reply.wish(&calendar);
    Ok(when::next(now.checked_add(undo).unwrap_or(now), &console.zone, &wish))
}

/// `60 秒後` for what is near, else the day and the hour.
pub(super) fn soon_or_at(time: Timestamp, now: Timestamp, console: &Console) -> String {
    let lang = console.lang;
    let seconds = time.duration_since(now).as_secs().max(0);
    if seconds <= 600 {
        say!(lang, "{seconds} 秒後", "in {seconds} seconds")
    } else {
        let at = moment(time, &console.zone, lang);
        say!(lang, "{at} ", "at {at}")
    }
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
    let done = say!(
        console.lang,
        "承認を取り消しました。送りません。",
        "Approval undone. Nothing will be sent."
    );
    say_or_print(opened, arguments.id, arguments.json, &done, out)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn postpone(
    opened: &Opened,
    console: &Console,
    arguments: &OneArgument,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let lang = console.lang;
    let id = arguments.id;
    let outbox = Outbox::new(opened.store.clone());
    let entry = outbox.entry(id)?.ok_or_else(|| Failure::new(OutboxError::NoDraft(id)))?;
    let now = console.clock.now();
    let due = entry.approval.map_or(now, |approval| approval.due_at.max(now));
    let calendar = knowledge::calendar(opened.paths.folder()).map_err(Failure::new)?;
    let wish = opened.config.reply.wish(&calendar);
    let a_day_later = due.checked_add(SignedDuration::from_hours(24)).unwrap_or(due);
    let later = when::next(a_day_later, &console.zone, &wish);
    outbox.postpone(id, later, now)?;
    daemon::wake(&opened.paths);
    let at = moment(later, &console.zone, lang);
    let done =
        say!(lang, "先に延ばしました。{at} に送ります。", "Postponed. It will be sent at {at}.");
    say_or_print(opened, id, arguments.json, &done, out)?;
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
    let done = say!(console.lang, "下書きを破棄しました。", "The draft was discarded.");
    say_or_print(opened, arguments.id, arguments.json, &done, out)?;
    Ok(ExitCode::SUCCESS)
}

/// Looks for an uncertain reply in the Sent mailbox. That it is not there proves nothing: not every
/// provider files what it takes.
fn look_up(opened: &Opened, lang: Lang, outbox: &Outbox, id: i64) -> Result<Truth, Failure> {
    let missing = || Failure::new(OutboxError::NoDraft(id));
    let entry = outbox.entry(id)?.ok_or_else(missing)?;
    entry.state.clone().next(Event::Found).map_err(Failure::new)?;
    let account = opened.config.account(&entry.account);
    let message_id = entry.approval.and_then(|approval| MessageId::new(&approval.message_id));
    let (account, message_id) = account.zip(message_id).ok_or_else(missing)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let found = runtime
        .block_on(daemon::beside::is_in_sent(account, &opened.paths, &message_id))
        .map_err(Failure::new)?;
    if found {
        return Ok(Truth::FoundInSent);
    }
    Err(Failure::because(
        Explanation::new(say!(
            lang,
            "送信済みには見つかりませんでした。届いたかどうかは、まだ分かりません",
            "it is not in the Sent folder; goen still does not know whether it arrived"
        ))
        .hint(say!(
            lang,
            "相手に確かめられたら、goen settle {id} --arrived か --lost で教えてください",
            "once you know, run `goen settle {id} --arrived` or `--lost`"
        )),
    ))
}

pub(super) fn settle(
    opened: &Opened,
    console: &Console,
    arguments: &SettleArguments,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let outbox = Outbox::new(opened.store.clone());
    let truth = match &arguments.answer {
        SettleAnswer { arrived: true, .. } => Truth::UserSaysArrived,
        SettleAnswer { lost: true, .. } => Truth::UserSaysNot,
        SettleAnswer { .. } => look_up(opened, console.lang, &outbox, arguments.id)?,
    };
    outbox.resolve(arguments.id, truth, console.clock.now())?;
    // What did arrive is filed.
    daemon::wake(&opened.paths);
    let entry = outbox.entry(arguments.id)?;
    if let Some(entry) = entry {
        let stands = state_line(&entry, console);
        say_or_print(opened, arguments.id, arguments.json, &stands, out)?;
    }
    Ok(ExitCode::SUCCESS)
}
