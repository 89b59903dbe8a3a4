//! A FASTA file as a source of bases.

use super::base_source::{BaseSource, ContigInfo, locate};
use super::decode::{BaseDecoder, NotBases};
use super::index::{self, FaiEntry};
use super::index_builder::index_all;
use super::long_fetch::{LongFetch, PIECE_BP};
use crate::Result;
use crate::bytes::{ByteStore, RangeRead};
use crate::position::Interval;
use std::collections::BTreeMap;

/// A plain or bgzip FASTA with random access.
///
/// Memory stays bounded whatever the size of the genome: the index, 4 MiB of decompressed pages and
/// 256 KiB of decoded bases.
#[derive(Debug)]
pub struct FastaReference<R> {
    store: ByteStore<R>,
    entries: Vec<FaiEntry>,
    contigs: Vec<ContigInfo>,
    by_name: BTreeMap<String, usize>,
    stretch: Stretch,
    long: LongFetch,
}

/// The bases decoded last.
#[derive(Debug, Default)]
struct Stretch {
    contig: usize,
    start: u64,
    bases: String,
}

impl Stretch {
    fn get(&self, contig: usize, start: u64, end: u64) -> Option<&str> {
        let from = usize::try_from(start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(end.checked_sub(self.start)?).ok()?;
        if contig == self.contig {
            self.bases.get(from..to)
        } else {
            None
        }
    }

    /// Whether a fetch here goes on from this stretch.
    fn leads_to(&self, contig: usize, start: u64) -> bool {
        let reach = self.start + self.bases.len() as u64 + PIECE_BP;
        contig == self.contig && (self.start..reach).contains(&start)
    }
}

impl<R: RangeRead> FastaReference<R> {
    /// Opens FASTA data. `fai` and `gzi` are the contents of its indexes; what is absent is built by
    /// reading the data through once.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for data that is no FASTA, is gzip but not bgzip, or does not fit its
    /// indexes; `RESOURCE.GENERIC` when reading fails.
    pub fn open(
        mut data: R,
        fai: Option<Vec<u8>>,
        gzi: Option<Vec<u8>>,
        name: &str,
    ) -> Result<Self> {
        let (fai, gzi) = match fai {
            Some(fai) => (fai, gzi),
            None => {
                let built = index_all(&mut data, name)?;
                (built.fai, gzi.or(built.gzi))
            }
        };
        let store = ByteStore::open(data, gzi.as_deref(), name)?;
        let entries = index::read(&store, &fai)?;
        let info = |entry: &FaiEntry| ContigInfo {
            name: entry.name.clone(),
            length_bp: entry.length,
        };
        let contigs: Vec<ContigInfo> = entries.iter().map(info).collect();
        let by_name = contigs
            .iter()
            .map(|contig| contig.name.clone())
            .zip(0..)
            .collect();
        Ok(Self {
            store,
            entries,
            contigs,
            by_name,
            stretch: Stretch::default(),
            long: LongFetch::default(),
        })
    }

    /// The index as the text of a `.fai` file.
    #[must_use]
    pub fn fai(&self) -> String {
        index::write(&self.entries)
    }

    fn decode(&mut self, contig: usize, start: u64, end: u64) -> Result<String> {
        let Some(entry) = self.entries.get(contig).filter(|_| start < end) else {
            return Ok(String::new());
        };
        let (first, last) = (entry.byte_of(start), entry.byte_of(end - 1) + 1);
        let capacity = usize::try_from(end - start).unwrap_or(0);
        let column = start % entry.line_bases;
        let mut decoder = BaseDecoder::new(entry.line_bases, entry.line_width, column, capacity);
        let mut sound = Ok(());
        self.store.read(first, last, |piece| {
            sound = sound
                .as_ref()
                .map_or(Err(NotBases), |()| decoder.push(piece));
            Ok(())
        })?;
        sound
            .and_then(|()| decoder.finish())
            .map_err(|_| index::mismatch(&self.store, &entry.name))
    }
}

impl<R: RangeRead> BaseSource for FastaReference<R> {
    fn contigs(&self) -> &[ContigInfo] {
        &self.contigs
    }

    fn fetch_soft_masked(&mut self, contig: &str, interval: Interval) -> Result<String> {
        let (index, length) = locate(contig, interval, &self.by_name, &self.contigs)?;
        let (start, end) = (interval.start.get(), interval.end.get());
        if let Some(bases) = self.stretch.get(index, start, end) {
            return Ok(bases.to_owned());
        }
        // A long fetch is the caller's to hold, not the cache's.
        if end - start > PIECE_BP {
            let mut long = std::mem::take(&mut self.long);
            let bases = long.run(index, start, end, |from, to| self.decode(index, from, to));
            self.long = long;
            return bases;
        }
        // Reading ahead pays only where fetches follow each other.
        let ahead = if self.stretch.leads_to(index, start) {
            PIECE_BP
        } else {
            end - start
        };
        let bases = self.decode(index, start, (start + ahead).max(end).min(length))?;
        self.stretch = Stretch {
            contig: index,
            start,
            bases,
        };
        self.stretch
            .get(index, start, end)
            .map(str::to_owned)
            .ok_or_else(|| index::mismatch(&self.store, contig))
    }
}
