//! What a measurement says of itself to logs.

use crate::metrics_file::file::MetricsFile;
use genolewm_observe::{emit, events};
use serde_json::{Map, Value};
use std::time::Instant;

/// A measurement that goes on.
#[derive(Debug)]
pub struct ObservedMeasure {
    benchmark: &'static str,
    begun: Instant,
}

impl ObservedMeasure {
    /// Logs that `n_items` things are measured by a command.
    #[must_use]
    pub fn begin(benchmark: &'static str, n_items: usize) -> Self {
        emit!(events::EVAL_START, benchmark, n_items);
        Self {
            benchmark,
            begun: Instant::now(),
        }
    }

    /// Logs that it has ended with these figures; of those of several splits the first ones are.
    pub fn end(&self, figures: Option<&MetricsFile>) {
        let rows = figures.into_iter().flat_map(|file| &file.metrics);
        let mut metrics = Map::new();
        for row in rows {
            let value = || Value::from(row.value);
            metrics.entry(row.name.as_str()).or_insert_with(value);
        }
        let metrics = Value::Object(metrics);
        emit!(
            events::EVAL_END,
            benchmark = self.benchmark,
            elapsed_s = self.begun.elapsed().as_secs_f64(),
            metrics = %metrics
        );
    }
}
