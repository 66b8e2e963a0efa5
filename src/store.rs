//! The store: all SQL, one SQLite file, the only truth the daemon and the command line share.
//!
//! `synchronous=FULL`: with less, a power cut could roll a reply in `sending` back to `approved`,
//! and it would go out twice. A mail's verdict, the intent to tell about it and the mailbox's
//! cursor move in one transaction: no mail is missed, none is told twice. These, which the server
//! would tell again, do not wait for the disk ([`Store::note`]): that takes longer than all the rest
//! between a mail and its notification.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::mem::discriminant;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
pub(crate) use rusqlite::Transaction;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::classify::{Outcome, Verdict};
use crate::imap::Health;
use crate::imap::cursor::{Cursor, Uid, UidValidity};
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::{Mail, MessageId};
use crate::say;

mod applications;
pub mod carry;
mod corrections;
mod events;
mod forget;
mod memos;
pub(crate) mod outbox;
mod people;
mod reminders;
mod sound;
mod telling;

pub use self::applications::StepId;
pub use self::events::{Event, What};
pub use self::forget::{Forget, Forgotten};
pub use self::memos::StoredMemo;
pub use self::outbox::{End, Unsaid};
pub use self::reminders::Reminder;
pub use self::sound::Rebuilt;

/// All migrations, oldest first; `PRAGMA user_version` counts those that ran.
const MIGRATIONS: &[&str] = &[
    include_str!("store/migrations/0001_start.sql"),
    include_str!("store/migrations/0002_own.sql"),
    include_str!("store/migrations/0003_first_look.sql"),
    include_str!("store/migrations/0004_applications.sql"),
    include_str!("store/migrations/0005_corrections.sql"),
    include_str!("store/migrations/0006_word.sql"),
];

/// How long one process waits for another's transaction. Each takes milliseconds.
const BUSY_LIMIT: Duration = Duration::from_secs(10);

/// How often opening is tried while another process is making the store.
const OPEN_TRIES: u32 = 50;

/// The pause between two such tries.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// What goes wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own words.
    #[error("the store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored value has a form this version does not know.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The file was written by a newer goen.
    #[error("{} was written by a newer goen (form {found}; this one knows {known})", path.display())]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// The form found in it.
        found: u32,
        /// The newest form known here.
        known: u32,
    },
    /// The folder or file cannot be made or opened.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was to be opened.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl Explain for StoreError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Newer { path, .. } => Explanation::new(say!(
                lang,
                "{path} は新しい版の goen が書いたものです。この版では開きません",
                "{path} was written by a newer goen; this version does not open it",
                path = path.display()
            ))
            .hint(say!(
                lang,
                "goen を更新してください。記録はそのまま残っています",
                "update goen; nothing was changed in the file"
            )),
            Self::Io { path, source } => Explanation::new(say!(
                lang,
                "{path} を開けません：{source}",
                "{path} cannot be opened: {source}",
                path = path.display()
            ))
            .hint(say!(
                lang,
                "フォルダーの持ち主と空き容量を確かめてください",
                "check who owns the folder, and that there is space left"
            )),
            Self::Sqlite(error) if self.is_damage() => Explanation::new(say!(
                lang,
                "記録（goen.db）が壊れています：{error}",
                "the store (goen.db) is damaged: {error}"
            ))
            .hint(say!(
                lang,
                "`systemctl --user restart goen` で、壊れたファイルを脇に置き、残っているものを移して作り直します",
                "`systemctl --user restart goen` sets the damaged file aside, saves what it still has, and builds it anew"
            )),
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                Explanation::new(say!(
                    lang,
                    "ディスクに空きがないため、記録（goen.db）に書けません",
                    "the disk is full: the store (goen.db) cannot be written"
                ))
                .hint(say!(
                    lang,
                    "空きを作ってください。失われたものはありません。goen は自分で続きから始めます",
                    "make some room; nothing was lost, and goen goes on by itself where it stopped"
                ))
            }
            Self::Sqlite(error) => Explanation::new(say!(
                lang,
                "記録（goen.db）を読み書きできません：{error}",
                "the store (goen.db) cannot be read or written: {error}"
            ))
            .hint(say!(
                lang,
                "空き容量と、ほかのプログラムがファイルを使っていないかを確かめてください",
                "check the space left, and that no other program holds the file"
            )),
            Self::Json(error) => Explanation::new(say!(
                lang,
                "記録の一部を読めません：{error}",
                "a stored value cannot be read: {error}"
            )),
        }
    }
}

/// A handle on the store; cheap to clone, all clones share one connection.
#[derive(Debug, Clone)]
pub struct Store {
    // A std mutex: no guard is held across an await, and each transaction takes milliseconds.
    connection: Arc<Mutex<Connection>>,
}

/// A mail that was found, with what it says.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its UID in the mailbox.
    pub uid: Uid,
    /// When the server received it, else when it was read.
    pub received_at: Timestamp,
    /// The mail as it was read.
    pub mail: Mail,
    /// What it says.
    pub verdict: Verdict,
}

/// What one batch of a mailbox brought.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Mails about an application; unrelated ones are left out by the caller.
    pub found: Vec<Found>,
    /// Messages that could not be read, and why.
    pub set_aside: Vec<(Uid, String)>,
}

/// A stored mail.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMail {
    /// The number people type: never reused.
    pub id: i64,
    /// The account it came to.
    pub account: String,
    /// The mailbox it was found in.
    pub mailbox: String,
    /// When the server received it.
    pub received_at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
    /// The mail as it was read.
    pub mail: Mail,
}

/// One account's health and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountStatus {
    /// The account's name in the configuration.
    pub name: String,
    /// How it is doing.
    #[serde(flatten)]
    pub health: Health,
    /// Since when it has been in that state.
    pub since: Timestamp,
}

/// What the user was told of an account that nothing is received from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It cannot be reached.
    Unreachable,
    /// It waits for the user.
    Stopped,
}

impl Told {
    fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Stopped => "stopped",
        }
    }
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// The account it came to.
    pub account: String,
    /// The mailbox it is in.
    pub mailbox: String,
    /// Its UID there.
    pub uid: u32,
    /// Why it could not be read.
    pub why: String,
}

/// Whether results of a batch are told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announce {
    /// Tell, at this time or later.
    From(Timestamp),
    /// Only keep: the first look back must not flood the screen.
    Quietly,
}

/// Seconds since 1970, as SQL keeps times.
fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}

/// A time that SQL kept.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

impl Store {
    /// Opens the store at `path`, and makes it (0600, in a 0700 folder) if it is not there.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { path, source }
        };
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io(folder))?;
        }
        // Made by us first, so that it is never readable by others, not even for a moment.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io(path))?;
        let permissions = file.metadata().map_err(io(path))?.permissions();
        if permissions.mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(io(path))?;
        }
        drop(file);
        // SQLite does not wait, whatever its busy time-out, where two processes make a store or
        // switch it to WAL at the same moment: it could be a deadlock. It is not; the other is done soon.
        for _ in 0..OPEN_TRIES {
            match Self::prepare(Connection::open(path)?, path) {
                Err(StoreError::Sqlite(error))
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
                {
                    std::thread::sleep(OPEN_PAUSE);
                }
                done => return done,
            }
        }
        Self::prepare(Connection::open(path)?, path)
    }

    /// A store in memory, for tests.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?, Path::new(":memory:"))
    }

    fn prepare(mut connection: Connection, path: &Path) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY_LIMIT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is overwritten, and no copy of it lands in a temporary file.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // 256 KiB: the store is small, and the daemon is to stay so.
        connection.pragma_update(None, "cache_size", -256)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let mut form = 0;
        for migration in MIGRATIONS {
            form += 1;
            if form > done {
                transaction.execute_batch(migration)?;
            }
        }
        if done > form {
            return Err(StoreError::Newer { path: path.to_owned(), found: done, known: form });
        }
        // Nothing is written where there is nothing to write: a full disk can still be read.
        if done < form {
            transaction.pragma_update(None, "user_version", form)?;
        }
        transaction.commit()?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs `work` in one write transaction: all of it is stored, or nothing. It is on the disk
    /// when this returns.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact("FULL", work)
    }

    /// Like [`Store::write`], but it is on the disk with the next `write` only. For what is found out
    /// again if the power fails before that: transactions stay in order, so what is lost are the last ones,
    /// as if they had not been. If only goen ends, nothing is lost.
    pub(crate) fn note<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact("NORMAL", work)
    }

    fn transact<T, E: From<StoreError>>(
        &self,
        synchronous: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // A panic in `work` rolls its transaction back, so the connection behind it is sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.pragma_update(None, "synchronous", synchronous).map_err(StoreError::from)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let value = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// Runs `work` on one consistent view of the store.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(StoreError::from)?;
        work(&transaction)
    }

    /// How far `mailbox` has been read; `None` before the first look.
    pub fn cursor(&self, account: &str, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        self.read(|sql| {
            let cursor = sql
                .query_row(
                    "SELECT uid_validity, last_uid, old_up_to FROM mailbox WHERE account = ?1 AND name = ?2",
                    params![account, mailbox],
                    |row| {
                        Ok(Cursor {
                            uid_validity: UidValidity(row.get(0)?),
                            last_uid: row.get(1)?,
                            old_up_to: row.get(2)?,
                        })
                    },
                )
                .optional()?;
            Ok(cursor)
        })
    }

    /// Keeps what a batch brought and moves the cursor, in one transaction. Returns the ids of
    /// mails that were not known before; a mail found twice (another mailbox, another account, a
    /// mailbox that was rebuilt) is one.
    pub fn keep(
        &self,
        account: &str,
        mailbox: &str,
        batch: &Batch,
        cursor: Cursor,
        announce: Announce,
        now: Timestamp,
    ) -> Result<Vec<i64>, StoreError> {
        self.note(|sql| {
            let mut new = Vec::new();
            for found in &batch.found {
                if let Some(id) = insert_mail(sql, account, mailbox, found)? {
                    if found.verdict.outcome.is_result() || found.verdict.outcome == Outcome::Unsure
                    {
                        intend_notification(sql, id, announce, now)?;
                    }
                    events::found(sql, account, id, announce == Announce::Quietly, now)?;
                    let Found { received_at, mail, verdict, .. } = found.clone();
                    let (account, mailbox) = (account.to_owned(), mailbox.to_owned());
                    let mail = StoredMail { id, account, mailbox, received_at, verdict, mail };
                    applications::place_mail(sql, &mail, now)?;
                    new.push(id);
                }
            }
            for (uid, why) in &batch.set_aside {
                set_aside(sql, account, mailbox, *uid, why, now)?;
            }
            sql.execute(
                "INSERT INTO mailbox (account, name, uid_validity, last_uid, old_up_to)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET uid_validity = excluded.uid_validity,
                     last_uid = excluded.last_uid, old_up_to = excluded.old_up_to",
                params![account, mailbox, cursor.uid_validity.0, cursor.last_uid, cursor.old_up_to],
            )?;
            Ok(new)
        })
    }

    /// Notes one message that could not be read.
    pub fn set_aside_one(
        &self,
        account: &str,
        mailbox: &str,
        uid: Uid,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.note(|sql| set_aside(sql, account, mailbox, uid, why, now))
    }

    /// One stored mail.
    pub fn mail(&self, id: i64) -> Result<Option<StoredMail>, StoreError> {
        self.read(|sql| {
            let row = sql
                .query_row(
                    "SELECT id, account, mailbox, received_at, verdict, mail FROM mail WHERE id = ?1",
                    [id],
                    raw_mail,
                )
                .optional()?;
            row.map(stored_mail).transpose()
        })
    }

    /// Stored mails of `outcomes`, newest first, at most `limit`.
    pub fn mails(&self, outcomes: &[Outcome], limit: u32) -> Result<Vec<StoredMail>, StoreError> {
        self.read(|sql| {
            let mut names = String::new();
            for outcome in outcomes {
                let separator = if names.is_empty() { "" } else { "," };
                // Names of an enum of ours: nothing to escape.
                let _ = write!(names, "{separator}'{}'", outcome.name());
            }
            let mut statement = sql.prepare(&format!(
                "SELECT id, account, mailbox, received_at, verdict, mail FROM mail
                 WHERE outcome IN ({names}) ORDER BY received_at DESC, id DESC LIMIT ?1"
            ))?;
            let rows = statement.query_map([limit], raw_mail)?;
            rows.map(|row| stored_mail(row?)).collect()
        })
    }

    /// How many mails of each outcome are stored.
    pub fn counts(&self) -> Result<Vec<(String, u32)>, StoreError> {
        self.read(|sql| {
            let mut statement = sql
                .prepare("SELECT outcome, count(*) FROM mail GROUP BY outcome ORDER BY outcome")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Notes how an account is doing; `since` stays while the kind of state stays.
    pub fn set_health(
        &self,
        account: &str,
        health: &Health,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.note(|sql| {
            let before: Option<(String, i64)> = sql
                .query_row("SELECT health, since FROM account WHERE name = ?1", [account], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            let earlier = match before {
                Some((stored, since)) => {
                    let before: Health = serde_json::from_str(&stored)?;
                    // As it was before a restart, mostly: then nothing is written.
                    if before == *health {
                        return Ok(());
                    }
                    // `since` stays while the kind of state stays.
                    let same = discriminant(&before) == discriminant(health);
                    same.then_some(since)
                }
                None => None,
            };
            if earlier.is_none() {
                events::health(sql, account, health, now)?;
            }
            let since = earlier.unwrap_or(seconds(now));
            sql.execute(
                "INSERT INTO account (name, health, since, changed_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET health = excluded.health, since = excluded.since,
                                           changed_at = excluded.changed_at",
                params![account, serde_json::to_string(health)?, since, seconds(now)],
            )?;
            Ok(())
        })
    }

    /// How the accounts are doing, by name.
    pub fn accounts(&self) -> Result<Vec<AccountStatus>, StoreError> {
        self.read(|sql| {
            let mut statement =
                sql.prepare("SELECT name, health, since FROM account ORDER BY name")?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })?;
            rows.map(|row| {
                let (name, health, since) = row?;
                Ok(AccountStatus {
                    name,
                    health: serde_json::from_str(&health)?,
                    since: time(since),
                })
            })
            .collect()
        })
    }

    /// What the user was last told of the account's blindness.
    pub fn told(&self, account: &str) -> Result<Option<Told>, StoreError> {
        self.read(|sql| {
            let told: Option<Option<String>> = sql
                .query_row("SELECT told FROM account WHERE name = ?1", [account], |row| row.get(0))
                .optional()?;
            Ok(match told.flatten().as_deref() {
                Some("stopped") => Some(Told::Stopped),
                Some(_) => Some(Told::Unreachable),
                None => None,
            })
        })
    }

    /// Notes what the user is told of the account's blindness; `None` when it is well again. Noted
    /// before it is shown, so that no restart says it twice.
    pub fn set_told(&self, account: &str, told: Option<Told>) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute(
                "UPDATE account SET told = ?2 WHERE name = ?1",
                params![account, told.map(Told::name)],
            )?;
            Ok(())
        })
    }

    /// Messages that could not be read, newest first.
    pub fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        self.read(|sql| {
            let mut statement =
                sql.prepare("SELECT account, mailbox, uid, why FROM set_aside ORDER BY at DESC, uid DESC LIMIT 50")?;
            let rows = statement.query_map([], |row| {
                Ok(SetAside { account: row.get(0)?, mailbox: row.get(1)?, uid: row.get(2)?, why: row.get(3)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn insert_mail(
    sql: &Transaction<'_>,
    account: &str,
    mailbox: &str,
    found: &Found,
) -> Result<Option<i64>, StoreError> {
    // The user wanted it forgotten: it does not come back.
    let fingerprint = fingerprint(&found.mail);
    let is_forgotten: bool = sql.query_row(
        "SELECT EXISTS (SELECT 1 FROM forgotten WHERE fingerprint = ?1)",
        [&fingerprint],
        |row| row.get(0),
    )?;
    if is_forgotten {
        return Ok(None);
    }
    let id = sql
        .query_row(
            "INSERT INTO mail (account, mailbox, uid, fingerprint, message_id, received_at, outcome, verdict, mail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (fingerprint) DO NOTHING RETURNING id",
            params![
                account,
                mailbox,
                found.uid.0,
                fingerprint,
                found.mail.message_id.as_ref().map(MessageId::as_str),
                seconds(found.received_at),
                found.verdict.outcome.name(),
                serde_json::to_string(&found.verdict)?,
                serde_json::to_string(&found.mail)?,
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(id)
}

fn set_aside(
    sql: &Transaction<'_>,
    account: &str,
    mailbox: &str,
    uid: Uid,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO set_aside (account, mailbox, uid, why, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET why = excluded.why, at = excluded.at",
        params![account, mailbox, uid.0, why, seconds(now)],
    )?;
    Ok(())
}

fn intend_notification(
    sql: &Transaction<'_>,
    mail_id: i64,
    announce: Announce,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (state, due_at) = match announce {
        Announce::From(due_at) => ("due", due_at),
        Announce::Quietly => ("quiet", now),
    };
    sql.execute(
        "INSERT INTO notification (mail_id, state, due_at) VALUES (?1, ?2, ?3)",
        params![mail_id, state, seconds(due_at)],
    )?;
    Ok(())
}

/// What makes a mail the same mail when it is met again: its Message-ID and its content. The
/// Message-ID alone would not do: some senders use one twice, and some mails have none.
fn fingerprint(mail: &Mail) -> String {
    let mut hash = Sha256::new();
    let date = mail.date.map_or_else(String::new, |date| date.to_string());
    let from = mail.author().map_or("", |author| author.addr_spec.as_str());
    let id = mail.message_id.as_ref().map_or("", MessageId::as_str);
    for field in [id, &date, from, &mail.subject, &mail.new_text()] {
        hash.update(field.len().to_le_bytes());
        hash.update(field);
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A row as SQL gives it, before its JSON is read.
struct RawMail {
    id: i64,
    account: String,
    mailbox: String,
    received_at: i64,
    verdict: String,
    mail: String,
}

fn raw_mail(row: &Row<'_>) -> rusqlite::Result<RawMail> {
    Ok(RawMail {
        id: row.get(0)?,
        account: row.get(1)?,
        mailbox: row.get(2)?,
        received_at: row.get(3)?,
        verdict: row.get(4)?,
        mail: row.get(5)?,
    })
}

fn stored_mail(raw: RawMail) -> Result<StoredMail, StoreError> {
    Ok(StoredMail {
        id: raw.id,
        account: raw.account,
        mailbox: raw.mailbox,
        received_at: time(raw.received_at),
        verdict: serde_json::from_str(&raw.verdict)?,
        mail: serde_json::from_str(&raw.mail)?,
    })
}

#[cfg(test)]
mod tests;
