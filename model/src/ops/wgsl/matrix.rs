//! Matrices in the device's memory.

use super::pool::Pool;
use std::sync::Arc;

/// Bytes of a value.
pub(super) const VALUE: u64 = size_of::<f32>() as u64;

/// A matrix of f32 on the device, row-major. Clones share the memory, which goes back to the pool
/// with the last of them.
#[derive(Debug, Clone)]
pub struct WgslMatrix {
    storage: Arc<Storage>,
    /// Where it starts in the buffer: rows of a matrix share its memory.
    first_byte: u64,
    rows: usize,
    columns: usize,
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
        }
    }

    /// `rows` rows from row `first` on, in the same memory.
    pub(super) fn slice(&self, first: usize, rows: usize) -> Self {
        Self {
            storage: Arc::clone(&self.storage),
            first_byte: self.first_byte + (first * self.columns) as u64 * VALUE,
            rows,
            columns: self.columns,
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
