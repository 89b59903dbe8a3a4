//! The metrics that there are, and the figures of this process.

use crate::held_back::redaction_stats;
use crate::process::proc_bytes;
use crate::prometheus::{Metric, MetricKind, Registry};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

const fn metric(
    kind: MetricKind,
    name: &'static str,
    unit: &'static str,
    summary: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        unit,
        summary,
    }
}

/// `geno_lewm.training.step.duration`.
pub const STEP_DURATION: Metric = metric(
    MetricKind::Histogram,
    "geno_lewm.training.step.duration",
    "ms",
    "per training step",
);
/// `geno_lewm.training.loss.pred`.
pub const LOSS_PRED: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.loss.pred",
    "unitless",
    "last logged pred loss",
);
/// `geno_lewm.training.loss.reg`.
pub const LOSS_REG: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.loss.reg",
    "unitless",
    "last logged reg loss (Phase 2 active, Phase 1 monitoring)",
);
/// `geno_lewm.training.collapse.alert`.
pub const COLLAPSE_ALERTS: Metric = metric(
    MetricKind::Counter,
    "geno_lewm.training.collapse.alert",
    "events",
    "total collapse alerts during run",
);
/// `geno_lewm.training.collapse.pred_cos_mean`.
pub const PRED_COS_MEAN: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.pred_cos_mean",
    "unitless",
    "last collapse-monitor mean prediction-target cosine similarity",
);
/// `geno_lewm.training.collapse.pred_l2_mean`.
pub const PRED_L2_MEAN: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.pred_l2_mean",
    "unitless",
    "last collapse-monitor mean prediction-target L2 distance",
);
/// `geno_lewm.training.collapse.target_var_per_dim`.
pub const TARGET_VAR_PER_DIM: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.target_var_per_dim",
    "unitless",
    "last collapse-monitor mean target variance per latent dimension",
);
/// `geno_lewm.training.collapse.pred_var_per_dim`.
pub const PRED_VAR_PER_DIM: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.pred_var_per_dim",
    "unitless",
    "last collapse-monitor mean prediction variance per latent dimension",
);
/// `geno_lewm.training.collapse.pred_target_corr`.
pub const PRED_TARGET_CORR: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.pred_target_corr",
    "unitless",
    "last collapse-monitor flattened prediction-target correlation",
);
/// `geno_lewm.training.collapse.pairwise_pred_dist_mean`.
pub const PAIRWISE_PRED_DIST_MEAN: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.pairwise_pred_dist_mean",
    "unitless",
    "last collapse-monitor mean pairwise prediction distance",
);
/// `geno_lewm.training.collapse.kl_reg`.
pub const KL_REG: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.training.collapse.kl_reg",
    "unitless",
    "last collapse-monitor LeJEPA KL regularizer value",
);
/// `geno_lewm.data.cache.hit`.
pub const CACHE_HITS: Metric = metric(
    MetricKind::Counter,
    "geno_lewm.data.cache.hit",
    "ops",
    "per-call increment",
);
/// `geno_lewm.data.cache.miss`.
pub const CACHE_MISSES: Metric = metric(
    MetricKind::Counter,
    "geno_lewm.data.cache.miss",
    "ops",
    "per-call increment",
);
/// `geno_lewm.data.encode.duration`.
pub const ENCODE_DURATION: Metric = metric(
    MetricKind::Histogram,
    "geno_lewm.data.encode.duration",
    "ms",
    "per-window encoder call",
);
/// `geno_lewm.inference.score.duration`.
pub const SCORE_DURATION: Metric = metric(
    MetricKind::Histogram,
    "geno_lewm.inference.score.duration",
    "ms",
    "per variant",
);
/// `geno_lewm.inference.batch.throughput`.
pub const BATCH_THROUGHPUT: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.inference.batch.throughput",
    "variants/s",
    "last batched scoring",
);
/// `geno_lewm.inference.memory.peak_bytes`.
pub const PEAK_BYTES: Metric = metric(
    MetricKind::Gauge,
    "geno_lewm.inference.memory.peak_bytes",
    "bytes",
    "RSS peak per process",
);
/// `geno_lewm.planning.cem.iter.duration`.
pub const CEM_ITERATION_DURATION: Metric = metric(
    MetricKind::Histogram,
    "geno_lewm.planning.cem.iter.duration",
    "ms",
    "per CEM iteration",
);
/// `geno_lewm.planning.cem.calls`.
pub const CEM_CALLS: Metric = metric(
    MetricKind::Counter,
    "geno_lewm.planning.cem.calls",
    "predictor_calls",
    "per planning run",
);
/// `geno_lewm.provenance.verify.duration`.
pub const VERIFY_DURATION: Metric = metric(
    MetricKind::Histogram,
    "geno_lewm.provenance.verify.duration",
    "ms",
    "per verification",
);
/// `geno_lewm.observability.redacted_keys`.
pub const REDACTED_KEYS: Metric = metric(
    MetricKind::Counter,
    "geno_lewm.observability.redacted_keys",
    "keys",
    "total dropped by redaction filter",
);
/// `geno_lewm.errors.raised`.
pub const ERRORS_RAISED: Metric = metric(
    MetricKind::Counter,
    "geno_lewm.errors.raised",
    "events",
    "tagged with code",
);

/// All metrics.
pub const METRICS: [Metric; 22] = [
    STEP_DURATION,
    LOSS_PRED,
    LOSS_REG,
    COLLAPSE_ALERTS,
    PRED_COS_MEAN,
    PRED_L2_MEAN,
    TARGET_VAR_PER_DIM,
    PRED_VAR_PER_DIM,
    PRED_TARGET_CORR,
    PAIRWISE_PRED_DIST_MEAN,
    KL_REG,
    CACHE_HITS,
    CACHE_MISSES,
    ENCODE_DURATION,
    SCORE_DURATION,
    BATCH_THROUGHPUT,
    PEAK_BYTES,
    CEM_ITERATION_DURATION,
    CEM_CALLS,
    VERIFY_DURATION,
    REDACTED_KEYS,
    ERRORS_RAISED,
];

/// Their names.
pub(crate) const METRIC_NAMES: [&str; METRICS.len()] = {
    let mut names = [""; METRICS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = METRICS[at].name;
        at += 1;
    }
    names
};

/// Counters, gauges and histograms. Clones share them, so that threads can count as well.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        static PROCESS: OnceLock<Metrics> = OnceLock::new();
        PROCESS.get_or_init(Self::default).clone()
    }

    /// Adds to a counter, from zero.
    pub fn count(&self, metric: Metric, more: u64) {
        self.lock().count(metric, more);
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, value: f64) {
        self.lock().set(metric, value);
    }

    /// Adds a duration to a histogram.
    pub fn observe(&self, metric: Metric, took: Duration) {
        self.observe_each(metric, took, 1);
    }

    /// Adds a duration so many times.
    pub fn observe_each(&self, metric: Metric, took: Duration, times: usize) {
        let mut registry = self.lock();
        (0..times).for_each(|_| registry.observe(metric, took.as_secs_f64() * 1e3));
    }

    /// All of it as Prometheus text, with what the redaction held back, and the memory of the process.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut registry = self.lock();
        registry.reset(REDACTED_KEYS, redaction_stats().total());
        if let Some(bytes) = peak_bytes() {
            registry.set(PEAK_BYTES, bytes as f64);
        }
        registry.to_text()
    }

    /// Counting leaves nothing half-done: after a panic elsewhere the figures are still right.
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most bytes of memory that this process has held at once, where the system tells.
fn peak_bytes() -> Option<u64> {
    proc_bytes("/proc/self/status", "VmHWM:")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, kind, unit and summary of `geno_lewm.metrics.METRICS` 0.2.1.
    const PYTHON: &str = include_str!("../../../tests/fixtures/observability/metrics.tsv");

    /// The text that `geno_lewm.metrics.export_prometheus_textfile` writes for the same calls.
    const PYTHON_TEXT: &str = include_str!("../../../tests/fixtures/prometheus/metrics.prom");

    #[test]
    fn the_text_is_the_python_packages() {
        let mut registry = Registry::default();
        for duration in [0.5, 3.25, 180.0, 20_000.0, f64::NAN] {
            registry.observe(STEP_DURATION, duration);
        }
        registry.set(LOSS_PRED, 1e-7);
        registry.set(BATCH_THROUGHPUT, f64::INFINITY);
        registry.count(CACHE_HITS, 2);
        registry.count(CACHE_HITS, 3);
        assert_eq!(registry.to_text(), PYTHON_TEXT);
    }

    #[test]
    fn the_metrics_are_the_python_packages() {
        let ours = METRICS.iter().map(|metric| {
            let Metric {
                name,
                kind,
                unit,
                summary,
            } = metric;
            format!("{name}\t{}\t{unit}\t{summary}", kind.as_str())
        });
        assert_eq!(ours.collect::<Vec<_>>(), PYTHON.lines().collect::<Vec<_>>());
    }

    #[test]
    fn threads_share_figures_and_memory_is_among_them() {
        let metrics = Metrics::default();
        let other = metrics.clone();
        std::thread::spawn(move || other.count(CACHE_HITS, 3))
            .join()
            .unwrap();
        metrics.count(CACHE_HITS, 1);
        metrics.observe(SCORE_DURATION, Duration::from_micros(1_500));
        let text = metrics.to_text();
        assert!(text.contains("\ngeno_lewm_data_cache_hit 4.0\n"), "{text}");
        assert!(
            text.contains("\ngeno_lewm_inference_score_duration_sum 1.5\n"),
            "{text}"
        );
        assert!(
            text.contains("\ngeno_lewm_observability_redacted_keys "),
            "{text}"
        );
        assert_eq!(
            text.contains("geno_lewm_inference_memory_peak_bytes"),
            cfg!(target_os = "linux")
        );
    }
}
