//! `score --regions` on the shards of a file: each record is in one of them, and their outputs, one after
//! the other, are those of the whole.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_tests::builtin::MANIFEST;
use genolewm_tests::{Dir, Program, dir, genome, golden};
use std::path::Path;

/// Borders that lie inside of records, and between them.
const SHARDS: [&str; 5] = ["1:1-2249", "1:2250-2300", "1:2301-2307", "1:2308-", "2"];

/// Substitutions, and insertions and deletions at every border; one that may be moved over it, one record of
/// two alleles, a symbolic one that spans shards, and none in the third shard but such as are skipped.
fn records() -> String {
    let bases = |contig: u64, pos: usize, bp: usize| {
        genome::contig(contig)[pos - 1..pos - 1 + bp].to_owned()
    };
    // bcftools reads no contigs that are not declared.
    let contigs = "##contig=<ID=1,length=6000>\n##contig=<ID=2,length=6000>\n#CHROM";
    let mut text = genome::HEADER.replace("#CHROM", contigs);
    let mut add = |contig: u64, pos: usize, bp: usize, alternate: &str| {
        let reference = bases(contig, pos, bp);
        let first = &reference[..1];
        let alternate = alternate.replace('^', first);
        text += &format!("{contig}\t{pos}\t.\t{reference}\t{alternate}\t.\tPASS\tAC=1\tGT\t0/1\n");
    };
    for pos in 2_200..2_244 {
        add(1, pos, 1, &genome::other(genome::base(1, pos)).to_string());
    }
    add(1, 2_244, 9, "^");
    add(1, 2_248, 4, "^,^TTTTTT");
    add(1, 2_249, 2, "^");
    add(1, 2_249, 1, "<DEL>");
    add(1, 2_250, 2, "^");
    add(1, 2_253, 1, "^ACGT");
    add(1, 2_299, 12, "^");
    add(1, 2_300, 2, "^");
    add(1, 2_303, 1, "<DUP>");
    add(1, 2_307, 1, "<INV>");
    add(1, 2_308, 4, "^");
    for pos in 2_320..2_330 {
        add(2, pos, 1, &genome::other(genome::base(2, pos)).to_string());
    }
    text
}

fn score(flags: &str) -> String {
    format!("score --vcf in.vcf --fasta ref.fa {flags}")
}

/// A directory with the whole scored as `whole.ENDING`, and its shards as `0.ENDING` and so on.
fn scored(ending: &str) -> Dir {
    let dir = golden::prepared(dir!(), records());
    dir.run(&score(&format!("-o whole.{ending}"))).ok();
    for (number, region) in SHARDS.iter().enumerate() {
        let flags = format!("--regions {region} --allow-empty --batch-size 3 -o {number}.{ending}");
        dir.run(&score(&flags)).ok();
    }
    dir
}

fn together(dir: &Dir, end: &str) -> String {
    (0..SHARDS.len())
        .map(|shard| dir.text(&format!("{shard}.{end}")))
        .collect()
}

#[test]
fn rows_and_receipts_of_shards_were_not_those_of_the_whole() {
    let dir = scored("jsonl");
    assert!(together(&dir, "jsonl") == dir.text("whole.jsonl"));
    let receipts = together(&dir, "jsonl.receipts.jsonl");
    let of = |text: &str| -> Vec<serde_json::Value> {
        let mut receipts = golden::json_lines(text);
        for receipt in &mut receipts {
            receipt["timestamp"].take();
            receipt["provenance"]["details"]["row_index"].take();
        }
        receipts
    };
    assert!(of(&receipts) == of(&dir.text("whole.jsonl.receipts.jsonl")));
    let verify = format!("verify all.receipts.jsonl --manifest {MANIFEST} --scores whole.jsonl");
    dir.create("all.receipts.jsonl", &receipts);
    let told = dir.run(&verify).ok().stdout();
    assert!(
        told.contains("row numbers: ok, of 4 files one after the other"),
        "{told}"
    );
    // None is missing inside of a shard, and none there twice.
    let lines: Vec<&str> = receipts.lines().collect();
    let verify = format!("verify all.receipts.jsonl --manifest {MANIFEST}");
    for broken in [
        [&lines[..3], &lines[4..]].concat(),
        [&lines[..], &lines[..5]].concat(),
    ] {
        dir.create("all.receipts.jsonl", broken.join("\n"));
        dir.run(&verify).fails("PROVENANCE.GENERIC", 8);
    }
}

#[test]
fn tables_of_shards_are_those_of_the_whole() {
    for ending in ["tsv", "csv"] {
        let dir = scored(ending);
        let whole = dir.text(&format!("whole.{ending}"));
        let head = whole.lines().next().expect("a header").to_owned() + "\n";
        let rows = |number: usize| {
            let text = dir.text(&format!("{number}.{ending}"));
            text.strip_prefix(&head)
                .expect("the same header")
                .to_owned()
        };
        let all: String = (0..SHARDS.len()).map(rows).collect();
        assert!(head + &all == whole, "{ending}");
    }
}

/// A data set of Parquet files, each with the columns of the others, holds the rows of the whole.
#[test]
fn parquet_of_shards_is_one_data_set() {
    let dir = scored("parquet");
    let rows = |files: &[String]| -> Vec<String> {
        let read = |file: &String| {
            let path = dir.path(file);
            let table = genolewm_data::shards::score_rows(&path).expect("a table of scores");
            let rows = table.map(|row| format!("{:?}", row.expect("a row")));
            rows.collect::<Vec<_>>()
        };
        files.iter().flat_map(read).collect()
    };
    let shards: Vec<String> = (0..SHARDS.len())
        .map(|shard| format!("{shard}.parquet"))
        .collect();
    let whole = rows(&["whole.parquet".to_owned()]);
    assert!(whole.len() > 60, "{}", whole.len());
    assert!(rows(&shards) == whole);
    let columns = |file: &str| {
        let text = dir.bytes(file);
        String::from_utf8_lossy(&text[text.len().saturating_sub(16_384)..])
            .matches("input_prefix")
            .count()
    };
    assert!(
        shards.iter().all(|file| columns(file) > 0),
        "every shard has every column"
    );
}

/// `bcftools concat` is asked, plain and packed.
#[test]
fn bcftools_puts_shards_together_as_the_whole() {
    for ending in ["vcf", "vcf.gz"] {
        let dir = scored(ending);
        let bcftools = |args: &str| {
            let program = Program::new(Path::new("bcftools"), &dir.path(""));
            program.args(args.split_whitespace()).ok()
        };
        let names: Vec<String> = (0..SHARDS.len())
            .map(|shard| format!("{shard}.{ending}"))
            .collect();
        bcftools(&format!(
            "concat --no-version -o all.vcf {}",
            names.join(" ")
        ));
        bcftools(&format!("concat --no-version -o one.vcf whole.{ending}"));
        let records = |name: &str| -> Vec<String> {
            let text = dir.text(name);
            let of_command = |line: &&str| !line.starts_with("##genolewm_command=");
            text.lines().filter(of_command).map(str::to_owned).collect()
        };
        let (all, one) = (records("all.vcf"), records("one.vcf"));
        assert!(
            one.iter()
                .filter(|line| line.contains("GLW_STATUS=scored"))
                .count()
                > 60
        );
        let differing: Vec<_> = all
            .iter()
            .zip(&one)
            .filter(|(all, one)| all != one)
            .collect();
        assert!(
            all.len() == one.len() && differing.is_empty(),
            "{ending}: {differing:?}"
        );
    }
}

#[test]
fn a_shard_without_variants_was_an_error_that_stopped_a_workflow() {
    let dir = golden::prepared(dir!(), records());
    let empty = "--regions 1:2301-2302 -o out.vcf";
    dir.run(&score(empty)).fails("INPUT.GENERIC", 2);
    dir.assert_no_output(&["out.vcf"]);
    dir.run(&score(&format!("{empty} --allow-empty"))).ok();
    let text = dir.text("out.vcf");
    assert!(
        text.contains("##INFO=<ID=GLW_RAW,") && text.ends_with("NA_SECRET_42\n"),
        "{text}"
    );
    assert_eq!(dir.text("out.vcf.receipts.jsonl"), "");
}

#[test]
fn a_shard_whose_alleles_were_all_skipped_looked_like_one_without_variants() {
    let dir = golden::prepared(dir!(), records());
    let told = |region: &str| {
        let flags = format!("--regions {region} --allow-empty -o out.jsonl");
        dir.run(&score(&flags)).ok().stderr()
    };
    let skipped = told("1:2301-2307");
    assert!(skipped.contains("nothing could be scored (2 "), "{skipped}");
    let empty = told("1:2301-2302");
    assert!(!empty.contains("nothing could be scored"), "{empty}");
}

#[test]
fn receipts_of_people_who_share_their_first_allele_were_taken_for_copies() {
    let dir = golden::prepared(dir!(), "");
    let receipts = |places: &[usize]| -> String {
        dir.create("in.vcf", genome::vcf(places.iter().copied()));
        dir.run(&score("-o out.jsonl")).ok();
        dir.text("out.jsonl.receipts.jsonl")
    };
    let (one, other) = (receipts(&[2_200, 2_210]), receipts(&[2_200, 2_220]));
    let verify = format!("verify all.jsonl --manifest {MANIFEST}");
    dir.create("all.jsonl", format!("{one}{other}"));
    let told = dir.run(&verify).ok().stdout();
    assert!(told.contains("of 2 files one after the other"), "{told}");
    let start = other.lines().next().expect("a receipt");
    for copied in [
        format!("{one}{other}{one}"),
        format!("{one}{other}{start}\n"),
    ] {
        dir.create("all.jsonl", copied);
        let refused = dir.run(&verify).fails("PROVENANCE.GENERIC", 8);
        assert!(refused.stderr().contains("all.jsonl:5"), "{refused}");
    }
}
