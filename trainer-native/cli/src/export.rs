//! `genolewm export`: a model to give away.

use super::common::model::{self, ModelArgs};
use super::common::terminal::Terminal;
use super::scoring::top::TextTable;
use crate::common::command::{Context, Status};
use genolewm::Runtime;
use genolewm::config::ModelConfig;
use genolewm::files::{Directory, ModelFiles};
use genolewm::loading::EncoderDepth;
use genolewm::ops::CpuOps;
use genolewm_core::provenance::sha256_prefixed;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_evaluate::states::MeasuredModel;
use genolewm_export::budget::{
    ExportFigures, Limits, MeasuredAnswers, ROLLOUT_EDITS, ROLLOUT_WINDOWS,
};
use genolewm_export::checkpoint::RunCheckpoint;
use genolewm_export::data::Data;
use genolewm_export::deploy::{Deployed, Dtypes};
use genolewm_export::quantized::WeightDtype;
use genolewm_export::rollouts::draw;
use genolewm_export::source::SourceModel;
use genolewm_export::{Artifact, ExportFormat, check_free, onnx, report, torch, write};
use genolewm_train::files::{internal, unreadable};
use genolewm_train::run::{StopFlag, progress_bar};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PROGRESS: &str = "{bar:28} {pos}/{len} variants and rollouts  {eta} left";
/// Windows whose surprises make a checkpoint's first calibration.
const CALIBRATION_WINDOWS: usize = 1_000;

/// Write a model directory with small weights, or its networks in another format
///
/// Beside the files goes export_report.json with the hash and size of each. For a model directory the
/// loss of quality is measured against the model as it was, on ClinVar variants and short rollouts; one
/// that loses too much is not written.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "safetensors")]
    format: ExportFormat,
    /// Model directory [default: the built-in model]
    #[arg(long, value_name = "DIR", conflicts_with = "checkpoint")]
    model_dir: Option<PathBuf>,
    /// Encoder directory [default: MODEL_DIR/encoder, else the encoder that the manifest names; with
    /// --checkpoint the encoder of the run]
    #[arg(long, value_name = "DIR")]
    encoder_dir: Option<PathBuf>,
    /// Checkpoint of `train predictor`, instead of a model directory; or a predictor_checkpoint.pt of the
    /// Python package, of which the two networks are written
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Where the files go; made if need be
    #[arg(long, visible_alias = "output", value_name = "DIR")]
    output_dir: PathBuf,
    /// Replace files that are there already
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    weights: WeightArgs,
    #[command(flatten)]
    budget: BudgetArgs,
}

/// How weights are stored.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Weights of a model directory")]
struct WeightArgs {
    /// Numbers of the predictor's and the action encoder's weights [default: fp16]
    #[arg(long, value_enum, value_name = "DTYPE")]
    dtype: Option<WeightDtype>,
    /// Numbers of the encoder's weights [default: those of --dtype for int8 and int4, else its files
    /// are copied]
    #[arg(long, value_enum, value_name = "DTYPE")]
    encoder_dtype: Option<WeightDtype>,
    /// Copy the encoder's files as they are
    #[arg(long, conflicts_with = "encoder_dtype")]
    keep_encoder: bool,
}

/// What the loss of quality is measured on.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Loss of quality")]
struct BudgetArgs {
    /// Variants with clinical classes, a VCF or a ClinVar shard [default: those around BRCA1 that the
    /// program carries with it]
    #[arg(long, value_name = "FILE", requires = "budget_fasta")]
    budget_vcf: Option<PathBuf>,
    /// The reference of --budget-vcf
    #[arg(long, value_name = "FASTA", requires = "budget_vcf")]
    budget_fasta: Option<PathBuf>,
    /// The most variants that are measured
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    budget_variants: usize,
}

impl WeightArgs {
    fn dtypes(&self) -> Dtypes {
        let networks = self.dtype.unwrap_or(WeightDtype::Fp16);
        let packed = networks.packing().map(|_| networks);
        Dtypes {
            networks,
            encoder: self.encoder_dtype.or(packed).filter(|_| !self.keep_encoder),
        }
    }
}

impl BudgetArgs {
    fn data(&self, config: &ModelConfig) -> Result<Data> {
        let most = self.budget_variants;
        match (&self.budget_vcf, &self.budget_fasta) {
            (Some(vcf), Some(fasta)) => Data::read(vcf, fasta, config, most),
            _ => Data::example(config, most),
        }
    }
}

/// Writes the files and lists them.
///
/// # Errors
/// As the model's and the directory's; `DEPLOY.QUANTIZATION_FAILED` when too much would be lost.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let written = match args.format {
        ExportFormat::Onnx => export_onnx(args)?,
        ExportFormat::Safetensors if is_torch(args)? => export_torch(args)?,
        ExportFormat::Safetensors => {
            match export_directory(args, context.shared.seed.unwrap_or(0), terminal)? {
                Some(artifacts) => artifacts,
                None => return Ok(Status::Interrupted),
            }
        }
    };
    let mut table = TextTable::default();
    for artifact in &written {
        table.push(vec![
            args.output_dir.join(&artifact.file).display().to_string(),
            format!("{} bytes", artifact.bytes.len()),
            sha256_prefixed(&artifact.bytes),
        ]);
    }
    terminal.line(table.render())?;
    Ok(Status::Done)
}

fn export_onnx(args: &Args) -> Result<Vec<Artifact>> {
    let WeightArgs {
        dtype,
        encoder_dtype,
        keep_encoder,
    } = args.weights;
    if args.checkpoint.is_some() || dtype.is_some() || encoder_dtype.is_some() || keep_encoder {
        let message = "ONNX files hold the f32 networks of a model directory";
        return Err(Error::new(ErrorCode::InputGeneric, message).with_remedy(
            "give --model-dir alone; a checkpoint becomes a model directory with --format safetensors",
        ));
    }
    let files = model::model_files(args.model_dir.as_deref())?;
    let source = SourceModel::read(files.as_ref())?;
    let mut artifacts = Vec::from(onnx::export(&source)?);
    let settings = [("opset", onnx::OPSET.into())];
    artifacts.push(report::render(
        Some(&source.manifest),
        args.format,
        &settings,
        &artifacts,
    )?);
    write(&args.output_dir, &artifacts, args.overwrite)?;
    Ok(artifacts)
}

/// Whether the checkpoint is one of PyTorch.
fn is_torch(args: &Args) -> Result<bool> {
    let Some(path) = &args.checkpoint else {
        return Ok(false);
    };
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let read = file.take(4).read_to_end(&mut head);
    read.map_err(|error| unreadable(path, &error))?;
    Ok(torch::is_torch(&head))
}

/// The networks of a checkpoint of the Python package, as its own export writes them.
fn export_torch(args: &Args) -> Result<Vec<Artifact>> {
    let WeightArgs {
        dtype,
        encoder_dtype,
        keep_encoder,
    } = args.weights;
    let halves = match dtype {
        None | Some(WeightDtype::F32) => false,
        Some(WeightDtype::Fp16) => true,
        Some(WeightDtype::Int8 | WeightDtype::Int4) => return Err(networks_alone()),
    };
    if encoder_dtype.is_some() || keep_encoder || args.encoder_dir.is_some() {
        return Err(networks_alone());
    }
    let path = args.checkpoint.as_deref().unwrap_or(Path::new("-"));
    let artifacts = torch::export(path, halves)?;
    write(&args.output_dir, &artifacts, args.overwrite)?;
    Ok(artifacts)
}

fn networks_alone() -> Error {
    let message = "a checkpoint of PyTorch holds two networks and no encoder";
    Error::new(ErrorCode::InputGeneric, message)
        .with_remedy("give --checkpoint, --output-dir and --dtype f32 or fp16 alone")
}

/// What is exported.
struct Opened {
    model: Box<dyn ModelFiles>,
    encoder: Box<dyn ModelFiles>,
    checkpoint: Option<RunCheckpoint>,
    /// Where a checkpoint's model lies until the end.
    _directory: Option<TempDir>,
}

impl Opened {
    fn new(args: &Args, seed: u64) -> Result<Self> {
        let Some(path) = &args.checkpoint else {
            let (model, encoder) = model::files(&ModelArgs {
                model_dir: args.model_dir.clone(),
                encoder_dir: args.encoder_dir.clone(),
                ..ModelArgs::default()
            })?;
            return Ok(Self {
                model,
                encoder,
                checkpoint: None,
                _directory: None,
            });
        };
        let checkpoint = RunCheckpoint::read(path, args.encoder_dir.as_deref())?;
        let data = args.budget.data(&checkpoint.trained.config)?;
        let directory = tempfile::tempdir().map_err(|error| {
            let message = format!("no temporary directory: {error}");
            Error::new(ErrorCode::ResourceGeneric, message)
                .with_remedy("point TMPDIR to a directory that may be written")
        })?;
        let windows = data.windows(CALIBRATION_WINDOWS);
        checkpoint.assemble(directory.path(), &windows, seed)?;
        Ok(Self {
            model: Box::new(Directory(directory.path().to_owned())),
            encoder: Box::new(Directory(directory.path().join("encoder"))),
            checkpoint: Some(checkpoint),
            _directory: Some(directory),
        })
    }
}

/// `None` when the user interrupted it; nothing is written then.
fn export_directory(
    args: &Args,
    seed: u64,
    terminal: &mut Terminal<'_>,
) -> Result<Option<Vec<Artifact>>> {
    let stop = StopFlag::on_signals()?;
    // Before any work is done in vain.
    let last = ["manifest.json", report::FILE];
    check_free(&args.output_dir, last.into_iter(), args.overwrite)?;
    let opened = Opened::new(args, seed)?;
    let ops = CpuOps::new();
    let (model, encoder) = (opened.model.as_ref(), opened.encoder.as_ref());
    let runtime = Runtime::load_told(
        ops.clone(),
        model,
        encoder,
        EncoderDepth::Whole,
        &mut |_| (),
    )?;
    let (_, bundle) = runtime.into_parts();
    let reference = MeasuredModel {
        ops: ops.clone(),
        bundle,
    };
    let dtypes = args.weights.dtypes();
    let mut deployed = Deployed::new(opened.model.as_ref(), opened.encoder.as_ref(), dtypes)?;
    deployed.add_answers(&ops)?;
    let files = deployed.files.0.keys().map(String::as_str);
    check_free(&args.output_dir, files, args.overwrite)?;
    terminal.info("measuring what is lost");
    let exported = MeasuredModel {
        bundle: deployed.load(&ops)?,
        ops,
    };
    let visible = terminal.shows_progress();
    let Some(figures) = measure(args, [&reference, &exported], (seed, visible), &stop)? else {
        terminal.warn("interrupted: nothing was written");
        return Ok(None);
    };
    figures.check()?;
    let settings = settings(&opened, &reference, &deployed, dtypes, &figures)?;
    let mut artifacts = deployed.artifacts();
    artifacts.insert(
        0,
        report::render(Some(&deployed.manifest), args.format, &settings, &artifacts)?,
    );
    write(&args.output_dir, &artifacts, args.overwrite)?;
    terminal.line(losses(&figures).render())?;
    Ok(Some(artifacts))
}

fn measure(
    args: &Args,
    [reference, exported]: [&MeasuredModel<CpuOps>; 2],
    (seed, visible): (u64, bool),
    stop: &StopFlag,
) -> Result<Option<ExportFigures>> {
    let data = args.budget.data(&reference.bundle.info.config)?;
    let cases = draw(&data.windows(ROLLOUT_WINDOWS), ROLLOUT_EDITS, seed);
    let all = 2 * (data.items.len() + cases.len());
    let progress = progress_bar(all as u64, PROGRESS, !visible);
    let mut go_on = |done: usize| {
        progress.inc(done as u64);
        !stop.is_set()
    };
    let Some(before) = MeasuredAnswers::of(reference, &data, &cases, &mut go_on)? else {
        return Ok(None);
    };
    let Some(after) = MeasuredAnswers::of(exported, &data, &cases, &mut go_on)? else {
        return Ok(None);
    };
    progress.finish_and_clear();
    let dtypes = args.weights.dtypes();
    let smallest = dtypes
        .encoder
        .map_or(dtypes.networks, |it| it.max(dtypes.networks));
    ExportFigures::compare(&before, &after, &data, Limits::of(smallest)).map(Some)
}

/// The report's keys beside the files.
fn settings(
    opened: &Opened,
    reference: &MeasuredModel<CpuOps>,
    deployed: &Deployed,
    dtypes: Dtypes,
    figures: &ExportFigures,
) -> Result<Vec<(&'static str, Value)>> {
    let checkpoint = opened.checkpoint.as_ref().map(RunCheckpoint::describe);
    let source_id = checkpoint
        .is_none()
        .then_some(&reference.bundle.info.model_id);
    let figures = serde_json::to_value(figures).map_err(|error| internal(&error))?;
    let encoder = dtypes.encoder.map_or("as it was", WeightDtype::as_str);
    Ok(vec![
        ("dtype", json!(dtypes.networks.as_str())),
        ("encoder_dtype", json!(encoder)),
        ("checkpoint", checkpoint.transpose()?.unwrap_or(Value::Null)),
        ("source_model_id", json!(source_id)),
        ("weight_bytes", json!(deployed.weight_bytes())),
        ("loss", figures),
    ])
}

/// The figures of both models, for people.
fn losses(figures: &ExportFigures) -> TextTable {
    let mut table = TextTable::default();
    let mut add = |what: String, pair: genolewm_export::budget::Pair| {
        let before = format!("{:.4} before", pair.reference);
        table.push(vec![what, before, format!("{:.4} after", pair.exported)]);
    };
    for (name, &pair) in &figures.auroc {
        add(format!("AUROC of {name}"), pair);
    }
    for (step, &pair) in figures.rollout_cosine.iter().enumerate() {
        add(format!("cosine after {} edits", step + 1), pair);
    }
    table
}
