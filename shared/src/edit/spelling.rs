//! A variant as a file or a person writes it.

use super::canonical::{AlleleForm, TrimmedVariant, edit_of};
use super::skip::SkipReason;
use super::spec::EditSpec;
use super::variant::VariantParts;
use crate::position::Position;
use crate::{Error, Result};
use core::fmt;
use core::ops::Deref;
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
pub struct VariantSpelling(VariantParts);

impl Deref for VariantSpelling {
    type Target = VariantParts;

    fn deref(&self) -> &VariantParts {
        &self.0
    }
}

impl VariantSpelling {
    /// A variant at a 1-based position; alleles are made upper-case.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for an empty contig or allele, or a position that is none.
    pub fn new(chrom: &str, pos: u64, reference: &str, alternate: &str) -> Result<Self> {
        if chrom.is_empty() || reference.is_empty() || alternate.is_empty() {
            return Err(Error::input("a variant has a contig and two alleles")
                .with_remedy("fill in chrom, ref and alt"));
        }
        let pos = Position::new(pos).map_err(|error| {
            Error::input(error.message()).with_remedy("give the position as VCF has it")
        })?;
        Self::of(chrom, pos, reference, alternate)
    }

    fn of(chrom: &str, pos: Position, reference: &str, alternate: &str) -> Result<Self> {
        let (reference, alternate) = (reference.to_uppercase(), alternate.to_uppercase());
        VariantParts::new(chrom, pos, reference, alternate).map(Self)
    }

    /// The edit that it is, as far as that can be told without the reference: see [`edit_of`].
    ///
    /// # Errors
    /// Why it is none.
    pub fn edit(&self, form: AlleleForm) -> Result<EditSpec, SkipReason> {
        let (reference, alternate) = (self.reference(), self.alternate());
        edit_of(self.chrom(), self.pos(), reference, alternate, form)
    }

    /// What makes it the same variant as another, where there is no reference.
    #[must_use]
    pub fn trimmed(&self) -> TrimmedVariant {
        TrimmedVariant::of_alleles(self.chrom(), self.pos(), self.reference(), self.alternate())
    }
}

impl From<&EditSpec> for VariantSpelling {
    fn from(edit: &EditSpec) -> Self {
        Self(VariantParts::clone(edit))
    }
}

impl PartialEq<EditSpec> for VariantSpelling {
    fn eq(&self, edit: &EditSpec) -> bool {
        self.0 == **edit
    }
}

impl fmt::Display for VariantSpelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for VariantSpelling {
    type Err = Error;

    /// Reads `CHROM:POS:REF:ALT`. The contig may hold colons (HLA alleles do).
    ///
    /// # Errors
    /// `INPUT.INVALID_EDIT` for a text of another form.
    fn from_str(text: &str) -> Result<Self> {
        let parts: VariantParts = text.parse()?;
        Self::of(
            parts.chrom(),
            parts.pos(),
            parts.reference(),
            parts.alternate(),
        )
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
        for text in [
            "1:9:A", "1:0:A:C", "1:x:A:C", "1:+9:A:C", ":9:A:C", "1:9::C",
        ] {
            assert!(text.parse::<VariantSpelling>().is_err(), "{text}");
        }
        let hla = "HLA-DRB1*15:01:9:a:c".parse::<VariantSpelling>()?;
        assert_eq!((hla.chrom(), hla.pos().get()), ("HLA-DRB1*15:01", 9));
        Ok(())
    }

    /// With `--window` there is no reference that could lack such a contig.
    #[test]
    fn a_typed_contig_was_not_looked_at() {
        for contig in ["chr\t1", "a\u{1b}[31m", "chr1\u{202e}", "a\nb", "a b"] {
            let text = alloc::format!("{contig}:9:A:C");
            assert!(text.parse::<VariantSpelling>().is_err(), "{text:?}");
            assert!(text.parse::<EditSpec>().is_err(), "{text:?}");
        }
    }
}
