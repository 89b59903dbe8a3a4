//! Configuration files, the environment and `--set`, as defaults for flags.
//!
//! Every flag is defined once, in its command. A configuration is turned into the flags that it
//! stands for and put before those of the command line, so that it is checked by the same rules
//! and loses to what was typed.

mod definitions;
mod sources;
mod package;
mod applied;
mod announce;
mod explain;
mod print;
mod settings;
mod reference;

pub use applied::Configuration;
pub use definitions::Definitions;
pub use explain::explain;
pub use print::{is_asked_for, print};
pub use reference::write_reference;
pub use settings::{repeat, settings};

#[cfg(test)]
mod tests {
    use crate::common::shared::Shared;
    use clap::{Arg, ArgAction, Args, Command};

    /// A program of one command.
    pub(super) fn program() -> Command {
        let score = Command::new("score")
            .arg(
                Arg::new("batch_size")
                    .long("batch-size")
                    .default_value("64"),
            )
            .arg(Arg::new("model_dir").long("model-dir"))
            .arg(Arg::new("strict").long("strict").action(ArgAction::SetTrue));
        Shared::augment_args(Command::new("genolewm")).subcommand(score)
    }

    /// The Python package's keys.
    pub(super) fn package() -> Command {
        genolewm_train::package::definition()
    }
}
