//! What the golden tests share: where the vectors lie and how close is equal.

// Each test crate uses its own part of this file.
#![allow(dead_code, clippy::expect_used, clippy::panic)]

use genolewm_core::Result;
use serde_json::Value;
use std::fmt::Debug;
use std::path::PathBuf;

/// The directory of the golden vectors: `GENOLEWM_GOLDEN`, else the project's own copy.
pub(crate) fn golden_dir() -> PathBuf {
    std::env::var_os("GENOLEWM_GOLDEN").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden")),
        PathBuf::from,
    )
}

/// The bytes of a golden file; a missing one fails the test.
pub(crate) fn golden_bytes(name: &str) -> Vec<u8> {
    let path = golden_dir().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A golden JSON file.
pub(crate) fn golden_json(name: &str) -> Value {
    serde_json::from_slice(&golden_bytes(name))
        .unwrap_or_else(|error| panic!("{name} is no JSON: {error}"))
}

/// The cases of a golden list; an empty list fails the test.
pub(crate) fn cases(list: &Value) -> &[Value] {
    let cases = list.as_array().expect("a list of cases");
    assert!(
        !cases.is_empty(),
        "a golden list without cases tests nothing"
    );
    cases
}

/// The text of a field.
pub(crate) fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is no text in {case}"))
}

/// The number in a field.
pub(crate) fn number(case: &Value, key: &str) -> f64 {
    case[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} is no number in {case}"))
}

/// A list of numbers.
pub(crate) fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().expect("a list of numbers");
    list.iter().map(|v| v.as_f64().expect("a number")).collect()
}

/// Equal to 1e-6 relative (absolute below 1), the tolerance of f64 mathematics.
pub(crate) fn assert_close(got: f64, want: f64, what: &str) {
    assert_within(got, want, 1e-6 * want.abs().max(1.0), what);
}

/// Equal to `tolerance`, absolute.
pub(crate) fn assert_within(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!(
        (got - want).abs() <= tolerance,
        "{what}: got {got}, want {want} within {tolerance}"
    );
}

/// Checks a case that has either `ok` or `error`: hands `ok` and the result to `check`, or compares
/// the error's code and exit status.
pub(crate) fn check_outcome<T: Debug>(case: &Value, got: Result<T>, check: impl FnOnce(T, &Value)) {
    if let Some(code) = case.get("error").and_then(Value::as_str) {
        let error = got.expect_err(code);
        assert_eq!(error.code().as_str(), code, "{case}");
        assert_eq!(
            u64::from(error.code().exit_status()),
            case["exit"],
            "{case}"
        );
    } else {
        match got {
            Ok(value) => check(value, &case["ok"]),
            Err(error) => panic!("{error} for {case}"),
        }
    }
}
