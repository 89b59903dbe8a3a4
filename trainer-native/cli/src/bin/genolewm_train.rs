//! `genolewm-train`, which is `genolewm train`.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm_cli::main(Some("train"))
}
