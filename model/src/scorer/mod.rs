//! Variants in, results out: the one pipeline that every side runs.
//!
//! [`Scorer::score`] turns a batch of placed edits into surprises; [`Scorer::run`] reads sites from
//! anywhere, cuts their windows from a reference, scores in batches and hands every site back in
//! input order with one outcome for each allele.

mod assembly;
mod batch;
mod calibrate;
mod given;
#[cfg(feature = "native")]
mod pipeline;
mod place;
mod placer;
mod ref_check;
mod regions;
mod tally;

pub use assembly::{Assembly, Batch, InOrder, PlacedSite};
pub use batch::{Candidate, Scorer};
pub use calibrate::{Distances, Place, Scored, calibrate};
pub use given::{given_window, refused};
#[cfg(feature = "native")]
pub use pipeline::RunEnd;
pub use place::{Outcome, Placed, Site, SiteOutcome, alleles_of};
pub use placer::Placer;
pub use ref_check::{Builds, LOOK_AHEAD, RefCheck, SAMPLE};
pub use regions::Regions;
pub use tally::Tally;

/// How variants are scored.
#[derive(Debug, Clone)]
pub struct ScoreOptions {
    /// Alleles in one call of the model.
    pub batch_size: usize,
    /// Batches in work at once.
    pub threads: usize,
    /// Variants that a calibration bucket needs before its percentile is used.
    pub min_bucket_size: u64,
    /// Bases of a window.
    pub window_bp: usize,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self {
            batch_size: 64,
            threads: 1,
            min_bucket_size: 1000,
            window_bp: genolewm_core::window::DEFAULT_WINDOW_BP,
        }
    }
}
