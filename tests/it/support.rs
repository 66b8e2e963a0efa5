//! What tests share: scripted servers, real servers, homes and keepers of their own.

pub(crate) mod provider;
pub(crate) mod replies;
pub(crate) mod smtp;
