//! A look at Parquet page headers before anything is decoded.
//!
//! The decoder trusts what a page header says: it reserves the uncompressed size, and one value for
//! each that is announced. A file of some hundred bytes could so ask for gigabytes. This walk over
//! the headers (Thrift, compact protocol) adds up what decoding will take and refuses files that
//! ask for more than any calibration table needs.

/// Most bytes that a page may have when decompressed.
const MAX_PAGE_BYTES: i64 = 1 << 24;
/// Structures nested beyond this do not occur in page headers.
const MAX_DEPTH: u8 = 4;
/// `PLAIN`, `PLAIN_DICTIONARY`, `RLE` and `RLE_DICTIONARY`. The delta encodings are refused: one
/// that shares prefixes can expand without bound.
const ENCODINGS: [i64; 4] = [0, 2, 3, 8];

/// What a page header must not do; the text says what is wrong.
type Checked<T> = Result<T, &'static str>;

const TRUNCATED: &str = "a page header is cut off";

/// Walks the page headers of one column chunk, taking the values that they announce from
/// `budget`.
pub(super) fn check_pages(mut chunk: &[u8], budget: &mut u64) -> Checked<()> {
    while !chunk.is_empty() {
        let mut reader = Compact { rest: chunk };
        let mut header = Header::default();
        reader.fields(0, None, &mut |field, value| header.take(field, value))?;
        *budget = budget
            .checked_sub(header.num_values)
            .ok_or("the pages announce too many values")?;
        let body = usize::try_from(header.compressed).map_err(|_| TRUNCATED)?;
        chunk = reader
            .rest
            .get(body..)
            .ok_or("a page reaches beyond its column")?;
    }
    Ok(())
}

/// The part of a page header that decides what decoding costs.
#[derive(Default)]
struct Header {
    compressed: i64,
    num_values: u64,
}

impl Header {
    /// Takes one integer of the header. A field is named by its number and that of the
    /// structure it lies in: 5 is a data page, 7 a dictionary, 8 a data page of version 2.
    fn take(&mut self, field: Field, value: i64) -> Checked<()> {
        match field {
            Field { outer: None, id: 2 } if !(0..=MAX_PAGE_BYTES).contains(&value) => {
                return Err("a page is too large");
            }
            Field { outer: None, id: 3 } => self.compressed = value,
            // Values; nulls and rows are counted with them, as a page has no more of either.
            Field {
                outer: Some(5 | 7),
                id: 1,
            }
            | Field {
                outer: Some(8),
                id: 1..=3,
            } => {
                let count = u64::try_from(value).map_err(|_| "a page has a negative count")?;
                self.num_values = self.num_values.saturating_add(count);
            }
            Field {
                outer: Some(5 | 7),
                id: 2,
            }
            | Field {
                outer: Some(8),
                id: 4,
            } if !ENCODINGS.contains(&value) => {
                return Err("a page has an encoding that tables do not use");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where an integer stands: in the header itself, or in one of its structures.
#[derive(Clone, Copy)]
struct Field {
    outer: Option<i64>,
    id: i64,
}

/// A reader of Thrift's compact protocol that keeps nothing but integers.
struct Compact<'a> {
    rest: &'a [u8],
}

type Visit<'v> = dyn FnMut(Field, i64) -> Checked<()> + 'v;

impl Compact<'_> {
    fn byte(&mut self) -> Checked<u8> {
        let (&byte, rest) = self.rest.split_first().ok_or(TRUNCATED)?;
        self.rest = rest;
        Ok(byte)
    }

    fn skip(&mut self, count: u64) -> Checked<()> {
        let count = usize::try_from(count).map_err(|_| TRUNCATED)?;
        self.rest = self.rest.get(count..).ok_or(TRUNCATED)?;
        Ok(())
    }

    fn varint(&mut self) -> Checked<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a page header has a number that does not end")
    }

    fn zigzag(&mut self) -> Checked<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Reads a structure to its end. Integers down to the second level go to `visit`.
    fn fields(&mut self, depth: u8, outer: Option<i64>, visit: &mut Visit<'_>) -> Checked<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            id = match head >> 4 {
                0 => self.zigzag()?,
                delta => id.wrapping_add(i64::from(delta)),
            };
            match head & 0x0f {
                // A boolean's value lies in its type.
                1 | 2 => {}
                4..=6 => {
                    let value = self.zigzag()?;
                    if depth < 2 {
                        visit(Field { outer, id }, value)?;
                    }
                }
                12 if depth < MAX_DEPTH => self.fields(depth + 1, Some(id), visit)?,
                kind => self.skip_value(kind)?,
            }
        }
    }

    fn skip_value(&mut self, kind: u8) -> Checked<()> {
        match kind {
            3 => self.skip(1),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            // Page headers have no lists, sets, maps or deeper structures.
            _ => Err("a page header holds a field of unknown type"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page header that announces some sizes (small enough for one-byte varints each).
    fn header(uncompressed: u8, compressed: u8, values: u8, encoding: u8) -> Vec<u8> {
        let int = |value: u8| value << 1;
        vec![
            0x15,
            0, // type: data page
            0x15,
            int(uncompressed),
            0x15,
            int(compressed),
            0x2c,
            0x15,
            int(values),
            0x15,
            int(encoding),
            0x15,
            6,
            0x15,
            6,
            0,
            0,
        ]
    }

    #[test]
    fn values_are_taken_from_the_budget() {
        let mut chunk = header(9, 3, 7, 0);
        chunk.extend([1, 2, 3]);
        let pages = chunk.repeat(2);
        let mut budget = 20;
        assert_eq!(check_pages(&pages, &mut budget), Ok(()));
        assert_eq!(budget, 6);
        assert!(check_pages(&pages, &mut budget).is_err());
    }

    #[test]
    fn bodies_must_lie_inside_and_encodings_be_known() {
        assert!(check_pages(&header(9, 3, 7, 0), &mut 100).is_err());
        assert!(check_pages(&header(0, 0, 7, 5), &mut 100).is_err());
        let whole = header(0, 0, 1, 8);
        for end in 1..whole.len() {
            assert!(check_pages(&whole[..end], &mut 100).is_err(), "{end}");
        }
    }
}
