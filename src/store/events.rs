//! What happened, for scripts: results that were found and changes in how accounts are doing.
//!
//! An event is written in the same transaction as what it tells of, so a script that remembers the
//! last number it has seen misses nothing and sees nothing twice.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, Transaction, params};

use crate::imap::Health;

use super::{Store, StoreError, StoredMail, raw_mail, seconds, stored_mail, time};

/// How long events are kept: a script that sleeps longer can ask for the mails themselves.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number: later events have higher ones.
    pub id: i64,
    /// When it was stored.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A mail about an application was found.
    Mail {
        /// The mail and what it says, as it is known now.
        mail: Box<StoredMail>,
        /// It was found on the first look back, and so not announced.
        quiet: bool,
    },
    /// An account is doing differently.
    Health {
        /// The account's name.
        account: String,
        /// How it is doing since.
        health: Health,
    },
}

impl Store {
    /// The events behind number `after`, oldest first, at most `limit`.
    pub fn events(&self, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT id, at, account, mail_id, quiet, health FROM event
                 WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let mut mail = sql.prepare(
                "SELECT id, account, mailbox, received_at, verdict, mail FROM mail WHERE id = ?1",
            )?;
            let rows = statement.query_map(params![after, limit], raw_event)?;
            rows.map(|row| {
                let row = row?;
                let what = match (row.mail_id, row.health) {
                    (Some(mail_id), _) => What::Mail {
                        mail: Box::new(stored_mail(mail.query_row([mail_id], raw_mail)?)?),
                        quiet: row.quiet,
                    },
                    (None, health) => What::Health {
                        account: row.account,
                        health: serde_json::from_str(&health.unwrap_or_default())?,
                    },
                };
                Ok(Event { id: row.id, at: time(row.at), what })
            })
            .collect()
        })
    }

    /// The number of the newest event; 0 if there is none.
    pub fn newest_event(&self) -> Result<i64, StoreError> {
        self.read(|sql| {
            Ok(sql.query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| row.get(0))?)
        })
    }

    /// A number that changes when another process has changed the store. Asking costs microseconds
    /// and no look at the file's content.
    pub fn changed_by_others(&self) -> Result<i64, StoreError> {
        // Outside of a transaction, whose view would stand still.
        let connection = self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }
}

/// A row as SQL gives it.
struct RawEvent {
    id: i64,
    at: i64,
    account: String,
    mail_id: Option<i64>,
    quiet: bool,
    health: Option<String>,
}

fn raw_event(row: &Row<'_>) -> rusqlite::Result<RawEvent> {
    Ok(RawEvent {
        id: row.get(0)?,
        at: row.get(1)?,
        account: row.get(2)?,
        mail_id: row.get(3)?,
        quiet: row.get(4)?,
        health: row.get(5)?,
    })
}

/// Writes down that a mail was found.
pub(super) fn found(
    sql: &Transaction<'_>,
    account: &str,
    mail_id: i64,
    quiet: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO event (at, account, mail_id, quiet) VALUES (?1, ?2, ?3, ?4)",
        params![seconds(now), account, mail_id, quiet],
    )?;
    forget_old(sql, now)
}

/// Writes down that an account is doing differently.
pub(super) fn health(
    sql: &Transaction<'_>,
    account: &str,
    health: &Health,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO event (at, account, health) VALUES (?1, ?2, ?3)",
        params![seconds(now), account, serde_json::to_string(health)?],
    )?;
    forget_old(sql, now)
}

fn forget_old(sql: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    let oldest = now.checked_sub(KEPT).unwrap_or(now);
    sql.execute("DELETE FROM event WHERE at < ?1", [seconds(oldest)])?;
    Ok(())
}
