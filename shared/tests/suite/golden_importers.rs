//! Golden importers: raw data and a map of reference alleles become the expected VCF, byte for byte.
#![cfg(feature = "std")]
#![allow(clippy::expect_used)]

use crate::common::{cases, check_outcome, golden_json, text};
use genolewm_core::Result;
use genolewm_core::source::{
    ImportOptions, ReferenceAlleles, VcfConversionSummary, convert_to_vcf,
};
use serde_json::Value;
use std::io::Cursor;

fn alleles(golden: &Value) -> ReferenceAlleles {
    let rows = cases(&golden["reference_alleles"]).iter().map(|row| {
        let field = |index: usize| row[index].as_str().expect("text");
        (field(0), row[1].as_u64().expect("a position"), field(2))
    });
    ReferenceAlleles::new(rows).expect("a map over ACGT")
}

fn convert(
    input: &str,
    alleles: &ReferenceAlleles,
    options: &ImportOptions,
) -> Result<(String, VcfConversionSummary)> {
    let mut vcf = Vec::new();
    let summary = convert_to_vcf(
        Box::new(Cursor::new(input.to_owned().into_bytes())),
        "input",
        &mut vcf,
        &mut |contig, pos| Ok(alleles.get(contig, pos).map(str::to_owned)),
        options,
    );
    assert!(
        summary.is_ok() || vcf.is_empty(),
        "a failed conversion writes nothing"
    );
    Ok((String::from_utf8(vcf).expect("UTF-8"), summary?))
}

fn check(got: &(String, VcfConversionSummary), want: &Value) {
    assert_eq!(got.0, text(want, "vcf"));
    let counts = [
        (got.1.records_written, "records_written"),
        (got.1.ref_calls_skipped, "ref_calls_skipped"),
        (got.1.no_calls_skipped, "no_calls_skipped"),
        (got.1.unsupported_skipped, "unsupported_skipped"),
    ];
    for (count, key) in counts {
        assert_eq!(
            count,
            want.get(key).and_then(Value::as_u64).unwrap_or(0),
            "{key}"
        );
    }
}

#[test]
fn golden_importers() {
    let golden = golden_json("importers.json");
    let alleles = alleles(&golden);
    for case in cases(&golden["cases"]) {
        let format = text(case, "format").parse().expect("a known format");
        let options = ImportOptions {
            format: Some(format),
            ..ImportOptions::default()
        };
        let got = convert(text(case, "input"), &alleles, &options);
        if let Err(error) = &got {
            let place = error.location().expect("every error has a place");
            assert!(place.line.is_some() && place.column.is_some() && error.remedy().is_some());
            assert_eq!(place.text, None, "raw data is never quoted");
        }
        check_outcome(case, got, |got, want| check(&got, want));
    }
}

#[test]
fn golden_importers_without_a_named_format() {
    let golden = golden_json("importers.json");
    let alleles = alleles(&golden);
    let fine = cases(&golden["cases"])
        .iter()
        .filter(|case| case.get("ok").is_some());
    for case in fine {
        let got = convert(text(case, "input"), &alleles, &ImportOptions::default());
        let (vcf, summary) = got.expect("the same outcome");
        // No company is named where the file names none, or another where its layout says so.
        let source = |vcf: &str| match vcf.find("SOURCE=") {
            None => vcf.to_owned(),
            Some(at) => {
                let name = vcf[at..].split('\t').next().expect("a field").to_owned();
                vcf.replace(&format!("{name}\t"), "SOURCE\t")
            }
        };
        let mut want = case["ok"].clone();
        want["vcf"] = source(text(&want, "vcf")).into();
        check(&(source(&vcf), summary), &want);
    }
}
