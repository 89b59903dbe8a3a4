//! Training of the predictor and the action encoder over the frozen encoder (phase 1).

mod settings;
mod pool;
mod model;
mod validation;
mod trainer;
mod trained;
mod preflight;

pub use settings::PredictorSettings;
pub use trained::TrainedPredictor;

use crate::assemble::{ModelParts, assemble};
use crate::collapse::{CollapseSettings, CollapseWatch};
use crate::device::TrainingDevice;
use crate::driver::{Stage, TrainingSession};
use crate::encoder_dir::read_config;
use crate::feed::{EncodingRate, GenerationFeed};
use crate::networks::{PredictorNetworks, split};
use crate::pairs::{Frozen, PairSources, StatePairs, encode};
use crate::replicas::Replicas;
use crate::run::{TrainingHost, progress_bar};
use crate::run_dir::{Checkpoint, DataFile};
use crate::settings::RunSettings;
use genolewm::bundle::load_encoder;
use genolewm::files::Directory;
use genolewm::info::ModelInfo;
use genolewm::ops::CpuOps;
use genolewm_core::limits::{MAX_WINDOW_BP, MIN_WINDOW_BP};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::cache::{SiteCache, cached_contract};
use genolewm_data::holdout::HoldoutPolicy;
use model::PredictorModel;
use pool::GenerationPool;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use std::sync::Arc;
use trainer::{FIRST_DISTANCE, PredictorTrainer, WaitClock};
use validation::PredictorValidation;

/// The stream of the measured windows: no generation has it.
const VALIDATION_STREAM: u64 = u64::MAX;

impl Stage for PredictorSettings {
    const NAME: &'static str = "predictor";
    const CURVES: &'static [&'static str] = &["loss", "validation_cosine", "naive_cosine"];
    const KEYS: &'static str = "encoder init corpus holdout holdout_edits holdout_records common clinvar \
        exons primates mix fallback generation_windows generation_steps generations validation_windows validation \
        precision window_bp views pool_radius state_contract state_layer d_hidden d_action n_heads ffn_dim cross_blocks \
        self_blocks max_actions d_pos d_type d_seq action_layers action_inner steps batch balance \
        accumulate optimizer weight_decay clip schedule learning_rate warmup_steps train_seed model_name \
        model_version collapse_every collapse_kl_max";

    fn run(&self) -> &RunSettings {
        &self.run
    }

    fn run_mut(&mut self) -> &mut RunSettings {
        &mut self.run
    }

    fn collapse(&self) -> Option<&CollapseSettings> {
        Some(&self.collapse)
    }

    fn architecture(&self) -> Result<Value> {
        let lengths = MIN_WINDOW_BP..=MAX_WINDOW_BP;
        if !lengths.contains(&self.window_bp) {
            let message = format!("{} bp is no length of a model's window", self.window_bp);
            return Err(Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("least", lengths.start())
                .with_detail("most", lengths.end()));
        }
        self.check_draws()?;
        Ok(json!({
            "d_state": read_config(&self.encoder)?.hidden_size,
            "d_hidden": self.d_hidden,
            "d_action": self.d_action,
            "n_heads": self.n_heads,
            "ffn_dim": self.ffn_dim.unwrap_or(self.d_hidden),
            "cross_blocks": self.cross_blocks,
            "self_blocks": self.self_blocks,
            "max_actions": self.max_actions,
            "d_pos": self.d_pos,
            "d_type": self.d_type,
            "d_seq": self.d_seq,
            "action_layers": self.action_layers,
            "action_inner": self.action_inner,
            "window_bp": self.window_bp,
        }))
    }

    fn data(&self) -> Result<Vec<DataFile>> {
        let mut files = self.data.data_files()?;
        files.extend(DataFile::encoder(&self.encoder));
        if let Some(model) = &self.init {
            let directory = Directory(model.clone());
            let info = ModelInfo::load(&directory, &Directory(model.join("encoder")))?;
            files.extend(DataFile::networks(model, &info.manifest));
        }
        if let Some(table) = &self.validation {
            files.extend(DataFile::corpus("validation", table)?);
        }
        Ok(files)
    }

    fn train(&self, session: &mut TrainingSession<'_, '_>) -> Result<()> {
        let cache = self.cache()?;
        let encoders = self.run.device.all();
        let encoders = encoders.map(|device| self.frozen(device, cache.as_ref()));
        let encoders = encoders.collect::<Result<Vec<_>>>()?.concat();
        let sources = self.data.sources()?;
        let Some(measured) = measured(self, &encoders, &sources, session.host)? else {
            return Ok(());
        };
        let validation = PredictorValidation::new(&measured);
        let watch = watch(self, session.resumed.as_ref());
        let replicas = open(self, session, validation.width)?;
        let feed = GenerationFeed {
            encoders: &encoders,
            sources: &sources,
            draw: self.draw(self.generation_windows, 1),
            monitor: session.run.monitor().clone(),
            encoded: EncodingRate::default(),
        };
        let numbers = self.generations_from(replicas.step);
        let first = numbers.start;
        let mut replicas = feed.during(numbers, |incoming| {
            let mut trainer = PredictorTrainer {
                settings: self,
                validation: &validation,
                replicas,
                watch,
                incoming,
                encoded: &feed.encoded,
                pool: GenerationPool::new(self.generations, first, self.balance),
                clock: WaitClock::default(),
                loss: 0.0,
                gradient_norm: 0.0,
            };
            session.steps(&mut trainer)?;
            Ok(trainer.replicas)
        })?;
        if let Some(cache) = cache {
            let (asked, found) = cache.finish()?;
            (session.host.warn)(&format!(
                "window cache: {found} of {asked} windows were found"
            ));
        }
        let (predictor, action) = split(replicas.weights());
        let parts = ModelParts {
            name: &self.model_name,
            version: &self.model_version,
            config: &self.config(),
            encoder: &self.encoder,
            predictor,
            action,
            surprises: validation.surprises(&replicas.first)?,
            data: &self.data.named_files(),
        };
        assemble(&self.run.output.join("model"), parts, Dtype::F16)
    }
}

impl PredictorSettings {
    /// The frozen encoder on a device, for each thread that encodes there, over the cache if there is one.
    fn frozen(
        &self,
        device: TrainingDevice,
        cache: Option<&Arc<SiteCache>>,
    ) -> Result<Vec<Frozen>> {
        let (directory, mut config) = (Directory(self.encoder.clone()), self.config());
        // With a cache and without, so that a run may go on either way.
        let contract = config.encoder.contract;
        config.encoder.contract = cached_contract(contract);
        let encoders = match device {
            TrainingDevice::Cpu => {
                let ops = CpuOps::new();
                let encoder = load_encoder(&ops, &directory, &config)?;
                vec![Frozen::new(ops, encoder); self.encoding_threads()]
            }
            gpu => {
                let ops = gpu.ops()?;
                let encoder = load_encoder(&ops, &directory, &config)?;
                vec![Frozen::new(ops, encoder)]
            }
        };
        let encoders = encoders.into_iter();
        Ok(encoders.map(|one| one.over(contract, cache)).collect())
    }
}

/// The watch over predictions, as it stood at the checkpoint.
fn watch(settings: &PredictorSettings, resumed: Option<&Checkpoint>) -> CollapseWatch {
    let mut watch = CollapseWatch::new(&settings.collapse);
    let stored = resumed.and_then(|checkpoint| checkpoint.state.get(FIRST_DISTANCE));
    let stored = stored.and_then(|stored| stored.as_slice::<f32>().ok()?.first().copied());
    if let Some(distance) = stored {
        watch.restore(distance);
    }
    watch
}

/// The networks that training starts from, for states of `width`, or those of the checkpoint, on every device.
fn open(
    settings: &PredictorSettings,
    session: &mut TrainingSession<'_, '_>,
    width: usize,
) -> Result<Replicas<PredictorModel>> {
    session.replicas(settings.optimizer, settings.update, |ops, saved| {
        let weights = match saved {
            Some(saved) => split(saved),
            None => settings.initial(&ops, width)?,
        };
        let (heads, window_bp) = (settings.n_heads, settings.window_bp);
        let networks = PredictorNetworks::load(&ops, weights, heads, window_bp)?;
        Ok(PredictorModel {
            ops,
            networks,
            width,
        })
    })
}

/// The windows that are measured, with a table of their own regardless of the hold-outs; none when the host stops the run meanwhile.
fn measured(
    settings: &PredictorSettings,
    encoders: &[Frozen],
    sources: &PairSources,
    host: &TrainingHost<'_>,
) -> Result<Option<StatePairs>> {
    let own = settings.validation.as_deref();
    let own = own
        .map(|table| settings.data.sources_of(table, HoldoutPolicy::default()))
        .transpose()?;
    let windows = settings.validation_windows;
    let template = "{bar:28} {pos}/{len} windows to measure  {eta} left";
    let progress = progress_bar(windows as u64, template, host.quiet);
    let draw = settings.draw(windows, VALIDATION_STREAM);
    let pairs = encode(encoders, own.as_ref().unwrap_or(sources), draw, &mut |_| {
        progress.inc(1);
        !host.stop.is_set()
    })?;
    progress.finish_and_clear();
    Ok(pairs)
}
