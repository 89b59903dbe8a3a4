//! Every file of a model is part of its identity: no byte of one changes unnoticed.

#![allow(clippy::expect_used)]

use crate::common::golden_dir;
use genolewm::Runtime;
use genolewm::bundle::Bundle;
use genolewm::files::{Directory, ModelFiles};
use genolewm::info::ModelInfo;
use genolewm::opened::OpenModel;
use genolewm::ops::{CpuMatrix, CpuOps};
use genolewm_core::provenance::{
    ENCODER_PREFIX, MANIFEST_FILE, RUNTIME_FILES, SEAL_FILE, Seal, is_model_path,
};
use genolewm_core::{ErrorCode, Result};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

/// A model directory in memory.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<String, Vec<u8>>);

struct Part<'a>(&'a Model, &'static str);

impl ModelFiles for Part<'_> {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.0.get(&format!("{}{name}", self.1)).cloned())
    }

    fn describe(&self) -> String {
        "a model in memory".to_owned()
    }
}

impl Model {
    fn add(&mut self, from: &Path, prefix: &str) {
        for entry in std::fs::read_dir(from).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path
                    .file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned();
                self.0.insert(
                    format!("{prefix}{name}"),
                    std::fs::read(&path).expect("a file"),
                );
            }
        }
    }

    fn builtin() -> Self {
        Self::of_directory("models/builtin")
    }

    /// The built-in model of version 0.2.0.
    fn builtin_0_2_0() -> Self {
        Self::of_directory("tests/fixtures/contracts/builtin_0_2_0")
    }

    fn of_directory(directory: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(directory);
        let mut model = Self::default();
        model.add(&directory, "");
        model.add(&directory.join("encoder"), ENCODER_PREFIX);
        model
    }

    /// The golden model, which the Python package made: without a seal.
    fn golden() -> Self {
        let mut model = Self::default();
        model.add(&golden_dir().join("pipeline/model"), "");
        model.add(&golden_dir().join("pipeline/encoder"), ENCODER_PREFIX);
        model
    }

    fn info(&self) -> Result<ModelInfo> {
        ModelInfo::load(&Part(self, ""), &Part(self, ENCODER_PREFIX))
    }

    fn load(&self) -> Result<Bundle<CpuMatrix>> {
        Bundle::load(&CpuOps::new(), &Part(self, ""), &Part(self, ENCODER_PREFIX))
    }

    fn seal(&self) -> Result<Seal> {
        OpenModel::seal(&Part(self, ""), &Part(self, ENCODER_PREFIX))
    }

    fn flipped(&self, name: &str, place: usize, with: u8) -> Self {
        let mut model = self.clone();
        let bytes = model.0.get_mut(name).expect("a file");
        let place = place % bytes.len();
        bytes[place] ^= with;
        model
    }
}

fn builtin() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(Model::builtin)
}

/// The files that the seal lists, and the seal.
fn sealed_files() -> Vec<String> {
    let seal = Seal::parse(&builtin().0[SEAL_FILE]).expect("the built-in model is sealed");
    let listed = seal.paths().map(str::to_owned);
    listed.chain([SEAL_FILE.to_owned()]).collect()
}

#[test]
fn the_built_in_model_is_sealed_with_every_file_of_its_encoder() {
    let model = builtin();
    assert!(model.info().expect("the model").files.sealed);
    let files = sealed_files();
    let encoder = model
        .0
        .keys()
        .filter(|name| name.starts_with(ENCODER_PREFIX));
    for name in encoder.chain([&MANIFEST_FILE.to_owned(), &"self_check.json".to_owned()]) {
        assert!(files.contains(name), "{name}");
    }
    let again = model.seal().expect("a seal").to_text().expect("a text");
    assert_eq!(again.as_bytes(), model.0[SEAL_FILE]);
}

#[test]
fn a_name_in_a_seal_changed_and_its_file_was_not_read() {
    let mut model = builtin().clone();
    let seal = core::str::from_utf8(&model.0[SEAL_FILE]).expect("a text");
    let changed = seal.replace("special_tokens_map", "spdcial_tokens_map");
    assert_ne!(changed, seal);
    model.0.insert(SEAL_FILE.to_owned(), changed.into_bytes());
    let error = model.load().map(|_| ()).expect_err("another name");
    assert_eq!(error.code(), ErrorCode::ProvenanceManifestHashMismatch);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_byte_of_any_sealed_file_changed_unnoticed(
        file in 0usize..64,
        place: usize,
        with in 1u8..=255,
    ) {
        let files = sealed_files();
        let name = &files[file % files.len()];
        let changed = builtin().flipped(name, place, with);
        prop_assert!(changed.load().is_err(), "{name} at {place}");
    }

    /// Without a seal a byte of a file is either refused by what the manifest says, or another
    /// identity.
    #[test]
    fn a_byte_of_an_unsealed_file_changed_without_another_identity(
        file in 0usize..64,
        place: usize,
        with in 1u8..=255,
    ) {
        static MODEL: OnceLock<(Model, String)> = OnceLock::new();
        let (model, identity) = MODEL.get_or_init(|| {
            let model = Model::golden();
            let identity = model.info().expect("the model").files_id().expect("a hash");
            (model, identity)
        });
        let seal = model.seal().expect("what is read");
        let files: Vec<&str> = seal.paths().collect();
        let name = files[file % files.len()];
        let changed = model.flipped(name, place, with);
        if let Ok(info) = changed.info() {
            let weights = name.ends_with(".safetensors") || name == "eval_metrics.json";
            match weights {
                true => prop_assert!(changed.load().is_err(), "{name} at {place}"),
                false => prop_assert_ne!(&info.files_id().expect("a hash"), identity, "{}", name),
            }
        }
    }
}

#[test]
fn a_file_beside_the_sealed_ones_was_read() {
    let mut model = builtin().clone();
    for name in RUNTIME_FILES {
        model
            .0
            .entry(name.to_owned())
            .or_insert_with(|| b"{".to_vec());
    }
    let info = model
        .info()
        .expect("files that the seal does not list are not there");
    let before = builtin().info().expect("the model");
    assert_eq!(info.files, before.files);
    model.load().expect("the model");
}

#[test]
fn a_sealed_file_is_missing() {
    for name in sealed_files().iter().filter(|name| *name != SEAL_FILE) {
        let mut model = builtin().clone();
        model.0.remove(name);
        let error = model.load().expect_err(name);
        assert_eq!(error.code(), ErrorCode::ResourceModelNotFound, "{name}");
    }
}

#[test]
fn a_seal_in_another_form_is_none() {
    let text = String::from_utf8(builtin().0[SEAL_FILE].clone()).expect("text");
    for bad in [
        text.trim_end().to_owned(),
        format!(" {text}"),
        text.replace("genolewm.seal.v1", "genolewm.seal.v2"),
        text.replace("encoder/config.json", "../config.json"),
        text.replace("encoder/config.json", "seal.json"),
        text.replace("manifest.json", "manifest.txt"),
        "{}".to_owned(),
        String::new(),
    ] {
        assert!(Seal::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn the_model_answered_otherwise_and_was_used() {
    // Its manifest does not know the encoder's configuration, as later ones do.
    let mut model = Model::builtin_0_2_0();
    model.0.remove(SEAL_FILE).expect("a seal");
    let config = model.0.get_mut("encoder/config.json").expect("a config");
    let text = String::from_utf8(config.clone()).expect("text");
    let other = text.replacen("\"rope_theta\": 10000", "\"rope_theta\": 50", 1);
    assert_ne!(text, other, "{text}");
    *config = other.into_bytes();
    model.load().expect("it can be loaded");
    let (ours, encoder) = (Part(&model, ""), Part(&model, ENCODER_PREFIX));
    let error = Runtime::load(CpuOps::new(), &ours, &encoder)
        .map(|_| ())
        .expect_err("answers");
    assert_eq!(error.code(), ErrorCode::DeployBackendUnsupported);
}

#[cfg(unix)]
#[test]
fn a_link_led_out_of_the_model_directory() {
    use std::os::unix::fs::symlink;
    let root = std::env::temp_dir().join(format!("genolewm-links-{}", std::process::id()));
    let model = root.join("model");
    std::fs::create_dir_all(model.join("encoder")).expect("a directory");
    std::fs::write(root.join("secret"), "x").expect("a file");
    std::fs::write(model.join("inside"), "x").expect("a file");
    symlink("../secret", model.join("manifest.json")).expect("a link");
    symlink("../../secret", model.join("encoder/config.json")).expect("a link");
    symlink("inside", model.join("kept")).expect("a link");
    symlink("nowhere", model.join("broken")).expect("a link");
    symlink("/dev/zero", model.join("endless")).expect("a link");
    let directory = Directory::open(&model).expect("a directory");
    for name in [
        "manifest.json",
        "encoder/config.json",
        "broken",
        "endless",
        "../secret",
        "encoder",
    ] {
        assert!(directory.read(name).is_err(), "{name}");
    }
    assert_eq!(directory.read("kept").expect("a file"), Some(b"x".to_vec()));
    assert_eq!(directory.read("absent").expect("none"), None);
    // A snapshot of the hub's cache is links to its repository's own files.
    let snapshot = root.join("models--a--b/snapshots/1");
    std::fs::create_dir_all(&snapshot).expect("a directory");
    std::fs::create_dir_all(root.join("models--a--b/blobs")).expect("a directory");
    std::fs::write(root.join("models--a--b/blobs/c0ffee"), "x").expect("a file");
    symlink("../../blobs/c0ffee", snapshot.join("config.json")).expect("a link");
    symlink("../../../secret", snapshot.join("vocab.json")).expect("a link");
    let directory = Directory::open(&snapshot).expect("a directory");
    assert!(directory.read("config.json").expect("a file").is_some());
    assert!(directory.read("vocab.json").is_err());
    let elsewhere = root.join("elsewhere");
    std::fs::create_dir_all(&elsewhere).expect("a directory");
    std::fs::write(elsewhere.join("manifest.json"), "{}").expect("a file");
    symlink("../model/encoder", elsewhere.join("encoder")).expect("a link");
    assert!(
        Directory::open(&elsewhere)
            .expect("a directory")
            .encoder()
            .is_err()
    );
    std::fs::remove_dir_all(&root).expect("cleaned up");
}

#[test]
fn paths_that_reach_other_hosts_and_files_are_none() {
    let names: serde_json::Value =
        serde_json::from_slice(include_bytes!("../../../npm/test/model-paths.json")).expect("JSON");
    for (kind, expected) in [("good", true), ("bad", false)] {
        let paths = names[kind].as_array().expect("paths");
        assert!(paths.len() > 5);
        for path in paths {
            assert_eq!(
                is_model_path(path.as_str().expect("a text")),
                expected,
                "{path}"
            );
        }
    }
}
