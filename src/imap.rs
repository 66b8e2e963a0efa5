//! Watching mailboxes over IMAP, read-only.
//!
//! The watcher only ever says EXAMINE, UID SEARCH, UID FETCH with `BODY.PEEK`, IDLE, NOOP and what
//! it takes to log in and out: nothing that changes a mailbox. What arrives goes to a [`Keeper`].

pub mod cursor;
pub mod guard;
pub mod mailbox_name;
mod parts;
pub mod session;
pub mod watch;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::cursor::{Cursor, Uid};
use crate::lang::Lang;
use crate::net::Server;

/// An account to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name the user gave it.
    pub name: String,
    /// The IMAP server.
    pub server: Server,
    /// The mailboxes to watch, named as people read them; the most important first.
    pub mailboxes: Vec<String>,
    /// How far the first look goes back.
    pub lookback_days: u16,
    /// Look for mail at least this often, whether or not the server announced any. More than five
    /// minutes count as five: dead connections are noticed by it.
    pub recheck: Duration,
    /// Wait in IDLE where the server has it; otherwise look every `recheck`.
    pub idle: bool,
    /// The language of the words in [`Health`].
    pub lang: Lang,
}

/// One message as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its UID in the mailbox it was found in.
    pub uid: Uid,
    /// When the server received it (`INTERNALDATE`).
    pub received_at: Option<Timestamp>,
    /// A complete RFC 5322 message: the original, or, where that is large, its header and text parts.
    pub message: Vec<u8>,
    /// Parts were left out, or text was cut at the size limit.
    pub truncated: bool,
}

/// How an account is doing: what the watcher reports, and what the store keeps for `goen status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// Connected, caught up, waiting.
    Watching,
    /// The first look back, or a long catch-up: done so far and in all.
    CatchingUp {
        /// Mails read.
        done: u32,
        /// Mails to read.
        total: u32,
    },
    /// Not connected; tried again at the time given.
    Unreachable {
        /// What happened, the server's words last.
        words: String,
        /// When the next try is due.
        retry_at: Timestamp,
    },
    /// Stopped until the user acts (refused logins, a mailbox that does not exist).
    Stopped {
        /// What happened, the server's words last.
        words: String,
    },
}

/// Where the watcher puts what it finds. Implemented over the store by the daemon, in memory by tests.
pub trait Keeper {
    /// What goes wrong when keeping.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Where reading of `mailbox` has got to; `None` before the first look.
    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, Self::Error>;

    /// Keeps what `arrivals` say and moves the cursor, in one transaction. `quietly` while looking
    /// back for the first time: results are stored but not announced one by one.
    fn keep(
        &self,
        mailbox: &str,
        arrivals: Vec<Arrival>,
        cursor: Cursor,
        quietly: bool,
    ) -> Result<(), Self::Error>;

    /// Notes a message that cannot be read, so that it is shown instead of blocking the rest.
    fn set_aside(&self, mailbox: &str, uid: Uid, why: &str) -> Result<(), Self::Error>;

    /// Notes how the account is doing.
    fn health(&self, health: Health);

    /// Notes that the task of one of the account's connections got to run just now, or (`runs` is
    /// false) that it has come to its end.
    fn beat(&self, _connection: usize, _runs: bool) {}
}
