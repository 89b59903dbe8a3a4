//! `genolewm export`: model directories with small weights, measured before they are written.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_core::provenance::sha256_prefixed;
use genolewm_tests::builtin::weight_bytes;
use genolewm_tests::{Dir, dir, golden};
use serde_json::Value;

/// Few variants, so that the loss is measured in seconds.
const EXPORT: &str = "export --budget-variants 60 --output-dir out";
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

fn report(dir: &Dir) -> Value {
    serde_json::from_str(&dir.text("out/export_report.json")).expect("JSON")
}

fn score(dir: &Dir, flags: &str) -> Vec<Value> {
    let variant = "--variant chr17:41276045:CT:C";
    let fasta = format!("{EXAMPLES}/brca1.hg19.fa.gz");
    let text = dir
        .run(&format!("score {variant} --fasta {fasta} {flags}"))
        .stdout();
    golden::json_lines(&text)
}

fn raw(rows: &[Value]) -> f64 {
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]["sigma_raw"].as_f64().expect("a figure")
}

#[test]
fn an_int8_model_is_small_and_scores_like_the_model_it_was_made_of() {
    let dir = dir!();
    dir.run(&format!("{EXPORT} --dtype int8")).ok();
    let report = report(&dir);
    assert_eq!(
        (
            &report["format"],
            &report["dtype"],
            &report["encoder_dtype"]
        ),
        (&"safetensors".into(), &"int8".into(), &"int8".into())
    );
    let artifacts = report["artifacts"].as_array().expect("a list");
    let (mut names, mut weights) = (Vec::new(), 0);
    for artifact in artifacts {
        let name = artifact["file"].as_str().expect("a name");
        let bytes = dir.bytes(&format!("out/{name}"));
        assert_eq!(artifact["sha256"], sha256_prefixed(&bytes), "{name}");
        assert_eq!(artifact["size_bytes"], bytes.len(), "{name}");
        if artifact["tensors"].as_u64() > Some(0) {
            weights += bytes.len();
        }
        names.push(name);
    }
    for name in ["manifest.json", "self_check.json", "encoder/config.json"] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    assert_eq!(report["weight_bytes"], weights);
    // The built-in model's are stored in 16 bits.
    let stored = weight_bytes();
    assert!(weights as u64 * 5 < stored * 3, "{weights} of {stored}");
    let loss = &report["loss"];
    let figure = |key: &str| loss[key].as_f64().expect("a figure");
    assert!(figure("auroc_drop_points") <= 1.0 && figure("rollout_cosine_drop") <= 0.02);
    assert!(figure("percentile_shift") > 0.0, "nothing was measured");
    assert_eq!(loss["rollout_cosine"].as_array().map(Vec::len), Some(3));
    let (own, built_in) = (score(&dir, "--model-dir out"), score(&dir, ""));
    assert_ne!(own, built_in, "the built-in model was exported as it is");
    assert!((raw(&own) - raw(&built_in)).abs() < 0.05 * raw(&built_in));
    assert_eq!(own, score(&dir, "--model-dir out"));
    dir.run("doctor --model-dir out").ok();
}

#[test]
fn a_second_run_writes_the_same_and_nothing_is_overwritten_unasked() {
    let dir = dir!();
    let command = format!("{EXPORT} --dtype int8 --keep-encoder");
    dir.run(&command).ok();
    let files = |dir: &Dir| {
        [
            "predictor.safetensors",
            "manifest.json",
            "export_report.json",
        ]
        .map(|name| dir.bytes(&format!("out/{name}")))
    };
    let first = files(&dir);
    assert_eq!(report(&dir)["encoder_dtype"], "as it was");
    dir.run(&command).fails("INPUT.GENERIC", 2);
    dir.run(&format!("{command} --overwrite")).ok();
    assert_eq!(files(&dir), first);
    let mut damaged = dir.bytes("out/predictor.safetensors");
    *damaged.last_mut().expect("a byte") ^= 1;
    dir.create("out/predictor.safetensors", damaged);
    dir.run("doctor --model-dir out")
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
}

#[test]
fn golden_weights_in_f32_are_exported_without_loss() {
    let dir = dir!();
    golden::lay_out(&dir);
    let command = format!("{EXPORT} --dtype f32 {}", golden::MODEL);
    dir.run(&command).ok();
    let loss = &report(&dir)["loss"];
    assert_eq!(loss["auroc_drop_points"], 0.0);
    assert_eq!(loss["rollout_cosine_drop"], 0.0);
    assert_eq!(loss["percentile_shift"], 0.0);
    assert_eq!(
        dir.bytes("out/encoder/model.safetensors"),
        dir.bytes("golden/encoder/model.safetensors")
    );
    let scores = |flags: &str| {
        let score = "score --vcf golden/in.vcf --fasta golden/ref.fa";
        dir.run(&format!("{score} {flags}")).stdout()
    };
    assert_eq!(scores("--model-dir out"), scores(golden::MODEL));
}

#[test]
fn flags_and_data_that_do_not_fit_are_refused() {
    let dir = dir!();
    for flags in ["--dtype int8", "--keep-encoder", "--checkpoint x"] {
        dir.run(&format!("{EXPORT} --format onnx {flags}"))
            .fails("INPUT.GENERIC", 2);
    }
    dir.create(
        "one_sided.vcf",
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n",
    );
    let fasta = format!("{EXAMPLES}/brca1.hg19.fa.gz");
    dir.run(&format!(
        "{EXPORT} --budget-vcf one_sided.vcf --budget-fasta {fasta}"
    ))
    .fails("EVAL.DATASET", 6);
    dir.run(&format!("{EXPORT} --checkpoint nowhere"))
        .fails("RESOURCE.GENERIC", 4);
    assert!(!dir.path("out").exists(), "something was written");
}
