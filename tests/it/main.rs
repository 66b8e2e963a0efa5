//! One test binary for everything that drives goen from outside.

mod outbox;
mod smtp;

/// What tests stand on.
mod support {
    pub(crate) mod replies;
    pub(crate) mod smtp;
}
