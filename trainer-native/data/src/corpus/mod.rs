//! Sequence to train on: which files it is in, what of them may be used, and windows of that.

pub mod table;
pub mod grid;
pub mod stored;
pub mod loaded;

pub use crate::holdout::local;
pub use crate::window::Piece;
pub use loaded::Corpus;
pub use stored::SampledWindow;
pub use table::{CorpusSource, Joining, SourceWeight, read_corpus_table};
