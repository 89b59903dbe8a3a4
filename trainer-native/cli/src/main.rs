//! The native program: `genolewm <command>`.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm_cli::main(None)
}
