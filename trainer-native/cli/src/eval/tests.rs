//! The command without a process around it.

use crate::common::terminal::Terminal;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

/// Status, standard output and standard error.
fn eval(directory: &Path, flags: &str) -> (u8, String, String) {
    let path = |name: &str| directory.join(name).display().to_string();
    let mut args: Vec<String> = ["genolewm", "eval", "--scores-jsonl", &path("s.jsonl")]
        .map(str::to_owned)
        .to_vec();
    args.extend(["--labels-jsonl".to_owned(), path("l.jsonl")]);
    args.extend(["--output".to_owned(), path("out/m.json")]);
    args.extend(
        flags
            .split_whitespace()
            .map(|flag| flag.replace('@', &path(""))),
    );
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal::new(&mut out, &mut err);
    let args = args.into_iter().map(OsString::from).collect();
    let status = crate::run(args, None, &mut terminal);
    drop(terminal);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (status, text(&out), text(&err))
}

/// Forty variants of one contig of 2 kb, two scores, labels of both kinds.
fn lay_out() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let (mut scores, mut labels) = (String::new(), String::new());
    for row in 0..40 {
        let pos = 100 + 40 * row;
        let key = format!("\"chrom\": \"chr1\", \"pos\": {pos}, \"ref\": \"A\", \"alt\": \"C\"");
        let good = f64::from(row % 2) / 2.0 + f64::from(row % 5) / 10.0;
        let poor = f64::from(row * 7 % 11);
        let label = if row % 2 == 1 { "P" } else { "LB" };
        writeln!(
            scores,
            "{{{key}, \"sigma_calibrated\": {good}, \"other\": {poor}}}"
        )
        .unwrap();
        writeln!(
            labels,
            "{{{key}, \"label\": \"{label}\", \"value\": {row}}}"
        )
        .unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("s.jsonl", &scores);
    write("l.jsonl", &labels);
    write("r.fa", &format!(">1\n{}\n", "A".repeat(2_000)));
    let header = "gene\tcontig\tstrand\ttx_start0\ttx_end\texon_starts0\texon_ends";
    write(
        "t.tsv",
        &format!("{header}\nG\tchr1\t+\t0\t1990\t0,1900\t40,1990\n"),
    );
    directory
}

fn metrics(directory: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(directory.join("out/m.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn metrics_settings_and_a_summary_are_written() {
    let directory = lay_out();
    let at = directory.path();
    let (status, out, err) = eval(at, "--seed 5 --bootstrap-resamples 50");
    assert_eq!(status, 0, "{err}");
    let summary: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&summary["bootstrap_seed"], &summary["positive_variants"]),
        (&5.into(), &20.into())
    );
    let found = metrics(at);
    assert_eq!(found["metrics"][0]["value"], summary["auroc"]);
    // Nothing about the machine: files outside the folder of the metrics by their names.
    assert_eq!(found["artifacts"]["scores"], "s.jsonl");
    assert_eq!(
        found["artifacts"]["eval_config"],
        "eval_config.effective.yaml"
    );
    assert!(found.get("strata").is_none() && found.get("model_id").is_none());
    let first = std::fs::read(at.join("out/eval_config.effective.yaml")).unwrap();
    // The file itself would be written over.
    let (status, ..) = eval(at, "--config @out/eval_config.effective.yaml");
    assert_eq!(status, 2);
    std::fs::write(at.join("again.yaml"), &first).unwrap();
    assert_eq!(eval(at, "--config @again.yaml").1, out);
    assert_eq!(
        std::fs::read(at.join("out/eval_config.effective.yaml")).unwrap(),
        first
    );
}

#[test]
fn scores_are_compared_and_measured_by_consequence() {
    let directory = lay_out();
    let at = directory.path();
    let flags =
        "--compare other --curves --bootstrap-resamples 100 --annotation @t.tsv --fasta @r.fa";
    let (status, _, err) = eval(at, flags);
    assert_eq!(status, 0, "{err}");
    let found = metrics(at);
    let compared = &found["comparisons"][0];
    assert_eq!(
        (&compared["compared_with"], &compared["metric"]),
        (&"other".into(), &"auroc".into())
    );
    assert!(compared["difference"].as_f64() > Some(0.2) && compared["ci_low"].as_f64() > Some(0.0));
    assert!(compared["delong_p"].as_f64() < Some(0.05) && compared["bootstrap_p"].is_number());
    let strata = found["strata"].as_array().unwrap();
    let names: Vec<&str> = strata
        .iter()
        .map(|of| of["stratum"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"intron_variant") && names[0] == "all",
        "{names:?}"
    );
    assert_eq!(
        (&strata[0]["n"], &strata[0]["metrics"][4]["score"]),
        (&40.into(), &"other".into())
    );
    assert_eq!(found["curves"]["roc"][0], serde_json::json!([0.0, 0.0]));
}

#[test]
fn numbers_are_compared_by_rank() {
    let directory = lay_out();
    let flags = "--metric-mode spearman --compare other --bootstrap-resamples 20 --ci-level 0.9";
    let (status, out, err) = eval(directory.path(), flags);
    assert_eq!(status, 0, "{err}");
    assert!(
        out.contains("\"label_field\": \"value\"") && out.contains("\"spearman_rho_ci\": ["),
        "{out}"
    );
    let found = metrics(directory.path());
    assert_eq!(found["comparisons"][0]["metric"], "spearman_rho");
    assert!(found["comparisons"][0].get("delong_p").is_none());
}

#[test]
fn a_failed_run_leaves_nothing() {
    let directory = lay_out();
    let at = directory.path();
    for (flags, part) in [
        ("--score-field nothing", "s.jsonl:1"),
        ("--metric-mode spearman --label-field nothing", "l.jsonl:1"),
        ("--ci-level 1", "--ci-level"),
        ("--threshold inf", "--threshold"),
        ("--model-id sha256:0", "generated_by"),
        ("--baseline-scores-jsonl @s.jsonl", "--baseline-name"),
        (
            "--baseline-scores-jsonl @s.jsonl --baseline-name carbon_zero_shot",
            "s.jsonl:1",
        ),
        ("--compare absent", "absent"),
    ] {
        let (status, out, err) = eval(at, flags);
        assert_eq!((status, out.as_str()), (2, ""), "{flags}: {err}");
        let names = err.contains(part) || part == "generated_by" && err.contains("geno-lewm-score");
        assert!(names, "{flags}: {err}");
        assert!(!at.join("out").exists(), "{flags}");
    }
    std::fs::write(
        at.join("l.jsonl"),
        "{\"chrom\": 1, \"pos\": 100, \"ref\": \"A\", \"alt\": \"C\", \"label\": \"P\"}\n",
    )
    .unwrap();
    let (status, _, err) = eval(at, "");
    assert!(
        status == 2 && err.contains("at least one positive and one negative"),
        "{err}"
    );
}
