//! Weights by name from safetensors files, strictly: a missing, surplus or misshapen tensor is an
//! error that names it. Packed weights are widened when they are read, by their scales.

mod header;
mod reader;

use crate::ops::{LayerNorm, Linear, Ops};
use crate::tensor::Tensor;
use genolewm_core::{Error, Result};
use header::Header;
pub(crate) use header::{format_error, misshapen};
pub use reader::{Tables, Take, TensorReader};
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
    /// f16 or bf16, or i8 or u8 with the scales of [`crate::quantize`].
    pub fn parse(bytes: &[u8], source: &str, keep: impl Fn(&str) -> bool) -> Result<Self> {
        Self::of_file(bytes, source, Tables::default(), keep)
    }

    /// As [`Self::parse`], but of the tensors named in `tables` only the given rows are read: a
    /// vocabulary of 155,776 rows of which DNA needs 4,099 stays on disk.
    ///
    /// # Errors
    /// As [`Self::parse`], and when a table has no such row.
    pub fn parse_rows(bytes: &[u8], source: &str, tables: &[&str], rows: &[u32]) -> Result<Self> {
        let names = tables.iter().map(|&name| name.to_owned()).collect();
        let rows = rows.to_vec();
        Self::of_file(bytes, source, Tables { names, rows }, |_| true)
    }

    fn of_file(
        bytes: &[u8],
        source: &str,
        tables: Tables,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let mut weights = Self::from_tensors(source, BTreeMap::new());
        let mut reader = TensorReader::new(source, bytes.len() as u64, tables);
        reader.push(bytes, &mut |name, tensor| match keep(name) {
            true => weights.add(name, &tensor),
            false => Ok(()),
        })?;
        reader.finish()?;
        Ok(weights)
    }

    /// What a safetensors file says of itself beside its tensors (`__metadata__`).
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when the bytes are not safetensors.
    pub fn about(bytes: &[u8], source: &str) -> Result<BTreeMap<String, String>> {
        Ok(Header::read(bytes, source)?.about)
    }

    /// Adds a tensor.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when there is one of that name.
    pub fn add(&mut self, name: &str, tensor: &Tensor<'_>) -> Result<()> {
        let (shape, values) = (tensor.shape().to_vec(), tensor.to_f32());
        let named = NamedTensor { shape, values };
        match self.tensors.insert(name.to_owned(), named) {
            None => Ok(()),
            Some(_) => Err(self.twice(name)),
        }
    }

    /// Weights that were made in memory.
    #[must_use]
    pub fn from_tensors(source: &str, tensors: BTreeMap<String, NamedTensor>) -> Self {
        Self {
            source: source.to_owned(),
            tensors,
        }
    }

    /// What the file is called in errors.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All tensors that have not been taken.
    #[must_use]
    pub fn into_tensors(self) -> BTreeMap<String, NamedTensor> {
        self.tensors
    }

    /// Adds the tensors of another shard.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when both shards hold a tensor of one name.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        for (name, tensor) in other.tensors {
            if self.tensors.insert(name.clone(), tensor).is_some() {
                return Err(self.twice(&name));
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
            self.fault(&format!(
                "tensor {name} has shape {shape:?}, not {N} dimensions"
            ))
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
            return Err(misshapen(&self.source, name, &tensor.shape, shape));
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
        Ok(ops.projection(self.take(name, &[outputs, inputs])?, inputs, outputs))
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
            bias: bias
                .then(|| self.row(ops, &format!("{prefix}.bias"), outputs))
                .transpose()?,
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
            Some(name) => Err(self
                .fault(&format!("unexpected tensor {name}"))
                .with_detail("surplus_tensors", self.tensors.len())),
        }
    }

    fn twice(&self, name: &str) -> Error {
        self.fault(&format!("tensor {name} is in two shards"))
    }

    fn missing(&self, name: &str) -> Error {
        self.fault(&format!("tensor {name} is missing"))
    }

    fn fault(&self, message: &str) -> Error {
        format_error(&self.source, message)
    }
}
