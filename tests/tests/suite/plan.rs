//! Plans: the same from the same seed, made for real, within their constraints, and faults.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::builtin::MANIFEST;
use genolewm_tests::{Dir, dir, genome, golden};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Bases of the windows: short ones, for many plans.
const WINDOW_BP: usize = 480;
const QUICK: &str = "--horizon 2 --samples 150 --elite 10 --iterations 2 --seed 5 --edge-margin 16 --stopping-eps 0 \
    --edit-types snv,ins,del,mnv,indel";

fn fasta(name: &str, bases: &str) -> String {
    format!(">{name} made up\n{bases}\n")
}

fn window() -> String {
    genome::contig(7)[..WINDOW_BP].to_owned()
}

/// A directory with a window, and one that differs from it at three bases.
fn prepared() -> Dir {
    let dir = dir!();
    dir.create("window.fa", fasta("w", &window()));
    dir.create("target.fa", fasta("t", &substituted(&[300, 310, 330])));
    dir
}

fn substituted(places: &[usize]) -> String {
    let bases = window();
    let base = |(at, base): (usize, char)| match places.contains(&at) {
        true => genome::other(base),
        false => base,
    };
    bases.chars().enumerate().map(base).collect()
}

fn report(dir: &Dir, name: &str) -> Value {
    serde_json::from_str(&dir.text(name)).expect("a report")
}

fn plan(flags: &str) -> String {
    format!("plan --window-fasta window.fa --target-fasta target.fa {flags}")
}

/// The window with a report's edits, whatever its length becomes.
fn edited(bases: &str, report: &Value) -> String {
    let mut edits: Vec<&Value> = report["result"]["best_edits"]
        .as_array()
        .expect("edits")
        .iter()
        .collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["rel_pos"].as_u64()));
    let mut bases = bases.to_owned();
    for edit in edits {
        let at = edit["rel_pos"].as_u64().expect("a place") as usize;
        let (reference, alternate) = (edit["ref_bases"].as_str(), edit["alt_bases"].as_str());
        let (reference, alternate) = (reference.expect("ref"), alternate.expect("alt"));
        assert_eq!(&bases[at..at + reference.len()], reference);
        bases.replace_range(at..at + reference.len(), alternate);
    }
    bases
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let dir = prepared();
    dir.run(&plan(&format!("{QUICK} --threads 1 -o one.json")))
        .ok();
    let one = dir.text("one.json");
    for threads in [2, 3] {
        dir.run(&plan(&format!("{QUICK} --threads {threads} -o more.json")))
            .ok();
        assert_eq!(dir.text("more.json"), one, "{threads} threads");
    }
    let other = plan(QUICK).replace("--seed 5", "--seed 6");
    dir.run(&format!("{other} -o other.json")).ok();
    let (one, other) = (report(&dir, "one.json"), report(&dir, "other.json"));
    assert_ne!(one["result"]["best_edits"], other["result"]["best_edits"]);
    assert_eq!(one["result"]["n_evaluations"], 300);
    assert_eq!(one["config"]["seed"], 5);
    // The standard output of a pipe is the same file.
    let piped = dir.run(&plan(&format!("{QUICK} -o -"))).stdout();
    assert_eq!(piped, dir.text("one.json"));
}

#[test]
fn the_best_plan_is_made_for_real() {
    let dir = prepared();
    let flags = QUICK.replace("snv,ins,del,mnv,indel", "snv,mnv");
    dir.run(&plan(&format!("{flags} --locus 305 -o plan.json")))
        .ok();
    let first = report(&dir, "plan.json");
    let made = edited(&window(), &first);
    dir.create("window.fa", fasta("w", &made));
    dir.run(&plan(&format!("{flags} --locus 305 -o again.json")))
        .ok();
    let again = report(&dir, "again.json");
    assert_eq!(
        first["reencoded"]["distance"],
        again["reencoded"]["initial_distance"]
    );
    let number = |value: &Value| value.as_f64().expect("a number");
    let state = |value: &Value| -> Vec<f64> {
        value
            .as_array()
            .expect("a state")
            .iter()
            .map(number)
            .collect()
    };
    let (predicted, real) = (
        state(&first["result"]["best_predicted_state"]),
        state(&first["reencoded"]["state"]),
    );
    let squares = predicted.iter().zip(&real).map(|(p, r)| (p - r) * (p - r));
    let off = squares.sum::<f64>().sqrt();
    let told = number(&first["reencoded"]["prediction_error_l2"]);
    assert!((off - told).abs() < 1e-12 && off > 0.0, "{off} {told}");
    assert_eq!(first["reencoded"]["initial_state_off"], 0.0);
}

/// Predictions may be poor; what edits really do is not.
#[test]
fn candidates_that_are_made_for_real_lead_closer() {
    let dir = prepared();
    let flags = "--locus 300 --within 300-348 --horizon 2 --samples 100 --elite 10 --iterations 3 \
        --patience 3 --seed 2 --stopping-eps 0";
    dir.run(&plan(&format!("{flags} -o predicted.json"))).ok();
    dir.run(&plan(&format!("{flags} --reencode 20 -o real.json")))
        .ok();
    let distance = |name: &str| {
        let report = report(&dir, name);
        let number = |value: &Value| value.as_f64().expect("a number");
        let best = number(&report["result"]["best_distance"]);
        (best, number(&report["reencoded"]["distance"]))
    };
    let ((_, by_prediction), (best, real)) = (distance("predicted.json"), distance("real.json"));
    assert!(
        (best - real).abs() < 1e-5,
        "{best} is told, {real} is found"
    );
    assert!(real < by_prediction, "{real} {by_prediction}");
    dir.run(&plan(&format!(
        "{flags} --reencode 20 --threads 1 -o again.json"
    )))
    .ok();
    assert_eq!(dir.text("again.json"), dir.text("real.json"));
}

/// The suite is built with the feature `experimental`; without it the core refuses the name.
#[test]
fn a_tree_search_warns_that_it_is_experimental() {
    let dir = prepared();
    let flags = format!("{QUICK} --planner mcts --forbid GAATTC");
    let warned = dir
        .run(&plan(&format!("{flags} --threads 1")))
        .ok()
        .stderr();
    assert!(
        warned.contains("warning: the planner mcts is experimental"),
        "{warned}"
    );
    let found = report(&dir, "plan.json");
    assert_eq!(found["config"]["planner"], "mcts");
    assert_eq!(found["result"]["n_evaluations"], 300);
    assert!(!edited(&window(), &found).contains("GAATTC"));
    dir.run(&plan(&format!("{flags} --threads 3 -o more.json")))
        .ok();
    assert_eq!(dir.text("more.json"), dir.text("plan.json"));
    let usual = dir
        .run(&plan(&format!("{QUICK} -o usual.json")))
        .ok()
        .stderr();
    assert!(!usual.contains("experimental"), "{usual}");
    assert_ne!(dir.text("usual.json"), dir.text("plan.json"));
}

#[test]
fn states_of_files_are_those_of_windows() {
    let dir = prepared();
    dir.run(&plan(&format!("{QUICK} -o plan.json"))).ok();
    let by_windows = report(&dir, "plan.json");
    // The state of the target: the start of a plan that begins there.
    dir.create("swapped.fa", dir.text("target.fa"));
    let swapped = format!(
        "plan --window-fasta swapped.fa --target-fasta window.fa {QUICK} \
        --prediction stepwise -o s.json"
    );
    dir.run(&swapped).ok();
    let distance = |name: &str| report(&dir, name)["reencoded"]["initial_distance"].clone();
    assert_eq!(distance("plan.json"), distance("s.json"));
    // A plan to the state that the first one really reached begins as far away as it went.
    dir.create("state.json", by_windows["reencoded"]["state"].to_string());
    let states =
        format!("plan --window-fasta window.fa --target-state state.json {QUICK} -o r.json");
    dir.run(&states).ok();
    let reached = report(&dir, "r.json");
    assert!(reached["inputs"]["target_state"]["sha256"].is_string());
    assert_eq!(reached["evaluation_mode"], "manifest_runtime");
}

#[test]
fn constraints_hold() {
    let dir = prepared();
    dir.create("keep.bed", "w\t100\t280\nother\t0\t9\n");
    let constraints = "--within 200-400 --protect keep.bed --keep-frame --forbid GATC,CCWGG";
    dir.run(&plan(&format!("{QUICK} {constraints} -o plan.json")))
        .ok();
    let report = report(&dir, "plan.json");
    let made = edited(&window(), &report);
    assert!(made.contains(&window()[100..280]));
    assert_eq!(made.len().abs_diff(WINDOW_BP) % 3, 0);
    assert_eq!(
        (&made[..200], &made[made.len() - 80..]),
        (&window()[..200], &window()[400..])
    );
    assert!(made.matches("GATC").count() <= window().matches("GATC").count());
    let redrawn = &report["result"]["redrawn_edits"];
    assert!(redrawn["protected"].as_u64() > Some(0) && redrawn["frame"].as_u64() > Some(0));
    let constraints = &report["config"]["constraints"];
    assert_eq!(constraints["protected"].to_string(), "[[100,280]]");
    assert_eq!(
        constraints["forbidden_motifs"].to_string(),
        r#"["GATC","CCWGG"]"#
    );
}

/// Bases as states, under their flag alone.
#[test]
fn the_sequence_proxy_is_no_model() {
    let dir = prepared();
    dir.create("target.fa", fasta("t", &substituted(&[245])));
    let flags = "--horizon 1 --samples 2000 --elite 20 --edge-margin 230 --seed 1 -o plan.json";
    dir.run(&plan(&format!("{flags} --allow-sequence-proxy")))
        .ok();
    let found = report(&dir, "plan.json");
    assert_eq!(found["evaluation_mode"], "sequence_proxy");
    assert_eq!(found["result"]["best_distance"], 0.0);
    assert_eq!(found["result"]["stopped_reason"], "distance_threshold");
    assert_eq!(found["result"]["best_edits"][0]["rel_pos"], 245);
    assert!(
        found["negative_findings"]
            .to_string()
            .contains("not learned")
    );
    assert_eq!(
        dir.names(),
        ["plan.json", "target.fa", "window.fa"],
        "no receipt of it"
    );
    dir.create("target.fa", fasta("t", &window()[1..]));
    let unlike = plan(&format!("{flags} --allow-sequence-proxy"));
    dir.run(&unlike).fails("INPUT.GENERIC", 2);
}

#[test]
fn a_receipt_binds_a_plan_to_its_model() {
    let dir = prepared();
    golden::lay_out(&dir);
    let quick = "--horizon 1 --samples 20 --elite 5 --iterations 1 --seed 1 -o plan.json";
    dir.run(&plan(&format!("{quick} {}", golden::MODEL))).ok();
    let verify = "verify plan.json.receipt.json --plan plan.json --manifest";
    let told = dir
        .run(&format!("{verify} golden/model/manifest.json"))
        .stdout();
    assert!(told.contains("ok: 1 receipt"), "{told}");
    dir.run(&format!("{verify} {MANIFEST}"))
        .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
    dir.create("plan.json", dir.text("plan.json") + " ");
    dir.run(&format!("{verify} golden/model/manifest.json"))
        .fails("PROVENANCE.OUTPUT_COMMITMENT_MISMATCH", 8);
    std::fs::remove_file(dir.path("plan.json.receipt.json")).expect("a receipt");
    dir.run(&plan(&format!("{quick} --no-receipt"))).ok();
    assert!(!dir.path("plan.json.receipt.json").exists());
}

#[test]
fn what_cannot_be_planned_is_refused_before_anything_is_written() {
    let dir = prepared();
    dir.create("two.fa", format!("{}>v\nACGT\n", fasta("w", &window())));
    dir.create("long.fa", fasta("w", &genome::contig(3)));
    dir.create("narrow.json", "[1.0, 2.0]");
    dir.create("none.json", "{}");
    dir.create("keep.bed", "chrX\t0\t9\n");
    let window = "plan --window-fasta window.fa";
    for args in [
        window.to_owned(),
        "plan --target-fasta target.fa".to_owned(),
        format!("{window} --target-fasta target.fa --target-state narrow.json"),
        format!("{window} --target-state narrow.json"),
        format!("{window} --target-state none.json"),
        "plan --window-fasta two.fa --target-fasta target.fa".to_owned(),
        "plan --window-fasta long.fa --target-fasta target.fa".to_owned(),
        plan("--horizon 0"),
        plan("--horizon 17 --samples 10 --elite 2"),
        plan("--horizon 5000"),
        plan("--elite 2000"),
        plan("--cost much"),
        plan("--distance far"),
        plan("--edit-types snv,sv"),
        plan("--prediction both"),
        plan("--planner chance"),
        plan("--planner mcts --reencode 4"),
        plan("--smoothing 2"),
        plan("--stopping-eps nan"),
        plan("--edge-margin 300"),
        plan("--locus 480"),
        plan("--within 9-5"),
        plan("--within 0-9000"),
        plan("--protect 9"),
        plan("--protect 470-490"),
        plan("--protect keep.bed"),
        plan("--forbid GAXTC"),
        plan("--within 100-400 --protect 50-500"),
        plan("-o window.fa"),
    ] {
        let told = dir.run(&args).finish().expect_status(2).stderr();
        let has = |part: &str| told.contains(part);
        assert!(has("[INPUT.") && has("remedy: "), "{args}: {told}");
    }
    dir.assert_no_output(&["plan.json", "plan.json.receipt.json"]);
    assert_eq!(dir.text("window.fa"), fasta("w", &self::window()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() {
    interrupted("--samples 5000 --iterations 200 --patience 200 --stopping-eps 0");
}

/// All windows of a round are made in one call of the model, for minutes.
#[cfg(unix)]
#[test]
fn windows_that_are_made_for_real_held_up_an_interrupt() {
    interrupted("--samples 5000 --reencode 5000 --edit-types snv,ins,del --stopping-eps 0");
}

#[cfg(unix)]
fn interrupted(long: &str) {
    let dir = prepared();
    dir.create("plan.json", "old");
    let mut child = dir
        .run(&plan(long))
        .into_command()
        .spawn()
        .expect("the program");
    std::thread::sleep(Duration::from_secs(2));
    let mut kill = std::process::Command::new("kill");
    let killed = kill.args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill").success());
    let asked = Instant::now();
    assert_eq!(child.wait().expect("its end").code(), Some(130));
    // One second is promised; the rest is for a machine that is busy.
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(dir.text("plan.json"), "old");
    assert_eq!(dir.names(), ["plan.json", "target.fa", "window.fa"]);
}
