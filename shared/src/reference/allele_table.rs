//! Reference alleles of single places, for inputs that carry none.

use super::base_source::{BaseSource, ContigInfo, within_limits};
use crate::contig::common_form;
use crate::error::Location;
use crate::limits::MAX_POSITION;
use crate::position::Interval;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Reference alleles by place: a reference of which nothing else is known.
///
/// ```
/// use genolewm_core::position::{BpOffset, Interval};
/// use genolewm_core::reference::{AlleleTable, BaseSource};
/// let mut table = AlleleTable::parse("chr1 1010 A\n1\t1012\tCG\n", "alleles.tsv")?;
/// assert_eq!(table.fetch("1", Interval::at(BpOffset(1_009), 5))?, "ANCGN");
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct AlleleTable {
    contigs: Vec<ContigInfo>,
    bases: BTreeMap<(String, u64), u8>,
}

impl AlleleTable {
    /// Reads a table of contig, 1-based position and allele, with blanks between them; `name` is what
    /// errors call it. Empty lines and those that start with # are left out.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a row without them, or too many contigs.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let mut table = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let columns: Vec<&str> = line.split_whitespace().collect();
            let added = match columns.as_slice() {
                [contig, pos, allele, ..] => {
                    let pos = pos.parse().ok();
                    pos.and_then(|pos| table.add(contig, pos, allele))
                }
                _ => None,
            };
            added.ok_or_else(|| {
                let message =
                    "a row of the table has no contig, position and allele over A, C, G and T";
                Error::input(message)
                    .at(Location::line(name, number))
                    .with_remedy(
                        "write contig, 1-based position and allele, with blanks between them",
                    )
            })?;
        }
        let names = table.contigs.iter().map(|contig| contig.name.len()).sum();
        within_limits(table.contigs.len(), names)?;
        Ok(table)
    }

    /// Notes an allele at a 1-based position; `None` for what is no allele.
    fn add(&mut self, contig: &str, pos: u64, allele: &str) -> Option<()> {
        let bases = allele.to_ascii_uppercase();
        let valid = (1..=MAX_POSITION).contains(&pos)
            && !bases.is_empty()
            && bases.bytes().all(|base| b"ACGT".contains(&base));
        let contig = valid.then(|| common_form(contig))?;
        let length_bp = pos - 1 + bases.len() as u64;
        match self.contigs.iter_mut().find(|info| info.name == contig) {
            Some(info) => info.length_bp = info.length_bp.max(length_bp),
            None => self.contigs.push(ContigInfo {
                name: contig.clone(),
                length_bp,
            }),
        }
        for (at, base) in (pos - 1..).zip(bases.bytes()) {
            self.bases.insert((contig.clone(), at), base);
        }
        Some(())
    }
}

impl BaseSource for AlleleTable {
    fn contigs(&self) -> &[ContigInfo] {
        &self.contigs
    }

    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        let (start, end) = (interval.start.get(), interval.end.get());
        let count = end.saturating_sub(start);
        let mut bases = vec![b'N'; usize::try_from(count).unwrap_or_default()];
        let places = (contig.to_owned(), start)..(contig.to_owned(), end);
        for ((_, at), base) in self.bases.range(places) {
            let to = usize::try_from(at - start).ok();
            if let Some(to) = to.and_then(|to| bases.get_mut(to)) {
                *to = *base;
            }
        }
        String::from_utf8(bases).map_err(|_| Error::invariant("bases are not ASCII"))
    }
}
