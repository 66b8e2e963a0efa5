//! One test binary for everything that drives goen from outside.

mod reader;
