//! A model directory with weights in another number format, complete in memory.

use super::Artifact;
use super::memory::MemoryFiles;
use super::quantized::{WeightDtype, serialize};
use genolewm::bundle::Bundle;
use genolewm::config::ModelConfig;
use genolewm::files::ModelFiles;
use genolewm::opened::{EncoderHashes, OpenModel, read_documents, read_shards};
use genolewm::ops::{CpuMatrix, CpuOps};
use genolewm::scorer::{ScoreOptions, Scorer};
use genolewm::self_check;
use genolewm::weights::Weights;
use genolewm_core::provenance::{
    ENCODER_INDEX, ENCODER_PREFIX, ENCODER_WEIGHTS, MANIFEST_FILE, Manifest, ManifestArtifact,
    SEAL_FILE, SELF_CHECK_FILE, encoder_hash, sha256_prefixed,
};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// How the weights of a deployed model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dtypes {
    /// Those of predictor and action encoder.
    pub networks: WeightDtype,
    /// Those of the encoder; `None` copies its files.
    pub encoder: Option<WeightDtype>,
}

/// A model directory that is to be written.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// Its manifest.
    pub manifest: Manifest,
    /// All of its files.
    pub files: MemoryFiles,
    /// Tensors in each weight file.
    tensors: BTreeMap<String, usize>,
}

impl Deployed {
    /// Makes it of a model directory whose hashes were checked. Calibration, evaluation and config
    /// are copied: they speak of the model as it was.
    ///
    /// # Errors
    /// As the files'; `DEPLOY.QUANTIZATION_FAILED` for weights that the format cannot hold.
    pub fn new(model: &dyn ModelFiles, encoder: &dyn ModelFiles, dtypes: Dtypes) -> Result<Self> {
        let mut deployed = Self {
            manifest: Manifest::parse(&model.require(MANIFEST_FILE)?)?,
            files: MemoryFiles::default(),
            tensors: BTreeMap::new(),
        };
        deployed.add_networks(model, dtypes.networks)?;
        match dtypes.encoder {
            None => deployed.copy_encoder(encoder)?,
            Some(dtype) => deployed.add_encoder(encoder, dtype)?,
        }
        let smallest = dtypes.encoder.into_iter().chain([dtypes.networks]).max();
        if let Some(dtype) = smallest.filter(|dtype| dtype.packing().is_some()) {
            let release = format!("{}-{}", deployed.manifest.release_id, dtype.as_str());
            deployed.manifest.release_id = release;
        }
        let text = deployed.manifest.to_canonical_json()?;
        deployed.put(MANIFEST_FILE, text.into_bytes());
        Ok(deployed)
    }

    /// Loads it as any other model directory, which checks every hash.
    ///
    /// # Errors
    /// As [`Bundle::load`].
    pub fn load(&self, ops: &CpuOps) -> Result<Bundle<CpuMatrix>> {
        Bundle::load(ops, &self.files, &self.files.encoder())
    }

    /// Adds what the model answers to the self-check, by which other devices are judged, and seals
    /// all files.
    ///
    /// # Errors
    /// As the model's.
    pub fn add_answers(&mut self, ops: &CpuOps) -> Result<()> {
        let scorer = Scorer::new(ops.clone(), self.load(ops)?, ScoreOptions::default());
        let answers = self_check::Answers::of(&pollster::block_on(self_check::answers(&scorer))?);
        let mut text = serde_json::to_vec(&answers).map_err(|error| {
            let message = format!("the answers cannot be written: {error}");
            Error::new(ErrorCode::InternalInvariantViolation, message)
        })?;
        text.push(b'\n');
        self.put(SELF_CHECK_FILE, text);
        let seal = OpenModel::seal(&self.files, &self.files.encoder())?;
        self.put(SEAL_FILE, seal.to_text()?.into_bytes());
        Ok(())
    }

    /// Its files as they are written, the manifest last: without it a directory is no model.
    #[must_use]
    pub fn artifacts(&self) -> Vec<Artifact> {
        let mut artifacts: Vec<Artifact> = self
            .files
            .0
            .iter()
            .map(|(file, bytes)| Artifact {
                component: self.component(file),
                file: file.clone(),
                bytes: bytes.clone(),
                tensors: self.tensors.get(file).copied().unwrap_or(0),
            })
            .collect();
        artifacts.sort_by_key(|artifact| artifact.file == MANIFEST_FILE);
        artifacts
    }

    /// Bytes of all weights.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        let sizes = self
            .tensors
            .keys()
            .filter_map(|file| self.files.0.get(file));
        sizes.map(Vec::len).sum()
    }

    fn component(&self, file: &str) -> &'static str {
        let artifact = self
            .manifest
            .artifacts()
            .find(|artifact| artifact.file == file);
        match artifact {
            Some(artifact) => artifact.name,
            None if file.starts_with(ENCODER_PREFIX) => "encoder",
            None if file == SELF_CHECK_FILE => "self_check",
            None if file == SEAL_FILE => "seal",
            None => "manifest",
        }
    }

    /// Everything that the manifest names, under the usual names.
    fn add_networks(&mut self, model: &dyn ModelFiles, dtype: WeightDtype) -> Result<()> {
        let Manifest {
            predictor,
            action_encoder,
            ..
        } = self.manifest.clone();
        self.manifest.predictor =
            self.add_weights(model, predictor, "predictor.safetensors", dtype)?;
        self.manifest.action_encoder =
            self.add_weights(model, action_encoder, "action_encoder.safetensors", dtype)?;
        let manifest = &mut self.manifest;
        for (file, name) in [
            (&mut manifest.calibration.file, "calibration.parquet"),
            (&mut manifest.eval.file, "eval_metrics.json"),
            (&mut manifest.training.config_file, "train_config.yaml"),
        ] {
            let bytes = model.require(file)?;
            *file = name.to_owned();
            self.files.0.insert(name.to_owned(), bytes);
        }
        Ok(())
    }

    fn add_weights(
        &mut self,
        model: &dyn ModelFiles,
        artifact: ManifestArtifact,
        name: &str,
        dtype: WeightDtype,
    ) -> Result<ManifestArtifact> {
        let weights = Weights::parse(&model.require(&artifact.file)?, &artifact.file, |_| true)?;
        let hash = self.put_weights(name, weights, dtype)?;
        Ok(ManifestArtifact {
            file: name.to_owned(),
            hash,
            dtype: Some(dtype.as_str().to_owned()),
            ..artifact
        })
    }

    /// The encoder as it is, with the hash that the manifest has for it.
    fn copy_encoder(&mut self, encoder: &dyn ModelFiles) -> Result<()> {
        self.copy_encoder_files(encoder)?;
        for (name, bytes) in read_shards(encoder)? {
            let tensors = Weights::parse(&bytes, &name, |_| true)?.names().count();
            let name = format!("{ENCODER_PREFIX}{name}");
            self.tensors.insert(name.clone(), tensors);
            self.put(&name, bytes);
        }
        Ok(())
    }

    /// The encoder in another number format, in one file. It is no longer the one of its hub.
    fn add_encoder(&mut self, encoder: &dyn ModelFiles, dtype: WeightDtype) -> Result<()> {
        self.copy_encoder_files(encoder)?;
        let mut weights = Weights::default();
        for (name, bytes) in read_shards(encoder)? {
            weights.merge(Weights::parse(&bytes, &name, |_| true)?)?;
        }
        self.files.0.remove(ENCODER_INDEX);
        self.put_weights(ENCODER_WEIGHTS, weights, dtype)?;
        let config = self.files.require("train_config.yaml")?;
        let contract = ModelConfig::parse(&String::from_utf8_lossy(&config))?
            .encoder
            .contract;
        let EncoderHashes { weights, files } = EncoderHashes::read(&self.files.encoder())?;
        self.manifest.encoder.hash = encoder_hash(contract, &weights, &files)?;
        self.manifest.encoder.id = "encoder".to_owned();
        Ok(())
    }

    fn copy_encoder_files(&mut self, encoder: &dyn ModelFiles) -> Result<()> {
        for (name, bytes) in read_documents(encoder)? {
            self.put(&format!("{ENCODER_PREFIX}{name}"), bytes);
        }
        Ok(())
    }

    fn put_weights(&mut self, name: &str, weights: Weights, dtype: WeightDtype) -> Result<String> {
        let tensors = weights.into_tensors();
        let bytes = serialize(&tensors, dtype)?;
        let hash = sha256_prefixed(&bytes);
        self.tensors.insert(name.to_owned(), tensors.len());
        self.put(name, bytes);
        Ok(hash)
    }

    fn put(&mut self, name: &str, bytes: Vec<u8>) {
        self.files.0.insert(name.to_owned(), bytes);
    }
}
