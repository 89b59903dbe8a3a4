//! Insertions and deletions, as far left as their bases repeat.

use super::canonical::TrimmedVariant;
use super::spec::EditSpec;
use crate::Result;
use crate::position::{BpOffset, Interval};
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

/// Bases that are asked for first: most repeats are shorter.
const FIRST_BLOCK_BP: u64 = 64;
/// Bases that are asked for at once.
const BLOCK_BP: u64 = 64 * 1024;
/// Repeats from this length on are remembered, …
const REMEMBERED_BP: u64 = 4096;
/// … so many of them.
const REMEMBERED: usize = 64;

/// Moves insertions and deletions to the left end of the repeat that they lie in, by the algorithm
/// of `bcftools norm`: in `TGAAAC`, deleting any of the three A is `GA>G`.
///
/// It asks for bases in blocks, and remembers how far long repeats reach, so that many variants of
/// one repeat take no longer than a walk along it. Bases that are not known (N) end a repeat as the
/// contig's first base does; there the base on the right side is the one that both alleles keep.
#[derive(Debug, Clone, Default)]
pub struct LeftAligner {
    repeats: VecDeque<Repeat>,
}

/// Bases of a contig each of which is the same as the one a period further right, as far as that
/// lies inside.
#[derive(Debug, Clone)]
struct Repeat {
    contig: String,
    period: usize,
    start: u64,
    end: u64,
}

impl LeftAligner {
    /// The edit in its canonical form. `bases` gives those of any interval of the contig up to the
    /// end of the edit's reference allele, upper-case, N for what is not known; the edit's reference
    /// allele must be there. After an error of `bases` the same call goes on where it stopped.
    ///
    /// ```
    /// use genolewm_core::edit::{EditSpec, LeftAligner};
    /// let contig = "TGAAAC";
    /// let edit: EditSpec = "1:4:AA:A".parse()?;
    /// let left = LeftAligner::default().align(&edit, |interval| {
    ///     Ok(contig[interval.start.index()..interval.end.index()].into())
    /// })?;
    /// assert_eq!(left.to_string(), "1:2:GA:G");
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `bases`.
    pub fn align(
        &mut self,
        edit: &EditSpec,
        mut bases: impl FnMut(Interval) -> Result<String>,
    ) -> Result<EditSpec> {
        let change = TrimmedVariant::of(edit);
        let begin = change.span().start;
        let unit = match (change.deleted.as_str(), change.inserted.as_str()) {
            ("", unit) | (unit, "") => unit.as_bytes(),
            _ => {
                let pos = begin.position();
                return EditSpec::new(edit.chrom(), pos, &change.deleted, &change.inserted);
            }
        };
        let moved = self.reach(edit.chrom(), begin, unit, &mut bases)?;
        let start = begin.saturating_sub(moved);
        let turns = usize::try_from(moved % unit.len() as u64).unwrap_or(0);
        let mut unit: Vec<u8> = unit.to_vec();
        unit.rotate_right(turns);
        let unit: String = unit.into_iter().map(char::from).collect();
        let left = start.since(BpOffset(1));
        let anchor = match left {
            Some(left) => bases(Interval::at(left, 1))?,
            None => String::new(),
        };
        let is_known = matches!(anchor.as_str(), "A" | "C" | "G" | "T");
        let with = |anchor: &str, change: &str| match is_known {
            true => [anchor, change].concat(),
            false => [change, anchor].concat(),
        };
        let deleted = match change.deleted.is_empty() {
            true => "",
            false => &unit,
        };
        let inserted = if deleted.is_empty() { &*unit } else { "" };
        let (first, anchor) = match left.filter(|_| is_known) {
            Some(left) => (left, anchor),
            None => {
                let right = start.saturating_add(deleted.len() as u64);
                (start, bases(Interval::at(right, 1))?)
            }
        };
        EditSpec::new(
            edit.chrom(),
            first.position(),
            &with(&anchor, deleted),
            &with(&anchor, inserted),
        )
    }

    /// How many bases left of `start` a change by `unit` can begin: as long as the base before it is
    /// the unit's last, which then becomes its first.
    fn reach(
        &mut self,
        contig: &str,
        start: BpOffset,
        unit: &[u8],
        bases: &mut impl FnMut(Interval) -> Result<String>,
    ) -> Result<u64> {
        let (start, period) = (start.get(), unit.len());
        let mut expected = unit.iter().rev().cycle();
        let (mut moved, mut block) = (0, FIRST_BLOCK_BP);
        while moved < start {
            let end = start - moved;
            let span = Interval::new(BpOffset(end.saturating_sub(block)), BpOffset(end))?;
            let found = bases(span).inspect_err(|_| self.remember(contig, period, end, start))?;
            let same = |(base, unit): &(u8, &u8)| base == *unit;
            let fits = found
                .bytes()
                .rev()
                .zip(&mut expected)
                .take_while(same)
                .count() as u64;
            moved += fits;
            if fits < span.len_bp() {
                break;
            }
            // What is known to repeat is not read again.
            if let Some(known) = self.known_start(contig, period, start - moved) {
                moved = start - known;
                let turns = usize::try_from(moved % period as u64).unwrap_or(0);
                expected = unit.iter().rev().cycle();
                expected.by_ref().take(turns).for_each(drop);
            }
            block = (block * 8).min(BLOCK_BP);
        }
        self.remember(contig, period, start - moved, start);
        Ok(moved)
    }

    /// The start of a remembered repeat that goes on at `at`, to the left.
    fn known_start(&self, contig: &str, period: usize, at: u64) -> Option<u64> {
        let holds = |repeat: &&Repeat| {
            repeat.period == period
                && (repeat.start..repeat.end).contains(&at)
                && repeat.end - at >= period as u64
                && repeat.contig == contig
        };
        self.repeats.iter().find(holds).map(|repeat| repeat.start)
    }

    fn remember(&mut self, contig: &str, period: usize, start: u64, end: u64) {
        if end - start < REMEMBERED_BP {
            return;
        }
        let joins = |repeat: &&mut Repeat| {
            repeat.period == period
                && repeat.end.min(end) >= repeat.start.max(start) + period as u64
                && repeat.contig == contig
        };
        if let Some(known) = self.repeats.iter_mut().find(joins) {
            (known.start, known.end) = (known.start.min(start), known.end.max(end));
            return;
        }
        self.repeats.truncate(REMEMBERED - 1);
        self.repeats.push_front(Repeat {
            contig: contig.into(),
            period,
            start,
            end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use alloc::format;
    use alloc::string::ToString;

    /// The canonical form on a contig, and how many bases were asked for.
    fn aligned(aligner: &mut LeftAligner, contig: &str, edit: &str) -> Result<(String, u64)> {
        let mut asked = 0;
        let edit = aligner.align(&edit.parse()?, |interval| {
            asked += interval.len_bp();
            let bases = contig.get(interval.start.index()..interval.end.index());
            Ok(bases.unwrap_or_default().into())
        })?;
        Ok((edit.to_string(), asked))
    }

    #[test]
    fn every_place_in_a_repeat_is_its_left_end() -> Result<()> {
        let contig = "CTGAAACACACAT";
        for (edit, want) in [
            ("1:4:A:AA", "1:3:G:GA"),
            ("1:6:A:AA", "1:3:G:GA"),
            ("1:5:AA:A", "1:3:GA:G"),
            ("1:10:ACA:A", "1:5:AAC:A"),
            ("1:7:CAC:C", "1:5:AAC:A"),
            ("1:11:C:CAC", "1:5:A:AAC"),
            ("1:12:A:AT", "1:12:A:AT"),
            // One base on the right is shared, none on the left.
            ("1:3:GA:A", "1:2:TG:T"),
            // Before the first base there is none to keep.
            ("1:1:C:GC", "1:1:C:GC"),
            ("1:1:CT:T", "1:1:CT:T"),
            ("1:1:CTG:G", "1:1:CTG:G"),
            ("1:1:C:CC", "1:1:C:CC"),
            // Neither an insertion nor a deletion.
            ("1:4:A:C", "1:4:A:C"),
            ("1:4:AA:TC", "1:4:AA:TC"),
            ("1:4:AA:TCT", "1:4:AA:TCT"),
        ] {
            let (found, _) = aligned(&mut LeftAligner::default(), contig, edit)?;
            assert_eq!(found, want, "{edit}");
        }
        Ok(())
    }

    #[test]
    fn what_is_not_known_ends_a_repeat_as_the_first_base_does() -> Result<()> {
        let contig = "ANNAAAC";
        for edit in ["1:4:AA:A", "1:6:AC:C", "1:5:AA:A"] {
            let (found, _) = aligned(&mut LeftAligner::default(), contig, edit)?;
            assert_eq!(found, "1:4:AA:A", "{edit}");
        }
        let (found, _) = aligned(&mut LeftAligner::default(), contig, "1:6:A:AA")?;
        assert_eq!(found, "1:4:A:AA");
        Ok(())
    }

    #[test]
    fn many_variants_of_a_long_repeat_cost_one_walk() -> Result<()> {
        let (units, count) = (100_000, 500);
        for unit in ["A", "AC", "ACG"] {
            let contig = format!("T{}", unit.repeat(units));
            let mut aligner = LeftAligner::default();
            let mut asked = 0;
            // From both ends.
            for index in 0..count {
                let at = match index % 2 {
                    0 => index * (units / count),
                    _ => (units - 1) - index * (units / count),
                };
                let edit = format!("1:{}:{unit}:{unit}{unit}", 2 + at * unit.len());
                let (found, bases) = aligned(&mut aligner, &contig, &edit)?;
                assert_eq!(found, format!("1:1:T:T{unit}"));
                asked += bases;
            }
            let most = contig.len() + 200 * count;
            assert!(asked < most as u64, "{asked} bases for {}", contig.len());
        }
        Ok(())
    }

    #[test]
    fn a_starved_walk_goes_on_where_it_stopped() -> Result<()> {
        let contig = format!("TG{}", "A".repeat(500_000));
        let edit: EditSpec = "1:499000:AA:A".parse()?;
        let mut aligner = LeftAligner::default();
        // A reader that starts with the last bases, and gets a page more each time that it is starved.
        let (mut held_from, page_bp) = (498_000, 32_768);
        let mut attempts = 0;
        let left = loop {
            attempts += 1;
            let mut asked = 0;
            let found = aligner.align(&edit, |interval| {
                asked += interval.len_bp();
                if interval.start.get() < held_from {
                    held_from = held_from.saturating_sub(page_bp);
                    return Err(Error::input("not there yet"));
                }
                let bases = contig.get(interval.start.index()..interval.end.index());
                Ok(bases.unwrap_or_default().into())
            });
            assert!(asked < 200_000, "{asked} bases in attempt {attempts}");
            match found {
                Ok(left) => break left,
                Err(_) if attempts < 100 => {}
                Err(error) => return Err(error),
            }
        };
        assert_eq!(left.to_string(), "1:2:GA:G");
        assert!(attempts > 10, "{attempts}");
        Ok(())
    }
}
