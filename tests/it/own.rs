//! Your data is yours, and the store lasts: export, import, backup, forgetting, damage, old versions.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use goen::classify::Outcome;
use goen::imap::cursor::{Cursor, UidValidity};
use goen::outbox::Outbox;
use goen::outbox::state::State;
use goen::store::{Announce, Store};
use rusqlite::Connection;
use serde_json::Value;

use crate::support::home::{Home, until};
use crate::support::replies::{after, approve, claim, draft, fill, now};

const SETTINGS: &str = "[profile]\nname = \"山田 花子\"\n\
    [[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
    [accounts.secret]\npassword_command = [\"false\"]\n\
    [accounts.imap]\nhost = \"imap.example.jp\"\n[accounts.smtp]\nhost = \"smtp.example.jp\"\n";

/// A home with `mails` mails and drafts; the first reply is approved.
fn home(mails: u32) -> Home {
    let home = Home::new(SETTINGS);
    fill(&Store::open(&home.store()).unwrap(), mails);
    let digest = review(&home, 1)["digest"].as_str().unwrap().to_owned();
    home.says(&["approve", "1", "--digest", &digest]);
    home
}

fn review(home: &Home, id: u32) -> Value {
    serde_json::from_str(&home.says(&["review", &id.to_string(), "--json"])).unwrap()
}

fn export(home: &Home) -> Value {
    serde_json::from_str(&home.says(&["export"])).unwrap()
}

/// The rows of a table in an export, without columns that tell when something was done.
fn table(export: &Value, name: &str) -> Vec<Value> {
    export["tables"][name].as_array().unwrap().clone()
}

#[test]
fn an_export_taken_in_elsewhere_is_the_same_again() {
    let here = home(3);
    let exported = export(&here);
    assert_eq!(exported["goen_export"], 1);
    assert_eq!(exported["tables"]["mail"][0]["mail"]["subject"], "選考結果のご連絡");
    let path = here.path().join("export.json");
    here.says(&["export", "--output", path.to_str().unwrap()]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let there = Home::new(SETTINGS);
    let said = there.says(&["import", path.to_str().unwrap(), "--lang", "en"]);
    assert!(said.contains("3 email(s) imported (0 were here"), "{said}");
    assert!(said.contains("1 approved reply(s) are drafts again"), "{said}");
    let again = export(&there);
    for name in ["mail", "draft", "mailbox"] {
        assert_eq!(table(&again, name), table(&exported, name), "{name}");
    }
    // Once more: nothing new.
    let said = there.says(&["import", path.to_str().unwrap(), "--lang", "en"]);
    assert!(said.contains("0 email(s) imported (3 were here"), "{said}");
    assert_eq!(export(&there), again);
}

/// The other store may have sent it already: at most one copy, whatever is copied where.
#[test]
fn what_was_approved_elsewhere_is_not_sent_from_here() {
    let here = home(2);
    assert_eq!(review(&here, 1)["state"], "approved");
    let backup = here.path().join("backup.db");
    here.says(&["backup", backup.to_str().unwrap()]);
    for source in [backup, here.path().join("export.json")] {
        if !source.exists() {
            here.says(&["export", "--output", source.to_str().unwrap()]);
        }
        let there = Home::new(SETTINGS);
        there.says(&["import", source.to_str().unwrap()]);
        assert_eq!(review(&there, 1)["state"], "draft");
        let outbox = Outbox::new(Store::open(&there.store()).unwrap());
        assert_eq!(outbox.next_due().unwrap(), None);
    }
}

/// Somebody copies the backup over the store, although `goen import` is there for that.
#[test]
fn what_was_approved_in_a_backup_asks_again_when_it_takes_the_stores_place() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("goen.db"), folder.path().join("backup.db"));
    let store = Store::open(&path).unwrap();
    let id = fill(&store, 1)[0];
    let outbox = Outbox::new(store.clone());
    approve(&outbox, id);
    store.back_up(&copy).unwrap();
    assert!(claim(&outbox, after(1)).is_some(), "here it leaves");
    drop((outbox, store));
    fs::copy(&copy, &path).unwrap();
    let outbox = Outbox::new(Store::open(&path).unwrap());
    assert!(claim(&outbox, after(1)).is_none(), "and not twice");
    assert_eq!(outbox.ask_again(after(1)).unwrap(), [id]);
    assert_eq!(outbox.entry(id).unwrap().unwrap().state, State::Draft);
}

#[test]
fn a_reply_whose_end_is_unknown_stays_so_in_an_import() {
    let store = Store::in_memory().unwrap();
    fill(&store, 1);
    let outbox = Outbox::new(store.clone());
    approve(&outbox, 1);
    assert!(claim(&outbox, after(1)).is_some());
    let there = Store::in_memory().unwrap();
    there.import(&store.dump().unwrap()).unwrap();
    let entry = Outbox::new(there).entry(1).unwrap().unwrap();
    assert_eq!(entry.state, State::Uncertain);
}

#[test]
fn an_import_into_a_store_that_has_some_of_it_adds_the_rest() {
    let (here, there) = (home(3), Home::new(SETTINGS));
    // The other machine has read the second mail by itself, as its first.
    let other = Store::open(&there.store()).unwrap();
    let second = Store::open(&here.store()).unwrap().mail(2).unwrap().unwrap();
    let found = goen::store::Found {
        uid: goen::imap::cursor::Uid(9),
        received_at: second.received_at,
        mail: second.mail,
        verdict: second.verdict,
    };
    let batch = goen::store::Batch { found: vec![found], set_aside: vec![] };
    let cursor = Cursor { uid_validity: UidValidity(1), last_uid: 9, old_up_to: 0 };
    other.keep("uni", "INBOX", &batch, cursor, Announce::Quietly, now()).unwrap();
    let carried = other.import(&Store::open(&here.store()).unwrap().dump().unwrap()).unwrap();
    assert_eq!((carried.mails, carried.known), (2, 1));
    assert_eq!(other.mails(&Outcome::ALL, 10).unwrap().len(), 3);
    assert_eq!(
        other.mail(1).unwrap().unwrap().mail.message_id.unwrap().as_str(),
        "kekka-2@example.co.jp"
    );
    // Its draft has come to the mail that it belongs to, and the cursor has stayed.
    assert!(Outbox::new(other.clone()).entry(1).unwrap().is_some());
    assert_eq!(other.cursor("uni", "INBOX").unwrap(), Some(cursor));
}

#[test]
fn what_is_no_export_is_refused_and_changes_nothing() {
    let home = home(1);
    let before = export(&home);
    let newer = r#"{"goen_export":1,"form":999,"tables":{}}"#;
    let foreign = r#"{"goen_export":1,"form":1,"tables":{"sqlite_schema":[{"name":"x"}]}}"#;
    let column = r#"{"goen_export":1,"form":1,"tables":{"quiet":[{"id":1,"until":1,"x\" y":1}]}}"#;
    for (text, words) in [
        ("{}", "no export of goen"),
        ("hello", "no export of goen"),
        (newer, "a newer goen"),
        (foreign, "sqlite_schema"),
        (column, "quiet"),
    ] {
        let path = home.path().join("bad.json");
        fs::write(&path, text).unwrap();
        let (status, complaint) = home.complains(&["import", path.to_str().unwrap()]);
        assert_eq!(status, 1);
        assert!(complaint.contains(words), "{complaint}");
    }
    assert_eq!(export(&home), before);
}

#[test]
fn tables_and_pages_for_people_are_written() {
    let home = home(2);
    let csv = home.says(&["export", "--format", "csv"]);
    assert!(csv.starts_with("\u{feff}id,received,"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    assert!(
        csv.lines().nth(1).unwrap().contains("jinji@example.co.jp,選考結果のご連絡,approved"),
        "{csv}"
    );
    let page = home.says(&["export", "--format", "md", "--lang", "ja"]);
    assert!(page.starts_with("# 選考の記録") && page.contains("> 見送り"), "{page}");
}

/// Whether a file of the store holds these words anywhere, free pages and logs included.
fn holds(home: &Home, words: &str) -> bool {
    let folder = fs::read_dir(home.store().parent().unwrap()).unwrap();
    folder.flatten().any(|file| {
        let bytes = fs::read(file.path()).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

#[test]
fn what_is_forgotten_is_gone_from_the_disk_while_the_daemon_runs_and_does_not_come_back() {
    let home = home(3);
    let mut daemon = home.run();
    home.account_until("unreachable");
    assert!(holds(&home, "kekka-2@example.co.jp"));
    let store = Store::open(&home.store()).unwrap();
    let mail = store.mail(2).unwrap().unwrap();
    home.says(&["forget", "2", "--yes"]);
    assert!(!holds(&home, "kekka-2@example.co.jp"), "left on the disk");
    assert!(holds(&home, "kekka-1@example.co.jp"));
    assert_eq!(store.mail(2).unwrap(), None);

    let found = goen::store::Found {
        uid: goen::imap::cursor::Uid(99),
        received_at: mail.received_at,
        mail: mail.mail,
        verdict: mail.verdict,
    };
    let batch = goen::store::Batch { found: vec![found], set_aside: vec![] };
    let cursor = Cursor { uid_validity: UidValidity(2), last_uid: 99, old_up_to: 0 };
    let new = store.keep("uni", "INBOX", &batch, cursor, Announce::From(now()), now()).unwrap();
    assert_eq!(new, [0; 0]);

    home.says(&["forget", "--everything", "--yes"]);
    assert!(!holds(&home, "example.co.jp"), "left on the disk");
    assert_eq!(store.cursor("uni", "INBOX").unwrap(), Some(cursor));
    assert!(daemon.stop());
}

#[test]
fn forgetting_by_age_asks_first_and_needs_a_word_from_scripts() {
    let home = home(2);
    let (status, words) = home.complains(&["forget", "--older-than", "1d"]);
    assert_eq!(status, 2);
    assert!(words.contains("--yes"), "{words}");
    home.says(&["forget", "--older-than", "100y", "--yes"]);
    assert_eq!(home.results().len(), 2);
    home.says(&["forget", "--older-than", "1d", "--yes"]);
    let left = Store::open(&home.store()).unwrap().mails(&Outcome::ALL, 10).unwrap();
    // The mails of the fixture are from before; the day has come for all of them.
    assert_eq!(left.len(), 0);
    let (status, _) = home.complains(&["forget", "7", "--yes"]);
    assert_eq!(status, 1);
    let (status, _) = home.complains(&["forget", "--yes"]);
    assert_eq!(status, 2);
}

#[test]
fn a_mail_whose_reply_is_being_submitted_is_not_forgotten() {
    let home = Home::new(SETTINGS);
    let store = Store::open(&home.store()).unwrap();
    fill(&store, 1);
    let outbox = Outbox::new(store.clone());
    approve(&outbox, 1);
    assert!(claim(&outbox, after(1)).is_some());
    let output = home.goen(&["forget", "1", "--yes"]);
    assert!(!output.status.success());
    assert!(store.mail(1).unwrap().is_some());
}

#[test]
fn a_backup_is_whole_private_and_never_over_another_file() {
    let home = home(3);
    home.says(&["backup", home.path().to_str().unwrap()]);
    let files = || {
        let all = fs::read_dir(home.path()).unwrap().flatten();
        all.filter(|it| it.file_name().to_str().unwrap().starts_with("goen-"))
            .map(|it| it.path())
            .collect::<Vec<_>>()
    };
    let [copy] = files().try_into().unwrap();
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Store::open(&copy).unwrap().mails(&Outcome::ALL, 10).unwrap().len(), 3);
    let before = fs::read(&copy).unwrap();
    let (status, words) = home.complains(&["backup", copy.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(words.contains("cannot be written"), "{words}");
    assert_eq!(fs::read(&copy).unwrap(), before);
}

#[test]
fn your_data_is_yours_with_settings_that_are_broken_or_gone() {
    let home = home(1);
    home.write_settings("lang = ja");
    assert_eq!(table(&export(&home), "mail").len(), 1);
    fs::remove_file(home.path().join(".config/goen/config.toml")).unwrap();
    home.says(&["forget", "--everything", "--yes"]);
}

#[test]
fn text_is_let_go_when_its_time_is_over_and_what_a_reply_waits_for_stays() {
    let store = Store::in_memory().unwrap();
    fill(&store, 3);
    let outbox = Outbox::new(store.clone());
    outbox.discard(2, now()).unwrap();
    outbox.discard(3, now()).unwrap();
    let path = Path::new(":memory:");
    assert_eq!(store.let_go(Some(after(60)), None, path, now()).unwrap(), 2);
    assert_eq!(store.let_go(Some(after(60)), None, path, now()).unwrap(), 0, "once");
    for id in [2, 3] {
        let mail = store.mail(id).unwrap().unwrap();
        assert!(mail.mail.body.is_empty() && !mail.mail.subject.is_empty());
    }
    assert_eq!(store.let_go(None, Some(after(60)), path, now()).unwrap(), 2);
    let left = store.mails(&Outcome::ALL, 10).unwrap();
    assert_eq!(left.iter().map(|mail| mail.id).collect::<Vec<_>>(), [1]);
    assert_eq!(outbox.entry(1).unwrap().unwrap().draft, draft());
}

/// A store with as many mails as fill several pages of a file.
fn large() -> Home {
    let home = home(60);
    let file = Connection::open(home.store()).unwrap();
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    home
}

fn overwrite(path: &Path, from: u64, length: usize) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xa5; length]).unwrap();
}

fn set_aside(home: &Home) -> Vec<String> {
    let folder = fs::read_dir(home.store().parent().unwrap()).unwrap().flatten();
    let names = folder.map(|it| it.file_name().into_string().unwrap());
    names.filter(|name| name.contains(".damaged-") && !name.ends_with("-wal")).collect()
}

#[test]
fn a_damaged_store_is_set_aside_and_what_it_still_has_is_saved() {
    let home = large();
    let pages = home.store().metadata().unwrap().len() / 4096;
    // A page in the middle, as a bad block leaves it.
    overwrite(&home.store(), (pages / 2) * 4096, 4096);
    let mut daemon = home.run();
    until("the daemon has seen to it", || daemon.log().contains("was damaged").then_some(()));
    home.account_until("unreachable");
    let status = home.status();
    let rebuilt = &status["rebuilt"][0];
    let saved = rebuilt["mails"].as_u64().unwrap();
    assert!((30..=60).contains(&saved), "{rebuilt}");
    assert_eq!(rebuilt["to_approve"], 1, "{rebuilt}");
    assert_eq!(set_aside(&home).len(), 1);
    // Nothing is sent on the word of a damaged file, and nothing is lost without a word.
    assert_eq!(review(&home, 1)["state"], "draft");
    let said = home.says(&["status", "--lang", "ja"]);
    assert!(said.contains("壊れていた") && said.contains("goen review"), "{said}");
    // What was read so far is not known any more: the mailbox is read anew.
    assert_eq!(Store::open(&home.store()).unwrap().cursor("uni", "INBOX").unwrap(), None);
    assert!(daemon.stop());
    // Set-aside files hold mails, too.
    home.says(&["forget", "--everything", "--yes"]);
    assert_eq!(set_aside(&home), [""; 0]);
}

#[test]
fn a_file_that_is_no_store_any_more_is_set_aside_and_said_to_be_lost() {
    let home = large();
    overwrite(&home.store(), 0, 4096);
    // Without a daemon, the next command sees to it.
    let output = home.goen(&["list", "--lang", "en"]);
    assert!(output.status.success());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("set aside") && words.contains("may be lost"), "{words}");
    assert_eq!(set_aside(&home).len(), 1);
    assert_eq!(home.results().len(), 0);
}

#[test]
fn a_store_that_was_cut_short_is_saved_as_far_as_it_goes() {
    let home = large();
    let length = home.store().metadata().unwrap().len();
    fs::OpenOptions::new().write(true).open(home.store()).unwrap().set_len(length * 3 / 4).unwrap();
    let mut daemon = home.run();
    until("the daemon has seen to it", || daemon.log().contains("was damaged").then_some(()));
    assert!(home.status()["rebuilt"][0]["mails"].as_u64().unwrap() > 0);
    assert!(daemon.stop());
}

#[test]
fn a_sound_store_is_left_alone() {
    let home = large();
    let mut daemon = home.run();
    home.account_until("unreachable");
    assert!(daemon.stop());
    assert_eq!(home.status()["rebuilt"], serde_json::json!([]));
    assert_eq!(set_aside(&home), [""; 0]);
    assert_eq!(review(&home, 1)["state"], "approved");
}

/// The columns of every table and the text of every index and trigger.
fn schema(path: &Path) -> Vec<String> {
    let file = Connection::open(path).unwrap();
    let mut statement = file
        .prepare(
            "SELECT name || ' ' || (SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk)
             FROM pragma_table_info(sqlite_schema.name)) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
             UNION ALL SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY 1",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_store_of_every_released_version_opens_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("fresh.db");
    drop(Store::open(&fresh).unwrap());
    let mut versions = 0;
    for entry in fs::read_dir("tests/samples/stores").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let file = folder.path().join(&name);
        Connection::open(&file)
            .unwrap()
            .execute_batch(&fs::read_to_string(&path).unwrap())
            .unwrap();
        let count = |table: &str| -> u32 {
            let query = format!("SELECT count(*) FROM {table}");
            Connection::open(&file).unwrap().query_row(&query, [], |row| row.get(0)).unwrap()
        };
        let tables = ["mail", "draft", "outbox", "notification", "mailbox", "event"];
        let before = tables.map(count);
        let (store, rebuilt) = Store::open_sound(&file, now()).unwrap();
        assert_eq!(rebuilt, None, "{name}");
        assert_eq!(tables.map(count), before, "{name}");
        assert_eq!(schema(&file), schema(&fresh), "{name}");
        // All of it can still be read.
        assert_eq!(store.mails(&Outcome::ALL, 1000).unwrap().len(), before[0] as usize);
        assert_eq!(store.events(0, 1000).unwrap().len(), before[5] as usize);
        let entry = Outbox::new(store.clone()).entry(9).unwrap().unwrap();
        assert!(matches!(entry.state, State::Sent(_)), "{name}");
        // And what that version exported comes in.
        let taken = Store::in_memory().unwrap().import(&store.dump().unwrap()).unwrap();
        assert_eq!((taken.mails, taken.dropped), (before[0] as usize, 0), "{name}");
        versions += 1;
    }
    assert!(versions > 0);
}

/// An export of an earlier form goes through the same migrations as a store of that form.
#[test]
fn an_export_of_every_released_version_comes_in() {
    for entry in fs::read_dir("tests/samples/stores").unwrap() {
        let path = entry.unwrap().path();
        let file = Connection::open_in_memory().unwrap();
        file.execute_batch(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut statement = file
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            )
            .unwrap();
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let mut tables = serde_json::Map::new();
        for name in names {
            let mut statement = file.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([]).unwrap();
            let mut written = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                let mut object = serde_json::Map::new();
                for (at, column) in columns.iter().enumerate() {
                    use rusqlite::types::ValueRef as V;
                    let value = match row.get_ref(at).unwrap() {
                        V::Null => Value::Null,
                        V::Integer(number) => number.into(),
                        V::Real(number) => number.into(),
                        V::Text(text) => {
                            let text = std::str::from_utf8(text).unwrap();
                            let is_json =
                                ["mail", "verdict", "draft", "health"].contains(&column.as_str());
                            if is_json { serde_json::from_str(text).unwrap() } else { text.into() }
                        }
                        V::Blob(bytes) => {
                            use base64::Engine as _;
                            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
                            serde_json::json!({ "base64": text })
                        }
                    };
                    object.insert(column.clone(), value);
                }
                written.push(Value::Object(object));
            }
            tables.insert(name, written.into());
        }
        let form: u32 = file.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        let dump = serde_json::json!({ "goen_export": 1, "form": form, "tables": tables });
        let taken =
            Store::in_memory().unwrap().import(&serde_json::from_value(dump).unwrap()).unwrap();
        assert_eq!((taken.mails, taken.dropped), (10, 0), "{}", path.display());
    }
}

/// On a disk of its own that is really full.
#[test]
fn a_full_disk_is_said_in_so_many_words_and_loses_nothing() {
    let here = home(40);
    let source = here.path().join("export.json");
    here.says(&["export", "--output", source.to_str().unwrap()]);
    let there = Home::new(SETTINGS);
    let disk = there.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let goen = env!("CARGO_BIN_EXE_goen");
    let script = format!(
        "mount -t tmpfs -o size=200k tmpfs {disk} || exit 99
         export HOME={home} GOEN_STATE={disk}/state LANG=C
         {goen} list && {goen} import {source}; echo status $?
         mount -o remount,size=8m {disk} && {goen} import {source}; echo status $?",
        disk = disk.display(),
        home = there.path().display(),
        source = source.display(),
    );
    let output = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output().unwrap();
    if output.status.code() == Some(99) || !output.status.success() && output.stdout.is_empty() {
        println!("skipped: no disk of its own can be made here");
        return;
    }
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(complained.contains("the disk is full"), "{said}{complained}");
    assert!(said.contains("status 1"), "{said}{complained}");
    assert!(
        said.contains("40 email(s) imported") && said.contains("status 0"),
        "{said}{complained}"
    );
}
