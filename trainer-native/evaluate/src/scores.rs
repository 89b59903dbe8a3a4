//! Tables of AUROC by class of variant and kind of score.

use genolewm_core::Result;
use genolewm_core::evaluation::{
    BootstrapOptions, RocPoint, auroc, roc_curve, stratified_interval,
};
use genolewm_core::genome::consequence::Consequence;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The score that is known only where primates are aligned.
pub const CONSERVATION: &str = "conservation";
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

impl Score {
    /// A score by its values.
    pub(crate) fn new(name: &'static str, values: impl IntoIterator<Item = f64>) -> Self {
        let values = values.into_iter().collect();
        Self { name, values }
    }

    /// Whether the score may be unknown (not a number) for some variants, which then do not count.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.name == CONSERVATION
    }
}

/// An AUROC with its bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Auroc {
    /// The chance that a pathogenic variant scores higher than a benign one.
    pub auroc: f64,
    /// Lower bound of the 95 % interval.
    pub low: f64,
    /// Upper bound of the 95 % interval.
    pub high: f64,
    /// Variants of the positive and the negative side, where the score is not known for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<[usize; 2]>,
}

/// A class of variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// `all`, a consequence's Sequence Ontology term, or a group of them.
    pub class: String,
    /// Pathogenic and likely pathogenic variants.
    pub pathogenic: usize,
    /// Benign and likely benign variants.
    pub benign: usize,
    /// By score; empty where a side has too few variants.
    pub auroc: BTreeMap<String, Auroc>,
}

/// The figures of a class of variants, whatever its sides are.
#[derive(Debug, Clone, Copy)]
pub struct ClassFigures<'a> {
    /// The class.
    pub name: &'a str,
    /// Variants on the positive and on the negative side.
    pub sides: [usize; 2],
    /// Whether each of one side has its partner on the other.
    pub is_paired: bool,
    /// By score; empty where a side has too few variants.
    pub auroc: &'a BTreeMap<String, Auroc>,
}

impl ClassFigures<'_> {
    /// Its name with its size.
    #[must_use]
    pub fn title(&self) -> String {
        let [positive, negative] = self.sides;
        let name = self.name.replace('_', " ");
        if self.is_paired {
            format!("{name} ({positive})")
        } else {
            format!("{name} ({positive} / {negative})")
        }
    }
}

impl<'a> From<&'a Class> for ClassFigures<'a> {
    fn from(class: &'a Class) -> Self {
        Self {
            name: &class.class,
            sides: [class.pathogenic, class.benign],
            is_paired: false,
            auroc: &class.auroc,
        }
    }
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
            let (sides, auroc) = aurocs(scores, positive, &rows, bootstrap)?;
            Ok(Class {
                class,
                pathogenic: sides[0],
                benign: sides[1],
                auroc,
            })
        })
        .collect()
}

/// Measures every score on some rows: how many are positive and negative, and, where both sides have
/// [`LEAST_PER_SIDE`], the figures. A partial score needs as many rows that it is known for.
///
/// # Errors
/// As [`table`].
pub fn aurocs(
    scores: &[Score],
    positive: &[bool],
    rows: &[usize],
    bootstrap: &BootstrapOptions,
) -> Result<([usize; 2], BTreeMap<String, Auroc>)> {
    let all = sides(&pick(positive, rows));
    let mut figures = BTreeMap::new();
    for score in scores {
        let value = |row: &usize| score.values.get(*row).copied().unwrap_or(f64::NAN);
        let known = |row: &&usize| !score.is_partial() || value(row).is_finite();
        let rows: Vec<usize> = rows.iter().filter(known).copied().collect();
        let labels = pick(positive, &rows);
        let counts = sides(&labels);
        if counts[0].min(counts[1]) < LEAST_PER_SIDE {
            continue;
        }
        let values: Vec<f64> = rows.iter().map(value).collect();
        let figure = Auroc {
            known: (counts != all).then_some(counts),
            ..measure(&values, &labels, bootstrap)?
        };
        figures.insert(score.name.to_owned(), figure);
    }
    Ok((all, figures))
}

pub(crate) fn pick<T: Copy>(column: &[T], rows: &[usize]) -> Vec<T> {
    let rows = rows.iter().filter_map(|&row| column.get(row));
    rows.copied().collect()
}

/// How many are on the positive side, and how many on the other.
#[must_use]
pub fn sides(positive: &[bool]) -> [usize; 2] {
    let count = positive.iter().filter(|&&is| is).count();
    [count, positive.len() - count]
}

fn measure(values: &[f64], labels: &[bool], bootstrap: &BootstrapOptions) -> Result<Auroc> {
    let interval = stratified_interval(values, labels, bootstrap, auroc)?;
    Ok(Auroc {
        auroc: auroc(values, labels)?,
        low: interval.low,
        high: interval.high,
        known: None,
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
    let mut terms: Vec<&str> = consequences.iter().map(|is| is.term().as_str()).collect();
    terms.sort_unstable();
    terms.dedup();
    let mut classes = vec![("all".to_owned(), rows(&|_, _| true))];
    classes.extend(
        terms
            .into_iter()
            .map(|term| (term.to_owned(), rows(&|_, is| is.term().as_str() == term))),
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
            known: None,
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
