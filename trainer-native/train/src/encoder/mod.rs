//! Pre-training of the encoder: a causal six-mer language model.

mod settings;
mod initial;
mod windows;
mod preflight;

pub use settings::EncoderSettings;

use crate::driver::{Stage, Trainer, TrainingSession};
use crate::encoder_dir::{self, read_weights, targets};
use crate::language_model::{LanguageFigures, LanguageModel};
use crate::lm_loss::LmLoss;
use crate::replicas::{Replica, Replicas};
use crate::run::StepProgress;
use crate::run_dir::DataFile;
use crate::settings::RunSettings;
use crate::step::mean;
use burn::tensor::{Gradients, Tensor};
use genolewm::encoder::Sequence;
use genolewm::parameters::{Parameters, Visitor};
use genolewm::weights::Weights;
use genolewm_core::{Error, Result};
use genolewm_data::corpus::Corpus;
use initial::initial;
use serde::Serialize;
use serde_json::Value;
use windows::{batch, validation_batch};

/// A line of `metrics.jsonl`. Losses are means over predicted six-mers, in nats.
#[derive(Debug, Serialize)]
struct EncoderLine {
    step: u64,
    loss_kind: LmLoss,
    loss: f64,
    six_mer_nats: f64,
    base_accuracy: f64,
    gradient_norm: f64,
    learning_rate: f64,
    steps_per_second: f64,
    tokens_seen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_six_mer_nats: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_base_accuracy: Option<f64>,
}

impl Stage for EncoderSettings {
    const NAME: &'static str = "encoder";
    const CURVES: &'static [&'static str] = &["six_mer_nats", "validation_six_mer_nats"];
    const KEYS: &'static str = "corpus holdout validation init hidden_size intermediate_size layers \
        heads kv_heads precision steps batch_tokens window_tokens long_every long_window_tokens \
        cross_entropy_steps accumulate learning_rate warmup_steps schedule optimizer weight_decay \
        clip train_seed";

    fn run(&self) -> &RunSettings {
        &self.run
    }

    fn run_mut(&mut self) -> &mut RunSettings {
        &mut self.run
    }

    fn architecture(&self) -> Result<Value> {
        Ok(encoder_dir::config_json(&self.config()))
    }

    fn data(&self) -> Result<Vec<DataFile>> {
        let mut files = DataFile::corpus("corpus", &self.corpus)?;
        files.push(DataFile::holdout(&self.holdout));
        if let Some(table) = &self.validation {
            files.extend(DataFile::corpus("validation", table)?);
        }
        if let Some(init) = &self.init {
            files.push(DataFile::new("init", &init.join("model.safetensors")));
        }
        Ok(files)
    }

    fn train(&self, session: &mut TrainingSession<'_, '_>) -> Result<()> {
        let config = self.config();
        let replicas = session.replicas(self.optimizer, self.update, |ops, saved| {
            let weights = match (saved, &self.init) {
                (Some(saved), _) => Weights::from_tensors("checkpoint", saved),
                (None, Some(init)) => read_weights(init)?,
                (None, None) => {
                    Weights::from_tensors("initial weights", initial(&config, self.run.seed()))
                }
            };
            LanguageModel::load(ops, &config, weights, self.long_window_tokens + 2)
        })?;
        let mut trainer = EncoderTrainer {
            settings: self,
            corpus: Corpus::open(&self.corpus, &self.holdout)?,
            validation: validation_batch(self)?,
            tokens_seen: (0..replicas.step).map(|step| self.tokens_of(step)).sum(),
            replicas,
            kind: LmLoss::CrossEntropy,
            figures: Vec::new(),
            gradient_norm: 0.0,
        };
        session.steps(&mut trainer)?;
        let weights = trainer.replicas.weights();
        encoder_dir::write(&self.run.output.join("encoder"), &config, &weights)
    }
}

/// Windows of one length as tokens, and the loss that they are trained with.
#[derive(Debug)]
struct TokenBatch {
    tokens: Vec<Vec<u32>>,
    kind: LmLoss,
}

impl LanguageModel {
    /// Figures of a batch, and a scalar whose gradient is the loss's.
    fn forward(&self, batch: &[Vec<u32>], kind: LmLoss) -> (LanguageFigures, Tensor<2>) {
        // The last token is a target only.
        let sequences: Vec<Sequence<'_>> = batch
            .iter()
            .map(|tokens| Sequence::whole(&tokens[..tokens.len() - 1]))
            .collect();
        let layers = self.llama.config.layers;
        let hidden = self.llama.hidden(&self.ops, &sequences, layers);
        let targets: Vec<u16> = batch.iter().flat_map(|tokens| targets(tokens)).collect();
        self.loss(hidden, &targets, kind)
    }
}

impl Parameters<Tensor<2>> for LanguageModel {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        self.llama.visit(prefix, visit);
    }
}

impl Replica<TokenBatch> for LanguageModel {
    type Figures = LanguageFigures;

    fn backward(&mut self, batch: &TokenBatch) -> Result<(LanguageFigures, Gradients)> {
        let (figures, surrogate) = self.forward(&batch.tokens, batch.kind);
        Ok((figures, surrogate.backward()))
    }
}

struct EncoderTrainer<'a> {
    settings: &'a EncoderSettings,
    corpus: Corpus,
    validation: Option<Vec<Vec<u32>>>,
    replicas: Replicas<LanguageModel>,
    tokens_seen: u64,
    /// Of the last step.
    kind: LmLoss,
    figures: Vec<LanguageFigures>,
    gradient_norm: f64,
}

impl Trainer for EncoderTrainer<'_> {
    type Network = LanguageModel;

    fn replicas(&mut self) -> &mut Replicas<LanguageModel> {
        &mut self.replicas
    }

    fn train_step(&mut self) -> Result<f64> {
        let (settings, step) = (self.settings, self.replicas.step);
        let kind = if step < settings.cross_entropy_steps {
            LmLoss::CrossEntropy
        } else {
            LmLoss::Factorised
        };
        let rate = settings.run.rate(settings.update.schedule, step);
        let draw = |number| {
            let tokens = batch(settings, &self.corpus, step, number)?;
            Ok(TokenBatch { tokens, kind })
        };
        let (figures, norm) = self
            .replicas
            .update(&settings.run, &|_| rate, draw, |batch| batch.loss)?;
        self.tokens_seen += settings.tokens_of(step);
        (self.kind, self.figures, self.gradient_norm) = (kind, figures, norm);
        Ok(mean(&self.figures, |batch| batch.loss))
    }

    fn log(
        &mut self,
        session: &mut TrainingSession<'_, '_>,
        progress: &StepProgress,
    ) -> Result<Option<Error>> {
        let step = self.replicas.step;
        if session.run.is_logged(step) {
            let line = self.line(progress);
            session.run.monitor().loss(line.loss);
            session.run.log(&line)?;
        }
        Ok(None)
    }
}

impl EncoderTrainer<'_> {
    fn line(&self, progress: &StepProgress) -> EncoderLine {
        let (run, step) = (&self.settings.run, self.replicas.step);
        let due = step == run.steps || step.is_multiple_of(run.log_every * 10);
        let measured = self.validation.as_ref().filter(|_| due).map(|batch| {
            let (figures, _) = self.replicas.first.forward(batch, LmLoss::CrossEntropy);
            figures
        });
        EncoderLine {
            step,
            loss_kind: self.kind,
            loss: mean(&self.figures, |batch| batch.loss),
            six_mer_nats: mean(&self.figures, |batch| batch.six_mer_nats),
            base_accuracy: mean(&self.figures, |batch| batch.base_accuracy),
            gradient_norm: self.gradient_norm,
            learning_rate: run.rate(self.settings.update.schedule, step),
            steps_per_second: progress.rate(step),
            tokens_seen: self.tokens_seen,
            validation_six_mer_nats: measured.map(|figures| figures.six_mer_nats),
            validation_base_accuracy: measured.map(|figures| figures.base_accuracy),
        }
    }
}
