//! The bootstrap: confidence intervals by resampling.

use super::check_scores;
use super::mersenne::Mersenne;
use crate::{Error, Result};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// How an interval is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapOptions {
    /// How many resamples.
    pub resamples: usize,
    /// Share of the resamples that lies inside, above 0 and below 1.
    pub level: f64,
    /// Seed of the stream, which is that of Python's `random`: published intervals come out the same.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self {
            resamples: 1_000,
            level: 0.95,
            seed: 0,
        }
    }
}

/// The bounds of a percentile interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapInterval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// A percentile interval of `statistic` under resampling with replacement within each stratum, so
/// that every resample holds as many positives and negatives as the data. One stratum for all rows
/// is the plain bootstrap.
///
/// `strata` names each row's stratum, and lower strata are drawn first; `statistic` is given the drawn rows in ascending order.
///
/// # Errors
/// `INPUT.GENERIC` for no rows, no resamples or a level outside 0..1; and what `statistic` returns.
///
/// ```
/// use genolewm_core::evaluation::{BootstrapOptions, bootstrap_interval};
/// let values = [1.0, 2.0, 3.0, 4.0];
/// let mean = |rows: &[usize]| Ok(rows.iter().map(|&r| values[r]).sum::<f64>() / 4.0);
/// let interval = bootstrap_interval(&[(); 4], &BootstrapOptions::default(), mean)?;
/// assert!(interval.low < 2.5 && 2.5 < interval.high);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn bootstrap_interval<S: Ord>(
    strata: &[S],
    options: &BootstrapOptions,
    mut statistic: impl FnMut(&[usize]) -> Result<f64>,
) -> Result<BootstrapInterval> {
    let drawn = resamples(strata, options, |rows| Ok(Some([statistic(rows)?])))?;
    Ok(interval(drawn.iter().map(|[value]| *value), options.level))
}

/// Percentile intervals of several figures over the same resamples, otherwise as
/// [`bootstrap_interval`]. Resamples for which `statistic` has `None` are left out: a correlation,
/// for example, does not exist where every drawn value is the same.
///
/// # Errors
/// As [`bootstrap_interval`], and `INPUT.GENERIC` when every resample is left out.
pub fn bootstrap_intervals<S: Ord, const N: usize>(
    strata: &[S],
    options: &BootstrapOptions,
    statistic: impl FnMut(&[usize]) -> Result<Option<[f64; N]>>,
) -> Result<[BootstrapInterval; N]> {
    let drawn = resamples(strata, options, statistic)?;
    Ok(core::array::from_fn(|figure| {
        let values = drawn
            .iter()
            .filter_map(|values| values.get(figure).copied());
        interval(values, options.level)
    }))
}

/// The figures of every resample that has them, in the order in which they were drawn.
pub(super) fn resamples<S: Ord, T>(
    strata: &[S],
    options: &BootstrapOptions,
    mut statistic: impl FnMut(&[usize]) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    check(strata.len(), options)?;
    let mut members: BTreeMap<&S, Vec<usize>> = BTreeMap::new();
    for (row, stratum) in strata.iter().enumerate() {
        members.entry(stratum).or_default().push(row);
    }

    let mut rng = Mersenne::new(options.seed);
    let mut drawn = Vec::with_capacity(strata.len());
    let mut values = Vec::with_capacity(options.resamples);
    for _ in 0..options.resamples {
        drawn.clear();
        for rows in members.values() {
            drawn.extend((0..rows.len()).filter_map(|_| rows.get(rng.index_below(rows.len()))));
        }
        // In the input's order: a statistic may break ties by it.
        drawn.sort_unstable();
        values.extend(statistic(&drawn)?);
    }
    if values.is_empty() {
        return Err(Error::input(
            "no resample has a figure: the data hardly vary",
        ));
    }
    Ok(values)
}

fn check(rows: usize, options: &BootstrapOptions) -> Result<()> {
    if rows == 0 || options.resamples == 0 {
        return Err(Error::input(
            "an interval needs at least one row and one resample",
        ));
    }
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(Error::input("a confidence level lies between 0 and 1")
            .with_detail("level", options.level));
    }
    Ok(())
}

/// The percentile interval of the figures of resamples.
pub(super) fn interval(values: impl Iterator<Item = f64>, level: f64) -> BootstrapInterval {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    BootstrapInterval {
        low: quantile(&sorted, tail),
        high: quantile(&sorted, 1.0 - tail),
    }
}

/// A percentile interval of a figure for a yes-or-no label: as many positives and as many negatives in
/// each resample as in the data.
///
/// # Errors
/// As [`bootstrap_interval`] and `metric`.
pub fn stratified_interval(
    scores: &[f64],
    positive: &[bool],
    options: &BootstrapOptions,
    mut metric: impl FnMut(&[f64], &[bool]) -> Result<f64>,
) -> Result<BootstrapInterval> {
    check_scores(scores, positive.len())?;
    // Positives are drawn first.
    let strata: Vec<bool> = positive.iter().map(|is| !is).collect();
    bootstrap_interval(&strata, options, |rows| {
        let drawn_scores: Vec<f64> = pick(scores, rows);
        metric(&drawn_scores, &pick(positive, rows))
    })
}

pub(super) fn pick<T: Copy>(column: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter()
        .filter_map(|&row| column.get(row).copied())
        .collect()
}

/// The quantile of sorted values, interpolated between neighbours.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    let place = q * (sorted.len() - 1) as f64;
    let below = libm::floor(place);
    let index = below as usize;
    if index + 1 >= sorted.len() {
        return at(sorted.len() - 1);
    }
    // Term by term as published intervals were rounded.
    let weight = place - below;
    at(index) * (1.0 - weight) + at(index + 1) * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let sorted = [0.0, 1.0, 2.0, 3.0];
        assert!((quantile(&sorted, 0.5) - 1.5).abs() < 1e-12);
        assert!((quantile(&sorted, 1.0) - 3.0).abs() < 1e-12);
        assert!((quantile(&[7.0], 0.3) - 7.0).abs() < 1e-12);
    }

    #[test]
    fn strata_keep_their_sizes_and_the_seed_decides() -> Result<()> {
        let strata = [true, true, false, false, false];
        let mut draws = Vec::new();
        let options = BootstrapOptions {
            resamples: 50,
            seed: 3,
            ..Default::default()
        };
        let first = bootstrap_interval(&strata, &options, |rows| {
            assert_eq!(rows.iter().filter(|&&row| row < 2).count(), 2);
            assert!(rows.is_sorted());
            draws.push(rows.to_vec());
            Ok(rows.iter().sum::<usize>() as f64)
        })?;
        assert!(draws.windows(2).any(|pair| pair[0] != pair[1]));
        let again = bootstrap_interval(&strata, &options, |rows| {
            Ok(rows.iter().sum::<usize>() as f64)
        })?;
        assert_eq!(first, again);
        Ok(())
    }

    #[test]
    fn senseless_options_are_refused() {
        let run = |options| bootstrap_interval(&[()], &options, |_| Ok(0.0)).is_err();
        assert!(run(BootstrapOptions {
            resamples: 0,
            ..Default::default()
        }));
        assert!(run(BootstrapOptions {
            level: 1.0,
            ..Default::default()
        }));
        assert!(bootstrap_interval(&[(); 0], &BootstrapOptions::default(), |_| Ok(0.0)).is_err());
    }
}
