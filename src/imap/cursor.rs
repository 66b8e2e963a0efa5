//! What of a mailbox has been read: UIDVALIDITY and the last UID (RFC 9051 §2.3.1.1). Pure.

use serde::{Deserialize, Serialize};

/// A message's identifier within one mailbox and UIDVALIDITY; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uid(pub u32);

/// The life of a mailbox during which its UIDs mean the same messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UidValidity(pub u32);

/// How far a mailbox has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The life of the mailbox the UID belongs to.
    pub uid_validity: UidValidity,
    /// The last UID that was read; 0 if none.
    pub last_uid: u32,
}
