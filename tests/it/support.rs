//! What tests share: scripted servers, real servers, keepers in memory.

pub(crate) mod home;
