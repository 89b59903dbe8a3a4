//! From a VCF to a shard.

use super::report::PrepareReport;
use super::rows::{Rows, ShardRow};
use super::sites::{Counts, Rules, VcfRows};
use super::writer::ShardWriter;
use crate::errors::input_error;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_observe::{emit, events};
use genolewm_report::output::io_error_at;
use std::path::Path;

/// Name of a shard in the folder of its release.
const FILE: &str = "variants.parquet";

/// What to prepare, and where.
#[derive(Debug, Clone)]
pub struct PrepareRequest<'a> {
    /// The VCF, plain, gzip or bgzip.
    pub input_vcf: &'a Path,
    /// The dataset, which gets a folder for the kind of shard and in it one for the release.
    pub output_dir: &'a Path,
    /// The release's label.
    pub release: &'a str,
    /// Whether to replace a shard that is there.
    pub overwrite: bool,
}

/// Prepares a shard; `None` when `stop` asked to end early, and nothing was written then.
pub(super) fn prepare<S>(
    request: &PrepareRequest<'_>,
    rules: S,
    stop: &dyn Fn() -> bool,
) -> Result<Option<PrepareReport>>
where
    S: Rules,
    S::Row: ShardRow,
{
    check_release(request.release)?;
    let target = request.output_dir.join(S::Row::FOLDER);
    let target = target.join(request.release).join(FILE);
    let report =
        |counts: &Counts| PrepareReport::new(target.clone(), request.release, counts, S::SKIPS);
    if !request.overwrite && target.exists() {
        let (records_written, size_bytes) = existing::<S::Row>(&target)?;
        return Ok(Some(PrepareReport {
            records_written,
            size_bytes,
            already_exists: true,
            ..report(&Counts::default())
        }));
    }
    let mut rows = VcfRows::open(request.input_vcf, rules)?;
    let mut writer = ShardWriter::create(&target)?;
    while rows.read_record()? {
        if stop() {
            return Ok(None);
        }
        rows.drain_rows().try_for_each(|row| writer.push(row))?;
    }
    let counts = rows.counts();
    let (records_written, size_bytes) = writer.finish()?;
    emit!(
        events::SHARD_WRITE,
        shard_id = S::Row::FOLDER,
        size_bytes,
        n_rows = records_written,
        path = %target.display()
    );
    Ok(Some(PrepareReport {
        records_written,
        size_bytes,
        ..report(counts)
    }))
}

/// Rows and bytes of a shard that is there. All of it is read: a damaged file would otherwise pass
/// for the release for ever.
fn existing<R: ShardRow>(target: &Path) -> Result<(u64, u64)> {
    let mut rows = 0;
    for row in Rows::<R>::open(target, ErrorCode::InputGeneric)? {
        row?;
        rows += 1;
    }
    let size = std::fs::metadata(target).map_err(io_error_at(target))?;
    Ok((rows, size.len()))
}

/// A release names a folder; it must not lead out of the dataset.
fn check_release(release: &str) -> Result<()> {
    let is_name = !matches!(release, "" | "." | "..") && !release.contains(['/', '\\', '\0']);
    if is_name {
        return Ok(());
    }
    Err(input_error("the release cannot be the name of a folder")
        .with_detail("release", release)
        .with_remedy("give a label such as v4.1 or 2026-04-15 with --release"))
}

/// Refuses a limit of no bases.
pub(super) fn check_allele_limit(max_allele_bp: usize) -> Result<()> {
    if max_allele_bp > 0 {
        return Ok(());
    }
    Err(Error::new(ErrorCode::InputGeneric, "no allele has 0 bases")
        .with_remedy("give --max-allele-len as a whole number from 1"))
}
