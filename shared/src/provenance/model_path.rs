//! How the files of a model directory may be named.

use crate::Error;

/// Whether a path names something below the directory that it is joined to, on every system and in
/// every URL: segments of letters, digits, `.`, `_` and `-`, with `/` between them, none of which is
/// empty or ends in a dot. So no `..`, and nothing that a browser or Windows takes for something
/// else.
///
/// ```
/// use genolewm_core::provenance::is_model_path;
/// assert!(is_model_path("encoder/model-00001-of-00002.safetensors"));
/// for path in ["", "/x", "a//b", "../x", "a/.", "%2e%2e/x", "\t//host/x", "C:x", "a\\b", "a b"] {
///     assert!(!is_model_path(path), "{path}");
/// }
/// ```
#[must_use]
pub fn is_model_path(path: &str) -> bool {
    path.split('/').all(|segment| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !segment.is_empty() && !segment.ends_with('.') && segment.chars().all(known)
    })
}

/// Refuses a path that a model names and that is none of [`is_model_path`].
pub(super) fn refused_path(what: &str, path: &str) -> Error {
    Error::input(alloc::format!("{what} could leave the model directory"))
        .with_detail("path", alloc::format!("{path:?}"))
        .with_remedy(
            "name files relative to manifest.json: letters, digits, '.', '_' and '-', with '/' between",
        )
}
