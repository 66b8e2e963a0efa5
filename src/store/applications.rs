//! Applications: which mail belongs to which, and what the user has put right.
//!
//! A mail is placed in the transaction that stores it. One that came otherwise (from an older goen, by
//! an import), or whose verdict was corrected, is placed at the next look.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{Store, StoreError, StoredMail, raw_mail, seconds, stored_mail, time};
use crate::application::name::{company_key, is_latin};
use crate::application::{Known, Names, Source, Standing, Step, Story, Traits, place};
use crate::classify::{Outcome, Stage};
use crate::mail::MessageId;
use crate::outbox::when::holidays::Calendar;
use crate::silence;

/// How long an application is looked for that a mail may belong to, in seconds: over a year, for those
/// who apply again.
const REMEMBERED: i64 = 400 * 86_400;

/// One step as people name it: a mail's number, and which of several results in it (0: the whole).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepId {
    /// The mail's number.
    pub mail_id: i64,
    /// Counted from 1; 0 is the mail as a whole.
    pub part: u32,
}

impl Store {
    /// All applications with a mail after `since`, the one with the newest mail first.
    pub fn stories(
        &self,
        since: Option<Timestamp>,
        zone: &TimeZone,
        calendar: &Calendar,
    ) -> Result<Vec<Story>, StoreError> {
        self.place_unplaced()?;
        self.read(|sql| {
            let since = since.map_or(i64::MIN, seconds);
            let mut statement = sql.prepare(
                "SELECT application_id FROM step JOIN mail ON mail.id = mail_id
                 GROUP BY application_id HAVING max(received_at) >= ?1
                 ORDER BY max(received_at) DESC, application_id DESC",
            )?;
            let ids = statement.query_map([since], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            ids.into_iter().filter_map(|id| story(sql, id, zone, calendar).transpose()).collect()
        })
    }

    /// The applications that a mail belongs to: several for a mail about several.
    pub fn stories_of(
        &self,
        mail_id: i64,
        zone: &TimeZone,
        calendar: &Calendar,
    ) -> Result<Vec<Story>, StoreError> {
        self.place_unplaced()?;
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT DISTINCT application_id FROM step WHERE mail_id = ?1 ORDER BY part",
            )?;
            let ids = statement.query_map([mail_id], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            ids.into_iter().filter_map(|id| story(sql, id, zone, calendar).transpose()).collect()
        })
    }

    /// One application.
    pub fn story(
        &self,
        id: i64,
        zone: &TimeZone,
        calendar: &Calendar,
    ) -> Result<Option<Story>, StoreError> {
        self.read(|sql| story(sql, id, zone, calendar))
    }

    /// The application that a step belongs to. `part` 0 of a mail about several stands for its only
    /// application, if there is one.
    pub fn application_of(&self, step: StepId) -> Result<Option<i64>, StoreError> {
        self.place_unplaced()?;
        self.read(|sql| {
            let mut statement = sql.prepare(
                "SELECT DISTINCT application_id FROM step
                 WHERE mail_id = ?1 AND (part = ?2 OR ?2 = 0)",
            )?;
            let ids = statement.query_map(params![step.mail_id, step.part], |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            Ok(if let [id] = ids.as_slice() { Some(*id) } else { None })
        })
    }

    /// Makes two applications one; its names, if any, are those of `into`.
    pub fn merge(&self, into: i64, from: i64) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute(
                "UPDATE step SET application_id = ?1, by_user = 1 WHERE application_id = ?2",
                [into, from],
            )?;
            sql.execute("UPDATE step SET by_user = 1 WHERE application_id = ?1", [into])?;
            Ok(())
        })
    }

    /// Makes a step an application of its own, and says which.
    pub fn split(&self, step: StepId) -> Result<i64, StoreError> {
        self.write(|sql| {
            let id = new_application(sql)?;
            sql.execute(
                "UPDATE reminder SET application_id = ?3 WHERE mail_id = ?1 AND (part = ?2 OR ?2 = 0)",
                params![step.mail_id, step.part, id],
            )?;
            sql.execute(
                "UPDATE step SET application_id = ?3, by_user = 1
                 WHERE mail_id = ?1 AND (part = ?2 OR ?2 = 0)",
                params![step.mail_id, step.part, id],
            )?;
            Ok(id)
        })
    }

    /// Gives an application names of the user's own; an empty name takes the own one away.
    pub fn rename(
        &self,
        id: i64,
        company: Option<&str>,
        position: Option<&str>,
    ) -> Result<(), StoreError> {
        self.write(|sql| {
            for (column, name) in [("company", company), ("position", position)] {
                if let Some(name) = name {
                    sql.execute(
                        &format!("UPDATE application SET {column} = nullif(?2, '') WHERE id = ?1"),
                        params![id, name.trim()],
                    )?;
                }
            }
            Ok(())
        })
    }

    /// Puts an application away, or takes it up again.
    pub fn set_closed(&self, id: i64, closed_at: Option<Timestamp>) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute(
                "UPDATE application SET closed_at = ?2, planned = 0 WHERE id = ?1",
                params![id, closed_at.map(seconds)],
            )?;
            Ok(())
        })
    }

    /// Places mails that came otherwise than by [`keep`](Self::keep), and those whose verdict was
    /// corrected since.
    pub fn place_unplaced(&self) -> Result<(), StoreError> {
        let missing = self.read(|sql| {
            Ok::<bool, StoreError>(sql.query_row(
                "SELECT EXISTS (SELECT 1 FROM step WHERE stale = 1)
                     OR EXISTS (SELECT 1 FROM mail WHERE id NOT IN (SELECT mail_id FROM step)
                                AND outcome <> 'unrelated')",
                [],
                |row| row.get(0),
            )?)
        })?;
        if missing { self.write(place_all) } else { Ok(()) }
    }
}

/// Places all mails that have no place, oldest first.
fn place_all(sql: &Transaction<'_>) -> Result<(), StoreError> {
    // A correction leaves what the user has joined together; the rest is looked at anew.
    sql.execute("DELETE FROM step WHERE stale = 1 AND by_user = 0", [])?;
    let mut statement = sql.prepare(
        "SELECT id, account, mailbox, received_at, verdict, mail FROM mail
         WHERE (id NOT IN (SELECT mail_id FROM step) OR id IN (SELECT mail_id FROM step WHERE stale = 1))
           AND outcome <> 'unrelated' ORDER BY received_at, id",
    )?;
    let rows = statement.query_map([], raw_mail)?;
    for row in rows {
        let mail = stored_mail(row?)?;
        place_mail(sql, &mail, mail.received_at)?;
    }
    // A mail that was corrected to be about something else has no place.
    sql.execute("DELETE FROM step WHERE stale = 1", [])?;
    Ok(())
}

fn new_application(sql: &Transaction<'_>) -> Result<i64, StoreError> {
    sql.execute("INSERT INTO application (planned) VALUES (0)", [])?;
    Ok(sql.last_insert_rowid())
}

/// Finds the application of a mail, or begins one; of each application, for a mail about several.
pub(super) fn place_mail(
    sql: &Transaction<'_>,
    mail: &StoredMail,
    found_at: Timestamp,
) -> Result<(), StoreError> {
    let verdict = &mail.verdict;
    if verdict.outcome == Outcome::Unrelated {
        return Ok(());
    }
    let traits = Traits::of(&mail.mail, verdict);
    let withdrawn = silence::confirms_withdrawal(verdict.outcome, &mail.mail.new_text());
    if verdict.outcome != Outcome::Mixed || verdict.results.is_empty() {
        return place_step(sql, mail, 0, &traits, verdict.outcome, withdrawn, found_at);
    }
    for (part, result) in (1..).zip(&verdict.results) {
        let traits = traits.about(result.company.as_deref(), result.position.as_deref());
        place_step(sql, mail, part, &traits, result.outcome, false, found_at)?;
    }
    Ok(())
}

fn place_step(
    sql: &Transaction<'_>,
    mail: &StoredMail,
    part: u32,
    traits: &Traits,
    outcome: Outcome,
    withdrawn: bool,
    found_at: Timestamp,
) -> Result<(), StoreError> {
    let by_user: Option<i64> = sql
        .query_row(
            "SELECT application_id FROM step WHERE mail_id = ?1 AND part = ?2 AND by_user = 1",
            params![mail.id, part],
            |row| row.get(0),
        )
        .optional()?;
    let application = match by_user {
        Some(id) => id,
        None => match place(traits, outcome, mail.received_at, &candidates(sql, traits, mail)?) {
            Some(id) => id,
            None => new_application(sql)?,
        },
    };
    let own = mail.mail.message_id.as_ref().map(MessageId::as_str);
    let thread: Vec<&str> = traits.thread.iter().map(String::as_str).chain(own).collect();
    sql.execute(
        "INSERT INTO step (mail_id, part, application_id, outcome, withdrawn, company, position, domain, thread, found_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT DO UPDATE SET stale = 0, outcome = excluded.outcome, withdrawn = excluded.withdrawn,
             company = excluded.company, position = excluded.position",
        params![
            mail.id,
            part,
            application,
            outcome.name(),
            withdrawn,
            traits.company,
            traits.position,
            traits.domain,
            serde_json::to_string(&thread)?,
            seconds(found_at),
        ],
    )?;
    Ok(())
}

/// The applications that share a name, a domain or a thread with a mail.
fn candidates(
    sql: &Transaction<'_>,
    traits: &Traits,
    mail: &StoredMail,
) -> Result<Vec<Known>, StoreError> {
    // With no name and nothing else to go by, nothing is found; an English name is found by domain, or
    // where the user has said whose it is.
    let names = names_of(sql, &traits.company)?;
    let mut statement = sql.prepare_cached(
        "SELECT application_id, step.company, step.position, domain, thread, step.outcome, withdrawn,
                received_at, closed_at
         FROM step JOIN mail ON mail.id = mail_id JOIN application ON application.id = application_id
         WHERE application_id IN (
             SELECT application_id FROM step WHERE company IN (SELECT value FROM json_each(?1))
             UNION SELECT application_id FROM step WHERE domain = ?2 AND domain <> ''
             UNION SELECT application_id FROM step, json_each(step.thread) AS own
                   WHERE own.value IN (SELECT value FROM json_each(?3)))
           AND received_at BETWEEN ?4 AND ?5
         ORDER BY received_at, mail_id, part",
    )?;
    let at = seconds(mail.received_at);
    let rows = statement.query_map(
        params![
            serde_json::to_string(&names)?,
            traits.domain,
            serde_json::to_string(&traits.thread)?,
            at.saturating_sub(REMEMBERED),
            at.saturating_add(REMEMBERED),
        ],
        |row| {
            let light = Light {
                outcome: row.get(5)?,
                withdrawn: row.get(6)?,
                at: row.get(7)?,
                closed_at: row.get(8)?,
            };
            let traits: [String; 4] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((row.get::<_, i64>(0)?, traits, light))
        },
    )?;
    let mut known: BTreeMap<i64, (Known, Vec<Light>)> = BTreeMap::new();
    for row in rows {
        let (id, [company, position, domain, thread], light) = row?;
        let (known, steps) = known.entry(id).or_default();
        known.id = id;
        for (into, text) in [
            (&mut known.companies, company),
            (&mut known.positions, position),
            (&mut known.domains, domain),
        ] {
            if !text.is_empty() && !into.contains(&text) {
                into.push(text);
            }
        }
        known.thread.extend(serde_json::from_str::<Vec<String>>(&thread)?);
        steps.push(light);
    }
    for (known, _steps) in known.values_mut() {
        if known.companies.iter().any(|name| names.contains(name))
            && !known.companies.contains(&traits.company)
        {
            known.companies.push(traits.company.clone());
        }
    }
    Ok(known.into_values().map(|(known, steps)| stands(known, &steps)).collect())
}

/// The names by which the mails of a company go: the one given, and the one in the other script that the
/// user has put beside it (`goen app merge`, `rename`). Taken apart again, they are strangers again.
fn names_of(sql: &Transaction<'_>, company: &str) -> Result<Vec<String>, StoreError> {
    if company.is_empty() {
        return Ok(Vec::new());
    }
    let mut names = vec![company.to_owned()];
    let mut statement = sql.prepare_cached(
        "SELECT DISTINCT one.company, other.company
         FROM step AS one JOIN step AS other ON other.application_id = one.application_id
         WHERE one.by_user = 1 AND other.by_user = 1 AND other.company <> '' AND one.company <> ''
         UNION SELECT DISTINCT application.company, step.company
         FROM application JOIN step ON step.application_id = application.id
         WHERE application.company IS NOT NULL AND step.company <> ''",
    )?;
    let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for pair in pairs {
        let (one, other): (String, String) = pair?;
        let (one, other) = (company_key(&one), company_key(&other));
        let partner = match () {
            () if one == company => other,
            () if other == company => one,
            () => continue,
        };
        // Two names in one script are two companies more often than one, and a slip is soon made.
        if is_latin(&partner) != is_latin(company) && !names.contains(&partner) {
            names.push(partner);
        }
    }
    Ok(names)
}

/// What of a step says how an application stands.
struct Light {
    outcome: String,
    withdrawn: bool,
    at: i64,
    closed_at: Option<i64>,
}

fn stands(known: Known, steps: &[Light]) -> Known {
    let closed_at = steps.last().and_then(|step| step.closed_at).map(time);
    let steps = steps.iter().map(|step| Step {
        at: time(step.at),
        withdrawn: step.withdrawn,
        ..Step::of(0, outcome(&step.outcome), Stage::Unknown)
    });
    let story = Story::new(known.id, Names::default(), closed_at, steps.collect());
    Known {
        last_at: story.steps.last().map_or(Timestamp::MIN, |step| step.at),
        has_ended: story.has_ended(),
        was_declined: matches!(
            story.standing(),
            Standing::Told(Outcome::Declined) | Standing::Withdrawn | Standing::Closed
        ),
        ..known
    }
}

/// An outcome by its name; one of another version is neutral.
pub(super) fn outcome(name: &str) -> Outcome {
    let known = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
    known.unwrap_or(Outcome::Unsure)
}

fn story(
    sql: &Transaction<'_>,
    id: i64,
    zone: &TimeZone,
    calendar: &Calendar,
) -> Result<Option<Story>, StoreError> {
    let head = sql
        .query_row(
            "SELECT company, position, closed_at FROM application WHERE id = ?1",
            [id],
            |row: &Row<'_>| {
                let closed_at: Option<i64> = row.get(2)?;
                let names = Names { company: row.get(0)?, position: row.get(1)? };
                Ok((names, closed_at.map(time)))
            },
        )
        .optional()?;
    let Some((names, closed_at)) = head else { return Ok(None) };
    let mut statement = sql.prepare_cached(
        "SELECT mail.id, account, mailbox, received_at, verdict, mail, part, found_at
         FROM step JOIN mail ON mail.id = mail_id WHERE application_id = ?1",
    )?;
    let rows = statement.query_map([id], |row| {
        Ok((raw_mail(row)?, row.get::<_, u32>(6)?, row.get::<_, i64>(7)?))
    })?;
    let mut steps = Vec::new();
    for row in rows {
        let (raw, part, found_at) = row?;
        let StoredMail { id: mail_id, received_at: at, verdict, mail, .. } = stored_mail(raw)?;
        let found_at = time(found_at);
        let source = Source { mail_id, part, at, found_at, mail: &mail, verdict: &verdict };
        steps.extend(Step::read(&source, zone, calendar));
    }
    Ok((!steps.is_empty()).then(|| Story::new(id, names, closed_at, steps)))
}
