//! Shards: variants of gnomAD and ClinVar as Parquet files, in the layout of the Python package.
//!
//! `prepare-gnomad` and `prepare-clinvar` write them once from a VCF, in bounded memory; training and
//! evaluation read them batch by batch, whoever wrote them. The physical schema is the package's:
//! every field optional, text as strings, frequencies as f32.

pub(crate) mod cause;
mod significance;
mod columns;
mod table;
mod kind;
mod rows;
mod sequences;
mod scores;
mod writer;
mod sites;
mod report;
mod prepare;
mod gnomad;
mod clinvar;

pub use clinvar::{ClinvarRules, ClinvarVariant, MissingId};
pub use clinvar::{iter_clinvar_shard, prepare_clinvar_shard};
pub use columns::{Optional, SHARD_SCHEMA_VERSION, write_column, write_optional};
pub use gnomad::{GnomadRules, GnomadVariant, POPULATIONS};
pub use gnomad::{iter_gnomad_shard, prepare_gnomad_shard};
pub use kind::{ShardKind, shard_kind};
pub use prepare::PrepareRequest;
pub use report::PrepareReport;
pub use scores::{KnownScore, known_scores, score_note, score_rows};
pub use sequences::{SequenceFields, SequenceRow, SequenceTable};
pub use significance::Significance;

#[cfg(test)]
mod tests;
