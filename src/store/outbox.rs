//! All SQL about drafts and the outbox. What may follow what is decided by `outbox::state`; here
//! it is only written down.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Store, StoreError, seconds, time};
use crate::lang::Words;
use crate::mail::MessageId;
use crate::outbox::state::{Proof, State, Why};
use crate::reply::compose::{Envelope, Message};
use crate::reply::{Digest, Draft};

/// A draft and the submission that counts for it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) draft_id: i64,
    pub(crate) mail_id: i64,
    pub(crate) account: String,
    pub(crate) draft: Draft,
    pub(crate) standing: Standing,
    pub(crate) elsewhere: bool,
    pub(crate) placed: bool,
    pub(crate) changed_at: Timestamp,
    pub(crate) submission: Option<Submission>,
}

/// What the user wants of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Open,
    Discarded,
    /// Answered from another mail program.
    Retired,
}

impl Standing {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Discarded => "discarded",
            Self::Retired => "retired",
        }
    }

    fn of(name: &str) -> Self {
        let all = [Self::Discarded, Self::Retired];
        all.into_iter().find(|standing| standing.name() == name).unwrap_or(Self::Open)
    }
}

/// A submission that counts: approved, on its way, ended or uncertain.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) id: i64,
    pub(crate) message_id: String,
    pub(crate) digest: Digest,
    pub(crate) state: State,
    pub(crate) words: Words,
    pub(crate) attempts: u32,
    pub(crate) approved_at: Timestamp,
    pub(crate) planned_at: Timestamp,
    pub(crate) due_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

/// A new approval.
pub(crate) struct Approval<'a> {
    pub(crate) digest: &'a Digest,
    pub(crate) message: &'a Message,
    pub(crate) approved_at: Timestamp,
    pub(crate) planned_at: Timestamp,
}

impl Record {
    /// Where the reply stands.
    pub(crate) fn state(&self) -> State {
        match &self.submission {
            Some(submission) => submission.state.clone(),
            None => match self.standing {
                Standing::Open => State::Draft,
                Standing::Discarded => State::Discarded,
                Standing::Retired => State::Retired,
            },
        }
    }
}

/// Draft, account and the one submission that is not withdrawn (`outbox_one_live`).
const RECORDS: &str = "
    SELECT draft.id, draft.mail_id, mail.account, draft.draft, draft.state, draft.changed_at,
           outbox.id, outbox.message_id, outbox.digest, outbox.state, outbox.ended, outbox.words,
           outbox.attempts, outbox.approved_at, outbox.planned_at, outbox.due_at, outbox.changed_at,
           draft.elsewhere, draft.placed
    FROM draft
    JOIN mail ON mail.id = draft.mail_id
    LEFT JOIN outbox ON outbox.draft_id = draft.id AND outbox.state <> 'withdrawn'";

/// The record of one mail's reply.
pub(crate) fn of_mail(sql: &Transaction<'_>, mail_id: i64) -> Result<Option<Record>, StoreError> {
    one(sql, "draft.mail_id = ?1", mail_id)
}

/// The record that a submission belongs to, unless it was withdrawn.
pub(crate) fn of_submission(sql: &Transaction<'_>, id: i64) -> Result<Option<Record>, StoreError> {
    one(sql, "outbox.id = ?1", id)
}

/// The record of the draft that a withdrawn submission was for.
pub(crate) fn of_withdrawn(sql: &Transaction<'_>, id: i64) -> Result<Option<Record>, StoreError> {
    one(sql, "draft.id = (SELECT draft_id FROM outbox WHERE id = ?1 AND state = 'withdrawn')", id)
}

/// A withdrawn submission turns out to have gone out: it counts again, with `state`, and whatever
/// counted instead of it is withdrawn. Only where that is certain not to have gone out.
pub(crate) fn reinstate(
    sql: &Transaction<'_>,
    draft_id: i64,
    id: i64,
    state: &State,
    now: Timestamp,
) -> Result<(), StoreError> {
    withdraw(sql, draft_id, now)?;
    sql.execute(
        "UPDATE outbox SET state = ?2, ended = ?3, words = '', changed_at = ?4 WHERE id = ?1",
        params![id, state.name(), ended(state)?, seconds(now)],
    )?;
    Ok(())
}

/// Notes on a withdrawn submission that it went out, too.
pub(crate) fn note_on_withdrawn(
    sql: &Transaction<'_>,
    id: i64,
    words: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "UPDATE outbox SET words = ?2, changed_at = ?3 WHERE id = ?1 AND state = 'withdrawn'",
        params![id, words, seconds(now)],
    )?;
    Ok(())
}

fn one(sql: &Transaction<'_>, which: &str, id: i64) -> Result<Option<Record>, StoreError> {
    let mut statement = sql.prepare_cached(&format!("{RECORDS} WHERE {which}"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(record).transpose()
}

/// All records, the latest change first.
pub(crate) fn all(sql: &Transaction<'_>) -> Result<Vec<Record>, StoreError> {
    many(
        sql,
        "TRUE ORDER BY max(draft.changed_at, coalesce(outbox.changed_at, 0)) DESC, draft.id DESC",
    )
}

/// All records with a submission in `state`, the longest due first.
pub(crate) fn in_state(sql: &Transaction<'_>, state: &State) -> Result<Vec<Record>, StoreError> {
    // A name of an enum of ours: nothing to escape.
    let name = state.name();
    many(sql, &format!("outbox.state = '{name}' ORDER BY outbox.due_at, outbox.id"))
}

fn many(sql: &Transaction<'_>, which: &str) -> Result<Vec<Record>, StoreError> {
    let mut statement = sql.prepare_cached(&format!("{RECORDS} WHERE {which}"))?;
    let mut rows = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    let submission = match row.get::<_, Option<i64>>(6)? {
        Some(id) => Some(submission(row, id)?),
        None => None,
    };
    Ok(Record {
        draft_id: row.get(0)?,
        mail_id: row.get(1)?,
        account: row.get(2)?,
        draft: serde_json::from_str(&row.get::<_, String>(3)?)?,
        standing: Standing::of(&row.get::<_, String>(4)?),
        elsewhere: row.get(17)?,
        placed: row.get(18)?,
        changed_at: time(row.get(5)?),
        submission,
    })
}

fn submission(row: &Row<'_>, id: i64) -> Result<Submission, StoreError> {
    Ok(Submission {
        id,
        message_id: row.get(7)?,
        digest: Digest(row.get(8)?),
        state: state(&row.get::<_, String>(9)?, &row.get::<_, String>(10)?)?,
        words: words(&row.get::<_, String>(11)?),
        attempts: row.get(12)?,
        approved_at: time(row.get(13)?),
        planned_at: time(row.get(14)?),
        due_at: time(row.get(15)?),
        changed_at: time(row.get(16)?),
    })
}

fn state(name: &str, ended: &str) -> Result<State, StoreError> {
    Ok(match name {
        "approved" => State::Approved,
        "sending" => State::Sending,
        "sent" => State::Sent(serde_json::from_str::<Proof>(ended)?),
        "failed" => State::Failed(serde_json::from_str::<Why>(ended)?),
        // Also for a name of a newer version: never sent, never offered again.
        _ => State::Uncertain,
    })
}

/// Puts a first draft down; `false` if the mail already has one.
pub(crate) fn insert_draft(
    sql: &Transaction<'_>,
    mail_id: i64,
    draft: &Draft,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let rows = sql.execute(
        "INSERT INTO draft (mail_id, draft, state, changed_at) VALUES (?1, ?2, 'open', ?3)
         ON CONFLICT (mail_id) DO NOTHING",
        params![mail_id, serde_json::to_string(draft)?, seconds(now)],
    )?;
    Ok(rows == 1)
}

/// Takes a first draft away that is still this one and was never approved; `false` if it is not.
pub(crate) fn delete_draft(
    sql: &Transaction<'_>,
    mail_id: i64,
    draft: &Draft,
) -> Result<bool, StoreError> {
    let rows = sql.execute(
        "DELETE FROM draft WHERE mail_id = ?1 AND draft = ?2 AND state = 'open'
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE draft_id = draft.id)",
        params![mail_id, serde_json::to_string(draft)?],
    )?;
    Ok(rows == 1)
}

/// Replaces a draft's text.
pub(crate) fn replace_draft(
    sql: &Transaction<'_>,
    draft_id: i64,
    draft: &Draft,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "UPDATE draft SET draft = ?2, changed_at = ?3 WHERE id = ?1",
        params![draft_id, serde_json::to_string(draft)?, seconds(now)],
    )?;
    Ok(())
}

/// Writes down what is wanted of a draft, and withdraws its submission if it has one.
pub(crate) fn reopen(
    sql: &Transaction<'_>,
    draft_id: i64,
    standing: Standing,
    now: Timestamp,
) -> Result<(), StoreError> {
    withdraw(sql, draft_id, now)?;
    sql.execute(
        "UPDATE draft SET state = ?2, elsewhere = max(elsewhere, ?3), changed_at = ?4 WHERE id = ?1",
        params![draft_id, standing.name(), standing == Standing::Retired, seconds(now)],
    )?;
    Ok(())
}

/// Notes that a copy of the draft to a mail is in the Drafts mailbox.
pub(crate) fn set_placed(sql: &Transaction<'_>, mail_id: i64) -> Result<(), StoreError> {
    sql.execute("UPDATE draft SET placed = 1 WHERE mail_id = ?1", [mail_id])?;
    Ok(())
}

/// How a reply ended that did not leave as it was approved, where the user has not been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// The submission's number.
    pub id: i64,
    /// The mail that it was to answer.
    pub mail_id: i64,
    /// How it ended.
    pub end: End,
    /// When.
    pub at: Timestamp,
}

/// An end that the user has to know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It did not go out.
    Failed(Why),
    /// It may or may not have arrived.
    Uncertain,
    /// The approval went stale: it is a draft again.
    Lapsed,
}

impl Store {
    /// What the user has yet to be told about replies, oldest first; only what still holds.
    pub fn unsaid(&self) -> Result<Vec<Unsaid>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare_cached(
                "SELECT outbox.id, draft.mail_id, word.what, outbox.ended, word.at
                 FROM word JOIN outbox ON outbox.id = outbox_id JOIN draft ON draft.id = draft_id
                 WHERE what = outbox.state
                    OR (what = 'lapsed' AND draft.state = 'open' AND draft.changed_at <= word.at
                        AND NOT EXISTS (SELECT 1 FROM outbox AS live
                                        WHERE live.draft_id = draft.id AND live.state <> 'withdrawn'))
                 ORDER BY word.at, outbox.id",
            )?;
            let mut rows = statement.query([])?;
            let mut unsaid = Vec::new();
            while let Some(row) = rows.next()? {
                let end = match row.get::<_, String>(2)?.as_str() {
                    "failed" => End::Failed(serde_json::from_str(&row.get::<_, String>(3)?)?),
                    "uncertain" => End::Uncertain,
                    _ => End::Lapsed,
                };
                let (id, mail_id) = (row.get(0)?, row.get(1)?);
                unsaid.push(Unsaid { id, mail_id, end, at: time(row.get(4)?) });
            }
            Ok(unsaid)
        })
    }

    /// Notes that the user was told.
    pub fn mark_said(&self, unsaid: &Unsaid) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute("DELETE FROM word WHERE outbox_id = ?1", [unsaid.id])?;
            Ok(())
        })
    }

    /// Notes that the user could not be told, after all.
    pub fn give_word_back(&self, unsaid: &Unsaid) -> Result<(), StoreError> {
        self.write(|sql| insert_word(sql, unsaid.id, &unsaid.end, unsaid.at))
    }
}

/// Notes that the user is to be told how a submission ended.
pub(crate) fn insert_word(
    sql: &Transaction<'_>,
    outbox_id: i64,
    end: &End,
    at: Timestamp,
) -> Result<(), StoreError> {
    let what = match end {
        End::Failed(_) => "failed",
        End::Uncertain => "uncertain",
        End::Lapsed => "lapsed",
    };
    sql.execute(
        "INSERT OR REPLACE INTO word (outbox_id, what, at) VALUES (?1, ?2, ?3)",
        params![outbox_id, what, seconds(at)],
    )?;
    Ok(())
}

/// A submission whose copy and mark are still to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filing {
    pub(crate) outbox_id: i64,
    pub(crate) mail_id: i64,
    pub(crate) attempts: u32,
}

/// Notes that a submission is to be filed; once, however often it is noted.
pub(crate) fn insert_filing(
    sql: &Transaction<'_>,
    outbox_id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO filing (outbox_id, due_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![outbox_id, seconds(now)],
    )?;
    Ok(())
}

/// What is to be filed for an account by now.
pub(crate) fn filings(
    sql: &Transaction<'_>,
    account: &str,
    now: Timestamp,
) -> Result<Vec<Filing>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT filing.outbox_id, draft.mail_id, filing.attempts
         FROM filing
         JOIN outbox ON outbox.id = filing.outbox_id
         JOIN draft ON draft.id = outbox.draft_id
         WHERE outbox.account = ?1 AND filing.due_at <= ?2 ORDER BY filing.outbox_id",
    )?;
    let rows = statement.query_map(params![account, seconds(now)], |row| {
        Ok(Filing { outbox_id: row.get(0)?, mail_id: row.get(1)?, attempts: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the next filing is due.
pub(crate) fn next_filing(sql: &Transaction<'_>) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = sql.query_row("SELECT min(due_at) FROM filing", [], |row| row.get(0))?;
    Ok(due.map(time))
}

/// Puts a filing off, or strikes it off the list.
pub(crate) fn update_filing(
    sql: &Transaction<'_>,
    filing: &Filing,
    due_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    match due_at {
        Some(due_at) => sql.execute(
            "UPDATE filing SET attempts = ?2, due_at = ?3 WHERE outbox_id = ?1",
            params![filing.outbox_id, filing.attempts, seconds(due_at)],
        )?,
        None => sql.execute("DELETE FROM filing WHERE outbox_id = ?1", [filing.outbox_id])?,
    };
    Ok(())
}

/// Takes a submission out of account that is certain not to have gone out.
fn withdraw(sql: &Transaction<'_>, draft_id: i64, now: Timestamp) -> Result<(), StoreError> {
    sql.execute(
        "UPDATE outbox SET state = 'withdrawn', changed_at = ?2
         WHERE draft_id = ?1 AND state IN ('approved', 'failed')",
        params![draft_id, seconds(now)],
    )?;
    Ok(())
}

/// Writes an approval down, with the bytes that it is for. One that failed before stops counting.
pub(crate) fn insert_approval(
    sql: &Transaction<'_>,
    record: &Record,
    approval: &Approval<'_>,
) -> Result<(), StoreError> {
    withdraw(sql, record.draft_id, approval.approved_at)?;
    let message = approval.message;
    sql.execute(
        "INSERT INTO outbox (draft_id, account, message_id, digest, reverse_path, forward_path, raw,
                             state, approved_at, planned_at, due_at, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'approved', ?8, ?9, ?9, ?8)",
        params![
            record.draft_id,
            record.account,
            message.message_id.as_str(),
            approval.digest.0,
            message.envelope.reverse_path,
            message.envelope.forward_path,
            message.raw,
            seconds(approval.approved_at),
            seconds(approval.planned_at),
        ],
    )?;
    Ok(())
}

/// Writes a submission's new state, last words, attempts and due time down.
pub(crate) fn update_submission(
    sql: &Transaction<'_>,
    submission: &Submission,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "UPDATE outbox SET state = ?2, ended = ?3, words = ?4, attempts = ?5, due_at = ?6, changed_at = ?7
         WHERE id = ?1",
        params![
            submission.id,
            submission.state.name(),
            ended(&submission.state)?,
            kept(&submission.words)?,
            submission.attempts,
            seconds(submission.due_at),
            seconds(now),
        ],
    )?;
    Ok(())
}

/// What was heard last, as the store keeps it: a server's own words as they are.
fn kept(words: &Words) -> Result<String, StoreError> {
    if words.are_the_same() { Ok(words.to_string()) } else { Ok(serde_json::to_string(words)?) }
}

fn words(kept: &str) -> Words {
    serde_json::from_str(kept).unwrap_or_else(|_| kept.into())
}

/// How a submission ended, as the store keeps it.
fn ended(state: &State) -> Result<String, StoreError> {
    Ok(match state {
        State::Sent(proof) => serde_json::to_string(proof)?,
        State::Failed(why) => serde_json::to_string(why)?,
        _ => String::new(),
    })
}

/// Gives the approved submission of a draft another time to leave at.
pub(crate) fn plan_anew(
    sql: &Transaction<'_>,
    draft_id: i64,
    planned_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "UPDATE outbox SET planned_at = ?2, due_at = ?2, changed_at = ?3
         WHERE draft_id = ?1 AND state = 'approved'",
        params![draft_id, seconds(planned_at), seconds(now)],
    )?;
    Ok(())
}

/// The approved bytes of a submission.
pub(crate) fn message(sql: &Transaction<'_>, id: i64) -> Result<Option<Message>, StoreError> {
    let columns = sql
        .query_row(
            "SELECT reverse_path, forward_path, message_id, raw FROM outbox WHERE id = ?1",
            [id],
            |row| {
                let envelope = Envelope { reverse_path: row.get(0)?, forward_path: row.get(1)? };
                Ok((envelope, row.get::<_, String>(2)?, row.get(3)?))
            },
        )
        .optional()?;
    Ok(columns.and_then(|(envelope, id, raw)| {
        Some(Message { envelope, message_id: MessageId::new(&id)?, raw })
    }))
}

/// When the next approved reply is due.
pub(crate) fn next_due(sql: &Transaction<'_>) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> =
        sql.query_row("SELECT min(due_at) FROM outbox WHERE state = 'approved'", [], |row| {
            row.get(0)
        })?;
    Ok(due.map(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// With less, a power cut could undo `sending` after the reply has gone out.
    #[test]
    fn what_is_committed_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("goen.db")).unwrap();
        let synchronous = |sql: &Transaction<'_>| {
            let level = sql.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0));
            level.map_err(StoreError::from)
        };
        assert_eq!(store.write(synchronous).unwrap(), 2);
        // Not so what the server tells again; and what is committed after that is, with all before it.
        assert_eq!(store.note(synchronous).unwrap(), 1);
        assert_eq!(store.write(synchronous).unwrap(), 2);
    }

    #[test]
    fn words_come_back_as_they_were_kept() {
        let each = Words::both(|lang| lang.code().to_owned());
        for it in [each, "451 4.7.1 greylisted".into(), Words::default()] {
            assert_eq!(words(&kept(&it).unwrap()), it);
        }
        assert_eq!(kept(&"451 greylisted".into()).unwrap(), "451 greylisted");
    }

    #[test]
    fn a_state_of_a_newer_goen_is_never_sent_and_never_offered_again() {
        assert_eq!(state("parked", "").unwrap(), State::Uncertain);
    }
}
