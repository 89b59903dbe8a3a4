//! Manifests and receipts against the golden vectors.
// A missing or malformed vector must fail the test.
#![allow(clippy::expect_used)]

use crate::common::{cases, golden_bytes, golden_json, text};
use genolewm_core::edit::EditSpec;
use genolewm_core::position::{BpOffset, Position};
use genolewm_core::provenance::{
    DtypeConfig, Json, Manifest, PoolingConfig, Receipt, ReceiptBuilder, ReceiptScope,
    WindowsConfig, parse_receipt_payload, verify_receipt,
};
use genolewm_core::{ErrorCode, Result};
use serde_json::Value;

fn good_pairs() -> Result<Vec<(Manifest, Receipt)>> {
    let golden = golden_json("receipts.json");
    cases(&golden["good"])
        .iter()
        .map(|case| {
            let manifest = golden_bytes(&format!("receipts/{}", text(case, "manifest")));
            let receipt = golden_bytes(&format!("receipts/{}", text(case, "receipt")));
            Ok((
                Manifest::parse(&manifest)?,
                Receipt::parse(&receipt, "receipt")?,
            ))
        })
        .collect()
}

#[test]
fn golden_receipts_verify_and_keep_their_bytes() -> Result<()> {
    let golden = golden_json("receipts.json");
    for (case, (manifest, receipt)) in cases(&golden["good"]).iter().zip(good_pairs()?) {
        assert_eq!(manifest.model_id()?, text(case, "model_id"));
        assert_eq!(receipt.output_commitment, text(case, "output_commitment"));
        verify_receipt(&receipt, &manifest, None)?;
        let bytes = golden_bytes(&format!("receipts/{}", text(case, "manifest")));
        assert_eq!(
            manifest.to_canonical_json()?.as_bytes(),
            bytes.trim_ascii_end()
        );
        let bytes = golden_bytes(&format!("receipts/{}", text(case, "receipt")));
        assert_eq!(receipt.to_json_line()?.as_bytes(), bytes.trim_ascii_end());
    }
    Ok(())
}

#[test]
fn golden_receipt_payloads_fail_with_the_right_code() {
    for case in cases(&golden_json("receipts.json")["payloads"]) {
        let error = parse_receipt_payload(&case["payload"]).expect_err(text(case, "error"));
        assert_eq!(error.code().as_str(), text(case, "error"), "{case}");
        assert_eq!(
            u64::from(error.code().exit_status()),
            case["exit"],
            "{case}"
        );
    }
}

#[test]
fn golden_receipts_do_not_verify_when_altered() -> Result<()> {
    let pairs = good_pairs()?;
    let code = |receipt: &Receipt, manifest: &Manifest| {
        verify_receipt(receipt, manifest, None)
            .err()
            .map(|error| error.code())
    };
    for (manifest, receipt) in &pairs {
        let mut altered = receipt.clone();
        altered.output.sigma_raw += 0.5;
        let output = Some(ErrorCode::ProvenanceOutputCommitmentMismatch);
        assert_eq!(code(&altered, manifest), output);
        // The model is checked before the output.
        altered.model_id.replace_range(7..15, "00000000");
        let model = Some(ErrorCode::ProvenanceManifestHashMismatch);
        assert_eq!(code(&altered, manifest), model);
        let mut altered = receipt.clone();
        altered.calibration_hash.replace_range(7..15, "00000000");
        assert_eq!(code(&altered, manifest), model);
        altered.provenance.kind = "tee".into();
        assert_eq!(
            code(&altered, manifest),
            Some(ErrorCode::ProvenanceKindUnsupported)
        );
    }
    Ok(())
}

#[test]
fn golden_manifest_is_strict() -> Result<()> {
    let golden: Value = golden_json("receipts/manifest_0.json");
    let code = |change: &dyn Fn(&mut Value)| {
        let mut manifest = golden.clone();
        change(&mut manifest);
        Manifest::parse(manifest.to_string().as_bytes())
            .err()
            .map(|error| error.code())
    };
    assert_eq!(code(&|_| ()), None);
    assert_eq!(
        code(&|m| m["schema_version"] = "2.0.0".into()),
        Some(ErrorCode::ConfigSchemaIncompat)
    );
    let invalid = Some(ErrorCode::InputGeneric);
    for at in ["", "/encoder", "/predictor", "/training"] {
        let add = |m: &mut Value| m.pointer_mut(at).expect("a block")["surplus"] = 1.into();
        assert_eq!(code(&add), invalid, "surplus in {at:?}");
    }
    for path in [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a\\b",
        "C:x",
        "C:\\x",
        ".",
        "a//b",
        "a/",
        "a\0b",
        "",
    ] {
        assert_eq!(
            code(&|m| m["predictor"]["file"] = path.into()),
            invalid,
            "{path:?}"
        );
        assert_eq!(
            code(&|m| m["training"]["config_file"] = path.into()),
            invalid,
            "{path:?}"
        );
    }
    for hash in ["", "sha256:xyz", &format!("sha256:{}", "A".repeat(64))] {
        assert_eq!(
            code(&|m| m["eval"]["hash"] = hash.into()),
            invalid,
            "{hash}"
        );
    }
    assert_eq!(code(&|m| m["predictor"]["dtype"] = Value::Null), None);
    assert_eq!(
        code(&|m| m["predictor"]["file"] = "weights/predictor.safetensors".into()),
        None
    );
    Ok(())
}

#[test]
fn golden_pipeline_artifacts_match_their_manifest() -> Result<()> {
    let manifest = Manifest::parse(&golden_bytes("pipeline/model/manifest.json"))?;
    for artifact in manifest.artifacts() {
        let path = crate::common::golden_dir()
            .join("pipeline/model")
            .join(artifact.file);
        // The project keeps the large weight files packed; the pipeline test unpacks them.
        if path.exists() || artifact.name == "calibration" {
            artifact.verify(&golden_bytes(&format!("pipeline/model/{}", artifact.file)))?;
        }
        let tampered = manifest.verify_artifact(artifact.name, b"tampered").err();
        let code = tampered.map(|error| error.code());
        assert_eq!(code, Some(ErrorCode::ProvenanceManifestHashMismatch));
    }
    Ok(())
}

/// What the golden receipt of a row was made of.
fn rebuild(manifest: &Manifest, golden: &Receipt, score: &Value, window: &str) -> Result<Receipt> {
    let empty = std::collections::BTreeMap::new();
    let details = golden.provenance.details.as_ref().unwrap_or(&empty);
    let block = |key: &str| {
        details
            .get(key)
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let (pooling, dtype) = (block("pooling_config"), block("dtype_config"));
    let whole = |value: Option<&Json>| value.and_then(Json::as_f64).map_or(0, |n| n as u32);
    let string = |value: Option<&Json>| value.and_then(Json::as_str).unwrap_or_default().to_owned();
    let builder = ReceiptBuilder::new(
        manifest,
        golden.runtime.clone(),
        PoolingConfig {
            state_layer: whole(pooling.get("state_layer")),
            pool_type: string(pooling.get("pool_type")),
            pool_radius: whole(pooling.get("pool_radius")),
            normalize: pooling
                .get("normalize")
                .and_then(Json::as_bool)
                .unwrap_or_default(),
            windows: WindowsConfig::default(),
        },
        DtypeConfig {
            encoder_dtype: string(dtype.get("encoder_dtype")),
            predictor_dtype: string(dtype.get("predictor_dtype")),
        },
    )?;
    let pos = Position::new(score["pos"].as_u64().unwrap_or_default())?;
    let edit = EditSpec::new(
        text(score, "chrom"),
        pos,
        text(score, "ref"),
        text(score, "alt"),
    )?;
    builder.build(
        golden.output.clone(),
        &edit,
        window,
        BpOffset(whole(details.get("window_start_bp")).into()),
        ReceiptScope::VcfRow {
            row_index: whole(details.get("row_index")).into(),
        },
        &golden.timestamp,
    )
}

/// The window length of the golden pipeline's configuration.
const WINDOW_BP: usize = 12_288;

/// A contig's name without the differences that aliases bridge.
fn plain_name(name: &str) -> &str {
    match name.trim_start_matches("chr") {
        "MT" => "M",
        name => name,
    }
}

/// The window of `chrom` from `start`, padded with `A`.
fn window_at(fasta: &str, chrom: &str, start: usize) -> String {
    let records = fasta
        .split('>')
        .map(|record| record.split_once('\n').unwrap_or_default());
    let name = |header: &str| {
        header
            .split_whitespace()
            .next()
            .map(|n| plain_name(n).to_owned())
    };
    let contig = records
        .filter(|(header, _)| name(header).as_deref() == Some(plain_name(chrom)))
        .map(|(_, bases)| {
            bases
                .split_whitespace()
                .collect::<String>()
                .to_ascii_uppercase()
        })
        .next()
        .expect("the contig");
    let end = contig.len().min(start + WINDOW_BP);
    format!("{:A<WINDOW_BP$}", &contig[start..end])
}

#[test]
fn golden_pipeline_receipts_are_rebuilt_to_the_byte() -> Result<()> {
    let file = |name: &str| {
        String::from_utf8(golden_bytes(&format!("pipeline/{name}"))).expect("UTF-8 text")
    };
    let manifest = Manifest::parse(file("model/manifest.json").as_bytes())?;
    let (fasta, scores) = (file("ref.fa"), file("expected_scores.jsonl"));
    let receipts = file("expected_receipts.jsonl");
    assert!(!receipts.is_empty());
    for (line, score) in receipts.lines().zip(scores.lines()) {
        let golden = Receipt::parse(line.as_bytes(), "expected_receipts.jsonl")?;
        verify_receipt(&golden, &manifest, None)?;
        assert_eq!(golden.to_json_line()?, line);
        let score: Value = serde_json::from_str(score).expect("JSON");
        let details = golden.provenance.details.clone().unwrap_or_default();
        let start = details
            .get("window_start_bp")
            .and_then(Json::as_f64)
            .unwrap_or(0.0) as usize;
        let window = window_at(&fasta, text(&score, "chrom"), start);
        let rebuilt = rebuild(&manifest, &golden, &score, &window)?;
        assert_eq!(rebuilt.to_json_line()?, line);
    }
    Ok(())
}
