//! The tensor operations that the layers are written over.
//!
//! Everything is a matrix of `[rows, columns]` in f32; a vector is a matrix of one row. Batches are
//! ragged: rows of all sequences lie one after another, and [`AttentionSpec`] says which rows see
//! which. [`CpuOps`] runs on the processor; `BurnOps`, behind the feature `burn`, on burn's devices (CUDA,
//! training); `WgslOps`, behind the feature `wgpu`, runs WGSL on a GPU.

mod precision;
mod cpu;
#[cfg(feature = "burn")]
mod burn_ops;
#[cfg(feature = "wgpu")]
pub mod wgsl;
#[cfg(feature = "native")]
mod native;

#[cfg(feature = "burn")]
pub use burn_ops::{BurnMatrix, BurnOps};
pub use cpu::{CpuMatrix, CpuOps};
#[cfg(feature = "native")]
pub use native::NativeOps;
pub use precision::Precision;
#[cfg(feature = "wgpu")]
pub use wgsl::WgslOps;

use crate::tensor::Tensor;
use core::future::Future;
use core::ops::Range;
use genolewm_core::{Error, Result};

/// A weight matrix of `[inputs, outputs]`, as it is multiplied from the right, and its bias.
#[derive(Debug, Clone)]
pub struct Linear<M> {
    /// `[inputs, outputs]`.
    pub weight: M,
    /// `[1, outputs]`.
    pub bias: Option<M>,
}

/// Scale and shift of a layer norm, each `[1, width]`.
#[derive(Debug, Clone)]
pub struct LayerNorm<M> {
    /// Scale.
    pub weight: M,
    /// Shift.
    pub bias: M,
    /// Added to the variance.
    pub eps: f64,
}

/// Which keys a segment's queries see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// Every key.
    Full,
    /// Query `i` of the segment sees keys `0..=first_visible + i` of the segment's keys.
    Causal {
        /// Number of keys before the first query's own.
        first_visible: usize,
    },
    /// Key `j` is seen when `visible[j]`.
    Keys(Vec<bool>),
    /// Query `i` sees key `j` when `visible[i * keys + j]`.
    Pairs(Vec<bool>),
}

/// One sequence of a ragged attention call.
#[derive(Debug, Clone)]
pub struct AttentionSegment {
    /// Rows of the query matrix.
    pub queries: Range<usize>,
    /// Rows of the key and value matrices: a shared prefix (may be empty), then the sequence's own.
    pub keys: [Range<usize>; 2],
    /// Which of these keys each query sees.
    pub mask: Mask,
}

impl AttentionSegment {
    /// Number of keys in both ranges.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys[0].len() + self.keys[1].len()
    }
}

/// A ragged attention call. Scores are scaled by `1 / sqrt(head_width)`.
#[derive(Debug, Clone)]
pub struct AttentionSpec {
    /// Query heads; query columns are `heads * head_width`.
    pub heads: usize,
    /// Key and value heads; query heads share them in equal groups.
    pub kv_heads: usize,
    /// Columns of one head.
    pub head_width: usize,
    /// Sequences, in row order; together they cover every query row.
    pub segments: Vec<AttentionSegment>,
}

/// A masked score, far below any real one and still finite: where a query sees no key at all, its
/// weights are equal and not NaN.
const MASKED: f32 = -1e30;

/// Cosines and sines of a rotary embedding, `[rows, head_width / 2]` each, one row for each row of
/// the matrix that is turned.
#[derive(Debug, Clone)]
pub struct Rotation<M> {
    /// Cosines.
    pub cos: M,
    /// Sines.
    pub sin: M,
}

/// Turns `[rows, columns]` into `[columns, rows]`, in blocks that stay in the first-level cache.
#[must_use]
pub fn transpose<T: Copy + Default>(values: &[T], rows: usize, columns: usize) -> Vec<T> {
    const BLOCK: usize = 32;
    let mut turned = vec![T::default(); values.len()];
    for row_block in (0..rows).step_by(BLOCK) {
        for column_block in (0..columns).step_by(BLOCK) {
            for row in row_block..(row_block + BLOCK).min(rows) {
                for column in column_block..(column_block + BLOCK).min(columns) {
                    turned[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    turned
}

/// Checks what a network gave.
pub(crate) fn check_finite(values: &[f32]) -> Result<()> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(not_finite()),
    }
}

/// What the network is said to have done when it gave infinity or NaN.
pub(crate) fn not_finite() -> Error {
    Error::invariant("the model gave a number that is not finite").with_remedy(
        "run `genolewm doctor`, and score again on the processor (backend cpu); if it fails there \
         too, the weights are unfit",
    )
}

/// The operations. Shapes are `[rows, columns]`; implementations may assume that they fit, since
/// weights are checked when they are loaded and rows are counted by the layers.
pub trait Ops: Clone {
    /// A matrix on this backend's device.
    type Matrix: Clone;

    /// What the backend calls itself in receipts: `cpu`, `cuda`, `webgpu`.
    fn backend(&self) -> &str;
    /// Values of the largest matrix that a pass over a batch should make; a batch that needs more
    /// is run in several passes.
    fn most_values(&self) -> usize;
    /// Uploads `rows * columns` values in row-major order.
    fn matrix(&self, values: Vec<f32>, rows: usize, columns: usize) -> Self::Matrix;
    /// Uploads weights that rows are multiplied with from the right, and nothing else: stored
    /// `[outputs, inputs]` as PyTorch does, the matrix is `[inputs, outputs]`.
    fn projection(&self, values: Vec<f32>, inputs: usize, outputs: usize) -> Self::Matrix {
        self.matrix(transpose(&values, outputs, inputs), inputs, outputs)
    }
    /// The same of a matrix as its file stores it, which a backend may keep so and widen in the product.
    fn stored_projection(
        &self,
        weights: &Tensor<'_>,
        inputs: usize,
        outputs: usize,
    ) -> Self::Matrix {
        self.projection(weights.to_f32(), inputs, outputs)
    }
    /// The same for networks whose small differences count: projections that are uploaded by it stay
    /// in f32, whatever those of an encoder are kept in.
    fn exact(&self) -> Self {
        self.clone()
    }
    /// How far answers to the self-check may be off, relative to them.
    fn tolerance(&self) -> f64 {
        1e-3
    }
    /// Copies a matrix from the device in row-major order, whatever it holds.
    fn download(&self, x: &Self::Matrix) -> impl Future<Output = Result<Vec<f32>>>;
    /// Reads a matrix back: states, predictions and logits, which are finite or an error
    /// (`INTERNAL.INVARIANT_VIOLATION`) and never a score.
    fn read(&self, x: &Self::Matrix) -> impl Future<Output = Result<Vec<f32>>> {
        async move {
            let values = self.download(x).await?;
            check_finite(&values)?;
            Ok(values)
        }
    }
    /// `[rows, columns]`.
    fn shape(&self, x: &Self::Matrix) -> [usize; 2];

    /// `x · weight + bias`.
    fn linear(&self, x: &Self::Matrix, layer: &Linear<Self::Matrix>) -> Self::Matrix;
    /// Elementwise sum of equal shapes.
    fn add(&self, a: &Self::Matrix, b: &Self::Matrix) -> Self::Matrix;
    /// Adds the single row `row` to every row of `x`.
    fn add_row(&self, x: &Self::Matrix, row: &Self::Matrix) -> Self::Matrix;
    /// Multiplies row `i` by `factors[i]`.
    fn scale_rows(&self, x: &Self::Matrix, factors: &[f32]) -> Self::Matrix;
    /// `x / sqrt(mean(x²) + eps) · weight`, a row at a time.
    fn rms_norm(&self, x: &Self::Matrix, weight: &Self::Matrix, eps: f64) -> Self::Matrix;
    /// `(x − mean) / sqrt(var + eps) · weight + bias`, a row at a time.
    fn layer_norm(&self, x: &Self::Matrix, norm: &LayerNorm<Self::Matrix>) -> Self::Matrix;
    /// `silu(gate) · up`, elementwise.
    fn silu_gate(&self, gate: &Self::Matrix, up: &Self::Matrix) -> Self::Matrix;
    /// Exact GELU, elementwise.
    fn gelu(&self, x: &Self::Matrix) -> Self::Matrix;
    /// Rotary embedding of every head (columns are `heads * head_width`), Hugging Face's
    /// half-rotation: column `i` pairs with column `i + head_width / 2`.
    fn rotate(&self, x: &Self::Matrix, heads: usize, by: &Rotation<Self::Matrix>) -> Self::Matrix;
    /// Softmax attention.
    fn attention(
        &self,
        q: &Self::Matrix,
        k: &Self::Matrix,
        v: &Self::Matrix,
        spec: &AttentionSpec,
    ) -> Self::Matrix;

    /// Row `ids[i]` of `table` becomes row `i`.
    fn gather(&self, table: &Self::Matrix, ids: &[usize]) -> Self::Matrix;
    /// Rows `rows` of `x`.
    fn rows(&self, x: &Self::Matrix, rows: Range<usize>) -> Self::Matrix;
    /// All rows of `parts`, one after another.
    fn concat_rows(&self, parts: &[Self::Matrix]) -> Self::Matrix;
    /// All columns of `parts`, side by side.
    fn concat_columns(&self, parts: &[Self::Matrix]) -> Self::Matrix;
    /// Row `i` is the mean of the rows of `x` in both ranges of `spans[i]`, not both empty.
    fn mean_rows(&self, x: &Self::Matrix, spans: &[[Range<usize>; 2]]) -> Self::Matrix;
    /// As [`mean_rows`](Self::mean_rows), with sums in f64 or, on a device without it, in f32 with
    /// the rest of each sum carried along.
    fn mean_rows_in_f64(&self, x: &Self::Matrix, spans: &[[Range<usize>; 2]]) -> Self::Matrix;
    /// Each row divided by its L2 norm (at least 1e-12).
    fn normalize_rows(&self, x: &Self::Matrix) -> Self::Matrix;
    /// Each row divided by its L2 norm, computed in f64 where the device has it. A row of zeros stays
    /// one.
    fn unit_rows(&self, x: &Self::Matrix) -> Self::Matrix {
        self.normalize_rows(x)
    }
}
