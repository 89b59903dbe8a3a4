//! `genolewm-network`: the one program that opens connections. `genolewm update` and `genolewm fetch` start it.

use std::process::ExitCode;

fn main() -> ExitCode {
    genolewm_network::main()
}
