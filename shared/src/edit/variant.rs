//! The four parts that a variant is written with, whatever is known of them.

use super::alleles::invalid;
use crate::position::Position;
use crate::text::is_plain;
use crate::{Error, Result};
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// Contig, position and two alleles, as `CHROM:POS:REF:ALT`. Ordered by contig (as text), position,
/// reference and alternate allele.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantParts {
    chrom: String,
    pos: Position,
    reference: String,
    alternate: String,
}

impl VariantParts {
    /// A variant of these parts; only the contig is looked at.
    ///
    /// # Errors
    /// `INPUT.INVALID_EDIT` for a contig that is empty, or holds a blank or what nobody would see.
    pub(super) fn new(
        chrom: &str,
        pos: Position,
        reference: String,
        alternate: String,
    ) -> Result<Self> {
        if !is_plain(chrom) {
            let message = "the contig name is empty, or holds a blank or a hidden character";
            return Err(invalid(message).with_detail("contig", chrom));
        }
        Ok(Self {
            chrom: chrom.into(),
            pos,
            reference,
            alternate,
        })
    }

    /// The contig, as the input names it.
    #[must_use]
    pub fn chrom(&self) -> &str {
        &self.chrom
    }

    /// The position of the first reference base.
    #[must_use]
    pub const fn pos(&self) -> Position {
        self.pos
    }

    /// The reference allele, upper-case.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The alternate allele, upper-case.
    #[must_use]
    pub fn alternate(&self) -> &str {
        &self.alternate
    }
}

impl fmt::Display for VariantParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            chrom,
            pos,
            reference,
            alternate,
        } = self;
        write!(f, "{chrom}:{pos}:{reference}:{alternate}")
    }
}

impl FromStr for VariantParts {
    type Err = Error;

    /// Reads `CHROM:POS:REF:ALT`. The contig may hold colons (HLA alleles do).
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.rsplitn(4, ':');
        let (Some(alt), Some(reference), Some(pos), Some(chrom)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid("a variant is written CHROM:POS:REF:ALT")
                .with_detail("text", text)
                .with_remedy("for example chr17:41246481:T:C"));
        };
        let no_number = || invalid("POS is not a whole number").with_detail("text", pos);
        // A sign is none of a position.
        if !pos.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(no_number());
        }
        let pos = pos
            .parse::<u64>()
            .map_err(|error| no_number().with_source(error))?;
        let pos = Position::new(pos)?;
        if reference.is_empty() || alt.is_empty() {
            let error = invalid("a variant has a contig and two alleles");
            return Err(error.with_detail("text", text));
        }
        Self::new(chrom, pos, reference.into(), alt.into())
    }
}
