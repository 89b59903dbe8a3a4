//! How well one score agrees with labels: AUROC, average precision, accuracies or Spearman's rho, with
//! bootstrap intervals.

use crate::score_files::jsonl::LabelValues;
use crate::scores::pick;
use genolewm_core::Result;
use genolewm_core::evaluation::{
    BootstrapInterval, BootstrapOptions, binary_metrics, bootstrap_intervals, spearman,
};

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// `auroc`, `average_precision`, `balanced_accuracy`, `accuracy` or `spearman_rho`.
    pub name: &'static str,
    /// The figure, over all variants.
    pub value: f64,
    /// The bootstrap interval; `None` when no resamples were asked for.
    pub interval: Option<BootstrapInterval>,
}

/// All figures of one score.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// In the order of reports.
    pub figures: Vec<Figure>,
    /// Sensitivity and specificity at the threshold, for labels with two sides.
    pub sides: Option<[f64; 2]>,
}

/// What figures are measured with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// A score at or above it is a call.
    pub threshold: f64,
    /// How intervals are drawn; no resamples, no intervals.
    pub bootstrap: BootstrapOptions,
}

impl Agreement {
    /// The figure of that name.
    #[must_use]
    pub fn value(&self, name: &str) -> f64 {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.map_or(f64::NAN, |figure| figure.value)
    }
}

impl Measure {
    /// Measures scores against labels of either kind.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for scores that are not finite or not as many as labels, labels that are all
    /// alike, or a confidence level outside 0..1.
    pub fn agreement(&self, scores: &[f64], labels: &LabelValues) -> Result<Agreement> {
        match labels {
            LabelValues::Binary(positive) => self.binary(scores, positive),
            LabelValues::Continuous(values) => self.continuous(scores, values),
        }
    }

    fn binary(&self, scores: &[f64], positive: &[bool]) -> Result<Agreement> {
        const NAMES: [&str; 4] = [
            "auroc",
            "average_precision",
            "balanced_accuracy",
            "accuracy",
        ];
        let measure = |scores: &[f64], positive: &[bool]| {
            let all = binary_metrics(scores, positive, self.threshold)?;
            let values = [
                all.auroc,
                all.average_precision,
                all.balanced_accuracy,
                all.accuracy,
            ];
            Ok((values, [all.sensitivity, all.specificity]))
        };
        let (values, sides) = measure(scores, positive)?;
        // In a resample of the Python package positives come first, which decides ties of average
        // precision.
        let mut order: Vec<usize> = (0..positive.len()).collect();
        order.sort_by_key(|&row| !positive[row]);
        let strata: Vec<bool> = order.iter().map(|&row| !positive[row]).collect();
        let intervals = self.intervals(&strata, |rows| {
            let rows = pick(&order, rows);
            let drawn = measure(&pick(scores, &rows), &pick(positive, &rows))?;
            Ok(Some(drawn.0))
        })?;
        Ok(Agreement {
            figures: figures(NAMES, values, intervals),
            sides: Some(sides),
        })
    }

    fn continuous(&self, scores: &[f64], values: &[f64]) -> Result<Agreement> {
        let rho = spearman(scores, values)?;
        let intervals = self.intervals(&vec![(); values.len()], |rows| {
            // The columns are sound, so an error means that a drawn one does not vary.
            let drawn = spearman(&pick(scores, rows), &pick(values, rows));
            Ok(drawn.ok().map(|rho| [rho]))
        })?;
        Ok(Agreement {
            figures: figures(["spearman_rho"], [rho], intervals),
            sides: None,
        })
    }

    fn intervals<S: Ord, const N: usize>(
        &self,
        strata: &[S],
        statistic: impl FnMut(&[usize]) -> Result<Option<[f64; N]>>,
    ) -> Result<Option<[BootstrapInterval; N]>> {
        (self.bootstrap.resamples > 0)
            .then(|| bootstrap_intervals(strata, &self.bootstrap, statistic))
            .transpose()
    }
}

fn figures<const N: usize>(
    names: [&'static str; N],
    values: [f64; N],
    intervals: Option<[BootstrapInterval; N]>,
) -> Vec<Figure> {
    let rows = names.into_iter().zip(values).enumerate();
    rows.map(|(index, (name, value))| Figure {
        name,
        value,
        interval: intervals.and_then(|all| all.get(index).copied()),
    })
    .collect()
}
