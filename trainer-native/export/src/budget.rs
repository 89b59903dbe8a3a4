//! How much quality an exported model may lose against the model that it was made of, and how much
//! it does lose.

use super::data::Data;
use super::quantized::WeightDtype;
use super::rollouts::{RolloutCase, follow};
use genolewm::ops::CpuOps;
use genolewm_core::evaluation::auroc;
use genolewm_core::surprise::displacement;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_evaluate::rollout::follow::{Networks, PathStates};
use genolewm_evaluate::scores::sides;
use genolewm_evaluate::states::MeasuredModel;
use serde::Serialize;
use std::collections::BTreeMap;

/// Edits of a rollout.
pub const ROLLOUT_EDITS: usize = 3;
/// Windows that rollouts start from.
pub const ROLLOUT_WINDOWS: usize = 128;
/// Variants, and windows of rollouts, between two looks at the user's wishes.
const VARIANTS_AT_ONCE: usize = 64;
const WINDOWS_AT_ONCE: usize = 8;

/// What may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limits {
    /// AUROC, in points of 1/100.
    pub auroc_drop_points: f64,
    /// Mean cosine of predicted and encoded states over rollouts of 1 to [`ROLLOUT_EDITS`] edits.
    pub rollout_cosine_drop: f64,
}

impl Limits {
    /// Those of a number format; four bits are allowed more.
    #[must_use]
    pub const fn of(dtype: WeightDtype) -> Self {
        match dtype {
            WeightDtype::F32 | WeightDtype::Fp16 | WeightDtype::Int8 => Self {
                auroc_drop_points: 1.0,
                rollout_cosine_drop: 0.02,
            },
            WeightDtype::Int4 => Self {
                auroc_drop_points: 3.0,
                rollout_cosine_drop: 0.05,
            },
        }
    }
}

/// What one model answers.
#[derive(Debug, Clone, Default)]
pub struct MeasuredAnswers {
    scores: BTreeMap<&'static str, Vec<f64>>,
    rollouts: Vec<PathStates>,
}

impl MeasuredAnswers {
    /// Asks a model for every variant and every rollout. `go_on` is told what has been done, and
    /// ends it by saying no: then there are no answers.
    ///
    /// # Errors
    /// As the model's.
    pub fn of(
        model: &MeasuredModel<CpuOps>,
        data: &Data,
        cases: &[RolloutCase],
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Self>> {
        let mut answers = Self::default();
        for items in data.items.chunks(VARIANTS_AT_ONCE) {
            for measured in model.measure(items)? {
                for (name, value) in [
                    ("sigma_raw", measured.surprise),
                    ("sigma_calibrated", measured.percentile),
                    ("displacement", measured.displacement),
                ] {
                    answers.scores.entry(name).or_default().push(value);
                }
            }
            if !go_on(items.len()) {
                return Ok(None);
            }
        }
        let networks = Networks::of(&model.ops, &model.bundle);
        for cases in cases.chunks(WINDOWS_AT_ONCE) {
            answers.rollouts.extend(follow(&networks, cases)?);
            if !go_on(cases.len()) {
                return Ok(None);
            }
        }
        Ok(Some(answers))
    }

    /// Mean cosine of the predictions with the states that `truth` encoded, by number of edits.
    fn cosines(&self, truth: &Self) -> Vec<f64> {
        let mean = |step: usize| {
            let pairs = self.rollouts.iter().zip(&truth.rollouts);
            let cosines = pairs
                .map(|(own, truth)| 1.0 - displacement(&own.predicted[step], &truth.encoded[step]));
            cosines.sum::<f64>() / self.rollouts.len().max(1) as f64
        };
        (0..ROLLOUT_EDITS).map(mean).collect()
    }
}

/// One figure of both models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// Of the model that was exported, widened to f32.
    pub reference: f64,
    /// Of the exported model.
    pub exported: f64,
}

/// What was lost, as export_report.json holds it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportFigures {
    /// Where the variants come from.
    pub data: String,
    /// Says exactly which variants were measured.
    pub variants_sha256: String,
    /// Pathogenic and likely pathogenic variants.
    pub pathogenic: usize,
    /// Benign and likely benign variants.
    pub benign: usize,
    /// AUROC of each column of a score file.
    pub auroc: BTreeMap<&'static str, Pair>,
    /// The largest fall of an AUROC, in points of 1/100; negative when all rise.
    pub auroc_drop_points: f64,
    /// Mean absolute change of `sigma_calibrated`, 0 to 1.
    pub percentile_shift: f64,
    /// Windows that rollouts start from.
    pub rollouts: usize,
    /// Mean cosine with the reference's encoded states after 1, 2, ... edits.
    pub rollout_cosine: Vec<Pair>,
    /// The fall of the mean over all numbers of edits.
    pub rollout_cosine_drop: f64,
    /// What may be lost.
    pub limits: Limits,
}

impl ExportFigures {
    /// Compares the answers of two models.
    ///
    /// # Errors
    /// `DEPLOY.QUANTIZATION_FAILED` for answers that are not finite; `EVAL.DATASET` when no window
    /// had room for a rollout.
    pub fn compare(
        reference: &MeasuredAnswers,
        exported: &MeasuredAnswers,
        data: &Data,
        limits: Limits,
    ) -> Result<Self> {
        if reference.rollouts.is_empty() {
            return Err(Error::new(
                ErrorCode::EvalDataset,
                "no window of the variants has known bases in its middle",
            )
            .with_remedy("give other variants with --budget-vcf and --budget-fasta"));
        }
        let mut area = BTreeMap::new();
        for (&name, scores) in &reference.scores {
            let of = |scores: &[f64]| -> Result<f64> {
                for &score in scores {
                    finite(score)?;
                }
                auroc(scores, &data.positive)
            };
            let pair = Pair {
                reference: of(scores)?,
                exported: of(&exported.scores[name])?,
            };
            area.insert(name, pair);
        }
        let cosines = reference.cosines(reference).into_iter();
        let cosines = cosines.zip(exported.cosines(reference));
        let pair = |(reference, exported)| Pair {
            reference,
            exported,
        };
        let cosines: Vec<Pair> = cosines.map(pair).collect();
        let fall = |pair: &Pair| pair.reference - pair.exported;
        let falls = area.values().map(fall);
        let [pathogenic, benign] = sides(&data.positive);
        Ok(Self {
            data: data.name.clone(),
            variants_sha256: data.variants_sha256.clone(),
            pathogenic,
            benign,
            auroc_drop_points: 100.0 * falls.fold(f64::NEG_INFINITY, f64::max),
            auroc: area,
            percentile_shift: shift(reference, exported),
            rollouts: reference.rollouts.len(),
            rollout_cosine_drop: finite(cosines.iter().map(fall).sum::<f64>())?
                / cosines.len() as f64,
            rollout_cosine: cosines,
            limits,
        })
    }

    /// Refuses a model that lost too much.
    ///
    /// # Errors
    /// `DEPLOY.QUANTIZATION_FAILED` with the figures.
    pub fn check(&self) -> Result<()> {
        let limits = &self.limits;
        if self.auroc_drop_points <= limits.auroc_drop_points
            && self.rollout_cosine_drop <= limits.rollout_cosine_drop
        {
            return Ok(());
        }
        Err(failed("the exported model would lose too much; nothing was written")
            .with_detail("auroc_drop_points", self.auroc_drop_points)
            .with_detail("auroc_drop_points_limit", limits.auroc_drop_points)
            .with_detail("rollout_cosine_drop", self.rollout_cosine_drop)
            .with_detail("rollout_cosine_drop_limit", limits.rollout_cosine_drop)
            .with_remedy(
                "keep the encoder with --keep-encoder, give it more bits with --encoder-dtype, or \
                 export with a larger --dtype",
            ))
    }
}

fn shift(reference: &MeasuredAnswers, exported: &MeasuredAnswers) -> f64 {
    let [reference, exported] = [reference, exported].map(|answers| {
        let percentiles = answers.scores.get("sigma_calibrated");
        percentiles.map_or(&[][..], Vec::as_slice)
    });
    let shifts = reference.iter().zip(exported).map(|(a, b)| (a - b).abs());
    shifts.sum::<f64>() / reference.len().max(1) as f64
}

fn finite(value: f64) -> Result<f64> {
    let is_finite = value.is_finite();
    is_finite
        .then_some(value)
        .ok_or_else(|| failed("the exported model gives answers that are no numbers"))
}

fn failed(message: &str) -> Error {
    Error::new(ErrorCode::DeployQuantizationFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(scores: [f64; 4], predicted: [f32; 2]) -> MeasuredAnswers {
        MeasuredAnswers {
            scores: ["displacement", "sigma_calibrated", "sigma_raw"]
                .map(|name| (name, scores.to_vec()))
                .into(),
            rollouts: vec![PathStates {
                source: Vec::new(),
                predicted: vec![predicted.to_vec(); ROLLOUT_EDITS],
                encoded: vec![vec![1.0, 0.0]; ROLLOUT_EDITS],
            }],
        }
    }

    fn data() -> Data {
        Data {
            name: "four".to_owned(),
            items: Vec::new(),
            positive: vec![true, true, false, false],
            variants_sha256: String::new(),
        }
    }

    fn compare(exported: &MeasuredAnswers) -> Result<ExportFigures> {
        let reference = answers([0.9, 0.8, 0.2, 0.1], [1.0, 0.0]);
        ExportFigures::compare(&reference, exported, &data(), Limits::of(WeightDtype::Int8))
    }

    #[test]
    fn the_same_answers_lose_nothing() {
        let figures = compare(&answers([0.9, 0.8, 0.2, 0.1], [1.0, 0.0])).unwrap();
        assert_eq!(
            (figures.auroc_drop_points, figures.rollout_cosine_drop),
            (0.0, 0.0)
        );
        assert_eq!(
            (figures.pathogenic, figures.benign, figures.rollouts),
            (2, 2, 1)
        );
        figures.check().unwrap();
    }

    #[test]
    fn too_large_a_loss_of_either_kind_is_refused() {
        let order = compare(&answers([0.9, 0.2, 0.8, 0.1], [1.0, 0.0])).unwrap();
        assert_eq!(
            (order.auroc_drop_points, order.rollout_cosine_drop),
            (25.0, 0.0)
        );
        assert!((order.percentile_shift - 0.3).abs() < 1e-12);
        let direction = compare(&answers([0.9, 0.8, 0.2, 0.1], [0.8, 0.6])).unwrap();
        assert!((direction.rollout_cosine_drop - 0.2).abs() < 1e-6);
        assert_eq!(direction.auroc_drop_points, 0.0);
        for figures in [order, direction] {
            let error = figures.check().unwrap_err();
            assert_eq!(error.code(), ErrorCode::DeployQuantizationFailed);
        }
    }

    #[test]
    fn answers_that_are_no_numbers_are_refused() {
        assert!(compare(&answers([f64::NAN, 0.8, 0.2, 0.1], [1.0, 0.0])).is_err());
        assert!(compare(&answers([0.9, 0.8, 0.2, 0.1], [f32::NAN, 0.0])).is_err());
    }
}
