//! `score --known`: what was scored before is not scored again, and comes out in the same bytes.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_core::ErrorCode;
use genolewm_data::shards::known_scores;
use genolewm_tests::{Dir, dir, genome, golden};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// An insertion and a deletion in spellings of their own, beside substitutions.
fn indels() -> String {
    let at = |pos: usize| genome::base(1, pos);
    format!(
        "1\t2700\tins\t{0}\t{0}ACGTT\t.\tPASS\tAC=1\tGT\t0/1\n\
         1\t2720\tdel\t{1}{2}{3}\t{1}\t.\tPASS\tAC=1\tGT\t0/1\n",
        at(2_700),
        at(2_720),
        at(2_721),
        at(2_722)
    )
}

/// A directory with the model, a cohort's sites in `in.vcf` and half of them in `half.vcf`.
fn prepared() -> Dir {
    let all = genome::vcf((2_200..2_220).chain(2_400..2_410)) + &indels();
    let half = genome::vcf((2_200..2_210).chain(2_300..2_304)) + &indels();
    golden::prepared(dir!(), all).with("half.vcf", half)
}

/// With the built-in model, in batches that are cut in another way where some of them are known.
fn score(flags: &str) -> String {
    format!("score --fasta ref.fa --batch-size 4 {flags}")
}

/// Without when, and the command line of a VCF.
fn comparable(dir: &Dir, name: &str) -> Vec<u8> {
    let bytes = dir.bytes(name);
    if name.ends_with(".parquet") {
        return bytes;
    }
    let text = String::from_utf8(bytes).expect("text");
    let lines = text
        .lines()
        .map(|line| match line.split_once("\"timestamp\":\"") {
            Some((before, after)) => format!("{before}{}", &after[20..]),
            None => line.to_owned(),
        });
    let lines = lines.filter(|line| !line.starts_with("##genolewm_command="));
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

const KNOWN: u64 = 10 + 2;

fn answers_from(known: &str, output: &str) {
    let dir = prepared();
    dir.run(&score(&format!("--vcf half.vcf -o {known}"))).ok();
    dir.run(&score(&format!("--vcf in.vcf -o fresh.{output}")))
        .ok();
    for threads in [1, 3].into_iter().skip(usize::from(output != "tsv")) {
        let flags = format!("--vcf in.vcf --known {known} --threads {threads} -o out.{output}");
        let told = dir.run(&score(&flags)).ok().stderr();
        let said = format!("answered from --known: {KNOWN}\n");
        assert!(told.contains(&said), "{known} {output}: {told}");
        for end in ["", ".receipts.jsonl"] {
            let of = |stem: &str| comparable(&dir, &format!("{stem}.{output}{end}"));
            assert!(of("out") == of("fresh"), "{known} to {output}{end}");
        }
    }
}

#[test]
fn sites_that_a_cohort_shares_were_scored_again() {
    for output in ["jsonl", "tsv", "csv", "vcf", "parquet"] {
        answers_from("known.parquet", output);
    }
}

#[test]
fn scores_with_their_receipts_are_known_in_any_format() {
    for (known, output) in [
        ("known.jsonl", "jsonl"),
        ("known.tsv", "parquet"),
        ("known.csv", "tsv"),
        ("known.vcf", "vcf"),
        ("known.vcf.gz", "jsonl"),
    ] {
        answers_from(known, output);
    }
}

#[test]
fn digits_that_known_scores_lack_were_made_up() {
    let dir = prepared();
    for (known, output) in [("k.jsonl", "tsv"), ("k.vcf", "parquet"), ("k.jsonl", "vcf")] {
        dir.run(&score(&format!("--vcf half.vcf -o {known}"))).ok();
        let refused = dir
            .run(&score(&format!(
                "--vcf in.vcf --known {known} -o out.{output}"
            )))
            .fails("INPUT.GENERIC", 2);
        assert!(refused.stderr().contains("remedy: "), "{refused}");
        dir.assert_no_output(&[&format!("out.{output}")]);
    }
}

#[test]
fn scores_of_another_model_were_taken_for_this_one() {
    let dir = prepared();
    for known in ["k.parquet", "k.jsonl"] {
        let other = format!("--vcf half.vcf -o {known} {}", golden::MODEL);
        dir.run(&score(&other)).ok();
        let refused = dir
            .run(&score(&format!(
                "--vcf in.vcf --known {known} -o out.jsonl"
            )))
            .fails("PROVENANCE.MANIFEST_HASH_MISMATCH", 8);
        let told = refused.stderr();
        assert_eq!(told.matches(": \"sha256:").count(), 2, "both ids: {told}");
        dir.assert_no_output(&["out.jsonl"]);
    }
}

#[test]
fn scores_on_another_reference_are_not_known() {
    let dir = prepared();
    dir.run(&score("--vcf half.vcf -o k.parquet")).ok();
    // One base that no record names, in the windows of some.
    let at = 6 + 2_430 + 2_430 / 60;
    let mut fasta = dir.bytes("ref.fa");
    fasta[at] = if fasta[at] == b'A' { b'C' } else { b'A' };
    dir.create("ref.fa", fasta);
    dir.run(&score("--vcf in.vcf -o fresh.jsonl")).ok();
    let told = dir.run(&score("--vcf in.vcf --known k.parquet -o out.jsonl"));
    let told = told.ok().stderr();
    assert!(
        !told.contains(&format!("answered from --known: {KNOWN}\n")),
        "{told}"
    );
    assert!(dir.bytes("out.jsonl") == dir.bytes("fresh.jsonl"));
}

#[test]
fn a_file_that_names_no_model_is_refused_with_what_to_do() {
    let dir = prepared();
    for known in ["k.jsonl", "k.tsv", "k.vcf"] {
        dir.run(&score(&format!("--vcf half.vcf --no-receipt -o {known}")))
            .ok();
        let refused = dir
            .run(&score(&format!(
                "--vcf in.vcf --known {known} -o out.jsonl"
            )))
            .fails("INPUT.GENERIC", 2);
        let told = refused.stderr();
        assert!(told.contains(&format!("{known}.receipts.jsonl")), "{told}");
    }
}

#[test]
fn receipts_of_other_rows_are_no_receipts_of_these() {
    let dir = prepared();
    dir.run(&score("--vcf half.vcf -o k.jsonl")).ok();
    let rows = dir.text("k.jsonl");
    for changed in [
        rows.lines()
            .skip(1)
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
        rows.clone() + rows.lines().next().expect("a row") + "\n",
    ] {
        dir.create("k.jsonl", changed);
        dir.run(&score("--vcf in.vcf --known k.jsonl -o out.jsonl"))
            .fails("PROVENANCE.GENERIC", 8);
    }
}

#[test]
fn several_known_files_regions_and_standard_streams_go_together() {
    let dir = prepared();
    dir.run(&score("--vcf half.vcf -o k1.parquet --no-receipt"))
        .ok();
    dir.run(&score("--vcf in.vcf --regions 1:2400-2404 -o k2.jsonl"))
        .ok();
    dir.run(&score("--vcf in.vcf -o fresh.jsonl")).ok();
    let flags = "--vcf - --known k1.parquet --known k2.jsonl";
    let run = dir.run(&score(flags)).stdin(dir.bytes("in.vcf")).ok();
    let said = format!("answered from --known: {}\n", KNOWN + 5);
    assert!(run.stderr().contains(&said), "{run}");
    assert!(run.stdout_bytes() == dir.bytes("fresh.jsonl"));
    let part = "--vcf in.vcf --regions 1:2205-2219 --known k1.parquet -o part.jsonl";
    let told = dir.run(&score(part)).ok().stderr();
    assert!(told.contains("answered from --known: 5\n"), "{told}");
}

/// The journal keeps what is scored, not what is known.
#[test]
fn a_run_with_known_scores_goes_on_after_a_kill() {
    let dir = golden::prepared(dir!(), genome::vcf(2_100..2_280))
        .with("half.vcf", genome::vcf((2_100..2_280).step_by(3)));
    dir.run(&score("--vcf half.vcf --no-receipt -o k.parquet"))
        .ok();
    dir.run(&score("--vcf in.vcf --no-receipt -o fresh.tsv"))
        .ok();
    let run = score("--vcf in.vcf --known k.parquet --threads 2 --no-receipt -o out.tsv");
    let journal = || {
        dir.path("out.tsv.journal")
            .metadata()
            .map_or(0, |found| found.len())
    };
    dir.run(&run).kill_when(|| journal() > 1_800);
    let told = dir.run(&(run + " --resume")).ok().stderr();
    for said in [
        "scored before this run was resumed: ",
        "answered from --known: 60\n",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(dir.text("out.tsv") == dir.text("fresh.tsv"));
}

/// A table of known scores with two rows.
fn write_known(path: &Path, edit: &str, figures: [f64; 2]) {
    let schema = "message scores { required binary chrom (UTF8); required int64 pos; required binary ref (UTF8); \
        required binary alt (UTF8); required double sigma_raw; required double displacement; \
        required binary scored_as (UTF8); required int64 input_prefix; }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let file = File::create(path).expect("a file");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    let numbers = [("sigma_raw", figures[0]), ("displacement", figures[1])];
    while let Some(mut column) = group.next_column().expect("a column") {
        match column.untyped() {
            ColumnWriter::Int64ColumnWriter(column) => column.write_batch(&[7, 7], None, None),
            ColumnWriter::DoubleColumnWriter(column) => {
                let name = column.get_descriptor().name().to_owned();
                let number = numbers
                    .iter()
                    .find(|(key, _)| *key == name)
                    .expect("a number");
                column.write_batch(&[0.5, number.1], None, None)
            }
            ColumnWriter::ByteArrayColumnWriter(column) => {
                let texts = match column.get_descriptor().name() {
                    "chrom" => ["1"; 2],
                    "ref" => ["A"; 2],
                    "alt" => ["C"; 2],
                    _ => ["1:7:A:C", edit],
                };
                column.write_batch(&texts.map(ByteArray::from), None, None)
            }
            _ => panic!("another column"),
        }
        .expect("two rows");
        column.close().expect("a column");
    }
    group.close().expect("a row group");
    writer.close().expect("a file");
}

#[test]
fn a_bad_row_of_known_scores_had_no_place_and_one_without_a_number_was_a_fault_of_the_program() {
    let dir = dir!();
    let path = dir.path("k.parquet");
    let read = || -> Vec<_> { known_scores(&path).expect("a table").collect() };
    write_known(&path, "1:7:A:C", [0.25, 0.25]);
    assert!(read().iter().all(Result::is_ok));
    for (edit, figures, column) in [
        ("1:7:A:C", [f64::NAN, 0.25], "sigma_raw"),
        ("1:7:A:C", [0.25, f64::INFINITY], "displacement"),
        ("1:seven:A:C", [0.25; 2], "scored_as"),
    ] {
        write_known(&path, edit, figures);
        let rows = read();
        let [Ok(_), Err(error)] = &rows[..] else {
            panic!("{rows:?}");
        };
        assert_eq!(error.code(), ErrorCode::InputGeneric);
        let place = error.location().expect("a place");
        assert_eq!(
            (place.file.as_str(), place.line),
            (path.to_str().expect("text"), Some(2))
        );
        assert_eq!(
            error.details().get("column").map(String::as_str),
            Some(column)
        );
        assert!(error.remedy().is_some());
    }
}

#[test]
fn a_displacement_that_is_no_number_was_a_fault_of_the_program() {
    let dir = prepared();
    dir.run(&score("--vcf half.vcf -o k.tsv")).ok();
    let text = dir.text("k.tsv");
    let column = text.lines().next().expect("a header").split('\t');
    let column = column
        .into_iter()
        .position(|name| name == "displacement")
        .expect("a column");
    let rows = text.lines().enumerate().map(|(number, line)| {
        let mut cells: Vec<&str> = line.split('\t').collect();
        if number == 3 {
            cells[column] = "nan";
        }
        cells.join("\t") + "\n"
    });
    let rows: String = rows.collect();
    dir.create("k.tsv", rows);
    let run = dir.run(&score("--vcf in.vcf --known k.tsv -o out.tsv"));
    let refused = run.fails("INPUT.GENERIC", 2);
    assert!(refused.stderr().contains("k.tsv:4"), "{refused}");
}
