//! A model directory opened: its manifest, its seal, and every small file that decides scores, each
//! read once, so that what was hashed is what is used.

mod shards;

use crate::files::ModelFiles;
use genolewm_core::provenance::{
    ArtifactRef, ENCODER_INDEX, ENCODER_PREFIX, ENCODER_WEIGHTS, EncoderSeal, FileHashes,
    KNOWN_BUILDS, MANIFEST_FILE, Manifest, RUNTIME_FILES, RuntimeFiles, SEAL_FILE, Seal,
    Sha256Stream, sha256_prefixed,
};
use genolewm_core::{Error, ErrorCode, Result};
pub(crate) use shards::ShardHashes;
use shards::shard_list;
pub use shards::{
    EncoderDocuments, EncoderHashes, read_documents, read_shards, shard_names, shards_of,
};
use std::collections::BTreeMap;

/// A model whose manifest and small files were read and checked. Weights are, while they pass.
pub struct OpenModel<'a> {
    model: &'a dyn ModelFiles,
    encoder: &'a dyn ModelFiles,
    contents: Contents,
}

/// What was read of a model when it was opened: all that says which files are its own.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    manifest: Manifest,
    seal: Option<Seal>,
    /// Those of [`RUNTIME_FILES`] that are there, by path.
    documents: BTreeMap<String, Vec<u8>>,
}

/// A file of weights of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightFile {
    /// Its path in the model, `encoder/` before an encoder's own.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// What it holds.
    pub part: WeightPart,
}

/// What a file of weights holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightPart {
    /// The encoder, or some of it.
    Encoder,
    /// The action encoder.
    Action,
    /// The predictor.
    Predictor,
}

impl WeightPart {
    /// The manifest's name for it, where it is one file.
    pub(crate) const fn artifact(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::Action => "action_encoder",
            Self::Predictor => "predictor",
        }
    }
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
            contents: Contents {
                manifest: Manifest::parse(&manifest)?,
                seal,
                documents: BTreeMap::new(),
            },
        };
        for path in RUNTIME_FILES {
            if let Some(bytes) = opened.read(path)? {
                opened.contents.documents.insert(path.to_owned(), bytes);
            }
        }
        opened.check_listed()?;
        Ok(opened)
    }

    /// A seal lists files of models alone: another name is one that was changed, and its file would
    /// not be read.
    fn check_listed(&self) -> Result<()> {
        let Some(seal) = &self.contents.seal else {
            return Ok(());
        };
        let artifacts = self
            .contents
            .manifest
            .artifacts()
            .map(|artifact| artifact.file);
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
        for artifact in opened.contents.manifest.artifacts() {
            artifact.verify_hash(&opened.hash(artifact.file)?)?;
            files.insert(artifact.file.to_owned(), artifact.hash.to_owned());
        }
        let shards = opened.hash_shards()?;
        opened.contents.check_encoder(&shards)?;
        for (name, hash) in shards.files {
            files.insert(format!("{ENCODER_PREFIX}{name}"), hash);
        }
        Seal::new(files)
    }

    /// The manifest.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.contents.manifest
    }

    /// What a small file holds, if it is there.
    #[must_use]
    pub fn document(&self, path: &str) -> Option<&[u8]> {
        self.contents.documents.get(path).map(Vec::as_slice)
    }

    /// The small files of the encoder.
    #[must_use]
    pub fn encoder_documents(&self) -> EncoderDocuments {
        self.contents.encoder_documents()
    }

    /// The files that the manifest has no place for, with their hashes.
    #[must_use]
    pub fn runtime_files(&self) -> RuntimeFiles {
        let hash = |(path, bytes): (&String, &Vec<u8>)| (path.clone(), sha256_prefixed(bytes));
        RuntimeFiles {
            sealed: self.contents.seal.is_some(),
            hashes: self
                .contents
                .documents
                .iter()
                .map(hash)
                .collect::<FileHashes>(),
        }
    }

    /// The bytes of a small artifact, by the manifest's name for it; its hash was checked.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when it is missing, `PROVENANCE.MANIFEST_HASH_MISMATCH` when it is
    /// another file.
    pub fn artifact(&self, name: &str) -> Result<Vec<u8>> {
        let bytes = self.model.require(self.contents.artifact(name)?.file)?;
        self.contents
            .check_artifact(name, &sha256_prefixed(&bytes))?;
        Ok(bytes)
    }

    /// The files of weights, in the order in which they are loaded: the largest, the encoder's, before
    /// anything else is held.
    ///
    /// # Errors
    /// `RESOURCE.MODEL_NOT_FOUND` when one is missing.
    pub fn weight_files(&self) -> Result<Vec<WeightFile>> {
        let mut files = Vec::new();
        for name in self.shards()? {
            files.push((format!("{ENCODER_PREFIX}{name}"), WeightPart::Encoder));
        }
        for part in [WeightPart::Action, WeightPart::Predictor] {
            let file = self.contents.artifact(part.artifact())?.file;
            files.push((file.to_owned(), part));
        }
        let sized = |(path, part): (String, WeightPart)| {
            let (files, name) = self.place(&path);
            let size = files.size(name)?.ok_or_else(|| files.missing(name))?;
            Ok(WeightFile { path, size, part })
        };
        files.into_iter().map(sized).collect()
    }

    /// Hands the bytes of a file to `take`, piece by piece.
    ///
    /// # Errors
    /// As [`ModelFiles::pieces`].
    pub fn pieces(&self, path: &str, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let (files, name) = self.place(path);
        files.pieces(name, take)
    }

    /// What the manifest's hash of the encoder is of.
    ///
    /// # Errors
    /// As [`OpenModel::artifact`].
    pub fn encoder_seal(&self) -> Result<EncoderSeal> {
        self.contents.check_encoder(&self.hash_shards()?)
    }

    pub(crate) const fn contents(&self) -> &Contents {
        &self.contents
    }

    fn hash(&self, path: &str) -> Result<String> {
        let mut hash = Sha256Stream::default();
        self.pieces(path, &mut |piece| {
            hash.update(piece);
            Ok(())
        })?;
        Ok(hash.finish())
    }

    fn hash_shards(&self) -> Result<ShardHashes> {
        let names = self.shards()?;
        let mut hashes = ShardHashes::new(names.len());
        for name in names {
            let path = format!("{ENCODER_PREFIX}{name}");
            self.pieces(&path, &mut |piece| {
                hashes.update(piece);
                Ok(())
            })?;
            self.contents.check_sealed(&path, hashes.end(&name))?;
        }
        Ok(hashes)
    }

    /// The names of the encoder's files of weights.
    fn shards(&self) -> Result<Vec<String>> {
        let (files, single) = self.place(ENCODER_WEIGHTS);
        let is_there = match &self.contents.seal {
            Some(seal) => seal.lists(ENCODER_WEIGHTS),
            None => files.size(single)?.is_some(),
        };
        shard_list(is_there, self.document(ENCODER_INDEX))
    }

    /// Where a path lies.
    fn place<'p>(&self, path: &'p str) -> (&'a dyn ModelFiles, &'p str) {
        match path.strip_prefix(ENCODER_PREFIX) {
            Some(name) => (self.encoder, name),
            None => (self.model, path),
        }
    }

    /// A file that may be there. What a seal does not list is not; what it lists must be.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let (files, name) = self.place(path);
        match &self.contents.seal {
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

impl Contents {
    pub(crate) fn encoder_documents(&self) -> EncoderDocuments {
        let own = |(path, bytes): (&String, &Vec<u8>)| {
            Some((path.strip_prefix(ENCODER_PREFIX)?.to_owned(), bytes.clone()))
        };
        self.documents.iter().filter_map(own).collect()
    }

    fn artifact(&self, name: &str) -> Result<ArtifactRef<'_>> {
        let mut artifacts = self.manifest.artifacts();
        artifacts
            .find(|artifact| artifact.name == name)
            .ok_or_else(|| Error::invariant(format!("a manifest has no artifact {name:?}")))
    }

    /// Checks the hash of an artifact.
    pub(crate) fn check_artifact(&self, name: &str, hash: &str) -> Result<()> {
        let artifact = self.artifact(name)?;
        artifact.verify_hash(hash)?;
        self.check_sealed(artifact.file, hash)
    }

    /// Checks the hash of a file against the seal, where there is one.
    pub(crate) fn check_sealed(&self, path: &str, hash: &str) -> Result<()> {
        let seal = self.seal.as_ref();
        seal.map_or(Ok(()), |seal| seal.verify_hash(path, hash))
    }

    /// Checks the hashes of the encoder's weights, once all have passed.
    pub(crate) fn check_encoder(&self, shards: &ShardHashes) -> Result<EncoderSeal> {
        let wanted = &self.manifest.encoder.hash;
        let of_bytes = shards.whole();
        if of_bytes == *wanted {
            return Ok(EncoderSeal::Weights);
        }
        let EncoderHashes { weights, files } =
            EncoderHashes::of(&self.encoder_documents(), &shards.files)?;
        if let Some(seal) = EncoderSeal::of(wanted, &weights, &files)? {
            return Ok(seal);
        }
        let names: Vec<&str> = shards.files.keys().map(String::as_str).collect();
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
}
