//! From token rows to one state: which rows are averaged, and the average in f64.
//!
//! The encoder pools on its own backend; [`pool_span`] tells it the rows. The f64 functions are the
//! reference that the backends are tested against.

use crate::position::BpOffset;
use crate::state_contract::StateContract;
use crate::{Error, Result};
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

/// How many tokens either side of the edited one are averaged, where nothing else is asked for.
pub const DEFAULT_POOL_RADIUS: usize = 256;

/// Which token rows are averaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PoolType {
    /// The rows around the edited token.
    #[default]
    CenteredMean,
    /// Every row.
    GlobalMean,
}

names! {
    /// The name in configs, caches and commitments.
    PoolType:
    CenteredMean = "centered_mean",
    GlobalMean = "global_mean",
}

parse_by_name!(
    PoolType,
    "a pool type is centered_mean or global_mean",
    "pool_type"
);

/// The rows that one state averages: `[first_row, last_row_exclusive)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolSpan {
    /// First row.
    pub first_row: usize,
    /// One past the last row.
    pub last_row_exclusive: usize,
    /// The edited token, for a centred mean.
    pub center_token: Option<usize>,
}

impl PoolSpan {
    /// The rows as a range.
    #[must_use]
    pub const fn rows(&self) -> Range<usize> {
        self.first_row..self.last_row_exclusive
    }

    /// How many rows are averaged; at least 1.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.last_row_exclusive - self.first_row
    }

    /// Whether no row is averaged: never, for a span from [`pool_span`].
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.last_row_exclusive == self.first_row
    }
}

/// The rows to average among `token_count`, by the rule of a contract. `locus` is an offset from the
/// window's start in bp. Without a locus it is always every row.
///
/// # Errors
/// `INPUT.GENERIC` when there is no row, or the locus lies beyond the last.
///
/// ```
/// use genolewm_core::pooling::{PoolType, pool_span};
/// use genolewm_core::position::BpOffset;
/// use genolewm_core::state_contract::StateContract;
/// let locus = Some(BpOffset(6));
/// let span = |contract| pool_span(contract, 40, locus, PoolType::CenteredMean, 3);
/// let old = span(StateContract::RawV0_2_1)?;
/// assert_eq!((old.rows(), old.center_token), (0..5, Some(1)));
/// let new = span(StateContract::L2NormalizedV2)?;
/// assert_eq!((new.rows(), new.center_token), (1..6, Some(2)));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn pool_span(
    contract: StateContract,
    token_count: usize,
    locus: Option<BpOffset>,
    pool_type: PoolType,
    radius: usize,
) -> Result<PoolSpan> {
    let content = contract.content_rows(token_count);
    let center = |locus| {
        let row = contract.center_row(locus);
        check_token(row, &content).map_err(|error| error.with_detail("edit_locus", locus))?;
        Ok(row)
    };
    let center = locus.map(center).transpose()?;
    span_around(token_count, content.clone(), center, pool_type, radius)
}

/// A pooled state and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolingResult {
    /// The mean row.
    pub vector: Vec<f64>,
    /// What was done, which is `global_mean` whenever there was no locus.
    pub pool_type: PoolType,
    /// The radius that applied; 0 for a global mean.
    pub pool_radius: usize,
    /// Whether there was no locus.
    pub untargeted: bool,
    /// The edited token, for a centred mean.
    pub center_token: Option<usize>,
    /// Rows given, averaged or not.
    pub token_count: usize,
}

impl PoolingResult {
    /// Width of the state.
    #[must_use]
    pub fn d_state(&self) -> usize {
        self.vector.len()
    }
}

/// The mean of all rows.
///
/// # Errors
/// `INPUT.GENERIC` for no rows, rows of unequal or no width, or a number that is not finite.
pub fn global_mean(hidden_states: &[impl AsRef<[f64]>]) -> Result<Vec<f64>> {
    check_rows(hidden_states)?;
    mean_of(hidden_states, 0..hidden_states.len())
}

/// The mean of the rows within `pool_radius` of `center_token`, clipped at both ends.
///
/// # Errors
/// `INPUT.GENERIC` as [`global_mean`], or when there is no such token.
pub fn centered_mean(
    hidden_states: &[impl AsRef<[f64]>],
    center_token: usize,
    pool_radius: usize,
) -> Result<Vec<f64>> {
    check_rows(hidden_states)?;
    let span = span_around(
        hidden_states.len(),
        0..hidden_states.len(),
        Some(center_token),
        PoolType::CenteredMean,
        pool_radius,
    )?;
    mean_of(hidden_states, span.rows())
}

/// Pools rows by the rule of version 0.2.1, for tokens of `token_bp` bases.
///
/// # Errors
/// `INPUT.GENERIC` as [`global_mean`] and [`pool_span`], or for a token of 0 bp.
pub fn pool_hidden_states(
    hidden_states: &[impl AsRef<[f64]>],
    edit_locus: Option<BpOffset>,
    pool_type: PoolType,
    pool_radius: usize,
    token_bp: usize,
) -> Result<PoolingResult> {
    check_rows(hidden_states)?;
    let token_count = hidden_states.len();
    let locus_token = edit_locus
        .map(|locus| token_of(locus, token_count, token_bp))
        .transpose()?;
    let span = span_around(
        token_count,
        0..token_count,
        locus_token,
        pool_type,
        pool_radius,
    )?;
    let centered = span.center_token.is_some();
    Ok(PoolingResult {
        vector: mean_of(hidden_states, span.rows())?,
        pool_type: if centered {
            PoolType::CenteredMean
        } else {
            PoolType::GlobalMean
        },
        pool_radius: if centered { pool_radius } else { 0 },
        untargeted: edit_locus.is_none(),
        center_token: span.center_token,
        token_count,
    })
}

fn token_of(locus: BpOffset, token_count: usize, token_bp: usize) -> Result<usize> {
    locus
        .get()
        .checked_div(token_bp as u64)
        .ok_or_else(|| Error::input("a token holds at least one base"))
        .map(|token| usize::try_from(token).unwrap_or(usize::MAX))
        .and_then(|token| check_token(token, &(0..token_count)).map(|()| token))
        .map_err(|error| error.with_detail("edit_locus", locus))
}

fn span_around(
    token_count: usize,
    content: Range<usize>,
    center: Option<usize>,
    pool_type: PoolType,
    radius: usize,
) -> Result<PoolSpan> {
    if token_count == 0 {
        return Err(Error::input("there is no token row to pool"));
    }
    match (pool_type, center) {
        (PoolType::CenteredMean, Some(center)) => {
            check_token(center, &content)?;
            Ok(PoolSpan {
                first_row: center.saturating_sub(radius).max(content.start),
                last_row_exclusive: center
                    .saturating_add(radius)
                    .saturating_add(1)
                    .min(content.end),
                center_token: Some(center),
            })
        }
        _ => Ok(PoolSpan {
            first_row: 0,
            last_row_exclusive: token_count,
            center_token: None,
        }),
    }
}

fn check_token(token: usize, content: &Range<usize>) -> Result<()> {
    if content.contains(&token) {
        return Ok(());
    }
    Err(
        Error::input("the edited token lies beyond the encoder's rows")
            .with_detail("token", token)
            .with_detail("token_count", content.end),
    )
}

fn check_rows(rows: &[impl AsRef<[f64]>]) -> Result<()> {
    let width = rows.first().map_or(0, |row| row.as_ref().len());
    if width == 0 {
        return Err(Error::input("there is no token row to pool"));
    }
    for (index, row) in rows.iter().map(AsRef::as_ref).enumerate() {
        if row.len() != width {
            return Err(Error::input(format!(
                "row {index} has {} values, not {width}",
                row.len()
            )));
        }
        if row.iter().any(|value| !value.is_finite()) {
            return Err(Error::input(format!(
                "row {index} holds a value that is not finite"
            )));
        }
    }
    Ok(())
}

/// The mean of some rows of `width` values each, summed in f64; what a state is made of by the
/// contracts that ask for it.
#[must_use]
pub fn mean_in_f64<'a>(rows: impl Iterator<Item = &'a [f32]>, width: usize) -> Vec<f32> {
    let mut sums = alloc::vec![0.0_f64; width];
    let mut count = 0.0_f64;
    for row in rows {
        count += 1.0;
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    sums.iter().map(|sum| (sum / count) as f32).collect()
}

/// A state divided by its length, computed in f64. One of length 0 stays as it is.
pub fn to_unit_length(state: &mut [f32]) {
    let squares = state.iter().map(|&x| f64::from(x) * f64::from(x));
    let length = libm::sqrt(squares.sum());
    if length > 0.0 {
        for value in state {
            *value = (f64::from(*value) / length) as f32;
        }
    }
}

/// The mean of checked rows; `span` lies within them and is not empty.
fn mean_of(rows: &[impl AsRef<[f64]>], span: Range<usize>) -> Result<Vec<f64>> {
    let pooled = rows.get(span).unwrap_or_default();
    let Some((first, rest)) = pooled.split_first() else {
        return Err(Error::input("there is no token row to pool"));
    };
    let mut mean = first.as_ref().to_vec();
    for row in rest {
        for (sum, value) in mean.iter_mut().zip(row.as_ref()) {
            *sum += value;
        }
    }
    for sum in &mut mean {
        *sum /= pooled.len() as f64;
    }
    Ok(mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_clip_at_both_ends() -> Result<()> {
        let span = |contract, rows, locus| {
            let locus = Some(BpOffset(locus));
            pool_span(contract, rows, locus, PoolType::CenteredMean, 256)
        };
        let old = |locus| span(StateContract::RawV0_2_1, 2_048, locus);
        assert_eq!(old(6_144)?.rows(), 768..1_281);
        assert_eq!(old(0)?.rows(), 0..257);
        assert_eq!(old(12_287)?.rows(), 1_791..2_048);
        assert!(old(12_288).is_err());
        let new = |locus| span(StateContract::L2NormalizedV2, 2_050, locus);
        assert_eq!(new(6_144)?.rows(), 769..1_282);
        assert_eq!(new(0)?.rows(), 1..258);
        assert_eq!(new(12_287)?.rows(), 1_792..2_049);
        assert!(new(12_288).is_err());
        Ok(())
    }

    #[test]
    fn tags_were_averaged_among_six_mers() -> Result<()> {
        let all = |contract, rows| {
            let locus = Some(BpOffset(0));
            Ok(pool_span(contract, rows, locus, PoolType::CenteredMean, 9)?.rows())
        };
        assert_eq!(all(StateContract::L2OldRowV0_2_0, 4)?, 0..4);
        assert_eq!(all(StateContract::LegacyRawV1, 4)?, 1..3);
        let nothing: Result<_> = all(StateContract::LegacyRawV1, 2);
        assert!(nothing.is_err());
        let global = pool_span(StateContract::LegacyRawV1, 4, None, PoolType::GlobalMean, 0)?;
        assert_eq!(global.rows(), 0..4);
        Ok(())
    }

    #[test]
    fn malformed_rows_are_refused() {
        assert!(global_mean(&[] as &[Vec<f64>]).is_err());
        assert!(global_mean(&[[f64::NAN]]).is_err());
        assert!(global_mean(&[alloc::vec![1.0], alloc::vec![1.0, 2.0]]).is_err());
        assert!(centered_mean(&[[1.0], [2.0]], 2, 1).is_err());
        assert!(
            pool_hidden_states(&[[1.0]], Some(BpOffset(0)), PoolType::GlobalMean, 1, 0).is_err()
        );
    }
}
