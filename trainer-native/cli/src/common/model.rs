//! Which model, which encoder, which backend.

use super::backend::NativeOps;
use crate::builtin;
use clap::Args;
use genolewm::bundle::Bundle;
use genolewm::files::{Directory, ModelFiles};
use genolewm_core::provenance::Manifest;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::{Component, Path, PathBuf};

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
            Some(directory) => Box::new(existing(directory)?),
            None => Box::new(builtin::encoder()?),
        };
        return Ok((Box::new(builtin::model()?), encoder));
    };
    let model = existing(model_dir)?;
    let encoder = match &args.encoder_dir {
        Some(directory) => existing(directory)?,
        None => find_encoder(&model)?,
    };
    Ok((Box::new(model), Box::new(encoder)))
}

/// Opens the files of a model without its encoder.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when there is no such directory.
pub fn model_files(model_dir: Option<&Path>) -> Result<Box<dyn ModelFiles>> {
    Ok(match model_dir {
        Some(directory) => Box::new(existing(directory)?),
        None => Box::new(builtin::model()?),
    })
}

/// Loads the model, every hash checked.
///
/// # Errors
/// As [`files`] and [`Bundle::load`].
pub fn load<O: NativeOps>(ops: &O, args: &ModelArgs) -> Result<Bundle<O::Matrix>> {
    let (model, encoder) = files(args)?;
    Bundle::load(ops, model.as_ref(), encoder.as_ref())
}

fn existing(directory: &Path) -> Result<Directory> {
    if directory.is_dir() {
        return Ok(Directory(directory.to_owned()));
    }
    Err(Error::new(
        ErrorCode::ResourceModelNotFound,
        format!("{}: there is no such directory", directory.display()),
    )
    .with_remedy(
        "check --model-dir and --encoder-dir; without --model-dir the built-in model is used",
    ))
}

/// The model directory's own encoder, or the one that its manifest names, beside it or under the
/// working directory.
fn find_encoder(model: &Directory) -> Result<Directory> {
    let own = model.0.join("encoder");
    if own.is_dir() {
        return Ok(Directory(own));
    }
    let id = Manifest::parse(&model.require("manifest.json")?)?
        .encoder
        .id;
    let inside = Path::new(&id)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let beside = model
        .0
        .canonicalize()
        .ok()
        .and_then(|path| path.parent().map(Path::to_owned));
    let candidates = beside
        .into_iter()
        .chain([PathBuf::from(".")])
        .map(|parent| parent.join(&id));
    candidates
        .filter(|path| inside && path.is_dir())
        .map(Directory)
        .next()
        .ok_or_else(|| {
            Error::new(
                ErrorCode::ResourceModelNotFound,
                format!("the encoder {id:?} of this model was not found"),
            )
            .with_detail(
                "searched",
                format!(
                    "{}/encoder, beside the model directory, the working directory",
                    model.0.display()
                ),
            )
            .with_remedy("give its directory with --encoder-dir")
        })
}
