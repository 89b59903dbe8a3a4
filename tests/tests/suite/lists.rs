//! What stands beside the variants (regions, repeats, transcripts, scores, a reference, a configuration) in
//! other encodings and packings, from pipes, and with names that stand twice.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use flate2::Compression;
use flate2::write::GzEncoder;
use genolewm_tests::{Dir, Finished, dir, genome, golden};
use std::io::Write;

const BED: &str = "chr1\t90\t250\tAluSx\n";
const GFF: &str = "##gff-version 3\nchr1\tx\texon\t90\t250\t.\t+\t.\tID=e;Parent=t\n";

fn prepared() -> Dir {
    golden::prepared(dir!(), genome::vcf([100, 200, 300]))
}

fn score(flags: &str) -> String {
    let model = golden::MODEL;
    format!("score --vcf in.vcf --fasta ref.fa {model} --format tsv {flags}")
}

/// A column of the rows that were written.
fn column(finished: &Finished, name: &str) -> Vec<String> {
    let text = finished.stdout();
    let mut rows = text.lines().map(|row| row.split('\t').collect::<Vec<_>>());
    let names = rows.next().expect("a header");
    let at = names.iter().position(|found| *found == name);
    let at = at.expect("the column");
    rows.map(|row| row[at].to_owned()).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{text}");
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Text as editors and spreadsheets of other systems save it.
fn spelled(text: &str) -> [Vec<u8>; 4] {
    [
        format!("\u{feff}{text}").into(),
        utf16(text),
        text.replace('\n', "\r").into(),
        text.replace('\n', "\r\n").into(),
    ]
}

#[test]
fn a_byte_order_mark_hid_the_first_line_of_a_list() {
    let dir = prepared();
    for repeats in spelled(BED)
        .into_iter()
        .chain([BED.replace('\t', " ").into()])
    {
        dir.create("l.bed", repeats);
        let scored = dir.run(&score("--repeats l.bed")).ok();
        assert_eq!(
            column(&scored, "repeat"),
            ["transposon", "transposon", "none"]
        );
        let scored = dir.run(&score("--regions l.bed")).ok();
        assert_eq!(column(&scored, "pos"), ["100", "200"]);
    }
    dir.create("plain.gff", GFF);
    let want = dir.run(&score("--annotation plain.gff")).ok().stdout();
    for transcripts in spelled(GFF) {
        dir.create("l.gff", transcripts);
        let scored = dir.run(&score("--annotation l.gff")).ok();
        assert_eq!(scored.stdout(), want);
    }
    let config = "{\"score\": {\"batch_size\": 8}}";
    for config in [format!("\u{feff}{config}").into(), utf16(config)] {
        dir.create("c.json", config);
        dir.run(&score("--config c.json")).ok();
    }
}

#[test]
fn a_list_in_another_packing_was_a_bad_disk() {
    let dir = prepared();
    for (packed, cause) in [
        (&b"\xfd7zXZ\0\0"[..], "compressed with xz"),
        (b"BZh91AY&SY\x01\x02", "compressed with bzip2"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
    ] {
        dir.create("l.bed", packed);
        for flag in ["--regions", "--repeats", "--annotation"] {
            let refused = dir.run(&score(&format!("{flag} l.bed")));
            let refused = refused.fails("INPUT.GENERIC", 2).stderr();
            assert!(refused.contains(cause), "{flag}: {refused}");
        }
        if !cause.contains("ZIP") {
            let variants = score("").replace("in.vcf", "l.bed");
            let refused = dir.run(&variants).fails("INPUT.VCF_PARSE", 2).stderr();
            assert!(refused.contains(cause), "{refused}");
            let reference = score("").replace("ref.fa", "l.bed");
            let refused = dir.run(&reference).fails("INPUT.GENERIC", 2).stderr();
            assert!(refused.contains(cause), "{refused}");
        }
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(BED.repeat(99).as_bytes()).expect("gzip");
    let gzip = gzip.finish().expect("gzip");
    dir.create("l.bed", &gzip[..gzip.len() - 9]);
    let refused = dir.run(&score("--repeats l.bed")).fails("INPUT.GENERIC", 2);
    assert!(refused.stderr().contains("cut short"), "{refused}");
}

#[test]
fn an_empty_list_of_regions_passed_for_variants_elsewhere() {
    let dir = prepared();
    dir.create("l.bed", "# nothing\n");
    let refused = dir.run(&score("--regions l.bed")).fails("INPUT.GENERIC", 2);
    assert!(
        refused.stderr().contains("there are no regions in it"),
        "{refused}"
    );
}

#[test]
fn references_that_are_not_read_from_the_middle_were_a_bad_disk() {
    let dir = prepared();
    let fasta = dir.text("ref.fa");
    for marked in [format!("\u{feff}{fasta}").into(), utf16(&fasta)] {
        dir.create("marked.fa", marked);
        let refused = dir.run(&score("").replace("ref.fa", "marked.fa"));
        let refused = refused.fails("INPUT.GENERIC", 2).stderr();
        assert!(refused.contains("byte-order mark"), "{refused}");
    }
    let refused = dir.run(&score("").replace("ref.fa", "/dev/stdin"));
    let refused = refused.stdin(fasta).fails("INPUT.GENERIC", 2).stderr();
    assert!(refused.contains("from the middle"), "{refused}");
}

/// Of two, one was taken.
#[test]
fn names_that_stand_twice_were_read_once() {
    let dir = prepared();
    let base = genome::base(1, 100);
    let other = genome::other(base);
    let refused = |name: &str, content: &str, flags: &str, code: &str, cause: &str| {
        dir.create(name, content);
        let run = score(flags).replace("in.vcf", name);
        let refused = dir.run(&run).fails(code, 2).stderr();
        assert!(refused.contains(cause), "{name}: {refused}");
    };
    refused(
        "twice.json",
        &format!(
            "[{{\"chrom\":\"1\",\"pos\":5,\"pos\":100,\"ref\":\"{base}\",\"alt\":\"{other}\"}}]"
        ),
        "",
        "INPUT.VCF_PARSE",
        "a key stands twice",
    );
    refused(
        "twice.txt",
        &format!("rsid\tchromosome\tposition\tposition\tgenotype\nrs1\t1\t100\t5\t{base}{other}\n"),
        "",
        "INPUT.VCF_PARSE",
        "the same name",
    );
    let column = "NA_SECRET_42";
    let vcf = genome::vcf([100]).replace(column, "ann\tann");
    let vcf = vcf.replace("GT\t0/1", "GT\t0/1\t0/0");
    refused(
        "twice.vcf",
        &vcf,
        "--sample ann",
        "INPUT.GENERIC",
        "two samples",
    );
    refused(
        "plain.vcf",
        &genome::vcf([100]),
        "--member a.vcf",
        "INPUT.GENERIC",
        "no ZIP archive",
    );
}

#[test]
fn scores_from_a_pipe_lost_their_head() {
    let dir = prepared();
    for (name, is_read) in [
        ("s.jsonl", true),
        ("s.tsv", true),
        ("s.vcf", true),
        ("s.vcf.gz", true),
        ("s.parquet", false),
    ] {
        let flags = score(&format!("-o {name}")).replace("--format tsv ", "");
        dir.run(&flags).ok();
        let verify = format!(
            "verify {name}.receipts.jsonl --manifest golden/model/manifest.json --scores /dev/stdin"
        );
        let piped = dir.run(&verify).stdin(dir.bytes(name));
        if is_read {
            let told = piped.ok().stdout();
            assert!(told.contains("rows: ok"), "{name}: {told}");
        } else {
            let refused = piped.fails("INPUT.GENERIC", 2).stderr();
            assert!(refused.contains("save it as a file"), "{refused}");
        }
    }
}

/// JSON came out all the same, under the name of a table.
#[test]
fn flags_of_files_did_nothing_for_one_variant() {
    let dir = prepared();
    let base = genome::base(1, 100);
    let variant = format!("--variant 1:100:{base}:{}", genome::other(base));
    let score = format!("score {variant} --fasta ref.fa {}", golden::MODEL);
    for flags in [
        "--format tsv",
        "-o out.parquet",
        "-O z",
        "--skipped out.tsv",
        "--top 3",
        "--regions chr1",
    ] {
        let refused = dir.run(&format!("{score} {flags}"));
        let refused = refused.fails("INPUT.GENERIC", 2).stderr();
        assert!(refused.contains("row of JSON"), "{flags}: {refused}");
    }
    dir.run(&format!("{score} --format jsonl -o out.json")).ok();
    let absent = dir.run(&format!("{score} -o absent/out.json"));
    let absent = absent.fails("RESOURCE.GENERIC", 4).stderr();
    assert!(
        absent.contains("absent: there is no such folder"),
        "{absent}"
    );
}

#[test]
fn a_typed_contig_planted_text() {
    let dir = prepared();
    let window = genome::contig(1);
    let base = genome::base(1, 100);
    let other = genome::other(base);
    for contig in ["chr\t1", "\u{1b}[31mchr1", "chr1\u{202e}"] {
        let variant = format!("{contig}:100:{base}:{other}");
        let run = dir.run(&format!("score {} --window {window}", golden::MODEL));
        let refused = run.arg("--variant").arg(variant);
        let refused = refused.fails("INPUT.INVALID_EDIT", 2).stderr();
        assert!(!refused.contains('\u{1b}'), "{refused:?}");
    }
}
