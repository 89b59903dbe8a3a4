//! The model that the program carries with it.

use genolewm::files::Embedded;
use genolewm_core::{Error, ErrorCode, Result};

/// Names and contents, from `models/builtin` at build time.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/builtin_files.rs"));

/// What the built-in model is called in messages.
pub const NAME: &str = "the built-in model";

/// The built-in model directory.
///
/// # Errors
/// `RESOURCE.MODEL_NOT_FOUND` when the program was built without one.
pub fn model() -> Result<Embedded> {
    if FILES.is_empty() {
        return Err(Error::new(
            ErrorCode::ResourceModelNotFound,
            "this program was built without a model",
        )
        .with_remedy("give a model directory with --model-dir"));
    }
    Ok(Embedded {
        name: NAME,
        files: FILES,
        prefix: "",
    })
}

/// The encoder directory of the built-in model.
///
/// # Errors
/// As [`model`].
pub fn encoder() -> Result<Embedded> {
    Ok(Embedded {
        prefix: "encoder/",
        ..model()?
    })
}

/// Size of the built-in model in bytes; 0 when there is none.
#[must_use]
pub fn size_bytes() -> usize {
    FILES.iter().map(|(_, bytes)| bytes.len()).sum()
}
