//! An edit in genome coordinates, as `CHROM:POS:REF:ALT`.

use super::alleles::{EditType, MAX_ALLELE_BP, check_allele, invalid};
use super::relative::RelEdit;
use super::variant::VariantParts;
use crate::position::{BpOffset, Interval, Position};
use crate::{Error, ErrorCode, Result};
use alloc::format;
use alloc::string::ToString;
use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

/// An edit: `ref` at `pos` of `chrom` becomes `alt`. Always valid: upper-case ACGT alleles of 1 to
/// 16 bases that differ.
///
/// ```
/// use genolewm_core::edit::{EditSpec, EditType};
/// let edit: EditSpec = "chr17:41197701:GTT:G".parse()?;
/// assert_eq!((edit.chrom(), edit.pos().get()), ("chr17", 41_197_701));
/// assert_eq!(edit.edit_type(), EditType::Del);
/// assert!("chr17:0:G:A".parse::<EditSpec>().is_err());
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EditSpec(VariantParts);

impl Deref for EditSpec {
    type Target = VariantParts;

    fn deref(&self) -> &VariantParts {
        &self.0
    }
}

impl EditSpec {
    /// Checks and builds an edit.
    ///
    /// # Errors
    /// `INPUT.UNSUPPORTED_EDIT` for an allele over 16 bases; `INPUT.INVALID_EDIT` for everything
    /// else that is malformed.
    ///
    /// ```
    /// use genolewm_core::edit::{EditSpec, EditType};
    /// use genolewm_core::position::Position;
    /// let edit = EditSpec::new("chr17", Position::new(41_197_701)?, "G", "A")?;
    /// assert_eq!(edit.edit_type(), EditType::Snv);
    /// # Ok::<(), genolewm_core::Error>(())
    /// ```
    pub fn new(chrom: &str, pos: Position, reference: &str, alternate: &str) -> Result<Self> {
        check_allele("ref", reference)?;
        check_allele("alt", alternate)?;
        if reference.len() > MAX_ALLELE_BP || alternate.len() > MAX_ALLELE_BP {
            return Err(Error::new(
                ErrorCode::InputUnsupportedEdit,
                format!("an allele is longer than {MAX_ALLELE_BP} bp: a structural variant"),
            )
            .with_detail("ref_bp", reference.len())
            .with_detail("alt_bp", alternate.len())
            .with_remedy(
                "split the variant, or leave it out: structural variants are not scored",
            ));
        }
        if reference == alternate {
            return Err(invalid("ref and alt are the same"));
        }
        let (reference, alternate) = (reference.to_string(), alternate.to_string());
        VariantParts::new(chrom, pos, reference, alternate).map(Self)
    }

    /// Where the reference allele lies on the contig.
    #[must_use]
    pub fn span(&self) -> Interval {
        Interval::at(self.pos().offset(), self.reference().len() as u64)
    }

    /// The kind of change.
    #[must_use]
    pub fn edit_type(&self) -> EditType {
        EditType::of_lengths(self.reference().len(), self.alternate().len())
    }

    /// Places the edit in a window that spans `start..=end` of the contig, both ends included.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` unless every reference base lies inside.
    pub fn relative_to(&self, start: BpOffset, end_inclusive: BpOffset) -> Result<RelEdit> {
        let span = self.span();
        match span.start.since(start) {
            Some(rel_pos) if span.last() <= Some(end_inclusive) => {
                RelEdit::new(rel_pos, self.reference(), self.alternate())
            }
            _ => Err(Error::new(
                ErrorCode::InputOutOfWindow,
                "the edit reaches outside the window",
            )
            .with_detail("pos", self.pos())
            .with_detail("window_start_bp", start)
            .with_detail("window_end_bp_inclusive", end_inclusive)),
        }
    }
}

impl fmt::Display for EditSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EditSpec {
    type Err = Error;

    /// Reads `CHROM:POS:REF:ALT`. The contig may hold colons (HLA alleles do).
    fn from_str(text: &str) -> Result<Self> {
        let parts: VariantParts = text.parse()?;
        Self::new(
            parts.chrom(),
            parts.pos(),
            parts.reference(),
            parts.alternate(),
        )
    }
}
