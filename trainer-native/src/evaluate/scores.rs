//! Tables of AUROC by class of variant and kind of score.

use crate::dataset::consequence::Consequence;
use genolewm_shared::Result;
use genolewm_shared::evaluation::{BootstrapOptions, auroc, stratified_interval};
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
    classes(positive, consequences)
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

/// Names and rows: all, each consequence, the splice sites together, and pathogenic stops against
/// benign synonymous changes, which only the reading frame tells apart.
fn classes(positive: &[bool], consequences: &[Consequence]) -> Vec<(String, Vec<usize>)> {
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
    let frame = |row: usize, is: Consequence| match is {
        Consequence::StopGained => positive[row],
        Consequence::Synonymous => !positive[row],
        _ => false,
    };
    classes.push(("stop_gained_against_synonymous".to_owned(), rows(&frame)));
    classes
}

fn is_splice(consequence: Consequence) -> bool {
    matches!(
        consequence,
        Consequence::SpliceDonor | Consequence::SpliceAcceptor | Consequence::SpliceRegion { .. }
    )
}

/// The points of the receiver operating characteristic, false against true positive rate, from the
/// highest score down; equal scores are one step.
#[must_use]
pub fn roc(scores: &[f64], positive: &[bool]) -> Vec<(f64, f64)> {
    let positives = positive.iter().filter(|&&is| is).count().max(1) as f64;
    let negatives = positive.iter().filter(|&&is| !is).count().max(1) as f64;
    let mut ranked: Vec<(f64, bool)> = scores
        .iter()
        .copied()
        .zip(positive.iter().copied())
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut wrong) = (0_u64, 0_u64);
    let mut points = vec![(0.0, 0.0)];
    for equal in ranked.chunk_by(|a, b| a.0 == b.0) {
        for &(_, is_positive) in equal {
            right += u64::from(is_positive);
            wrong += u64::from(!is_positive);
        }
        points.push((wrong as f64 / negatives, right as f64 / positives));
    }
    points
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
        let classes = classes(&positive, &consequences);
        assert_eq!(classes.last().unwrap().1, [0, 3]);
    }

    #[test]
    fn the_curve_steps_over_ties() {
        let points = roc(&[0.9, 0.4, 0.4, 0.1], &[true, true, false, false]);
        assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
    }
}
