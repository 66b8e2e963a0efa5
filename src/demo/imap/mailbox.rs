//! The mailboxes of the one user, in memory.

use std::sync::Arc;

use jiff::Timestamp;

/// One stored message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) uid: u32,
    /// `INTERNALDATE`.
    pub(super) received_at: Timestamp,
    pub(super) flags: Vec<String>,
    pub(super) bytes: Arc<[u8]>,
    /// Rises with each change of the flags, so a session knows what it has yet to tell.
    pub(super) revision: u64,
}

impl Message {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own.eq_ignore_ascii_case(flag))
    }
}

/// What STORE does to flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Set,
    Add,
    Remove,
}

/// One mailbox.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) name: String,
    /// Its attribute of RFC 6154, such as `\Sent`.
    pub(super) special_use: Option<&'static str>,
    pub(super) uid_validity: u32,
    pub(super) uid_next: u32,
    pub(super) messages: Vec<Message>,
}

impl Mailbox {
    pub(super) fn new(name: &str, special_use: Option<&'static str>, uid_validity: u32) -> Self {
        let name = name.to_owned();
        Self { name, special_use, uid_validity, uid_next: 1, messages: Vec::new() }
    }

    /// Adds a message and returns its UID.
    pub(super) fn add(&mut self, bytes: &[u8], received_at: Timestamp, flags: &[String]) -> u32 {
        let uid = self.uid_next;
        self.uid_next += 1;
        let mut message =
            Message { uid, received_at, flags: Vec::new(), bytes: bytes.into(), revision: 0 };
        message.change(Change::Set, flags);
        self.messages.push(message);
        uid
    }

    pub(super) fn find(&self, uid: u32) -> Option<&Message> {
        let index = self.messages.binary_search_by_key(&uid, |message| message.uid).ok()?;
        self.messages.get(index)
    }

    /// Changes the flags of one message, if it is still there.
    pub(super) fn change(&mut self, uid: u32, change: Change, flags: &[String]) {
        if let Ok(index) = self.messages.binary_search_by_key(&uid, |message| message.uid)
            && let Some(message) = self.messages.get_mut(index)
        {
            message.change(change, flags);
        }
    }
}

impl Message {
    fn change(&mut self, change: Change, flags: &[String]) {
        if change == Change::Set {
            self.flags.clear();
        }
        self.flags.retain(|own| !flags.iter().any(|flag| flag.eq_ignore_ascii_case(own)));
        if change != Change::Remove {
            // `\Recent` is the server's to give (RFC 3501 §2.3.2); here nobody gets it.
            let settable = flags.iter().filter(|flag| !flag.eq_ignore_ascii_case("\\Recent"));
            self.flags.extend(settable.cloned());
        }
        self.revision += 1;
    }
}

/// All mailboxes.
#[derive(Debug)]
pub(super) struct Mailboxes(pub(super) Vec<Mailbox>);

impl Mailboxes {
    /// INBOX, Drafts and Sent, all empty.
    pub(super) fn new(uid_validity: u32) -> Self {
        Self(vec![
            Mailbox::new("INBOX", None, uid_validity),
            Mailbox::new("Drafts", Some("\\Drafts"), uid_validity),
            Mailbox::new("Sent", Some("\\Sent"), uid_validity),
        ])
    }

    pub(super) fn get(&self, name: &str) -> Option<&Mailbox> {
        self.0.iter().find(|mailbox| is_named(mailbox, name))
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Mailbox> {
        self.0.iter_mut().find(|mailbox| is_named(mailbox, name))
    }
}

/// INBOX in any case is INBOX (RFC 3501 §5.1); all other names are exact.
fn is_named(mailbox: &Mailbox, name: &str) -> bool {
    mailbox.name == name || (mailbox.name == "INBOX" && name.eq_ignore_ascii_case("INBOX"))
}
