//! The action: a small edit of a DNA window, how it is placed in the window and how it is applied.

mod alleles;
mod relative;
mod apply;
mod skip;
mod spec;

pub use alleles::{EditType, MAX_ALLELE_BP};
pub use apply::{apply_edit, apply_edits};
pub use relative::RelEdit;
pub use skip::SkipReason;
pub use spec::EditSpec;
