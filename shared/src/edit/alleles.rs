//! Alleles: what they may hold, and the type of an edit by their lengths.

use crate::{Error, ErrorCode, Result};
use alloc::format;

/// The longest allele that is scored; anything longer is a structural variant.
pub const MAX_ALLELE_BP: usize = 16;

/// What kind of change an edit is, by the lengths of its alleles. The numbers are the rows of the
/// action encoder's type table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EditType {
    /// One base for another.
    Snv = 0,
    /// One base becomes several.
    Ins = 1,
    /// Several bases become one.
    Del = 2,
    /// Several bases for as many others.
    Mnv = 3,
    /// Several bases for another number of several.
    Indel = 4,
    /// Longer than [`MAX_ALLELE_BP`]; never scored.
    Sv = 5,
}

names! {
    /// Its name in reports and logs.
    EditType:
    Snv = "SNV",
    Ins = "INS",
    Del = "DEL",
    Mnv = "MNV",
    Indel = "INDEL",
    Sv = "SV",
}

impl EditType {
    /// The type of a pair of allele lengths.
    #[must_use]
    pub const fn of_lengths(ref_bp: usize, alt_bp: usize) -> Self {
        match (ref_bp, alt_bp) {
            (r, a) if r > MAX_ALLELE_BP || a > MAX_ALLELE_BP => Self::Sv,
            (1, 1) => Self::Snv,
            (1, _) => Self::Ins,
            (_, 1) => Self::Del,
            (r, a) if r == a => Self::Mnv,
            _ => Self::Indel,
        }
    }

    /// The row of the type table.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

pub(super) fn check_allele(name: &str, bases: &str) -> Result<()> {
    if bases.is_empty() {
        return Err(invalid(&format!("{name} is empty")));
    }
    if let Some(base) = bases.chars().find(|c| !matches!(c, 'A' | 'C' | 'G' | 'T')) {
        return Err(invalid(&format!(
            "{name} holds {base:?}; only A, C, G and T are bases"
        ))
        .with_remedy("write alleles in upper case over A, C, G, T"));
    }
    Ok(())
}

pub(super) fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::InputInvalidEdit, message)
}
