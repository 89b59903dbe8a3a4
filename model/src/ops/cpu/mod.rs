//! The operations on the processor, without gradients.
//!
//! A matrix lies in memory one column after another, so that vector instructions run over the rows of
//! a batch: norms, rotations and softmax need no sums across lanes, the keys of a head lie as products
//! need them, and columns side by side are one append. Products are gemmkit's, over weights that are
//! packed once, when they are loaded. What becomes of a row depends on that row and its sequence
//! alone, whatever else is in the batch.

mod simd;
mod elementwise;
mod projection;
mod matrix;
mod attention;

use super::{AttentionSpec, LayerNorm, Linear, Ops, Precision, Rotation, transpose};
use core::ops::Range;
use genolewm_core::Result;
use genolewm_core::pooling::{mean_in_f64, to_unit_length};
use matrix::Values;
use projection::Projection;
use std::sync::Arc;

pub use matrix::CpuMatrix;

/// What a pass is bound by, so that what a layer makes of it stays in the second-level cache.
const MOST_VALUES: usize = 1 << 18;

/// Runs the layers on the processor, for scoring.
#[derive(Debug, Clone)]
pub struct CpuOps {
    most_values: usize,
    precision: Precision,
}

impl CpuOps {
    /// The processor.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            most_values: MOST_VALUES,
            precision: Precision::F32,
        }
    }

    /// The same with another bound on what a pass makes (see [`Ops::most_values`]).
    #[must_use]
    pub const fn with_most_values(self, most_values: usize) -> Self {
        Self {
            most_values,
            ..self
        }
    }

    /// What projections are computed in.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// The same with projections in another precision: of weights that are uploaded from here on.
    #[must_use]
    pub const fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }
}

impl Default for CpuOps {
    fn default() -> Self {
        Self::new()
    }
}

impl Ops for CpuOps {
    type Matrix = CpuMatrix;

    fn backend(&self) -> &str {
        "cpu"
    }

    fn exact(&self) -> Self {
        self.clone().with_precision(Precision::F32)
    }

    fn tolerance(&self) -> f64 {
        match self.precision {
            Precision::F32 => 1e-3,
            Precision::Bf16 => 0.05,
            Precision::Int8 => 0.2,
        }
    }

    fn most_values(&self) -> usize {
        self.most_values
    }

    fn matrix(&self, values: Vec<f32>, rows: usize, columns: usize) -> CpuMatrix {
        let is_a_vector = rows <= 1 || columns <= 1;
        let values = if is_a_vector {
            values
        } else {
            transpose(&values, rows, columns)
        };
        CpuMatrix::new(values, rows, columns)
    }

    fn projection(&self, values: Vec<f32>, inputs: usize, outputs: usize) -> CpuMatrix {
        let weights = Projection::new(&values, inputs, outputs, self.precision);
        CpuMatrix {
            values: Values::Packed(Arc::new(weights)),
            rows: inputs,
            columns: outputs,
        }
    }

    async fn download(&self, x: &CpuMatrix) -> Result<Vec<f32>> {
        Ok(transpose(x.values(), x.columns, x.rows))
    }

    fn shape(&self, x: &CpuMatrix) -> [usize; 2] {
        [x.rows, x.columns]
    }

    fn linear(&self, x: &CpuMatrix, layer: &Linear<CpuMatrix>) -> CpuMatrix {
        let (rows, columns) = (x.rows, layer.weight.columns);
        let bias = layer.bias.as_ref().map(CpuMatrix::values);
        let out = match &layer.weight.values {
            Values::Packed(weights) => weights.apply(x.values(), rows, bias),
            Values::Columns(weights) => projection::product(x.values(), rows, weights, bias),
        };
        CpuMatrix::new(out, rows, columns)
    }

    fn add(&self, a: &CpuMatrix, b: &CpuMatrix) -> CpuMatrix {
        let mut sum = a.clone().into_values();
        elementwise::add(&mut sum, b.values());
        CpuMatrix::new(sum, a.rows, a.columns)
    }

    fn add_row(&self, x: &CpuMatrix, row: &CpuMatrix) -> CpuMatrix {
        x.map_columns(|column, values, out| {
            let by = row.values().get(column).copied().unwrap_or_default();
            out.extend(values.iter().map(|value| value + by));
        })
    }

    fn scale_rows(&self, x: &CpuMatrix, factors: &[f32]) -> CpuMatrix {
        x.map_columns(|_, values, out| {
            out.extend(values.iter().zip(factors).map(|(value, by)| value * by));
        })
    }

    fn rms_norm(&self, x: &CpuMatrix, weight: &CpuMatrix, eps: f64) -> CpuMatrix {
        let mut out = vec![0.0; x.values().len()];
        elementwise::rms_norm(x.values(), x.rows, weight.values(), eps as f32, &mut out);
        CpuMatrix::new(out, x.rows, x.columns)
    }

    fn layer_norm(&self, x: &CpuMatrix, norm: &LayerNorm<CpuMatrix>) -> CpuMatrix {
        let mut out = x.values().to_vec();
        let (weight, bias) = (norm.weight.values(), norm.bias.values());
        elementwise::layer_norm(&mut out, x.rows, weight, bias, norm.eps as f32);
        CpuMatrix::new(out, x.rows, x.columns)
    }

    fn silu_gate(&self, gate: &CpuMatrix, up: &CpuMatrix) -> CpuMatrix {
        let mut gated = gate.clone().into_values();
        elementwise::silu_gate(&mut gated, up.values());
        CpuMatrix::new(gated, gate.rows, gate.columns)
    }

    fn gelu(&self, x: &CpuMatrix) -> CpuMatrix {
        let mut out = x.values().to_vec();
        elementwise::gelu(&mut out);
        CpuMatrix::new(out, x.rows, x.columns)
    }

    fn rotate(&self, x: &CpuMatrix, heads: usize, by: &Rotation<CpuMatrix>) -> CpuMatrix {
        let mut out = x.values().to_vec();
        let head = x.columns / heads.max(1) * x.rows;
        for values in out.chunks_exact_mut(head.max(1)) {
            elementwise::rotate(values, by.cos.values(), by.sin.values());
        }
        CpuMatrix::new(out, x.rows, x.columns)
    }

    fn attention(
        &self,
        q: &CpuMatrix,
        k: &CpuMatrix,
        v: &CpuMatrix,
        spec: &AttentionSpec,
    ) -> CpuMatrix {
        attention::attend(q, k, v, spec)
    }

    fn gather(&self, table: &CpuMatrix, ids: &[usize]) -> CpuMatrix {
        let gathered = table.map_columns(|_, values, out| {
            out.extend(ids.iter().filter_map(|&id| values.get(id)));
        });
        debug_assert_eq!(gathered.rows, ids.len());
        gathered
    }

    fn rows(&self, x: &CpuMatrix, rows: Range<usize>) -> CpuMatrix {
        if rows == (0..x.rows) {
            return x.clone();
        }
        x.map_columns(|_, values, out| {
            out.extend_from_slice(values.get(rows.clone()).unwrap_or_default());
        })
    }

    fn concat_rows(&self, parts: &[CpuMatrix]) -> CpuMatrix {
        if let [only] = parts {
            return only.clone();
        }
        let columns = parts.first().map_or(0, |part| part.columns);
        let rows = parts.iter().map(|part| part.rows).sum();
        let columns_of = |column| parts.iter().flat_map(move |part| part.column(column));
        let mut values = Vec::with_capacity(rows * columns);
        values.extend((0..columns).flat_map(columns_of).copied());
        CpuMatrix::new(values, rows, columns)
    }

    fn concat_columns(&self, parts: &[CpuMatrix]) -> CpuMatrix {
        let rows = parts.first().map_or(0, |part| part.rows);
        let columns = parts.iter().map(|part| part.columns).sum();
        let values: Vec<&[f32]> = parts.iter().map(CpuMatrix::values).collect();
        CpuMatrix::new(values.concat(), rows, columns)
    }

    fn mean_rows(&self, x: &CpuMatrix, spans: &[[Range<usize>; 2]]) -> CpuMatrix {
        x.map_columns(|_, values, out| {
            let mean = |span: &[Range<usize>; 2]| {
                let parts = span.iter().filter_map(|rows| values.get(rows.clone()));
                let sum: f32 = parts.flatten().sum();
                sum / (span[0].len() + span[1].len()) as f32
            };
            out.extend(spans.iter().map(mean));
        })
    }

    fn mean_rows_in_f64(&self, x: &CpuMatrix, spans: &[[Range<usize>; 2]]) -> CpuMatrix {
        let mean = |span: &[Range<usize>; 2]| {
            let rows = span.iter().cloned().flatten();
            let rows: Vec<Vec<f32>> = rows.map(|row| x.row(row).collect()).collect();
            mean_in_f64(rows.iter().map(Vec::as_slice), x.columns)
        };
        let means: Vec<f32> = spans.iter().flat_map(mean).collect();
        self.matrix(means, spans.len(), x.columns)
    }

    fn normalize_rows(&self, x: &CpuMatrix) -> CpuMatrix {
        let mut out = x.values().to_vec();
        elementwise::normalize(&mut out, x.rows);
        CpuMatrix::new(out, x.rows, x.columns)
    }

    fn unit_rows(&self, x: &CpuMatrix) -> CpuMatrix {
        let mut rows = transpose(x.values(), x.columns, x.rows);
        rows.chunks_exact_mut(x.columns.max(1))
            .for_each(to_unit_length);
        self.matrix(rows, x.rows, x.columns)
    }
}
