//! Shift ranking: the encoder's state is taught to move where annotation expects harm.
//!
//! Each step draws substitutions from annotated transcripts and trains the length of the state's
//! change to say how severe they are: binary cross-entropy of `a · ln‖Δs‖ + b` against a severity
//! from annotation alone (splice sites, stops, BLOSUM62). No clinical label is used; a surprise of
//! a model trained so is partly distilled from annotation, and its model card must say so. The
//! language-model loss on the reference windows is kept, so that the encoder stays one.

use super::encoder::{Base, open_model};
use super::encoder_dir::{self, DNA, SPECIALS, VOCABULARY, six_mer_code};
use super::lm_loss::{LmLoss, lm_loss};
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::run::{Progress, RunDir, StopFlag};
use super::schedule::Schedule;
use super::step::{export, host, track, update};
use crate::dataset::annotation::read_exon_table;
use crate::dataset::bases::{complement, reverse_complement};
use crate::dataset::corpus::Corpus;
use crate::dataset::effect::TranscriptSnv;
use crate::dataset::local::{LocalRecord, fetch_chromosome};
use burn::tensor::{Tensor, TensorData, activation};
use clap::Args;
use genolewm_model::encoder::Sequence;
use genolewm_model::ops::Ops;
use genolewm_model::parameters::{Parameters, Role, Visitor};
use genolewm_shared::position::{BpOffset, Interval};
use genolewm_shared::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::path::PathBuf;

/// Settings of `train ranking`.
#[derive(Debug, Clone, Args, Serialize)]
pub struct Settings {
    /// Table of sequence sources that hold the transcripts
    #[arg(long, value_name = "TSV")]
    pub corpus: PathBuf,
    /// Regions that must never be trained on
    #[arg(long, value_name = "BED")]
    pub holdout: PathBuf,
    /// Tables of exons; may be repeated
    #[arg(long, value_name = "TSV", required = true)]
    pub exons: Vec<PathBuf>,
    /// The encoder directory to start from
    #[arg(long, value_name = "DIR")]
    pub init: PathBuf,
    /// The run's directory: settings, metrics, checkpoint and, at the end, encoder/
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub output: PathBuf,
    /// Optimisation steps
    #[arg(long, default_value_t = 1_500)]
    pub steps: u64,
    /// Windows in a step
    #[arg(long, default_value_t = 32)]
    pub windows: usize,
    /// Substitutions at each window's locus and the bases around it
    #[arg(long, default_value_t = 6)]
    pub edits_per_window: usize,
    /// Fewest and most six-mers left of the locus
    #[arg(long, default_values_t = [24, 64], num_args = 2)]
    pub context_tokens: Vec<usize>,
    /// Rows pooled on each side of the locus
    #[arg(long, default_value_t = 8)]
    pub pool_radius: usize,
    /// Weight of the language-model loss
    #[arg(long, default_value_t = 0.1)]
    pub language_weight: f64,
    /// Peak learning rate
    #[arg(long, default_value_t = 1e-3)]
    pub learning_rate: f64,
    /// Steps of linear warm-up
    #[arg(long, default_value_t = 50)]
    pub warmup_steps: u64,
    /// Seed of the data
    #[arg(long = "train-seed", default_value_t = 0)]
    pub seed: u64,
    /// Steps between checkpoints
    #[arg(long, default_value_t = 200)]
    #[serde(skip)]
    pub checkpoint_every: u64,
    /// Steps between lines of metrics
    #[arg(long, default_value_t = 20)]
    #[serde(skip)]
    pub log_every: u64,
}

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Line {
    step: u64,
    /// Mean binary cross-entropy of the severities.
    ranking_loss: f64,
    /// AUROC of the shift's length: severity of at least 0.9 against at most 0.05.
    severe_auroc: f64,
    six_mer_nats: f64,
    gradient_norm: f64,
    steps_per_second: f64,
}

/// Trains until `settings.steps` or until `stop`; resumes from the directory's checkpoint.
///
/// # Errors
/// As [`super::encoder::run`].
pub fn run(settings: &Settings, stop: &StopFlag, quiet: bool) -> Result<()> {
    let sites = Sites::open(settings)?;
    let text = serde_json::to_string_pretty(settings)
        .map_err(|error| Error::new(ErrorCode::InternalGeneric, error.to_string()))?;
    let mut optimizer = Optimizer::new(MatrixOptimizer::Muon, 0.05);
    let (base, step) = open_model(&settings.init, &settings.output, &mut optimizer)?;
    let mut trainer = Trainer {
        settings,
        model: Ranked::new(base),
        optimizer,
        step,
    };
    track(&mut trainer.model);
    let mut run = RunDir::open(&settings.output, &text, step)?;
    let progress = Progress::new(settings.steps, step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let mut line = trainer.train_step(&sites)?;
        progress.step(trainer.step, line.ranking_loss);
        if trainer.step.is_multiple_of(settings.log_every) {
            line.steps_per_second = progress.rate(trainer.step).1;
            run.log(&line)?;
        }
        if trainer.step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&run, &text)?;
        }
    }
    progress.finish();
    trainer.save(&run, &text)?;
    let weights = export(&mut trainer.model.base.llama);
    encoder_dir::write(
        &settings.output.join("encoder"),
        &trainer.model.base.llama.config,
        &weights,
    )
}

/// The encoder and the line from the shift's length to the severity.
struct Ranked {
    base: Base,
    /// `[slope, offset]`, one row.
    line: Tensor<2>,
}

impl Ranked {
    fn new(mut base: Base) -> Self {
        let start = base
            .extra
            .remove("ranking.line")
            .unwrap_or_else(|| vec![1.0, 1.0]);
        let line = base.ops.matrix(start, 1, 2);
        Self { base, line }
    }
}

impl Parameters<Tensor<2>> for Ranked {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.base.llama.visit(prefix, visit);
        visit("ranking.line", Role::Row, &mut self.line);
    }
}

struct Trainer<'a> {
    settings: &'a Settings,
    model: Ranked,
    optimizer: Optimizer,
    step: u64,
}

impl Trainer<'_> {
    fn train_step(&mut self, sites: &Sites) -> Result<Line> {
        let settings = self.settings;
        let batch = sites.draw(settings, self.step)?;
        let (line, loss) = self.forward(&batch);
        let mut gradients = loss.backward();
        let rate = settings.learning_rate
            * Schedule::Wsd.factor(self.step, settings.steps, settings.warmup_steps);
        let norm = update(
            &mut self.model,
            &mut gradients,
            &mut self.optimizer,
            rate,
            1.0,
        )?;
        self.step += 1;
        Ok(Line {
            step: self.step,
            gradient_norm: norm,
            ..line
        })
    }

    fn forward(&self, batch: &Batch) -> (Line, Tensor<2>) {
        let ops = &self.model.base.ops;
        let (sequences, rows) = batch.sequences(self.settings.pool_radius);
        let hidden =
            self.model
                .base
                .llama
                .hidden(ops, &sequences, self.model.base.llama.layers.len());
        let states = ops.normalize_rows(&ops.mean_rows(&hidden, &rows.spans));
        let moved = ops.gather(&states, &rows.edited) - ops.gather(&states, &rows.reference);
        let length = moved.square().sum_dim(1).add_scalar(1e-12).sqrt();
        let slope = self.model.line.clone().narrow(1, 0, 1);
        let offset = self.model.line.clone().narrow(1, 1, 1);
        let logit = length.clone().log() * slope + offset;
        let severity = ops.matrix(batch.severities.clone(), batch.severities.len(), 1);
        let loss = activation::softplus(logit.clone(), 1.0) - logit * severity;
        let loss = loss.mean_dim(0);
        let lengths = host(length.inner().into_data());
        let (nats, language) = self.language(&hidden, batch);
        let line = Line {
            ranking_loss: f64::from(
                host(loss.clone().inner().into_data())
                    .first()
                    .copied()
                    .unwrap_or(f32::NAN),
            ),
            severe_auroc: severe_auroc(&lengths, &batch.severities),
            six_mer_nats: nats,
            ..Line::default()
        };
        (
            line,
            loss + language.mul_scalar(self.settings.language_weight),
        )
    }

    /// Cross-entropy of the reference windows: its value in nats, and a scalar with its gradient.
    fn language(&self, hidden: &Tensor<2>, batch: &Batch) -> (f64, Tensor<2>) {
        let rows: Vec<usize> = batch.language_rows();
        let base = &self.model.base;
        let logits = base
            .ops
            .gather(hidden, &rows)
            .matmul(base.llama.embedding.clone().transpose());
        let targets = batch.language_targets();
        let values = host(logits.clone().inner().into_data());
        let step = lm_loss(
            &values,
            &targets,
            SPECIALS.len(),
            VOCABULARY,
            LmLoss::CrossEntropy,
        );
        let gradient: Tensor<2> = Tensor::from_data(
            TensorData::new(step.gradient, [rows.len(), VOCABULARY]),
            base.ops.device(),
        );
        (
            step.six_mer_nats / rows.len() as f64,
            (logits * gradient).sum_dim(1).sum_dim(0),
        )
    }

    fn save(&mut self, run: &RunDir, settings: &str) -> Result<()> {
        super::checkpoint::Checkpoint {
            step: self.step,
            settings: settings.to_owned(),
            weights: export(&mut self.model),
            state: self.optimizer.export(),
        }
        .save(&run.file("checkpoint.safetensors"))
    }
}

fn severe_auroc(lengths: &[f32], severities: &[f32]) -> f64 {
    let pairs = || lengths.iter().zip(severities);
    let severe: Vec<f32> = pairs()
        .filter(|(_, s)| **s >= 0.9)
        .map(|(l, _)| *l)
        .collect();
    let mild: Vec<f32> = pairs()
        .filter(|(_, s)| **s <= 0.05)
        .map(|(l, _)| *l)
        .collect();
    let wins: f64 = severe
        .iter()
        .flat_map(|a| {
            mild.iter().map(move |b| {
                if a > b {
                    1.0
                } else if a < b {
                    0.0
                } else {
                    0.5
                }
            })
        })
        .sum();
    wins / (severe.len() * mild.len()).max(1) as f64
}

/// Annotated substitutions by kind, and the sequence around them.
struct Sites {
    corpus: Corpus,
    pieces: Vec<LocalRecord>,
    contigs: Vec<String>,
    /// Index into `contigs` and the substitution; severe, splice region, missense, mild.
    kinds: [Vec<(usize, TranscriptSnv)>; 4],
}

impl Sites {
    fn open(settings: &Settings) -> Result<Self> {
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
    fn draw(&self, settings: &Settings, step: u64) -> Result<Batch> {
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
    use crate::dataset::consequence::Consequence as C;
    match snv.consequence {
        C::SpliceRegion { .. } => 1,
        C::Missense { .. } => 2,
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

/// A reference window and its edits, as tokens of one length.
#[derive(Debug)]
struct Window {
    reference: Vec<u32>,
    edits: Vec<Vec<u32>>,
}

/// The windows of a step. Each has `context` six-mers before the one that is edited.
#[derive(Debug, Default)]
struct Batch {
    context: usize,
    windows: Vec<Window>,
    severities: Vec<f32>,
}

/// Where the states of a batch lie among its hidden rows.
#[derive(Debug, Default)]
struct Rows {
    spans: Vec<[core::ops::Range<usize>; 2]>,
    /// For each edit, the state of its reference.
    reference: Vec<usize>,
    /// For each edit, its state.
    edited: Vec<usize>,
}

impl Batch {
    /// References whole, edits from their own six-mer on; pooled over `radius` rows on each side
    /// of the locus' row as scoring counts it (the row before the edited six-mer's).
    fn sequences(&self, radius: usize) -> (Vec<Sequence<'_>>, Rows) {
        let (mut sequences, mut rows, mut offset) = (Vec::new(), Rows::default(), 0);
        let changed = self.context + 1;
        let first = self.context.saturating_sub(radius);
        for window in &self.windows {
            let length = window.reference.len();
            let last = (self.context + radius + 1).min(length);
            let (prefix, base, state) = (sequences.len(), offset, rows.spans.len());
            sequences.push(Sequence::whole(&window.reference));
            rows.spans.push([base + first..base + last, 0..0]);
            offset += length;
            for edit in &window.edits {
                sequences.push(Sequence {
                    tokens: edit,
                    rows: changed..length,
                    prefix: Some(prefix),
                    wanted: changed..length,
                });
                rows.reference.push(state);
                rows.edited.push(rows.spans.len());
                rows.spans.push([
                    base + first..base + changed,
                    offset..offset + last - changed,
                ]);
                offset += length - changed;
            }
        }
        (sequences, rows)
    }

    /// Rows of the references that predict a token.
    fn language_rows(&self) -> Vec<usize> {
        let mut offset = 0;
        let mut rows = Vec::new();
        for window in &self.windows {
            let length = window.reference.len();
            rows.extend(offset..offset + length - 1);
            offset += length + window.edits.len() * (length - self.context - 1);
        }
        rows
    }

    /// What these rows predict, as six-mer codes.
    fn language_targets(&self) -> Vec<u16> {
        let code = |&id: &u32| id as u16 - SPECIALS.len() as u16;
        self.windows
            .iter()
            .flat_map(|window| window.reference[1..].iter().map(code))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_pooled_with_the_rows_that_they_share() {
        let window = |edits: usize| Window {
            reference: vec![DNA; 8],
            edits: vec![vec![DNA; 8]; edits],
        };
        let batch = Batch {
            context: 4,
            windows: vec![window(1), window(2)],
            severities: vec![],
        };
        let (sequences, rows) = batch.sequences(2);
        assert_eq!(sequences.len(), 5);
        assert_eq!(rows.spans[0], [2..7, 0..0]);
        assert_eq!(rows.spans[1], [2..5, 8..10]);
        assert_eq!(rows.spans[2], [13..18, 0..0]);
        assert_eq!(
            (rows.reference, rows.edited),
            (vec![0, 2, 2], vec![1, 3, 4])
        );
        assert_eq!(batch.language_rows().len(), batch.language_targets().len());
        assert_eq!(batch.language_rows()[7], 11);
    }

    #[test]
    fn auroc_counts_won_pairs() {
        assert_eq!(
            severe_auroc(&[3.0, 1.0, 2.0, 9.0], &[1.0, 0.02, 0.0, 0.4]),
            1.0
        );
    }
}
