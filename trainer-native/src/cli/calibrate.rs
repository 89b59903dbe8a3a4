//! `genolewm calibrate`: what is usual, from variants that are common.

use super::common::backend::{NativeOps, on_backend};
use super::common::model::{self, ModelArgs};
use super::common::output::Output;
use super::common::terminal::{Terminal, write_error};
use super::scoring::annotation::{AnnotationArgs, Places};
use super::scoring::session::{Request, Session};
use super::scoring::top::Table;
use super::{Context, Status};
use genolewm_model::scorer::{Outcome, RunEnd};
use genolewm_shared::Result;
use genolewm_shared::calibration::{
    BuildOptions, CalibrationExample, CalibrationTable, build_calibration_table,
    write_calibration_table,
};
use genolewm_shared::context::{classify_region, classify_repeat};
use genolewm_shared::source::VariantRecord;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

/// Build a calibration table from background variants
///
/// The raw surprise of every background variant goes into the bucket of its context: region, GC and
/// repeat. Percentiles are read from these buckets.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Background variants, common ones as a rule
    #[arg(long, value_name = "VCF")]
    vcf: PathBuf,
    /// Reference FASTA
    #[arg(long, value_name = "FASTA")]
    fasta: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    context: AnnotationArgs,
    /// Where the table goes
    #[arg(long, short = 'o', value_name = "PARQUET")]
    output: PathBuf,
    /// Use only CHROM[:START-END],… or the intervals of a BED file
    #[arg(long, value_name = "REGIONS")]
    regions: Option<String>,
    /// INFO key that holds the consequence terms of a variant
    #[arg(long, value_name = "KEY", conflicts_with = "annotation")]
    region_info: Option<String>,
    /// INFO key that holds the repeat that a variant lies in
    #[arg(long, value_name = "KEY", conflicts_with = "repeats")]
    repeat_info: Option<String>,
    /// Most variants that a bucket keeps
    #[arg(long, value_name = "N", default_value_t = BuildOptions::default().per_bucket_sample)]
    per_bucket: usize,
    /// Points of the stored distribution
    #[arg(long, value_name = "N", default_value_t = BuildOptions::default().grid_size)]
    grid_size: usize,
    /// Variants that a bucket needs before it is used
    #[arg(long, value_name = "N", default_value_t = BuildOptions::default().min_bucket_size)]
    min_bucket_size: u64,
    /// Processor threads [default: all]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Alleles in one call of the model
    #[arg(long, value_name = "N", default_value = "64")]
    batch_size: NonZeroUsize,
    /// Draw no progress bar
    #[arg(long)]
    no_progress: bool,
}

/// Scores the background, writes the table and prints its buckets.
///
/// # Errors
/// As `score`, and `INPUT.GENERIC` when no variant could be scored.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let Some(examples) = examples(args, terminal)? else {
        terminal.warn("interrupted: nothing was written");
        return Ok(Status::Interrupted);
    };
    let options = BuildOptions {
        seed: context.shared.seed.unwrap_or(0),
        per_bucket_sample: args.per_bucket,
        grid_size: args.grid_size,
        min_bucket_size: args.min_bucket_size,
        low_confidence_size: BuildOptions::default()
            .low_confidence_size
            .min(args.min_bucket_size),
    };
    let table = build_calibration_table(examples, &options)?;
    let mut output = Output::create(&args.output)?;
    let bytes = write_calibration_table(&table)?;
    output
        .write_all(&bytes)
        .map_err(|error| write_error(output.name(), &error))?;
    output.commit()?;
    for warning in table.warnings() {
        terminal.warn(format_args!(
            "bucket {} is small: {} with {} variants stands in",
            warning.bucket_id, warning.resolved_bucket_id, warning.n_calibration
        ));
    }
    terminal.line(buckets(&table))?;
    terminal.info(format_args!("table: {}", args.output.display()));
    Ok(Status::Done)
}

/// The surprises of the background with their contexts; `None` after an interrupt.
fn examples(args: &Args, terminal: &mut Terminal<'_>) -> Result<Option<Vec<CalibrationExample>>> {
    on_backend!(&args.model.backend, ops => examples_on(ops, args, terminal))
}

fn examples_on(
    ops: impl NativeOps,
    args: &Args,
    terminal: &mut Terminal<'_>,
) -> Result<Option<Vec<CalibrationExample>>> {
    let started = Instant::now();
    let (mut session, input) = Session::open(Request {
        variants: &args.vcf,
        fasta: &args.fasta,
        regions: args.regions.as_deref(),
        threads: args.threads,
        batch_size: args.batch_size,
    })?;
    session.set_places(Places::open(&args.context, terminal)?);
    let mut sites = session.sites(input, true)?;
    let bundle = model::load(&ops, &args.model)?;
    let scorer = session.scorer(ops, bundle);
    let show_progress = terminal.shows_progress() && !args.no_progress;
    let mut examples = Vec::new();
    let end = session.run(&scorer, &mut sites, show_progress, |record, outcomes, _| {
        add_examples(args, &session, record, outcomes, &mut examples)
    })?;
    if end == RunEnd::Cancelled {
        return Ok(None);
    }
    let account = session.account().take();
    account.tally.reconcile(account.sites)?;
    terminal.info(account.tally.summary(started.elapsed()));
    if examples.is_empty() {
        return Err(session.why_nothing(&sites));
    }
    Ok(Some(examples))
}

fn add_examples(
    args: &Args,
    session: &Session<'_>,
    record: &VariantRecord,
    outcomes: &[Outcome],
    examples: &mut Vec<CalibrationExample>,
) -> Result<()> {
    let annotation = |key: &Option<String>| key.as_deref().and_then(|key| record.info(key));
    for outcome in outcomes {
        let Outcome::Scored(scored) = outcome else {
            continue;
        };
        let mut place = session.place(&scored.edit)?;
        if let Some(terms) = annotation(&args.region_info) {
            place.region = Some(classify_region(Some(terms)));
        }
        if let Some(terms) = annotation(&args.repeat_info) {
            place.repeat = Some(classify_repeat(Some(terms))?);
        }
        let label = place.label(scored.window.sequence())?;
        examples.push(CalibrationExample {
            bucket_id: label.bucket_id(),
            sigma_raw: scored.result.sigma_raw,
        });
    }
    Ok(())
}

/// The buckets as a table for people.
fn buckets(table: &CalibrationTable) -> String {
    let mut rows = Table::default();
    let head = [
        "bucket",
        "variants",
        "lowest",
        "median",
        "highest",
        "backs off to",
    ];
    rows.push(head.map(str::to_owned).to_vec());
    for bucket in table.buckets() {
        let grid = bucket.sigma_grid();
        let median = bucket
            .cdf()
            .iter()
            .position(|share| *share >= 0.5)
            .and_then(|index| grid.get(index));
        let figure =
            |value: Option<&f64>| value.map_or(String::from("-"), |value| format!("{value:.4}"));
        rows.push(vec![
            bucket.bucket_id().to_owned(),
            bucket.n_calibration().to_string(),
            figure(grid.first()),
            figure(median),
            figure(grid.last()),
            bucket.back_off_to().unwrap_or("-").to_owned(),
        ]);
    }
    rows.render()
}
