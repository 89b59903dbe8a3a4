//! Flags that were taken for something else than they say, and files refused for another cause.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use flate2::Compression;
use flate2::write::GzEncoder;
use genolewm_tests::{Dir, dir};
use std::io::Write;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
const FASTA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz");

/// Scored positions of a run with these flags.
fn scored(dir: &Dir, vcf: &str, flags: &str) -> Vec<u64> {
    let run = format!("score --no-receipt -o out.csv --vcf {CASES}/{vcf} --fasta {FASTA} {flags}");
    dir.run(&run).ok();
    let rows = dir.text("out.csv");
    let rows = rows.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let scored = rows.filter(|row| row[5] == "scored");
    scored
        .map(|row| row[1].parse().expect("a position"))
        .collect()
}

#[test]
fn pieces_of_regions_were_dropped() {
    let dir = dir!();
    let vcf = "files/regions-unparsed/v00_std.vcf";
    let inside = |ranges: &[(u64, u64)]| -> Vec<u64> {
        let all = scored(&dir, vcf, "");
        let is_in = |pos: &u64| ranges.iter().any(|(from, to)| (from..=to).contains(&pos));
        all.into_iter().filter(is_in).collect()
    };
    let two = inside(&[(41_198_000, 41_205_000), (41_250_000, 41_260_000)]);
    let first = inside(&[(41_198_000, 41_205_000)]);
    assert!(!first.is_empty() && two.len() > first.len(), "{two:?}");
    let flags = "--regions chr17:41198000-41205000,chr17:41,250,000-41,260,000";
    assert_eq!(scored(&dir, vcf, flags), two);
    let bed = scored(
        &dir,
        vcf,
        &format!("--regions {CASES}/files/regions-unparsed/r.bed.gz"),
    );
    assert!(!bed.is_empty());
    for nowhere in [
        "BRCA1",
        "rs8176320",
        "chr99:1-5",
        "chr17,chr99",
        "chr17:x-y",
        "17:90000000",
    ] {
        let run =
            format!("score -o out.tsv --vcf {CASES}/{vcf} --fasta {FASTA} --regions {nowhere}");
        let finished = dir.run(&run).fails("INPUT.GENERIC", 2);
        assert!(finished.stderr().contains("remedy: "), "{finished}");
        dir.assert_no_output(&["out.tsv"]);
    }
}

#[test]
fn the_first_of_two_files_vanished() {
    let dir = dir!();
    let run = format!(
        "score --vcf {CASES}/files/repeated-vcf/a.vcf --vcf {CASES}/files/repeated-vcf/b.vcf --fasta {FASTA} -o out.tsv"
    );
    let finished = dir.run(&run).fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("--vcf"), "{finished}");
    dir.assert_no_output(&["out.tsv"]);
}

#[test]
fn repeats_of_ucsc_were_refused() {
    let dir = dir!();
    let flags = format!("--repeats {CASES}/files/repeats-name-column/rep.bed");
    assert!(!scored(&dir, "files/regions-unparsed/v00_std.vcf", &flags).is_empty());
}

#[test]
fn another_build_was_started_and_ended_with_nothing() {
    let dir = dir!();
    let run = format!("score --vcf {CASES}/web/hg38-on-hg19/hg38.vcf --fasta {FASTA} -o out.tsv");
    let finished = dir.run(&run).fails("INPUT.WINDOW_MISMATCH", 2);
    let said = finished.stderr();
    assert!(
        said.contains("GRCh38") && said.contains("GRCh37"),
        "{finished}"
    );
    assert!(said.contains("remedy: "), "{finished}");
    dir.assert_no_output(&["out.tsv"]);
}

#[test]
fn files_were_refused_for_another_cause() {
    let dir = dir!();
    let bases = "ACGT".repeat(15);
    dir.create("uneven.fa", format!(">chr17\n{bases}\nACG\n{bases}\n"));
    dir.create("onlyhdr.fa", ">chr17\n");
    dir.create("spaceafter.fa", format!("> chr17\n{bases}\n"));
    dir.create("dup.fa", format!(">chr17\n{bases}\n>chr17\n{bases}\n"));
    std::fs::create_dir(dir.path("folder")).expect("a folder");
    let vcf = format!("{CASES}/files/regions-unparsed/v00_std.vcf");
    let zip = format!("{CASES}/files/misleading-messages/x.fa.zip");
    let rtf = format!("{CASES}/files/misleading-messages/rtf.txt");
    for (vcf, fasta, said) in [
        (&vcf, "uneven.fa", "uneven.fa:3\n"),
        (&vcf, "uneven.fa", "3 bases where its first has 60"),
        (&vcf, "onlyhdr.fa", "\"chr17\" has no bases"),
        (&vcf, "spaceafter.fa", "no contig name"),
        (&vcf, "dup.fa", "two contigs are called \"chr17\""),
        (&vcf, "dup.fa", "dup.fa:3"),
        (&vcf, zip.as_str(), "ZIP archive"),
        (&vcf, "folder", "folder"),
        (&rtf, FASTA, "RTF"),
    ] {
        let run = format!("score --vcf {vcf} --fasta {fasta} -o out.tsv");
        let finished = dir.run(&run).finish();
        assert!(matches!(finished.status(), Some(2 | 4)), "{finished}");
        let text = finished.stderr();
        assert!(
            text.contains(said) && text.contains("remedy: "),
            "{said}: {finished}"
        );
        dir.assert_no_output(&["out.tsv"]);
    }
}

#[test]
fn no_threads_at_all_were_refused_without_saying_what_to_give() {
    let dir = dir!();
    let vcf = format!("{CASES}/files/regions-unparsed/v00_std.vcf");
    let run = format!("score --vcf {vcf} --fasta {FASTA} -o out.tsv");
    for flag in ["--threads", "--batch-size"] {
        let finished = dir
            .run(&format!("{run} {flag} 0"))
            .fails("INPUT.GENERIC", 2);
        let remedy = format!("remedy: give {flag} a number from 1 on");
        assert!(finished.stderr().contains(&remedy), "{finished}");
    }
    let config = "score:\n  threads: 0\n";
    dir.create("config.yaml", config);
    let finished = dir.run(&format!("{run} --config config.yaml")).finish();
    assert!(!finished.stderr().contains("panicked"), "{finished}");
}

#[test]
fn a_manifest_of_another_name_was_called_by_its_usual_one() {
    let dir = dir!();
    dir.create("other.name", "no manifest");
    dir.create("receipt.json", "{}");
    std::fs::create_dir(dir.path("model")).expect("a folder");
    for (manifest, said) in [
        ("other.name", "at: other.name:1"),
        (
            "other.name",
            "remedy: use the manifest.json that came with the model",
        ),
        (
            "model",
            "remedy: give the manifest of the model: --manifest model/manifest.json",
        ),
    ] {
        let run = format!("verify receipt.json --manifest {manifest}");
        let finished = dir.run(&run).fails("INPUT.GENERIC", 2);
        assert!(finished.stderr().contains(said), "{said}: {finished}");
    }
}

/// A BED, a list of repeats, an annotation: all are read by one reader.
#[test]
fn bytes_behind_packed_data_were_not_mentioned_but_for_variants() {
    let dir = dir!();
    let packed = |name: &str, text: &str, after: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("packed bytes");
        let bytes = encoder.finish().expect("packed bytes");
        dir.create(name, [&bytes, after].concat());
    };
    let vcf = format!("{CASES}/files/regions-unparsed/v00_std.vcf");
    let run = format!("score --vcf {vcf} --fasta {FASTA} --no-receipt -o out.tsv");
    let bed = "chr17\t41190000\t41300000\tLINE\n";
    for (flag, name, text) in [
        ("--regions", "r.bed.gz", bed),
        ("--repeats", "repeats.bed.gz", bed),
    ] {
        packed(name, text, b"garbage");
        let told = dir.run(&format!("{run} {flag} {name}")).ok().stderr();
        let warning = format!("warning: {name}: bytes that are no gzip follow");
        assert_eq!(told.matches(&warning).count(), 1, "{told}");
        packed(name, text, &[0; 100]);
        let told = dir.run(&format!("{run} {flag} {name}")).ok().stderr();
        assert!(!told.contains("no gzip"), "{told}");
    }
}
