//! `genolewm carbon-baseline`: the zero-shot baseline that surprise is measured against.

use super::common::alleles::AlleleArgs;
use super::common::backend::Backend;
use super::common::identity::now;
use super::common::output::{Output, display_name};
use super::common::terminal::Terminal;
use super::scoring::regions::read_regions;
use super::scoring::session::{Session, SessionRequest};
use super::scoring::skipped::SkippedFile;
use crate::common::command::{Context, Status};
use clap::ValueEnum;
use genolewm::bundle::load_language_model;
use genolewm::files::Directory;
use genolewm::format::given;
use genolewm::ops::{NativeOps, Precision};
use genolewm::scorer::{Outcome, Placer, RecordOutcome, ScoredBy, Selection, Workers};
use genolewm_core::edit::AlleleForm;
use genolewm_core::source::Whose;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_evaluate::baselines::carbon::{
    BaselineRow, CarbonIdentity, CarbonRun, CarbonScorer, GENERATED_BY, Known,
};
use genolewm_evaluate::metrics_file::artifacts::package_path;
use genolewm_report::output::io_error;
use genolewm_report::python::json::{json_document, json_line};
use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Score variants by how much less likely they make the sequence around them
///
/// The encoder reads the whole window before and after each edit, as the language model that it is.
/// The score is what the log-likelihood falls by. Files are those of `geno-lewm-carbon-baseline`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Variants to score; - for standard input
    #[arg(long, value_name = "FILE")]
    vcf: PathBuf,
    /// Reference FASTA, plain or bgzip
    #[arg(long, value_name = "FASTA")]
    fasta: PathBuf,
    /// The encoder: config.json, tokenizer and weights
    #[arg(long, value_name = "DIR")]
    carbon_model_dir: PathBuf,
    /// Where the scores go; - for standard output
    #[arg(long, short = 'o', visible_alias = "output", value_name = "JSONL")]
    output_scores: PathBuf,
    /// Write what was done as JSON
    #[arg(long, value_name = "JSON")]
    metadata_output: Option<PathBuf>,
    /// Folder that every file lies in; the metadata then name files from there
    #[arg(long, value_name = "DIR")]
    artifact_root: Option<PathBuf>,
    /// Log-likelihoods that are known already; those that are new are added
    #[arg(long, value_name = "JSONL")]
    logp_cache_jsonl: Option<PathBuf>,
    /// Revision of the encoder, for the record
    #[arg(long, value_name = "NAME", default_value = "main")]
    carbon_revision: String,
    /// Bases of a window: 4096, 12288 or 24576
    #[arg(long, value_name = "BP", default_value_t = 12_288)]
    window_bp: usize,
    #[command(flatten)]
    form: AlleleArgs,
    /// Score only CHROM[:START-END],… or the intervals of a BED file
    #[arg(long, value_name = "REGIONS")]
    regions: Option<String>,
    /// Write the alleles that were not scored, with reasons
    #[arg(long, value_name = "FILE")]
    skipped: Option<PathBuf>,
    /// Where the encoder runs: auto (the processor), cpu, wgpu, or cuda
    #[arg(
        long,
        visible_alias = "device",
        value_name = "NAME",
        default_value = "auto"
    )]
    backend: String,
    /// Numbers that products are computed in
    #[arg(long, value_enum, value_name = "DTYPE", default_value_t)]
    dtype: Dtype,
    /// Alleles in one call of the encoder
    #[arg(long, value_name = "N", default_value = "8")]
    batch_size: NonZeroUsize,
    /// Draw no progress bar
    #[arg(long)]
    no_progress: bool,
}

/// Scores a file and prints what was done as JSON, on standard error where the scores take standard
/// output.
///
/// # Errors
/// As `score`, `RESOURCE.MODEL_NOT_FOUND` and `DEPLOY.*` for the encoder, `INPUT.GENERIC` for a cache
/// that is none or a file outside `--artifact-root`.
pub fn run(args: &Args, _: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let metadata = metadata(args)?;
    let precision = args.precision()?;
    match Backend::open_in(&args.backend, precision)? {
        Backend::Cpu(ops) => run_on(ops, args, metadata, terminal),
        Backend::Burn(ops) => run_on(ops, args, metadata, terminal),
        Backend::Wgpu(ops) => run_on(ops, args, metadata, terminal),
    }
}

/// Numbers that products are computed in, by the Python package's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Dtype {
    /// 32 bits
    #[default]
    Fp32,
    /// 16 bits with the range of 32, for products on cpu and cuda; all else has 32
    Bf16,
    /// No backend has them
    Fp16,
}

impl Args {
    /// # Errors
    /// `DEPLOY.BACKEND_UNSUPPORTED` for numbers that no backend computes in, `INPUT.GENERIC` for a cache of others.
    fn precision(&self) -> Result<Precision> {
        match self.dtype {
            Dtype::Fp32 => Ok(Precision::F32),
            Dtype::Bf16 if self.logp_cache_jsonl.is_some() => {
                let message = "a cache of log-likelihoods holds those of fp32";
                Err(Error::input(message).with_remedy("leave --dtype or --logp-cache-jsonl out"))
            }
            Dtype::Bf16 => Ok(Precision::Bf16),
            Dtype::Fp16 => Err(Error::new(
                ErrorCode::DeployBackendUnsupported,
                "no backend computes products in fp16",
            )
            .with_remedy("use --dtype bf16, whose range is that of 32 bits, or leave --dtype out")),
        }
    }
}

fn run_on(
    ops: impl NativeOps,
    args: &Args,
    metadata: CarbonRun,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let mut session = Session::open(SessionRequest {
        variants: &args.vcf,
        fasta: &args.fasta,
        selection: Selection {
            regions: args.regions.as_deref().map(read_regions).transpose()?,
            whose: Whose::Everything,
            ..Selection::default()
        },
        batch_size: args.batch_size,
        show_progress: terminal.shows_progress() && !args.no_progress,
    })?;
    session.check()?;
    // What a batch computes is worth waiting for where it is kept.
    let keeps = args.logp_cache_jsonl.is_some();
    session.set_last_words((!keeps).then_some(NOTHING_WRITTEN));
    let identity = CarbonIdentity {
        carbon_model: args.carbon_model_dir.display().to_string(),
        carbon_revision: args.carbon_revision.clone(),
    };
    let files = Directory(args.carbon_model_dir.clone());
    let encoder = load_language_model(&ops, &files, args.window_bp)?;
    let known = read_cache(args, &identity)?;
    let before = known.len();
    let by = ScoredBy {
        backend: ops.backend().to_owned(),
        device: ops.device(),
    };
    let baseline = Mutex::new(CarbonScorer::new(ops, encoder, known));
    let mut output = Output::create(&args.output_scores)?;
    let skipped = args.skipped.as_deref().map(SkippedFile::create);
    session.set_skipped(skipped.transpose()?);
    let lock = || baseline.lock().unwrap_or_else(PoisonError::into_inner);
    let workers = Workers {
        threads: 1,
        by,
        answer: Box::new(|batch| lock().rows(batch)),
    };
    let placer = Placer::new(args.window_bp, None).of_alleles(args.form.alleles);
    let mut kept: Option<Instant> = None;
    let accounts = session.run(placer, &workers, |record| {
        if kept.is_none_or(|at| at.elapsed() >= KEEP_EVERY) {
            write_cache(args, &identity, lock().known())?;
            kept = Some(Instant::now());
        }
        write_rows(&record, &mut output)
    })?;
    let baseline = lock();
    // What an interrupted run computed is worth keeping too.
    write_cache(args, &identity, baseline.known())?;
    let Some(accounts) = accounts else {
        terminal.warn(if keeps { KEPT } else { NOTHING_WRITTEN });
        return Ok(Status::Interrupted);
    };
    accounts.tell(terminal);
    let scored = accounts.tally.scored;
    let skipped = accounts.into_skipped(false)?;
    skipped.map_or(Ok(()), Output::commit)?;
    let to_stdout = output.is_stdout();
    output.commit()?;
    let entries = baseline.known().len();
    let metadata = CarbonRun {
        generated_at: now(),
        logp_cache_entries: entries,
        new_logp_evaluations: entries - before,
        records: scored,
        ..metadata
    };
    tell(args, &metadata, to_stdout, terminal)?;
    Ok(Status::Done)
}

fn write_rows(found: &RecordOutcome<BaselineRow>, output: &mut Output) -> Result<()> {
    for (allele, outcome) in found.outcomes.iter().enumerate() {
        if let Outcome::Scored(row) = outcome {
            let variant = given(&found.record, allele)?;
            output.line(row.to_json_line(&variant)?)?;
        }
    }
    Ok(())
}

fn tell(
    args: &Args,
    metadata: &CarbonRun,
    to_stdout: bool,
    terminal: &mut Terminal<'_>,
) -> Result<()> {
    if let Some(path) = &args.metadata_output {
        Output::write_whole(path, json_document(metadata)?.as_bytes())?;
    }
    let line = json_line(metadata)?;
    if to_stdout {
        terminal.info(line);
        return Ok(());
    }
    terminal.line(line)
}

/// What is said of an interrupted run.
const KEPT: &str = "interrupted: no scores were written; the cache keeps what was computed";
const NOTHING_WRITTEN: &str = "interrupted: no scores were written; with --logp-cache-jsonl FILE a run keeps what it computes";

/// How much of the work a run that is killed may lose.
const KEEP_EVERY: Duration = Duration::from_secs(10);

fn read_cache(args: &Args, identity: &CarbonIdentity) -> Result<Known> {
    let Some(path) = &args.logp_cache_jsonl else {
        return Ok(Known::default());
    };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Known::parse(&text, &name, identity),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Known::default()),
        Err(error) => Err(io_error(&name, &error)),
    }
}

fn write_cache(args: &Args, identity: &CarbonIdentity, known: &Known) -> Result<()> {
    match &args.logp_cache_jsonl {
        Some(path) => Output::write_whole(path, known.to_json_lines(identity)?.as_bytes()),
        None => Ok(()),
    }
}

/// What is known of a run before it: the files as the metadata name them.
fn metadata(args: &Args) -> Result<CarbonRun> {
    let root = args.artifact_root.as_deref();
    let name = |path: &Path| inside(path, root);
    let metadata = args.metadata_output.as_deref();
    metadata.map_or(Ok(()), |path| name(path).map(drop))?;
    let model = &args.carbon_model_dir;
    let form = args.form.alleles;
    Ok(CarbonRun {
        alleles: (form != AlleleForm::AsGiven).then(|| form.to_string()),
        carbon_model: name(model).unwrap_or_else(|_| model.display().to_string()),
        carbon_revision: args.carbon_revision.clone(),
        fasta: name(&args.fasta)?,
        generated_at: String::new(),
        generated_by: GENERATED_BY.to_owned(),
        local_files_only: true,
        logp_cache: args.logp_cache_jsonl.as_deref().map(name).transpose()?,
        logp_cache_entries: 0,
        new_logp_evaluations: 0,
        output_scores: name(&args.output_scores)?,
        records: 0,
        score_field: "carbon_zero_shot_score".to_owned(),
        vcf: name(&args.vcf)?,
        window_bp: args.window_bp,
    })
}

/// A path from the root, which it must lie in; as it is where there is no root.
fn inside(path: &Path, root: Option<&Path>) -> Result<String> {
    let Some(root) = root else {
        return Ok(display_name(path));
    };
    let name = display_name(path);
    let path = std::path::absolute(path).map_err(|error| io_error(&name, &error))?;
    package_path(&name, &path, root)
}
