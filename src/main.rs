//! The `goen` program: see the library.

fn main() {}
