//! Which states are measured, and how.

use crate::common::alleles::AlleleArgs;
use genolewm_core::{Error, ErrorCode, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where states come from.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(super) struct RolloutInput {
    /// States that were measured before
    #[arg(
        long,
        value_name = "JSONL",
        conflicts_with = "fasta",
        required_unless_present_any = ["fasta", "examples_jsonl"]
    )]
    pub(super) states_jsonl: Option<PathBuf>,
    /// Examples: states before and after some edits, of which the model predicts the latter
    #[arg(long, value_name = "JSONL", conflicts_with_all = ["fasta", "states_jsonl"])]
    pub(super) examples_jsonl: Option<PathBuf>,
    /// The reference that windows are taken from
    #[arg(long, value_name = "FASTA")]
    pub(super) fasta: Option<PathBuf>,
    /// Places of the windows, or of the variants: CHROM[:START-END],… or a BED file
    #[arg(long, value_name = "REGIONS", requires = "fasta")]
    pub(super) regions: Option<String>,
    /// Variants whose neighbours are followed [default: random edits]
    #[arg(long, value_name = "VCF", requires = "fasta")]
    pub(super) vcf: Option<PathBuf>,
    /// The sample whose phased genotypes say what lies together [default: the first; all variants of
    /// a VCF without samples]
    #[arg(long, value_name = "NAME", requires = "vcf")]
    pub(super) sample: Option<String>,
    /// Take all variants as lying together
    #[arg(long, requires = "vcf", conflicts_with = "sample")]
    pub(super) ignore_genotypes: bool,
    #[command(flatten)]
    pub(super) form: AlleleArgs,
}

/// What is measured, and how. Written beside the metrics, in the form that --config reads.
#[derive(Debug, Clone, clap::Args, Serialize)]
#[group(skip)]
pub(super) struct RolloutSettings {
    /// A target among the first so many counts as found
    #[arg(long, value_name = "K", default_value_t = 10)]
    pub(super) recall_k: u64,
    /// Name of the evaluated split, for measured states
    #[arg(long, value_name = "NAME", default_value = "rollout")]
    pub(super) split: String,
    /// Most edits of one window
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub(super) max_edits: usize,
    /// Windows with random edits
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) windows: usize,
    /// All edits of a window lie within so many bases [default: the reach of the model's pooling]
    #[arg(long, value_name = "BP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) span_bp: Option<usize>,
}

impl RolloutInput {
    /// The reference.
    ///
    /// # Errors
    /// `INPUT.GENERIC` without one.
    pub(super) fn fasta(&self) -> Result<&Path> {
        let fasta = self.fasta.as_deref();
        fasta.ok_or_else(|| senseless("a model is measured on windows of a --fasta"))
    }

    /// The reference and the places of windows with random edits.
    ///
    /// # Errors
    /// `INPUT.GENERIC` without them.
    pub(super) fn regions(&self) -> Result<(&Path, &str)> {
        let regions = self.regions.as_deref().ok_or_else(|| {
            senseless("--regions says where windows are taken from; a --vcf does without")
        })?;
        Ok((self.fasta()?, regions))
    }
}

impl RolloutSettings {
    /// # Errors
    /// `INPUT.GENERIC` for senseless values.
    pub(super) fn check(&self) -> Result<()> {
        if self.split.trim().is_empty() {
            return Err(senseless("--split is a name"));
        }
        for (flag, value) in [
            ("--recall-k", self.recall_k),
            ("--max-edits", self.max_edits as u64),
            ("--windows", self.windows as u64),
            ("--span-bp", self.span_bp.map_or(1, |bp| bp as u64)),
        ] {
            if value == 0 {
                return Err(senseless(&format!("{flag} is at least 1")));
            }
        }
        Ok(())
    }
}

fn senseless(message: &str) -> Error {
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("`genolewm rollout --help` lists the flags and values")
}
