use super::*;
use std::path::PathBuf;

/// A file of `tests/fixtures/corpus`, which `make.py` beside it wrote.
fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/corpus");
    Path::new(folder).join(name)
}

fn read(path: &Path, options: &RecordOptions) -> Result<Vec<SequenceRecord>> {
    RecordReader::open(path, options)?.collect()
}

/// Reads text under a name that tells its format.
fn read_text(name: &str, text: &str, options: &RecordOptions) -> Result<Vec<SequenceRecord>> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    read(&path, options)
}

fn brief(record: &SequenceRecord) -> (String, String, String) {
    let source = record.source.clone().unwrap_or_default();
    (
        record.record_id.clone(),
        source,
        bases::decode(&record.bases),
    )
}

/// What `geno_lewm.data.iter_carbon_records` of geno-lewm 0.2.1 makes of the rows.
fn expected() -> Vec<(String, String, String)> {
    [
        ("g1", "eukaryotic_genes", "ACGTN".repeat(8)),
        ("0d10afe061f4c0fb", "mrna", "GATTACA".repeat(5)),
        ("b7", "gtdb", "TTGACA".repeat(6)),
    ]
    .map(|(id, source, sequence)| (id.to_owned(), source.to_owned(), sequence))
    .to_vec()
}

#[test]
fn jsonl_and_parquet_give_the_records_of_the_python_package() {
    for name in ["records.jsonl", "records.parquet"] {
        let records = read(&fixture(name), &RecordOptions::default()).unwrap();
        let found: Vec<_> = records.iter().map(brief).collect();
        assert_eq!(found, expected(), "{name}");
        assert!(records.iter().all(|record| record.contig.is_none()));
    }
}

#[test]
fn columns_may_have_other_names_and_ids_be_numbers() {
    let mut options = RecordOptions::default();
    let missing = read(&fixture("renamed.parquet"), &options).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::InputGeneric);
    assert_eq!(
        missing.details().get("column").map(String::as_str),
        Some("sequence")
    );
    options.fields.sequence = "text".to_owned();
    options.fields.id = "key".to_owned();
    let records = read(&fixture("renamed.parquet"), &options).unwrap();
    let ids: Vec<&str> = records.iter().map(|record| &*record.record_id).collect();
    assert_eq!(ids, ["0", "1", "2"]);
    let line = "{\"text\": \"AC\", \"source\": \"mrna\", \"key\": 7}\n";
    let records = read_text("a.jsonl", line, &options).unwrap();
    assert_eq!(records[0].record_id, "7");
}

#[test]
fn fasta_records_are_contigs_of_their_own() {
    let options = RecordOptions {
        default_source: Some(SourceClass::Gtdb),
        ..RecordOptions::default()
    };
    let records = read_text("a.fa", ">chr1 x\nAC\ngt\n>chr2\n>chr3\nR\n", &options).unwrap();
    let found: Vec<_> = records.iter().map(brief).collect();
    let want = [("chr1", "ACGT"), ("chr2", ""), ("chr3", "N")];
    let want = want.map(|(name, bases)| (name.to_owned(), "gtdb".to_owned(), bases.to_owned()));
    assert_eq!(found, want);
    assert_eq!(records[0].contig.as_deref(), Some("chr1"));
    assert_eq!(records[0].class(), Some(SourceClass::Gtdb));
}

#[test]
fn invalid_rows_are_located_or_left_out() {
    let good = r#"{"sequence": "AC", "source": "mrna", "id": "a"}"#;
    for (bad, column) in [
        (r#"{"sequence": "ACGX", "source": "mrna"}"#, "sequence"),
        (r#"{"sequence": 5, "source": "mrna"}"#, "sequence"),
        (r#"{"source": "mrna"}"#, "sequence"),
        (r#"{"sequence": "AC", "source": "moss"}"#, "source"),
        (r#"{"sequence": "AC"}"#, "source"),
        (r#"{"sequence": "AC", "source": "mrna", "id": [1]}"#, "id"),
        (
            r#"{"sequence": "AC", "source": "mrna", "chrom": ""}"#,
            "chrom",
        ),
        (
            r#"{"sequence": "AC", "source": "mrna", "start_bp": -1}"#,
            "start_bp",
        ),
        (
            r#"{"sequence": "AC", "source": "mrna", "start_bp": 1.5}"#,
            "start_bp",
        ),
    ] {
        let text = format!("{good}\n\n{bad}\n{good}\n");
        let mut options = RecordOptions::default();
        let error = read_text("a.jsonl", &text, &options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputGeneric, "{bad}");
        let at = error.location().expect("a place");
        assert!(
            at.line == Some(3) && at.file.ends_with("a.jsonl"),
            "{bad}: {at}"
        );
        assert_eq!(
            error.details().get("column").map(String::as_str),
            Some(column),
            "{bad}"
        );
        assert!(error.remedy().is_some(), "{bad}");
        options.skip_invalid = true;
        assert_eq!(
            read_text("a.jsonl", &text, &options).unwrap().len(),
            2,
            "{bad}"
        );
    }
    let text = format!("{good}\n{{\"sequence\": ");
    let options = RecordOptions {
        skip_invalid: true,
        ..RecordOptions::default()
    };
    let error = read_text("a.jsonl", &text, &options).unwrap_err();
    assert_eq!(error.location().and_then(|at| at.line), Some(2));
}

#[test]
fn an_invalid_row_of_a_table_is_named_by_its_number() {
    let mut options = RecordOptions::default();
    let error = read(&fixture("bad_row.parquet"), &options).unwrap_err();
    assert_eq!(error.details().get("row").map(String::as_str), Some("4"));
    assert_eq!(
        error.details().get("column").map(String::as_str),
        Some("sequence")
    );
    assert!(error.message().contains("bad_row.parquet"), "{error}");
    options.skip_invalid = true;
    let mut reader = RecordReader::open(&fixture("bad_row.parquet"), &options).unwrap();
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 3);
    assert_eq!(reader.skipped_rows(), 1);
    let damaged = read_text("a.parquet", "PAR1 and no more", &options).unwrap_err();
    assert_eq!(damaged.code(), ErrorCode::InputGeneric);
    assert!(
        damaged.message().contains("table of sequences"),
        "{damaged}"
    );
}

#[test]
fn a_subset_takes_records_by_name() {
    let text: String = (0..200).map(|n| format!(">r{n}\nACGT\n")).collect();
    let options = RecordOptions {
        subset: Some(Subset::new(0.3, 1).unwrap()),
        ..RecordOptions::default()
    };
    let taken = read_text("a.fa", &text, &options).unwrap();
    assert!((40..80).contains(&taken.len()), "{}", taken.len());
    let subset = options.subset.unwrap();
    assert!(
        taken
            .iter()
            .all(|record| subset.includes(&record.record_id))
    );
}
