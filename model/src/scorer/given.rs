//! One variant that is given by itself, with its bases.

use genolewm_core::edit::EditSpec;
use genolewm_core::position::BpOffset;
use genolewm_core::window::{
    CANONICAL_WINDOW_BP, ExtractedWindow, canonicalize_dna, window_from_slice,
};
use genolewm_core::{Error, Result};
use std::sync::Arc;

/// The window that `bases` are, which start at `start` of the contig. Shorter than the model's
/// windows, it is padded as the end of a contig is.
///
/// # Errors
/// `INPUT.GENERIC` for bases that are none or too many, `INPUT.OUT_OF_WINDOW` for an edit that does
/// not lie among them.
pub fn given_window(
    bases: &str,
    start: u64,
    edit: &EditSpec,
    window_bp: usize,
) -> Result<Arc<ExtractedWindow>> {
    let bases = canonicalize_dna(bases)?;
    let fits = |bp: &usize| bases.len() <= *bp;
    let window_bp = if fits(&window_bp) {
        Some(window_bp)
    } else {
        CANONICAL_WINDOW_BP.into_iter().find(fits)
    };
    let window_bp = window_bp.ok_or_else(|| {
        Error::input("the window is longer than any that models take")
            .with_detail("bases", bases.len())
            .with_remedy("cut it to 24,576 bases around the variant, or give --fasta")
    })?;
    let locus = edit.pos().offset();
    window_from_slice(&bases, BpOffset(start), Some(locus), window_bp).map(Arc::new)
}
