//! What an encoder is known by: its weights, and all that makes states of them, as the Python
//! package's version after 0.2.1 hashes them.
//!
//! That version's hash of the runtime takes in the package's own source, so it is bound to one build
//! of it: whoever wants to check one needs the digests of that build's source ([`KNOWN_BUILDS`]).

use super::{FileHashes, Json};
use crate::Result;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const BUNDLE_CONTRACT: &str = "geno_lewm.encoder_weight_bundle.v1";
const RUNTIME_CONTRACT: &str = "geno_lewm.encoder_runtime.v1";

/// Files of an encoder beside its weights that decide states, in the order in which they are hashed,
/// those that are there.
pub const IDENTITY_FILES: [&str; 10] = [
    "config.json",
    "tokenizer_config.json",
    "tokenizer.py",
    "added_tokens.json",
    "dna_config.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "vocab.json",
];

/// The package's own source that decides states, in the order in which it is hashed.
pub const IMPLEMENTATION_FILES: [&str; 8] = [
    "geno_lewm/_inference.py",
    "geno_lewm/encoder/_canonical.py",
    "geno_lewm/encoder/_dna_tokenizer.py",
    "geno_lewm/encoder/_identity.py",
    "geno_lewm/encoder/_normalization.py",
    "geno_lewm/encoder/carbon.py",
    "geno_lewm/encoder/pooling.py",
    "geno_lewm/encoder/windowing.py",
];

/// A build of the Python package, by the hashes of its [`IMPLEMENTATION_FILES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageBuild {
    /// Its version.
    pub version: &'static str,
    /// `sha256:` and the digits, in the files' order.
    pub digests: [&'static str; 8],
}

/// The builds whose source is known. None of them is released yet.
pub const KNOWN_BUILDS: &[PackageBuild] = &[];

/// The hash of weights that lie in several files: of their list and of each, by name.
///
/// # Errors
/// None in practice: only numbers can be refused.
pub fn weight_bundle_hash(index: (&str, &str), shards: &FileHashes) -> Result<String> {
    let files = shards
        .iter()
        .map(|(path, hash)| file(path, hash))
        .collect::<Vec<_>>();
    Json::from([
        ("contract", BUNDLE_CONTRACT.into()),
        ("index", file(index.0, index.1)),
        ("files", Json::Array(files)),
    ])
    .sha256()
}

/// The hash of an encoder and of the build that runs it. Of `files`, [`IDENTITY_FILES`] count.
///
/// # Errors
/// None in practice: only numbers can be refused.
pub fn encoder_runtime_hash(
    weights_hash: &str,
    files: &FileHashes,
    build: &PackageBuild,
) -> Result<String> {
    let runtime = IDENTITY_FILES
        .iter()
        .filter_map(|name| Some(file(name, files.get(*name)?)));
    let implementation = IMPLEMENTATION_FILES.iter().zip(build.digests);
    Json::from([
        ("contract", RUNTIME_CONTRACT.into()),
        ("weights_hash", weights_hash.into()),
        ("runtime_files", Json::Array(runtime.collect())),
        (
            "implementation_files",
            Json::Array(
                implementation
                    .map(|(name, hash)| file(name, hash))
                    .collect(),
            ),
        ),
    ])
    .sha256()
}

/// The known build under which an encoder has this hash.
///
/// # Errors
/// As [`encoder_runtime_hash`].
pub fn build_of<'a>(
    hash: &str,
    weights_hash: &str,
    files: &FileHashes,
    builds: &'a [PackageBuild],
) -> Result<Option<&'a PackageBuild>> {
    for build in builds {
        if encoder_runtime_hash(weights_hash, files, build)? == hash {
            return Ok(Some(build));
        }
    }
    Ok(None)
}

/// Whether a manifest seals the files beside the weights, in words.
#[must_use]
pub fn sealing(build: Option<&PackageBuild>) -> String {
    match build {
        Some(build) => format!(
            "sealed by this manifest, for version {} of the package",
            build.version
        ),
        None => "not sealed by this manifest".to_string(),
    }
}

fn file(path: &str, hash: &str) -> Json {
    Json::from([("path", path.into()), ("sha256", hash.into())])
}

#[cfg(test)]
mod tests {
    use super::super::sha256_prefixed;
    use super::*;

    fn hash(text: &str) -> String {
        sha256_prefixed(text.as_bytes())
    }

    /// Worked out by Python's `json` and `hashlib`.
    #[test]
    fn hashes_are_those_of_canonical_json() -> Result<()> {
        let shards = ["a", "b"].map(|name| (format!("{name}.safetensors"), hash(name)));
        let index = hash("index");
        let weights = weight_bundle_hash(
            ("model.safetensors.index.json", &index),
            &FileHashes::from(shards),
        )?;
        assert_eq!(
            weights,
            "sha256:a4039065a7916c311375245aaabcdce6f46735328691747ba0f2d3374b99b887"
        );
        let names = [
            "config.json",
            "tokenizer_config.json",
            "tokenizer.py",
            "dna_config.json",
            "README.md",
        ];
        let files = FileHashes::from(names.map(|name| (name.to_string(), hash(name))));
        let digests = IMPLEMENTATION_FILES.map(|name| &*hash(name).leak());
        let build = PackageBuild {
            version: "0.3.0",
            digests,
        };
        let runtime = encoder_runtime_hash(&weights, &files, &build)?;
        assert_eq!(
            runtime,
            "sha256:ee2335a82dcd63d8ed76f6ce4bbba9fa3ccd1b1df9ef49a0be9db61c9bab38af"
        );
        let builds = [build];
        let found = build_of(&runtime, &weights, &files, &builds)?;
        assert_eq!(found, builds.first());
        assert_eq!(build_of(&runtime, &weights, &files, KNOWN_BUILDS)?, None);
        assert_eq!(sealing(None), "not sealed by this manifest");
        Ok(())
    }
}
