//! One tensor as its file stores it: what a backend makes its weights of, with no copy in f32 between.

use crate::quantize::Packing;
use half::f16;
use std::borrow::Cow;

/// How the values of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TensorType {
    /// Four bytes a value.
    F32,
    /// Two bytes, IEEE's half.
    F16,
    /// Two bytes, the upper half of a f32.
    Bf16,
    /// Codes of rows with scales.
    Packed(Packing),
}

impl TensorType {
    /// Bytes of `values` neighbours in a row.
    #[must_use]
    pub const fn bytes_of(self, values: usize) -> usize {
        match self {
            Self::F32 => 4 * values,
            Self::F16 | Self::Bf16 => 2 * values,
            Self::Packed(packing) => packing.row_bytes(values),
        }
    }
}

/// A tensor whose sizes were checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<'a> {
    kind: TensorType,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
    scales: Vec<f32>,
}

impl<'a> Tensor<'a> {
    /// A tensor of whole rows; `scales` are those of [`Packed`](crate::quantize::Packed), and none for
    /// values that are not packed. `None` when the sizes do not fit together.
    #[must_use]
    pub fn new(
        kind: TensorType,
        shape: Vec<usize>,
        bytes: impl Into<Cow<'a, [u8]>>,
        scales: Vec<f32>,
    ) -> Option<Self> {
        let bytes = bytes.into();
        let columns = shape.last().copied().unwrap_or(1);
        let rows = shape.iter().rev().skip(1);
        let rows = rows.copied().try_fold(1, usize::checked_mul)?;
        let row_scales = match kind {
            TensorType::Packed(packing) if packing.fits(columns) => packing.row_scales(columns),
            TensorType::Packed(_) => return None,
            _ => 0,
        };
        let fits = rows.checked_mul(kind.bytes_of(columns)) == Some(bytes.len())
            && rows.checked_mul(row_scales) == Some(scales.len());
        fits.then_some(Self {
            kind,
            shape,
            bytes,
            scales,
        })
    }

    /// How the values are stored.
    #[must_use]
    pub const fn kind(&self) -> TensorType {
        self.kind
    }

    /// Sizes, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values as they are stored, row after row, little-endian.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the codes of a packed tensor are times; none for others.
    #[must_use]
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// The values in row-major order.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        match self.kind {
            TensorType::F32 => words::<4>(&self.bytes).map(f32::from_le_bytes).collect(),
            TensorType::F16 => words::<2>(&self.bytes)
                .map(|b| f16::from_le_bytes(b).to_f32())
                .collect(),
            TensorType::Bf16 => words::<2>(&self.bytes).map(widen).collect(),
            TensorType::Packed(packing) => {
                let mut values = Vec::with_capacity(self.shape.iter().product());
                for (codes, scales) in self.packed_rows(packing) {
                    packing.widen_row(codes, scales, &mut values);
                }
                values
            }
        }
    }

    /// The first value that is no finite number, after the scales were applied too, and its place.
    #[must_use]
    pub fn first_not_finite(&self) -> Option<(usize, f32)> {
        let all_ones = |bytes: [u8; 2], exponent| u16::from_le_bytes(bytes) & exponent == exponent;
        let (place, value) = match self.kind {
            TensorType::F32 => {
                let place = place_of::<4>(&self.bytes, |b| !f32::from_le_bytes(b).is_finite())?;
                (
                    place,
                    words::<4>(&self.bytes).nth(place).map(f32::from_le_bytes),
                )
            }
            TensorType::F16 => {
                let place = place_of::<2>(&self.bytes, |b| all_ones(b, 0x7c00))?;
                let value = words::<2>(&self.bytes).nth(place);
                (place, value.map(|b| f16::from_le_bytes(b).to_f32()))
            }
            TensorType::Bf16 => {
                let place = place_of::<2>(&self.bytes, |b| all_ones(b, 0x7f80))?;
                (place, words::<2>(&self.bytes).nth(place).map(widen))
            }
            TensorType::Packed(packing) => {
                let (mut row, mut start) = (Vec::new(), 0);
                for (codes, scales) in self.packed_rows(packing) {
                    row.clear();
                    packing.widen_row(codes, scales, &mut row);
                    if let Some(place) = row.iter().position(|value| !value.is_finite()) {
                        return Some((start + place, row[place]));
                    }
                    start += row.len();
                }
                return None;
            }
        };
        Some((place, value?))
    }

    /// Some rows of a matrix, in this order; `None` where one is not there.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Option<Tensor<'static>> {
        let [count, columns] = self.shape[..] else {
            return None;
        };
        let (width, row_scales) = (
            self.kind.bytes_of(columns),
            self.scales.len() / count.max(1),
        );
        let mut bytes = Vec::with_capacity(rows.len() * width);
        let mut scales = Vec::with_capacity(rows.len() * row_scales);
        for &row in rows {
            bytes.extend_from_slice(self.bytes.get(row * width..(row + 1) * width)?);
            scales.extend_from_slice(self.scales.get(row * row_scales..(row + 1) * row_scales)?);
        }
        Tensor::new(self.kind, vec![rows.len(), columns], bytes, scales)
    }

    fn packed_rows(&self, packing: Packing) -> impl Iterator<Item = (&[u8], &[f32])> {
        let columns = self.shape.last().copied().unwrap_or(1);
        let codes = self.bytes.chunks_exact(packing.row_bytes(columns).max(1));
        codes.zip(self.scales.chunks_exact(packing.row_scales(columns).max(1)))
    }
}

impl Tensor<'static> {
    /// Values that were made in memory; `None` when they are not as many as the sizes say.
    #[must_use]
    pub fn of_values(shape: Vec<usize>, values: &[f32]) -> Option<Self> {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Self::new(TensorType::F32, shape, bytes, Vec::new())
    }
}

/// A bf16 number is the upper half of the f32.
fn widen(half: [u8; 2]) -> f32 {
    f32::from_bits(u32::from(u16::from_le_bytes(half)) << 16)
}

/// Where the first bad value is. Blocks are looked at without a branch for each value.
fn place_of<const N: usize>(bytes: &[u8], bad: impl Fn([u8; N]) -> bool) -> Option<usize> {
    const BLOCK: usize = 1024;
    let blocks = bytes.as_chunks::<N>().0.chunks(BLOCK).enumerate();
    for (block, words) in blocks {
        if words.iter().fold(false, |any, &word| any | bad(word)) {
            let place = words.iter().position(|&word| bad(word))?;
            return Some(block * BLOCK + place);
        }
    }
    None
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}
