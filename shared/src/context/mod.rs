//! Genomic context of a variant: the bucket whose calibration applies to it, and what stands in when
//! that bucket is too small (`docs/formats.md`, "Context").

mod class;
mod terms;

pub use class::{GcBin, RegionClass, RepeatClass};
pub use terms::{classify_region, classify_repeat, region_of_terms};

use crate::edit::EditKind;
use crate::{Error, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The bucket of everything, at the end of every back-off chain.
pub const UNKNOWN_BUCKET_ID: &str = "*";

/// How many calibration variants a bucket needs before its percentiles are used.
pub const DEFAULT_MIN_BUCKET_SIZE: u64 = 1_000;

/// Buckets with fewer rows than this are marked as of low confidence. A kind of edit over all contexts
/// is used from here on: edits of another kind say less of it than few of its own.
pub const LOW_CONFIDENCE_BUCKET_SIZE: u64 = 100;

/// Up to this share of G and C a window counts as low.
pub const LOW_GC_CUTOFF: f64 = 1.0 / 3.0;

/// From this share of G and C a window counts as high.
pub const HIGH_GC_CUTOFF: f64 = 2.0 / 3.0;

/// The share of G and C among the called bases of `sequence`, 0..=1.
///
/// # Errors
/// `INPUT.GENERIC` for a letter other than ACGTN (any case), or when no base is called.
pub fn gc_fraction(sequence: &str) -> Result<f64> {
    let (mut gc, mut called) = (0_u64, 0_u64);
    for base in sequence.chars() {
        match base.to_ascii_uppercase() {
            'G' | 'C' => (gc, called) = (gc + 1, called + 1),
            'A' | 'T' => called += 1,
            'N' => {}
            _ => return Err(Error::input(format!("{base:?} is not a base"))),
        }
    }
    if called == 0 {
        return Err(Error::input(
            "no base is called, so that there is no GC content",
        ));
    }
    Ok(gc as f64 / called as f64)
}

/// The GC bin of `sequence` at the default cut-offs, both of which belong to the outer bins.
///
/// # Errors
/// As [`gc_fraction`].
pub fn classify_gc_bin(sequence: &str) -> Result<GcBin> {
    classify_gc_bin_at(sequence, LOW_GC_CUTOFF, HIGH_GC_CUTOFF)
}

/// The GC bin of `sequence` at other cut-offs.
///
/// # Errors
/// As [`gc_fraction`], and unless `0 <= low < high <= 1`.
pub fn classify_gc_bin_at(sequence: &str, low: f64, high: f64) -> Result<GcBin> {
    if !(0.0 <= low && low < high && high <= 1.0) {
        return Err(Error::input("GC cut-offs must rise within 0 and 1")
            .with_detail("low", low)
            .with_detail("high", high));
    }
    let fraction = gc_fraction(sequence)?;
    Ok(if fraction <= low {
        GcBin::Low
    } else if fraction >= high {
        GcBin::High
    } else {
        GcBin::Mid
    })
}

/// The full context of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextLabel {
    /// Where it lies.
    pub region: RegionClass,
    /// How GC-rich the window is.
    pub gc: GcBin,
    /// Which repeat it lies in.
    pub repeat: RepeatClass,
}

impl ContextLabel {
    /// Classifies a variant by its annotations and the window around it.
    ///
    /// # Errors
    /// As [`classify_gc_bin`] and [`classify_repeat`].
    pub fn classify(region: Option<&str>, gc_window: &str, repeat: Option<&str>) -> Result<Self> {
        Ok(Self {
            region: classify_region(region),
            gc: classify_gc_bin(gc_window)?,
            repeat: classify_repeat(repeat)?,
        })
    }

    /// The bucket: `region|gc|repeat`.
    #[must_use]
    pub fn bucket_id(&self) -> String {
        format!("{}|{}|{}", self.region, self.gc, self.repeat)
    }

    /// The bucket for a place in a repeat of which the class is not known: `region|gc`.
    #[must_use]
    pub fn bucket_id_of_any_repeat(&self) -> String {
        format!("{}|{}", self.region, self.gc)
    }
}

/// The kind of edit that a bucket is of, if of one, and its context: `*` where that is any.
#[must_use]
pub fn kind_and_context(bucket: &str) -> (Option<EditKind>, &str) {
    let (first, rest) = bucket
        .split_once('|')
        .unwrap_or((bucket, UNKNOWN_BUCKET_ID));
    match EditKind::by_name(first) {
        Some(kind) => (Some(kind), rest),
        None => (None, bucket),
    }
}

/// What the files of a run say of an allele's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GenomicContext {
    /// Where it lies; `None` counts as [`RegionClass::Other`].
    pub region: Option<RegionClass>,
    /// The repeat that it lies in.
    pub repeat: Option<RepeatClass>,
}

impl GenomicContext {
    /// The bucket of an allele here, in its window.
    ///
    /// # Errors
    /// As [`classify_gc_bin`].
    pub fn label(&self, window: &str) -> Result<ContextLabel> {
        Ok(ContextLabel {
            region: self.region.unwrap_or(RegionClass::Other),
            gc: classify_gc_bin(window)?,
            repeat: self.repeat.unwrap_or(RepeatClass::None),
        })
    }
}

/// The buckets that may stand in for one, itself first: the last factor is dropped, then the kind of
/// edit gives way to a [wider](EditKind::wider) one, then everything.
///
/// # Errors
/// `INPUT.GENERIC` for a text that is no bucket id.
///
/// ```
/// use genolewm_core::context::backoff_chain;
/// assert_eq!(backoff_chain("intron|mid")?, ["intron|mid", "intron", "*"]);
/// let of_kind = ["del_1bp|intron", "del_1bp", "del", "indel", "*"];
/// assert_eq!(backoff_chain("del_1bp|intron")?, of_kind);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn backoff_chain(bucket: &str) -> Result<Vec<String>> {
    let bucket = bucket.trim();
    let mut chain = Vec::new();
    if bucket != UNKNOWN_BUCKET_ID {
        check_bucket(bucket).map_err(|error| error.with_detail("bucket", bucket))?;
        let mut rest = bucket;
        chain.push(String::from(rest));
        while let Some((parent, _)) = rest.rsplit_once('|') {
            chain.push(String::from(parent));
            rest = parent;
        }
        let wider = EditKind::by_name(rest).and_then(EditKind::wider);
        let wider = core::iter::successors(wider, |kind| kind.wider());
        chain.extend(wider.map(|kind| String::from(kind.as_str())));
    }
    chain.push(String::from(UNKNOWN_BUCKET_ID));
    Ok(chain)
}

/// The rows that a bucket needs where `min_count` are asked for: of a kind of edit over all contexts
/// [`LOW_CONFIDENCE_BUCKET_SIZE`] do.
#[must_use]
pub fn rows_needed(bucket: &str, min_count: u64) -> u64 {
    match kind_and_context(bucket) {
        (Some(_), UNKNOWN_BUCKET_ID) => min_count.min(LOW_CONFIDENCE_BUCKET_SIZE),
        _ => min_count,
    }
}

/// The first bucket of the back-off chain with as many members as are needed, else `*`.
///
/// # Errors
/// `INPUT.GENERIC` as [`backoff_chain`], or for a `min_count` of 0, which every absent bucket meets.
pub fn select_backoff_bucket(
    bucket: &str,
    sizes: &BTreeMap<String, u64>,
    min_count: u64,
) -> Result<String> {
    if min_count == 0 {
        return Err(Error::input("min_count must be at least 1"));
    }
    let chain = backoff_chain(bucket)?;
    let needed = |bucket: &String| rows_needed(bucket, min_count);
    let filled = |bucket: &String| {
        sizes
            .get(bucket)
            .is_some_and(|&size| size >= needed(bucket))
    };
    Ok(chain
        .into_iter()
        .find(filled)
        .unwrap_or_else(|| String::from(UNKNOWN_BUCKET_ID)))
}

fn check_bucket(bucket: &str) -> Result<()> {
    if EditKind::by_name(bucket).is_some() {
        return Ok(());
    }
    let mut parts = kind_and_context(bucket).1.split('|');
    if parts.clone().count() > 3 {
        let message =
            "a bucket is region, region|gc, region|gc|repeat, these after a kind of edit, or *";
        return Err(Error::input(message));
    }
    parts.next().unwrap_or_default().parse::<RegionClass>()?;
    parts.next().map(str::parse::<GcBin>).transpose()?;
    parts.next().map(str::parse::<RepeatClass>).transpose()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_offs_must_rise() {
        assert!(classify_gc_bin_at("ACGT", 0.5, 0.5).is_err());
        assert!(classify_gc_bin_at("ACGT", -0.1, 0.5).is_err());
        assert!(classify_gc_bin_at("ACGT", f64::NAN, 0.5).is_err());
        assert!(select_backoff_bucket("intron", &BTreeMap::new(), 0).is_err());
    }
}
