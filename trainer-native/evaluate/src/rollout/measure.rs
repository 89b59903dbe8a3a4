//! States of haplotypes: predicted edit by edit, and encoded.

use super::fidelity::rank;
use super::follow::{EditPath, Networks, PathStates};
use super::haplotypes::Haplotype;
use super::rows::StateRow;
use crate::states::MeasuredModel;
use genolewm::ops::Ops;
use genolewm_core::Result;
use genolewm_data::edits::synthetic::pooling_locus;

/// Haplotypes in one call of the model.
const BATCH: usize = 16;

/// Measures every haplotype after each of its edits, in order. All states of a haplotype are pooled
/// where training pools them, at its right-most edit; `done` is told how many haplotypes are
/// measured.
///
/// # Errors
/// As the model's, for an edit that does not fit its window.
pub fn measure(
    model: &MeasuredModel<impl Ops>,
    split: &str,
    haplotypes: &[Haplotype],
    done: &mut dyn FnMut(usize),
) -> Result<Vec<StateRow>> {
    // A rollout takes haplotypes of as many edits.
    let mut order: Vec<usize> = (0..haplotypes.len()).collect();
    order.sort_by_key(|&at| haplotypes[at].edits.len());
    let mut rows: Vec<Vec<StateRow>> = vec![Vec::new(); haplotypes.len()];
    let mut measured = 0;
    for alike in order.chunk_by(|&a, &b| haplotypes[a].edits.len() == haplotypes[b].edits.len()) {
        for batch in alike.chunks(BATCH) {
            let chosen: Vec<&Haplotype> = batch.iter().map(|&at| &haplotypes[at]).collect();
            for (&at, found) in batch.iter().zip(measure_batch(model, split, &chosen)?) {
                rows[at] = found;
            }
            measured += batch.len();
            done(measured);
        }
    }
    let mut rows: Vec<StateRow> = rows.into_iter().flatten().collect();
    rank(&mut rows);
    Ok(rows)
}

/// Rows of haplotypes that have equally many edits.
fn measure_batch(
    model: &MeasuredModel<impl Ops>,
    split: &str,
    batch: &[&Haplotype],
) -> Result<Vec<Vec<StateRow>>> {
    let paths = batch.iter().map(|of| EditPath {
        window: &of.window,
        edits: &of.edits,
        locus: pooling_locus(&of.edits),
    });
    let paths: Vec<EditPath<'_>> = paths.collect();
    let wide = |state: &[f32]| state.iter().map(|&value| f64::from(value)).collect();
    let rows = |(of, states): (&&Haplotype, PathStates)| {
        let steps = (1..).zip(states.predicted.iter().zip(&states.encoded));
        let row = |(k, (predicted, target)): (u64, (&Vec<f32>, &Vec<f32>))| StateRow {
            id: format!("{}#{k}", of.id),
            split: split.to_owned(),
            k,
            source: wide(&states.source),
            predicted: wide(predicted),
            target: wide(target),
            target_rank: 1,
            baseline_target_rank: 1,
        };
        steps.map(row).collect()
    };
    let states = Networks::of(&model.ops, &model.bundle).follow(&paths)?;
    Ok(batch.iter().zip(states).map(rows).collect())
}
