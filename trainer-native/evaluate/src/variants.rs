//! Held-out variants and the windows that they are measured in.

use crate::errors::dataset_error;
use crate::sequence::holds;
use crate::states::Item;
use genolewm::scorer::{Candidate, Placed};
use genolewm_core::edit::EditSpec;
use genolewm_core::position::Interval;
use genolewm_core::{Error, Result};
use genolewm_data::corpus::local::LocalRecord;
use genolewm_data::holdout::HoldoutPolicy;
use genolewm_data::variants::{LabelledVariant, VariantSet};
use std::collections::BTreeMap;

/// What brings an edit to the form in which it is scored, and finds its window.
pub type Locate<'a> = dyn FnMut(&EditSpec) -> Result<Placed> + 'a;

/// Where variants may lie.
///
/// A record that is a piece of a chromosome must also meet each rule on its chromosome: the piece may
/// be held out only because the chromosome's file has the same sequence, and trains with it.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// What was kept out of training.
    pub holdout: &'a HoldoutPolicy,
    /// Where calibration took its variants from; nothing there is measured.
    pub calibration: Option<&'a HoldoutPolicy>,
}

/// Which side of the hold-outs is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// Whole windows inside the hold-outs, and inside one of these regions where some are given: what
    /// is measured.
    HeldOut(Option<&'a HoldoutPolicy>),
    /// Whole windows outside the hold-outs: what baselines and ensembles may be fitted to.
    Training,
}

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

impl Bounds<'_> {
    /// A variant's edit in its window, or why it is left out.
    ///
    /// # Errors
    /// Those of `place`.
    pub fn window(
        &self,
        side: Side<'_>,
        edit: &EditSpec,
        place: &mut Locate<'_>,
    ) -> Result<core::result::Result<Candidate, &'static str>> {
        Ok(match place(edit)? {
            Placed::Skipped(reason) => Err(reason.as_str()),
            Placed::Candidate(placed) => {
                let window = placed.window.span();
                let reason = self.speaks_against(side, &placed.edit, Some(window));
                reason.map_or(Ok(placed), Err)
            }
        })
    }

    /// Why an edit is not on a side, judged by its reference bases and then, when its window is
    /// known, by that; `None` when nothing speaks against it.
    #[must_use]
    pub fn speaks_against(
        &self,
        side: Side<'_>,
        edit: &EditSpec,
        window: Option<Interval>,
    ) -> Option<&'static str> {
        let bases = edit.span();
        let outside = |policy: &HoldoutPolicy, span| {
            places(edit.chrom(), span).any(|(contig, span)| !holds(policy, &contig, span))
        };
        let touches = |policy: &HoldoutPolicy, span| {
            places(edit.chrom(), span).any(|(contig, span)| policy.touches(&contig, span))
        };
        match side {
            Side::HeldOut(regions) => {
                if outside(self.holdout, bases) {
                    return Some("not_held_out");
                }
                if regions.is_some_and(|regions| outside(regions, bases)) {
                    return Some("outside_regions");
                }
                let window = window?;
                if self.calibration.is_some_and(|used| touches(used, window)) {
                    return Some("calibration_region");
                }
                let leaves = outside(self.holdout, window)
                    || regions.is_some_and(|regions| outside(regions, window));
                leaves.then_some("window_leaves_region")
            }
            Side::Training if touches(self.holdout, bases) => Some("held_out"),
            Side::Training => touches(self.holdout, window?).then_some("window_touches_holdout"),
        }
    }
}

/// Keeps the variants of a side that `select` wants and that fit the reference. Their windows must be
/// on that side too.
///
/// # Errors
/// What `place` returns.
pub fn on_side(
    sets: impl IntoIterator<Item = VariantSet>,
    bounds: Bounds<'_>,
    side: Side<'_>,
    select: impl Fn(&LabelledVariant) -> bool,
    place: &mut Locate<'_>,
) -> Result<HeldOut> {
    let mut held = HeldOut::default();
    for set in sets {
        for (reason, count) in set.skipped {
            *held.left_out.entry(reason.to_owned()).or_default() += count;
        }
        for variant in set.variants {
            let reason = if select(&variant) {
                bounds.speaks_against(side, &variant.edit, None)
            } else {
                Some("not_selected")
            };
            let reason = match reason {
                None => held.take(variant, bounds, side, place)?,
                reason => reason,
            };
            if let Some(reason) = reason {
                *held.left_out.entry(reason.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(held)
}

impl HeldOut {
    /// Takes a variant in, or says why not.
    fn take(
        &mut self,
        mut variant: LabelledVariant,
        bounds: Bounds<'_>,
        side: Side<'_>,
        place: &mut Locate<'_>,
    ) -> Result<Option<&'static str>> {
        let placed = match bounds.window(side, &variant.edit, place)? {
            Ok(placed) => placed,
            Err(reason) => return Ok(Some(reason)),
        };
        self.items.push(Item::of(&placed.edit, &placed.window)?);
        variant.edit = placed.edit;
        self.variants.push(variant);
        Ok(None)
    }

    /// Itself, if there is anything in it.
    ///
    /// # Errors
    /// `EVAL.DATASET` when nothing is left, with the reasons.
    pub fn required(self) -> Result<Self> {
        if self.items.is_empty() {
            return Err(nothing_left(&self.left_out));
        }
        Ok(self)
    }

    /// The edits, in order.
    #[must_use]
    pub fn edits(&self) -> Vec<EditSpec> {
        self.variants.iter().map(|v| v.edit.clone()).collect()
    }
}

/// A span of a record, and the same on the chromosome that the record is a piece of.
fn places(contig: &str, span: Interval) -> impl Iterator<Item = (String, Interval)> {
    let local = LocalRecord::parse(contig).map(|local| {
        let on_chromosome = Interval {
            start: local.globalise(span.start),
            end: local.globalise(span.end),
        };
        (local.contig, on_chromosome)
    });
    core::iter::once((contig.to_owned(), span)).chain(local)
}

fn nothing_left(left_out: &BTreeMap<String, u64>) -> Error {
    let error = dataset_error("no variant of the files lies in the hold-outs and fits its reference")
    .with_remedy(
        "give variants whose windows lie inside the regions of --holdout, with contigs named as there \
         and in the FASTA",
    );
    left_out.iter().fold(error, |error, (reason, count)| {
        error.with_detail(reason.as_str(), count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::position::BpOffset;

    fn policy(regions: &[&str]) -> HoldoutPolicy {
        let mut policy = HoldoutPolicy::none();
        for region in regions {
            policy.add_region(region).unwrap();
        }
        policy
    }

    fn against(
        bounds: Bounds<'_>,
        side: Side<'_>,
        edit: &str,
        window: Option<(u64, u64)>,
    ) -> Option<&'static str> {
        let window =
            window.map(|(start, end)| Interval::new(BpOffset(start), BpOffset(end)).unwrap());
        bounds.speaks_against(side, &edit.parse().unwrap(), window)
    }

    #[test]
    fn whole_windows_lie_on_one_side() {
        let (holdout, used) = (policy(&["chr1:101-200"]), policy(&["chr1:191-200"]));
        let bounds = Bounds {
            holdout: &holdout,
            calibration: Some(&used),
        };
        let held = |edit, window| against(bounds, Side::HeldOut(None), edit, window);
        assert_eq!(held("chr1:100:A:C", None), Some("not_held_out"));
        assert_eq!(held("chr1:101:A:C", None), None);
        assert_eq!(
            held("chr1:101:A:C", Some((99, 110))),
            Some("window_leaves_region")
        );
        assert_eq!(held("chr1:180:A:C", Some((170, 190))), None);
        assert_eq!(
            held("chr1:180:A:C", Some((171, 191))),
            Some("calibration_region")
        );
        let regions = policy(&["chr1:121-140"]);
        let inside = |edit, window| against(bounds, Side::HeldOut(Some(&regions)), edit, window);
        assert_eq!(inside("chr1:110:A:C", None), Some("outside_regions"));
        assert_eq!(
            inside("chr1:130:A:C", Some((119, 139))),
            Some("window_leaves_region")
        );
        assert_eq!(inside("chr1:130:A:C", Some((120, 140))), None);
        let training = |edit, window| against(bounds, Side::Training, edit, window);
        assert_eq!(training("chr1:101:A:C", None), Some("held_out"));
        assert_eq!(
            training("chr1:95:A:C", Some((90, 101))),
            Some("window_touches_holdout")
        );
        assert_eq!(training("chr1:95:A:C", Some((90, 100))), None);
    }

    #[test]
    fn a_piece_is_judged_on_its_chromosome_too() {
        let mut holdout = policy(&["chr20:1001-1100"]);
        holdout.add_record("hg19_chr20_1001_2000");
        let bounds = Bounds {
            holdout: &holdout,
            calibration: None,
        };
        let held = |edit| against(bounds, Side::HeldOut(None), edit, Some((9, 20)));
        // The record is held out, but the chromosome's second hundred trains.
        assert_eq!(held("hg19_chr20_1001_2000:11:A:C"), None);
        assert_eq!(held("hg19_chr20_1001_2000:111:A:C"), Some("not_held_out"));
        let training = |edit| against(bounds, Side::Training, edit, None);
        assert_eq!(training("hg19_chr20_1001_2000:111:A:C"), Some("held_out"));
    }
}
