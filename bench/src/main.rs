//! `speed`: how fast the parts are.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm_bench::program::main()
}
