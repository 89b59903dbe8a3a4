//! The operations, as runs of kernels.

use super::WgslOps;
use super::kernels::Kernel;
use super::matrix::WgslMatrix;
use super::recorder::{KernelInput, KernelJob};
use crate::ops::{AttentionSpec, LayerNorm, Linear, Ops, Rotation};
use crate::tensor::{Tensor, TensorType};
use core::ops::Range;
use genolewm_core::Result;

/// Values that a workgroup of an elementwise kernel computes.
const VALUES_AT_ONCE: u64 = 256;

/// Values of a pass' largest matrix: 64 MiB, half of what every WebGPU device binds.
const MOST_VALUES: usize = 16 << 20;

/// Columns that a workgroup of `mean_rows` computes.
const MEAN_COLUMNS: u64 = 64;

impl WgslOps {
    /// Runs a kernel once, with one workgroup for each of `groups`.
    fn run(
        &self,
        kernel: Kernel,
        params: &[u32],
        inputs: &[KernelInput<'_>],
        shape: [usize; 2],
        groups: u64,
    ) -> WgslMatrix {
        let mut recorder = self.gpu.record();
        let output = recorder.output(shape);
        recorder.dispatch(&KernelJob {
            kernel,
            params,
            inputs,
            output: &output,
            groups,
            layers: 1,
            work: output.len() as u64,
        });
        output
    }

    /// Runs a kernel with one invocation for each value of the result, whose first parameters are
    /// the number of values and of columns.
    fn run_elementwise(
        &self,
        kernel: Kernel,
        inputs: &[KernelInput<'_>],
        shape: [usize; 2],
        params: &[u32],
    ) -> WgslMatrix {
        let count = shape[0] * shape[1];
        let params: Vec<u32> = [count as u32, shape[1] as u32]
            .into_iter()
            .chain(params.iter().copied())
            .collect();
        let groups = (count as u64).div_ceil(VALUES_AT_ONCE);
        self.run(kernel, &params, inputs, shape, groups)
    }

    /// Runs a kernel with one workgroup for each row.
    fn run_rows(
        &self,
        kernel: Kernel,
        x: &WgslMatrix,
        more: &[&WgslMatrix],
        eps: f64,
    ) -> WgslMatrix {
        let [rows, columns] = x.shape();
        let inputs: Vec<KernelInput<'_>> = core::iter::once(x)
            .chain(more.iter().copied())
            .map(KernelInput::Matrix)
            .collect();
        let params = [rows as u32, columns as u32, (eps as f32).to_bits()];
        self.run(kernel, &params, &inputs, x.shape(), rows as u64)
    }

    /// Runs a kernel that gives the means of rows.
    fn run_means(&self, kernel: Kernel, x: &WgslMatrix, spans: &[[Range<usize>; 2]]) -> WgslMatrix {
        let columns = x.columns();
        let table: Vec<u32> = spans
            .iter()
            .flatten()
            .flat_map(|rows| [rows.start as u32, rows.end as u32])
            .collect();
        let groups = spans.len() as u64 * (columns as u64).div_ceil(MEAN_COLUMNS);
        self.run(
            kernel,
            &[spans.len() as u32, columns as u32],
            &[KernelInput::Matrix(x), KernelInput::Indices(&table)],
            [spans.len(), columns],
            groups,
        )
    }
}

fn indices(ids: &[usize]) -> Vec<u32> {
    ids.iter().map(|&id| id as u32).collect()
}

impl Ops for WgslOps {
    type Matrix = WgslMatrix;

    fn backend(&self) -> &str {
        if cfg!(target_family = "wasm") {
            "webgpu"
        } else {
            "wgpu"
        }
    }

    fn most_values(&self) -> usize {
        MOST_VALUES
    }

    fn matrix(&self, values: Vec<f32>, rows: usize, columns: usize) -> WgslMatrix {
        self.gpu.record().upload(&values, [rows, columns])
    }

    fn projection(&self, values: Vec<f32>, inputs: usize, outputs: usize) -> WgslMatrix {
        let bytes = bytemuck::cast_slice(&values);
        self.store(TensorType::F32, bytes, &[], [inputs, outputs])
    }

    fn stored_projection(&self, weights: &Tensor<'_>, inputs: usize, outputs: usize) -> WgslMatrix {
        let (bytes, scales) = (weights.bytes(), weights.scales());
        self.store(weights.kind(), bytes, scales, [inputs, outputs])
    }

    async fn download(&self, x: &WgslMatrix) -> Result<Vec<f32>> {
        self.gpu.read(x).await
    }

    fn shape(&self, x: &WgslMatrix) -> [usize; 2] {
        x.shape()
    }

    fn linear(&self, x: &WgslMatrix, layer: &Linear<WgslMatrix>) -> WgslMatrix {
        self.multiply(x, layer)
    }

    fn add(&self, a: &WgslMatrix, b: &WgslMatrix) -> WgslMatrix {
        let inputs = [KernelInput::Matrix(a), KernelInput::Matrix(b)];
        self.run_elementwise(Kernel::Add, &inputs, a.shape(), &[])
    }

    fn add_row(&self, x: &WgslMatrix, row: &WgslMatrix) -> WgslMatrix {
        let inputs = [KernelInput::Matrix(x), KernelInput::Matrix(row)];
        self.run_elementwise(Kernel::AddRow, &inputs, x.shape(), &[])
    }

    fn scale_rows(&self, x: &WgslMatrix, factors: &[f32]) -> WgslMatrix {
        let inputs = [KernelInput::Matrix(x), KernelInput::Values(factors)];
        self.run_elementwise(Kernel::ScaleRows, &inputs, x.shape(), &[])
    }

    fn rms_norm(&self, x: &WgslMatrix, weight: &WgslMatrix, eps: f64) -> WgslMatrix {
        self.run_rows(Kernel::RmsNorm, x, &[weight], eps)
    }

    fn layer_norm(&self, x: &WgslMatrix, norm: &LayerNorm<WgslMatrix>) -> WgslMatrix {
        self.run_rows(Kernel::LayerNorm, x, &[&norm.weight, &norm.bias], norm.eps)
    }

    fn silu_gate(&self, gate: &WgslMatrix, up: &WgslMatrix) -> WgslMatrix {
        let inputs = [KernelInput::Matrix(gate), KernelInput::Matrix(up)];
        self.run_elementwise(Kernel::SiluGate, &inputs, gate.shape(), &[])
    }

    fn gelu(&self, x: &WgslMatrix) -> WgslMatrix {
        self.run_elementwise(Kernel::Gelu, &[KernelInput::Matrix(x)], x.shape(), &[])
    }

    fn rotate(&self, x: &WgslMatrix, heads: usize, by: &Rotation<WgslMatrix>) -> WgslMatrix {
        let inputs = [
            KernelInput::Matrix(x),
            KernelInput::Matrix(&by.cos),
            KernelInput::Matrix(&by.sin),
        ];
        let head_width = x.columns() / heads;
        self.run_elementwise(Kernel::Rotate, &inputs, x.shape(), &[head_width as u32])
    }

    fn attention(
        &self,
        q: &WgslMatrix,
        k: &WgslMatrix,
        v: &WgslMatrix,
        spec: &AttentionSpec,
    ) -> WgslMatrix {
        self.attend([q, k, v], spec)
    }

    fn gather(&self, table: &WgslMatrix, ids: &[usize]) -> WgslMatrix {
        let ids = indices(ids);
        let inputs = [KernelInput::Matrix(table), KernelInput::Indices(&ids)];
        let shape = [ids.len(), table.columns()];
        self.run_elementwise(Kernel::Gather, &inputs, shape, &[])
    }

    fn rows(&self, x: &WgslMatrix, rows: Range<usize>) -> WgslMatrix {
        x.slice(rows.start, rows.len())
    }

    fn concat_rows(&self, parts: &[WgslMatrix]) -> WgslMatrix {
        if let [only] = parts {
            return only.clone();
        }
        if let Some((whole, rows)) = rows_of_one(parts) {
            return self.gather(&whole, &rows);
        }
        let rows = parts.iter().map(WgslMatrix::rows).sum();
        let columns = parts.first().map_or(0, WgslMatrix::columns);
        let mut recorder = self.gpu.record();
        let output = recorder.output([rows, columns]);
        let mut offset = 0;
        for part in parts {
            recorder.copy(part, &output, offset);
            offset += part.bytes();
        }
        output
    }

    fn concat_columns(&self, parts: &[WgslMatrix]) -> WgslMatrix {
        let rows = parts.first().map_or(0, WgslMatrix::rows);
        let columns = parts.iter().map(WgslMatrix::columns).sum();
        let mut recorder = self.gpu.record();
        let output = recorder.output([rows, columns]);
        let mut first = 0;
        for part in parts {
            let params = [
                part.len() as u32,
                part.columns() as u32,
                columns as u32,
                first as u32,
            ];
            recorder.dispatch(&KernelJob {
                kernel: Kernel::PlaceColumns,
                params: &params,
                inputs: &[KernelInput::Matrix(part)],
                output: &output,
                groups: (part.len() as u64).div_ceil(VALUES_AT_ONCE),
                layers: 1,
                work: part.len() as u64,
            });
            first += part.columns();
        }
        output
    }

    fn mean_rows(&self, x: &WgslMatrix, spans: &[[Range<usize>; 2]]) -> WgslMatrix {
        self.run_means(Kernel::MeanRows, x, spans)
    }

    fn mean_rows_in_f64(&self, x: &WgslMatrix, spans: &[[Range<usize>; 2]]) -> WgslMatrix {
        self.run_means(Kernel::MeanRowsCarried, x, spans)
    }

    fn normalize_rows(&self, x: &WgslMatrix) -> WgslMatrix {
        self.run_rows(Kernel::NormalizeRows, x, &[], 0.0)
    }
}

/// When all parts are rows of one matrix: that matrix, from the first of them on, and the rows.
fn rows_of_one(parts: &[WgslMatrix]) -> Option<(WgslMatrix, Vec<usize>)> {
    let first = parts.iter().min_by_key(|part| part.first_byte())?;
    let mut rows = Vec::new();
    for part in parts {
        let start = part.row_in(first)?;
        rows.extend(start..start + part.rows());
    }
    let last = rows.iter().max()?;
    Some((first.slice(0, last + 1), rows))
}
