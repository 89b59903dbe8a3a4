//! Which model, which encoder, which backend.

use super::backend::{Backend, on_backend};
use super::command::Context;
use super::terminal::Terminal;
use crate::builtin;
use clap::Args;
use genolewm::Runtime;
use genolewm::files::{Directory, ModelFiles};
use genolewm::info::ModelInfo;
use genolewm::loading::{EncoderDepth, LoadProgress};
use genolewm::ops::NativeOps;
use genolewm::scorer::ScoreOptions;
use genolewm::self_check;
use genolewm_core::Result;
use genolewm_evaluate::states::MeasuredModel;
use genolewm_train::backends::{AUTO, CPU, CUDA, WGPU};
use genolewm_train::run::progress_bar;
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The flags that choose a model.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Model directory [default: the built-in model]
    #[arg(long, value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Encoder directory [default: MODEL_DIR/encoder, else the encoder that the manifest names]
    #[arg(long, value_name = "DIR")]
    pub encoder_dir: Option<PathBuf>,
    /// Where the model runs: auto, cpu, wgpu (the GPU, over Vulkan, Metal or DX12), or cuda
    ///
    /// cpu:bf16 and cpu:int8 compute the products of the encoder in 16 or 8 bits, where the model
    /// passes its self-check so.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub backend: String,
}

/// The flag of windows on a grid.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Model")]
pub struct GridArgs {
    /// Start windows at multiples of N bp, so that variants near to each other share their encoding
    /// [default: as the model says, else centred on each variant]
    #[arg(long, value_name = "N")]
    pub window_stride_bp: Option<usize>,
}

/// Loads the model as [`runtime`] does, to score with these options, and says what its figures are worth. A
/// bar tells how far it is, unless it is to be `quiet`.
///
/// # Errors
/// As [`runtime`] and [`ScoreOptions::check`].
pub fn scoring<O: NativeOps>(
    ops: O,
    args: &ModelArgs,
    options: ScoreOptions,
    terminal: &mut Terminal<'_>,
    quiet: bool,
) -> Result<Runtime<O>> {
    let runtime = shown_runtime(ops, args, terminal.shows_progress() && !quiet)?;
    options.check(&runtime.info().config)?;
    let runtime = runtime.with_options(options);
    for warning in runtime.warnings() {
        terminal.warn(warning);
    }
    Ok(runtime)
}

/// Opens the files of the model and of its encoder.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when there is no such directory.
pub fn files(args: &ModelArgs) -> Result<(Box<dyn ModelFiles>, Box<dyn ModelFiles>)> {
    let Some(model_dir) = &args.model_dir else {
        let encoder: Box<dyn ModelFiles> = match &args.encoder_dir {
            Some(directory) => Box::new(Directory::open(directory)?),
            None => Box::new(builtin::encoder()?),
        };
        return Ok((Box::new(builtin::model()?), encoder));
    };
    let model = Directory::open(model_dir)?;
    let encoder = match &args.encoder_dir {
        Some(directory) => Directory::open(directory)?,
        None => model.encoder()?,
    };
    Ok((Box::new(model), Box::new(encoder)))
}

/// Opens the files of a model without its encoder.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when there is no such directory.
pub fn model_files(model_dir: Option<&Path>) -> Result<Box<dyn ModelFiles>> {
    Ok(match model_dir {
        Some(directory) => Box::new(Directory::open(directory)?),
        None => Box::new(builtin::model()?),
    })
}

/// Says what a model's figures are worth, where that is necessary.
pub fn tell_worth(info: &ModelInfo, terminal: &mut Terminal<'_>) {
    for warning in ScoreOptions::default().warnings(info) {
        terminal.warn(warning);
    }
}

/// Loads the model to measure, its whole encoder, every hash and the self-check's answers checked.
///
/// # Errors
/// As [`runtime`].
pub fn measured<O: NativeOps>(
    ops: O,
    args: &ModelArgs,
    grid: GridArgs,
) -> Result<MeasuredModel<O>> {
    let runtime = loaded(ops, args, EncoderDepth::Whole, false)?;
    let (ops, mut bundle) = runtime.into_parts();
    let options = ScoreOptions {
        window_stride_bp: grid.window_stride_bp,
        ..ScoreOptions::default()
    };
    let config = &mut bundle.info.config;
    options.check(config)?;
    config.window_stride_bp = config.window_stride_bp.or(grid.window_stride_bp);
    Ok(MeasuredModel { ops, bundle })
}

/// Loads the model to score with, every hash and the self-check's answers checked.
///
/// # Errors
/// As [`files`] and [`Runtime::load`].
pub fn runtime<O: NativeOps>(ops: O, args: &ModelArgs) -> Result<Runtime<O>> {
    loaded(ops, args, EncoderDepth::States, false)
}

/// As [`runtime`], with a bar of the bytes that have come where it is `visible`.
///
/// # Errors
/// As [`runtime`].
pub fn shown_runtime<O: NativeOps>(ops: O, args: &ModelArgs, visible: bool) -> Result<Runtime<O>> {
    loaded(ops, args, EncoderDepth::States, visible)
}

fn loaded<O: NativeOps>(
    ops: O,
    args: &ModelArgs,
    depth: EncoderDepth,
    visible: bool,
) -> Result<Runtime<O>> {
    const PROGRESS: &str = "{bar:28} {percent:>3} %  loading {bytes} of {total_bytes}";
    let (model, encoder) = files(args)?;
    let mut bar: Option<ProgressBar> = None;
    let mut tell = |progress: LoadProgress| {
        let new = || progress_bar(Some(progress.total), PROGRESS, !visible);
        bar.get_or_insert_with(new).set_position(progress.done);
    };
    let loaded = Runtime::load_told(ops, model.as_ref(), encoder.as_ref(), depth, &mut tell);
    bar.iter().for_each(ProgressBar::finish_and_clear);
    loaded
}

/// The backend that is named or, for `auto`, the one that scores fastest here, of those on which the
/// model passes its self-check; where there is no graphics device, or results are to be the same from
/// run to run, the processor.
///
/// # Errors
/// As [`runtime`], of the processor.
pub fn backend<'a>(args: &'a ModelArgs, context: &Context<'_>) -> Result<&'a str> {
    match args.backend.as_str() {
        AUTO => fastest(args, context),
        named => Ok(named),
    }
}

fn fastest(args: &ModelArgs, context: &Context<'_>) -> Result<&'static str> {
    if context.shared.deterministic || !may_have_gpu() {
        return Ok(CPU);
    }
    let gpus = gpus();
    if gpus.is_empty() {
        return Ok(CPU);
    }
    let mut best = (CPU, on_backend!(CPU, ops => seconds(ops, args))?);
    for name in gpus {
        // What fails there has another place to run.
        let measured = on_backend!(name, ops => seconds(ops, args));
        best = match measured {
            Ok(seconds) if seconds < best.1 => (name, seconds),
            _ => best,
        };
    }
    Ok(best.0)
}

/// Whether to look for a graphics device at all, which takes a moment: Linux says so by itself.
fn may_have_gpu() -> bool {
    let traces = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"];
    !cfg!(target_os = "linux") || traces.iter().any(|trace| Path::new(trace).exists())
}

/// The graphics devices that are none in name only.
fn gpus() -> Vec<&'static str> {
    let mut found = Vec::new();
    if Backend::open(CUDA).is_ok() {
        found.push(CUDA);
    }
    if matches!(Backend::open(WGPU), Ok(Backend::Wgpu(ops)) if !ops.is_software()) {
        found.push(WGPU);
    }
    found
}

/// How long a score takes, once the first was made.
fn seconds(ops: impl NativeOps, args: &ModelArgs) -> Result<f64> {
    let runtime = runtime(ops, args)?;
    let candidates = self_check::candidates(runtime.info().config.window_bp)?;
    pollster::block_on(runtime.scorer().score(&candidates))?;
    let started = Instant::now();
    pollster::block_on(runtime.scorer().score(&candidates))?;
    Ok(started.elapsed().as_secs_f64())
}
