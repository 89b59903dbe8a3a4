//! Settings of `train predictor`.

use crate::collapse::CollapseSettings;
use crate::networks::{PredictorNetworks, split};
use crate::optimizer::MatrixOptimizer;
use crate::pairs::WindowDraw;
use crate::random::open_unit;
use crate::serialize::Tensors;
use crate::settings::{RunSettings, StateSettings, UpdateSettings, at_least_one, with_defaults};
use crate::step::export;
use crate::tuple_data::TupleData;
use clap::Args;
use genolewm::action::layers::join_input_projections;
use genolewm::bundle::Bundle;
use genolewm::config::{ActionSection, EncoderSection, ModelConfig, PredictorSection};
use genolewm::files::Directory;
use genolewm::ops::BurnOps;
use genolewm::predictor::PredictorSizes;
use genolewm::predictor::init::{ActionSizes, Initializer};
use genolewm::scorer::Windows;
use genolewm_core::pooling::PoolType;
use genolewm_core::surprise::Aggregation;
use genolewm_core::view::Views;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::cache::SiteCache;
use genolewm_data::edits::centred::ScoredWindows;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

const DEFAULTS: &str = "steps=3000 learning_rate=0.001 warmup_steps=200 \
    checkpoint_every=500 log_every=50";

/// Settings of `train predictor`.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(mut_args(|arg| with_defaults(arg, DEFAULTS)))]
pub struct PredictorSettings {
    /// The frozen encoder's directory
    #[arg(long, value_name = "DIR")]
    pub encoder: PathBuf,
    /// A model, of whatever encoder, whose predictor and action encoder are trained on; their sizes must be
    /// those of the flags
    #[arg(long, value_name = "DIR")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// What windows and edits are drawn from
    #[command(flatten)]
    #[serde(flatten)]
    pub data: TupleData,
    /// Windows of a generation, with as many items each as --mix says (8), or one in their middle; the next
    /// generation is encoded while the last ones are trained on
    #[arg(long, default_value_t = 64, value_parser = at_least_one())]
    pub generation_windows: usize,
    /// Steps until the next generation is trained on too; more of them leave more time to encode it
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..))]
    pub generation_steps: u64,
    /// Generations that steps draw from, the newest ones
    #[arg(long, default_value_t = 8, value_parser = at_least_one())]
    pub generations: usize,
    /// Windows that are measured, and drawn apart from those that are trained on
    #[arg(long, default_value_t = 64, value_parser = at_least_one())]
    pub validation_windows: usize,
    /// Sequence sources of the measured windows; without them those of --corpus. Needed where windows have one
    /// edit in their middle
    #[arg(long, value_name = "TSV")]
    pub validation: Option<PathBuf>,
    /// Threads that encode; 0 for half of the cores
    #[arg(long, default_value_t = 0)]
    #[serde(skip)]
    pub encode_threads: usize,
    /// Window cache: states that it has are not encoded, and others are kept in it [default: $GENO_LEWM_CACHE,
    /// else none]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub cache_dir: Option<PathBuf>,
    /// Bases of a window: 4096, 12288 or 24576, with edits anywhere; or any other number from 96 on, with
    /// one edit in the middle of each window
    #[arg(long, default_value_t = 4_096)]
    pub window_bp: usize,
    /// Views that a window is read in, as +0,+2,-4: with others than +0 alone each window is trained on in one
    /// of them, with one edit in its middle
    #[arg(long, value_name = "VIEWS", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<Views>,
    /// Rows pooled on each side of the locus
    #[arg(long, default_value_t = 8)]
    pub pool_radius: usize,
    /// By which rule
    #[command(flatten)]
    #[serde(flatten)]
    pub state: StateSettings,
    /// Layer whose hidden states are pooled; negative counts from the end
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub state_layer: i64,
    /// Width of the predictor's blocks
    #[arg(long, default_value_t = 128)]
    pub d_hidden: usize,
    /// Width of an action
    #[arg(long, default_value_t = 64)]
    pub d_action: usize,
    /// Attention heads
    #[arg(long, default_value_t = 4)]
    pub n_heads: usize,
    /// Inner width of the feed-forwards; --d-hidden by itself
    #[arg(long)]
    pub ffn_dim: Option<usize>,
    /// Blocks in which states and actions read each other
    #[arg(long, default_value_t = 2)]
    pub cross_blocks: usize,
    /// Blocks in which they read all alike
    #[arg(long, default_value_t = 1)]
    pub self_blocks: usize,
    /// The most edits of one item
    #[arg(long, default_value_t = 16)]
    pub max_actions: usize,
    /// Width of an edit's place
    #[arg(long, default_value_t = 32)]
    pub d_pos: usize,
    /// Width of an edit's type
    #[arg(long, default_value_t = 16)]
    pub d_type: usize,
    /// Width of an allele
    #[arg(long, default_value_t = 32)]
    pub d_seq: usize,
    /// Layers that read an allele
    #[arg(long, default_value_t = 2)]
    pub action_layers: usize,
    /// Inner width of these layers and of the action's projection
    #[arg(long, default_value_t = 128)]
    pub action_inner: usize,
    /// Items in a step, of one to three edits each
    #[arg(long, default_value_t = 256)]
    pub batch: usize,
    /// Draw items by the type of their first edit: SNV 0.4, insertion 0.2, deletion 0.2, MNV 0.1,
    /// indel 0.1
    #[arg(long)]
    pub balance: bool,
    /// Name that the manifest gives the model
    #[arg(long, default_value = "geno-lewm-model")]
    pub model_name: String,
    /// Version that the manifest gives the model
    #[arg(long, default_value = "0.1.0")]
    pub model_version: String,
    /// What updates the projections
    #[arg(long, value_enum, default_value_t = MatrixOptimizer::Adamw)]
    pub optimizer: MatrixOptimizer,
    /// The watch over predictions
    #[command(flatten)]
    #[serde(flatten)]
    pub collapse: CollapseSettings,
    /// How gradients become updates
    #[command(flatten)]
    #[serde(flatten)]
    pub update: UpdateSettings,
    /// What all stages share
    #[command(flatten)]
    #[serde(flatten)]
    pub run: RunSettings,
}

impl PredictorSettings {
    /// The window cache that is named.
    pub(super) fn cache(&self) -> Result<Option<Arc<SiteCache>>> {
        let named = std::env::var_os("GENO_LEWM_CACHE").map(PathBuf::from);
        let Some(root) = self.cache_dir.clone().or(named) else {
            return Ok(None);
        };
        let files = Directory(self.encoder.clone());
        let cache = SiteCache::new(&root, &files, &self.config().encoder)?;
        Ok(Some(Arc::new(cache)))
    }

    /// Threads that encode.
    pub(super) fn encoding_threads(&self) -> usize {
        match self.encode_threads {
            0 => std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            threads => threads,
        }
    }

    /// So many windows of a stream.
    pub(super) fn draw(&self, windows: usize, stream: u64) -> WindowDraw {
        WindowDraw {
            windows,
            window_bp: self.window_bp,
            seed: self.run.seed(),
            stream,
            read: self.read(),
        }
    }

    /// Refuses a mix of nothing, and windows around edits that would be measured where they are trained on.
    pub(super) fn check_draws(&self) -> Result<()> {
        self.data.edit_mix()?;
        if self.read().is_none() || self.validation.is_some() {
            return Ok(());
        }
        let message =
            "windows around one edit each are few, and those that are measured would be trained on";
        Err(Error::new(ErrorCode::ConfigGeneric, message)
            .with_remedy("give sequence that is held out, as --validation validation.tsv"))
    }

    /// How the model reads its windows, where they are not the Python package's.
    fn read(&self) -> Option<ScoredWindows> {
        let windows = Windows::of_model(&self.config());
        let views = windows.views;
        let right_bp = windows.right_bp()?;
        Some(ScoredWindows { views, right_bp })
    }

    /// The configuration of the model that the settings make.
    pub(super) fn config(&self) -> ModelConfig {
        ModelConfig {
            encoder: EncoderSection {
                model_id: "encoder".to_owned(),
                revision: "main".to_owned(),
                state_layer: self.state_layer,
                pool_type: PoolType::CenteredMean,
                pool_radius: self.pool_radius,
                normalize: true,
                contract: self.state.state_contract,
                dtype: "fp16".to_owned(),
            },
            predictor: PredictorSection {
                n_heads: self.n_heads,
                d_state: None,
                d_action: Some(self.d_action),
                dtype: "fp16".to_owned(),
            },
            action: ActionSection {
                d_action: Some(self.d_action),
            },
            seed: self.run.seed(),
            window_bp: self.window_bp,
            max_window_bp: self.window_bp,
            aggregation: Aggregation::Mean,
            window_stride_bp: None,
            views: self.views.unwrap_or_default(),
        }
    }

    fn sizes(&self, d_state: usize) -> (PredictorSizes, ActionSizes) {
        let predictor = PredictorSizes {
            d_state,
            d_action: self.d_action,
            d_hidden: self.d_hidden,
            ffn_dim: self.ffn_dim.unwrap_or(self.d_hidden),
            cross_blocks: self.cross_blocks,
            self_blocks: self.self_blocks,
            max_actions: self.max_actions,
        };
        let action = ActionSizes {
            d_action: self.d_action,
            d_pos: self.d_pos,
            d_type: self.d_type,
            d_seq: self.d_seq,
            layers: self.action_layers,
            inner: self.action_inner,
        };
        (predictor, action)
    }

    /// The weights of predictor and action encoder that training starts from: those of `--init`, or fresh
    /// ones.
    ///
    /// # Errors
    /// As [`Bundle::load`]; `CONFIG.GENERIC` where networks of other sizes are given.
    pub(super) fn initial(&self, ops: &BurnOps, d_state: usize) -> Result<(Tensors, Tensors)> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.run.seed());
        let mut uniform = || open_unit(&mut rng);
        let (predictor, action) = self.sizes(d_state);
        let fresh = (
            Initializer::new(&mut uniform).predictor(&predictor),
            Initializer::new(&mut uniform).action_encoder(&action),
        );
        let Some(model) = &self.init else {
            return Ok(fresh);
        };
        let encoder = Directory(model.join("encoder"));
        let bundle = Bundle::load(ops, &Directory(model.clone()), &encoder)?;
        let config = bundle.info.config;
        let mut networks = PredictorNetworks {
            predictor: bundle.predictor,
            action: bundle.action,
        };
        let given = split(join_input_projections(export(&mut networks)));
        let shapes = |networks: &(Tensors, Tensors)| -> Vec<(String, Vec<usize>)> {
            let tensors = networks.0.iter().chain(&networks.1);
            let shapes = tensors.map(|(name, tensor)| (name.clone(), tensor.shape.clone()));
            shapes.collect()
        };
        let read = (config.predictor.n_heads, config.window_bp);
        if read == (self.n_heads, self.window_bp) && shapes(&given) == shapes(&fresh) {
            return Ok(given);
        }
        let message = "the networks of the model are of other sizes than the flags say";
        Err(Error::new(ErrorCode::ConfigGeneric, message)
            .with_detail("init", model.display())
            .with_remedy("give the sizes that it was trained with, or leave out --init"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed::{flags, settings};

    fn check(more: &str) -> Result<()> {
        let all = format!("--encoder e --corpus c --holdout h --output o {more}");
        settings::<PredictorSettings>(flags(&all))?.check_draws()
    }

    #[test]
    fn windows_around_edits_were_measured_where_they_were_trained_on() {
        for centred in ["--window-bp 480", "--views=+0,-2", "--views=-0"] {
            let error = check(centred).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric, "{centred}");
            assert!(
                error
                    .remedy()
                    .is_some_and(|remedy| remedy.contains("--validation"))
            );
            check(&format!("{centred} --validation v.tsv")).unwrap();
        }
        for plain in ["", "--views=+0", "--window-bp 12288"] {
            check(plain).unwrap();
        }
    }

    #[test]
    fn a_mix_of_nothing_began_a_run() {
        let error = check("--mix clinvar=0").unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConfigGeneric);
        check("--mix clinvar=0 --mix synthetic_snv=1").unwrap();
    }
}
