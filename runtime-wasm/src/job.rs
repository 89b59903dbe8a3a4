//! A batch on its way from the instance that reads variants to one that runs the network.
//!
//! Windows are named once, so that what shares a window on one side shares it on the other.

use genolewm::scorer::{Candidate, Distances, ScoreOptions, ViewChoice, Windows};
use genolewm_core::position::BpOffset;
use genolewm_core::window::{ExtractedWindow, window_of_model};
use genolewm_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct Job<'a> {
    #[serde(borrow)]
    windows: Vec<JobWindow<'a>>,
    /// The window's place among them, and the edit.
    edits: Vec<(usize, String)>,
    /// The views that are computed, and what makes one distance of theirs.
    views: String,
    aggregation: String,
    /// The grid that the windows lie on.
    window_stride_bp: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct JobWindow<'a> {
    start: u64,
    window_bp: usize,
    /// Without padding.
    #[serde(borrow)]
    bases: Cow<'a, str>,
}

/// The bytes of a batch that is read in these windows.
pub(crate) fn write_job(candidates: &[Candidate], read: &Windows) -> Result<Vec<u8>> {
    let mut windows: Vec<&Arc<ExtractedWindow>> = Vec::new();
    let mut edits = Vec::with_capacity(candidates.len());
    for Candidate { edit, window, .. } in candidates {
        let known = windows.iter().rposition(|other| Arc::ptr_eq(other, window));
        let index = known.unwrap_or_else(|| {
            windows.push(window);
            windows.len() - 1
        });
        edits.push((index, edit.to_string()));
    }
    let windows = windows.into_iter().map(|window| {
        let bases = window.sequence();
        JobWindow {
            start: window.start().get(),
            window_bp: window.window_bp(),
            bases: bases
                .get(..bases.len() - window.pad_right_bp())
                .unwrap_or(bases)
                .into(),
        }
    });
    let job = Job {
        windows: windows.collect(),
        edits,
        views: read.views.to_string(),
        aggregation: read.aggregation.as_str().to_owned(),
        window_stride_bp: read.stride_bp,
    };
    serde_json::to_vec(&job).map_err(|error| broken(&error.to_string()))
}

/// The batch of the bytes, and how it is scored.
pub(crate) fn read_job(bytes: &[u8]) -> Result<(Vec<Candidate>, ScoreOptions)> {
    let job: Job<'_> = serde_json::from_slice(bytes).map_err(|error| broken(&error.to_string()))?;
    let cut = |window: JobWindow<'_>| {
        window_of_model(
            &window.bases,
            BpOffset(window.start),
            None,
            window.window_bp,
        )
        .map(Arc::new)
    };
    let windows: Vec<_> = job.windows.into_iter().map(cut).collect::<Result<_>>()?;
    let candidate = |(window, edit): (usize, String)| {
        let window = windows.get(window).map(Arc::clone);
        let window = window.ok_or_else(|| broken("a window is missing"))?;
        Ok(Candidate::new(edit.parse()?, window))
    };
    let candidates = job.edits.into_iter().map(candidate);
    let options = ScoreOptions {
        views: ViewChoice::These(job.views.parse()?),
        aggregation: Some(job.aggregation.parse()?),
        window_stride_bp: job.window_stride_bp,
        ..ScoreOptions::default()
    };
    Ok((candidates.collect::<Result<_>>()?, options))
}

/// The answers to a batch, two numbers for each candidate.
pub(crate) fn write_answers(distances: &[Distances]) -> Vec<f64> {
    distances
        .iter()
        .flat_map(|distances| [distances.sigma_raw(), distances.displacement()])
        .collect()
}

/// The answers of the numbers; there must be two for each of `count` candidates.
pub(crate) fn read_answers(answers: &[f64], count: usize) -> Result<Vec<Distances>> {
    let (pairs, rest) = answers.as_chunks::<2>();
    if pairs.len() != count || !rest.is_empty() {
        return Err(broken("a batch came back with another length"));
    }
    pairs
        .iter()
        .map(|[sigma_raw, displacement]| Distances::new(*sigma_raw, *displacement))
        .collect()
}

fn broken(why: &str) -> Error {
    Error::invariant(format!("a batch was damaged on its way: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::config::ModelConfig;
    use genolewm_core::window::window_from_slice;

    #[test]
    fn batches_come_back_as_they_went() -> Result<()> {
        let window = |bases: &str, start| {
            window_from_slice(bases, BpOffset(start), None, 4096).map(Arc::new)
        };
        let (first, second) = (
            window(&"ACGT".repeat(9), 100)?,
            window(&"GATTACAN".repeat(512), 0)?,
        );
        let candidate = |edit: &str, window: &Arc<ExtractedWindow>| {
            Ok::<_, Error>(Candidate::new(edit.parse()?, Arc::clone(window)))
        };
        let batch = [
            candidate("chr1:101:A:T", &first)?,
            candidate("chr1:102:CG:C", &first)?,
            candidate("chr1:1:G:GA", &second)?,
        ];
        let smallest = "encoder: {model_id: e, state_layer: -1}\npredictor: {n_heads: 4}\n";
        let views = ModelConfig::parse(&format!("{smallest}views: [\"+0\", \"-3\"]\n"))?;
        let plain = ModelConfig::parse(smallest)?;
        let on_grid = ScoreOptions {
            window_stride_bp: Some(1024),
            ..ScoreOptions::default()
        };
        let (back, options) = read_job(&write_job(&batch, &on_grid.windows(&plain))?)?;
        assert_eq!(
            options.windows(&plain),
            on_grid.windows(&plain),
            "a grid of its own"
        );
        assert_ne!(options.windows(&plain), Windows::of_model(&plain));
        let (_, options) = read_job(&write_job(&batch, &Windows::of_model(&views))?)?;
        assert_eq!(options.windows(&views), Windows::of_model(&views));
        for (one, other) in batch.iter().zip(&back) {
            assert_eq!(one.edit, other.edit);
            assert_eq!(one.window.sequence(), other.window.sequence());
            assert_eq!(one.window.start(), other.window.start());
        }
        assert!(Arc::ptr_eq(&back[0].window, &back[1].window));
        assert!(!Arc::ptr_eq(&back[0].window, &back[2].window));
        Ok(())
    }

    #[test]
    fn short_and_senseless_answers_are_refused() {
        assert!(read_answers(&[1.0, 2.0], 1).is_ok());
        assert!(read_answers(&[1.0, 2.0], 2).is_err());
        assert!(read_answers(&[1.0], 1).is_err());
        assert!(read_answers(&[f64::NAN, 0.0], 1).is_err());
        assert!(read_job(b"{}").is_err());
    }
}
