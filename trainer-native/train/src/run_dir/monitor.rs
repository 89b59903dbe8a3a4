//! Prometheus metrics of a training process, by the Python package's names.

use genolewm::collapse::{CollapseCheck, CollapseMetrics};
use genolewm_report::prometheus::{Metric, Registry};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const STEP_DURATION: Metric = metric(
    "geno_lewm.training.step.duration",
    "ms",
    "per training step",
);
const LOSS_PRED: Metric = metric(
    "geno_lewm.training.loss.pred",
    "unitless",
    "last logged pred loss",
);
const LOSS_REG: Metric = metric(
    "geno_lewm.training.loss.reg",
    "unitless",
    "last logged reg loss (Phase 2 active, Phase 1 monitoring)",
);
const COLLAPSE_ALERT: Metric = metric(
    "geno_lewm.training.collapse.alert",
    "events",
    "total collapse alerts during run",
);
const CACHE_HIT: Metric = metric("geno_lewm.data.cache.hit", "ops", "per-call increment");
const CACHE_MISS: Metric = metric("geno_lewm.data.cache.miss", "ops", "per-call increment");
const ENCODE_DURATION: Metric = metric(
    "geno_lewm.data.encode.duration",
    "ms",
    "per-window encoder call",
);

const fn metric(name: &'static str, unit: &'static str, summary: &'static str) -> Metric {
    Metric {
        name,
        unit,
        summary,
    }
}

/// What the collapse monitor looks at: name, summary and value.
type CollapseGauge = (&'static str, &'static str, fn(&CollapseMetrics) -> f64);
const COLLAPSE: [CollapseGauge; 7] = [
    (
        "geno_lewm.training.collapse.pred_cos_mean",
        "last collapse-monitor mean prediction-target cosine similarity",
        |of| of.pred_cos_mean,
    ),
    (
        "geno_lewm.training.collapse.pred_l2_mean",
        "last collapse-monitor mean prediction-target L2 distance",
        |of| of.pred_l2_mean,
    ),
    (
        "geno_lewm.training.collapse.target_var_per_dim",
        "last collapse-monitor mean target variance per latent dimension",
        |of| of.target_var_per_dim,
    ),
    (
        "geno_lewm.training.collapse.pred_var_per_dim",
        "last collapse-monitor mean prediction variance per latent dimension",
        |of| of.pred_var_per_dim,
    ),
    (
        "geno_lewm.training.collapse.pred_target_corr",
        "last collapse-monitor flattened prediction-target correlation",
        |of| of.pred_target_corr,
    ),
    (
        "geno_lewm.training.collapse.pairwise_pred_dist_mean",
        "last collapse-monitor mean pairwise prediction distance",
        |of| of.pairwise_pred_dist_mean,
    ),
    (
        "geno_lewm.training.collapse.kl_reg",
        "last collapse-monitor LeJEPA KL regularizer value",
        |of| of.kl_reg,
    ),
];

/// Counters, gauges and histograms of one process. Clones share them, so that threads which read
/// or encode data can count as well.
#[derive(Debug, Clone, Default)]
pub struct RunMonitor(Arc<Mutex<Registry>>);

impl RunMonitor {
    /// A step of optimisation was done.
    pub fn step(&self, took: Duration) {
        self.lock().observe(STEP_DURATION, milliseconds(took));
    }

    /// The loss that a stage trains on.
    pub fn loss(&self, loss: f64) {
        self.lock().set(LOSS_PRED, loss);
    }

    /// The regulariser.
    pub fn regulariser(&self, loss: f64) {
        self.lock().set(LOSS_REG, loss);
    }

    /// The collapse monitor has looked at a batch.
    pub fn collapse(&self, check: &CollapseCheck) {
        let mut registry = self.lock();
        registry.count(COLLAPSE_ALERT, check.alerts.len() as u64);
        for (name, summary, value) in COLLAPSE {
            registry.set(metric(name, "unitless", summary), value(&check.metrics));
        }
    }

    /// Windows whose state the cache had, and windows whose state it did not have.
    pub fn cache(&self, hits: u64, misses: u64) {
        let mut registry = self.lock();
        registry.count(CACHE_HIT, hits);
        registry.count(CACHE_MISS, misses);
    }

    /// The encoder was called for a window.
    pub fn encode(&self, took: Duration) {
        self.lock().observe(ENCODE_DURATION, milliseconds(took));
    }

    /// All of it as Prometheus text.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.lock().to_text()
    }

    /// Counting leaves nothing half-done: after a panic elsewhere the figures are still right.
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::collapse::{CollapseAlert, Criterion};

    #[test]
    fn figures_stand_under_the_packages_names() {
        let monitor = RunMonitor::default();
        let threads = monitor.clone();
        std::thread::spawn(move || threads.cache(3, 1))
            .join()
            .unwrap();
        monitor.step(Duration::from_millis(7));
        monitor.loss(0.5);
        monitor.regulariser(0.25);
        monitor.encode(Duration::from_micros(1_500));
        let metrics = CollapseMetrics {
            pred_cos_mean: 1.0,
            pred_l2_mean: 2.0,
            target_var_per_dim: 3.0,
            pred_var_per_dim: 4.0,
            pred_target_corr: 5.0,
            pairwise_pred_dist_mean: 6.0,
            kl_reg: 7.0,
        };
        let alert = CollapseAlert {
            criterion: Criterion::KlReg,
            value: 7.0,
            threshold: 1.0,
        };
        let alerts = vec![alert; 2];
        monitor.collapse(&CollapseCheck { metrics, alerts });
        let text = monitor.to_text();
        let lines: Vec<&str> = text.lines().collect();
        for line in [
            "geno_lewm_training_step_duration_bucket{le=\"5.0\"} 0",
            "geno_lewm_training_step_duration_bucket{le=\"10.0\"} 1",
            "geno_lewm_training_loss_pred 0.5",
            "geno_lewm_training_loss_reg 0.25",
            "geno_lewm_training_collapse_alert 2.0",
            "geno_lewm_training_collapse_pred_cos_mean 1.0",
            "geno_lewm_training_collapse_pred_l2_mean 2.0",
            "geno_lewm_training_collapse_target_var_per_dim 3.0",
            "geno_lewm_training_collapse_pred_var_per_dim 4.0",
            "geno_lewm_training_collapse_pred_target_corr 5.0",
            "geno_lewm_training_collapse_pairwise_pred_dist_mean 6.0",
            "geno_lewm_training_collapse_kl_reg 7.0",
            "geno_lewm_data_cache_hit 3.0",
            "geno_lewm_data_cache_miss 1.0",
            "geno_lewm_data_encode_duration_sum 1.5",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{text}");
        }
    }
}
