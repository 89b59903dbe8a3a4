//! The zero-shot baseline: how much less probable an edit makes the sequence around it.

use crate::states::{Item, MeasuredModel};
use genolewm::encoder::Sequence;
use genolewm::ops::Ops;
use genolewm_core::Result;
use genolewm_core::edit::apply_edit;
use genolewm_core::window::TOKEN_BP;

/// Six-mers before the edit that the likelihood is conditioned on and taken over.
pub const BEFORE: usize = 64;
/// Six-mers after the edit's own that it is taken over.
pub const AFTER: usize = 32;
/// Edits in one call of the model.
const BATCH: usize = 16;

/// `ln p(edited) - ln p(reference)` of each item, by the encoder as a language model, over the
/// [`BEFORE`] six-mers before the edit to the [`AFTER`] six-mers after it: negative for a change to
/// less probable sequence.
///
/// # Errors
/// As the model's, and for an edit that does not fit its window.
pub fn differences(model: &MeasuredModel<impl Ops>, items: &[Item]) -> Result<Vec<f64>> {
    let mut differences = Vec::with_capacity(items.len());
    for batch in items.chunks(BATCH) {
        let mut tokens = Vec::with_capacity(batch.len());
        for item in batch {
            tokens.push(pair(model, item)?);
        }
        let sequences = sequences(&tokens);
        let llama = &model.bundle.encoder.llama;
        let likelihoods = pollster::block_on(llama.log_likelihoods(&model.ops, &sequences))?;
        differences.extend(
            likelihoods
                .chunks_exact(2)
                .map(|pair| pair[1].total - pair[0].total),
        );
    }
    Ok(differences)
}

/// Tokens of the reference and of the edited sequence around an edit, in the window's phase.
fn pair(model: &MeasuredModel<impl Ops>, item: &Item) -> Result<[Vec<u32>; 2]> {
    let edited = apply_edit(&item.sequence, &item.edit, true)?;
    let (first, last) = around(item.edit.rel_pos().index(), item.sequence.len());
    Ok([&*item.sequence, edited.as_str()].map(|window| {
        let mut tokens = model.bundle.encoder.tokenizer.encode(&window[first..last]);
        // The sequence goes on: the closing tag is no part of it.
        tokens.pop();
        tokens
    }))
}

/// Whole six-mers around a locus.
fn around(locus: usize, window_bp: usize) -> (usize, usize) {
    let six_mer = locus / TOKEN_BP;
    let first = six_mer.saturating_sub(BEFORE) * TOKEN_BP;
    let last = ((six_mer + 1 + AFTER) * TOKEN_BP).min(window_bp);
    (first, last)
}

/// The sequences of groups, each a reference and what was made of it by edits. An edited one runs
/// from the row that predicts the first token that differs, and takes the rows before it from its
/// reference.
pub(super) fn sequences<G: AsRef<[Vec<u32>]>>(groups: &[G]) -> Vec<Sequence<'_>> {
    let mut sequences = Vec::new();
    for group in groups {
        let Some((reference, edited)) = group.as_ref().split_first() else {
            continue;
        };
        let prefix = sequences.len();
        sequences.push(Sequence::whole(reference));
        sequences.extend(edited.iter().map(|own| {
            let same = reference.iter().zip(own).take_while(|(a, b)| a == b);
            let rows = same.count().saturating_sub(1)..own.len();
            Sequence {
                tokens: own,
                rows: rows.clone(),
                prefix: Some(prefix),
                wanted: rows,
            }
        }));
    }
    sequences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_the_phase_and_stay_inside() {
        assert_eq!(around(2_050, 4_096), (1_662, 2_244));
        assert_eq!(around(3, 4_096), (0, 198));
        assert_eq!(around(4_095, 4_096).1, 4_096);
    }

    #[test]
    fn an_edited_sequence_starts_where_the_difference_is_predicted() {
        let groups = [
            vec![vec![2, 7], vec![2, 8]],
            vec![vec![2, 7, 8, 9], vec![2, 7, 5, 9], vec![2, 7, 8, 5]],
        ];
        let sequences = &sequences(&groups)[2..];
        assert_eq!(
            (sequences[0].rows.clone(), sequences[0].prefix),
            (0..4, None)
        );
        assert_eq!(
            (sequences[1].rows.clone(), sequences[1].prefix),
            (1..4, Some(2))
        );
        assert_eq!(
            (sequences[2].rows.clone(), sequences[2].prefix),
            (2..4, Some(2))
        );
    }
}
