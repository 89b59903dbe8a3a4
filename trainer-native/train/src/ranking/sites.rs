//! The windows of a ranking step, drawn around annotated substitutions.

use super::RankingSettings;
use super::batch::{RankedWindow, RankingBatch};
use super::pools::{ALL, Kinds, SURE, Snv, SnvPools, near};
use crate::encoder_dir::tokens;
use genolewm_core::edit::RelEdit;
use genolewm_core::genome::element::Element;
use genolewm_core::genome::transcript::Strand;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::bases::{self, complement, decode, reverse_complement};
use genolewm_data::corpus::Corpus;
use genolewm_data::corpus::local::{LocalRecord, fetch_chromosome};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// Annotated substitutions and the sequence around them.
pub(super) struct SnvSites {
    corpus: Corpus,
    pieces: Vec<LocalRecord>,
    pools: SnvPools,
}

impl SnvSites {
    pub(super) fn open(settings: &RankingSettings) -> Result<Self> {
        let corpus = Corpus::open(&settings.corpus, &settings.holdout)?;
        let pieces: Vec<LocalRecord> = corpus
            .contigs()
            .filter_map(|(name, _)| LocalRecord::parse(name))
            .collect();
        let pools = SnvPools::open(settings, &corpus, &pieces)?;
        Ok(Self {
            corpus,
            pieces,
            pools,
        })
    }

    /// The windows of a step's batch; a function of the seed, the step and the batch's number.
    pub(super) fn draw(
        &self,
        settings: &RankingSettings,
        step: u64,
        number: u64,
    ) -> Result<RankingBatch> {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.run.seed());
        rng.set_stream(number + 1);
        let kinds = if step < settings.sure_steps {
            SURE
        } else {
            ALL
        };
        let long = settings.long_every > 0 && (step + 1).is_multiple_of(settings.long_every);
        let (context, windows) = if long {
            (settings.long_context_tokens, (settings.windows / 4).max(1))
        } else {
            let (fewest, most) = settings.context_range();
            let context = fewest + below(&mut rng, most - fewest + 1);
            (context, settings.windows)
        };
        let batch = RankingBatch {
            context,
            ..RankingBatch::default()
        };
        let from = (&self.pools.training, kinds);
        self.fill(batch, from, settings, windows, &mut rng)
    }

    /// Batches of measured substitutions, the same at every call; none when nothing is measured.
    pub(super) fn validation(&self, settings: &RankingSettings) -> Result<Vec<RankingBatch>> {
        let batches = match settings.validation_share {
            0 => 0,
            _ => settings.validation_windows.div_ceil(settings.windows),
        };
        let draw = |index| {
            let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
            rng.set_stream(index as u64);
            let batch = RankingBatch {
                context: settings.context_range().1,
                ..RankingBatch::default()
            };
            let from = (&self.pools.validation, ALL);
            self.fill(batch, from, settings, settings.windows, &mut rng)
        };
        (0..batches).map(draw).collect()
    }

    /// Draws windows until there are `windows`, every kind as often as the others.
    fn fill(
        &self,
        mut batch: RankingBatch,
        (pool, kinds): (&Kinds, &[usize]),
        settings: &RankingSettings,
        windows: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<RankingBatch> {
        let mut attempts = 0;
        while batch.windows.len() < windows {
            attempts += 1;
            if attempts > 100 * windows {
                let message = "no substitution has known sequence around it";
                return Err(Error::new(ErrorCode::TrainingDataloader, message));
            }
            let kind = &pool[kinds[below(rng, kinds.len())]];
            let first = kind[below(rng, kind.len())];
            let edits = neighbours(first, (pool, kinds), settings.edits_per_window, rng);
            self.add(&mut batch, &edits, settings, rng);
        }
        Ok(batch)
    }

    /// Adds the window around the first edit, with every edit that falls into its locus six-mer or
    /// the four after it; leaves the batch as it is where sequence is missing.
    fn add(
        &self,
        batch: &mut RankingBatch,
        edits: &[Snv],
        settings: &RankingSettings,
        rng: &mut ChaCha8Rng,
    ) {
        let Some(&(contig, first)) = edits.first() else {
            return;
        };
        let phase = below(rng, 6);
        let before = batch.context * 6 + phase;
        let after = (settings.pool_radius + 1) * 6 - phase;
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
        let name = &self.pools.contigs[contig];
        let bases = fetch_chromosome(name, span, &self.pieces, &fetch);
        let Some(mut bases) = bases.filter(|bases| bases.iter().all(|&base| base <= 3)) else {
            return;
        };
        if reverse {
            reverse_complement(&mut bases);
        }
        let mut window = RankedWindow {
            reference: tokens(&bases),
            elements: match settings.element_weight > 0.0 {
                true => self.elements(contig, span, reverse),
                false => Vec::new(),
            },
            edits: Vec::new(),
        };
        for &(other, snv) in edits {
            let offset = snv.offset.get().checked_sub(start);
            let (place, alternate) = if reverse {
                let place = offset.and_then(|offset| bases.len().checked_sub(offset as usize + 1));
                (place, complement(snv.alternate))
            } else {
                (offset.map(|offset| offset as usize), snv.alternate)
            };
            // All edits of a window share their prefix: the same six-mer.
            let shared = |place: &usize| other == contig && place / 6 == batch.context;
            let Some(place) = place.filter(shared) else {
                continue;
            };
            let [from, to] = [bases[place], alternate].map(|base| decode(&[base]));
            let Ok(edit) = RelEdit::new(BpOffset(place as u64), &from, &to) else {
                continue;
            };
            let mut edited = bases.clone();
            edited[place] = alternate;
            window.edits.push(tokens(&edited));
            batch.consequences.push(snv.consequence);
            batch.edits.push(edit);
        }
        if !window.edits.is_empty() {
            batch.windows.push(window);
        }
    }

    /// What each six-mer of a window is part of, in the order of its tokens.
    fn elements(&self, contig: usize, span: Interval, reverse: bool) -> Vec<Option<Element>> {
        let reading = if reverse {
            Strand::Reverse
        } else {
            Strand::Forward
        };
        let starts = (span.start.get()..span.end.get()).step_by(6);
        let six_mers = starts.map(|start| Interval {
            start: BpOffset(start),
            end: BpOffset(start + 6),
        });
        let element = |six_mer| {
            let contig = &self.pools.contigs[contig];
            self.pools.annotation.element(contig, six_mer, reading)
        };
        let mut elements: Vec<_> = six_mers.map(element).collect();
        if reverse {
            elements.reverse();
        }
        elements
    }
}

/// The substitution `first`, then others within a six-mer of it, in random order, `count` in all.
fn neighbours(
    first: Snv,
    (pool, kinds): (&Kinds, &[usize]),
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<Snv> {
    let mut near: Vec<Snv> = near(pool, kinds, &first).collect();
    for index in (1..near.len()).rev() {
        near.swap(index, below(rng, index + 1));
    }
    near.retain(|(_, snv)| (snv.offset, snv.alternate) != (first.1.offset, first.1.alternate));
    near.truncate(count.saturating_sub(1));
    near.insert(0, first);
    near
}

fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    bases::below(rng, bound as u64) as usize
}
