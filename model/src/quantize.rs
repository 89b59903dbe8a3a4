//! Weights in eight or four bits: symmetric, with a scale for each row (int8) or for each
//! [`GROUP`] neighbours of a row (int4). A value is its code times its scale.

use core::ops::Range;
use genolewm_core::{Error, ErrorCode, Result};
use half::f16;

/// Neighbours in a row that share a scale in int4.
pub const GROUP: usize = 32;
/// What the name of a packed tensor's scales ends with, after the tensor's own name.
pub const SCALE_SUFFIX: &str = "_scale";

/// How codes and scales are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// A byte a value, two's complement, -127 to 127; a f32 scale for each row.
    Int8,
    /// Two values a byte, the first in the low half, two's complement, -7 to 7; a f16 scale for each
    /// [`GROUP`].
    Int4,
}

/// A matrix as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// [`Packing::row_bytes`] for each row.
    pub codes: Vec<u8>,
    /// [`Packing::row_scales`] for each row; those of int4 are f16 numbers.
    pub scales: Vec<f32>,
}

impl Packing {
    /// Whether rows of this many values can be packed: int4 fills whole bytes.
    #[must_use]
    pub const fn fits(self, columns: usize) -> bool {
        columns > 0 && (matches!(self, Self::Int8) || columns.is_multiple_of(2))
    }

    /// Bytes of a row.
    #[must_use]
    pub const fn row_bytes(self, columns: usize) -> usize {
        match self {
            Self::Int8 => columns,
            Self::Int4 => columns / 2,
        }
    }

    /// Values of a row of this many bytes.
    #[must_use]
    pub const fn columns(self, row_bytes: usize) -> usize {
        match self {
            Self::Int8 => row_bytes,
            Self::Int4 => 2 * row_bytes,
        }
    }

    /// Scales of a row.
    #[must_use]
    pub const fn row_scales(self, columns: usize) -> usize {
        match self {
            Self::Int8 => 1,
            Self::Int4 => columns.div_ceil(GROUP),
        }
    }

    /// Packs a matrix, row by row. No value moves by more than half of its scale; zeros stay zeros.
    ///
    /// # Errors
    /// `DEPLOY.QUANTIZATION_FAILED` for values that are not finite or too large for the scales, and
    /// for rows that do not [fit](Self::fits) or are not whole.
    pub fn pack(self, values: &[f32], columns: usize) -> Result<Packed> {
        if !self.fits(columns) || !values.len().is_multiple_of(columns) {
            return Err(failed("rows of this length cannot be packed")
                .with_detail("columns", columns)
                .with_detail("values", values.len()));
        }
        let rows = values.len() / columns;
        let mut packed = Packed {
            codes: Vec::with_capacity(rows * self.row_bytes(columns)),
            scales: Vec::with_capacity(rows * self.row_scales(columns)),
        };
        for row in values.chunks_exact(columns) {
            let mut codes = Vec::with_capacity(columns);
            for group in self.groups(columns) {
                let group = &row[group];
                let scale = self.scale(group)?;
                packed.scales.push(scale);
                codes.extend(group.iter().map(|&value| self.code(value, scale)));
            }
            match self {
                Self::Int8 => packed.codes.extend(codes.iter().map(|&code| code as u8)),
                Self::Int4 => packed.codes.extend(
                    codes
                        .as_chunks::<2>()
                        .0
                        .iter()
                        .map(|&[low, high]| (low as u8 & 0x0f) | (high as u8) << 4),
                ),
            }
        }
        Ok(packed)
    }

    /// Appends the values of one row; codes and scales are those of [`Packed`] for it.
    pub fn widen_row(self, codes: &[u8], scales: &[f32], values: &mut Vec<f32>) {
        let columns = self.columns(codes.len());
        for (group, &scale) in self.groups(columns).zip(scales) {
            match self {
                Self::Int8 => values.extend(codes[group].iter().map(|&code| widen(code, scale))),
                Self::Int4 => values.extend(group.map(|column| {
                    let byte = codes[column / 2];
                    // The half that counts goes up and comes down again with its sign.
                    let shifted = if column % 2 == 0 { byte << 4 } else { byte };
                    f32::from(shifted as i8 >> 4) * scale
                })),
            }
        }
    }

    fn groups(self, columns: usize) -> impl Iterator<Item = Range<usize>> {
        let step = match self {
            Self::Int8 => columns.max(1),
            Self::Int4 => GROUP,
        };
        (0..columns)
            .step_by(step)
            .map(move |first| first..(first + step).min(columns))
    }

    const fn most(self) -> f32 {
        match self {
            Self::Int8 => 127.0,
            Self::Int4 => 7.0,
        }
    }

    /// The scale by which the largest value gets the largest code, as it can be stored.
    fn scale(self, group: &[f32]) -> Result<f32> {
        let largest = group.iter().fold(0.0_f32, |most, value| {
            // f32::max would pass over what is not a number.
            if value.is_nan() {
                f32::NAN
            } else {
                most.max(value.abs())
            }
        });
        if !group.iter().all(|value| value.is_finite()) {
            return Err(failed("a weight is not a finite number"));
        }
        let mut scale = self.stored(largest / self.most());
        // Rounding may have left too small a scale for the tiniest of rows,
        if largest > (self.most() + 0.5) * scale {
            scale = self.above(scale);
        }
        // or one whose largest value is no number for the largest of them.
        if self == Self::Int8 && !(self.most() * scale).is_finite() {
            scale = scale.next_down();
        }
        if !scale.is_finite() {
            return Err(failed("a weight is too large for the scales of int4")
                .with_detail("weight", largest)
                .with_remedy("export with --dtype int8, or f32"));
        }
        Ok(scale)
    }

    fn stored(self, scale: f32) -> f32 {
        match self {
            Self::Int8 => scale,
            Self::Int4 => f16::from_f32(scale).to_f32(),
        }
    }

    /// The next scale that can be stored.
    fn above(self, scale: f32) -> f32 {
        match self {
            Self::Int8 => scale.next_up(),
            Self::Int4 => f16::from_bits(f16::from_f32(scale).to_bits() + 1).to_f32(),
        }
    }

    fn code(self, value: f32, scale: f32) -> i8 {
        if scale == 0.0 {
            return 0;
        }
        (value / scale)
            .round_ties_even()
            .clamp(-self.most(), self.most()) as i8
    }
}

fn widen(code: u8, scale: f32) -> f32 {
    f32::from(code as i8) * scale
}

fn failed(message: &str) -> Error {
    Error::new(ErrorCode::DeployQuantizationFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(packing: Packing, values: &[f32], columns: usize) -> Vec<f32> {
        let packed = packing.pack(values, columns).unwrap();
        let mut widened = Vec::new();
        let rows = packed
            .codes
            .chunks_exact(packing.row_bytes(columns))
            .zip(packed.scales.chunks_exact(packing.row_scales(columns)));
        for (codes, scales) in rows {
            packing.widen_row(codes, scales, &mut widened);
        }
        widened
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let packed = Packing::Int8.pack(&[127.0, -1.0, 0.5, 0.0], 2).unwrap();
        assert_eq!(packed.codes, [127, 255, 127, 0]);
        assert_eq!(packed.scales, [1.0, 0.5 / 127.0]);
        let packed = Packing::Int4.pack(&[7.0, -1.0, 0.0, -7.0], 4).unwrap();
        assert_eq!(packed.codes, [0xf7, 0x90]);
        assert_eq!(packed.scales, [1.0]);
        let packed = Packing::Int4.pack(&[1.0; 34], 34).unwrap();
        assert_eq!((packed.codes.len(), packed.scales.len()), (17, 2));
    }

    #[test]
    fn the_smallest_and_the_largest_rows_survive() {
        let tiny = f32::from_bits(1);
        for value in [0.0, tiny, f32::MIN_POSITIVE, 1e30, f32::MAX] {
            let widened = round_trip(Packing::Int8, &[value, -value], 2);
            assert!(widened.iter().all(|value| value.is_finite()));
            assert!((widened[0] - value).abs() <= value / 100.0, "{value}");
            assert_eq!(widened[0], -widened[1]);
        }
        // Less than half the smallest f16: nothing that four bits could hold.
        assert_eq!(round_trip(Packing::Int4, &[tiny, 0.0], 2), [0.0, 0.0]);
        let small = 3e-8;
        let widened = round_trip(Packing::Int4, &[small, 0.0], 2);
        assert!((widened[0] - small).abs() <= small, "{widened:?}");
        let error = Packing::Int4.pack(&[1e6, 0.0], 2).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DeployQuantizationFailed);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for packing in [Packing::Int8, Packing::Int4] {
                let error = packing.pack(&[1.0, value], 2).unwrap_err();
                assert_eq!(error.code(), ErrorCode::DeployQuantizationFailed);
            }
        }
        for (packing, columns) in [(Packing::Int4, 3), (Packing::Int8, 0), (Packing::Int8, 4)] {
            assert!(packing.pack(&[1.0; 6], columns).is_err());
        }
    }
}
