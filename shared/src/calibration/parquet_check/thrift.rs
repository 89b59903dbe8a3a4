//! Thrift's compact protocol, as far as the headers of Parquet files use it.

use parquet::errors::ParquetError;
use std::io::Read;
use std::string::String;

/// What was checked, or what is wrong with it.
pub type Checked<T> = Result<T, ParquetError>;

pub(super) fn wrong(what: &str) -> ParquetError {
    ParquetError::General(String::from(what))
}

/// Types of fields.
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Structures nested beyond this do not occur.
const MAX_DEPTH: u8 = 16;

/// Reads values one after the other.
pub(super) struct Compact<R> {
    from: R,
    /// Bytes that were read.
    pub(super) used: u64,
}

impl<R: Read> Compact<R> {
    pub(super) const fn new(from: R) -> Self {
        Self { from, used: 0 }
    }

    /// The type of the next field of a structure, whose number takes the place of the last one's;
    /// `None` at the structure's end.
    pub(super) fn field(&mut self, number: &mut i64) -> Checked<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *number = match head >> 4 {
            0 => self.integer()?,
            delta => *number + i64::from(delta),
        };
        // Numbers have 16 bits, and readers differ in what they make of others.
        match i16::try_from(*number) {
            Ok(_) => Ok(Some(head & 0x0f)),
            Err(_) => Err(wrong("a header has a field of no number")),
        }
    }

    /// A whole number of any width.
    pub(super) fn integer(&mut self) -> Checked<i64> {
        let value = self.length()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The number and the type of a list's items.
    pub(super) fn list(&mut self) -> Checked<(u64, u8)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.length()?,
            few => few.into(),
        };
        Ok((count, head & 0x0f))
    }

    /// Passes a text over, and tells its length.
    pub(super) fn skip_binary(&mut self) -> Checked<u64> {
        let length = self.length()?;
        self.skip(length)?;
        Ok(length)
    }

    /// Passes a field over.
    pub(super) fn skip_field(&mut self, kind: u8) -> Checked<()> {
        match kind {
            // A boolean's value lies in its type.
            1 | 2 => Ok(()),
            _ => self.skip_value(kind, 0),
        }
    }

    /// Passes bytes over.
    pub(super) fn skip(&mut self, count: u64) -> Checked<()> {
        let skipped = std::io::copy(&mut self.from.by_ref().take(count), &mut std::io::sink())?;
        self.used += skipped;
        match skipped == count {
            true => Ok(()),
            false => Err(wrong("a header is cut off")),
        }
    }

    fn skip_value(&mut self, kind: u8, depth: u8) -> Checked<()> {
        if depth > MAX_DEPTH {
            return Err(wrong("a header is nested too deeply"));
        }
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.length().map(drop),
            7 => self.skip(8),
            BINARY => self.skip_binary().map(drop),
            LIST | 10 => {
                let (count, kind) = self.list()?;
                // Readers differ in the bytes of a boolean in a list, and where one takes none, or a
                // float is passed over behind the end, billions of them are read from nothing.
                if matches!(kind, 1 | 2 | 7) {
                    return Err(wrong("a header holds a list that Parquet does not have"));
                }
                (0..count).try_for_each(|_| self.skip_value(kind, depth + 1))
            }
            STRUCT => {
                let mut number = 0;
                while let Some(kind) = self.field(&mut number)? {
                    match kind {
                        1 | 2 => {}
                        _ => self.skip_value(kind, depth + 1)?,
                    }
                }
                Ok(())
            }
            // Parquet has no maps.
            _ => Err(wrong("a header holds a field of unknown type")),
        }
    }

    fn byte(&mut self) -> Checked<u8> {
        let mut byte = [0];
        match self.from.read(&mut byte)? {
            0 => Err(wrong("a header is cut off")),
            _ => {
                self.used += 1;
                Ok(byte[0])
            }
        }
    }

    /// A number in groups of seven bits.
    fn length(&mut self) -> Checked<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(wrong("a header has a number that does not end"))
    }
}
