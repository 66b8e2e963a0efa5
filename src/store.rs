//! The store: all SQL, one SQLite file, the only truth the daemon and the command line share.

pub(crate) mod outbox;
