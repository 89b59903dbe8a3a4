//! What every writer of scores can do, and what it is told of the input.

use crate::common::output::Output;
use clap::ValueEnum;
use genolewm::scorer::Outcome;
use genolewm_core::Result;
use genolewm_core::source::{SourceFormat, SourceLine, VariantRecord};

/// Compression of VCF output, named as in bcftools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compressed {
    /// Plain text
    V,
    /// BGZF
    Z,
}

/// What a writer must know of the input.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The input's format.
    pub format: SourceFormat,
    /// The header lines of a VCF of it.
    pub header: Vec<SourceLine>,
}

/// Writes one site after the other.
pub trait ScoreWriter {
    /// Writes the outcomes of one record, one for each of its alleles.
    ///
    /// # Errors
    /// `RESOURCE.*` when the output cannot be written.
    fn site(&mut self, record: &VariantRecord, outcomes: &[Outcome]) -> Result<()>;

    /// Writes what is left and gives the output back, not yet committed.
    ///
    /// # Errors
    /// As [`site`](Self::site).
    fn finish(self: Box<Self>) -> Result<Output>;
}
