//! What speaks against a model, worked out from its figures.

use super::combine::Combined;
use super::members::{bounds, count, list, number, text};
use super::own::{aurocs, class_name, sides, tasks};
use genolewm_core::provenance::Json;
use genolewm_report::python::general;
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
/// Chance of a deviation below which percentiles are said not to be uniform.
const SIGNIFICANT: f64 = 0.05;

/// Sentences about baselines that are as good, intervals that hold chance, differences that are not
/// shown, states that hardly move, scores that are no probabilities, and classes not measured.
#[must_use]
pub fn findings(of: &Combined) -> Vec<String> {
    let mut found = of_metrics(of);
    found.extend(of.list("comparisons").iter().filter_map(of_comparison));
    found.extend(of_strata(of.list("strata")));
    found.extend(of.list("curves").iter().filter_map(of_reliability));
    found.extend(of.list("rollout_stratification").iter().flat_map(of_step));
    for evaluation in of.list("evaluations") {
        found.extend(of_percentiles(evaluation));
        found.extend(of_predictions(evaluation));
        for (task, classes) in tasks(evaluation) {
            found.extend(classes.iter().flat_map(|class| of_class(task, class)));
            let classes = classes.iter().filter(|class| aurocs(class).is_empty());
            let classes = classes.map(|class| (class_name(class), sides(class), None));
            found.extend(not_measured(task, classes));
        }
    }
    found
}

fn of_metrics(of: &Combined) -> Vec<String> {
    let mut found = Vec::new();
    // Those of classes are told class by class.
    for metric in of
        .metrics
        .iter()
        .filter(|metric| !metric.name.starts_with("auroc_"))
    {
        let (split, name) = (&metric.split, &metric.name);
        if let Some((baseline, value)) = metric.baseline.as_ref().filter(|_| metric.is_beaten()) {
            found.push(format!(
                "{split}: {name} is {}, no better than {baseline} with {}.",
                general(metric.value),
                general(*value)
            ));
        }
        if name == "auroc" || name == "balanced_accuracy" {
            match metric.interval {
                Some([low, high]) if low <= CHANCE => found.push(format!(
                    "{split}: {name} is {}; its interval, {} to {}, holds chance.",
                    general(metric.value),
                    general(low),
                    general(high)
                )),
                None if metric.value <= CHANCE => found.push(format!(
                    "{split}: {name} is {}, no better than chance.",
                    general(metric.value)
                )),
                _ => {}
            }
        }
    }
    found
}

fn of_comparison(row: &Json) -> Option<String> {
    let difference = number(row, "difference")?;
    let subject = format!(
        "{}: by {}, {}",
        text(row, "split"),
        text(row, "metric"),
        text(row, "score")
    );
    let other = text(row, "compared_with");
    let interval = bounds(row, ["ci_low", "ci_high"]);
    let range = interval.map_or(String::new(), |[low, high]| {
        format!(", {} to {}", general(low), general(high))
    });
    let difference = general(difference);
    match interval {
        Some([_, high]) if high < 0.0 => Some(format!(
            "{subject} is worse than {other}: difference {difference}{range}."
        )),
        Some([low, _]) if low <= 0.0 => Some(format!(
            "{subject} is not shown to be better than {other}: difference {difference}{range}."
        )),
        None if difference.starts_with('-') || difference == "0" => Some(format!(
            "{subject} is no better than {other}: difference {difference}."
        )),
        _ => None,
    }
}

fn of_strata(strata: &[Json]) -> Vec<String> {
    let mut found = Vec::new();
    let mut splits: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for stratum in strata {
        let auroc = list(stratum, "metrics");
        let auroc = auroc.iter().filter(|row| text(row, "name") == "auroc");
        let scores: Vec<_> = auroc
            .filter_map(|row| {
                let interval = bounds(row, ["ci_low", "ci_high"]);
                Some((text(row, "score"), number(row, "value")?, interval))
            })
            .collect();
        let (split, name) = (text(stratum, "split"), text(stratum, "stratum"));
        found.extend(at_chance(&format!("{split}/{name}"), &scores));
        if list(stratum, "metrics").is_empty() {
            splits.entry(split).or_default().push(stratum);
        }
    }
    for (split, strata) in splits {
        let classes = strata.into_iter().map(|stratum| {
            let positive = count(stratum, "positive_variants");
            let sides = positive.zip(count(stratum, "negative_variants"));
            let sides = sides.map(|(positive, negative)| [positive, negative]);
            (text(stratum, "stratum"), sides, count(stratum, "n"))
        });
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

fn of_class(task: &str, class: &Json) -> Vec<String> {
    let all = aurocs(class);
    let name = format!("{task}/{}", class_name(class));
    let (baselines, scores): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(score, ..)| BASELINES.contains(score));
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
    classes: impl IntoIterator<Item = (&'a str, Option<[u64; 2]>, Option<u64>)>,
) -> Option<String> {
    let classes = classes.into_iter().map(|(name, sides, all)| match sides {
        Some([positive, negative]) => format!("{name} ({positive} and {negative})"),
        None => format!("{name} ({})", all.unwrap_or_default()),
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

fn of_reliability(curves: &Json) -> Option<String> {
    let error = calibration_error(curves)?;
    (error > UNCALIBRATED).then(|| {
        format!(
            "{}: the score is no probability: its mean distance from the share of positives is {}.",
            text(curves, "split"),
            general(error)
        )
    })
}

/// Mean over all variants of how far the mean score of their bin is from its share of positives.
pub(super) fn calibration_error(curves: &Json) -> Option<f64> {
    let bins = list(curves, "reliability").iter();
    let bins = bins.filter_map(|bin| {
        let n = count(bin, "n")? as f64;
        let apart = number(bin, "mean_score")? - number(bin, "positive_share")?;
        Some((n, n * apart.abs()))
    });
    let (n, sum) = bins.fold((0.0, 0.0), |(n, sum), bin| (n + bin.0, sum + bin.1));
    (n > 0.0).then(|| sum / n)
}

fn of_step(step: &Json) -> Vec<String> {
    let edits = match count(step, "k").unwrap_or_default() {
        1 => "1 edit".to_owned(),
        more => format!("{more} edits"),
    };
    let place = format!("{}, {edits}", text(step, "split"));
    let pair = |value: &str, baseline: &str| number(step, value).zip(number(step, baseline));
    let cosine = pair("cosine_similarity_mean", "naive_baseline_cosine_mean");
    let l2 = pair("l2_distance_mean", "naive_baseline_l2_mean");
    let recall = pair("recall_at_k", "naive_baseline_recall_at_k");
    let beaten = [
        (
            "cosine",
            cosine.is_some_and(|(value, baseline)| value <= baseline),
        ),
        (
            "distance",
            l2.is_some_and(|(value, baseline)| value >= baseline),
        ),
        (
            "recall",
            recall.is_some_and(|(value, baseline)| value <= baseline),
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
    if let Some((_, baseline)) = cosine.filter(|(_, baseline)| *baseline >= ALIKE) {
        found.push(format!(
            "{place}: states hardly move: the cosine of source and target is {}.",
            general(baseline)
        ));
    }
    found
}

fn of_percentiles(evaluation: &Json) -> Option<String> {
    let test = evaluation.as_object()?.get("uniformity")?;
    let (distance, p) = (number(test, "ks_statistic")?, number(test, "ks_p_value")?);
    (p < SIGNIFICANT).then(|| {
        format!(
            "Percentiles of {} common variants are not uniform: distance {}, p = {}.",
            count(test, "variants").unwrap_or_default(),
            general(distance),
            general(p)
        )
    })
}

fn of_predictions(evaluation: &Json) -> Vec<String> {
    let kinds = evaluation.as_object().and_then(|of| of.get("prediction"));
    let kinds = kinds.and_then(Json::as_object).into_iter().flatten();
    let found = kinds.filter_map(|(kind, of)| {
        let closer = number(of, "prediction_closer").filter(|share| *share <= CHANCE)?;
        Some(format!(
            "prediction/{kind}: the guess that nothing changes is the closer one for {:.1} % of the \
             edits.",
            100.0 * (1.0 - closer)
        ))
    });
    found.collect()
}
