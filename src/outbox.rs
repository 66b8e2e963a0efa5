//! Approve, claim, settle: the life of a reply, in the store.

pub mod state;
