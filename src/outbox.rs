//! Approve, claim, settle: the life of a reply, in the store.
//!
//! Nothing leaves without an approval of exactly the stored text ([`Outbox::approve`] compares the
//! digest of what was shown), and one approval leads to at most one accepted copy: the right to
//! submit is a [`Claim`], made only here, after `sending` was committed to disk, and used up by
//! [`submit`](crate::smtp::submit). [`state`] has the rules; the store is the only truth, so all of
//! this works the same from the daemon and from the command line, at the same time.

pub mod state;
pub mod when;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;

use self::state::{Event, Illegal, Outcome, State};
use crate::lang::{Explain, Explanation, Lang, Words};
use crate::mail::{Address, MessageId, domain};
use crate::reply::compose::{self, ComposeError, Message};
use crate::reply::{Digest, Draft};
use crate::say;
use crate::store::outbox::{self as table, End, Filing, Record, Standing};
use crate::store::{Store, StoreError, Transaction};

/// An approval that could not be acted on for this long (the laptop slept) is asked for again,
/// and a server that puts a reply off for this long is given up: after two days the words may no
/// longer be what the user wants to say.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// Wait after the first attempt that failed; doubled after each further one. Most greylisting
/// servers (RFC 6647) take a second attempt after five minutes.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(5);

/// Longest wait between two attempts.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(4);

/// An approval older than this is worth a last look for an answer from elsewhere.
const LAST_LOOK_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// How often filing is tried before it is left alone.
const FILING_ATTEMPTS: u32 = 6;

/// The right to submit one message once.
///
/// Only [`Outbox::claim_due`] makes one, after the row was committed as `sending`. It is not
/// `Clone`, and [`submit`](crate::smtp::submit) consumes it: a second attempt needs a second claim.
///
/// ```
/// async fn once(account: &goen::smtp::Submission, claim: goen::outbox::Claim) {
///     goen::smtp::submit(account, claim).await.farewell.say().await;
/// }
/// ```
/// ```compile_fail,E0382
/// async fn twice(account: &goen::smtp::Submission, claim: goen::outbox::Claim) {
///     goen::smtp::submit(account, claim).await.farewell.say().await;
///     goen::smtp::submit(account, claim).await.farewell.say().await;
/// }
/// ```
/// ```compile_fail,E0599
/// async fn with_a_copy(account: &goen::smtp::Submission, claim: goen::outbox::Claim) {
///     goen::smtp::submit(account, claim.clone()).await.farewell.say().await;
/// }
/// ```
/// ```compile_fail,E0451
/// fn without_the_outbox(claim: goen::outbox::Claim) -> goen::outbox::Claim {
///     goen::outbox::Claim { id: 1, ..claim }
/// }
/// ```
#[must_use = "a dropped claim leaves the reply uncertain"]
pub struct Claim {
    id: i64,
    mail_id: i64,
    account: String,
    message: Message,
}

impl Claim {
    /// What [`Outbox::settle`] is to be told the outcome of.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The mail that is answered.
    #[must_use]
    pub fn mail_id(&self) -> i64 {
        self.mail_id
    }

    /// The account it leaves through.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The message, for the one attempt.
    pub(crate) fn into_message(self) -> Message {
        self.message
    }
}

// The message is private, and an error that prints a claim may end in a log.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({})", self.id)
    }
}

/// The submissions that this process is at. Clones share them: a daemon that reads its settings anew
/// knows what the one before it has not finished.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Rc<RefCell<BTreeSet<i64>>>);

/// A submission is under way as long as this is there.
#[derive(Debug)]
pub struct Busy {
    id: i64,
    all: UnderWay,
}

impl UnderWay {
    /// Notes that `claim` is about to be submitted, until what is returned is dropped.
    #[must_use]
    pub fn note(&self, claim: &Claim) -> Busy {
        self.0.borrow_mut().insert(claim.id);
        Busy { id: claim.id, all: self.clone() }
    }

    fn has(&self, id: i64) -> bool {
        self.0.borrow().contains(&id)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.all.0.borrow_mut().remove(&self.id);
    }
}

/// A reply and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The mail that is answered: the number people type.
    pub mail_id: i64,
    /// The account it leaves through.
    pub account: String,
    /// The text as it stands.
    pub draft: Draft,
    /// What an approval of that text has to name.
    pub digest: Digest,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
    /// The approval that counts, if there is one.
    pub approval: Option<Approval>,
    /// When anything changed last.
    pub changed_at: Timestamp,
}

/// An approval and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// How its copy is found in the Sent mailbox.
    pub message_id: String,
    /// What was approved.
    pub digest: Digest,
    /// When.
    pub approved_at: Timestamp,
    /// When the user was told that it would leave.
    pub planned_at: Timestamp,
    /// When the next attempt is due.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What was heard last, if an attempt did not end it.
    #[serde(serialize_with = "in_english")]
    pub words: Words,
}

/// What is to be looked up and done in an account's mailboxes beside its replies. Nothing of it can
/// change what was submitted.
#[derive(Debug, Default)]
pub struct Errands {
    /// Mails whose reply may have arrived, with the Message-ID to look for in Sent.
    pub uncertain: Vec<(i64, MessageId)>,
    /// Mails with a reply that has not left, and what an answer from elsewhere would refer to.
    pub open: Vec<(i64, MessageId)>,
    /// Drafts without a copy in the Drafts mailbox.
    pub unplaced: Vec<(i64, Draft)>,
    /// What was submitted and not yet filed.
    pub to_file: Vec<ToFile>,
}

/// A submission that is to be filed in Sent, and its mail to be marked.
#[derive(Debug)]
pub struct ToFile {
    filing: Filing,
    message: Message,
}

impl ToFile {
    /// The mail that was answered.
    #[must_use]
    pub fn mail_id(&self) -> i64 {
        self.filing.mail_id
    }

    /// The message as it was submitted.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }
}

/// How it turned out that an uncertain reply did or did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Its Message-ID is in the Sent mailbox.
    FoundInSent,
    /// The user says that it arrived.
    UserSaysArrived,
    /// The user says that it did not.
    UserSaysNot,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no reply to that mail.
    #[error("there is no reply to mail {0}")]
    NoDraft(i64),
    /// The text is not the one that was approved.
    #[error("the text was changed since it was shown; it is now {}", fresh.0)]
    Changed {
        /// The digest of the text as it is now.
        fresh: Digest,
    },
    /// The user has yet to fill something in.
    #[error("the text has an open place: {0}")]
    Placeholder(String),
    /// The draft cannot become a message.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// It cannot happen in that state.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// No submission of that number counts.
    #[error("there is no submission {0}")]
    NoSubmission(i64),
    /// The system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

impl Explain for OutboxError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Store(error) => error.explain(lang),
            Self::Compose(error) => error.explain(lang),
            Self::Illegal(error) => error.explain(lang),
            Self::NoDraft(id) => Explanation::new(say!(
                lang,
                "メール {id} への返信の下書きはありません",
                "there is no draft reply to email {id}"
            ))
            .hint(say!(
                lang,
                "goen show {id} で、返信についての案内を見られます",
                "`goen show {id}` tells whether and how to reply"
            )),
            Self::Changed { fresh } => Explanation::new(say!(
                lang,
                "表示したあとで本文が変わっています。承認はしていません",
                "the text was changed after it was shown; it was not approved"
            ))
            .hint(say!(
                lang,
                "いまの内容を読んでから、--digest {digest} で承認してください",
                "read it as it is now, then approve it with --digest {digest}",
                digest = fresh.0
            )),
            Self::Placeholder(mark) => Explanation::new(say!(
                lang,
                "本文に「{mark}」が残っています。承認はしていません",
                "the text still contains \"{mark}\"; it was not approved"
            ))
            .hint(say!(
                lang,
                "goen review で書き入れてください",
                "fill it in with `goen review`"
            )),
            Self::NoSubmission(id) => Explanation::new(say!(
                lang,
                "送信 {id} は見つかりません",
                "there is no submission {id}"
            )),
            Self::Random(error) => Explanation::new(say!(
                lang,
                "乱数を得られません：{error}",
                "the system gave no random bytes: {error}"
            )),
        }
    }
}

/// All replies: what is written, approved, on its way and done. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Store,
}

impl Outbox {
    /// The outbox in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Puts a first draft of a reply to a mail down; `false`, and nothing changed, if there is one:
    /// what the user has edited or thrown away is never overwritten.
    pub fn offer(&self, mail_id: i64, draft: &Draft, now: Timestamp) -> Result<bool, OutboxError> {
        Ok(self.store.write(|sql| table::insert_draft(sql, mail_id, draft, now))?)
    }

    /// Takes a draft away that goen wrote and nobody touched; `false`, and nothing changed, if it is
    /// not that one any more.
    pub fn take_away(&self, mail_id: i64, untouched: &Draft) -> Result<bool, OutboxError> {
        Ok(self.store.write(|sql| table::delete_draft(sql, mail_id, untouched))?)
    }

    /// The reply to one mail.
    pub fn entry(&self, mail_id: i64) -> Result<Option<Entry>, OutboxError> {
        Ok(self.store.read(|sql| table::of_mail(sql, mail_id))?.map(Entry::from))
    }

    /// All replies, the latest change first.
    pub fn entries(&self) -> Result<Vec<Entry>, OutboxError> {
        Ok(self.store.read(table::all)?.into_iter().map(Entry::from).collect())
    }

    /// Replaces the text. An approval of the old text is void.
    pub fn edit(&self, mail_id: i64, draft: &Draft, now: Timestamp) -> Result<(), OutboxError> {
        self.change(mail_id, |sql, record| {
            record.state().next(Event::Edit)?;
            table::reopen(sql, record.draft_id, Standing::Open, now)?;
            Ok(table::replace_draft(sql, record.draft_id, draft, now)?)
        })
    }

    /// Throws the reply away. It can be edited back to life.
    pub fn discard(&self, mail_id: i64, now: Timestamp) -> Result<(), OutboxError> {
        self.change(mail_id, |sql, record| {
            record.state().next(Event::Discard)?;
            Ok(table::reopen(sql, record.draft_id, Standing::Discarded, now)?)
        })
    }

    /// Approves exactly the text that `digest` names, to leave at `send_at`. Message-ID and bytes
    /// are fixed now; `now` carries the user's time zone for the `Date`. Approved from two places
    /// at once, one wins and the other is told.
    pub fn approve(
        &self,
        mail_id: i64,
        digest: &Digest,
        send_at: Timestamp,
        now: &Zoned,
    ) -> Result<(), OutboxError> {
        self.change(mail_id, |sql, record| {
            record.state().next(Event::Approve)?;
            let fresh = record.draft.digest();
            if fresh != *digest {
                return Err(OutboxError::Changed { fresh });
            }
            if let Some(mark) = record.draft.placeholders().into_iter().next() {
                return Err(OutboxError::Placeholder(mark));
            }
            let id = new_message_id(&record.draft.from)?;
            let message = compose::compose(&record.draft, &id, now)?;
            let approval = table::Approval {
                digest,
                message: &message,
                approved_at: now.timestamp(),
                planned_at: send_at,
            };
            Ok(table::insert_approval(sql, record, &approval)?)
        })
    }

    /// Takes an approval back; possible until the reply is claimed.
    pub fn undo(&self, mail_id: i64, now: Timestamp) -> Result<(), OutboxError> {
        self.change(mail_id, |sql, record| {
            record.state().next(Event::Undo)?;
            Ok(table::reopen(sql, record.draft_id, Standing::Open, now)?)
        })
    }

    /// Puts an approved reply off until `later`: the same approval of the same bytes, at another time.
    pub fn postpone(
        &self,
        mail_id: i64,
        later: Timestamp,
        now: Timestamp,
    ) -> Result<(), OutboxError> {
        self.change(mail_id, |sql, record| {
            record.state().next(Event::Postpone)?;
            Ok(table::plan_anew(sql, record.draft_id, later, now)?)
        })
    }

    /// Turns approvals that went stale back into drafts, and names their mails: the user is to be
    /// asked again.
    pub fn ask_again(&self, now: Timestamp) -> Result<Vec<i64>, OutboxError> {
        self.write(|sql| {
            let mut lapsed = Vec::new();
            for record in table::in_state(sql, &State::Approved)? {
                let stale = record.submission.as_ref().filter(|it| is_stale(it.planned_at, now));
                if let Some(submission) = stale {
                    record.state().next(Event::Lapse)?;
                    table::reopen(sql, record.draft_id, Standing::Open, now)?;
                    table::insert_word(sql, submission.id, &End::Lapsed, now)?;
                    lapsed.push(record.mail_id);
                }
            }
            Ok(lapsed)
        })
    }

    /// Moves replies that are due, but not at a good hour any more (the laptop slept through it), to
    /// the next one: `fit` gives the first moment that fits, from the one it is given. A reply that
    /// was planned for a moment that does not fit was sent off at once by the user, and stays.
    pub fn wait_for_hours(
        &self,
        now: Timestamp,
        fit: impl Fn(Timestamp) -> Timestamp,
    ) -> Result<(), OutboxError> {
        let due_at = fit(now);
        if due_at <= now {
            return Ok(());
        }
        self.write(|sql| {
            for record in table::in_state(sql, &State::Approved)? {
                let Some(submission) = record.submission.filter(|it| it.due_at <= now) else {
                    continue;
                };
                if fit(submission.planned_at) == submission.planned_at {
                    table::update_submission(
                        sql,
                        &table::Submission { due_at, ..submission },
                        now,
                    )?;
                }
            }
            Ok(())
        })
    }

    /// The account that the longest due reply leaves through, among those that are `ready`: its
    /// password is fetched before the claim, so that waiting for a keyring is not `sending`.
    pub fn due_account(
        &self,
        now: Timestamp,
        ready: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, OutboxError> {
        let waiting = self.store.read(|sql| table::in_state(sql, &State::Approved))?;
        let due =
            waiting.into_iter().find(|record| can_leave(record, now) && ready(&record.account));
        Ok(due.map(|record| record.account))
    }

    /// Whether a due reply of `account` was approved so long ago that the user may have answered
    /// from elsewhere meanwhile.
    pub fn has_waited(&self, account: &str, now: Timestamp) -> Result<bool, OutboxError> {
        let approved = self.store.read(|sql| table::in_state(sql, &State::Approved))?;
        Ok(approved.into_iter().any(|record| {
            record.account == account
                && can_leave(&record, now)
                && record
                    .submission
                    .is_some_and(|it| now.duration_since(it.approved_at) > LAST_LOOK_AFTER)
        }))
    }

    /// Takes the reply that has been due longest among the accounts that are `ready`, to submit it.
    /// When this returns, `sending` is on disk. A stale approval is left for [`Self::ask_again`].
    pub fn claim_due(
        &self,
        now: Timestamp,
        ready: impl Fn(&str) -> bool,
    ) -> Result<Option<Claim>, OutboxError> {
        self.write(|sql| {
            for record in table::in_state(sql, &State::Approved)? {
                if !can_leave(&record, now) || !ready(&record.account) {
                    continue;
                }
                let Record { mail_id, account, submission: Some(mut submission), .. } = record
                else {
                    continue;
                };
                let message = table::message(sql, submission.id)?
                    .ok_or(OutboxError::NoSubmission(submission.id))?;
                submission.state = submission.state.next(Event::Claim)?;
                submission.attempts += 1;
                table::update_submission(sql, &submission, now)?;
                return Ok(Some(Claim { id: submission.id, mail_id, account, message }));
            }
            Ok(None)
        })
    }

    /// Writes down how the submission of a claim ended, and returns where the reply stands now.
    /// One that was put off is due again later, or given up if that would be too late.
    pub fn settle(
        &self,
        claim_id: i64,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<State, OutboxError> {
        self.write(|sql| {
            let record = table::of_submission(sql, claim_id)?;
            let Some(mut submission) = record.and_then(|record| record.submission) else {
                return settle_withdrawn(sql, claim_id, outcome, now);
            };
            submission.words = words_of(&outcome);
            submission.state = submission.state.next(Event::Submitted(outcome))?;
            if submission.state == State::Approved {
                submission.due_at = saturating_add(now, retry_after(submission.attempts));
                if is_stale(submission.planned_at, submission.due_at) {
                    submission.state =
                        submission.state.next(Event::GiveUp(submission.words.clone()))?;
                }
            }
            table::update_submission(sql, &submission, now)?;
            match &submission.state {
                State::Sent(_) => table::insert_filing(sql, submission.id, now)?,
                State::Failed(why) => {
                    table::insert_word(sql, submission.id, &End::Failed(why.clone()), now)?;
                }
                State::Uncertain => table::insert_word(sql, submission.id, &End::Uncertain, now)?,
                _ => {}
            }
            Ok(submission.state)
        })
    }

    /// To be called when the daemon starts, before it claims: what is found `sending` was cut off
    /// by a crash and becomes `uncertain`. Returns the mails concerned. What this very process is
    /// still submitting, from before its settings were read anew, is left alone.
    pub fn recover(&self, now: Timestamp, under_way: &UnderWay) -> Result<Vec<i64>, OutboxError> {
        self.write(|sql| {
            let mut uncertain = Vec::new();
            for record in table::in_state(sql, &State::Sending)? {
                let Some(mut submission) = record.submission else { continue };
                if under_way.has(submission.id) {
                    continue;
                }
                submission.state = submission.state.next(Event::Recover)?;
                table::update_submission(sql, &submission, now)?;
                table::insert_word(sql, submission.id, &End::Uncertain, now)?;
                uncertain.push(record.mail_id);
            }
            Ok(uncertain)
        })
    }

    /// Settles an uncertain reply.
    pub fn resolve(
        &self,
        mail_id: i64,
        truth: Truth,
        now: Timestamp,
    ) -> Result<State, OutboxError> {
        let event = match truth {
            Truth::FoundInSent => Event::Found,
            Truth::UserSaysArrived => Event::Arrived,
            Truth::UserSaysNot => Event::NotArrived,
        };
        self.change(mail_id, |sql, record| {
            let next = record.state().next(event)?;
            if let Some(submission) = &record.submission {
                let settled = table::Submission { state: next.clone(), ..submission.clone() };
                table::update_submission(sql, &settled, now)?;
                if matches!(next, State::Sent(_)) {
                    table::insert_filing(sql, submission.id, now)?;
                }
            }
            Ok(next)
        })
    }

    /// The mail was answered from another mail program: the reply is not to leave any more, unless
    /// the user edits it back to life. Then it stays alive.
    pub fn retire(&self, mail_id: i64, now: Timestamp) -> Result<(), OutboxError> {
        self.change(mail_id, |sql, record| {
            record.state().next(Event::AnsweredElsewhere)?;
            Ok(table::reopen(sql, record.draft_id, Standing::Retired, now)?)
        })
    }

    /// What is to be looked up and done in the mailboxes of `account` beside its replies.
    pub fn errands(&self, account: &str, now: Timestamp) -> Result<Errands, OutboxError> {
        self.store.read(|sql| {
            let mut errands = Errands::default();
            for record in table::all(sql)?.into_iter().filter(|record| record.account == account) {
                let mail_id = record.mail_id;
                match record.state() {
                    State::Uncertain => {
                        let id = record.submission.and_then(|it| MessageId::new(&it.message_id));
                        errands.uncertain.extend(id.map(|id| (mail_id, id)));
                    }
                    state @ (State::Draft | State::Approved | State::Failed(_)) => {
                        if let (Some(id), false) = (&record.draft.in_reply_to, record.elsewhere) {
                            errands.open.push((mail_id, id.clone()));
                        }
                        if state == State::Draft && !record.placed {
                            errands.unplaced.push((mail_id, record.draft));
                        }
                    }
                    State::Sending | State::Sent(_) | State::Discarded | State::Retired => {}
                }
            }
            for filing in table::filings(sql, account, now)? {
                if let Some(message) = table::message(sql, filing.outbox_id)? {
                    errands.to_file.push(ToFile { filing, message });
                }
            }
            Ok(errands)
        })
    }

    /// When the next submission is to be filed; `None` if none is.
    pub fn next_filing(&self) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.store.read(table::next_filing)?)
    }

    /// A submission was filed: nothing is left to do about it.
    pub fn filed(&self, done: &ToFile) -> Result<(), OutboxError> {
        self.write(|sql| Ok(table::update_filing(sql, &done.filing, None)?))
    }

    /// Filing failed. It is tried again later, a few times; what was submitted stays submitted.
    pub fn filing_failed(&self, failed: &ToFile, now: Timestamp) -> Result<(), OutboxError> {
        let attempts = failed.filing.attempts + 1;
        let later = saturating_add(now, retry_after(attempts));
        let due_at = (attempts < FILING_ATTEMPTS).then_some(later);
        let filing = Filing { attempts, ..failed.filing.clone() };
        self.write(|sql| Ok(table::update_filing(sql, &filing, due_at)?))
    }

    /// A copy of the draft is in the account's Drafts mailbox.
    pub fn placed(&self, mail_id: i64) -> Result<(), OutboxError> {
        self.write(|sql| Ok(table::set_placed(sql, mail_id)?))
    }

    /// The bytes that `draft` has as a message in the Drafts mailbox.
    pub fn as_message(draft: &Draft, now: &Zoned) -> Result<Message, OutboxError> {
        Ok(compose::compose(draft, &new_message_id(&draft.from)?, now)?)
    }

    /// When the next approved reply is due; `None` if none is approved.
    pub fn next_due(&self) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.store.read(table::next_due)?)
    }

    fn change<T>(
        &self,
        mail_id: i64,
        work: impl FnOnce(&Transaction<'_>, &Record) -> Result<T, OutboxError>,
    ) -> Result<T, OutboxError> {
        self.write(|sql| {
            let record = table::of_mail(sql, mail_id)?.ok_or(OutboxError::NoDraft(mail_id))?;
            work(sql, &record)
        })
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, OutboxError>,
    ) -> Result<T, OutboxError> {
        self.store.write(work)
    }
}

/// Settles a submission that was called uncertain, then lost by the user, then withdrawn for another
/// approval or an edit, while the answer to it was still under way. That it was accepted after all
/// must not be dropped: what has not left instead of it does not leave any more.
fn settle_withdrawn(
    sql: &Transaction<'_>,
    id: i64,
    outcome: Outcome,
    now: Timestamp,
) -> Result<State, OutboxError> {
    let record = table::of_withdrawn(sql, id)?.ok_or(OutboxError::NoSubmission(id))?;
    let standing = record.state();
    let Outcome::Accepted(reply) = &outcome else { return Ok(standing) };
    if matches!(standing, State::Sending | State::Uncertain | State::Sent(_)) {
        table::note_on_withdrawn(sql, id, &reply.to_string(), now)?;
        return Ok(standing);
    }
    // Only a reply that the user called lost can have been withdrawn with an answer under way.
    let sent = State::Failed(state::Why::ToldByUser).next(Event::Submitted(outcome))?;
    table::reinstate(sql, record.draft_id, id, &sent, now)?;
    table::insert_filing(sql, id, now)?;
    Ok(sent)
}

/// The words to keep of how an attempt ended; those of a success are its proof.
fn words_of(outcome: &Outcome) -> Words {
    match outcome {
        Outcome::Accepted(_) => Words::default(),
        Outcome::Refused(reply) | Outcome::Deferred(reply) => reply.to_string().into(),
        Outcome::Impossible(words) | Outcome::NotStarted(words) | Outcome::Lost(words) => {
            words.clone()
        }
    }
}

/// As scripts read it.
fn in_english<S: serde::Serializer>(words: &Words, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(words)
}

impl From<Record> for Entry {
    fn from(record: Record) -> Self {
        let state = record.state();
        let changed_at = record
            .submission
            .as_ref()
            .map_or(record.changed_at, |it| it.changed_at.max(record.changed_at));
        let approval = record.submission.map(|it| Approval {
            message_id: it.message_id,
            digest: it.digest,
            approved_at: it.approved_at,
            planned_at: it.planned_at,
            due_at: it.due_at,
            attempts: it.attempts,
            words: it.words,
        });
        Self {
            mail_id: record.mail_id,
            account: record.account,
            digest: record.draft.digest(),
            draft: record.draft,
            state,
            approval,
            changed_at,
        }
    }
}

fn is_stale(planned_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(planned_at) > STALE_AFTER
}

/// The wait before the next attempt, after `attempts` of them.
fn retry_after(attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(16);
    FIRST_RETRY.checked_mul(1 << doublings).unwrap_or(LONGEST_RETRY).min(LONGEST_RETRY)
}

fn saturating_add(time: Timestamp, wait: SignedDuration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Whether an approved reply is due and not stale.
fn can_leave(record: &Record, now: Timestamp) -> bool {
    record.submission.as_ref().is_some_and(|it| it.due_at <= now && !is_stale(it.planned_at, now))
}

/// A Message-ID of the user's own domain that nobody else can have made.
fn new_message_id(from: &Address) -> Result<MessageId, OutboxError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let unique = u128::from_le_bytes(random);
    // An internationalised domain has no place in a Message-ID (RFC 5322 §3.6.4) but in its ASCII form.
    let domain = domain::on_the_wire(&from.domain()).unwrap_or_default();
    let id = MessageId::new(&format!("{unique:032x}@{domain}"))
        .or_else(|| MessageId::new(&format!("{unique:032x}@mail.invalid")));
    id.ok_or_else(|| ComposeError::Address { address: from.addr_spec.clone() }.into())
}
