//! The WGSL kernels against the golden vectors: encoder, predictor and the whole pipeline.
//!
//! They need a Vulkan, Metal or DX12 adapter; without a GPU Mesa's software adapter serves
//! (Debian: `apt-get install mesa-vulkan-drivers`).
#![cfg(feature = "wgpu")]
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::predictor::{CASES, Case, check_rollouts};
use crate::common::{
    assert_relative, block_on, encoder, golden_bytes, golden_dir, number, wgsl_ops as ops,
};
use genolewm::bundle::Bundle;
use genolewm::files::Directory;
use genolewm::ops::{Ops, WgslOps};
use genolewm::scorer::{Candidate, Placed, Placer, ScoreOptions, Scorer};
use genolewm_core::edit::{AlleleForm, EditSpec};
use genolewm_core::position::Position;
use genolewm_core::reference::{AnyReference, Reference};
use serde_json::Value;

#[test]
fn golden_hidden_states_on_the_gpu() {
    encoder::check_hidden_states(&ops());
}

#[test]
fn golden_predictions_on_the_gpu() {
    for name in CASES {
        let case = Case::load_on(name, ops());
        case.check_actions();
        case.check_prediction();
        case.check_single_actions();
    }
}

#[test]
fn golden_rollouts_on_the_gpu() {
    check_rollouts(CASES.map(|name| Case::load_on(name, ops())));
}

#[test]
fn golden_pipeline_on_the_gpu() {
    let ops = ops();
    let [model, encoder] =
        ["model", "encoder"].map(|part| Directory(golden_dir().join("pipeline").join(part)));
    let bundle = Bundle::load(&ops, &model, &encoder).expect("the golden model");
    let text = String::from_utf8(golden_bytes("pipeline/expected_scores.jsonl")).expect("UTF-8");
    let rows: Vec<Value> = text
        .lines()
        .map(|row| serde_json::from_str(row).expect("a row"))
        .collect();
    assert!(!rows.is_empty());
    let candidates = candidates(&rows, &bundle);
    let scorer = Scorer::new(ops, bundle, ScoreOptions::default());
    for (rows, candidates) in rows.chunks(32).zip(candidates.chunks(32)) {
        let scored = block_on(scorer.score(candidates)).expect("scores");
        assert_eq!(scored.len(), rows.len());
        for (scored, row) in scored.iter().zip(rows) {
            let what = format!("sigma_raw of {}", scored.edit);
            let expected = number(&row["sigma_raw"]);
            assert_relative(&what, scored.result.sigma_raw, expected, 1e-4);
        }
    }
}

/// The scored edits in their windows.
fn candidates(rows: &[Value], bundle: &Bundle<<WgslOps as Ops>::Matrix>) -> Vec<Candidate> {
    let fasta = AnyReference::open_path(&golden_dir().join("pipeline/ref.fa"));
    let mut reference = Reference::new(fasta.expect("the golden reference"));
    let mut placer = Placer::of(&bundle.info).of_alleles(AlleleForm::AsGiven);
    let candidate = |row: &Value| {
        let text = |key: &str| row[key].as_str().expect(key);
        let pos = Position::new(row["pos"].as_u64().expect("pos")).expect("a position");
        let edit = EditSpec::new(text("chrom"), pos, text("ref"), text("alt")).expect("an edit");
        match placer.place(&mut reference, &edit).expect("a place") {
            Placed::Candidate(candidate) => candidate,
            Placed::Skipped(reason) => panic!("{edit} was skipped: {reason}"),
        }
    };
    rows.iter().map(candidate).collect()
}
