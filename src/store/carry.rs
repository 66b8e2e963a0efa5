//! Rows carried from one store to another: an export that is imported, a damaged file that is saved
//! what can be saved of.
//!
//! Knows no table by name but for what must not be carried as it is: nothing that comes from
//! elsewhere is ever sent without a new approval (the other store may have sent it), and nothing
//! old is told as if it were news. Tables, keys and references are read from the schema, so a table
//! that a later version adds is carried, too.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{MIGRATIONS, Store, StoreError};
use crate::classify::Verdict;
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::Mail;
use crate::say;

/// Columns that hold JSON: exported as JSON, so that nobody need read it out of a string.
const JSON: [(&str, &str); 6] = [
    ("mail", "mail"),
    ("mail", "verdict"),
    ("draft", "draft"),
    ("correction", "template"),
    ("account", "health"),
    ("event", "health"),
];

/// What must not be carried as it is; see the module.
const TAMED: &str = "
    UPDATE outbox SET state = 'withdrawn' WHERE state = 'approved';
    UPDATE outbox SET state = 'uncertain' WHERE state = 'sending';
    UPDATE notification SET state = 'quiet' WHERE state = 'due';
    DELETE FROM filing;
    DELETE FROM word;
    DELETE FROM quiet;
    DELETE FROM account;
    DELETE FROM rebuilt;
    DELETE FROM event WHERE mail_id IS NULL;";

/// Everything in a store, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dump {
    /// The version of this way to write a store down.
    pub goen_export: u32,
    /// How many migrations the store has seen.
    pub form: u32,
    /// The rows of each table.
    pub tables: BTreeMap<String, Vec<Map<String, Value>>>,
}

/// The version of [`Dump`].
const VERSION: u32 = 1;

/// What came of carrying.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Mails that were not here.
    pub mails: usize,
    /// Mails that were here already.
    pub known: usize,
    /// Approved replies that have to be approved again.
    pub to_approve: usize,
    /// Replies of which nobody knows whether they arrived.
    pub uncertain: usize,
    /// Rows that could not be read or do not fit.
    pub dropped: usize,
    /// Some of the other store could not be read, and nobody knows how much that was.
    pub torn: bool,
}

/// Why an export cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// It is no export of goen's.
    #[error("this is no export of goen: {0}")]
    NotOurs(String),
    /// A newer goen wrote it.
    #[error("this export was written by a newer goen (form {0})")]
    Newer(u32),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for CarryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Explain for CarryError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::NotOurs(words) => Explanation::new(say!(
                lang,
                "goen の書き出しとして読めません：{words}",
                "this is no export of goen: {words}"
            ))
            .hint(say!(
                lang,
                "`goen export` が書いた JSON か、`goen backup` が書いたファイルを指定してください",
                "give the JSON that `goen export` wrote, or the file that `goen backup` wrote"
            )),
            Self::Newer(_) => Explanation::new(say!(
                lang,
                "新しい版の goen が書き出したものです",
                "a newer goen wrote this"
            ))
            .hint(say!(lang, "goen を更新してください", "update goen")),
            Self::Store(error) => error.explain(lang),
        }
    }
}

impl Store {
    /// Everything that is stored, as data.
    pub fn dump(&self) -> Result<Dump, StoreError> {
        self.read(|sql| {
            let form = sql.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            let mut tables = BTreeMap::new();
            for table in Schema::read(sql)?.tables {
                let mut rows = Vec::new();
                let mut statement =
                    sql.prepare(&format!("SELECT * FROM \"{}\" ORDER BY rowid", table.name))?;
                let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
                let mut found = statement.query([])?;
                while let Some(row) = found.next()? {
                    let mut entry = Map::new();
                    for (number, column) in columns.iter().enumerate() {
                        entry
                            .insert(column.clone(), to_json(&table.name, column, row.get(number)?));
                    }
                    rows.push(entry);
                }
                tables.insert(table.name, rows);
            }
            Ok(Dump { goen_export: VERSION, form, tables })
        })
    }

    /// Takes an export in: what is here already stays as it is.
    pub fn import(&self, dump: &Dump) -> Result<Carried, CarryError> {
        let staging = staged(dump)?;
        self.take_in(&staging, Carried::default())
    }

    /// Takes a backup in, or another store's file; the file is not changed.
    pub fn import_file(&self, path: &std::path::Path) -> Result<Carried, CarryError> {
        let (staging, carried) = salvaged(path)?;
        self.take_in(&staging, carried)
    }

    /// Takes in what a store that is damaged still has: all but how far mailboxes were read, so that
    /// what is missing is fetched again.
    pub(super) fn save_from(&self, path: &std::path::Path) -> Result<Carried, CarryError> {
        let (staging, carried) = salvaged(path)?;
        staging.execute_batch("DELETE FROM mailbox")?;
        self.take_in(&staging, carried)
    }

    /// A copy of the store in the file at `path`, which is empty: consistent, whoever is writing.
    ///
    /// What is approved may have left by the time the copy is put back in the store's place: there it has
    /// been stale since 1970, so it is asked for again, and not sent.
    pub fn back_up(&self, path: &std::path::Path) -> Result<(), StoreError> {
        let connection = self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        let copy = Connection::open(path)?;
        copy.execute("UPDATE outbox SET planned_at = 0 WHERE state = 'approved'", [])?;
        Ok(())
    }

    fn take_in(&self, staging: &Connection, mut carried: Carried) -> Result<Carried, CarryError> {
        let count = |state: &str| -> rusqlite::Result<usize> {
            let query = "SELECT count(*) FROM outbox WHERE state = ?1";
            staging.query_row(query, [state], |row| row.get::<_, u32>(0)).map(|n| n as usize)
        };
        let approved = count("approved")?;
        carried.uncertain = count("sending")? + count("uncertain")?;
        carried.to_approve = approved;
        staging.execute_batch(TAMED)?;
        self.write(|sql| {
            let mut merge = Merge::new(staging, sql)?;
            merge.run()?;
            // Asked for by name now, whatever was forgotten before.
            sql.execute(
                "DELETE FROM forgotten WHERE fingerprint IN (SELECT fingerprint FROM mail)",
                [],
            )?;
            carried.mails = merge.inserted("mail");
            carried.known = merge.matched;
            carried.dropped += merge.dropped;
            Ok(carried)
        })
    }
}

fn to_json(table: &str, column: &str, value: Sql) -> Value {
    match value {
        Sql::Null => Value::Null,
        Sql::Integer(number) => number.into(),
        Sql::Real(number) => number.into(),
        Sql::Text(text) if JSON.contains(&(table, column)) => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        Sql::Text(text) => text.into(),
        Sql::Blob(bytes) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn from_json(table: &str, column: &str, value: &Value) -> Result<Sql, CarryError> {
    let wrong = || CarryError::NotOurs(format!("{table}.{column}"));
    Ok(match value {
        Value::Null => Sql::Null,
        Value::Bool(truth) => Sql::Integer((*truth).into()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Sql::Integer(number),
            (None, Some(number)) => Sql::Real(number),
            _ => return Err(wrong()),
        },
        Value::String(text) if !JSON.contains(&(table, column)) => Sql::Text(text.clone()),
        value if JSON.contains(&(table, column)) => Sql::Text(value.to_string()),
        Value::Object(object) => {
            let text = object.get("base64").and_then(Value::as_str).ok_or_else(wrong)?;
            Sql::Blob(STANDARD.decode(text).map_err(|_| wrong())?)
        }
        _ => return Err(wrong()),
    })
}

/// An empty store in memory of an earlier form, without the rules between its tables: rows may come
/// in any order.
fn empty(form: u32) -> Result<Connection, CarryError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if form > known {
        return Err(CarryError::Newer(form));
    }
    let connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "foreign_keys", false)?;
    for migration in MIGRATIONS.iter().take(form as usize) {
        connection.execute_batch(migration)?;
    }
    Ok(connection)
}

/// Brings a store in memory to the form of this version.
fn advanced(connection: Connection, form: u32) -> Result<Connection, CarryError> {
    for migration in MIGRATIONS.iter().skip(form as usize) {
        connection.execute_batch(migration)?;
    }
    Ok(connection)
}

/// An export as a store in memory, in the form of this version.
fn staged(dump: &Dump) -> Result<Connection, CarryError> {
    if dump.goen_export > VERSION {
        return Err(CarryError::Newer(dump.form));
    }
    if dump.form == 0 {
        return Err(CarryError::NotOurs("form 0".to_owned()));
    }
    let connection = empty(dump.form)?;
    let schema = Schema::read(&connection)?;
    for (name, rows) in &dump.tables {
        let table = schema.table(name).ok_or_else(|| CarryError::NotOurs(name.clone()))?;
        for row in rows {
            let mut values = Vec::new();
            for (column, value) in row {
                if !table.columns.contains(column) {
                    return Err(CarryError::NotOurs(format!("{name}.{column}")));
                }
                values.push((column.as_str(), from_json(name, column, value)?));
            }
            insert(&connection, name, &values, "INSERT")
                .map_err(|error| CarryError::NotOurs(format!("{name}: {error}")))?;
        }
    }
    let broken = drop_unreadable(&connection)?;
    if broken > 0 {
        return Err(CarryError::NotOurs(format!("{broken} × mail")));
    }
    advanced(connection, dump.form)
}

/// What can be read of a store's file, in memory and in the form of this version, and how much could not.
/// Works on a copy: SQLite may want to write beside the file.
fn salvaged(path: &std::path::Path) -> Result<(Connection, Carried), CarryError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    let folder = tempfile::Builder::new()
        .prefix("goen-salvage-")
        .tempdir_in(path.parent().unwrap_or(std::path::Path::new(".")))
        .map_err(io)?;
    let copy = folder.path().join("goen.db");
    std::fs::copy(path, &copy).map_err(io)?;
    let wal = beside(path, "-wal");
    if wal.exists() {
        std::fs::copy(wal, beside(&copy, "-wal")).map_err(io)?;
    }
    let file = Connection::open(&copy)?;
    // Otherwise SQLite reads nothing at all of a file that was cut short.
    let _ = file.pragma_update(None, "writable_schema", true);
    let form: u32 = file.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap_or(0);
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    // A form that cannot be is a damaged one: its rows are read as ours, where they fit.
    let form = if (1..=known).contains(&form) { form } else { known };
    let staging = empty(form)?;
    let mut carried = Carried::default();
    for table in Schema::read(&staging)?.tables {
        let Rows { rows, whole } = rows(&file, &table, None);
        carried.torn |= !whole;
        for row in &rows {
            let values: Vec<(&str, Sql)> =
                table.columns.iter().map(String::as_str).zip(row.iter().cloned()).collect();
            if !matches!(insert(&staging, &table.name, &values, "INSERT OR IGNORE"), Ok(1)) {
                carried.dropped += 1;
            }
        }
    }
    carried.dropped += drop_unreadable(&staging)?;
    Ok((advanced(staging, form)?, carried))
}

/// A file beside another, as SQLite names them.
pub(super) fn beside(path: &std::path::Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Rows that could be read.
struct Rows {
    rows: Vec<Vec<Sql>>,
    /// All of them.
    whole: bool,
}

/// The rows of a table that can be read: from its start as far as that goes, and from its end.
fn rows(file: &Connection, table: &Table, only: Option<(&str, i64)>) -> Rows {
    let columns: Vec<String> = table.columns.iter().map(|name| format!("\"{name}\"")).collect();
    let (name, columns) = (&table.name, columns.join(", "));
    let only = only.map_or_else(String::new, |(column, id)| format!("WHERE \"{column}\" = {id}"));
    let mut found = BTreeMap::new();
    let mut read = |order: &str| -> rusqlite::Result<()> {
        let query =
            format!("SELECT rowid, {columns} FROM \"{name}\" {only} ORDER BY rowid {order}");
        let mut statement = file.prepare(&query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values = (1..=table.columns.len()).map(|number| row.get(number));
            found.insert(row.get::<_, i64>(0)?, values.collect::<Result<Vec<Sql>, _>>()?);
        }
        Ok(())
    };
    let whole = read("ASC").is_ok();
    if !whole {
        let _ = read("DESC");
    }
    Rows { rows: found.into_values().collect(), whole }
}

/// Takes mails out that this version could not read: one of them would spoil every list.
fn drop_unreadable(connection: &Connection) -> Result<usize, CarryError> {
    let mut statement = connection.prepare("SELECT id, mail, verdict FROM mail")?;
    let mut unreadable = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mail =
            row.get::<_, String>(1).ok().and_then(|it| serde_json::from_str::<Mail>(&it).ok());
        let verdict =
            row.get::<_, String>(2).ok().and_then(|it| serde_json::from_str::<Verdict>(&it).ok());
        if mail.is_none() || verdict.is_none() {
            unreadable.push(row.get::<_, i64>(0)?);
        }
    }
    for id in &unreadable {
        connection.execute("DELETE FROM mail WHERE id = ?1", [id])?;
    }
    Ok(unreadable.len())
}

fn insert(
    connection: &Connection,
    table: &str,
    values: &[(&str, Sql)],
    verb: &str,
) -> rusqlite::Result<usize> {
    let columns: Vec<String> = values.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let marks: Vec<String> = (1..=values.len()).map(|number| format!("?{number}")).collect();
    let statement =
        format!("{verb} INTO \"{table}\" ({}) VALUES ({})", columns.join(", "), marks.join(", "));
    let mut statement = connection.prepare_cached(&statement)?;
    statement.execute(params_from_iter(values.iter().map(|(_, value)| value)))
}

/// A table as the schema has it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<String>,
    /// The one column that numbers its rows, if nothing else does.
    id: Option<String>,
    /// Sets of columns that no two rows have alike.
    keys: Vec<Vec<String>>,
    /// Column, the table it refers to, and the column there.
    pub(super) refers: Vec<(String, String, String)>,
}

/// The tables of a store, each behind those that it refers to.
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
}

impl Schema {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        let mut tables = Vec::new();
        for name in names {
            tables.push(Table::read(connection, name?)?);
        }
        // Those with keys of their own first: what has none is known by what refers to it.
        tables.sort_by_key(|table| table.keys.is_empty());
        let mut sorted: Vec<Table> = Vec::new();
        while !tables.is_empty() {
            let ready = tables.iter().position(|table| {
                let known =
                    |other: &str| other == table.name || sorted.iter().any(|it| it.name == other);
                table.refers.iter().all(|(_, other, _)| known(other))
            });
            // References in a circle have no order: any is as good.
            sorted.push(tables.remove(ready.unwrap_or(0)));
        }
        Ok(Self { tables: sorted })
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    fn read(connection: &Connection, name: String) -> Result<Self, StoreError> {
        let mut statement =
            connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
        let info = statement.query_map([&name], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
        })?;
        let info = info.collect::<Result<Vec<_>, _>>()?;
        let mut statement = connection.prepare(
            "SELECT \"from\", \"table\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?1)",
        )?;
        let refers = statement
            .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<Vec<(String, String, String)>, _>>()?;

        let primary: Vec<&(String, String, u32)> = info.iter().filter(|it| it.2 > 0).collect();
        let refers_by = |column: &str| refers.iter().any(|(from, ..)| from == column);
        let mut keys = Vec::new();
        let id = match primary.as_slice() {
            [(column, kind, _)] if kind == "INTEGER" && !refers_by(column) => Some(column.clone()),
            [] => None,
            primary => {
                keys.push(primary.iter().map(|it| it.0.clone()).collect());
                None
            }
        };
        let mut statement = connection.prepare(
            "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial AND origin <> 'pk'",
        )?;
        let indices = statement.query_map([&name], |row| row.get::<_, String>(0))?;
        for index in indices {
            let mut statement = connection.prepare("SELECT name FROM pragma_index_info(?1)")?;
            let columns = statement.query_map([index?], |row| row.get(0))?;
            keys.push(columns.collect::<Result<Vec<String>, _>>()?);
        }
        let columns = info.into_iter().map(|it| it.0).collect();
        Ok(Self { name, columns, id, keys, refers })
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|it| it == column)
    }
}

/// Which row here a row from elsewhere has become.
#[derive(Debug, Clone, Copy)]
struct Became {
    id: i64,
    is_new: bool,
}

/// Brings the rows of one store into another.
struct Merge<'a> {
    from: &'a Connection,
    to: &'a Connection,
    schema: Schema,
    became: BTreeMap<(String, i64), Became>,
    matched: usize,
    dropped: usize,
}

impl<'a> Merge<'a> {
    fn new(from: &'a Connection, to: &'a Connection) -> Result<Self, StoreError> {
        let schema = Schema::read(to)?;
        Ok(Self { from, to, schema, became: BTreeMap::new(), matched: 0, dropped: 0 })
    }

    fn inserted(&self, table: &str) -> usize {
        self.became.iter().filter(|((name, _), became)| name == table && became.is_new).count()
    }

    fn run(&mut self) -> Result<(), StoreError> {
        for table in self.schema.tables.clone() {
            let was_empty = !self.to.query_row(
                &format!("SELECT EXISTS (SELECT 1 FROM \"{}\")", table.name),
                [],
                |row| row.get::<_, bool>(0),
            )?;
            for row in rows(self.from, &table, None).rows {
                self.carry(&table, row, was_empty)?;
            }
        }
        self.take_back_orphans()
    }

    fn carry(
        &mut self,
        table: &Table,
        mut row: Vec<Sql>,
        was_empty: bool,
    ) -> Result<(), StoreError> {
        let old =
            match table.id.as_deref().and_then(|id| table.place(id)).and_then(|at| row.get(at)) {
                Some(Sql::Integer(id)) => Some(*id),
                _ => None,
            };
        let Some(parents_new) = self.translate(table, &mut row) else {
            self.dropped += 1;
            return Ok(());
        };
        if let Some(id) = self.existing(table, &row)? {
            if table.name == "mail" {
                self.matched += 1;
            }
            if let Some(old) = old {
                self.became.insert((table.name.clone(), old), Became { id, is_new: false });
            }
            return Ok(());
        }
        if table.keys.is_empty() {
            if let Some(old) = old
                && let Some(id) = self.known_by_children(table, old)?
            {
                self.became.insert((table.name.clone(), old), Became { id, is_new: false });
                return Ok(());
            }
            // Nothing tells such a row from another: it comes along with a row that is new.
            if !table.refers.is_empty() && !parents_new {
                return Ok(());
            }
        }
        // Numbers stay what they are where there are none yet; else they might mean another row here.
        let values: Vec<(&str, Sql)> = table
            .columns
            .iter()
            .map(String::as_str)
            .zip(row)
            .filter(|(column, _)| was_empty || table.id.as_deref() != Some(*column))
            .collect();
        if insert(self.to, &table.name, &values, "INSERT OR IGNORE")? == 1 {
            let id = self.to.last_insert_rowid();
            if let Some(old) = old {
                self.became.insert((table.name.clone(), old), Became { id, is_new: true });
            }
        } else {
            self.dropped += 1;
        }
        Ok(())
    }

    /// Puts the numbers of this store in the place of those of the other. Says whether one of the rows
    /// referred to is new here; nothing if one of them did not come along.
    fn translate(&self, table: &Table, row: &mut [Sql]) -> Option<bool> {
        let mut parents_new = false;
        for (column, other, to) in &table.refers {
            let is_id = self.schema.table(other)?.id.as_ref() == Some(to);
            let value = row.get_mut(table.place(column)?)?;
            if let (Sql::Integer(id), true) = (&value, is_id) {
                let became = self.became.get(&(other.clone(), *id))?;
                parents_new |= became.is_new;
                *value = Sql::Integer(became.id);
            }
        }
        Some(parents_new)
    }

    /// The row here that has one of the same keys.
    fn existing(&self, table: &Table, row: &[Sql]) -> Result<Option<i64>, StoreError> {
        for key in &table.keys {
            let places: Option<Vec<usize>> = key.iter().map(|column| table.place(column)).collect();
            let values = places.map(|places| places.into_iter().map(|at| row.get(at)).collect());
            let Some(Some(values)) =
                values.map(|it: Vec<_>| it.into_iter().collect::<Option<Vec<&Sql>>>())
            else {
                continue;
            };
            let conditions: Vec<String> = key
                .iter()
                .zip(1..)
                .map(|(column, number)| format!("\"{column}\" = ?{number}"))
                .collect();
            let query = format!(
                "SELECT rowid FROM \"{}\" WHERE {} LIMIT 1",
                table.name,
                conditions.join(" AND ")
            );
            let found = self
                .to
                .prepare_cached(&query)?
                .query_row(params_from_iter(values), |row| row.get(0))
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// A row without keys is the one that a row here refers to, where both stores have that one.
    fn known_by_children(&self, table: &Table, old: i64) -> Result<Option<i64>, StoreError> {
        for child in &self.schema.tables {
            for (column, other, _) in &child.refers {
                if *other != table.name || child.keys.iter().any(|key| key.contains(column)) {
                    continue;
                }
                for mut row in rows(self.from, child, Some((column, old))).rows {
                    // Its other references; this one is what we are looking for.
                    let mut others = child.clone();
                    others.refers.retain(|(from, ..)| from != column);
                    if self.translate(&others, &mut row).is_none() {
                        continue;
                    }
                    if let Some(rowid) = self.existing(child, &row)? {
                        let query =
                            format!("SELECT \"{column}\" FROM \"{}\" WHERE rowid = ?1", child.name);
                        return Ok(self.to.query_row(&query, [rowid], |row| row.get(0))?);
                    }
                }
            }
        }
        Ok(None)
    }

    /// Rows without keys came in before those that refer to them. Where none did, they go again.
    fn take_back_orphans(&mut self) -> Result<(), StoreError> {
        for table in self.schema.tables.iter().rev() {
            let children: BTreeSet<(&str, &str)> = self
                .schema
                .tables
                .iter()
                .flat_map(|child| child.refers.iter().map(move |it| (child, it)))
                .filter(|(_, (_, other, _))| *other == table.name)
                .map(|(child, (column, ..))| (child.name.as_str(), column.as_str()))
                .collect();
            if !table.keys.is_empty() || children.is_empty() {
                continue;
            }
            for ((_, _), became) in
                self.became.iter().filter(|((name, _), it)| *name == table.name && it.is_new)
            {
                let mut referred = false;
                for (child, column) in &children {
                    let query = format!(
                        "SELECT EXISTS (SELECT 1 FROM \"{child}\" WHERE \"{column}\" = ?1)"
                    );
                    referred |=
                        self.to.query_row(&query, [became.id], |row| row.get::<_, bool>(0))?;
                }
                if !referred {
                    self.to.execute(
                        &format!("DELETE FROM \"{}\" WHERE rowid = ?1", table.name),
                        [became.id],
                    )?;
                }
            }
        }
        Ok(())
    }
}
