//! What is to be told, what was told, what was read meanwhile, and for how long to be quiet.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, seconds, time};
use crate::classify::Outcome;
use crate::tell::pace::{Due, Item};

impl Store {
    /// The results that have still to be told, whenever that may be.
    pub fn due_notifications(&self) -> Result<Vec<Due>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT mail.id, outcome, received_at FROM notification
                 JOIN mail ON mail.id = mail_id WHERE state = 'due' ORDER BY mail.id",
            )?;
            let rows = statement.query_map([], |row| {
                let name: String = row.get(1)?;
                let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
                Ok(Due {
                    item: Item::Mail(row.get(0)?),
                    // A name of another version: told neutrally.
                    outcome: outcome.unwrap_or(Outcome::Unsure),
                    received_at: time(row.get(2)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Marks what is told as shown, all or none, and says which of it was still to be shown: each
    /// is shown at most once, whatever becomes of goen next. A caller that could not show one gives it back
    /// with [`give_back`](Self::give_back); one that could says so with [`confirm_told`](Self::confirm_told).
    pub fn mark_told(&self, items: &[Item], now: Timestamp) -> Result<Vec<Item>, StoreError> {
        self.note(|sql| {
            let mut marked = Vec::new();
            for item in items {
                let (statement, id) = match item {
                    Item::Mail(id) => (
                        "UPDATE notification SET state = 'shown', shown_at = ?2
                         WHERE mail_id = ?1 AND state = 'due'",
                        id,
                    ),
                    Item::Reminder(id) => (
                        "UPDATE reminder SET state = 'shown', shown_at = ?2
                         WHERE id = ?1 AND state = 'due'",
                        id,
                    ),
                };
                if sql.execute(statement, params![id, seconds(now)])? == 1 {
                    marked.push(*item);
                }
            }
            Ok(marked)
        })
    }

    /// Notes when what was marked was shown. From then on no power cut brings it up again, either.
    pub fn confirm_told(&self, items: &[Item], now: Timestamp) -> Result<(), StoreError> {
        self.write(|sql| {
            for item in items {
                let (table, id) = match item {
                    Item::Mail(id) => ("notification SET shown_at = ?2 WHERE mail_id", id),
                    Item::Reminder(id) => ("reminder SET shown_at = ?2 WHERE id", id),
                };
                let statement = format!("UPDATE {table} = ?1 AND state = 'shown'");
                sql.execute(&statement, params![id, seconds(now)])?;
            }
            Ok(())
        })
    }

    /// Gives back what could not be shown, unless it was read meanwhile.
    pub fn give_back(&self, items: &[Item]) -> Result<(), StoreError> {
        self.write(|sql| {
            for item in items {
                let (statement, id) = match item {
                    Item::Mail(id) => (
                        "UPDATE notification SET state = 'due', shown_at = NULL WHERE mail_id = ?1
                         AND state = 'shown' AND (SELECT seen_at FROM mail WHERE id = ?1) IS NULL",
                        id,
                    ),
                    Item::Reminder(id) => (
                        "UPDATE reminder SET state = 'due', shown_at = NULL
                         WHERE id = ?1 AND state = 'shown' AND seen_at IS NULL",
                        id,
                    ),
                };
                sql.execute(statement, [id])?;
            }
            Ok(())
        })
    }

    /// How many notifications have been shown: of one outcome, or of all and of reminders.
    pub fn notifications_shown(&self, of: Option<Outcome>) -> Result<u64, StoreError> {
        self.read(|sql| {
            let shown: u32 = sql.query_row(
                "SELECT (SELECT count(*) FROM notification JOIN mail ON mail.id = mail_id
                         WHERE state = 'shown' AND (?1 IS NULL OR outcome = ?1))
                      + (SELECT count(*) FROM reminder WHERE state = 'shown' AND ?1 IS NULL)",
                [of.map(Outcome::name)],
                |row| row.get(0),
            )?;
            Ok(shown.into())
        })
    }

    /// Notes that the user has seen a mail: it needs no notification any more.
    pub fn mark_seen(&self, mail_id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute(
                "UPDATE mail SET seen_at = ?2 WHERE id = ?1 AND seen_at IS NULL",
                params![mail_id, seconds(now)],
            )?;
            sql.execute(
                "UPDATE notification SET state = 'quiet' WHERE mail_id = ?1 AND state = 'due'",
                [mail_id],
            )?;
            sql.execute(
                "UPDATE reminder SET seen_at = ?2 WHERE state = 'shown' AND seen_at IS NULL
                 AND application_id IN (SELECT application_id FROM step WHERE mail_id = ?1)",
                params![mail_id, seconds(now)],
            )?;
            Ok(())
        })
    }

    /// Whether the user has seen here what was told.
    pub fn is_seen(&self, item: Item) -> Result<bool, StoreError> {
        self.read(|sql| {
            let (question, id) = match item {
                Item::Mail(id) => ("SELECT seen_at FROM mail WHERE id = ?1", id),
                Item::Reminder(id) => ("SELECT seen_at FROM reminder WHERE id = ?1", id),
            };
            let seen: Option<Option<i64>> =
                sql.query_row(question, [id], |row| row.get(0)).optional()?;
            Ok(seen.flatten().is_some())
        })
    }

    /// Until when nothing is to be told, if that was asked for and is not over.
    pub fn quiet_until(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read(|sql| {
            let until: Option<i64> =
                sql.query_row("SELECT until FROM quiet", [], |row| row.get(0)).optional()?;
            Ok(until.map(time).filter(|until| *until > now))
        })
    }

    /// Asks for quiet until then; `None` ends it.
    pub fn set_quiet(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute("DELETE FROM quiet", [])?;
            if let Some(until) = until {
                sql.execute("INSERT INTO quiet (id, until) VALUES (1, ?1)", [seconds(until)])?;
            }
            Ok(())
        })
    }
}
