//! The FASTA index (`.fai`): where a FASTA file has its contigs.

use super::base_source::within_limits;
use crate::bytes::{ByteStore, RangeRead};
use crate::text::is_plain;
use crate::{Error, Result};
use noodles_fasta::fai;
use std::collections::BTreeSet;

/// A line of a `.fai` index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FaiEntry {
    pub(super) name: String,
    /// Length in bp.
    pub(super) length: u64,
    /// Offset of the first base in the decompressed file.
    pub(super) offset: u64,
    /// Bases in a full line, and bytes in it with its line end.
    pub(super) line_bases: u64,
    pub(super) line_width: u64,
}

impl FaiEntry {
    /// The offset of a base in the decompressed file.
    pub(super) const fn byte_of(&self, base: u64) -> u64 {
        self.offset + base / self.line_bases * self.line_width + base % self.line_bases
    }

    /// One past the last base's offset, or `None` where it overflows.
    fn checked_end(&self) -> Option<u64> {
        let last = self.length.checked_sub(1)?;
        (last / self.line_bases)
            .checked_mul(self.line_width)?
            .checked_add(last % self.line_bases)?
            .checked_add(self.offset)?
            .checked_add(1)
    }
}

/// Reads a `.fai` and checks it against the file.
pub(super) fn read<R: RangeRead>(store: &ByteStore<R>, fai: &[u8]) -> Result<Vec<FaiEntry>> {
    let stale = |why: &str| {
        store
            .wrong(&format!("its .fai index does not fit: {why}"))
            .with_remedy("delete the .fai file, or make it anew with `samtools faidx`")
    };
    let index = fai::io::Reader::new(fai)
        .read_index()
        .map_err(|error| stale(&error.to_string()).with_source(error))?;
    let entries = entries(index.as_ref().iter()).map_err(|why| stale(&why))?;
    for entry in &entries {
        let ends = entry.checked_end().or((entry.length == 0).then_some(0));
        let width = entry.line_width.checked_sub(entry.line_bases);
        if ends.is_none_or(|end| end > store.len()) || !matches!(width, Some(0..=2)) {
            return Err(stale(&format!(
                "the file is too short for {:?}",
                entry.name
            )));
        }
    }
    // Line ends and perhaps an empty line are all that may follow the last contig.
    let last_end = entries
        .iter()
        .filter_map(FaiEntry::checked_end)
        .max()
        .unwrap_or(0);
    if store.len() - last_end > 64 {
        return Err(stale("the file goes on after its last contig"));
    }
    Ok(entries)
}

/// The index as the text of a `.fai` file.
pub(super) fn write(entries: &[FaiEntry]) -> String {
    let line = |entry: &FaiEntry| {
        let FaiEntry {
            name,
            length,
            offset,
            line_bases,
            line_width,
        } = entry;
        format!("{name}\t{length}\t{offset}\t{line_bases}\t{line_width}\n")
    };
    entries.iter().map(line).collect()
}

fn entries<'a>(records: impl Iterator<Item = &'a fai::Record>) -> Result<Vec<FaiEntry>, String> {
    let mut names = BTreeSet::new();
    let mut entries = Vec::new();
    for record in records {
        let name = String::from_utf8(record.name().to_vec())
            .map_err(|_| "a contig's name is not UTF-8".to_owned())?;
        if !is_plain(&name) {
            return Err(format!(
                "a contig's name holds a hidden character: {name:?}"
            ));
        }
        if !names.insert(name.clone()) {
            return Err(format!("two contigs are called {name:?}"));
        }
        entries.push(FaiEntry {
            name,
            length: record.length(),
            offset: record.position(),
            line_bases: record.line_base_count().get(),
            line_width: record.line_width().get(),
        });
    }
    if entries.is_empty() {
        return Err("there are no contigs".to_owned());
    }
    let names_bytes = entries.iter().map(|entry| entry.name.len()).sum();
    within_limits(entries.len(), names_bytes).map_err(|error| error.message().to_owned())?;
    Ok(entries)
}

/// For bytes that are no bases: the file's fault, or that of an index of another file.
pub(super) fn mismatch<R: RangeRead>(store: &ByteStore<R>, contig: &str) -> Error {
    store
        .wrong(&format!(
            "contig {contig:?} holds something other than bases, or its index is of another file"
        ))
        .with_remedy("delete the .fai file if there is one; if that does not help, check the FASTA")
}
