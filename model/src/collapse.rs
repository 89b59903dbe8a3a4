//! Collapse monitoring: whether predictions still differ from one another and follow their
//! targets (`docs/training.md#the-collapse-monitor`).

use crate::loss::{cosine, not_finite};
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;

/// What is watched, over one batch of predictions and targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CollapseMetrics {
    /// Mean cosine of a prediction and its target.
    pub pred_cos_mean: f64,
    /// Mean distance of a prediction from its target.
    pub pred_l2_mean: f64,
    /// Population variance of the targets, mean over dimensions.
    pub target_var_per_dim: f64,
    /// Population variance of the predictions, mean over dimensions.
    pub pred_var_per_dim: f64,
    /// Pearson correlation of all predicted with all target values; 0 where either is constant.
    pub pred_target_corr: f64,
    /// Mean distance of two predictions; 0 when there is one.
    pub pairwise_pred_dist_mean: f64,
    /// The regulariser of the batch.
    pub kl_reg: f64,
}

/// When a metric becomes an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CollapseThresholds {
    /// Least variance of predictions, as a share of the targets'.
    pub pred_var_to_target_var: f64,
    /// Least distance of two predictions, as a share of the first one observed.
    pub pairwise_to_initial: f64,
    /// Greatest regulariser.
    pub kl_reg_max: f64,
}

impl Default for CollapseThresholds {
    fn default() -> Self {
        Self {
            pred_var_to_target_var: 0.5,
            pairwise_to_initial: 0.5,
            kl_reg_max: 10.0,
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// Predictions vary much less than targets.
    PredVarPerDim,
    /// Predictions have moved together.
    PairwisePredDistMean,
    /// States are far from spread out.
    KlReg,
}

impl Criterion {
    /// The metric's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PredVarPerDim => "pred_var_per_dim",
            Self::PairwisePredDistMean => "pairwise_pred_dist_mean",
            Self::KlReg => "kl_reg",
        }
    }
}

/// A metric beyond its threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CollapseAlert {
    /// Which metric.
    pub criterion: Criterion,
    /// Its value.
    pub value: f64,
    /// The threshold that it crossed.
    pub threshold: f64,
}

/// One observation.
#[derive(Debug, Clone, PartialEq)]
pub struct CollapseCheck {
    /// The metrics.
    pub metrics: CollapseMetrics,
    /// What is wrong, if anything.
    pub alerts: Vec<CollapseAlert>,
}

impl CollapseCheck {
    /// Whether there is an alert.
    #[must_use]
    pub fn tripped(&self) -> bool {
        !self.alerts.is_empty()
    }
}

impl CollapseMetrics {
    /// The metrics of one vector of `width` after another.
    ///
    /// # Errors
    /// `TRAINING.GENERIC` when the shapes differ or are empty; `TRAINING.NAN_LOSS` when a metric
    /// is not finite.
    pub fn compute(prediction: &[f32], target: &[f32], width: usize, kl_reg: f64) -> Result<Self> {
        let empty = width == 0 || prediction.is_empty() || !prediction.len().is_multiple_of(width);
        if empty || prediction.len() != target.len() {
            return Err(Error::new(
                ErrorCode::TrainingGeneric,
                "predictions and targets are empty or differ in shape",
            ));
        }
        let rows = (prediction.len() / width) as f64;
        let pairs = || {
            prediction
                .chunks_exact(width)
                .zip(target.chunks_exact(width))
        };
        let metrics = Self {
            pred_cos_mean: pairs().map(|(p, t)| cosine(p, t)).sum::<f64>() / rows,
            pred_l2_mean: pairs().map(|(p, t)| distance(p, t)).sum::<f64>() / rows,
            target_var_per_dim: variance_per_dimension(target, width),
            pred_var_per_dim: variance_per_dimension(prediction, width),
            pred_target_corr: correlation(prediction, target),
            pairwise_pred_dist_mean: pairwise_distance(prediction, width),
            kl_reg,
        };
        match metrics.is_finite() {
            true => Ok(metrics),
            false => Err(not_finite()),
        }
    }

    /// What is beyond its threshold. Without the first observed distance of two predictions, that
    /// criterion is not checked.
    #[must_use]
    pub fn alerts(
        &self,
        thresholds: &CollapseThresholds,
        initial_pairwise: Option<f64>,
    ) -> Vec<CollapseAlert> {
        let least_variance = thresholds.pred_var_to_target_var * self.target_var_per_dim;
        let least_distance = initial_pairwise.map(|first| thresholds.pairwise_to_initial * first);
        let mut alerts = Vec::new();
        let mut check = |criterion, value, threshold, beyond| {
            if beyond {
                alerts.push(CollapseAlert {
                    criterion,
                    value,
                    threshold,
                });
            }
        };
        let variance = self.pred_var_per_dim;
        check(
            Criterion::PredVarPerDim,
            variance,
            least_variance,
            variance < least_variance,
        );
        if let Some(least) = least_distance {
            let distance = self.pairwise_pred_dist_mean;
            check(
                Criterion::PairwisePredDistMean,
                distance,
                least,
                distance < least,
            );
        }
        let kl_max = thresholds.kl_reg_max;
        check(Criterion::KlReg, self.kl_reg, kl_max, self.kl_reg > kl_max);
        alerts
    }

    fn is_finite(&self) -> bool {
        [
            self.pred_cos_mean,
            self.pred_l2_mean,
            self.target_var_per_dim,
            self.pred_var_per_dim,
            self.pred_target_corr,
            self.pairwise_pred_dist_mean,
            self.kl_reg,
        ]
        .iter()
        .all(|metric| metric.is_finite())
    }
}

/// Watches a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct CollapseMonitor {
    /// Steps between observations.
    pub log_every_steps: u64,
    /// When a metric becomes an alert.
    pub thresholds: CollapseThresholds,
    /// The distance of two predictions at the first observation.
    pub initial_pairwise_pred_dist_mean: Option<f64>,
}

impl Default for CollapseMonitor {
    fn default() -> Self {
        Self {
            log_every_steps: 500,
            thresholds: CollapseThresholds::default(),
            initial_pairwise_pred_dist_mean: None,
        }
    }
}

impl CollapseMonitor {
    /// Whether this step is observed.
    #[must_use]
    pub const fn should_log(&self, step: u64) -> bool {
        self.log_every_steps > 0 && step.is_multiple_of(self.log_every_steps)
    }

    /// Observes a batch. The first observation is what later ones are compared with.
    ///
    /// # Errors
    /// As [`CollapseMetrics::compute`].
    pub fn observe(
        &mut self,
        prediction: &[f32],
        target: &[f32],
        width: usize,
        kl_reg: f64,
    ) -> Result<CollapseCheck> {
        let metrics = CollapseMetrics::compute(prediction, target, width, kl_reg)?;
        let first = *self
            .initial_pairwise_pred_dist_mean
            .get_or_insert(metrics.pairwise_pred_dist_mean);
        Ok(CollapseCheck {
            alerts: metrics.alerts(&self.thresholds, Some(first)),
            metrics,
        })
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
    a.iter().zip(b).map(square).sum::<f64>().sqrt()
}

fn variance_per_dimension(values: &[f32], width: usize) -> f64 {
    let rows = (values.len() / width) as f64;
    let column = |index: usize| {
        values
            .iter()
            .skip(index)
            .step_by(width)
            .map(|&x| f64::from(x))
    };
    let variance = |index: usize| {
        let mean = column(index).sum::<f64>() / rows;
        column(index).map(|x| (x - mean).powi(2)).sum::<f64>() / rows
    };
    (0..width).map(variance).sum::<f64>() / width as f64
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        aa += a * a;
        ab += a * b;
        bb += b * b;
    }
    let scale = aa.sqrt() * bb.sqrt();
    if scale == 0.0 { 0.0 } else { ab / scale }
}

fn pairwise_distance(values: &[f32], width: usize) -> f64 {
    let rows: Vec<&[f32]> = values.chunks_exact(width).collect();
    let pairs = rows.len() * rows.len().saturating_sub(1) / 2;
    if pairs == 0 {
        return 0.0;
    }
    let sum: f64 = rows
        .iter()
        .enumerate()
        .map(|(index, a)| rows[..index].iter().map(|b| distance(a, b)).sum::<f64>())
        .sum();
    sum / pairs as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_observation_is_the_measure_of_later_ones() -> Result<()> {
        let mut monitor = CollapseMonitor::default();
        assert!(monitor.should_log(0) && !monitor.should_log(499) && monitor.should_log(1000));
        let spread = [1.0, 0.0, -1.0, 0.0, 0.0, 1.0];
        assert!(!monitor.observe(&spread, &spread, 2, 1.0)?.tripped());
        let close = spread.map(|x| 0.1 * x);
        let check = monitor.observe(&close, &close, 2, 1.0)?;
        let criteria: Vec<_> = check.alerts.iter().map(|alert| alert.criterion).collect();
        assert_eq!(criteria, [Criterion::PairwisePredDistMean]);
        Ok(())
    }

    #[test]
    fn constant_predictions_have_no_correlation_and_nan_is_an_error() -> Result<()> {
        let metrics = CollapseMetrics::compute(&[0.0; 4], &[1.0, 2.0, 3.0, 4.0], 2, 0.0)?;
        assert_eq!(
            (metrics.pred_target_corr, metrics.pred_cos_mean),
            (0.0, 0.0)
        );
        let error = CollapseMetrics::compute(&[f32::NAN; 2], &[1.0; 2], 2, 0.0).expect_err("NaN");
        assert_eq!(error.code(), ErrorCode::TrainingNanLoss);
        assert!(CollapseMetrics::compute(&[1.0; 2], &[1.0; 4], 2, 0.0).is_err());
        Ok(())
    }
}
