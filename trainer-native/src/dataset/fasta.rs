//! Reading FASTA files from one end to the other.
//!
//! A corpus is read whole, so this is a plain stream: no index, gzip and bgzip alike by content.

use super::bases;
use crate::output::io_error;
use flate2::read::MultiGzDecoder;
use genolewm_shared::error::Location;
use genolewm_shared::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Opens a text file, unpacking it when it is gzip or bgzip.
///
/// # Errors
/// `RESOURCE.GENERIC` when it cannot be read.
pub fn open_text(path: &Path) -> Result<Box<dyn BufRead>> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| io_error(&name, &error))?;
    let mut plain = BufReader::with_capacity(1 << 18, file);
    let packed = plain
        .fill_buf()
        .map_err(|error| io_error(&name, &error))?
        .starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        Box::new(BufReader::with_capacity(
            1 << 18,
            MultiGzDecoder::new(plain),
        ))
    } else {
        Box::new(plain)
    })
}

/// Calls `each(name, codes)` for every record of a FASTA file, in order. The name is the first word
/// of the header; soft-masked bases count as bases. The buffer is reused between records.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` when sequence comes before a
/// header, and whatever `each` returns.
pub fn each_record(path: &Path, mut each: impl FnMut(&str, &[u8]) -> Result<()>) -> Result<()> {
    let file = path.display().to_string();
    let mut reader = open_text(path)?;
    let (mut line, mut number) = (Vec::new(), 0_u64);
    let (mut name, mut codes): (Option<String>, Vec<u8>) = (None, Vec::new());
    loop {
        line.clear();
        number += 1;
        if reader
            .read_until(b'\n', &mut line)
            .map_err(|error| io_error(&file, &error))?
            == 0
        {
            break;
        }
        let text = line.trim_ascii();
        if let Some(header) = text.strip_prefix(b">") {
            if let Some(name) = &name {
                each(name, &codes)?;
            }
            codes.clear();
            name = String::from_utf8_lossy(header)
                .split_whitespace()
                .next()
                .map(str::to_owned);
        }
        if name.is_none() && !text.is_empty() {
            return Err(
                Error::new(ErrorCode::InputGeneric, "a FASTA record has no name")
                    .at(Location::line(&file, number))
                    .with_remedy("a record starts with a line `>name`"),
            );
        }
        if !text.starts_with(b">") {
            codes.extend(text.iter().map(|&base| bases::code(base)));
        }
    }
    name.map_or(Ok(()), |name| each(&name, &codes))
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
