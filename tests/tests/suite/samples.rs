//! Whose alleles are scored: the genotypes of a VCF's samples.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::{Dir, Program, dir};
use std::fs;

const CASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/web/nobody-carries-it");
const FASTA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz");

/// A case of five people around BRCA1, scored against the shipped piece of chromosome 17.
fn score(dir: &Dir, case: &str, flags: &str) -> Program {
    dir.run(&format!(
        "score --no-receipt -o out.tsv --vcf {CASE}/{case} --fasta {FASTA} {flags}"
    ))
}

/// Names of the scored and the number of alleles in all.
fn scored(dir: &Dir) -> (Vec<String>, usize) {
    let text = dir.text("out.tsv");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|row| row.split('\t').collect())
        .collect();
    let scored = rows.iter().filter(|row| row[5] == "scored");
    assert!(
        rows.iter()
            .all(|row| matches!(row[5], "scored" | "not_carried"))
    );
    (scored.map(|row| row[2].to_owned()).collect(), rows.len())
}

#[test]
fn five_people_who_carried_nothing_had_300_changes() {
    let dir = dir!();
    let finished = score(&dir, "five_homref.vcf", "").fails("INPUT.GENERIC", 2);
    let said = finished.stderr();
    assert!(said.contains("carries any of these alleles"), "{finished}");
    assert!(
        said.contains("300 not_carried") && said.contains("remedy: "),
        "{finished}"
    );
    score(&dir, "five_homref.vcf", "--all-alleles --top 1").ok();
    assert_eq!(scored(&dir).0.len(), 300);
}

#[test]
fn a_sample_has_what_its_genotypes_say() {
    let dir = dir!();
    score(&dir, "five_samples.vcf", "").ok();
    let (anyone, all) = scored(&dir);
    assert_eq!(all, 300);
    let text = fs::read_to_string(format!("{CASE}/five_samples.vcf")).expect("the case");
    // Read by other means than the program's.
    let carried_by = |columns: &[usize]| -> Vec<String> {
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let rows = rows.map(|line| line.split('\t').collect::<Vec<_>>());
        rows.filter(|row| columns.iter().any(|column| row[*column].contains('1')))
            .map(|row| row[2].to_owned())
            .collect()
    };
    assert_eq!(anyone, carried_by(&[9, 10, 11, 12, 13]));
    for (flags, columns) in [
        ("--sample ALICE", &[11][..]),
        ("--sample BOB,MOTHER", &[9, 12]),
        ("--sample BOB --sample MOTHER", &[9, 12]),
    ] {
        score(&dir, "five_samples.vcf", flags).ok();
        let (theirs, all) = scored(&dir);
        assert_eq!((theirs, all), (carried_by(columns), 300), "{flags}");
    }
}

#[test]
fn a_sample_that_is_not_there_is_refused_with_those_that_are() {
    let dir = dir!();
    let finished = score(&dir, "five_samples.vcf", "--sample EVE").fails("INPUT.GENERIC", 2);
    assert!(
        finished
            .stderr()
            .contains("MOTHER, FATHER, ALICE, BOB, CAROL"),
        "{finished}"
    );
    dir.assert_no_output(&["out.tsv"]);
}
