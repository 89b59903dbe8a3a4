use super::*;
use genolewm_core::ErrorCode;
use tempfile::TempDir;

/// A folder as it is fetched: rows by their names.
fn folder(files: &[(&str, &[&str])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, names) in files {
        let row = |name: &&str| {
            format!("{{\"id\":\"{name}\",\"sequence\":\"ACGTAC\",\"source\":\"gtdb\"}}\n")
        };
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, names.iter().map(row).collect::<String>()).unwrap();
    }
    folder
}

fn all() -> CarbonCorpusConfig {
    CarbonCorpusConfig {
        subset_fraction: 1.0,
        ..CarbonCorpusConfig::default()
    }
}

fn names(folder: &TempDir, config: &CarbonCorpusConfig) -> Result<Vec<String>> {
    let records = load_hf_carbon_records(folder.path(), config)?;
    records.map(|record| Ok(record?.record_id)).collect()
}

#[test]
fn files_of_a_split_are_read_in_order() {
    let files = folder(&[
        ("data/train-00001.jsonl", &["c"]),
        ("data/train-00000.jsonl", &["a", "b"]),
        ("data/validation-00000.jsonl", &["d"]),
        (".cache/train-00000.jsonl", &["x"]),
        ("README.md", &[]),
    ]);
    assert_eq!(names(&files, &all()).unwrap(), ["a", "b", "c"]);
    let other = |split: &str| CarbonCorpusConfig {
        split: split.to_owned(),
        ..all()
    };
    assert_eq!(names(&files, &other("val")).unwrap(), ["d"]);
    let error = names(&files, &other("test")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputGeneric);
    assert_eq!(
        names(
            &folder(&[("a.jsonl", &["a"]), ("b.ndjson", &["b"])]),
            &all()
        )
        .unwrap(),
        ["a", "b"]
    );
    assert!(names(&folder(&[("a.txt", &["a"])]), &all()).is_err());
}

#[test]
fn a_configuration_is_a_folder() {
    let files = folder(&[("gtdb/train.jsonl", &["a"]), ("mrna/train.jsonl", &["b"])]);
    let config = |name: &str| CarbonCorpusConfig {
        dataset_config: Some(name.to_owned()),
        ..all()
    };
    assert_eq!(names(&files, &config("mrna")).unwrap(), ["b"]);
    assert!(names(&files, &config("train.jsonl")).is_err());
}

/// Decisions of `geno_lewm.data.stable_subset_includes` of geno-lewm 0.2.1 for a tenth and seed 0.
#[test]
fn a_tenth_is_read_unless_more_is_wanted() {
    let ids: Vec<String> = (0..40).map(|number| format!("r{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let files = folder(&[("a.jsonl", &ids)]);
    assert_eq!(
        names(&files, &CarbonCorpusConfig::default()).unwrap(),
        ["r7", "r8", "r9", "r14", "r17", "r18", "r20", "r26", "r29"]
    );
}

#[test]
fn the_note_of_a_fetch_names_the_repository() {
    let files = folder(&[("a.jsonl", &["a"])]);
    let note = |repository: &str| {
        fs::write(
            files.path().join(FETCH_RECORD),
            format!("{{\"repository\":\"{repository}\"}}"),
        )
        .unwrap();
    };
    note("HuggingFaceBio/carbon-pretraining-corpus");
    assert_eq!(names(&files, &all()).unwrap(), ["a"]);
    note("somebody/else");
    let error = names(&files, &all()).unwrap_err();
    assert_eq!(error.details()["repository"], "somebody/else");
}

#[test]
fn after_a_bad_row_there_are_no_more() {
    let files = folder(&[("a.jsonl", &["a"]), ("c.jsonl", &["c"])]);
    fs::write(files.path().join("b.jsonl"), "{}\n").unwrap();
    let records: Vec<_> = load_hf_carbon_records(files.path(), &all())
        .unwrap()
        .collect();
    assert!(records.len() == 2 && records[0].is_ok() && records[1].is_err());
}
