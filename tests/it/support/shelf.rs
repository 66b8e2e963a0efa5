//! A keeper in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use goen::imap::cursor::{Cursor, Uid};
use goen::imap::{Arrival, Health, Keeper};
use tokio::sync::Notify;

/// One message as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) mailbox: String,
    pub(crate) arrival: Arrival,
    pub(crate) quietly: bool,
}

/// Keeps everything it is given, and remembers in which order. Clones share nothing.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) kept: RefCell<Vec<Kept>>,
    pub(crate) cursors: RefCell<HashMap<String, Cursor>>,
    pub(crate) aside: RefCell<Vec<(Uid, String)>>,
    pub(crate) health: RefCell<Vec<Health>>,
    /// How often a cursor moved backwards within one UIDVALIDITY.
    pub(crate) backwards: Cell<u32>,
    changed: Notify,
}

impl Shelf {
    /// Waits until `done` holds; asked again after each change.
    pub(crate) async fn until(&self, done: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            if done(self) {
                return;
            }
            changed.await;
        }
    }

    /// Distinct messages, each with how often it was kept.
    pub(crate) fn messages(&self) -> BTreeMap<String, usize> {
        let mut messages = BTreeMap::new();
        for kept in self.kept.borrow().iter() {
            let text = String::from_utf8_lossy(&kept.arrival.message).into_owned();
            *messages.entry(text).or_default() += 1;
        }
        messages
    }

    pub(crate) fn is_watching(&self) -> bool {
        self.health.borrow().last() == Some(&Health::Watching)
    }

    pub(crate) fn loud(&self) -> usize {
        self.kept.borrow().iter().filter(|kept| !kept.quietly).count()
    }

    pub(crate) fn forget_health(&self) {
        self.health.borrow_mut().clear();
    }
}

impl Keeper for Shelf {
    type Error = Infallible;

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, Infallible> {
        Ok(self.cursors.borrow().get(mailbox).copied())
    }

    fn keep(
        &self,
        mailbox: &str,
        arrivals: Vec<Arrival>,
        cursor: Cursor,
        quietly: bool,
    ) -> Result<(), Infallible> {
        let kept = |arrival| Kept { mailbox: mailbox.to_owned(), arrival, quietly };
        self.kept.borrow_mut().extend(arrivals.into_iter().map(kept));
        let before = self.cursors.borrow_mut().insert(mailbox.to_owned(), cursor);
        if before.is_some_and(|before| {
            before.uid_validity == cursor.uid_validity && before.last_uid > cursor.last_uid
        }) {
            self.backwards.set(self.backwards.get() + 1);
        }
        self.changed.notify_one();
        Ok(())
    }

    fn set_aside(&self, _mailbox: &str, uid: Uid, why: &str) -> Result<(), Infallible> {
        self.aside.borrow_mut().push((uid, why.to_owned()));
        self.changed.notify_one();
        Ok(())
    }

    fn health(&self, health: Health) {
        self.health.borrow_mut().push(health);
        self.changed.notify_one();
    }
}
