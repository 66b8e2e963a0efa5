//! One test binary for everything that drives goen from outside.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy knows `#[test]` functions, but not the helpers beside them"
)]

mod support {
    pub(crate) mod desktop;
}

mod notify;
mod words;
