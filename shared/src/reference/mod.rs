//! Random access to the bases of a reference genome, in bounded memory.
//!
//! [`FastaReference`] reads plain or bgzip FASTA, and [`TwoBitReference`] .2bit, from anything that
//! offers byte ranges ([`RangeRead`]): a file here, [`Pages`] of a `Blob` in a browser.
//! [`AnyReference`] tells them by their content. [`Reference`] puts contig aliases on top and cuts
//! the windows that are scored.

mod base_source;
mod allele_table;
mod kind;
mod decode;
mod long_fetch;
mod index;
mod scanner;
mod index_builder;
mod fasta;
mod twobit;
mod any;
mod aliased;

pub use crate::bytes::{Pages, RangeRead};
pub use aliased::Reference;
pub use allele_table::AlleleTable;
pub use any::{AnyReference, ReferenceOpener};
pub use base_source::{BaseSource, ContigInfo};
pub use fasta::FastaReference;
pub use index_builder::{IndexBuilder, Indexes};
pub use kind::{ReferenceKind, sniff};
pub use twobit::TwoBitReference;
