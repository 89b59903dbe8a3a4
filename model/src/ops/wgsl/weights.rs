//! Weights on the device as their files store them: a product widens them.

use super::WgslOps;
use super::kernels::Kernel;
use super::matrix::{StoredWeights, VALUE, WeightBlock, WgslMatrix};
use crate::ops::{Ops, transpose};
use crate::quantize::Packing;
use crate::tensor::TensorType;
use half::f16;

/// Bytes of a word.
const WORD: usize = VALUE as usize;

impl WgslOps {
    /// Uploads weights that are stored `[outputs, inputs]`, in blocks of as many outputs as a kernel can see.
    pub(super) fn store(
        &self,
        kind: TensorType,
        bytes: &[u8],
        scales: &[f32],
        [inputs, outputs]: [usize; 2],
    ) -> WgslMatrix {
        let row_bytes = kind.bytes_of(inputs).max(1);
        let max_bytes = {
            let mut recorder = self.gpu.record();
            recorder.prepare(Kernel::Matmul(kind));
            recorder.max_bytes()
        };
        let outputs_at_once = max_bytes / row_bytes.next_multiple_of(WORD) as u64;
        let outputs_at_once = usize::try_from(outputs_at_once).unwrap_or(outputs);
        let outputs_at_once = outputs_at_once.clamp(1, outputs.max(1));
        let row_scales = scales.len() / outputs.max(1);
        let mut scales = scales.chunks((outputs_at_once * row_scales).max(1));
        let block = |rows: &[u8]| WeightBlock {
            words: self.turned(rows, row_bytes),
            scales: scales.next().map(|scales| match kind {
                TensorType::Packed(Packing::Int4) => {
                    let half = |&scale| f16::from_f32(scale).to_bits();
                    let halves: Vec<u16> = scales.iter().map(half).collect();
                    self.turned(bytemuck::cast_slice(&halves), row_scales * size_of::<u16>())
                }
                _ => self.turned(bytemuck::cast_slice(scales), row_scales * WORD),
            }),
        };
        let blocks = bytes
            .chunks(outputs_at_once * row_bytes)
            .map(block)
            .collect();
        let weights = StoredWeights { kind, blocks };
        WgslMatrix::of_weights(weights, [inputs, outputs])
            .unwrap_or_else(|| self.matrix(Vec::new(), inputs, outputs))
    }

    /// Uploads rows of bytes as words, the first of each row, then the second, so that neighbours read
    /// neighbours.
    fn turned(&self, bytes: &[u8], row_bytes: usize) -> WgslMatrix {
        let mut words = Vec::with_capacity(bytes.len().div_ceil(WORD));
        for row in bytes.chunks_exact(row_bytes) {
            let (whole, rest) = row.as_chunks::<WORD>();
            words.extend(whole.iter().map(|&word| u32::from_le_bytes(word)));
            if !rest.is_empty() {
                let mut word = [0; WORD];
                word[..rest.len()].copy_from_slice(rest);
                words.push(u32::from_le_bytes(word));
            }
        }
        let rows = bytes.len() / row_bytes;
        let columns = row_bytes.div_ceil(WORD);
        let turned = transpose(&words, rows, columns);
        self.gpu.record().upload(&turned, [columns, rows])
    }
}
