//! What a pass over variants says of itself to logs and metrics.
//!
//! A variant is named by its batch and its place in it, both counted from 1: neither where it lies nor what
//! it changes is logged. Figures of single variants are cut to three digits, too few to find one by.

use genolewm::scorer::{Candidate, Scored, Workers};
use genolewm_core::Result;
use genolewm_core::edit::EditType;
use genolewm_evaluate::baselines::carbon::BaselineRow;
use genolewm_observe::metrics::{BATCH_THROUGHPUT, SCORE_DURATION};
use genolewm_observe::{Metrics, current_trace_context, emit, events, set_trace_context};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An answer of a worker, as far as it is logged.
pub trait Answer {
    /// The score.
    fn score(&self) -> f64;
}

impl Answer for Scored {
    fn score(&self) -> f64 {
        self.result.sigma_raw
    }
}

impl Answer for BaselineRow {
    fn score(&self) -> f64 {
        self.zero_shot_score()
    }
}

/// The same workers, with a log of what they do, as part of what is done here.
#[must_use]
pub fn observed<'a, A: Answer>(workers: &'a Workers<'_, A>) -> Workers<'a, A> {
    let begun = AtomicU64::new(0);
    // Spans are of threads, and workers have their own.
    let context = current_trace_context();
    let answer = move |candidates: &[Candidate]| {
        let _span = set_trace_context(&context);
        let batch = begun.fetch_add(1, Ordering::Relaxed) + 1;
        let started = Instant::now();
        (1..=candidates.len()).for_each(|number| start(batch, number, None));
        let answers = (workers.answer)(candidates)?;
        for ((number, candidate), answer) in (1..).zip(candidates).zip(&answers) {
            end(batch, number, answer.score(), candidate.edit.edit_type());
        }
        batch_end(batch, candidates.len(), started.elapsed());
        Ok(answers)
    };
    Workers {
        threads: workers.threads,
        by: workers.by.clone(),
        answer: Box::new(answer),
    }
}

/// Logs one variant that is scored by itself, by a model of this id.
///
/// # Errors
/// Those of `score`.
pub fn single(model_id: &str, score: impl FnOnce() -> Result<Scored>) -> Result<Scored> {
    let started = Instant::now();
    start(1, 1, Some(model_id));
    let scored = score()?;
    end(1, 1, scored.score(), scored.edit.edit_type());
    batch_end(1, 1, started.elapsed());
    Ok(scored)
}

/// Logs receipts that are in their place.
pub fn receipts(path: &Path, model_id: &str, n_outputs: u64) {
    emit!(events::RECEIPT_WRITE, path = %path.display(), model_id, n_outputs);
}

fn start(batch: u64, number: usize, model_id: Option<&str>) {
    emit!(events::SCORE_START, variant_id = %format_args!("{batch}.{number}"), model_id);
}

fn end(batch: u64, number: usize, score: f64, kind: EditType) {
    emit!(
        events::SCORE_END,
        variant_id = %format_args!("{batch}.{number}"),
        score = three_digits(score),
        category = kind.as_str()
    );
}

fn batch_end(batch: u64, n: usize, took: Duration) {
    let each = took.div_f64(n.max(1) as f64);
    let throughput = n as f64 / took.as_secs_f64().max(1e-9);
    let metrics = Metrics::of_process();
    metrics.observe_each(SCORE_DURATION, each, n);
    metrics.set(BATCH_THROUGHPUT, throughput);
    emit!(
        events::BATCH_END,
        n,
        batch_id = batch,
        throughput_per_s = throughput,
        duration_ms = took.as_millis() as u64
    );
}

/// A figure to three significant digits.
fn three_digits(figure: f64) -> f64 {
    format!("{figure:.2e}").parse().unwrap_or(figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(three_digits(0.012_345_678), 0.0123);
        assert_eq!(three_digits(-98_765.4), -98_800.0);
        assert!(three_digits(f64::NAN).is_nan());
    }
}
