//! `genolewm rollout`: how far a model can be followed over several edits.

mod flags;

use super::common::backend::on_backend;
use super::common::config;
use super::common::identity::{self, Identity};
use super::common::model::{
    GridArgs, ModelArgs, backend, files as model_files, measured, tell_worth,
};
use super::common::output::Output;
use super::common::terminal::Terminal;
use super::scoring::regions::read_regions;
use crate::common::command::{Context, Status};
use flags::{RolloutInput, RolloutSettings};
use genolewm::ops::NativeOps;
use genolewm::runtime::open_reference;
use genolewm::scorer::Placer;
use genolewm_core::pooling::PoolType;
use genolewm_core::state_contract::StateContract;
use genolewm_core::window::TOKEN_BP;
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::cache::{cached_encoder_hash, hex};
use genolewm_evaluate::metrics_file::file::MetricsFile;
use genolewm_evaluate::observed::ObservedMeasure;
use genolewm_evaluate::python::rollout::{StateOrigin, add_figures};
use genolewm_evaluate::rollout::examples::{
    example_lines, of_another_hash, predict, read_examples,
};
use genolewm_evaluate::rollout::fidelity::fidelities;
use genolewm_evaluate::rollout::haplotypes::{Haplotype, Observed, Shape, join, synthetic};
use genolewm_evaluate::rollout::measure::measure;
use genolewm_evaluate::rollout::phase::{Phasing, read_copies};
use genolewm_evaluate::rollout::rows::{StateRow, read_states};
use genolewm_evaluate::states::MeasuredModel;
use genolewm_report::output::{create_folder, io_error_at};
use genolewm_report::python::json::json_line;
use genolewm_train::run::progress_bar;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PROGRESS: &str = "{bar:28} {percent:>3} %  {pos} of {len} haplotypes  {eta} left";

/// Measure predictions over several edits, each made from the one before
///
/// States after 1 to K edits are predicted and set against those that the encoder gives the edited
/// window, beside the guess that nothing changes. With --fasta a model is measured: on random edits
/// in windows of --regions, or on the neighbouring variants of a --vcf. With --states-jsonl the
/// states of a file are.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    source: RolloutInput,
    /// Where the metrics go
    #[arg(long, short = 'o', alias = "output", value_name = "JSON")]
    output_metrics: PathBuf,
    /// Where the measured states go
    #[arg(long, value_name = "JSONL", conflicts_with = "states_jsonl")]
    output_states: Option<PathBuf>,
    /// Where the measured states go as examples, for the Python package's next version
    #[arg(long, value_name = "JSONL", requires = "fasta")]
    output_examples: Option<PathBuf>,
    /// Directory that artifacts are named from [default: that of the metrics]
    #[arg(long, value_name = "DIR")]
    artifact_root: Option<PathBuf>,
    #[command(flatten)]
    settings: RolloutSettings,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    identity: Identity,
    /// Report on the examples that the states are of, under the artifact root
    #[arg(long, value_name = "FILE", help_heading = "Identity of the release")]
    rollout_state_examples_report: Option<PathBuf>,
    /// Report on how the states were made, under the artifact root
    #[arg(long, value_name = "FILE", help_heading = "Identity of the release")]
    rollout_state_rows_report: Option<PathBuf>,
}

/// States with where they come from.
struct MeasuredStates {
    rows: Vec<StateRow>,
    origin: StateOrigin,
    /// The model that was measured.
    model_id: Option<String>,
    observed: ObservedMeasure,
}

/// The name of the measurement in logs.
const OBSERVED: &str = "rollout";

/// Measures and writes the metrics, and a summary to standard output.
///
/// # Errors
/// `INPUT.GENERIC` for malformed states and senseless settings, `EVAL.DATASET` when there is nothing
/// to measure; those of the model and the files.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    args.settings.check()?;
    let measured = match &args.source.states_jsonl {
        Some(path) => {
            let rows = read_states(path)?;
            MeasuredStates {
                observed: ObservedMeasure::begin(OBSERVED, rows.len()),
                rows,
                origin: StateOrigin::File,
                model_id: None,
            }
        }
        None => on_backend!(backend(&args.model, context)?, ops => {
            match &args.source.examples_jsonl {
                Some(examples) => args.predict(ops, examples, terminal)?,
                None => args.measure(ops, context.shared.seed.unwrap_or(0), terminal)?,
            }
        }),
    };
    let file = args.file(&measured)?;
    if let Some(path) = &args.output_states {
        write_lines(path, measured.rows.iter().map(StateRow::to_line))?;
    }
    let seed = context.shared.seed.unwrap_or(0);
    let settings = config::repeat("rollout", &args.settings, Some(seed))?;
    identity::write(&args.output_metrics, &file, &settings)?;
    let splits: BTreeSet<&str> = measured.rows.iter().map(|row| row.split.as_str()).collect();
    let path = args.output_metrics.to_string_lossy();
    terminal.line(json_line(&json!({
        "metrics_json": path,
        "rows": measured.rows.len(),
        "splits": splits,
        "metrics": file.metrics.len(),
        "recall_k": args.settings.recall_k,
    }))?)?;
    measured.observed.end(Some(&file));
    Ok(Status::Done)
}

/// Writes lines one by one: those of all examples would take gigabytes.
fn write_lines(path: &Path, lines: impl Iterator<Item = Result<String>>) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder).map_err(io_error_at(folder))?;
    }
    let mut output = Output::create(path)?;
    for line in lines {
        output.line(line?)?;
    }
    output.commit()
}

impl Args {
    fn file(&self, measured: &MeasuredStates) -> Result<MetricsFile> {
        let states = self.source.states_jsonl.as_deref();
        let states = states.or(self.output_states.as_deref());
        let states = states.or(self.source.examples_jsonl.as_deref());
        let examples = self.rollout_state_examples_report.as_deref();
        let own = [
            ("rollout_states", states),
            ("baseline_rollout_states", states),
            ("rollout_state_examples_report", examples),
            (
                "rollout_state_rows_report",
                self.rollout_state_rows_report.as_deref(),
            ),
        ];
        let root = self.artifact_root.as_deref();
        let mut file = self.identity.file(&own, root, &self.output_metrics)?;
        let model_id = &mut file.release.model_id;
        *model_id = model_id.take().or_else(|| measured.model_id.clone());
        let recall_k = self.settings.recall_k;
        let fidelities = fidelities(&measured.rows, recall_k);
        add_figures(&fidelities, recall_k, &measured.origin, &mut file);
        Ok(file)
    }

    fn measure(
        &self,
        ops: impl NativeOps,
        seed: u64,
        terminal: &mut Terminal<'_>,
    ) -> Result<MeasuredStates> {
        let model = measured(ops, &self.model, GridArgs::default())?;
        tell_worth(&model.bundle.info, terminal);
        let shape = self.shape(&model)?;
        let (haplotypes, about) = match &self.source.vcf {
            Some(vcf) => self.observed(vcf, shape, &model, terminal)?,
            None => self.synthetic(shape, seed)?,
        };
        let steps = haplotypes.iter().map(|of| of.edits.len());
        let observed = ObservedMeasure::begin(OBSERVED, steps.sum());
        let bar = progress_bar(
            haplotypes.len() as u64,
            PROGRESS,
            !terminal.shows_progress(),
        );
        let rows = measure(&model, &self.settings.split, &haplotypes, &mut |done| {
            bar.set_position(done as u64);
        })?;
        bar.finish_and_clear();
        if let Some(path) = &self.output_examples {
            let encoder = &model.bundle.info.config.encoder;
            let hash = self.encoder_hash(encoder.contract)?;
            write_lines(path, example_lines(&haplotypes, &rows, encoder, &hash)?)?;
        }
        Ok(MeasuredStates {
            rows,
            origin: StateOrigin::Measured(about),
            model_id: Some(model.bundle.info.model_id.clone()),
            observed,
        })
    }

    /// What the model predicts of given examples.
    fn predict(
        &self,
        ops: impl NativeOps,
        path: &Path,
        terminal: &mut Terminal<'_>,
    ) -> Result<MeasuredStates> {
        let examples = read_examples(path)?;
        let model = measured(ops, &self.model, GridArgs::default())?;
        tell_worth(&model.bundle.info, terminal);
        let hash = self.encoder_hash(model.bundle.info.config.encoder.contract)?;
        let unknown = of_another_hash(&examples, &hash);
        if unknown > 0 {
            terminal.info(format_args!(
                "{unknown} examples name their encoder by a hash that is not known here: whether it is \
                 the model's was not checked"
            ));
        }
        let visible = terminal.shows_progress();
        let observed = ObservedMeasure::begin(OBSERVED, examples.len());
        let bar = progress_bar(examples.len() as u64, PROGRESS, !visible);
        let rows = predict(&model, &hash, &examples, &mut |done| {
            bar.set_position(done as u64)
        })?;
        bar.finish_and_clear();
        let about = format!(
            "The states are of {} examples, {unknown} of them of an encoder that is not known by its \
             hash; which windows they are of was not checked.",
            examples.len()
        );
        Ok(MeasuredStates {
            rows,
            origin: StateOrigin::Measured(about),
            model_id: Some(model.bundle.info.model_id.clone()),
            observed,
        })
    }

    /// By what the encoder's states are cached.
    fn encoder_hash(&self, contract: StateContract) -> Result<String> {
        let (_, files) = model_files(&self.model)?;
        Ok(hex(&cached_encoder_hash(files.as_ref(), contract)?))
    }

    /// Edits beyond the pooled tokens could not change a state: the encoder is causal.
    fn shape(&self, model: &MeasuredModel<impl NativeOps>) -> Result<Shape> {
        let spec = &model.bundle.encoder.spec;
        let window_bp = model.bundle.info.config.window_bp;
        let reach_bp = match spec.pool_type {
            PoolType::CenteredMean => spec.pool_radius_tokens * TOKEN_BP,
            _ => window_bp / 2,
        };
        let span_bp = self.settings.span_bp.unwrap_or(reach_bp.max(TOKEN_BP));
        if span_bp > window_bp / 2 {
            return Err(Error::new(
                ErrorCode::InputGeneric,
                "--span-bp is at most half a window, which is centred on the first edit",
            )
            .with_detail("window_bp", window_bp)
            .with_remedy("give a smaller --span-bp"));
        }
        Ok(Shape {
            window_bp,
            edits: self.settings.max_edits,
            span_bp,
        })
    }

    fn synthetic(&self, shape: Shape, seed: u64) -> Result<(Vec<Haplotype>, String)> {
        let (fasta, regions) = self.source.regions()?;
        let mut reference = open_reference(fasta)?;
        let regions = read_regions(regions)?;
        regions.check(&reference)?;
        let count = self.settings.windows;
        let haplotypes = synthetic(&mut reference, &regions, shape, count, seed)?;
        let about = format!(
            "The states are of {count} windows of {} bp with {} random edits within {} bp; whether \
             the model was trained on these regions was not checked.",
            shape.window_bp, shape.edits, shape.span_bp
        );
        Ok((haplotypes, about))
    }

    fn observed(
        &self,
        vcf: &Path,
        shape: Shape,
        model: &MeasuredModel<impl NativeOps>,
        terminal: &mut Terminal<'_>,
    ) -> Result<(Vec<Haplotype>, String)> {
        let mut reference = open_reference(self.source.fasta()?)?;
        let regions = self.source.regions.as_deref();
        let regions = regions.map(read_regions).transpose()?;
        if let Some(regions) = &regions {
            regions.check(&reference)?;
        }
        let phase = if self.source.ignore_genotypes {
            Phasing::Together
        } else {
            Phasing::Sample(self.source.sample.clone())
        };
        let mut observed = Observed::default();
        let form = self.source.form.alleles;
        let copies = read_copies(vcf, &phase, regions.as_ref(), form, &mut observed)?;
        let mut placer = Placer::of(&model.bundle.info).of_alleles(form);
        for copy in &copies {
            let place = &mut |edit: &_| placer.place(&mut reference, edit);
            join(copy, shape, place, &mut observed)?;
        }
        observed.check()?;
        for (reason, count) in &observed.left_out {
            terminal.info(format_args!("left out: {count} alleles, {reason}"));
        }
        let phased = if copies.len() > 1 {
            "that the genotypes of a sample place on one copy"
        } else {
            "taken for one copy without genotypes that say so"
        };
        let about = format!(
            "The states are of {} haplotypes of up to {} variants within {} bp, {phased}; whether \
             the model was trained on these regions was not checked.",
            observed.haplotypes.len(),
            shape.edits,
            shape.span_bp
        );
        Ok((observed.haplotypes, about))
    }
}
