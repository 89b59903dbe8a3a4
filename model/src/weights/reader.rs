//! Tensors of a safetensors file, one by one while its bytes arrive: no more of the file is held than the
//! tensor that is cut by the end of a piece.

use super::header::{Entry, Header, LENGTH_BYTES, format_error};
use crate::quantize::{Packing, SCALE_SUFFIX};
use crate::tensor::{Tensor, TensorType};
use core::ops::Range;
use genolewm_core::{Error, Result};
use safetensors::tensor::Dtype;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// Who takes the tensors of a file.
pub type Take<'a> = dyn FnMut(&str, Tensor<'_>) -> Result<()> + 'a;

/// Tables of which only some rows are read.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// What they are called.
    pub names: Vec<String>,
    /// The rows, in the order in which they are wanted.
    pub rows: Vec<u32>,
}

/// Reads a safetensors file from front to back.
#[derive(Debug)]
pub struct TensorReader {
    source: String,
    size: u64,
    seen: u64,
    tables: Tables,
    /// Length and header, until they are whole.
    beginning: Vec<u8>,
    /// What lies ahead, once the header was read.
    ahead: Option<VecDeque<Part>>,
    /// Packed tensors without their scales, and scales without their tensor, by the tensor's name.
    halves: BTreeMap<String, (Part, Vec<u8>)>,
}

/// A tensor that is read.
#[derive(Debug)]
struct Part {
    entry: Entry,
    role: Role,
    /// The bytes of it that are kept, in order; all of them unless it is a table.
    kept: Vec<Range<usize>>,
    /// Its bytes that have passed.
    passed: usize,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain(TensorType),
    Codes,
    Scales,
}

impl TensorReader {
    /// A reader of a file of `size` bytes that is called `source` in errors.
    #[must_use]
    pub fn new(source: &str, size: u64, tables: Tables) -> Self {
        Self {
            source: source.to_owned(),
            size,
            seen: 0,
            tables,
            beginning: Vec::new(),
            ahead: None,
            halves: BTreeMap::new(),
        }
    }

    /// What the file is called in errors.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Takes the next bytes of the file, and hands on every tensor that they complete.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` for what is no safetensors file, and for a type other than f32, f16 or bf16,
    /// or i8 or u8 with the scales of [`crate::quantize`]; what `take` returns.
    pub fn push(&mut self, piece: &[u8], take: &mut Take<'_>) -> Result<()> {
        self.seen += piece.len() as u64;
        if self.seen > self.size {
            return Err(self.fault("the file is longer than it was"));
        }
        let mut piece = self.begin(piece)?;
        let Some(mut ahead) = self.ahead.take() else {
            return Ok(());
        };
        while let Some(mut part) = ahead.pop_front() {
            let count = piece.len().min(part.entry.bytes - part.passed);
            let (now, rest) = piece.split_at(count);
            piece = rest;
            let whole = part.passed == 0 && count == part.entry.bytes;
            if whole && part.is_kept_whole() {
                self.complete(part, Cow::Borrowed(now), take)?;
                continue;
            }
            part.keep(now);
            if part.passed < part.entry.bytes {
                ahead.push_front(part);
                break;
            }
            let bytes = core::mem::take(&mut part.bytes);
            self.complete(part, Cow::Owned(bytes), take)?;
        }
        self.ahead = Some(ahead);
        Ok(())
    }

    /// Checks that the file was all there.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when it was not.
    pub fn finish(&self) -> Result<()> {
        match self.seen == self.size && self.ahead.as_ref().is_some_and(VecDeque::is_empty) {
            true => Ok(()),
            false if self.size < LENGTH_BYTES as u64 => {
                Err(self.fault("not a safetensors file: it has no header"))
            }
            false => Err(self.fault("the file ended before its size was reached")),
        }
    }

    /// Reads the header, and returns what of the piece lies behind it.
    fn begin<'p>(&mut self, mut piece: &'p [u8]) -> Result<&'p [u8]> {
        if self.ahead.is_some() {
            return Ok(piece);
        }
        let mut fill = |beginning: &mut Vec<u8>, length: usize| {
            let missing = length.saturating_sub(beginning.len()).min(piece.len());
            let (now, rest) = piece.split_at(missing);
            beginning.extend_from_slice(now);
            piece = rest;
            beginning.len() >= length
        };
        if !fill(&mut self.beginning, LENGTH_BYTES) {
            return Ok(&[]);
        }
        let Some(&length) = self.beginning.first_chunk::<LENGTH_BYTES>() else {
            return Ok(&[]);
        };
        let length = LENGTH_BYTES + Header::length(length, self.size, &self.source)?;
        if fill(&mut self.beginning, length) {
            let header = core::mem::take(&mut self.beginning);
            let data_bytes = self.size - length as u64;
            let header = Header::parse(&header[LENGTH_BYTES..], data_bytes, &self.source)?;
            self.ahead = Some(self.parts(header.entries)?);
        }
        Ok(piece)
    }

    /// What is to be done with each tensor, all that the header says of it checked.
    fn parts(&self, entries: Vec<Entry>) -> Result<VecDeque<Part>> {
        let known: BTreeMap<&str, &Entry> = entries
            .iter()
            .map(|entry| (entry.name.as_str(), entry))
            .collect();
        entries
            .iter()
            .map(|entry| self.part(entry, &known))
            .collect()
    }

    fn part(&self, entry: &Entry, known: &BTreeMap<&str, &Entry>) -> Result<Part> {
        let scaled = entry.name.strip_suffix(SCALE_SUFFIX);
        let scaled = scaled.and_then(|name| packing(known.get(name)?.dtype));
        let role = match (scaled, packing(entry.dtype)) {
            (Some(_), _) => Role::Scales,
            (None, Some(packing)) => {
                self.check_scales(entry, packing, known)?;
                Role::Codes
            }
            (None, None) => Role::Plain(self.plain(entry)?),
        };
        let kept = match self.is_table(&entry.name) {
            true => self.kept(entry)?,
            false => core::iter::once(0..entry.bytes).collect(),
        };
        Ok(Part {
            entry: entry.clone(),
            role,
            kept,
            passed: 0,
            bytes: Vec::new(),
        })
    }

    fn plain(&self, entry: &Entry) -> Result<TensorType> {
        match entry.dtype {
            Dtype::F32 => Ok(TensorType::F32),
            Dtype::F16 => Ok(TensorType::F16),
            Dtype::BF16 => Ok(TensorType::Bf16),
            other => Err(self
                .fault(&format!("tensor {} has type {other:?}", entry.name))
                .with_remedy("weights are read as F32, F16 or BF16, and as I8 or U8 with scales")),
        }
    }

    /// Checks that a packed tensor has its scales.
    fn check_scales(
        &self,
        entry: &Entry,
        packing: Packing,
        known: &BTreeMap<&str, &Entry>,
    ) -> Result<()> {
        let [count, row_bytes] = self.matrix(entry)?;
        if entry.bytes == 0 {
            return Err(self.fault(&format!(
                "tensor {} is packed and holds nothing",
                entry.name
            )));
        }
        let scale_name = format!("{}{SCALE_SUFFIX}", entry.name);
        let scales = known
            .get(scale_name.as_str())
            .ok_or_else(|| self.fault(&format!("tensor {scale_name} is missing")))?;
        let row_scales = packing.row_scales(packing.columns(row_bytes));
        let (dtype, shape) = match packing {
            Packing::Int8 => (Dtype::F32, vec![count]),
            Packing::Int4 => (Dtype::F16, vec![count, row_scales]),
        };
        if scales.dtype == dtype && scales.shape == shape {
            return Ok(());
        }
        let (found, is) = (&scales.shape, scales.dtype);
        Err(self.fault(&format!(
            "tensor {scale_name} is {is:?} {found:?}, expected {dtype:?} {shape:?}"
        )))
    }

    fn matrix(&self, entry: &Entry) -> Result<[usize; 2]> {
        entry.shape.as_slice().try_into().map_err(|_| {
            let (name, shape) = (&entry.name, &entry.shape);
            self.fault(&format!(
                "tensor {name} has shape {shape:?}, not 2 dimensions"
            ))
        })
    }

    /// Where the wanted rows of a table lie, neighbours as one.
    fn kept(&self, entry: &Entry) -> Result<Vec<Range<usize>>> {
        let [count, _] = self.matrix(entry)?;
        let row_bytes = entry.bytes / count.max(1);
        let mut kept: Vec<Range<usize>> = Vec::new();
        for row in self.sorted_rows() {
            if row >= count {
                return Err(self
                    .fault(&format!("tensor {} has no row {row}", entry.name))
                    .with_remedy("tokenizer and weights belong to different encoders"));
            }
            let bytes = row * row_bytes..(row + 1) * row_bytes;
            match kept.last_mut() {
                Some(last) if last.end == bytes.start => last.end = bytes.end,
                _ => kept.push(bytes),
            }
        }
        Ok(kept)
    }

    fn sorted_rows(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = self.tables.rows.iter().map(|&row| row as usize).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// Makes a tensor of what was kept, once its scales are there too.
    fn complete(&mut self, part: Part, bytes: Cow<'_, [u8]>, take: &mut Take<'_>) -> Result<()> {
        let name = match part.role {
            Role::Scales => {
                part.entry.name[..part.entry.name.len() - SCALE_SUFFIX.len()].to_owned()
            }
            _ => part.entry.name.clone(),
        };
        if let Role::Plain(kind) = part.role {
            let shape = self.shape_of(&part.entry.name, part.entry.shape);
            let tensor = Tensor::new(kind, shape, bytes, Vec::new());
            return self.hand_on(&name, tensor, take);
        }
        let Some(other) = self.halves.remove(&name) else {
            self.halves.insert(name, (part, bytes.into_owned()));
            return Ok(());
        };
        let this = (part, bytes.into_owned());
        let (codes, scales) = match this.0.role {
            Role::Scales => (other, this),
            _ => (this, other),
        };
        let tensor = self.packed(codes, scales)?;
        self.hand_on(&name, tensor, take)
    }

    /// The shape of what was kept of a tensor.
    fn shape_of(&self, name: &str, mut shape: Vec<usize>) -> Vec<usize> {
        if self.is_table(name) {
            shape[0] = self.sorted_rows().len();
        }
        shape
    }

    fn is_table(&self, name: &str) -> bool {
        self.tables.names.iter().any(|table| table == name)
    }

    fn packed(
        &self,
        (codes, bytes): (Part, Vec<u8>),
        (scales, scale_bytes): (Part, Vec<u8>),
    ) -> Result<Option<Tensor<'static>>> {
        let Some(packing) = packing(codes.entry.dtype) else {
            return Ok(None);
        };
        let [count, row_bytes] = self.matrix(&codes.entry)?;
        let kind = match packing {
            Packing::Int8 => TensorType::F32,
            Packing::Int4 => TensorType::F16,
        };
        let columns = packing.columns(row_bytes);
        let row_scales = packing.row_scales(columns);
        let all = Tensor::new(kind, vec![count, row_scales], scale_bytes, Vec::new());
        let values = all.map(|all| all.to_f32()).unwrap_or_default();
        if !values
            .iter()
            .all(|scale| scale.is_finite() && *scale >= 0.0)
        {
            return Err(self.fault(&format!(
                "tensor {} holds what is no scale",
                scales.entry.name
            )));
        }
        let shape = self.shape_of(&codes.entry.name, vec![count, columns]);
        let values = match shape[0] == count {
            true => values,
            false => self
                .sorted_rows()
                .into_iter()
                .flat_map(|row| {
                    values[row * row_scales..(row + 1) * row_scales]
                        .iter()
                        .copied()
                })
                .collect(),
        };
        Ok(Tensor::new(
            TensorType::Packed(packing),
            shape,
            bytes,
            values,
        ))
    }

    /// What a file of weights holds must be numbers to count with; rows of a table are handed on in the order
    /// in which they are wanted.
    fn hand_on(&self, name: &str, tensor: Option<Tensor<'_>>, take: &mut Take<'_>) -> Result<()> {
        let misshapen = || self.fault(&format!("tensor {name} is not of its size"));
        let tensor = tensor.ok_or_else(misshapen)?;
        if tensor.bytes().is_empty() {
            return Err(self.fault(&format!("tensor {name} holds nothing")));
        }
        if let Some((place, value)) = tensor.first_not_finite() {
            return Err(self
                .fault(&format!("tensor {name} holds what is no finite number"))
                .with_detail("place", place)
                .with_detail("value", value)
                .with_remedy(
                    "fetch the model again; a training run that failed leaves such weights",
                ));
        }
        if !self.is_table(name) {
            return take(name, tensor);
        }
        let sorted = self.sorted_rows();
        let place = |&row: &u32| sorted.binary_search(&(row as usize)).unwrap_or_default();
        let order: Vec<usize> = self.tables.rows.iter().map(place).collect();
        take(name, tensor.rows(&order).ok_or_else(misshapen)?)
    }

    fn fault(&self, message: &str) -> Error {
        format_error(&self.source, message)
    }
}

impl Part {
    fn is_kept_whole(&self) -> bool {
        matches!(self.kept.as_slice(), [all] if *all == (0..self.entry.bytes))
    }

    /// Keeps what is wanted of the next bytes.
    fn keep(&mut self, now: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.bytes
                .reserve_exact(self.kept.iter().map(|range| range.len()).sum());
        }
        let here = self.passed..self.passed + now.len();
        for range in &self.kept {
            let (start, end) = (range.start.max(here.start), range.end.min(here.end));
            if start < end {
                self.bytes
                    .extend_from_slice(&now[start - here.start..end - here.start]);
            }
        }
        self.passed = here.end;
    }
}

fn packing(dtype: Dtype) -> Option<Packing> {
    match dtype {
        Dtype::I8 => Some(Packing::Int8),
        Dtype::U8 => Some(Packing::Int4),
        _ => None,
    }
}
