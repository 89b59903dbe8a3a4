//! Sequence to train on, held in memory, with what is held out cut away.
//!
//! Only sequence that may be sampled is stored: held-out intervals, and long runs of N, are dropped
//! when a file is read. A window is drawn from what is stored, so it cannot reach anything else.

use super::bases::{self, below, unit};
use super::fasta::each_record;
use super::holdout::HoldoutPolicy;
pub use super::recipe::{CorpusSource, Joining, read_corpus_table};
pub use super::window::Piece;
use genolewm_shared::position::{BpOffset, Interval};
use genolewm_shared::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use std::collections::HashSet;
use std::collections::hash_map::{DefaultHasher, Entry, HashMap};
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

/// A run of N of this length or more is not stored; windows of one record do not cross it.
const LONG_N_RUN_BP: usize = 100;
/// A window with more than one N in so many bases is drawn again.
const BASES_PER_ALLOWED_N: usize = 50;
/// Draws before it is concluded that no window of this length exists.
const MAX_DRAWS: usize = 100_000;

/// A sampled stretch of sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
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
struct Record {
    name: Arc<str>,
    length_bp: u64,
}

#[derive(Debug)]
struct Source {
    weight: f64,
    joining: Joining,
    bases: Vec<u8>,
    segments: Vec<Segment>,
    records: Vec<Record>,
    seen: HashSet<(usize, u64)>,
}

/// Sequence files in memory, one byte a base.
#[derive(Debug)]
pub struct Corpus {
    sources: Vec<Source>,
    /// Running sum of weight times stored bases.
    cumulative: Vec<f64>,
    by_name: HashMap<Arc<str>, (usize, usize)>,
}

impl Corpus {
    /// Loads the files of a corpus table without what a BED file holds out.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for a malformed table or hold-out, and as [`Corpus::from_sources`].
    pub fn open(table: &Path, holdout: &Path) -> Result<Self> {
        Self::from_sources(&read_corpus_table(table)?, &HoldoutPolicy::read(holdout)?)
    }

    /// Loads files without what `holdout` names. A record that repeats an earlier one of its file
    /// letter for letter is left out.
    ///
    /// # Errors
    /// `RESOURCE.GENERIC` when a file cannot be read, `INPUT.GENERIC` when it is not FASTA,
    /// `TRAINING.DATALOADER` when nothing is left to sample.
    pub fn from_sources(sources: &[CorpusSource], holdout: &HoldoutPolicy) -> Result<Self> {
        let mut corpus = Self {
            sources: Vec::new(),
            cumulative: Vec::new(),
            by_name: HashMap::new(),
        };
        for (index, from) in sources.iter().enumerate() {
            let source = Source::read(from, holdout)?;
            for (record, named) in source.records.iter().enumerate() {
                if let Entry::Vacant(entry) = corpus.by_name.entry(Arc::clone(&named.name)) {
                    entry.insert((index, record));
                }
            }
            let before = corpus.cumulative.last().copied().unwrap_or(0.0);
            corpus
                .cumulative
                .push(before + source.weight * source.bases.len() as f64);
            corpus.sources.push(source);
        }
        if corpus.len_bp() == 0 {
            return Err(Error::new(
                ErrorCode::TrainingDataloader,
                "the corpus holds no sequence",
            )
            .with_remedy("check its files, and that the hold-outs leave something"));
        }
        Ok(corpus)
    }

    /// Bases that can be sampled.
    #[must_use]
    pub fn len_bp(&self) -> u64 {
        self.sources
            .iter()
            .map(|source| source.bases.len() as u64)
            .sum()
    }

    /// Bases that can be sampled, by source, in the order of the table.
    #[must_use]
    pub fn source_len_bp(&self) -> Vec<u64> {
        self.sources
            .iter()
            .map(|source| source.bases.len() as u64)
            .collect()
    }

    /// Names and lengths of the records, source by source; of records of one name the first.
    pub fn contigs(&self) -> impl Iterator<Item = (&str, u64)> {
        let first = |(name, at)| self.by_name.get(name) == Some(&at);
        self.sources
            .iter()
            .enumerate()
            .flat_map(move |(index, source)| {
                let records = source.records.iter().enumerate();
                records
                    .filter(move |(record, named)| first((&named.name, (index, *record))))
                    .map(|(_, named)| (&*named.name, named.length_bp))
            })
    }

    /// The length of a record, unknown and held-out bases included; `None` without such a record.
    #[must_use]
    pub fn contig_len_bp(&self, contig: &str) -> Option<u64> {
        let &(source, record) = self.by_name.get(contig)?;
        Some(self.sources[source].records[record].length_bp)
    }

    /// Bases of a record, by codes; N where they are unknown, held out or past its end. Of records
    /// of one name the first counts. `None` without such a record.
    #[must_use]
    pub fn fetch(&self, contig: &str, span: Interval) -> Option<Vec<u8>> {
        let &(source, record) = self.by_name.get(contig)?;
        Some(self.sources[source].fetch(record, span))
    }

    /// Draws a window: a position uniform over all stored bases times the weight of their source
    /// (so any phase), and a strand. Windows with over 2 % N are drawn again.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when no window of this length is found.
    pub fn sample_window(&self, rng: &mut ChaCha8Rng, len_bp: usize) -> Result<Window> {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        for _ in 0..MAX_DRAWS {
            let ticket = unit(rng) * total;
            let index = self
                .cumulative
                .partition_point(|&sum| sum <= ticket)
                .min(self.sources.len() - 1);
            let source = &self.sources[index];
            let offset = below(rng, source.bases.len() as u64) as usize;
            let reverse = rng.next_u64() >> 63 == 1;
            if let Some(window) = source.window(offset, len_bp, reverse) {
                return Ok(window);
            }
        }
        Err(Error::new(
            ErrorCode::TrainingDataloader,
            "no window of this length fits the corpus",
        )
        .with_detail("window_bp", len_bp)
        .with_remedy("use shorter windows, or mark sources of short records as `file`"))
    }
}

impl Source {
    fn read(from: &CorpusSource, holdout: &HoldoutPolicy) -> Result<Self> {
        let only = from.only.as_deref().map(HoldoutPolicy::read).transpose()?;
        let mut source = Self {
            weight: from.weight,
            joining: from.joining,
            bases: Vec::new(),
            segments: Vec::new(),
            records: Vec::new(),
            seen: HashSet::new(),
        };
        each_record(&from.path, |name, codes| {
            source.add(name, codes, holdout, only.as_ref());
            Ok(())
        })?;
        source.seen = HashSet::new();
        source.bases.shrink_to_fit();
        Ok(source)
    }

    fn add(
        &mut self,
        name: &str,
        codes: &[u8],
        holdout: &HoldoutPolicy,
        only: Option<&HoldoutPolicy>,
    ) {
        if holdout.holds_record(name) || !self.seen.insert((codes.len(), fingerprint(codes))) {
            return;
        }
        self.records.push(Record {
            name: name.into(),
            length_bp: codes.len() as u64,
        });
        let whole = 0..codes.len();
        let kept = match only {
            Some(only) if !only.holds_record(name) => merged(only.intervals(name), codes.len()),
            _ => vec![whole],
        };
        let held = merged(holdout.intervals(name), codes.len());
        for part in kept.into_iter().flat_map(|part| without(part, &held)) {
            self.add_known(codes, part);
        }
    }

    /// Stores a part, cut at long runs of N.
    fn add_known(&mut self, codes: &[u8], part: core::ops::Range<usize>) {
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
                    start: start as u64,
                    offset: self.bases.len(),
                });
                self.bases.extend_from_slice(&codes[start..stop]);
            }
            at = stop.max(start);
        }
    }

    fn window(&self, offset: usize, len_bp: usize, reverse: bool) -> Option<Window> {
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
        let unknown = stored.iter().filter(|&&code| code == bases::N).count();
        if unknown * BASES_PER_ALLOWED_N > len_bp {
            return None;
        }
        let pieces: Vec<Piece> = (first..self.segments.len())
            .take_while(|&index| self.segments[index].offset < end)
            .map(|index| self.piece(index, offset, end))
            .collect();
        let mut window = Window {
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

    fn fetch(&self, record: usize, span: Interval) -> Vec<u8> {
        let mut codes = vec![bases::N; span.len_bp() as usize];
        let first = self
            .segments
            .partition_point(|segment| segment.record < record);
        for index in
            (first..self.segments.len()).take_while(|&index| self.segments[index].record == record)
        {
            let segment = &self.segments[index];
            let end = segment.start + (self.segment_end(index) - segment.offset) as u64;
            let (from, to) = (span.start.get().max(segment.start), span.end.get().min(end));
            if from < to {
                let at = segment.offset + (from - segment.start) as usize;
                let into = (from - span.start.get()) as usize;
                let length = (to - from) as usize;
                codes[into..into + length].copy_from_slice(&self.bases[at..at + length]);
            }
        }
        codes
    }
}

/// Sorted, disjoint ranges within `0..length` that cover the intervals.
fn merged(intervals: &[Interval], length: usize) -> Vec<core::ops::Range<usize>> {
    let mut ranges: Vec<core::ops::Range<usize>> = Vec::new();
    for interval in intervals {
        let clip = |offset: BpOffset| usize::try_from(offset.get()).unwrap_or(length).min(length);
        let range = clip(interval.start)..clip(interval.end);
        match ranges.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => ranges.push(range),
        }
    }
    ranges
}

/// `part` without the sorted, disjoint ranges `held`.
fn without(
    part: core::ops::Range<usize>,
    held: &[core::ops::Range<usize>],
) -> Vec<core::ops::Range<usize>> {
    let mut left = Vec::new();
    let mut start = part.start;
    for range in held {
        if range.start.min(part.end) > start {
            left.push(start..range.start.min(part.end));
        }
        start = start.max(range.end);
    }
    if start < part.end {
        left.push(start..part.end);
    }
    left
}

fn fingerprint(codes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    codes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[path = "corpus_tests.rs"]
mod tests;
