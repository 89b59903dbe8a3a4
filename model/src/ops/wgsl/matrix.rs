//! Matrices in the device's memory.

use super::pool::Pool;
use crate::tensor::TensorType;
use std::sync::Arc;

/// Bytes of a value.
pub(super) const VALUE: u64 = size_of::<f32>() as u64;

/// A matrix of f32 on the device, row-major, or weights as they are stored. Clones share the memory,
/// which goes back to the pool with the last of them.
#[derive(Debug, Clone)]
pub struct WgslMatrix {
    storage: Arc<Storage>,
    /// Where it starts in the buffer: rows of a matrix share its memory.
    first_byte: u64,
    rows: usize,
    columns: usize,
    /// Of weights, with which rows are multiplied and nothing else is done; the memory above is that of
    /// the first block.
    weights: Option<Arc<StoredWeights>>,
}

/// Weights as they are stored, in blocks of columns that a kernel can see.
#[derive(Debug)]
pub(super) struct StoredWeights {
    pub(super) kind: TensorType,
    pub(super) blocks: Vec<WeightBlock>,
}

/// Some columns of weights.
#[derive(Debug)]
pub(super) struct WeightBlock {
    /// Values of four bytes each: a row of the matrix is as many rows of weights as one holds.
    pub(super) words: WgslMatrix,
    /// What codes are times, in the same order.
    pub(super) scales: Option<WgslMatrix>,
}

/// A buffer that belongs to somebody.
#[derive(Debug)]
struct Storage {
    buffer: wgpu::Buffer,
    pool: Arc<Pool>,
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.pool.release(&self.buffer);
    }
}

impl WgslMatrix {
    /// A matrix at the start of `buffer`.
    pub(super) fn new(pool: &Arc<Pool>, buffer: wgpu::Buffer, [rows, columns]: [usize; 2]) -> Self {
        let storage = Storage {
            buffer,
            pool: Arc::clone(pool),
        };
        Self {
            storage: Arc::new(storage),
            first_byte: 0,
            rows,
            columns,
            weights: None,
        }
    }

    /// Weights of `[inputs, outputs]`.
    pub(super) fn of_weights(weights: StoredWeights, [rows, columns]: [usize; 2]) -> Option<Self> {
        let first = weights.blocks.first()?.words.clone();
        Some(Self {
            rows,
            columns,
            weights: Some(Arc::new(weights)),
            ..first
        })
    }

    pub(super) fn weights(&self) -> Option<&StoredWeights> {
        self.weights.as_deref()
    }

    /// `rows` rows from row `first` on, in the same memory.
    pub(super) fn slice(&self, first: usize, rows: usize) -> Self {
        Self {
            storage: Arc::clone(&self.storage),
            first_byte: self.first_byte + (first * self.columns) as u64 * VALUE,
            rows,
            columns: self.columns,
            weights: None,
        }
    }

    pub(super) fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Bytes of all values.
    pub(super) fn bytes(&self) -> u64 {
        self.len() as u64 * VALUE
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.storage.buffer
    }

    pub(super) fn first_byte(&self) -> u64 {
        self.first_byte
    }

    /// The row of `other` at which this matrix starts, when both are rows of one matrix.
    pub(super) fn row_in(&self, other: &Self) -> Option<usize> {
        let together = Arc::ptr_eq(&self.storage, &other.storage)
            && self.columns == other.columns
            && self.first_byte >= other.first_byte;
        let row = (self.first_byte - other.first_byte.min(self.first_byte))
            / (self.columns as u64 * VALUE).max(1);
        together.then_some(row as usize)
    }
}
