//! Tests of reading variants.

use super::*;
use crate::shards::{GnomadRules, PrepareRequest, prepare_gnomad_shard};
use genolewm_core::edit::AlleleForm;
use genolewm_core::position::BpOffset;

const HEADER: &str = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

fn read(rows: &[&str]) -> VariantSet {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: String = rows
        .iter()
        .map(|row| row.replace(' ', "\t") + "\n")
        .collect();
    std::fs::write(file.path(), HEADER.to_owned() + &lines).unwrap();
    read_variants(file.path(), AlleleForm::Canonical, ErrorCode::EvalDataset).unwrap()
}

#[test]
fn frequencies_come_from_whatever_the_file_has() {
    let set = read(&[
        "chr1 5 . A C,G,<DEL> . PASS AF=0.2,0.004,0.1",
        "chr1 6 . A C . q10 AF=0.5",
        "chr1 7 . A C . . MAF_1kg=0.3;MA_1kg=A",
        "chr1 8 . A C . . MAF_1kg=0.3;MA_1kg=C;AF_gnomADe=0.9",
        "chr1 9 . A C . . AF_gnomADe=0.25",
        "chr1 10 . A C . . AF_1kg_afr=0.1;AF_1kg_eur=0.3",
        "chr1 11 . A C . . .",
        "chr1 12 . A C . . AF=-nan",
    ]);
    let af: Vec<Option<f64>> = set.variants.iter().map(|variant| variant.af).collect();
    let expected = [
        Some(0.2),
        Some(0.004),
        Some(0.5),
        Some(0.7),
        Some(0.3),
        Some(0.25),
        Some(0.2),
        None,
        None,
    ];
    assert_eq!(af, expected);
    let common: Vec<bool> = set
        .variants
        .iter()
        .map(LabelledVariant::is_common)
        .collect();
    assert_eq!(
        common,
        [true, false, false, true, true, true, true, false, false]
    );
    assert_eq!(set.skipped.get("symbolic"), Some(&1));
}

#[test]
fn classes_take_a_side_or_none() {
    let set = read(&[
        "17 5 . A C . . CLNSIG=Pathogenic|Uncertain_significance;CLASS=P/LP;GENEINFO=BRCA1:672",
        "17 6 . A C . . CLNSIG=Conflicting_interpretations;GENEINFO=BRCA1;STARS=1",
        "17 7 . A C . . AF=0.1",
    ]);
    let classes: Vec<Option<Significance>> = set
        .variants
        .iter()
        .map(|variant| variant.significance)
        .collect();
    assert_eq!(
        classes,
        [Some(Significance::P), Some(Significance::Other), None]
    );
    assert_eq!(set.variants[0].gene.as_deref(), Some("BRCA1"));
    assert_eq!(set.variants[1].stars, Some(1));
}

#[test]
fn variants_are_found_inside_a_span_under_any_contig_name() {
    let set = read(&[
        "chr1 5 . ACG A . . .",
        "chr1 5 . ACG A . . .",
        "chr1 9 . A C . . .",
        "chr2 5 . A C . . .",
    ]);
    let index = VariantIndex::new(&set.variants);
    let count = |contig: &str, start: u64, end: u64| {
        index
            .within(
                contig,
                Interval::new(BpOffset(start), BpOffset(end)).unwrap(),
            )
            .count()
    };
    assert_eq!(index.len(), 3);
    assert_eq!(
        (
            count("1", 4, 9),
            count("1", 4, 6),
            count("chr1", 5, 9),
            count("3", 0, 99)
        ),
        (2, 0, 1, 0)
    );
}

#[test]
fn an_empty_index_is_refused_with_the_callers_code() {
    let none = require_some(
        &VariantIndex::default(),
        "classes",
        ErrorCode::TrainingDataloader,
    );
    assert_eq!(
        none.err().map(|error| error.code()),
        Some(ErrorCode::TrainingDataloader)
    );
    let some = VariantIndex::new(&read(&["chr1 5 . A C . . ."]).variants);
    assert!(require_some(&some, "classes", ErrorCode::EvalDataset).is_ok());
}

#[test]
fn a_shard_gives_the_common_variants_of_its_vcf() {
    let folder = tempfile::tempdir().unwrap();
    let vcf = folder.path().join("in.vcf");
    let rows = [
        "1\t5\t.\tA\tC\t.\tPASS\tAF=0.01\n",
        "1\t6\t.\tA\tC\t.\tPASS\tAF=0.00999999\n",
        "1\t7\t.\tA\tA\t.\tPASS\tAF=0.5\n",
    ];
    std::fs::write(&vcf, HEADER.to_owned() + &rows.concat()).unwrap();
    let request = PrepareRequest {
        input_vcf: &vcf,
        output_dir: folder.path(),
        release: "v1",
        overwrite: false,
    };
    let rules = GnomadRules {
        min_af: 0.001,
        ..GnomadRules::default()
    };
    let report = prepare_gnomad_shard(&request, rules, &|| false)
        .unwrap()
        .unwrap();
    let set = read_variants(
        &report.output_path,
        AlleleForm::Canonical,
        ErrorCode::EvalDataset,
    )
    .unwrap();
    let common: Vec<bool> = set
        .variants
        .iter()
        .map(LabelledVariant::is_common)
        .collect();
    // Exactly 1 % is common although f32 cannot hold it.
    assert_eq!(common, [true, false]);
    assert_eq!(set.skipped.get("same_as_ref"), Some(&1));
}
