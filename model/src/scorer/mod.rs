//! Variants in, results out: the one pipeline that every side runs.
//!
//! [`Scorer::score`] turns a batch of placed edits into surprises. A [`Run`] is one pass over a file:
//! fed bytes, it cuts windows from a reference, hands out batches and hands every record back in
//! input order with one outcome for each allele. `drive` takes a run over files to its end.

mod placer;
mod given;
mod windows;
mod calibrate;
mod batch;
mod states;
mod regions;
mod ref_check;
mod run;
#[cfg(feature = "native")]
mod room;
#[cfg(feature = "native")]
mod drive;

pub use batch::Scorer;
pub use calibrate::{Distances, ScoreOptions, Scored, ScoredBy, calibrate, calibrate_all};
#[cfg(feature = "native")]
pub use drive::{Answering, RunEnd, VariantFile, Workers, drive};
pub use genolewm_core::context::GenomicContext;
pub use given::{edit_among, given_window};
pub use placer::{Candidate, Placed, Placer, SharedPlaces, refused};
pub use regions::Regions;
#[cfg(feature = "native")]
pub(crate) use room::Room;
pub use run::{
    Agreement, BATCH_SIZE, CandidateBatch, Delivery, Import, ImportRequest, Intake, Need, Outcome,
    RecordFilter, RecordOutcome, Run, RunProgress, RunStep, Selection, Tally,
};
pub use states::Prediction;
pub use windows::{ViewChoice, Viewed, Windows};
