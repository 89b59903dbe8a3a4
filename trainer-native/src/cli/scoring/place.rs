//! The reference of a scoring run.

use genolewm_shared::Result;
use genolewm_shared::reference::{FastaReference, Reference};
use std::fs::File;
use std::path::Path;

/// A reference in a file.
pub type NativeReference = Reference<FastaReference<File>>;

/// Opens a FASTA file, with its indexes where they lie beside it.
///
/// # Errors
/// `RESOURCE.GENERIC` for a file that cannot be read, `INPUT.GENERIC` for one that is no FASTA.
pub fn open_reference(path: &Path) -> Result<NativeReference> {
    FastaReference::open_path(path).map(Reference::new)
}
