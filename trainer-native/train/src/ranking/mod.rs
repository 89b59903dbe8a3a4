//! Ranking: the encoder's state is taught to move where annotation expects harm.
//!
//! Each step draws substitutions from annotated transcripts and trains the length of the state's
//! change to say how severe they are: binary cross-entropy of `a · ln‖Δs‖ + b` against a severity
//! from annotation alone (splice sites, stops, BLOSUM62). No clinical label is used; a surprise of
//! a model trained so is partly distilled from annotation, and its model card must say so. With
//! `--element-weight` a head beside it learns what each six-mer is part of (exon by reading frame,
//! intron, splice site), so that what a substitution breaks is in the state to begin with. The
//! language-model loss on the reference windows is kept, so that the encoder stays one.
//!
//! With `--predictor` the length is that of the residual, how far the edited state lies from the one that a
//! trained predictor expects, and the share of tolerated changes that it does not explain is a loss: the
//! state learns to be predictable where nothing matters, and not where harm is expected. The predictor
//! stays as it is; one that is trained anew on the encoder follows.

mod settings;
mod batch;
mod pools;
mod sites;
mod predicting;
mod validation;
mod heads;
mod pass;
mod preflight;

pub use settings::RankingSettings;

use crate::driver::{Stage, Trainer, TrainingSession};
use crate::encoder_dir::{self, read_config, read_weights};
use crate::language_model::LanguageModel;
use crate::optimizer::MatrixOptimizer;
use crate::replicas::Replicas;
use crate::run::StepProgress;
use crate::run_dir::DataFile;
use crate::serialize::Tensors;
use crate::settings::{RunSettings, UpdateSettings};
use crate::step::{export, host, scalar};
use batch::RankingBatch;
use genolewm::weights::Weights;
use genolewm_core::{Error, Result};
use heads::Ranked;
use pass::RankingLosses;
use predicting::Predicting;
use serde::Serialize;
use serde_json::Value;
use sites::SnvSites;
use validation::{RankingValidation, Share};

const UPDATES: UpdateSettings = UpdateSettings::DEFAULT;

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Copy, Serialize)]
struct RankingLine {
    step: u64,
    #[serde(flatten)]
    losses: RankingLosses,
    gradient_norm: f64,
    steps_per_second: f64,
    #[serde(flatten)]
    validation: Option<RankingValidation>,
}

impl Stage for RankingSettings {
    const NAME: &'static str = "ranking";
    const CURVES: &'static [&'static str] = &["ranking_loss", "severe_auroc"];
    const KEYS: &'static str = "corpus holdout exons init precision steps windows edits_per_window \
        context_tokens sure_steps long_every long_context_tokens pool_radius state_contract state_layer \
        predictor unexplained_weight pair_weight element_weight language_weight accumulate learning_rate warmup_steps train_seed \
        validation_share validation_windows";

    fn run(&self) -> &RunSettings {
        &self.run
    }

    fn run_mut(&mut self) -> &mut RunSettings {
        &mut self.run
    }

    fn architecture(&self) -> Result<Value> {
        Ok(encoder_dir::config_json(&read_config(&self.init)?))
    }

    fn data(&self) -> Result<Vec<DataFile>> {
        let mut files = DataFile::corpus("corpus", &self.corpus)?;
        files.push(DataFile::holdout(&self.holdout));
        let exons = self.exons.iter();
        files.extend(exons.map(|table| DataFile::new("exons", table)));
        files.extend(DataFile::encoder(&self.init));
        if let (Some(model), Some(info)) = (&self.predictor, self.model_info()?) {
            files.extend(DataFile::networks(model, &info.manifest));
        }
        Ok(files)
    }

    fn train(&self, session: &mut TrainingSession<'_, '_>) -> Result<()> {
        let config = read_config(&self.init)?;
        let settings = &self.of_model()?;
        let sites = SnvSites::open(settings)?;
        let replicas = session.replicas(MatrixOptimizer::Muon, UPDATES, |ops, saved| {
            let (weights, heads) = match saved {
                Some(saved) => {
                    let (own, heads) = saved
                        .into_iter()
                        .partition(|(name, _)| name.starts_with("model."));
                    (Weights::from_tensors("checkpoint", own), heads)
                }
                None => (read_weights(&self.init)?, Tensors::new()),
            };
            let model = LanguageModel::load(ops, &config, weights, settings.most_tokens())?;
            let predicting = Predicting::open(settings, &model.ops)?;
            Ok(Ranked::new(model, predicting, heads, settings))
        })?;
        let mut trainer = RankingTrainer {
            settings,
            validation: sites.validation(settings)?,
            sites,
            replicas,
            losses: RankingLosses::default(),
            gradient_norm: 0.0,
        };
        session.steps(&mut trainer)?;
        let weights = export(&mut trainer.replicas.first.model.llama);
        encoder_dir::write(&self.run.output.join("encoder"), &config, &weights)
    }
}

struct RankingTrainer<'a> {
    settings: &'a RankingSettings,
    sites: SnvSites,
    validation: Vec<RankingBatch>,
    replicas: Replicas<Ranked<'a>>,
    /// Of the last step.
    losses: RankingLosses,
    gradient_norm: f64,
}

impl<'a> Trainer for RankingTrainer<'a> {
    type Network = Ranked<'a>;

    fn replicas(&mut self) -> &mut Replicas<Ranked<'a>> {
        &mut self.replicas
    }

    fn train_step(&mut self) -> Result<f64> {
        let (settings, step) = (self.settings, self.replicas.step);
        let rate = settings.run.rate(UPDATES.schedule, step);
        let draw = |number| self.sites.draw(settings, step, number);
        let (losses, norm) = self
            .replicas
            .update(&settings.run, &|_| rate, draw, |batch| batch.ranking_loss)?;
        (self.losses, self.gradient_norm) = (RankingLosses::mean(&losses), norm);
        Ok(self.losses.ranking_loss)
    }

    fn log(
        &mut self,
        session: &mut TrainingSession<'_, '_>,
        progress: &StepProgress,
    ) -> Result<Option<Error>> {
        let (settings, step) = (self.settings, self.replicas.step);
        let measured = step == settings.run.steps || step.is_multiple_of(settings.validate_every);
        if measured || session.run.is_logged(step) {
            session.run.monitor().loss(self.losses.ranking_loss);
            session.run.log(&RankingLine {
                step,
                losses: self.losses,
                gradient_norm: self.gradient_norm,
                steps_per_second: progress.rate(step),
                validation: measured.then(|| self.validate()).transpose()?,
            })?;
        }
        Ok(None)
    }
}

impl RankingTrainer<'_> {
    fn validate(&self) -> Result<RankingValidation> {
        let model = &self.replicas.first;
        let (mut lengths, mut consequences) = (Vec::new(), Vec::new());
        let (mut elements, mut changes): (Share, Share) = Default::default();
        let add = |sum: &mut Share, (part, whole): Share| *sum = (sum.0 + part, sum.1 + whole);
        for batch in &self.validation {
            let moved = model.moved(batch)?;
            add(&mut elements, model.right_elements(&moved.hidden, batch));
            if let Some([unexplained, whole]) = &moved.tolerated {
                add(&mut changes, (scalar(unexplained), scalar(whole)));
            }
            lengths.extend(host(moved.length.inner().into_data()));
            consequences.extend_from_slice(&batch.consequences);
        }
        Ok(RankingValidation::of(
            &lengths,
            &consequences,
            elements,
            changes,
        ))
    }
}
