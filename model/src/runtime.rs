//! The facade: a model directory, and what one does with it.

use crate::bundle::Bundle;
use crate::files::{Directory, ModelFiles};
use crate::info::ModelInfo;
use crate::loading::{EncoderDepth, LoadProgress};
use crate::ops::{CpuOps, NativeOps};
use crate::scorer::{
    BATCH_SIZE, Candidate, Delivery, Intake, Placer, Prediction, Regions, Room, Run, RunEnd,
    RunProgress, ScoreOptions, Scored, ScoredBy, Scorer, Selection, Tally, VariantFile, Workers,
    drive, given_window,
};
use crate::self_check;
use genolewm_core::edit::{AlleleForm, EditSpec, RelEdit, VariantSpelling};
use genolewm_core::position::BpOffset;
use genolewm_core::provenance::{Receipt, ReceiptBuilder, ReceiptScope, rfc3339_utc};
use genolewm_core::reference::{AnyReference, BaseSource, Reference};
use genolewm_core::source::Whose;
use genolewm_core::{Error, ErrorCode, Result};
use pollster::block_on;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A reference in a file.
pub type NativeReference = Reference<AnyReference<File>>;

/// Opens a FASTA, plain or bgzip, with its indexes where they lie beside it, or a .2bit file.
///
/// # Errors
/// `RESOURCE.GENERIC` for a file that cannot be read, `INPUT.GENERIC` for one that is neither.
pub fn open_reference(path: &Path) -> Result<NativeReference> {
    AnyReference::open_path(path).map(Reference::new)
}

/// The present moment in UTC, as receipts have it.
///
/// # Errors
/// `RESOURCE.RUNTIME_SETUP` when the clock stands before 1970.
pub fn now() -> Result<String> {
    Ok(rfc3339_utc(unix_seconds()?))
}

/// The same moment tomorrow: what lies after it, no clock that is nearly right can have said.
///
/// # Errors
/// As [`now`].
pub fn now_and_a_day() -> Result<String> {
    Ok(rfc3339_utc(unix_seconds()? + 24 * 60 * 60))
}

fn unix_seconds() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| {
        Error::new(
            ErrorCode::ResourceRuntimeSetup,
            "the clock stands before 1970",
        )
        .with_remedy("set the clock, or score without receipts")
    })?;
    Ok(now.as_secs())
}

/// The backend, as receipts name it.
#[must_use]
pub fn scored_by(ops: &impl NativeOps) -> ScoredBy {
    ScoredBy {
        backend: ops.backend().to_owned(),
        device: ops.device(),
    }
}

/// A model that is loaded on a backend.
///
/// ```
/// use genolewm::Runtime;
/// use genolewm::scorer::{Delivery, Outcome, Regions};
/// # let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
/// let runtime = Runtime::open(root.join("models/builtin"))?;
/// let (vcf, fasta) = ("examples/brca1.vcf.gz", "examples/brca1.hg19.fa.gz");
/// let mut edits = Vec::new();
/// let file = runtime
///     .score_vcf(root.join(vcf), root.join(fasta))
///     .regions(Regions::parse("17:41276044-41276045")?)
///     .run(|delivery, _| {
///         if let Delivery::Record(record) = delivery {
///             for outcome in record.outcomes {
///                 if let Outcome::Scored(scored) = outcome {
///                     assert!((0.0..=1.0).contains(&scored.result.sigma_calibrated));
///                     edits.push(scored.edit.to_string());
///                 }
///             }
///         }
///         Ok(())
///     })?;
/// assert_eq!(file.tally.scored, 3);
/// assert_eq!(edits[0], "chr17:41276044:A:G");
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub struct Runtime<O: NativeOps = CpuOps> {
    scorer: Scorer<O>,
}

impl Runtime {
    /// Loads a model directory on the processor, every hash checked. The encoder lies in it, or
    /// beside it under the name that its manifest gives.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for what is missing, `PROVENANCE.MANIFEST_HASH_MISMATCH` for what
    /// was changed, `CONFIG.*` and `DEPLOY.EXPORT_FORMAT` for contents that do not fit,
    /// `DEPLOY.BACKEND_UNSUPPORTED` when the model gives other answers than it should.
    pub fn open(model_dir: impl AsRef<Path>) -> Result<Self> {
        let model = Directory::open(model_dir.as_ref())?;
        Self::load(CpuOps::new(), &model, &model.encoder()?)
    }
}

impl<O: NativeOps> Runtime<O> {
    /// Loads a model from anywhere on a backend, every hash checked, and asks it the self-check's
    /// questions: those that it brings the answers of, or on a GPU the processor's.
    ///
    /// # Errors
    /// As [`Bundle::load`] and [`self_check::verify`].
    pub fn load(ops: O, model: &dyn ModelFiles, encoder: &dyn ModelFiles) -> Result<Self> {
        Self::load_told(ops, model, encoder, EncoderDepth::States, &mut |_| ())
    }

    /// As [`load`](Self::load), to a depth of the encoder, and tells how much of the weights has come.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_told(
        ops: O,
        model: &dyn ModelFiles,
        encoder: &dyn ModelFiles,
        depth: EncoderDepth,
        tell: &mut dyn FnMut(LoadProgress),
    ) -> Result<Self> {
        let bundle = Bundle::load_told(&ops, model, encoder, depth, tell)?;
        let scorer = Scorer::new(ops, bundle, ScoreOptions::default());
        let processor = || -> Result<Option<Scorer<CpuOps>>> {
            if scorer.ops().device() == CpuOps::new().device() {
                return Ok(None);
            }
            let ops = CpuOps::new();
            let bundle =
                Bundle::load_told(&ops, model, encoder, EncoderDepth::States, &mut |_| ())?;
            Ok(Some(Scorer::new(ops, bundle, ScoreOptions::default())))
        };
        block_on(self_check::verify(&scorer, processor))?;
        Ok(Self { scorer })
    }

    /// The backend and the model.
    #[must_use]
    pub fn into_parts(self) -> (O, Bundle<O::Matrix>) {
        self.scorer.into_parts()
    }

    /// The same, with other options of how distances become scores.
    #[must_use]
    pub fn with_options(self, options: ScoreOptions) -> Self {
        Self {
            scorer: self.scorer.with_options(options),
        }
    }

    /// What the model says of itself.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.scorer.bundle().info
    }

    /// The scorer below.
    #[must_use]
    pub fn scorer(&self) -> &Scorer<O> {
        &self.scorer
    }

    /// The backend, as receipts name it.
    #[must_use]
    pub fn scored_by(&self) -> ScoredBy {
        scored_by(self.scorer.ops())
    }

    /// Scores the variants of a file: a VCF (plain, gzip or bgzip), or a raw-data file. What is
    /// returned takes settings, and [runs](ScoreVcf::run).
    pub fn score_vcf(
        &self,
        variants: impl Into<PathBuf>,
        reference: impl Into<PathBuf>,
    ) -> ScoreVcf<'_, O> {
        ScoreVcf {
            runtime: self,
            variants: variants.into(),
            reference: reference.into(),
            selection: Selection::default(),
            alleles: AlleleForm::default(),
            batch_size: BATCH_SIZE.get(),
            threads: None,
            cancel: &|| false,
        }
    }

    /// What places edits of this form in the windows of the options.
    #[must_use]
    pub fn placer(&self, form: AlleleForm) -> Placer {
        Placer::of(self.info())
            .on_grid(self.scorer.options().window_stride_bp)
            .of_alleles(form)
    }

    /// Makes the receipts of this runtime's scores.
    ///
    /// # Errors
    /// As [`ScoredBy::receipts`].
    pub fn receipts(&self) -> Result<ReceiptBuilder> {
        self.scored_by()
            .receipts(self.info(), self.scorer.windows().noted())
    }

    /// What must be said of the figures: by the model's state contract, and by the options.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.scorer.options().warnings(self.info())
    }

    /// Scores one variant in its window of a reference, as the edit that it is in this form.
    ///
    /// # Errors
    /// `INPUT.*` for a variant that is no edit, or that the reference speaks against; as
    /// [`score`](Self::score).
    pub fn score_variant<S: BaseSource>(
        &self,
        variant: &VariantSpelling,
        form: AlleleForm,
        reference: &mut Reference<S>,
    ) -> Result<Scored> {
        self.score(self.placer(form).variant(reference, variant)?)
    }

    /// Scores one edit, as it is, among bases that start at `start` of the contig; see
    /// [`edit_among`](crate::scorer::edit_among) for the edit that a variant is there.
    ///
    /// # Errors
    /// `INPUT.*` for bases that are none, or an edit that does not fit; as [`score`](Self::score).
    pub fn score_in_window(&self, edit: &EditSpec, bases: &str, start: BpOffset) -> Result<Scored> {
        let window = given_window(bases, start.get(), edit, self.info().config.window_bp)?;
        self.score(Candidate::new(edit.clone(), window))
    }

    /// Scores one variant that has its window.
    ///
    /// # Errors
    /// As [`Scorer::score`].
    pub fn score(&self, candidate: Candidate) -> Result<Scored> {
        let scored = block_on(self.scorer.score(&[candidate]))?;
        scored
            .into_iter()
            .next()
            .ok_or_else(|| Error::invariant("the scorer gave no result for a variant"))
    }

    /// The receipt of one score, made now.
    ///
    /// # Errors
    /// As [`now`] and [`Scored::receipt`].
    pub fn receipt(&self, scored: &Scored, scope: ReceiptScope) -> Result<Receipt> {
        scored.receipt(&self.receipts()?, scope, &now()?)
    }

    /// The state of a window, pooled around `edit_locus` (0-based in the window).
    ///
    /// # Errors
    /// As [`Scorer::encode_window`].
    pub fn encode_window(&self, window: &str, edit_locus: Option<BpOffset>) -> Result<Vec<f32>> {
        block_on(self.scorer.encode_window(window, edit_locus))
    }

    /// The state that should follow from `state` after all of `edits`.
    ///
    /// # Errors
    /// As [`Scorer::predict`].
    pub fn predict(&self, state: Vec<f32>, edits: &[RelEdit]) -> Result<Vec<f32>> {
        block_on(self.scorer.predict(state, edits))
    }

    /// The states that should follow from `state` after the first of `edits`, after the first two, and
    /// so on.
    ///
    /// # Errors
    /// As [`Scorer::trajectory`].
    pub fn trajectory(
        &self,
        state: Vec<f32>,
        edits: &[RelEdit],
        how: Prediction,
    ) -> Result<Vec<Vec<f32>>> {
        let width = self.scorer.bundle().encoder.d_state();
        let states = block_on(self.scorer.trajectory(state, edits, how))?;
        Ok(states.chunks_exact(width).map(<[f32]>::to_vec).collect())
    }

    /// What scores the batches of a run, on `threads` or as many as the backend likes.
    #[must_use]
    pub fn workers(&self, threads: Option<usize>) -> Workers<'_, Scored> {
        let threads = threads.unwrap_or_else(|| self.scorer.ops().workers());
        let window_bp = self.info().config.window_bp;
        let room = Room::new(threads, self.scorer.ordinary_rows(window_bp));
        Workers {
            threads,
            by: self.scored_by(),
            answer: Box::new(move |candidates| {
                let _taken = room.take(self.scorer.rows_at_once(candidates));
                block_on(self.scorer.score(candidates))
            }),
        }
    }
}

/// Scoring of a file that was not begun.
pub struct ScoreVcf<'a, O: NativeOps = CpuOps> {
    runtime: &'a Runtime<O>,
    variants: PathBuf,
    reference: PathBuf,
    selection: Selection,
    alleles: AlleleForm,
    batch_size: usize,
    threads: Option<usize>,
    cancel: &'a dyn Fn() -> bool,
}

/// What scoring a file came to.
#[derive(Debug)]
pub struct ScoredFile {
    /// Whether all of it was scored.
    pub end: RunEnd,
    /// What became of its records and alleles.
    pub tally: Tally,
    /// What the model's figures are worth, where that must be said, and what is odd about the file,
    /// as sentences for people.
    pub warnings: Vec<String>,
}

impl<'a, O: NativeOps> ScoreVcf<'a, O> {
    /// Scores only what has its POS in these.
    #[must_use]
    pub fn regions(mut self, regions: Regions) -> Self {
        self.selection.regions = Some(regions);
        self
    }

    /// Scores the alleles of these people; those that at least one sample carries unless told.
    #[must_use]
    pub fn whose(mut self, whose: Whose) -> Self {
        self.selection.whose = whose;
        self
    }

    /// Fails at a malformed record, instead of handing on its error.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.selection.strict = true;
        self
    }

    /// Scores alleles in this form; their canonical one unless told.
    #[must_use]
    pub fn alleles(mut self, form: AlleleForm) -> Self {
        self.alleles = form;
        self
    }

    /// Alleles in one call of the model.
    #[must_use]
    pub fn batch_size(mut self, alleles: usize) -> Self {
        self.batch_size = alleles;
        self
    }

    /// Batches in work at once.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Stops when this says so; it is asked often.
    #[must_use]
    pub fn cancel_when(mut self, cancel: &'a dyn Fn() -> bool) -> Self {
        self.cancel = cancel;
        self
    }

    /// Scores the file. `sink` gets every record in the file's order, with one outcome for each
    /// allele, and how far things are.
    ///
    /// # Errors
    /// `INPUT.*` for files that cannot be used or do not belong together, and the first error of
    /// `sink`; records before an error have been handed on.
    pub fn run(self, sink: impl FnMut(Delivery, RunProgress) -> Result<()>) -> Result<ScoredFile> {
        let [name, reference_name] =
            [&self.variants, &self.reference].map(|path| path.display().to_string());
        let file = File::open(&self.variants).map_err(|error| {
            Error::input(format!("{name}: {error}"))
                .with_remedy("check that the file is there and may be read")
        })?;
        let mut input = VariantFile::new(Box::new(file), &name);
        let mut reference = open_reference(&self.reference)?;
        let intake = Intake::new(&name, &reference_name, self.selection);
        let placer = self.runtime.placer(self.alleles);
        let mut run = Run::new(intake, placer, self.batch_size);
        let end = drive(
            &mut run,
            &mut input,
            &mut reference,
            &self.runtime.workers(self.threads),
            self.cancel,
            sink,
        )?;
        if end == RunEnd::Finished {
            run.summary()?;
        }
        let worth = self.runtime.warnings().into_iter();
        let warnings = worth.chain(run.intake().warnings()).collect();
        Ok(ScoredFile {
            end,
            tally: run.tally().clone(),
            warnings,
        })
    }
}
