//! Properties of packed weights, whole and damaged.
#![allow(clippy::expect_used)]

use genolewm::quantize::{Packing, SCALE_SUFFIX};
use genolewm::weights::Weights;
use genolewm_core::ErrorCode;
use half::f16;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

/// Rows of one magnitude each, zero, tiny and huge ones among them.
fn matrix() -> impl Strategy<Value = (Vec<f32>, usize)> {
    let row = |columns| {
        let scale = prop::sample::select(vec![0.0, 1e-12, 1e-3, 1.0, 1e4]);
        (scale, prop::collection::vec(-1.0..1.0_f32, columns))
            .prop_map(|(scale, row)| row.into_iter().map(|value| value * scale).collect())
    };
    (1..5_usize, 1..50_usize).prop_flat_map(move |(rows, half)| {
        let columns = 2 * half;
        let rows = prop::collection::vec(row(columns), rows);
        rows.prop_map(move |rows: Vec<Vec<f32>>| (rows.concat(), columns))
    })
}

fn packing() -> impl Strategy<Value = Packing> {
    prop::sample::select(vec![Packing::Int8, Packing::Int4])
}

/// A file with one packed matrix.
fn file(packing: Packing, values: &[f32], columns: usize) -> Vec<u8> {
    let packed = packing.pack(values, columns).expect("finite values");
    let rows = values.len() / columns;
    let (dtype, scale_dtype, scale_shape) = match packing {
        Packing::Int8 => (Dtype::I8, Dtype::F32, vec![rows]),
        Packing::Int4 => (
            Dtype::U8,
            Dtype::F16,
            vec![rows, packing.row_scales(columns)],
        ),
    };
    let scales: Vec<u8> = match packing {
        Packing::Int8 => packed
            .scales
            .iter()
            .flat_map(|scale| scale.to_le_bytes())
            .collect(),
        Packing::Int4 => packed
            .scales
            .iter()
            .flat_map(|&scale| f16::from_f32(scale).to_le_bytes())
            .collect(),
    };
    let codes = TensorView::new(dtype, vec![rows, packing.row_bytes(columns)], &packed.codes);
    let scales = TensorView::new(scale_dtype, scale_shape, &scales);
    let tensors = [
        ("m".to_owned(), codes.expect("codes")),
        (format!("m{SCALE_SUFFIX}"), scales.expect("scales")),
    ];
    safetensors::serialize(tensors, None).expect("a file")
}

proptest! {
    #[test]
    fn no_value_moves_by_more_than_half_a_step((values, columns) in matrix(), packing in packing()) {
        let bytes = file(packing, &values, columns);
        let mut read = Weights::parse(&bytes, "file", |_| true).expect("a file");
        let read = read.take("m", &[values.len() / columns, columns]).expect("a matrix");
        let packed = packing.pack(&values, columns).expect("finite values");
        let group = columns.div_ceil(packing.row_scales(columns));
        let group = if packing == Packing::Int4 { 32 } else { group };
        for (row, (read, values)) in read.chunks(columns).zip(values.chunks(columns)).enumerate() {
            let scales = &packed.scales[row * packing.row_scales(columns)..];
            for (at, (read, value)) in read.iter().zip(values).enumerate() {
                let step = scales[at / group];
                prop_assert!((read - value).abs() <= step * 0.500_001, "{read} {value} {step}");
                prop_assert!(*value != 0.0 || *read == 0.0);
            }
        }
    }

    #[test]
    fn packing_what_was_packed_changes_nothing((values, columns) in matrix()) {
        let widen = |bytes: &[u8]| {
            let mut read = Weights::parse(bytes, "file", |_| true).expect("a file");
            read.take("m", &[values.len() / columns, columns]).expect("a matrix")
        };
        let once = widen(&file(Packing::Int4, &values, columns));
        prop_assert_eq!(widen(&file(Packing::Int4, &once, columns)), once);
    }

    #[test]
    fn damaged_files_are_refused_or_read_but_never_panic(
        (values, columns) in matrix(),
        packing in packing(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut bytes = file(packing, &values, columns);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Err(error) = Weights::parse(&bytes, "file", |_| true) {
            prop_assert_eq!(error.code(), ErrorCode::DeployExportFormat);
        }
        let _ = Weights::parse_rows(&bytes, "file", &["m"], &[0, 3]);
    }
}

/// One tensor of a made-up file: name, type, shape and bytes.
type Part<'a> = (&'a str, Dtype, Vec<usize>, Vec<u8>);

fn parse(parts: &[Part<'_>]) -> genolewm_core::Result<Weights> {
    let views = parts.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).expect("a tensor");
        ((*name).to_owned(), view)
    });
    let bytes = safetensors::serialize(views, None).expect("a file");
    Weights::parse(&bytes, "file", |_| true)
}

#[test]
fn scales_that_are_missing_misshapen_or_no_scales_are_refused() {
    let codes = || ("m", Dtype::I8, vec![2, 3], vec![1; 6]);
    let scales = |values: [f32; 2]| {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        ("m_scale", Dtype::F32, vec![2], bytes.collect::<Vec<u8>>())
    };
    let mut whole = parse(&[codes(), scales([1.0, 0.5])]).expect("a file");
    assert_eq!(whole.names().collect::<Vec<_>>(), ["m"]);
    let values = whole.take("m", &[2, 3]).expect("a matrix");
    assert_eq!(values, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]);
    whole.finish().expect("nothing is left over");
    for (parts, said) in [
        (vec![codes()], "m_scale is missing"),
        (
            vec![codes(), ("m_scale", Dtype::F32, vec![1], vec![0; 4])],
            "expected F32 [2]",
        ),
        (
            vec![codes(), ("m_scale", Dtype::F16, vec![2], vec![0; 4])],
            "expected F32 [2]",
        ),
        (vec![codes(), scales([f32::NAN, 1.0])], "no scale"),
        (vec![codes(), scales([f32::INFINITY, 1.0])], "no scale"),
        (vec![codes(), scales([-1.0, 1.0])], "no scale"),
        (
            vec![("m", Dtype::I8, vec![6], vec![1; 6])],
            "not 2 dimensions",
        ),
        (
            vec![("m", Dtype::I8, vec![2, 0], vec![]), scales([1.0, 1.0])],
            "holds nothing",
        ),
        (vec![("m", Dtype::I16, vec![1], vec![0; 2])], "type I16"),
    ] {
        let error = parse(&parts).expect_err(said);
        assert_eq!(error.code(), ErrorCode::DeployExportFormat);
        assert!(error.to_string().contains(said), "{error}");
    }
    // Scales of nothing packed are a tensor like any other, which nobody expects.
    let orphan = parse(&[scales([1.0, 1.0])]).expect("a file");
    assert!(orphan.finish().is_err());
}
