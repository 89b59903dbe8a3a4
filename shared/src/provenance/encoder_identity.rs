//! What an encoder is known by: its weights, and all that makes states of them, as the Python
//! package's version after 0.2.1 hashes them.
//!
//! That version's hash of the runtime takes in the package's own source, so it is bound to one build
//! of it: whoever wants to check one needs the digests of that build's source ([`KNOWN_BUILDS`]). What
//! this program writes takes in the state contract instead ([`own_runtime_hash`]).

use super::{FileHashes, Json};
use crate::Result;
use crate::state_contract::{STATE_CONTRACT_KEY, StateContract};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const BUNDLE_CONTRACT: &str = "geno_lewm.encoder_weight_bundle.v1";
const RUNTIME_CONTRACT: &str = "geno_lewm.encoder_runtime.v1";
const OWN_CONTRACT: &str = "genolewm.encoder_runtime.v1";

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

/// The builds whose source is known: none. The one release, 0.2.1, lacks four of
/// [`IMPLEMENTATION_FILES`], so that no such hash is of it.
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
    let implementation = IMPLEMENTATION_FILES.iter().zip(build.digests);
    Json::from([
        ("contract", RUNTIME_CONTRACT.into()),
        ("weights_hash", weights_hash.into()),
        ("runtime_files", runtime_files(files)),
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

/// The hash of an encoder as this program runs it: of its weights, of its files among
/// [`IDENTITY_FILES`], and of the rule by which its rows become states.
///
/// # Errors
/// None in practice: only numbers can be refused.
pub fn own_runtime_hash(
    contract: StateContract,
    weights_hash: &str,
    files: &FileHashes,
) -> Result<String> {
    Json::from([
        ("contract", OWN_CONTRACT.into()),
        (STATE_CONTRACT_KEY, contract.as_str().into()),
        ("weights_hash", weights_hash.into()),
        ("runtime_files", runtime_files(files)),
    ])
    .sha256()
}

/// What a manifest of this program knows an encoder by: under `l2_normalized_v2` by all that makes its
/// states, before by its weights, as the package did.
///
/// # Errors
/// As [`own_runtime_hash`].
pub fn encoder_hash(
    contract: StateContract,
    weights_hash: &str,
    files: &FileHashes,
) -> Result<String> {
    match contract {
        StateContract::L2NormalizedV2 => own_runtime_hash(contract, weights_hash, files),
        _ => Ok(weights_hash.to_string()),
    }
}

/// Of `files` those that decide states, in their order.
fn runtime_files(files: &FileHashes) -> Json {
    let listed = IDENTITY_FILES.iter();
    let listed = listed.filter_map(|name| Some(file(name, files.get(*name)?)));
    Json::Array(listed.collect())
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

/// What a manifest's hash of an encoder is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderSeal {
    /// The weights alone.
    Weights,
    /// Its other files too, as this program runs it.
    Runtime,
    /// Its other files too, as a build of the Python package runs it.
    Package(&'static PackageBuild),
}

impl EncoderSeal {
    /// What a manifest's hash is of, if it is of this encoder at all.
    ///
    /// # Errors
    /// As [`own_runtime_hash`].
    pub fn of(wanted: &str, weights_hash: &str, files: &FileHashes) -> Result<Option<Self>> {
        let own = own_runtime_hash(StateContract::L2NormalizedV2, weights_hash, files)?;
        if wanted == weights_hash {
            return Ok(Some(Self::Weights));
        }
        if wanted == own {
            return Ok(Some(Self::Runtime));
        }
        Ok(build_of(wanted, weights_hash, files, KNOWN_BUILDS)?.map(Self::Package))
    }
}

impl core::fmt::Display for EncoderSeal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Weights => f.write_str("not sealed by this manifest"),
            Self::Runtime => f.write_str("sealed by this manifest"),
            Self::Package(build) => {
                write!(
                    f,
                    "sealed by this manifest, for version {} of the package",
                    build.version
                )
            }
        }
    }
}

fn file(path: &str, hash: &str) -> Json {
    Json::from([("path", path.into()), ("sha256", hash.into())])
}

#[cfg(test)]
mod tests {
    use super::super::sha256_prefixed;
    use super::*;
    use alloc::format;

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
        let seal = |hash: &str| EncoderSeal::of(hash, &weights, &files);
        assert_eq!(seal(&runtime)?, None);
        assert_eq!(seal(&weights)?, Some(EncoderSeal::Weights));
        let own = encoder_hash(StateContract::L2NormalizedV2, &weights, &files)?;
        assert_eq!(
            own,
            "sha256:e2f612df044c985ae7fbd2ab80d6ef69e37efca0326ece8fc29def4c7117b545"
        );
        assert_eq!(seal(&own)?, Some(EncoderSeal::Runtime));
        assert_eq!(
            encoder_hash(StateContract::RawV0_2_1, &weights, &files)?,
            weights
        );
        Ok(())
    }
}
