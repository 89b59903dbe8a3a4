//! Hold-outs: regions, records and variants that must never be trained on.

use crate::bases::encode;
use crate::errors::config_error;
use crate::files::bed;
use crate::files::maf::each_block_of_places;
use crate::holdout::local::LocalRecord;
use crate::window::{Piece, WindowContext};
use genolewm_core::bed::stretch;
use genolewm_core::bytes::Held;
use genolewm_core::edit::{EditSpec, RelEdit, TrimmedVariant};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Regions, whole records and variants that are kept out of training.
///
/// As a file it is BED: contig, 0-based start, end, and a free name that says why; a line with a
/// contig alone holds out the whole record. Contig names are those of the sequence files, exactly:
/// an alias that is guessed wrong would leak. Variants are not part of that file; see
/// [`HoldoutFiles`](crate::holdout::HoldoutFiles).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldoutPolicy {
    intervals: BTreeMap<String, Vec<Interval>>,
    records: BTreeSet<String>,
    edits: BTreeSet<TrimmedVariant>,
}

impl HoldoutPolicy {
    /// Holds nothing out.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a BED file.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when it cannot be read, `CONFIG.GENERIC` with the line when it is
    /// malformed: a hold-out that is not understood must stop the run.
    pub fn read(path: &Path) -> Result<Self> {
        let (mut policy, mut held) = (Self::none(), Held::of(path));
        bed::each_row(path, |columns| {
            match *columns {
                [contig] => policy.add_record(contig),
                [contig, start, end, ..] => {
                    let interval = stretch(start, end).ok_or_else(malformed)?;
                    policy.list(contig).push(interval);
                }
                _ => return Err(malformed()),
            }
            held.add(columns[0].len())
        })?;
        for list in policy.intervals.values_mut() {
            list.sort_by_key(|interval| interval.start);
        }
        Ok(policy)
    }

    /// Holds out an interval of a contig.
    pub fn add(&mut self, contig: &str, interval: Interval) {
        let list = self.list(contig);
        let place = list.partition_point(|other| other.start <= interval.start);
        list.insert(place, interval);
    }

    fn list(&mut self, contig: &str) -> &mut Vec<Interval> {
        self.intervals.entry(contig.to_owned()).or_default()
    }

    /// Holds out every record of this name.
    pub fn add_record(&mut self, contig: &str) {
        self.records.insert(contig.to_owned());
    }

    /// Holds out one variant, wherever it comes from. Unlike regions, variants are compared in the
    /// common form of the contig's name, and by the change that they are: without the bases that their
    /// alleles share and, where the bases around them are known, wherever in a repeat they are written.
    pub fn add_edit(&mut self, edit: &EditSpec) {
        self.edits.insert(TrimmedVariant::of(edit));
    }

    /// Whether an edit is held out, by itself or by the place of its reference bases; the bases around it
    /// are not known.
    #[must_use]
    pub fn excludes_edit(&self, edit: &EditSpec) -> bool {
        self.touches(edit.chrom(), edit.span())
            || (!self.edits.is_empty() && self.edits.contains(&TrimmedVariant::of(edit)))
    }

    /// Whether an edit of a window is held out; see [`excludes_edit`](Self::excludes_edit). One
    /// whose reference bases lie on two records is in no list of variants.
    #[must_use]
    pub fn excludes_edit_of(&self, window: &WindowContext, edit: &RelEdit) -> bool {
        let Some(on_record) = window.on_record(edit) else {
            return false;
        };
        self.touches(on_record.chrom(), on_record.span()) || self.lists_edit_of(window, edit)
    }

    /// Whether an edit of a window is in the list of variants, in whatever spelling: by its place on its
    /// record, or on the chromosome that the record is a piece of.
    fn lists_edit_of(&self, window: &WindowContext, edit: &RelEdit) -> bool {
        let listed = |place: &TrimmedVariant| self.edits.contains(place);
        let lists = |window: &WindowContext| window.places(edit).iter().any(listed);
        !self.edits.is_empty()
            && (lists(window) || on_chromosome(window).is_some_and(|window| lists(&window)))
    }

    /// Whether a window's record is held out, or any of the window's bases.
    #[must_use]
    pub fn excludes_window(&self, window: &WindowContext) -> bool {
        let touches = |piece: &Piece| self.touches(&piece.contig, piece.span);
        self.holds_record(&window.record_id) || window.pieces().iter().any(touches)
    }

    /// Holds out a region as people write it: `chr17:41100001-41300000`, 1-based and inclusive.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` when it is not of that form.
    pub fn add_region(&mut self, text: &str) -> Result<()> {
        let (contig, interval) = parse_region(text)?;
        self.add(&contig, interval);
        Ok(())
    }

    /// Holds out, in every species of a multiple alignment (MAF), each aligned record whose row of
    /// `contig` shares a base with `region`. A record is named as the files cut from such an
    /// alignment name theirs, `species.contig:start+size:strand`.
    ///
    /// Where a species has unplaced sequence its starts may repeat, and one name may then cover
    /// records elsewhere: these are held out too. Returns the number of names added.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when the file cannot be read, `INPUT.GENERIC` with the line for a
    /// malformed row.
    pub fn add_orthologs(&mut self, maf: &Path, contig: &str, region: Interval) -> Result<usize> {
        let before = self.records.len();
        each_block_of_places(maf, |rows| {
            let (own, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.name == contig);
            for row in own {
                if row.forward()?.intersects(region) {
                    self.records
                        .extend(others.iter().map(|row| row.record_name()));
                }
            }
            Ok(())
        })?;
        Ok(self.records.len() - before)
    }

    /// Whether every record of this name is held out.
    #[must_use]
    pub fn holds_record(&self, contig: &str) -> bool {
        self.records.contains(contig)
    }

    /// The held-out intervals of a contig, by start; they may overlap.
    #[must_use]
    pub fn intervals(&self, contig: &str) -> &[Interval] {
        self.intervals.get(contig).map_or(&[], Vec::as_slice)
    }

    /// Whether a span of a contig shares a base with anything held out.
    #[must_use]
    pub fn touches(&self, contig: &str, span: Interval) -> bool {
        let touches = |held: &Interval| held.intersects(span);
        self.holds_record(contig) || self.intervals(contig).iter().any(touches)
    }

    /// Whether nothing is held out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty() && self.records.is_empty() && self.edits.is_empty()
    }

    /// Regions and records as BED text, sorted by name.
    #[must_use]
    pub fn to_bed(&self) -> String {
        let mut text = String::new();
        for (contig, intervals) in &self.intervals {
            for interval in intervals {
                text.push_str(&format!("{contig}\t{}\t{}\n", interval.start, interval.end));
            }
        }
        for record in &self.records {
            text.push_str(record);
            text.push('\n');
        }
        text
    }
}

/// Reads `contig:first-last`, 1-based and inclusive.
///
/// # Errors
/// `CONFIG.GENERIC` when it is not of that form.
pub fn parse_region(text: &str) -> Result<(String, Interval)> {
    let parse = || {
        let (contig, span) = text.rsplit_once(':')?;
        let (first, last) = span.split_once('-')?;
        let number = |text: &str| text.replace(',', "").parse::<u64>().ok().filter(|&n| n > 0);
        let interval = Interval::new(BpOffset(number(first)? - 1), BpOffset(number(last)?)).ok()?;
        (!contig.is_empty()).then(|| (contig.to_owned(), interval))
    };
    parse().ok_or_else(|| {
        config_error("a region is not of the form contig:first-last")
            .with_detail("text", text)
            .with_remedy("write it as chr17:41100001-41300000, 1-based and inclusive")
    })
}

/// The same window by places on chromosomes; `None` where no record of it is a piece of one.
fn on_chromosome(window: &WindowContext) -> Option<WindowContext> {
    let placed = |piece: &Piece| {
        LocalRecord::parse(&piece.contig).map_or_else(
            || piece.clone(),
            |local| Piece {
                contig: local.contig.as_str().into(),
                span: Interval::at(local.globalise(piece.span.start), piece.span.len_bp()),
            },
        )
    };
    let pieces: Vec<Piece> = window.pieces().iter().map(placed).collect();
    if pieces == window.pieces() {
        return None;
    }
    WindowContext::of_pieces(&encode(&window.bases), pieces)
}

fn malformed() -> Error {
    config_error("a hold-out line is neither `contig` nor `contig start end`")
        .with_remedy("separate the columns by tabs, with 0-based starts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn span(start: u64, end: u64) -> Interval {
        Interval::new(BpOffset(start), BpOffset(end)).unwrap()
    }

    #[test]
    fn bed_is_read_as_it_is_written() {
        let bed = file("# why\nchr17\t41100000\t41300000\tBRCA1\nwhole_record\n");
        let policy = HoldoutPolicy::read(bed.path()).unwrap();
        let mut same = HoldoutPolicy::none();
        same.add_region("chr17:41,100,001-41,300,000").unwrap();
        same.add_record("whole_record");
        assert_eq!(policy, same);
        assert_eq!(
            HoldoutPolicy::read(file(&policy.to_bed()).path()).unwrap(),
            policy
        );
        assert!(policy.touches("chr17", span(41_299_999, 41_300_001)));
        assert!(!policy.touches("chr17", span(41_300_000, 41_300_001)));
        assert!(
            policy.touches("whole_record", span(0, 1)) && !policy.touches("17", span(0, 1 << 40))
        );
    }

    #[test]
    fn a_variant_held_out_on_its_chromosome_was_drawn_from_a_piece_of_it() {
        let piece = Piece {
            contig: "hg19_chr17_41100001_41300000".into(),
            span: span(100, 106),
        };
        let window = WindowContext::of_pieces(&encode("TGAAAC"), vec![piece]).unwrap();
        let mut policy = HoldoutPolicy::none();
        policy.add_edit(&"17:41100102:G:C".parse().unwrap());
        // The deletion of one A, at the right end of its repeat.
        policy.add_edit(&"chr17:41100104:AA:A".parse().unwrap());
        let excludes = |at, reference, alternate| {
            let edit = RelEdit::new(BpOffset(at), reference, alternate).unwrap();
            policy.excludes_edit_of(&window, &edit)
        };
        assert!(excludes(1, "G", "C") && excludes(1, "GA", "G"));
        assert!(!excludes(1, "G", "T") && !excludes(2, "A", "C"));
    }

    #[test]
    fn a_malformed_hold_out_stops_the_run() {
        for text in ["chr1 5 9\tx", "chr1\tfive\t9", "chr1\t9\t5"] {
            let error = HoldoutPolicy::read(file(text).path()).unwrap_err();
            assert_eq!(error.location().and_then(|at| at.line), Some(1), "{text}");
        }
        assert!(
            ["chr1", "chr1:0-5", "chr1:9-5", ":1-5"]
                .iter()
                .all(|text| parse_region(text).is_err())
        );
    }

    #[test]
    fn orthologs_of_a_region_are_found_through_the_alignment() {
        let maf = file(
            "##maf\na\ns Hsap.22 90 10 + 500 ACGT\ns Ptro.22 7 9 + 500 ACGT\ns Ppyg.Un 0 4 + 9 ACGT\n\n\
             a\ns Hsap.22 99 10 + 500 AC\ns Ptro.22 17 9 - 500 AC\n\na\ns Ptro.22 80 9 + 500 A\ns Hsap.22 395 5 - 500 A\n",
        );
        let mut policy = HoldoutPolicy::none();
        assert_eq!(
            policy
                .add_orthologs(maf.path(), "Hsap.22", span(100, 105))
                .unwrap(),
            2
        );
        assert!(policy.holds_record("Ptro.22:17+9:-") && policy.holds_record("Ptro.22:80+9:+"));
        assert!(!policy.holds_record("Ptro.22:7+9:+"));
    }
}
