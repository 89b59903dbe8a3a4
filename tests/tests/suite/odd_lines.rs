//! Lines of a VCF that are no records, or not quite as the specification wants them: in every format
//! they are kept out or passed through, and counted; never do they cost the run.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]

use flate2::read::MultiGzDecoder;
use genolewm_tests::{Dir, dir, genome, golden};
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::io::{Cursor, Read};

const OUTPUTS: [&str; 5] = [
    "out.jsonl",
    "out.tsv",
    "out.vcf",
    "out.vcf.gz",
    "out.parquet",
];

fn score(dir: &Dir, output: &str) -> String {
    let run = format!(
        "score --vcf in.vcf --fasta ref.fa {} --no-receipt -o {output} --skipped skipped.tsv",
        golden::MODEL
    );
    dir.run(&run).ok().stderr()
}

/// Rows of an output, headers left out, as bytes.
fn rows(dir: &Dir, output: &str) -> Vec<Vec<u8>> {
    if output.ends_with(".parquet") {
        let file = File::open(dir.path(output)).expect("a file");
        let file = SerializedFileReader::new(file).expect("a Parquet file");
        let rows = file.metadata().file_metadata().num_rows();
        return vec![Vec::new(); usize::try_from(rows).expect("a number of rows")];
    }
    let mut bytes = dir.bytes(output);
    if output.ends_with(".gz") {
        let mut plain = Vec::new();
        let mut packed = MultiGzDecoder::new(Cursor::new(bytes));
        packed.read_to_end(&mut plain).expect("whole gzip");
        bytes = plain;
    }
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let rows = lines.filter(|line| !line.starts_with(b"#") && !line.starts_with(b"chrom\t"));
    rows.map(<[u8]>::to_vec).collect()
}

/// A line that is no record, and what is said of it.
const NO_RECORDS: [(&[u8], &str); 9] = [
    (b"1\t300\tx\tC", "columns"),
    (b"1 300 . A C . PASS AC=1 GT 0/1", "columns"),
    (b"1\t300\t.\tA\tC\t.\tPASS\tAC=1\tGT\t0/1\t0/1", "columns"),
    (b"# a note", "header line"),
    (b"##source=another file", "header line"),
    (
        b"1\t3e2\t.\tA\tC\t.\tPASS\tAC=1\tGT\t0/1",
        "rounded the position",
    ),
    (b"1\t300\t.\t\tC\t.\tPASS\tAC=1\tGT\t0/1", "REF"),
    (b"1\t300\t.\tA\tC,\t.\tPASS\tAC=1\tGT\t0/1", "ALT"),
    (b"1\t300\tM\xfcller\xff", "columns"),
];

#[test]
fn one_malformed_line_lost_the_whole_vcf() {
    // As the last line, cut off.
    let (line, why) = NO_RECORDS[0];
    assert_kept_out(
        &[(line, why)],
        &[genome::vcf([100, 200]).as_bytes(), line].concat(),
        2,
    );
    // Each kind among the records.
    let mut text = genome::HEADER.as_bytes().to_vec();
    for (at, (line, _)) in NO_RECORDS.iter().enumerate() {
        text.extend(genome::snv(100 + at).into_bytes());
        text.extend(*line);
        text.push(b'\n');
    }
    assert_kept_out(&NO_RECORDS, &text, NO_RECORDS.len());
}

/// In every format there are `records` rows; the other lines are counted, listed and, the first of them,
/// named.
fn assert_kept_out(lines: &[(&[u8], &str)], text: &[u8], records: usize) {
    let dir = golden::prepared(dir!(), text);
    for output in OUTPUTS {
        let told = score(&dir, output);
        let context = format!("{output}\n{told}");
        assert_eq!(rows(&dir, output).len(), records, "{context}");
        let count = lines.len();
        for want in [
            format!("records not understood: {count}"),
            format!("alleles: {records} = {records} scored + 0 skipped"),
        ] {
            assert!(told.contains(&want), "no {want:?} in {context}");
        }
        let skipped = dir.text("skipped.tsv");
        let listed: Vec<&str> = skipped.lines().skip(1).collect();
        assert_eq!(listed.len(), count, "{skipped}");
        for (index, ((_, why), listed)) in lines.iter().zip(listed).enumerate() {
            assert!(
                listed.contains("\tmalformed\t") && listed.contains(why),
                "{listed}"
            );
            let number = listed.split('\t').next().expect("a line number");
            // With a column: a line that is not UTF-8 is named without one, too.
            let mut columns = 1..99;
            let named = columns.any(|at| told.contains(&format!("in.vcf:{number}:{at}")));
            assert_eq!(named, index < 5, "{listed}\n{context}");
        }
    }
}

#[test]
fn malformed_lines_beyond_the_shown_ones_were_not_mentioned() {
    let text = genome::vcf([100]) + &"# note\n".repeat(1_000);
    let dir = golden::prepared(dir!(), text.as_bytes());
    let told = score(&dir, "out.vcf");
    assert!(told.contains("records not understood: 1000"), "{told}");
    assert!(told.contains("995 further records"), "{told}");
    assert!(told.lines().count() < 40, "{told}");
    assert_eq!(dir.text("skipped.tsv").lines().count(), 1 + 1_000);
}

#[test]
fn strict_still_stops_at_a_malformed_line() {
    let dir = golden::prepared(dir!(), (genome::vcf([100]) + "# note\n").as_bytes());
    for output in OUTPUTS {
        let run = format!(
            "score --vcf in.vcf --fasta ref.fa {} --strict -o {output}",
            golden::MODEL
        );
        let finished = dir.run(&run).fails("INPUT.VCF_PARSE", 2);
        assert!(finished.stderr().contains("in.vcf:7"), "{finished}");
        dir.assert_no_output(&[output]);
    }
}

#[test]
fn a_latin1_byte_lost_the_whole_vcf() {
    let snv = |pos: usize, info: &[u8]| {
        let line = genome::snv(pos);
        let (before, after) = line.split_once("AC=1").expect("an INFO column");
        [before.as_bytes(), info, after.as_bytes()].concat()
    };
    let header = genome::HEADER.as_bytes();
    let (column_line, head) = (b"#CHROM", header);
    let at = head
        .windows(column_line.len())
        .position(|part| part == column_line)
        .expect("a column line");
    let note: &[u8] = b"##note=M\xfcller, n\xe9e\n";
    let text = [
        &head[..at],
        note,
        &head[at..],
        &snv(100, b"AC=1;CLNDN=Sj\xf6gren"),
        &snv(200, "AC=1;CLNDN=Sjögren".as_bytes()),
        &snv(300, b"AC=1"),
    ]
    .concat();
    let dir = golden::prepared(dir!(), &text);
    for output in OUTPUTS {
        let told = score(&dir, output);
        assert!(told.contains("read as Latin-1"), "{output}: {told}");
        assert!(told.contains("alleles: 3 = 3 scored"), "{output}: {told}");
        assert_eq!(rows(&dir, output).len(), 3, "{output}");
    }
    let output = dir.bytes("out.vcf");
    let has = |bytes: &[u8]| output.windows(bytes.len()).any(|part| part == bytes);
    assert!(has(note), "the header's bytes");
    assert!(has(b";CLNDN=Sj\xf6gren;GLW_"), "the record's bytes");
    assert!(has("CLNDN=Sjögren;GLW_".as_bytes()), "UTF-8 stays UTF-8");
    assert_eq!(rows(&dir, "out.vcf"), rows(&dir, "out.vcf.gz"));
}

/// What bcftools reads as the record that it is.
#[test]
fn trailing_tabs_and_blank_lines_were_refused() {
    let plain = genome::vcf([100, 200]);
    let dir = golden::prepared(dir!(), plain.as_bytes());
    score(&dir, "out.vcf");
    let want = rows(&dir, "out.vcf");
    let tabs = plain.replace("0/1\n", "0/1\t\n");
    for text in [
        tabs.clone(),
        plain.replace("0/1\n", "0/1\t\t\n"),
        tabs.replace("NA_SECRET_42\n", "NA_SECRET_42\t\n"),
        plain.replace('\n', "\r\n"),
        tabs.replace('\n', "\r\n"),
        plain.replace("0/1\n", "0/1\n\n"),
        plain.trim_end().to_owned(),
        plain.replace("##note", "# a note\n##note"),
    ] {
        dir.create("in.vcf", &text);
        for output in OUTPUTS {
            let told = score(&dir, output);
            assert!(
                told.contains("alleles: 2 = 2 scored"),
                "{output}: {told}\n{text}"
            );
            assert!(!told.contains("not understood"), "{output}: {told}\n{text}");
        }
        assert_eq!(rows(&dir, "out.vcf"), want, "{text}");
    }
}

fn case(name: &str) -> Vec<u8> {
    let path = format!("{}/cases/files/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Scores a case on the shipped reference.
fn score_case(name: &str, regions: &str, want: &[&str]) -> Dir {
    let dir = golden::prepared(dir!(), case(name));
    let fasta = format!(
        "{}/../examples/brca1.hg19.fa.gz",
        env!("CARGO_MANIFEST_DIR")
    );
    for output in ["out.vcf", "out.tsv"] {
        let run = format!(
            "score --vcf in.vcf --fasta {fasta} {} --no-receipt -o {output} --regions {regions}",
            golden::MODEL
        );
        let told = dir.run(&run).ok().stderr();
        for want in want {
            assert!(
                told.contains(want),
                "{name} {output}: no {want:?} in\n{told}"
            );
        }
        assert!(dir.path(output).is_file(), "{name} {output}");
    }
    dir
}

#[test]
fn vcf_output_failed_at_one_bad_line() {
    let all = "chr17:41196312-41277500";
    let ten = "chr17:41200990-41200999";
    score_case(
        "vcf-output-one-bad-line/late_bad.vcf",
        ten,
        &["records not understood: 1", "the line has 4 columns"],
    );
    score_case(
        "vcf-output-one-bad-line/v71_comment.vcf",
        all,
        &["records not understood: 1", "a header line stands among"],
    );
    let dir = score_case(
        "vcf-output-one-bad-line/v35_latin1.vcf",
        all,
        &["read as Latin-1"],
    );
    let output = dir.bytes("out.vcf");
    assert!(output.windows(7).any(|part| part == b"Sj\xf6gren"));
}

#[test]
fn rows_that_bcftools_reads_were_refused() {
    let all = "chr17:41196312-41277500";
    for name in ["trailingtab.vcf", "latin1hdr.vcf"] {
        let dir = score_case(
            &format!("vcf-tolerances/{name}"),
            all,
            &["scored + 0 skipped"],
        );
        assert!(rows(&dir, "out.vcf").len() > 10, "{name}");
    }
    let dir = score_case("vcf-tolerances/latin1hdr.vcf", all, &["read as Latin-1"]);
    let header = dir.bytes("out.vcf");
    assert!(header.windows(7).any(|part| part == b"M\xfcller\""));
}

#[test]
fn gzip_with_zeros_at_its_end_was_damaged() {
    let dir = dir!();
    golden::lay_out(&dir);
    dir.create("in.gz", case("gzip-trailing-bytes/x.txt.gz"));
    let fasta = format!(
        "{}/../examples/brca1.hg19.fa.gz",
        env!("CARGO_MANIFEST_DIR")
    );
    let score = |input: &str| {
        format!(
            "score --vcf {input} --fasta {fasta} {} --no-receipt -o out.jsonl",
            golden::MODEL
        )
    };
    let told = dir.run(&score("in.gz")).ok().stderr();
    assert!(!told.contains("gzip"), "{told}");
    let from_file = dir.bytes("out.jsonl");
    let piped = dir.run(&score("-")).stdin(dir.bytes("in.gz"));
    piped.ok();
    assert_eq!(dir.bytes("out.jsonl"), from_file);
    dir.create("in.gz", [dir.bytes("in.gz"), b"garbage".to_vec()].concat());
    let told = dir.run(&score("in.gz")).ok().stderr();
    assert!(told.contains("no gzip follow"), "{told}");
    assert_eq!(dir.bytes("out.jsonl"), from_file);
}
