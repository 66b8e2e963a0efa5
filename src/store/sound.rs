//! A store that lasts: looked over at the start, set aside when it is damaged, saved what can be
//! saved of, and rebuilt from the mail servers.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, params};
use serde::{Deserialize, Serialize};

use super::carry::{Carried, beside};
use super::{BUSY_LIMIT, Store, StoreError, seconds, time};
use crate::lang::Lang;
use crate::say;

/// A store that was damaged, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuilt {
    /// When that was found.
    pub at: Timestamp,
    /// Where the damaged file is now.
    pub set_aside: PathBuf,
    /// What is wrong with it, in SQLite's words.
    pub why: String,
    /// Mails that could be saved.
    pub mails: usize,
    /// Approved replies that have to be approved again.
    pub to_approve: usize,
    /// Replies of which nobody knows whether they arrived.
    pub uncertain: usize,
    /// Rows that could not be saved; none if that cannot be told.
    pub lost: Option<usize>,
}

impl Rebuilt {
    /// What a notification says: its summary and its body.
    #[must_use]
    pub fn said(&self, lang: Lang) -> (String, String) {
        let summary = say!(lang, "goen の記録を作り直しました", "goen's store was rebuilt");
        (summary, self.sentences(lang))
    }

    /// What happened, and what the user may have to do.
    #[must_use]
    pub fn sentences(&self, lang: Lang) -> String {
        let Self { mails, to_approve, uncertain, .. } = self;
        let mut said = say!(
            lang,
            "記録のファイルが壊れていたので脇に置き、{mails} 通ぶんを移しました。足りないものはメールサーバーから読み直します。",
            "Its file was damaged and set aside; {mails} email(s) were saved, and what is missing is read from your mail server again."
        );
        let mut add = |more: String| {
            if lang == Lang::En {
                said.push(' ');
            }
            said.push_str(&more);
        };
        if *to_approve > 0 {
            add(say!(
                lang,
                "承認済みだった返信 {to_approve} 通は、送らずに下書きに戻しました（goen review）。",
                "{to_approve} approved reply(s) went back to drafts, unsent: see goen review."
            ));
        }
        if *uncertain > 0 {
            add(say!(
                lang,
                "届いたか分からない返信が {uncertain} 通あります（goen settle）。",
                "goen does not know whether {uncertain} reply(s) arrived: see goen settle."
            ));
        }
        match self.lost {
            None => add(say!(
                lang,
                "読めない部分があったため、下書き、承認、メモの一部が失われたかもしれません。",
                "Parts of it could not be read: drafts, approvals or notes may be lost."
            )),
            Some(0) => {}
            Some(lost) => add(say!(
                lang,
                "読めなかった項目が {lost} 件あります。",
                "{lost} item(s) could not be read."
            )),
        }
        said
    }
}

impl Store {
    /// Opens the store as [`open`](Self::open) does, after a look over the whole file. One that is
    /// damaged is set aside, and what it still has is taken into a new one. The caller holds the
    /// daemon's lock: nobody else may have the file open.
    pub fn open_sound(path: &Path, now: Timestamp) -> Result<(Self, Option<Rebuilt>), StoreError> {
        let Some(why) = damage(path)? else {
            return Ok((Self::open(path)?, None));
        };
        let set_aside = set_aside(path, now)?;
        let store = Self::open(path)?;
        // What cannot be read at all has been set aside all the same.
        let saved = store.save_from(&set_aside).ok();
        let lost = saved.filter(|saved| !saved.torn).map(|saved| saved.dropped);
        let Carried { mails, to_approve, uncertain, .. } = saved.unwrap_or_default();
        let rebuilt = Rebuilt { at: now, set_aside, why, mails, to_approve, uncertain, lost };
        store.note_rebuilt(&rebuilt)?;
        Ok((store, Some(rebuilt)))
    }

    fn note_rebuilt(&self, rebuilt: &Rebuilt) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute(
                "INSERT INTO rebuilt (at, what) VALUES (?1, ?2)",
                params![seconds(rebuilt.at), serde_json::to_string(rebuilt)?],
            )?;
            Ok(())
        })
    }

    /// What was rebuilt since then, latest first.
    pub fn rebuilt_since(&self, since: Timestamp) -> Result<Vec<Rebuilt>, StoreError> {
        self.read(|sql| {
            let mut statement =
                sql.prepare("SELECT what FROM rebuilt WHERE at >= ?1 ORDER BY at DESC, id DESC")?;
            let rows = statement.query_map([seconds(since)], |row| row.get::<_, String>(0))?;
            rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
        })
    }

    /// When the store was last rebuilt without the user having been told by a notification.
    pub fn untold_rebuilt(&self) -> Result<Option<Rebuilt>, StoreError> {
        let told: i64 = self.read(|sql| {
            let query = "SELECT coalesce(max(at), 0) FROM rebuilt WHERE told = 0";
            Ok::<_, StoreError>(sql.query_row(query, [], |row| row.get(0))?)
        })?;
        if told == 0 {
            return Ok(None);
        }
        Ok(self.rebuilt_since(time(told))?.into_iter().next())
    }

    /// Notes that the user was told.
    pub fn mark_rebuilt_told(&self) -> Result<(), StoreError> {
        self.write(|sql| {
            sql.execute("UPDATE rebuilt SET told = 1", [])?;
            Ok(())
        })
    }
}

impl StoreError {
    /// Whether the file is damaged: trying again will not help, rebuilding will.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Sqlite(error) if is_damage(error))
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// What is wrong with the file; nothing if it is sound or not there.
fn damage(path: &Path) -> Result<Option<String>, StoreError> {
    match std::fs::metadata(path) {
        Ok(file) if file.len() > 0 => {}
        _ => return Ok(None),
    }
    let look = || -> rusqlite::Result<String> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_LIMIT)?;
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
    };
    match look() {
        Ok(verdict) if verdict == "ok" => Ok(None),
        Ok(verdict) => Ok(Some(verdict)),
        Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Moves the file, and the log of its last changes, to a name that nothing else has.
fn set_aside(path: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let names = (1..).map(|number| match number {
        1 => beside(path, &format!(".damaged-{stamp}")),
        number => beside(path, &format!(".damaged-{stamp}-{number}")),
    });
    let mut free = names.filter(|name| !name.exists());
    let Some(target) = free.next() else { return Ok(path.to_owned()) };
    let failed = |source| StoreError::Io { path: path.to_owned(), source };
    let wal = beside(path, "-wal");
    if wal.exists() {
        std::fs::rename(&wal, beside(&target, "-wal")).map_err(failed)?;
    }
    std::fs::rename(path, &target).map_err(failed)?;
    // Only an index into the log; made anew where it is needed.
    let _ = std::fs::remove_file(beside(path, "-shm"));
    Ok(target)
}

/// Files beside the store that were set aside.
pub(super) fn set_aside_files(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = path.parent() else { return Vec::new() };
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            entry.file_name().to_string_lossy().starts_with(&format!("{name}.damaged-"))
        })
        .map(|entry| entry.path())
        .collect()
}
