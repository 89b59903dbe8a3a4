//! The files of an encoder directory: which they are, and what their hashes are of.

use crate::files::ModelFiles;
use genolewm_core::limits::MAX_ENCODER_LAYERS;
use genolewm_core::provenance::{
    ENCODER_INDEX, ENCODER_PREFIX, ENCODER_WEIGHTS, FileHashes, RUNTIME_FILES, Sha256Stream,
    is_model_path, sha256_prefixed, weight_bundle_hash,
};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// The small files of an encoder by name: configuration and tokenizer.
pub type EncoderDocuments = BTreeMap<String, Vec<u8>>;

/// Hashes of an encoder's weights, taken while they pass: of each file, and of all of them as one.
#[derive(Debug, Default)]
pub(crate) struct ShardHashes {
    file: Sha256Stream,
    /// Of one file it is the file's.
    whole: Option<Sha256Stream>,
    pub(super) files: FileHashes,
}

impl ShardHashes {
    pub(crate) fn new(files: usize) -> Self {
        Self {
            whole: (files > 1).then(Sha256Stream::default),
            ..Self::default()
        }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.file.update(piece);
        if let Some(whole) = &mut self.whole {
            whole.update(piece);
        }
    }

    /// Ends a file, whose hash is returned.
    pub(crate) fn end(&mut self, name: &str) -> &str {
        let hash = core::mem::take(&mut self.file).finish();
        self.files.entry(name.to_owned()).or_insert(hash)
    }

    pub(super) fn whole(&self) -> String {
        match &self.whole {
            Some(whole) => whole.clone().finish(),
            None => self.files.values().next().cloned().unwrap_or_default(),
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
        let documents = read_documents(files)?;
        let mut hashes = ShardHashes::new(1);
        for name in shards_of(files)? {
            files.pieces(&name, &mut |piece| {
                hashes.update(piece);
                Ok(())
            })?;
            hashes.end(&name);
        }
        Self::of(&documents, &hashes.files)
    }

    pub(super) fn of(documents: &EncoderDocuments, weights: &FileHashes) -> Result<Self> {
        let hash = |(name, bytes): (&String, &Vec<u8>)| (name.clone(), sha256_prefixed(bytes));
        let files: FileHashes = documents.iter().map(hash).collect();
        let [single, index] =
            [ENCODER_WEIGHTS, ENCODER_INDEX].map(|path| &path[ENCODER_PREFIX.len()..]);
        let weights = match (weights.get(single), files.get(index)) {
            (Some(hash), _) => hash.clone(),
            (None, index_hash) => {
                let missing =
                    || Error::invariant("an encoder of several files has no list of them");
                weight_bundle_hash((index, index_hash.ok_or_else(missing)?), weights)?
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
/// As [`shards_of`].
pub fn read_shards(files: &dyn ModelFiles) -> Result<Vec<(String, Vec<u8>)>> {
    let read = |name: String| files.require(&name).map(|bytes| (name, bytes));
    shards_of(files)?.into_iter().map(read).collect()
}

/// The names of the weight files of an encoder directory, in order.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when there are none; `DEPLOY.EXPORT_FORMAT` for an index that names
/// none, or one outside the directory.
pub fn shards_of(files: &dyn ModelFiles) -> Result<Vec<String>> {
    let [single, index] =
        [ENCODER_WEIGHTS, ENCODER_INDEX].map(|path| &path[ENCODER_PREFIX.len()..]);
    let is_there = files.size(single)?.is_some();
    shard_list(is_there, files.read(index)?.as_deref())
}

pub(super) fn shard_list(has_single: bool, index: Option<&[u8]>) -> Result<Vec<String>> {
    let single = &ENCODER_WEIGHTS[ENCODER_PREFIX.len()..];
    match index {
        _ if has_single => Ok(vec![single.to_owned()]),
        Some(index) => shard_names(index),
        None => Err(Error::new(
            ErrorCode::ResourceModelNotFound,
            format!("the encoder has no {single}"),
        )
        .with_remedy("give a complete encoder directory with --encoder-dir")),
    }
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
