//! Experimental: what may change in any release. The first use in a process is warned of.
//!
//! [`bayesian_surprise`] sets a surprise against how much several predictions differ;
//! [`directional_surprise`] says along which labelled axes a state went elsewhere than predicted. With this
//! feature plans may also search a tree ([`PlannerKind::TreeSearch`](crate::planning::PlannerKind)).

use crate::surprise::surprise_distance;
use crate::{Error, Result};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

static WARNED: AtomicBool = AtomicBool::new(false);

/// Warns, once in a process and on standard error, that something may change.
pub(crate) fn first_use(what: &str) {
    if WARNED.swap(true, Ordering::Relaxed) {
        return;
    }
    #[cfg(feature = "std")]
    {
        use std::io::Write;
        // Not `eprintln!`, which panics where nobody reads the warning.
        let _ = writeln!(
            std::io::stderr(),
            "warning: {what} is experimental: it may change in any release"
        );
    }
    #[cfg(not(feature = "std"))]
    let _ = what;
}

/// A surprise, and how sure the predictions are of themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct BayesianSurprise {
    /// Euclidean distance of the encoded state from the mean prediction.
    pub distance: f64,
    /// Root of the mean squared distance of the predictions from their mean.
    pub spread: f64,
    /// Distance in units of spread; infinite where the predictions are all alike and the state is not.
    pub ratio: f64,
}

/// The surprise of an encoded state under several predictions of it: those of an ensemble, or of one
/// predictor with other weights dropped each time.
///
/// # Errors
/// `INPUT.GENERIC` for fewer than two predictions, other or no widths, or a number that is not finite.
///
/// ```
/// use genolewm_core::experimental::bayesian_surprise;
/// let told = bayesian_surprise(&[[1.0_f32, 0.0], [-1.0, 0.0]], &[0.0, 3.0])?;
/// assert_eq!((told.distance, told.spread, told.ratio), (3.0, 1.0, 3.0));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn bayesian_surprise(
    predictions: &[impl AsRef<[f32]>],
    encoded: &[f32],
) -> Result<BayesianSurprise> {
    first_use("bayesian_surprise");
    let (count, width) = (predictions.len(), encoded.len());
    if count < 2 {
        return Err(Error::input("a spread is of two predictions or more")
            .with_detail("predictions", count)
            .with_remedy("give the predictions of several predictors, or of one with dropout"));
    }
    check(encoded, width)?;
    let mut mean = vec![0.0; width];
    for prediction in predictions {
        check(prediction.as_ref(), width)?;
        for (sum, &value) in mean.iter_mut().zip(prediction.as_ref()) {
            *sum += f64::from(value);
        }
    }
    // Divided last: predictions that are alike have exactly themselves as their mean.
    mean.iter_mut().for_each(|sum| *sum /= count as f64);
    let squared = |state: &[f32]| -> f64 {
        let off = state
            .iter()
            .zip(&mean)
            .map(|(&x, mean)| f64::from(x) - mean);
        off.map(|off| off * off).sum()
    };
    let total: f64 = predictions.iter().map(|one| squared(one.as_ref())).sum();
    let spread = libm::sqrt(total / count as f64);
    let distance = libm::sqrt(squared(encoded));
    let ratio = if distance == 0.0 {
        0.0
    } else {
        distance / spread
    };
    Ok(BayesianSurprise {
        distance,
        spread,
        ratio,
    })
}

/// How far a state went elsewhere than predicted along one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisSurprise {
    /// The axis' label.
    pub label: String,
    /// The residual's part along it: above 0 where the state went farther that way than predicted.
    pub along: f64,
}

/// The residual, encoded less predicted, along each labelled axis; axes are taken at length 1. The one
/// with the largest part comes first.
///
/// # Errors
/// `INPUT.GENERIC` for other or no widths, a number that is not finite, or an axis of zeros.
///
/// ```
/// use genolewm_core::experimental::directional_surprise;
/// let axes = [("gc", vec![2.0_f32, 0.0]), ("repeat", vec![0.0, -1.0])];
/// let told = directional_surprise(&[0.0, 0.0], &[3.0, 4.0], &axes)?;
/// assert_eq!((told[0].label.as_str(), told[0].along), ("repeat", -4.0));
/// assert_eq!((told[1].label.as_str(), told[1].along), ("gc", 3.0));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn directional_surprise(
    predicted: &[f32],
    encoded: &[f32],
    axes: &[(impl AsRef<str>, impl AsRef<[f32]>)],
) -> Result<Vec<AxisSurprise>> {
    first_use("directional_surprise");
    let width = encoded.len();
    check(encoded, width)?;
    check(predicted, width)?;
    let zeros = vec![0.0; width];
    let mut surprises = Vec::with_capacity(axes.len());
    for (label, axis) in axes {
        let axis = axis.as_ref();
        check(axis, width)?;
        let length = surprise_distance(axis, &zeros);
        if length == 0.0 {
            return Err(Error::input("an axis of zeros has no direction")
                .with_detail("axis", label.as_ref())
                .with_remedy("leave the axis out"));
        }
        let residual = encoded.iter().zip(predicted).zip(axis);
        let dot: f64 = residual
            .map(|((&e, &p), &x)| (f64::from(e) - f64::from(p)) * f64::from(x))
            .sum();
        surprises.push(AxisSurprise {
            label: label.as_ref().to_string(),
            along: dot / length,
        });
    }
    surprises.sort_by(|a, b| b.along.abs().total_cmp(&a.along.abs()));
    Ok(surprises)
}

fn check(state: &[f32], width: usize) -> Result<()> {
    if width > 0 && state.len() == width && state.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(
        Error::input("states and axes have one width and finite numbers")
            .with_detail("width", state.len())
            .with_detail("wanted", width)
            .with_remedy("give states of one model"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand. The mean of (0, 0), (2, 0) and (1, 3) is (1, 1); their squared distances from it
    /// are 2, 2 and 4, their mean 8/3. (1, 5) is 4 away: 4 / sqrt(8/3) = 2.4495.
    #[test]
    fn a_surprise_counts_for_less_where_predictions_differ() -> Result<()> {
        let told = bayesian_surprise(&[[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]], &[1.0, 5.0])?;
        assert!((told.spread - libm::sqrt(8.0 / 3.0)).abs() < 1e-12);
        assert!((told.distance - 4.0).abs() < 1e-12 && (told.ratio - 2.449_489_743).abs() < 1e-8);
        let alike = bayesian_surprise(&[[0.1, 0.7]; 10], &[0.0, 0.0])?;
        assert_eq!((alike.spread, alike.ratio), (0.0, f64::INFINITY));
        assert_eq!(bayesian_surprise(&[[1.0, 0.0]; 3], &[1.0, 0.0])?.ratio, 0.0);
        Ok(())
    }

    /// Worked by hand. The residual of (1, 1) to (4, 5) is (3, 4); along (1, 1) / sqrt 2 that is
    /// 7 / sqrt 2 = 4.9497, along (0, -2) it is -4.
    #[test]
    fn a_residual_has_parts_along_axes() -> Result<()> {
        let axes = [("down", [0.0, -2.0]), ("both", [1.0, 1.0])];
        let told = directional_surprise(&[1.0, 1.0], &[4.0, 5.0], &axes)?;
        assert_eq!(told[0].label, "both");
        assert!((told[0].along - 4.949_747_468).abs() < 1e-8);
        assert_eq!((told[1].label.as_str(), told[1].along), ("down", -4.0));
        Ok(())
    }

    /// The test runs itself, with a standard error whose reader is gone.
    #[cfg(feature = "std")]
    #[test]
    fn a_warning_that_nobody_reads_was_a_panic() {
        use std::process::{Command, Stdio};
        const MARK: &str = "GENOLEWM_TEST_WARNS";
        const NAME: &str = "experimental::tests::a_warning_that_nobody_reads_was_a_panic";
        if std::env::var_os(MARK).is_some() {
            // Not before the reader is gone, which it is once this is told.
            std::io::stdin().read_line(&mut String::new()).unwrap();
            return first_use("a test");
        }
        let mut run = Command::new(std::env::current_exe().unwrap());
        run.args(["--exact", NAME, "--nocapture"]).env(MARK, "1");
        run.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = run.stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        drop(child.stdin.take());
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stdout);
        assert!(
            ended.status.success() && told.contains("1 passed"),
            "{told}"
        );
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        assert!(bayesian_surprise(&[[1.0]], &[1.0]).is_err());
        assert!(bayesian_surprise(&[vec![1.0], vec![1.0, 2.0]], &[1.0]).is_err());
        assert!(bayesian_surprise(&[[f32::NAN]; 2], &[1.0]).is_err());
        assert!(bayesian_surprise(&[[0.0_f32; 0]; 2], &[]).is_err());
        assert!(directional_surprise(&[0.0], &[1.0], &[("x", [0.0])]).is_err());
        assert!(directional_surprise(&[0.0], &[1.0], &[("x", [0.0, 1.0])]).is_err());
    }
}
