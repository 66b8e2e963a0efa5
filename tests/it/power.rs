//! The power fails at each write to the store. strace records what a process does to its files; each
//! prefix of that is played to a disk that keeps what was synced, and of the rest anything: all, none,
//! any part, in any order, torn in the middle. goen opens what is left, and finds a state that the
//! calls which had returned by then allow: never `approved` behind a claim that was given out.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use goen::imap::Health;
use goen::outbox::state::{Outcome, Reply};
use goen::outbox::{Outbox, UnderWay};
use goen::store::Store;

use crate::support::replies::*;

/// What a disk writes at once, as a rule.
const SECTOR: usize = 512;

/// How many of the losses that are possible at one moment are tried by chance, beside the regular ones.
const BY_CHANCE: usize = 8;

/// How many unsynced operations are left out one by one, or kept alone.
const ONE_BY_ONE: usize = 24;

/// SQLite copies the log back when it has so many pages.
const LOG_MAX_PAGES: u64 = 1000;

/// What happens to reply number 1 in the recorded process, and the state it has then.
const CALLS: [(&str, &str); 8] = [
    ("opened", "draft"),
    ("approved", "approved"),
    ("claimed", "sending"),
    ("put off", "approved"),
    ("opened again", "approved"),
    ("claimed again", "sending"),
    ("recovered", "uncertain"),
    ("closed", "uncertain"),
];

/// Said by the recorded process when a call has returned. From then on somebody may have acted on it.
fn done(call: usize) {
    println!("\ndone: {}", CALLS[call].0);
    std::io::stdout().flush().unwrap();
}

#[test]
#[ignore = "started, and recorded, by the power cuts"]
fn a_process_whose_writes_are_recorded() {
    let mut input = std::io::stdin().lock().lines();
    let Some(Ok(path)) = input.next() else { return };
    let path = Path::new(&path);
    let store = Store::open(path).unwrap();
    let outbox = Outbox::new(store.clone());
    if input.next().unwrap().unwrap() == "long" {
        fill_the_log(path, &outbox);
    }
    // What does not wait for the disk lies between what does, as it does in the daemon.
    let noted = |store: &Store, call: usize| {
        done(call);
        let health = Health::CatchingUp { done: u32::try_from(call).unwrap(), total: 9 };
        store.set_health("uni", &health, now()).unwrap();
    };
    noted(&store, 0);
    approve(&outbox, 1);
    noted(&store, 1);
    let first = claim(&outbox, after(1)).unwrap();
    noted(&store, 2);
    let greylisted = Reply { code: 451, text: "4.7.1 greylisted".into() };
    outbox.settle(first.id(), Outcome::Deferred(greylisted), after(1)).unwrap();
    noted(&store, 3);
    drop((outbox, store));
    let store = Store::open(path).unwrap();
    let outbox = Outbox::new(store.clone());
    noted(&store, 4);
    let _second = claim(&outbox, after(10)).unwrap();
    noted(&store, 5);
    outbox.recover(after(11), &UnderWay::default()).unwrap();
    noted(&store, 6);
    drop((outbox, store));
    done(7);
}

/// Writes about reply number 2 until the next few pages make SQLite copy the log back.
fn fill_the_log(path: &Path, outbox: &Outbox) {
    let pages = || std::fs::metadata(beside(path, "-wal")).map_or(0, |it| it.len() / 4120);
    let mut text = draft();
    for number in 0.. {
        let left = LOG_MAX_PAGES.saturating_sub(pages());
        // Pages that stay as they are would not be written again.
        let lines = if left > 80 { 3_000 } else { 1 };
        text.body = format!("下書き{number}\n").repeat(lines);
        if left < 6 {
            return;
        }
        outbox.edit(2, &text, now()).unwrap();
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// What the process did to its files.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    Make(String),
    Write(String, usize, Vec<u8>),
    Cut(String, usize),
    Sync(String),
    Remove(String),
    SyncFolder,
    /// The call of that number has returned.
    Done(usize),
}

/// Records a process that works on the store at `path`; nothing, and a line that says so, where
/// programs cannot be looked at.
fn recorded(path: &Path, length: &str) -> Option<Vec<Deed>> {
    let folder = path.parent().unwrap();
    let record = folder.join("record");
    let mut strace = Command::new("strace")
        .args(["-f", "-qq", "-y", "-xx", "-s", "100000", "-o"])
        .arg(&record)
        .args([
            "-e",
            "trace=/^(p?write|fsync|fdatasync|f?truncate|unlink|rename|open|fallocate|link)",
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "power::a_process_whose_writes_are_recorded", "--ignored"])
        .args(["--nocapture", "--test-threads", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace is installed (apt install strace)");
    let mut stdin = strace.stdin.take().unwrap();
    // Where it may not look at programs it has ended already.
    let _ = writeln!(stdin, "{}\n{length}", path.display());
    let output = strace.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("Operation not permitted") {
        println!("SKIPPED: power cuts: strace is not allowed to look at programs here");
        return None;
    }
    assert!(output.status.success(), "{said}");
    let record = std::fs::read_to_string(record).unwrap();
    Some(record.lines().filter_map(|line| deed(line, folder)).collect())
}

/// What a line of strace's says, if it is about the store.
fn deed(line: &str, folder: &Path) -> Option<Deed> {
    assert!(!line.contains("unfinished"), "the process is to do one thing at a time: {line}");
    let (call, rest) = line.split_once(' ')?.1.trim_start().split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ")?;
    if result.starts_with('-') {
        return None;
    }
    let folder = folder.to_str().unwrap();
    // The file's name, if it is one of the store's. What is in memory (`-shm`) is made anew.
    let file = |path: String| {
        let name = path.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
        (name.starts_with("goen.db") && !name.ends_with("-shm")).then_some(name)
    };
    let handle = || text_of(arguments.split_once('<')?.1.split_once('>')?.0);
    let quoted = || bytes_of(arguments.split_once('"')?.1.split_once('"')?.0);
    let last = || arguments.rsplit_once(", ")?.1.parse::<usize>().ok();
    match call {
        "write" => {
            let said = String::from_utf8(quoted()?).ok()?;
            let call = said.trim().strip_prefix("done: ")?;
            CALLS.iter().position(|(name, _)| *name == call).map(Deed::Done)
        }
        "pwrite64" => Some(Deed::Write(file(handle()?)?, last()?, quoted()?)),
        "ftruncate" => Some(Deed::Cut(file(handle()?)?, last()?)),
        "fsync" | "fdatasync" if handle()? == folder => Some(Deed::SyncFolder),
        "fsync" | "fdatasync" => Some(Deed::Sync(file(handle()?)?)),
        "unlink" => Some(Deed::Remove(file(String::from_utf8(quoted()?).ok()?)?)),
        "openat" if arguments.contains("O_CREAT") => {
            Some(Deed::Make(file(String::from_utf8(quoted()?).ok()?)?))
        }
        "openat" => None,
        other => {
            let about = file(handle().unwrap_or_default());
            assert!(about.is_none(), "the store is written to by {other}, which is not understood");
            None
        }
    }
}

/// strace writes everything as `\x2f\x74…`.
fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    hexadecimal.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

fn text_of(hexadecimal: &str) -> Option<String> {
    String::from_utf8(bytes_of(hexadecimal)?).ok()
}

/// A file on the disk. Two of the same name, one after the other, are two files.
#[derive(Debug, Clone, Default, Hash)]
struct File {
    bytes: Vec<u8>,
}

/// A disk: files by number, and which of them a name stands for.
#[derive(Debug, Clone, Default, Hash)]
struct Disk {
    files: BTreeMap<usize, File>,
    names: BTreeMap<String, usize>,
}

/// Something that was asked of the disk and is not certain to be on it yet.
#[derive(Debug, Clone)]
enum Asked {
    Name(String, usize),
    NoName(String),
    Write(usize, usize, Vec<u8>),
    Cut(usize, usize),
}

impl Asked {
    fn file(&self) -> Option<usize> {
        match self {
            Self::Write(file, ..) | Self::Cut(file, _) => Some(*file),
            Self::Name(..) | Self::NoName(_) => None,
        }
    }
}

impl Disk {
    fn take(&mut self, asked: &Asked) {
        match asked {
            Asked::Name(name, file) => drop(self.names.insert(name.clone(), *file)),
            Asked::NoName(name) => drop(self.names.remove(name)),
            Asked::Write(file, at, bytes) => {
                let content = &mut self.files.entry(*file).or_default().bytes;
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Asked::Cut(file, length) => {
                self.files.entry(*file).or_default().bytes.resize(*length, 0);
            }
        }
    }

    /// The same with some of what was asked.
    fn with<'a>(&self, asked: impl IntoIterator<Item = &'a Asked>) -> Self {
        let mut disk = self.clone();
        for it in asked {
            disk.take(it);
        }
        disk
    }
}

/// The store's files as the process sees them, what of that is certain, and what is only asked for.
struct Machine {
    disk: Disk,
    asked: Vec<Asked>,
    /// The names as the process sees them.
    names: BTreeMap<String, usize>,
    made: usize,
}

impl Machine {
    fn with_store(bytes: Vec<u8>) -> Self {
        let names = BTreeMap::from([("goen.db".to_owned(), 0)]);
        let disk = Disk { files: BTreeMap::from([(0, File { bytes })]), names: names.clone() };
        Self { disk, asked: Vec::new(), names, made: 1 }
    }

    fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Make(name) => {
                if !self.names.contains_key(&name) {
                    self.names.insert(name.clone(), self.made);
                    self.asked.push(Asked::Name(name, self.made));
                    self.made += 1;
                }
            }
            Deed::Write(name, at, bytes) => {
                self.asked.push(Asked::Write(self.names[&name], at, bytes));
            }
            Deed::Cut(name, length) => self.asked.push(Asked::Cut(self.names[&name], length)),
            Deed::Remove(name) => {
                self.names.remove(&name);
                self.asked.push(Asked::NoName(name));
            }
            Deed::Sync(name) => self.settle(Some(self.names[&name])),
            Deed::SyncFolder => self.settle(None),
            Deed::Done(_) => {}
        }
    }

    /// What was asked for a file, or for names, is on the disk.
    fn settle(&mut self, file: Option<usize>) {
        let asked = std::mem::take(&mut self.asked);
        let (certain, open): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|asked| asked.file() == file);
        for asked in &certain {
            self.disk.take(asked);
        }
        self.asked = open;
    }

    /// What may be left on the disk if the power fails now.
    fn leftovers(&self, chance: &mut Chance) -> Vec<Disk> {
        let Self { disk, asked, .. } = self;
        let mut left = vec![disk.clone(), disk.with(asked)];
        let step = asked.len().div_ceil(ONE_BY_ONE).max(1);
        for one in (0..asked.len()).step_by(step) {
            let others = asked.iter().enumerate().filter(|(at, _)| *at != one);
            left.push(disk.with(others.map(|(_, asked)| asked)));
            left.push(disk.with([&asked[one]]));
        }
        for _ in 0..BY_CHANCE.min(asked.len()) {
            let mut some = Vec::new();
            for asked in asked {
                match asked {
                    _ if chance.next(2) == 0 => {}
                    Asked::Write(file, at, bytes) if chance.next(4) == 0 => {
                        let kept = chance.next(bytes.len() / SECTOR + 1) * SECTOR;
                        some.push(Asked::Write(*file, *at, bytes[..kept].to_vec()));
                    }
                    whole => some.push(whole.clone()),
                }
            }
            left.push(disk.with(&some));
        }
        left
    }
}

/// The same chances each time (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).unwrap()).unwrap()
    }
}

/// What is found in the store of a machine that comes up again: the state of reply number 1, and what
/// it was approved as.
fn found(disk: &Disk) -> (&'static str, Option<(String, Vec<u8>)>) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    for (name, file) in &disk.names {
        let bytes = disk.files.get(file).map_or(&[][..], |file| &file.bytes);
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join("goen.db");
    let state = outbox_at(&path).entry(1).unwrap().unwrap().state.name();
    let sql = rusqlite::Connection::open(&path).unwrap();
    let columns = "SELECT message_id, raw FROM outbox WHERE state <> 'withdrawn'";
    let approval = sql.query_row(columns, [], |row| Ok((row.get(0)?, row.get(1)?))).ok();
    (state, approval)
}

fn cut_the_power_everywhere(length: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    // The last one to close it copies its log back: what follows begins with one file.
    fill(&Store::open(&path).unwrap(), 2);
    assert!(!beside(&path, "-wal").exists());
    let mut machine = Machine::with_store(std::fs::read(&path).unwrap());
    let Some(deeds) = recorded(&path, length) else { return };
    let approved: (String, Vec<u8>) = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT message_id, raw FROM outbox", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();

    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut tried = HashSet::new();
    let mut cases = Vec::new();
    let (mut moments, mut returned) = (0, None);
    let mut copied_back = 0;
    for deed in deeds {
        if let Deed::Done(call) = deed {
            returned = Some(call);
        }
        copied_back += usize::from(matches!(&deed, Deed::Write(name, ..) if name == "goen.db"));
        machine.does(deed);
        // Before the first call there is only the log being filled.
        let Some(call) = returned else { continue };
        moments += 1;
        for disk in machine.leftovers(&mut chance) {
            let mut hash = DefaultHasher::new();
            (call, &disk).hash(&mut hash);
            if tried.insert(hash.finish()) {
                cases.push((call, disk));
            }
        }
    }
    assert_eq!(returned, Some(CALLS.len() - 1), "all of it was recorded");
    assert!(copied_back > 0, "the log was copied back");

    let count = cases.len();
    let (queue, seen) = (Mutex::new(cases.into_iter()), Mutex::new(BTreeMap::new()));
    let checked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((call, disk)) = queue.lock().unwrap().next() else { return };
                    let (state, approval) = found(&disk);
                    let next = CALLS.get(call + 1).unwrap_or(&CALLS[call]);
                    let allowed = [CALLS[call].1, next.1];
                    assert!(
                        allowed.contains(&state),
                        "{} had returned, and a power cut left {state}",
                        CALLS[call].0
                    );
                    assert!(state == "draft" || approval.as_ref() == Some(&approved), "{state}");
                    *seen.lock().unwrap().entry(state).or_insert(0) += 1;
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(checked.into_inner(), count);
    let seen = seen.into_inner().unwrap();
    println!("power cuts ({length}): {moments} moments, {count} different disks, left {seen:?}");
    assert_eq!(
        seen.keys().copied().collect::<Vec<_>>(),
        ["approved", "draft", "sending", "uncertain"]
    );
}

#[test]
fn a_power_cut_never_turns_sending_back_into_approved() {
    cut_the_power_everywhere("short");
}

/// The log is copied back, and begun anew, between one state and the next.
#[test]
fn a_power_cut_while_the_log_is_copied_back_does_not_either() {
    cut_the_power_everywhere("long");
}
