//! The places to which scoring is limited.

use genolewm_core::bed;
use genolewm_core::contig::common_form;
use genolewm_core::limits::MAX_POSITION;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::source::VariantRecord;
use genolewm_core::{Error, Result};
use std::collections::BTreeMap;

/// Contig names that a message lists.
const NAMED: usize = 5;

/// Intervals by contig, in any spelling of its name.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    /// By common form; sorted and merged.
    intervals: BTreeMap<String, Vec<Interval>>,
    /// The contigs as they were written first, by common form.
    spellings: BTreeMap<String, String>,
    /// What was typed rather than read from a file: each of them is meant.
    typed: Vec<TypedRegion>,
}

/// A region as somebody typed it.
#[derive(Debug, Clone)]
struct TypedRegion {
    text: String,
    contig: String,
    start: BpOffset,
}

impl Regions {
    /// Reads `CHROM[:START[-[END]]],…` (1-based, both ends included). Commas part regions, and
    /// thousands in numbers: `chr17:41,250,000-41,260,000` is one region.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for anything else. Whether the contigs are there, [`check`](Self::check) tells.
    ///
    /// ```
    /// use genolewm::scorer::Regions;
    /// assert!(Regions::parse("chr17:41,196,312-41277500,X").is_ok());
    /// assert!(Regions::parse("chr17:20-10").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let mut regions = Self::default();
        for region in split(text) {
            regions.read_region(region.trim())?;
        }
        Ok(regions.merged())
    }

    /// Takes a line of a BED file (0-based, end excluded); lines that list nothing are passed over.
    /// After the last comes [`merged`](Self::merged).
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a line that is none of a BED file's.
    pub fn add_bed_line(&mut self, line: &str) -> Result<()> {
        if !bed::lists(line) {
            return Ok(());
        }
        let mut columns = line.split_whitespace();
        let contig = columns.next().unwrap_or_default();
        let ends = columns.next().zip(columns.next());
        let interval = ends.and_then(|(start, end)| bed::stretch(start, end));
        let interval = interval.ok_or_else(|| {
            Error::input("this is no line of a BED file")
                .with_remedy("write contig, 0-based start and end, separated by tabs")
        })?;
        self.add(contig, interval);
        Ok(())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    /// Sorts and joins what was added.
    #[must_use]
    pub fn merged(mut self) -> Self {
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
        self
    }

    /// Compares the regions with a reference: what is typed must lie on it, and of a file at least
    /// something. Says what of a file does not.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a region where nothing can be scored.
    pub fn check<S: BaseSource>(&self, reference: &Reference<S>) -> Result<Option<String>> {
        for region in &self.typed {
            let Some(contig) = reference.contig(&region.contig) else {
                return Err(self.unknown(&region.text, &region.contig, reference));
            };
            if region.start.get() >= contig.length_bp {
                let message = format!(
                    "the region {} lies beyond the end of {} at {}",
                    region.text, contig.name, contig.length_bp
                );
                return Err(Error::input(message)
                    .with_detail("region", &region.text)
                    .with_remedy("give positions on the build of the reference, counted from 1"));
            }
        }
        let unknown = |name: &&String| reference.contig(name).is_none();
        let unknown: Vec<&str> = self
            .spellings
            .values()
            .filter(unknown)
            .map(String::as_str)
            .collect();
        let Some(first) = unknown.first() else {
            return Ok(None);
        };
        if unknown.len() == self.spellings.len() {
            return Err(self.unknown(first, first, reference));
        }
        let named = unknown.get(..NAMED).unwrap_or(&unknown).join(", ");
        Ok(Some(format!(
            "the reference lacks {} of the {} contigs of the regions: {named}",
            unknown.len(),
            self.spellings.len()
        )))
    }

    fn unknown<S: BaseSource>(&self, text: &str, contig: &str, reference: &Reference<S>) -> Error {
        let names = reference.contigs().iter().take(NAMED);
        let names: Vec<&str> = names.map(|contig| contig.name.as_str()).collect();
        let remedy = "write CHROM or CHROM:START-END with a contig of the reference, for example \
                      chr17:41196312-41277500; genes and rs numbers are no places";
        Error::input(format!("{contig} is no contig of the reference"))
            .with_detail("region", text)
            .with_detail("contigs of the reference", names.join(", "))
            .with_remedy(remedy)
    }

    /// Whether a record lies in one of the intervals. Its POS decides, however far it reaches, so that each
    /// record belongs to exactly one of the shards of a file.
    #[must_use]
    pub fn contain(&self, record: &VariantRecord) -> bool {
        let intervals = self.of_contig(&record.contig);
        let Some(pos) = record.pos else {
            return false;
        };
        let pos = pos.offset();
        let first = intervals.partition_point(|interval| interval.end <= pos);
        let first = intervals.get(first);
        first.is_some_and(|interval| interval.start <= pos)
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
                .with_remedy("for example chr17:41196312-41277500, with commas between several")
        };
        // Contig names of HLA alleles hold colons: the last one counts, if numbers follow.
        let span = region
            .rsplit_once(':')
            .and_then(|(contig, span)| Some((contig, parse_span(span)?)));
        let (contig, (start, end)) = span.unwrap_or((region, (1, MAX_POSITION)));
        if contig.is_empty() || contig.contains(char::is_whitespace) || start == 0 {
            return Err(malformed());
        }
        let interval =
            Interval::new(BpOffset(start - 1), BpOffset(end)).map_err(|_| malformed())?;
        self.add(contig, interval);
        self.typed.push(TypedRegion {
            text: region.to_owned(),
            contig: contig.to_owned(),
            start: interval.start,
        });
        Ok(())
    }

    fn add(&mut self, contig: &str, interval: Interval) {
        let common = common_form(contig);
        if !self.spellings.contains_key(&common) {
            self.spellings.insert(common.clone(), contig.to_owned());
        }
        self.intervals.entry(common).or_default().push(interval);
    }
}

/// The regions of a list, between commas other than those of thousands.
fn split(text: &str) -> Vec<String> {
    let mut regions: Vec<String> = Vec::new();
    for part in text.split(',') {
        match regions.last_mut() {
            Some(region) if continues(region, part) => {
                region.push(',');
                region.push_str(part);
            }
            _ => regions.push(part.to_owned()),
        }
    }
    regions
}

/// Whether `part` goes on with a number of `region`: three digits after groups of digits.
fn continues(region: &str, part: &str) -> bool {
    let (group, rest) = part.split_at_checked(3).unwrap_or((part, ""));
    let is_group = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    let ends_number = region.rsplit_once(':').is_some_and(|(_, span)| {
        let number = span.rsplit('-').next().unwrap_or_default();
        grouped(number).is_some()
            && number
                .rsplit(',')
                .next()
                .is_some_and(|last| last.len() <= 3)
    });
    is_group && ends_number && (rest.is_empty() || rest.starts_with('-'))
}

/// `START-END`, `START-` to the end of the contig, or `START` for one base.
fn parse_span(span: &str) -> Option<(u64, u64)> {
    let (start, end) = span.split_once('-').unwrap_or((span, span));
    let start = grouped(start)?;
    Some((
        start,
        if end.is_empty() {
            MAX_POSITION
        } else {
            grouped(end)?
        },
    ))
}

/// A number that a position can be, its thousands separated by commas or not.
fn grouped(number: &str) -> Option<u64> {
    let mut groups = number.split(',');
    let first = groups.next()?;
    let thousands = groups.clone().next().is_some();
    let is_number = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let well = is_number(first) && (!thousands || first.len() <= 3);
    if !well || !groups.all(|group| group.len() == 3 && is_number(group)) {
        return None;
    }
    number
        .replace(',', "")
        .parse()
        .ok()
        .filter(|number| *number <= MAX_POSITION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::Position;
    use genolewm_core::reference::FastaReference;

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
        assert!(!inside("1", 9, "A") && !inside("1", 31, "A"));
        assert!(!inside("2", 10, "A"));
        Ok(())
    }

    #[test]
    fn a_record_over_a_border_belonged_to_both_sides() -> Result<()> {
        let sides = [Regions::parse("1:1-9")?, Regions::parse("1:10-20")?];
        for (pos, reference) in [(9, "ACGT"), (10, "ACGT"), (1, "ACGTACGTACGTACGTACGTACGT")] {
            let record = record("chr1", pos, reference);
            let held = sides.iter().filter(|side| side.contain(&record)).count();
            assert_eq!(held, 1, "{pos}");
        }
        Ok(())
    }

    #[test]
    fn bed_counts_from_zero() -> Result<()> {
        let mut regions = Regions::default();
        for line in ["track name=x", "#c", "", "chr1\t9\t20\tgene"] {
            regions.add_bed_line(line)?;
        }
        let mut regions = regions.merged();
        assert!(regions.contain(&record("1", 10, "A")) && !regions.contain(&record("1", 21, "A")));
        assert!(!regions.contain(&record("1", 9, "A")));
        assert!(regions.add_bed_line("chr1\t9").is_err());
        assert!(regions.add_bed_line("chr1\t9\tx").is_err());
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
        for text in [
            "chr1:20-10",
            "",
            "chr1:0-5",
            ":5-6",
            "chr1:5-6,",
            "chr1: 5-6",
            "a b",
        ] {
            assert!(Regions::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn thousands_in_a_region_were_taken_for_contigs() -> Result<()> {
        let regions = Regions::parse("chr1:1,250,000-1,260,000,2,chr3:5,000,X,chr4:7-,600")?;
        let inside = |contig, pos| regions.contain(&record(contig, pos, "A"));
        assert!(inside("1", 1_250_000) && inside("1", 1_260_000) && !inside("1", 1_260_001));
        assert!(inside("2", 1) && inside("X", 9) && !inside("250", 1));
        assert!(inside("3", 5_000) && !inside("3", 5));
        assert!(inside("4", 1_000_000) && inside("600", 1));
        for text in ["chr1:1,25-9", "chr1:1250,000-1260,000", "chr1:1,2500"] {
            let unread = Regions::parse(text)?.check(&small()?);
            assert!(unread.is_err(), "{text}");
        }
        Ok(())
    }

    fn small() -> Result<Reference<FastaReference<&'static [u8]>>> {
        let fasta = FastaReference::open(&b">chr1\nACGT\n"[..], None, None, "ref.fa")?;
        Ok(Reference::new(fasta))
    }

    #[test]
    fn regions_that_are_nowhere_were_scored_as_nothing() -> Result<()> {
        let reference = small()?;
        for text in [
            "BRCA1",
            "rs8176320",
            "chr99:1-5",
            "1:1-4,chr99",
            "1:x-4",
            "1:5-9",
        ] {
            let error = Regions::parse(text)?.check(&reference).err();
            let region = error
                .as_ref()
                .and_then(|error| error.details().get("region"));
            assert!(
                region.is_some_and(|region| text.contains(region.as_str())),
                "{text}"
            );
            assert!(
                error.is_some_and(|error| error.remedy().is_some()),
                "{text}"
            );
        }
        assert_eq!(Regions::parse("1:4-9,chr1")?.check(&reference)?, None);
        let bed = |contigs: &[&str]| {
            let mut regions = Regions::default();
            for contig in contigs {
                regions.add_bed_line(&format!("{contig}\t0\t4"))?;
            }
            regions.merged().check(&reference)
        };
        assert!(bed(&["1", "7"])?.is_some_and(|note| note.contains("1 of the 2 contigs")));
        assert!(bed(&["7", "8"]).is_err());
        Ok(())
    }
}
