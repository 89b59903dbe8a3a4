//! Tables of AUROC by class of variant and kind of score.

use crate::dataset::consequence::Consequence;
use genolewm_shared::Result;
use genolewm_shared::evaluation::{
    BootstrapOptions, RocPoint, auroc, roc_curve, stratified_interval,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A class with fewer variants on either side is counted, but not measured.
pub const LEAST_PER_SIDE: usize = 10;

/// What a score means, and its value for each variant: higher for more harm.
#[derive(Debug, Clone)]
pub struct Score {
    /// Its key in the tables.
    pub name: &'static str,
    /// By variant.
    pub values: Vec<f64>,
}

/// An AUROC with its bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Auroc {
    /// The chance that a pathogenic variant scores higher than a benign one.
    pub auroc: f64,
    /// Lower bound of the 95 % interval.
    pub low: f64,
    /// Upper bound of the 95 % interval.
    pub high: f64,
}

/// A class of variants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    /// `all`, a consequence's Sequence Ontology term, or a group of them.
    pub class: String,
    /// Pathogenic and likely pathogenic variants.
    pub pathogenic: usize,
    /// Benign and likely benign variants.
    pub benign: usize,
    /// By score; empty where a side has too few variants.
    pub auroc: BTreeMap<&'static str, Auroc>,
}

/// Measures every score in every class that has [`LEAST_PER_SIDE`] variants on both sides.
///
/// # Errors
/// `INPUT.GENERIC` for scores that are not finite, or not as many as there are variants.
pub fn table(
    scores: &[Score],
    positive: &[bool],
    consequences: &[Consequence],
    bootstrap: &BootstrapOptions,
) -> Result<Vec<Class>> {
    classes(Some(positive), consequences)
        .into_iter()
        .map(|(class, rows)| {
            let labels: Vec<bool> = rows.iter().map(|&row| positive[row]).collect();
            let pathogenic = labels.iter().filter(|&&label| label).count();
            let benign = labels.len() - pathogenic;
            let enough = pathogenic.min(benign) >= LEAST_PER_SIDE;
            let measured = scores.iter().filter(|_| enough).map(|score| {
                let values: Vec<f64> = rows
                    .iter()
                    .filter_map(|&row| score.values.get(row).copied())
                    .collect();
                Ok((score.name, measure(&values, &labels, bootstrap)?))
            });
            Ok(Class {
                class,
                pathogenic,
                benign,
                auroc: measured.collect::<Result<_>>()?,
            })
        })
        .collect()
}

fn measure(values: &[f64], labels: &[bool], bootstrap: &BootstrapOptions) -> Result<Auroc> {
    let interval = stratified_interval(values, labels, bootstrap, auroc)?;
    Ok(Auroc {
        auroc: auroc(values, labels)?,
        low: interval.low,
        high: interval.high,
    })
}

/// Names and rows: all, each consequence, the splice sites together, and, for labels with two sides,
/// pathogenic stops against benign synonymous changes, which only the reading frame tells apart.
pub(super) fn classes(
    positive: Option<&[bool]>,
    consequences: &[Consequence],
) -> Vec<(String, Vec<usize>)> {
    let rows = |keep: &dyn Fn(usize, Consequence) -> bool| -> Vec<usize> {
        let kept = consequences
            .iter()
            .enumerate()
            .filter(|&(row, &is)| keep(row, is));
        kept.map(|(row, _)| row).collect()
    };
    let mut terms: Vec<&str> = consequences.iter().map(|is| is.term()).collect();
    terms.sort_unstable();
    terms.dedup();
    let mut classes = vec![("all".to_owned(), rows(&|_, _| true))];
    classes.extend(
        terms
            .into_iter()
            .map(|term| (term.to_owned(), rows(&|_, is| is.term() == term))),
    );
    classes.push(("splice".to_owned(), rows(&|_, is| is_splice(is))));
    if let Some(positive) = positive {
        let frame = |row: usize, is: Consequence| match is {
            Consequence::StopGained => positive[row],
            Consequence::Synonymous => !positive[row],
            _ => false,
        };
        classes.push(("stop_gained_against_synonymous".to_owned(), rows(&frame)));
    }
    classes
}

fn is_splice(consequence: Consequence) -> bool {
    matches!(
        consequence,
        Consequence::SpliceDonor | Consequence::SpliceAcceptor | Consequence::SpliceRegion { .. }
    )
}

/// The points of the receiver operating characteristic, false against true positive rate, for a
/// picture; none where there is no curve.
#[must_use]
pub fn roc(scores: &[f64], positive: &[bool]) -> Vec<(f64, f64)> {
    let points = roc_curve(scores, positive).unwrap_or_default().into_iter();
    let place = |point: RocPoint| (point.false_positive_rate, point.true_positive_rate);
    points.map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_classes_are_counted_but_not_measured() {
        let positive: Vec<bool> = (0..44).map(|row| row % 2 == 0).collect();
        let consequences: Vec<Consequence> = (0..44)
            .map(|row| {
                if row < 40 {
                    Consequence::Missense {
                        blosum62: row as i8 % 3,
                    }
                } else {
                    Consequence::SpliceDonor
                }
            })
            .collect();
        let values = positive.iter().map(|&is| f64::from(u8::from(is))).collect();
        let options = BootstrapOptions {
            resamples: 20,
            ..Default::default()
        };
        let score = Score {
            name: "perfect",
            values,
        };
        let table = table(&[score], &positive, &consequences, &options).unwrap();
        let class = |name: &str| table.iter().find(|class| class.class == name).unwrap();
        assert_eq!((class("all").pathogenic, class("all").benign), (22, 22));
        assert_eq!(class("missense_variant").pathogenic, 20);
        let perfect = Auroc {
            auroc: 1.0,
            low: 1.0,
            high: 1.0,
        };
        assert_eq!(class("missense_variant").auroc["perfect"], perfect);
        assert_eq!(
            (class("splice").pathogenic, class("splice").auroc.len()),
            (2, 0)
        );
        assert!(class("stop_gained_against_synonymous").auroc.is_empty());
    }

    #[test]
    fn stops_meet_synonymous_changes_by_their_labels() {
        let positive = [true, true, false, false];
        let consequences = [
            Consequence::StopGained,
            Consequence::Synonymous,
            Consequence::StopGained,
            Consequence::Synonymous,
        ];
        let classes = classes(Some(&positive), &consequences);
        assert_eq!(classes.last().unwrap().1, [0, 3]);
    }

    #[test]
    fn the_curve_steps_over_ties() {
        let points = roc(&[0.9, 0.4, 0.4, 0.1], &[true, true, false, false]);
        assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        assert!(roc(&[0.9], &[true]).is_empty());
    }
}
