//! Other people's test files: nothing panics, every error has a place, and the counts reconcile.
#![cfg(feature = "std")]
#![allow(clippy::expect_used, clippy::panic)]

use genolewm_core::edit::AlleleForm;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{AnyReference, BaseSource};
use genolewm_core::source::{AlleleOutcome, VariantReader};
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The project's fixtures, or another folder of such files.
fn fixtures(folder: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("GENOLEWM_FIXTURES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures")),
        PathBuf::from,
    );
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files);
    assert!(
        !files.is_empty(),
        "no fixtures in {}",
        root.join(folder).display()
    );
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            collect(&path, files);
        } else if !name.starts_with("LICENSE") && !name.ends_with(".md") {
            files.push(path);
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    records: usize,
    alternates: usize,
    candidates: usize,
    skipped: BTreeMap<&'static str, usize>,
    errors: usize,
}

fn read(path: &Path) -> Result<Counts> {
    let name = path.display().to_string();
    let mut reader = VariantReader::open(Box::new(File::open(path).expect("a file")), &name)?;
    let mut counts = Counts::default();
    loop {
        let record = match reader.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(counts),
            Err(error) => {
                check_error(&error);
                counts.errors += 1;
                continue;
            }
        };
        counts.records += 1;
        counts.alternates += record.alternates.len().max(1);
        for outcome in record.alleles(AlleleForm::Canonical) {
            match outcome {
                AlleleOutcome::Candidate(_) => counts.candidates += 1,
                AlleleOutcome::Skipped(reason) => {
                    *counts.skipped.entry(reason.as_str()).or_default() += 1;
                }
            }
        }
    }
}

fn check_error(error: &Error) {
    assert_eq!(error.code().as_str(), "INPUT.VCF_PARSE", "{error}");
    assert!(
        error.location().is_some_and(|place| !place.file.is_empty()),
        "{error}"
    );
    assert!(error.remedy().is_some(), "{error}");
}

#[test]
fn vcf_corner_cases_reconcile_or_are_located_errors() {
    let mut candidates = 0;
    for path in fixtures("vcf_corner_cases") {
        if path.extension().is_some_and(|extension| extension == "fa") {
            continue;
        }
        match read(&path) {
            Ok(counts) => {
                let skipped: usize = counts.skipped.values().sum();
                assert_eq!(
                    counts.candidates + skipped,
                    counts.alternates,
                    "{}",
                    path.display()
                );
                candidates += counts.candidates;
                if path.components().any(|part| part.as_os_str() == "passed") {
                    assert_eq!(counts.errors, 0, "{}", path.display());
                }
            }
            Err(error) => {
                check_error(&error);
                let passed = path.components().any(|part| part.as_os_str() == "passed");
                assert!(!passed, "{error}");
            }
        }
    }
    assert!(candidates > 0);
}

#[test]
fn vendor_files_reconcile_or_are_located_errors() {
    let mut read_at_all = 0;
    for path in fixtures("dtc") {
        let outcome = read(&path);
        if let Err(error) = &outcome {
            check_error(error);
            let quoted = error.location().and_then(|place| place.text.clone());
            assert_eq!(quoted, None, "raw data is never quoted");
        }
        if let Ok(counts) = outcome {
            let skipped: usize = counts.skipped.values().sum();
            assert_eq!(
                counts.candidates + skipped,
                counts.alternates,
                "{}",
                path.display()
            );
            read_at_all += usize::from(counts.records > 0 && counts.errors == 0);
        }
    }
    assert!(
        read_at_all >= 30,
        "only {read_at_all} vendor files could be read"
    );
}

/// The layouts that are refused are refused for a reason, and all others have eight or more sites.
#[test]
fn vendor_layouts_are_recognised() {
    let refused: Vec<String> = fixtures("dtc/vendors")
        .iter()
        .filter(|path| read(path).is_err())
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let expected = [
        // No chromosome or position column.
        "codigo46.txt",
        // Two files side by side, not raw data.
        "discrepant_snps.csv",
        "empty.txt",
        // A reference.
        "generic.fa",
        // No genotype column by any usual name.
        "generic_non_standard_columns.tsv",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn small_references_give_their_bases() {
    let all = fixtures("vcf_corner_cases");
    let references: Vec<_> = all
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "fa"))
        .collect();
    assert!(!references.is_empty());
    for path in references {
        let mut fasta = match AnyReference::open_path(path) {
            Ok(fasta) => fasta,
            Err(error) => panic!("{error}"),
        };
        for contig in fasta.contigs().to_vec() {
            let whole = Interval::new(BpOffset(0), BpOffset(contig.length_bp)).expect("a span");
            match fasta.fetch(&contig.name, whole) {
                Ok(bases) => {
                    assert_eq!(bases.len() as u64, contig.length_bp);
                    assert!(bases.bytes().all(|base| b"ACGTN".contains(&base)));
                }
                // One of them holds a line of digits.
                Err(error) => assert!(path.ends_with("norm.iupac.fa"), "{error}"),
            }
        }
    }
}

#[test]
fn must_pass_headers_were_warned_of() {
    let mut passed = fixtures("vcf_corner_cases/hts-specs-4.2/passed");
    let cases = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/cases/web/valid-headers"
    );
    collect(Path::new(cases), &mut passed);
    for path in passed {
        let name = path.display().to_string();
        let Ok(reader) = VariantReader::open(Box::new(File::open(&path).expect("a file")), &name)
        else {
            panic!("{name} is not read");
        };
        assert_eq!(reader.warnings(), [], "{name}");
    }
}
