//! The sequence of one file, in memory: what may be sampled of it, and windows of that.

use crate::bases;
use crate::corpus::table::Joining;
use crate::files::records::SequenceRecord;
use crate::holdout::kept::kept;
use crate::holdout::policy::HoldoutPolicy;
use crate::window::Piece;
use genolewm_core::position::{BpOffset, Interval};
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A run of N of this length or more is not stored; windows of one record do not cross it.
const LONG_N_RUN_BP: usize = 100;
/// A window with more than one N in so many bases is drawn again.
const BASES_PER_ALLOWED_N: usize = 50;

/// A sampled stretch of sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampledWindow {
    /// The record of the first base (of the forward strand).
    pub contig: Arc<str>,
    /// The first base on that record.
    pub start: BpOffset,
    /// Codes of [`bases`], in the direction of the sampled strand.
    pub bases: Vec<u8>,
    /// Whether the bases are those of the reverse strand.
    pub reverse_complemented: bool,
    /// Where all of it comes from, in forward order; more than one piece only when the source lets
    /// windows run across records.
    pub pieces: Vec<Piece>,
}

/// A stored stretch of a record.
#[derive(Debug)]
struct Segment {
    record: usize,
    /// On the record.
    start: u64,
    /// In the source's bases; the segment ends where the next one begins.
    offset: usize,
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: Arc<str>,
    pub(super) length_bp: u64,
}

#[derive(Debug)]
pub(super) struct StoredSource {
    /// How often a base is drawn, against one of a file of weight 1.
    pub(super) weight: f64,
    joining: Joining,
    pub(super) bases: Vec<u8>,
    segments: Vec<Segment>,
    pub(super) records: Vec<Record>,
    seen: HashSet<(usize, u64)>,
}

impl StoredSource {
    /// A file of which nothing is stored yet.
    pub(super) fn new(weight: f64, joining: Joining) -> Self {
        Self {
            weight,
            joining,
            bases: Vec::new(),
            segments: Vec::new(),
            records: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Stores what may be sampled of a record, unless it repeats an earlier one letter for letter.
    pub(super) fn add(
        &mut self,
        record: &SequenceRecord,
        holdout: &HoldoutPolicy,
        only: Option<&HoldoutPolicy>,
    ) {
        let codes = &record.bases;
        let parts = kept(record, holdout, only);
        let name = record.contig.as_ref().unwrap_or(&record.record_id);
        if holdout.holds_record(name) || !self.seen.insert((codes.len(), fingerprint(codes))) {
            return;
        }
        self.records.push(Record {
            name: name.as_str().into(),
            length_bp: record.start.get() + codes.len() as u64,
        });
        for part in parts {
            self.add_known(codes, part, record.start);
        }
    }

    /// Forgets what only reading needs.
    pub(super) fn close(&mut self) {
        self.seen = HashSet::new();
        self.bases.shrink_to_fit();
    }

    /// Stores a part, cut at long runs of N.
    fn add_known(&mut self, codes: &[u8], part: core::ops::Range<usize>, origin: BpOffset) {
        let end = part.end;
        let mut at = part.start;
        while at < end {
            let unknown = codes[at..end]
                .iter()
                .take_while(|&&code| code == bases::N)
                .count();
            let start = at + unknown;
            let (mut stop, mut run) = (start, 0);
            for (index, &code) in codes[start..end].iter().enumerate() {
                run = if code == bases::N { run + 1 } else { 0 };
                if run == LONG_N_RUN_BP {
                    break;
                }
                if run == 0 {
                    stop = start + index + 1;
                }
            }
            if start < stop {
                let record = self.records.len() - 1;
                self.segments.push(Segment {
                    record,
                    start: origin.get() + start as u64,
                    offset: self.bases.len(),
                });
                self.bases.extend_from_slice(&codes[start..stop]);
            }
            at = stop.max(start);
        }
    }

    /// The window at an offset of the stored bases, if it may be sampled.
    pub(super) fn window(
        &self,
        offset: usize,
        len_bp: usize,
        reverse: bool,
    ) -> Option<SampledWindow> {
        let end = offset
            .checked_add(len_bp)
            .filter(|&end| end <= self.bases.len() && len_bp > 0)?;
        let first = self
            .segments
            .partition_point(|segment| segment.offset <= offset)
            - 1;
        if self.joining == Joining::Record && end > self.segment_end(first) {
            return None;
        }
        let stored = &self.bases[offset..end];
        if !is_known(stored) {
            return None;
        }
        let pieces: Vec<Piece> = (first..self.segments.len())
            .take_while(|&index| self.segments[index].offset < end)
            .map(|index| self.piece(index, offset, end))
            .collect();
        let mut window = SampledWindow {
            contig: Arc::clone(&pieces.first()?.contig),
            start: pieces.first()?.span.start,
            bases: stored.to_vec(),
            reverse_complemented: reverse,
            pieces,
        };
        if reverse {
            bases::reverse_complement(&mut window.bases);
        }
        Some(window)
    }

    /// The part of a segment between two offsets.
    fn piece(&self, index: usize, offset: usize, end: usize) -> Piece {
        let segment = &self.segments[index];
        let on_record = |at: usize| BpOffset(segment.start + (at - segment.offset) as u64);
        let span = Interval {
            start: on_record(offset.max(segment.offset)),
            end: on_record(end.min(self.segment_end(index))),
        };
        Piece {
            contig: Arc::clone(&self.records[segment.record].name),
            span,
        }
    }

    fn segment_end(&self, index: usize) -> usize {
        self.segments
            .get(index + 1)
            .map_or(self.bases.len(), |next| next.offset)
    }

    /// See [`Corpus::fetch`](crate::corpus::loaded::Corpus::fetch).
    pub(super) fn fetch(&self, record: usize, span: Interval) -> Vec<u8> {
        let mut codes = vec![bases::N; span.len_bp() as usize];
        for (known, offset) in self.segments_of(record) {
            let (from, to) = (span.start.max(known.start), span.end.min(known.end));
            let (from, to) = (from.get(), to.get());
            if from < to {
                let at = offset + (from - known.start.get()) as usize;
                let into = (from - span.start.get()) as usize;
                let length = (to - from) as usize;
                codes[into..into + length].copy_from_slice(&self.bases[at..at + length]);
            }
        }
        codes
    }

    /// What is stored of a record: stretches of it, and where in the source's bases they begin.
    pub(super) fn segments_of(&self, record: usize) -> impl Iterator<Item = (Interval, usize)> {
        let first = self
            .segments
            .partition_point(|segment| segment.record < record);
        (first..self.segments.len())
            .map(|index| (index, &self.segments[index]))
            .take_while(move |(_, segment)| segment.record == record)
            .map(|(index, segment)| {
                let size = self.segment_end(index) - segment.offset;
                let span = Interval::at(BpOffset(segment.start), size as u64);
                (span, segment.offset)
            })
    }
}

/// Whether so much of a window is known that it is worth encoding.
#[must_use]
pub fn is_known(window: &[u8]) -> bool {
    let unknown = window.iter().filter(|&&code| code == bases::N).count();
    unknown * BASES_PER_ALLOWED_N <= window.len()
}

fn fingerprint(codes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    codes.hash(&mut hasher);
    hasher.finish()
}
