//! `genolewm update` and `genolewm fetch`: their flags, and the program that they hand over to.
//!
//! This program has no client for any network, so that what reads genomes cannot send them. What needs one
//! is `genolewm-network`, which lies beside it and knows the same flags.

use crate::common::command::{Context, Status};
use crate::common::terminal::Terminal;
use clap::Args;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that uses the network.
pub const PROGRAM: &str = "genolewm-network";

/// The commands that are its own. It keeps their logs.
pub const COMMANDS: [&str; 2] = ["update", "fetch"];

/// Look for a newer release of a model, and install it beside the old one
///
/// Shows what differs, asks, and checks every file's hash. The old release is never touched. Where
/// MODEL_DIR is a link, it leads to the new release afterwards, and --rollback brings it back.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Model directory, or a link to one [default: $GENO_LEWM_MODEL_DIR, else .geno-lewm-models/current]
    #[arg(long, value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// List of releases: a file or an https:// address [default: $GENO_LEWM_UPDATE_INDEX_URL, else the
    /// list of the Python package's releases]
    #[arg(long, visible_alias = "index-url", value_name = "FILE|URL")]
    pub index: Option<String>,
    /// Show what differs, and install nothing
    #[arg(long)]
    pub check_only: bool,
    /// Install this version or release, however old, instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub target_version: Option<String>,
    /// Where releases are installed side by side [default: the folder that MODEL_DIR lies in]
    #[arg(long, value_name = "DIR")]
    pub install_root: Option<PathBuf>,
    /// Install without asking
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// How long to wait for a server that says nothing, in seconds
    #[arg(long, value_name = "S", default_value_t = 30.0)]
    pub timeout: f64,
    /// Make the link MODEL_DIR lead to the release before the last update again; uses no network
    #[arg(long, conflicts_with_all = ["index", "check_only", "target_version", "install_root", "yes"])]
    pub rollback: bool,
}

/// Fetch an encoder or a data set from Hugging Face's hub
///
/// Shows the files and asks. Each is held to the size and hash that the hub lists; what was interrupted
/// goes on where it stopped. A token is read from $HF_TOKEN, sent to the hub alone, and stored nowhere.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Repository, such as HuggingFaceBio/Carbon-500M
    #[arg(value_name = "OWNER/NAME")]
    pub repository: String,
    /// It is a data set
    #[arg(long)]
    pub dataset: bool,
    /// Branch, tag or commit; only a commit is the same tomorrow
    #[arg(long, value_name = "REV", default_value = "main")]
    pub revision: String,
    /// Folder for the files [default: the repository's name]
    #[arg(long, short = 'o', value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Fetch the files that this pattern fits, such as data/*.parquet (repeatable) [default: what an
    /// encoder, or a corpus, is read from]
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Fetch every file
    #[arg(long, conflicts_with = "include")]
    pub all: bool,
    /// Address of the hub [default: $HF_ENDPOINT, else that of huggingface.co]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Show the files, and fetch none
    #[arg(long)]
    pub check_only: bool,
    /// Fetch without asking
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// How long to wait for a server that says nothing, in seconds
    #[arg(long, value_name = "S", default_value_t = 30.0)]
    pub timeout: f64,
}

/// Lets the other program do what was asked, in this one's place.
///
/// # Errors
/// `RESOURCE.RUNTIME_SETUP` when it is not there or cannot be started.
pub fn hand_over(context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    terminal.flush()?;
    let program = beside().map_err(|error| cannot_start(Path::new(PROGRAM), &error))?;
    let mut command = Command::new(&program);
    command.args(context.arguments.iter().skip(1));
    Err(cannot_start(&program, &become_it(&mut command)))
}

/// The other program's path: beside this one, wherever links to this one are.
fn beside() -> std::io::Result<PathBuf> {
    let own = std::env::current_exe()?.canonicalize()?;
    Ok(own
        .with_file_name(PROGRAM)
        .with_extension(std::env::consts::EXE_EXTENSION))
}

/// Becomes the other program; what comes back is why that failed.
#[cfg(unix)]
fn become_it(command: &mut Command) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    command.exec()
}

/// Runs the other program and ends as it ends; what comes back is why that failed.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

fn cannot_start(program: &Path, error: &std::io::Error) -> Error {
    Error::new(
        ErrorCode::ResourceRuntimeSetup,
        format!("{PROGRAM}, which alone uses the network, could not be started"),
    )
    .with_detail("path", program.display())
    .with_detail("cause", error)
    .with_remedy(format!(
        "put {PROGRAM} of the same release beside this program; both are in its archive"
    ))
}
