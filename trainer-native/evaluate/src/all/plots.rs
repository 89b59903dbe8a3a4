//! Pictures of figures: ROC, precision-recall, reliability, percentiles and rollouts.

use super::combine::Combined;
use crate::measure::evaluation::Evaluation;
use crate::metrics_file::rows::{CurvesRow, StepRow};
use genolewm_report::document::Picture;
use genolewm_report::svg::Plot;
use std::collections::BTreeMap;

const DIAGONAL: [(f64, f64); 2] = [(0.0, 0.0), (1.0, 1.0)];

/// ROC and precision-recall curves, a line a split.
#[must_use]
pub fn curves(of: &Combined) -> Vec<Picture> {
    let roc = Plot::new("ROC curves", "false positive rate", "true positive rate").compact();
    let pr = Plot::new("Precision-recall curves", "recall", "precision").compact();
    let roc = lines(roc, of, |curves| pairs(&curves.roc));
    let pr = lines(pr, of, |curves| pairs(&curves.pr));
    let roc = roc.map(|plot| {
        plot.line("chance", DIAGONAL.to_vec()).picture(
            "ROC: the share of positives found against the share of negatives called with them.",
        )
    });
    // The axes are whole, whatever the curves reach.
    let pr = pr.map(|plot| {
        plot.holding((0.0, 0.0))
            .holding((1.0, 1.0))
            .picture("Precision and recall; chance is the share of positives, where a curve ends.")
    });
    roc.into_iter().chain(pr).collect()
}

fn pairs(points: &[[f64; 2]]) -> Vec<(f64, f64)> {
    points.iter().map(|&[x, y]| (x, y)).collect()
}

/// One line for each set of curves that has some; `None` when none has.
fn lines(
    mut plot: Plot,
    of: &Combined,
    points: impl Fn(&CurvesRow) -> Vec<(f64, f64)>,
) -> Option<Plot> {
    let mut drawn = false;
    for curves in of.figures.all_curves() {
        let points = points(curves);
        if !points.is_empty() {
            drawn = true;
            plot = plot.line(curves.split.as_deref().unwrap_or_default(), points);
        }
    }
    drawn.then_some(plot)
}

/// Scores against shares of positives, and percentiles of common variants against uniform ones.
#[must_use]
pub fn calibration(of: &Combined) -> Vec<Picture> {
    let plot = Plot::new("Reliability", "mean score", "share of positives").compact();
    let reliability = lines(plot, of, |curves| {
        let bins = curves.reliability.iter().flatten();
        let bins = bins.filter(|bin| bin.n > 0);
        bins.map(|bin| (bin.mean_score, bin.positive_share))
            .collect()
    });
    let reliability = reliability.map(|plot| {
        plot.line("a probability", DIAGONAL.to_vec()).picture(
            "Reliability, by bins of the score: on the diagonal a score would be the probability \
             of a positive.",
        )
    });
    let percentiles = of.figures.evaluations.iter().filter_map(percentiles);
    reliability
        .into_iter()
        .chain(percentiles.flatten())
        .collect()
}

fn percentiles(evaluation: &Evaluation) -> Option<[Picture; 2]> {
    let test = &evaluation.uniformity.as_ref()?.uniformity;
    let counts: Vec<f64> = test.histogram.iter().map(|&count| count as f64).collect();
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
    let plot = |title, label| Plot::new(title, "percentile", label).compact();
    let histogram = plot("Percentiles of common variants", "share of variants")
        .bars("observed", &shares, 0.0, 1.0)
        .line("uniform", vec![(0.0, width), (1.0, width)]);
    let plot = plot("Cumulative percentiles", "share of variants below it")
        .line("observed", cumulative)
        .line("uniform", DIAGONAL.to_vec());
    let (variants, distance) = (test.variants, test.ks_statistic);
    Some([
        histogram.picture(format!(
            "Percentiles of {variants} held-out common variants."
        )),
        plot.picture(format!(
            "The same, cumulative. Largest distance from the diagonal: {distance:.4}."
        )),
    ])
}

/// Cosine, distance and recall by the number of edits, of each split.
#[must_use]
pub fn rollouts(of: &Combined) -> Vec<Picture> {
    let mut splits: BTreeMap<&str, Vec<&StepRow>> = BTreeMap::new();
    for step in &of.figures.rollout_stratification {
        splits.entry(&step.split).or_default().push(step);
    }
    let splits = splits.into_iter().filter(|(_, steps)| steps.len() > 1);
    splits
        .flat_map(|(split, steps)| pictures_of(split, &steps))
        .collect()
}

/// What a picture shows of a step: of the prediction, and of the source state.
type Shown = fn(&StepRow) -> [f64; 2];

fn pictures_of(split: &str, steps: &[&StepRow]) -> [Picture; 3] {
    let shown: [(&str, Shown); 3] = [
        ("cosine with the target", |of| {
            [of.cosine_similarity_mean, of.naive_baseline_cosine_mean]
        }),
        ("distance to the target", |of| {
            [of.l2_distance_mean, of.naive_baseline_l2_mean]
        }),
        ("recall", |of| {
            [of.recall_at_k, of.naive_baseline_recall_at_k]
        }),
    ];
    shown.map(|(label, of)| {
        let line = |which: usize| {
            let points = steps.iter().filter_map(|step| Some((step.k?, step)));
            let points = points.map(|(k, step)| (k as f64, of(step)[which]));
            points.collect::<Vec<_>>()
        };
        let plot = Plot::new(label, "edits", label).compact();
        let plot = plot
            .line("prediction", line(0))
            .line("source state", line(1));
        plot.picture(format!("{split}: {label} after so many edits."))
    })
}
