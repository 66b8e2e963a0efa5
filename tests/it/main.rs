//! One test binary for everything that drives goen from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and says so"
)]

mod bad_input;
mod classify;
mod core_is_pure;
mod corpus;
mod crash;
mod demo;
mod imap;
mod imap_real;
mod main_job;
mod notify;
mod outbox;
mod reader;
mod smtp;
mod smtp_real;
mod support;
mod systemd;
mod words;
