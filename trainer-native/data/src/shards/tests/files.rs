//! Shards as files: kept, replaced, damaged, and the Python package's.

use super::{COLUMNS, count_files, folder, request};
use crate::shards::*;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};

#[test]
fn an_existing_shard_is_kept_unless_overwritten_and_a_stopped_run_leaves_none() {
    let folder = folder("", &["1 5 . A C . PASS AF=1", "1 6 . A C . PASS AF=1"]);
    let vcf = folder.path().join("in.vcf");
    let mut request = request(&vcf, folder.path(), "v1");
    let run = |request: &PrepareRequest<'_>, stop: bool| {
        prepare_gnomad_shard(request, GnomadRules::default(), &|| stop).unwrap()
    };
    assert_eq!(run(&request, true), None);
    assert_eq!(count_files(&folder.path().join("gnomad/v1")), 0);
    let first = run(&request, false).unwrap();
    let bytes = std::fs::read(&first.output_path).unwrap();
    assert_eq!(bytes.len() as u64, first.size_bytes);
    std::fs::write(&vcf, format!("##fileformat=VCFv4.2\n{COLUMNS}")).unwrap();
    let second = run(&request, false).unwrap();
    assert!(second.already_exists && !first.already_exists);
    assert_eq!(
        (
            second.records_read,
            second.records_written,
            second.size_bytes
        ),
        (0, 2, first.size_bytes)
    );
    request.overwrite = true;
    let third = run(&request, false).unwrap();
    assert_eq!((third.records_written, third.already_exists), (0, false));
    let empty = iter_gnomad_shard(&third.output_path, ErrorCode::InputGeneric).unwrap();
    assert_eq!(empty.count(), 0);
}

#[test]
fn the_same_vcf_gives_the_same_bytes_over_several_row_groups() {
    let rows: Vec<String> = (1..=100_010)
        .map(|pos| format!("1 {pos} . A C . PASS AF=0.5"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let folder = folder("", &rows);
    let vcf = folder.path().join("in.vcf");
    let make = |release: &str| -> PathBuf {
        let request = request(&vcf, folder.path(), release);
        let report = prepare_gnomad_shard(&request, GnomadRules::default(), &|| false).unwrap();
        report.unwrap().output_path
    };
    let (one, two) = (make("one"), make("two"));
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(two).unwrap());
    let shard = iter_gnomad_shard(&one, ErrorCode::InputGeneric).unwrap();
    let positions: Vec<u64> = shard.map(|row| row.unwrap().pos.get()).collect();
    assert_eq!(positions, (1..=100_010).collect::<Vec<u64>>());
}

/// What reading a file as a shard ends in.
fn reading(path: &Path) -> Result<usize, Error> {
    let code = ErrorCode::TrainingDataloader;
    match shard_kind(path, code)? {
        Some(ShardKind::Gnomad) => Ok(iter_gnomad_shard(path, code)?
            .collect::<Result<Vec<_>>>()?
            .len()),
        _ => Ok(0),
    }
}

#[test]
fn damaged_shards_end_in_the_callers_code_and_never_in_a_panic() {
    let rows: Vec<String> = (1..=300)
        .map(|pos| format!("1 {pos} . A C . PASS AF=0.{pos:03};AF_afr=0.{pos:03}"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let folder = folder("", &rows);
    let vcf = folder.path().join("in.vcf");
    let request = request(&vcf, folder.path(), "v1");
    let report = prepare_gnomad_shard(&request, GnomadRules::default(), &|| false).unwrap();
    let whole = std::fs::read(report.unwrap().output_path).unwrap();
    let damaged = folder.path().join("damaged.parquet");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&damaged, bytes).unwrap();
        if let Err(error) = reading(&damaged) {
            assert_eq!(
                error.code(),
                ErrorCode::TrainingDataloader,
                "byte {at}: {error}"
            );
            assert!(error.remedy().is_some());
            refused += 1;
        }
    }
    assert!(refused * 10 > whole.len(), "{refused} of {}", whole.len());
    for length in [0, 3, 4, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&damaged, &whole[..length]).unwrap();
        let code = reading(&damaged).err().map(|error| error.code());
        assert_eq!(code, Some(ErrorCode::TrainingDataloader), "{length}");
    }
}

/// A page of some bytes was text of 60 KB in each of 8,000 rows, and all of them were copied; a
/// dictionary of one value announced two billion, and got a place for each.
#[test]
fn a_shard_of_some_kilobytes_took_gigabytes() {
    let seeds = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/seeds/shard"
    ));
    for (name, cause) in [
        ("long_text.parquet", "it unpacks to far more than it holds"),
        (
            "dictionary_of_billions.parquet",
            "a dictionary is too short",
        ),
    ] {
        let error = reading(&seeds.join(name)).unwrap_err();
        assert!(error.message().contains(cause), "{error}");
        assert_eq!(error.code(), ErrorCode::TrainingDataloader);
    }
}

/// What the Python package made, Snappy and all; `tests/oracle/shards.py` made it and its rows.
fn fixture(name: &str) -> (PathBuf, Vec<serde_json::Value>) {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/shards"
    ));
    let rows = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
    let rows: Vec<serde_json::Value> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!rows.is_empty());
    (folder.join(format!("{name}.parquet")), rows)
}

#[test]
fn the_packages_gnomad_shard_is_read() {
    let (path, rows) = fixture("gnomad");
    let code = ErrorCode::InputGeneric;
    assert_eq!(shard_kind(&path, code).unwrap(), Some(ShardKind::Gnomad));
    let read: Vec<GnomadVariant> = iter_gnomad_shard(&path, code)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read.len(), rows.len());
    for (variant, row) in read.iter().zip(rows) {
        assert_eq!(row["chrom"], variant.chrom.as_str());
        assert_eq!(row["pos"], variant.pos.get());
        assert_eq!(row["ref"], variant.reference.as_str());
        assert_eq!(row["alt"], variant.alternate.as_str());
        assert_eq!(row["filter"], variant.filter.as_str());
        // The package widens f32 bit by bit; both mean the same f32.
        let stored = |value: &serde_json::Value| value.as_f64().map(|af| af as f32);
        assert_eq!(stored(&row["af_global"]), Some(variant.af_global as f32));
        for (name, af) in POPULATIONS.iter().zip(variant.populations) {
            assert_eq!(stored(&row[format!("af_{name}")]), af.map(|af| af as f32));
        }
    }
}

#[test]
fn the_packages_clinvar_shard_is_read() {
    let (path, rows) = fixture("clinvar");
    let code = ErrorCode::InputGeneric;
    assert_eq!(shard_kind(&path, code).unwrap(), Some(ShardKind::Clinvar));
    let read: Vec<ClinvarVariant> = iter_clinvar_shard(&path, code)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read.len(), rows.len());
    for (variant, row) in read.iter().zip(rows) {
        assert_eq!(row["chrom"], variant.chrom.as_str());
        assert_eq!(row["pos"], variant.pos.get());
        assert_eq!(row["ref"], variant.reference.as_str());
        assert_eq!(row["alt"], variant.alternate.as_str());
        assert_eq!(
            row["clinical_significance"],
            variant.clinical_significance.as_str()
        );
        assert_eq!(row["review_status"], variant.review_status.as_str());
        assert_eq!(row["gene_symbol"].as_str(), variant.gene_symbol.as_deref());
        assert_eq!(row["clinvar_id"], variant.clinvar_id);
    }
}
