//! `genolewm-train`, which is `genolewm train`.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm::cli::main(Some("train"))
}
