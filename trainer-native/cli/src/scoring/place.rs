//! The reference of a scoring run.

use genolewm_core::Result;
use genolewm_core::reference::{AnyReference, Reference};
use std::fs::File;
use std::path::Path;

/// A reference in a file.
pub type NativeReference = Reference<AnyReference<File>>;

/// Opens a FASTA, with its indexes where they lie beside it, or a .2bit file.
///
/// # Errors
/// `RESOURCE.GENERIC` for a file that cannot be read, `INPUT.GENERIC` for one that is neither.
pub fn open_reference(path: &Path) -> Result<NativeReference> {
    AnyReference::open_path(path).map(Reference::new)
}
