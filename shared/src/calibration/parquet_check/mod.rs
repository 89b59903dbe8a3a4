//! The headers of Parquet files, looked at before anything is decoded.
//!
//! By hand: the crate `parquet` trusts what a header says. It sets aside the size that a page
//! announces and a place for each value that a dictionary announces, descends as deep as a schema is
//! nested, and some of its decoders take a number of values from the page itself. A file of some
//! hundred bytes could so ask for gigabytes, or end the program. This walk over the headers refuses
//! what would take more than the file may.

mod thrift;

use crate::limits::{
    MAX_NESTING, MAX_PAGES_BYTES, MAX_PAGES_FOLD, MAX_PARQUET_FOOTER_BYTES,
    MAX_PARQUET_NAMES_BYTES, MAX_PARQUET_SCHEMA,
};
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, SerializedFileReader};
use std::io::{BufReader, Read};
use std::vec::Vec;
pub use thrift::Checked;
use thrift::{BINARY, Compact, LIST, STRUCT, wrong};

/// Bytes of a value beside what it points to, in the widest case.
const VALUE_BYTES: u64 = 32;
/// Longest header of a page: it may repeat two values of the page.
const MAX_HEADER_BYTES: u64 = 1 << 20;
/// Bytes that are read rather than jumped over.
const NEAR_BYTES: u64 = 1 << 13;
/// Encodings whose decoders believe a number of values in the page: of texts by differences.
const UNBOUNDED_ENCODINGS: [i64; 2] = [6, 7];

/// Opens a file whose footer was looked at.
///
/// # Errors
/// When the file cannot be read, is no Parquet file, or its footer is beyond the limits.
pub fn open_checked<R: ChunkReader + 'static>(file: R) -> Checked<SerializedFileReader<R>> {
    check_footer(&file)?;
    SerializedFileReader::new(file)
}

/// A file in memory. Its type of buffer is named by another crate, and reached here through the one
/// public type that holds it.
#[must_use]
pub fn in_memory(bytes: &[u8]) -> impl ChunkReader + Clone + use<> {
    let page = Page::DictionaryPage {
        buf: bytes.to_vec().into(),
        num_values: 0,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    page.buffer().clone()
}

/// Looks at the pages of some columns of a row group, each with the most values that it may have.
///
/// # Errors
/// When they would take more memory than the file may, have more values, or cannot be read.
pub fn check_pages<R: ChunkReader>(
    file: &R,
    group: &RowGroupMetaData,
    columns: impl IntoIterator<Item = (usize, u64)>,
) -> Checked<()> {
    let more = file.len().saturating_mul(MAX_PAGES_FOLD as u64);
    let most = more.saturating_add(MAX_PAGES_BYTES as u64);
    let mut held = 0_u64;
    for (index, values) in columns {
        let column = group.columns().get(index);
        let column = column.ok_or_else(|| wrong("a row group lacks a column"))?;
        let chunk =
            chunk_of(file, column).ok_or_else(|| wrong("a column lies outside the file"))?;
        held = held.saturating_add(column_bytes(file, chunk, values)?);
        if held > most {
            let mib = most >> 20;
            return Err(wrong(&format!(
                "its pages take more than {mib} MiB at once"
            )));
        }
    }
    Ok(())
}

/// Looks at the footer. A file that has none is left to who opens it.
fn check_footer(file: &impl ChunkReader) -> Checked<()> {
    let Some(end) = file.len().checked_sub(8) else {
        return Ok(());
    };
    let mut tail = [0; 8];
    file.get_read(end)?.read_exact(&mut tail)?;
    let [a, b, c, d, magic @ ..] = tail;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let Some(start) = end.checked_sub(length).filter(|_| &magic == b"PAR1") else {
        return Ok(());
    };
    if length > MAX_PARQUET_FOOTER_BYTES as u64 {
        let mib = MAX_PARQUET_FOOTER_BYTES >> 20;
        return Err(wrong(&format!("its footer takes more than {mib} MiB")));
    }
    let mut footer = Compact::new(BufReader::new(file.get_read(start)?.take(length)));
    let mut number = 0;
    while let Some(kind) = footer.field(&mut number)? {
        match (number, kind) {
            (2, LIST) => check_schema(&mut footer)?,
            _ => footer.skip_field(kind)?,
        }
    }
    Ok(())
}

/// Looks at the schema: a list of elements in which each says how many of the next are its own.
fn check_schema(footer: &mut Compact<impl Read>) -> Checked<()> {
    let (count, kind) = footer.list()?;
    if kind != STRUCT || count > MAX_PARQUET_SCHEMA as u64 {
        return Err(wrong(&format!(
            "it has more than {MAX_PARQUET_SCHEMA} columns"
        )));
    }
    // For each element around this one: what of it is still to come, and the bytes of its path.
    let mut around: Vec<(i64, u64)> = Vec::new();
    let mut names = 0_u64;
    for _ in 0..count {
        let (children, name) = schema_element(footer)?;
        while around.pop_if(|(left, _)| *left <= 0).is_some() {}
        let above = around.last_mut().map_or(0, |(left, path)| {
            *left -= 1;
            *path
        });
        let path = above.saturating_add(name);
        names = names.saturating_add(path);
        around.push((children, path));
        if around.len() > MAX_NESTING {
            return Err(wrong(&format!(
                "its columns are nested beyond {MAX_NESTING}"
            )));
        }
        if names > MAX_PARQUET_NAMES_BYTES as u64 {
            let mib = MAX_PARQUET_NAMES_BYTES >> 20;
            return Err(wrong(&format!(
                "its columns have names of more than {mib} MiB"
            )));
        }
    }
    Ok(())
}

/// The number of an element's children, and the bytes of its name.
fn schema_element(footer: &mut Compact<impl Read>) -> Checked<(i64, u64)> {
    let (mut children, mut name) = (0, 0);
    let mut number = 0;
    while let Some(kind) = footer.field(&mut number)? {
        match (number, kind) {
            (4, BINARY) => name = footer.skip_binary()?,
            (5, 4..=6) => children = footer.integer()?,
            _ => footer.skip_field(kind)?,
        }
    }
    Ok((children, name))
}

/// Where a column's pages begin, and their bytes.
fn chunk_of(file: &impl ChunkReader, column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = column.dictionary_page_offset();
    let start = u64::try_from(start.unwrap_or_else(|| column.data_page_offset())).ok()?;
    let length = u64::try_from(column.compressed_size()).ok()?;
    (start.checked_add(length)? <= file.len()).then_some((start, length))
}

/// Memory that decoding a column takes at once: its dictionary and the largest of its pages.
fn column_bytes(
    file: &impl ChunkReader,
    (mut start, mut left): (u64, u64),
    most_values: u64,
) -> Checked<u64> {
    let (mut dictionary, mut largest, mut values) = (0_u64, 0, 0_u64);
    let mut pages = BufReader::with_capacity(NEAR_BYTES as usize, file.get_read(start)?);
    while left > 0 {
        let mut header = Compact::new((&mut pages).take(left.min(MAX_HEADER_BYTES)));
        let page = PageHeader::read(&mut header)?;
        let taken = header.used.saturating_add(page.compressed);
        left = left
            .checked_sub(taken)
            .ok_or_else(|| wrong("a page reaches beyond its column"))?;
        start += taken;
        let bytes = page.compressed.saturating_add(page.uncompressed);
        if page.is_dictionary {
            if page.values > page.uncompressed {
                return Err(wrong("a dictionary is too short for its values"));
            }
            let places = page.values.saturating_mul(VALUE_BYTES);
            dictionary = dictionary.saturating_add(bytes).saturating_add(places);
        } else {
            largest = bytes.max(largest);
            values = values.saturating_add(page.values);
            if values > most_values {
                return Err(wrong("a column has too many values"));
            }
        }
        if page.compressed <= NEAR_BYTES {
            Compact::new(&mut pages).skip(page.compressed)?;
        } else {
            pages = BufReader::with_capacity(NEAR_BYTES as usize, file.get_read(start)?);
        }
    }
    Ok(dictionary.saturating_add(largest))
}

/// What a page says of itself.
#[derive(Default)]
struct PageHeader {
    compressed: u64,
    uncompressed: u64,
    values: u64,
    is_dictionary: bool,
}

impl PageHeader {
    fn read(header: &mut Compact<impl Read>) -> Checked<Self> {
        let mut page = Self::default();
        let mut number = 0;
        while let Some(kind) = header.field(&mut number)? {
            match (number, kind) {
                (1, 4..=6) => page.is_dictionary = header.integer()? == 2,
                (2, 4..=6) => page.uncompressed = size(header)?,
                (3, 4..=6) => page.compressed = size(header)?,
                // Of data, of a dictionary, of data in the second version.
                (5 | 7, STRUCT) => page.read_counts(header, 2)?,
                (8, STRUCT) => page.read_counts(header, 4)?,
                _ => header.skip_field(kind)?,
            }
        }
        Ok(page)
    }

    /// The part of a header that is of one kind of page, which has the encoding at this place.
    fn read_counts(&mut self, header: &mut Compact<impl Read>, encoding: i64) -> Checked<()> {
        let mut number = 0;
        while let Some(kind) = header.field(&mut number)? {
            match (number, kind) {
                (1, 4..=6) => self.values = size(header)?.max(self.values),
                (place, 4..=6) if place == encoding => {
                    if UNBOUNDED_ENCODINGS.contains(&header.integer()?) {
                        return Err(wrong(
                            "a column is stored by differences of texts; write it plain or with a \
                             dictionary",
                        ));
                    }
                }
                _ => header.skip_field(kind)?,
            }
        }
        Ok(())
    }
}

/// A size of 31 bits.
fn size(header: &mut Compact<impl Read>) -> Checked<u64> {
    let size = i32::try_from(header.integer()?).ok();
    let size = size.and_then(|size| u64::try_from(size).ok());
    size.ok_or_else(|| wrong("a page has a size that none can have"))
}

#[cfg(test)]
mod tests;
