//! Scoring that is stopped and goes on: killed at any point, interrupted, or failed, it ends in the
//! same bytes as a run that nobody disturbed.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, dir, genome, golden};
use std::process::Stdio;
use std::time::Duration;

/// How often a run is killed.
const KILLS: usize = 20;
/// Alleles that are scored.
const ALLELES: usize = 500;

/// A directory with the model, the made-up genome and a VCF whose lines are not all records.
fn prepared() -> Dir {
    let half = 100 + ALLELES / 2;
    let text = [
        genome::vcf(100..half),
        "# a note\n".to_owned(),
        format!("9\t{half}\t.\tA\tC\t.\tPASS\tAC=1\tGT\t0/1\n"),
        (half..100 + ALLELES).map(genome::snv).collect(),
    ];
    golden::prepared(dir!(), text.concat())
}

fn command(output: &str) -> String {
    format!(
        "score --vcf in.vcf --fasta ref.fa {} --batch-size 4 --threads 2 --skipped skipped.tsv --top 5 -o {output}",
        golden::MODEL
    )
}

fn journal_bytes(dir: &Dir, output: &str) -> u64 {
    let journal = dir.path(format!("{output}.journal"));
    journal.metadata().map_or(0, |found| found.len())
}

/// The receipts but for when they were made, which must be one moment.
fn receipts(dir: &Dir, output: &str) -> String {
    let text = dir.text(&format!("{output}.receipts.jsonl"));
    let key = "\"timestamp\":\"";
    let at = text.find(key).expect("a time") + key.len();
    let moment = &text[at..at + 20];
    assert_eq!(text.matches(moment).count(), text.lines().count());
    text.replace(moment, "")
}

/// All that a run leaves but its receipts.
fn results(dir: &Dir, output: &str, table: &str) -> Vec<Vec<u8>> {
    vec![
        dir.bytes(output),
        dir.bytes("skipped.tsv"),
        table.as_bytes().to_vec(),
    ]
}

fn survives_twenty_kills(output: &str) {
    let dir = prepared();
    let whole = dir.run(&command(output)).ok();
    let want = (
        results(&dir, output, &whole.stdout()),
        receipts(&dir, output),
    );
    assert_eq!(journal_bytes(&dir, output), 0, "no journal is left");
    for name in [output, "skipped.tsv", &format!("{output}.receipts.jsonl")] {
        std::fs::remove_file(dir.path(name)).expect("an output");
    }
    let resume = command(output) + " --resume";
    let mut most = 0;
    for kill in 0..KILLS {
        // A little further each time, and at no particular point.
        let until = journal_bytes(&dir, output) + 1;
        let pause = Duration::from_micros((kill as u64 * 7_919) % 4_000);
        dir.run(&resume).kill_when(|| {
            let far = journal_bytes(&dir, output) >= until.max(1_000);
            if far {
                std::thread::sleep(pause);
            }
            far
        });
        assert!(!dir.path(output).exists(), "killed too late, at {kill}");
        assert!(journal_bytes(&dir, output) >= most, "something was lost");
        most = journal_bytes(&dir, output);
    }
    let last = dir.run(&resume).ok();
    let told = last.stderr();
    assert!(told.contains("going on: "), "{told}");
    assert!(
        told.contains("scored before this run was resumed: "),
        "{told}"
    );
    let got = (
        results(&dir, output, &last.stdout()),
        receipts(&dir, output),
    );
    assert!(
        got == want,
        "{output}: other results than without kills\n{told}"
    );
    assert_eq!(journal_bytes(&dir, output), 0, "no journal is left");
}

#[test]
fn scores_in_jsonl_survive_twenty_kills() {
    survives_twenty_kills("out.jsonl");
}

#[test]
fn scores_in_tsv_survive_twenty_kills() {
    survives_twenty_kills("out.tsv");
}

#[test]
fn scores_in_a_vcf_survive_twenty_kills() {
    survives_twenty_kills("out.vcf");
}

#[test]
fn scores_in_a_packed_vcf_survive_twenty_kills() {
    survives_twenty_kills("out.vcf.gz");
}

#[test]
fn scores_in_parquet_survive_twenty_kills() {
    survives_twenty_kills("out.parquet");
}

/// A run that was killed when a part of it was scored.
fn stopped(output: &str) -> Dir {
    let dir = prepared();
    dir.run(&command(output))
        .kill_when(|| journal_bytes(&dir, output) > 1_500);
    dir
}

#[test]
fn another_run_was_not_told_from_the_one_that_stopped() {
    let dir = stopped("out.tsv");
    let (command, kept) = (command("out.tsv"), dir.bytes("out.tsv.journal"));
    let changed_input = dir
        .text("in.vcf")
        .replace("AC=1\tGT\t0/1\n1\t200\t", "AC=2\tGT\t0/1\n1\t200\t");
    assert_ne!(changed_input, dir.text("in.vcf"));
    dir.create("other.vcf", changed_input);
    dir.create("other.fa", dir.text("ref.fa") + ">chr3\nACGT\n");
    for (run, what) in [
        (command.replace("in.vcf", "other.vcf"), "--vcf differs"),
        (command.replace("ref.fa", "other.fa"), "--fasta differs"),
        (
            command.replace("--batch-size 4", "--batch-size 5"),
            "--batch-size differs",
        ),
        (command.clone() + " --regions 1:1-5000", "--regions differs"),
        (command.clone() + " --strict", "--strict differs"),
        (command.replace(golden::MODEL, ""), "the model differs"),
    ] {
        let finished = dir.run(&(run + " --resume")).fails("INPUT.GENERIC", 2);
        let told = finished.stderr();
        assert!(
            told.contains(what) && told.contains("remedy: "),
            "{what}: {finished}"
        );
        assert_eq!(
            dir.bytes("out.tsv.journal"),
            kept,
            "{what}: it stays as it was"
        );
    }
    // Names, formats and speed are no part of it.
    dir.create("same.vcf", dir.bytes("in.vcf"));
    let same = command
        .replace("in.vcf", "same.vcf")
        .replace("--threads 2", "--threads 1");
    let told = dir.run(&(same + " --format jsonl --resume")).ok().stderr();
    assert!(told.contains("going on: "), "{told}");
}

#[test]
fn a_run_without_resume_starts_anew_and_says_what_is_there() {
    let dir = stopped("out.tsv");
    let told = dir.run(&command("out.tsv")).ok().stderr();
    assert!(
        told.contains("out.tsv.journal keeps") && told.contains("add --resume"),
        "{told}"
    );
    assert!(!told.contains("scored before"), "{told}");
    let names = dir.names().join(" ");
    assert!(!names.contains("journal"), "{names}");
}

#[test]
fn resume_without_a_journal_starts_from_the_beginning() {
    let dir = prepared();
    let told = dir.run(&(command("out.vcf") + " --resume")).ok().stderr();
    assert!(told.contains("starting from the beginning"), "{told}");
    let header = dir.text("out.vcf");
    assert!(header.contains("##genolewm_command=") && !header.contains("--resume"));
}

#[test]
fn resume_without_a_file_has_nothing_to_go_on_with() {
    let dir = prepared();
    let score = format!(
        "score --vcf in.vcf --fasta ref.fa {} --resume",
        golden::MODEL
    );
    for output in ["", "-o -", "-o /dev/null", "--top 3"] {
        let refused = dir
            .run(&format!("{score} {output}"))
            .fails("INPUT.GENERIC", 2);
        assert!(
            refused.stderr().contains("name a file with --output"),
            "{refused}"
        );
    }
    let variant = "score --variant 1:100:A:C --fasta ref.fa --resume";
    assert_eq!(dir.run(variant).finish().status(), Some(2));
}

/// A journal that a disk, or somebody, has damaged makes no other scores.
#[test]
fn a_damaged_journal_is_scored_again_where_it_is_damaged() {
    let dir = prepared();
    dir.run(&command("out.tsv")).ok();
    let want = dir.bytes("out.tsv");
    let dir = stopped("out.tsv");
    let mut journal = dir.bytes("out.tsv.journal");
    let at = journal.len() - 100;
    journal[at] ^= 1;
    dir.create("out.tsv.journal", journal);
    let told = dir.run(&(command("out.tsv") + " --resume")).ok().stderr();
    assert!(told.contains("going on: "), "{told}");
    assert_eq!(dir.bytes("out.tsv"), want);
}

/// The same stream can be piped in again.
#[test]
fn standard_input_can_be_given_again() {
    let dir = prepared();
    dir.run(&command("out.tsv")).ok();
    let want = dir.bytes("out.tsv");
    let dir = stopped("out.tsv");
    let file = dir.bytes("in.vcf");
    let piped = command("piped.tsv").replace("in.vcf", "-");
    let mut run = dir
        .run(&piped)
        .into_command()
        .stdin(std::fs::File::open(dir.path("in.vcf")).expect("the input"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    while journal_bytes(&dir, "piped.tsv") < 1_500 {
        assert!(
            run.try_wait().expect("a process").is_none(),
            "it ended by itself"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    let again = dir.run(&(piped + " --resume")).stdin(file);
    let told = again.ok().stderr();
    assert!(told.contains("going on: "), "{told}");
    assert_eq!(dir.bytes("piped.tsv"), want);
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_what_is_kept_and_how_to_go_on() {
    use std::process::Command;
    let dir = prepared();
    let run = dir
        .run(&command("out.vcf"))
        .into_command()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    while journal_bytes(&dir, "out.vcf") < 1_500 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
    let ended = run.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted: "), "{told}");
    assert!(told.contains("are kept in out.vcf.journal"), "{told}");
    assert!(told.contains("--resume"), "{told}");
    assert!(!dir.path("out.vcf").exists());
    let told = dir.run(&(command("out.vcf") + " --resume")).ok().stderr();
    assert!(told.contains("going on: "), "{told}");
}

/// A run that failed, here for its last line, is not scored again from the start.
#[test]
fn what_was_scored_before_an_error_was_lost() {
    let dir = prepared();
    let strict = command("out.tsv").replace("--top 5", "--top 5 --strict");
    let failed = dir.run(&strict).fails("INPUT.VCF_PARSE", 2);
    assert!(
        failed.stderr().contains("are kept in out.tsv.journal"),
        "{failed}"
    );
    assert!(dir.path("out.tsv.journal").is_file());
}

#[test]
fn a_calibration_survives_twenty_kills() {
    let dir = prepared();
    let command = format!(
        "calibrate --vcf in.vcf --fasta ref.fa {} --batch-size 4 --threads 2 --min-bucket-size 10 -o table.parquet",
        golden::MODEL
    );
    dir.run(&command).ok();
    let want = dir.bytes("table.parquet");
    std::fs::remove_file(dir.path("table.parquet")).expect("the table");
    for _ in 0..KILLS {
        let until = journal_bytes(&dir, "table.parquet") + 1;
        let run = dir.run(&(command.clone() + " --resume"));
        run.kill_when(|| journal_bytes(&dir, "table.parquet") >= until.max(1_000));
    }
    let told = dir.run(&(command + " --resume")).ok().stderr();
    assert!(told.contains("going on: "), "{told}");
    assert_eq!(dir.bytes("table.parquet"), want);
    assert_eq!(journal_bytes(&dir, "table.parquet"), 0);
}
