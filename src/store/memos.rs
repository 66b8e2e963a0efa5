//! The user's own notes, and what goen has told so far that words depend on.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, StoredMail, raw_mail, seconds, stored_mail, time};
use crate::classify::Outcome;

/// A note, and the mail it was written about.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMemo {
    /// The mail.
    pub mail: StoredMail,
    /// The note, in Markdown.
    pub text: String,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

impl Store {
    /// The note about a mail.
    pub fn memo(&self, mail_id: i64) -> Result<Option<String>, StoreError> {
        self.read(|sql| {
            let text = sql
                .query_row("SELECT text FROM memo WHERE mail_id = ?1", [mail_id], |row| row.get(0))
                .optional()?;
            Ok(text)
        })
    }

    /// Keeps the note about a mail; an empty one takes it away.
    pub fn set_memo(&self, mail_id: i64, text: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|sql| {
            if text.trim().is_empty() {
                sql.execute("DELETE FROM memo WHERE mail_id = ?1", [mail_id])?;
            } else {
                sql.execute(
                    "INSERT INTO memo (mail_id, text, changed_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at",
                    params![mail_id, text, seconds(now)],
                )?;
            }
            Ok(())
        })
    }

    /// All notes, the newest mail's first.
    pub fn memos(&self) -> Result<Vec<StoredMemo>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT id, account, mailbox, received_at, verdict, mail, text, changed_at
                 FROM memo JOIN mail ON mail.id = mail_id ORDER BY received_at DESC, id DESC",
            )?;
            let rows = statement.query_map([], |row| {
                Ok((raw_mail(row)?, row.get::<_, String>(6)?, row.get::<_, i64>(7)?))
            })?;
            rows.map(|row| {
                let (raw, text, changed_at) = row?;
                Ok(StoredMemo { mail: stored_mail(raw)?, text, changed_at: time(changed_at) })
            })
            .collect()
        })
    }

    /// When mails of `outcome` came in, up to the mail `mail_id` and with it, the newest first: what
    /// words about it depend on.
    pub fn received_up_to(
        &self,
        mail_id: i64,
        outcome: Outcome,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT received_at FROM mail WHERE outcome = ?2 AND (received_at, id) <=
                     (SELECT received_at, id FROM mail WHERE id = ?1)
                 ORDER BY received_at DESC, id DESC",
            )?;
            let rows = statement.query_map(params![mail_id, outcome.name()], |row| row.get(0))?;
            rows.map(|row| Ok(time(row?))).collect()
        })
    }
}
