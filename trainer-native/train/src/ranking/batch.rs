//! The windows of a ranking step, and where their states lie among the hidden rows.

use crate::encoder_dir::targets;
use core::ops::Range;
use genolewm::encoder::Sequence;
use genolewm_core::Result;
use genolewm_core::edit::RelEdit;
use genolewm_core::genome::consequence::Consequence;
use genolewm_core::genome::element::Element;
use genolewm_core::pooling::{PoolType, pool_span};
use genolewm_core::position::BpOffset;
use genolewm_core::state_contract::StateContract;
use genolewm_core::window::TOKEN_BP;

/// Severities closer than this are not ranked against each other.
const LEAST_GAP: f32 = 0.05;

/// A reference window and its edits, as tokens of one length.
#[derive(Debug)]
pub(super) struct RankedWindow {
    pub(super) reference: Vec<u32>,
    /// What each six-mer of the reference is part of, where that is known; empty where nothing is
    /// learnt of it.
    pub(super) elements: Vec<Option<Element>>,
    pub(super) edits: Vec<Vec<u32>>,
}

/// The windows of a step. Each has `context` six-mers before the one that is edited.
#[derive(Debug, Default)]
pub(super) struct RankingBatch {
    pub(super) context: usize,
    pub(super) windows: Vec<RankedWindow>,
    /// Of each edit, window after window.
    pub(super) consequences: Vec<Consequence>,
    /// The edits themselves.
    pub(super) edits: Vec<RelEdit>,
}

/// Where the states of a batch lie among its hidden rows.
#[derive(Debug, Default)]
pub(super) struct StateRows {
    pub(super) spans: Vec<[Range<usize>; 2]>,
    /// For each edit, the state of its reference.
    pub(super) reference: Vec<usize>,
    /// For each edit, its state.
    pub(super) edited: Vec<usize>,
}

impl RankingBatch {
    /// References whole, edits from their own six-mer on; pooled over `radius` rows on each side
    /// of the locus' row, as the contract has scoring count it. Windows are not closed by `</dna>`.
    ///
    /// # Errors
    /// As [`pool_span`].
    pub(super) fn sequences(
        &self,
        contract: StateContract,
        radius: usize,
    ) -> Result<(Vec<Sequence<'_>>, StateRows)> {
        let (mut sequences, mut rows, mut offset) = (Vec::new(), StateRows::default(), 0);
        let changed = self.context + 1;
        let locus = BpOffset((self.context * TOKEN_BP) as u64);
        for window in &self.windows {
            let length = window.reference.len();
            let span = pool_span(
                contract,
                length + 1,
                Some(locus),
                PoolType::CenteredMean,
                radius,
            )?;
            let first = span.first_row.min(changed);
            let last = span.last_row_exclusive.min(length);
            let (prefix, base, state) = (sequences.len(), offset, rows.spans.len());
            sequences.push(Sequence::whole(&window.reference));
            rows.spans.push([base + first..base + last, 0..0]);
            offset += length;
            for edit in &window.edits {
                sequences.push(Sequence {
                    tokens: edit,
                    rows: changed..length,
                    prefix: Some(prefix),
                    wanted: changed..length,
                });
                rows.reference.push(state);
                rows.edited.push(rows.spans.len());
                rows.spans.push([
                    base + first..base + changed,
                    offset..offset + last - changed,
                ]);
                offset += length - changed;
            }
        }
        Ok((sequences, rows))
    }

    /// How severe each edit is.
    pub(super) fn severities(&self) -> Vec<f32> {
        let severity = |consequence: &Consequence| consequence.severity() as f32;
        self.consequences.iter().map(severity).collect()
    }

    /// The edits that change nothing that matters, by annotation.
    pub(super) fn tolerated(&self) -> Vec<usize> {
        let consequences = self.consequences.iter().enumerate();
        consequences
            .filter_map(|(edit, consequence)| consequence.is_tolerated().then_some(edit))
            .collect()
    }

    /// StatePairs of edits of one window of which the first is the more severe one.
    pub(super) fn ranked_pairs(&self) -> Vec<(usize, usize)> {
        let severities = self.severities();
        let mut pairs = Vec::new();
        let mut start = 0;
        for window in &self.windows {
            let own = start..start + window.edits.len();
            for worse in own.clone() {
                let milder = own
                    .clone()
                    .filter(|&other| severities[worse] > severities[other] + LEAST_GAP);
                pairs.extend(milder.map(|other| (worse, other)));
            }
            start = own.end;
        }
        pairs
    }

    /// StateRows of the references that predict a token.
    pub(super) fn language_rows(&self) -> Vec<usize> {
        let mut offset = 0;
        let mut rows = Vec::new();
        for window in &self.windows {
            let length = window.reference.len();
            rows.extend(offset..offset + length - 1);
            offset += length + window.edits.len() * (length - self.context - 1);
        }
        rows
    }

    /// StateRows of the references whose six-mer, the last that they know, is part of something known,
    /// and of what.
    pub(super) fn elements(&self) -> (Vec<usize>, Vec<Element>) {
        // A window's first row is that of the tag before its six-mers.
        let known = self.language_rows().into_iter().map(|row| row + 1);
        let elements = self.windows.iter().flat_map(|window| &window.elements);
        known
            .zip(elements)
            .filter_map(|(row, element)| Some((row, (*element)?)))
            .unzip()
    }

    /// What these rows predict, as six-mer codes.
    pub(super) fn language_targets(&self) -> Vec<u16> {
        let windows = self.windows.iter();
        windows
            .flat_map(|window| targets(&window.reference))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_pooled_with_the_rows_that_they_share() {
        let window = |edits: usize| RankedWindow {
            reference: vec![9; 8],
            elements: [vec![None; 6], vec![Some(Element::Intergenic)]].concat(),
            edits: vec![vec![9; 8]; edits],
        };
        let batch = RankingBatch {
            context: 4,
            windows: vec![window(1), window(2)],
            ..RankingBatch::default()
        };
        let (new, of_new) = batch.sequences(StateContract::L2NormalizedV2, 2).unwrap();
        assert_eq!(new.len(), 5);
        assert_eq!(of_new.spans[..2], [[3..8, 0..0], [3..5, 8..11]]);
        let old = batch.sequences(StateContract::L2OldRowV0_2_0, 2);
        let (sequences, rows) = old.unwrap();
        assert_eq!(sequences.len(), 5);
        assert_eq!(rows.spans[0], [2..7, 0..0]);
        assert_eq!(rows.spans[1], [2..5, 8..10]);
        assert_eq!(rows.spans[2], [13..18, 0..0]);
        assert_eq!(
            (rows.reference, rows.edited),
            (vec![0, 2, 2], vec![1, 3, 4])
        );
        assert_eq!(batch.language_rows().len(), batch.language_targets().len());
        assert_eq!(batch.language_rows()[7], 11);
        assert_eq!(
            batch.elements(),
            (vec![7, 18], vec![Element::Intergenic; 2])
        );
    }

    #[test]
    fn only_edits_of_one_window_are_ranked() {
        use Consequence::{StopGained, StopLost, Synonymous};
        let window = |edits: usize| RankedWindow {
            reference: vec![9; 8],
            elements: Vec::new(),
            edits: vec![vec![9; 8]; edits],
        };
        let batch = RankingBatch {
            context: 4,
            windows: vec![window(2), window(3)],
            consequences: vec![StopGained, Synonymous, Synonymous, Synonymous, StopLost],
            edits: vec![],
        };
        assert_eq!(batch.ranked_pairs(), [(0, 1), (4, 2), (4, 3)]);
    }
}
