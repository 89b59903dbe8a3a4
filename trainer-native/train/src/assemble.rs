//! Model directories: assembled after training, manifest and self-check renewed when a file changes.

use super::files::{read, read_text};
use super::serialize::{Tensors, serialize};
use genolewm::bundle::Bundle;
use genolewm::config::ModelConfig;
use genolewm::files::Directory;
use genolewm::opened::{EncoderHashes, OpenModel};
use genolewm::ops::CpuOps;
use genolewm::scorer::{ScoreOptions, Scorer};
use genolewm::self_check::{self, Answers};
use genolewm_core::calibration::{
    BuildOptions, CalibrationExample, build_calibration_table, write_calibration_table,
};
use genolewm_core::context::ContextLabel;
use genolewm_core::provenance::{
    Manifest, ManifestArtifact, ManifestEncoder, ManifestTraining, SEAL_FILE, SELF_CHECK_FILE,
    encoder_hash, sha256_prefixed,
};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::output::write_atomically;
use safetensors::tensor::Dtype;
use std::path::{Path, PathBuf};

/// What a model directory is made of.
pub struct ModelParts<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The model's version.
    pub version: &'a str,
    /// How it scores.
    pub config: &'a ModelConfig,
    /// The encoder directory that is copied into it.
    pub encoder: &'a Path,
    /// Weights of the predictor.
    pub predictor: Tensors,
    /// Weights of the action encoder.
    pub action: Tensors,
    /// Reference windows and surprises for a first calibration table.
    pub surprises: Vec<(String, f64)>,
    /// Data files by name; the manifest notes their hashes.
    pub data: &'a [(&'a str, &'a PathBuf)],
}

/// The files of an encoder directory that go into a model directory.
pub(super) const ENCODER_FILES: [&str; 5] = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
];

/// Writes a complete model directory with weights in f16 or f32, then its manifest and seal.
///
/// # Errors
/// `RESOURCE.*` when a file cannot be read or written.
pub fn assemble(directory: &Path, parts: ModelParts<'_>, dtype: Dtype) -> Result<()> {
    for name in ENCODER_FILES {
        write_atomically(
            &directory.join("encoder").join(name),
            &read(&parts.encoder.join(name))?,
        )?;
    }
    let action = serialize(&parts.action, dtype, None)?;
    for (name, bytes) in [
        (
            "predictor.safetensors",
            serialize(&parts.predictor, dtype, None)?,
        ),
        ("action_encoder.safetensors", action),
        ("calibration.parquet", first_calibration(parts.surprises)?),
        ("train_config.yaml", parts.config.to_yaml()?.into_bytes()),
        ("eval_metrics.json", b"{}\n".to_vec()),
    ] {
        write_atomically(&directory.join(name), &bytes)?;
    }
    let hashed =
        |(name, path): &(&str, &PathBuf)| Ok(((*name).to_owned(), sha256_prefixed(&read(path)?)));
    let data_snapshot = parts.data.iter().map(hashed).collect::<Result<_>>()?;
    let numbers = match dtype {
        Dtype::F32 => "fp32",
        _ => "fp16",
    };
    let artifact = |file: &str, dtype: Option<&str>| ManifestArtifact {
        file: file.to_owned(),
        hash: String::new(),
        dtype: dtype.map(str::to_owned),
        version: None,
    };
    let manifest = Manifest {
        model_name: parts.name.to_owned(),
        model_version: parts.version.to_owned(),
        release_id: format!("{}-{}", parts.name, parts.version),
        encoder: ManifestEncoder {
            id: "encoder".to_owned(),
            revision: "main".to_owned(),
            hash: String::new(),
        },
        predictor: artifact("predictor.safetensors", Some(numbers)),
        action_encoder: artifact("action_encoder.safetensors", Some(numbers)),
        calibration: artifact("calibration.parquet", None),
        eval: artifact("eval_metrics.json", None),
        training: ManifestTraining {
            config_file: "train_config.yaml".to_owned(),
            hash: String::new(),
            data_snapshot,
        },
    };
    write_manifest(directory, manifest)
}

/// Hashes the directory's files again and rewrites its manifest and seal.
///
/// # Errors
/// `RESOURCE.*` when a file cannot be read or written, and as [`Manifest::parse`].
pub fn renew_manifest(directory: &Path) -> Result<()> {
    let manifest = Manifest::parse(&read(&directory.join("manifest.json"))?)?;
    write_manifest(directory, manifest)
}

fn write_manifest(directory: &Path, mut manifest: Manifest) -> Result<()> {
    let hash =
        |file: &str| -> Result<String> { Ok(sha256_prefixed(&read(&directory.join(file))?)) };
    let config = read_text(&directory.join(&manifest.training.config_file))?;
    let EncoderHashes { weights, files } =
        EncoderHashes::read(&Directory(directory.join("encoder")))?;
    let contract = ModelConfig::parse(&config)?.encoder.contract;
    manifest.encoder.hash = encoder_hash(contract, &weights, &files)?;
    for artifact in [
        &mut manifest.predictor,
        &mut manifest.action_encoder,
        &mut manifest.calibration,
        &mut manifest.eval,
    ] {
        artifact.hash = hash(&artifact.file)?;
    }
    manifest.training.hash = hash(&manifest.training.config_file)?;
    remove_seal(directory)?;
    write_atomically(
        &directory.join("manifest.json"),
        manifest.to_canonical_json()?.as_bytes(),
    )?;
    write_answers(directory)?;
    let model = Directory(directory.to_owned());
    seal(directory, &model.encoder()?)
}

/// Seals a model directory: lists every file that is read, with its hash.
///
/// # Errors
/// As [`OpenModel::seal`]; `RESOURCE.*` when the seal cannot be written.
pub fn seal(directory: &Path, encoder: &Directory) -> Result<()> {
    let seal = OpenModel::seal(&Directory(directory.to_owned()), encoder)?;
    write_atomically(&directory.join(SEAL_FILE), seal.to_text()?.as_bytes())
}

/// Takes away a seal that no longer holds.
fn remove_seal(directory: &Path) -> Result<()> {
    let path = directory.join(SEAL_FILE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::new(
            ErrorCode::ResourceGeneric,
            format!("{}: {error}", path.display()),
        )
        .with_remedy("remove the old seal, and run this again")),
        _ => Ok(()),
    }
}

/// Writes what the model answers to the self-check, by which other devices are judged.
fn write_answers(directory: &Path) -> Result<()> {
    let (model, encoder) = (
        Directory(directory.to_owned()),
        Directory(directory.join("encoder")),
    );
    let ops = CpuOps::new();
    let bundle = Bundle::load(&ops, &model, &encoder)?;
    let scorer = Scorer::new(ops, bundle, ScoreOptions::default());
    let answers = Answers::of(&pollster::block_on(self_check::answers(&scorer))?);
    let text = serde_json::to_string(&answers).map_err(|error| {
        let message = format!("the answers cannot be written: {error}");
        Error::new(ErrorCode::InternalInvariantViolation, message)
    })?;
    write_atomically(
        &directory.join(SELF_CHECK_FILE),
        format!("{text}\n").as_bytes(),
    )
}

fn first_calibration(surprises: Vec<(String, f64)>) -> Result<Vec<u8>> {
    let example = |(window, sigma_raw): (String, f64)| {
        Ok(CalibrationExample {
            bucket_id: ContextLabel::classify(None, &window, None)?.bucket_id(),
            sigma_raw,
        })
    };
    let examples = surprises
        .into_iter()
        .map(example)
        .collect::<Result<Vec<_>>>()?;
    write_calibration_table(&build_calibration_table(
        examples,
        &BuildOptions::default(),
    )?)
}
