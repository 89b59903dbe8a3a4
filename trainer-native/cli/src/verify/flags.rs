//! The flags of `verify`.

use super::input::InputArgs;
use crate::common::model::ModelArgs;
use std::path::PathBuf;

/// Verify a receipt, or a file of receipts, against a model's manifest
///
/// Without further flags: the receipt is whole, and made by the manifest's model. With the input
/// flags: it was made for this window and edit. With --scores: each row has its receipt. With
/// --rerun: the model gives these figures, and every field is compared with a receipt made anew.
/// What was not checked is listed.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// One receipt (JSON) or many (JSON lines)
    #[arg(value_name = "RECEIPT")]
    pub(super) receipt: PathBuf,
    /// The manifest.json of the model
    #[arg(long, value_name = "FILE")]
    pub(super) manifest: PathBuf,
    /// The rows that the receipts are for, in any format of `score`: each must have its receipt
    #[arg(long, value_name = "FILE")]
    pub(super) scores: Option<PathBuf>,
    /// The report of `plan` that the one receipt is for: it and the model must be the same, byte for byte
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scores", "rerun"])]
    pub(super) plan: Option<PathBuf>,
    /// Score again and compare every field; needs the input flags, or --scores and --fasta
    #[arg(long)]
    pub(super) rerun: bool,
    /// With --rerun and --scores, the reference that was scored on
    #[arg(long, value_name = "FILE", requires_all = ["rerun", "scores"])]
    pub(super) fasta: Option<PathBuf>,
    /// With --rerun, the relative distance at which figures count as equal; 0 asks for the same
    /// bits
    ///
    /// Variants that are scored in other company, or on another processor, differ in the last
    /// digits.
    #[arg(long, value_name = "X", requires = "rerun", default_value_t = 1e-5)]
    pub(super) tolerance: f64,
    /// With --rerun, accept a receipt of another backend, device or program than this one, and list
    /// them as not checked
    #[arg(long, requires = "rerun")]
    pub(super) other_machine: bool,
    #[command(flatten)]
    pub(super) model: ModelArgs,
    #[command(flatten)]
    pub(super) input: InputArgs,
}
