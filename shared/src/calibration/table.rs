//! The table: buckets, how one is chosen, and what it says about a raw surprise.

use crate::context::{
    LOW_CONFIDENCE_BUCKET_SIZE, RepeatClass, UNKNOWN_BUCKET_ID, backoff_chain, kind_and_context,
    rows_needed,
};
use crate::edit::EditKind;
use crate::{Error, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The table layout that this program reads and writes.
pub const CALIBRATION_SCHEMA_VERSION: &str = "1.0.0";
/// Points at which a bucket's distribution is stored.
pub const DEFAULT_CDF_POINTS: usize = 1001;
/// Background variants that are kept for a bucket.
pub const DEFAULT_REFERENCE_PER_BUCKET: usize = 10_000;
/// Most points of a distribution: files with more are refused as damaged.
pub(super) const MAX_GRID_SIZE: usize = 1 << 14;
/// Rows at which confidence reaches 1.
const FULL_CONFIDENCE_BUCKET_SIZE: f64 = 1000.0;

/// The distribution of background surprises in one context.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationBucket {
    bucket_id: String,
    n_calibration: u64,
    cdf: Vec<f64>,
    sigma_grid: Vec<f64>,
    back_off_to: Option<String>,
}

impl CalibrationBucket {
    /// Checks and builds a bucket: `cdf[i]` is the share of background variants whose surprise is
    /// at most `sigma_grid[i]`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an unknown bucket id, no rows, lists that are empty or differ in
    /// length, values that are not finite, fall, are negative, or (in `cdf`) exceed 1.
    pub fn new(
        bucket_id: &str,
        n_calibration: u64,
        cdf: Vec<f64>,
        sigma_grid: Vec<f64>,
        back_off_to: Option<String>,
    ) -> Result<Self> {
        let bucket_id = bucket_id.trim();
        let at = |error: Error| error.with_detail("bucket_id", bucket_id);
        backoff_chain(bucket_id)?;
        if let Some(parent) = &back_off_to {
            backoff_chain(parent).map_err(at)?;
        }
        if n_calibration == 0 {
            return Err(at(Error::input("a calibration bucket has no rows")));
        }
        if cdf.len() != sigma_grid.len() {
            return Err(at(Error::input("cdf and sigma_grid differ in length")));
        }
        check_ascending("cdf", &cdf, 1.0).map_err(at)?;
        check_ascending("sigma_grid", &sigma_grid, f64::MAX).map_err(at)?;
        Ok(Self {
            bucket_id: bucket_id.to_string(),
            n_calibration,
            cdf,
            sigma_grid,
            back_off_to,
        })
    }

    /// The context, `region|gc|repeat`, one of its parents, or `*`; the same after a kind of edit.
    #[must_use]
    pub fn bucket_id(&self) -> &str {
        &self.bucket_id
    }

    /// Background variants behind the distribution.
    #[must_use]
    pub const fn n_calibration(&self) -> u64 {
        self.n_calibration
    }

    /// The distribution: shares of background variants, rising to 1.
    #[must_use]
    pub fn cdf(&self) -> &[f64] {
        &self.cdf
    }

    /// The surprises that the shares belong to.
    #[must_use]
    pub fn sigma_grid(&self) -> &[f64] {
        &self.sigma_grid
    }

    /// The wider bucket that was to be used instead when the table was built, if this one was too
    /// small.
    #[must_use]
    pub fn back_off_to(&self) -> Option<&str> {
        self.back_off_to.as_deref()
    }

    /// The share of background variants with a surprise of at most `sigma_raw`, 0 to 1:
    /// interpolated between grid points, and the first or last share outside the grid. NaN stays
    /// NaN.
    #[must_use]
    pub fn percentile(&self, sigma_raw: f64) -> f64 {
        if sigma_raw.is_nan() {
            return f64::NAN;
        }
        let above = self.sigma_grid.partition_point(|&sigma| sigma <= sigma_raw);
        let point = |index: usize| Some((*self.sigma_grid.get(index)?, *self.cdf.get(index)?));
        let left = above.checked_sub(1).and_then(point);
        match (left, point(above)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * ((sigma_raw - x0) / (x1 - x0)),
            (Some((_, share)), None) | (None, Some((_, share))) => share,
            // A bucket is never empty.
            (None, None) => f64::NAN,
        }
    }

    /// Confidence in the percentile: rows / 1000, at most 1.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        (self.n_calibration as f64 / FULL_CONFIDENCE_BUCKET_SIZE).min(1.0)
    }

    /// Whether there are fewer than [`LOW_CONFIDENCE_BUCKET_SIZE`] rows.
    #[must_use]
    pub const fn low_confidence(&self) -> bool {
        self.n_calibration < LOW_CONFIDENCE_BUCKET_SIZE
    }
}

/// A context that even the widest bucket serves with too few rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalibrationWarning {
    /// The context.
    pub bucket_id: String,
    /// The bucket that serves it.
    pub resolved_bucket_id: String,
    /// That bucket's rows.
    pub n_calibration: u64,
    /// The rows that were asked for.
    pub min_bucket_size: u64,
    /// Whether they are so few that results are marked.
    pub low_confidence: bool,
}

/// Buckets by id.
///
/// ```
/// use genolewm_core::calibration::{CalibrationBucket, CalibrationTable};
/// let bucket = CalibrationBucket::new("*", 2000, vec![0.0, 1.0], vec![0.0, 2.0], None)?;
/// let table = CalibrationTable::new(vec![bucket], Vec::new())?;
/// let bucket = table.resolve("intron|mid|none", 1000)?;
/// assert_eq!((bucket.bucket_id(), bucket.percentile(0.5)), ("*", 0.25));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationTable {
    buckets: BTreeMap<String, CalibrationBucket>,
    warnings: Vec<CalibrationWarning>,
    made_for: Option<String>,
    tells_repeats: bool,
    tells_kinds: bool,
}

impl CalibrationTable {
    /// A table of some buckets. Warnings are not stored in files: a table that was read has none.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there is no bucket, or two have the same id.
    pub fn new(buckets: Vec<CalibrationBucket>, warnings: Vec<CalibrationWarning>) -> Result<Self> {
        let mut by_id = BTreeMap::new();
        for bucket in buckets {
            if let Some(twin) = by_id.insert(bucket.bucket_id.clone(), bucket) {
                return Err(Error::input("a calibration table has a bucket twice")
                    .with_detail("bucket_id", twin.bucket_id));
            }
        }
        if by_id.is_empty() {
            return Err(Error::input(
                "a calibration table needs at least one bucket",
            ));
        }
        let is_repeats = |id: &String| {
            let class = kind_and_context(id).1.split('|').nth(2);
            class.is_some_and(|class| class != RepeatClass::None.as_str())
        };
        Ok(Self {
            made_for: None,
            tells_repeats: by_id.keys().any(is_repeats),
            tells_kinds: by_id.keys().any(|id| kind_and_context(id).0.is_some()),
            buckets: by_id,
            warnings,
        })
    }

    /// The same table, with what it says of the states that its surprises are of.
    #[must_use]
    pub fn for_states(self, made_for: Option<String>) -> Self {
        Self { made_for, ..self }
    }

    /// What states its surprises are of, in the words of who made it; `None` where it does not say.
    #[must_use]
    pub fn made_for(&self) -> Option<&str> {
        self.made_for.as_deref()
    }

    /// Every bucket, sorted by id.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = &CalibrationBucket> {
        self.buckets.values()
    }

    /// Whether it was made with a file of repeats: else all variants are in buckets outside repeats.
    #[must_use]
    pub const fn tells_repeats(&self) -> bool {
        self.tells_repeats
    }

    /// Whether it ranks edits among those of their kind: else all kinds are in one bucket.
    #[must_use]
    pub const fn tells_kinds(&self) -> bool {
        self.tells_kinds
    }

    /// Contexts that the background was too small for, sorted by id.
    #[must_use]
    pub fn warnings(&self) -> &[CalibrationWarning] {
        &self.warnings
    }

    /// The bucket with this id, if there is one.
    #[must_use]
    pub fn get(&self, bucket_id: &str) -> Option<&CalibrationBucket> {
        self.buckets.get(bucket_id.trim())
    }

    /// The bucket with this id.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when there is none.
    pub fn require(&self, bucket_id: &str) -> Result<&CalibrationBucket> {
        self.get(bucket_id).ok_or_else(|| {
            Error::input(format!("the calibration table has no bucket {bucket_id:?}"))
                .with_remedy("calibrate with a background that covers every context")
        })
    }

    /// The bucket's id for an edit in a context.
    #[must_use]
    pub fn id_of(&self, kind: EditKind, context: &str) -> String {
        match self.tells_kinds {
            true => format!("{kind}|{context}"),
            false => context.to_string(),
        }
    }

    /// The bucket to use for a context: the first of its back-off chain that has
    /// [the rows it needs](rows_needed) with this minimum, else `*` whatever its size.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an id that names no context, a minimum of 0, or a table without `*`
    /// where it is needed.
    pub fn resolve(&self, bucket_id: &str, min_bucket_size: u64) -> Result<&CalibrationBucket> {
        if min_bucket_size == 0 {
            return Err(Error::input("min_bucket_size must be at least 1"));
        }
        let chain = backoff_chain(bucket_id)?;
        let large_enough = |id: &String| {
            self.buckets
                .get(id)
                .filter(|bucket| bucket.n_calibration >= rows_needed(id, min_bucket_size))
        };
        match chain.iter().find_map(large_enough) {
            Some(bucket) => Ok(bucket),
            None => self.require(UNKNOWN_BUCKET_ID),
        }
    }
}

fn check_ascending(name: &str, values: &[f64], max: f64) -> Result<()> {
    if values.is_empty() {
        return Err(Error::input(format!("{name} is empty")));
    }
    if !values.iter().all(|value| (0.0..=max).contains(value)) {
        return Err(Error::input(format!(
            "{name} holds a value outside 0 to {max}"
        )));
    }
    if !values.is_sorted() {
        return Err(Error::input(format!("{name} falls")));
    }
    Ok(())
}
