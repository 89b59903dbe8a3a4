//! Matrices in memory, one column after another.

use super::projection::Projection;
use std::fmt;
use std::sync::Arc;

/// A matrix of `[rows, columns]` in memory; copies share it.
#[derive(Debug, Clone)]
pub struct CpuMatrix {
    pub(super) values: Values,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

#[derive(Clone)]
pub(super) enum Values {
    /// One column after another.
    Columns(Arc<Vec<f32>>),
    /// Weights that rows are multiplied with, and that nothing else is done with.
    Packed(Arc<Projection>),
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Columns(_) => "Columns",
            Self::Packed(_) => "Packed",
        })
    }
}

impl CpuMatrix {
    pub(super) fn new(values: Vec<f32>, rows: usize, columns: usize) -> Self {
        debug_assert_eq!(values.len(), rows * columns);
        Self {
            values: Values::Columns(Arc::new(values)),
            rows,
            columns,
        }
    }

    /// All values, one column after another; none of packed weights, which are never read.
    pub(super) fn values(&self) -> &[f32] {
        match &self.values {
            Values::Columns(values) => values,
            Values::Packed(_) => &[],
        }
    }

    pub(super) fn column(&self, column: usize) -> &[f32] {
        self.values()
            .get(column * self.rows..(column + 1) * self.rows)
            .unwrap_or_default()
    }

    pub(super) fn each_column(&self) -> impl Iterator<Item = &[f32]> {
        self.values().chunks_exact(self.rows.max(1))
    }

    /// The same values in their own memory: those of the matrix itself where nobody shares them.
    pub(super) fn into_values(self) -> Vec<f32> {
        match self.values {
            Values::Columns(values) => Arc::unwrap_or_clone(values),
            Values::Packed(_) => Vec::new(),
        }
    }

    /// The same, changed column by column.
    pub(super) fn map_columns(&self, mut change: impl FnMut(usize, &[f32], &mut Vec<f32>)) -> Self {
        let mut values = Vec::with_capacity(self.values().len());
        for (index, column) in self.each_column().enumerate() {
            change(index, column, &mut values);
        }
        let rows = values.len().checked_div(self.columns).unwrap_or(0);
        Self::new(values, rows, self.columns)
    }

    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = f32> {
        self.values()
            .iter()
            .skip(row)
            .step_by(self.rows.max(1))
            .copied()
    }
}
