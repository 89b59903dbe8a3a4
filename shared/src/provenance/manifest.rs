//! The manifest: what a model directory holds and what each file must hash to.

use super::model_path::refused_path;
use super::{Json, is_model_path, is_sha256, sha256_prefixed};
use crate::{Error, ErrorCode, Result};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

/// What helps where a file is no manifest.
const REMEDY: &str = "use the manifest.json that came with the model";

/// The manifest layout that this program reads and writes.
pub const MANIFEST_SCHEMA_VERSION: &str = "1.0.0";

/// One file of the model directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestArtifact {
    /// Path inside the model directory, with forward slashes.
    pub file: String,
    /// `sha256:` and the hash of the file's bytes.
    pub hash: String,
    /// The tensors' number format, for weights.
    pub dtype: Option<String>,
    /// The artifact's own version, if it has one.
    pub version: Option<String>,
}

impl ManifestArtifact {
    fn named(&self, name: &'static str) -> ArtifactRef<'_> {
        ArtifactRef {
            name,
            file: &self.file,
            hash: &self.hash,
        }
    }

    fn to_json(&self) -> Json {
        let optional = |text: &Option<String>| text.as_deref().map_or(Json::Null, Json::from);
        Json::from([
            ("file", self.file.as_str().into()),
            ("hash", self.hash.as_str().into()),
            ("dtype", optional(&self.dtype)),
            ("version", optional(&self.version)),
        ])
    }
}

/// The frozen state encoder that the model was trained with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEncoder {
    /// A hub name or a relative directory.
    pub id: String,
    /// The revision on the hub.
    pub revision: String,
    /// `sha256:` and the hash of the encoder.
    pub hash: String,
}

/// How the model was trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestTraining {
    /// Path of the configuration inside the model directory.
    pub config_file: String,
    /// `sha256:` and the hash of that file.
    pub hash: String,
    /// The releases of the data sets, by name.
    pub data_snapshot: BTreeMap<String, String>,
}

/// A model directory's table of contents, version 1.0.0. Its hash is the model's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The model's name.
    pub model_name: String,
    /// The model's version.
    pub model_version: String,
    /// The release that the files belong to.
    pub release_id: String,
    /// The state encoder.
    pub encoder: ManifestEncoder,
    /// The predictor's weights.
    pub predictor: ManifestArtifact,
    /// The action encoder's weights.
    pub action_encoder: ManifestArtifact,
    /// The calibration table.
    pub calibration: ManifestArtifact,
    /// The evaluation figures.
    pub eval: ManifestArtifact,
    /// The training configuration and data.
    pub training: ManifestTraining,
}

/// A file that the manifest names, and the hash that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArtifactRef<'a> {
    /// The manifest's name for it, for example `predictor`.
    pub name: &'static str,
    /// Path inside the model directory.
    pub file: &'a str,
    /// `sha256:` and the expected hash.
    pub hash: &'a str,
}

impl ArtifactRef<'_> {
    /// Checks the file's bytes.
    ///
    /// # Errors
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH` when they hash to something else.
    pub fn verify(&self, bytes: &[u8]) -> Result<()> {
        self.verify_hash(&sha256_prefixed(bytes))
    }

    /// Checks a hash that was taken while the file was read (see [`Sha256Stream`](super::Sha256Stream)).
    ///
    /// # Errors
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH` when it is another one.
    pub fn verify_hash(&self, actual: &str) -> Result<()> {
        if actual == self.hash {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::ProvenanceManifestHashMismatch,
            format!("{} is not the file that the manifest describes", self.file),
        )
        .with_detail("artifact", self.name)
        .with_detail("file", self.file)
        .with_detail("expected", self.hash)
        .with_detail("actual", actual)
        .with_remedy("fetch the model directory again; do not score with it as it is"))
    }
}

impl Manifest {
    /// Its keys, in the order in which one thinks of it.
    pub const KEYS: [&'static str; 10] = [
        "schema_version",
        "model_name",
        "model_version",
        "release_id",
        "encoder",
        "predictor",
        "action_encoder",
        "calibration",
        "training",
        "eval",
    ];

    /// Reads a manifest, strictly.
    ///
    /// # Errors
    /// `CONFIG.SCHEMA_INCOMPAT` for another schema version; `INPUT.GENERIC` for everything else:
    /// text that is not JSON, missing, unknown or empty keys, a malformed hash, and a path that
    /// could leave the model directory.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let document =
            Json::parse(bytes, "manifest.json").map_err(|error| error.with_remedy(REMEDY))?;
        let top = ManifestObject::new("manifest", &document, &Self::KEYS)?;
        let manifest = Self {
            encoder: top.encoder()?,
            predictor: top.artifact("predictor")?,
            action_encoder: top.artifact("action_encoder")?,
            calibration: top.artifact("calibration")?,
            eval: top.artifact("eval")?,
            training: top.training()?,
            model_name: top.text("model_name")?,
            model_version: top.text("model_version")?,
            release_id: top.text("release_id")?,
        };
        let version = top.get("schema_version")?.as_str().unwrap_or_default();
        if version != MANIFEST_SCHEMA_VERSION {
            return Err(Error::new(
                ErrorCode::ConfigSchemaIncompat,
                format!("this program reads manifests of schema {MANIFEST_SCHEMA_VERSION}"),
            )
            .with_detail("schema_version", version)
            .with_remedy("use the program version that the model was released for"));
        }
        Ok(manifest)
    }

    /// The canonical text, which is also what is written to `manifest.json`.
    ///
    /// # Errors
    /// None in practice: a manifest holds no numbers, and only numbers can be refused.
    pub fn to_canonical_json(&self) -> Result<String> {
        self.to_json().canonical()
    }

    /// The model's identity: the hash of the canonical text, however the file is laid out.
    ///
    /// # Errors
    /// As [`Manifest::to_canonical_json`].
    pub fn model_id(&self) -> Result<String> {
        self.to_json().sha256()
    }

    /// Every file that the manifest vouches for. The encoder is a directory with a hash of its
    /// own rule, and is not among them.
    pub fn artifacts(&self) -> impl Iterator<Item = ArtifactRef<'_>> {
        [
            self.predictor.named("predictor"),
            self.action_encoder.named("action_encoder"),
            self.calibration.named("calibration"),
            self.eval.named("eval"),
            ArtifactRef {
                name: "training",
                file: &self.training.config_file,
                hash: &self.training.hash,
            },
        ]
        .into_iter()
    }

    /// Checks one file's bytes against the manifest, by the manifest's name for it.
    ///
    /// # Errors
    /// `PROVENANCE.MANIFEST_HASH_MISMATCH` when they differ; `INPUT.GENERIC` for a name that the
    /// manifest does not have.
    pub fn verify_artifact(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let artifact = self
            .artifacts()
            .find(|artifact| artifact.name == name)
            .ok_or_else(|| invalid(format!("a manifest has no artifact {name:?}")))?;
        artifact.verify(bytes)
    }

    fn to_json(&self) -> Json {
        let snapshot = self.training.data_snapshot.iter();
        Json::from([
            ("schema_version", MANIFEST_SCHEMA_VERSION.into()),
            ("model_name", self.model_name.as_str().into()),
            ("model_version", self.model_version.as_str().into()),
            ("release_id", self.release_id.as_str().into()),
            (
                "encoder",
                Json::from([
                    ("id", self.encoder.id.as_str().into()),
                    ("revision", self.encoder.revision.as_str().into()),
                    ("hash", self.encoder.hash.as_str().into()),
                ]),
            ),
            ("predictor", self.predictor.to_json()),
            ("action_encoder", self.action_encoder.to_json()),
            ("calibration", self.calibration.to_json()),
            ("eval", self.eval.to_json()),
            (
                "training",
                Json::from([
                    ("config_file", self.training.config_file.as_str().into()),
                    ("hash", self.training.hash.as_str().into()),
                    (
                        "data_snapshot",
                        Json::Object(
                            snapshot
                                .map(|(k, v)| (k.clone(), v.as_str().into()))
                                .collect(),
                        ),
                    ),
                ]),
            ),
        ])
    }
}

/// One object of the document, whose keys have been checked.
struct ManifestObject<'a> {
    name: &'a str,
    members: &'a BTreeMap<String, Json>,
}

impl<'a> ManifestObject<'a> {
    fn new(name: &'a str, value: &'a Json, known: &[&str]) -> Result<Self> {
        let members = value
            .as_object()
            .ok_or_else(|| invalid(format!("{name} must be an object")))?;
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(invalid(format!("{name} has an unknown key {key:?}"))),
            None => Ok(Self { name, members }),
        }
    }

    fn get(&self, key: &str) -> Result<&'a Json> {
        self.members
            .get(key)
            .ok_or_else(|| invalid(format!("{} has no {key:?}", self.name)))
    }

    fn text(&self, key: &str) -> Result<String> {
        match self.get(key)?.as_str() {
            Some(text) if !text.is_empty() => Ok(text.to_string()),
            _ => Err(invalid(format!(
                "{}.{key} must be a text, and not empty",
                self.name
            ))),
        }
    }

    /// A key that may be absent or null.
    fn optional_text(&self, key: &str) -> Result<Option<String>> {
        match self.members.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid(format!(
                "{}.{key} must be a text or null",
                self.name
            ))),
        }
    }

    fn hash(&self) -> Result<String> {
        let hash = self.text("hash")?;
        if is_sha256(&hash) {
            return Ok(hash);
        }
        Err(invalid(format!(
            "{}.hash must be sha256: and 64 lower-case hex digits",
            self.name
        )))
    }

    fn path(&self, key: &str) -> Result<String> {
        let path = self.text(key)?;
        match is_model_path(&path) {
            true => Ok(path),
            false => Err(refused_path(&format!("{}.{key}", self.name), &path)),
        }
    }

    fn encoder(&self) -> Result<ManifestEncoder> {
        let block =
            ManifestObject::new("encoder", self.get("encoder")?, &["id", "revision", "hash"])?;
        Ok(ManifestEncoder {
            id: block.text("id")?,
            revision: block.text("revision")?,
            hash: block.hash()?,
        })
    }

    fn artifact(&self, name: &str) -> Result<ManifestArtifact> {
        let block =
            ManifestObject::new(name, self.get(name)?, &["file", "hash", "dtype", "version"])?;
        Ok(ManifestArtifact {
            file: block.path("file")?,
            hash: block.hash()?,
            dtype: block.optional_text("dtype")?,
            version: block.optional_text("version")?,
        })
    }

    fn training(&self) -> Result<ManifestTraining> {
        let known = ["config_file", "hash", "data_snapshot"];
        let block = ManifestObject::new("training", self.get("training")?, &known)?;
        let mut data_snapshot = BTreeMap::new();
        if let Some(value) = block.members.get("data_snapshot") {
            let members = value
                .as_object()
                .ok_or_else(|| snapshot_error("data_snapshot"))?;
            for (key, value) in members {
                let release = value.as_str().ok_or_else(|| snapshot_error(key))?;
                data_snapshot.insert(key.clone(), release.to_string());
            }
        }
        Ok(ManifestTraining {
            config_file: block.path("config_file")?,
            hash: block.hash()?,
            data_snapshot,
        })
    }
}

fn snapshot_error(key: &str) -> Error {
    invalid("training.data_snapshot must be an object of texts").with_detail("key", key)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::input(message).with_remedy(REMEDY)
}
