//! The figures of `genolewm evaluate` as rows like those of `genolewm eval`.

use crate::measure::evaluation::Evaluation;
use crate::measure::language::Language;
use crate::measure::prediction::Prediction;
use crate::measure::uniformity::Uniformity;
use crate::metrics_file::rows::{ConfidenceInterval, MetricRow};
use crate::scores::ClassFigures;

/// All figures of an evaluation.
#[must_use]
pub fn rows(evaluation: &Evaluation) -> Vec<MetricRow> {
    let mut rows: Vec<MetricRow> = Vec::new();
    rows.extend(evaluation.language.iter().flat_map(language_rows));
    for (kind, of) in &evaluation.prediction {
        rows.extend(prediction_rows(&format!("prediction/{kind}"), of));
    }
    if let Some(common) = &evaluation.uniformity {
        let row = |split: &str, of: &Uniformity| {
            let row = MetricRow::new(split, "ks_statistic", of.ks_statistic, of.variants);
            less_is_better(row)
        };
        rows.push(row("common_variants", &common.uniformity));
        let kinds = common.by_kind.iter();
        rows.extend(kinds.map(|(kind, of)| row(&format!("common_{kind}"), of)));
    }
    for (task, classes) in evaluation.tasks() {
        rows.extend(classes.iter().flat_map(|class| class_rows(task, class)));
    }
    rows
}

fn language_rows(of: &Language) -> [MetricRow; 3] {
    let row = |name, value| MetricRow::new("held_out_sequence", name, value, of.six_mers as usize);
    let perplexity = less_is_better(row("six_mer_perplexity", of.six_mer_perplexity));
    let bits = less_is_better(row("bits_per_base", of.bits_per_base));
    [
        perplexity.against("markov", of.markov.six_mer_perplexity),
        bits.against("markov", of.markov.bits_per_base),
        // The encoder predicts six bases at once, and so does this figure of the chain.
        row("base_accuracy", of.base_accuracy).against("markov", of.markov.base_accuracy_six_ahead),
    ]
}

fn prediction_rows(split: &str, of: &Prediction) -> Vec<MetricRow> {
    let row = |name, value| MetricRow::new(split, name, value, of.edits);
    let explained = of.explained.map(|share| MetricRow {
        interval: of.explained_interval.map(interval),
        ..row("explained", share)
    });
    let distances = [
        row("prediction_cosine", of.prediction_cosine).against("unchanged", of.unchanged_cosine),
        less_is_better(row("prediction_l2", of.prediction_l2))
            .against("unchanged", of.unchanged_l2),
        MetricRow {
            interval: of.prediction_closer_interval.map(interval),
            ..row("prediction_closer", of.prediction_closer)
        },
    ];
    distances.into_iter().chain(explained).collect()
}

const fn interval([ci_low, ci_high]: [f64; 2]) -> ConfidenceInterval {
    ConfidenceInterval { ci_low, ci_high }
}

fn class_rows(task: &str, class: &ClassFigures<'_>) -> Vec<MetricRow> {
    let split = format!("{task}/{}", class.name);
    let n = class.sides.iter().sum();
    let rows = class.auroc.iter().map(|(score, of)| MetricRow {
        interval: Some(interval([of.low, of.high])),
        ..MetricRow::new(&split, &format!("auroc_{score}"), of.auroc, n)
    });
    rows.collect()
}

fn less_is_better(row: MetricRow) -> MetricRow {
    MetricRow {
        higher_is_better: false,
        ..row
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_report::json;

    #[test]
    fn classes_and_groups_are_read_alike() {
        let text = br#"{"clinvar": {"classes": [{"class": "all", "pathogenic": 3, "benign": 4,
            "auroc": {"shift": {"auroc": 0.6, "low": 0.4, "high": 0.7}}}]},
            "primates": {"pairs": 5, "groups": [{"group": "human", "pairs": 5,
            "auroc": {"shift": {"auroc": 0.5, "low": 0.3, "high": 0.6}}}]},
            "uniformity": {"variants": 9, "ks_statistic": 0.1}}"#;
        let rows = rows(&json::parse(text, "test").unwrap());
        let said: Vec<_> = rows
            .iter()
            .map(|row| (row.split.clone(), row.name.clone(), row.n))
            .collect();
        let row = |split: &str, name: &str, n| (split.to_owned(), name.to_owned(), Some(n));
        assert_eq!(
            said,
            [
                row("common_variants", "ks_statistic", 9),
                row("clinvar/all", "auroc_shift", 7),
                row("primates/human", "auroc_shift", 10),
            ]
        );
    }
}
