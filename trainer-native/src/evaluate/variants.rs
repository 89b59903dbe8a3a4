//! Held-out variants and the windows that they are measured in.

use super::states::Item;
use crate::dataset::holdout::HoldoutPolicy;
use crate::dataset::variants::{LabelledVariant, VariantSet};
use genolewm_model::scorer::Placed;
use genolewm_shared::edit::EditSpec;
use genolewm_shared::position::BpOffset;
use genolewm_shared::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// What finds the window of an edit.
pub type Place<'a> = dyn FnMut(&EditSpec) -> Result<Placed> + 'a;

/// Variants that are measured, and the number of those that are not, by reason.
#[derive(Debug, Clone, Default)]
pub struct HeldOut {
    /// In the file's order.
    pub variants: Vec<LabelledVariant>,
    /// The variants' windows and edits, in the same order.
    pub items: Vec<Item>,
    /// Alleles left out: `not_held_out`, `not_selected`, or why they cannot be scored.
    pub left_out: BTreeMap<String, u64>,
}

/// Keeps the variants that `select` wants, that lie in the hold-outs and that fit the reference.
///
/// # Errors
/// `EVAL.DATASET` when none is left; what `place` returns.
pub fn held_out(
    set: VariantSet,
    holdout: &HoldoutPolicy,
    select: impl Fn(&LabelledVariant) -> bool,
    place: &mut Place<'_>,
) -> Result<HeldOut> {
    let mut held = HeldOut::default();
    for (reason, count) in set.skipped {
        held.left_out.insert(reason.to_owned(), count);
    }
    for variant in set.variants {
        let reason = if !select(&variant) {
            "not_selected"
        } else if !holdout.excludes_edit(&variant.edit) {
            "not_held_out"
        } else {
            match place(&variant.edit)? {
                Placed::Skipped(reason) => reason.as_str(),
                Placed::Window(window) => {
                    let last = BpOffset(window.end().get().saturating_sub(1));
                    held.items.push(Item {
                        edit: variant.edit.relative_to(window.start(), last)?,
                        sequence: window.sequence().clone(),
                    });
                    held.variants.push(variant);
                    continue;
                }
            }
        };
        *held.left_out.entry(reason.to_owned()).or_default() += 1;
    }
    if held.items.is_empty() {
        return Err(nothing_left(&held.left_out));
    }
    Ok(held)
}

fn nothing_left(left_out: &BTreeMap<String, u64>) -> Error {
    let error = Error::new(
        ErrorCode::EvalDataset,
        "no variant of the file lies in the hold-outs and fits its reference",
    )
    .with_remedy(
        "give variants inside the regions of --holdout, with contigs named as there and in the FASTA",
    );
    left_out.iter().fold(error, |error, (reason, count)| {
        error.with_detail(reason.as_str(), count)
    })
}
