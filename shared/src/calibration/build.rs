//! Building a table from background variants.

use super::table::{
    CalibrationBucket, CalibrationTable, CalibrationWarning, DEFAULT_CDF_POINTS,
    DEFAULT_REFERENCE_PER_BUCKET, MAX_GRID_SIZE,
};
use crate::context::{
    DEFAULT_MIN_BUCKET_SIZE, LOW_CONFIDENCE_BUCKET_SIZE, UNKNOWN_BUCKET_ID, backoff_chain,
    kind_and_context, select_backoff_bucket,
};
use crate::{Error, Result};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// The raw surprise of one background variant, and its context.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationExample {
    /// `region|gc|repeat`, a parent of one, or `*`; after a kind of edit, it counts among all kinds too.
    pub bucket_id: String,
    /// Distance between the predicted and the encoded edited state.
    pub sigma_raw: f64,
}

/// How a table is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildOptions {
    /// Decides which examples a full bucket keeps.
    pub seed: u64,
    /// Most examples that a bucket keeps.
    pub per_bucket_sample: usize,
    /// Points of the stored distribution, at least 2.
    pub grid_size: usize,
    /// Rows that a bucket needs before it is used for its own context.
    pub min_bucket_size: u64,
    /// Buckets with fewer rows are warned of as of low confidence; at most `min_bucket_size`.
    pub low_confidence_size: u64,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            per_bucket_sample: DEFAULT_REFERENCE_PER_BUCKET,
            grid_size: DEFAULT_CDF_POINTS,
            min_bucket_size: DEFAULT_MIN_BUCKET_SIZE,
            low_confidence_size: LOW_CONFIDENCE_BUCKET_SIZE,
        }
    }
}

impl BuildOptions {
    fn check(&self) -> Result<()> {
        if self.per_bucket_sample == 0 || self.min_bucket_size == 0 || self.low_confidence_size == 0
        {
            return Err(Error::input("sample and bucket sizes must be at least 1"));
        }
        if !(2..=MAX_GRID_SIZE).contains(&self.grid_size) {
            return Err(Error::input("grid_size must lie between 2 and 16384")
                .with_detail("grid_size", self.grid_size));
        }
        if self.low_confidence_size > self.min_bucket_size {
            return Err(Error::input(
                "low_confidence_size must not exceed min_bucket_size",
            ));
        }
        Ok(())
    }
}

/// Builds a table. Every example counts for its own bucket and for all parents; memory is bounded
/// by the number of buckets times `per_bucket_sample`, so examples may come as a stream.
///
/// # Errors
/// `INPUT.GENERIC` when there is no example, one names no context or has a surprise that is
/// negative or not finite, and for options out of range.
///
/// ```
/// use genolewm_core::calibration::{BuildOptions, CalibrationExample, build_calibration_table};
/// let examples = (0..10).map(|i| CalibrationExample {
///     bucket_id: "intron|mid|none".into(),
///     sigma_raw: f64::from(i),
/// });
/// let table = build_calibration_table(examples, &BuildOptions::default())?;
/// assert_eq!(table.buckets().len(), 4);
/// assert_eq!(table.warnings()[0].resolved_bucket_id, "*");
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn build_calibration_table(
    examples: impl IntoIterator<Item = CalibrationExample>,
    options: &BuildOptions,
) -> Result<CalibrationTable> {
    options.check()?;
    let mut reservoirs: BTreeMap<String, Reservoir> = BTreeMap::new();
    let mut own_buckets = BTreeSet::new();
    for example in examples {
        if !(0.0..f64::INFINITY).contains(&example.sigma_raw) {
            return Err(Error::input("a surprise must be finite and not negative")
                .with_detail("sigma_raw", example.sigma_raw));
        }
        let mut chain = backoff_chain(&example.bucket_id)?;
        if let (Some(_), context) = kind_and_context(&example.bucket_id) {
            chain.retain(|id| id != UNKNOWN_BUCKET_ID);
            chain.extend(backoff_chain(context)?);
        }
        if let Some(own) = chain.first().filter(|own| !own_buckets.contains(*own)) {
            own_buckets.insert(own.clone());
        }
        for id in chain {
            reservoirs
                .entry(id)
                .or_insert_with_key(|id| Reservoir::new(options, id))
                .offer(example.sigma_raw);
        }
    }
    // A bucket of a kind that no score would be read from takes room alone.
    reservoirs.retain(|id, kept| {
        kind_and_context(id).0.is_none() || kept.sample.len() as u64 >= options.low_confidence_size
    });
    let sizes: BTreeMap<String, u64> = reservoirs
        .iter()
        .map(|(id, kept)| (id.clone(), kept.sample.len() as u64))
        .collect();
    let buckets = reservoirs
        .into_iter()
        .map(|(id, kept)| bucket(&id, kept.sample, &sizes, options))
        .collect::<Result<Vec<_>>>()?;
    CalibrationTable::new(buckets, warnings(&own_buckets, &sizes, options)?)
}

/// A uniform sample of a stream of unknown length (Vitter's algorithm R).
struct Reservoir {
    sample: Vec<f64>,
    capacity: usize,
    offered: u64,
    rng: ChaCha8Rng,
}

impl Reservoir {
    /// Each bucket has its own random stream, so that what one keeps does not depend on which
    /// others exist.
    fn new(options: &BuildOptions, bucket_id: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(options.seed.to_le_bytes());
        hasher.update(bucket_id.as_bytes());
        Self {
            sample: Vec::new(),
            capacity: options.per_bucket_sample,
            offered: 0,
            rng: ChaCha8Rng::from_seed(hasher.finalize().into()),
        }
    }

    fn offer(&mut self, sigma: f64) {
        self.offered += 1;
        if self.sample.len() < self.capacity {
            self.sample.push(sigma);
            return;
        }
        // The bias of the remainder is below offered / 2^64.
        let drawn = self.rng.next_u64() % self.offered;
        if let Some(slot) = usize::try_from(drawn)
            .ok()
            .and_then(|at| self.sample.get_mut(at))
        {
            *slot = sigma;
        }
    }
}

fn bucket(
    id: &str,
    mut sample: Vec<f64>,
    sizes: &BTreeMap<String, u64>,
    options: &BuildOptions,
) -> Result<CalibrationBucket> {
    sample.sort_unstable_by(f64::total_cmp);
    let (Some(&min), Some(&max)) = (sample.first(), sample.last()) else {
        return Err(Error::input("a calibration bucket has no rows"));
    };
    let last = options.grid_size - 1;
    let step = (max - min) / last as f64;
    // The last point is the maximum itself: min + step * last may fall just short of it, and the
    // distribution would then never reach 1.
    let sigma = |index: usize| {
        if index == last {
            max
        } else {
            min + step * index as f64
        }
    };
    let sigma_grid: Vec<f64> = (0..options.grid_size).map(sigma).collect();
    let share =
        |&point: &f64| sample.partition_point(|&value| value <= point) as f64 / sample.len() as f64;
    let cdf = sigma_grid.iter().map(share).collect();
    let resolved = select_backoff_bucket(id, sizes, options.min_bucket_size)?;
    let back_off_to = (resolved != id).then_some(resolved);
    CalibrationBucket::new(id, sample.len() as u64, cdf, sigma_grid, back_off_to)
}

fn warnings(
    own_buckets: &BTreeSet<String>,
    sizes: &BTreeMap<String, u64>,
    options: &BuildOptions,
) -> Result<Vec<CalibrationWarning>> {
    let mut warnings = Vec::new();
    for id in own_buckets {
        let resolved = select_backoff_bucket(id, sizes, options.min_bucket_size)?;
        let rows = sizes.get(&resolved).copied().unwrap_or(0);
        let is_of_others = resolved == UNKNOWN_BUCKET_ID && kind_and_context(id).0.is_some();
        if rows < options.min_bucket_size || is_of_others {
            warnings.push(CalibrationWarning {
                bucket_id: id.clone(),
                resolved_bucket_id: resolved,
                n_calibration: rows,
                min_bucket_size: options.min_bucket_size,
                low_confidence: rows < options.low_confidence_size,
            });
        }
    }
    Ok(warnings)
}
