//! Decoding Parquet pages of one column, for the encodings that calibration tables use.
//!
//! By hand: the crate `parquet` opens the file and decompresses its pages, but its value decoders
//! panic on some damaged pages, and a table may come from anywhere. What is needed here is small:
//! plain values, dictionaries, and the hybrid of runs and packed bits that holds levels and indices.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::schema::types::ColumnDescriptor;

/// What was decoded, or what is wrong with it.
type Checked<T> = Result<T, &'static str>;

/// Longest text.
const MAX_TEXT_BYTES: usize = 256;
const SHORT: &str = "a page is too short for its values";

/// A value as the plain encoding writes it.
pub(super) trait Plain: Clone {
    /// Takes one value from the front of `bytes`.
    fn take(bytes: &mut &[u8]) -> Checked<Self>;
}

impl Plain for f32 {
    fn take(bytes: &mut &[u8]) -> Checked<Self> {
        take_array(bytes).map(Self::from_le_bytes)
    }
}

impl Plain for i64 {
    fn take(bytes: &mut &[u8]) -> Checked<Self> {
        take_array(bytes).map(Self::from_le_bytes)
    }
}

impl Plain for String {
    fn take(bytes: &mut &[u8]) -> Checked<Self> {
        let length = u32::from_le_bytes(take_array(bytes)?) as usize;
        if length > MAX_TEXT_BYTES {
            return Err("a text is too long");
        }
        let text = core::str::from_utf8(take(bytes, length)?);
        text.map(str::to_string).map_err(|_| "a text is not UTF-8")
    }
}

/// A column as it is stored: values that are present, and levels that say where.
pub(super) struct StoredColumn<T> {
    /// The values that are present.
    pub(super) values: Vec<T>,
    /// One level for each value or null; [`StoredColumn::present`] means that there is a value.
    pub(super) definitions: Vec<u32>,
    /// One level for each value or null; 0 begins a row.
    pub(super) repetitions: Vec<u32>,
    /// The definition level of a value that is present.
    pub(super) present: u32,
}

impl<T: Plain> StoredColumn<T> {
    /// Decodes the pages of a column that holds at most `limit` values.
    pub(super) fn read(
        pages: &mut dyn PageReader,
        descriptor: &ColumnDescriptor,
        limit: usize,
    ) -> Checked<Self> {
        let level = |level: i16| u32::try_from(level).map_err(|_| "the schema has no such level");
        let nested = level(descriptor.max_rep_level())?;
        let mut column = Self {
            values: Vec::new(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
            present: level(descriptor.max_def_level())?,
        };
        let mut dictionary = Vec::new();
        while let Some(page) = pages.get_next_page().map_err(|_| "a page is damaged")? {
            if page.num_values() as usize > limit - column.definitions.len() {
                return Err("a column has too many values");
            }
            if let Page::DictionaryPage {
                buf, num_values, ..
            } = &page
            {
                dictionary = take_plain(&mut &buf[..], *num_values as usize)?;
            } else {
                column.read_page(&page, nested, &dictionary)?;
            }
        }
        Ok(column)
    }

    fn read_page(&mut self, page: &Page, nested: u32, dictionary: &[T]) -> Checked<()> {
        let count = page.num_values() as usize;
        let mut bytes = &page.buffer()[..];
        let (repetitions, definitions) = match page {
            Page::DataPageV2 {
                rep_levels_byte_len,
                def_levels_byte_len,
                ..
            } => {
                let repetitions = take(&mut bytes, *rep_levels_byte_len as usize)?;
                (
                    repetitions,
                    take(&mut bytes, *def_levels_byte_len as usize)?,
                )
            }
            _ => {
                let repetitions = take_levels(&mut bytes, nested)?;
                (repetitions, take_levels(&mut bytes, self.present)?)
            }
        };
        self.repetitions.extend(levels(repetitions, nested, count)?);
        let definitions = levels(definitions, self.present, count)?;
        let present = definitions
            .iter()
            .filter(|&&level| level == self.present)
            .count();
        self.definitions.extend(definitions);
        match page.encoding() {
            Encoding::PLAIN => self.values.extend(take_plain(&mut bytes, present)?),
            // The two names are of one layout; the first is of the format's version 1.
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => {
                let [width] = take_array(&mut bytes)?;
                for index in hybrid(bytes, width, present)? {
                    let value = dictionary.get(index as usize);
                    self.values
                        .push(value.ok_or("a value is not in its dictionary")?.clone());
                }
            }
            _ => return Err("a page has an encoding that tables do not use"),
        }
        Ok(())
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Checked<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or(SHORT)?;
    *bytes = rest;
    Ok(taken)
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Checked<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(SHORT)?;
    *bytes = rest;
    Ok(*taken)
}

fn take_plain<T: Plain>(bytes: &mut &[u8], count: usize) -> Checked<Vec<T>> {
    (0..count).map(|_| T::take(bytes)).collect()
}

/// The levels of a version 1 page: their length, then they; nothing at all when all are 0.
fn take_levels<'a>(bytes: &mut &'a [u8], max: u32) -> Checked<&'a [u8]> {
    if max == 0 {
        return Ok(&[]);
    }
    let length = u32::from_le_bytes(take_array(bytes)?) as usize;
    take(bytes, length)
}

fn levels(bytes: &[u8], max: u32, count: usize) -> Checked<Vec<u32>> {
    let width = u32::BITS - max.leading_zeros();
    let levels = hybrid(bytes, width as u8, count)?;
    match levels.iter().all(|&level| level <= max) {
        true => Ok(levels),
        false => Err("a level is out of range"),
    }
}

/// Decodes `count` numbers of `width` bits from runs and packed groups of eight.
fn hybrid(mut bytes: &[u8], width: u8, count: usize) -> Checked<Vec<u32>> {
    if width > 32 {
        return Err("numbers of more than 32 bits");
    }
    if width == 0 {
        return Ok(alloc::vec![0; count]);
    }
    let width = usize::from(width);
    let mut out = Vec::new();
    while out.len() < count {
        let missing = count - out.len();
        let head = take_length(&mut bytes)?;
        if head & 1 == 0 {
            let mut value = [0; 4];
            let stored = take(&mut bytes, width.div_ceil(8))?;
            value
                .iter_mut()
                .zip(stored)
                .for_each(|(to, from)| *to = *from);
            let run = missing.min(head >> 1);
            out.extend(core::iter::repeat_n(u32::from_le_bytes(value), run));
        } else {
            let groups = head >> 1;
            let wanted = missing.min(groups.saturating_mul(8));
            // The last group may be cut short where its values end.
            let length = groups.saturating_mul(width).min(bytes.len());
            let packed = take(&mut bytes, length)?;
            if wanted * width > packed.len() * 8 {
                return Err(SHORT);
            }
            out.extend((0..wanted).map(|index| unpack(packed, index * width, width)));
        }
    }
    Ok(out)
}

/// The number of `width` bits that starts at bit `start`; bits count from the lowest of a byte.
fn unpack(packed: &[u8], start: usize, width: usize) -> u32 {
    (0..width).fold(0, |number, bit| {
        let at = start + bit;
        let byte = packed.get(at / 8).copied().unwrap_or(0);
        number | u32::from(byte >> (at % 8) & 1) << bit
    })
}

/// A length in groups of seven bits.
fn take_length(bytes: &mut &[u8]) -> Checked<usize> {
    let mut value = 0;
    for shift in (0..32).step_by(7) {
        let [byte] = take_array(bytes)?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a run has no end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_packed_groups() {
        // A run of three 5s, then one group of eight 3-bit numbers, 0 to 7.
        let bytes = [6, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        let want = Ok(vec![5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(hybrid(&bytes, 3, 11), want);
        assert_eq!(hybrid(&bytes, 3, 4), Ok(vec![5, 5, 5, 0]));
        assert_eq!(hybrid(&bytes[..5], 3, 11), Err(SHORT));
        assert_eq!(hybrid(&bytes, 3, 12), Err(SHORT));
        assert_eq!(hybrid(&[], 0, 2), Ok(vec![0, 0]));
    }

    #[test]
    fn a_run_longer_than_wanted_is_cut() {
        assert_eq!(
            hybrid(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 1, 2),
            Ok(vec![1, 1])
        );
        assert!(hybrid(&[0xff; 8], 1, 2).is_err());
    }
}
