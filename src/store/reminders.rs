//! Reminders: what is to be told later, and what was told.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Store, StoreError, seconds, time};
use crate::deadline::Moment;
use crate::reminder::{Kind, Wanted};

/// A reminder that is to be told or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Its number.
    pub id: i64,
    /// The application it is about.
    pub application_id: i64,
    /// The mail it rests on.
    pub mail_id: i64,
    /// What it is about.
    pub kind: Kind,
    /// The deadline, the appointment, the day that passed.
    pub about: Moment,
    /// When it is to be told.
    pub due_at: Timestamp,
}

impl Store {
    /// The applications whose reminders are to be worked out anew: they have changed, or were worked out
    /// on other terms ([`Terms::number`](crate::reminder::Terms::number)).
    pub fn unplanned(&self, terms: i64) -> Result<Vec<i64>, StoreError> {
        self.place_unplaced()?;
        self.read(|sql| {
            let mut statement = sql.prepare("SELECT id FROM application WHERE planned <> ?1")?;
            let ids = statement.query_map([terms], |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Makes this what is to be told of each application, on these terms. What was told stays told.
    pub fn plan(&self, plans: &[(i64, Vec<Wanted>)], terms: i64) -> Result<(), StoreError> {
        self.note(|sql| {
            for (application_id, wanted) in plans {
                plan(sql, *application_id, wanted, terms)?;
            }
            Ok(())
        })
    }

    /// The reminders still to be told that are of use after `now`, the next first.
    pub fn reminders(&self, now: Timestamp) -> Result<Vec<Reminder>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT id, application_id, mail_id, kind, about, due_at FROM reminder
                 WHERE state = 'due' AND until > ?1 AND application_id IS NOT NULL ORDER BY due_at, id",
            )?;
            let rows = statement.query_map([seconds(now)], raw_reminder)?;
            rows.filter_map(|row| row.map_err(StoreError::from).and_then(reminder).transpose())
                .collect()
        })
    }

    /// One reminder.
    pub fn reminder(&self, id: i64) -> Result<Option<Reminder>, StoreError> {
        self.read(|sql| {
            let row = sql
                .query_row(
                    "SELECT id, application_id, mail_id, kind, about, due_at FROM reminder
                     WHERE id = ?1 AND application_id IS NOT NULL",
                    [id],
                    raw_reminder,
                )
                .optional()?;
            row.map_or(Ok(None), reminder)
        })
    }

    /// Whether the user has answered a mail, here or from another program.
    pub fn is_answered(&self, mail_id: i64) -> Result<bool, StoreError> {
        self.read(|sql| {
            Ok(sql.query_row(
                "SELECT EXISTS (SELECT 1 FROM draft WHERE mail_id = ?1 AND (state = 'retired' OR EXISTS (
                     SELECT 1 FROM outbox WHERE draft_id = draft.id
                     AND outbox.state IN ('approved', 'sending', 'sent', 'uncertain'))))",
                [mail_id],
                |row| row.get(0),
            )?)
        })
    }
}

fn plan(
    sql: &Transaction<'_>,
    application_id: i64,
    wanted: &[Wanted],
    terms: i64,
) -> Result<(), StoreError> {
    sql.execute(
        "DELETE FROM reminder WHERE state = 'due' AND (application_id = ?1 OR application_id IS NULL)",
        [application_id],
    )?;
    let mut statement = sql.prepare_cached(
        "INSERT INTO reminder (application_id, mail_id, part, kind, about, due_at, until, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'due')
         ON CONFLICT DO UPDATE SET application_id = excluded.application_id",
    )?;
    for Wanted { kind, mail_id, part, about, at, until } in wanted {
        let about = serde_json::to_string(about)?;
        let (at, until) = (seconds(*at), seconds(*until));
        statement.execute(params![application_id, mail_id, part, kind.name(), about, at, until])?;
    }
    sql.execute(
        "UPDATE application SET planned = ?2 WHERE id = ?1",
        params![application_id, terms],
    )?;
    Ok(())
}

type RawReminder = (i64, i64, i64, String, String, i64);

fn raw_reminder(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawReminder> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

/// Nothing for a kind of another version.
fn reminder(raw: RawReminder) -> Result<Option<Reminder>, StoreError> {
    let (id, application_id, mail_id, name, about, due_at) = raw;
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
        return Ok(None);
    };
    let about = serde_json::from_str(&about)?;
    Ok(Some(Reminder { id, application_id, mail_id, kind, about, due_at: time(due_at) }))
}
