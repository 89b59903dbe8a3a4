//! The metrics of an evaluation as the Python package's tools read them.

use super::agreement::{Agreement, Figure, Measure};
use genolewm_core::evaluation::BootstrapInterval;
use genolewm_core::provenance::Json;
use genolewm_report::python::general;
use std::collections::BTreeMap;

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
pub struct Baseline {
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
    pub fn metrics(&self, agreement: &Agreement, baseline: Option<&Baseline>) -> Json {
        let rows = agreement.figures.iter().map(|figure| {
            let mut row = BTreeMap::from([
                ("name".to_owned(), figure.name.into()),
                ("value".to_owned(), figure.value.into()),
                ("split".to_owned(), self.split.as_str().into()),
                ("unit".to_owned(), unit(figure.name).into()),
                ("higher_is_better".to_owned(), true.into()),
                ("n".to_owned(), integer(self.variants)),
                (
                    "evaluated_variant_keys_sha256".to_owned(),
                    self.keys_sha256.as_str().into(),
                ),
            ]);
            row.extend(bounds(figure.interval));
            let mut notes = format!("{}; {}", self.about(figure.name), self.about_intervals());
            if let Some(baseline) = baseline {
                let value = baseline.agreement.value(figure.name);
                row.extend([
                    ("baseline".to_owned(), baseline.name.as_str().into()),
                    ("baseline_value".to_owned(), value.into()),
                    (
                        "delta_vs_baseline".to_owned(),
                        (figure.value - value).into(),
                    ),
                    (
                        "baseline_evaluated_variant_keys_sha256".to_owned(),
                        self.keys_sha256.as_str().into(),
                    ),
                ]);
                notes += &format!("; baseline {} uses {}", baseline.name, baseline.score_field);
            }
            row.insert("notes".to_owned(), notes.as_str().into());
            Json::Object(row)
        });
        Json::Array(rows.collect())
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
        baseline: Option<&Baseline>,
    ) -> Json {
        let bootstrap = &self.measure.bootstrap;
        let mut row = BTreeMap::from([
            ("metrics_json".to_owned(), metrics_json.into()),
            ("split".to_owned(), self.split.as_str().into()),
            ("score_field".to_owned(), self.score_field.as_str().into()),
            ("labelled_variants".to_owned(), integer(self.variants)),
            ("evaluated_variants".to_owned(), integer(self.variants)),
            (
                "evaluated_variant_keys_sha256".to_owned(),
                self.keys_sha256.as_str().into(),
            ),
            ("extra_score_variants".to_owned(), integer(self.extra)),
            ("ci_level".to_owned(), bootstrap.level.into()),
            (
                "bootstrap_resamples".to_owned(),
                integer(bootstrap.resamples),
            ),
            ("bootstrap_seed".to_owned(), bootstrap.seed.into()),
        ]);
        add_figures(&mut row, agreement, baseline);
        self.add_mode(&mut row, agreement);
        Json::Object(row)
    }

    /// What only one kind of label has.
    fn add_mode(&self, row: &mut BTreeMap<String, Json>, agreement: &Agreement) {
        if let Some(field) = &self.label_field {
            row.insert("label_field".to_owned(), field.as_str().into());
        }
        if let (Some([positives, negatives]), Some([sensitivity, specificity])) =
            (self.sides, agreement.sides)
        {
            row.extend([
                ("threshold".to_owned(), self.measure.threshold.into()),
                ("positive_variants".to_owned(), integer(positives)),
                ("negative_variants".to_owned(), integer(negatives)),
                ("sensitivity".to_owned(), sensitivity.into()),
                ("specificity".to_owned(), specificity.into()),
            ]);
        }
    }

    /// `limitations`, `negative_findings` and `conclusions`.
    #[must_use]
    pub fn findings(
        &self,
        agreement: &Agreement,
        baseline: Option<&Baseline>,
    ) -> [(&'static str, Json); 3] {
        let (limits, negative): (&[&str], [&str; 2]) = if self.sides.is_some() {
            (&BINARY_LIMITS, BINARY_NEGATIVE)
        } else {
            (&CONTINUOUS_LIMITS, CONTINUOUS_NEGATIVE)
        };
        let texts = |texts: &[&str]| Json::Array(texts.iter().map(|&text| text.into()).collect());
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
        let conclusion = self.conclusion(agreement, baseline);
        [
            ("limitations", texts(limits)),
            ("negative_findings", texts(&negative)),
            ("conclusions", texts(&[&measured, &conclusion])),
        ]
    }

    fn conclusion(&self, agreement: &Agreement, baseline: Option<&Baseline>) -> String {
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

/// Every figure with its interval, and how the first stands to that of the baseline.
fn add_figures(
    row: &mut BTreeMap<String, Json>,
    agreement: &Agreement,
    baseline: Option<&Baseline>,
) {
    for Figure {
        name,
        value,
        interval,
    } in &agreement.figures
    {
        let pair = |i: &BootstrapInterval| Json::Array(vec![i.low.into(), i.high.into()]);
        row.insert((*name).to_owned(), (*value).into());
        row.insert(
            format!("{name}_ci"),
            interval.as_ref().map_or(Json::Null, pair),
        );
    }
    if let (Some(baseline), Some(first)) = (baseline, agreement.figures.first()) {
        let value = baseline.agreement.value(first.name);
        row.extend([
            ("baseline_name".to_owned(), baseline.name.as_str().into()),
            (format!("baseline_{}", first.name), value.into()),
            (
                format!("{}_delta_vs_baseline", first.name),
                (first.value - value).into(),
            ),
        ]);
    }
}

pub(super) fn bounds(interval: Option<BootstrapInterval>) -> impl Iterator<Item = (String, Json)> {
    let rows = interval.map(|bounds| {
        [
            ("ci_low".to_owned(), bounds.low.into()),
            ("ci_high".to_owned(), bounds.high.into()),
        ]
    });
    rows.into_iter().flatten()
}

fn unit(name: &str) -> &'static str {
    match name {
        "auroc" | "average_precision" => "area",
        "spearman_rho" => "correlation",
        _ => "fraction",
    }
}

pub(super) fn integer(count: usize) -> Json {
    (count as u64).into()
}

/// `a`, or `a, b, and c`.
fn joined(parts: &[String]) -> String {
    match parts {
        [rest @ .., last] if !rest.is_empty() => format!("{}, and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}
