//! VCF in and out: nothing is lost, nothing else changes, every allele has an outcome.

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use genolewm_tests::{dir, genome, golden};
use std::io::{Read, Write};

fn score(flags: &str) -> String {
    format!(
        "score --vcf in.vcf --fasta ref.fa {} {flags}",
        golden::MODEL
    )
}

/// Records with every kind of allele; the sites lie on contig 1.
fn mixed() -> String {
    let (a, b) = (genome::base(1, 500), genome::base(1, 600));
    let (other_a, other_b) = (genome::other(a), genome::other(b));
    let records = [
        format!("1\t500\trs1\t{a}\t{other_a},<DEL>,*\t50.0\tq10;s50\tAC=1,2,3;DB\tGT:DP\t1|2:."),
        format!("chr1\t600\t.\t{b}\t{b}{other_b}\t.\tPASS\t.\tGT\t0/1"),
        format!(
            "1\t700\t.\t{}\t{}\t.\tPASS\tEND=9;\tGT\t0/1",
            genome::base(1, 700),
            "A".repeat(17)
        ),
        format!(
            "1\t800\t.\t{}\t.\t.\tPASS\tEND=900\tGT\t0/0",
            genome::base(1, 800)
        ),
        "7\t5\t.\tA\tC\t.\tPASS\t.\tGT\t0/1".to_owned(),
        "1\t9000\t.\tA\tC\t.\tPASS\t.\tGT\t0/1".to_owned(),
    ];
    format!("{}{}\n", genome::HEADER, records.join("\n"))
}

#[test]
fn vcf_output_keeps_every_line_and_column_but_info() {
    let input = mixed();
    let dir = golden::prepared(dir!(), &input);
    dir.run(&score("-o out.vcf")).ok();
    let output = dir.text("out.vcf");
    let added =
        |line: &&str| line.starts_with("##INFO=<ID=GLW_") || line.starts_with("##genolewm_");
    let kept: Vec<&str> = output.lines().filter(|line| !added(line)).collect();
    let before: Vec<&str> = input.lines().collect();
    assert_eq!(kept.len(), before.len());
    for (kept, before) in kept.iter().zip(&before) {
        let columns = |line: &str| -> Vec<String> {
            let columns = line
                .split('\t')
                .enumerate()
                .filter(|(index, _)| *index != 7);
            columns.map(|(_, column)| column.to_owned()).collect()
        };
        assert_eq!(columns(kept), columns(before));
        let (kept, before) = (kept.split('\t').nth(7), before.split('\t').nth(7));
        if let (Some(kept), Some(before)) = (kept, before.filter(|info| *info != ".")) {
            assert!(kept.starts_with(before), "{kept}");
        }
    }
    assert_eq!(output.lines().filter(added).count(), 8 + 4);
    assert!(output.contains("##genolewm_model_id=sha256:"), "{output}");
}

#[test]
fn every_allele_has_one_value_and_one_status() {
    let dir = golden::prepared(dir!(), mixed());
    let finished = dir.run(&score("-o out.vcf --skipped skipped.tsv")).ok();
    let output = dir.text("out.vcf");
    let info = |pos: &str| -> String {
        let line = output
            .lines()
            .find(|line| line.split('\t').nth(1) == Some(pos));
        line.and_then(|line| line.split('\t').nth(7))
            .expect("a record")
            .to_owned()
    };
    let field = |pos: &str, key: &str| -> Option<Vec<String>> {
        let value = info(pos)
            .split(';')
            .find_map(|entry| entry.strip_prefix(key).map(str::to_owned))?;
        Some(
            value
                .strip_prefix('=')?
                .split(',')
                .map(str::to_owned)
                .collect(),
        )
    };
    let status = field("500", "GLW_STATUS").expect("a status");
    assert_eq!(status, ["scored", "symbolic", "overlapping_deletion"]);
    let raw = field("500", "GLW_RAW").expect("figures");
    assert!(raw[0].parse::<f32>().is_ok_and(|raw| raw >= 0.0) && raw[1..] == [".", "."]);
    assert_eq!(field("600", "GLW_STATUS").expect("a status"), ["scored"]);
    assert_eq!(field("700", "GLW_STATUS").expect("a status"), ["too_long"]);
    assert_eq!(
        info("800"),
        "END=900",
        "a record without alternates has no value for each"
    );
    assert_eq!(
        field("5", "GLW_STATUS").expect("a status"),
        ["contig_unknown"]
    );
    assert_eq!(
        field("9000", "GLW_STATUS").expect("a status"),
        ["out_of_contig"]
    );
    assert!(
        finished
            .stderr()
            .contains("alleles: 8 = 2 scored + 6 skipped"),
        "{finished}"
    );
    let skipped = dir.text("skipped.tsv");
    let reasons: Vec<&str> = skipped
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').nth(6))
        .collect();
    let expected = [
        "symbolic",
        "overlapping_deletion",
        "too_long",
        "missing_alt",
        "contig_unknown",
        "out_of_contig",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_second_run_replaces_the_fields_of_the_first() {
    let dir = golden::prepared(dir!(), mixed());
    dir.run(&score("-o once.vcf")).ok();
    let again = format!(
        "score --vcf once.vcf --fasta ref.fa {} -o twice.vcf",
        golden::MODEL
    );
    dir.run(&again).ok();
    let without_notes = |text: String| -> Vec<String> {
        text.lines()
            .filter(|line| !line.starts_with("##genolewm_"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        without_notes(dir.text("once.vcf")),
        without_notes(dir.text("twice.vcf"))
    );
}

#[test]
fn bgzip_output_is_the_plain_one_compressed() {
    let dir = golden::prepared(dir!(), mixed());
    dir.run(&score("-O v -o out.txt")).ok();
    dir.run(&score("-o out.vcf.gz --no-receipt")).ok();
    let packed = dir.bytes("out.vcf.gz");
    assert_eq!(packed.get(12..14), Some(&b"BC"[..]), "BGZF, not plain gzip");
    let mut text = String::new();
    MultiGzDecoder::new(packed.as_slice())
        .read_to_string(&mut text)
        .expect("a whole file");
    let body = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.starts_with("##genolewm_command"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(body(&text), body(&dir.text("out.txt")));
}

#[test]
fn compression_line_ends_and_standard_input_make_no_difference() {
    let plain = genome::vcf([100, 200, 300]);
    let dir = golden::prepared(dir!(), &plain);
    let expected = dir.run(&score("")).stdout();
    assert_eq!(expected.lines().count(), 3);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(plain.as_bytes()).expect("compressed text");
    let variants = [
        gzip.finish().expect("compressed text"),
        plain.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{plain}").into_bytes(),
    ];
    for bytes in variants {
        dir.create("in.vcf", &bytes);
        assert_eq!(dir.run(&score("")).stdout(), expected);
        let piped = format!("score --vcf - --fasta ref.fa {}", golden::MODEL);
        assert_eq!(dir.run(&piped).stdin(bytes).stdout(), expected);
    }
}

#[test]
fn regions_select_by_position_and_alias() {
    let dir = golden::prepared(dir!(), genome::vcf([100, 200, 300]));
    dir.create("some.bed", "chr1\t99\t100\nchr1\t299\t300\n");
    let count = |flags: &str| dir.run(&score(flags)).stdout().lines().count();
    assert_eq!(count("--regions chr1:200-300"), 2);
    assert_eq!(count("--regions 1:200-200"), 1);
    assert_eq!(count("--regions some.bed"), 2);
    let finished = dir.run(&score("--regions 1:200")).ok();
    assert!(
        finished.stderr().contains("outside --regions: 2"),
        "{finished}"
    );
    dir.run(&score("--regions 2")).fails("INPUT.GENERIC", 2);
    dir.run(&score("--regions 1:9-3")).fails("INPUT.GENERIC", 2);
}

#[test]
fn tsv_has_a_line_for_each_allele() {
    let dir = golden::prepared(dir!(), mixed());
    dir.run(&score("-o out.tsv")).ok();
    let table = dir.text("out.tsv");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(rows.len(), 1 + 8);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
    assert_eq!(
        (rows[0][5], rows[1][5], rows[2][5]),
        ("status", "scored", "symbolic")
    );
    assert!(rows[1][6].parse::<f64>().is_ok() && rows[2][6].is_empty());
}

#[test]
fn parquet_has_the_columns_of_the_tsv() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let dir = golden::prepared(dir!(), mixed());
    dir.run(&score("-o out.parquet")).ok();
    dir.run(&score("-o out.tsv")).ok();
    let file = std::fs::File::open(dir.path("out.parquet")).expect("the file");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema_descr();
    let names: Vec<&str> = schema
        .columns()
        .iter()
        .map(|column| column.name())
        .collect();
    let header = dir.text("out.tsv");
    let header = header.lines().next().expect("a header").split('\t');
    let header: Vec<&str> = header.chain(["input_prefix"]).collect();
    assert_eq!(names, header);
    let rows: Vec<_> = reader
        .into_iter()
        .map(|row| row.expect("a row").to_string())
        .collect();
    assert_eq!(rows.len(), 8);
    assert!(
        rows[0].contains("scored") && rows[1].contains("symbolic"),
        "{rows:?}"
    );
}

#[test]
fn the_table_shows_the_highest_first() {
    let dir = golden::prepared(dir!(), genome::vcf((100..1000).step_by(100)));
    let finished = dir.run(&score("--top 3 -o out.jsonl")).ok();
    let table = finished.stdout();
    assert_eq!(table.lines().count(), 1 + 3, "{table}");
    let percentile = |line: &str| -> f64 {
        let cell = line
            .split_whitespace()
            .take_while(|cell| *cell != "%")
            .last();
        cell.and_then(|cell| cell.parse().ok())
            .expect("a percentile")
    };
    let shown: Vec<f64> = table.lines().skip(1).map(percentile).collect();
    assert!(shown.is_sorted_by(|a, b| a >= b), "{table}");
    let rows = golden::json_lines(&dir.text("out.jsonl"));
    let highest = rows
        .iter()
        .filter_map(|row| row["sigma_calibrated"].as_f64())
        .fold(0.0, f64::max);
    assert!((shown[0] - 100.0 * highest).abs() < 0.01, "{table}");
    assert!(
        finished.stderr().contains("scores: out.jsonl"),
        "{finished}"
    );
    dir.run(&score("--top 3 --format jsonl"))
        .fails("INPUT.GENERIC", 2);
    assert!(
        dir.run(&score("--format table"))
            .stdout()
            .starts_with("variant")
    );
}

#[test]
fn strict_ends_at_the_first_allele_without_a_score() {
    let dir = golden::prepared(dir!(), mixed());
    let finished = dir
        .run(&score("--strict -o out.jsonl"))
        .fails("INPUT.UNSUPPORTED_EDIT", 2);
    assert!(finished.stderr().contains("in.vcf:6"), "{finished}");
    dir.assert_no_output(&["out.jsonl", "out.jsonl.receipts.jsonl"]);
}

#[test]
fn a_mismatch_was_listed_without_the_bases_of_the_reference() {
    let (found, said) = (genome::base(1, 500), genome::other(genome::base(1, 500)));
    let third = ['A', 'C', 'G', 'T'];
    let third = third.into_iter().find(|base| ![found, said].contains(base));
    let third = third.expect("a third base");
    let record = format!("1\t500\t.\t{said}\t{third}\t.\t.\t.\tGT\t0/1\n");
    let many: Vec<usize> = (100..400).step_by(10).collect();
    let dir = golden::prepared(dir!(), &(genome::vcf(many) + &record));
    dir.run(&score("-o out.vcf --skipped skipped.tsv")).ok();
    let reason = format!("ref_mismatch\tthe reference has other bases at this position: {found}\n");
    let skipped = dir.text("skipped.tsv");
    assert!(skipped.ends_with(&reason), "{skipped}");
    let strict = dir.run(&score("--strict -o strict.vcf"));
    let strict = strict.fails("INPUT.WINDOW_MISMATCH", 2);
    let named = format!("bases of the reference: {found}\n");
    assert!(strict.stderr().contains(&named), "{strict}");
}

#[test]
fn vcf_did_not_say_what_is_known_of_repeats() {
    let dir = golden::prepared(dir!(), genome::vcf([200, 300]));
    dir.run(&score("-o upper.vcf")).ok();
    assert!(
        dir.text("upper.vcf")
            .contains("##INFO=<ID=GLW_REPEAT,Number=A,Type=String,")
    );
    let masked = dir.text("ref.fa");
    let (name, bases) = masked.split_once('\n').expect("a first line");
    let (before, after) = bases.split_at(250);
    dir.create(
        "ref.fa",
        format!("{name}\n{}{after}", before.to_lowercase()),
    );
    dir.run(&score("-o lower.vcf")).ok();
    dir.run(&score("-o lower.tsv")).ok();
    let words = |name: &str| -> Vec<String> {
        let text = dir.text(name);
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        let word = |row: &str| {
            let at = row.split("GLW_REPEAT=").nth(1);
            let at = at.or_else(|| row.rsplit('\t').next()).expect("a column");
            at.split([';', '\t']).next().unwrap_or_default().to_owned()
        };
        rows.map(word).collect()
    };
    assert_eq!(words("lower.vcf"), ["masked", "unmasked"]);
    assert_eq!(words("lower.tsv")[1..], ["masked", "unmasked"]);
}

#[test]
fn malformed_records_are_counted_or_with_strict_an_error() {
    let broken = genome::vcf([100, 200]).replace("1\t200\t", "1\t2x0\t");
    let dir = golden::prepared(dir!(), &broken);
    let finished = dir.run(&score("-o out.jsonl --skipped skipped.tsv")).ok();
    assert!(
        finished.stderr().contains("records not understood: 1"),
        "{finished}"
    );
    assert!(dir.text("skipped.tsv").contains("malformed"));
    let strict = dir
        .run(&score("--strict -o strict.jsonl"))
        .fails("INPUT.VCF_PARSE", 2);
    assert!(strict.stderr().contains("in.vcf:7:3"), "{strict}");
    dir.assert_no_output(&["strict.jsonl"]);
}
