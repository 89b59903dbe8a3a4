//! One change of DNA, one score: other spellings of an allele change nothing but what names it.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::builtin::{MANIFEST, window_bp};
use genolewm_tests::{Dir, dir, golden};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const FASTA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz");
const COLUMNS: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

fn case(name: &str) -> String {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/cases/files/equivalent-alleles"
    );
    let path = Path::new(folder).join(name);
    std::fs::read_to_string(&path).expect("the case's file")
}

/// A test's directory with the case's file as `in.vcf`.
fn prepared(name: &str) -> Dir {
    let dir = dir!();
    dir.create("in.vcf", case(name));
    dir
}

fn score(dir: &Dir, flags: &str) {
    dir.run(&format!("score --vcf in.vcf --fasta {FASTA} {flags}"))
        .ok();
}

/// A TSV's lines by column.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let head: Vec<String> = lines.next().expect("a head").collect();
    let row = |cells| head.iter().cloned().zip(cells).collect();
    lines.map(row).collect()
}

#[test]
fn a_padded_snv_had_another_percentile() {
    let dir = prepared("spell.vcf");
    score(&dir, "-o out.jsonl");
    let text = dir.text("out.jsonl");
    let rows = golden::json_lines(&text);
    let spelled = |row: &Value| [row["pos"].clone(), row["ref"].clone(), row["alt"].clone()];
    let given: Vec<_> = rows.iter().map(spelled).collect();
    let want = [
        (41_220_558, "A", "G"),
        (41_220_558, "ATTT", "GTTT"),
        (41_220_557, "GA", "GG"),
    ];
    assert_eq!(
        given,
        want.map(|(pos, a, b)| [Value::from(pos), a.into(), b.into()])
    );
    // Rows that are scored as they are written have no further member.
    assert!(
        !text.lines().next().expect("a row").contains("scored_as"),
        "{text}"
    );
    for row in &rows {
        for key in ["sigma_raw", "sigma_calibrated", "bucket_id", "confidence"] {
            assert_eq!(row[key], rows[0][key], "{key}: {row}");
        }
    }
    for row in &rows[1..] {
        assert_eq!(row["scored_as"], "chr17:41220558:A:G");
    }
    let receipts = golden::json_lines(&dir.text("out.jsonl.receipts.jsonl"));
    for receipt in &receipts {
        assert_eq!(receipt["input_commitment"], receipts[0]["input_commitment"]);
    }
    score(&dir, "-o given.jsonl --alleles as-given");
    let given = golden::json_lines(&dir.text("given.jsonl"));
    assert_eq!(given[0], rows[0]);
    for row in &given[1..] {
        assert_ne!(row["sigma_raw"], rows[0]["sigma_raw"]);
        assert!(row.get("scored_as").is_none(), "{row}");
    }
}

#[test]
fn callers_write_one_change_in_many_records() {
    let figures = |name: &str| {
        let dir = prepared(name);
        score(&dir, "-o out.tsv");
        let mut found = BTreeMap::new();
        for row in table(&dir.text("out.tsv")) {
            let own = format!(
                "{}:{}:{}:{}",
                row["chrom"], row["pos"], row["ref"], row["alt"]
            );
            let edit = match row["scored_as"].as_str() {
                "" => own,
                edit => edit.to_owned(),
            };
            // What is too long to be scored has no edit.
            let edit = if row["status"] == "scored" {
                edit
            } else {
                "none".to_owned()
            };
            let key = (row["id"].clone(), row["status"].clone(), edit);
            found.insert(
                key,
                (row["sigma_raw"].clone(), row["sigma_calibrated"].clone()),
            );
        }
        found
    };
    let (multi, single) = (figures("gatk_multi.vcf"), figures("gatk_norm.vcf"));
    assert_eq!(multi, single);
    let edits: Vec<&str> = multi.keys().map(|(.., edit)| edit.as_str()).collect();
    let want = [
        "chr17:41250099:TG:T",
        "chr17:41250100:G:A",
        "none",
        "chr17:41250001:G:A",
        "chr17:41250001:GAAAA:G",
        "chr17:41250005:A:AT",
    ];
    assert_eq!(edits, want);
}

#[test]
fn every_format_names_the_edit_that_was_scored() {
    let dir = prepared("gatk_multi.vcf");
    score(&dir, "-o out.vcf");
    let text = dir.text("out.vcf");
    assert!(
        text.contains("##INFO=<ID=GLW_EDIT,Number=A,Type=String,"),
        "{text}"
    );
    assert!(text.contains("##genolewm_alleles=canonical\n"), "{text}");
    let edits = "GLW_EDIT=.,chr17:41250001:G:A,chr17:41250005:A:AT;";
    assert!(text.contains(edits), "{text}");
    // The first allele is too long, and was not scored.
    assert!(
        text.contains("GLW_EDIT=.,chr17:41250100:G:A,chr17:41250099:TG:T;"),
        "{text}"
    );
    // Everything but INFO is the caller's.
    assert!(
        text.contains("chr17\t41250001\tm\tGAAAA\tG,AAAAA,GAAAAT\t"),
        "{text}"
    );
    score(&dir, "-o given.vcf --alleles as-given");
    let text = dir.text("given.vcf");
    assert!(text.contains("##genolewm_alleles=as-given\n"), "{text}");
    assert!(!text.contains(";GLW_EDIT="), "{text}");
    // A SNV in a reference allele of 20 bases was a structural variant.
    assert!(
        text.contains("GLW_STATUS=too_long,too_long,too_long"),
        "{text}"
    );
    let found = dir
        .run(&format!("score --vcf in.vcf --fasta {FASTA} --top 5"))
        .stdout();
    assert!(found.contains("chr17:41250001 GAAAA>AAAAA"), "{found}");
    score(&dir, "-o out.parquet");
    assert!(
        dir.bytes("out.parquet")
            .windows(9)
            .any(|bytes| bytes == b"scored_as")
    );
}

#[test]
fn one_variant_is_scored_as_the_edit_that_it_is() {
    let dir = dir!();
    let one = |flags: &str| {
        let run = format!("score {flags} --receipt r.json");
        let row = golden::json_lines(&dir.run(&run).stdout()).remove(0);
        (row, golden::json_lines(&dir.text("r.json")).remove(0))
    };
    let of =
        |variant: &str, more: &str| one(&format!("--variant {variant} --fasta {FASTA} {more}"));
    let (plain, receipt) = of("chr17:41220558:A:G", "");
    let (padded, padded_receipt) = of("chr17:41220557:GATTT:GGTTT", "");
    assert_eq!(padded["sigma_raw"], plain["sigma_raw"]);
    assert_eq!(padded["scored_as"], "chr17:41220558:A:G");
    assert_eq!(
        (&padded["pos"], &padded["ref"]),
        (&41_220_557.into(), &"GATTT".into())
    );
    assert_eq!(
        receipt["input_commitment"],
        padded_receipt["input_commitment"]
    );
    let (lower, _) = of("chr17:41220558:a:g", "");
    assert_eq!(lower, plain);
    let (given, _) = of("chr17:41220557:GATTT:GGTTT", "--alleles as-given");
    assert_ne!(given["sigma_raw"], plain["sigma_raw"]);
    // What is trimmed off is no less wrong.
    let wrong = format!("score --fasta {FASTA} --variant chr17:41220557");
    dir.run(&format!("{wrong}:CATTT:CGTTT"))
        .fails("INPUT.WINDOW_MISMATCH", 2);
    dir.run(&format!("{wrong}:GATTA:GGTTA"))
        .fails("INPUT.WINDOW_MISMATCH", 2);
}

#[test]
fn a_receipt_holds_for_the_edit_that_was_scored() {
    let dir = prepared("spell.vcf");
    score(&dir, "-o out.jsonl");
    let receipts = dir.text("out.jsonl.receipts.jsonl");
    dir.create(
        "padded.json",
        receipts.lines().nth(1).expect("a second receipt"),
    );
    dir.run(&format!("verify padded.json --manifest {MANIFEST}"))
        .ok();
    let receipt = golden::json_lines(&receipts).remove(1);
    let start = receipt["provenance"]["details"]["window_start_bp"].as_u64();
    let start = start.expect("a window");
    let window = bases(start as usize, window_bp());
    let verify = |edit: &str| {
        let run = format!("verify padded.json --manifest {MANIFEST} --rerun --edit-chrom chr17");
        dir.run(&format!("{run} {edit} --input-window {window}"))
    };
    let scored = verify("--edit-pos 41220558 --edit-ref A --edit-alt G").stdout();
    assert!(
        scored.contains("input: ok\n") && scored.contains("rerun: ok\n"),
        "{scored}"
    );
    verify("--edit-pos 41220558 --edit-ref C --edit-alt G")
        .fails("PROVENANCE.INPUT_COMMITMENT_MISMATCH", 8);
}

/// Bases of the example's reference, which holds chr17 around BRCA1.
fn bases(start: usize, length: usize) -> String {
    use genolewm_core::position::{BpOffset, Interval};
    use genolewm_core::reference::{AnyReference, Reference};
    let mut reference = AnyReference::open_path(Path::new(FASTA))
        .map(Reference::new)
        .expect("FASTA");
    let span = Interval::at(BpOffset(start as u64), length as u64);
    reference.fetch("chr17", span).expect("bases")
}

#[test]
fn backgrounds_and_baselines_do_not_depend_on_spelling() {
    let dir = prepared("spell.vcf");
    let (head, rows) = (COLUMNS, case("spell.vcf"));
    let rows: Vec<&str> = rows.lines().filter(|line| !line.starts_with('#')).collect();
    let calibrate = |rows: &str, flags: &str| {
        dir.create("common.vcf", format!("{head}{rows}\n"));
        let run = "calibrate --vcf common.vcf --output table.parquet --min-bucket-size 1";
        dir.run(&format!("{run} --fasta {FASTA} {flags}")).ok();
        dir.bytes("table.parquet")
    };
    let [plain, right, left] = [rows[0], rows[1], rows[2]];
    let table = calibrate(plain, "");
    assert!(calibrate(right, "") == table && calibrate(left, "") == table);
    assert!(calibrate(right, "--alleles as-given") != table);

    golden::lay_out(&dir);
    let scores = |flags: &str| {
        let run = "carbon-baseline --vcf in.vcf --carbon-model-dir golden/encoder --window-bp 4096";
        dir.run(&format!("{run} --fasta {FASTA} -o scores.jsonl {flags}"))
            .ok();
        golden::json_lines(&dir.text("scores.jsonl"))
    };
    let rows = scores("--metadata-output meta.json");
    assert!(dir.text("meta.json").contains("\"alleles\": \"canonical\""));
    for row in &rows {
        assert_eq!(
            row["carbon_zero_shot_score"],
            rows[0]["carbon_zero_shot_score"]
        );
    }
    let named: Vec<&Value> = rows.iter().map(|row| &row["scored_as"]).collect();
    let edit = Value::from("chr17:41220558:A:G");
    assert_eq!(named, [&Value::Null, &edit, &edit]);
    assert_eq!(
        (&rows[1]["ref"], &rows[1]["alt"]),
        (&"ATTT".into(), &"GTTT".into())
    );
}
