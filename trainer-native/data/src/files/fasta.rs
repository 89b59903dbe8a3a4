//! Reading FASTA files from one end to the other.
//!
//! A corpus is read whole, so this is a plain stream without an index. By hand: noodles-fasta has no
//! line for an error to name.

use crate::bases;
use crate::files::lines::Lines;
use genolewm_core::{Error, ErrorCode, Result};
use std::path::Path;

/// Calls `each(name, codes)` for every record of a FASTA file, in order. The name is the first word
/// of the header; soft-masked bases count as bases. The buffer is reused between records.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` when sequence comes before a
/// header, and whatever `each` returns.
pub fn each_record(path: &Path, mut each: impl FnMut(&str, &[u8]) -> Result<()>) -> Result<()> {
    let mut reader = FastaReader::open(path)?;
    let mut codes = Vec::new();
    while let Some(name) = reader.read_record(&mut codes)? {
        each(&name, &codes)?;
    }
    Ok(())
}

/// The records of a FASTA file, one after the other.
pub struct FastaReader {
    lines: Lines,
    /// The header that ended the record before.
    next_name: Option<String>,
}

impl FastaReader {
    /// Opens a file, plain or packed.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            lines: Lines::open_sequence(path)?,
            next_name: None,
        })
    }

    /// Reads the next record's bases into `codes`, in place of what is there, and returns its name;
    /// `None` at the end.
    ///
    /// # Errors
    /// As [`each_record`].
    pub fn read_record(&mut self, codes: &mut Vec<u8>) -> Result<Option<String>> {
        codes.clear();
        let mut name = self.next_name.take();
        while let Some(line) = self.lines.next_bytes()? {
            let text = line.trim_ascii();
            if let Some(header) = text.strip_prefix(b">") {
                let word = String::from_utf8_lossy(header);
                let word = word.split_whitespace().next().map(str::to_owned);
                let word = word.ok_or_else(|| self.nameless())?;
                if name.is_some() {
                    self.next_name = Some(word);
                    return Ok(name);
                }
                name = Some(word);
            } else if name.is_some() {
                codes.extend(text.iter().map(|&base| bases::code(base)));
            } else if !text.is_empty() {
                return Err(self.nameless());
            }
        }
        Ok(name)
    }

    fn nameless(&self) -> Error {
        let error = Error::new(ErrorCode::InputGeneric, "a FASTA record has no name");
        let error = error.with_remedy("a record starts with a line `>name`");
        self.lines.locate(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> Result<Vec<(String, String)>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut records = Vec::new();
        each_record(file.path(), |name, codes| {
            records.push((name.to_owned(), bases::decode(codes)));
            Ok(())
        })?;
        Ok(records)
    }

    #[test]
    fn plain_and_packed_files_read_alike() {
        let text = b">one first record\r\nACgt\r\nnN\r\n\r\n>two\nT\n>empty\n";
        let expected = [("one", "ACGTNN"), ("two", "T"), ("empty", "")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(read(text).unwrap(), expected);
        let mut packed = Vec::new();
        // Two members, as bgzip writes them.
        for part in [&text[..9], &text[9..]] {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(part).unwrap();
            packed.extend(encoder.finish().unwrap());
        }
        assert_eq!(read(&packed).unwrap(), expected);
    }

    #[test]
    fn sequence_without_a_header_is_located() {
        let error = read(b"\nACGT\n").unwrap_err();
        assert_eq!(error.location().and_then(|at| at.line), Some(2));
    }
}
