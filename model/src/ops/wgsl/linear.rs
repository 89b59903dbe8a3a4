//! Matrix products.

use super::WgslOps;
use super::kernels::Kernel;
use super::matrix::WgslMatrix;
use super::recorder::{KernelInput, KernelJob, WORK_AT_ONCE};
use crate::ops::Linear;

/// Rows and columns of the product that one workgroup computes.
const TILE: u64 = 64;

impl WgslOps {
    /// `x · weight + bias`, in parts that are small enough for one submission each.
    pub(super) fn multiply(&self, x: &WgslMatrix, layer: &Linear<WgslMatrix>) -> WgslMatrix {
        let [rows, inner] = x.shape();
        let columns = layer.weight.columns();
        let mut recorder = self.gpu.record();
        let output = recorder.output([rows, columns]);
        let column_tiles = (columns as u64).div_ceil(TILE);
        let row_tiles = (rows as u64).div_ceil(TILE);
        let work_per_row_tile = (TILE * (inner * columns) as u64).max(1);
        let tiles_at_once = (WORK_AT_ONCE / work_per_row_tile).max(1);
        // The kernel reads no bias where there is none, but something has to be bound.
        let bias = layer.bias.as_ref().unwrap_or(&layer.weight);
        let mut first = 0;
        while first < row_tiles {
            let tiles = tiles_at_once.min(row_tiles - first);
            recorder.dispatch(&KernelJob {
                kernel: Kernel::Matmul,
                params: &[
                    rows as u32,
                    inner as u32,
                    columns as u32,
                    first as u32,
                    (first + tiles) as u32,
                    u32::from(layer.bias.is_some()),
                ],
                inputs: &[
                    KernelInput::Matrix(x),
                    KernelInput::Matrix(&layer.weight),
                    KernelInput::Matrix(bias),
                ],
                output: &output,
                groups: tiles * column_tiles,
                layers: 1,
                work: tiles * work_per_row_tile,
            });
            first += tiles;
        }
        output
    }
}
