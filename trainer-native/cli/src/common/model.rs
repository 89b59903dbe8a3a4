//! Which model, which encoder, which backend.

use super::backend::Backend;
use super::terminal::Terminal;
use crate::builtin;
use clap::Args;
use genolewm::Runtime;
use genolewm::files::{Directory, ModelFiles};
use genolewm::info::ModelInfo;
use genolewm::ops::NativeOps;
use genolewm_core::Result;
use genolewm_evaluate::states::MeasuredModel;
use std::path::{Path, PathBuf};

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
    /// Where the model runs: auto, cpu, or wgpu (the GPU, over Vulkan, Metal or DX12)
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub backend: String,
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

/// Says what a model's figures are worth, where its state contract makes that necessary.
pub fn tell_worth(info: &ModelInfo, terminal: &mut Terminal<'_>) {
    if let Some(warning) = info.config.encoder.contract.warning() {
        terminal.warn(warning);
    }
}

/// Loads the model to measure, on the processor, every hash and the self-check's answers checked.
///
/// # Errors
/// As [`Backend::cpu`] and [`runtime`].
pub fn measured(args: &ModelArgs) -> Result<MeasuredModel> {
    let ops = Backend::cpu(&args.backend)?;
    let (ops, bundle) = runtime(ops, args)?.into_parts();
    Ok(MeasuredModel { ops, bundle })
}

/// Loads the model to score with, every hash and the self-check's answers checked.
///
/// # Errors
/// As [`files`] and [`Runtime::load`].
pub fn runtime<O: NativeOps>(ops: O, args: &ModelArgs) -> Result<Runtime<O>> {
    let (model, encoder) = files(args)?;
    Runtime::load(ops, model.as_ref(), encoder.as_ref())
}
