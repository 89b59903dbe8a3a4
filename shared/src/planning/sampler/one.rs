//! One edit, drawn by weight: its place, its lengths and its bases.

use super::{ActionSampler, BASES};
use crate::Result;
use crate::edit::{EditType, MAX_ALLELE_BP, RelEdit};
use crate::position::BpOffset;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

impl ActionSampler {
    /// One attempt; `None` when it hit an end, a base that is not called, or lengths without weight.
    pub(super) fn draw(&mut self, edit_type: Option<EditType>) -> Option<Result<RelEdit>> {
        let edit_type = match edit_type {
            Some(edit_type) => edit_type,
            None => *EditType::ALL.get(self.draws.weighted(&self.types)?)?,
        };
        let start = self.position()?;
        let (ref_bp, alt_bp) = self.allele_lengths(edit_type)?;
        let end = start
            .checked_add(ref_bp)
            .filter(|end| *end <= self.interior.end)?;
        let reference = String::from(self.window.get(start..end)?);
        if !reference.chars().all(|base| BASES.contains(&base)) {
            return None;
        }
        let alternate = self.alternate(edit_type, &reference, alt_bp)?;
        Some(RelEdit::new(BpOffset(start as u64), &reference, &alternate))
    }

    fn position(&mut self) -> Option<usize> {
        let bin = self.draws.weighted(&self.bins)?;
        let first = self.interior.start + bin * self.bin_bp;
        let width = self.bin_bp.min(self.interior.end.checked_sub(first)?);
        Some(first + self.draws.index_below(width))
    }

    fn allele_lengths(&mut self, edit_type: EditType) -> Option<(usize, usize)> {
        Some(match edit_type {
            EditType::Snv => (1, 1),
            EditType::Ins => (1, 1 + self.length(1..MAX_ALLELE_BP, None)?),
            EditType::Del => (1 + self.length(1..MAX_ALLELE_BP, None)?, 1),
            EditType::Mnv => {
                let both = self.length(2..MAX_ALLELE_BP + 1, None)?;
                (both, both)
            }
            EditType::Indel => {
                let ref_bp = self.length(2..MAX_ALLELE_BP + 1, None)?;
                (ref_bp, self.length(2..MAX_ALLELE_BP + 1, Some(ref_bp))?)
            }
            EditType::Sv => return None,
        })
    }

    /// A length within `bounds`, other than `not`.
    fn length(&mut self, bounds: Range<usize>, not: Option<usize>) -> Option<usize> {
        let weights: Vec<f64> = (1..=self.lengths.len())
            .zip(&self.lengths)
            .map(|(bp, weight)| {
                if bounds.contains(&bp) && Some(bp) != not {
                    *weight
                } else {
                    0.0
                }
            })
            .collect();
        Some(self.draws.weighted(&weights)? + 1)
    }

    /// The alternate allele: insertions, deletions and indels keep the first base as VCF does, and
    /// substitutions change every base.
    fn alternate(&mut self, edit_type: EditType, reference: &str, bp: usize) -> Option<String> {
        if matches!(edit_type, EditType::Snv | EditType::Mnv) {
            return reference
                .chars()
                .map(|base| self.base(Some(base)))
                .collect();
        }
        let anchor = reference.chars().next();
        anchor
            .map(Some)
            .into_iter()
            .chain((1..bp).map(|_| self.base(None)))
            .collect()
    }

    /// A base by weight, other than `not`; by equal weights when none of the others has any.
    fn base(&mut self, not: Option<char>) -> Option<char> {
        let allowed = BASES.map(|base| Some(base) != not);
        let mut weights = self.bases;
        for (weight, allowed) in weights.iter_mut().zip(allowed) {
            *weight = if allowed { *weight } else { 0.0 };
        }
        if weights.iter().sum::<f64>() <= 0.0 {
            weights = allowed.map(|allowed| f64::from(u8::from(allowed)));
        }
        BASES.get(self.draws.weighted(&weights)?).copied()
    }
}
