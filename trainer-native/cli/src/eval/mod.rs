//! `genolewm eval`: measures a file of scores against a file of labels.

mod flags;
#[cfg(test)]
mod tests;

use super::common::config;
use super::common::identity::{self, Identity};
use super::common::terminal::Terminal;
use super::evaluate::{References, annotation};
use crate::common::command::{Context, Status};
use flags::{EvalSettings, MetricMode};
use genolewm::runtime::{NativeReference, open_reference};
use genolewm_core::Result;
use genolewm_core::edit::{AlleleForm, EditSpec, TrimmedVariant, VariantSpelling};
use genolewm_core::evaluation::variant_keys_sha256;
use genolewm_core::genome::consequence::Consequence;
use genolewm_evaluate::metrics_file::bounds::MetricBound;
use genolewm_evaluate::metrics_file::file::MetricsFile;
use genolewm_evaluate::metrics_file::rows::StratumRow;
use genolewm_evaluate::observed::ObservedMeasure;
use genolewm_evaluate::python::eval::{BaselineScore, Subject};
use genolewm_evaluate::score_files::additions::{comparisons, curves, strata};
use genolewm_evaluate::score_files::agreement::{Agreement, Measure};
use genolewm_evaluate::score_files::compare::{ScoreColumn, sides};
use genolewm_evaluate::score_files::jsonl::{Labels, read_labels, read_scores};
use genolewm_report::python::json::json_line;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// By these names the Python package's tools know their files.
const SCORES_BY: &str = "geno-lewm-score";
const CARBON_BASELINE: (&str, &str) = ("carbon_zero_shot", "geno-lewm-carbon-baseline");

/// Measure a file of scores against a file of labels
///
/// Both are JSONL with chrom, pos, ref and alt in every row, as `score` writes it. The metrics are
/// written as the Python package writes them; --annotation, --compare and --curves add to them. With
/// --model-id, scores must be those of `score`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Scores
    #[arg(long, value_name = "JSONL")]
    scores_jsonl: PathBuf,
    /// Labels: clinical_significance or label, or the number in --label-field
    #[arg(long, value_name = "JSONL")]
    labels_jsonl: PathBuf,
    /// Scores of a baseline, measured on the same labels
    #[arg(long, value_name = "JSONL", requires = "baseline_name")]
    baseline_scores_jsonl: Option<PathBuf>,
    /// Where the metrics go
    #[arg(long, short = 'o', alias = "output", value_name = "JSON")]
    output_metrics: PathBuf,
    /// Directory that artifacts are named from [default: that of the metrics]
    #[arg(long, value_name = "DIR")]
    artifact_root: Option<PathBuf>,
    #[command(flatten)]
    settings: EvalSettings,
    #[command(flatten)]
    identity: Identity,
    /// Transcripts in chromosome coordinates, as a table of exons or GFF3, for figures by
    /// consequence; may be repeated
    #[arg(long, value_name = "FILE", requires = "fasta")]
    annotation: Vec<PathBuf>,
    /// Fail with EVAL.REGRESSION where a metric does not reach a value; may be repeated
    #[arg(long, value_name = "METRIC=VALUE")]
    require: Vec<MetricBound>,
    /// The reference of the variants: by it insertions and deletions of both files are the same change
    /// wherever in a repeat they are written; for --annotation
    #[arg(long, value_name = "FASTA")]
    fasta: Option<PathBuf>,
}

/// Scores with what they are measured against; the first column is the one that was asked for.
struct Labelled {
    labels: Labels,
    columns: Vec<ScoreColumn>,
    extra: usize,
}

/// Measures and writes the metrics, and a summary to standard output.
///
/// # Errors
/// `INPUT.GENERIC` for files that do not fit together, with file and line where there is one, and
/// for senseless settings; `RESOURCE.*` for files that cannot be read or written; `EVAL.REGRESSION`,
/// with everything written, for a figure that is worse than was asked for.
pub fn run(args: &Args, context: &Context<'_>, terminal: &mut Terminal<'_>) -> Result<Status> {
    let measure = args.settings.measure(context.shared.seed)?;
    let data = args.read()?;
    let observed = ObservedMeasure::begin("eval", data.labels.keys.len());
    let first = &data.columns[0].values;
    let agreement = measure.agreement(first, &data.labels.values)?;
    let baseline = args.baseline(&data, &measure)?;
    let subject = args.subject(&data, measure)?;
    let mut file = args.file(&subject, &agreement, baseline.as_ref())?;
    args.add(&data, &measure, &mut file, terminal)?;
    let settings = args.settings.with_seed(measure.bootstrap.seed);
    let settings = config::repeat("eval", &settings, None)?;
    identity::write(&args.output_metrics, &file, &settings)?;
    let path = args.output_metrics.to_string_lossy();
    let summary = subject.summary(&path, &agreement, baseline.as_ref());
    terminal.line(json_line(&summary)?)?;
    observed.end(Some(&file));
    args.require
        .iter()
        .try_for_each(|bound| bound.check(&file))?;
    Ok(Status::Done)
}

impl Args {
    fn read(&self) -> Result<Labelled> {
        let settings = &self.settings;
        let mut reference = self.fasta.as_deref().map(open_reference).transpose()?;
        let change = &mut |variant: &VariantSpelling| change(reference.as_mut(), variant);
        let labels = read_labels(&self.labels_jsonl, settings.label_kind(), change)?;
        let fields = std::iter::once(&settings.score_field).chain(&settings.compare);
        let fields: Vec<&str> = fields.map(String::as_str).collect();
        let maker = self.identity.model_id.as_ref().map(|_| SCORES_BY);
        let scores = read_scores(&self.scores_jsonl, &fields, &labels, maker, change)?;
        let column = |(name, values): (&str, Vec<f64>)| ScoreColumn {
            name: name.to_owned(),
            values,
        };
        let columns = fields.iter().copied().zip(scores.columns);
        let mut columns: Vec<ScoreColumn> = columns.map(column).collect();
        if let (Some(path), Some(name)) = (&self.baseline_scores_jsonl, &settings.baseline_name) {
            let maker = (name.trim() == CARBON_BASELINE.0).then_some(CARBON_BASELINE.1);
            let field = [settings.baseline_score_field.as_str()];
            let read = read_scores(path, &field, &labels, maker, change)?;
            columns.extend(read.columns.into_iter().map(|of| column((name.trim(), of))));
        }
        Ok(Labelled {
            labels,
            columns,
            extra: scores.extra,
        })
    }

    /// The figures of the baseline, which is the last column; its intervals are not reported.
    fn baseline(&self, data: &Labelled, measure: &Measure) -> Result<Option<BaselineScore>> {
        let column = data.columns.last();
        let column = column.filter(|_| self.baseline_scores_jsonl.is_some());
        let mut measure = *measure;
        measure.bootstrap.resamples = 0;
        let baseline = column.map(|column| {
            Ok(BaselineScore {
                name: column.name.clone(),
                score_field: self.settings.baseline_score_field.clone(),
                agreement: measure.agreement(&column.values, &data.labels.values)?,
            })
        });
        baseline.transpose()
    }

    fn subject(&self, data: &Labelled, measure: Measure) -> Result<Subject> {
        let settings = &self.settings;
        let is_continuous = settings.metric_mode == MetricMode::Spearman;
        Ok(Subject {
            split: settings.split.trim().to_owned(),
            score_field: settings.score_field.clone(),
            label_field: is_continuous.then(|| settings.label_field.clone()),
            measure,
            variants: data.labels.keys.len(),
            sides: sides(&data.labels.values),
            extra: data.extra,
            keys_sha256: variant_keys_sha256(&data.labels.keys)?,
        })
    }

    fn file(
        &self,
        subject: &Subject,
        agreement: &Agreement,
        baseline: Option<&BaselineScore>,
    ) -> Result<MetricsFile> {
        let own = [
            ("scores", Some(self.scores_jsonl.as_path())),
            ("labels", Some(self.labels_jsonl.as_path())),
            ("baseline_scores", self.baseline_scores_jsonl.as_deref()),
        ];
        let root = self.artifact_root.as_deref();
        let mut file = self.identity.file(&own, root, &self.output_metrics)?;
        file.metrics = subject.metrics(agreement, baseline);
        subject.add_sentences(agreement, baseline, &mut file);
        Ok(file)
    }

    /// Adds what the Python package does not have.
    fn add(
        &self,
        data: &Labelled,
        measure: &Measure,
        file: &mut MetricsFile,
        terminal: &mut Terminal<'_>,
    ) -> Result<()> {
        let Some((first, others)) = data.columns.split_first() else {
            return Ok(());
        };
        for other in others.iter().filter(|_| !self.settings.compare.is_empty()) {
            let found = measure.compare([&first.values, &other.values], &data.labels.values)?;
            file.comparisons
                .extend(comparisons(&first.name, &other.name, &found));
        }
        if self.settings.curves {
            file.curves = Some(curves(&first.values, &data.labels.values)?);
        }
        if let Some(fasta) = self.fasta.as_ref().filter(|_| !self.annotation.is_empty()) {
            file.strata = self.by_consequence(data, measure, fasta, terminal)?;
        }
        Ok(())
    }

    fn by_consequence(
        &self,
        data: &Labelled,
        measure: &Measure,
        fasta: &Path,
        terminal: &mut Terminal<'_>,
    ) -> Result<Vec<StratumRow>> {
        let reference = RefCell::new(References::open([fasta])?);
        let annotation = annotation(&self.annotation, &reference)?;
        let keys = data.labels.keys.iter().enumerate();
        let edits = keys.filter_map(|(row, key)| Some((row, edit(key)?)));
        let (rows, consequences): (Vec<usize>, Vec<Consequence>) = edits
            .map(|(row, edit)| (row, annotation.consequence(&edit)))
            .unzip();
        let left_out = data.labels.keys.len() - rows.len();
        if left_out > 0 {
            terminal.warn(format_args!(
                "{left_out} variants are no edits of bases and are in no consequence class"
            ));
        }
        let columns: Vec<ScoreColumn> = data.columns.iter().map(|of| of.rows(&rows)).collect();
        let labels = data.labels.values.rows(&rows);
        Ok(strata(&measure.strata(&columns, &labels, &consequences)?))
    }
}

/// The change that a variant is: left-aligned where there is a reference and the variant fits it.
fn change(
    reference: Option<&mut NativeReference>,
    variant: &VariantSpelling,
) -> Result<TrimmedVariant> {
    let edit = match reference {
        Some(reference) => reference.edit_of(variant, AlleleForm::Canonical)?.ok(),
        None => None,
    };
    Ok(edit.map_or_else(|| variant.trimmed(), |edit| TrimmedVariant::of(&edit)))
}

/// The edit of a variant, where it is one.
fn edit(key: &VariantSpelling) -> Option<EditSpec> {
    key.edit(AlleleForm::Canonical).ok()
}
