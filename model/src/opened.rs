//! A model directory opened: its manifest, its seal, and every small file that decides scores, each
//! read once, so that what was hashed is what is used.

use crate::files::ModelFiles;
use genolewm_core::limits::MAX_ENCODER_LAYERS;
use genolewm_core::provenance::{
    ENCODER_INDEX, ENCODER_PREFIX, ENCODER_WEIGHTS, EncoderSeal, FileHashes, KNOWN_BUILDS,
    MANIFEST_FILE, Manifest, RUNTIME_FILES, RuntimeFiles, SEAL_FILE, Seal, Sha256Stream,
    is_model_path, sha256_prefixed, weight_bundle_hash,
};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// Weight files of an encoder: names and bytes.
type Shards = Vec<(String, Vec<u8>)>;

/// The small files of an encoder by name: configuration and tokenizer.
pub type EncoderDocuments = BTreeMap<String, Vec<u8>>;

/// A model whose manifest and small files were read and checked. Weights are, when they are asked
/// for.
pub struct OpenModel<'a> {
    model: &'a dyn ModelFiles,
    encoder: &'a dyn ModelFiles,
    manifest: Manifest,
    seal: Option<Seal>,
    /// Those of [`RUNTIME_FILES`] that are there, by path.
    documents: BTreeMap<String, Vec<u8>>,
}

impl<'a> OpenModel<'a> {
    /// Opens a model. Where it has a seal, no file counts that the seal does not list.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file, `PROVENANCE.MANIFEST_HASH_MISMATCH` for one
    /// that is not the sealed one, `INPUT.GENERIC` for a manifest or seal that is none.
    pub fn open(model: &'a dyn ModelFiles, encoder: &'a dyn ModelFiles) -> Result<Self> {
        let seal = model.read(SEAL_FILE)?;
        Self::with_seal(
            model,
            encoder,
            seal.map(|seal| Seal::parse(&seal)).transpose()?,
        )
    }

    fn with_seal(
        model: &'a dyn ModelFiles,
        encoder: &'a dyn ModelFiles,
        seal: Option<Seal>,
    ) -> Result<Self> {
        let manifest = model.require(MANIFEST_FILE)?;
        if let Some(seal) = &seal {
            seal.verify(MANIFEST_FILE, &manifest)?;
        }
        let mut opened = Self {
            model,
            encoder,
            manifest: Manifest::parse(&manifest)?,
            seal,
            documents: BTreeMap::new(),
        };
        for path in RUNTIME_FILES {
            if let Some(bytes) = opened.read(path)? {
                opened.documents.insert(path.to_owned(), bytes);
            }
        }
        opened.check_listed()?;
        Ok(opened)
    }

    /// A seal lists files of models alone: another name is one that was changed, and its file would
    /// not be read.
    fn check_listed(&self) -> Result<()> {
        let Some(seal) = &self.seal else {
            return Ok(());
        };
        let artifacts = self.manifest.artifacts().map(|artifact| artifact.file);
        let mut known: Vec<String> = artifacts.map(str::to_owned).collect();
        known.extend([MANIFEST_FILE, ENCODER_WEIGHTS].map(str::to_owned));
        known.extend(RUNTIME_FILES.iter().map(|&path| path.to_owned()));
        if let Some(index) = self.document(ENCODER_INDEX) {
            let shard = |name| format!("{ENCODER_PREFIX}{name}");
            known.extend(shard_names(index)?.into_iter().map(shard));
        }
        match seal
            .paths()
            .find(|path| !known.iter().any(|known| known == path))
        {
            None => Ok(()),
            Some(path) => Err(Error::new(
                ErrorCode::ProvenanceManifestHashMismatch,
                "the seal lists a file that no model has",
            )
            .with_detail("file", SEAL_FILE)
            .with_detail("path", format!("{path:?}"))
            .with_remedy("fetch the model again")),
        }
    }

    /// Seals a model: hashes every file that is read. An old seal does not count.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` for a missing file; `PROVENANCE.MANIFEST_HASH_MISMATCH` for one
    /// that is not the manifest's.
    pub fn seal(model: &'a dyn ModelFiles, encoder: &'a dyn ModelFiles) -> Result<Seal> {
        let opened = Self::with_seal(model, encoder, None)?;
        let mut files = opened.runtime_files().hashes;
        let manifest = sha256_prefixed(&model.require(MANIFEST_FILE)?);
        files.insert(MANIFEST_FILE.to_owned(), manifest);
        for artifact in opened.manifest.artifacts() {
            opened.artifact(artifact.name)?;
            files.insert(artifact.file.to_owned(), artifact.hash.to_owned());
        }
        for (name, bytes) in opened.encoder_shards()? {
            files.insert(format!("{ENCODER_PREFIX}{name}"), sha256_prefixed(&bytes));
        }
        Seal::new(files)
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What a small file holds, if it is there.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<&[u8]> {
        self.documents.get(path).map(Vec::as_slice)
    }

    /// The small files of the encoder.
    #[must_use]
    pub fn encoder_documents(&self) -> EncoderDocuments {
        let own = |(path, bytes): (&String, &Vec<u8>)| {
            Some((path.strip_prefix(ENCODER_PREFIX)?.to_owned(), bytes.clone()))
        };
        self.documents.iter().filter_map(own).collect()
    }

    /// The files that the manifest has no place for, with their hashes.
    #[must_use]
    pub fn runtime_files(&self) -> RuntimeFiles {
        let hash = |(path, bytes): (&String, &Vec<u8>)| (path.clone(), sha256_prefixed(bytes));
        RuntimeFiles {
            sealed: self.seal.is_some(),
            hashes: self.documents.iter().map(hash).collect::<FileHashes>(),
        }
    }

    /// The bytes of an artifact, by the manifest's name for it; its hash was checked.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when it is missing, `PROVENANCE.MANIFEST_HASH_MISMATCH` when it is
    /// another file.
    pub fn artifact(&self, name: &str) -> Result<Vec<u8>> {
        let mut artifacts = self.manifest.artifacts();
        let artifact = artifacts
            .find(|artifact| artifact.name == name)
            .ok_or_else(|| Error::invariant(format!("a manifest has no artifact {name:?}")))?;
        let bytes = self.model.require(artifact.file)?;
        artifact.verify(&bytes)?;
        if let Some(seal) = &self.seal {
            seal.verify(artifact.file, &bytes)?;
        }
        Ok(bytes)
    }

    /// The weight files of the encoder, checked: names and bytes.
    ///
    /// # Errors
    /// As [`OpenModel::artifact`].
    pub fn encoder_shards(&self) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(self.checked_shards()?.0)
    }

    /// What the manifest's hash of the encoder is of.
    ///
    /// # Errors
    /// As [`OpenModel::artifact`].
    pub fn encoder_seal(&self) -> Result<EncoderSeal> {
        Ok(self.checked_shards()?.1)
    }

    fn checked_shards(&self) -> Result<(Shards, EncoderSeal)> {
        let shards = shards(|name| self.read(&format!("{ENCODER_PREFIX}{name}")))?;
        let wanted = &self.manifest.encoder.hash;
        let mut hash = Sha256Stream::default();
        shards.iter().for_each(|(_, bytes)| hash.update(bytes));
        let of_bytes = hash.finish();
        if of_bytes == *wanted {
            return Ok((shards, EncoderSeal::Weights));
        }
        let EncoderHashes { weights, files } =
            EncoderHashes::of(&self.encoder_documents(), &shards)?;
        if let Some(seal) = EncoderSeal::of(wanted, &weights, &files)? {
            return Ok((shards, seal));
        }
        let names: Vec<&str> = shards.iter().map(|(name, _)| name.as_str()).collect();
        Err(Error::new(
            ErrorCode::ProvenanceManifestHashMismatch,
            "the encoder's files are not those of the manifest",
        )
        .with_detail("artifact", "encoder")
        .with_detail("file", names.join(", "))
        .with_detail("expected", wanted)
        .with_detail("actual", of_bytes)
        .with_detail("known builds of the Python package", KNOWN_BUILDS.len())
        .with_remedy(
            "fetch the encoder again, at the revision that the manifest names; a hash that takes in the \
             source of the Python package after 0.2.1 can only be checked for known builds",
        ))
    }

    /// A file that may be there. What a seal does not list is not; what it lists must be.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let (files, name) = match path.strip_prefix(ENCODER_PREFIX) {
            Some(name) => (self.encoder, name),
            None => (self.model, path),
        };
        match &self.seal {
            None => files.read(name),
            Some(seal) if !seal.lists(path) => Ok(None),
            Some(seal) => {
                let bytes = files.require(name)?;
                seal.verify(path, &bytes)?;
                Ok(Some(bytes))
            }
        }
    }
}

/// What an encoder's hash in a manifest or a cache is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderHashes {
    /// That of the weights: of the one file, or of the list of several and of each.
    pub weights: String,
    /// Those of its small files, by name.
    pub files: FileHashes,
}

impl EncoderHashes {
    /// Those of an encoder directory.
    ///
    /// # Errors
    /// As [`read_shards`].
    pub fn read(files: &dyn ModelFiles) -> Result<Self> {
        Self::of(&read_documents(files)?, &read_shards(files)?)
    }

    fn of(documents: &EncoderDocuments, shards: &[(String, Vec<u8>)]) -> Result<Self> {
        let hash = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), sha256_prefixed(bytes));
        let files: FileHashes = documents.iter().map(hash).collect();
        let weights: FileHashes = shards
            .iter()
            .map(|(name, bytes)| hash((name, bytes)))
            .collect();
        let [single, index] =
            [ENCODER_WEIGHTS, ENCODER_INDEX].map(|path| &path[ENCODER_PREFIX.len()..]);
        let weights = match (weights.get(single), files.get(index)) {
            (Some(hash), _) => hash.clone(),
            (None, index_hash) => {
                let missing =
                    || Error::invariant("an encoder of several files has no list of them");
                weight_bundle_hash((index, index_hash.ok_or_else(missing)?), &weights)?
            }
        };
        Ok(Self { weights, files })
    }
}

/// The small files of an encoder directory that belongs to no model.
///
/// # Errors
/// As [`ModelFiles::read`].
pub fn read_documents(files: &dyn ModelFiles) -> Result<EncoderDocuments> {
    let mut documents = EncoderDocuments::new();
    for name in RUNTIME_FILES
        .iter()
        .filter_map(|path| path.strip_prefix(ENCODER_PREFIX))
    {
        if let Some(bytes) = files.read(name)? {
            documents.insert(name.to_owned(), bytes);
        }
    }
    Ok(documents)
}

/// The weight files of an encoder directory, in name order: names and bytes.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` for a missing file; `DEPLOY.EXPORT_FORMAT` for an index that names
/// none, or one outside the directory.
pub fn read_shards(files: &dyn ModelFiles) -> Result<Vec<(String, Vec<u8>)>> {
    shards(|name| files.read(name))
}

fn shards(read: impl Fn(&str) -> Result<Option<Vec<u8>>>) -> Result<Vec<(String, Vec<u8>)>> {
    let [single, index] =
        [ENCODER_WEIGHTS, ENCODER_INDEX].map(|path| &path[ENCODER_PREFIX.len()..]);
    if let Some(bytes) = read(single)? {
        return Ok(vec![(single.to_owned(), bytes)]);
    }
    let missing = |name: &str| {
        Error::new(
            ErrorCode::ResourceModelNotFound,
            format!("the encoder has no {name}"),
        )
        .with_remedy("give a complete encoder directory with --encoder-dir")
    };
    let index = read(index)?.ok_or_else(|| missing(single))?;
    let shard = |name: String| match read(&name)? {
        Some(bytes) => Ok((name, bytes)),
        None => Err(missing(&name)),
    };
    shard_names(&index)?.into_iter().map(shard).collect()
}

/// The weight files that the list of an encoder names, in name order.
///
/// # Errors
/// `DEPLOY.EXPORT_FORMAT` for a list that names none, too many, or one outside the directory.
pub fn shard_names(index: &[u8]) -> Result<Vec<String>> {
    let broken = |message: &str| {
        let message = format!("model.safetensors.index.json {message}");
        Error::new(ErrorCode::DeployExportFormat, message)
            .with_remedy("fetch the encoder again, at the revision that the manifest names")
    };
    let index: serde_json::Value =
        serde_json::from_slice(index).map_err(|_| broken("is not JSON"))?;
    let map = index.get("weight_map").and_then(|map| map.as_object());
    let names = map.into_iter().flat_map(|map| map.values());
    let mut names: Vec<String> = names
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    match names
        .iter()
        .find(|name| !is_model_path(name) || name.contains('/'))
    {
        Some(name) => Err(broken("names a file outside the encoder's directory")
            .with_detail("path", format!("{name:?}"))),
        None if names.is_empty() || names.len() > MAX_ENCODER_LAYERS => {
            Err(broken("names no files, or too many"))
        }
        None => Ok(names),
    }
}
