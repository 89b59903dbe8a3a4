//! The flags of `genolewm plan`.

use crate::common::model::ModelArgs;
use crate::scoring::regions::read_regions;
use genolewm::planning::{PlanSettings, edit_types_by_name};
use genolewm::scorer::Prediction;
use genolewm_core::planning::{PlanConstraints, PlanningConfig};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{Error, Result};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Plan the edits that bring a window's state close to a wanted one
///
/// The cross-entropy method: sequences of edits are drawn, the model predicts the state that each
/// leads to, the best are kept, and the next are drawn like them. The best plan is then made for
/// real: the report says how close the edited window comes, and how far the prediction was off.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub(super) source: PlanInput,
    #[command(flatten)]
    pub(super) search: SearchArgs,
    #[command(flatten)]
    pub(super) constraints: ConstraintArgs,
    #[command(flatten)]
    pub(super) model: ModelArgs,
    /// Plan with the bases themselves as states, where no --model-dir is given: a smoke test, and no
    /// evidence of a model
    #[arg(long)]
    pub(super) allow_sequence_proxy: bool,
    /// Where the report goes; - for standard output
    #[arg(long, short = 'o', value_name = "JSON", default_value = "plan.json")]
    pub(super) output: PathBuf,
    /// Where the receipt goes [default: OUTPUT.receipt.json]
    #[arg(long, value_name = "FILE")]
    pub(super) receipt: Option<PathBuf>,
    /// Processor threads [default: all]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
    /// Draw no progress bar (it is drawn on terminals only)
    #[arg(long)]
    pub(super) no_progress: bool,
}

/// Where a plan starts, and where it is to lead.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Start and target")]
pub(super) struct PlanInput {
    /// The window that is edited: one sequence, as long as the model's windows at most
    #[arg(long, value_name = "FASTA")]
    pub(super) window_fasta: Option<PathBuf>,
    /// The wanted window
    #[arg(long, value_name = "FASTA", conflicts_with = "target_state")]
    pub(super) target_fasta: Option<PathBuf>,
    /// The state to start from, as a JSON list or .npy [default: that of --window-fasta]
    #[arg(long, value_name = "FILE")]
    pub(super) initial_state: Option<PathBuf>,
    /// The wanted state, as a JSON list or .npy
    #[arg(long, value_name = "FILE")]
    pub(super) target_state: Option<PathBuf>,
    /// Pool states around this base of the window, from 0 [default: over the whole window]
    #[arg(long, value_name = "OFFSET")]
    pub(super) locus: Option<u64>,
}

/// How it is searched.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Search")]
pub(super) struct SearchArgs {
    /// Where candidates come from: cem (a sampler that is refitted to the best) or mcts (a tree of edits;
    /// experimental, in builds with that feature)
    #[arg(long, value_name = "NAME", default_value = "cem")]
    planner: String,
    /// Edits of a plan
    #[arg(long, value_name = "N", default_value_t = PlanningConfig::default().horizon)]
    horizon: usize,
    /// Most rounds
    #[arg(long, value_name = "N", default_value_t = PlanningConfig::default().n_iterations)]
    iterations: usize,
    /// Candidates of a round
    #[arg(long, value_name = "N", default_value_t = PlanningConfig::default().n_samples)]
    samples: usize,
    /// Candidates that the next round is drawn like
    #[arg(long, value_name = "N", default_value_t = PlanningConfig::default().n_elite)]
    elite: usize,
    /// Stop when the best candidate is closer than this
    #[arg(long, value_name = "DISTANCE", default_value_t = PlanningConfig::default().stopping_eps)]
    stopping_eps: f64,
    /// Stop after so many rounds without a better one
    #[arg(long, value_name = "N", default_value_t = PlanningConfig::default().patience)]
    patience: usize,
    /// How much of its old weights the sampler keeps, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = PlanningConfig::default().smoothing)]
    smoothing: f64,
    /// What one unit of cost weighs against one of distance
    #[arg(long, value_name = "WEIGHT", default_value_t = PlanningConfig::default().cost_weight)]
    cost_weight: f64,
    /// What a plan costs: count (edits), bp (bases touched) or weighted_type
    #[arg(long, value_name = "COST", default_value = "count")]
    cost: String,
    /// How far states are apart: l2 or cosine
    #[arg(long, value_name = "DISTANCE", default_value = "l2")]
    distance: String,
    /// Types of edits to draw, with commas: snv, ins, del, mnv, indel
    #[arg(long, value_name = "TYPES", default_value = "snv")]
    edit_types: String,
    /// Width of the stretches in which it is learned where edits are good
    #[arg(long, value_name = "BP", default_value_t = PlanSettings::default().position_bin_bp)]
    position_bin_bp: usize,
    /// Make the N best candidates of a round for real, and go on from what they really lead to
    #[arg(long, value_name = "N", default_value_t = 0)]
    reencode: usize,
    /// How several edits are predicted: together (in one call), or stepwise (each on the state that the
    /// one before predicts)
    #[arg(long, value_name = "HOW", default_value = "together")]
    prediction: String,
}

/// What a plan may not do.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Constraints")]
pub(super) struct ConstraintArgs {
    /// Bases at either end of the window that stay
    #[arg(long, value_name = "BP", default_value_t = PlanSettings::default().edge_margin)]
    edge_margin: usize,
    /// Edit only these bases of the window: from 0, the end excluded
    #[arg(long, value_name = "START-END")]
    within: Option<String>,
    /// Keep these bases of the window as they are: START-END,… from 0, the end excluded; or a BED file,
    /// whose contig is the name of the window's sequence
    #[arg(long, value_name = "INTERVALS")]
    protect: Option<String>,
    /// Insert and delete whole codons only
    #[arg(long)]
    keep_frame: bool,
    /// Make none of these motifs, with commas, in letters of IUPAC, on either strand
    #[arg(long, value_name = "MOTIFS")]
    forbid: Option<String>,
}

impl Args {
    /// The settings; `contig` is the name of the window's sequence.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for values that mean nothing.
    pub(super) fn settings(&self, seed: u64, contig: &str) -> Result<PlanSettings> {
        let SearchArgs {
            planner,
            horizon,
            iterations,
            samples,
            elite,
            stopping_eps,
            patience,
            smoothing,
            cost_weight,
            cost,
            distance,
            edit_types,
            position_bin_bp,
            reencode,
            prediction,
        } = &self.search;
        let search = PlanningConfig {
            planner: planner.parse().map_err(named)?,
            horizon: *horizon,
            n_iterations: *iterations,
            n_samples: *samples,
            n_elite: *elite,
            cost_weight: *cost_weight,
            stopping_eps: *stopping_eps,
            patience: *patience,
            seed: Some(seed),
            smoothing: *smoothing,
        };
        search.check().map_err(named)?;
        if *horizon == 0 {
            return Err(
                Error::input("--horizon is at least 1").with_remedy("plan one edit or more")
            );
        }
        Ok(PlanSettings {
            search,
            cost: cost.parse().map_err(named)?,
            distance: distance.parse().map_err(named)?,
            edit_types: edit_types_by_name(edit_types)?,
            edge_margin: self.constraints.edge_margin,
            position_bin_bp: *position_bin_bp,
            prediction: Prediction::by_name(prediction).map_err(named)?,
            reencode: *reencode,
            locus: self.source.locus.map(BpOffset),
            constraints: self.constraints.read(contig)?,
        })
    }
}

impl PlanInput {
    /// The file of the window.
    ///
    /// # Errors
    /// `INPUT.GENERIC` without one.
    pub(super) fn window(&self) -> Result<&Path> {
        let window = self.window_fasta.as_deref();
        window.ok_or_else(|| {
            Error::input("--window-fasta is missing")
                .with_remedy("name the window to edit; states alone have no bases to edit")
        })
    }

    /// # Errors
    /// `INPUT.GENERIC` for a plan without a window or a target.
    pub(super) fn check(&self) -> Result<()> {
        self.window()?;
        if self.target_fasta.is_some() || self.target_state.is_some() {
            return Ok(());
        }
        Err(Error::input("a plan needs a target")
            .with_remedy("give --target-fasta, the wanted window, or --target-state"))
    }
}

impl ConstraintArgs {
    fn read(&self, contig: &str) -> Result<PlanConstraints> {
        let motifs = self.forbid.as_deref().unwrap_or_default();
        let motifs = motifs.split(',').map(str::trim);
        let motifs = motifs.filter(|motif| !motif.is_empty()).map(str::parse);
        let protect = self.protect.as_deref();
        Ok(PlanConstraints {
            protected: protect.map_or(Ok(Vec::new()), |text| protected(text, contig))?,
            within: self.within.as_deref().map(stretch).transpose()?,
            keep_frame: self.keep_frame,
            forbidden: motifs.collect::<Result<_>>()?,
        })
    }
}

/// The protected stretches of a list, or of a BED file.
fn protected(text: &str, contig: &str) -> Result<Vec<Interval>> {
    let listed: Result<Vec<Interval>> = text.split(',').map(|one| stretch(one.trim())).collect();
    match listed {
        Ok(listed) => Ok(listed),
        Err(error) if text.starts_with(|c: char| c.is_ascii_digit()) => Err(error),
        Err(_) => match read_regions(text)?.of_contig(contig) {
            [] => Err(Error::input("--protect lists nothing of the window")
                .with_detail("contig", contig)
                .with_remedy("name the window's sequence in the first column")),
            listed => Ok(listed.to_vec()),
        },
    }
}

/// `START-END`.
fn stretch(text: &str) -> Result<Interval> {
    let parts = text.split_once('-');
    let ends = parts.and_then(|(start, end)| genolewm_core::bed::stretch(start, end));
    ends.ok_or_else(|| {
        Error::input("a stretch of the window is not understood")
            .with_detail("stretch", text)
            .with_remedy("write START-END, from 0 and the end excluded, for example 300-360")
    })
}

/// Points at the list of flags, where an error says nothing better.
fn named(error: Error) -> Error {
    match error.remedy() {
        Some(_) => error,
        None => error.with_remedy("`genolewm plan --help` lists the flags and values"),
    }
}

const EXAMPLES: &str = "\
Examples:
    genolewm plan --window-fasta window.fa --target-fasta wanted.fa --horizon 3 --seed 1
    genolewm plan --window-fasta window.fa --target-state wanted.npy --locus 2048 \\
        --within 1900-2200 --edit-types snv,del --keep-frame --protect exons.bed --forbid GAATTC";
