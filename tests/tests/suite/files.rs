//! Files as testing companies deliver them and as spreadsheets leave them, through the program.

use genolewm_tests::{Dir, Finished, dir};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
const FASTA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz");

/// A run over a case, with one line for each allele on standard output.
fn score(dir: &Dir, case: &str, more: &str) -> Finished {
    let run = format!("score --vcf {CASES}/{case} --fasta {FASTA} --format tsv {more}");
    dir.run(&run).ok()
}

/// Rows of a table with this status.
fn count(finished: &Finished, status: &str) -> usize {
    let stdout = finished.stdout();
    let rows = stdout.lines().skip(1);
    rows.filter(|row| row.split('\t').nth(5) == Some(status))
        .count()
}

#[test]
fn files_of_companies_are_read_under_their_names() {
    let dir = dir!();
    for (case, name) in [
        ("files/myheritage-header/mh.csv", "MyHeritage"),
        ("web/misnamed/ftdna.csv", "FamilyTreeDNA"),
        ("web/misnamed/livingdna.txt", "Living DNA"),
        ("files/resaved-in-excel/semicolon.csv", "23andMe"),
        ("files/resaved-in-excel/comma.csv", "23andMe"),
        ("files/resaved-in-excel/quoted_comment.txt", "23andMe"),
        (
            "web/semicolon/excel_semicolon.csv --regions 17:41196300-41199000",
            "MyHeritage",
        ),
        (
            "web/utf16/utf16le.txt --regions 17:41196300-41199000",
            "no company",
        ),
    ] {
        let finished = score(&dir, case, "");
        let told = finished.stderr();
        assert!(told.contains(name), "{case}: {told}");
        assert!(count(&finished, "scored") > 0, "{case}: {told}");
    }
    let vcf = score(&dir, "files/resaved-in-excel/vcf_excel.vcf", "");
    assert!(count(&vcf, "scored") > 10, "{vcf}");
}

#[test]
fn a_missing_value_is_no_call() {
    let dir = dir!();
    let case = "files/genotype-NA/na20.txt";
    let run = format!("score --vcf {CASES}/{case} --fasta {FASTA} --format tsv");
    let finished = dir.run(&run).finish();
    // The other calls are the reference's: nothing is left to score, which is an error.
    assert_eq!(finished.status(), Some(2), "{finished}");
    assert_eq!(count(&finished, "no_call"), 3, "{finished}");
}

#[test]
fn a_zip_archive_is_opened_as_it_was_delivered() {
    let dir = dir!();
    let case = "web/zip/genome_HG00099_v5_Full.zip --regions 17:41196300-41199000";
    let finished = score(&dir, case, "");
    assert!(count(&finished, "scored") > 0, "{finished}");
    let archive = std::fs::read(format!("{CASES}/web/zip/genome_HG00099_v5_Full.zip"));
    let piped =
        format!("score --vcf - --fasta {FASTA} --format tsv --regions 17:41196300-41199000");
    let piped = dir.run(&piped).stdin(archive.expect("the case")).ok();
    assert_eq!(piped.stdout(), finished.stdout());
    for (case, word) in [("book.xlsx", "Excel"), ("x.fa.zip", "FASTA")] {
        let run = format!("score --vcf {CASES}/files/misleading-messages/{case} --fasta {FASTA}");
        let refused = dir.run(&run).finish();
        assert!(
            refused.status() == Some(2) && refused.stderr().contains(word),
            "{refused}"
        );
    }
}

#[test]
fn import_invented_variants_of_another_build() {
    let dir = dir!();
    let import = |case: &str, more: &str| {
        let case = format!("{CASES}/files/import-no-build-check/{case}");
        dir.run(&format!("import {case} --fasta {FASTA} -o {more}"))
    };
    import("a01_23andme.txt", "right.vcf").ok();
    for case in ["wrong_build.txt", "other_strand.txt"] {
        import(case, "wrong.vcf").fails("INPUT.WINDOW_MISMATCH", 2);
        dir.assert_no_output(&["wrong.vcf"]);
    }
    // One file after the other: each row is counted, and the mixture is told.
    let read = |case: &str| {
        let path = format!("{CASES}/files/import-no-build-check/{case}");
        std::fs::read_to_string(path).expect("the case")
    };
    let (right, wrong) = (read("a01_23andme.txt"), read("wrong_build.txt"));
    let wrong = wrong.lines().filter(|line| !line.starts_with('#'));
    let wrong = wrong.collect::<Vec<_>>().join("\n");
    dir.create("mixed.txt", right.repeat(3) + &wrong + "\n");
    let mixed = dir
        .run(&format!("import mixed.txt --fasta {FASTA} -o mixed.vcf"))
        .ok();
    assert!(mixed.stderr().contains("another genome build"), "{mixed}");
    let scored = format!("score --vcf mixed.txt --fasta {FASTA} -o mixed.tsv");
    let scored = dir.run(&scored).ok();
    assert!(scored.stderr().contains("another genome build"), "{scored}");
}

#[test]
fn import_stopped_at_one_bad_row() {
    let dir = dir!();
    let case = format!("{CASES}/files/import-one-bad-row/badrow.txt");
    let run = format!("import {case} --fasta {FASTA} -o out.vcf");
    let finished = dir.run(&run).ok();
    assert!(finished.stderr().contains("1 not understood"), "{finished}");
    assert!(finished.stderr().contains("badrow.txt:38"), "{finished}");
    assert!(dir.text("out.vcf").lines().count() > 15);
    dir.run(&format!("{run} --strict"))
        .fails("INPUT.VCF_PARSE", 2);
}

#[test]
fn another_mitochondrion_gave_invented_variants() {
    let dir = dir!();
    let folder = format!("{CASES}/files/mt-ucsc-chrM");
    let run = |input: &str, fasta: &str| {
        let run = format!("score --vcf {folder}/{input} --fasta {folder}/{fasta} --format tsv");
        dir.run(&run).ok()
    };
    for input in ["mt_23.txt", "mt.vcf"] {
        let ucsc = run(input, "chrM16571.fa");
        assert!(count(&ucsc, "other_mitochondrion") > 30, "{ucsc}");
        let both = run(input, "plusMT.fa");
        assert_eq!(count(&both, "other_mitochondrion"), 0, "{both}");
        let rcrs = run(input, "f40_mt_rcrs.fa");
        assert_eq!(count(&rcrs, "other_mitochondrion"), 0, "{rcrs}");
    }
}

#[test]
fn array_outputs_are_sorted_with_their_contigs() {
    let dir = dir!();
    let folder = format!("{CASES}/files/ancestry-not-indexable");
    let files = format!("{folder}/anc_par.txt --fasta {folder}/xym.fa");
    dir.run(&format!("score --vcf {files} -o scored.vcf")).ok();
    dir.run(&format!("import {files} -o imported.vcf")).ok();
    for name in ["scored.vcf", "imported.vcf"] {
        let text = dir.text(name);
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let places: Vec<(&str, u64)> = rows
            .map(|row| {
                let mut columns = row.split('\t');
                let contig = columns.next().expect("a contig");
                (
                    contig,
                    columns
                        .next()
                        .expect("a position")
                        .parse()
                        .expect("a number"),
                )
            })
            .collect();
        let mut blocks: Vec<&str> = places.iter().map(|(contig, _)| *contig).collect();
        blocks.dedup();
        assert_eq!(blocks, ["1", "X", "Y", "MT"], "{name}");
        let ascends = |pair: &[(&str, u64)]| pair[0].0 != pair[1].0 || pair[0].1 <= pair[1].1;
        assert!(places.windows(2).all(ascends), "{name}");
        for contig in blocks {
            assert!(
                text.contains(&format!("##contig=<ID={contig},length=")),
                "{name}"
            );
        }
    }
}
