//! The rules of shards, on small files.

mod files;

use super::clinvar::{iter_clinvar_vcf_variants, label_set};
use super::gnomad::iter_gnomad_vcf_variants;
use super::*;
use genolewm_core::{ErrorCode, Result};
use std::path::Path;
use tempfile::TempDir;

const COLUMNS: &str = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

/// A folder with a VCF of these rows, with blanks for tabs.
fn folder(header: &str, rows: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = rows
        .iter()
        .map(|row| row.replace(' ', "\t") + "\n")
        .collect();
    let text = format!("##fileformat=VCFv4.2\n{header}{COLUMNS}{rows}");
    std::fs::write(folder.path().join("in.vcf"), text).unwrap();
    folder
}

fn request<'a>(input_vcf: &'a Path, output_dir: &'a Path, release: &'a str) -> PrepareRequest<'a> {
    PrepareRequest {
        input_vcf,
        output_dir,
        release,
        overwrite: false,
    }
}

fn gnomad(rows: &[&str], rules: GnomadRules) -> (PrepareReport, Vec<GnomadVariant>) {
    let folder = folder("", rows);
    let vcf = folder.path().join("in.vcf");
    let request = request(&vcf, folder.path(), "v4.1");
    let report = prepare_gnomad_shard(&request, rules, &|| false).unwrap();
    let report = report.unwrap();
    let shard = iter_gnomad_shard(&report.output_path, ErrorCode::InputGeneric).unwrap();
    let read: Vec<GnomadVariant> = shard.map(Result::unwrap).collect();
    let direct: Vec<GnomadVariant> = iter_gnomad_vcf_variants(&vcf, rules)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, direct, "a shard holds what its VCF gives");
    (report, read)
}

fn clinvar(rows: &[&str], rules: ClinvarRules) -> Result<(PrepareReport, Vec<ClinvarVariant>)> {
    let folder = folder("", rows);
    let vcf = folder.path().join("in.vcf");
    let request = request(&vcf, folder.path(), "2017-04");
    let report = prepare_clinvar_shard(&request, rules, &|| false)?.unwrap();
    let shard = iter_clinvar_shard(&report.output_path, ErrorCode::InputGeneric)?;
    let read: Vec<ClinvarVariant> = shard.collect::<Result<_>>()?;
    let direct = iter_clinvar_vcf_variants(&vcf, rules)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(read, direct, "a shard holds what its VCF gives");
    Ok((report, read))
}

#[test]
fn alleles_are_tested_in_the_order_filter_allele_frequency() {
    let rules = GnomadRules {
        max_allele_bp: 3,
        ..GnomadRules::default()
    };
    let rows = [
        "chr1 5 . A C . PASS AF=0.2",
        "chr1 6 . A <DEL> . . AF=0.001",
        "chr1 7 . A N,<DEL>,*,CCCC . PASS AF=0.001",
        "chr1 8 . ACGT A . PASS AF=0.2",
        "chr1 9 . a c,g . PASS AF=0.2,0.00999999",
        "chr1 10 . A C . PASS AF=.",
        "chr1 11 . A C . PASS AF=inf",
        "chr1 12 . A C . PASS AF=1.5",
        "chr1 13 . A . . PASS AF=0.2",
        "chr1 14 . A C . lowq;PASS AF=0.2",
    ];
    let (report, variants) = gnomad(&rows, rules);
    assert_eq!((report.records_read, report.allele_records_seen), (9, 13));
    assert_eq!(report.records_written, 2);
    let skipped: Vec<u64> = ["skipped_filter", "skipped_allele", "skipped_af"]
        .map(|key| report.skipped[key])
        .to_vec();
    assert_eq!(skipped, [2, 5, 4]);
    assert_eq!(variants[1].alternate, "C");
    assert_eq!(variants[1].reference, "A");
}

#[test]
fn frequencies_are_of_their_allele_and_population() {
    let rows = [
        "chr1 5 . A C,G . PASS AF=0.2,0.3;AF_afr=0.1,0.15;AF_nfe=1e-3,.;AF_SAS=0.05",
        "chr1 6 . A C,G . PASS AF_GLOBAL=0.4",
        "chr1 7 . A C,G,T . PASS AF=0.2,0.3;AF_global=0.5",
        "chr1 8 . A C . PASS AF=0.01;AF=0.02;AF_eas=0;AF_eas",
        "chr1 9 . A C . PASS AF=.;AF_global=0.5",
    ];
    let (report, variants) = gnomad(&rows, GnomadRules::default());
    let af: Vec<f64> = variants.iter().map(|variant| variant.af_global).collect();
    assert_eq!(af, [0.2, 0.3, 0.4, 0.4, 0.2, 0.3, 0.5, 0.02]);
    assert_eq!(report.skipped["skipped_af"], 1);
    let of = |variant: &GnomadVariant, name: &str| {
        let index = POPULATIONS.iter().position(|known| *known == name).unwrap();
        variant.populations[index]
    };
    let (first, second) = (&variants[0], &variants[1]);
    assert_eq!(
        (of(first, "afr"), of(second, "afr")),
        (Some(0.1), Some(0.15))
    );
    assert_eq!((of(first, "nfe"), of(second, "nfe")), (Some(0.001), None));
    assert_eq!(
        (of(first, "sas"), of(second, "sas")),
        (Some(0.05), Some(0.05))
    );
    assert_eq!(
        (of(first, "ami"), of(&variants[7], "eas")),
        (None, Some(0.0))
    );
}

#[test]
fn contigs_take_the_form_of_shards() {
    let names = [
        "chr1",
        "Chr7",
        "chrM",
        "MT",
        "chrx",
        "xy",
        "GL000220.1",
        "NC_000017.11",
    ];
    let rows: Vec<String> = names
        .iter()
        .map(|name| format!("{name} 5 . A C . PASS AF=1"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (_, variants) = gnomad(&rows, GnomadRules::default());
    let contigs: Vec<&str> = variants.iter().map(|v| v.chrom.as_str()).collect();
    assert_eq!(
        contigs,
        ["1", "7", "MT", "MT", "X", "XY", "GL000220.1", "17"]
    );
}

#[test]
fn clinvar_rows_have_class_review_gene_and_number() {
    let rows = [
        "17 5 123 A C . . CLNSIG=Pathogenic/Likely_pathogenic;CLNREVSTAT=criteria%20provided,_x;GENEINFO=BRCA1:672|NBR2:1;CLNVID=7;ALLELEID=8",
        "17 6 124 A C,G . . CLNSIG=Benign,Pathogenic;ALLELEID=9,10;GENEINFO=.",
        "17 7 VCV000474907.3 A C . . CLNSIGCONF=Benign;GENEINFO=:5;CLNREVSTAT=",
        "17 8 126 A C . . CLNSIG=Benign|Pathogenic;CLNVID=.",
        "17 9 127 A <DEL> . . CLNSIG=Benign",
    ];
    let (report, variants) = clinvar(&rows, ClinvarRules::default()).unwrap();
    assert_eq!(report.skipped, [("skipped_allele", 1)].into());
    let classes: Vec<&str> = variants
        .iter()
        .map(|variant| variant.clinical_significance.as_str())
        .collect();
    assert_eq!(classes, ["LP", "B", "P", "B", "OTHER"]);
    let numbers: Vec<i64> = variants.iter().map(|variant| variant.clinvar_id).collect();
    assert_eq!(numbers, [7, 9, 10, 474_907, 126]);
    let genes: Vec<Option<&str>> = variants
        .iter()
        .map(|variant| variant.gene_symbol.as_deref())
        .collect();
    assert_eq!(genes, [Some("BRCA1"), None, None, None, None]);
    assert_eq!(variants[0].review_status, "criteria_provided,_x");
    assert_eq!(variants[3].review_status, "unknown");
    assert_eq!(label_set(variants).len(), 4);
}

#[test]
fn a_record_without_a_number_is_refused_or_zero() {
    let rows = ["17 5 1 A C . . .", "17 6 rs7 A C . . CLNVID=-3"];
    let error = clinvar(&rows, ClinvarRules::default()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputGeneric);
    assert_eq!(error.location().and_then(|place| place.line), Some(4));
    let rules = ClinvarRules {
        missing_id: MissingId::Zero,
        ..ClinvarRules::default()
    };
    let (_, variants) = clinvar(&rows, rules).unwrap();
    assert_eq!((variants[0].clinvar_id, variants[1].clinvar_id), (1, 0));
}

#[test]
fn a_release_of_another_date_is_refused() {
    let prepare = |date: &str, release: &str| {
        let header = format!("##fileDate={date}\n");
        let folder = folder(&header, &["17 5 1 A C . . ."]);
        let vcf = folder.path().join("in.vcf");
        let request = request(&vcf, folder.path(), release);
        prepare_clinvar_shard(&request, ClinvarRules::default(), &|| false).map(drop)
    };
    for release in ["2020-10-06", "20201006", "2020-10", "latest", "v4.1"] {
        assert!(prepare("2020-10-06", release).is_ok(), "{release}");
        assert!(prepare("20201006", release).is_ok(), "{release}");
    }
    let code = |result: Result<()>| result.err().map(|error| error.code());
    for release in ["2026-04-15", "2020-11", "", "..", "a/b"] {
        let refused = code(prepare("2020-10-06", release));
        assert_eq!(refused, Some(ErrorCode::InputGeneric), "{release}");
    }
}

#[test]
fn senseless_rules_are_refused() {
    let folder = folder("", &[]);
    let vcf = folder.path().join("in.vcf");
    let refused = |min_af: f64, max_allele_bp: usize| {
        let rules = GnomadRules {
            min_af,
            max_allele_bp,
        };
        iter_gnomad_vcf_variants(&vcf, rules).is_err()
    };
    assert!(refused(-0.1, 16) && refused(1.1, 16) && refused(f64::NAN, 16) && refused(0.1, 0));
    assert!(!refused(0.0, 1) && !refused(1.0, 999));
}

#[test]
fn malformed_vcfs_are_located_and_leave_no_shard() {
    for row in ["1 x . A C . PASS AF=1", "1 0 . A C . PASS AF=1", "1 5 . A"] {
        let folder = folder("", &["1 5 . A C . PASS AF=1", row]);
        let vcf = folder.path().join("in.vcf");
        let request = request(&vcf, folder.path(), "v1");
        let error = prepare_gnomad_shard(&request, GnomadRules::default(), &|| false).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputVcfParse, "{row}");
        assert_eq!(error.location().and_then(|place| place.line), Some(4));
        assert_eq!(count_files(&folder.path().join("gnomad/v1")), 0);
    }
}

fn count_files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
