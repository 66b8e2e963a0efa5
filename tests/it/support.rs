//! What tests share: scripted servers, real servers, homes and keepers of their own.

pub(crate) mod postfix;
pub(crate) mod replies;
pub(crate) mod smtp;
