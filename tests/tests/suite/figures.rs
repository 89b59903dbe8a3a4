//! `bench/gpu.sh` and `bench/all.sh`, on this processor and in small: every path of them works that needs nothing
//! else, and their reports have all fields.
#![cfg(unix)]
// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, Finished, Program, dir};
use serde_json::Value;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// All figures of a processor, in their order.
const FIGURES: [&str; 14] = [
    "golden_vectors",
    "self_check",
    "product/cpu/f32",
    "product/cpu/tf32",
    "product/cpu/bf16",
    "score/builtin",
    "train/predictor/f32",
    "train/predictor/bf16",
    "train/predictor/several_devices",
    "train/encoder_500m/bf16",
    "likelihood/encoder_500m/bf16",
    "train/encoder_500m/f32",
    "likelihood/encoder_500m/f32",
    "score/encoder_500m",
];

/// Runs the script in small; it lays its report into `out`.
fn figures(dir: &Dir, flags: &[&str]) -> Finished {
    let script = "bench/gpu.sh --no-build --backend cpu --tiny";
    let out = dir.path("out");
    let program = dir.program();
    // The runner of all tests builds examples, too.
    let products = program.with_file_name("examples").join("products");
    assert!(
        products.exists(),
        "no {}: cargo build -p genolewm-train --example products",
        products.display()
    );
    let run = format!(
        "GENOLEWM_BIN='{}' exec {script} --out '{}' {}",
        program.display(),
        out.display(),
        flags.join(" ")
    );
    Program::new(Path::new("sh"), Path::new(ROOT))
        .args(["-c", &run])
        .finish()
}

fn report(dir: &Dir) -> Vec<Value> {
    let report: Value = serde_json::from_str(&dir.text("out/gpu.json")).expect("JSON");
    for key in ["schema_version", "settings", "machine"] {
        assert!(!report[key].is_null(), "{key}");
    }
    for key in ["system", "cpu", "commit", "gpus", "build_seconds"] {
        assert!(report["machine"].get(key).is_some(), "{key}");
    }
    report["figures"].as_array().expect("figures").clone()
}

fn names(figures: &[Value]) -> Vec<&str> {
    figures
        .iter()
        .map(|figure| figure["name"].as_str().expect("a name"))
        .collect()
}

#[test]
fn figures_of_a_machine_are_measured_or_say_why_not() {
    let dir = dir!();
    figures(&dir, &[]).expect_status(0);
    let measured = report(&dir);
    assert_eq!(names(&measured), FIGURES);
    for figure in &measured {
        for key in ["unit", "precision", "seconds"] {
            assert!(!figure[key].is_null(), "{figure}");
        }
        if figure["name"] == "product/cpu/tf32" {
            assert_eq!(figure["status"], "skipped", "{figure}");
            let why = figure["why"].as_str().expect("a reason");
            assert!(why.contains("computed in f32"), "{figure}");
            continue;
        }
        assert_eq!(figure["status"], "measured", "{figure}");
        assert!(
            figure["value"].as_f64().is_some_and(|value| value > 0.0),
            "{figure}"
        );
        let name = figure["name"].as_str().expect("a name");
        let beside = ["score/", "train/", "likelihood/"];
        if beside.iter().any(|start| name.starts_with(start)) {
            assert!(figure["peak_tera_flops"].as_f64() > Some(0.0), "{figure}");
        }
    }
    let rows = dir.text("out/gpu.md");
    for name in FIGURES {
        assert!(rows.contains(&format!("\n| {name} |")), "{name}: {rows}");
    }
    // What was measured is not measured again.
    figures(&dir, &[]).expect_status(0);
    let again = report(&dir);
    let values = |figures: &[Value]| {
        figures
            .iter()
            .map(|figure| figure["value"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&measured));
}

/// Only the flags and the program were compared.
#[test]
fn figures_of_another_machine_were_taken_as_measured() {
    let dir = dir!();
    figures(&dir, &["--seconds", "0"]).expect_status(0);
    let text = dir.text("out/gpu.json");
    let mut report: Value = serde_json::from_str(&text).expect("JSON");
    report["figures"][0]["status"] = "measured".into();
    report["figures"][0]["value"] = 1.5.into();
    for (cpu, status) in [(None, "measured"), (Some("another"), "skipped")] {
        if let Some(cpu) = cpu {
            report["settings"]["cpu"] = cpu.into();
        }
        dir.create("out/gpu.json", report.to_string());
        figures(&dir, &["--seconds", "0"]).expect_status(0);
        let text = dir.text("out/gpu.json");
        let again: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(again["figures"][0]["status"], status);
    }
}

#[test]
fn figures_that_there_is_no_time_for_are_listed() {
    let dir = dir!();
    figures(&dir, &["--seconds", "0"]).expect_status(0);
    let skipped = report(&dir);
    assert_eq!(names(&skipped), FIGURES);
    for figure in &skipped {
        assert_eq!(figure["status"], "skipped", "{figure}");
        let why = figure["why"].as_str().expect("a reason");
        assert!(why.contains("0 s were left"), "{figure}");
    }
}

/// Figures of parts, of a run and of peers that are not there.
#[test]
fn every_figure_stands_beside_what_the_processor_does() {
    let dir = dir!();
    let out = dir.path("out");
    let program = dir.program();
    assert!(
        program.with_file_name("speed").exists(),
        "no speed beside {}: cargo build --workspace --bins",
        program.display()
    );
    let run = format!(
        "GENOLEWM_BIN='{}' exec bench/all.sh --no-build --tiny --out '{}' cpu scattered predictor",
        program.display(),
        out.display()
    );
    let finished = Program::new(Path::new("sh"), Path::new(ROOT))
        .args(["-c", &run])
        .finish();
    finished.expect_status(0);
    let report: Value = serde_json::from_str(&dir.text("out/all.json")).expect("JSON");
    let figures = report["figures"].as_array().expect("figures").clone();
    let of = |name: &str| {
        let found = figures.iter().find(|figure| figure["name"] == name);
        found
            .unwrap_or_else(|| panic!("{name} is not there"))
            .clone()
    };
    for name in [
        "peak/f32",
        "peak/int8",
        "vcf",
        "layers/carbon/bf16",
        "scattered/100",
    ] {
        let figure = of(name);
        assert_eq!(figure["status"], "measured", "{figure}");
        assert!(figure["value"].as_f64() > Some(0.0), "{figure}");
    }
    for name in [
        "vcf",
        "tile/six_views/f32",
        "scattered/100",
        "predictor/native/64",
    ] {
        let share = of(name)["share_of_peak"].as_f64();
        assert!(
            share.is_some_and(|share| 0.0 < share && share < 1.5),
            "{name}: {share:?}"
        );
    }
    assert_eq!(of("predictor/peers")["status"], "skipped");
    let table = dir.text("out/all.md");
    assert!(table.contains("\n| attention/builtin | f32 |"), "{table}");
}
