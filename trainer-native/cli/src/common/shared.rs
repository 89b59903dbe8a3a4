//! The flags that every command takes.

use super::logging::LogArgs;
use clap::{ArgMatches, Args, ValueEnum};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::Severity;
use std::path::PathBuf;

/// How much the program tells on standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// What may surprise, too.
    Warn,
    /// What was done.
    #[default]
    Info,
    /// How it was done.
    Debug,
}

impl LogLevel {
    /// The least grave events that are logged.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warn => Severity::Warn,
            Self::Info => Severity::Info,
            Self::Debug => Severity::Debug,
        }
    }
}

/// The shared flags.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Shared options")]
pub struct Shared {
    /// Read defaults for any flag from a YAML, TOML or JSON file, or YAML from - (repeatable)
    ///
    /// Sections carry the names of commands, keys those of flags with `_` for `-`, for example
    /// `score: {batch_size: 32}`. Flags, `--set` and variables as GENO_LEWM_SCORE__BATCH_SIZE take
    /// precedence, and a later file over an earlier one.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Vec<PathBuf>,
    /// Set one configuration key, for example score.batch_size=32 (repeatable)
    #[arg(long, short = 's', value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
    /// Seed of everything random
    #[arg(long, value_name = "N", global = true)]
    pub seed: Option<u64>,
    /// Refuse what may give other results from run to run: GPUs
    ///
    /// The processor always gives the same bytes, for any number of threads.
    #[arg(long, global = true)]
    pub deterministic: bool,
    /// How much to tell on standard error, and to log
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "LEVEL",
        ignore_case = true,
        global = true
    )]
    pub log_level: LogLevel,
    /// Tell only warnings and errors
    #[arg(long, global = true)]
    pub quiet: bool,
    /// What is logged, and where.
    #[command(flatten)]
    pub log: LogArgs,
    /// Leave out the research notice; works only together with --quiet
    #[arg(long, global = true)]
    pub no_banner: bool,
    /// Write no receipts
    #[arg(long, global = true)]
    pub no_receipt: bool,
    /// Print the resolved configuration as YAML and exit
    #[arg(long, global = true)]
    pub print_config: bool,
    /// Print the same, each value with where it comes from, and exit
    #[arg(long, global = true)]
    pub print_config_tree: bool,
    /// Say what a key of the configuration is, and exit
    #[arg(long, value_name = "KEY", global = true)]
    pub explain: Option<String>,
}

impl Shared {
    /// Refuses a GPU, where results are to be the same from run to run.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` with the backend or device.
    pub fn refuse_gpus(&self, mut matches: &ArgMatches) -> Result<()> {
        while let Some((_, inner)) = matches.subcommand() {
            matches = inner;
        }
        let named = ["backend", "device"].into_iter().filter_map(|flag| {
            let mut values = matches.try_get_raw(flag).ok().flatten()?;
            Some((flag, values.next()?.to_string_lossy().into_owned()))
        });
        // A command that scores takes the processor for `auto` then.
        let gpu = |flag: &str, name: &str| name != "cpu" && (flag, name) != ("backend", "auto");
        let found = named
            .filter(|_| self.deterministic)
            .find(|(flag, names)| names.split(',').any(|name| gpu(flag, name.trim())));
        match found {
            None => Ok(()),
            Some((flag, name)) => Err(Error::new(
                ErrorCode::ConfigGeneric,
                "a GPU may give other results from run to run",
            )
            .with_detail(flag, name)
            .with_remedy("use the processor, or leave --deterministic out")),
        }
    }

    /// The log level after `--quiet`.
    #[must_use]
    pub fn level(&self) -> LogLevel {
        if self.quiet {
            self.log_level.min(LogLevel::Warn)
        } else {
            self.log_level
        }
    }
}
