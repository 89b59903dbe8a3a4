//! Reading score and label rows.

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn row(chrom: &str, pos: u64, rest: &str) -> String {
    format!("{{\"chrom\": \"{chrom}\", \"pos\": {pos}, \"ref\": \"A\", \"alt\": \"c\", {rest}}}\n")
}

fn line_of(error: &Error) -> Option<u64> {
    error.location().and_then(|location| location.line)
}

#[test]
fn labels_are_sorted_and_those_without_a_side_left_out() {
    let text = [
        "\u{feff}".to_owned(),
        row("chr2", 9, "\"label\": \"LB\""),
        "\n".to_owned(),
        row("chr2", 7, "\"label\": \"VUS\""),
        row(
            "chr10",
            7,
            "\"clinical_significance\": \"Likely%20pathogenic\", \"label\": \"B\"",
        ),
    ]
    .concat();
    let labels = read_labels(file(&text).path(), LabelKind::Clinical).unwrap();
    let keys: Vec<String> = labels.keys.iter().map(VariantKey::to_string).collect();
    assert_eq!(keys, ["chr10:7:A:C", "chr2:9:A:C"]);
    assert_eq!(labels.values, LabelValues::Binary(vec![true, false]));
    let numbers = file(&row("7", 1, "\"value\": -2"));
    let labels = read_labels(numbers.path(), LabelKind::Number("value")).unwrap();
    assert_eq!(labels.values, LabelValues::Continuous(vec![-2.0]));
}

#[test]
fn scores_meet_labels_by_alias_and_extra_ones_are_counted() {
    let wanted = [VariantKey::new("chr1", 5, "A", "C").unwrap()];
    let text = row("1", 6, "\"s\": 0.5, \"t\": 1") + &row("1", 5, "\"s\": 0.25, \"t\": 2");
    let scores = read_scores(file(&text).path(), &["t", "s"], &wanted, None).unwrap();
    assert_eq!(
        (scores.columns, scores.extra),
        (vec![vec![2.0], vec![0.25]], 1)
    );
}

#[test]
fn faults_name_their_line() {
    let good = row("1", 5, "\"s\": 0.5, \"label\": \"P\"");
    for bad in [
        "[]\n".to_owned(),
        "{\"chrom\": \n".to_owned(),
        row("1", 0, "\"s\": 0.5, \"label\": \"P\""),
        row("chr1", 5, "\"s\": 0.5, \"label\": \"P\""),
        row("1", 6, "\"s\": null, \"label\": null"),
        row("1", 6, "\"s\": true, \"label\": \" \""),
        row("1", 6, "\"s\": NaN, \"label\": 1"),
        "{\"pos\": 1, \"ref\": \"A\", \"alt\": \"C\", \"s\": 1, \"label\": \"P\"}\n".to_owned(),
    ] {
        let text = file(&format!("{good}\n{bad}"));
        let wanted = [VariantKey::new("1", 5, "A", "C").unwrap()];
        let scores = read_scores(text.path(), &["s"], &wanted, None).unwrap_err();
        assert_eq!(
            (scores.code(), line_of(&scores)),
            (ErrorCode::InputGeneric, Some(3))
        );
        let labels = read_labels(text.path(), LabelKind::Clinical).unwrap_err();
        assert_eq!(
            (labels.code(), line_of(&labels)),
            (ErrorCode::InputGeneric, Some(3))
        );
        assert!(labels.remedy().is_some(), "{bad}");
    }
}

#[test]
fn missing_scores_foreign_makers_and_empty_files_are_refused() {
    let wanted = [VariantKey::new("1", 5, "A", "C").unwrap()];
    let text = file(&row("1", 6, "\"s\": 0.5, \"generated_by\": \"x\""));
    let missing = read_scores(text.path(), &["s"], &wanted, None).unwrap_err();
    assert_eq!(missing.details()["missing"], "1:5:A:C");
    let maker = read_scores(text.path(), &["s"], &wanted, Some("y")).unwrap_err();
    assert_eq!(
        (line_of(&maker), maker.details()["found"].as_str()),
        (Some(1), "x")
    );
    assert!(read_labels(file("\n").path(), LabelKind::Clinical).is_err());
    let sides = file(&row("1", 6, "\"label\": \"VUS\""));
    assert!(read_labels(sides.path(), LabelKind::Clinical).is_err());
}
