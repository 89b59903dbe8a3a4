//! `genolewm export --format onnx`: files in the formats of others, whole and never in place of older
//! ones.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_core::provenance::sha256_prefixed;
use genolewm_tests::{Dir, dir, golden};
use serde_json::Value;
use std::fs;

const FILES: [&str; 3] = [
    "action_encoder.onnx",
    "export_report.json",
    "predictor.onnx",
];
const EXPORT: &str = "export --format onnx --output-dir out";

fn names(dir: &Dir, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.path(folder)).expect("a directory");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn the_report_describes_the_files_and_a_second_run_writes_the_same() {
    let dir = dir!();
    dir.run(EXPORT).ok();
    assert_eq!(names(&dir, "out"), FILES);
    let report: Value = serde_json::from_str(&dir.text("out/export_report.json")).expect("JSON");
    assert_eq!(report["format"], "onnx");
    assert_eq!(report["opset"], 20);
    let artifacts = report["artifacts"].as_array().expect("a list");
    assert_eq!(artifacts.len(), 2);
    for artifact in artifacts {
        let bytes = dir.bytes(&format!(
            "out/{}",
            artifact["file"].as_str().expect("a name")
        ));
        assert_eq!(artifact["sha256"], sha256_prefixed(&bytes));
        assert_eq!(artifact["size_bytes"], bytes.len());
        assert!(artifact["tensors"].as_u64() > Some(10));
        for said in [
            report["model"]["model_id"].as_str(),
            Some("research tool, not a diagnostic"),
        ] {
            let said = said.expect("an id").as_bytes();
            assert!(bytes.windows(said.len()).any(|part| part == said));
        }
    }
    dir.run("export --format onnx --output-dir again/and/again")
        .ok();
    for name in FILES {
        assert_eq!(
            dir.bytes(&format!("out/{name}")),
            dir.bytes(&format!("again/and/again/{name}"))
        );
    }
}

#[test]
fn what_is_there_stays_unless_it_may_be_overwritten() {
    let dir = dir!();
    fs::create_dir(dir.path("out")).expect("a directory");
    dir.create("out/predictor.onnx", "mine");
    dir.create("out/notes.txt", "mine too");
    dir.run(EXPORT).fails("INPUT.GENERIC", 2);
    assert_eq!(dir.text("out/predictor.onnx"), "mine");
    assert_eq!(names(&dir, "out"), ["notes.txt", "predictor.onnx"]);
    dir.run(&format!("{EXPORT} --overwrite")).ok();
    assert_ne!(dir.bytes("out/predictor.onnx"), b"mine");
    assert_eq!(
        names(&dir, "out"),
        [&FILES[..1], &FILES[1..2], &["notes.txt"], &FILES[2..]].concat()
    );
    assert_eq!(dir.text("out/notes.txt"), "mine too");
    dir.create("file", "");
    dir.run("export --format onnx --output-dir file --overwrite")
        .fails("INPUT.GENERIC", 2);
}

#[test]
fn only_the_two_networks_are_needed_and_their_hashes_hold() {
    let dir = dir!();
    golden::lay_out(&dir);
    fs::remove_dir_all(dir.path("golden/encoder")).expect("the encoder");
    fs::remove_file(dir.path("golden/model/calibration.parquet")).expect("the table");
    let command = format!("{EXPORT} --model-dir golden/model");
    dir.run(&command).ok();
    fs::remove_dir_all(dir.path("out")).expect("the files");
    let mut weights = dir.bytes("golden/model/predictor.safetensors");
    *weights.last_mut().expect("a byte") ^= 1;
    dir.create("golden/model/predictor.safetensors", weights);
    dir.run(&command)
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    fs::remove_file(dir.path("golden/model/predictor.safetensors")).expect("the weights");
    dir.run(&command).fails("RESOURCE.MODEL_NOT_FOUND", 4);
    dir.run(&format!("{EXPORT} --model-dir nowhere"))
        .fails("RESOURCE.MODEL_NOT_FOUND", 4);
    assert!(!dir.path("out").exists(), "something was written");
}

#[test]
fn a_checkpoint_of_pytorch_is_exported_without_being_run() {
    let dir = dir!();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/torch");
    let export = |file: &str, flags: &str| {
        format!("export --checkpoint {fixtures}/{file} --output-dir out {flags}")
    };
    dir.run(&export("predictor_checkpoint.pt", "")).ok();
    let files = [
        "action_encoder.safetensors",
        "export_report.json",
        "predictor.safetensors",
    ];
    assert_eq!(names(&dir, "out"), files);
    let report: Value = serde_json::from_str(&dir.text("out/export_report.json")).expect("JSON");
    assert_eq!(report["checkpoint"]["run_id"], "fixture");
    assert_eq!(report["checkpoint"]["steps_completed"], 12);
    for artifact in report["artifacts"].as_array().expect("a list") {
        let file = artifact["file"].as_str().expect("a name");
        let hash = sha256_prefixed(&dir.bytes(&format!("out/{file}")));
        assert_eq!(artifact["sha256"], hash.as_str(), "{file}");
    }
    let wide = dir.bytes("out/predictor.safetensors").len();
    dir.run(&export("predictor_checkpoint.pt", ""))
        .fails("INPUT.GENERIC", 2);
    dir.run(&export(
        "predictor_checkpoint.pt",
        "--overwrite --dtype fp16",
    ))
    .ok();
    assert!(dir.bytes("out/predictor.safetensors").len() < wide);
    for flags in ["--dtype int8", "--keep-encoder", "--format onnx"] {
        dir.run(&export("predictor_checkpoint.pt", flags))
            .fails("INPUT.GENERIC", 2);
    }
    let evil = dir.run(&export("evil.pt", "--overwrite"));
    let evil = evil.fails("DEPLOY.EXPORT_FORMAT", 7);
    assert!(evil.stderr().contains("__builtin__.print"), "{evil}");
}
