//! An `IMAP4rev1` server (RFC 3501) for one user, with its mailboxes in memory.
//!
//! Enough of it to be watched by goen and to be read with an ordinary mail program: IDLE, UIDPLUS,
//! SPECIAL-USE, LITERAL+, SASL-IR, UNSELECT, ID. Subscriptions, renaming and keywords in
//! `PERMANENTFLAGS` are not kept.

mod command;
mod mailbox;
mod mime;
mod search;

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::command::{Command, Item, Set};
use self::mailbox::{Change, Mailbox, Mailboxes, Message};
use self::search::Largest;
use super::Login;
use super::tls::Tls;
use super::wire::{COUNTED_MAX_BYTES, Wire};
use crate::clock::Clock;

const CAPABILITIES: &str =
    "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID IDLE UIDPLUS UNSELECT SPECIAL-USE";

/// The flags that every message may have.
const FLAGS: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";

/// An IMAP server on 127.0.0.1, TLS from the first byte.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

/// What all sessions share.
struct Shared {
    login: Login,
    clock: Clock,
    /// Never held across an `await`.
    mailboxes: Mutex<Mailboxes>,
    /// Told of each change of a mailbox.
    changed: watch::Sender<()>,
    /// How many sessions are in IDLE.
    idling: watch::Sender<usize>,
    /// Each command as it came, without tag and password.
    commands: Mutex<Vec<String>>,
}

impl Shared {
    fn mailboxes(&self) -> MutexGuard<'_, Mailboxes> {
        self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Starts serving `login` on `tasks`, until `stop` is cancelled.
    pub async fn start(
        tls: &Tls,
        login: Login,
        clock: Clock,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> io::Result<Self> {
        // UIDs start anew with each server, so its mailboxes must be others (RFC 3501 §2.3.1.1).
        let uid_validity = u32::try_from(clock.now().as_second()).unwrap_or(1).max(1);
        let shared = Arc::new(Shared {
            login,
            clock,
            mailboxes: Mutex::new(Mailboxes::new(uid_validity)),
            changed: watch::Sender::new(()),
            idling: watch::Sender::new(0),
            commands: Mutex::default(),
        });
        let of_session = Arc::clone(&shared);
        let session = move |stream| Session::new(stream, Arc::clone(&of_session)).run();
        let port = tls.serve(tasks, stop, session).await?;
        Ok(Self { port, shared })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Puts `message` into INBOX and tells waiting clients.
    pub fn deliver(&self, message: &[u8], received_at: Timestamp) {
        if let Some(inbox) = self.shared.mailboxes().get_mut("INBOX") {
            inbox.add(message, received_at, &[]);
        }
        self.shared.changed.send_replace(());
    }

    /// The messages of a mailbox, oldest first; none if there is no such mailbox.
    #[must_use]
    pub fn messages(&self, mailbox: &str) -> Vec<Vec<u8>> {
        let mailboxes = self.shared.mailboxes();
        let messages = mailboxes.get(mailbox).map_or(&[][..], |mailbox| &mailbox.messages);
        messages.iter().map(|message| message.bytes.to_vec()).collect()
    }

    /// How many clients wait in IDLE at the moment.
    #[must_use]
    pub fn idling(&self) -> watch::Receiver<usize> {
        self.shared.idling.subscribe()
    }

    /// The verbs of all commands that clients gave so far, in order: `EXAMINE`, `UID FETCH`.
    #[must_use]
    pub fn verbs(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The selected mailbox as this client knows it.
struct Selected {
    mailbox: String,
    read_only: bool,
    /// UID and revision of each message, in the order of its sequence number.
    known: Vec<(u32, u64)>,
}

impl Selected {
    fn largest(&self) -> Largest {
        Largest {
            number: u32::try_from(self.known.len()).unwrap_or(u32::MAX),
            uid: self.known.last().map_or(0, |(uid, _revision)| *uid),
        }
    }

    /// Sequence number and UID of each message in `set`.
    fn in_set(&self, set: &Set, by_uid: bool) -> Vec<(u32, u32)> {
        let largest = self.largest();
        (1..)
            .zip(self.known.iter().map(|(uid, _revision)| *uid))
            .filter(|(number, uid)| {
                if by_uid {
                    set.contains(*uid, largest.uid)
                } else {
                    set.contains(*number, largest.number)
                }
            })
            .collect()
    }
}

/// How a command ended: what stands behind its tag.
enum End {
    Ok(String),
    No(&'static str),
    Bad(&'static str),
}

impl End {
    fn ok(text: &str) -> Self {
        Self::Ok(text.to_owned())
    }
}

struct Session<S> {
    wire: Wire<S>,
    shared: Arc<Shared>,
    is_logged_in: bool,
    selected: Option<Selected>,
}

/// Counts a session as idle until dropped, also when the session is dropped in the middle of it.
struct Idling<'a>(&'a watch::Sender<usize>);

impl<'a> Idling<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Idling<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, shared: Arc<Shared>) -> Self {
        Self { wire: Wire::new(stream), shared, is_logged_in: false, selected: None }
    }

    async fn run(mut self) -> io::Result<()> {
        self.wire.say(format!("* OK [CAPABILITY {CAPABILITIES}] goen demo\r\n")).await?;
        while let Some(input) = self.input().await? {
            let (tag, command) = command::read(&input);
            let tag = tag.unwrap_or_else(|| "*".to_owned());
            self.note(&input);
            let mut out = Vec::new();
            let end = match command {
                None => End::Bad("Not known here"),
                Some(Command::Logout) => {
                    self.wire.say(format!("* BYE Goodbye\r\n{tag} OK Logged out\r\n")).await?;
                    return self.wire.close().await;
                }
                Some(Command::Authenticate { mechanism, initial }) => {
                    self.authenticate(&mechanism, initial).await?
                }
                Some(Command::Idle) if self.is_logged_in => self.idle().await?,
                Some(command) => self.execute(command, &mut out),
            };
            let end = match end {
                End::Ok(text) => format!("{tag} OK {text}\r\n"),
                End::No(text) => format!("{tag} NO {text}\r\n"),
                End::Bad(text) => format!("{tag} BAD {text}\r\n"),
            };
            out.extend_from_slice(end.as_bytes());
            self.wire.say(out).await?;
        }
        Ok(())
    }

    /// One command with its literals in place; `None` when the client has gone.
    async fn input(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut input = Vec::new();
        while let Some(line) = self.wire.line().await? {
            input.extend_from_slice(&line);
            let Some((count, waits)) = announced(&line) else { return Ok(Some(input)) };
            if input.len().saturating_add(count) > COUNTED_MAX_BYTES {
                self.wire.say("* BYE More than the demo takes\r\n").await?;
                return Ok(None);
            }
            if waits {
                self.wire.say("+ Go on\r\n").await?;
            }
            input.extend_from_slice(b"\r\n");
            input.extend_from_slice(&self.wire.counted(count).await?);
        }
        Ok(None)
    }

    fn note(&self, input: &[u8]) {
        let line = String::from_utf8_lossy(input).to_ascii_uppercase();
        let mut words = line.split_ascii_whitespace().skip(1);
        let verb = match (words.next(), words.next()) {
            (Some("UID"), Some(verb)) => format!("UID {verb}"),
            (verb, _) => verb.unwrap_or_default().to_owned(),
        };
        self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).push(verb);
    }

    async fn authenticate(&mut self, mechanism: &str, initial: Option<String>) -> io::Result<End> {
        if mechanism != "PLAIN" {
            return Ok(End::No("[CANNOT] Only PLAIN"));
        }
        let answer = if let Some(answer) = initial {
            answer
        } else {
            self.wire.say("+ \r\n").await?;
            let line = self.wire.line().await?.unwrap_or_default();
            String::from_utf8_lossy(&line).into_owned()
        };
        if answer == "*" {
            return Ok(End::Bad("Cancelled"));
        }
        Ok(self.log_in(self.shared.login.is_plain(&answer)))
    }

    fn log_in(&mut self, is_user: bool) -> End {
        self.is_logged_in |= is_user;
        if is_user {
            End::Ok(format!("[CAPABILITY {CAPABILITIES}] Welcome"))
        } else {
            End::No("[AUTHENTICATIONFAILED] Not that name or password")
        }
    }

    /// IDLE (RFC 2177): tells each change at once, until the client says DONE.
    async fn idle(&mut self) -> io::Result<End> {
        let shared = Arc::clone(&self.shared);
        let mut changed = shared.changed.subscribe();
        self.wire.say("+ Waiting\r\n").await?;
        let _idling = Idling::new(&shared.idling);
        loop {
            let mut out = Vec::new();
            self.tell_changes(true, &mut out);
            if !out.is_empty() {
                self.wire.say(out).await?;
            }
            tokio::select! {
                line = self.wire.line() => {
                    let line = line?.ok_or(io::ErrorKind::UnexpectedEof)?;
                    let is_done = line.eq_ignore_ascii_case(b"DONE");
                    return Ok(if is_done { End::ok("Done") } else { End::Bad("Only DONE ends IDLE") });
                }
                _ = changed.changed() => {}
            }
        }
    }

    /// Says what changed in the selected mailbox since the client was last told.
    ///
    /// Without `removals` messages keep their sequence numbers (RFC 3501 §7.4.1).
    fn tell_changes(&mut self, removals: bool, out: &mut Vec<u8>) {
        let Some(selected) = &mut self.selected else { return };
        let mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get(&selected.mailbox) else { return };
        if removals {
            let mut number = 0;
            selected.known.retain(|(uid, _revision)| {
                number += 1;
                let is_there = mailbox.find(*uid).is_some();
                if !is_there {
                    out.extend_from_slice(format!("* {number} EXPUNGE\r\n").as_bytes());
                    number -= 1;
                }
                is_there
            });
        }
        for ((uid, revision), number) in selected.known.iter_mut().zip(1..) {
            let changed = mailbox.find(*uid).filter(|message| message.revision != *revision);
            if let Some(message) = changed {
                *revision = message.revision;
                tell(message, number, &[Item::Uid, Item::Flags], out);
            }
        }
        let last = selected.known.last().map_or(0, |(uid, _revision)| *uid);
        let new: Vec<_> = mailbox.messages.iter().filter(|message| message.uid > last).collect();
        if !new.is_empty() {
            selected.known.extend(new.iter().map(|message| (message.uid, message.revision)));
            let count = selected.known.len();
            out.extend_from_slice(format!("* {count} EXISTS\r\n").as_bytes());
        }
    }

    fn execute(&mut self, command: Command, out: &mut Vec<u8>) -> End {
        match command {
            Command::Capability => {
                out.extend_from_slice(format!("* CAPABILITY {CAPABILITIES}\r\n").as_bytes());
                return End::ok("Done");
            }
            Command::Id => {
                out.extend_from_slice(b"* ID (\"name\" \"goen demo\")\r\n");
                return End::ok("Done");
            }
            Command::Login { user, password } => {
                return self.log_in(self.shared.login.is(&user, &password));
            }
            Command::Noop if !self.is_logged_in => return End::ok("Done"),
            _ if !self.is_logged_in => return End::Bad("Log in first"),
            _ => {}
        }
        // A message that another client removes keeps its number while this one refers to it.
        let removals = !matches!(
            command,
            Command::Fetch { by_uid: false, .. }
                | Command::Store { by_uid: false, .. }
                | Command::Search { by_uid: false, .. }
        );
        let end = self.execute_logged_in(command, out);
        self.tell_changes(removals, out);
        end
    }

    fn execute_logged_in(&mut self, command: Command, out: &mut Vec<u8>) -> End {
        match command {
            Command::List { verb, pattern } => self.list(verb, &pattern, out),
            Command::Status { mailbox, items } => self.status(&mailbox, &items, out),
            Command::Select { mailbox, read_only } => self.select(&mailbox, read_only, out),
            Command::Create { mailbox } => self.create(&mailbox),
            Command::Append { mailbox, flags, received_at, message } => {
                let received_at = received_at.unwrap_or_else(|| self.shared.clock.now());
                self.append(&mailbox, &flags, received_at, &message)
            }
            Command::Leave { expunge } => self.leave(expunge),
            Command::Expunge { uids } => self.expunge(uids.as_ref()),
            Command::Search { by_uid, key } => self.search(by_uid, &key, out),
            Command::Fetch { by_uid, set, items } => self.fetch(by_uid, &set, items, out),
            Command::Store { by_uid, set, change, silent, flags } => {
                self.store((by_uid, &set), change, silent, &flags, out)
            }
            Command::Copy { by_uid, set, mailbox } => self.copy(by_uid, &set, &mailbox),
            Command::Noop | Command::Check | Command::Subscribe => End::ok("Done"),
            // Handled by the callers.
            Command::Capability
            | Command::Id
            | Command::Login { .. }
            | Command::Authenticate { .. }
            | Command::Logout
            | Command::Idle => End::Bad("Not now"),
        }
    }

    fn list(&self, verb: &str, pattern: &str, out: &mut Vec<u8>) -> End {
        if pattern.is_empty() {
            // Asks for the hierarchy delimiter only (RFC 3501 §6.3.8).
            out.extend_from_slice(format!("* {verb} (\\Noselect) \"/\" \"\"\r\n").as_bytes());
            return End::ok("Done");
        }
        for mailbox in &self.shared.mailboxes().0 {
            if matches(pattern.as_bytes(), mailbox.name.as_bytes()) {
                let attributes = mailbox.special_use.unwrap_or_default();
                let name = mime::quoted(&mailbox.name);
                let line = format!("* {verb} ({attributes}) \"/\" {name}\r\n");
                out.extend_from_slice(line.as_bytes());
            }
        }
        End::ok("Done")
    }

    fn status(&self, name: &str, items: &[String], out: &mut Vec<u8>) -> End {
        let mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get(name) else { return NO_MAILBOX };
        let mut told = Vec::new();
        for item in items {
            let item = item.to_ascii_uppercase();
            let value = match item.as_str() {
                "MESSAGES" => mailbox.messages.len().to_string(),
                "RECENT" => "0".to_owned(),
                "UIDNEXT" => mailbox.uid_next.to_string(),
                "UIDVALIDITY" => mailbox.uid_validity.to_string(),
                "UNSEEN" => {
                    mailbox.messages.iter().filter(|one| !one.has("\\Seen")).count().to_string()
                }
                _ => return End::Bad("Not known here"),
            };
            told.push(format!("{item} {value}"));
        }
        let line = format!("* STATUS {} ({})\r\n", mime::quoted(&mailbox.name), told.join(" "));
        out.extend_from_slice(line.as_bytes());
        End::ok("Done")
    }

    fn select(&mut self, name: &str, read_only: bool, out: &mut Vec<u8>) -> End {
        self.selected = None;
        let mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get(name) else { return NO_MAILBOX };
        let known: Vec<_> =
            mailbox.messages.iter().map(|message| (message.uid, message.revision)).collect();
        let permanent = if read_only { String::new() } else { format!("{FLAGS} \\*") };
        let mut told = format!(
            "* FLAGS ({FLAGS})\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [PERMANENTFLAGS ({permanent})] \
             Kept\r\n* OK [UIDVALIDITY {}] UIDs\r\n* OK [UIDNEXT {}] Next\r\n",
            known.len(),
            mailbox.uid_validity,
            mailbox.uid_next,
        );
        let unseen = mailbox.messages.iter().zip(1..).find(|(message, _)| !message.has("\\Seen"));
        if let Some((_message, number)) = unseen {
            let _ = write!(told, "* OK [UNSEEN {number}] First unseen\r\n");
        }
        out.extend_from_slice(told.as_bytes());
        self.selected = Some(Selected { mailbox: mailbox.name.clone(), read_only, known });
        End::ok(if read_only { "[READ-ONLY] Examined" } else { "[READ-WRITE] Selected" })
    }

    fn create(&self, name: &str) -> End {
        let mut mailboxes = self.shared.mailboxes();
        if mailboxes.get(name).is_some() {
            return End::No("[ALREADYEXISTS] There is one of that name");
        }
        let uid_validity = mailboxes.0.first().map_or(1, |mailbox| mailbox.uid_validity);
        mailboxes.0.push(Mailbox::new(name, None, uid_validity));
        End::ok("Done")
    }

    fn append(&self, name: &str, flags: &[String], received_at: Timestamp, bytes: &[u8]) -> End {
        let mut mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get_mut(name) else {
            return End::No("[TRYCREATE] No such mailbox");
        };
        let uid = mailbox.add(bytes, received_at, flags);
        let end = End::Ok(format!("[APPENDUID {} {uid}] Kept", mailbox.uid_validity));
        drop(mailboxes);
        self.shared.changed.send_replace(());
        end
    }

    fn leave(&mut self, expunge: bool) -> End {
        if expunge && self.selected.as_ref().is_some_and(|selected| !selected.read_only) {
            self.expunge(None);
        }
        match self.selected.take() {
            Some(_) => End::ok("Done"),
            None => NOT_SELECTED,
        }
    }

    fn expunge(&self, uids: Option<&Set>) -> End {
        let Some(selected) = &self.selected else { return NOT_SELECTED };
        if selected.read_only {
            return READ_ONLY;
        }
        let mut mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get_mut(&selected.mailbox) else { return NO_MAILBOX };
        let largest = mailbox.messages.last().map_or(0, |message| message.uid);
        mailbox.messages.retain(|message| {
            let is_meant = uids.is_none_or(|uids| uids.contains(message.uid, largest));
            !(is_meant && message.has("\\Deleted"))
        });
        drop(mailboxes);
        self.shared.changed.send_replace(());
        End::ok("Done")
    }

    fn search(&self, by_uid: bool, key: &command::Key, out: &mut Vec<u8>) -> End {
        let Some(selected) = &self.selected else { return NOT_SELECTED };
        let mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get(&selected.mailbox) else { return NO_MAILBOX };
        let mut line = "* SEARCH".to_owned();
        for ((uid, _revision), number) in selected.known.iter().zip(1..) {
            let found = mailbox
                .find(*uid)
                .is_some_and(|message| search::holds(key, message, number, selected.largest()));
            if found {
                let _ = write!(line, " {}", if by_uid { *uid } else { number });
            }
        }
        line.push_str("\r\n");
        out.extend_from_slice(line.as_bytes());
        End::ok("Done")
    }

    fn fetch(&mut self, by_uid: bool, set: &Set, mut items: Vec<Item>, out: &mut Vec<u8>) -> End {
        let Some(selected) = &mut self.selected else { return NOT_SELECTED };
        let mut mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get_mut(&selected.mailbox) else { return NO_MAILBOX };
        if by_uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let reads =
            items.iter().any(|item| matches!(item, Item::Section(section) if !section.peek));
        for (number, uid) in selected.in_set(set, by_uid) {
            if reads && !selected.read_only {
                let is_unseen = mailbox.find(uid).is_some_and(|message| !message.has("\\Seen"));
                if is_unseen {
                    mailbox.change(uid, Change::Add, &["\\Seen".to_owned()]);
                }
            }
            if let Some(message) = mailbox.find(uid) {
                tell(message, number, &items, out);
            }
        }
        End::ok("Done")
    }

    fn store(
        &mut self,
        (by_uid, set): (bool, &Set),
        change: Change,
        silent: bool,
        flags: &[String],
        out: &mut Vec<u8>,
    ) -> End {
        let Some(selected) = &mut self.selected else { return NOT_SELECTED };
        if selected.read_only {
            return READ_ONLY;
        }
        let meant = selected.in_set(set, by_uid);
        let mut mailboxes = self.shared.mailboxes();
        let Some(mailbox) = mailboxes.get_mut(&selected.mailbox) else { return NO_MAILBOX };
        for (number, uid) in meant {
            mailbox.change(uid, change, flags);
            let Some(message) = mailbox.find(uid) else { continue };
            // The client hears of it here, or has asked not to.
            let known = selected.known.iter_mut().find(|(known, _revision)| *known == uid);
            if let Some((_uid, revision)) = known {
                *revision = message.revision;
            }
            if !silent {
                tell(message, number, &[Item::Uid, Item::Flags], out);
            }
        }
        drop(mailboxes);
        self.shared.changed.send_replace(());
        End::ok("Done")
    }

    fn copy(&self, by_uid: bool, set: &Set, to: &str) -> End {
        let Some(selected) = &self.selected else { return NOT_SELECTED };
        let meant = selected.in_set(set, by_uid);
        let mut mailboxes = self.shared.mailboxes();
        let Some(from) = mailboxes.get(&selected.mailbox) else { return NO_MAILBOX };
        let copied: Vec<Message> =
            meant.iter().filter_map(|(_number, uid)| from.find(*uid).cloned()).collect();
        let Some(to) = mailboxes.get_mut(to) else {
            return End::No("[TRYCREATE] No such mailbox");
        };
        let mut uids = Vec::new();
        for message in &copied {
            let uid = to.add(&message.bytes, message.received_at, &message.flags);
            uids.push((message.uid.to_string(), uid.to_string()));
        }
        let (old, new): (Vec<_>, Vec<_>) = uids.into_iter().unzip();
        let end = if old.is_empty() {
            End::ok("Nothing to copy")
        } else {
            let uid_validity = to.uid_validity;
            End::Ok(format!("[COPYUID {uid_validity} {} {}] Done", old.join(","), new.join(",")))
        };
        drop(mailboxes);
        self.shared.changed.send_replace(());
        end
    }
}

const NO_MAILBOX: End = End::No("[NONEXISTENT] No such mailbox");
const NOT_SELECTED: End = End::Bad("Select a mailbox first");
const READ_ONLY: End = End::No("[READ-ONLY] Only examined");

/// The literal that `line` announces at its end: its size, and whether the client waits to be asked.
fn announced(line: &[u8]) -> Option<(usize, bool)> {
    let line = std::str::from_utf8(line.strip_suffix(b"}")?).ok()?;
    let (_, count) = line.rsplit_once('{')?;
    let (count, waits) = count.strip_suffix('+').map_or((count, true), |count| (count, false));
    Some((count.parse().ok()?, waits))
}

/// Whether a mailbox's `name` fits a LIST `pattern`: `*` is anything, `%` anything within a level.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let Some((first, pattern_rest)) = pattern.split_first() else { return name.is_empty() };
    match (first, name.split_first()) {
        (b'*' | b'%', None) => matches(pattern_rest, name),
        (wild @ (b'*' | b'%'), Some((byte, name_rest))) => {
            let stays = *wild == b'*' || *byte != b'/';
            matches(pattern_rest, name) || (stays && matches(pattern, name_rest))
        }
        (first, Some((byte, name_rest))) => {
            first.eq_ignore_ascii_case(byte) && matches(pattern_rest, name_rest)
        }
        (_, None) => false,
    }
}

/// Answers FETCH for one message.
fn tell(message: &Message, number: u32, items: &[Item], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("* {number} FETCH (").as_bytes());
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        let told = match item {
            Item::Uid => format!("UID {}", message.uid),
            Item::Flags => format!("FLAGS ({})", message.flags.join(" ")),
            Item::InternalDate => {
                let date = message.received_at.to_zoned(TimeZone::UTC);
                format!("INTERNALDATE \"{}\"", date.strftime("%d-%b-%Y %H:%M:%S %z"))
            }
            Item::Size => format!("RFC822.SIZE {}", message.bytes.len()),
            Item::Envelope => {
                let parsed = mime::parse(&message.bytes);
                let envelope = parsed.as_ref().map(mime::envelope);
                let none = || "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)".to_owned();
                format!("ENVELOPE {}", envelope.unwrap_or_else(none))
            }
            Item::Structure { extended } => {
                let name = if *extended { "BODYSTRUCTURE" } else { "BODY" };
                format!("{name} {}", mime::structure(&message.bytes, *extended))
            }
            Item::Section(section) => match mime::section(&message.bytes, section) {
                None => format!("{} NIL", section.name),
                Some(bytes) => {
                    let start = format!("{} {{{}}}\r\n", section.name, bytes.len());
                    out.extend_from_slice(start.as_bytes());
                    out.extend_from_slice(&bytes);
                    continue;
                }
            },
        };
        out.extend_from_slice(told.as_bytes());
    }
    out.extend_from_slice(b")\r\n");
}
