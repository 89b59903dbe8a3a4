//! The native program: `genolewm <command>`.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm::cli::main(None)
}
