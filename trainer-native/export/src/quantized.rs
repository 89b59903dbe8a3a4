//! Weight files in the number formats that a deployed model may have: f32, fp16, and int8 and int4
//! quantisation.

use genolewm::quantize::{GROUP, Packing, SCALE_SUFFIX};
use genolewm::weights::NamedTensor;
use genolewm_core::{Error, ErrorCode, Result};
use half::f16;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::{BTreeMap, HashMap};

/// The metadata entry of a weight file that holds packed tensors.
const QUANTIZATION: &str = "quantization";

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum WeightDtype {
    /// 32 bits
    #[value(alias = "fp32")]
    F32,
    /// 16 bits
    Fp16,
    /// 8 bits with a scale for each row; norms and biases in 16 bits
    Int8,
    /// 4 bits with a scale for each 32 values; norms and biases in 16 bits
    Int4,
}

impl WeightDtype {
    /// Its name in manifests and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }

    /// How matrices are packed, if they are.
    #[must_use]
    pub const fn packing(self) -> Option<Packing> {
        match self {
            Self::F32 | Self::Fp16 => None,
            Self::Int8 => Some(Packing::Int8),
            Self::Int4 => Some(Packing::Int4),
        }
    }

    const fn plain(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::Fp16 | Self::Int8 | Self::Int4 => Dtype::F16,
        }
    }
}

/// A tensor as the file holds it.
struct StoredTensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// Writes named tensors as safetensors. Packed are those of two dimensions, but a matrix of an odd
/// number of columns only to eight bits; the others become [`Dtype::F16`], or stay f32.
///
/// # Errors
/// `DEPLOY.QUANTIZATION_FAILED`, naming the tensor, for values that the format cannot hold;
/// `DEPLOY.EXPORT_FORMAT` when safetensors refuses them.
pub fn serialize(tensors: &BTreeMap<String, NamedTensor>, dtype: WeightDtype) -> Result<Vec<u8>> {
    let mut stored = Vec::with_capacity(2 * tensors.len());
    for (name, tensor) in tensors {
        store(name, tensor, dtype, &mut stored)
            .map_err(|error| error.with_detail("tensor", name))?;
    }
    let refused = |error: safetensors::SafeTensorError| {
        Error::new(ErrorCode::DeployExportFormat, error.to_string())
    };
    let views = stored
        .iter()
        .map(|tensor| {
            TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)
                .map(|view| (tensor.name.as_str(), view))
        })
        .collect::<core::result::Result<Vec<_>, _>>()
        .map_err(refused)?;
    // One entry: the header keeps several in no fixed order, and equal weights give equal bytes.
    let about = dtype.packing().map(|packing| {
        let text = match packing {
            Packing::Int8 => dtype.as_str().to_owned(),
            Packing::Int4 => format!("{} group {GROUP}", dtype.as_str()),
        };
        HashMap::from([(QUANTIZATION.to_owned(), text)])
    });
    safetensors::serialize(views, about).map_err(refused)
}

fn store(
    name: &str,
    tensor: &NamedTensor,
    dtype: WeightDtype,
    stored: &mut Vec<StoredTensor>,
) -> Result<()> {
    let mut add = |name, dtype, shape, bytes| {
        stored.push(StoredTensor {
            name,
            dtype,
            shape,
            bytes,
        });
    };
    let packing = dtype
        .packing()
        .zip(<[usize; 2]>::try_from(&*tensor.shape).ok());
    let Some((packing, [rows, columns])) = packing.filter(|(_, [_, columns])| *columns > 0) else {
        let bytes = floats(&tensor.values, dtype.plain())?;
        add(name.to_owned(), dtype.plain(), tensor.shape.clone(), bytes);
        return Ok(());
    };
    let packing = if packing.fits(columns) {
        packing
    } else {
        Packing::Int8
    };
    let packed = packing.pack(&tensor.values, columns)?;
    let (code_dtype, scale_dtype, scale_shape) = match packing {
        Packing::Int8 => (Dtype::I8, Dtype::F32, vec![rows]),
        Packing::Int4 => (
            Dtype::U8,
            Dtype::F16,
            vec![rows, packing.row_scales(columns)],
        ),
    };
    let code_shape = vec![rows, packing.row_bytes(columns)];
    add(name.to_owned(), code_dtype, code_shape, packed.codes);
    let scales = floats(&packed.scales, scale_dtype)?;
    add(
        format!("{name}{SCALE_SUFFIX}"),
        scale_dtype,
        scale_shape,
        scales,
    );
    Ok(())
}

fn floats(values: &[f32], dtype: Dtype) -> Result<Vec<u8>> {
    if dtype == Dtype::F32 {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        return Ok(bytes.collect());
    }
    let halves = values.iter().map(|&value| {
        let half = f16::from_f32(value);
        // What was not finite before is not the format's fault.
        (half.is_finite() || !value.is_finite())
            .then(|| half.to_le_bytes())
            .ok_or_else(|| {
                let message = "a weight is too large for 16 bits";
                Error::new(ErrorCode::DeployQuantizationFailed, message)
                    .with_detail("weight", value)
                    .with_remedy("export with --dtype f32")
            })
    });
    Ok(halves.collect::<Result<Vec<[u8; 2]>>>()?.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm::weights::Weights;

    fn tensors() -> BTreeMap<String, NamedTensor> {
        let tensor = |shape: &[usize]| {
            let count = shape.iter().product::<usize>();
            let values = (0..count).map(|at| ((at * 37 % 101) as f32 - 50.0) / 64.0);
            NamedTensor {
                shape: shape.to_vec(),
                values: values.collect(),
            }
        };
        BTreeMap::from([
            ("a.weight".to_owned(), tensor(&[5, 70])),
            ("a.bias".to_owned(), tensor(&[70])),
            ("odd.weight".to_owned(), tensor(&[3, 7])),
        ])
    }

    #[test]
    fn weights_read_back_under_their_names_and_within_half_a_step() {
        for (dtype, most) in [
            (WeightDtype::F32, 0.0),
            (WeightDtype::Fp16, 0.0),
            (WeightDtype::Int8, 0.79 / 127.0 / 2.0),
            (WeightDtype::Int4, 0.79 / 7.0 / 2.0),
        ] {
            let bytes = serialize(&tensors(), dtype).unwrap();
            let read = Weights::parse(&bytes, "file", |_| true)
                .unwrap()
                .into_tensors();
            assert!(read.keys().eq(tensors().keys()), "{dtype:?}");
            for (name, tensor) in tensors() {
                let (read, limit) = (&read[&name], if name == "a.bias" { 0.0 } else { most });
                assert_eq!(read.shape, tensor.shape);
                let mut pairs = read.values.iter().zip(&tensor.values);
                assert!(
                    pairs.all(|(a, b)| (a - b).abs() <= limit),
                    "{dtype:?} {name}"
                );
            }
            assert_eq!(serialize(&tensors(), dtype).unwrap(), bytes);
        }
    }

    #[test]
    fn rows_of_a_packed_table_are_those_of_the_whole() {
        for dtype in [WeightDtype::Int8, WeightDtype::Int4] {
            let bytes = serialize(&tensors(), dtype).unwrap();
            let mut whole = Weights::parse(&bytes, "file", |_| true).unwrap();
            let whole = whole.take("a.weight", &[5, 70]).unwrap();
            let read = |rows: &[u32]| Weights::parse_rows(&bytes, "file", &["a.weight"], rows);
            let some = read(&[4, 0]).unwrap().take("a.weight", &[2, 70]).unwrap();
            assert_eq!(some, [&whole[4 * 70..], &whole[..70]].concat());
            assert_eq!(
                read(&[5]).unwrap_err().code(),
                ErrorCode::DeployExportFormat
            );
        }
    }

    #[test]
    fn what_a_format_cannot_hold_is_refused_by_name() {
        for (value, dtype) in [
            (70_000.0, WeightDtype::Fp16),
            (f32::NAN, WeightDtype::Int8),
            (f32::INFINITY, WeightDtype::Int4),
        ] {
            let tensor = NamedTensor {
                shape: vec![1, 2],
                values: vec![value, 0.0],
            };
            let tensors = BTreeMap::from([("bad.weight".to_owned(), tensor)]);
            let error = serialize(&tensors, dtype).unwrap_err();
            assert_eq!(error.code(), ErrorCode::DeployQuantizationFailed);
            assert_eq!(error.details()["tensor"], "bad.weight");
        }
    }
}
