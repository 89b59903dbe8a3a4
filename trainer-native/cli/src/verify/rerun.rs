//! Scoring again: every field of a receipt against one made anew.

use super::flags::Args;
use super::verified::Verified;
use crate::common::backend::on_backend;
use crate::common::model;
use genolewm::Runtime;
use genolewm::info::ModelInfo;
use genolewm::ops::NativeOps;
use genolewm::runtime::{NativeReference, open_reference};
use genolewm::scorer::{ScoreOptions, Scored};
use genolewm_core::edit::{AlleleForm, VariantSpelling};
use genolewm_core::position::BpOffset;
use genolewm_core::provenance::{
    MODEL_FILES_DETAIL, Receipt, ReceiptBuilder, ReceiptComparison, ReceiptScope, check_settings,
    compare_receipts,
};
use genolewm_core::{Error, ErrorCode, Result};

/// Fields that another machine may have otherwise.
const MACHINE: [&str; 3] = [
    "runtime.backend",
    "runtime.device",
    "runtime.geno_lewm_version",
];

/// What came of scoring again.
#[derive(Debug, Default)]
pub(super) struct Rerun {
    /// What could not be checked, a sentence each.
    pub unchecked: Vec<String>,
}

/// Scores every receipt's input again, and compares.
///
/// # Errors
/// `PROVENANCE.*` for a model or receipt that differs; as [`model::runtime`].
pub(super) fn run(args: &Args, verified: &Verified<'_>) -> Result<Rerun> {
    // Before the model's own self-check: a changed file has a name there.
    let (files, encoder) = model::files(&args.model)?;
    let info = ModelInfo::load(files.as_ref(), encoder.as_ref())?;
    if info.model_id != verified.manifest.model_id()? {
        return Err(Error::new(
            ErrorCode::ProvenanceManifestHashMismatch,
            "the model directory is not the one of the manifest",
        )
        .with_remedy("give the model that made the receipt with --model-dir"));
    }
    let reference = args.fasta.as_deref().map(open_reference).transpose()?;
    on_backend!(&args.model.backend, ops => {
        Again { args, verified, rerun: Rerun::default(), reference }.all(ops, &info)
    })
}

/// Receipts one after the other that say the same windows.
struct SameWindows {
    options: ScoreOptions,
    builder: ReceiptBuilder,
    receipts: usize,
}

struct Again<'a> {
    args: &'a Args,
    verified: &'a Verified<'a>,
    reference: Option<NativeReference>,
    rerun: Rerun,
}

impl Again<'_> {
    fn all<O: NativeOps>(mut self, ops: O, info: &ModelInfo) -> Result<Rerun> {
        let runs = self.runs(&ops, info)?;
        let mut runtime = model::runtime(ops, &self.args.model)?;
        let mut receipts = self.verified.receipts.iter().enumerate();
        for run in runs {
            runtime = runtime.with_options(run.options);
            for (index, (line, receipt)) in receipts.by_ref().take(run.receipts) {
                let compared = self.one(&runtime, &run.builder, index, receipt);
                compared.map_err(|error| self.verified.at(*line, error))?;
            }
        }
        Ok(self.rerun)
    }

    /// What the receipts say of the model and its settings is checked; files of several runs, one after the
    /// other, may have windows of their own.
    fn runs<O: NativeOps>(&mut self, ops: &O, info: &ModelInfo) -> Result<Vec<SameWindows>> {
        let verified = self.verified;
        let mut runs: Vec<SameWindows> = Vec::new();
        for (line, receipt) in &verified.receipts {
            let options = ScoreOptions::of_receipt(receipt, &info.config);
            let options = options.map_err(|error| verified.at(*line, error))?;
            let mut run = match runs.pop_if(|last| last.options == options) {
                Some(run) => run,
                None => SameWindows {
                    options,
                    builder: genolewm::runtime::scored_by(ops)
                        .receipts(info, options.windows(&info.config).noted())?,
                    receipts: 0,
                },
            };
            let unsaid = check_settings(receipt, &run.builder);
            let unsaid = unsaid.map_err(|error| verified.at(*line, error))?;
            if unsaid.iter().any(|key| key == MODEL_FILES_DETAIL) {
                self.unchecked(
                    "configuration and tokenizer of the encoder: the receipt names none",
                );
            }
            run.receipts += 1;
            runs.push(run);
        }
        Ok(runs)
    }

    /// One receipt: the fields that differ are errors, those that nothing can be compared with are
    /// noted.
    fn one<O: NativeOps>(
        &mut self,
        runtime: &Runtime<O>,
        builder: &ReceiptBuilder,
        index: usize,
        receipt: &Receipt,
    ) -> Result<()> {
        let mut scored = self.score(runtime, index, receipt)?;
        if scored.result.bucket_id != receipt.output.bucket_id {
            self.unchecked(
                "the bucket: it follows from annotation and the least size of a bucket (--annotation, \
                 --repeats, --region, --repeat, --min-bucket-size)",
            );
        }
        let options = runtime.scorer().options();
        scored.put_in_bucket(&receipt.output.bucket_id, runtime.info(), options)?;
        if scored.result.bucket_id == receipt.output.bucket_id {
            self.compare_figures(&mut scored, receipt)?;
        }
        let scope = receipt.scope().unwrap_or(ReceiptScope::SingleVariant);
        let anew = scored.receipt(builder, scope, &receipt.timestamp)?;
        self.compare(compare_receipts(receipt, &anew)?)
    }

    fn score<O: NativeOps>(
        &mut self,
        runtime: &Runtime<O>,
        index: usize,
        receipt: &Receipt,
    ) -> Result<Scored> {
        let row = self.verified.rows.as_ref().and_then(|rows| rows.get(index));
        match (&self.verified.input, &mut self.reference, row) {
            (Some((window, edit)), _, _) => {
                self.rerun
                    .note("where the window lies on its contig (no --fasta)");
                let start = receipt
                    .detail("window_start_bp")
                    .and_then(|start| start.as_u64());
                runtime.score_in_window(edit, window, BpOffset(start.unwrap_or(0)))
            }
            // The edit that was scored, in whatever form.
            (None, Some(reference), Some(row)) => {
                let edit = VariantSpelling::from(&row.edit);
                runtime.score_variant(&edit, AlleleForm::AsGiven, reference)
            }
            _ => Err(Error::invariant(
                "a receipt without an input is scored again",
            )),
        }
    }

    /// Figures within the tolerance count as the receipt's own, so that every other field can be
    /// compared exactly.
    fn compare_figures(&self, scored: &mut Scored, receipt: &Receipt) -> Result<()> {
        let (ours, found) = (&mut scored.result, &receipt.output);
        if ours.is_near(found, self.args.tolerance) {
            ours.sigma_raw = found.sigma_raw;
            ours.sigma_calibrated = found.sigma_calibrated;
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::ProvenanceOutputCommitmentMismatch,
            "the model gives other figures than the receipt",
        )
        .with_detail("sigma_raw of the receipt", found.sigma_raw)
        .with_detail("sigma_raw now", ours.sigma_raw)
        .with_detail("sigma_calibrated of the receipt", found.sigma_calibrated)
        .with_detail("sigma_calibrated now", ours.sigma_calibrated)
        .with_detail("backend of the receipt", &receipt.runtime.backend)
        .with_remedy(
            "give the model directory and backend of the receipt; a higher --tolerance allows for another processor",
        ))
    }

    fn compare(&mut self, comparison: ReceiptComparison) -> Result<()> {
        // Files were compared by name before.
        let files = |field: &str| field.contains(MODEL_FILES_DETAIL);
        for difference in comparison.differences {
            if files(&difference.field) {
                continue;
            }
            if !MACHINE.contains(&difference.field.as_str()) {
                return Err(difference.error());
            }
            if !self.args.other_machine {
                return Err(difference.error().with_remedy(
                    "run this with the --backend of the receipt; on another machine --other-machine \
                     lists this field as not checked",
                ));
            }
            let (field, receipt, anew) = (difference.field, difference.receipt, difference.anew);
            self.unchecked(&format!(
                "{field}: the receipt says {receipt}, here it is {anew}"
            ));
        }
        for field in comparison.only_in_receipt {
            self.unchecked(&format!("{field}: a receipt made anew has no such field"));
        }
        let silent = comparison.only_anew.iter().filter(|field| !files(field));
        for field in silent {
            self.unchecked(&format!("{field}: the receipt does not say it"));
        }
        Ok(())
    }

    fn unchecked(&mut self, what: &str) {
        self.rerun.note(what);
    }
}

impl Rerun {
    fn note(&mut self, what: &str) {
        if !self.unchecked.iter().any(|known| known == what) {
            self.unchecked.push(what.to_owned());
        }
    }
}
