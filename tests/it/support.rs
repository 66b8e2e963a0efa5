//! What tests share: scripted servers, real servers, homes and keepers of their own.

pub(crate) mod aiosmtpd;
pub(crate) mod courier;
pub(crate) mod desktop;
pub(crate) mod dialogue;
pub(crate) mod dovecot;
pub(crate) mod exim;
pub(crate) mod fake_imap;
pub(crate) mod home;
pub(crate) mod line;
pub(crate) mod postfix;
pub(crate) mod replies;
pub(crate) mod shelf;
pub(crate) mod smtp;
pub(crate) mod submission;
pub(crate) mod tap;
pub(crate) mod tmux;
