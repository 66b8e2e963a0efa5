//! One test binary for everything that drives goen from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests: by panicking"
)]

mod imap;
mod imap_real;
mod support;
