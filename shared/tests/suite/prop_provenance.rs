//! Properties of canonical JSON, manifests and receipts.

use genolewm_core::provenance::{
    Json, Manifest, Receipt, canonical_json, python_float_repr, rfc3339_utc, sha256_prefixed,
};
use proptest::prelude::*;

fn finite() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |value| value.is_finite())
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i128>().prop_map(|value| Json::Integer(value.to_string())),
        finite().prop_map(Json::Float),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Json::Object),
        ]
    })
}

fn hash() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(|seed| sha256_prefixed(&seed.to_le_bytes()))
}

prop_compose! {
    fn receipt()(
        hashes in prop::array::uniform4(hash()),
        sigma_raw in finite(),
        sigma_calibrated in finite(),
        confidence in finite(),
        low_confidence: bool,
        bucket in "[a-z*|]{1,20}",
        runtime in prop::array::uniform4("[^\0]{1,12}"),
        details in prop::option::of(prop::collection::btree_map(any::<String>(), json(), 0..4)),
        seconds in 0..4_000_000_000_u64,
    ) -> String {
        let [model_id, input_commitment, output_commitment, calibration_hash] = hashes;
        let [backend, device, version, revision] = runtime;
        let text = |text: String| Json::String(text);
        let value = Json::from([
            ("schema_version", "1.0.0".into()),
            ("model_id", text(model_id)),
            ("input_commitment", text(input_commitment)),
            ("output_commitment", text(output_commitment)),
            ("calibration_hash", text(calibration_hash)),
            ("timestamp", text(rfc3339_utc(seconds))),
            ("output", Json::from([
                ("sigma_raw", sigma_raw.into()),
                ("sigma_calibrated", sigma_calibrated.into()),
                ("confidence", confidence.into()),
                ("low_confidence", low_confidence.into()),
                ("bucket_id", text(bucket)),
            ])),
            ("runtime", Json::from([
                ("backend", text(backend)),
                ("device", text(device)),
                ("geno_lewm_version", text(version)),
                ("carbon_revision", text(revision)),
            ])),
            ("provenance", Json::from([
                ("kind", "checksum_only".into()),
                ("details", details.map_or(Json::Null, Json::Object)),
            ])),
        ]);
        value.canonical().unwrap_or_default()
    }
}

proptest! {
    #[test]
    fn floats_read_back_as_themselves(value in finite()) {
        let text = python_float_repr(value);
        prop_assert_eq!(text.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
        // A reader must see a float: Python would take bare digits for an integer.
        prop_assert!(text.contains(['.', 'e']));
        if let Some((_, exponent)) = text.split_once('e') {
            prop_assert!(exponent.len() >= 3 && exponent.starts_with(['+', '-']));
        }
    }

    #[test]
    fn canonical_json_reads_back_as_itself(value in json()) {
        let text = value.canonical()?;
        let read = Json::parse(text.as_bytes(), "text")?;
        prop_assert_eq!(read.canonical()?, text);
        prop_assert_eq!(read, value);
    }

    #[test]
    fn canonical_json_is_json(value in json()) {
        let text = value.canonical()?;
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn layout_does_not_change_the_canonical_text(value in json()) {
        let text = value.canonical()?;
        if let Ok(parsed) = serde_json::from_str::<serde_json::Value>(&text) {
            let pretty = format!(" {parsed:#}\n");
            let read = Json::parse(pretty.as_bytes(), "text")?.canonical()?;
            prop_assert_eq!(read, canonical_json(&parsed)?);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in r#"[\[\]{}":,0-9eE.+\\untrflas -]{0,60}"#) {
        let _ = Json::parse(&bytes, "bytes");
        let ours = Json::parse(text.as_bytes(), "text");
        // Whatever we take for JSON, others do too.
        if ours.is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
        let _ = Manifest::parse(&bytes);
        let _ = Receipt::parse(&bytes, "bytes");
    }

    #[test]
    fn receipts_keep_their_bytes(line in receipt()) {
        prop_assert_eq!(Receipt::parse(line.as_bytes(), "line")?.to_json_line()?, line);
    }

    #[test]
    fn a_changed_figure_changes_the_commitment(line in receipt(), other in finite()) {
        let receipt = Receipt::parse(line.as_bytes(), "line")?;
        let mut output = receipt.output.clone();
        output.sigma_calibrated = other;
        let same_figure = other.to_bits() == receipt.output.sigma_calibrated.to_bits();
        prop_assert_eq!(output.commitment()? == receipt.output.commitment()?, same_figure);
    }

    #[test]
    fn damaged_receipts_never_panic(line in receipt(), at: prop::sample::Index, value: u8) {
        let mut bytes = line.into_bytes();
        *at.get_mut(&mut bytes) = value;
        if let Ok(receipt) = Receipt::parse(&bytes, "line") {
            prop_assert!(receipt.to_json_line().is_ok());
        }
    }
}

/// Each object of one member sets aside a node of eleven, a hundred times its text.
#[test]
fn ten_megabytes_of_braces_took_a_gigabyte() {
    for unit in [r#"{"":0}"#, "[0]", "{}"] {
        let text = format!("[{}]", vec![unit; (10 << 20) / (unit.len() + 1)].join(","));
        let error = Json::parse(text.as_bytes(), "braces").expect_err("too much memory");
        assert!(error.message().contains("memory"), "{unit}: {error}");
        assert!(error.remedy().is_some());
    }
}

#[test]
fn a_line_of_receipts_was_of_any_length() {
    let long = format!("\"{}\"\n{{}}", "a".repeat(5 << 20));
    let error = Receipt::parse_all(long.as_bytes(), "long").expect_err("no receipt");
    assert!(error.message().contains("longer than 4 MiB"), "{error}");
    assert_eq!(error.location().and_then(|at| at.line), Some(1));
}
