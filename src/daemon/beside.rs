//! Beside the user's mail program: what goen looks up and puts down in the user's own mailboxes.
//!
//! A reply whose end is unknown is looked for in Sent; one that was given elsewhere retires the
//! draft; what was submitted is filed in Sent, and the mail it answers marked. Each visit is a short
//! session of its own, never the watching one, and no failure here touches a submission.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Shared, until};
use crate::config::{Account, Drafts, Paths};
use crate::imap::Health;
use crate::imap::session::SessionError;
use crate::imap::session::Wire;
use crate::imap::session::filing::{self, Field, Filing, Place};
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::MessageId;
use crate::outbox::{Errands, Outbox, OutboxError, ToFile, Truth};
use crate::say;
use crate::secret::SecretError;
use crate::secret::online::{self, For};
use crate::store::StoreError;

/// How often open drafts are looked after: someone who answers from the phone at breakfast is not to
/// be doubled at half past eight.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// How long one visit may take.
const VISIT_LIMIT: Duration = Duration::from_mins(2);

/// How long a submission waits for a last look.
const LAST_LOOK_LIMIT: Duration = Duration::from_secs(20);

/// Why a visit came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VisitError {
    /// The password.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The server.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took too long.
    #[error("it took longer than {} s", .0.as_secs())]
    Slow(Duration),
}

impl Explain for VisitError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Secret(error) => error.explain(lang),
            Self::Session(error) => error.explain(lang),
            Self::Outbox(error) => error.explain(lang),
            Self::Store(error) => error.explain(lang),
            Self::Slow(limit) => {
                let seconds = limit.as_secs();
                Explanation::new(say!(
                    lang,
                    "メールサーバーの返事が {seconds} 秒以内に揃いませんでした",
                    "the mail server took longer than {seconds} seconds"
                ))
            }
        }
    }
}

/// What visits share.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// There may be something to do.
    pub(super) look: Notify,
    /// One visit at a time: two would file one message twice.
    visiting: Mutex<()>,
    /// Accounts whose server refused the login: until the user says so, because more tries could
    /// lock the account.
    refused: RefCell<BTreeSet<String>>,
}

/// Visits the accounts when there is something to do, until `stop`. May be dropped at any await:
/// what is filed is looked for first.
pub(super) async fn keep(shared: Rc<Shared>, outbox: Outbox, stop: CancellationToken) {
    let mut wake = shared.wake.subscribe();
    loop {
        // Armed before the look, so that what is stored in between is not slept through.
        let look = shared.beside.look.notified();
        for account in &shared.config.accounts {
            let visit = visit_if_free(&shared, &outbox, account, VISIT_LIMIT);
            tokio::select! {
                () = stop.cancelled() => return,
                () = shared.pulse.at_work("a visit to a mailbox", visit) => {}
            }
        }
        let now = shared.clock.now();
        let filing = outbox.next_filing().ok().flatten().filter(|due| *due > now);
        let again =
            is_anything_open(&shared, &outbox, now).then(|| now.checked_add(LOOK_EVERY).ok());
        let next = filing.into_iter().chain(again.flatten()).min();
        tokio::select! {
            () = stop.cancelled() => return,
            () = look => {}
            Ok(()) = wake.changed() => shared.beside.refused.borrow_mut().clear(),
            () = until(next, &shared.clock) => {}
        }
    }
}

/// A last look before a reply that has waited leaves: the user may have answered meanwhile.
pub(super) async fn last_look(shared: &Shared, outbox: &Outbox, account: &Account) {
    visit_if_free(shared, outbox, account, LAST_LOOK_LIMIT).await;
}

fn is_anything_open(shared: &Shared, outbox: &Outbox, now: Timestamp) -> bool {
    shared.config.accounts.iter().any(|account| {
        let errands = outbox.errands(&account.name, now);
        errands.is_ok_and(|errands| !errands.open.is_empty() || !errands.uncertain.is_empty())
    })
}

async fn visit_if_free(shared: &Shared, outbox: &Outbox, account: &Account, limit: Duration) {
    let name = account.name.as_str();
    if !is_watched(shared, name) || shared.beside.refused.borrow().contains(name) {
        return;
    }
    let visited = timeout(limit, async {
        let _one_at_a_time = shared.beside.visiting.lock().await;
        visit(shared, outbox, account).await
    });
    let error = match visited.await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error,
        Err(_elapsed) => VisitError::Slow(limit),
    };
    tracing::warn!(account = name, "The mailboxes beside the replies were not seen to: {error}");
    if matches!(error, VisitError::Session(SessionError::Refused { .. })) {
        shared.beside.refused.borrow_mut().insert(name.to_owned());
    }
}

/// Whether the account's server lets the watcher in, so that it will let us in, too.
fn is_watched(shared: &Shared, name: &str) -> bool {
    let accounts = shared.store.accounts().unwrap_or_default();
    accounts.iter().any(|status| {
        let health = &status.health;
        status.name == name && matches!(health, Health::Watching | Health::CatchingUp { .. })
    })
}

async fn visit(shared: &Shared, outbox: &Outbox, account: &Account) -> Result<(), VisitError> {
    let errands = outbox.errands(&account.name, shared.clock.now())?;
    let places = shared.config.reply.drafts == Drafts::Imap && !errands.unplaced.is_empty();
    if errands.uncertain.is_empty()
        && errands.open.is_empty()
        && errands.to_file.is_empty()
        && !places
    {
        return Ok(());
    }
    let ended = run_errands(shared, outbox, account, &errands).await;
    if ended.is_err() {
        let now = shared.clock.now();
        // Those that were filed before the error are off the list, and this changes nothing for them.
        for item in &errands.to_file {
            outbox.filing_failed(item, now)?;
        }
    }
    ended
}

async fn run_errands(
    shared: &Shared,
    outbox: &Outbox,
    account: &Account,
    errands: &Errands,
) -> Result<(), VisitError> {
    let mut filing = open(account, &shared.paths).await?;
    for (mail_id, id) in &errands.uncertain {
        if filing.holds(Place::Sent, Field::MessageId, id).await? {
            settled(outbox, *mail_id, shared.clock.now())?;
        }
    }
    for (mail_id, id) in &errands.open {
        if is_answered(shared, &mut filing, *mail_id, id).await? {
            retired(outbox, *mail_id, shared.clock.now())?;
        }
    }
    for item in &errands.to_file {
        file(shared, &mut filing, account, item).await?;
        outbox.filed(item)?;
    }
    if shared.config.reply.drafts == Drafts::Imap {
        for (mail_id, draft) in &errands.unplaced {
            let is_there = match &draft.in_reply_to {
                Some(id) => filing.holds(Place::Drafts, Field::InReplyTo, id).await?,
                None => false,
            };
            if !is_there {
                let now = shared.clock.now().to_zoned(shared.zone.clone());
                filing.put(Place::Drafts, &Outbox::as_message(draft, &now)?.raw).await?;
            }
            outbox.placed(*mail_id)?;
        }
    }
    filing.close().await;
    Ok(())
}

fn settled(outbox: &Outbox, mail_id: i64, now: Timestamp) -> Result<(), OutboxError> {
    match outbox.resolve(mail_id, Truth::FoundInSent, now) {
        Ok(_state) => {
            tracing::info!(mail.id = mail_id, "A reply was found in Sent: it did arrive");
            Ok(())
        }
        // The user was faster.
        Err(OutboxError::Illegal(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn retired(outbox: &Outbox, mail_id: i64, now: Timestamp) -> Result<(), OutboxError> {
    match outbox.retire(mail_id, now) {
        Ok(()) => {
            tracing::info!(
                mail.id = mail_id,
                "A mail was answered elsewhere; its draft is retired"
            );
            Ok(())
        }
        // It left meanwhile: what was found is our own.
        Err(OutboxError::Illegal(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether somebody answered the mail: its flag says so, or an answer lies in Sent.
async fn is_answered(
    shared: &Shared,
    filing: &mut Filing<impl Wire>,
    mail_id: i64,
    id: &MessageId,
) -> Result<bool, VisitError> {
    let Some(mail) = shared.store.mail(mail_id)? else { return Ok(false) };
    Ok(filing.is_answered(&mail.mailbox, id).await?
        || filing.holds(Place::Sent, Field::InReplyTo, id).await?)
}

/// Marks the mail as answered, and files the reply in Sent unless it is there.
async fn file(
    shared: &Shared,
    filing: &mut Filing<impl Wire>,
    account: &Account,
    item: &ToFile,
) -> Result<(), VisitError> {
    let settings = &shared.config.reply;
    let mail = shared.store.mail(item.mail_id())?;
    if settings.mark_answered
        && let Some(mail) = mail
        && let Some(id) = &mail.mail.message_id
    {
        filing.mark_answered(&mail.mailbox, id).await?;
    }
    let files_itself = account.smtp.as_ref().is_some_and(|it| filing::files_sent_itself(&it.host));
    let message = item.message();
    if settings.file_sent
        && !files_itself
        && !filing.holds(Place::Sent, Field::MessageId, &message.message_id).await?
        && !filing.put(Place::Sent, &message.raw).await?
    {
        tracing::warn!(account = account.name, "There is no Sent mailbox to file a reply in");
    }
    Ok(())
}

async fn open(account: &Account, paths: &Paths) -> Result<Filing<Box<dyn Wire>>, VisitError> {
    let credential = account.secret_source(paths).read().await?;
    let server = online::imap_server(account).await?;
    let user = online::user(account, For::Imap).await?;
    Ok(filing::open(&server, &user, &credential).await?)
}

/// Whether the Sent mailbox of `account` holds the message `id`: for `goen settle`.
pub(crate) async fn is_in_sent(
    account: &Account,
    paths: &Paths,
    id: &MessageId,
) -> Result<bool, VisitError> {
    let looked = timeout(VISIT_LIMIT, async {
        let mut filing = open(account, paths).await?;
        let found = filing.holds(Place::Sent, Field::MessageId, id).await?;
        filing.close().await;
        Ok(found)
    });
    looked.await.unwrap_or(Err(VisitError::Slow(VISIT_LIMIT)))
}
