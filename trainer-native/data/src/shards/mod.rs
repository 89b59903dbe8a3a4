//! Shards: variants of gnomAD and ClinVar as Parquet files, in the layout of the Python package.
//!
//! `prepare-gnomad` and `prepare-clinvar` write them once from a VCF, in bounded memory; training and
//! evaluation read them batch by batch, whoever wrote them. The physical schema is the package's:
//! every field optional, text as strings, frequencies as f32.

mod significance;
mod columns;
mod guard;
mod table;
mod kind;
mod rows;
mod sequences;
mod writer;
mod sites;
mod report;
mod prepare;
mod gnomad;
mod clinvar;

pub use clinvar::{ClinvarRules, ClinvarVariant, MissingId, iter_clinvar_shard};
pub use clinvar::{iter_clinvar_vcf_variants, label_set, prepare_clinvar_shard};
pub use columns::{Optional, write_column, write_optional};
pub use gnomad::{GnomadRules, GnomadVariant, POPULATIONS, iter_gnomad_shard};
pub use gnomad::{iter_gnomad_vcf_variants, prepare_gnomad_shard};
pub use kind::{ShardKind, shard_kind};
pub use prepare::Request;
pub use report::PrepareReport;
pub use sequences::{SequenceFields, SequenceRow, SequenceTable};
pub use significance::Significance;

use parquet::data_type::ByteArray;

/// The version that every row names.
pub const SHARD_SCHEMA_VERSION: &str = "1.0.0";

/// A column of text.
fn texts<R>(rows: &[R], of: impl Fn(&R) -> Option<&str>) -> Optional<ByteArray> {
    rows.iter()
        .map(|row| of(row).map(ByteArray::from))
        .collect()
}

#[cfg(test)]
mod tests;
