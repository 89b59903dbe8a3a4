//! Does this device compute what the model says? A few edits with known answers tell, before a
//! backend is trusted with anybody's variants.

use crate::ops::{CpuOps, Ops};
use crate::scorer::{Candidate, Distances, Scorer};
use genolewm_core::edit::EditSpec;
use genolewm_core::position::BpOffset;
use genolewm_core::provenance::SELF_CHECK_FILE;
use genolewm_core::window::{ExtractedWindow, window_of_model};
use genolewm_core::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The alleles of an edit, made of the bases at its place.
type Alleles = fn(&str) -> (String, String);

/// Edits in each window, from its middle: an SNV, an insertion, a deletion and a substitution.
const EDITS: [Alleles; 4] = [
    |at| (at[..1].into(), other(&at[..1]).into()),
    |at| (at[..1].into(), format!("{}TGA", &at[..1])),
    |at| (at[..4].into(), at[..1].into()),
    |at| {
        (
            at[..2].into(),
            format!("{}{}", other(&at[..1]), other(&at[1..2])),
        )
    },
];
const WINDOWS: u64 = 2;
const CONTIG: &str = "self-check";

/// The known answers of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Surprise of each edit.
    pub sigma_raw: Vec<f64>,
    /// Displacement of each edit.
    pub displacement: Vec<f64>,
}

impl Answers {
    /// The answers that `distances` are.
    #[must_use]
    pub fn of(distances: &[Distances]) -> Self {
        Self {
            sigma_raw: distances.iter().map(Distances::sigma_raw).collect(),
            displacement: distances.iter().map(Distances::displacement).collect(),
        }
    }

    /// The answers that a model directory brings.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for a file that holds none.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::new(
                ErrorCode::ConfigGeneric,
                format!("{SELF_CHECK_FILE}: {error}"),
            )
            .with_remedy("fetch the model again")
        })
    }

    /// Compares what a backend computed.
    ///
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` when it is off by more than `tolerance`, relative: rounding differs
    /// between devices, errors are larger.
    pub fn check(&self, found: &[Distances], backend: &str, tolerance: f64) -> Result<()> {
        let found = Self::of(found);
        let near = |wanted: &[f64], found: &[f64]| {
            let mut pairs = wanted.iter().zip(found);
            let near = |(wanted, found): (&f64, &f64)| {
                (wanted - found).abs() <= tolerance * wanted.abs().max(1e-3)
            };
            wanted.len() == found.len() && pairs.all(near)
        };
        if near(&self.sigma_raw, &found.sigma_raw) && near(&self.displacement, &found.displacement)
        {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::DeployBackendUnsupported,
            "wrong answers to the model's self-check: the device or the model is unfit",
        )
        .with_detail("backend", backend)
        .with_detail("sigma_raw found", listed(&found.sigma_raw))
        .with_detail("sigma_raw wanted", listed(&self.sigma_raw))
        .with_remedy(
            "score on the processor (backend cpu); where it fails there too, the model is not the \
             one that was published: fetch it again",
        ))
    }
}

/// The edits of the self-check, in windows of `window_bp`.
///
/// # Errors
/// `INPUT.GENERIC` for a window length that no model has.
pub fn candidates(window_bp: usize) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for number in 0..WINDOWS {
        let bases = bases(number, window_bp);
        let middle = window_bp / 2;
        let window: Arc<ExtractedWindow> =
            Arc::new(window_of_model(&bases, BpOffset(0), None, window_bp)?);
        for edit in EDITS {
            let (reference, alternate) = edit(&bases[middle..]);
            let pos = BpOffset(middle as u64).position();
            let edit = EditSpec::new(CONTIG, pos, &reference, &alternate)?;
            candidates.push(Candidate::new(edit, Arc::clone(&window)));
        }
    }
    Ok(candidates)
}

/// What this scorer answers.
///
/// # Errors
/// As [`Scorer::distances`].
pub async fn answers<O: Ops>(scorer: &Scorer<O>) -> Result<Vec<Distances>> {
    scorer
        .distances(&candidates(scorer.bundle().info.config.window_bp)?)
        .await
}

/// Asks a scorer the self-check's questions. The model's own answers judge, or else, where the
/// device is not the processor, those of `processor`.
///
/// # Errors
/// `DEPLOY.BACKEND_UNSUPPORTED` when an answer is wrong, `CONFIG.GENERIC` for a file of answers that
/// is none, and as [`Scorer::distances`].
pub async fn verify<O: Ops>(
    scorer: &Scorer<O>,
    processor: impl FnOnce() -> Result<Option<Scorer<CpuOps>>>,
) -> Result<()> {
    let wanted = match &scorer.bundle().info.self_check {
        Some(bytes) => Answers::parse(bytes)?,
        None => match processor()? {
            Some(processor) => Answers::of(&answers(&processor).await?),
            None => return Ok(()),
        },
    };
    let ops = scorer.ops();
    wanted.check(&answers(scorer).await?, ops.backend(), ops.tolerance())
}

fn listed(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(f64::to_string).collect();
    values.join(" ")
}

/// Bases without a pattern, the same everywhere: the bits of SHA-256 over a counter.
fn bases(number: u64, count: usize) -> String {
    let block = |index: u64| Sha256::digest([number.to_le_bytes(), index.to_le_bytes()].concat());
    (0..)
        .flat_map(block)
        .flat_map(|byte| {
            [0, 2, 4, 6].map(|shift| "ACGT".as_bytes()[usize::from(byte >> shift & 3)])
        })
        .take(count)
        .map(char::from)
        .collect()
}

fn other(base: &str) -> &'static str {
    match base {
        "A" => "G",
        "C" => "T",
        "G" => "A",
        _ => "C",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_answers_are_told_from_rounding() -> Result<()> {
        let found = [Distances::new(0.5, 0.1)?, Distances::new(0.25, 0.0)?];
        let answers = |sigma: f64| Answers {
            sigma_raw: vec![sigma, 0.25],
            displacement: vec![0.1, 1e-9],
        };
        assert!(answers(0.500_1).check(&found, "webgpu", 1e-3).is_ok());
        assert!(answers(0.501).check(&found, "webgpu", 1e-3).is_err());
        assert!(answers(0.5).check(&found[..1], "webgpu", 1e-3).is_err());
        Ok(())
    }

    #[test]
    fn the_edits_fit_their_windows() -> Result<()> {
        let candidates = candidates(4096)?;
        assert_eq!(candidates.len(), WINDOWS as usize * EDITS.len());
        for Candidate { edit, window, .. } in candidates {
            let at = window.place(&edit)?.rel_pos().index();
            assert!(window.sequence()[at..].starts_with(edit.reference()));
        }
        Ok(())
    }
}
