//! How far a predicted state is from the wanted one. Vectors of f32 or f64; all sums are f64.

use crate::{Error, Result};
use alloc::vec::Vec;

/// How far a state is from another, by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DistanceKind {
    /// [`l2_distance`].
    #[default]
    L2,
    /// [`cosine_distance`].
    Cosine,
}

names! {
    /// The name in flags and reports.
    DistanceKind:
    L2 = "l2",
    Cosine = "cosine",
}

parse_by_name!(DistanceKind, "a distance is l2 or cosine", "distance");

impl DistanceKind {
    /// The distance.
    ///
    /// # Errors
    /// As those of the functions.
    pub fn between<T: Copy + Into<f64>>(self, predicted: &[T], target: &[T]) -> Result<f64> {
        match self {
            Self::L2 => l2_distance(predicted, target),
            Self::Cosine => cosine_distance(predicted, target),
        }
    }
}

/// Euclidean distance.
///
/// # Errors
/// `INPUT.GENERIC` for empty vectors, unequal widths, or a value that is not finite.
///
/// ```
/// use genolewm_core::planning::l2_distance;
/// assert_eq!(l2_distance(&[0.0_f32, 3.0], &[4.0, 0.0])?, 5.0);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn l2_distance<T: Copy + Into<f64>>(predicted: &[T], target: &[T]) -> Result<f64> {
    let differences = check_pair(predicted, target)?
        .into_iter()
        .map(|(p, t)| p - t);
    Ok(libm::sqrt(differences.map(|d| d * d).sum()))
}

/// 1 - cosine, from 0 (same direction) to 2 (opposite).
///
/// # Errors
/// As [`l2_distance`], and for a vector of zeros, which has no direction.
pub fn cosine_distance<T: Copy + Into<f64>>(predicted: &[T], target: &[T]) -> Result<f64> {
    let (mut dot, mut pp, mut tt) = (0.0, 0.0, 0.0);
    for (p, t) in check_pair(predicted, target)? {
        dot += p * t;
        pp += p * p;
        tt += t * t;
    }
    if pp == 0.0 || tt == 0.0 {
        return Err(Error::input("a vector of zeros has no direction"));
    }
    Ok((1.0 - dot / (libm::sqrt(pp) * libm::sqrt(tt))).clamp(0.0, 2.0))
}

/// Euclidean distance over some dimensions only; one that is named twice counts twice.
///
/// # Errors
/// As [`l2_distance`], and for no indices or one beyond the width.
pub fn region_distance<T: Copy + Into<f64>>(
    predicted: &[T],
    target: &[T],
    indices: &[usize],
) -> Result<f64> {
    let pairs = check_pair(predicted, target)?;
    if indices.is_empty() {
        return Err(Error::input("a region needs at least one dimension"));
    }
    let mut sum = 0.0;
    for &index in indices {
        let Some((p, t)) = pairs.get(index) else {
            return Err(
                Error::input("a region names a dimension that the state lacks")
                    .with_detail("index", index)
                    .with_detail("width", pairs.len()),
            );
        };
        sum += (p - t) * (p - t);
    }
    Ok(libm::sqrt(sum))
}

/// Euclidean distance after a linear map, given by its rows.
///
/// # Errors
/// As [`l2_distance`], and for no rows, or one that is not as wide as the state.
pub fn projection_distance<T: Copy + Into<f64>>(
    predicted: &[T],
    target: &[T],
    projection: &[impl AsRef<[T]>],
) -> Result<f64> {
    let pairs = check_pair(predicted, target)?;
    if projection.is_empty() {
        return Err(Error::input("a projection needs at least one row"));
    }
    let mut sum = 0.0;
    for row in projection {
        let row = row.as_ref();
        if row.len() != pairs.len() {
            return Err(
                Error::input("a row of the projection is not as wide as the state")
                    .with_detail("row", row.len())
                    .with_detail("width", pairs.len()),
            );
        }
        let along: f64 = row
            .iter()
            .zip(&pairs)
            .map(|(&w, (p, t))| w.into() * (p - t))
            .sum();
        sum += along * along;
    }
    check_finite(sum)?;
    Ok(libm::sqrt(sum))
}

fn check_pair<T: Copy + Into<f64>>(predicted: &[T], target: &[T]) -> Result<Vec<(f64, f64)>> {
    if predicted.is_empty() || predicted.len() != target.len() {
        return Err(
            Error::input("a distance needs two vectors of the same width")
                .with_detail("predicted", predicted.len())
                .with_detail("target", target.len()),
        );
    }
    let pairs: Vec<(f64, f64)> = predicted
        .iter()
        .zip(target)
        .map(|(&p, &t)| (p.into(), t.into()))
        .collect();
    pairs
        .iter()
        .try_for_each(|(p, t)| check_finite(*p).and(check_finite(*t)))?;
    Ok(pairs)
}

fn check_finite(value: f64) -> Result<()> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Error::input("a vector holds a value that is not finite"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_without_meaning_are_refused() {
        assert!(l2_distance::<f64>(&[], &[]).is_err());
        assert!(l2_distance(&[1.0, 2.0], &[1.0]).is_err());
        assert!(l2_distance(&[f64::NAN], &[1.0]).is_err());
        assert!(cosine_distance(&[0.0, 0.0], &[1.0, 2.0]).is_err());
        assert!(region_distance(&[1.0], &[1.0], &[]).is_err());
        assert!(region_distance(&[1.0], &[1.0], &[1]).is_err());
        assert!(projection_distance(&[1.0], &[1.0], &[[1.0, 2.0]]).is_err());
        assert!(projection_distance(&[1.0], &[1.0], &[] as &[[f64; 1]]).is_err());
        assert!(projection_distance(&[1.0], &[2.0], &[[f64::INFINITY]]).is_err());
    }
}
