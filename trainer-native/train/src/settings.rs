//! Settings that all stages of training share: seed, steps, gradient accumulation, learning rate,
//! device, precision, checkpoints.

use super::device::{Devices, TrainingDevice, precise};
use super::package::sections::{below_one, not_negative};
use super::schedule::Schedule;
use clap::{Arg, Args};
use genolewm::ops::{BurnOps, Precision};
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize, Serializer};
use std::path::PathBuf;

/// Which checkpoints stay.
#[derive(Debug, Clone, Copy, Default, Args, Serialize)]
pub struct Retention {
    /// Newest checkpoints that are kept
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub keep: u64,
    /// Keep the checkpoints of every so many steps as well (0: only the newest)
    #[arg(long, value_name = "STEPS", default_value_t = 0)]
    pub keep_every: u64,
}

/// Settings of every stage. Those without a default here get one of their stage.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct RunSettings {
    /// The run's directory: settings, metrics, checkpoints and, at the end, the result
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Where to train: cpu, cuda, cuda:1, wgpu, or auto (a GPU where there is one); several, as
    /// cuda:0,cuda:1, share the batches of a step
    #[arg(long, visible_alias = "backend", default_value_t = Devices::default())]
    #[serde(skip)]
    pub device: Devices,
    /// Numbers that products are computed in while training: f32 or bf16. Weights, sums and
    /// optimiser stay f32
    #[arg(long, default_value_t = Precision::F32)]
    #[serde(default)]
    pub precision: Precision,
    /// Optimisation steps
    #[arg(long)]
    pub steps: u64,
    /// Batches whose mean gradient makes a step
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub accumulate: u64,
    /// Peak learning rate
    #[arg(long)]
    pub learning_rate: f64,
    /// Steps of linear warm-up
    #[arg(long)]
    pub warmup_steps: u64,
    /// Seed of weights and data [default: --seed, else 0]
    #[arg(long)]
    #[serde(serialize_with = "or_zero")]
    pub train_seed: Option<u64>,
    /// Steps between checkpoints
    #[arg(long)]
    #[serde(skip)]
    pub checkpoint_every: u64,
    /// Which checkpoints stay
    #[command(flatten)]
    #[serde(skip)]
    pub retention: Retention,
    /// Steps between lines of metrics
    #[arg(long)]
    #[serde(skip)]
    pub log_every: u64,
}

impl RunSettings {
    /// The base of all random numbers.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.train_seed.unwrap_or(0)
    }

    /// Makes these the settings of a run of a few steps into another directory, each step logged.
    pub fn shorten(&mut self, steps: u64, output: PathBuf) {
        (self.steps, self.output) = (steps, output);
        (self.checkpoint_every, self.log_every) = (steps, 1);
    }

    /// The numbers of the batches of a step, from 0: no two steps have one in common.
    pub fn batches(&self, step: u64) -> core::ops::Range<u64> {
        step * self.accumulate..(step + 1) * self.accumulate
    }

    /// What the learning rate of the update after `step` is of its peak.
    #[must_use]
    pub fn rate_factor(&self, schedule: Schedule, step: u64) -> f64 {
        schedule.factor(step, self.steps, self.warmup_steps)
    }

    /// The learning rate of the update after `step`.
    #[must_use]
    pub fn rate(&self, schedule: Schedule, step: u64) -> f64 {
        self.learning_rate * self.rate_factor(schedule, step)
    }

    /// The operations with gradients on the first device, and on the others.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when a step has fewer batches than there are devices; as
    /// [`TrainingDevice::ops`].
    pub fn training_ops(&self) -> Result<(BurnOps, Vec<BurnOps>)> {
        let devices = 1 + self.device.others.len() as u64;
        if self.accumulate < devices {
            let message = format!("{devices} devices share the batches of a step");
            return Err(Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("accumulate", self.accumulate.to_string())
                .with_remedy(format!(
                    "use --accumulate {devices} or more, or fewer devices"
                )));
        }
        let ops = |device: &TrainingDevice| -> Result<BurnOps> {
            precise(device.training_ops()?, self.precision)
        };
        let others = self.device.others.iter().map(ops).collect::<Result<_>>()?;
        Ok((ops(&self.device.first)?, others))
    }
}

/// The rule by which states are made that are trained on.
#[derive(Debug, Clone, Copy, Args, Serialize, Deserialize)]
pub struct StateSettings {
    /// Rule by which rows become a state: l2_normalized_v2, or l2_old_row_v0_2_0 to go on with a run
    /// of before
    #[arg(long, value_name = "NAME", default_value_t = StateContract::default(), value_parser = trained_contract)]
    #[serde(default = "unnamed_contract", skip_serializing_if = "is_unnamed")]
    pub state_contract: StateContract,
}

/// What runs were trained with before contracts had names; such a run does not name it.
const fn unnamed_contract() -> StateContract {
    StateContract::L2OldRowV0_2_0
}

fn is_unnamed(contract: &StateContract) -> bool {
    *contract == unnamed_contract()
}

/// A contract that the trainer follows: predictions have length 1, and so must states.
///
/// # Errors
/// `CONFIG.GENERIC` for any other.
pub fn trained_contract(name: &str) -> Result<StateContract> {
    let contract: StateContract = name.parse()?;
    if contract.normalizes() {
        return Ok(contract);
    }
    Err(Error::new(
        ErrorCode::ConfigGeneric,
        "the trainer does not train on states that are not normalised",
    )
    .with_detail("state_contract_version", contract)
    .with_remedy("train with l2_normalized_v2"))
}

/// How gradients become updates, in the stages that let it be chosen.
#[derive(Debug, Clone, Copy, Args, Serialize, Deserialize)]
pub struct UpdateSettings {
    /// Shape of the learning rate
    #[arg(long, value_enum, default_value_t = Self::DEFAULT.schedule)]
    pub schedule: Schedule,
    /// Weight decay of projections
    #[arg(long, default_value_t = Self::DEFAULT.weight_decay)]
    pub weight_decay: f32,
    /// Largest global gradient norm (0: any)
    #[arg(long, default_value_t = Self::DEFAULT.clip, value_parser = not_negative)]
    pub clip: f64,
    /// AdamW's decay of the mean of gradients
    #[arg(long, default_value_t = BETA1, value_parser = below_one)]
    #[serde(default = "beta1", skip_serializing_if = "is_beta1")]
    pub beta1: f64,
    /// AdamW's decay of the mean of their squares
    #[arg(long, default_value_t = BETA2, value_parser = below_one)]
    #[serde(default = "beta2", skip_serializing_if = "is_beta2")]
    pub beta2: f64,
}

impl UpdateSettings {
    /// What stages do that do not let it be chosen.
    pub const DEFAULT: Self = Self {
        schedule: Schedule::Wsd,
        weight_decay: 0.05,
        clip: 1.0,
        beta1: BETA1,
        beta2: BETA2,
    };
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.95;

// Checkpoints of before these could be chosen do not name them: the defaults stay unnamed.

fn beta1() -> f64 {
    BETA1
}

fn beta2() -> f64 {
    BETA2
}

fn is_beta1(beta: &f64) -> bool {
    *beta == BETA1
}

fn is_beta2(beta: &f64) -> bool {
    *beta == BETA2
}

/// Gives a flag the default that its stage has for it: `defaults` lists ID=VALUE.
pub(super) fn with_defaults(arg: Arg, defaults: &'static str) -> Arg {
    let mut defaults = defaults
        .split_whitespace()
        .filter_map(|it| it.split_once('='));
    match defaults.find(|(id, _)| arg.get_id() == *id) {
        Some((_, value)) => arg.required(false).default_value(value),
        None => arg,
    }
}

fn or_zero<S: Serializer>(
    seed: &Option<u64>,
    serializer: S,
) -> core::result::Result<S::Ok, S::Error> {
    serializer.serialize_u64(seed.unwrap_or(0))
}

/// A whole number from 1 on.
pub(super) fn at_least_one() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..)
}
