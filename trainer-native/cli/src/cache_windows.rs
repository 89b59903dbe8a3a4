//! `genolewm cache-windows`: filling the window cache and looking after it.

use super::cache_build::{self, BuildArgs};
use super::common::terminal::Terminal;
use crate::common::command::Status;
use genolewm_core::Result;
use genolewm_data::cache::{default_cache_dir, reindex_cache, repair_cache};
use std::path::{Path, PathBuf};

/// Fill the cache of window states and look after it
///
/// The cache is that of the Python package: Parquet shards that never change, and a SQLite index
/// that can be built from them at any time.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Directory of the cache [default: $GENO_LEWM_CACHE, else .geno-lewm-cache]
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    #[command(flatten)]
    task: CacheTask,
    #[command(flatten)]
    build: BuildArgs,
}

/// What is done; one at a time.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct CacheTask {
    /// Encode the windows of a corpus that are not cached yet
    #[arg(long, requires = "encoder_dir", requires = "windows")]
    build: bool,
    /// Build the index again from the shards; a shard that cannot be read is an error
    #[arg(long)]
    reindex: bool,
    /// Set shards aside that cannot be read, and build the index again from the rest
    #[arg(long)]
    repair: bool,
}

/// Does it and says what was found, in the words of the Python package.
///
/// # Errors
/// `RESOURCE.CACHE_CORRUPT` for a shard that cannot be indexed, other `RESOURCE` codes where files
/// cannot be read or written; those of the corpus and the encoder.
pub fn run(args: &Args, terminal: &mut Terminal<'_>) -> Result<Status> {
    let root = args.cache_dir.clone().unwrap_or_else(default_cache_dir);
    if args.task.build {
        return cache_build::run(&args.build, &root, terminal);
    }
    if args.task.repair {
        repair(&root, terminal)?;
    } else {
        reindex(&root, terminal)?;
    }
    Ok(Status::Done)
}

fn reindex(root: &Path, terminal: &mut Terminal<'_>) -> Result<()> {
    let report = reindex_cache(root)?;
    terminal.line(format_args!(
        "reindexed indexed_shards={} indexed_rows={} index_path={}",
        report.indexed_shards,
        report.indexed_rows,
        report.index_path.display()
    ))
}

fn repair(root: &Path, terminal: &mut Terminal<'_>) -> Result<()> {
    let report = repair_cache(root)?;
    for (path, error) in &report.quarantined {
        let cause = error.details().get("cause");
        let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
        terminal.warn(format_args!(
            "{}{cause}; set aside as {}",
            error.message(),
            path.display()
        ));
    }
    terminal.line(format_args!(
        "repaired checked_shards={} quarantined={} indexed_rows={}",
        report.checked_shards,
        report.quarantined.len(),
        report.reindex.indexed_rows
    ))
}
