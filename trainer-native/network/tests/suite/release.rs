//! A small release of a model, and a server of it.

use super::server::{Asked, Reply};
use genolewm_core::provenance::{
    Manifest, ManifestArtifact, ManifestEncoder, ManifestTraining, sha256_prefixed,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Files by their names.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Bytes that no two pieces of are alike.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    (0..length).map(next).collect()
}

/// All files of a release, its manifest among them.
pub(super) fn release(version: &str, id: &str, seed: u64) -> Files {
    let names = [
        "predictor.safetensors",
        "action_encoder.safetensors",
        "calibration.parquet",
        "eval_metrics.json",
        "train_config.yaml",
    ];
    let lengths = [300_000, 200_000, 5_000, 2, 700];
    let made = names.iter().zip(lengths).enumerate();
    let mut files: Files = made
        .map(|(at, (name, length))| ((*name).to_owned(), noise(seed + at as u64, length)))
        .collect();
    let artifact = |name: &str| ManifestArtifact {
        file: name.to_owned(),
        hash: sha256_prefixed(&files[name]),
        dtype: None,
        version: None,
    };
    let manifest = Manifest {
        model_name: "test".to_owned(),
        model_version: version.to_owned(),
        release_id: id.to_owned(),
        encoder: ManifestEncoder {
            id: "encoder".to_owned(),
            revision: "main".to_owned(),
            hash: sha256_prefixed(b"encoder"),
        },
        predictor: artifact(names[0]),
        action_encoder: artifact(names[1]),
        calibration: artifact(names[2]),
        eval: artifact(names[3]),
        training: ManifestTraining {
            config_file: names[4].to_owned(),
            hash: sha256_prefixed(&files[names[4]]),
            data_snapshot: BTreeMap::new(),
        },
    };
    let manifest = manifest.to_canonical_json().unwrap().into_bytes();
    files.insert("manifest.json".to_owned(), manifest);
    files
}

pub(super) fn write(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// An entry of the list of releases, in the Python package's layout.
pub(super) fn entry(version: &str, id: &str, manifest: &str) -> String {
    format!(r#"{{"model_version":"{version}","release_id":"{id}","manifest_url":"{manifest}"}}"#)
}

pub(super) fn list(entries: &[String]) -> String {
    format!(r#"{{"releases":[{}]}}"#, entries.join(","))
}

/// Serves the list at `/index.json`, and a release 0.2 named `new` below `/new/`.
pub(super) fn serve(files: &Files, asked: &Asked) -> Reply {
    let host = asked.header("host").unwrap();
    if asked.path == "/index.json" {
        let manifest = format!("http://{host}/new/manifest.json");
        return Reply::json(&list(&[entry("0.2", "new", &manifest)]));
    }
    match asked
        .path
        .strip_prefix("/new/")
        .and_then(|name| files.get(name))
    {
        Some(bytes) => Reply::file(asked, bytes, &format!("\"{}\"", bytes.len())),
        None => Reply::status(404),
    }
}
