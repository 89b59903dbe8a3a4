//! Planning with a model: which few edits of a window bring its state close to a wanted one.
//!
//! [`PlanSearch`] hands out batches of candidates, [`Scorer::predict_sequences`] predicts what each
//! leads to, and [`PlanReport`] says what came of it: the best edits made for real, encoded, and how
//! far the prediction was off.
//!
//! [`Scorer::predict_sequences`]: crate::scorer::Scorer::predict_sequences

mod settings;
mod search;
mod report;
mod receipt;
#[cfg(feature = "native")]
mod threads;

pub use receipt::{PlanReceipt, verify_plan};
pub use report::{PlanMode, PlanReport, Reencoded};
pub use search::{PLAN_BATCH, PlanEnds, PlanSearch};
pub use settings::{PlanSettings, edit_types_by_name};
#[cfg(feature = "native")]
pub use threads::{PlanProgress, Predict, predict_round};
