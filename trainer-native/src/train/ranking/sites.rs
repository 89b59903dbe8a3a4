//! Annotated substitutions, and the windows of a step that are drawn from them.

use super::super::encoder_dir::{DNA, SPECIALS, six_mer_code};
use super::Settings;
use super::batch::{Batch, Window};
use crate::dataset::annotation::read_exon_table;
use crate::dataset::bases::{complement, reverse_complement};
use crate::dataset::consequence::Consequence;
use crate::dataset::corpus::Corpus;
use crate::dataset::effect::TranscriptSnv;
use crate::dataset::local::{LocalRecord, fetch_chromosome};
use genolewm_shared::position::{BpOffset, Interval};
use genolewm_shared::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Annotated substitutions by kind, and the sequence around them.
pub(super) struct Sites {
    corpus: Corpus,
    pieces: Vec<LocalRecord>,
    contigs: Vec<String>,
    /// Index into `contigs` and the substitution; severe, splice region, missense, mild.
    kinds: [Vec<(usize, TranscriptSnv)>; 4],
}

impl Sites {
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        let corpus = Corpus::open(&settings.corpus, &settings.holdout)?;
        let pieces: Vec<LocalRecord> = corpus
            .contigs()
            .filter_map(|(name, _)| LocalRecord::parse(name))
            .collect();
        let mut contigs: Vec<String> = Vec::new();
        let mut kinds: [Vec<(usize, TranscriptSnv)>; 4] = Default::default();
        for path in &settings.exons {
            for mut transcript in read_exon_table(path)? {
                let fetch = |contig: &str, span: Interval| {
                    fetch_chromosome(contig, span, &pieces, &|name, span| {
                        corpus.fetch(name, span)
                    })
                };
                transcript.set_bases(&fetch);
                let contig = contigs
                    .iter()
                    .position(|name| name == transcript.contig())
                    .unwrap_or_else(|| {
                        contigs.push(transcript.contig().to_owned());
                        contigs.len() - 1
                    });
                for snv in transcript.snvs(&fetch) {
                    kinds[kind(&snv)].push((contig, snv));
                }
            }
        }
        for kind in &mut kinds {
            kind.sort_by_key(|(contig, snv)| (*contig, snv.offset, snv.alternate));
            kind.dedup_by_key(|(contig, snv)| (*contig, snv.offset, snv.alternate));
        }
        if kinds.iter().any(Vec::is_empty) {
            return Err(Error::new(
                ErrorCode::TrainingDataloader,
                "the exons give no substitutions of some kind",
            )
            .with_remedy("give exon tables whose contigs are in the corpus and not held out"));
        }
        Ok(Self {
            corpus,
            pieces,
            contigs,
            kinds,
        })
    }

    /// The windows of a step; a function of seed and step.
    pub(super) fn draw(&self, settings: &Settings, step: u64) -> Result<Batch> {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(step + 1);
        let (fewest, most) = (
            settings.context_tokens[0],
            settings.context_tokens[1].max(settings.context_tokens[0]),
        );
        let context = fewest + below(&mut rng, most - fewest + 1);
        let mut batch = Batch {
            context,
            ..Batch::default()
        };
        let mut attempts = 0;
        while batch.windows.len() < settings.windows {
            attempts += 1;
            if attempts > 100 * settings.windows {
                return Err(Error::new(
                    ErrorCode::TrainingDataloader,
                    "no substitution has known sequence around it",
                ));
            }
            let pool = &self.kinds[below(&mut rng, self.kinds.len())];
            let at = below(&mut rng, pool.len());
            let edits = neighbours(pool, at, &self.kinds, settings.edits_per_window, &mut rng);
            self.add(&mut batch, &edits, settings.pool_radius, &mut rng);
        }
        Ok(batch)
    }

    /// Adds the window around the first edit, with every edit that falls into its locus six-mer or
    /// the four after it; leaves the batch as it is where sequence is missing.
    fn add(
        &self,
        batch: &mut Batch,
        edits: &[(usize, TranscriptSnv)],
        radius: usize,
        rng: &mut ChaCha8Rng,
    ) {
        let Some(&(contig, first)) = edits.first() else {
            return;
        };
        let phase = below(rng, 6);
        let (before, after) = (batch.context * 6 + phase, (radius + 1) * 6 - phase);
        let reverse = below(rng, 2) == 1;
        let (left, right) = if reverse {
            (after - 1, before + 1)
        } else {
            (before, after)
        };
        let Some(start) = first.offset.get().checked_sub(left as u64) else {
            return;
        };
        let span = Interval {
            start: BpOffset(start),
            end: BpOffset(first.offset.get() + right as u64),
        };
        let fetch = |name: &str, span: Interval| self.corpus.fetch(name, span);
        let Some(mut bases) = fetch_chromosome(&self.contigs[contig], span, &self.pieces, &fetch)
        else {
            return;
        };
        if bases.iter().any(|&base| base > 3) {
            return;
        }
        if reverse {
            reverse_complement(&mut bases);
        }
        let mut window = Window {
            reference: tokens(&bases),
            edits: Vec::new(),
        };
        for &(other, snv) in edits {
            let Some(offset) = snv
                .offset
                .get()
                .checked_sub(start)
                .filter(|_| other == contig)
            else {
                continue;
            };
            let (place, alternate) = if reverse {
                (
                    bases.len() as i64 - 1 - offset as i64,
                    complement(snv.alternate),
                )
            } else {
                (offset as i64, snv.alternate)
            };
            // All edits of a window share their prefix: the same six-mer.
            if place < 0 || place as usize / 6 != batch.context {
                continue;
            }
            let mut edited = bases.clone();
            edited[place as usize] = alternate;
            window.edits.push(tokens(&edited));
            batch.severities.push(snv.consequence.severity() as f32);
        }
        if !window.edits.is_empty() {
            batch.windows.push(window);
        }
    }
}

fn kind(snv: &TranscriptSnv) -> usize {
    match snv.consequence {
        Consequence::SpliceRegion { .. } => 1,
        Consequence::Missense { .. } => 2,
        other if other.severity() >= 0.8 => 0,
        _ => 3,
    }
}

/// Substitutions of the same codon and the bases beside it: the one at `at` first, then others of
/// every kind within a six-mer of it, in random order.
fn neighbours(
    pool: &[(usize, TranscriptSnv)],
    at: usize,
    kinds: &[Vec<(usize, TranscriptSnv)>; 4],
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<(usize, TranscriptSnv)> {
    let (contig, first) = pool[at];
    let mut near = Vec::new();
    for kind in kinds {
        let from = first.offset.get().saturating_sub(5);
        let low = kind.partition_point(|(c, snv)| (*c, snv.offset.get()) < (contig, from));
        near.extend(
            kind[low..]
                .iter()
                .take_while(|(c, snv)| *c == contig && snv.offset.get() <= first.offset.get() + 5)
                .copied(),
        );
    }
    for index in (1..near.len()).rev() {
        near.swap(index, below(rng, index + 1));
    }
    near.retain(|(_, snv)| (snv.offset, snv.alternate) != (first.offset, first.alternate));
    near.truncate(count.saturating_sub(1));
    near.insert(0, pool[at]);
    near
}

fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

fn tokens(bases: &[u8]) -> Vec<u32> {
    let six_mers = bases
        .chunks_exact(6)
        .map(|chunk| u32::from(six_mer_code(chunk)) + SPECIALS.len() as u32);
    core::iter::once(DNA).chain(six_mers).collect()
}
