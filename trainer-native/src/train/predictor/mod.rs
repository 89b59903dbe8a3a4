//! Training of the predictor and the action encoder over the frozen encoder (phase 1).

mod networks;
mod settings;
mod plan;
mod trained;

pub use settings::Settings;
pub use trained::Trained;

use super::assemble::{Parts, assemble};
use super::optimizer::{MatrixOptimizer, Optimizer};
use super::pairs::{PairSources, Pairs, encode};
use super::run::{Progress, StopFlag};
use super::run_dir::{Checkpoint, RunDir};
use super::schedule::Schedule;
use super::step::{export, host, track, update};
use crate::dataset::corpus::{Corpus, read_corpus_table};
use crate::dataset::mix::{EditMix, EditProviders};
use crate::dataset::provider::ObservedVariants;
use burn::tensor::{Device, Tensor};
use genolewm_model::action::layers::join_input_projections;
use genolewm_model::action::{ALLELE_HEADS, ActionEncoder};
use genolewm_model::bundle::load_encoder;
use genolewm_model::encoder::StateEncoder;
use genolewm_model::files::Directory;
use genolewm_model::loss::{LossWeights, prediction_loss_tensor};
use genolewm_model::ops::{BurnOps, Ops};
use genolewm_model::predictor::Predictor;
use genolewm_model::weights::{NamedTensor, Weights};
use genolewm_shared::Result;
use genolewm_shared::surprise::surprise_distance;
use indicatif::{ProgressBar, ProgressStyle};
use networks::{ACTION, Networks, PREDICTOR, Tensors, initial, split};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::Serialize;
use settings::config;

/// Items that are measured and never trained on: one window in this many.
const VALIDATION_SHARE: usize = 10;

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
struct Line {
    step: u64,
    loss: f64,
    gradient_norm: f64,
    steps_per_second: f64,
    /// Mean cosine of prediction and target on the validation windows.
    validation_cosine: f64,
    /// The same with the state before the edit as the prediction.
    naive_cosine: f64,
}

/// Trains until `settings.steps` or until `stop`, then writes a complete model directory.
///
/// # Errors
/// As [`super::encoder::run`].
pub fn run(
    settings: &Settings,
    stop: &StopFlag,
    quiet: bool,
    warn: &mut dyn FnMut(&str),
) -> Result<()> {
    let config = config(settings);
    let encoder = load_encoder(
        &BurnOps::cpu(),
        &Directory(settings.encoder.clone()),
        &config,
    )?;
    let plan = plan::plan(settings, encoder.d_state())?;
    let resumed = plan.resume(warn)?;
    let mut run = RunDir::begin(plan, resumed.as_ref(), &plan::data(settings)?, quiet)?;
    let pairs = draw(settings, &encoder, quiet)?;
    let mut trainer = Trainer::open(settings, &encoder, &pairs, resumed)?;
    let progress = Progress::new(settings.steps, trainer.step, quiet);
    while trainer.step < settings.steps && !stop.is_set() {
        let (loss, norm) = run.timed(|| trainer.train_step())?;
        progress.step(trainer.step, loss);
        if trainer.step.is_multiple_of(settings.log_every) {
            let (validation_cosine, naive_cosine) = trainer.validate()?;
            let steps_per_second = progress.rate(trainer.step).1;
            run.monitor().loss(loss);
            run.log(&Line {
                step: trainer.step,
                loss,
                gradient_norm: norm,
                steps_per_second,
                validation_cosine,
                naive_cosine,
            })?;
        }
        if trainer.step.is_multiple_of(settings.checkpoint_every) {
            trainer.save(&mut run)?;
        }
    }
    progress.finish();
    trainer.save(&mut run)?;
    let surprises = trainer.validation_surprises()?;
    let (predictor, action) = trainer.weights();
    assemble(
        &settings.output.join("model"),
        Parts {
            name: &settings.model_name,
            version: &settings.model_version,
            config: &config,
            encoder: &settings.encoder,
            predictor,
            action,
            surprises,
            data: &settings.data_files(),
        },
    )?;
    run.finish(stop.is_set())
}

fn draw(settings: &Settings, encoder: &StateEncoder<Tensor<2>>, quiet: bool) -> Result<Pairs> {
    let holdout = settings.holdout_files().read()?;
    let sources = PairSources {
        corpus: Corpus::from_sources(&read_corpus_table(&settings.corpus)?, &holdout)?,
        providers: EditProviders::new(
            ObservedVariants::common(&settings.common)?,
            ObservedVariants::pathogenic(&settings.clinvar)?,
        ),
        mix: EditMix::default().with_fallbacks(&settings.fallback),
        holdout,
    };
    let progress = if quiet {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(settings.windows as u64)
    };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:28} {pos}/{len} windows encoded  {eta} left")
    {
        progress.set_style(style);
    }
    let pairs = encode(
        encoder,
        &sources,
        (settings.windows, settings.window_bp, settings.seed),
        &progress,
    )?;
    progress.finish_and_clear();
    Ok(pairs)
}

struct Trainer<'a> {
    settings: &'a Settings,
    pairs: &'a Pairs,
    training: Vec<usize>,
    validation: Vec<usize>,
    ops: BurnOps,
    networks: Networks,
    optimizer: Optimizer,
    step: u64,
}

impl<'a> Trainer<'a> {
    fn open(
        settings: &'a Settings,
        encoder: &StateEncoder<Tensor<2>>,
        pairs: &'a Pairs,
        resumed: Option<Checkpoint>,
    ) -> Result<Self> {
        let device = Device::flex().autodiff();
        let ops = BurnOps::on(device.clone(), "cpu");
        let mut optimizer = Optimizer::new(MatrixOptimizer::Adamw, 0.05);
        let (predictor, action, step) = if let Some(checkpoint) = resumed {
            optimizer.import(checkpoint.state, checkpoint.step, &device.inner());
            let (predictor, action) = split(checkpoint.weights);
            (predictor, action, checkpoint.step)
        } else {
            let (predictor, action) = initial(settings, encoder.d_state());
            (predictor, action, 0)
        };
        let mut networks = Networks {
            predictor: Predictor::load(
                &ops,
                Weights::from_tensors("predictor", predictor),
                settings.n_heads,
            )?,
            action: ActionEncoder::load(
                &ops,
                Weights::from_tensors("action encoder", action),
                ALLELE_HEADS,
                settings.window_bp,
            )?,
        };
        track(&mut networks);
        let (mut validation, training): (Vec<usize>, Vec<usize>) = (0..pairs.len())
            .partition(|&item| pairs.items[item].window.is_multiple_of(VALIDATION_SHARE));
        validation.sort_by_key(|&item| pairs.steps(item));
        Ok(Self {
            settings,
            pairs,
            training,
            validation,
            ops,
            networks,
            optimizer,
            step,
        })
    }

    fn train_step(&mut self) -> Result<(f64, f64)> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        rng.set_stream(self.step + 1);
        let pick = |rng: &mut ChaCha8Rng| {
            self.training[(rng.next_u64() % self.training.len() as u64) as usize]
        };
        let mut batch: Vec<usize> = (0..self.settings.batch).map(|_| pick(&mut rng)).collect();
        batch.sort_by_key(|&item| self.pairs.steps(item));
        let prediction = self.predict(&batch)?;
        let target = self.matrix(batch.iter().map(|&item| self.pairs.after(item)));
        let loss = prediction_loss_tensor(prediction, target, None, &LossWeights::default())?;
        let value = f64::from(
            host(loss.clone().inner().into_data())
                .first()
                .copied()
                .unwrap_or(f32::NAN),
        );
        let mut gradients = loss.backward();
        let settings = self.settings;
        let rate = settings.learning_rate
            * Schedule::Wsd.factor(self.step, settings.steps, settings.warmup_steps);
        let norm = update(
            &mut self.networks,
            &mut gradients,
            &mut self.optimizer,
            rate,
            1.0,
        )?;
        self.step += 1;
        Ok((value, norm))
    }

    /// The states after each edit of the items, item by item. Neighbours of one length go together,
    /// since that is quicker than to pad all to the longest.
    fn predict(&self, batch: &[usize]) -> Result<Tensor<2>> {
        let alike = |&one: &usize, &next: &usize| self.pairs.steps(one) == self.pairs.steps(next);
        let predicted = batch
            .chunk_by(alike)
            .map(|items| self.predict_alike(items))
            .collect::<Result<Vec<_>>>()?;
        Ok(self.ops.concat_rows(&predicted))
    }

    /// [`predict`](Self::predict) for items of one length.
    fn predict_alike(&self, items: &[usize]) -> Result<Tensor<2>> {
        let edits: Vec<_> = items
            .iter()
            .map(|&item| self.pairs.items[item].edits.as_slice())
            .collect();
        let actions = self.networks.action.forward_padded(&self.ops, &edits)?;
        let states = self.matrix(items.iter().map(|&item| self.pairs.before(item)));
        self.networks.predictor.forward_batch(
            &self.ops,
            &states,
            &actions.actions,
            &actions.mask,
            actions.per_item,
        )
    }

    /// Rows of states, one or more at a time.
    fn matrix<'p>(&self, rows: impl Iterator<Item = &'p [f32]>) -> Tensor<2> {
        let values: Vec<f32> = rows.flatten().copied().collect();
        let count = values.len() / self.pairs.width;
        self.ops.matrix(values, count, self.pairs.width)
    }

    /// Predictions of all validation items, row-major.
    fn predict_validation(&self) -> Result<Vec<f32>> {
        let mut predicted = Vec::new();
        for batch in self.validation.chunks(512) {
            predicted.extend(host(self.predict(batch)?.inner().into_data()));
        }
        Ok(predicted)
    }

    /// Mean cosine of prediction and target, and of the state before all edits and the target.
    fn validate(&self) -> Result<(f64, f64)> {
        let predicted = self.predict_validation()?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for &item in &self.validation {
            before.extend(self.pairs.before(item).repeat(self.pairs.steps(item)));
            after.extend_from_slice(self.pairs.after(item));
        }
        Ok((
            mean_cosine(&predicted, &after, self.pairs.width),
            mean_cosine(&before, &after, self.pairs.width),
        ))
    }

    /// The surprise of each validation item of one edit, as scoring sees them, and the window that it
    /// lies in: what the first calibration table is made of, until `calibrate` makes one from common
    /// variants.
    fn validation_surprises(&self) -> Result<Vec<(String, f64)>> {
        let single = |&item: &usize| self.pairs.steps(item) == 1;
        let items: Vec<usize> = self.validation.iter().copied().filter(single).collect();
        let mut surprises = Vec::with_capacity(items.len());
        for batch in items.chunks(512) {
            let predicted = host(self.predict(batch)?.inner().into_data());
            let rows = predicted.chunks_exact(self.pairs.width);
            surprises.extend(batch.iter().zip(rows).map(|(&item, predicted)| {
                let window = self.pairs.items[item].window;
                let distance = surprise_distance(predicted, self.pairs.after(item));
                (self.pairs.windows[window].clone(), distance)
            }));
        }
        Ok(surprises)
    }

    fn save(&mut self, run: &mut RunDir) -> Result<()> {
        let (predictor, action) = self.weights();
        let named = |prefix: &str, tensors: Tensors| -> Vec<(String, NamedTensor)> {
            tensors
                .into_iter()
                .map(|(name, tensor)| (format!("{prefix}.{name}"), tensor))
                .collect()
        };
        let weights = named(PREDICTOR, predictor)
            .into_iter()
            .chain(named(ACTION, action))
            .collect();
        run.save(self.step, weights, self.optimizer.export())
    }

    /// Both networks as their weight files hold them.
    fn weights(&mut self) -> (Tensors, Tensors) {
        let (predictor, action) = split(export(&mut self.networks));
        (
            join_input_projections(predictor),
            join_input_projections(action),
        )
    }
}

fn mean_cosine(a: &[f32], b: &[f32], width: usize) -> f64 {
    let rows = a.len() / width;
    let cosine = |(a, b): (&[f32], &[f32])| 1.0 - genolewm_shared::surprise::displacement(a, b);
    a.chunks_exact(width)
        .zip(b.chunks_exact(width))
        .map(cosine)
        .sum::<f64>()
        / rows.max(1) as f64
}
