//! UCSC's .2bit as a source of bases.
//!
//! By hand: the crate `twobit` reads the format too, from `Read + Seek`, but it reads the runs of N
//! and the masks of all contigs when it opens a file, allocates by the counts that stand there, and cannot be
//! asked again where reading has failed. Here everything is read where it is needed and as often as
//! it is asked for, and nothing is allocated by a count that the file gives.
//!
//! The format: <https://genome.ucsc.edu/FAQ/FAQformat.html#format7>.

mod file;

use super::base_source::{BaseSource, ContigInfo, locate, within_limits};
use super::long_fetch::LongFetch;
use crate::bytes::RangeRead;
use crate::position::Interval;
use crate::{Error, Result};
use file::{RecordLayout, TwoBitFile};
use std::collections::BTreeMap;

/// The four bases that a byte packs, the first in its highest bits.
const BASES: [[u8; 4]; 256] = {
    let letters = *b"TCAG";
    let mut table = [[0; 4]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [
            letters[byte >> 6],
            letters[byte >> 4 & 3],
            letters[byte >> 2 & 3],
            letters[byte & 3],
        ];
        byte += 1;
    }
    table
};

/// A .2bit file with random access, of version 0 or 1 and either byte order.
///
/// Memory stays bounded whatever the size of the genome: the names and lengths of the contigs, and
/// 4 MiB of pages.
#[derive(Debug)]
pub struct TwoBitReference<R> {
    file: TwoBitFile<R>,
    /// Where each contig's record is.
    records: Vec<u64>,
    contigs: Vec<ContigInfo>,
    by_name: BTreeMap<String, usize>,
    /// The contig that was fetched from last, and where its parts are.
    layout: Option<(usize, RecordLayout)>,
    long: LongFetch,
}

/// What is known of a file that is being opened. Over bytes that arrive from outside, opening is
/// asked again and again: each contig's length stands elsewhere in the file.
#[derive(Debug, Default)]
pub(super) struct OpenProgress {
    contigs: Vec<ContigInfo>,
    records: Vec<u64>,
    names_bytes: usize,
    /// Where the next entry of the index is.
    next_at: u64,
    /// How many of the contigs have their lengths.
    lengths: usize,
}

impl<R: RangeRead> TwoBitReference<R> {
    /// Opens .2bit data, and reads the names and lengths of its contigs.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for data that is no .2bit, is of an unknown version, or is cut short or
    /// damaged; `RESOURCE.GENERIC` when reading fails.
    pub fn open(data: R, name: &str) -> Result<Self> {
        Self::resume(data, name, &mut OpenProgress::default())
    }

    /// Opens with what an earlier call has found, that failed for lack of bytes.
    pub(super) fn resume(data: R, name: &str, progress: &mut OpenProgress) -> Result<Self> {
        let (mut file, header) = TwoBitFile::open(data, name)?;
        while (progress.contigs.len() as u64) < u64::from(header.contigs) {
            within_limits(progress.contigs.len() + 1, progress.names_bytes)?;
            let entry = file.entry(header, progress.next_at)?;
            progress.next_at = entry.next_at;
            progress.names_bytes += entry.name.len();
            progress.records.push(entry.record_at);
            progress.contigs.push(ContigInfo {
                name: entry.name,
                length_bp: 0,
            });
        }
        let unknown = progress.contigs.iter_mut().zip(&progress.records);
        for (contig, record_at) in unknown.skip(progress.lengths) {
            contig.length_bp = file.length(*record_at)?;
            progress.lengths += 1;
        }
        let OpenProgress {
            contigs, records, ..
        } = std::mem::take(progress);
        let names = contigs.iter().map(|contig| contig.name.clone());
        let by_name: BTreeMap<String, usize> = names.zip(0..).collect();
        if by_name.len() != contigs.len() {
            return Err(file.damaged("two contigs have the same name"));
        }
        Ok(Self {
            file,
            records,
            contigs,
            by_name,
            layout: None,
            long: LongFetch::default(),
        })
    }

    fn layout(&mut self, contig: usize) -> Result<RecordLayout> {
        if let Some((_, layout)) = self.layout.filter(|(of, _)| *of == contig) {
            return Ok(layout);
        }
        let record_at = self.records.get(contig).copied().unwrap_or_default();
        let info = self.contigs.get(contig);
        let length_bp = info.map_or(0, |contig| contig.length_bp);
        let layout = self.file.layout(record_at, length_bp)?;
        self.layout = Some((contig, layout));
        Ok(layout)
    }

    fn decode(&mut self, contig: usize, start: u64, end: u64, masks: bool) -> Result<String> {
        let layout = self.layout(contig)?;
        let packed = usize::try_from(end.div_ceil(4) - start / 4).unwrap_or(0);
        let mut bases = Vec::with_capacity(4 * packed);
        self.file.packed(layout, start, end, |piece| {
            for byte in piece {
                bases.extend_from_slice(&BASES[usize::from(*byte)]);
            }
        })?;
        // The first byte's bases before `start`, and the last one's from `end`.
        let within = |at: u64| usize::try_from(at - start / 4 * 4).unwrap_or(usize::MAX);
        bases.truncate(within(end));
        let length_bp = layout.length_bp;
        if masks {
            self.file.runs(layout.masks, length_bp, start..end, |run| {
                let run = bases.get_mut(within(run.start)..within(run.end));
                run.unwrap_or_default().make_ascii_lowercase();
            })?;
        }
        self.file
            .runs(layout.unknown, length_bp, start..end, |run| {
                let run = bases.get_mut(within(run.start)..within(run.end));
                run.unwrap_or_default().fill(b'N');
            })?;
        bases.drain(..within(start).min(bases.len()));
        String::from_utf8(bases).map_err(|_| Error::invariant("two bits are no base"))
    }
}

impl<R: RangeRead> BaseSource for TwoBitReference<R> {
    fn contigs(&self) -> &[ContigInfo] {
        &self.contigs
    }

    fn fetch(&mut self, contig: &str, interval: Interval) -> Result<String> {
        self.fetch_with(contig, interval, false)
    }

    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        self.fetch_with(contig, interval, true)
    }
}

impl<R: RangeRead> TwoBitReference<R> {
    fn fetch_with(&mut self, contig: &str, interval: Interval, masks: bool) -> Result<String> {
        let (index, _) = locate(contig, interval, &self.by_name, &self.contigs)?;
        let (start, end) = (interval.start.get(), interval.end.get());
        let mut long = std::mem::take(&mut self.long);
        // A fetch that is gone on with must be of the same kind.
        let key = 2 * index + usize::from(masks);
        let bases = long.run(key, start, end, |from, to| {
            self.decode(index, from, to, masks)
        });
        self.long = long;
        bases
    }
}
