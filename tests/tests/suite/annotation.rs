//! What is known of places: transcripts and repeats beside the variants, through the built binary.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm_tests::builtin::{MANIFEST, window_bp};
use genolewm_tests::{Dir, dir, golden};
use serde_json::Value;
use std::path::Path;

fn example(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    root.join(name).display().to_string()
}

fn context() -> String {
    format!("--annotation {}", example("brca1.gencode19.gff3.gz"))
}

fn calibrated(dir: &Dir, flags: &str) -> String {
    let (vcf, fasta) = (example("brca1.vcf.gz"), example("brca1.hg19.fa.gz"));
    let regions = "chr17:41197600-41198400";
    dir.run(&format!(
        "calibrate --vcf {vcf} --fasta {fasta} --regions {regions} --min-bucket-size 1 -o table.parquet {flags}"
    ))
    .ok()
    .stdout()
}

#[test]
fn calibration_has_a_bucket_for_each_region_class_of_the_annotation() {
    let dir = dir!();
    let plain = calibrated(&dir, "");
    assert!(
        plain.contains("other|mid|none") && !plain.contains("intron|"),
        "{plain}"
    );
    let annotated = calibrated(&dir, &context());
    for bucket in [
        "intron|mid|none",
        "coding_missense|mid|none",
        "utr3|mid|none",
    ] {
        assert!(annotated.contains(bucket), "{bucket} in\n{annotated}");
    }
    assert!(!annotated.contains("other|"), "{annotated}");
    dir.create("repeats.bed", "chr17\t41190000\t41220000\tSINE/Alu\n");
    let repeats = calibrated(&dir, "--repeats repeats.bed");
    assert!(repeats.contains("other|mid|transposon"), "{repeats}");
}

#[test]
fn a_score_with_annotation_verifies_in_the_bucket_of_its_receipt() {
    let dir = dir!();
    let fasta = example("brca1.hg19.fa.gz");
    let variant = "chr17:41200109:T:C";
    let score = |flags: &str| {
        let command =
            format!("score --variant {variant} --fasta {fasta} --receipt receipt.json {flags}");
        let row = dir.run(&command).ok().stdout();
        serde_json::from_str::<Value>(&row).expect("a row")
    };
    let (plain, annotated) = (score(""), score(&context()));
    assert_eq!(plain["bucket_id"], "other|mid|none");
    // The built-in table was made without annotation: everything else stands in.
    assert_eq!(annotated["bucket_id"], "*");
    assert_eq!(annotated["sigma_raw"], plain["sigma_raw"]);
    let receipt: Value = serde_json::from_str(&dir.text("receipt.json")).expect("a receipt");
    assert_eq!(receipt["output"]["bucket_id"], "*");
    assert_rerun(&dir, variant, &receipt);
}

#[test]
fn a_region_that_is_named_ranks_as_one_that_annotation_finds() {
    let dir = dir!();
    let fasta = example("brca1.hg19.fa.gz");
    dir.create(
        "in.vcf",
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
         chr17\t41200109\t.\tT\tC\t.\t.\t.\n",
    );
    let calibrate = calibrated(&dir, &context());
    assert!(calibrate.contains("intron|mid|none"), "{calibrate}");
    let score = |input: &str, flags: &str| {
        let command = format!("score {input} --fasta {fasta} --receipt r.json {flags}");
        let out = dir.run(&command).ok().stdout();
        serde_json::from_str::<Value>(out.lines().next().expect("a row")).expect("a row of JSON")
    };
    for input in ["--variant chr17:41200109:T:C", "--vcf in.vcf"] {
        let named = score(input, "--region intron_variant --min-bucket-size 1");
        let plain = score(input, "--aggregation mean");
        assert_eq!(named["sigma_raw"], plain["sigma_raw"]);
        // The built-in table was made without annotation.
        assert_eq!(named["bucket_id"], "*");
        assert_eq!(plain["bucket_id"], "other|mid|none");
        let large = score(input, "--min-bucket-size 1000000000000");
        assert_eq!(large["bucket_id"], "*");
    }
    for slip in [
        "--region intronn_variant_",
        "--repeat lime",
        "--min-bucket-size 0",
    ] {
        let command = format!("score --vcf in.vcf --fasta {fasta} {slip}");
        dir.run(&command).fails("INPUT.GENERIC", 2);
    }
    let both = format!(
        "score --vcf in.vcf --fasta {fasta} --region intron {}",
        context()
    );
    dir.run(&both).fails("INPUT.GENERIC", 2);
}

/// Verifies a receipt against the window that it was made for.
fn assert_rerun(dir: &Dir, variant: &str, receipt: &Value) {
    let start = receipt["provenance"]["details"]["window_start_bp"].as_u64();
    let start = usize::try_from(start.expect("a start")).expect("a place");
    let window = example_bases(start, start + window_bp());
    let [chrom, pos, reference, alternate]: [&str; 4] = variant
        .split(':')
        .collect::<Vec<_>>()
        .try_into()
        .expect("a variant");
    let finished = dir
        .run(&format!(
            "verify receipt.json --manifest {MANIFEST} --rerun --input-window {window} --edit-chrom {chrom} \
             --edit-pos {pos} --edit-ref {reference} --edit-alt {alternate}"
        ))
        .ok();
    assert!(finished.stdout().contains("rerun: ok"), "{finished}");
}

/// Bases of the example's chromosome.
fn example_bases(start: usize, end: usize) -> String {
    use genolewm_core::position::{BpOffset, Interval};
    use genolewm_core::reference::{AnyReference, Reference};
    let source = AnyReference::open_path(Path::new(&example("brca1.hg19.fa.gz")));
    let mut reference = Reference::new(source.expect("the example"));
    let span = Interval::new(BpOffset(start as u64), BpOffset(end as u64));
    reference
        .fetch("chr17", span.expect("a span"))
        .expect("bases")
}

#[test]
fn annotation_that_is_none_is_refused() {
    let dir = dir!();
    golden::lay_out(&dir);
    let score = "score --vcf golden/in.vcf --fasta golden/ref.fa";
    dir.create("empty.gff3", "##gff-version 3\n");
    dir.run(&format!("{score} --annotation empty.gff3"))
        .fails("INPUT.GENERIC", 2);
    dir.create(
        "broken.gtf",
        "chr1\t.\texon\tx\t5\t.\t+\t.\ttranscript_id \"t\";\n",
    );
    let finished = dir
        .run(&format!("{score} --annotation broken.gtf"))
        .fails("INPUT.GENERIC", 2);
    assert!(finished.stderr().contains("broken.gtf:1"), "{finished}");
    dir.create("repeats.bed", "chr1\t1\t5\tnonsense\n");
    dir.run(&format!("{score} --repeats repeats.bed"))
        .fails("INPUT.GENERIC", 2);
    dir.run("score --variant 1:2:A:C --window ACGT --annotation empty.gff3")
        .finish()
        .expect_status(2);
}

/// Three edits whose consequences the table of the core's tests has, and one that is not scored.
const NAMED: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n\
    chr17\t41276113\t.\tT\tC\t.\t.\t.\nchr17\t41276034\t.\tC\tT,<DEL>\t.\t.\tGENEINFO=X:1\n\
    chr17\t41219634\t.\tTAAC\tT\t.\t.\t.\n";

#[test]
fn scores_name_gene_transcript_and_consequence() {
    let dir = dir!();
    dir.create("in.vcf", NAMED);
    let fasta = example("brca1.hg19.fa.gz");
    let score = |name: &str, flags: &str| {
        dir.run(&format!(
            "score --vcf in.vcf --fasta {fasta} --output {name} {flags}"
        ))
        .ok();
        dir.text(name)
    };
    let (main, both) = (
        "ENST00000357654.3",
        "missense_variant&splice_region_variant",
    );
    let rows = score("a.jsonl", &context());
    let told: Vec<Value> = rows
        .lines()
        .map(|row| serde_json::from_str(row).expect("a row"))
        .collect();
    let terms: Vec<_> = told.iter().map(|row| row["consequence"].as_str()).collect();
    assert_eq!(
        terms,
        [Some("start_lost"), Some(both), Some("inframe_deletion")]
    );
    assert!(
        told.iter()
            .all(|row| row["gene"] == "BRCA1" && row["transcript"] == main)
    );
    let table = score("a.tsv", &context());
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].ends_with("\trepeat\tgene\ttranscript\tconsequence"),
        "{table}"
    );
    assert!(
        lines[2].ends_with(&format!("\tBRCA1\t{main}\t{both}")),
        "{table}"
    );
    assert_eq!(lines[3].split('\t').count(), 17, "{table}");
    let vcf = score("a.vcf", &context());
    assert!(
        vcf.contains("##INFO=<ID=GLW_CSQ,Number=A,Type=String"),
        "{vcf}"
    );
    let values = format!("GLW_GENE=BRCA1,.;GLW_TRANSCRIPT={main},.;GLW_CSQ={both},.;GLW_STATUS");
    assert!(vcf.contains(&values), "{vcf}");
    let parquet = format!(
        "score --vcf in.vcf --fasta {fasta} --output a.parquet {}",
        context()
    );
    dir.run(&parquet).ok();
    // What is known is answered from, and annotation tells the rest anew.
    for known in ["a.tsv", "a.parquet"] {
        let again = score("b.tsv", &format!("{} --known {known}", context()));
        assert_eq!(again, table, "{known}");
    }
    let verified = dir.run(&format!(
        "verify a.jsonl.receipts.jsonl --manifest {MANIFEST} --rerun --scores a.jsonl --fasta {fasta}"
    ));
    verified.ok();
    let top = dir
        .run(&format!(
            "score --vcf in.vcf --fasta {fasta} --top 2 {}",
            context()
        ))
        .ok();
    assert!(top.stdout().contains("consequence"), "{top}");
}

#[test]
fn without_annotation_nothing_is_named() {
    let dir = dir!();
    dir.create("in.vcf", NAMED);
    let fasta = example("brca1.hg19.fa.gz");
    for name in ["a.jsonl", "a.tsv", "a.vcf"] {
        dir.run(&format!(
            "score --vcf in.vcf --fasta {fasta} --output {name}"
        ))
        .ok();
        let text = dir.text(name).to_lowercase();
        assert!(
            !text.contains("consequence") && !text.contains("transcript"),
            "{text}"
        );
    }
}
