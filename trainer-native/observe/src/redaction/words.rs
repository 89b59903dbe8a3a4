//! Texts of fields that hold no free text.

use serde_json::Value;

/// Extensions that say what a file is, the longest first.
const EXTENSIONS: [&str; 12] = [
    ".receipts.jsonl",
    ".receipt.json",
    ".safetensors",
    ".parquet",
    ".jsonl",
    ".json",
    ".yaml",
    ".toml",
    ".npy",
    ".tsv",
    ".csv",
    ".vcf",
];
/// Phases of a run.
const PHASES: &[&str] = &["phase", "encoder", "ranking", "predictor", "joint"];
/// Characters of an identifier of a trace or span.
const ID_CHARACTERS: core::ops::RangeInclusive<usize> = 8..=64;

/// Whether a text is one of `words`, or one with a number after it.
pub(super) fn is_word(words: &[&str], text: &str) -> bool {
    /// Digits of the greatest number.
    const DIGITS: usize = 12;
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = text.len() - word.len();
    words.contains(&text)
        || number <= DIGITS && words.contains(&word.trim_end_matches(['_', '-', ':']))
}

/// Whether a text is a SHA-256 or SHA-1.
pub(super) fn is_hash(text: &str) -> bool {
    let hex = |digits: &str| {
        digits
            .bytes()
            .all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    };
    match text.strip_prefix("sha256:") {
        Some(digits) => digits.len() == 64 && hex(digits),
        None => matches!(text.len(), 40 | 64) && hex(text),
    }
}

/// Whether a text is the number of a batch and of a place in it.
pub(super) fn is_row(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty() && part.len() <= 20 && part.bytes().all(|c| c.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(batch, place)| number(batch) && number(place))
}

/// What may be written of a path: which kind of file it is.
pub(super) fn path_kind(path: &str) -> String {
    let known = EXTENSIONS.iter().find(|known| path.ends_with(**known));
    format!("[path]{}", known.copied().unwrap_or_default())
}

/// Whether a text is the identifier of a trace or a span.
pub(super) fn is_id(text: &str) -> bool {
    let hex = |c: u8| c.is_ascii_hexdigit() || c == b'-';
    ID_CHARACTERS.contains(&text.len())
        && text.bytes().all(hex)
        && text.bytes().any(|c| c.is_ascii_digit())
}

/// Whether a text is the phase of a run.
pub(super) fn is_phase(text: &str) -> bool {
    is_word(PHASES, text)
}

/// Whether an error's fact may be written: the line or column of an input, or a place in the program.
pub(super) fn is_plain_detail(key: &str, value: &Value) -> bool {
    let is_place = |text: &str| {
        let (file, line) = text.rsplit_once(':').unwrap_or_default();
        let ours = ["shared/", "model/", "trainer-native/"]
            .iter()
            .any(|folder| file.starts_with(folder));
        ours && file.ends_with(".rs")
            && !file.contains(char::is_whitespace)
            && line.parse::<u32>().is_ok()
    };
    match key {
        "line" | "column" => value.is_u64(),
        "source" => value.as_str().is_some_and(is_place),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_nothing_of_anybody_is_a_word() {
        assert!(
            is_word(&["step"], "step_00000010")
                && is_word(&["cpu"], "cpu")
                && is_word(&["cuda"], "cuda:1")
        );
        assert!(
            !is_word(&["step"], "NA12878")
                && !is_word(&["step"], "12878")
                && !is_word(&["cpu"], "0/1")
        );
        assert!(is_hash(&format!("sha256:{}", "0a".repeat(32))) && is_hash(&"1f".repeat(20)));
        assert!(!is_hash("NA12878") && !is_hash("sha256:0a") && !is_hash(&"G".repeat(64)));
        assert!(is_row("12.1") && !is_row("chr1:12:A:T") && !is_row("0/1") && !is_row("1."));
        assert!(is_id("4bf92f3577b34da6") && !is_id("NA12878.1") && !is_id("acacacacacaca"));
        assert_eq!(
            path_kind("/x/NA12878.jsonl.receipts.jsonl"),
            "[path].receipts.jsonl"
        );
        assert_eq!(path_kind("NA12878"), "[path]");
        assert!(is_plain_detail("source", &"shared/src/x.rs:3".into()));
        assert!(!is_plain_detail("source", &"/home/anna/x.rs:3".into()));
        assert!(
            !is_plain_detail("sample", &3.into()) && !is_plain_detail("line", &"NA12878".into())
        );
    }
}
