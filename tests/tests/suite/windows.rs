//! Short windows, windows on a grid, and several views of a window.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use super::contracts::with;
use genolewm_tests::{Dir, Program, genome, golden};
use serde_json::Value;

const SCORE: &str = "score --vcf in.vcf --fasta ref.fa --output out.jsonl";
const OUTPUT: &str = "out.jsonl";
const RECEIPTS: &str = "out.jsonl.receipts.jsonl";

/// The golden model with these windows, and a reference and variants beside it.
fn model(windows: &str, vcf: &str) -> Dir {
    let dir = with(|config| format!("{config}# Windows\n{windows}"));
    genome::write_reference(&dir);
    dir.create("in.vcf", vcf);
    dir
}

fn score(dir: &Dir, flags: &str) -> String {
    dir.run(&format!("{SCORE} {} {flags}", golden::MODEL)).ok();
    dir.text(OUTPUT)
}

fn rerun(dir: &Dir, receipts: &str) -> Program {
    dir.run(&format!(
        "verify {receipts} --manifest golden/model/manifest.json --rerun --scores {OUTPUT} \
         --fasta ref.fa {}",
        golden::MODEL
    ))
}

fn figures(rows: &str) -> Vec<f64> {
    let figure = |row: &Value| row["sigma_raw"].as_f64().expect("a figure");
    golden::json_lines(rows).iter().map(figure).collect()
}

/// Variants near to each other: SNVs, insertions and deletions.
pub(super) fn dense() -> String {
    let mut vcf = genome::vcf([]);
    for pos in (600..900).step_by(3) {
        let (base, next) = (genome::base(1, pos), genome::base(1, pos + 1));
        let other = genome::other(base);
        let alleles = match pos % 4 {
            0 => format!("{base}{next}\t{base}"),
            1 => format!("{base}\t{base}{other}{other}"),
            _ => format!("{base}\t{other}"),
        };
        vcf += &format!("1\t{pos}\t.\t{alleles}\t.\tPASS\tAC=1\tGT\t0/1\n");
    }
    vcf
}

const GRID: &str = "window_bp: 480\nwindow_stride_bp: 96\nviews: ['+0', '-2']\n";

/// Neighbours share a window and its encoding, over batches too, and each has the score of its own: on the
/// processor the same bytes whatever is asked beside it, on any number of threads.
#[test]
fn a_score_is_the_same_with_any_neighbours_batch_size_and_threads() {
    let dir = model(GRID, &dense());
    let all = score(&dir, "--threads 1");
    assert_eq!(score(&dir, "--threads 3"), all);
    for flags in [
        "--batch-size 7 --threads 1",
        "--batch-size 7 --threads 3",
        "--batch-size 1",
    ] {
        assert_eq!(score(&dir, flags), all, "{flags}");
    }
    let vcf = dir.text("in.vcf");
    let (head, rows): (Vec<&str>, Vec<&str>) = vcf.lines().partition(|line| line.starts_with('#'));
    assert_eq!(all.lines().count(), rows.len());
    for (row, wanted) in rows.iter().zip(all.lines()).step_by(17) {
        dir.create("in.vcf", format!("{}\n{row}\n", head.join("\n")));
        assert_eq!(score(&dir, "").trim_end(), wanted);
    }
}

#[test]
fn receipts_say_views_and_grid_and_are_made_again() {
    let dir = model(GRID, &dense());
    for (flags, views) in [
        ("", "+0,-2"),
        ("--views fast", "+0"),
        ("--views -1,+3", "-1,+3"),
    ] {
        score(&dir, flags);
        rerun(&dir, RECEIPTS).ok();
        for receipt in golden::json_lines(&dir.text(RECEIPTS)) {
            let pooling = &receipt["provenance"]["details"]["pooling_config"];
            let said: Vec<&str> = match &pooling["views"] {
                Value::Array(views) => views.iter().filter_map(Value::as_str).collect(),
                _ => vec!["+0"],
            };
            assert_eq!(said.join(","), views);
            assert_eq!(pooling["window_stride_bp"], 96);
        }
    }
    let receipts = dir.text(RECEIPTS);
    dir.create(
        "altered.jsonl",
        receipts.replace("\"-1\",\"+3\"", "\"-1\",\"+2\""),
    );
    rerun(&dir, "altered.jsonl").fails("PROVENANCE.OUTPUT_COMMITMENT_MISMATCH", 8);
}

#[test]
fn one_window_around_the_variant_leaves_no_trace_in_receipts() {
    let dir = model("", &genome::vcf([200, 300]));
    score(&dir, "");
    let receipts = dir.text(RECEIPTS);
    assert!(!receipts.contains("views") && !receipts.contains("window_stride_bp"));
    assert!(!receipts.contains("aggregation"), "{receipts}");
    score(&dir, "--window-stride-bp 96");
    assert!(dir.text(RECEIPTS).contains("\"window_stride_bp\":96"));
    rerun(&dir, RECEIPTS).ok();
}

/// Views that err in different directions cancel in the mean of the states alone.
#[test]
fn the_states_of_views_were_never_averaged() {
    let dir = model("views: ['+0', '+2', '-1']\n", &genome::vcf([200, 300]));
    let surprises =
        |name: &str, flags: &str| figures(&score(&dir, &format!("--aggregation {name} {flags}")));
    let distances = surprises("mean", "");
    let states = surprises("state_mean", "");
    let receipts = dir.text(RECEIPTS);
    let noted = "\"aggregation\":\"state_mean\"";
    assert!(receipts.contains(noted), "{receipts}");
    rerun(&dir, RECEIPTS).ok();
    // The triangle inequality.
    let shorter = states.iter().zip(&distances).all(|(of, mean)| of < mean);
    assert!(shorter && !states.is_empty(), "{states:?} {distances:?}");
    let of_one = surprises("state_mean", "--views fast");
    assert_eq!(of_one, surprises("mean", "--views fast"));
}

#[test]
fn the_percentiles_of_other_views_than_the_models_passed_for_calibrated() {
    let dir = model(GRID, &genome::vcf([600, 700]));
    let all = golden::json_lines(&score(&dir, ""));
    let run = format!("{SCORE} {} --views fast", golden::MODEL);
    let told = dir.run(&run).ok().stderr();
    assert!(told.contains("calibrated for the views +0,-2"), "{told}");
    let fast = golden::json_lines(&dir.text(OUTPUT));
    for (fast, all) in fast.iter().zip(&all) {
        assert_eq!(
            (&fast["confidence"], &fast["low_confidence"]),
            (&0.0.into(), &true.into())
        );
        assert_ne!(all["confidence"], 0.0);
    }
    let minus = figures(&score(&dir, "--views -2"));
    let (all, fast): (Vec<f64>, Vec<f64>) = (
        all.iter()
            .map(|row| row["sigma_raw"].as_f64().expect("a figure"))
            .collect(),
        fast.iter()
            .map(|row| row["sigma_raw"].as_f64().expect("a figure"))
            .collect(),
    );
    for ((all, fast), minus) in all.iter().zip(&fast).zip(&minus) {
        assert!((all - (fast + minus) / 2.0).abs() < 1e-12);
    }
}

/// A centred window of an odd length is its own mirror image.
#[test]
fn strands_mirror_each_other() {
    let snvs = [1_000, 1_100, 1_201, 1_302];
    let dir = model("window_bp: 481\nviews: ['+1', '-4']\n", &genome::vcf(snvs));
    let here = score(&dir, "");
    let complement = |base: char| match base {
        'A' => 'T',
        'C' => 'G',
        'G' => 'C',
        'T' => 'A',
        other => other,
    };
    let contig = genome::contig(1);
    let mirrored: String = contig.chars().rev().map(complement).collect();
    dir.create("mirror.fa", format!(">chr1\n{mirrored}\n"));
    let mut vcf =
        String::from("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n");
    for pos in snvs.into_iter().rev() {
        let base = genome::base(1, pos);
        let (pos, alt) = (contig.len() + 1 - pos, complement(genome::other(base)));
        vcf += &format!("chr1\t{pos}\t.\t{}\t{alt}\t.\tPASS\t.\n", complement(base));
    }
    dir.create("mirror.vcf", vcf);
    dir.run(&format!(
        "score --vcf mirror.vcf --fasta mirror.fa --views -1,+4 --output mirror.jsonl {}",
        golden::MODEL
    ))
    .ok();
    let mut there = figures(&dir.text("mirror.jsonl"));
    there.reverse();
    assert_eq!(figures(&here), there);
}

#[test]
fn a_grid_wider_than_a_quarter_of_a_window_is_refused() {
    let dir = model("window_bp: 480\n", &genome::vcf([600]));
    let run = |stride: &str| {
        dir.run(&format!(
            "{SCORE} {} --window-stride-bp {stride}",
            golden::MODEL
        ))
    };
    for wrong in ["0", "121"] {
        run(wrong).fails("INPUT.GENERIC", 2);
    }
    run("120").ok();
    let dir = model(GRID, &genome::vcf([600]));
    dir.run(&format!("{SCORE} {} --window-stride-bp 48", golden::MODEL))
        .fails("INPUT.GENERIC", 2);
    dir.run(&format!("{SCORE} {} --views +6", golden::MODEL))
        .fails("INPUT.GENERIC", 2);
}

#[test]
fn receipts_of_runs_with_other_views_and_grids_one_after_the_other_were_not_made_again() {
    let dir = model(
        "window_bp: 480\nviews: ['+0', '-2']\n",
        &genome::vcf([600, 700]),
    );
    let (mut rows, mut receipts) = (String::new(), String::new());
    for flags in ["", "--views fast", "--window-stride-bp 96"] {
        rows += &score(&dir, flags);
        receipts += &dir.text(RECEIPTS);
    }
    dir.create(OUTPUT, rows);
    dir.create("all.jsonl", &receipts);
    rerun(&dir, "all.jsonl").ok();
}
