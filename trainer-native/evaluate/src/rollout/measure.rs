//! States of haplotypes: predicted edit by edit, and encoded.

use super::fidelity::rank;
use super::haplotypes::Haplotype;
use super::rows::StateRow;
use crate::states::Model;
use genolewm::encoder::{EditedWindow, Site};
use genolewm::ops::Ops;
use genolewm::rollout::rollout;
use genolewm_core::Result;
use genolewm_core::edit::{RelEdit, apply_edits};
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
    model: &Model,
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
fn measure_batch(model: &Model, split: &str, batch: &[&Haplotype]) -> Result<Vec<Vec<StateRow>>> {
    let (ops, bundle) = (&model.ops, &model.bundle);
    let width = bundle.encoder.d_state();
    let steps = batch.first().map_or(0, |first| first.edits.len());
    let sites: Vec<Site<'_>> = batch.iter().map(|of| site(of)).collect::<Result<_>>()?;
    let states = bundle.encoder.encode(ops, &sites)?;
    let [reference, targets] = [model.read(&states.reference)?, model.read(&states.edited)?];
    // The reference state is there once for every edited window of its site.
    let source = |place: usize| &reference[place * steps * width..][..width];
    let sources: Vec<f32> = (0..batch.len()).flat_map(source).copied().collect();
    let sources = ops.matrix(sources, batch.len(), width);
    let edits: Vec<RelEdit> = (0..steps)
        .flat_map(|step| batch.iter().map(move |of| of.edits[step].clone()))
        .collect();
    let actions = bundle.action.forward(ops, &edits)?;
    let predicted = rollout(ops, &bundle.predictor, &sources, &actions)?;
    let predicted: Vec<Vec<f32>> = predicted
        .iter()
        .map(|states| model.read(states))
        .collect::<Result<_>>()?;
    let wide = |state: &[f32]| state.iter().map(|&value| f64::from(value)).collect();
    let row = |place: usize, step: usize| StateRow {
        id: format!("{}#{}", batch[place].id, step + 1),
        split: split.to_owned(),
        k: step as u64 + 1,
        source: wide(source(place)),
        predicted: wide(&predicted[step][place * width..][..width]),
        target: wide(&targets[(place * steps + step) * width..][..width]),
        target_rank: 1,
        baseline_target_rank: 1,
    };
    Ok((0..batch.len())
        .map(|place| (0..steps).map(|step| row(place, step)).collect())
        .collect())
}

/// The window after its first edit, its first two, and so on.
fn site(haplotype: &Haplotype) -> Result<Site<'_>> {
    let locus = pooling_locus(&haplotype.edits);
    let edited = |count: usize| -> Result<EditedWindow> {
        Ok(EditedWindow {
            bases: apply_edits(&haplotype.window, &haplotype.edits[..count], true)?,
            locus,
        })
    };
    let edits = (1..=haplotype.edits.len()).map(edited);
    Ok(Site {
        reference: &haplotype.window,
        edits: edits.collect::<Result<_>>()?,
    })
}
