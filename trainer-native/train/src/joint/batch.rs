//! The windows of a joint step: their edits (tuples), their states and what is predicted of them.

use crate::networks::PredictorNetworks;
use burn::tensor::Tensor;
use genolewm::encoder::{EditedWindow, Site, StateEncoder};
use genolewm::ops::{BurnOps, Ops};
use genolewm_core::Result;
use genolewm_core::edit::{EditType, RelEdit};
use genolewm_data::edits::synthetic::pooling_locus;
use genolewm_data::edits::tuple::TupleFeed;
use rand_chacha::ChaCha8Rng;

/// Edits that are applied one after the other to one window.
#[derive(Debug)]
pub(super) struct TupleItem {
    /// Index into the batch's windows.
    pub(super) window: usize,
    /// In window coordinates.
    pub(super) edits: Vec<RelEdit>,
    /// The row of the state after the first edit; those after the further ones follow.
    first_row: usize,
}

/// Windows with their edits.
#[derive(Debug, Default)]
pub(super) struct TupleBatch {
    /// Reference windows.
    pub(super) windows: Vec<String>,
    /// What each becomes.
    edited: Vec<Vec<EditedWindow>>,
    /// Items of one length are neighbours.
    pub(super) items: Vec<TupleItem>,
}

/// The states that a batch's items should lead to and those that are predicted, one row an edit,
/// `[edits, d_state]` each.
#[derive(Debug)]
pub(super) struct TuplePass {
    pub(super) prediction: Tensor<2>,
    pub(super) target: Tensor<2>,
}

impl TupleBatch {
    /// Draws windows; a function of the feed and of `rng`.
    ///
    /// # Errors
    /// As [`TupleFeed::draw`].
    pub(super) fn draw(feed: &TupleFeed<'_>, windows: usize, rng: &mut ChaCha8Rng) -> Result<Self> {
        let mut batch = Self::default();
        let mut rows = 0;
        for window in 0..windows {
            let (context, tuples) = feed.draw(rng)?;
            let mut edited = Vec::new();
            for tuple in tuples {
                let locus = pooling_locus(&tuple.rel_edits);
                let after = |bases| EditedWindow { bases, locus };
                batch.items.push(TupleItem {
                    window,
                    first_row: rows + edited.len(),
                    edits: tuple.rel_edits,
                });
                edited.extend(tuple.targets.into_iter().map(after));
            }
            rows += edited.len();
            batch.windows.push(context.bases);
            batch.edited.push(edited);
        }
        batch.items.sort_by_key(|item| item.edits.len());
        Ok(batch)
    }

    /// Encodes the windows and predicts what the edits make of them.
    ///
    /// # Errors
    /// As [`StateEncoder::encode`].
    pub(super) fn pass(
        &self,
        ops: &BurnOps,
        encoder: &StateEncoder<Tensor<2>>,
        networks: &PredictorNetworks,
    ) -> Result<TuplePass> {
        let windows = self.windows.iter().zip(&self.edited);
        let sites: Vec<Site<'_>> = windows
            .map(|(reference, edited)| Site {
                reference,
                edits: edited.clone(),
            })
            .collect();
        let states = encoder.encode(ops, &sites)?;
        let after = self
            .items
            .iter()
            .flat_map(|item| item.first_row..item.first_row + item.edits.len());
        let target = ops.gather(&states.edited, &after.collect::<Vec<_>>());
        let predicted = self
            .items
            .chunk_by(|one, next| one.edits.len() == next.edits.len())
            .map(|items| predict(ops, networks, items, &states.reference))
            .collect::<Result<Vec<_>>>()?;
        Ok(TuplePass {
            prediction: ops.concat_rows(&predicted),
            target,
        })
    }

    /// The mean number of edits of an item.
    pub(super) fn mean_steps(&self) -> f64 {
        let edits: usize = self.items.iter().map(|item| item.edits.len()).sum();
        edits as f64 / self.items.len() as f64
    }

    /// The share of items whose first edit changes the window's length.
    pub(super) fn indel_share(&self) -> f64 {
        let changes = |item: &&TupleItem| {
            let kind = item.edits.first().map(RelEdit::edit_type);
            matches!(kind, Some(EditType::Ins | EditType::Del | EditType::Indel))
        };
        self.items.iter().filter(changes).count() as f64 / self.items.len() as f64
    }
}

/// The states after each edit of items of one length.
fn predict(
    ops: &BurnOps,
    networks: &PredictorNetworks,
    items: &[TupleItem],
    reference: &Tensor<2>,
) -> Result<Tensor<2>> {
    let edits: Vec<&[RelEdit]> = items.iter().map(|item| item.edits.as_slice()).collect();
    let before: Vec<usize> = items.iter().map(|item| item.first_row).collect();
    networks.predict(ops, &edits, &ops.gather(reference, &before))
}
