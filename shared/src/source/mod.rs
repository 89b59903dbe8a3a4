//! Bytes → variant records, whatever the file.
//!
//! [`VariantReader`] tells the format by content (never by name), decompresses gzip and BGZF, and
//! yields one [`VariantRecord`] a site in bounded memory. Every allele of a record has exactly one
//! [`AlleleOutcome`]: an edit to score or a reason not to. What is malformed is an error that names
//! file, line and column, and after an error about one record the reader goes on with the next.
//!
//! Genotypes and sample names never stand in an error, a warning or a `Debug` form; only who asks for a
//! sample that is not there is told which ones are.

mod record;
mod table;
mod detect;
mod resaved;
mod genotype;
mod array;
mod json;
mod header;
mod vcf;
mod vcf_table;
mod array_rows;
mod import;
mod reader;
mod carriers;

pub use crate::bytes::{Compression, Feed, SourceLine};
pub use array_rows::ArrayRows;
pub use carriers::{Carriers, Genotype, Whose, Zygosity};
pub use detect::SourceFormat;
pub use import::{
    ImportOptions, ReferenceAlleles, ReferenceLookup, VcfConversionSummary, convert_to_vcf,
};
pub use reader::VariantReader;
pub use record::{AlleleOutcome, ArrayCall, SourceWarning, VariantRecord};
pub use table::comma_separated;
pub use vcf_table::{Imported, VcfTable, imported};
