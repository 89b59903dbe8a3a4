//! Common variants, ClinVar and primates: what needs a reference.

use super::flags::Args;
use super::references::{References, annotation};
use crate::common::model::measured;
use genolewm::ops::NativeOps;
use genolewm::scorer::Placer;
use genolewm_core::calibration::DEFAULT_MIN_BUCKET_SIZE;
use genolewm_core::edit::EditKind;
use genolewm_core::evaluation::BootstrapOptions;
use genolewm_core::{ErrorCode, Result};
use genolewm_data::genome::primate::PrimateAlignment;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::markov::MarkovModel;
use genolewm_data::variants::{LabelledVariant, VariantSet, read_variants};
use genolewm_evaluate::baselines::controls::Methods;
use genolewm_evaluate::measure::clinvar::{self, ClinvarOutcome};
use genolewm_evaluate::measure::prediction::{Prediction, by_kind};
use genolewm_evaluate::measure::primate::{self, Primates};
use genolewm_evaluate::measure::uniformity::{CommonVariants, IndelShare, Uniformity};
use genolewm_evaluate::states::{Measured, MeasuredModel};
use genolewm_evaluate::variants::{Bounds, HeldOut, Side, on_side};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the predictions of all common variants together are called.
pub(super) const COMMON_VARIANTS: &str = "common_variants";

/// What every task starts from.
pub(super) struct Task<'a, O: NativeOps + Clone> {
    /// The command's flags.
    pub args: &'a Args,
    /// The model.
    pub model: &'a MeasuredModel<O>,
    /// What may be measured.
    pub bounds: Bounds<'a>,
    /// Seed of all draws.
    pub seed: u64,
}

impl<O: NativeOps + Clone> Task<'_, O> {
    /// Percentiles of the common variants; their predictions are added to the others.
    ///
    /// # Errors
    /// As the files, the model and [`HeldOut::required`].
    pub(super) fn common(
        &self,
        prediction: &mut BTreeMap<String, Prediction>,
    ) -> Result<Option<(CommonVariants, Vec<f64>)>> {
        if self.args.common.is_empty() {
            return Ok(None);
        }
        let mut references = References::open(&self.args.common_fasta)?;
        let regions = self.args.common_regions.as_deref();
        let regions = regions.map(HoldoutPolicy::read).transpose()?;
        let sets = self.read_all(&self.args.common)?;
        let side = Side::HeldOut(regions.as_ref());
        let held = self.variants(sets, &mut references, side, LabelledVariant::is_common)?;
        let held = held.required()?;
        let measured = self.model.measure(&held.items)?;
        let mut predicted = |name: &str, of: &[Measured]| -> Result<()> {
            let of = Prediction::of(of, &self.bootstrap())?;
            prediction.extend(of.map(|of| (name.to_owned(), of)));
            Ok(())
        };
        predicted(COMMON_VARIANTS, &measured)?;
        let percentiles =
            |of: &[Measured]| -> Vec<f64> { of.iter().map(|m| m.percentile).collect() };
        let table = &self.model.bundle.info.calibration;
        let all = table.buckets().map(|bucket| bucket.n_calibration()).max();
        let mut kinds = BTreeMap::new();
        for (kind, of) in by_kind(&held.items, &measured) {
            predicted(&format!("common_{kind}"), &of)?;
            let bucket = match table.tells_kinds() {
                true => Some(
                    table
                        .resolve(kind.as_str(), DEFAULT_MIN_BUCKET_SIZE)?
                        .n_calibration(),
                ),
                false => all,
            };
            let uniformity = Uniformity::of(&percentiles(&of), bucket);
            kinds.insert(kind.to_string(), uniformity);
        }
        let items = held.items.iter().zip(&measured);
        let indels = items.map(|(item, m)| (item.edit.kind().is_in(EditKind::Indel), m.percentile));
        let indels = IndelShare::of(&indels.collect::<Vec<_>>());
        let percentiles = percentiles(&measured);
        let figures = CommonVariants {
            uniformity: Uniformity::of(&percentiles, all),
            by_kind: kinds,
            indels,
            left_out: held.left_out,
        };
        Ok(Some((figures, percentiles)))
    }

    /// ClinVar and primates, as far as files are given.
    ///
    /// # Errors
    /// As the files, the model and the figures.
    pub(super) fn harm(
        &self,
        chain: &MarkovModel,
    ) -> Result<(Option<ClinvarOutcome>, Option<Primates>)> {
        if self.args.clinvar.is_empty() && self.args.primates.is_none() {
            return Ok((None, None));
        }
        let fasta = self.args.clinvar_fasta.iter();
        let fasta = fasta.chain(&self.args.primates_fasta);
        let references = RefCell::new(References::open(fasta)?);
        let annotation = annotation(&self.args.annotation, &references)?;
        let alignment = self.args.primates.as_deref();
        let alignment = alignment.map(PrimateAlignment::read).transpose()?;
        let methods = Methods {
            model: self.model,
            untrained: &measured(self.model.ops.clone(), &self.args.model, self.args.grid)?
                .with_random_encoder(self.seed),
            chain,
            annotation: &annotation,
            alignment: alignment.as_ref(),
            seed: self.seed,
            bootstrap: self.bootstrap(),
        };
        let references = &mut references.borrow_mut();
        let outcome = self.clinvar(references, &methods)?;
        let Some(alignment) = &alignment else {
            return Ok((outcome, None));
        };
        let mut placer = self.placer();
        let mut place = |edit: &_| references.place(&mut placer, edit);
        let pairs = self.args.primate_pairs;
        let primates = primate::measure(alignment, self.bounds, pairs, &methods, &mut place)?;
        Ok((outcome, Some(primates)))
    }

    fn clinvar(
        &self,
        references: &mut References,
        methods: &Methods<'_, O>,
    ) -> Result<Option<ClinvarOutcome>> {
        if self.args.clinvar.is_empty() {
            return Ok(None);
        }
        let sets = self.read_all(&self.args.clinvar)?;
        let mut of = |side| self.variants(sets.clone(), references, side, clinvar::selected);
        let held = of(Side::HeldOut(None))?.required()?;
        clinvar::measure(held, &of(Side::Training)?, methods).map(Some)
    }

    /// The variants of a side that are selected, placed as `score` places them.
    fn variants(
        &self,
        sets: Vec<VariantSet>,
        references: &mut References,
        side: Side<'_>,
        select: impl Fn(&LabelledVariant) -> bool,
    ) -> Result<HeldOut> {
        let mut placer = self.placer();
        let mut place = |edit: &_| references.place(&mut placer, edit);
        on_side(sets, self.bounds, side, select, &mut place)
    }

    /// How intervals are drawn.
    pub(super) fn bootstrap(&self) -> BootstrapOptions {
        BootstrapOptions {
            resamples: self.args.resamples,
            ..BootstrapOptions::default()
        }
    }

    fn placer(&self) -> Placer {
        Placer::of(&self.model.bundle.info).of_alleles(self.args.form.alleles)
    }
    fn read_all(&self, paths: &[PathBuf]) -> Result<Vec<VariantSet>> {
        let form = self.args.form.alleles;
        let read = |path: &PathBuf| read_variants(path, form, ErrorCode::EvalDataset);
        paths.iter().map(read).collect()
    }
}
