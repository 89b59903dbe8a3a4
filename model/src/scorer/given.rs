//! One variant that is given by itself, with its bases.

use super::placer::{refused, refused_for};
use genolewm_core::edit::{AlleleForm, EditSpec, LeftAligner, SkipReason, VariantSpelling};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::window::{
    CANONICAL_WINDOW_BP, ExtractedWindow, canonicalize_dna, window_of_model,
};
use genolewm_core::{Error, Result};
use std::sync::Arc;

/// The edit that a variant is among bases that start at `start` of the contig. An insertion or deletion
/// is moved left no further than they reach.
///
/// # Errors
/// [`refused`] for what is no edit, and for other bases than the variant's reference allele; as
/// [`given_window`].
pub fn edit_among(
    bases: &str,
    start: u64,
    variant: &VariantSpelling,
    form: AlleleForm,
) -> Result<EditSpec> {
    let edit = variant.edit(form).map_err(refused)?;
    if form == AlleleForm::AsGiven {
        return Ok(edit);
    }
    let bases = canonicalize_dna(bases)?;
    let base = |at: u64| {
        let index = at
            .checked_sub(start)
            .and_then(|at| usize::try_from(at).ok());
        index.and_then(|index| bases.as_bytes().get(index))
    };
    let known = |interval: Interval| -> String {
        let all = interval.start.get()..interval.end.get();
        all.map(|at| base(at).map_or('N', |&base| char::from(base)))
            .collect()
    };
    let allele = variant.reference();
    let span = Interval::at(variant.pos().offset(), allele.len() as u64);
    if base(span.start.get()).is_none() || base(span.end.get() - 1).is_none() {
        // Where it is placed it is refused.
        return Ok(edit);
    }
    if known(span) != allele {
        let reason = SkipReason::RefMismatch;
        return Err(refused_for(reason, allele, Some(&known(span))));
    }
    LeftAligner::default().align(&edit, |interval| Ok(known(interval)))
}

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
    window_of_model(&bases, BpOffset(start), Some(locus), window_bp).map(Arc::new)
}
