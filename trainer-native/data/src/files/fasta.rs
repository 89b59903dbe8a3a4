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
        let mut is_header = false;
        while let Some((begins, part)) = self.lines.next_part()? {
            let text = part.trim_ascii();
            if is_header && !begins {
                continue;
            }
            let header = text.strip_prefix(b">").filter(|_| begins);
            is_header = header.is_some();
            if let Some(header) = header {
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
                if codes.len() as u64 > self.lines.most_bp() {
                    return Err(self.lines.unpacks_to_too_much());
                }
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

    /// A reference of which only a gene is known packs two-hundredfold, and was taken for a bomb.
    #[test]
    fn a_chromosome_of_unknown_bases_was_taken_for_a_bomb() {
        const LINES: usize = 2_000_000;
        let unknown = "N".repeat(60) + "\n";
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writeln!(encoder, ">chr1").unwrap();
        (0..LINES).for_each(|_| encoder.write_all(unknown.as_bytes()).unwrap());
        writeln!(encoder, "ACGT").unwrap();
        let packed = encoder.finish().unwrap();
        assert!((64 << 20) + 16 * packed.len() < LINES * unknown.len());
        let records = read(&packed).unwrap();
        assert_eq!(records.len(), 1);
        assert!(records[0].1.len() == LINES * 60 + 4 && records[0].1.ends_with("NACGT"));
    }

    /// Unknown bases are little of a file's allowance, but no record is larger than memory is there for.
    #[test]
    fn unknown_bases_of_a_bomb_are_refused() {
        let unknown = vec![b'N'; 1 << 20];
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writeln!(encoder, ">bomb").unwrap();
        (0..300).for_each(|_| encoder.write_all(&unknown).unwrap());
        let error = read(&encoder.finish().unwrap()).unwrap_err();
        assert!(
            error.message().contains("far more than it holds"),
            "{error}"
        );
    }

    /// A line is read in parts, of which only the first may be a header.
    #[test]
    fn long_lines_are_read_in_parts() {
        let long = |base: &str| base.repeat((1 << 20) + 7);
        let text = format!(">{} x\n{}\r\n>b\nT", long(">"), long("A"));
        let records = read(text.as_bytes()).unwrap();
        assert!(records[0].1 == long("A") && records[1] == ("b".to_owned(), "T".to_owned()));
    }

    #[test]
    fn sequence_without_a_header_is_located() {
        let error = read(b"\nACGT\n").unwrap_err();
        assert_eq!(error.location().and_then(|at| at.line), Some(2));
    }
}
