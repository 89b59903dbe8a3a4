//! From distances to a score: bucket, percentile, confidence, receipt.

use super::placer::Candidate;
use super::windows::{ViewChoice, Windows};
use crate::config::{ModelConfig, most_stride_bp};
use crate::info::ModelInfo;
use crate::ops::not_finite;
use genolewm_core::calibration::CalibrationBucket;
use genolewm_core::context::{
    ContextLabel, DEFAULT_MIN_BUCKET_SIZE, GenomicContext, RegionClass, RepeatClass, backoff_chain,
    classify_gc_bin,
};
use genolewm_core::edit::{EditSpec, VariantSpelling};
use genolewm_core::genome::Effect;
use genolewm_core::provenance::{
    MODEL_FILES_DETAIL, Receipt, ReceiptBuilder, ReceiptScope, RuntimeMetadata, WindowsConfig,
};
use genolewm_core::state_contract::STATE_CONTRACT_KEY;
use genolewm_core::surprise::{Aggregation, ScoreRow, SurpriseResult};
use genolewm_core::window::ExtractedWindow;
use genolewm_core::{Error, Result};
use std::sync::Arc;

/// How distances become scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreOptions {
    /// Variants that a calibration bucket needs before its percentile is used.
    pub min_bucket_size: u64,
    /// Which of the model's views are computed.
    pub views: ViewChoice,
    /// How the distances of several views become one; as the model says unless told.
    pub aggregation: Option<Aggregation>,
    /// The grid that window starts lie on, for a model that does not say.
    pub window_stride_bp: Option<usize>,
    /// What is known of every place of which nothing else is.
    pub everywhere: GenomicContext,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            min_bucket_size: DEFAULT_MIN_BUCKET_SIZE,
            views: ViewChoice::All,
            aggregation: None,
            window_stride_bp: None,
            everywhere: GenomicContext::default(),
        }
    }
}

impl ScoreOptions {
    /// The windows that variants are read in.
    #[must_use]
    pub fn windows(&self, config: &ModelConfig) -> Windows {
        Windows::new(config, self.views, self.aggregation, self.window_stride_bp)
    }

    /// The same windows of a model as a receipt says that its score is of.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for what is none, and as [`check`](Self::check).
    pub fn of_receipt(receipt: &Receipt, config: &ModelConfig) -> Result<Self> {
        let noted = WindowsConfig::of_pooling(receipt.detail("pooling_config"))?;
        let several = noted.views.as_slice().len() > 1;
        let aggregation = several.then(|| noted.aggregation.parse());
        let options = Self {
            views: ViewChoice::These(noted.views),
            aggregation: aggregation.transpose()?,
            // What does not fit is no grid of any model.
            window_stride_bp: noted
                .window_stride_bp
                .map(|bp| usize::try_from(bp).unwrap_or(usize::MAX)),
            ..Self::default()
        };
        options.check(config)?;
        Ok(options)
    }

    /// Whether a model can be run so.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a grid of windows that is not the model's own, or is too wide for its
    /// windows.
    pub fn check(&self, config: &ModelConfig) -> Result<()> {
        let Some(stride_bp) = self.window_stride_bp else {
            return Ok(());
        };
        let most = most_stride_bp(config.window_bp);
        let error = match config.window_stride_bp {
            Some(own) if own != stride_bp => Error::input("the model has another grid of windows")
                .with_detail("of the model", own),
            None if !(1..=most).contains(&stride_bp) => {
                Error::input("the grid is too wide for the model's windows")
                    .with_detail("most", most)
            }
            _ => return Ok(()),
        };
        Err(error
            .with_detail("window_stride_bp", stride_bp)
            .with_remedy("leave --window-stride-bp out, or give a quarter of a window at most"))
    }

    /// What must be said of the figures: by the model's state contract, and by the windows that its table is
    /// of.
    #[must_use]
    pub fn warnings(&self, info: &ModelInfo) -> Vec<String> {
        let contract = info.config.encoder.contract.warning().map(str::to_owned);
        let used = self.windows(&info.config).noted();
        let windows = match &info.calibrated_for {
            None => Some(
                "the calibration table is of other states than the model's: percentiles have low \
                 confidence; `genolewm calibrate` makes a table of the model's own"
                    .to_owned(),
            ),
            Some(own) if !self.is_calibrated(info) => Some(format!(
                "the model is calibrated for the views {}, and these scores are of {}: their percentiles \
                 have low confidence",
                own.views, used.views
            )),
            Some(own) => (own.window_stride_bp != used.window_stride_bp).then(|| {
                let remedy = match own.window_stride_bp {
                    Some(bp) => format!("`--window-stride-bp {bp}` places them so"),
                    None => "`genolewm calibrate --window-stride-bp` makes a table of them".to_owned(),
                };
                format!(
                    "windows shift a little against those that the model is calibrated for, which are {}; \
                     {remedy}",
                    own.window_stride_bp.map_or_else(|| "centred".to_owned(), |bp| format!("on a grid of {bp} bp")),
                )
            }),
        };
        contract.into_iter().chain(windows).collect()
    }

    /// Whether the model's table is of the same views.
    fn is_calibrated(&self, info: &ModelInfo) -> bool {
        let used = self.windows(&info.config);
        let several = used.views.as_slice().len() > 1;
        info.calibrated_for.as_ref().is_some_and(|own| {
            own.views == used.views && (!several || own.aggregation == used.aggregation.as_str())
        })
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
    /// What is known of its place.
    pub context: GenomicContext,
    /// What it does to a gene, where annotation was given.
    pub effect: Option<Arc<Effect>>,
}

impl Scored {
    /// The row of the JSONL format, of a variant that is written like this.
    #[must_use]
    pub fn row(&self, variant: VariantSpelling) -> ScoreRow {
        ScoreRow {
            scored_as: (variant != self.edit).then(|| self.edit.clone()),
            variant,
            result: self.result.clone(),
            effect: self.effect.clone(),
        }
    }

    /// What is known of the repeat that it lies in: a class by a file of repeats, else `masked` or
    /// `unmasked` by the reference's lower case, which does not say of which class a repeat is.
    #[must_use]
    pub fn repeat_word(&self) -> Option<&'static str> {
        let by_mask = || self.window.soft_masked(self.edit.span());
        let word = |is_masked| if is_masked { "masked" } else { "unmasked" };
        let class = self.context.repeat.map(RepeatClass::as_str);
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
    /// Makes the receipts of a model's scores in these windows.
    ///
    /// # Errors
    /// As [`ReceiptBuilder::new`].
    pub fn receipts(&self, info: &ModelInfo, windows: WindowsConfig) -> Result<ReceiptBuilder> {
        let runtime = RuntimeMetadata::new(&self.backend, &self.device, &info.manifest);
        let pooling = info.pooling(windows);
        let builder = ReceiptBuilder::new(&info.manifest, runtime, pooling, info.dtypes())?;
        let contract = info.config.encoder.contract;
        Ok(builder
            .with_detail(STATE_CONTRACT_KEY, contract.as_str())
            .with_detail(MODEL_FILES_DETAIL, info.files.to_json(&info.model_id)?))
    }
}

/// The bucket of an edit in its window, of which this much is known.
fn bucket<'a>(
    context: &GenomicContext,
    edit: &EditSpec,
    window: &ExtractedWindow,
    info: &'a ModelInfo,
    options: &ScoreOptions,
) -> Result<&'a CalibrationBucket> {
    let label = context.label(window.sequence())?;
    let is_masked = context.repeat.is_none() && window.soft_masked(edit.span()) == Some(true);
    // A table that knows no repeats has everything in the buckets called `none`; in one that
    // does, a repeat must not be ranked among what lies outside of them.
    let context = match is_masked && info.calibration.tells_repeats() {
        true => label.bucket_id_of_any_repeat(),
        false => label.bucket_id(),
    };
    let id = info.calibration.id_of(edit.kind(), &context);
    info.calibration.resolve(&id, options.min_bucket_size)
}

/// The score of a candidate among the background of its place, and of what is known everywhere.
///
/// # Errors
/// As [`GenomicContext::label`] and
/// [`CalibrationTable::resolve`](genolewm_core::calibration::CalibrationTable::resolve).
pub fn calibrate(
    info: &ModelInfo,
    options: &ScoreOptions,
    candidate: &Candidate,
    distances: Distances,
) -> Result<Scored> {
    let (edit, window, place) = (&candidate.edit, &candidate.window, &candidate.place);
    let context = GenomicContext {
        region: place.context.region.or(options.everywhere.region),
        repeat: place.context.repeat.or(options.everywhere.repeat),
    };
    let bucket = bucket(&context, edit, window, info, options)?;
    Ok(Scored {
        edit: edit.clone(),
        result: options.read_off(distances.sigma_raw, bucket, info),
        displacement: distances.displacement,
        window: Arc::clone(window),
        context,
        effect: place.effect.clone(),
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

impl ScoreOptions {
    fn read_off(
        &self,
        sigma_raw: f64,
        bucket: &CalibrationBucket,
        info: &ModelInfo,
    ) -> SurpriseResult {
        let is_calibrated = self.is_calibrated(info);
        SurpriseResult {
            sigma_raw,
            sigma_calibrated: bucket.percentile(sigma_raw),
            bucket_id: bucket.bucket_id().to_owned(),
            confidence: if is_calibrated {
                bucket.confidence()
            } else {
                0.0
            },
            low_confidence: !is_calibrated || bucket.low_confidence(),
        }
    }
}

impl Scored {
    /// Puts the score in a bucket of the model's table, if some annotation and some least size of a
    /// bucket lead there from the window; else it stays where it is.
    ///
    /// # Errors
    /// As [`calibrate()`].
    pub fn put_in_bucket(
        &mut self,
        bucket_id: &str,
        info: &ModelInfo,
        options: &ScoreOptions,
    ) -> Result<()> {
        let Some(bucket) = info.calibration.get(bucket_id) else {
            return Ok(());
        };
        let gc = classify_gc_bin(self.window.sequence())?;
        let may_be_masked = self.window.soft_masked(self.edit.span()) != Some(false);
        for &region in RegionClass::ALL {
            let of = |&repeat: &RepeatClass| ContextLabel { region, gc, repeat };
            let ids = RepeatClass::ALL.iter().map(|repeat| of(repeat).bucket_id());
            let any = may_be_masked.then(|| of(&RepeatClass::None).bucket_id_of_any_repeat());
            for context in ids.chain(any) {
                let id = info.calibration.id_of(self.edit.kind(), &context);
                if backoff_chain(&id)?.iter().any(|id| id == bucket_id) {
                    self.result = options.read_off(self.result.sigma_raw, bucket, info);
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
