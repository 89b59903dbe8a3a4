//! Whether percentiles are what they claim: uniform over common variants, by the test of Kolmogorov
//! and Smirnov (Kolmogorov-Smirnov).

use genolewm_report::svg::histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the top of a list begins.
pub const TOP_PERCENTILE: f64 = 0.99;
/// Bins of the stored histogram.
const BINS: usize = 20;
/// The 95 % quantile of Kolmogorov's limiting distribution.
const CRITICAL: f64 = 1.358_1;
/// Terms of Kolmogorov's series; the last is below 1e-300 wherever the first counts.
const TERMS: i32 = 100;

/// Kolmogorov and Smirnov's test of percentiles against the uniform distribution.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Uniformity {
    /// Percentiles tested.
    pub variants: usize,
    /// Largest distance between the distributions, 0 to 1; 0 is best.
    pub ks_statistic: f64,
    /// Chance of a distance as large for independent uniform values (asymptotic). Variants that lie
    /// near one another are not independent, so it is too small rather than too large.
    pub ks_p_value: f64,
    /// The distance that 95 % of uniform samples of this size stay within: a limit below it cannot be
    /// told from chance.
    pub critical_value: f64,
    /// Variants of the calibration table, itself a sample.
    pub table_variants: Option<u64>,
    /// The distance that 95 % of pairs of samples of these two sizes stay within.
    pub critical_value_with_table: Option<f64>,
    /// Mean percentile; 0.5 for uniform ones.
    pub mean: f64,
    /// Share of percentiles of at least 0.95; 0.05 for uniform ones.
    pub share_above_95: f64,
    /// Counts in equal bins from 0 to 1.
    pub histogram: Vec<u64>,
}

/// Percentiles of held-out common variants.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommonVariants {
    /// The test.
    #[serde(flatten)]
    pub uniformity: Uniformity,
    /// The same by kind of edit, those with enough variants.
    pub by_kind: BTreeMap<String, Uniformity>,
    /// Whether insertions and deletions lead the list.
    pub indels: Option<IndelShare>,
    /// Alleles of the files that are not measured, by reason.
    pub left_out: BTreeMap<String, u64>,
}

/// How many of the highest percentiles are insertions and deletions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IndelShare {
    /// Their share among all variants.
    pub of_all: f64,
    /// Their share among those at or above [`TOP_PERCENTILE`].
    pub of_top: f64,
    /// Variants there.
    pub top: usize,
}

impl IndelShare {
    /// Counts percentiles, each with whether its variant is an insertion or deletion; `None` where there is
    /// none at the top.
    #[must_use]
    pub fn of(variants: &[(bool, f64)]) -> Option<Self> {
        let share = |of: &[bool]| of.iter().filter(|is| **is).count() as f64 / of.len() as f64;
        let top = variants.iter().filter(|(_, p)| *p >= TOP_PERCENTILE);
        let top: Vec<bool> = top.map(|(is_indel, _)| *is_indel).collect();
        let all: Vec<bool> = variants.iter().map(|(is_indel, _)| *is_indel).collect();
        (!top.is_empty()).then(|| Self {
            of_all: share(&all),
            of_top: share(&top),
            top: top.len(),
        })
    }
}

impl Uniformity {
    /// Tests percentiles read from a table that was made from `table_variants`.
    #[must_use]
    pub fn of(percentiles: &[f64], table_variants: Option<u64>) -> Self {
        let count = percentiles.len().max(1) as f64;
        // One sample of this size lies as far from its distribution as two do from one another.
        let pooled = |table: u64| critical_value(count * table as f64 / (count + table as f64));
        let statistic = ks_statistic(percentiles);
        Self {
            variants: percentiles.len(),
            ks_statistic: statistic,
            ks_p_value: ks_p_value(statistic, percentiles.len()),
            critical_value: critical_value(count),
            table_variants,
            critical_value_with_table: table_variants.map(pooled),
            mean: percentiles.iter().sum::<f64>() / count,
            share_above_95: percentiles.iter().filter(|&&p| p >= 0.95).count() as f64 / count,
            histogram: histogram(percentiles, 0.0, 1.0, BINS),
        }
    }
}

/// The largest distance between the empirical distribution of `values` and the uniform one on 0..1;
/// 0 of nothing.
///
/// ```
/// use genolewm_evaluate::measure::uniformity::ks_statistic;
/// assert_eq!(ks_statistic(&[0.5]), 0.5);
/// assert_eq!(ks_statistic(&[0.125, 0.625, 0.375, 0.875]), 0.125);
/// ```
#[must_use]
pub fn ks_statistic(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let distance = |(index, value): (usize, &f64)| {
        let (before, after) = (index as f64 / count, (index + 1) as f64 / count);
        (after - value).max(value - before)
    };
    sorted.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// The chance of a statistic as large under uniformity, by Kolmogorov's series with Stephens'
/// correction for the number of values (Stephens 1970).
#[must_use]
pub fn ks_p_value(statistic: f64, count: usize) -> f64 {
    let root = (count as f64).sqrt();
    let scaled = (root + 0.12 + 0.11 / root) * statistic;
    // Below this the series converges too slowly to be summed, and its value is 1 to nine digits.
    if count == 0 || scaled < 0.25 {
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * scaled * scaled).exp()
    };
    (1..=TERMS).map(term).sum::<f64>().clamp(0.0, 1.0)
}

/// The distance that 95 % of uniform samples of `count` values stay within (Stephens 1970).
fn critical_value(count: f64) -> f64 {
    let root = count.sqrt();
    CRITICAL / (root + 0.12 + 0.11 / root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_of_the_statistic() {
        assert_eq!(ks_statistic(&[]), 0.0);
        assert_eq!(ks_statistic(&[1.0, 1.0, 1.0]), 1.0);
        assert_eq!(ks_statistic(&[0.0, 0.0]), 1.0);
        let grid: Vec<f64> = (0..1_000).map(|i| (f64::from(i) + 0.5) / 1_000.0).collect();
        assert!((ks_statistic(&grid) - 0.0005).abs() < 1e-12);
        let squares: Vec<f64> = grid.iter().map(|x| x * x).collect();
        assert!((ks_statistic(&squares) - 0.25).abs() < 1e-3);
    }

    #[test]
    fn p_values_agree_with_the_tables() {
        // Critical values of the limiting distribution: 1.358 at 5 %, 1.628 at 1 %.
        let p = |critical: f64| ks_p_value(critical / 1_000.0, 1_000_000);
        assert!((p(1.358) - 0.05).abs() < 5e-4 && (p(1.628) - 0.01).abs() < 2e-4);
        assert_eq!(ks_p_value(0.0, 10), 1.0);
        assert!(ks_p_value(0.5, 1_000) < 1e-12);
    }

    #[test]
    fn critical_values_are_where_one_in_twenty_is_beyond() {
        for count in [5, 50, 3_000] {
            let values = vec![0.5; count];
            let figures = Uniformity::of(&values, Some(count as u64));
            let p = ks_p_value(figures.critical_value, count);
            assert!((p - 0.05).abs() < 1e-4, "{count}: {p}");
            // Two samples of one size are apart as one of half the size.
            let half = Uniformity::of(&values[..count / 2], None).critical_value;
            let pooled = figures.critical_value_with_table.unwrap();
            assert!((pooled / half - 1.0).abs() < if count == 5 { 0.2 } else { 1e-9 });
        }
    }

    #[test]
    fn the_top_of_a_list_is_counted_by_kind() {
        let variants = [
            (true, 0.995),
            (false, 0.99),
            (true, 0.5),
            (false, 0.1),
            (false, 0.2),
        ];
        let share = IndelShare::of(&variants).unwrap();
        assert_eq!((share.of_all, share.of_top, share.top), (0.4, 0.5, 2));
        assert_eq!(IndelShare::of(&variants[2..]), None);
    }

    #[test]
    fn figures_count_every_percentile() {
        let figures = Uniformity::of(&[0.0, 0.01, 0.5, 0.96, 1.0], None);
        assert_eq!(figures.histogram.iter().sum::<u64>(), 5);
        assert!((figures.share_above_95 - 0.4).abs() < 1e-12);
        assert!((figures.mean - 0.494).abs() < 1e-12);
    }
}
