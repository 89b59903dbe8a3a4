//! MAF, multiple alignments: blocks of rows, one row a species. By hand: no kept crate reads it.

use crate::errors::input_error;
use crate::files::lines::Lines;
use genolewm_core::Result;
use genolewm_core::limits::MAX_POSITION;
use genolewm_core::position::{BpOffset, Interval};
use std::path::Path;

/// One sequence row of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MafRow {
    /// Species and contig, `Hsap.22`.
    pub name: String,
    /// First base, counted on the row's strand.
    pub start: BpOffset,
    /// Bases of the row, gaps not counted.
    pub size_bp: u64,
    /// Whether the row is that of the reverse strand.
    pub is_reverse: bool,
    /// Length of the contig.
    pub contig_bp: u64,
    /// Bases and gaps (`-`), one for each column of the block.
    pub columns: String,
}

impl MafRow {
    /// Reads a line that starts with `s`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a line with fewer than seven fields or a malformed number, or one beyond any contig.
    pub fn parse(line: &str) -> Result<Self> {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let mut next = || {
            fields
                .next()
                .ok_or_else(|| input_error("a MAF row is too short"))
        };
        let number = |text: &str| {
            let number = text.parse().ok().filter(|&bp| bp <= MAX_POSITION);
            number.ok_or_else(|| input_error("a MAF row holds a malformed number"))
        };
        Ok(Self {
            name: next()?.to_owned(),
            start: BpOffset(number(next()?)?),
            size_bp: number(next()?)?,
            is_reverse: next()? == "-",
            contig_bp: number(next()?)?,
            columns: next()?.to_owned(),
        })
    }

    /// The species: the name up to its first dot.
    #[must_use]
    pub fn species(&self) -> &str {
        self.name
            .split_once('.')
            .map_or(&self.name, |(species, _)| species)
    }

    /// The row's span on the forward strand; MAF counts a reverse row from the far end.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a row that ends past its contig.
    pub fn forward(&self) -> Result<Interval> {
        let end = self.start.get() + self.size_bp;
        let start = match self.is_reverse {
            true => self.contig_bp.checked_sub(end),
            false => (end <= self.contig_bp).then_some(self.start.get()),
        };
        let start = start.ok_or_else(|| {
            input_error("a MAF row ends past its contig").with_detail("row", self.record_name())
        })?;
        Interval::new(BpOffset(start), BpOffset(start + self.size_bp))
    }

    /// The name that the files cut from an alignment give to the row's sequence,
    /// `species.contig:start+size:strand`.
    #[must_use]
    pub fn record_name(&self) -> String {
        let strand = if self.is_reverse { '-' } else { '+' };
        format!("{}:{}+{}:{strand}", self.name, self.start, self.size_bp)
    }

    fn check(&self, columns: usize) -> Result<()> {
        let bases = self.columns.bytes().filter(|&base| base != b'-').count();
        if bases as u64 != self.size_bp || self.columns.len() != columns {
            return Err(
                input_error("a MAF row has not the length that it should have")
                    .with_detail("row", self.record_name()),
            );
        }
        self.forward().map(|_| ())
    }
}

/// Calls `each` with the rows of every block of a file, plain or gzip, in order. All rows of a block
/// are of one length, and each has as many bases as it says.
///
/// # Errors
/// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` with the line for a malformed row
/// or a file without blocks, and whatever `each` returns.
pub fn each_block(path: &Path, each: impl FnMut(&[MafRow]) -> Result<()>) -> Result<()> {
    if read_blocks(path, MafRow::check, each)? == 0 {
        let file = path.display();
        return Err(input_error(format!("{file}: there is no alignment in it"))
            .with_remedy("give a multiple alignment in MAF, with lines that start with `s`"));
    }
    Ok(())
}

/// As [`each_block`], for whom only the places of rows count: their columns are not looked at, and
/// there may be no block.
///
/// # Errors
/// As [`each_block`].
pub fn each_block_of_places(path: &Path, each: impl FnMut(&[MafRow]) -> Result<()>) -> Result<()> {
    read_blocks(path, |_, _| Ok(()), each).map(drop)
}

/// Reads the blocks, of which it returns the number; `check` is given each row with the number of
/// columns that its block has.
fn read_blocks(
    path: &Path,
    check: impl Fn(&MafRow, usize) -> Result<()>,
    mut each: impl FnMut(&[MafRow]) -> Result<()>,
) -> Result<u64> {
    let (mut rows, mut blocks): (Vec<MafRow>, u64) = (Vec::new(), 0);
    let mut lines = Lines::open_sequence(path)?;
    while let Some(line) = lines.next_text()? {
        // Other kinds of line (q, i, e) belong to the rows around them; only these end a block.
        let ends = line.trim().is_empty() || line == "a" || line.starts_with("a ");
        if ends && !rows.is_empty() {
            each(&rows)?;
            rows.clear();
            blocks += 1;
        }
        if !line.starts_with("s ") && !line.starts_with("s\t") {
            continue;
        }
        let row = MafRow::parse(line).and_then(|row| {
            check(&row, rows.first().unwrap_or(&row).columns.len())?;
            Ok(row)
        });
        rows.push(row.map_err(|error| lines.locate(error))?);
    }
    if !rows.is_empty() {
        each(&rows)?;
        blocks += 1;
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use std::io::Write;

    fn blocks(text: &str) -> Result<Vec<Vec<MafRow>>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut blocks = Vec::new();
        each_block(file.path(), |rows| {
            blocks.push(rows.to_vec());
            Ok(())
        })?;
        Ok(blocks)
    }

    #[test]
    fn blocks_end_at_blank_lines_and_at_the_next() {
        let text = "##maf version=1\na score=1\ns Hsap.22 10 3 + 50 AC-T\nq Hsap.22 9\ns Ptro.22 5 4 - 50 ACGT\n\n\
                    a\ns Hsap.22 20 1 + 50 g\na\ns Ptro.Un 0 1 + 9 t\n";
        let blocks = blocks(text).unwrap();
        assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
        let row = &blocks[0][1];
        assert_eq!((row.species(), row.columns.as_str()), ("Ptro", "ACGT"));
        let span = row.forward().unwrap();
        assert_eq!((span.start.get(), span.end.get()), (41, 45));
        assert_eq!(row.record_name(), "Ptro.22:5+4:-");
    }

    #[test]
    fn faulty_rows_are_located() {
        for (text, line) in [
            ("a\ns Hsap.22 10 x + 50 AC\n", 2),
            ("a\n\ns Hsap.22 10 2 +\n", 3),
            ("s Hsap.22 10 3 + 50 AC\n", 1),
            ("s Hsap.22 10 2 + 50 AC\ns Ptro.22 1 1 + 9 A\n", 2),
            ("s Hsap.22 49 2 + 50 AC\n", 1),
            ("s Hsap.22 49 2 - 50 AC\n", 1),
        ] {
            let error = blocks(text).unwrap_err();
            assert_eq!(
                error.location().and_then(|at| at.line),
                Some(line),
                "{text}"
            );
        }
        assert_eq!(
            blocks("##maf\n").unwrap_err().code(),
            ErrorCode::InputGeneric
        );
    }
}
