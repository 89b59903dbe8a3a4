//! Which edits a training window is shown with.

use super::bases::below;
use super::edits::{synthetic_indel, synthetic_snv};
use super::holdout::HoldoutPolicy;
use super::variants::VariantIndex;
use super::weighted::Weights;
use genolewm_shared::edit::{EditSpec, RelEdit};
use genolewm_shared::position::{BpOffset, Interval};
use genolewm_shared::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Draws of a synthetic edit before a window is given up.
const MAX_TRIES: usize = 1_000;

/// Where an edit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditSource {
    /// An observed variant of at least [`COMMON_AF`](super::variants::COMMON_AF).
    GnomadCommon,
    /// A random base change.
    SyntheticSnv,
    /// A random insertion or deletion.
    SyntheticIndel,
    /// A pathogenic or likely pathogenic ClinVar variant.
    Clinvar,
}

impl EditSource {
    /// The name in settings and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GnomadCommon => "gnomad_common",
            Self::SyntheticSnv => "synthetic_snv",
            Self::SyntheticIndel => "synthetic_indel",
            Self::Clinvar => "clinvar",
        }
    }
}

/// How many edits of each source a window gets, and what stands in for a source that has too few.
#[derive(Debug, Clone, PartialEq)]
pub struct EditMix {
    /// Edits a window, by source.
    pub counts: Vec<(EditSource, usize)>,
    /// The only replacements allowed; a source without one must deliver.
    pub fallbacks: BTreeMap<EditSource, EditSource>,
    /// Lengths of rollouts, by weight.
    pub rollouts: Weights<usize>,
}

impl Default for EditMix {
    /// The contract's: 3 common, 3 synthetic SNVs, 1 synthetic indel, 1 ClinVar; synthetic SNVs for
    /// missing observed ones; rollouts of 1, 2, 3 steps at 0.90, 0.05, 0.05.
    fn default() -> Self {
        use EditSource::{Clinvar, GnomadCommon, SyntheticIndel, SyntheticSnv};
        Self {
            counts: vec![
                (GnomadCommon, 3),
                (SyntheticSnv, 3),
                (SyntheticIndel, 1),
                (Clinvar, 1),
            ],
            fallbacks: BTreeMap::from([(GnomadCommon, SyntheticSnv), (Clinvar, SyntheticSnv)]),
            rollouts: Weights::of([(1, 0.90), (2, 0.05), (3, 0.05)]),
        }
    }
}

/// A window to draw edits for.
#[derive(Debug, Clone, Copy)]
pub struct EditWindow<'a> {
    /// The contig, in the names of the variant files and hold-outs.
    pub contig: &'a str,
    /// The window's first base on it.
    pub start: BpOffset,
    /// Upper-case bases of the forward strand.
    pub bases: &'a str,
}

/// What observed edits may be drawn, and what may not.
#[derive(Debug, Clone, Copy)]
pub struct EditPool<'a> {
    /// Common variants.
    pub common: &'a VariantIndex,
    /// Pathogenic and likely pathogenic variants.
    pub clinvar: &'a VariantIndex,
    /// Never drawn, from whatever source.
    pub holdout: &'a HoldoutPolicy,
}

/// One training item: edits applied one after the other to one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingItem {
    /// Where the first edit comes from, after any fall-back; the further ones are synthetic SNVs.
    pub source: EditSource,
    /// Disjoint edits in window coordinates; target k is the window with the first k applied.
    pub edits: Vec<RelEdit>,
}

impl EditMix {
    /// Draws the items of a window, in the order of [`EditMix::counts`].
    ///
    /// # Errors
    /// `TRAINING.DATALOADER` when a source has too few edits and no fall-back, or the window has no
    /// room for a synthetic one outside the hold-outs.
    pub fn draw(
        &self,
        window: EditWindow<'_>,
        pool: EditPool<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<TrainingItem>> {
        let mut items: Vec<TrainingItem> = Vec::new();
        let single = |source| {
            move |edit| TrainingItem {
                source,
                edits: vec![edit],
            }
        };
        for &(source, count) in &self.counts {
            let edits = draw_from(source, count, window, pool, rng)?;
            let missing = count - edits.len();
            items.extend(edits.into_iter().map(single(source)));
            if missing > 0 {
                let fallback = *self
                    .fallbacks
                    .get(&source)
                    .ok_or_else(|| too_few(source, missing))?;
                let edits = draw_from(fallback, missing, window, pool, rng)?;
                if edits.len() < missing {
                    return Err(too_few(fallback, missing - edits.len()));
                }
                items.extend(edits.into_iter().map(single(fallback)));
            }
        }
        for item in &mut items {
            let steps = self.rollouts.draw(rng).unwrap_or(1);
            while item.edits.len() < steps {
                let further = draw_synthetic(window, pool, &item.edits, rng, synthetic_snv)?;
                item.edits.push(further);
            }
        }
        Ok(items)
    }
}

fn draw_from(
    source: EditSource,
    count: usize,
    window: EditWindow<'_>,
    pool: EditPool<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<RelEdit>> {
    match source {
        EditSource::GnomadCommon => {
            Ok(draw_observed(pool.common, count, window, pool.holdout, rng))
        }
        EditSource::Clinvar => Ok(draw_observed(
            pool.clinvar,
            count,
            window,
            pool.holdout,
            rng,
        )),
        EditSource::SyntheticSnv => (0..count)
            .map(|_| draw_synthetic(window, pool, &[], rng, synthetic_snv))
            .collect(),
        EditSource::SyntheticIndel => (0..count)
            .map(|_| draw_synthetic(window, pool, &[], rng, synthetic_indel))
            .collect(),
    }
}

/// Up to `count` different variants of the window that match its bases.
fn draw_observed(
    index: &VariantIndex,
    count: usize,
    window: EditWindow<'_>,
    holdout: &HoldoutPolicy,
    rng: &mut ChaCha8Rng,
) -> Vec<RelEdit> {
    let end = BpOffset(window.start.get() + window.bases.len() as u64);
    let mut found: Vec<RelEdit> = index
        .within(
            window.contig,
            Interval {
                start: window.start,
                end,
            },
        )
        .filter(|edit| {
            !holdout.excludes_edit(edit) && !holdout.excludes_edit(&renamed(edit, window.contig))
        })
        .filter_map(|edit| {
            edit.relative_to(window.start, BpOffset(end.get().checked_sub(1)?))
                .ok()
        })
        .filter(|edit| window.bases[edit.rel_pos().get() as usize..].starts_with(edit.ref_bases()))
        .collect();
    let mut drawn = Vec::new();
    while drawn.len() < count && !found.is_empty() {
        drawn.push(found.swap_remove(below(rng, found.len() as u64) as usize));
    }
    drawn
}

fn draw_synthetic(
    window: EditWindow<'_>,
    pool: EditPool<'_>,
    apart_from: &[RelEdit],
    rng: &mut ChaCha8Rng,
    draw: fn(&str, &mut ChaCha8Rng) -> Result<RelEdit>,
) -> Result<RelEdit> {
    for _ in 0..MAX_TRIES {
        let edit = draw(window.bases, rng)?;
        let position = BpOffset(window.start.get() + edit.rel_pos().get()).position();
        let absolute = EditSpec::new(window.contig, position, edit.ref_bases(), edit.alt_bases())?;
        if !pool.holdout.excludes_edit(&absolute)
            && apart_from.iter().all(|other| disjoint(other, &edit))
        {
            return Ok(edit);
        }
    }
    Err(too_few(EditSource::SyntheticSnv, 1))
}

fn disjoint(one: &RelEdit, other: &RelEdit) -> bool {
    let span = |edit: &RelEdit| {
        (
            edit.rel_pos().get(),
            edit.rel_pos().get() + edit.ref_bases().len() as u64,
        )
    };
    let ((a, b), (c, d)) = (span(one), span(other));
    b <= c || d <= a
}

/// The edit under the window's name for its contig, in which hold-outs are written.
fn renamed(edit: &EditSpec, contig: &str) -> EditSpec {
    EditSpec::new(contig, edit.pos(), edit.reference(), edit.alternate())
        .unwrap_or_else(|_| edit.clone())
}

fn too_few(source: EditSource, missing: usize) -> Error {
    Error::new(
        ErrorCode::TrainingDataloader,
        "an edit source has too few edits for a window, and no fall-back",
    )
    .with_detail("source", source.as_str())
    .with_detail("missing", missing)
}

/// Starts of training windows on a record: every `stride_bp` from a random phase, `margin_bp` clear
/// of both ends. Without `rng` the phase is 0.
#[must_use]
pub fn window_starts(
    record_bp: u64,
    window_bp: u64,
    margin_bp: u64,
    stride_bp: u64,
    rng: Option<&mut ChaCha8Rng>,
) -> Vec<BpOffset> {
    let Some(slack) = record_bp.checked_sub(window_bp + 2 * margin_bp) else {
        return Vec::new();
    };
    let stride_bp = stride_bp.max(1);
    let phase = rng.map_or(0, |rng| below(rng, stride_bp.min(slack + 1)));
    (phase..=slack)
        .step_by(usize::try_from(stride_bp).unwrap_or(usize::MAX))
        .map(|at| BpOffset(margin_bp + at))
        .collect()
}

#[cfg(test)]
#[path = "mix_tests.rs"]
mod tests;
