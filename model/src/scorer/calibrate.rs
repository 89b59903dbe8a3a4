//! From distances to a score: bucket, percentile, confidence, receipt.

use super::placer::Candidate;
use crate::info::ModelInfo;
use crate::ops::not_finite;
use genolewm_core::Result;
use genolewm_core::calibration::CalibrationBucket;
use genolewm_core::context::{
    ContextLabel, DEFAULT_MIN_BUCKET_SIZE, RegionClass, RepeatClass, backoff_chain, classify_gc_bin,
};
use genolewm_core::edit::{EditSpec, VariantSpelling};
use genolewm_core::provenance::{
    MODEL_FILES_DETAIL, Receipt, ReceiptBuilder, ReceiptScope, RuntimeMetadata,
};
use genolewm_core::state_contract::STATE_CONTRACT_KEY;
use genolewm_core::surprise::{Aggregation, ScoreRow, SurpriseResult, aggregate};
use genolewm_core::window::ExtractedWindow;
use std::sync::Arc;

/// How distances become scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreOptions {
    /// Variants that a calibration bucket needs before its percentile is used.
    pub min_bucket_size: u64,
    /// How the distances of an edit become one; as the model says unless told. An edit in its window
    /// has one distance, of which every aggregation makes the same.
    pub aggregation: Option<Aggregation>,
    /// What is known of every place of which nothing else is.
    pub everywhere: GenomicContext,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            min_bucket_size: DEFAULT_MIN_BUCKET_SIZE,
            aggregation: None,
            everywhere: GenomicContext::default(),
        }
    }
}

/// What the network says of an edit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distances {
    sigma_raw: f64,
    displacement: f64,
}

impl Distances {
    /// Surprise and `1 - cos(prediction, reference state)`.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` when one is not finite: never a score.
    pub fn new(sigma_raw: f64, displacement: f64) -> Result<Self> {
        if sigma_raw.is_finite() && displacement.is_finite() {
            return Ok(Self {
                sigma_raw,
                displacement,
            });
        }
        Err(not_finite())
    }

    /// Distance between the predicted and the encoded edited state.
    #[must_use]
    pub const fn sigma_raw(&self) -> f64 {
        self.sigma_raw
    }

    /// `1 - cos(prediction, reference state)`.
    #[must_use]
    pub const fn displacement(&self) -> f64 {
        self.displacement
    }
}

/// A scored edit.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The edit, in the form in which it was scored.
    pub edit: EditSpec,
    /// Surprise, percentile and bucket.
    pub result: SurpriseResult,
    /// `1 - cos(prediction, reference state)`.
    pub displacement: f64,
    /// The window that it was scored in.
    pub window: Arc<ExtractedWindow>,
    /// The repeat that it lies in, where a file of repeats was given.
    pub repeat: Option<RepeatClass>,
}

impl Scored {
    /// The row of the JSONL format, of a variant that is written like this.
    #[must_use]
    pub fn row(&self, variant: VariantSpelling) -> ScoreRow {
        ScoreRow {
            scored_as: (variant != self.edit).then(|| self.edit.clone()),
            variant,
            result: self.result.clone(),
        }
    }

    /// What is known of the repeat that it lies in: a class by a file of repeats, else `masked` or
    /// `unmasked` by the reference's lower case, which does not say of which class a repeat is.
    #[must_use]
    pub fn repeat_word(&self) -> Option<&'static str> {
        let by_mask = || self.window.soft_masked(self.edit.span());
        let word = |is_masked| if is_masked { "masked" } else { "unmasked" };
        let class = self.repeat.map(RepeatClass::as_str);
        class.or_else(|| by_mask().map(word))
    }

    /// The receipt of this score; `created_at` is RFC 3339 in UTC.
    ///
    /// # Errors
    /// As [`ReceiptBuilder::build`].
    pub fn receipt(
        &self,
        builder: &ReceiptBuilder,
        scope: ReceiptScope,
        created_at: &str,
    ) -> Result<Receipt> {
        builder.build(
            self.result.clone(),
            &self.edit,
            self.window.sequence(),
            self.window.start(),
            scope,
            created_at,
        )
    }
}

/// What computed scores, as receipts name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoredBy {
    /// The backend: `cpu`, `wgpu`, `webgpu`.
    pub backend: String,
    /// The backend and the processor or GPU.
    pub device: String,
}

impl ScoredBy {
    /// Makes the receipts of a model's scores.
    ///
    /// # Errors
    /// As [`ReceiptBuilder::new`].
    pub fn receipts(&self, info: &ModelInfo) -> Result<ReceiptBuilder> {
        let runtime = RuntimeMetadata::new(&self.backend, &self.device, &info.manifest);
        let builder = ReceiptBuilder::new(&info.manifest, runtime, info.pooling(), info.dtypes())?;
        let contract = info.config.encoder.contract;
        Ok(builder
            .with_detail(STATE_CONTRACT_KEY, contract.as_str())
            .with_detail(MODEL_FILES_DETAIL, info.files.to_json(&info.model_id)?))
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

    fn bucket<'a>(
        &self,
        edit: &EditSpec,
        window: &ExtractedWindow,
        info: &'a ModelInfo,
        options: &ScoreOptions,
    ) -> Result<&'a CalibrationBucket> {
        let label = self.label(window.sequence())?;
        let is_masked = self.repeat.is_none() && window.soft_masked(edit.span()) == Some(true);
        // A table that knows no repeats has everything in the buckets called `none`; in one that
        // does, a repeat must not be ranked among what lies outside of them.
        let id = match is_masked && info.calibration.tells_repeats() {
            true => label.bucket_id_of_any_repeat(),
            false => label.bucket_id(),
        };
        info.calibration.resolve(&id, options.min_bucket_size)
    }
}

/// The score of a candidate of which nothing but its window is known, and what is known everywhere.
///
/// # Errors
/// As [`Scored::put`].
pub fn calibrate(
    info: &ModelInfo,
    options: &ScoreOptions,
    candidate: &Candidate,
    distances: Distances,
) -> Result<Scored> {
    let (edit, window) = (&candidate.edit, &candidate.window);
    let bucket = options.everywhere.bucket(edit, window, info, options)?;
    let aggregation = options.aggregation.unwrap_or(info.config.aggregation);
    Ok(Scored {
        edit: candidate.edit.clone(),
        result: read_off(aggregate(&[distances.sigma_raw], aggregation)?, bucket),
        displacement: distances.displacement,
        window: Arc::clone(&candidate.window),
        repeat: options.everywhere.repeat,
    })
}

/// The scores of a batch, in its order.
///
/// # Errors
/// As [`calibrate()`].
pub fn calibrate_all(
    info: &ModelInfo,
    options: &ScoreOptions,
    candidates: &[Candidate],
    distances: Vec<Distances>,
) -> Result<Vec<Scored>> {
    let pairs = candidates.iter().zip(distances);
    pairs
        .map(|(candidate, distances)| calibrate(info, options, candidate, distances))
        .collect()
}

fn read_off(sigma_raw: f64, bucket: &CalibrationBucket) -> SurpriseResult {
    SurpriseResult {
        sigma_raw,
        sigma_calibrated: bucket.percentile(sigma_raw),
        bucket_id: bucket.bucket_id().to_owned(),
        confidence: bucket.confidence(),
        low_confidence: bucket.low_confidence(),
    }
}

impl Scored {
    /// Puts the score among the background of another place.
    ///
    /// # Errors
    /// As [`GenomicContext::label`] and
    /// [`CalibrationTable::resolve`](genolewm_core::calibration::CalibrationTable::resolve).
    pub fn put(
        &mut self,
        context: &GenomicContext,
        info: &ModelInfo,
        options: &ScoreOptions,
    ) -> Result<()> {
        let context = GenomicContext {
            region: context.region.or(options.everywhere.region),
            repeat: context.repeat.or(options.everywhere.repeat),
        };
        let bucket = context.bucket(&self.edit, &self.window, info, options)?;
        self.repeat = context.repeat;
        self.result = read_off(self.result.sigma_raw, bucket);
        Ok(())
    }

    /// Puts the score in a bucket of the model's table, if some annotation and some least size of a
    /// bucket lead there from the window; else it stays where it is.
    ///
    /// # Errors
    /// As [`Scored::put`].
    pub fn put_in_bucket(&mut self, bucket_id: &str, info: &ModelInfo) -> Result<()> {
        let Some(bucket) = info.calibration.get(bucket_id) else {
            return Ok(());
        };
        let gc = classify_gc_bin(self.window.sequence())?;
        let may_be_masked = self.window.soft_masked(self.edit.span()) != Some(false);
        for &region in RegionClass::ALL {
            let of = |&repeat: &RepeatClass| ContextLabel { region, gc, repeat };
            let ids = RepeatClass::ALL.iter().map(|repeat| of(repeat).bucket_id());
            let any = may_be_masked.then(|| of(&RepeatClass::None).bucket_id_of_any_repeat());
            for id in ids.chain(any) {
                if backoff_chain(&id)?.iter().any(|id| id == bucket_id) {
                    self.result = read_off(self.result.sigma_raw, bucket);
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
