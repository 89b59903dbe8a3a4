//! Weights by name from safetensors files, strictly: a missing, surplus or misshapen tensor is an
//! error that names it.

use crate::ops::{LayerNorm, Linear, Ops};
use genolewm_shared::{Error, ErrorCode, Result};
use half::{bf16, f16};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;

/// One named tensor, widened to f32.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f32>,
}

/// Named tensors that are taken one by one; what is left at the end was not expected.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// What the file is called in errors.
    source: String,
    tensors: BTreeMap<String, NamedTensor>,
}

impl Weights {
    /// Reads every tensor of one safetensors file that `keep` accepts.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when the bytes are not safetensors or hold a type other than f32,
    /// f16 or bf16.
    pub fn parse(bytes: &[u8], source: &str, keep: impl Fn(&str) -> bool) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| format_error(source, &format!("not a safetensors file: {error}")))?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            if keep(name) {
                tensors.insert(name.to_owned(), widen(source, name, &view)?);
            }
        }
        Ok(Self {
            source: source.to_owned(),
            tensors,
        })
    }

    /// As [`Self::parse`], but of the tensors named in `tables` only the given rows are widened: a
    /// vocabulary of 155,776 rows of which DNA needs 4,099 stays on disk.
    ///
    /// # Errors
    /// As [`Self::parse`], and when a table has no such row.
    pub fn parse_rows(bytes: &[u8], source: &str, tables: &[&str], rows: &[u32]) -> Result<Self> {
        let mut weights = Self::parse(bytes, source, |name| !tables.contains(&name))?;
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| format_error(source, &format!("not a safetensors file: {error}")))?;
        for &name in tables {
            if let Ok(view) = file.tensor(name) {
                weights
                    .tensors
                    .insert(name.to_owned(), widen_rows(source, name, &view, rows)?);
            }
        }
        Ok(weights)
    }

    /// Weights that were made in memory.
    #[must_use]
    pub fn from_tensors(source: &str, tensors: BTreeMap<String, NamedTensor>) -> Self {
        Self {
            source: source.to_owned(),
            tensors,
        }
    }

    /// Adds the tensors of another shard.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when both shards hold a tensor of one name.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        for (name, tensor) in other.tensors {
            if self.tensors.insert(name.clone(), tensor).is_some() {
                return Err(format_error(
                    &self.source,
                    &format!("tensor {name} is in two shards"),
                ));
            }
        }
        Ok(())
    }

    /// The sizes of a tensor, or `None` when there is none of that name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| tensor.shape.as_slice())
    }

    /// The names of all tensors that have not been taken.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The sizes of a tensor of `N` dimensions.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when it is missing or has another number of dimensions.
    pub fn dims<const N: usize>(&self, name: &str) -> Result<[usize; N]> {
        let shape = self.shape(name).ok_or_else(|| self.missing(name))?;
        shape.try_into().map_err(|_| {
            format_error(
                &self.source,
                &format!("tensor {name} has shape {shape:?}, not {N} dimensions"),
            )
        })
    }

    /// Takes a tensor and checks its sizes.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when it is missing or has another shape.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self
            .tensors
            .remove(name)
            .ok_or_else(|| self.missing(name))?;
        if tensor.shape != shape {
            return Err(format_error(
                &self.source,
                &format!(
                    "tensor {name} has shape {:?}, expected {shape:?}",
                    tensor.shape
                ),
            )
            .with_remedy(
                "the weights belong to another architecture: check the config beside them",
            ));
        }
        Ok(tensor.values)
    }

    /// Takes `name` as a matrix of `[rows, columns]`.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn matrix<O: Ops>(
        &mut self,
        ops: &O,
        name: &str,
        [rows, columns]: [usize; 2],
    ) -> Result<O::Matrix> {
        Ok(ops.matrix(self.take(name, &[rows, columns])?, rows, columns))
    }

    /// Takes the vector `name` as a matrix of one row.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn row<O: Ops>(&mut self, ops: &O, name: &str, width: usize) -> Result<O::Matrix> {
        Ok(ops.matrix(self.take(name, &[width])?, 1, width))
    }

    /// Takes `name`, stored `[outputs, inputs]` as PyTorch does, for multiplication from the right.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn projection<O: Ops>(
        &mut self,
        ops: &O,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<O::Matrix> {
        let values = self.take(name, &[outputs, inputs])?;
        Ok(ops.matrix(transpose(&values, outputs, inputs), inputs, outputs))
    }

    /// Takes `prefix.weight` and, where `bias` says so, `prefix.bias`.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn linear<O: Ops>(
        &mut self,
        ops: &O,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        bias: bool,
    ) -> Result<Linear<O::Matrix>> {
        Ok(Linear {
            weight: self.projection(ops, &format!("{prefix}.weight"), inputs, outputs)?,
            bias: if bias {
                Some(self.row(ops, &format!("{prefix}.bias"), outputs)?)
            } else {
                None
            },
        })
    }

    /// Takes `prefix.weight` and `prefix.bias` of a layer norm with eps 1e-5.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn layer_norm<O: Ops>(
        &mut self,
        ops: &O,
        prefix: &str,
        width: usize,
    ) -> Result<LayerNorm<O::Matrix>> {
        Ok(LayerNorm {
            weight: self.row(ops, &format!("{prefix}.weight"), width)?,
            bias: self.row(ops, &format!("{prefix}.bias"), width)?,
            eps: 1e-5,
        })
    }

    /// Checks that every tensor was taken.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT`, naming the first that was not.
    pub fn finish(self) -> Result<()> {
        match self.tensors.keys().next() {
            None => Ok(()),
            Some(name) => Err(
                format_error(&self.source, &format!("unexpected tensor {name}"))
                    .with_detail("surplus_tensors", self.tensors.len()),
            ),
        }
    }

    fn missing(&self, name: &str) -> Error {
        format_error(&self.source, &format!("tensor {name} is missing"))
    }
}

/// Turns `[rows, columns]` into `[columns, rows]`, in blocks that stay in the first-level cache.
#[must_use]
pub fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const BLOCK: usize = 32;
    let mut turned = vec![0.0; values.len()];
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

fn widen(source: &str, name: &str, view: &TensorView<'_>) -> Result<NamedTensor> {
    let values = widen_bytes(source, name, view.dtype(), view.data())?;
    Ok(NamedTensor {
        shape: view.shape().to_vec(),
        values,
    })
}

fn widen_rows(
    source: &str,
    name: &str,
    view: &TensorView<'_>,
    rows: &[u32],
) -> Result<NamedTensor> {
    let &[count, width] = view.shape() else {
        return Err(format_error(
            source,
            &format!(
                "tensor {name} has shape {:?}, not 2 dimensions",
                view.shape()
            ),
        ));
    };
    let bytes_per_row = view.data().len() / count.max(1);
    let mut values = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        let start = row as usize * bytes_per_row;
        let bytes = view
            .data()
            .get(start..start + bytes_per_row)
            .ok_or_else(|| {
                format_error(source, &format!("tensor {name} has no row {row}"))
                    .with_remedy("tokenizer and weights belong to different encoders")
            })?;
        values.extend(widen_bytes(source, name, view.dtype(), bytes)?);
    }
    Ok(NamedTensor {
        shape: vec![rows.len(), width],
        values,
    })
}

fn widen_bytes(source: &str, name: &str, dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>> {
    Ok(match dtype {
        Dtype::F32 => words::<4>(bytes).map(f32::from_le_bytes).collect(),
        Dtype::F16 => words::<2>(bytes)
            .map(|b| f16::from_le_bytes(b).to_f32())
            .collect(),
        Dtype::BF16 => words::<2>(bytes)
            .map(|b| bf16::from_le_bytes(b).to_f32())
            .collect(),
        other => {
            return Err(
                format_error(source, &format!("tensor {name} has type {other:?}"))
                    .with_remedy("weights are read as F32, F16 or BF16"),
            );
        }
    })
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

fn format_error(source: &str, message: &str) -> Error {
    Error::new(
        ErrorCode::DeployExportFormat,
        format!("{source}: {message}"),
    )
}
