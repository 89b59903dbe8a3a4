//! The sections of the Python package's configuration, a struct each. A key that is absent is `None`:
//! what it is then is the business of whoever reads it.

use crate::schedule::Schedule;
use clap::{Args, ValueEnum};
use core::str::FromStr;
use genolewm_core::state_contract::StateContract;

/// Keys outside all sections
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct GeneralKeys {
    /// Version of the layout; 1.x is read
    #[arg(long)]
    pub schema_version: Option<String>,
    /// Name of the run
    #[arg(long)]
    pub run_id: Option<String>,
    /// Seed of everything random
    #[arg(long)]
    pub seed: Option<u64>,
    /// Phase of training: the predictor over a frozen encoder, or both together
    #[arg(long, value_enum)]
    pub phase: Option<Phase>,
    /// Refuse what may give other results from run to run
    #[arg(long, action = clap::ArgAction::Set)]
    pub deterministic: Option<bool>,
}

/// A phase of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// The predictor over a frozen encoder: `train predictor`
    Phase1,
    /// Predictor and adapters of the encoder together: `train joint`
    Phase2,
}

/// What a state is
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct EncoderKeys {
    /// Path or Hub name of the encoder
    #[arg(long)]
    pub model_id: Option<String>,
    /// Its revision
    #[arg(long)]
    pub revision: Option<String>,
    /// Number format of its weights
    #[arg(long, value_parser = DTYPES)]
    pub dtype: Option<String>,
    /// Layer whose hidden states are pooled; negative counts from the end
    #[arg(long, allow_negative_numbers = true)]
    pub state_layer: Option<i64>,
    /// Which token rows are pooled: those around the locus, or all
    #[arg(long, value_parser = ["centered_mean", "global_mean"])]
    pub pool_type: Option<String>,
    /// Rows pooled on each side of the locus
    #[arg(long)]
    pub pool_radius: Option<u64>,
    /// Rule by which rows become a state
    #[arg(long, value_parser = StateContract::from_str)]
    pub state_contract_version: Option<StateContract>,
    /// Whether states are scaled to length 1
    #[arg(long, action = clap::ArgAction::Set)]
    pub normalize: Option<bool>,
    /// Whether code that lies beside the weights may run; none ever does here
    #[arg(long, action = clap::ArgAction::Set)]
    pub trust_remote_code: Option<bool>,
}

/// Number formats of weights by the names that configurations have for them.
const DTYPES: [&str; 7] = [
    "bf16", "fp16", "fp32", "bfloat16", "float16", "float32", "int8",
];

/// Its sizes
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct PredictorKeys {
    /// How states and actions meet
    #[arg(long, value_parser = ["cross_attention"])]
    pub architecture: Option<String>,
    /// Blocks: two in three let states and actions read each other, the rest read all alike
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub n_layers: Option<u64>,
    /// Attention heads
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub n_heads: Option<u64>,
    /// Width of a state, which is the encoder's
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub d_state: Option<u64>,
    /// Width of an action
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub d_action: Option<u64>,
    /// Number format of its weights
    #[arg(long, value_parser = DTYPES)]
    pub dtype: Option<String>,
}

/// What an edit becomes
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct ActionKeys {
    /// Width of an action, which the predictor has too
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub d_action: Option<u64>,
    /// Bases of the longest allele
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_len: Option<u64>,
    /// Types of edits that are known
    #[arg(long, value_parser = ["snv", "ins", "del", "mnv", "indel"])]
    pub sub_encoders: Option<Vec<String>>,
}

/// How long
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct TrainingKeys {
    /// Optimisation steps
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_steps: Option<u64>,
    /// Steps between looks of the collapse monitor; 0: it never looks
    #[arg(long)]
    pub collapse_log_every_steps: Option<u64>,
}

/// How gradients become updates
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct OptimizerKeys {
    /// Its name
    #[arg(long, value_parser = ["adamw", "sgd-momentum"])]
    pub name: Option<String>,
    /// Peak learning rate
    #[arg(long, value_parser = not_negative)]
    pub lr: Option<f64>,
    /// Decay of the mean of gradients, from 0 to below 1
    #[arg(long, value_parser = below_one)]
    pub beta1: Option<f64>,
    /// Decay of the mean of their squares, from 0 to below 1
    #[arg(long, value_parser = below_one)]
    pub beta2: Option<f64>,
    /// Weight decay of projections
    #[arg(long, value_parser = not_negative)]
    pub weight_decay: Option<f64>,
    /// Largest global gradient norm; 0: any
    #[arg(long, value_parser = not_negative)]
    pub grad_clip: Option<f64>,
    /// Steps of linear warm-up
    #[arg(long)]
    pub warmup_steps: Option<u64>,
    /// Shape of the learning rate
    #[arg(long, value_enum)]
    pub schedule: Option<Schedule>,
}

/// What is trained on
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct DataKeys {
    /// Hub name of the corpus
    #[arg(long)]
    pub corpus_id: Option<String>,
    /// Its revision
    #[arg(long)]
    pub corpus_revision: Option<String>,
    /// Items in a step
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub batch_size: Option<u64>,
    /// Processes that load data
    #[arg(long)]
    pub num_workers: Option<u64>,
    /// Records that are shuffled at once
    #[arg(long)]
    pub shuffle_buffer: Option<u64>,
}

/// What is measured
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct EvalKeys {
    /// Names of benchmarks
    #[arg(long)]
    pub benchmarks: Option<Vec<String>>,
    /// Variants of a quick look
    #[arg(long)]
    pub smoke_variants: Option<u64>,
}

/// What is told
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct ObservabilityKeys {
    /// How much to tell
    #[arg(long, value_parser = ["debug", "info", "warn", "error"])]
    pub log_level: Option<String>,
    /// Whether logs leave out whatever may be personal
    #[arg(long, action = clap::ArgAction::Set)]
    pub redaction_strict: Option<bool>,
    /// Project of Weights & Biases that would be told; this program tells none
    #[arg(long)]
    pub wandb_project: Option<String>,
}

/// What runs the model
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[group(skip)]
pub struct RuntimeKeys {
    /// The package's library; here everything is native
    #[arg(long, value_parser = ["onnx", "coreml", "gguf", "torch"])]
    pub backend: Option<String>,
    /// Processor or GPU
    #[arg(long, value_parser = ["cpu", "cuda", "mps"])]
    pub device: Option<String>,
}

/// A number from 0 on.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let fits = number.is_finite() && number >= 0.0;
    fits.then_some(number).ok_or("it is 0 or more".to_owned())
}

/// A number from 0 to below 1.
pub(crate) fn below_one(text: &str) -> Result<f64, String> {
    let number = not_negative(text)?;
    let fits = number < 1.0;
    fits.then_some(number).ok_or("it is below 1".to_owned())
}
