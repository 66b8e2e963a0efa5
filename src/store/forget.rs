//! Forgetting: at the user's word, and by age. What is forgotten is overwritten, not only unlinked.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::carry::Schema;
use super::sound::set_aside_files;
use super::{Store, StoreError, seconds};
use crate::mail::Mail;

/// Tables that stay when everything is forgotten: how far mailboxes were read holds nothing of any
/// mail, and without it all of them would be read again.
const STAYS: [&str; 1] = ["mailbox"];

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// These mails.
    Mails(Vec<i64>),
    /// Mails that came before.
    Before(Timestamp),
    /// All there is.
    Everything,
}

/// What was forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many mails.
    pub mails: usize,
    /// Mails that stay, because a reply to them is being submitted right now.
    pub busy: Vec<i64>,
    /// The file was written anew, without what was forgotten. If not, its free pages are overwritten
    /// all the same, but the file keeps its size until the next time.
    pub compacted: bool,
}

impl Store {
    /// Forgets mails with all that hangs on them. `path` is the store's file.
    pub fn forget(
        &self,
        what: &Forget,
        path: &Path,
        now: Timestamp,
    ) -> Result<Forgotten, StoreError> {
        let mut forgotten = self.write(|sql| {
            let busy = ids(
                sql,
                "SELECT mail_id FROM draft JOIN outbox ON draft_id = draft.id WHERE outbox.state = 'sending'",
            )?;
            let all = match what {
                Forget::Mails(mails) => mails.clone(),
                Forget::Before(before) => {
                    let query = format!("SELECT id FROM mail WHERE received_at < {}", seconds(*before));
                    ids(sql, &query)?
                }
                Forget::Everything => ids(sql, "SELECT id FROM mail")?,
            };
            let (busy, mails): (Vec<i64>, Vec<i64>) =
                all.into_iter().partition(|id| busy.contains(id));
            let schema = Schema::read(sql)?;
            let mut count = 0;
            for id in mails {
                // Met again (another folder, a mailbox that was rebuilt), it must not come back.
                sql.execute(
                    "INSERT OR IGNORE INTO forgotten (fingerprint, at) SELECT fingerprint, ?2 FROM mail WHERE id = ?1",
                    params![id, seconds(now)],
                )?;
                count += delete(sql, &schema, "mail", "id", id)?;
            }
            if *what == Forget::Everything && busy.is_empty() {
                for table in schema.tables.iter().rev() {
                    if !STAYS.contains(&table.name.as_str()) {
                        sql.execute(&format!("DELETE FROM \"{}\"", table.name), [])?;
                    }
                }
            }
            Ok::<_, StoreError>(Forgotten { mails: count, busy, compacted: false })
        })?;
        if *what == Forget::Everything {
            for file in set_aside_files(path) {
                std::fs::remove_file(&file)
                    .map_err(|source| StoreError::Io { path: file, source })?;
            }
        }
        forgotten.compacted = self.compact()?;
        Ok(forgotten)
    }

    /// Writes the file anew without its free pages, and empties the log of changes. `false` if another
    /// process was at it all the time.
    fn compact(&self) -> Result<bool, StoreError> {
        let connection = self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match connection.execute_batch("VACUUM") {
            Ok(()) => {}
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// Lets go of what is older than the settings want: the text of mails from before `text`, and
    /// whole mails from before `mails`. What a reply still waits for stays.
    pub fn let_go(
        &self,
        text: Option<Timestamp>,
        mails: Option<Timestamp>,
        path: &Path,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut count = 0;
        if let Some(before) = mails {
            let old = self.read(|sql| {
                ids(sql, &format!("{} AND received_at < {}", SETTLED, seconds(before)))
            })?;
            if !old.is_empty() {
                count += self.forget(&Forget::Mails(old), path, now)?.mails;
            }
        }
        if let Some(before) = text {
            count += self.write(|sql| {
                let query =
                    format!("{SETTLED} AND NOT text_gone AND received_at < {}", seconds(before));
                let old = ids(sql, &query)?;
                for id in &old {
                    let json: String =
                        sql.query_row("SELECT mail FROM mail WHERE id = ?1", [id], |row| {
                            row.get(0)
                        })?;
                    let mail = without_text(serde_json::from_str(&json)?);
                    sql.execute(
                        "UPDATE mail SET mail = ?2, text_gone = 1 WHERE id = ?1",
                        params![id, serde_json::to_string(&mail)?],
                    )?;
                }
                Ok::<_, StoreError>(old.len())
            })?;
        }
        Ok(count)
    }
}

/// Mails that no reply waits for.
const SETTLED: &str = "SELECT id FROM mail WHERE id NOT IN (
    SELECT mail_id FROM draft LEFT JOIN outbox ON draft_id = draft.id AND outbox.state <> 'withdrawn'
    WHERE outbox.state IN ('approved', 'sending', 'uncertain', 'failed')
       OR (outbox.id IS NULL AND draft.state = 'open'))";

/// Who, when and about what; no words of the mail but those that decided its verdict.
fn without_text(mail: Mail) -> Mail {
    Mail { body: Vec::new(), alternative: Vec::new(), attached: Vec::new(), ..mail }
}

fn ids(sql: &Connection, query: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = sql.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes the rows of `table` with this value, and first what refers to them. A table that a later
/// version adds is seen to without being named here.
fn delete(
    sql: &Connection,
    schema: &Schema,
    table: &str,
    column: &str,
    value: i64,
) -> Result<usize, StoreError> {
    for child in &schema.tables {
        for (from, other, to) in &child.refers {
            if other == table && child.name != table {
                let query =
                    format!("SELECT \"{to}\" FROM \"{table}\" WHERE \"{column}\" = {value}");
                for key in ids(sql, &query)? {
                    delete(sql, schema, &child.name, from, key)?;
                }
            }
        }
    }
    Ok(sql.execute(&format!("DELETE FROM \"{table}\" WHERE \"{column}\" = ?1"), [value])?)
}
