use super::*;
use std::fs;
use tempfile::TempDir;

const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/fixtures/corpus/package"
);
const FILES: [&str; 5] = [
    "placed/train.jsonl",
    "placed/eval.jsonl",
    "carbon/train.jsonl",
    DATASET_MANIFEST,
    CHECKSUMS,
];

/// The package of `tests/fixtures/corpus`, to change.
fn copy() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in FILES {
        let target = directory.path().join(name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(Path::new(FIXTURE).join(name), target).unwrap();
    }
    directory
}

fn names(root: &Path) -> Vec<String> {
    let package = DatasetPackage::open(root).unwrap();
    let windows = package.windows(&RecordOptions::default()).unwrap();
    windows.map(|window| window.unwrap().record_id).collect()
}

#[test]
fn the_placed_training_windows_are_read() {
    let package = DatasetPackage::open(Path::new(FIXTURE)).unwrap();
    assert_eq!(package.snapshot_id(), "small-1");
    assert_eq!(package.files().len(), 3);
    let windows: Vec<_> = package
        .windows(&RecordOptions::default())
        .unwrap()
        .map(|window| window.map(|window| (window.record_id, window.contig, window.start.get())))
        .collect::<Result<_>>()
        .unwrap();
    let place = |n: u64| Some(format!("chr{}", 1 + n % 2));
    let want: Vec<_> = (0..6)
        .map(|n| (format!("w{n}"), place(n), 500 * n))
        .collect();
    assert_eq!(windows, want);
}

#[test]
fn windows_without_a_place_stand_in() {
    let directory = copy();
    let path = directory.path().join(DATASET_MANIFEST);
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace("placed/", "other/")).unwrap();
    assert_eq!(names(directory.path()), ["w8"]);
}

#[test]
fn changed_windows_are_refused() {
    let directory = copy();
    let path = directory.path().join("placed/train.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("mrna", "gtdb", 1)).unwrap();
    let error = DatasetPackage::open(directory.path()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ProvenanceManifestHashMismatch);
    assert_eq!(
        error.details().get("file").map(String::as_str),
        Some("placed/train.jsonl")
    );
    // Either list of hashes is enough to tell.
    let manifest = directory.path().join(DATASET_MANIFEST);
    let without = fs::read_to_string(&manifest)
        .unwrap()
        .replace("\"sha256\"", "\"other\"");
    fs::write(&manifest, without).unwrap();
    assert!(DatasetPackage::open(directory.path()).is_err());
    fs::remove_file(directory.path().join(CHECKSUMS)).unwrap();
    assert_eq!(names(directory.path()).len(), 6);
}

#[test]
fn a_placed_window_has_a_contig() {
    let directory = copy();
    fs::remove_file(directory.path().join(CHECKSUMS)).unwrap();
    let row = "{\"record_id\": \"w\", \"source\": \"any label\", \"sequence\": \"AC\"}\n";
    let write = |folder: &str| {
        let file = format!("{folder}/one.jsonl");
        fs::write(directory.path().join(&file), row).unwrap();
        let manifest = serde_json::json!({"snapshot_id": "s", "files": [{"path": file}]});
        fs::write(
            directory.path().join(DATASET_MANIFEST),
            manifest.to_string(),
        )
        .unwrap();
        let package = DatasetPackage::open(directory.path()).unwrap();
        let windows = package.windows(&RecordOptions::default()).unwrap();
        windows.collect::<Result<Vec<_>>>()
    };
    assert_eq!(
        write("carbon").unwrap()[0].source.as_deref(),
        Some("any label")
    );
    let error = write("placed").unwrap_err();
    assert_eq!(
        error.details().get("column").map(String::as_str),
        Some("chrom")
    );
    assert_eq!(error.location().and_then(|at| at.line), Some(1));
}

#[test]
fn what_is_no_manifest_is_refused() {
    let directory = copy();
    for (manifest, code) in [
        ("", ErrorCode::InputGeneric),
        ("[]", ErrorCode::InputGeneric),
        (r#"{"files": []}"#, ErrorCode::InputGeneric),
        (r#"{"snapshot_id": "s"}"#, ErrorCode::InputGeneric),
        (
            r#"{"snapshot_id": "s", "files": []}"#,
            ErrorCode::InputGeneric,
        ),
        (
            r#"{"snapshot_id": "s", "files": ["placed/train.jsonl"]}"#,
            ErrorCode::InputGeneric,
        ),
        (
            r#"{"snapshot_id": "s", "files": [{"path": "placed/../../x.jsonl"}]}"#,
            ErrorCode::InputGeneric,
        ),
        (
            r#"{"snapshot_id": "s", "files": [{"path": "/placed/x.jsonl"}]}"#,
            ErrorCode::InputGeneric,
        ),
        (
            r#"{"snapshot_id": "s", "files": [{"path": "placed/train.jsonl", "split": "eval"}]}"#,
            ErrorCode::InputGeneric,
        ),
        (
            r#"{"snapshot_id": "s", "files": [{"path": "placed/gone.jsonl"}]}"#,
            ErrorCode::ResourceGeneric,
        ),
    ] {
        fs::write(directory.path().join(DATASET_MANIFEST), manifest).unwrap();
        let error = DatasetPackage::open(directory.path()).unwrap_err();
        assert_eq!(error.code(), code, "{manifest}");
        assert!(error.remedy().is_some(), "{manifest}");
    }
}
