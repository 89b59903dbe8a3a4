//! Sequence to train on, held in memory, with what is held out cut away.
//!
//! Only sequence that may be sampled is stored: held-out intervals, and long runs of N, are dropped
//! when a file is read. A window is drawn from what is stored, so it cannot reach anything else.

use crate::bases::{N, below, unit};
use crate::corpus::stored::{SampledWindow, StoredSource};
use crate::corpus::table::{CorpusSource, SourceWeight, read_corpus_table};
use crate::errors::dataloader_error;
use crate::files::package::open_records;
use crate::files::records::SequenceRecord;
use crate::files::source_mix::{SourceClass, carbon_mix};
use crate::holdout::local::LocalRecord;
use crate::holdout::policy::HoldoutPolicy;
use crate::window::Piece;
use genolewm_core::contig::common_form;
use genolewm_core::position::Interval;
use genolewm_core::{Error, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Draws before it is concluded that no window of this length exists.
const MAX_DRAWS: usize = 100_000;

/// Sequence files in memory, one byte a base.
#[derive(Debug, Default)]
pub struct Corpus {
    sources: Vec<StoredSource>,
    /// Running sum of weight times stored bases.
    cumulative: Vec<f64>,
    by_name: HashMap<Arc<str>, (usize, usize)>,
    /// Records that are chromosomes or pieces of them, by the common form of the chromosome's name.
    chromosomes: BTreeMap<String, Vec<LocalRecord>>,
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
    /// `RESOURCE.GENERIC` when a file cannot be read, `INPUT.GENERIC` when it is not what its
    /// ending says, those of [`DatasetPackage::open`](crate::files::package::DatasetPackage::open) for a
    /// directory, `TRAINING.DATALOADER` when nothing is left to sample or a record has no class
    /// that the mix is for.
    pub fn from_sources(sources: &[CorpusSource], holdout: &HoldoutPolicy) -> Result<Self> {
        let mut corpus = Self::default();
        let mut classes = Vec::new();
        for from in sources {
            for (class, source) in read(from, holdout)? {
                classes.extend(class);
                corpus.add(source);
            }
        }
        if classes.len() == corpus.sources.len() {
            corpus.follow_mix(&classes);
        }
        corpus.settle_places();
        corpus.sum_weights();
        if corpus.len_bp() == 0 {
            return Err(dataloader_error("the corpus holds no sequence")
                .with_remedy("check its files, and that the hold-outs leave something"));
        }
        Ok(corpus)
    }

    fn add(&mut self, source: StoredSource) {
        let index = self.sources.len();
        for (record, named) in source.records.iter().enumerate() {
            if let Entry::Vacant(entry) = self.by_name.entry(Arc::clone(&named.name)) {
                entry.insert((index, record));
                let local = LocalRecord::parse(&named.name);
                let local =
                    local.unwrap_or_else(|| LocalRecord::whole(&named.name, named.length_bp));
                let pieces = self.chromosomes.entry(common_form(&local.contig));
                pieces.or_default().push(local);
            }
        }
        self.sources.push(source);
    }

    /// Leaves a chromosome the records of its name or else its pieces, and no place at all where these are of
    /// several assemblies: an edit does not say which one it is of, and by chance fits the bases of any.
    fn settle_places(&mut self) {
        let is_whole = |record: &LocalRecord| record.assembly().is_none();
        self.chromosomes.retain(|_, records| {
            if records.iter().any(is_whole) {
                records.retain(is_whole);
            }
            let same = |pair: &[LocalRecord]| pair[0].assembly() == pair[1].assembly();
            records.windows(2).all(same)
        });
    }

    /// Weighs sources so that each class that has bases is drawn by its share of the Carbon mix,
    /// and each base of a class alike.
    fn follow_mix(&mut self, classes: &[SourceClass]) {
        let mut bases: BTreeMap<SourceClass, usize> = BTreeMap::new();
        for (class, source) in classes.iter().zip(&self.sources) {
            *bases.entry(*class).or_default() += source.bases.len();
        }
        let shares: BTreeMap<_, _> = carbon_mix().entries().iter().copied().collect();
        for (class, source) in classes.iter().zip(&mut self.sources) {
            let of_class = bases.get(class).map_or(0, |&bases| bases.max(1));
            source.weight = shares.get(class).copied().unwrap_or(0.0) / of_class as f64;
        }
    }

    fn sum_weights(&mut self) {
        for source in &self.sources {
            let before = self.cumulative.last().copied().unwrap_or(0.0);
            self.cumulative
                .push(before + source.weight * source.bases.len() as f64);
        }
    }

    /// Bases that can be sampled.
    #[must_use]
    pub fn len_bp(&self) -> u64 {
        let lengths = self.sources.iter().map(|source| source.bases.len() as u64);
        lengths.sum()
    }

    /// Bases that can be sampled, by source, in the order of the table; a line whose weight is `mix`
    /// has one entry for each class that it holds.
    #[cfg(test)]
    fn source_len_bp(&self) -> Vec<u64> {
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

    /// Bases of a chromosome and where they are stored: in the record of that name, in whatever spelling, or
    /// in the first record that is a piece of it and holds all of `span`. N as in
    /// [`fetch`](Self::fetch); `None` where no record holds it, and where pieces of the chromosome are of
    /// several assemblies.
    #[must_use]
    pub fn stretch(&self, chromosome: &str, span: Interval) -> Option<(Vec<u8>, Piece)> {
        let pieces = self.chromosomes.get(&common_form(chromosome))?.iter();
        let mut localised =
            pieces.filter_map(|piece| Some((piece, piece.localise(&piece.contig, span)?)));
        localised.find_map(|(piece, span)| {
            let bases = self.fetch(&piece.record, span)?;
            let contig = piece.record.as_str().into();
            bases
                .iter()
                .any(|&base| base < N)
                .then_some((bases, Piece { contig, span }))
        })
    }

    /// What is stored of the records that [`stretch`](Self::stretch) answers from, by places on the
    /// chromosome; a few N may lie in it.
    #[must_use]
    pub fn known(&self, chromosome: &str) -> Vec<Interval> {
        let records = self.chromosomes.get(&common_form(chromosome));
        let mut known = Vec::new();
        for local in records.into_iter().flatten() {
            let Some(&(source, record)) = self.by_name.get(local.record.as_str()) else {
                continue;
            };
            let stored = self.sources[source].segments_of(record);
            known.extend(
                stored.map(|(span, _)| Interval::at(local.globalise(span.start), span.len_bp())),
            );
        }
        known
    }

    /// Draws a window: a position uniform over all stored bases times the weight of their source
    /// (so any phase), and a strand. Windows with over 2 % N are drawn again.
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when no window of this length is found.
    pub fn sample_window(&self, rng: &mut ChaCha8Rng, len_bp: usize) -> Result<SampledWindow> {
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
        Err(dataloader_error("no window of this length fits the corpus")
            .with_detail("window_bp", len_bp)
            .with_remedy("use shorter windows, or mark sources of short records as `file`"))
    }
}

/// Reads a line of the table: one part, or one for each class where the weight is that of the mix.
fn read(
    from: &CorpusSource,
    holdout: &HoldoutPolicy,
) -> Result<BTreeMap<Option<SourceClass>, StoredSource>> {
    let only = from.only.as_deref().map(HoldoutPolicy::read).transpose()?;
    let mut parts: BTreeMap<Option<SourceClass>, StoredSource> = BTreeMap::new();
    let weight = match from.weight {
        SourceWeight::Fixed(weight) => {
            parts.insert(None, StoredSource::new(weight, from.joining));
            weight
        }
        SourceWeight::Mix => 0.0,
    };
    for record in open_records(&from.path, &from.records)? {
        let record = record?;
        let class = match from.weight {
            SourceWeight::Fixed(_) => None,
            SourceWeight::Mix => Some(record.class().ok_or_else(|| classless(from, &record))?),
        };
        parts
            .entry(class)
            .or_insert_with(|| StoredSource::new(weight, from.joining))
            .add(&record, holdout, only.as_ref());
    }
    parts.values_mut().for_each(StoredSource::close);
    Ok(parts)
}

fn classless(from: &CorpusSource, record: &SequenceRecord) -> Error {
    dataloader_error("a record of a corpus with weights by `mix` has no class of source")
        .with_detail("file", from.path.display())
        .with_detail("record_id", &record.record_id)
        .with_remedy("write `source=CLASS` into its line, or numbers as weights")
}

#[cfg(test)]
#[path = "loaded_tests.rs"]
mod tests;
