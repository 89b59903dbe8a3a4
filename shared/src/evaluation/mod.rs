//! How well scores agree with labels: AUROC, average precision, Spearman and their intervals.
//!
//! Everything here is deterministic: the same numbers and the same seed give the same figures on
//! every platform.

mod continuous;
mod binary;
mod mersenne;
mod bootstrap;
mod curves;
mod delong;
mod ensemble;
mod labels;
mod paired;
mod variant_key;
#[cfg(test)]
mod vectors;

pub use binary::{BinaryMetrics, auroc, average_precision, binary_metrics};
pub use bootstrap::{
    BootstrapInterval, BootstrapOptions, bootstrap_interval, bootstrap_intervals,
    stratified_interval,
};
pub use continuous::{average_ranks, pearson, spearman};
pub use curves::{PrPoint, ReliabilityBin, RocPoint, pr_curve, reliability_bins, roc_curve};
pub use delong::{DelongAuroc, DelongTest, delong_test, delong_variance};
pub use ensemble::Ensemble;
pub use labels::ClinicalLabel;
pub use paired::{PairedComparison, paired_interval};
pub use variant_key::{evaluated_variant_keys_sha256, variant_keys_sha256};

use crate::{Error, Result};

/// The decision threshold of the accuracy figures, on the calibrated scale.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

/// Two columns that belong together must be as long as each other; scores must be numbers.
fn check_scores(scores: &[f64], others: usize) -> Result<()> {
    if scores.len() != others {
        return Err(Error::input("there are not as many labels as scores")
            .with_detail("scores", scores.len())
            .with_detail("labels", others));
    }
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::input("a score is not finite").with_detail("index", index)),
    }
}
