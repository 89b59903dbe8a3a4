//! What a sequence of edits costs.

use crate::edit::{EditType, RelEdit};
use crate::{Error, Result};

/// A cost of one's own: finite and not negative.
pub type CostFn<'a> = dyn Fn(&[RelEdit]) -> Result<f64> + 'a;

/// What one edit of each type costs in [`weighted_type_cost`], where nothing else is asked for.
pub const DEFAULT_TYPE_COSTS: [(EditType, f64); 5] = [
    (EditType::Snv, 1.0),
    (EditType::Ins, 2.0),
    (EditType::Del, 2.0),
    (EditType::Mnv, 2.0),
    (EditType::Indel, 3.0),
];

/// What a sequence costs, by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CostKind {
    /// [`count_cost`].
    #[default]
    Count,
    /// [`bp_cost`].
    Bp,
    /// [`weighted_type_cost`] at [`DEFAULT_TYPE_COSTS`].
    WeightedType,
}

names! {
    /// The name in flags and reports.
    CostKind:
    Count = "count",
    Bp = "bp",
    WeightedType = "weighted_type",
}

parse_by_name!(CostKind, "a cost is count, bp or weighted_type", "cost");

impl CostKind {
    /// The cost of a sequence.
    ///
    /// # Errors
    /// As those of the functions.
    pub fn of(self, edits: &[RelEdit]) -> Result<f64> {
        match self {
            Self::Count => Ok(count_cost(edits)),
            Self::Bp => bp_cost(edits),
            Self::WeightedType => weighted_type_cost(edits, &DEFAULT_TYPE_COSTS),
        }
    }
}

/// One per edit.
#[must_use]
pub fn count_cost(edits: &[RelEdit]) -> f64 {
    edits.len() as f64
}

/// How many bases one edit touches: those inserted, deleted or replaced; for an indel the longer
/// allele.
///
/// # Errors
/// `INPUT.GENERIC` for an edit that changes nothing, or a structural variant.
///
/// ```
/// use genolewm_core::edit::RelEdit;
/// use genolewm_core::planning::edit_bp_cost;
/// use genolewm_core::position::BpOffset;
/// let deletion = RelEdit::new(BpOffset(4), "ACGT", "A")?;
/// assert_eq!(edit_bp_cost(&deletion)?, 3.0);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn edit_bp_cost(edit: &RelEdit) -> Result<f64> {
    let (ref_bp, alt_bp) = (edit.ref_bases().len(), edit.alt_bases().len());
    let touched = match check_type(edit)? {
        EditType::Ins | EditType::Del => ref_bp.abs_diff(alt_bp),
        _ => ref_bp.max(alt_bp),
    };
    Ok(touched as f64)
}

/// The sum of [`edit_bp_cost`].
///
/// # Errors
/// As [`edit_bp_cost`].
pub fn bp_cost(edits: &[RelEdit]) -> Result<f64> {
    edits.iter().map(edit_bp_cost).sum()
}

/// The sum of a price per edit type, [`DEFAULT_TYPE_COSTS`] as a rule.
///
/// # Errors
/// As [`edit_bp_cost`], and for a type without a price or a price below 0.
pub fn weighted_type_cost(edits: &[RelEdit], prices: &[(EditType, f64)]) -> Result<f64> {
    edits
        .iter()
        .map(|edit| {
            let edit_type = check_type(edit)?;
            let price = prices.iter().find(|(priced, _)| *priced == edit_type);
            check_cost(price.map_or(f64::NAN, |(_, price)| *price))
        })
        .sum()
}

/// A cost of one's own, checked.
///
/// # Errors
/// `INPUT.GENERIC` when it is below 0 or not finite; and its own errors.
pub fn custom_cost(edits: &[RelEdit], cost_fn: &CostFn<'_>) -> Result<f64> {
    check_cost(cost_fn(edits)?)
}

fn check_cost(cost: f64) -> Result<f64> {
    if cost.is_finite() && cost >= 0.0 {
        return Ok(cost);
    }
    Err(Error::input("a cost is missing, below 0 or not finite").with_detail("cost", cost))
}

fn check_type(edit: &RelEdit) -> Result<EditType> {
    if edit.ref_bases() == edit.alt_bases() {
        return Err(Error::input("an edit that changes nothing has no cost"));
    }
    match edit.edit_type() {
        EditType::Sv => Err(Error::input("structural variants are not planned")),
        edit_type => Ok(edit_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::BpOffset;

    #[test]
    fn costs_without_meaning_are_refused() -> Result<()> {
        let same = RelEdit::new(BpOffset(0), "A", "A")?;
        let long = RelEdit::new(BpOffset(0), "A", &"C".repeat(40))?;
        let snv = [RelEdit::new(BpOffset(0), "A", "C")?];
        assert!(edit_bp_cost(&same).is_err() && edit_bp_cost(&long).is_err());
        assert!(weighted_type_cost(&snv, &[]).is_err());
        assert!(weighted_type_cost(&snv, &[(EditType::Snv, -1.0)]).is_err());
        assert!(custom_cost(&snv, &|_| Ok(f64::NAN)).is_err());
        Ok(())
    }
}
