//! Parquet page headers, looked at before anything is decompressed.
//!
//! By hand: the page reader of the crate `parquet` trusts what a header says and reserves the
//! uncompressed size that is announced. A file of some hundred bytes could so ask for gigabytes. This
//! walk over the headers (Thrift, compact protocol) refuses pages that are larger than any
//! calibration table needs.

/// Most bytes that a page may have when decompressed.
const MAX_PAGE_BYTES: i64 = 1 << 24;
/// Structures nested beyond this do not occur in page headers.
const MAX_DEPTH: u8 = 4;

/// What was checked, or what is wrong with it.
pub(super) type Checked<T> = Result<T, &'static str>;

const TRUNCATED: &str = "a page header is cut off";

/// Walks the page headers of one column chunk.
pub(super) fn check_pages(mut chunk: &[u8]) -> Checked<()> {
    while !chunk.is_empty() {
        let mut reader = Compact { rest: chunk };
        let body = reader.page_header()?;
        chunk = reader
            .rest
            .get(body..)
            .ok_or("a page reaches beyond its column")?;
    }
    Ok(())
}

/// A reader of Thrift's compact protocol.
struct Compact<'a> {
    rest: &'a [u8],
}

impl Compact<'_> {
    /// Reads a header and gives the number of bytes that the page's body takes in the file.
    fn page_header(&mut self) -> Checked<usize> {
        let mut compressed = 0;
        self.fields(0, &mut |id, value| match id {
            2 if !(0..=MAX_PAGE_BYTES).contains(&value) => Err("a page is too large"),
            3 => {
                compressed = value;
                Ok(())
            }
            _ => Ok(()),
        })?;
        usize::try_from(compressed).map_err(|_| "a page has a negative size")
    }

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

    /// Reads a structure to its end. The integers of the outermost one go to `visit`, with the
    /// numbers of their fields.
    fn fields(&mut self, depth: u8, visit: &mut dyn FnMut(i64, i64) -> Checked<()>) -> Checked<()> {
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
                    if depth == 0 {
                        visit(id, value)?;
                    }
                }
                12 if depth < MAX_DEPTH => self.fields(depth + 1, visit)?,
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

    /// A data page header that announces these sizes.
    fn header(uncompressed: u32, compressed: u8) -> Vec<u8> {
        let mut bytes = vec![0x15, 0, 0x15];
        let mut rest = uncompressed << 1;
        while rest > 0x7f {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.extend([rest as u8, 0x15, compressed << 1]);
        bytes.extend([0x2c, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0]);
        bytes
    }

    #[test]
    fn pages_follow_each_other() {
        let mut page = header(9, 3);
        page.extend([1, 2, 3]);
        assert_eq!(check_pages(&page.repeat(2)), Ok(()));
        assert!(check_pages(&header(9, 3)).is_err());
    }

    #[test]
    fn large_and_truncated_pages_are_refused() {
        assert_eq!(check_pages(&header(1 << 24, 0)), Ok(()));
        assert!(check_pages(&header((1 << 24) + 1, 0)).is_err());
        let whole = header(500, 0);
        for end in 1..whole.len() {
            assert!(check_pages(&whole[..end]).is_err(), "{end}");
        }
    }
}
