//! `genolewm cache-windows --build`: encoding a corpus into the window cache.

use super::common::backend::on_backend;
use super::common::terminal::Terminal;
use crate::common::command::Status;
use genolewm::bundle::load_language_model;
use genolewm::config::ModelConfig;
use genolewm::encoder::{StateEncoder, StateSpec};
use genolewm::files::Directory;
use genolewm::ops::NativeOps;
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::StateContract;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::cache::{
    BuildHost, CacheBuild, CacheBuildReport, CacheRequests, CacheWindow, CachedDtype, CachedPool,
    WindowCache, WindowStates, build_cache, cache_windows, cached_contract, cached_encoder_hash,
};
use genolewm_data::corpus::grid::WindowGrid;
use genolewm_data::corpus::{CorpusSource, Joining, SourceWeight, read_corpus_table};
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_train::files::read_text;
use genolewm_train::run::{StopFlag, progress_bar};
use indicatif::ProgressBar;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Windows that a worker encodes between two looks at whether to stop.
const BATCH_OF_A_WORKER: usize = 4;

/// The flags of `--build`.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "With --build")]
pub struct BuildArgs {
    /// The encoder
    #[arg(long, value_name = "DIR", visible_alias = "carbon-model-dir")]
    encoder_dir: Option<PathBuf>,
    /// Table of the sequence
    #[arg(long, value_name = "TSV", group = "windows")]
    corpus: Option<PathBuf>,
    /// Dataset package, whose training windows are taken as they are
    #[arg(long, value_name = "DIR", group = "windows")]
    dataset_dir: Option<PathBuf>,
    /// Windows one by one, each with the locus that it is pooled around: an object a line with request_id,
    /// chrom, start_bp, end_bp, window and edit_locus
    #[arg(
        long,
        value_name = "JSONL",
        group = "windows",
        conflicts_with = "holdout"
    )]
    requests_jsonl: Option<PathBuf>,
    /// What is not to be cached
    #[arg(long, value_name = "BED")]
    holdout: Option<PathBuf>,
    /// train_config.yaml that names the encoder, its layer, number format and state contract
    #[arg(long, value_name = "YAML", conflicts_with_all = ["state_layer", "dtype", "state_contract"])]
    model_config: Option<PathBuf>,
    /// The encoder's name in the cache [default: that of --model-config, else of the directory]
    #[arg(long, value_name = "NAME")]
    encoder_id: Option<String>,
    /// Hidden layer that states are taken from; negative counts from the last
    #[arg(long, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    state_layer: i64,
    /// Number format that readers know the encoder by: bf16, fp16 or fp32
    #[arg(long, value_name = "NAME", default_value = "fp32")]
    dtype: CachedDtype,
    /// Rule by which rows become a state: l2_normalized_v2, legacy_raw_v1, or one of the earlier
    #[arg(long, value_name = "NAME", default_value = "l2_normalized_v2")]
    state_contract: StateContract,
    /// Mean of all token rows, or of those around the window's middle: global_mean or centered_mean
    #[arg(long, value_name = "NAME", default_value = "global_mean")]
    pool: CachedPool,
    /// Token rows on either side of the middle
    #[arg(long, value_name = "N", default_value_t = 8)]
    pool_radius: u32,
    /// Bases of a window; the most for --dataset-dir
    #[arg(long, value_name = "BP", default_value_t = 12_288)]
    window_bp: usize,
    /// Bases from one window's start to the next one's
    #[arg(long, value_name = "BP", default_value_t = 8_192)]
    stride: usize,
    /// Bases at both ends of a record that no window starts or ends in
    #[arg(long, value_name = "BP", default_value_t = 256)]
    margin: usize,
    /// Windows of a shard; what a killed build has to encode again at most
    #[arg(
        long,
        value_name = "N",
        default_value = "1024",
        visible_alias = "rows-per-shard"
    )]
    shard_windows: NonZeroUsize,
    /// When it was made, in nanoseconds since 1970, as every row notes it
    #[arg(long, value_name = "NS", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    created_at_ns: i64,
    /// Windows that are encoded at once [default: one for each core]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Where the encoder runs: auto (the processor), cpu, wgpu, or cuda
    #[arg(long, value_name = "NAME", default_value = "auto")]
    backend: String,
}

/// Encodes what is not cached yet, and says what was done.
///
/// # Errors
/// As the table, the sequence files and the encoder; `RESOURCE` codes of the cache.
pub(super) fn run(args: &BuildArgs, root: &Path, terminal: &mut Terminal<'_>) -> Result<Status> {
    let stop = StopFlag::on_signals()?;
    let requests = args.requests_jsonl.as_deref();
    let requests = requests.map(|path| CacheRequests::open(path, args.window_bp));
    let requests = requests.transpose()?;
    let sources = sources(args)?;
    let holdout = args.holdout.as_deref().map(HoldoutPolicy::read);
    let holdout = holdout.transpose()?.unwrap_or_default();
    let grid = WindowGrid::new(args.window_bp, args.margin, args.stride)?;
    let directory = required(&args.encoder_dir, "--encoder-dir")?;
    let mut about = about_encoder(args, directory)?;
    if let Some(requests) = &requests {
        about.id = requests.encoder_id(&about.id);
    }
    let windows = || -> Box<dyn Iterator<Item = Result<CacheWindow>> + '_> {
        match &requests {
            Some(requests) => Box::new(requests.windows()),
            None => Box::new(cache_windows(&sources, &holdout, grid)),
        }
    };
    let report = on_backend!(&args.backend, ops => {
        let workers = args.workers.map_or_else(|| ops.workers(), NonZeroUsize::get);
        let files = Directory(directory.to_owned());
        let (llama, tokenizer) = load_language_model(&ops, &files, args.window_bp)?;
        let encoder = StateEncoder::new(llama, tokenizer, about.spec.clone())?;
        let states = WindowStates::new(&ops, &encoder, args.pool, workers)?;
        let visible = terminal.shows_progress();
        let progress = progress(visible, windows, &stop)?;
        let mut host = Host { states, progress, stop: &stop };
        let build = cache_build(args, about, directory, workers)?;
        if stop.is_set() {
            return Ok(Status::Interrupted);
        }
        let mut cache = WindowCache::new(root);
        let report = build_cache(&mut cache, &build, windows(), &mut host)?;
        host.progress.finish_and_clear();
        report
    });
    terminal.line(format_args!(
        "built encoded_windows={} cached_windows={} repeated_windows={} written_shards={} \
         cache_dir={}",
        report.encoded_windows,
        report.cached_windows,
        report.repeated_windows,
        report.written_shards,
        root.display()
    ))?;
    if report.interrupted {
        terminal.warn("interrupted: the same command goes on where this one stopped");
        return Ok(Status::Interrupted);
    }
    if report.windows() == 0 {
        terminal.warn("no window fits: check the sequence files, --window-bp and --holdout");
    }
    Ok(Status::Done)
}

struct Host<'a, O: NativeOps> {
    states: WindowStates<'a, O>,
    progress: ProgressBar,
    stop: &'a StopFlag,
}

impl<O: NativeOps> BuildHost for Host<'_, O> {
    fn encode(&mut self, windows: &[&CacheWindow]) -> Result<Vec<Vec<f32>>> {
        self.states.encode(windows)
    }

    fn goes_on(&mut self, report: &CacheBuildReport) -> bool {
        self.progress.set_position(report.windows());
        !self.stop.is_set()
    }
}

fn sources(args: &BuildArgs) -> Result<Vec<CorpusSource>> {
    match &args.dataset_dir {
        None if args.requests_jsonl.is_some() => Ok(Vec::new()),
        Some(directory) => {
            let weight = SourceWeight::Fixed(1.0);
            let source = CorpusSource::new(directory.clone(), weight, Joining::Record);
            Ok(vec![source])
        }
        None => read_corpus_table(required(&args.corpus, "--corpus")?),
    }
}

fn required<'a>(path: &'a Option<PathBuf>, flag: &str) -> Result<&'a Path> {
    path.as_deref().ok_or_else(|| {
        Error::new(ErrorCode::InputGeneric, format!("--build needs {flag}"))
            .with_remedy("see `genolewm cache-windows --help`")
    })
}

/// What a state is, and what the encoder is called.
struct AboutEncoder {
    id: String,
    dtype: CachedDtype,
    contract: StateContract,
    spec: StateSpec,
}

fn about_encoder(args: &BuildArgs, directory: &Path) -> Result<AboutEncoder> {
    let folder = directory.file_name().map(|name| name.to_string_lossy());
    let mut about = AboutEncoder {
        id: folder.map_or_else(|| "encoder".to_owned(), |name| name.into_owned()),
        dtype: args.dtype,
        contract: args.state_contract,
        spec: StateSpec {
            state_layer: args.state_layer,
            pool_type: match args.pool {
                CachedPool::CenteredMean => PoolType::CenteredMean,
                _ => PoolType::GlobalMean,
            },
            pool_radius_tokens: args.pool_radius as usize,
            contract: cached_contract(args.state_contract),
        },
    };
    if let Some(path) = &args.model_config {
        let encoder = ModelConfig::parse(&read_text(path)?)?.encoder;
        about.id = encoder.model_id;
        about.dtype = encoder.dtype.parse()?;
        about.spec.state_layer = encoder.state_layer;
        about.contract = encoder.contract;
        about.spec.contract = cached_contract(encoder.contract);
    }
    if let Some(id) = &args.encoder_id {
        about.id.clone_from(id);
    }
    Ok(about)
}

fn cache_build(
    args: &BuildArgs,
    about: AboutEncoder,
    directory: &Path,
    workers: usize,
) -> Result<CacheBuild> {
    let state_layer = i8::try_from(about.spec.state_layer).map_err(|_| {
        Error::new(ErrorCode::ConfigGeneric, "the cache has no such layer")
            .with_detail("state_layer", about.spec.state_layer)
            .with_remedy("layers of the cache lie between -128 and 127")
    })?;
    Ok(CacheBuild {
        encoder_id: about.id,
        encoder_hash: cached_encoder_hash(&Directory(directory.to_owned()), about.contract)?,
        state_layer,
        pool_type: args.pool,
        pool_radius: match args.pool {
            CachedPool::CenteredMean => args.pool_radius,
            _ => 0,
        },
        contract: about.contract,
        dtype: about.dtype,
        stride_bp: args.stride as u64,
        created_at: args.created_at_ns,
        shard_windows: args.shard_windows.get(),
        batch_windows: workers.saturating_mul(BATCH_OF_A_WORKER),
    })
}

/// A bar over all windows. They are counted first, which costs little beside encoding them, and
/// only where the bar is seen.
fn progress<W: Iterator<Item = Result<T>>, T>(
    visible: bool,
    windows: impl FnOnce() -> W,
    stop: &StopFlag,
) -> Result<ProgressBar> {
    if !visible {
        return Ok(ProgressBar::hidden());
    }
    let mut windows = windows().take_while(|_| !stop.is_set());
    let count = windows.try_fold(0u64, |count, window| window.map(|_| count + 1))?;
    let template = "{bar:28} {pos}/{len} windows  {eta} left";
    Ok(progress_bar(count, template, !visible))
}
