//! Tensors of a safetensors file as f32: of f32, f16 and bf16, and packed ones with their scales.

use super::header::{Header, format_error};
use crate::quantize::{Packing, SCALE_SUFFIX};
use genolewm_core::{Error, Result};
use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// The tensors of one file.
pub(super) struct File<'a> {
    source: &'a str,
    tensors: SafeTensors<'a>,
}

/// Sizes, outermost first, and values in row-major order.
pub(super) type Widened = (Vec<usize>, Vec<f32>);

impl<'a> File<'a> {
    /// Reads the table of contents.
    pub(super) fn open(bytes: &'a [u8], source: &'a str) -> Result<Self> {
        Header::read(bytes, source)?;
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| format_error(source, &format!("not a safetensors file: {error}")))?;
        Ok(Self { source, tensors })
    }

    /// The names of the tensors, without the scales of packed ones: those belong to them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let is_scale = |name: &str| {
            let of = name.strip_suffix(SCALE_SUFFIX);
            let of = of.and_then(|of| self.tensors.tensor(of).ok());
            of.is_some_and(|view| packing(view.dtype()).is_some())
        };
        self.tensors
            .iter()
            .map(|(name, _)| name)
            .filter(move |name| !is_scale(name))
    }

    /// All of a tensor, every value a finite number.
    pub(super) fn tensor(&self, name: &str) -> Result<Widened> {
        let view = self.view(name)?;
        if let Some(packing) = packing(view.dtype()) {
            let packed = self.packed(name, &view, packing)?;
            return self.finite(name, packed.rows(0..packed.count));
        }
        let values = self.widen(name, view.dtype(), view.data())?;
        self.finite(name, (view.shape().to_vec(), values))
    }

    /// What a file of weights holds must be numbers to count with, after the scales were applied
    /// too.
    fn finite(&self, name: &str, (shape, values): Widened) -> Result<Widened> {
        if values.is_empty() {
            return Err(self.fault(&format!("tensor {name} holds nothing")));
        }
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok((shape, values)),
            Some(place) => Err(self
                .fault(&format!("tensor {name} holds what is no finite number"))
                .with_detail("place", place)
                .with_detail("value", values[place])
                .with_remedy(
                    "fetch the model again; a training run that failed leaves such weights",
                )),
        }
    }

    /// Some rows of a table; `None` when there is no such tensor.
    pub(super) fn rows(&self, name: &str, rows: &[u32]) -> Result<Option<Widened>> {
        let Ok(view) = self.tensors.tensor(name) else {
            return Ok(None);
        };
        let [count, _] = self.matrix(name, &view)?;
        if let Some(row) = rows.iter().find(|&&row| row as usize >= count) {
            return Err(self
                .fault(&format!("tensor {name} has no row {row}"))
                .with_remedy("tokenizer and weights belong to different encoders"));
        }
        if let Some(packing) = packing(view.dtype()) {
            let packed = self.packed(name, &view, packing)?;
            let rows = packed.rows(rows.iter().map(|&row| row as usize));
            return self.finite(name, rows).map(Some);
        }
        let rows = self.plain_rows(name, &view, rows)?;
        self.finite(name, rows).map(Some)
    }

    fn plain_rows(&self, name: &str, view: &TensorView<'_>, rows: &[u32]) -> Result<Widened> {
        let [count, width] = self.matrix(name, view)?;
        let row_bytes = view.data().len() / count.max(1);
        let mut values = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            let start = row as usize * row_bytes;
            let bytes = &view.data()[start..start + row_bytes];
            values.extend(self.widen(name, view.dtype(), bytes)?);
        }
        Ok((vec![rows.len(), width], values))
    }

    /// A packed tensor with its scales, all sizes checked.
    fn packed<'b>(
        &self,
        name: &str,
        view: &TensorView<'b>,
        packing: Packing,
    ) -> Result<PackedMatrix<'b>> {
        let [count, row_bytes] = self.matrix(name, view)?;
        if view.data().is_empty() {
            return Err(self.fault(&format!("tensor {name} is packed and holds nothing")));
        }
        let columns = packing.columns(row_bytes);
        let row_scales = packing.row_scales(columns);
        let scale_name = format!("{name}{SCALE_SUFFIX}");
        let scales = self.view(&scale_name)?;
        let (dtype, shape) = match packing {
            Packing::Int8 => (Dtype::F32, vec![count]),
            Packing::Int4 => (Dtype::F16, vec![count, row_scales]),
        };
        if scales.dtype() != dtype || scales.shape() != shape {
            let (found, is) = (scales.shape(), scales.dtype());
            return Err(self.fault(&format!(
                "tensor {scale_name} is {is:?} {found:?}, expected {dtype:?} {shape:?}"
            )));
        }
        let scales = self.widen(&scale_name, dtype, scales.data())?;
        if !scales
            .iter()
            .all(|scale| scale.is_finite() && *scale >= 0.0)
        {
            return Err(self.fault(&format!("tensor {scale_name} holds what is no scale")));
        }
        Ok(PackedMatrix {
            packing,
            count,
            row_bytes,
            codes: view.data(),
            row_scales,
            scales,
        })
    }

    fn view(&self, name: &str) -> Result<TensorView<'a>> {
        self.tensors
            .tensor(name)
            .map_err(|_| self.fault(&format!("tensor {name} is missing")))
    }

    fn matrix(&self, name: &str, view: &TensorView<'_>) -> Result<[usize; 2]> {
        let shape = view.shape();
        shape.try_into().map_err(|_| {
            self.fault(&format!(
                "tensor {name} has shape {shape:?}, not 2 dimensions"
            ))
        })
    }

    fn widen(&self, name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>> {
        Ok(match dtype {
            Dtype::F32 => words::<4>(bytes).map(f32::from_le_bytes).collect(),
            Dtype::F16 => words::<2>(bytes)
                .map(|b| f16::from_le_bytes(b).to_f32())
                .collect(),
            Dtype::BF16 => words::<2>(bytes)
                .map(|b| bf16::from_le_bytes(b).to_f32())
                .collect(),
            other => {
                return Err(self
                    .fault(&format!("tensor {name} has type {other:?}"))
                    .with_remedy(
                        "weights are read as F32, F16 or BF16, and as I8 or U8 with scales",
                    ));
            }
        })
    }

    fn fault(&self, message: &str) -> Error {
        format_error(self.source, message)
    }
}

struct PackedMatrix<'a> {
    packing: Packing,
    count: usize,
    row_bytes: usize,
    codes: &'a [u8],
    row_scales: usize,
    scales: Vec<f32>,
}

impl PackedMatrix<'_> {
    fn rows(&self, rows: impl ExactSizeIterator<Item = usize>) -> Widened {
        let columns = self.packing.columns(self.row_bytes);
        let count = rows.len();
        let mut values = Vec::with_capacity(count * columns);
        for row in rows {
            let codes = &self.codes[row * self.row_bytes..(row + 1) * self.row_bytes];
            let scales = &self.scales[row * self.row_scales..(row + 1) * self.row_scales];
            self.packing.widen_row(codes, scales, &mut values);
        }
        (vec![count, columns], values)
    }
}

fn packing(dtype: Dtype) -> Option<Packing> {
    match dtype {
        Dtype::I8 => Some(Packing::Int8),
        Dtype::U8 => Some(Packing::Int4),
        _ => None,
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
