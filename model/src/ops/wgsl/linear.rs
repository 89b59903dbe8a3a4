//! Matrix products.

use super::WgslOps;
use super::kernels::Kernel;
use super::matrix::WgslMatrix;
use super::recorder::{KernelInput, KernelJob, Recorder, WORK_AT_ONCE};
use crate::ops::Linear;
use crate::tensor::TensorType;

/// Rows and columns of the product that one workgroup computes.
const TILE: u64 = 64;

impl WgslOps {
    /// `x · weight + bias`.
    pub(super) fn multiply(&self, x: &WgslMatrix, layer: &Linear<WgslMatrix>) -> WgslMatrix {
        let mut recorder = self.gpu.record();
        let output = recorder.output([x.rows(), layer.weight.columns()]);
        let mut product = Product {
            x,
            bias: layer.bias.as_ref(),
            output: &output,
            recorder: &mut recorder,
        };
        let Some(weights) = layer.weight.weights() else {
            product.block(TensorType::F32, &layer.weight, None, 0);
            return output;
        };
        let mut first_column = 0;
        for block in &weights.blocks {
            let scales = block.scales.as_ref();
            product.block(weights.kind, &block.words, scales, first_column);
            first_column += block.words.columns();
        }
        output
    }
}

struct Product<'a> {
    x: &'a WgslMatrix,
    bias: Option<&'a WgslMatrix>,
    output: &'a WgslMatrix,
    recorder: &'a mut Recorder,
}

impl Product<'_> {
    /// The columns that belong to a block of weights, in parts that are small enough for one submission each.
    fn block(
        &mut self,
        kind: TensorType,
        words: &WgslMatrix,
        scales: Option<&WgslMatrix>,
        first_column: usize,
    ) {
        let [rows, inner] = self.x.shape();
        let columns = words.columns();
        let column_tiles = (columns as u64).div_ceil(TILE);
        let row_tiles = (rows as u64).div_ceil(TILE);
        let work_per_row_tile = (TILE * (inner * columns) as u64).max(1);
        let tiles_at_once = (WORK_AT_ONCE / work_per_row_tile).max(1);
        let mut first = 0;
        while first < row_tiles {
            let tiles = tiles_at_once.min(row_tiles - first);
            self.recorder.dispatch(&KernelJob {
                kernel: Kernel::Matmul(kind),
                params: &[
                    rows as u32,
                    inner as u32,
                    columns as u32,
                    first as u32,
                    (first + tiles) as u32,
                    u32::from(self.bias.is_some()),
                    first_column as u32,
                    self.output.columns() as u32,
                ],
                // Where there is no bias or no scales the kernel reads none, but something has to be bound.
                inputs: &[
                    KernelInput::Matrix(self.x),
                    KernelInput::Matrix(words),
                    KernelInput::Matrix(self.bias.unwrap_or(words)),
                    KernelInput::Matrix(scales.unwrap_or(words)),
                ],
                output: self.output,
                groups: tiles * column_tiles,
                layers: 1,
                work: tiles * work_per_row_tile,
            });
            first += tiles;
        }
    }
}
