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

mod anything;
mod applications;
mod bad_input;
mod beside;
mod blindness;
mod calendar;
mod classify;
mod core_is_pure;
mod corpus;
mod correct;
mod crash;
mod demo;
mod doctor;
mod events;
mod imap;
mod imap_real;
mod main_job;
mod networks;
mod notify;
mod online;
mod outbox;
mod own;
mod pages;
mod power;
mod promises;
mod reader;
mod reload;
mod review;
mod rousing;
mod scenarios;
mod servers;
mod settings;
mod setup;
mod smtp;
mod smtp_real;
mod support;
mod systemd;
mod telling;
mod tokens;
mod words;
