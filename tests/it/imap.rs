//! Watching a mailbox, against servers that let us down in every way we know of.

mod sessions;
mod watching;
