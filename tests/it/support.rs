//! What tests share: scripted servers, real servers, keepers in memory.

pub(crate) mod dialogue;
pub(crate) mod dovecot;
pub(crate) mod fake_imap;
pub(crate) mod shelf;
pub(crate) mod tap;
