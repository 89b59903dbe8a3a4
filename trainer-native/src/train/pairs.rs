//! Training pairs of the predictor: an edit, the state before it and the state after it, both
//! pooled at the edit's locus and normalised, by the frozen encoder.

use crate::dataset::bases::decode;
use crate::dataset::corpus::Corpus;
use crate::dataset::holdout::HoldoutPolicy;
use crate::dataset::mix::{EditMix, EditPool, EditWindow};
use crate::dataset::variants::{VariantIndex, read_variants, require_some};
use crate::shards::Significance;
use genolewm_model::encoder::{EditedWindow, Site, StateEncoder};
use genolewm_model::ops::{BurnOps, Ops};
use genolewm_shared::edit::{RelEdit, apply_edit};
use genolewm_shared::{ErrorCode, Result};
use indicatif::ProgressBar;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::path::PathBuf;

/// Edits with their states, `[pairs, width]` row-major.
#[derive(Debug, Default)]
pub struct Pairs {
    /// The edits, in window coordinates.
    pub edits: Vec<RelEdit>,
    /// The windows' bases, for the context of each edit: index into `windows`.
    pub window_of: Vec<usize>,
    /// The reference windows.
    pub windows: Vec<String>,
    /// States before.
    pub before: Vec<f32>,
    /// States after.
    pub after: Vec<f32>,
    /// Width of a state.
    pub width: usize,
}

impl Pairs {
    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.edits.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The rows of `indices` of a table of states.
    #[must_use]
    pub fn rows(&self, states: &[f32], indices: &[usize]) -> Vec<f32> {
        indices
            .iter()
            .flat_map(|&index| {
                states[index * self.width..(index + 1) * self.width]
                    .iter()
                    .copied()
            })
            .collect()
    }
}

/// Where edits come from.
#[derive(Debug, Default)]
pub struct EditSources {
    common: VariantIndex,
    clinvar: VariantIndex,
    holdout: HoldoutPolicy,
}

impl EditSources {
    /// Reads common variants (allele frequency of at least 1 %) and pathogenic ones.
    ///
    /// # Errors
    /// As reading the files; `TRAINING.DATALOADER` where files were given and hold none.
    pub fn open(common: &[PathBuf], clinvar: &[PathBuf], holdout: HoldoutPolicy) -> Result<Self> {
        let read = |paths: &[PathBuf]| -> Result<Vec<_>> {
            let mut variants = Vec::new();
            for path in paths {
                variants.extend(read_variants(path, ErrorCode::TrainingDataloader)?.variants);
            }
            Ok(variants)
        };
        let pathogenic =
            |s: Option<Significance>| matches!(s, Some(Significance::P | Significance::Lp));
        let sources = Self {
            common: VariantIndex::new(read(common)?.iter().filter(|variant| variant.is_common())),
            clinvar: VariantIndex::new(
                read(clinvar)?
                    .iter()
                    .filter(|variant| pathogenic(variant.significance)),
            ),
            holdout,
        };
        // A file of the wrong kind would else leave all edits to chance without a word.
        for (paths, index, wanted) in [
            (common, &sources.common, "common variants"),
            (clinvar, &sources.clinvar, "pathogenic variants"),
        ] {
            if !paths.is_empty() {
                require_some(index, wanted, ErrorCode::TrainingDataloader)?;
            }
        }
        Ok(sources)
    }
}

/// Encodes the edits of `windows` windows of `window_bp` bases each; a function of the seed.
///
/// # Errors
/// `TRAINING.DATALOADER` when windows or edits cannot be drawn.
pub fn encode(
    encoder: &StateEncoder<<BurnOps as Ops>::Matrix>,
    corpus: &Corpus,
    sources: &EditSources,
    (windows, window_bp, seed): (usize, usize, u64),
    progress: &ProgressBar,
) -> Result<Pairs> {
    let ops = BurnOps::cpu();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pairs = Pairs {
        width: encoder.d_state(),
        ..Pairs::default()
    };
    while pairs.windows.len() < windows {
        let window = corpus.sample_window(&mut rng, window_bp)?;
        if window.reverse_complemented {
            continue;
        }
        let bases = decode(&window.bases);
        let place = EditWindow {
            contig: &window.contig,
            start: window.start,
            bases: &bases,
        };
        let pool = EditPool {
            common: &sources.common,
            clinvar: &sources.clinvar,
            holdout: &sources.holdout,
        };
        let items = EditMix::default().draw(place, pool, &mut rng)?;
        let edits: Vec<RelEdit> = items
            .into_iter()
            .filter_map(|item| item.edits.into_iter().next())
            .collect();
        add(encoder, &ops, &mut pairs, bases, edits)?;
        progress.inc(1);
    }
    Ok(pairs)
}

fn add(
    encoder: &StateEncoder<<BurnOps as Ops>::Matrix>,
    ops: &BurnOps,
    pairs: &mut Pairs,
    bases: String,
    edits: Vec<RelEdit>,
) -> Result<()> {
    let edited = |edit: &RelEdit| -> Result<EditedWindow> {
        Ok(EditedWindow {
            bases: apply_edit(&bases, edit, true)?,
            locus: Some(edit.rel_pos()),
        })
    };
    let site = Site {
        reference: &bases,
        edits: edits.iter().map(edited).collect::<Result<_>>()?,
    };
    let states = encoder.encode(ops, &[site])?;
    pairs
        .before
        .extend(pollster::block_on(ops.read(&states.reference))?);
    pairs
        .after
        .extend(pollster::block_on(ops.read(&states.edited))?);
    pairs
        .window_of
        .extend(core::iter::repeat_n(pairs.windows.len(), edits.len()));
    pairs.edits.extend(edits);
    pairs.windows.push(bases);
    Ok(())
}
