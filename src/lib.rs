//! goen (ご縁): a quiet companion for the inbox of someone who is looking for work in Japan.
//!
//! Functional core, imperative shell. The core decides and does nothing else; a test keeps it so.
//! The shell around it is boring: fetch → [`mail`] → [`classify`] → [`guide`] → [`store`] → [`notify`],
//! and on the way back [`reply`] → [`outbox`] → [`smtp`].

// Words shared by all.
pub mod hours;
pub mod lang;
pub mod plain;

// The core: pure. (Also pure: `imap::cursor`, `outbox::state`, `tell::when`, `tell::pace`.)
pub mod application;
pub mod classify;
pub mod deadline;
pub mod guide;
pub mod ics;
pub mod mail;
pub mod memo;
pub mod reminder;
pub mod reply;
pub mod silence;

// The shell: does things.
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod doctor;
pub mod imap;
pub mod knowledge;
pub mod net;
pub mod notify;
pub mod outbox;
mod rousing;
pub mod secret;
pub mod service;
pub mod setup;
pub mod smtp;
pub mod store;
mod systemd;
pub mod tell;
