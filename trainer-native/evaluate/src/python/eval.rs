//! The metrics of `eval` in the Python package's words.

use crate::metrics_file::file::MetricsFile;
use crate::metrics_file::rows::MetricRow;
use crate::score_files::agreement::{Agreement, Measure};
use genolewm_report::python::number::general;
use serde_json::{Value, json};

/// What is said about an evaluation beside its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Name of the evaluated split.
    pub split: String,
    /// The measured field.
    pub score_field: String,
    /// The field of continuous labels; `None` for labels with two sides.
    pub label_field: Option<String>,
    /// How it was measured.
    pub measure: Measure,
    /// Labelled variants, all of which are measured.
    pub variants: usize,
    /// Pathogenic and benign ones, for labels with two sides.
    pub sides: Option<[usize; 2]>,
    /// Rows of variants without a label.
    pub extra: usize,
    /// Says exactly which variants the figures are about.
    pub keys_sha256: String,
}

/// Another score that the first is set against.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineScore {
    /// Its name in the report.
    pub name: String,
    /// Its field.
    pub score_field: String,
    /// Its figures, on the same variants.
    pub agreement: Agreement,
}

impl Subject {
    /// The metric rows, in the order of the Python package.
    #[must_use]
    pub fn metrics(
        &self,
        agreement: &Agreement,
        baseline: Option<&BaselineScore>,
    ) -> Vec<MetricRow> {
        let rows = agreement.figures.iter().map(|figure| {
            let mut notes = format!("{}; {}", self.about(figure.name), self.about_intervals());
            if let Some(baseline) = baseline {
                notes += &format!("; baseline {} uses {}", baseline.name, baseline.score_field);
            }
            let row = MetricRow {
                unit: Some(unit(figure.name).to_owned()),
                interval: figure.interval.map(Into::into),
                evaluated_variant_keys_sha256: Some(self.keys_sha256.clone()),
                notes: Some(notes),
                ..MetricRow::new(&self.split, figure.name, figure.value, self.variants)
            };
            match baseline {
                Some(of) => row.against(&of.name, of.agreement.value(figure.name)),
                None => row,
            }
        });
        rows.collect()
    }

    /// What a figure is made from.
    fn about(&self, name: &str) -> String {
        match (&self.label_field, name) {
            (Some(field), _) => {
                format!(
                    "continuous labels use {field}; scores use {}",
                    self.score_field
                )
            }
            (None, "accuracy" | "balanced_accuracy") => {
                format!("threshold={}", general(self.measure.threshold))
            }
            (None, _) => format!(
                "positive=P/LP and negative=B/LB ClinVar labels; scores use {}",
                self.score_field
            ),
        }
    }

    fn about_intervals(&self) -> String {
        let bootstrap = &self.measure.bootstrap;
        if bootstrap.resamples == 0 {
            return "confidence intervals omitted because bootstrap_resamples=0".to_owned();
        }
        let kind = if self.sides.is_some() {
            "stratified "
        } else {
            ""
        };
        format!(
            "{} {kind}bootstrap confidence interval; resamples={}; seed={}",
            general(bootstrap.level),
            bootstrap.resamples,
            bootstrap.seed
        )
    }

    /// The summary for standard output.
    #[must_use]
    pub fn summary(
        &self,
        metrics_json: &str,
        agreement: &Agreement,
        baseline: Option<&BaselineScore>,
    ) -> Value {
        let bootstrap = &self.measure.bootstrap;
        let mut row = json!({
            "metrics_json": metrics_json,
            "split": self.split,
            "score_field": self.score_field,
            "labelled_variants": self.variants,
            "evaluated_variants": self.variants,
            "evaluated_variant_keys_sha256": self.keys_sha256,
            "extra_score_variants": self.extra,
            "ci_level": bootstrap.level,
            "bootstrap_resamples": bootstrap.resamples,
            "bootstrap_seed": bootstrap.seed,
        });
        for figure in &agreement.figures {
            row[figure.name] = figure.value.into();
            let interval = figure.interval.map(|bounds| [bounds.low, bounds.high]);
            row[format!("{}_ci", figure.name)] = json!(interval);
        }
        if let (Some(baseline), Some(first)) = (baseline, agreement.figures.first()) {
            let value = baseline.agreement.value(first.name);
            row["baseline_name"] = json!(baseline.name);
            row[format!("baseline_{}", first.name)] = value.into();
            row[format!("{}_delta_vs_baseline", first.name)] = (first.value - value).into();
        }
        if let Some(field) = &self.label_field {
            row["label_field"] = json!(field);
        }
        if let (Some(counts), Some([sensitivity, specificity])) = (self.sides, agreement.sides) {
            row["threshold"] = self.measure.threshold.into();
            row["positive_variants"] = counts[0].into();
            row["negative_variants"] = counts[1].into();
            row["sensitivity"] = sensitivity.into();
            row["specificity"] = specificity.into();
        }
        row
    }

    /// Adds what the figures do not say, and what they say.
    pub fn add_sentences(
        &self,
        agreement: &Agreement,
        baseline: Option<&BaselineScore>,
        file: &mut MetricsFile,
    ) {
        let (limits, negative): (&[&str], [&str; 2]) = if self.sides.is_some() {
            (&BINARY_LIMITS, BINARY_NEGATIVE)
        } else {
            (&CONTINUOUS_LIMITS, CONTINUOUS_NEGATIVE)
        };
        let measured = match self.sides {
            Some([positives, negatives]) => format!(
                "The score artifact was evaluated on {} labelled variants ({positives} positive, \
                 {negatives} negative) from {}.",
                self.variants, self.split
            ),
            None => format!(
                "The score artifact was evaluated on {} continuous-label variants from {}.",
                self.variants, self.split
            ),
        };
        file.limitations = limits.iter().map(|&text| text.to_owned()).collect();
        file.negative_findings = negative.map(str::to_owned).to_vec();
        file.conclusions = vec![measured, self.conclusion(agreement, baseline)];
    }

    fn conclusion(&self, agreement: &Agreement, baseline: Option<&BaselineScore>) -> String {
        let names: &[&str] = match self.sides {
            Some(_) => &[
                "auroc",
                "average_precision",
                "accuracy",
                "balanced_accuracy",
            ],
            None => &["spearman_rho"],
        };
        let list = |middle: &str, value: &dyn Fn(&str) -> f64| {
            let parts = names
                .iter()
                .map(|name| format!("{name}{middle}={}", general(value(name))));
            joined(&parts.collect::<Vec<String>>())
        };
        let end = self.label_field.as_ref().map_or_else(
            || format!(" at threshold {}.", general(self.measure.threshold)),
            |field| format!(" using label field {field}."),
        );
        let mut text = list("", &|name| agreement.value(name)) + &end;
        if let Some(baseline) = baseline {
            let delta = |name: &str| agreement.value(name) - baseline.agreement.value(name);
            text += &format!(
                " Compared with {}, {}.",
                baseline.name,
                list(" delta", &delta)
            );
        }
        text
    }
}

const BINARY_LIMITS: [&str; 3] = [
    "Artifact-level binary ClinVar evaluation only; labels outside P/LP/B/LB are excluded from the \
     measured set.",
    "Confidence intervals use deterministic stratified bootstrap resampling; if bootstrap_resamples \
     is zero, metric notes state that intervals were omitted.",
    "The metrics do not establish clinical utility or deployment readiness.",
];
const BINARY_NEGATIVE: [&str; 2] = [
    "This report does not measure non-coding, multi-edit, or prospective clinical utility.",
    "Failures and omitted intervals must be read from the metric notes and limitations.",
];
const CONTINUOUS_LIMITS: [&str; 3] = [
    "Artifact-level continuous-label evaluation only; labels are not clinical outcomes.",
    "Confidence intervals use deterministic bootstrap resampling; if bootstrap_resamples is zero, \
     metric notes state that intervals were omitted.",
    "The metrics do not establish clinical utility or deployment readiness.",
];
const CONTINUOUS_NEGATIVE: [&str; 2] = [
    "This report does not measure prospective clinical utility.",
    "Correlation metrics do not establish calibration or causal edit effects.",
];

fn unit(name: &str) -> &'static str {
    match name {
        "auroc" | "average_precision" => "area",
        "spearman_rho" => "correlation",
        _ => "fraction",
    }
}

/// `a`, or `a, b, and c`.
fn joined(parts: &[String]) -> String {
    match parts {
        [rest @ .., last] if !rest.is_empty() => format!("{}, and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}
