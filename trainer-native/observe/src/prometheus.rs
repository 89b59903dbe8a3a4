//! Figures of a running program as Prometheus text, for its node exporter's textfile collector.

use core::fmt::Write;
use genolewm_core::provenance::python_float_repr;
use std::collections::BTreeMap;

/// Upper bounds of a histogram's buckets, in milliseconds; one without a bound follows.
const BUCKETS_MS: [f64; 14] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0,
];

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// The last figure counts.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

impl MetricKind {
    /// Its name, as Prometheus has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What is measured. Names and texts are those of the Python package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Name with dots, for example `geno_lewm.training.loss.pred`.
    pub name: &'static str,
    /// How it behaves.
    pub kind: MetricKind,
    /// Unit of its values.
    pub unit: &'static str,
    /// What it says, in a few words.
    pub summary: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum MetricValue {
    Counter(f64),
    Gauge(f64),
    Histogram(Histogram),
}

/// Durations in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Histogram {
    /// Of each bound, how many were at most that long.
    at_most: [u64; BUCKETS_MS.len()],
    count: u64,
    sum_ms: f64,
}

/// Metrics with their values. One that was never touched is left out of the text.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    values: BTreeMap<Metric, MetricValue>,
}

impl Registry {
    /// Adds to a counter, from zero.
    pub fn count(&mut self, metric: Metric, more: u64) {
        let value = self
            .values
            .entry(metric)
            .or_insert(MetricValue::Counter(0.0));
        if let MetricValue::Counter(total) = value {
            *total += more as f64;
        }
    }

    /// Takes a counter that is kept elsewhere.
    pub(crate) fn reset(&mut self, metric: Metric, total: u64) {
        let total = MetricValue::Counter(total as f64);
        self.values.insert(metric, total);
    }

    /// Sets a gauge.
    pub fn set(&mut self, metric: Metric, value: f64) {
        self.values.insert(metric, MetricValue::Gauge(value));
    }

    /// Adds a duration to a histogram. One that is not a number is left out.
    pub fn observe(&mut self, metric: Metric, milliseconds: f64) {
        let empty = MetricValue::Histogram(Histogram::default());
        let value = self.values.entry(metric).or_insert(empty);
        if let (MetricValue::Histogram(histogram), false) = (value, milliseconds.is_nan()) {
            for (bound, count) in BUCKETS_MS.iter().zip(&mut histogram.at_most) {
                *count += u64::from(milliseconds <= *bound);
            }
            histogram.count += 1;
            histogram.sum_ms += milliseconds;
        }
    }

    /// The text, in the order of the names.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (metric, value) in &self.values {
            write_block(&mut text, metric, value);
        }
        text
    }
}

fn write_block(text: &mut String, metric: &Metric, value: &MetricValue) {
    let name = metric.name.replace('.', "_");
    let Metric { summary, unit, .. } = metric;
    let kind = metric.kind.as_str();
    *text += &format!("# HELP {name} {summary} (unit: {unit})\n# TYPE {name} {kind}\n");
    match value {
        MetricValue::Counter(value) | MetricValue::Gauge(value) => {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name} {}", number(*value));
        }
        MetricValue::Histogram(histogram) => {
            for (bound, count) in BUCKETS_MS.iter().zip(histogram.at_most) {
                let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {count}", number(*bound));
            }
            let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", histogram.count);
            let _ = writeln!(text, "{name}_sum {}", number(histogram.sum_ms));
            let _ = writeln!(text, "{name}_count {}", histogram.count);
        }
    }
    text.push('\n');
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        python_float_repr(value)
    }
}
