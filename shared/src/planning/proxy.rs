//! Planning without a model: the bases themselves as a state. It shows that a plan can be found, and is
//! evidence of nothing else.

use crate::edit::{RelEdit, apply_edits};
use crate::window::canonicalize_dna;
use crate::{Error, Result};
use alloc::vec::Vec;

/// The window after all of `edits`, brought back to its length, as a state: 1 for the base at each
/// place, 0 for the three others, and four zeros for N.
///
/// # Errors
/// `INPUT.GENERIC` for letters that are no bases; as [`apply_edits`].
///
/// ```
/// use genolewm_core::planning::sequence_proxy;
/// assert_eq!(sequence_proxy("CN", &[])?, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), genolewm_core::Error>(())
/// ```
pub fn sequence_proxy(window: &str, edits: &[RelEdit]) -> Result<Vec<f32>> {
    let bases = canonicalize_dna(&apply_edits(window, edits, true)?)?;
    let one = |letter: u8| {
        "ACGT"
            .bytes()
            .map(move |base| f32::from(u8::from(base == letter)))
    };
    Ok(bases.bytes().flat_map(one).collect())
}

/// Refuses two windows that cannot be compared place by place.
///
/// # Errors
/// `INPUT.GENERIC` when they differ in length.
pub fn check_proxy_pair(window: &str, target: &str) -> Result<()> {
    if window.len() == target.len() {
        return Ok(());
    }
    Err(
        Error::input("the sequence proxy compares a window and a target of one length")
            .with_detail("window_bp", window.len())
            .with_detail("target_bp", target.len())
            .with_remedy("cut both to the same length, or plan with a model"),
    )
}
