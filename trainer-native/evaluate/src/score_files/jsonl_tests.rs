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

fn trimmed(variant: &VariantSpelling) -> Result<TrimmedVariant> {
    Ok(variant.trimmed())
}

/// One labelled variant.
fn labels(chrom: &str) -> Labels {
    let key = VariantSpelling::new(chrom, 5, "A", "C").unwrap();
    Labels {
        changes: vec![key.trimmed()],
        keys: vec![key],
        values: LabelValues::Binary(vec![true]),
    }
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
    let labels = read_labels(file(&text).path(), LabelKind::Clinical, &mut trimmed).unwrap();
    let keys: Vec<String> = labels.keys.iter().map(VariantSpelling::to_string).collect();
    assert_eq!(keys, ["chr10:7:A:C", "chr2:9:A:C"]);
    assert_eq!(labels.values, LabelValues::Binary(vec![true, false]));
    let numbers = file(&row("7", 1, "\"value\": -2"));
    let labels = read_labels(numbers.path(), LabelKind::Number("value"), &mut trimmed).unwrap();
    assert_eq!(labels.values, LabelValues::Continuous(vec![-2.0]));
}

#[test]
fn scores_meet_labels_by_alias_and_extra_ones_are_counted() {
    let wanted = labels("chr1");
    let text = row("1", 6, "\"s\": 0.5, \"t\": 1") + &row("1", 5, "\"s\": 0.25, \"t\": 2");
    let scores = read_scores(file(&text).path(), &["t", "s"], &wanted, None, &mut trimmed).unwrap();
    assert_eq!(
        (scores.columns, scores.extra),
        (vec![vec![2.0], vec![0.25]], 1)
    );
}

#[test]
fn scores_meet_labels_in_whatever_spelling() {
    let spelled = |pos: u64, alleles: [&str; 2], rest: &str| {
        let [reference, alternate] = alleles;
        format!(
            "{{\"chrom\": \"1\", \"pos\": {pos}, \"ref\": \"{reference}\", \
             \"alt\": \"{alternate}\", {rest}}}\n"
        )
    };
    let read = |text: &str| {
        let scores = read_scores(file(text).path(), &["s"], &labels("1"), None, &mut trimmed);
        scores.map(|scores| (scores.columns[0][0], scores.extra))
    };
    let padded = spelled(4, ["GAT", "GCT"], "\"s\": 0.5");
    assert_eq!(read(&padded), Ok((0.5, 0)));
    // By what was scored, where the row's own spelling takes the reference to understand.
    let named = spelled(9, ["T", "G"], "\"s\": 0.5, \"scored_as\": \"chr1:5:A:C\"");
    assert_eq!(read(&named), Ok((0.5, 0)));
    // A row of the label's spelling counts first, wherever it stands; others may then differ.
    let exact = spelled(5, ["A", "C"], "\"s\": 0.25");
    assert_eq!(read(&(padded.clone() + &exact)), Ok((0.25, 0)));
    assert_eq!(read(&(exact + &padded)), Ok((0.25, 0)));
    let other = spelled(5, ["AT", "CT"], "\"s\": 0.5");
    assert_eq!(read(&(padded.clone() + &other)), Ok((0.5, 0)));
    let error = read(&(padded.clone() + &other.replace("0.5", "0.7"))).unwrap_err();
    assert_eq!(line_of(&error), Some(2));
    // Labels name a change once.
    let text = (padded.clone() + &spelled(5, ["A", "C"], "\"s\": 1")).replace("\"s\"", "\"x\"");
    let error = read_labels(file(&text).path(), LabelKind::Number("x"), &mut trimmed).unwrap_err();
    assert_eq!(line_of(&error), Some(2));
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
        let wanted = labels("1");
        let scores = read_scores(text.path(), &["s"], &wanted, None, &mut trimmed).unwrap_err();
        assert_eq!(
            (scores.code(), line_of(&scores)),
            (ErrorCode::InputGeneric, Some(3))
        );
        let labels = read_labels(text.path(), LabelKind::Clinical, &mut trimmed).unwrap_err();
        assert_eq!(
            (labels.code(), line_of(&labels)),
            (ErrorCode::InputGeneric, Some(3))
        );
        assert!(labels.remedy().is_some(), "{bad}");
    }
}

#[test]
fn missing_scores_foreign_makers_and_empty_files_are_refused() {
    let wanted = labels("1");
    let text = file(&row("1", 6, "\"s\": 0.5, \"generated_by\": \"x\""));
    let missing = read_scores(text.path(), &["s"], &wanted, None, &mut trimmed).unwrap_err();
    assert_eq!(missing.details()["missing"], "1:5:A:C");
    let maker = read_scores(text.path(), &["s"], &wanted, Some("y"), &mut trimmed).unwrap_err();
    assert_eq!(
        (line_of(&maker), maker.details()["found"].as_str()),
        (Some(1), "x")
    );
    assert!(read_labels(file("\n").path(), LabelKind::Clinical, &mut trimmed).is_err());
    let sides = file(&row("1", 6, "\"label\": \"VUS\""));
    assert!(read_labels(sides.path(), LabelKind::Clinical, &mut trimmed).is_err());
}
