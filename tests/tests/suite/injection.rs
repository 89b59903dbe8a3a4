//! Names that strangers gave: they plant no rows, open as no formula and reach no terminal.

use genolewm_tests::{Finished, Program, dir, genome, golden};
use std::path::Path;

fn score(flags: &str) -> String {
    format!("score --fasta ref.fa {} {flags}", golden::MODEL)
}

/// Nothing that a terminal would act on.
fn assert_visible(finished: &Finished) {
    for text in [finished.stdout(), finished.stderr()] {
        let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!text.contains(hidden), "{text:?}");
        assert!(
            !text.contains(['\u{202e}', '\u{2066}', '\u{200f}']),
            "{text:?}"
        );
    }
}

/// Every line of a table has as many cells as its head.
fn assert_table(text: &str, rows: usize) {
    let cells = |line: &str| line.split('\t').count();
    let head = text.lines().next().map(cells);
    assert!(text.lines().all(|line| Some(cells(line)) == head), "{text}");
    assert_eq!(text.lines().count(), 1 + rows, "{text}");
}

/// `cases/hostile/json_id_injection.json`, `json_id_injection_skipped.json` and `csv_id_tab.csv`
#[test]
fn an_identifier_planted_rows() {
    let dir = golden::with_reference(dir!());
    let base = |pos| genome::base(1, pos);
    let json = |id: &str| {
        let (reference, alternate) = (base(100), genome::other(base(100)));
        format!(
            "[{{\"chrom\":\"1\",\"pos\":100,\"id\":\"{id}\",\"ref\":\"{reference}\",\"alt\":\"{alternate}\"}},{{\"chrom\":\"1\",\"pos\":200,\"id\":\"rs2\",\"ref\":\"{}\",\"alt\":\"{}\"}}]",
            base(200),
            genome::other(base(200))
        )
    };
    let csv = |id: &str| {
        format!(
            "RSID,CHROMOSOME,POSITION,RESULT\n\"{id}\",\"1\",\"100\",\"{0}{0}\"\n\"rs2\",\"1\",\"200\",\"{1}{1}\"\n",
            genome::other(base(100)),
            genome::other(base(200))
        )
    };
    dir.create(
        "a.json",
        json("rs1\\tT\\tC\\t.\\t.\\t.\\nchr17\\t41246482\\tINJECTED"),
    );
    dir.create("b.json", json("x\\t.\\t.\\tscored_fake\\nFAKE\\tROW"));
    dir.create("c.json", json("\\u001b]0;pwned\\u0007\\u202e"));
    dir.create("d.csv", csv("rs1\tX\tY"));
    dir.create("e.csv", csv("rs1\u{1b}[2J"));
    for input in ["a.json", "b.json", "c.json", "d.csv", "e.csv"] {
        for format in ["tsv", "jsonl"] {
            let flags = format!(
                "--vcf {input} --format {format} -o out --skipped skipped.tsv --no-receipt"
            );
            assert_visible(&dir.run(&score(&flags)).ok());
            assert_table(&dir.text("skipped.tsv"), 1);
            assert!(dir.text("skipped.tsv").contains("malformed"));
            let out = dir.text("out");
            assert_eq!(
                out.lines().count(),
                1 + usize::from(format == "tsv"),
                "{input}\n{out}"
            );
            assert!(
                !out.contains("INJECTED") && !out.contains("FAKE") && !out.contains("rs1"),
                "{out}"
            );
        }
        assert_visible(&dir.run(&score(&format!("--vcf {input} --top 5"))).ok());
        let finished = dir
            .run(&score(&format!("--vcf {input} --strict")))
            .fails("INPUT.VCF_PARSE", 2);
        assert_visible(&finished);
    }
}

/// The files of `cases/hostile` as they are: none fits this reference, and nothing of them is planted.
#[test]
fn names_of_the_cases_reached_the_terminal() {
    let dir = golden::with_reference(dir!());
    let cases: [(&str, &[u8]); 5] = [
        (
            "csv_id_tab.csv",
            include_bytes!("../../cases/hostile/csv_id_tab.csv"),
        ),
        ("esc.vcf", include_bytes!("../../cases/hostile/esc.vcf")),
        (
            "esc_contig.vcf",
            include_bytes!("../../cases/hostile/esc_contig.vcf"),
        ),
        (
            "json_id_injection.json",
            include_bytes!("../../cases/hostile/json_id_injection.json"),
        ),
        (
            "json_id_injection_skipped.json",
            include_bytes!("../../cases/hostile/json_id_injection_skipped.json"),
        ),
    ];
    for (name, bytes) in cases {
        dir.create(name, bytes);
        for flags in [
            "--top 5",
            "--format tsv",
            "--format vcf",
            "--log-level debug --strict",
        ] {
            let finished = dir.run(&score(&format!("--vcf {name} {flags}"))).finish();
            assert!(
                finished.status().is_some_and(|status| status != 0),
                "{finished}"
            );
            // A file keeps what its input has, byte for byte.
            if !flags.contains("vcf") {
                assert_visible(&finished);
            }
        }
    }
    dir.create("esc2.fa", include_bytes!("../../cases/hostile/esc2.fa"));
    dir.create("in.vcf", genome::vcf([100]));
    let run = format!("score --vcf in.vcf --fasta esc2.fa {}", golden::MODEL);
    let finished = dir.run(&run).fails("INPUT.GENERIC", 2);
    assert_visible(&finished);
    assert!(finished.stderr().contains("hidden character"), "{finished}");
}

/// The output of a run whose standard output is a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_header_reached_the_terminal() {
    let dir = golden::with_reference(dir!());
    dir.create("in.vcf", include_bytes!("../../cases/hostile/esc.vcf"));
    let flags = "--vcf in.vcf --format vcf --quiet --no-progress";
    let command = format!("{} {}", dir.program().display(), score(flags));
    let terminal = Program::new(Path::new("script"), &dir.path(""));
    let finished = terminal.args(["-qec", &command, "/dev/null"]).finish();
    let shown = finished.stdout();
    assert!(shown.contains("##contig=<ID=\\u{1b}[31mevil"), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

#[test]
fn an_identifier_opened_as_a_formula() {
    let dir = golden::with_reference(dir!());
    let vcf = genome::vcf([100, 200]);
    let vcf = vcf
        .replace("rs100", "=HYPERLINK(\"http://x\")")
        .replace("rs200", "@x");
    dir.create("in.vcf", vcf + "1\t300\t+1\tN\tC\t.\t.\t.\tGT\t0/1\n");
    let flags = "--vcf in.vcf --skipped skipped.tsv -o out";
    dir.run(&score(&format!("{flags}.tsv"))).ok();
    dir.run(&score(&format!("{flags}.vcf"))).ok();
    let id = |text: &str, column: usize| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.split('\t').nth(column).map(str::to_owned))
            .collect()
    };
    assert_eq!(
        id(&dir.text("out.tsv"), 2),
        ["id", "'=HYPERLINK(\"http://x\")", "'@x", "'+1"]
    );
    assert_eq!(id(&dir.text("skipped.tsv"), 3), ["id", "'+1"]);
    // No spreadsheet reads these, and programs read them as they are.
    assert_eq!(
        id(&dir.text("out.vcf"), 2),
        ["=HYPERLINK(\"http://x\")", "@x", "+1"]
    );
}

#[test]
fn an_identifier_broke_the_columns_of_a_vcf() {
    let dir = golden::with_reference(dir!());
    let base = genome::base(1, 100);
    let other = genome::other(base);
    dir.create("in.json", format!("[{{\"chrom\":\"1\",\"pos\":100,\"id\":\"my id 5%\",\"ref\":\"{base}\",\"alt\":\"{other}\"}}]"));
    dir.run(&score("--vcf in.json -o out.vcf")).ok();
    let out = dir.text("out.vcf");
    let line = out.lines().last().expect("a record");
    assert!(
        line.starts_with(&format!("1\t100\tmy%20id%205%25\t{base}\t{other}\t")),
        "{line}"
    );
}

#[test]
fn a_name_on_the_command_line_reached_the_terminal() {
    let dir = golden::with_reference(dir!());
    let name = "\u{1b}]0;pwned\u{7}\u{202e}";
    for args in [
        vec!["score", "--vcf", name, "--fasta", "ref.fa"],
        vec!["score", "--variant", name],
        vec![name],
        vec!["import", name, "--sample-id", name],
        vec!["--config", name, "score"],
        vec!["verify", "--receipt", name, "--manifest", name],
        vec!["doctor", "--model-dir", name],
    ] {
        let finished = dir.run("").args(args).finish();
        assert!(
            finished.status().is_some_and(|status| status != 0),
            "{finished}"
        );
        assert_visible(&finished);
    }
}
