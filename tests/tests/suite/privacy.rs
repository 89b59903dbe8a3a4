//! What is known of a person stays in the files that the user asked for.

use genolewm_tests::{Dir, Program, dir, genome, golden};
use std::path::Path;

/// Bases in a row that would give a place away.
const TELLING_BASES: usize = 12;

fn assert_private(text: &str) {
    for secret in ["NA_SECRET_42", "0/1", "0|1", "GT:"] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    let is_dna = |c: char| matches!(c, 'A' | 'C' | 'G' | 'T');
    let longest = text.split(|c| !is_dna(c)).map(str::len).max().unwrap_or(0);
    assert!(longest < TELLING_BASES, "{longest} bases in\n{text}");
}

#[test]
fn messages_hold_no_genotype_sample_name_or_sequence() {
    let dir = dir!();
    golden::lay_out(&dir);
    genome::write_reference(&dir);
    let long = &genome::contig(1)[299..340];
    let mut vcf = genome::vcf([100, 200]);
    vcf.push_str(&format!("1\t300\t.\t{long}\tA\t.\t.\t.\tGT\t0/1\n"));
    vcf.push_str("1\t400\t.\tA\tC\t.\t.\t.\tGT\n");
    vcf.push_str("not a record at all\t0/1\n");
    dir.create("in.vcf", vcf);
    let flags = [
        "-o out.jsonl --log-level debug --skipped skipped.tsv",
        "-o out.jsonl --strict",
        "-o out.vcf",
        "-o out.jsonl --batch-size 0",
    ];
    for flags in flags {
        let run = format!(
            "score --vcf in.vcf --fasta ref.fa {} {flags}",
            golden::MODEL
        );
        let finished = dir.run(&run).finish();
        assert_private(&finished.stderr());
        assert_private(&finished.stdout());
    }
}

#[test]
fn receipts_and_scores_hold_no_sample() {
    let dir = golden::prepared(dir!(), genome::vcf([100, 200]));
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o out.jsonl",
        golden::MODEL
    );
    dir.run(&run).ok();
    assert_private(&dir.text("out.jsonl"));
    assert_private(&dir.text("out.jsonl.receipts.jsonl"));
}

#[test]
fn array_genotypes_stay_out_of_messages() {
    let dir = dir!();
    golden::lay_out(&dir);
    genome::write_reference(&dir);
    dir.create(
        "raw.txt",
        "# 23andMe\nrs1\t1\t100\tAG\nrs2\t1\tabc\tCT\nrs3\t1\t102\tQQQQ\n",
    );
    for command in [
        "score --fasta ref.fa --vcf raw.txt --strict",
        "import raw.txt --fasta ref.fa --strict",
    ] {
        let run = if command.starts_with("score") {
            format!("{command} {}", golden::MODEL)
        } else {
            command.to_owned()
        };
        let finished = dir.run(&run).finish();
        assert!(
            finished.status().is_some_and(|status| status != 0),
            "{finished}"
        );
        for genotype in ["AG", "CT", "QQQQ"] {
            assert!(!finished.stderr().contains(genotype), "{finished}");
        }
    }
}

/// What the kernel saw of a command's calls about sockets.
fn calls_about_sockets(dir: &Dir, command: &str) -> String {
    let log = dir.path("sockets.log");
    let traced = Program::new(Path::new("strace"), &dir.path(""))
        .args(["-fqq", "-e", "trace=%network,io_uring_setup", "-o"])
        .arg(&log)
        .arg(dir.program())
        .args(command.split_whitespace());
    traced.ok();
    dir.text("sockets.log")
}

#[test]
#[cfg(target_os = "linux")]
fn no_command_asks_the_kernel_for_a_socket() {
    let dir = golden::prepared(dir!(), genome::vcf((100..400).step_by(10)));
    let score = format!(
        "score --vcf in.vcf --fasta ref.fa {} -o s.jsonl",
        golden::MODEL
    );
    let calibrate = format!(
        "calibrate --vcf in.vcf --fasta ref.fa {} --min-bucket-size 1 -o table.parquet",
        golden::MODEL
    );
    let verify = format!(
        "verify s.jsonl.receipts.jsonl --manifest golden/model/manifest.json --rerun --scores s.jsonl --fasta ref.fa {}",
        golden::MODEL
    );
    for command in [&score, &calibrate, &verify] {
        let calls = calls_about_sockets(&dir, command);
        let leading_out = calls.lines().find(|call| !call.contains("AF_UNIX"));
        assert_eq!(leading_out, None, "{command}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_connection_that_doctor_tries_is_refused() {
    let dir = dir!();
    golden::lay_out(&dir);
    let doctor = format!("doctor {}", golden::MODEL);
    let said = dir.run(&doctor).stdout();
    assert!(said.contains("refused by seccomp"), "{said}");
    assert!(said.contains("[RESOURCE.NETWORK_PROHIBITED]"), "{said}");
    let calls = calls_about_sockets(&dir, &doctor);
    let outside: Vec<_> = calls
        .lines()
        .filter(|call| call.contains("AF_INET"))
        .collect();
    assert_eq!(outside.len(), 2, "{calls}");
    assert!(
        outside.iter().all(|call| call.contains("= -1 EACCES")),
        "{calls}"
    );
}
