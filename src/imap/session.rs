//! A strict session over async-imap: every answer is judged here.
//!
//! async-imap frames and parses; it would take a refused or cut-off command for an empty success.
//! Here NO, BAD, the end of the stream, another command's tag and a missing UIDVALIDITY are errors.
//! The only commands there are: CAPABILITY, STARTTLS, AUTHENTICATE, LOGIN, ID, EXAMINE, UID SEARCH,
//! UID FETCH with `BODY.PEEK`, IDLE, NOTIFY, NOOP, LOGOUT, and LIST when somebody asks which mailboxes
//! there are. None changes a mailbox. (A [`filing::Filing`] can more; the watcher never has one.)
//!
//! Dropping any of these futures half-way leaves answers behind, so whoever drops one, or gets an
//! error, drops the session. Only the waits in [`Session::idle`] and [`Session::listen`] end early without that.

mod answer;
mod error;
mod fetch;
pub mod filing;
mod login;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::io;
use std::time::Duration;

use async_imap::Client;
use jiff::civil::Date;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use self::answer::{Answer, Ending, Greeting, presentable};
pub use self::answer::{Code, Words};
pub use self::error::SessionError;
pub(super) use self::fetch::DESCRIBED_MAX;
pub use self::fetch::{Care, Described, Fetched, Request};
use super::cursor::{Opened, Uid, UidValidity, windows};
use super::guard::{Guard, Limits};
use super::mailbox_name;
use crate::net::{self, Security, Server};

/// How long a server may take for one response. 128 KiB need 60 s even at 17 kbit/s.
const STEP_LIMIT: Duration = Duration::from_mins(1);

/// How long a command may take with all its responses: one that drips for ever is as good as dead.
const COMMAND_LIMIT: Duration = Duration::from_mins(10);

/// How long a server may take to end IDLE. Longer means that the connection died in the meantime
/// (chatmail/core waits as long).
const DONE_LIMIT: Duration = Duration::from_secs(15);

/// The same after a resume from sleep or a change of network: then the connection is more likely dead
/// than not, and a new one is cheap.
const WOKEN_LIMIT: Duration = Duration::from_secs(2);

/// How long we wait for a server's goodbye. Nothing depends on it.
const LOGOUT_LIMIT: Duration = Duration::from_secs(2);

/// Messages searched at once. Their UIDs fit into one line of 1 MiB with room to spare.
const SEARCH_WINDOW: u32 = 50_000;

/// Most mailboxes listed.
const LISTED_MAX: usize = 1000;

/// Longest name of a mailbox that we may be told of: far longer than any that is watched.
const NAME_MAX_BYTES: usize = 1000;

/// Anything an IMAP session can run over.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Debug + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Debug + Send> Wire for T {}

/// Why waiting in IDLE ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The server announced mail.
    Changed,
    /// The time was up.
    TimedOut,
    /// We were woken.
    Woken,
    /// The server ended the wait without a reason.
    ServerEnded,
}

/// A connection to an IMAP server, from the greeting on.
#[derive(Debug)]
pub struct Session<S: Wire> {
    client: Client<Guard<S>>,
    capabilities: Option<Vec<String>>,
    last_tag: u32,
    exists: u32,
    changed: bool,
    /// Mailboxes that NOTIFY told of since the last look: the UID their next message will get.
    news: BTreeMap<String, Option<u32>>,
    /// NOTIFY has ended.
    overflowed: bool,
    greeting: String,
    /// What is being done, for errors. Never holds arguments.
    doing: String,
}

/// Connects to `server`, and makes the connection secure in the way it asks for.
pub async fn open(server: &Server) -> Result<Session<Box<dyn Wire>>, SessionError> {
    let stream = net::connect(server).await?;
    match server.security {
        Security::Plain => Session::greet(Box::new(stream) as Box<dyn Wire>).await,
        Security::Tls => {
            let stream = net::secure(server, stream).await?;
            Session::greet(Box::new(stream) as Box<dyn Wire>).await
        }
        Security::Starttls => {
            let stream = Session::greet(stream).await?.starttls().await?;
            let stream = net::secure(server, stream).await?;
            Ok(Session::behind_tls(Box::new(stream) as Box<dyn Wire>))
        }
    }
}

impl<S: Wire> Session<S> {
    fn new(stream: S) -> Self {
        Self {
            client: Client::new(Guard::new(stream, Limits::default())),
            capabilities: None,
            last_tag: 0,
            exists: 0,
            changed: false,
            news: BTreeMap::new(),
            overflowed: false,
            greeting: String::new(),
            doing: "the greeting".to_owned(),
        }
    }

    /// Takes the server's greeting. One that has logged somebody in already is not ours.
    pub async fn greet(stream: S) -> Result<Self, SessionError> {
        let mut session = Self::new(stream);
        match session.answer(STEP_LIMIT).await? {
            Answer::Said { greeting: Greeting::Ok, words } => {
                session.greeting = words.text;
                Ok(session)
            }
            Answer::Said { greeting: Greeting::Preauth, .. } => Err(SessionError::Protocol(
                "it greets us as somebody who is logged in already (PREAUTH)".to_owned(),
            )),
            _ => Err(SessionError::Protocol("it does not begin with a greeting".to_owned())),
        }
    }

    /// Goes on over the stream that STARTTLS has led to. What was said in plaintext is forgotten; there
    /// is no second greeting (RFC 9051 §6.2.1).
    pub fn behind_tls(stream: S) -> Self {
        Self::new(stream)
    }

    /// The server's first words, if it had any.
    #[must_use]
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Asks for TLS and gives the stream back for the handshake.
    ///
    /// Bytes behind the server's consent were put there by somebody who hopes that we take them for
    /// answers given under TLS (RFC 9051 §11.1): with them the connection ends.
    pub async fn starttls(mut self) -> Result<S, SessionError> {
        if !self.offers("STARTTLS").await? {
            return Err(SessionError::Insecure("the server does not offer STARTTLS"));
        }
        self.exec("STARTTLS", |_answer| {}).await?;
        if self.client.get_ref().holds_more() {
            return Err(SessionError::Insecure("the server spoke before TLS began"));
        }
        Ok(self.client.into_inner().into_inner())
    }

    /// Whether the server can do `capability`; asks it if it has not said so.
    pub async fn offers(&mut self, capability: &str) -> Result<bool, SessionError> {
        Ok(self.capabilities().await?.iter().any(|offered| offered == capability))
    }

    /// What the server can do, names in upper case; asks it if it has not said so.
    pub async fn capabilities(&mut self) -> Result<&[String], SessionError> {
        if self.capabilities.is_none() {
            self.exec("CAPABILITY", |_answer| {}).await?;
        }
        Ok(self.capabilities.get_or_insert_default())
    }

    /// Whether mail was announced since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The mailboxes that can be opened, named as people read them; the first 1,000.
    pub async fn mailboxes(&mut self) -> Result<Vec<String>, SessionError> {
        let mut names = Vec::new();
        self.client.get_mut().expect_lists(true);
        self.exec("LIST \"\" \"*\"", |answer| {
            if let Answer::Listed(mailbox) = answer
                && mailbox.selectable
                && names.len() < LISTED_MAX
            {
                names.push(presentable(&mailbox_name::decode(&mailbox.name)));
            }
        })
        .await?;
        self.client.get_mut().expect_lists(false);
        Ok(names)
    }

    /// Opens `mailbox` for reading only.
    pub async fn examine(&mut self, mailbox: &str) -> Result<Opened, SessionError> {
        let (mut uid_validity, mut uid_next) = (None, None);
        self.exists = 0;
        let command = format!("EXAMINE {}", quoted(&mailbox_name::encode(mailbox)));
        let ended = self
            .exec(&command, |answer| {
                if let Answer::Said { words, .. } = answer {
                    match words.code {
                        Some(Code::UidValidity(life)) => uid_validity = Some(life),
                        Some(Code::UidNext(next)) => uid_next = Some(next),
                        _ => {}
                    }
                }
            })
            .await;
        match ended {
            Ok(_words) => {}
            Err(SessionError::No { words, .. }) if is_busy(&words) => {
                return Err(SessionError::Busy(words));
            }
            Err(SessionError::No { words, .. }) => {
                return Err(SessionError::NoMailbox { mailbox: mailbox.to_owned(), words });
            }
            Err(error) => return Err(error),
        }
        self.changed = false;
        let Some(uid_validity) = uid_validity.filter(|&life| life != 0) else {
            return Err(SessionError::Protocol(
                "it opened the mailbox without a UIDVALIDITY".to_owned(),
            ));
        };
        let uid_validity = UidValidity(uid_validity);
        Ok(Opened { uid_validity, uid_next, exists: self.exists })
    }

    /// The UIDs of messages that the server received on `day` or later, in order.
    pub async fn search_since(&mut self, day: Date) -> Result<Vec<Uid>, SessionError> {
        let since = day.strftime("%-d-%b-%Y").to_string();
        let mut found = BTreeSet::new();
        for (start, end) in windows(self.exists, SEARCH_WINDOW) {
            self.exec(&format!("UID SEARCH {start}:{end} SINCE {since}"), |answer| {
                if let Answer::Found(uids) = answer {
                    found.extend(uids.into_iter().filter(|&uid| uid != 0).map(Uid));
                }
            })
            .await?;
        }
        Ok(found.into_iter().collect())
    }

    /// Asks for news and nothing else.
    pub async fn noop(&mut self) -> Result<(), SessionError> {
        self.exec("NOOP", |_answer| {}).await.map(|_words| ())
    }

    /// Says goodbye. Whatever the server makes of it is of no interest.
    pub async fn logout(mut self) {
        let goodbye = async {
            let _ = self.send(&["LOGOUT".to_owned()]).await;
            while let Ok(answer) = self.answer(LOGOUT_LIMIT).await {
                if matches!(answer, Answer::Done { .. }) {
                    break;
                }
            }
        };
        let _ = timeout(LOGOUT_LIMIT, goodbye).await;
    }

    /// Waits in IDLE (RFC 2177) until mail is announced, `until` has come, or `woken` ends.
    ///
    /// Keep-alives of the server pass unnoticed. Whatever ended the wait, look for mail: a server
    /// may have swallowed the announcement. Driven by hand, because async-imap's own IDLE does not
    /// notice a refusal, a server that ends it, or mail announced before it began.
    pub async fn idle(
        &mut self,
        until: Instant,
        woken: impl Future<Output = ()>,
    ) -> Result<Waited, SessionError> {
        if self.changed {
            return Ok(Waited::Changed);
        }
        let tags = self.send(&["IDLE".to_owned()]).await?;
        let tag = tags.into_iter().next().unwrap_or_default();
        loop {
            match self.answer(STEP_LIMIT).await? {
                Answer::Continue(_) => break,
                Answer::Done { words, .. } => {
                    return Err(SessionError::No { command: "IDLE".to_owned(), words });
                }
                _ => {}
            }
        }
        let mut why = Waited::Changed;
        if !self.changed {
            let woken = std::pin::pin!(woken);
            let mut woken = woken;
            let time = std::pin::pin!(sleep_until(until));
            let mut time = time;
            why = loop {
                // Reading may be dropped here: what has arrived of a response stays in the stream.
                tokio::select! {
                    biased;
                    answer = self.read() => match answer? {
                        Answer::Exists(_) => break Waited::Changed,
                        Answer::Done { tag: ended, ok: Ending::Ok, .. } if ended == tag => {
                            return Ok(Waited::ServerEnded);
                        }
                        Answer::Done { words, .. } => {
                            return Err(SessionError::No { command: "IDLE".to_owned(), words });
                        }
                        _ => {}
                    },
                    () = &mut woken => break Waited::Woken,
                    () = &mut time => break Waited::TimedOut,
                }
            };
        }
        self.write(b"DONE\r\n").await?;
        let limit = if why == Waited::Woken { WOKEN_LIMIT } else { DONE_LIMIT };
        timeout(limit, self.finish(&[tag], |_answer| {}))
            .await
            .map_err(|_elapsed| self.silent(limit))??;
        Ok(why)
    }

    /// Asks to be told of new mail in all `mailboxes` over this one connection (RFC 5465), which is to
    /// open none of them.
    pub async fn notify(&mut self, mailboxes: &[String]) -> Result<(), SessionError> {
        let encoded: Vec<String> =
            mailboxes.iter().map(|name| mailbox_name::encode(name)).collect();
        let names: Vec<String> = encoded.iter().map(|name| quoted(name)).collect();
        self.client.get_mut().expect_statuses();
        // MessageNew may not be asked for without MessageExpunge (§5).
        let events = "(MessageNew MessageExpunge)";
        let mut command = format!("NOTIFY SET (mailboxes ({}) {events})", names.join(" "));
        if encoded != mailboxes {
            // Dovecot 2.3.19 compares the names that we give with UTF-8 and finds no `&kHiAAw-`: it is
            // asked to tell of the user's other mailboxes, too. (It does, in UTF-8.)
            let _ = write!(command, " (personal {events})");
        }
        self.exec(&command, |_answer| {}).await.map(|_words| ())
    }

    /// The mailboxes that NOTIFY told of since this was last asked, and the UID that the next message
    /// in each will get, if the server said so.
    pub fn take_news(&mut self) -> BTreeMap<String, Option<u32>> {
        std::mem::take(&mut self.news)
    }

    /// After [`Session::notify`]: waits until some mailbox has changed, `until` has come, or `woken`
    /// ends.
    pub async fn listen(
        &mut self,
        until: Instant,
        woken: impl Future<Output = ()>,
    ) -> Result<Waited, SessionError> {
        let mut woken = std::pin::pin!(woken);
        let mut time = std::pin::pin!(sleep_until(until));
        "NOTIFY".clone_into(&mut self.doing);
        while self.news.is_empty() {
            if self.overflowed {
                let text = "[NOTIFICATIONOVERFLOW]".to_owned();
                let words = Words { code: Some(Code::NotificationOverflow), text };
                return Err(SessionError::No { command: "NOTIFY".to_owned(), words });
            }
            // Reading may be dropped here: what has arrived of a response stays in the stream.
            tokio::select! {
                biased;
                answer = self.read() => if let Answer::Done { words, .. } = answer? {
                    return Err(SessionError::No { command: "NOTIFY".to_owned(), words });
                },
                () = &mut woken => {
                    timeout(WOKEN_LIMIT, self.noop())
                        .await
                        .map_err(|_elapsed| self.silent(WOKEN_LIMIT))??;
                    return Ok(Waited::Woken);
                }
                () = &mut time => return Ok(Waited::TimedOut),
            }
        }
        Ok(Waited::Changed)
    }

    /// Runs one command to its end and shows its answers to `each`.
    async fn exec(
        &mut self,
        command: &str,
        each: impl FnMut(Answer),
    ) -> Result<Words, SessionError> {
        let tags = self.send(&[command.to_owned()]).await?;
        let mut words = self.finish_in_time(&tags, each).await?;
        words.pop().ok_or_else(|| SessionError::Protocol("no answer".to_owned()))
    }

    /// Like [`Session::finish`], within the time that a command may take.
    async fn finish_in_time(
        &mut self,
        tags: &[String],
        each: impl FnMut(Answer),
    ) -> Result<Vec<Words>, SessionError> {
        timeout(COMMAND_LIMIT, self.finish(tags, each))
            .await
            .map_err(|_elapsed| self.silent(COMMAND_LIMIT))?
    }

    /// Sends commands that don't depend on each other, all at once, and returns their tags.
    async fn send(&mut self, commands: &[String]) -> Result<Vec<String>, SessionError> {
        let mut tags = Vec::new();
        let mut lines = zeroize::Zeroizing::new(String::new());
        for command in commands {
            self.doing = verb(command);
            if command.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
                let words = format!("{} would hold a line break", self.doing);
                return Err(SessionError::Protocol(words));
            }
            self.last_tag = self.last_tag.wrapping_add(1);
            let tag = format!("G{}", self.last_tag);
            // Writing to a string cannot fail.
            let _ = write!(lines, "{tag} {command}\r\n");
            tags.push(tag);
        }
        self.write(lines.as_bytes()).await?;
        Ok(tags)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        let stream = self.client.get_mut();
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        match timeout(STEP_LIMIT, written).await {
            Ok(written) => written.map_err(SessionError::Connection),
            Err(_elapsed) => Err(self.silent(STEP_LIMIT)),
        }
    }

    /// Reads until all of `tags` have ended well, in any order.
    async fn finish(
        &mut self,
        tags: &[String],
        mut each: impl FnMut(Answer),
    ) -> Result<Vec<Words>, SessionError> {
        let mut open: BTreeSet<&str> = tags.iter().map(String::as_str).collect();
        let mut ended = Vec::new();
        while !open.is_empty() {
            match self.answer(STEP_LIMIT).await? {
                Answer::Done { tag, ok, words } => {
                    if !open.remove(tag.as_str()) {
                        let words = format!("it ended a command that was not given ({tag:.20})");
                        return Err(SessionError::Protocol(words));
                    }
                    let command = || self.doing.clone();
                    match ok {
                        Ending::Ok => ended.push(words),
                        Ending::No => return Err(SessionError::No { command: command(), words }),
                        Ending::Bad => {
                            let words = format!("it does not understand {}: {words}", command());
                            return Err(SessionError::Protocol(words));
                        }
                    }
                }
                Answer::Continue(_) => {
                    let words = format!("it waits for more of {}", self.doing);
                    return Err(SessionError::Protocol(words));
                }
                answer => each(answer),
            }
        }
        Ok(ended)
    }

    /// Reads one response, within `limit`.
    async fn answer(&mut self, limit: Duration) -> Result<Answer, SessionError> {
        timeout(limit, self.read()).await.map_err(|_elapsed| self.silent(limit))?
    }

    /// Reads one response. May be dropped without loss.
    async fn read(&mut self) -> Result<Answer, SessionError> {
        let response = self.client.read_response().await.map_err(unreadable)?;
        let Some(response) = response else {
            return Err(SessionError::Connection(io::ErrorKind::UnexpectedEof.into()));
        };
        let answer = Answer::of(response.parsed());
        self.note(&answer)?;
        Ok(answer)
    }

    /// Keeps what any response may say at any time.
    fn note(&mut self, answer: &Answer) -> Result<(), SessionError> {
        match answer {
            Answer::Exists(count) => {
                self.exists = *count;
                self.changed = true;
            }
            Answer::Expunged(_) => self.exists = self.exists.saturating_sub(1),
            Answer::News(mailbox, next)
                if self.news.len() < LISTED_MAX && mailbox.len() <= NAME_MAX_BYTES =>
            {
                self.news.insert(mailbox_name::decode(mailbox), *next);
            }
            Answer::Capabilities(offered) => self.capabilities = Some(offered.clone()),
            Answer::Done { words, .. } | Answer::Said { words, .. } => match &words.code {
                Some(Code::Capabilities(offered)) => self.capabilities = Some(offered.clone()),
                Some(Code::NotificationOverflow) => self.overflowed = true,
                _ => {}
            },
            _ => {}
        }
        match answer {
            Answer::Said { greeting: Greeting::Bye, words } => {
                Err(SessionError::Bye(words.clone()))
            }
            _ => Ok(()),
        }
    }

    fn silent(&self, limit: Duration) -> SessionError {
        SessionError::Timeout { command: self.doing.clone(), seconds: limit.as_secs() }
    }
}

/// The command without its arguments, which may be secret.
fn verb(command: &str) -> String {
    let words = if command.starts_with("UID ") { 2 } else { 1 };
    command.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

/// A quoted string (RFC 9051 §9).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// Whether a refusal says that another time will do (RFC 5530).
fn is_busy(words: &Words) -> bool {
    match words.code {
        Some(Code::Unavailable | Code::InUse | Code::Limit | Code::ServerBug) => true,
        // Gmail has no code for its limit of 15 connections:
        // `NO [ALERT] Too many simultaneous connections. (Failure)`.
        Some(Code::Alert) => words.text.contains("simultaneous connections"),
        _ => false,
    }
}

/// Sorts errors of the stream. The parser's own words quote the mail and go nowhere.
fn unreadable(error: io::Error) -> SessionError {
    match error.kind() {
        io::ErrorKind::InvalidData if error.get_ref().is_some() => {
            SessionError::Protocol(error.to_string())
        }
        io::ErrorKind::Other => SessionError::Protocol("it cannot be parsed".to_owned()),
        _ => SessionError::Connection(error),
    }
}
