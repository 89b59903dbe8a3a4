//! What a model is, and what a receipt says of it: nothing of either may be false unnoticed.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_core::provenance::{Json, sha256_prefixed};
use genolewm_tests::{Dir, dir, genome, golden};
use serde_json::Value;

pub(super) const MANIFEST: &str = "--manifest golden/model/manifest.json";
pub(super) const RECEIPTS: &str = "out.jsonl.receipts.jsonl";

/// Three scored variants with their receipts, on the golden model.
pub(super) fn scored() -> Dir {
    let dir = golden::prepared(dir!(), genome::vcf([200, 300, 400]));
    let model = golden::MODEL;
    dir.run(&format!(
        "score --vcf in.vcf --fasta ref.fa {model} --output out.jsonl"
    ))
    .ok();
    dir
}

pub(super) fn rerun(receipts: &str) -> String {
    let model = golden::MODEL;
    format!("verify {receipts} {MANIFEST} --rerun --scores out.jsonl --fasta ref.fa {model}")
}

/// The receipts as JSON, changed, and written again.
pub(super) fn alter(dir: &Dir, change: impl Fn(usize, &mut Value)) {
    let mut text = String::new();
    for (index, mut receipt) in golden::json_lines(&dir.text(RECEIPTS))
        .into_iter()
        .enumerate()
    {
        change(index, &mut receipt);
        text += &Json::from(&receipt).canonical().expect("canonical JSON");
        text.push('\n');
    }
    dir.create("altered.jsonl", text);
}

/// Changes a file of the golden model without its manifest.
pub(super) fn replace(dir: &Dir, file: &str, from: &str, to: &str) {
    let text = dir.text(file);
    let other = text.replacen(from, to, 1);
    assert_ne!(text, other, "{file} has no {from}");
    dir.create(file, other);
}

#[test]
fn verify_said_ok_with_another_rope_theta() {
    let dir = scored();
    dir.run(&rerun(RECEIPTS)).ok();
    replace(
        &dir,
        "golden/encoder/config.json",
        "\"rope_theta\": ",
        "\"rope_theta\": 5",
    );
    let failed = dir
        .run(&rerun(RECEIPTS))
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    assert!(failed.stderr().contains("encoder/config.json"), "{failed}");
}

#[test]
fn verify_said_ok_with_reversed_six_mers() {
    let dir = scored();
    let tokenizer = dir.text("golden/encoder/tokenizer.json");
    let mut value: Value = serde_json::from_str(&tokenizer).expect("JSON");
    let vocabulary = value["model"]["vocab"]
        .as_object_mut()
        .expect("a vocabulary");
    let is_six_mer = |name: &str| name.len() == 6 && name.chars().all(|c| "ACGT".contains(c));
    let mut ids: Vec<Value> = vocabulary
        .iter()
        .filter(|(name, _)| is_six_mer(name))
        .map(|(_, id)| id.clone())
        .collect();
    assert_eq!(ids.len(), 4096);
    for (name, id) in vocabulary.iter_mut() {
        if is_six_mer(name) {
            *id = ids.pop().expect("as many ids");
        }
    }
    dir.create("golden/encoder/tokenizer.json", value.to_string());
    let failed = dir
        .run(&rerun(RECEIPTS))
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    assert!(
        failed.stderr().contains("encoder/tokenizer.json"),
        "{failed}"
    );
}

#[test]
fn a_sealed_directory_is_not_used_when_a_file_of_it_changed() {
    let dir = scored();
    dir.run("train seal golden/model --encoder-dir golden/encoder")
        .ok();
    // Receipts that were made before the seal name the same files.
    dir.run(&rerun(RECEIPTS)).ok();
    let doctor = format!("doctor {}", golden::MODEL);
    assert!(dir.run(&doctor).stdout().contains("(sealed)"));
    replace(
        &dir,
        "golden/encoder/config.json",
        "\"rope_theta\": ",
        "\"rope_theta\": 5",
    );
    let score = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o again.jsonl",
        golden::MODEL
    );
    for command in [&doctor, &score, &rerun(RECEIPTS)] {
        let failed = dir
            .run(command)
            .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
        assert!(failed.stderr().contains("encoder/config.json"), "{failed}");
    }
    // Sealed again it is another model to receipts, if not to its manifest.
    dir.run("train seal golden/model --encoder-dir golden/encoder")
        .ok();
    let failed = dir
        .run(&rerun(RECEIPTS))
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    assert!(failed.stderr().contains("encoder/config.json"), "{failed}");
}

#[test]
fn a_receipt_of_a_sealed_model_passed_without_its_seal() {
    let dir = scored();
    dir.run("train seal golden/model --encoder-dir golden/encoder")
        .ok();
    let score = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o out.jsonl",
        golden::MODEL
    );
    dir.run(&score).ok();
    dir.run(&rerun(RECEIPTS)).ok();
    std::fs::remove_file(dir.path("golden/model/seal.json")).expect("a seal");
    dir.run(&rerun(RECEIPTS))
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
}

/// Writes what `change` makes of a file of the golden model, and its new hash into the manifest.
fn rehashed(dir: &Dir, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = dir.bytes(file);
    let before = sha256_prefixed(&bytes);
    change(&mut bytes);
    dir.create(file, &bytes);
    replace(
        dir,
        "golden/model/manifest.json",
        &before,
        &sha256_prefixed(&bytes),
    );
}

#[test]
fn weights_of_nan_gave_a_percentile() {
    for (file, tensor) in [
        (
            "golden/encoder/model.safetensors",
            "model.layers.0.self_attn.q_proj.weight",
        ),
        (
            "golden/encoder/model.safetensors",
            "model.layers.1.self_attn.k_proj.weight",
        ),
    ] {
        let dir = scored();
        rehashed(&dir, file, |bytes| {
            let header = u64::from_le_bytes(bytes[..8].try_into().expect("a length")) as usize;
            let names: Value = serde_json::from_slice(&bytes[8..8 + header]).expect("a header");
            let start = names[tensor]["data_offsets"][0].as_u64().expect("a place") as usize;
            let value: &[u8] = match names[tensor]["dtype"].as_str() {
                Some("F32") => &[0, 0, 0xc0, 0x7f],
                Some("F16") => &[0, 0x7e],
                _ => &[0xc0, 0x7f],
            };
            let place = 8 + header + start;
            bytes[place..place + value.len()].copy_from_slice(value);
        });
        let score = format!(
            "score --vcf in.vcf --fasta ref.fa {} -o again.jsonl",
            golden::MODEL
        );
        let failed = dir.run(&score).fails("DEPLOY.EXPORT_FORMAT", 7);
        assert!(failed.stderr().contains(tensor), "{failed}");
        dir.assert_no_output(&["again.jsonl"]);
    }
}

#[test]
fn a_window_of_half_a_billion_bases_aborted() {
    let dir = scored();
    for size in ["536870912", "1073741823", "2097152"] {
        let dir = dir!();
        golden::lay_out(&dir);
        genome::write_reference(&dir);
        dir.create("in.vcf", genome::vcf([200]));
        rehashed(&dir, "golden/model/train_config.yaml", |bytes| {
            let text = String::from_utf8(bytes.clone()).expect("text");
            let kept = text.lines().filter(|line| !line.starts_with("window_bp:"));
            let kept: Vec<&str> = kept.collect();
            *bytes = format!("{}\nwindow_bp: {size}\n", kept.join("\n")).into_bytes();
        });
        let score = format!("score --vcf in.vcf --fasta ref.fa {}", golden::MODEL);
        dir.run(&score).fails("CONFIG.GENERIC", 3);
    }
    replace(
        &dir,
        "golden/encoder/config.json",
        "\"rope_theta\": ",
        "\"rope_theta\": -",
    );
    let score = format!("score --vcf in.vcf --fasta ref.fa {}", golden::MODEL);
    dir.run(&score).fails("CONFIG.GENERIC", 3);
}

#[test]
fn a_manifest_named_files_elsewhere() {
    let dir = scored();
    let manifest = dir.text("golden/model/manifest.json");
    let eval = "\"file\":\"eval_metrics.json\"";
    assert!(manifest.contains(eval), "{manifest}");
    for path in [
        "../model/eval_metrics.json",
        "%2e%2e/x",
        " //127.0.0.1/x",
        "a//b",
        "a.",
    ] {
        let other = manifest.replace(eval, &format!("\"file\":\"{path}\""));
        dir.create("golden/model/manifest.json", other);
        dir.run(&format!("doctor {}", golden::MODEL))
            .fails("INPUT.GENERIC", 2);
    }
}

#[test]
fn receipts_of_the_python_package_still_verify() {
    let dir = scored();
    dir.create("theirs.jsonl", golden::text("expected_receipts.jsonl"));
    let out = dir.run(&format!("verify theirs.jsonl {MANIFEST}")).stdout();
    assert!(out.contains("the receipt names none"), "{out}");
}
