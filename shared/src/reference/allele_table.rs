//! Reference alleles of single places, for inputs that carry none.

use super::base_source::{BaseSource, ContigInfo, within_limits};
use crate::contig::common_form;
use crate::error::Location;
use crate::limits::MAX_POSITION;
use crate::position::Interval;
use crate::text::is_plain;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
    /// By contig: sorted and apart.
    stretches: BTreeMap<String, Vec<Stretch>>,
}

/// Bases that are known.
#[derive(Debug, Clone)]
struct Stretch {
    /// 0-based.
    start: u64,
    bases: Vec<u8>,
}

impl Stretch {
    const fn end(&self) -> u64 {
        self.start + self.bases.len() as u64
    }
}

/// A row of the table.
struct Row<'a> {
    line: u64,
    /// 0-based.
    start: u64,
    allele: &'a str,
}

impl AlleleTable {
    /// Reads a table of contig, 1-based position and allele, with blanks between them; `name` is what
    /// errors call it. Empty lines and those that start with # are left out.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a row without them, rows that contradict each other, or too many contigs.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        // By contig: its place among them, and its rows.
        let mut contigs: BTreeMap<String, (usize, Vec<Row<'_>>)> = BTreeMap::new();
        let mut names_bytes = 0;
        for (line, row) in (1..).zip(text.lines()) {
            if row.trim().is_empty() || row.starts_with('#') {
                continue;
            }
            let (contig, row) = read_row(line, row).ok_or_else(|| {
                let message =
                    "a row of the table has no contig, position and allele over A, C, G and T";
                Error::input(message)
                    .at(Location::line(name, line))
                    .with_remedy(
                        "write contig, 1-based position and allele, with blanks between them",
                    )
            })?;
            let place = contigs.len();
            match contigs.entry(contig) {
                Entry::Occupied(mut known) => known.get_mut().1.push(row),
                Entry::Vacant(new) => {
                    names_bytes += new.key().len();
                    within_limits(place + 1, names_bytes)?;
                    new.insert((place, vec![row]));
                }
            }
        }
        let mut table = Self::default();
        let mut infos = Vec::with_capacity(contigs.len());
        for (contig, (place, rows)) in contigs {
            let stretches = joined(rows, name)?;
            let info = ContigInfo {
                name: contig.clone(),
                length_bp: stretches.last().map_or(0, Stretch::end),
            };
            infos.push((place, info));
            table.stretches.insert(contig, stretches);
        }
        infos.sort_by_key(|(place, _)| *place);
        table.contigs = infos.into_iter().map(|(_, info)| info).collect();
        Ok(table)
    }
}

/// The common form of a row's contig, and the rest; `None` for what is no row.
fn read_row(line: u64, row: &str) -> Option<(String, Row<'_>)> {
    let mut columns = row.split_whitespace();
    let (contig, pos, allele) = (columns.next()?, columns.next()?, columns.next()?);
    let pos: u64 = pos.parse().ok()?;
    let start = (1..=MAX_POSITION).contains(&pos).then(|| pos - 1)?;
    let is_base = |base: u8| matches!(base.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T');
    let row = Row {
        line,
        start,
        allele,
    };
    (is_plain(contig) && allele.bytes().all(is_base)).then(|| (common_form(contig), row))
}

/// The rows of a contig as stretches that lie apart.
fn joined(mut rows: Vec<Row<'_>>, name: &str) -> Result<Vec<Stretch>> {
    rows.sort_by_key(|row| row.start);
    let mut stretches: Vec<Stretch> = Vec::new();
    for Row {
        line,
        start,
        allele,
    } in rows
    {
        let allele = allele.to_ascii_uppercase().into_bytes();
        let Some(last) = stretches.last_mut().filter(|last| start <= last.end()) else {
            stretches.push(Stretch {
                start,
                bases: allele,
            });
            continue;
        };
        let known = usize::try_from(start - last.start).unwrap_or(usize::MAX);
        let known = last.bases.get(known..).unwrap_or_default();
        let (same, new) = allele.split_at(known.len().min(allele.len()));
        if !known.starts_with(same) {
            let error = Error::input("two rows of the table give a place different alleles");
            return Err(error
                .at(Location::line(name, line))
                .with_remedy("leave out the row that is not of this reference"));
        }
        last.bases.extend_from_slice(new);
    }
    Ok(stretches)
}

impl BaseSource for AlleleTable {
    fn contigs(&self) -> &[ContigInfo] {
        &self.contigs
    }

    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        let (start, end) = (interval.start.get(), interval.end.get());
        let count = end.saturating_sub(start);
        let mut bases = vec![b'N'; usize::try_from(count).unwrap_or_default()];
        let stretches = self.stretches.get(contig).map_or(&[][..], Vec::as_slice);
        let first = stretches.partition_point(|stretch| stretch.end() <= start);
        let inside = stretches.iter().skip(first);
        for stretch in inside.take_while(|stretch| stretch.start < end) {
            let (from, to) = (start.max(stretch.start), end.min(stretch.end()));
            let within = |begin: u64| {
                let bp = |at: u64| usize::try_from(at.saturating_sub(begin)).unwrap_or(usize::MAX);
                bp(from)..bp(to)
            };
            let known = stretch.bases.get(within(stretch.start));
            if let Some((bases, known)) = bases.get_mut(within(start)).zip(known) {
                bases.copy_from_slice(known);
            }
        }
        String::from_utf8(bases).map_err(|_| Error::invariant("bases are not ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::BpOffset;
    use std::fmt::Write;

    fn bases(table: &mut AlleleTable, start: u64, count: u64) -> String {
        let interval = Interval::at(BpOffset(start), count);
        table.fetch("1", interval).expect("bases")
    }

    #[test]
    fn of_two_alleles_of_a_place_the_last_was_taken() -> Result<()> {
        let mut table = AlleleTable::parse("chr1 5 ACG\n1 6 cg\n1 7 GT\n1 20 A\n1 5 A\n", "t")?;
        assert_eq!(bases(&mut table, 3, 6), "NACGTN");
        assert_eq!(bases(&mut table, 6, 14), "GTNNNNNNNNNNNA");
        assert_eq!(table.contigs()[0].length_bp, 20);
        for other in ["1 6 T", "1 4 CC", "1 5 ACGAA\n1 8 T"] {
            let read = AlleleTable::parse(&format!("1 5 ACG\n{other}\n"), "t");
            let error = read.map(drop).expect_err("a contradiction");
            assert!(error.message().contains("different alleles"), "{error}");
            assert!(error.location().is_some_and(|at| at.line.is_some()));
        }
        Ok(())
    }

    /// Each new contig was compared with all before it, for minutes.
    #[test]
    fn contigs_of_a_table_of_alleles_took_quadratic_time() {
        let mut text = String::new();
        for contig in 0..=crate::limits::MAX_CONTIGS {
            let _ = writeln!(text, "c{contig} 5 A");
        }
        assert!(AlleleTable::parse(&text, "t").is_err());
        let most = text.rsplit_once("\nc").map(|(before, _)| before);
        assert!(most.is_some_and(|most| AlleleTable::parse(most, "t").is_ok()));
    }
}
