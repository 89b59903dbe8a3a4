//! The windows of a plan.

use genolewm::runtime::open_reference;
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::{Error, Result};
use std::path::Path;

/// A window that was read.
#[derive(Debug)]
pub(super) struct PlanWindow {
    /// The name of its sequence.
    pub(super) name: String,
    /// Its bases, upper-case.
    pub(super) bases: String,
}

/// Reads the one sequence of a file.
///
/// # Errors
/// `INPUT.GENERIC` for a file with none or several, or one that is longer than `most_bp`; as
/// [`open_reference`].
pub(super) fn read_window(path: &Path, most_bp: usize) -> Result<PlanWindow> {
    let mut file = open_reference(path)?;
    let [contig] = file.contigs() else {
        return Err(Error::input("a window is a file with one sequence")
            .with_detail("file", path.display())
            .with_detail("sequences", file.contigs().len())
            .with_remedy("cut it out, for example with `samtools faidx ref.fa chr1:1-4096`"));
    };
    let (name, length_bp) = (contig.name.clone(), contig.length_bp);
    if length_bp == 0 || length_bp > most_bp as u64 {
        return Err(Error::input(
            "the window is empty, or longer than those that the model was made for",
        )
        .with_detail("file", path.display())
        .with_detail("window_bp", length_bp)
        .with_detail("most_bp", most_bp)
        .with_remedy("cut a shorter one around the bases that matter"));
    }
    let bases = file.fetch(&name, Interval::at(BpOffset(0), length_bp))?;
    Ok(PlanWindow { name, bases })
}
