//! One test binary for everything that drives goen from outside.

mod core_is_pure;
mod demo;
mod systemd;
