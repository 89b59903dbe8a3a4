//! Hostile inputs: small files that took gigabytes. Each runs under a limit of memory, and the
//! program ends by itself, with an error that says what is wrong or with the file scored.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used, clippy::panic)]
#![cfg(target_os = "linux")]

use flate2::Compression;
use flate2::write::GzEncoder;
use genolewm_tests::{Dir, Finished, Program, dir};
use std::io::Write;
use std::path::Path;

/// Memory that the program may write to.
const MEMORY_KIB: u32 = 400 * 1024;
const HEADER: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";
const VARIANT: &str = "--variant chr17:41246481:T:C";

fn reference() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/brca1.hg19.fa.gz")
}

/// `score` under the limit.
fn score(dir: &Dir, flags: &str) -> Finished {
    score_on(2, dir, flags)
}

fn score_on(threads: u32, dir: &Dir, flags: &str) -> Finished {
    let program = dir.program().display();
    let run = format!(
        "ulimit -d {MEMORY_KIB}; exec '{program}' score --fasta '{}' --threads {threads} {flags}",
        reference()
    );
    Program::new(Path::new("sh"), &dir.path("."))
        .args(["-c", &run])
        .finish()
}

fn gzip(parts: impl IntoIterator<Item = (Vec<u8>, usize)>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for (part, times) in parts {
        for _ in 0..times {
            encoder.write_all(&part).expect("memory takes all");
        }
    }
    encoder.finish().expect("memory takes all")
}

/// The error's code and place are told, and nothing is left behind.
fn assert_refused(dir: &Dir, finished: Finished, status: i32, words: &str) {
    let finished = finished.expect_status(status);
    let stderr = finished.stderr();
    assert!(stderr.contains(words), "no {words:?} in\n{finished}");
    assert!(stderr.contains("remedy: "), "no remedy in\n{finished}");
    dir.assert_no_output(&["out.jsonl"]);
}

/// So many alternates of one site: insertions of four bases.
fn alternates(count: usize) -> String {
    let base = |place: usize| ["A", "C", "G", "T"][place % 4];
    let insertion = |n: usize| {
        (0..7)
            .map(|place| base(n >> (2 * place)))
            .collect::<String>()
    };
    let all: Vec<String> = (0..count).map(|n| format!("T{}", insertion(n))).collect();
    all.join(",")
}

#[test]
fn two_kilobytes_of_alternates_took_gigabytes() {
    let dir = dir!();
    let site = format!(
        "{HEADER}chr17\t41246481\t.\tT\t{}\t.\t.\t.\n",
        alternates(200)
    );
    dir.create("in.vcf", site);
    let finished = score(&dir, "--vcf in.vcf -o out.jsonl --no-receipt").expect_status(0);
    assert!(finished.stderr().contains("200 scored"), "{finished}");
    assert_eq!(dir.text("out.jsonl").lines().count(), 200);
}

/// Each thread had a batch of 150 MB.
#[test]
fn memory_of_many_alternates_grew_with_the_threads() {
    let dir = dir!();
    let site = format!("chr17\t41246481\t.\tT\t{}\t.\t.\t.\n", alternates(512));
    dir.create("in.vcf", format!("{HEADER}{site}"));
    let flags = "--vcf in.vcf -o out.jsonl --no-receipt";
    let finished = score_on(8, &dir, flags).expect_status(0);
    assert!(finished.stderr().contains("512 scored"), "{finished}");
}

#[test]
fn a_batch_was_as_large_as_one_wished() {
    let dir = dir!();
    dir.create(
        "in.vcf",
        format!("{HEADER}chr17\t41246481\t.\tT\tC\t.\t.\t.\n"),
    );
    let finished = score(&dir, "--vcf in.vcf -o out.jsonl --batch-size 1000000000");
    assert_refused(&dir, finished, 2, "a batch of more than 4096 alleles");
}

#[test]
fn alternates_beyond_the_limit_were_compared_with_each_other() {
    let dir = dir!();
    let site = |alternates: &str| format!("chr17\t41246481\t.\tT\t{alternates}\t.\t.\t.\n");
    let text = format!("{HEADER}{}{}", site(&alternates(16_384)), site("C"));
    dir.create("in.vcf", text);
    let finished = score(&dir, "--vcf in.vcf -o out.jsonl --no-receipt").expect_status(0);
    let stderr = finished.stderr();
    assert!(
        stderr.contains("ALT lists more than 4096 alleles"),
        "{finished}"
    );
    assert!(stderr.contains("records not understood: 1"), "{finished}");
}

#[test]
fn headers_of_millions_of_lines_were_kept() {
    let dir = dir!();
    for line in ["##\n", "\n"] {
        let lines = [
            (HEADER[..21].into(), 1),
            (line.repeat(1_000).into(), 20_000),
        ];
        dir.create("in.vcf.gz", gzip(lines));
        let finished = score(&dir, "--vcf in.vcf.gz -o out.jsonl");
        assert_refused(&dir, finished, 2, "the header has more than 262144 lines");
    }
}

#[test]
fn blank_lines_among_records_were_read_for_ever() {
    let dir = dir!();
    let lines = [(HEADER.into(), 1), ("\n".repeat(1_000).into(), 20_000)];
    dir.create("in.vcf.gz", gzip(lines));
    let finished = score(&dir, "--vcf in.vcf.gz -o out.jsonl");
    assert_refused(&dir, finished, 2, "1048576 lines in a row hold no record");
}

#[test]
fn rows_of_a_packed_file_waited_until_its_bytes_were_read() {
    let dir = dir!();
    let rows = "chr17\tx\t.\tA\tC\t.\t.\t.\n".repeat(1_000);
    let good = "chr17\t41246481\t.\tT\tC\t.\t.\t.\n";
    let lines = [(HEADER.into(), 1), (good.into(), 1), (rows.into(), 2_000)];
    dir.create("in.vcf.gz", gzip(lines));
    let finished = score(&dir, "--vcf in.vcf.gz -o out.jsonl --no-receipt").expect_status(0);
    assert!(
        finished
            .stderr()
            .contains("records not understood: 2000000"),
        "{finished}"
    );
}

#[test]
fn one_variant_of_json_took_all_memory() {
    let dir = dir!();
    let start = r#"[{"chrom":"17","pos":41246481,"ref":"T","alt":"#;
    for (first, item) in [(r#"["A""#, r#","A""#), (r#""C","x":[0"#, ",0")] {
        let json = [
            (start.into(), 1),
            (first.into(), 1),
            (item.repeat(1_000).into(), 8_000),
        ];
        dir.create("in.json.gz", gzip(json));
        let finished = score(&dir, "--vcf in.json.gz -o out.jsonl");
        finished.expect_status(2);
        dir.assert_no_output(&["out.jsonl"]);
    }
}

#[test]
fn positions_at_the_end_of_the_numbers_wrapped() {
    let dir = dir!();
    let end = u64::MAX;
    let json = format!(
        r#"[{{"chrom":"17","pos":41246481,"ref":"T","alt":"C"}},
        {{"chrom":"17","pos":{end},"ref":"TT","alt":"C"}},
        {{"chrom":"17","pos":41246481,"ref":"T","alt":"A"}}]"#
    );
    dir.create("in.json", json);
    let finished = score(&dir, "--vcf in.json -o scored.jsonl --no-receipt").expect_status(0);
    assert!(
        finished.stderr().contains("records not understood: 1"),
        "{finished}"
    );
    assert_eq!(dir.text("scored.jsonl").lines().count(), 2);

    dir.create("rep.bed", format!("chr17\t0\t{end}\tAluY\tSINE\n"));
    let finished = score(&dir, &format!("{VARIANT} --repeats rep.bed"));
    assert_refused(&dir, finished, 2, "rep.bed:1");
    let row = |kind: &str| format!("chr17\t.\t{kind}\t2\t{end}\t.\t-\t.\tParent=t\n");
    dir.create("a.gff3", row("exon") + &row("CDS"));
    let finished = score(&dir, &format!("{VARIANT} --annotation a.gff3"));
    assert_refused(&dir, finished, 2, "lies beyond every contig");
    for flags in [
        format!("--variant chr17:{end}:T:C"),
        format!("--vcf in.json --regions chr17:5-{end} -o out.jsonl"),
    ] {
        let finished = score(&dir, &flags).expect_status(2);
        assert!(finished.stderr().contains("remedy: "), "{finished}");
    }
}

#[test]
fn an_exon_as_long_as_it_says_was_allocated() {
    let dir = dir!();
    let row = |kind: &str| format!("chr17\t.\t{kind}\t2\t5000000000\t.\t+\t.\tParent=t\n");
    dir.create("a.gff3", row("exon") + &row("CDS"));
    let finished = score(&dir, &format!("{VARIANT} --annotation a.gff3"));
    assert_refused(
        &dir,
        finished,
        2,
        "a transcript has more than 4194304 bases",
    );
}

#[test]
fn parents_of_one_exon_took_their_number_squared() {
    let dir = dir!();
    let parents: Vec<String> = (0..80_000).map(|n| n.to_string()).collect();
    let row = format!(
        "chr17\t.\texon\t41246000\t41247000\t.\t+\t.\tParent={}\n",
        parents.join(",")
    );
    dir.create("a.gff3", row);
    let finished = score(&dir, &format!("{VARIANT} --annotation a.gff3"));
    assert_refused(&dir, finished, 2, "bases lie here");
    let rows = (0..8).map(|block| {
        let parents: Vec<String> = (0..400_000).map(|n| format!("{block}.{n}")).collect();
        let row = format!(
            "chr17\t.\texon\t5\t9\t.\t+\t.\tParent={}\n",
            parents.join(",")
        );
        (row.into_bytes(), 1)
    });
    dir.create("a.gff3.gz", gzip(rows));
    let finished = score(&dir, &format!("{VARIANT} --annotation a.gff3.gz"));
    assert_refused(&dir, finished, 2, "the file takes more than");
}

#[test]
fn one_line_of_a_list_was_read_whole() {
    let dir = dir!();
    let line = || gzip([(vec![b'A'; 1 << 20], 2_000)]);
    for (flag, name) in [("--annotation", "a.gff3.gz"), ("--repeats", "a.bed.gz")] {
        dir.create(name, line());
        let finished = score(&dir, &format!("{VARIANT} {flag} {name}"));
        assert_refused(&dir, finished, 2, "the line is longer than 4 MiB");
    }
    dir.create(
        "a.vcf.gz",
        gzip([(HEADER.into(), 1), (vec![b'A'; 1 << 20], 500)]),
    );
    let finished = score(&dir, "--vcf a.vcf.gz -o out.jsonl");
    assert_refused(&dir, finished, 2, "the line is longer than 32 MiB");
}

#[test]
fn aliases_of_a_configuration_took_gigabytes() {
    let dir = dir!();
    let list = vec!["x"; 20_000].join(",");
    let aliases = vec!["*a"; 20_000].join(",");
    dir.create(
        "c.yaml",
        format!("data:\n  a: &a [{list}]\n  b: [{aliases}]\n"),
    );
    let finished = score(&dir, &format!("{VARIANT} --config c.yaml"));
    assert_refused(&dir, finished, 3, "aliases");
}

#[test]
fn ten_thousand_threads_ended_in_a_panic() {
    let dir = dir!();
    dir.create(
        "in.vcf",
        format!("{HEADER}chr17\t41246481\t.\tT\tC\t.\t.\t.\n"),
    );
    let run = format!(
        "score --vcf in.vcf --fasta {} -o out.jsonl --threads 10000",
        reference()
    );
    let finished = dir.run(&run).finish();
    assert_refused(&dir, finished, 2, "more than 1024 threads");
}
