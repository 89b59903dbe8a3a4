//! State contracts: the rules by which the rows of an encoder become the state of a window.
//!
//! A model's figures hold for the rule that it was trained and calibrated with, so the rule has a
//! name, which configurations, receipts, caches and reports give. Everything that depends on it is
//! asked of [`StateContract`]; the table of all four is in `docs/state-contracts.md`.

use crate::position::BpOffset;
use crate::window::TOKEN_BP;
use crate::{Error, Result};
use alloc::format;
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// The key under which configurations, receipts and reports name the contract.
pub const STATE_CONTRACT_KEY: &str = "state_contract_version";

/// How rows become a state.
///
/// Row 0 of an encoder is the tag `<dna>`, its last row the tag `</dna>`; a six-mer's own row is
/// therefore one later than its number.
///
/// ```
/// use genolewm_core::position::BpOffset;
/// use genolewm_core::state_contract::StateContract::{L2NormalizedV2, RawV0_2_1};
/// assert_eq!(RawV0_2_1.center_row(BpOffset(12)), 2);
/// assert_eq!(L2NormalizedV2.center_row(BpOffset(12)), 3);
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum StateContract {
    /// Version 0.2.1 of the Python package: means as they are, whatever `normalize` says, around
    /// the row of the six-mer *before* the locus; the tags are rows like any other.
    #[serde(rename = "raw_v0_2_1")]
    RawV0_2_1,
    /// What this program trained until its version 0.2.0, the built-in model among it: the rows of
    /// [`RawV0_2_1`](Self::RawV0_2_1), the mean divided by its length.
    #[serde(rename = "l2_old_row_v0_2_0")]
    L2OldRowV0_2_0,
    /// The Python package after 0.2.1, for models of before: means as they are, whatever
    /// `normalize` says, around the locus's own row.
    #[serde(rename = "legacy_raw_v1")]
    LegacyRawV1,
    /// The Python package after 0.2.1, and what this program trains: means around the locus's own
    /// row, divided by their length.
    #[default]
    #[serde(rename = "l2_normalized_v2")]
    L2NormalizedV2,
}

names! {
    /// The name in configurations, receipts and reports.
    StateContract:
    RawV0_2_1 = "raw_v0_2_1",
    L2OldRowV0_2_0 = "l2_old_row_v0_2_0",
    LegacyRawV1 = "legacy_raw_v1",
    L2NormalizedV2 = "l2_normalized_v2",
}

parse_by_name!(
    StateContract,
    "a state contract is l2_normalized_v2, legacy_raw_v1, l2_old_row_v0_2_0 or raw_v0_2_1",
    "state_contract_version"
);

impl StateContract {
    /// Whether a state is divided by its length.
    #[must_use]
    pub const fn normalizes(self) -> bool {
        matches!(self, Self::L2OldRowV0_2_0 | Self::L2NormalizedV2)
    }

    /// Whether the row of a locus is its own six-mer's, and the rows around it are six-mers only. The
    /// earlier contracts count rows as if there were no `<dna>`, and take tags for six-mers.
    #[must_use]
    pub const fn counts_tags(self) -> bool {
        matches!(self, Self::LegacyRawV1 | Self::L2NormalizedV2)
    }

    /// Whether sums are taken in f64, where the backend has it. Figures of the earlier contracts were
    /// made with sums in f32, and are to stay as they were.
    #[must_use]
    pub const fn sums_in_f64(self) -> bool {
        self.counts_tags()
    }

    /// The row around which a locus is pooled.
    #[must_use]
    pub fn center_row(self, locus: BpOffset) -> usize {
        let six_mer = usize::try_from(locus.get() / TOKEN_BP as u64).unwrap_or(usize::MAX);
        six_mer.saturating_add(usize::from(self.counts_tags()))
    }

    /// Which of `rows` rows, tags among them, a centred mean may take.
    #[must_use]
    pub const fn content_rows(self, rows: usize) -> Range<usize> {
        match self.counts_tags() {
            true => 1..if rows < 2 { 1 } else { rows - 1 },
            false => 0..rows,
        }
    }

    /// Refuses a state that is none: one with a figure that is not finite, or of length 0.
    ///
    /// # Errors
    /// `INPUT.GENERIC`, with the contract's name.
    pub fn check_state(self, state: &[f32]) -> Result<()> {
        let length: f64 = state.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let what = match length {
            0.0 => "zero",
            length if !length.is_finite() => "not finite",
            // What was divided by its length has length 1, or overflowed on the way.
            length if self.normalizes() && libm::fabs(length - 1.0) >= 1e-2 => "not of length 1",
            _ => return Ok(()),
        };
        Err(Error::input(format!("the encoder gave a state that is {what}"))
            .with_detail(STATE_CONTRACT_KEY, self)
            .with_remedy(
                "run `genolewm doctor`, and score again on the processor (backend cpu); if it fails \
                 there too, the weights are unfit",
            ))
    }

    /// What the figures of such a model are worth, where that must be said.
    #[must_use]
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::RawV0_2_1 => Some(
                "this model's states follow version 0.2.1 of the Python package (raw_v0_2_1: not \
                 normalised, one six-mer left of the variant), by which its scores, calibration and \
                 receipts were made. Its authors have withdrawn the figures that came of it: surprise, \
                 percentiles and rankings repeat those of 0.2.1, and are no evidence about a variant",
            ),
            Self::LegacyRawV1 => Some(
                "this model's states are not normalised (legacy_raw_v1), while predictions have length \
                 1: surprise is mostly the length of the state, and no evidence about a variant; a \
                 calibration of version 0.2.1 does not fit it",
            ),
            Self::L2OldRowV0_2_0 | Self::L2NormalizedV2 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for &contract in StateContract::ALL {
            assert_eq!(contract.as_str().parse(), Ok(contract));
            let stored = serde_json::to_value(contract).unwrap_or_default();
            assert_eq!(stored.as_str(), Some(contract.as_str()));
        }
        assert!("l2_normalized_v3".parse::<StateContract>().is_err());
        assert_eq!(StateContract::default().as_str(), "l2_normalized_v2");
    }

    #[test]
    fn states_that_are_none_are_refused() {
        use StateContract::{L2NormalizedV2, LegacyRawV1};
        assert!(L2NormalizedV2.check_state(&[0.6, 0.8]).is_ok());
        assert!(LegacyRawV1.check_state(&[6.0, 8.0]).is_ok());
        for state in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 0.0]] {
            assert!(L2NormalizedV2.check_state(&state).is_err(), "{state:?}");
            assert!(LegacyRawV1.check_state(&state).is_err(), "{state:?}");
        }
        assert!(L2NormalizedV2.check_state(&[6.0, 8.0]).is_err());
    }
}
