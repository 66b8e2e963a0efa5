//! What the user said of mails, and what follows from it.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Store, StoreError, seconds, time};
use crate::classify::{Correction, Outcome, Template, Verdict};

impl Store {
    /// All corrections. One that another version wrote in a form of its own teaches nothing.
    pub fn corrections(&self) -> Result<Vec<Correction>, StoreError> {
        self.read(|sql| {
            let mut statement = sql.prepare_cached(
                "SELECT fingerprint, at, was, correction.outcome, company, template
                 FROM correction JOIN mail ON mail.id = mail_id ORDER BY mail_id",
            )?;
            let rows = statement.query_map([], |row| {
                let outcome =
                    |name: String| Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
                let template: String = row.get(5)?;
                let known = outcome(row.get(2)?)
                    .zip(outcome(row.get(3)?))
                    .zip(serde_json::from_str::<Template>(&template).ok());
                let (key, at, company) = (row.get(0)?, time(row.get(1)?), row.get(4)?);
                Ok(known.map(|((was, outcome), template)| Correction {
                    key,
                    at,
                    was,
                    outcome,
                    company,
                    template,
                }))
            })?;
            Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
        })
    }

    /// The key of a mail: the same in every store that has it.
    pub fn mail_key(&self, mail_id: i64) -> Result<Option<String>, StoreError> {
        self.read(|sql| {
            let key =
                sql.query_row("SELECT fingerprint FROM mail WHERE id = ?1", [mail_id], |row| {
                    row.get(0)
                });
            Ok(key.optional()?)
        })
    }

    /// The number of the corrected mail that has this key, if its correction still holds.
    pub fn corrected_mail(&self, key: &str) -> Result<Option<i64>, StoreError> {
        self.read(|sql| {
            let query = "SELECT mail_id FROM correction JOIN mail ON mail.id = mail_id WHERE fingerprint = ?1";
            Ok(sql.query_row(query, [key], |row| row.get(0)).optional()?)
        })
    }

    /// Gives a mail the verdict that the user's correction makes, and keeps the correction for mails like
    /// it. The user has seen that mail: it is not told any more.
    pub fn correct(
        &self,
        mail_id: i64,
        verdict: &Verdict,
        correction: &Correction,
    ) -> Result<(), StoreError> {
        let at = seconds(correction.at);
        self.write(|sql| {
            set_verdict(sql, mail_id, verdict)?;
            sql.execute(
                "INSERT INTO correction (mail_id, at, was, outcome, company, template)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET at = excluded.at, was = excluded.was,
                     outcome = excluded.outcome, company = excluded.company, template = excluded.template",
                params![
                    mail_id,
                    at,
                    correction.was.name(),
                    correction.outcome.name(),
                    correction.company,
                    serde_json::to_string(&correction.template)?,
                ],
            )?;
            sql.execute(
                "UPDATE mail SET seen_at = ?2 WHERE id = ?1 AND seen_at IS NULL",
                params![mail_id, at],
            )?;
            sql.execute(
                "UPDATE notification SET state = 'quiet' WHERE mail_id = ?1 AND state = 'due'",
                [mail_id],
            )?;
            Ok(())
        })
    }

    /// Takes a correction back: its mail, and those that were judged by it, get goen's own verdict
    /// again. Gives the numbers of the latter; nothing if the mail was not corrected.
    pub fn undo_correction(&self, mail_id: i64) -> Result<Option<Vec<i64>>, StoreError> {
        self.write(|sql| {
            if sql.execute("DELETE FROM correction WHERE mail_id = ?1", [mail_id])? == 0 {
                return Ok(None);
            }
            let mut statement = sql.prepare(
                "SELECT id, verdict FROM mail
                 WHERE json_extract(verdict, '$.corrected.key') =
                       (SELECT fingerprint FROM mail WHERE id = ?1) ORDER BY id",
            )?;
            let rows = statement.query_map([mail_id], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })?;
            let mut others = Vec::new();
            for row in rows {
                let (id, verdict) = row?;
                let verdict: Verdict = serde_json::from_str(&verdict)?;
                let Some(corrected) = verdict.corrected else { continue };
                set_verdict(sql, id, &corrected.before)?;
                if id != mail_id {
                    others.push(id);
                }
            }
            Ok(Some(others))
        })
    }
}

fn set_verdict(sql: &Transaction<'_>, mail_id: i64, verdict: &Verdict) -> Result<(), StoreError> {
    sql.execute(
        "UPDATE mail SET outcome = ?2, verdict = ?3 WHERE id = ?1",
        params![mail_id, verdict.outcome.name(), serde_json::to_string(verdict)?],
    )?;
    Ok(())
}
