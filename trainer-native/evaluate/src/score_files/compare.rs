//! Whether one score is better than another, by paired bootstrap and DeLong's test, over all variants
//! and class by class.

use crate::score_files::agreement::{Agreement, Measure};
use crate::score_files::jsonl::LabelValues;
use crate::scores::{LEAST_PER_SIDE, classes, pick};
use genolewm_core::Result;
use genolewm_core::evaluation::{
    DelongTest, PairedComparison, auroc, average_precision, delong_test, paired_interval, spearman,
};
use genolewm_core::genome::consequence::Consequence;

/// A score, by labelled variant.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreColumn {
    /// The field, or the name of a baseline.
    pub name: String,
    /// By variant.
    pub values: Vec<f64>,
}

impl ScoreColumn {
    /// The same score, of some variants.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            values: pick(&self.values, rows),
        }
    }
}

/// A figure of two scores on the same variants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// `auroc`, `average_precision` or `spearman_rho`.
    pub metric: &'static str,
    /// The figure of the score that was asked for, and that of the other.
    pub values: [f64; 2],
    /// The paired bootstrap; `None` when no resamples were asked for.
    pub bootstrap: Option<PairedComparison>,
    /// DeLong's test, for `auroc` with at least two variants on either side.
    pub delong: Option<DelongTest>,
}

/// A class of variants.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// `all`, a consequence's Sequence Ontology term, or a group of them.
    pub name: String,
    /// How many variants it has.
    pub variants: usize,
    /// Pathogenic and benign ones, for labels with two sides.
    pub sides: Option<[usize; 2]>,
    /// By score; empty where the class is too small to measure.
    pub agreements: Vec<(String, Agreement)>,
}

impl Measure {
    /// Compares two scores, a higher one meaning more harm in both.
    ///
    /// # Errors
    /// As [`Measure::agreement`].
    pub fn compare(&self, scores: [&[f64]; 2], labels: &LabelValues) -> Result<Vec<Compared>> {
        match labels {
            LabelValues::Binary(positive) => self.compare_binary(scores, positive),
            LabelValues::Continuous(values) => {
                // The columns are sound, so an error means that a drawn one does not vary.
                let metric = |scores: &[f64], values: &[f64]| Ok(spearman(scores, values).ok());
                let same = vec![(); values.len()];
                Ok(vec![Compared {
                    metric: "spearman_rho",
                    values: [spearman(scores[0], values)?, spearman(scores[1], values)?],
                    bootstrap: self.paired(scores, values, &same, metric)?,
                    delong: None,
                }])
            }
        }
    }

    fn compare_binary(&self, scores: [&[f64]; 2], positive: &[bool]) -> Result<Vec<Compared>> {
        // Positives are drawn first, as for the interval of a single score.
        let strata: Vec<bool> = positive.iter().map(|is| !is).collect();
        let has_variance = crate::scores::sides(positive).iter().all(|&side| side >= 2);
        let [a, b] = scores;
        let test = has_variance.then(|| delong_test(a, b, positive));
        let metrics: [(&'static str, Statistic); 2] =
            [("auroc", auroc), ("average_precision", average_precision)];
        let compared = metrics.into_iter().map(|(metric, statistic)| {
            let of = |scores: &[f64], labels: &[bool]| statistic(scores, labels).map(Some);
            Ok(Compared {
                metric,
                values: [statistic(a, positive)?, statistic(b, positive)?],
                bootstrap: self.paired(scores, positive, &strata, of)?,
                delong: None,
            })
        });
        let mut compared = compared.collect::<Result<Vec<Compared>>>()?;
        if let Some(first) = compared.first_mut() {
            first.delong = test.transpose()?;
        }
        Ok(compared)
    }

    fn paired<L: Copy, S: Ord>(
        &self,
        scores: [&[f64]; 2],
        labels: &[L],
        strata: &[S],
        metric: impl FnMut(&[f64], &[L]) -> Result<Option<f64>>,
    ) -> Result<Option<PairedComparison>> {
        (self.bootstrap.resamples > 0)
            .then(|| paired_interval(scores, labels, strata, &self.bootstrap, metric))
            .transpose()
    }

    /// Measures every score in every class of variants; one with fewer than [`LEAST_PER_SIDE`]
    /// variants on a side, or in all for continuous labels, is only counted, and so is one in which
    /// a score or the labels do not vary.
    ///
    /// # Errors
    /// As [`Measure::agreement`].
    pub fn strata(
        &self,
        columns: &[ScoreColumn],
        labels: &LabelValues,
        consequences: &[Consequence],
    ) -> Result<Vec<Stratum>> {
        let positive = match labels {
            LabelValues::Binary(positive) => Some(positive.as_slice()),
            LabelValues::Continuous(_) => None,
        };
        let strata = classes(positive, consequences).into_iter();
        strata
            .map(|(name, rows)| self.stratum(name, &rows, columns, labels))
            .collect()
    }

    fn stratum(
        &self,
        name: String,
        rows: &[usize],
        columns: &[ScoreColumn],
        labels: &LabelValues,
    ) -> Result<Stratum> {
        let labels = labels.rows(rows);
        let sides = sides(&labels);
        let is_measured = match &labels {
            LabelValues::Binary(_) => sides.iter().flatten().all(|&side| side >= LEAST_PER_SIDE),
            LabelValues::Continuous(values) => values.len() >= LEAST_PER_SIDE && vary(values),
        };
        let mut agreements = Vec::new();
        for column in columns.iter().filter(|_| is_measured) {
            let values = column.rows(rows).values;
            if sides.is_some() || vary(&values) {
                agreements.push((column.name.clone(), self.agreement(&values, &labels)?));
            }
        }
        Ok(Stratum {
            name,
            variants: rows.len(),
            sides,
            agreements,
        })
    }
}

type Statistic = fn(&[f64], &[bool]) -> Result<f64>;

/// Positives and negatives, for labels with two sides.
#[must_use]
pub fn sides(labels: &LabelValues) -> Option<[usize; 2]> {
    match labels {
        LabelValues::Binary(positive) => Some(crate::scores::sides(positive)),
        LabelValues::Continuous(_) => None,
    }
}

fn vary(values: &[f64]) -> bool {
    values.windows(2).any(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::evaluation::BootstrapOptions;

    fn measure(resamples: usize) -> Measure {
        Measure {
            threshold: 0.5,
            bootstrap: BootstrapOptions {
                resamples,
                ..Default::default()
            },
        }
    }

    #[test]
    fn a_better_score_is_found_better_both_ways() {
        let positive: Vec<bool> = (0..60).map(|row| row % 2 == 0).collect();
        let good: Vec<f64> = (0..60)
            .map(|row| f64::from(row % 2 == 0) + f64::from(row % 7) / 5.0)
            .collect();
        let poor: Vec<f64> = (0..60).map(|row| f64::from(row % 11)).collect();
        let labels = LabelValues::Binary(positive);
        let found = measure(200).compare([&good, &poor], &labels).unwrap();
        let [area, precision] = &found[..] else {
            panic!("{found:?}");
        };
        let bootstrap = area.bootstrap.unwrap();
        assert!(area.values[0] > area.values[1] && bootstrap.interval.low > 0.0);
        assert!(bootstrap.p < 0.05 && area.delong.unwrap().p.unwrap() < 0.01);
        assert!(precision.delong.is_none() && precision.metric == "average_precision");
        let without = measure(0).compare([&good, &poor], &labels).unwrap();
        assert!(without[0].bootstrap.is_none() && without[0].delong.is_some());
    }

    #[test]
    fn continuous_labels_are_compared_by_rank() {
        let values: Vec<f64> = (0..30).map(f64::from).collect();
        let noise: Vec<f64> = (0..30).map(|row| f64::from(row * 7 % 30)).collect();
        let labels = LabelValues::Continuous(values.clone());
        let found = measure(50).compare([&values, &noise], &labels).unwrap();
        assert_eq!((found.len(), found[0].values[0]), (1, 1.0));
        assert!(found[0].bootstrap.unwrap().difference > 0.5);
    }

    #[test]
    fn strata_are_measured_for_every_score_where_they_are_large_enough() {
        let positive: Vec<bool> = (0..44).map(|row| row % 2 == 0).collect();
        let consequences: Vec<Consequence> = (0..44)
            .map(|row| match row {
                0..40 => Consequence::Missense { blosum62: 0 },
                _ => Consequence::Intron,
            })
            .collect();
        let column = |name: &str, sign: f64| ScoreColumn {
            name: name.to_owned(),
            values: positive.iter().map(|&is| sign * f64::from(is)).collect(),
        };
        let columns = [column("a", 1.0), column("b", -1.0)];
        let strata = measure(10)
            .strata(&columns, &LabelValues::Binary(positive), &consequences)
            .unwrap();
        let of = |name: &str| strata.iter().find(|stratum| stratum.name == name).unwrap();
        assert_eq!((of("all").variants, of("all").sides), (44, Some([22, 22])));
        let areas: Vec<f64> = of("missense_variant")
            .agreements
            .iter()
            .map(|(_, is)| is.value("auroc"))
            .collect();
        assert_eq!(areas, [1.0, 0.0]);
        assert!(of("intron_variant").agreements.is_empty());
        // Numbers: a score that never varies has no correlation.
        let labels = LabelValues::Continuous((0..44).map(f64::from).collect());
        let constant = ScoreColumn {
            name: "c".to_owned(),
            values: vec![1.0; 44],
        };
        let strata = measure(10)
            .strata(&[constant], &labels, &consequences)
            .unwrap();
        assert!(
            strata
                .iter()
                .all(|stratum| stratum.agreements.is_empty() && stratum.sides.is_none())
        );
    }
}
