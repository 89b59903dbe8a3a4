//! `genolewm calibrate`: what is usual, from variants that are common.

use super::common::alleles::AlleleArgs;
use super::common::backend::on_backend;
use super::common::model::{self, GridArgs, ModelArgs};
use super::common::output::Output;
use super::common::terminal::Terminal;
use super::scoring::annotation::AnnotationArgs;
use super::scoring::journal::{Journal, check_resumable};
use super::scoring::regions::read_regions;
use super::scoring::session::{Accounts, Session, SessionRequest};
use super::scoring::top::TextTable;
use crate::common::command::{Context, Status};
use genolewm::ops::NativeOps;
use genolewm::scorer::{
    Outcome, RecordFilter, RecordOutcome, Regions, ScoreOptions, Scored, Selection,
};
use genolewm_core::calibration::{
    BuildOptions, CalibrationExample, CalibrationTable, build_calibration_table,
    write_calibration_table,
};
use genolewm_core::context::{classify_region, classify_repeat};
use genolewm_core::edit::AlleleForm;
use genolewm_core::position::Interval;
use genolewm_core::source::{AlleleOutcome, VariantRecord, Whose};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_data::variants::labelled;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Build a calibration table from background variants
///
/// The raw surprise of every background variant goes into the bucket of its kind of edit and its context:
/// region, GC and repeat. Percentiles are read from these buckets.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Background variants, common ones as a rule; may be repeated, each with a --fasta
    #[arg(long, value_name = "VCF", required = true)]
    vcf: Vec<PathBuf>,
    /// Reference FASTA of the --vcf of the same place
    #[arg(long, value_name = "FASTA", required = true)]
    fasta: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    grid: GridArgs,
    #[command(flatten)]
    form: AlleleArgs,
    #[command(flatten)]
    context: AnnotationArgs,
    /// Where the table goes
    #[arg(long, short = 'o', value_name = "PARQUET")]
    output: PathBuf,
    /// Use only CHROM[:START-END],… or the intervals of a BED file
    #[arg(long, value_name = "REGIONS")]
    regions: Option<String>,
    /// Use only variants whose whole window lies inside one of --regions
    #[arg(long, requires = "regions")]
    whole_windows: bool,
    /// Use only alleles of this frequency or more, by INFO, whose FILTER is PASS or absent
    #[arg(long, value_name = "AF")]
    min_af: Option<f64>,
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
    /// Go on where the same command was stopped: what it had scored is kept beside --output
    #[arg(long)]
    resume: bool,
}

/// Scores the background, writes the table and prints its buckets.
///
/// # Errors
/// As `score`, and `INPUT.GENERIC` when no variant could be scored.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    if args.resume {
        check_resumable(&args.output)?;
    }
    let mut journal = None;
    let ended = build(args, context, &mut journal, terminal);
    Journal::close(journal, &ended, terminal);
    ended
}

fn build(
    args: &Args,
    context: &Context<'_>,
    journal: &mut Option<Journal>,
    terminal: &mut Terminal<'_>,
) -> Result<Status> {
    let backend = model::backend(&args.model, context)?;
    let examples = on_backend!(backend, ops => examples(ops, args, context, journal, terminal)?);
    let Some((examples, made_for)) = examples else {
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
    let table = build_calibration_table(examples, &options)?.for_states(Some(made_for));
    Output::write_whole(&args.output, &write_calibration_table(&table)?)?;
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

/// The surprises of the background with their contexts, and what states they are of; `None` after an
/// interrupt.
fn examples(
    ops: impl NativeOps,
    args: &Args,
    context: &Context<'_>,
    journal: &mut Option<Journal>,
    terminal: &mut Terminal<'_>,
) -> Result<Option<(Vec<CalibrationExample>, String)>> {
    if args.vcf.len() != args.fasta.len() {
        return Err(Error::new(
            ErrorCode::InputGeneric,
            "there are not as many --fasta as --vcf",
        )
        .with_remedy("name the reference of each file of variants, in the same order"));
    }
    let (mut ops, mut loaded) = (Some(ops), None);
    let mut examples = Vec::new();
    for (vcf, fasta) in args.vcf.iter().zip(&args.fasta) {
        let regions = args.regions.as_deref().map(read_regions).transpose()?;
        let mut background = Background {
            args,
            regions: regions.clone(),
            examples: Vec::new(),
            left_out: [0; 2],
        };
        let mut session = Session::open(SessionRequest {
            variants: vcf,
            fasta,
            selection: Selection {
                regions,
                whose: Whose::Everything,
                filter: args.min_af.map(|least| RecordFilter {
                    passes: match args.form.alleles {
                        AlleleForm::Canonical => {
                            |record, af| has_allele(record, af, AlleleForm::Canonical)
                        }
                        AlleleForm::AsGiven => {
                            |record, af| has_allele(record, af, AlleleForm::AsGiven)
                        }
                    },
                    least,
                }),
                ..Selection::default()
            },
            batch_size: args.batch_size,
            show_progress: terminal.shows_progress() && !args.no_progress,
        })?;
        let places = args.context.open(terminal)?;
        session.check()?;
        // Once for all files, but not before the first of them was found to be in order.
        if let Some(ops) = ops.take() {
            let options = ScoreOptions {
                window_stride_bp: args.grid.window_stride_bp,
                ..ScoreOptions::default()
            };
            let runtime = loaded.insert(model::scoring(
                ops,
                &args.model,
                options,
                terminal,
                args.no_progress,
            )?);
            *journal =
                Journal::beside(Some(&args.output), args.resume, context, runtime, terminal)?;
        }
        let Some(runtime) = &loaded else { continue };
        let mut workers = runtime.workers(args.threads.map(NonZeroUsize::get));
        if let Some(journal) = journal.as_ref() {
            session.set_replayed(journal.path(), journal.replayed());
            workers = journal.over(runtime, workers);
        }
        let placer = runtime.placer(args.form.alleles).among(places);
        let accounts = session.run(placer, &workers, |record| background.add(&record))?;
        let Some(accounts) = accounts else {
            return Ok(None);
        };
        examples.extend(background.end(accounts, terminal)?);
    }
    let made_for = loaded.map(|runtime| {
        let windows = runtime.scorer().windows().noted();
        runtime.info().made_for(windows).canonical()
    });
    Ok(made_for.transpose()?.map(|made_for| (examples, made_for)))
}

/// Whether an allele of a record has this frequency or more.
fn has_allele(record: &VariantRecord, af: f64, form: AlleleForm) -> bool {
    let mut alleles = record.alleles(form).into_iter().enumerate();
    alleles.any(|(index, allele)| match allele {
        AlleleOutcome::Candidate(edit) => labelled(record, index, edit).is_at_least(af),
        AlleleOutcome::Skipped(_) => false,
    })
}

/// The background that one file gives.
struct Background<'a> {
    args: &'a Args,
    regions: Option<Regions>,
    examples: Vec<CalibrationExample>,
    /// Scored alleles that are too rare, and those whose window leaves its region.
    left_out: [u64; 2],
}

impl Background<'_> {
    fn add(
        &mut self,
        RecordOutcome {
            record, outcomes, ..
        }: &RecordOutcome,
    ) -> Result<()> {
        for (index, outcome) in outcomes.iter().enumerate() {
            let Outcome::Scored(scored) = outcome else {
                continue;
            };
            let is_rare = self
                .args
                .min_af
                .is_some_and(|af| !labelled(record, index, scored.edit.clone()).is_at_least(af));
            let leaves = self.args.whole_windows && !self.is_whole(scored)?;
            self.left_out[0] += u64::from(is_rare);
            self.left_out[1] += u64::from(!is_rare && leaves);
            if !is_rare && !leaves {
                self.examples.push(self.example(record, scored)?);
            }
        }
        Ok(())
    }

    /// Whether the window lies wholly inside one of the regions.
    fn is_whole(&self, scored: &Scored) -> Result<bool> {
        let span = Interval::new(scored.window.start(), scored.window.end())?;
        let regions = self.regions.as_ref();
        Ok(regions.is_none_or(|regions| regions.hold(scored.edit.chrom(), span)))
    }

    fn example(&self, record: &VariantRecord, scored: &Scored) -> Result<CalibrationExample> {
        let mut context = scored.context;
        let annotation = |key: &Option<String>| key.as_deref().and_then(|key| record.info(key));
        if let Some(terms) = annotation(&self.args.region_info) {
            context.region = Some(classify_region(Some(terms)));
        }
        if let Some(terms) = annotation(&self.args.repeat_info) {
            context.repeat = Some(classify_repeat(Some(terms))?);
        }
        let kind = scored.edit.kind();
        let context = context.label(scored.window.sequence())?.bucket_id();
        Ok(CalibrationExample {
            bucket_id: format!("{kind}|{context}"),
            sigma_raw: scored.result.sigma_raw,
        })
    }

    /// The examples, after what became of the file was told.
    fn end(
        self,
        accounts: Accounts,
        terminal: &mut Terminal<'_>,
    ) -> Result<Vec<CalibrationExample>> {
        accounts.tell(terminal);
        if let Some(af) = self.args.min_af {
            let rare = accounts.tally.filtered;
            terminal.info(format_args!(
                "not counted above: {rare} records without an allele of {af} or more; of the scored \
                 alleles {} are rarer",
                self.left_out[0]
            ));
        }
        if self.args.whole_windows {
            terminal.info(format_args!(
                "scored alleles whose windows leave their region: {}",
                self.left_out[1]
            ));
        }
        if self.examples.is_empty() {
            return Err(accounts.why_nothing);
        }
        terminal.info(format_args!("background: {} alleles", self.examples.len()));
        Ok(self.examples)
    }
}

/// The buckets as a table for people.
fn buckets(table: &CalibrationTable) -> String {
    let mut rows = TextTable::default();
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
