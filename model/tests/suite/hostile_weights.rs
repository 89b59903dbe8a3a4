//! Safetensors files whose table of contents lies.

// All of this file is test code, its helpers too.
#![allow(clippy::expect_used)]

use genolewm::weights::Weights;
use genolewm_core::limits::MAX_WEIGHTS_HEADER_BYTES;
use genolewm_core::{ErrorCode, Result};
use std::iter::repeat_n;

/// A file of this header and of 16 bytes, the numbers 1 to 4 in f32.
fn file(header: &str) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(
        [1.0_f32, 2.0, 3.0, 4.0]
            .iter()
            .flat_map(|x| x.to_le_bytes()),
    );
    bytes
}

fn tensor(name: &str, dtype: &str, shape: &str, from: u64, to: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
}

fn read(bytes: &[u8]) -> Result<Weights> {
    Weights::parse(bytes, "w.safetensors", |_| true)
}

#[track_caller]
fn refused(bytes: &[u8], because: &str) {
    let error = read(bytes).expect_err(because);
    assert_eq!(error.code(), ErrorCode::DeployExportFormat);
    assert!(error.message().contains(because), "{}", error.message());
}

const WHOLE: &str = r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;

#[test]
fn tensors_are_where_their_offsets_say_in_any_order() {
    let (first, last) = (
        tensor("z", "F32", "[2]", 0, 8),
        tensor("a", "F32", "[2,1]", 8, 16),
    );
    for header in [
        format!("{{{first},{last}}}"),
        format!("{{{last},{first}}}  "),
    ] {
        let mut weights = read(&file(&header)).expect("a file");
        assert_eq!(weights.take("z", &[2]), Ok(vec![1.0, 2.0]));
        assert_eq!(weights.take("a", &[2, 1]), Ok(vec![3.0, 4.0]));
        weights.finish().expect("no more");
    }
}

#[test]
fn a_tensor_that_was_there_twice_was_read_as_its_last() {
    let [one, other] = ["F32\",\"shape\":[4]", "F16\",\"shape\":[8]"]
        .map(|what| format!(r#""w":{{"dtype":"{what},"data_offsets":[0,16]}}"#));
    refused(&file(&format!("{{{one},{other}}}")), "there twice");
    refused(
        &file(&format!("{{{one},{}}}", other.replace('w', "\\u0077"))),
        "there twice",
    );
    let about = r#""__metadata__":{"a":"1"}"#;
    refused(&file(&format!("{{{about},{about},{one}}}")), "there twice");
    let about = r#""__metadata__":{"a":"1","a":"2"}"#;
    refused(&file(&format!("{{{about},{one}}}")), "there twice");
    refused(
        &file(&WHOLE.replace("[0,16]", r#"[0,16],"dtype":"F16""#)),
        "duplicate field",
    );
}

/// Nine lengths of 2^61 - 1 add up beyond 64 bits, where the library counts on.
#[test]
fn lengths_that_wrap_panicked() {
    let length = (1_u64 << 61) - 1;
    let shape = format!("[{length}]");
    let all: Vec<String> = (0..8)
        .map(|i| tensor(&format!("w{i}"), "I8", &shape, i * length, (i + 1) * length))
        .collect();
    refused(&file(&format!("{{{}}}", all.join(","))), "beyond its end");
    for to in [
        "17",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "16.0",
    ] {
        refused(&file(&WHOLE.replace("16", to)), "not a safetensors file");
    }
    for shape in [
        "[18446744073709551615,4]",
        "[4611686018427387905]",
        "[-4]",
        "[2,3]",
        "[]",
    ] {
        refused(
            &file(&WHOLE.replace("[4]", shape)),
            "not a safetensors file",
        );
    }
}

#[test]
fn tensors_that_share_leave_out_or_miss_bytes_are_refused() {
    for [from, to, then, end] in [
        [0, 12, 8, 16],  // overlapping
        [0, 16, 0, 16],  // aliasing
        [0, 4, 8, 16],   // a gap
        [0, 8, 8, 12],   // bytes behind the last
        [8, 0, 8, 16],   // backwards
        [4, 12, 12, 16], // bytes before the first
    ] {
        let size = |from: u64, to: u64| format!("[{}]", to.abs_diff(from) / 4);
        let one = tensor("v", "F32", &size(from, to), from, to);
        let two = tensor("w", "F32", &size(then, end), then, end);
        refused(&file(&format!("{{{one},{two}}}")), "not a safetensors file");
    }
    let mut longer = file(WHOLE);
    longer.push(0);
    refused(&longer, "not a safetensors file");
    for length in 0..file(WHOLE).len() {
        refused(&file(WHOLE)[..length], "not a safetensors file");
    }
    for dtype in ["F64", "I32", "F8_E4M3", "F4"] {
        assert!(read(&file(&WHOLE.replace("F32", dtype))).is_err());
    }
}

#[test]
fn a_header_is_as_long_as_the_limit_and_no_longer() {
    let padded = |length: usize| {
        let spaces: String = repeat_n(' ', length - WHOLE.len()).collect();
        file(&format!("{WHOLE}{spaces}"))
    };
    read(&padded(MAX_WEIGHTS_HEADER_BYTES)).expect("the longest header");
    refused(&padded(MAX_WEIGHTS_HEADER_BYTES + 1), "too long");
    for length in [u64::MAX, 1 << 63, 100_000_000, 1 << 20] {
        let mut bytes = file(WHOLE);
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        refused(&bytes, "not a safetensors file");
    }
    let ones = vec!["1"; 17].join(",");
    refused(
        &file(&WHOLE.replace("[4]", &format!("[4,{ones}]"))),
        "dimensions",
    );
}
