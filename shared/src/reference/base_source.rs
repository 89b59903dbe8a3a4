//! What bases are fetched from.

use crate::limits::{MAX_CONTIG_NAMES_BYTES, MAX_CONTIGS};
use crate::position::Interval;
use crate::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// A contig of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContigInfo {
    /// The name as the reference has it.
    pub name: String,
    /// Its length in bp.
    pub length_bp: u64,
}

/// Something that bases are fetched from.
pub trait BaseSource {
    /// The contigs, in the source's order.
    fn contigs(&self) -> &[ContigInfo];

    /// The bases of `interval` on the contig with exactly this name: upper-case A, C, G, T, and N
    /// for everything else that a reference may hold.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a contig that is not there, an interval that reaches past its end, or
    /// data that is not what the index says; `RESOURCE.GENERIC` when reading fails.
    fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String> {
        let mut bases = self.fetch_soft_masked(contig, interval)?;
        bases.make_ascii_uppercase();
        Ok(bases)
    }

    /// The same with a, c, g and t in lower case where the file marks a repeat so. A file without
    /// lower case marks none: that says nothing about repeats.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String>;
}

impl<S: BaseSource + ?Sized> BaseSource for Box<S> {
    fn contigs(&self) -> &[ContigInfo] {
        (**self).contigs()
    }

    fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String> {
        (**self).fetch(contig, interval)
    }

    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        (**self).fetch_soft_masked(contig, interval)
    }
}

/// The index and length of the contig that an interval is asked of, which must lie inside.
pub(super) fn locate(
    contig: &str,
    interval: Interval,
    by_name: &BTreeMap<String, usize>,
    contigs: &[ContigInfo],
) -> Result<(usize, u64)> {
    let index = *by_name.get(contig).ok_or_else(|| unknown_contig(contig))?;
    let length_bp = contigs.get(index).map_or(0, |info| info.length_bp);
    let end = interval.end.get();
    if end <= length_bp {
        return Ok((index, length_bp));
    }
    Err(
        Error::input(format!("the interval reaches past the end of {contig:?}"))
            .with_detail("end_bp", end)
            .with_detail("contig_bp", length_bp),
    )
}

pub(super) fn unknown_contig(contig: &str) -> Error {
    Error::input(format!("the reference has no contig {contig:?}"))
        .with_remedy("check that the variants and the reference are of one genome build")
}

/// Refuses a reference of too many contigs, or of too long names.
pub(super) fn within_limits(contigs: usize, names_bytes: usize) -> Result<()> {
    if contigs <= MAX_CONTIGS && names_bytes <= MAX_CONTIG_NAMES_BYTES {
        return Ok(());
    }
    let mib = MAX_CONTIG_NAMES_BYTES >> 20;
    let message =
        format!("the reference has more than {MAX_CONTIGS} contigs, or {mib} MiB of their names");
    Err(Error::input(message).with_remedy("give a reference without unplaced scaffolds"))
}
