//! The action: a small edit of a DNA window, how it is placed in the window and how it is applied.

mod alleles;
mod relative;
mod apply;
mod skip;
mod variant;
mod spec;
mod canonical;
mod kind;
mod left_align;
mod spelling;

pub use alleles::{EditType, MAX_ALLELE_BP};
pub use apply::{apply_edit, apply_edit_on_right, apply_edits, apply_edits_on_right, check_edits};
pub use canonical::{AlleleForm, SharedEnds, TrimmedVariant, edit_of};
pub use kind::EditKind;
pub use left_align::LeftAligner;
pub use relative::RelEdit;
pub use skip::SkipReason;
pub use spec::EditSpec;
pub use spelling::VariantSpelling;
pub use variant::VariantParts;
