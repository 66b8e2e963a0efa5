//! The `goen` program: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    goen::cli::main()
}
