//! The files of a model directory beside those that the manifest has a place for: what binds them
//! (`docs/formats.md`, "Model directory").
//!
//! Version 1.0.0 of the manifest refuses unknown keys, and the encoder's configuration and tokenizer
//! decide scores as weights do. So a model is its manifest *and* these files: receipts name the hash
//! of each, and the seal, a file beside the manifest, lists every file of the directory.

use super::model_path::refused_path;
use super::{Json, is_model_path, is_sha256, sha256_prefixed};
use crate::{Error, ErrorCode, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The file that names all others.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The file that lists every file of a model directory with its hash.
pub const SEAL_FILE: &str = "seal.json";
/// The file with the answers that a model is known to give.
pub const SELF_CHECK_FILE: &str = "self_check.json";
/// What the names of an encoder's files start with.
pub const ENCODER_PREFIX: &str = "encoder/";
/// The weights of an encoder that has one file of them.
pub const ENCODER_WEIGHTS: &str = "encoder/model.safetensors";
/// The list of an encoder's weight files, where there are several.
pub const ENCODER_INDEX: &str = "encoder/model.safetensors.index.json";

/// The files of a model that are read and that its manifest has no place for, those that are there.
/// An encoder's, in the order in which the Python package's next version hashes them, then the
/// list of its weights, then the answers.
pub const RUNTIME_FILES: [&str; 12] = [
    "encoder/config.json",
    "encoder/tokenizer_config.json",
    "encoder/tokenizer.py",
    "encoder/added_tokens.json",
    "encoder/dna_config.json",
    "encoder/generation_config.json",
    "encoder/merges.txt",
    "encoder/special_tokens_map.json",
    "encoder/tokenizer.json",
    "encoder/vocab.json",
    ENCODER_INDEX,
    SELF_CHECK_FILE,
];

/// The key of a receipt's details under which the files stand.
pub const MODEL_FILES_DETAIL: &str = "model_files";
const FILES_CONTRACT: &str = "genolewm.model_files.v1";
const SEAL_CONTRACT: &str = "genolewm.seal.v1";

/// Paths and the hashes of their files, `sha256:` and the digits.
pub type FileHashes = BTreeMap<String, String>;

/// The hashes of a model's [`RUNTIME_FILES`], and whether a seal vouches for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuntimeFiles {
    /// Whether the directory has a seal that was checked.
    pub sealed: bool,
    /// Each file that is there, and its hash.
    pub hashes: FileHashes,
}

impl RuntimeFiles {
    /// One hash over the model and these files: the identity of all that decides a score.
    ///
    /// # Errors
    /// None in practice: only numbers can be refused.
    pub fn commitment(&self, model_id: &str) -> Result<String> {
        Json::from([
            ("contract", FILES_CONTRACT.into()),
            ("model_id", model_id.into()),
            ("files", listed(&self.hashes)),
        ])
        .sha256()
    }

    /// What a receipt's details say of them.
    ///
    /// # Errors
    /// As [`RuntimeFiles::commitment`].
    pub fn to_json(&self, model_id: &str) -> Result<Json> {
        Ok(Json::from([
            ("contract", FILES_CONTRACT.into()),
            ("files", listed(&self.hashes)),
            ("sealed", self.sealed.into()),
            ("sha256", self.commitment(model_id)?.as_str().into()),
        ]))
    }

    /// Reads what a receipt of `model_id` says of them.
    ///
    /// # Errors
    /// `PROVENANCE.RECEIPT_SCHEMA` for a list of another form, and for one that does not have the
    /// hash that stands beside it.
    pub fn from_json(value: &Json, model_id: &str) -> Result<Self> {
        let broken = || {
            Error::new(
                ErrorCode::ProvenanceReceiptSchema,
                "the receipt's list of model files does not hold together",
            )
            .with_remedy("the receipt was altered: ask for the original, or score again")
        };
        let members = value.as_object().ok_or_else(broken)?;
        let sealed = members.get("sealed").and_then(Json::as_bool);
        let files = Self {
            sealed: sealed.ok_or_else(broken)?,
            hashes: members.get("files").and_then(hashes).ok_or_else(broken)?,
        };
        match *value == files.to_json(model_id)? {
            true => Ok(files),
            false => Err(broken()),
        }
    }

    /// The files that differ from `other`'s, or that only one of both has.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let all = self.hashes.keys().chain(other.hashes.keys());
        let mut names: Vec<String> = all
            .filter(|name| self.hashes.get(*name) != other.hashes.get(*name))
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The seal: every file of a model directory that is read, with its hash. What it does not list is
/// not there for this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    files: FileHashes,
}

impl Seal {
    /// Seals files, the manifest among them.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a path that could leave the directory, what is no hash, and a list without
    /// the manifest or with the seal itself.
    pub fn new(files: FileHashes) -> Result<Self> {
        for (path, hash) in &files {
            if !is_model_path(path) {
                return Err(refused_path("a path of the seal", path));
            }
            if !is_sha256(hash) || path == SEAL_FILE {
                return Err(invalid("a line of the seal is none").with_detail("path", path));
            }
        }
        match files.contains_key(MANIFEST_FILE) {
            true => Ok(Self { files }),
            false => Err(invalid("the seal does not list the manifest")),
        }
    }

    /// Reads a seal, to the byte as [`to_text`](Self::to_text) writes it.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let document = Json::parse(bytes, SEAL_FILE)?;
        let files = document
            .as_object()
            .and_then(|members| members.get("files"));
        let files = files
            .and_then(hashes)
            .ok_or_else(|| invalid("the seal lists no files"))?;
        let seal = Self::new(files)?;
        match seal.to_text()?.as_bytes() == bytes {
            true => Ok(seal),
            false => Err(invalid("the seal is not as it was written")),
        }
    }

    /// The seal's text: canonical JSON and a line end.
    ///
    /// # Errors
    /// None in practice: only numbers can be refused.
    pub fn to_text(&self) -> Result<String> {
        let seal = Json::from([
            ("contract", SEAL_CONTRACT.into()),
            ("files", listed(&self.files)),
        ]);
        Ok(seal.canonical()? + "\n")
    }

    /// The paths that it lists, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether it lists a file.
    #[must_use]
    pub fn lists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The paths with their hashes, sorted.
    pub fn hashes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, hash)| (path.as_str(), hash.as_str()))
    }

    /// The hash of a file that it lists.
    #[must_use]
    pub fn hash_of(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Checks one file.
    ///
    /// # Errors
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH`, naming the file, when it is another one or not listed.
    pub fn verify(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.verify_hash(path, &sha256_prefixed(bytes))
    }

    /// Checks a hash that was taken while the file was read (see [`Sha256Stream`](super::Sha256Stream)).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_hash(&self, path: &str, actual: &str) -> Result<()> {
        match self.files.get(path) {
            Some(expected) if expected == actual => Ok(()),
            expected => Err(Error::new(
                ErrorCode::ProvenanceManifestHashMismatch,
                format!("{path} is not the file that the model was sealed with"),
            )
            .with_detail("file", path)
            .with_detail("expected", expected.map_or("not listed", String::as_str))
            .with_detail("actual", actual)
            .with_remedy(
                "fetch the model directory again; whoever changed it on purpose seals it anew with \
                 `genolewm-train seal`",
            )),
        }
    }
}

/// A list of `{path, sha256}`, by path.
fn listed(files: &FileHashes) -> Json {
    let item = |(path, hash): (&String, &String)| {
        Json::from([
            ("path", path.as_str().into()),
            ("sha256", hash.as_str().into()),
        ])
    };
    Json::Array(files.iter().map(item).collect())
}

fn hashes(list: &Json) -> Option<FileHashes> {
    let Json::Array(items) = list else {
        return None;
    };
    let item = |item: &Json| {
        let members = item.as_object()?;
        let text = |key: &str| Some(members.get(key)?.as_str()?.to_string());
        Some((text("path")?, text("sha256")?))
    };
    items.iter().map(item).collect()
}

fn invalid(message: &str) -> Error {
    Error::input(message).with_remedy("fetch the model directory again, or seal it anew")
}
