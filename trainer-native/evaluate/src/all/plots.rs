//! Pictures of figures.

use super::combine::Combined;
use super::members::{count, list, number, points, text};
use genolewm_core::provenance::Json;
use genolewm_report::document::Figure;
use genolewm_report::svg::Plot;
use std::collections::BTreeMap;

const DIAGONAL: [(f64, f64); 2] = [(0.0, 0.0), (1.0, 1.0)];

/// ROC and precision-recall curves, a line a split.
#[must_use]
pub fn curves(of: &Combined) -> Vec<Figure> {
    let roc = Plot::new("ROC curves", "false positive rate", "true positive rate").compact();
    let pr = Plot::new("Precision-recall curves", "recall", "precision").compact();
    let roc = lines(roc, of, |curves| points(curves, "roc"));
    let pr = lines(pr, of, |curves| points(curves, "pr"));
    let mut figures = Vec::new();
    if let Some(plot) = roc {
        figures.push(Figure {
            svg: plot.line("chance", DIAGONAL.to_vec()).to_svg(),
            caption:
                "ROC: the share of positives found against the share of negatives called with \
                      them."
                    .to_owned(),
        });
    }
    if let Some(plot) = pr {
        figures.push(Figure {
            // The axes are whole, whatever the curves reach.
            svg: plot.holding((0.0, 0.0)).holding((1.0, 1.0)).to_svg(),
            caption: "Precision and recall; chance is the share of positives, where a curve ends."
                .to_owned(),
        });
    }
    figures
}

/// One line for each set of curves that has some; `None` when none has.
fn lines(mut plot: Plot, of: &Combined, points: impl Fn(&Json) -> Vec<(f64, f64)>) -> Option<Plot> {
    let mut drawn = false;
    for curves in of.list("curves") {
        let points = points(curves);
        if !points.is_empty() {
            drawn = true;
            plot = plot.line(text(curves, "split"), points);
        }
    }
    drawn.then_some(plot)
}

/// Scores against shares of positives, and percentiles of common variants against uniform ones.
#[must_use]
pub fn calibration(of: &Combined) -> Vec<Figure> {
    let plot = Plot::new("Reliability", "mean score", "share of positives").compact();
    let reliability = lines(plot, of, |curves| {
        let bins = list(curves, "reliability").iter();
        let bins = bins.filter(|bin| count(bin, "n") > Some(0));
        let bins = bins
            .filter_map(|bin| Some((number(bin, "mean_score")?, number(bin, "positive_share")?)));
        bins.collect()
    });
    let mut figures = Vec::new();
    if let Some(plot) = reliability {
        figures.push(Figure {
            svg: plot.line("a probability", DIAGONAL.to_vec()).to_svg(),
            caption: "Reliability, by bins of the score: on the diagonal a score would be the \
                      probability of a positive."
                .to_owned(),
        });
    }
    for evaluation in of.list("evaluations") {
        figures.extend(percentiles(evaluation).into_iter().flatten());
    }
    figures
}

fn percentiles(evaluation: &Json) -> Option<[Figure; 2]> {
    let test = evaluation.as_object()?.get("uniformity")?;
    let counts: Vec<f64> = list(test, "histogram")
        .iter()
        .filter_map(Json::as_f64)
        .collect();
    let total: f64 = counts.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let width = 1.0 / counts.len() as f64;
    let shares: Vec<f64> = counts.iter().map(|count| count / total).collect();
    let mut sum = 0.0;
    let mut cumulative = vec![(0.0, 0.0)];
    for (bin, share) in shares.iter().enumerate() {
        sum += share;
        cumulative.push(((bin + 1) as f64 * width, sum));
    }
    let histogram = Plot::new(
        "Percentiles of common variants",
        "percentile",
        "share of variants",
    )
    .compact()
    .bars("observed", &shares, 0.0, 1.0)
    .line("uniform", vec![(0.0, width), (1.0, width)]);
    let plot = Plot::new(
        "Cumulative percentiles",
        "percentile",
        "share of variants below it",
    );
    let plot = plot.compact().line("observed", cumulative);
    Some([
        Figure {
            svg: histogram.to_svg(),
            caption: format!(
                "Percentiles of {} held-out common variants.",
                count(test, "variants").unwrap_or_default()
            ),
        },
        Figure {
            svg: plot.line("uniform", DIAGONAL.to_vec()).to_svg(),
            caption: format!(
                "The same, cumulative. Largest distance from the diagonal: {:.4}.",
                number(test, "ks_statistic").unwrap_or_default()
            ),
        },
    ])
}

/// Cosine, distance and recall by the number of edits, of each split.
#[must_use]
pub fn rollouts(of: &Combined) -> Vec<Figure> {
    let mut splits: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for step in of.list("rollout_stratification") {
        splits.entry(text(step, "split")).or_default().push(step);
    }
    let splits = splits.into_iter().filter(|(_, steps)| steps.len() > 1);
    splits
        .flat_map(|(split, steps)| figures_of(split, &steps))
        .collect()
}

fn figures_of(split: &str, steps: &[&Json]) -> [Figure; 3] {
    [
        (
            "cosine with the target",
            "cosine_similarity_mean",
            "naive_baseline_cosine_mean",
        ),
        (
            "distance to the target",
            "l2_distance_mean",
            "naive_baseline_l2_mean",
        ),
        ("recall", "recall_at_k", "naive_baseline_recall_at_k"),
    ]
    .map(|(label, value, baseline)| {
        let line = |key: &str| {
            let steps = steps.iter();
            let steps =
                steps.filter_map(|step| Some((count(step, "k")? as f64, number(step, key)?)));
            steps.collect::<Vec<_>>()
        };
        let plot = Plot::new(label, "edits", label).compact();
        Figure {
            svg: plot
                .line("prediction", line(value))
                .line("source state", line(baseline))
                .to_svg(),
            caption: format!("{split}: {label} after so many edits."),
        }
    })
}
