//! Configurations: documents of several formats, and the flags of a command as their keys.

mod key;
mod value;
mod document;

pub use document::{Document, Leaf, flatten};
pub use key::{flag_of, keys_of, nearest};
pub use value::{allowed, flags_of, judged, texts};
