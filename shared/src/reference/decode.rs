//! FASTA bytes → bases.

/// Appends bases from raw FASTA lines.
#[derive(Debug)]
pub(super) struct BaseDecoder {
    line_bases: u64,
    line_width: u64,
    /// Bytes from the start of the current line.
    column: u64,
    bases: Vec<u8>,
}

/// The bytes are no bases, or a line does not end where it should.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotBases;

impl BaseDecoder {
    /// Starts at `column` bytes from the start of a line.
    pub(super) fn new(line_bases: u64, line_width: u64, column: u64, capacity: usize) -> Self {
        Self {
            line_bases,
            line_width,
            column,
            bases: Vec::with_capacity(capacity),
        }
    }

    /// Decodes a piece; pieces follow each other.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), NotBases> {
        while !piece.is_empty() {
            let in_bases = self.column < self.line_bases;
            let until = if in_bases {
                self.line_bases
            } else {
                self.line_width
            };
            let run = usize::try_from(until - self.column)
                .unwrap_or(usize::MAX)
                .min(piece.len());
            let (now, rest) = piece.split_at(run);
            if in_bases {
                let start = self.bases.len();
                self.bases
                    .extend(now.iter().map(|byte| BASES[usize::from(*byte)]));
                if self.bases.get(start..).unwrap_or_default().contains(&0) {
                    return Err(NotBases);
                }
            } else if !now.iter().all(|byte| matches!(byte, b'\n' | b'\r')) {
                return Err(NotBases);
            }
            self.column += run as u64;
            if self.column == self.line_width {
                self.column = 0;
            }
            piece = rest;
        }
        Ok(())
    }

    /// The bases so far.
    pub(super) fn finish(self) -> Result<String, NotBases> {
        String::from_utf8(self.bases).map_err(|_| NotBases)
    }
}

/// The base that a byte stands for: A, C, G, T in the case of the byte, N for every other letter of
/// the IUPAC code and for X; 0 for bytes that are no base.
const BASES: [u8; 256] = {
    let mut table = [0; 256];
    let letters = b"ACGTNRYSWKMBDHVUX";
    let mut index = 0;
    while index < letters.len() {
        let letter = letters[index];
        let base = if index < 4 { letter } else { b'N' };
        table[letter as usize] = base;
        let soft = if index < 4 {
            letter.to_ascii_lowercase()
        } else {
            base
        };
        table[letter.to_ascii_lowercase() as usize] = soft;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(column: u64, pieces: &[&[u8]]) -> Result<String, NotBases> {
        let mut decoder = BaseDecoder::new(4, 6, column, 0);
        pieces.iter().try_for_each(|piece| decoder.push(piece))?;
        decoder.finish()
    }

    #[test]
    fn lines_join_and_letters_fold() {
        assert_eq!(
            decode(0, &[b"acGT\r\nRyN", b"x\r", b"\nA"]).as_deref(),
            Ok("acGTNNNNA")
        );
        assert_eq!(decode(2, &[b"GT\r\nA"]).as_deref(), Ok("GTA"));
        assert_eq!(decode(0, &[b">chr"]), Err(NotBases));
        assert_eq!(decode(0, &[b"ACGTACG"]), Err(NotBases));
    }
}
