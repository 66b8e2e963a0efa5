//! A small IMAP server over one mailbox in memory, with faults on request.
//!
//! It answers just what goen asks; anything else is a BAD. The faults are what matters: each
//! happens once, at a command counted over all connections.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use goen::imap::session::{Session, SessionError, Wire};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::Notify;

/// A way in which a server lets us down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Closes the connection instead of answering.
    HangUp,
    /// Closes the connection after so many bytes of the answer.
    HangUpAfter(usize),
    /// Never answers again on this connection.
    Stall,
    /// Says this instead of an answer, then goes on.
    Says(&'static str),
}

/// What the server is.
pub(crate) struct FakeImap {
    pub(crate) messages: RefCell<BTreeMap<u32, String>>,
    pub(crate) uid_validity: Cell<u32>,
    /// UIDNEXT is left out, as Courier and mail.163.com do.
    pub(crate) without_uid_next: Cell<bool>,
    pub(crate) capabilities: Cell<&'static str>,
    /// Said in front of each answer.
    pub(crate) unsolicited: Cell<&'static str>,
    /// The LOGIN's answer, if not OK.
    pub(crate) login_answer: Cell<Option<&'static str>>,
    /// What FETCH answers for the body of this message.
    pub(crate) poison: RefCell<HashMap<u32, &'static str>>,
    /// IDLE announces nothing, as with Courier and Cyrus without `idled`.
    pub(crate) silent: Cell<bool>,
    /// UIDs the search for recent mail finds; all if `None`.
    pub(crate) recent: RefCell<Option<Vec<u32>>>,
    pub(crate) fault: RefCell<Option<(usize, Fault)>>,
    /// The fault fell inside an answer.
    pub(crate) cut_short: Cell<bool>,
    /// No connection is accepted.
    pub(crate) down: Cell<bool>,
    pub(crate) commands: RefCell<Vec<String>>,
    pub(crate) connections: Cell<usize>,
    changed: Notify,
}

impl FakeImap {
    /// A server with these messages, numbered from 1.
    pub(crate) fn with(texts: &[&str]) -> Rc<Self> {
        let messages = texts.iter().zip(1..).map(|(text, uid)| (uid, (*text).to_owned())).collect();
        Rc::new(Self {
            messages: RefCell::new(messages),
            uid_validity: Cell::new(7),
            without_uid_next: Cell::new(false),
            capabilities: Cell::new("IMAP4rev1 AUTH=PLAIN SASL-IR IDLE ID"),
            unsolicited: Cell::new(""),
            login_answer: Cell::new(None),
            poison: RefCell::default(),
            silent: Cell::new(false),
            recent: RefCell::default(),
            fault: RefCell::default(),
            cut_short: Cell::new(false),
            down: Cell::new(false),
            commands: RefCell::default(),
            connections: Cell::new(0),
            changed: Notify::new(),
        })
    }

    /// A message arrives; sessions in IDLE are told.
    pub(crate) fn deliver(&self, text: &str) {
        let uid = self.messages.borrow().last_key_value().map_or(1, |(uid, _text)| uid + 1);
        self.messages.borrow_mut().insert(uid, text.to_owned());
        self.changed.notify_waiters();
    }

    /// How often a command that starts with `verb` was given.
    pub(crate) fn asked(&self, verb: &str) -> usize {
        self.commands.borrow().iter().filter(|command| command.starts_with(verb)).count()
    }

    /// Opens a session, on the current `LocalSet`.
    pub(crate) async fn open(self: &Rc<Self>) -> Result<Session<Box<dyn Wire>>, SessionError> {
        self.connections.set(self.connections.get() + 1);
        if self.down.get() {
            return Err(SessionError::Connection(std::io::ErrorKind::NetworkUnreachable.into()));
        }
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let server = Rc::clone(self);
        tokio::task::spawn_local(async move { server.serve(theirs).await });
        Session::greet(Box::new(ours) as Box<dyn Wire>).await
    }

    async fn serve(&self, stream: DuplexStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"* OK ready\r\n").await.ok()?;
        let mut told = 0;
        loop {
            let line = read_line(&mut stream).await?;
            let (tag, command) = line.split_once(' ')?;
            let index = self.commands.borrow().len();
            self.commands.borrow_mut().push(command.to_owned());
            let mut answer = format!("{}{}", self.unsolicited.get(), self.answer(tag, command));
            let fault = self.fault.borrow_mut().take_if(|(at, _fault)| *at == index);
            match fault.map(|(_at, fault)| fault) {
                None => {}
                Some(Fault::HangUp) => return None,
                Some(Fault::HangUpAfter(bytes)) => {
                    self.cut_short.set(bytes < answer.len());
                    stream.write_all(&answer.as_bytes()[..bytes.min(answer.len())]).await.ok()?;
                    return None;
                }
                Some(Fault::Stall) => {
                    // Until the other side gives up.
                    let mut rest = Vec::new();
                    stream.read_to_end(&mut rest).await.ok()?;
                    return None;
                }
                Some(Fault::Says(words)) => answer = words.replace("TAG", tag),
            }
            stream.write_all(answer.as_bytes()).await.ok()?;
            if command == "IDLE" && answer.starts_with('+') {
                self.idle(&mut stream, &mut told).await?;
                stream.write_all(format!("{tag} OK done\r\n").as_bytes()).await.ok()?;
            }
            if command == "NOOP" || command.starts_with("EXAMINE") {
                told = self.messages.borrow().len();
            }
            if command == "LOGOUT" {
                return None;
            }
        }
    }

    async fn idle(&self, stream: &mut BufReader<DuplexStream>, told: &mut usize) -> Option<()> {
        loop {
            let changed = self.changed.notified();
            let now = self.messages.borrow().len();
            if now != *told && !self.silent.get() {
                *told = now;
                stream.write_all(format!("* {now} EXISTS\r\n").as_bytes()).await.ok()?;
            }
            tokio::select! {
                line = read_line(stream) => {
                    assert_eq!(line?, "DONE");
                    return Some(());
                }
                () = changed => {}
            }
        }
    }

    fn answer(&self, tag: &str, command: &str) -> String {
        let ok = format!("{tag} OK done\r\n");
        let messages = self.messages.borrow();
        match command.split(' ').next().unwrap_or_default() {
            "CAPABILITY" => format!("* CAPABILITY {}\r\n{ok}", self.capabilities.get()),
            "AUTHENTICATE" | "LOGIN" => match self.login_answer.get() {
                Some(words) => format!("{tag} {words}\r\n"),
                None => format!("{tag} OK [CAPABILITY {}] hello\r\n", self.capabilities.get()),
            },
            "ID" => format!("* ID (\"name\" \"fake\")\r\n{ok}"),
            "IDLE" => "+ waiting\r\n".to_owned(),
            "NOOP" => format!("* {} EXISTS\r\n{ok}", messages.len()),
            "LOGOUT" => format!("* BYE see you\r\n{ok}"),
            "EXAMINE" if command != "EXAMINE \"INBOX\"" => {
                format!("{tag} NO [NONEXISTENT] no such mailbox\r\n")
            }
            "EXAMINE" => {
                let next = messages.last_key_value().map_or(1, |(uid, _text)| uid + 1);
                let next = if self.without_uid_next.get() {
                    String::new()
                } else {
                    format!("* OK [UIDNEXT {next}] next\r\n")
                };
                format!(
                    "* FLAGS (\\Seen)\r\n* {} EXISTS\r\n* 0 RECENT\r\n\
                     * OK [UIDVALIDITY {}] life\r\n{next}{tag} OK [READ-ONLY] open\r\n",
                    messages.len(),
                    self.uid_validity.get()
                )
            }
            "UID" if command.starts_with("UID SEARCH") => {
                let recent = self.recent.borrow();
                let found: Vec<String> = messages
                    .keys()
                    .filter(|uid| recent.as_ref().is_none_or(|recent| recent.contains(uid)))
                    .map(ToString::to_string)
                    .collect();
                format!("* SEARCH {}\r\n{ok}", found.join(" "))
            }
            "UID" if command.starts_with("UID FETCH") => self.fetched(command) + &ok,
            _ => format!("{tag} BAD unknown\r\n"),
        }
    }

    fn fetched(&self, command: &str) -> String {
        let messages = self.messages.borrow();
        let set = command.split(' ').nth(2).unwrap_or_default();
        let last = messages.last_key_value().map_or(0, |(uid, _text)| *uid);
        let mut answer = String::new();
        for (number, (uid, text)) in (1..).zip(messages.iter()) {
            if !contains(set, *uid, last) {
                continue;
            }
            let size = text.len();
            let poisoned = self.poison.borrow().get(uid).copied();
            let said = if !command.contains("BODY.PEEK[]") {
                let date = "20-Nov-2026 10:00:00 +0900";
                let described = format!(" RFC822.SIZE {size} INTERNALDATE \"{date}\"");
                let described = if command.contains("SIZE") { described } else { String::new() };
                format!("* {number} FETCH (UID {uid}{described})\r\n")
            } else if let Some(poison) = poisoned {
                poison.to_owned()
            } else {
                format!("* {number} FETCH (UID {uid} BODY[]<0> {{{size}}}\r\n{text})\r\n")
            };
            answer.push_str(&said);
        }
        answer
    }
}

fn contains(set: &str, uid: u32, last: u32) -> bool {
    let number = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
    set.split(',').any(|range| {
        let (start, end) = range.split_once(':').unwrap_or((range, range));
        let (start, end) = (number(start), number(end));
        // `n:*` names the last message also where n is beyond it.
        (start.min(end)..=start.max(end)).contains(&uid)
    })
}

async fn read_line(stream: &mut BufReader<DuplexStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
