//! The places to which scoring is limited.

use genolewm_core::bed;
use genolewm_core::contig::common_form;
use genolewm_core::error::Location;
use genolewm_core::limits::MAX_POSITION;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;

/// Intervals by contig, in any spelling of its name.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    /// By common form; sorted and merged.
    intervals: BTreeMap<String, Vec<Interval>>,
}

impl Regions {
    /// Reads `CHROM[:START-END],…` (1-based, both ends included).
    ///
    /// # Errors
    /// `INPUT.GENERIC` for anything else.
    ///
    /// ```
    /// use genolewm::scorer::Regions;
    /// assert!(Regions::parse("chr17:41196312-41277500,X").is_ok());
    /// assert!(Regions::parse("chr17:20-10").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let mut regions = Self::default();
        for region in text.split(',') {
            regions.read_region(region.trim())?;
        }
        regions.merge();
        Ok(regions)
    }

    /// Reads the text of a BED file (0-based, end excluded), called `name` in errors.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a line that is none of a BED file's.
    pub fn parse_bed(name: &str, bed: &str) -> Result<Self> {
        let mut regions = Self::default();
        regions.read_bed(name, bed)?;
        regions.merge();
        Ok(regions)
    }

    /// Whether a record touches one of the intervals.
    #[must_use]
    pub fn contain(&self, record: &VariantRecord) -> bool {
        let intervals = self.of_contig(&record.contig);
        let Some(pos) = record.pos else {
            return false;
        };
        let bases = record.reference.as_ref().map_or(1, String::len).max(1);
        let (start, end) = (pos.offset(), BpOffset(pos.offset().get() + bases as u64));
        let first = intervals.partition_point(|interval| interval.end <= start);
        intervals
            .get(first)
            .is_some_and(|interval| interval.start < end)
    }

    /// Whether one of the intervals holds all of a span; adjoining intervals count as one.
    #[must_use]
    pub fn hold(&self, contig: &str, span: Interval) -> bool {
        let intervals = self.of_contig(contig);
        let first = intervals.partition_point(|interval| interval.end < span.end);
        intervals
            .get(first)
            .is_some_and(|interval| interval.start <= span.start)
    }

    /// The intervals of a contig, in any spelling of its name, sorted and apart;
    /// that of a whole contig ends beyond it.
    #[must_use]
    pub fn of_contig(&self, contig: &str) -> &[Interval] {
        self.intervals
            .get(&common_form(contig))
            .map_or(&[], Vec::as_slice)
    }

    fn read_region(&mut self, region: &str) -> Result<()> {
        let malformed = || {
            Error::input("a region is written CHROM or CHROM:START-END")
                .with_detail("region", region)
                .with_remedy("for example chr17:41196312-41277500")
        };
        // Contig names of HLA alleles hold colons: the last one counts, if numbers follow.
        let span = region
            .rsplit_once(':')
            .and_then(|(contig, span)| Some((contig, parse_span(span)?)));
        let (contig, (start, end)) = span.unwrap_or((region, (1, MAX_POSITION)));
        if contig.is_empty() || start == 0 {
            return Err(malformed());
        }
        let interval =
            Interval::new(BpOffset(start - 1), BpOffset(end)).map_err(|_| malformed())?;
        self.add(contig, interval);
        Ok(())
    }

    fn read_bed(&mut self, name: &str, bed: &str) -> Result<()> {
        let lines = (1..).zip(bed.lines());
        for (number, line) in lines.filter(|(_, line)| bed::lists(line)) {
            let mut columns = line.split_whitespace();
            let contig = columns.next().unwrap_or_default();
            let ends = columns.next().zip(columns.next());
            let interval = ends.and_then(|(start, end)| bed::stretch(start, end));
            let interval = interval.ok_or_else(|| {
                Error::input("this is no line of a BED file")
                    .at(Location::line(name, number))
                    .with_remedy("write contig, 0-based start and end, separated by tabs")
            })?;
            self.add(contig, interval);
        }
        Ok(())
    }

    fn add(&mut self, contig: &str, interval: Interval) {
        let intervals = self.intervals.entry(common_form(contig));
        intervals.or_default().push(interval);
    }

    fn merge(&mut self) {
        for intervals in self.intervals.values_mut() {
            intervals.sort_by_key(|interval| interval.start);
            let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
            for interval in intervals.iter().copied() {
                match merged.last_mut() {
                    Some(last) if interval.start <= last.end => {
                        last.end = last.end.max(interval.end)
                    }
                    _ => merged.push(interval),
                }
            }
            *intervals = merged;
        }
    }
}

/// `START-END`, or `START` for one base; thousands may be separated by commas only in BED-less
/// tools, so they are not taken here, where a comma separates regions.
fn parse_span(span: &str) -> Option<(u64, u64)> {
    let (start, end) = span.split_once('-').unwrap_or((span, span));
    Some((start.parse().ok()?, end.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::Position;

    fn record(contig: &str, pos: u64, reference: &str) -> VariantRecord {
        VariantRecord {
            line: 1,
            raw: None,
            contig: contig.to_owned(),
            pos: Position::new(pos).ok(),
            id: None,
            reference: Some(reference.to_owned()),
            alternates: Vec::new(),
            call: None,
        }
    }

    #[test]
    fn ends_are_included_and_names_have_aliases() -> Result<()> {
        let regions = Regions::parse("chr1:10-20,X,chr1:15-30")?;
        let inside = |contig, pos, reference| regions.contain(&record(contig, pos, reference));
        assert!(inside("1", 10, "A") && inside("chr1", 30, "A") && inside("chrX", 1_000_000, "A"));
        assert!(!inside("1", 9, "A") && inside("1", 9, "AC") && !inside("1", 31, "A"));
        assert!(!inside("2", 10, "A"));
        Ok(())
    }

    #[test]
    fn bed_counts_from_zero() -> Result<()> {
        let mut regions = Regions::default();
        regions.read_bed("x.bed", "track name=x\n#c\nchr1\t9\t20\tgene\n")?;
        assert!(regions.contain(&record("1", 10, "A")) && !regions.contain(&record("1", 21, "A")));
        assert!(!regions.contain(&record("1", 9, "A")));
        let error = regions.read_bed("x.bed", "chr1\t9\nchr1\t9\tx").err();
        assert_eq!(
            error.and_then(|error| error.location().and_then(|at| at.line)),
            Some(1)
        );
        Ok(())
    }

    #[test]
    fn spans_are_held_whole() -> Result<()> {
        let regions = Regions::parse("chr1:11-20,chr1:21-30,chr1:41-50")?;
        let hold = |contig, start, end| -> Result<bool> {
            Ok(regions.hold(contig, Interval::new(BpOffset(start), BpOffset(end))?))
        };
        assert!(hold("1", 10, 30)? && hold("chr1", 40, 50)?);
        assert!(!hold("1", 9, 30)? && !hold("1", 10, 31)? && !hold("1", 29, 41)?);
        assert!(!hold("1", 50, 51)? && !hold("2", 10, 20)?);
        Ok(())
    }

    #[test]
    fn reversed_and_empty_regions_are_refused() {
        for text in ["chr1:20-10", "", "chr1:0-5", ":5-6"] {
            assert!(Regions::parse(text).is_err(), "{text}");
        }
    }
}
