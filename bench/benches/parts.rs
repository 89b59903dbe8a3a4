//! `cargo bench`: the program `speed` with what cargo says to it.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm_bench::program::main()
}
