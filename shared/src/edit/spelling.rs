//! A variant as a file or a person writes it.

use super::alleles::invalid;
use super::canonical::{AlleleForm, TrimmedVariant, edit_of};
use super::skip::SkipReason;
use super::spec::EditSpec;
use crate::position::Position;
use crate::{Error, Result};
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// A variant as it is written, `CHROM:POS:REF:ALT`. Unlike an [`EditSpec`] it may be one that no model
/// scores, and many of them are one edit. Ordered by contig (as text), position, reference and
/// alternate allele.
///
/// ```
/// use genolewm_core::edit::{AlleleForm, VariantSpelling};
/// let padded: VariantSpelling = "chr17:41276044:gattt:ggttt".parse()?;
/// assert_eq!(padded.to_string(), "chr17:41276044:GATTT:GGTTT");
/// assert_eq!(padded.edit(AlleleForm::Canonical), Ok("chr17:41276045:A:G".parse()?));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantSpelling {
    chrom: String,
    pos: Position,
    reference: String,
    alternate: String,
}

impl VariantSpelling {
    /// A variant at a 1-based position; alleles are made upper-case.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an empty contig or allele, or position 0.
    pub fn new(chrom: &str, pos: u64, reference: &str, alternate: &str) -> Result<Self> {
        if chrom.is_empty() || reference.is_empty() || alternate.is_empty() {
            return Err(Error::input("a variant has a contig and two alleles")
                .with_remedy("fill in chrom, ref and alt"));
        }
        let pos = Position::new(pos).map_err(|_| {
            Error::input("positions are counted from 1")
                .with_remedy("give the position as VCF has it")
        })?;
        Ok(Self {
            chrom: chrom.into(),
            pos,
            reference: reference.to_uppercase(),
            alternate: alternate.to_uppercase(),
        })
    }

    /// The contig, as it is written.
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

    /// The edit that it is, as far as that can be told without the reference: see [`edit_of`].
    ///
    /// # Errors
    /// Why it is none.
    pub fn edit(&self, form: AlleleForm) -> Result<EditSpec, SkipReason> {
        let (reference, alternate) = (&self.reference, &self.alternate);
        edit_of(&self.chrom, self.pos, reference, alternate, form)
    }

    /// What makes it the same variant as another, where there is no reference.
    #[must_use]
    pub fn trimmed(&self) -> TrimmedVariant {
        TrimmedVariant::of_alleles(&self.chrom, self.pos, &self.reference, &self.alternate)
    }
}

impl From<&EditSpec> for VariantSpelling {
    fn from(edit: &EditSpec) -> Self {
        Self {
            chrom: edit.chrom().into(),
            pos: edit.pos(),
            reference: edit.reference().into(),
            alternate: edit.alternate().into(),
        }
    }
}

impl PartialEq<EditSpec> for VariantSpelling {
    fn eq(&self, edit: &EditSpec) -> bool {
        self.pos == edit.pos()
            && self.chrom == edit.chrom()
            && self.reference == edit.reference()
            && self.alternate == edit.alternate()
    }
}

impl fmt::Display for VariantSpelling {
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

impl FromStr for VariantSpelling {
    type Err = Error;

    /// Reads `CHROM:POS:REF:ALT`. The contig may hold colons (HLA alleles do).
    ///
    /// # Errors
    /// `INPUT.INVALID_EDIT` for a text of another form.
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.rsplitn(4, ':');
        let (Some(alt), Some(reference), Some(pos), Some(chrom)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid("a variant is written CHROM:POS:REF:ALT").with_detail("text", text));
        };
        if chrom.is_empty() || reference.is_empty() || alt.is_empty() {
            let error = invalid("a variant has a contig and two alleles");
            return Err(error.with_detail("text", text));
        }
        let pos = pos.parse::<u64>().map_err(|error| {
            let error = invalid("POS is not a whole number").with_source(error);
            error.with_detail("text", pos)
        })?;
        Position::new(pos)?;
        Self::new(chrom, pos, reference, alt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn spellings_are_whole_and_upper_case() -> Result<()> {
        assert_eq!(
            VariantSpelling::new("1", 9, "a", "<del>")?.to_string(),
            "1:9:A:<DEL>"
        );
        for (chrom, pos, reference) in [("", 1, "A"), ("1", 0, "A"), ("1", 1, "")] {
            assert!(VariantSpelling::new(chrom, pos, reference, "C").is_err());
        }
        for text in ["1:9:A", "1:0:A:C", "1:x:A:C", ":9:A:C", "1:9::C"] {
            assert!(text.parse::<VariantSpelling>().is_err(), "{text}");
        }
        let hla = "HLA-DRB1*15:01:9:a:c".parse::<VariantSpelling>()?;
        assert_eq!((hla.chrom(), hla.pos().get()), ("HLA-DRB1*15:01", 9));
        Ok(())
    }
}
