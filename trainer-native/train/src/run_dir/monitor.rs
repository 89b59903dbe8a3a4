//! Prometheus metrics of a training process, by the Python package's names.

use genolewm::collapse::{CollapseCheck, CollapseMetrics};
use genolewm_observe::metrics::{self, Metrics};
use genolewm_observe::prometheus::Metric;
use genolewm_observe::{emit, events};
use std::time::Duration;

/// What the collapse monitor looks at, and the gauge of each.
type CollapseGauge = (Metric, fn(&CollapseMetrics) -> f64);
const COLLAPSE: [CollapseGauge; 7] = [
    (metrics::PRED_COS_MEAN, |of| of.pred_cos_mean),
    (metrics::PRED_L2_MEAN, |of| of.pred_l2_mean),
    (metrics::TARGET_VAR_PER_DIM, |of| of.target_var_per_dim),
    (metrics::PRED_VAR_PER_DIM, |of| of.pred_var_per_dim),
    (metrics::PRED_TARGET_CORR, |of| of.pred_target_corr),
    (metrics::PAIRWISE_PRED_DIST_MEAN, |of| {
        of.pairwise_pred_dist_mean
    }),
    (metrics::KL_REG, |of| of.kl_reg),
];

/// Figures of a training run, which count for the process as well. Clones share them, so that threads
/// which encode data can count, too.
#[derive(Debug, Clone, Default)]
pub struct RunMonitor(Metrics);

impl RunMonitor {
    /// A step of optimisation was done.
    pub fn step(&self, took: Duration) {
        self.each(|of| of.observe(metrics::STEP_DURATION, took));
    }

    /// The loss that a stage trains on.
    pub fn loss(&self, loss: f64) {
        self.set(metrics::LOSS_PRED, loss);
    }

    /// The regulariser.
    pub fn regulariser(&self, loss: f64) {
        self.set(metrics::LOSS_REG, loss);
    }

    /// The collapse monitor has looked at a batch.
    pub fn collapse(&self, check: &CollapseCheck) {
        let alerts = check.alerts.len() as u64;
        self.each(|of| of.count(metrics::COLLAPSE_ALERTS, alerts));
        for alert in &check.alerts {
            emit!(
                events::COLLAPSE_ALERT,
                criterion = alert.criterion.as_str(),
                value = alert.value,
                threshold = alert.threshold
            );
        }
        for (metric, value) in COLLAPSE {
            self.set(metric, value(&check.metrics));
        }
    }

    fn each(&self, count: impl Fn(&Metrics)) {
        count(&self.0);
        count(&Metrics::of_process());
    }

    fn set(&self, metric: Metric, value: f64) {
        let Metric {
            name, unit, kind, ..
        } = metric;
        self.each(|of| of.set(metric, value));
        emit!(
            events::TRAINING_METRIC,
            name,
            kind = kind.as_str(),
            value,
            unit
        );
    }

    /// The encoder was called for a window.
    pub fn encode(&self, took: Duration) {
        self.each(|of| of.observe(metrics::ENCODE_DURATION, took));
    }

    /// All of it as Prometheus text.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::collapse::{CollapseAlert, Criterion};

    #[test]
    fn figures_stand_under_the_packages_names() {
        let monitor = RunMonitor::default();
        let threads = monitor.clone();
        std::thread::spawn(move || threads.step(Duration::from_millis(7)))
            .join()
            .unwrap();
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
            "geno_lewm_data_encode_duration_sum 1.5",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{text}");
        }
    }
}
