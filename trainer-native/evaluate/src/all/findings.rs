//! Negative findings: what speaks against a model, worked out from its figures.

use crate::measure::evaluation::Evaluation;
use crate::metrics_file::file::MetricsFile;
use crate::metrics_file::rows::{
    ComparisonRow, ConfidenceInterval, CurvesRow, MetricRow, StepRow, StratumRow,
};
use crate::scores::ClassFigures;
use genolewm_report::python::number::general;
use std::collections::BTreeMap;

const CHANCE: f64 = 0.5;
/// Scores that need no trained model, or hardly one.
const BASELINES: [&str; 8] = [
    "random",
    "random_weights",
    "markov",
    "rule",
    "gc",
    "context",
    "trinucleotide",
    "conservation",
];
/// From this cosine on states before and after an edit are nearly the same.
const ALIKE: f64 = 0.999;
/// Mean distance of a score from the share of positives at which it is no probability.
const UNCALIBRATED: f64 = 0.1;
/// How often their share insertions and deletions may have at the top of a list.
const LEADING: f64 = 2.0;
/// Chance of a deviation below which percentiles are said not to be uniform.
const SIGNIFICANT: f64 = 0.05;

/// Sentences about baselines that are as good, intervals that hold chance, differences that are not
/// shown, states that hardly move, scores that are no probabilities, and classes not measured.
#[must_use]
pub fn findings(of: &MetricsFile) -> Vec<String> {
    let mut found: Vec<String> = of.metrics.iter().flat_map(of_metric).collect();
    found.extend(of.comparisons.iter().filter_map(of_comparison));
    found.extend(of_strata(&of.strata));
    found.extend(of.all_curves().iter().filter_map(of_reliability));
    found.extend(of.rollout_stratification.iter().flat_map(of_step));
    for evaluation in &of.evaluations {
        found.extend(of_percentiles(evaluation));
        found.extend(of_predictions(evaluation));
        for (task, classes) in evaluation.tasks() {
            found.extend(classes.iter().flat_map(|class| of_class(task, class)));
            let classes = classes.iter().filter(|class| class.auroc.is_empty());
            let sides = |[positive, negative]: [usize; 2]| [positive as u64, negative as u64];
            let classes = classes.map(|class| (class.name, Some(sides(class.sides)), 0));
            found.extend(not_measured(task, classes));
        }
    }
    found
}

fn of_metric(metric: &MetricRow) -> Vec<String> {
    let (split, name) = (&metric.split, &metric.name);
    let mut found = Vec::new();
    // Those of classes are told class by class.
    if name.starts_with("auroc_") {
        return found;
    }
    let value = general(metric.value);
    if let Some(of) = metric.baseline.as_ref().filter(|_| metric.is_beaten()) {
        let (baseline, other) = (&of.baseline, general(of.baseline_value));
        found.push(format!(
            "{split}: {name} is {value}, no better than {baseline} with {other}."
        ));
    }
    if name == "auroc" || name == "balanced_accuracy" {
        match metric.interval {
            Some(ConfidenceInterval { ci_low, ci_high }) if ci_low <= CHANCE => {
                let [low, high] = [ci_low, ci_high].map(general);
                found.push(format!(
                    "{split}: {name} is {value}; its interval, {low} to {high}, holds chance."
                ));
            }
            None if metric.value <= CHANCE => {
                found.push(format!(
                    "{split}: {name} is {value}, no better than chance."
                ));
            }
            _ => {}
        }
    }
    found
}

fn of_comparison(row: &ComparisonRow) -> Option<String> {
    let split = row.split.as_deref().unwrap_or_default();
    let subject = format!("{split}: by {}, {}", row.metric, row.score);
    let other = &row.compared_with;
    let range = row.interval.map_or(String::new(), |of| {
        format!(", {} to {}", general(of.ci_low), general(of.ci_high))
    });
    let difference = general(row.difference);
    match row.interval {
        Some(of) if of.ci_high < 0.0 => Some(format!(
            "{subject} is worse than {other}: difference {difference}{range}."
        )),
        Some(of) if of.ci_low <= 0.0 => Some(format!(
            "{subject} is not shown to be better than {other}: difference {difference}{range}."
        )),
        None if difference.starts_with('-') || difference == "0" => Some(format!(
            "{subject} is no better than {other}: difference {difference}."
        )),
        _ => None,
    }
}

fn of_strata(strata: &[StratumRow]) -> Vec<String> {
    let mut found = Vec::new();
    let mut splits: BTreeMap<&str, Vec<&StratumRow>> = BTreeMap::new();
    for stratum in strata {
        let auroc = stratum.metrics.iter().filter(|row| row.name == "auroc");
        let scores = auroc.map(|row| {
            let bounds = row.interval.map(|of| [of.ci_low, of.ci_high]);
            (row.score.as_str(), row.value, bounds)
        });
        let split = stratum.split.as_deref().unwrap_or_default();
        let class = format!("{split}/{}", stratum.stratum);
        found.extend(at_chance(&class, &scores.collect::<Vec<_>>()));
        if stratum.metrics.is_empty() {
            splits.entry(split).or_default().push(stratum);
        }
    }
    for (split, strata) in splits {
        let classes = strata.into_iter();
        let classes = classes.map(|of| (of.stratum.as_str(), of.sides(), of.n));
        found.extend(not_measured(split, classes));
    }
    found
}

/// Scores whose interval holds chance, or that are no better where there is no interval.
fn at_chance(class: &str, scores: &[(&str, f64, Option<[f64; 2]>)]) -> Option<String> {
    let at_chance = |&(_, value, interval): &(&str, f64, Option<[f64; 2]>)| {
        interval.map_or(value <= CHANCE, |[low, _]| low <= CHANCE)
    };
    let scores = scores.iter().filter(|score| at_chance(score));
    let names = scores.map(|&(name, value, interval)| {
        let range = interval.map_or(String::new(), |[low, high]| {
            format!(", {low:.3} to {high:.3}")
        });
        format!("{name} ({value:.3}{range})")
    });
    let names: Vec<String> = names.collect();
    let joined = names.join("; ");
    (!names.is_empty()).then(|| format!("{class}: AUROC not above chance for {joined}."))
}

fn of_class(task: &str, class: &ClassFigures<'_>) -> Vec<String> {
    let all = class.auroc.iter();
    let all = all.map(|(score, of)| (score.as_str(), of.auroc, Some([of.low, of.high])));
    let name = format!("{task}/{}", class.name);
    let (baselines, scores): (Vec<_>, Vec<_>) =
        all.partition(|(score, ..)| BASELINES.contains(score));
    let mut found: Vec<String> = at_chance(&name, &scores).into_iter().collect();
    let best = baselines.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some(&(baseline, best, _)) = best {
        let beaten: Vec<String> = scores
            .iter()
            .filter(|(_, value, _)| *value <= best)
            .map(|(score, value, _)| format!("{score} ({value:.3})"))
            .collect();
        if !beaten.is_empty() {
            let beaten = beaten.join(", ");
            found.push(format!(
                "{name}: the baseline {baseline} ({best:.3}) is at least as good as {beaten}."
            ));
        }
    }
    found
}

/// Names of classes, with how many variants are on either side or in all.
fn not_measured<'a>(
    split: &str,
    classes: impl IntoIterator<Item = (&'a str, Option<[u64; 2]>, u64)>,
) -> Option<String> {
    let classes = classes.into_iter().map(|(name, sides, all)| match sides {
        Some([positive, negative]) => format!("{name} ({positive} and {negative})"),
        None => format!("{name} ({all})"),
    });
    let classes: Vec<String> = classes.collect();
    (!classes.is_empty()).then(|| {
        format!(
            "{split}: classes with too few variants on a side, or with scores that do not vary, are \
             not measured: {}.",
            classes.join(", ")
        )
    })
}

fn of_reliability(curves: &CurvesRow) -> Option<String> {
    let error = curves.calibration_error()?;
    (error > UNCALIBRATED).then(|| {
        format!(
            "{}: the score is no probability: its mean distance from the share of positives is {}.",
            curves.split.as_deref().unwrap_or_default(),
            general(error)
        )
    })
}

fn of_step(step: &StepRow) -> Vec<String> {
    let edits = match step.k.unwrap_or_default() {
        1 => "1 edit".to_owned(),
        more => format!("{more} edits"),
    };
    let place = format!("{}, {edits}", step.split);
    let beaten = [
        (
            "cosine",
            step.cosine_similarity_mean <= step.naive_baseline_cosine_mean,
        ),
        (
            "distance",
            step.l2_distance_mean >= step.naive_baseline_l2_mean,
        ),
        (
            "recall",
            step.recall_at_k <= step.naive_baseline_recall_at_k,
        ),
    ];
    let beaten: Vec<&str> = beaten.iter().filter(|of| of.1).map(|of| of.0).collect();
    let mut found = Vec::new();
    if !beaten.is_empty() {
        found.push(format!(
            "{place}: the source state is at least as good as the prediction by {}.",
            beaten.join(", ")
        ));
    }
    if step.naive_baseline_cosine_mean >= ALIKE {
        found.push(format!(
            "{place}: states hardly move: the cosine of source and target is {}.",
            general(step.naive_baseline_cosine_mean)
        ));
    }
    found
}

fn of_percentiles(evaluation: &Evaluation) -> Vec<String> {
    let Some(common) = &evaluation.uniformity else {
        return Vec::new();
    };
    let all = ("common variants".to_owned(), &common.uniformity);
    let kinds = common.by_kind.iter();
    let kinds = kinds.map(|(kind, of)| (format!("common variants of the kind {kind}"), of));
    let tests = core::iter::once(all).chain(kinds);
    let uneven = tests.filter(|(_, test)| test.ks_p_value < SIGNIFICANT);
    let mut found: Vec<String> = uneven
        .map(|(variants, test)| {
            format!(
                "Percentiles of {} {variants} are not uniform: distance {}, p = {}.",
                test.variants,
                general(test.ks_statistic),
                general(test.ks_p_value)
            )
        })
        .collect();
    let led = common.indels.filter(|of| of.of_top > LEADING * of.of_all);
    found.extend(led.map(|of| {
        format!(
            "Insertions and deletions lead the list: {:.1} % of the {} at or above the 99th percentile, and \
             {:.1} % of all.",
            100.0 * of.of_top,
            of.top,
            100.0 * of.of_all
        )
    }));
    found
}

fn of_predictions(evaluation: &Evaluation) -> Vec<String> {
    let kinds = evaluation.prediction.iter();
    kinds
        .flat_map(|(kind, of)| {
            let farther = (of.prediction_closer <= CHANCE).then(|| {
                format!(
                    "prediction/{kind}: the guess that nothing changes is the closer one for {:.1} % of the \
                     edits.",
                    100.0 * (1.0 - of.prediction_closer)
                )
            });
            let nothing = of.explained_interval.filter(|[low, _]| *low <= 0.0);
            let unexplained = nothing.map(|[low, high]| {
                let zero = if high < 0.0 { "lies below" } else { "holds" };
                let [low, high] = [low, high].map(general);
                format!(
                    "prediction/{kind}: it is not shown to explain any of the change: the interval of the \
                     explained share, {low} to {high}, {zero} 0."
                )
            });
            farther.into_iter().chain(unexplained)
        })
        .collect()
}
