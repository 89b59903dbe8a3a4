//! An edit in window coordinates.

use super::alleles::{EditType, check_allele};
use crate::Result;
use crate::position::{BpOffset, Interval};
use alloc::string::{String, ToString};

/// An edit placed in a window: what the action encoder sees and what is applied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelEdit {
    rel_pos: BpOffset,
    ref_bases: String,
    alt_bases: String,
}

impl RelEdit {
    /// An edit at `rel_pos` bases from the window's start.
    ///
    /// # Errors
    /// `INPUT.INVALID_EDIT` when an allele is empty or holds anything but A, C, G, T.
    pub fn new(rel_pos: BpOffset, ref_bases: &str, alt_bases: &str) -> Result<Self> {
        check_allele("ref", ref_bases)?;
        check_allele("alt", alt_bases)?;
        Ok(Self {
            rel_pos,
            ref_bases: ref_bases.to_string(),
            alt_bases: alt_bases.to_string(),
        })
    }

    /// The same edit `bp` further right: that of a part of a window, in the whole of it.
    #[must_use]
    pub fn shifted(mut self, bp: u64) -> Self {
        self.rel_pos = self.rel_pos.saturating_add(bp);
        self
    }

    /// Offset of the first reference base from the window's start.
    #[must_use]
    pub const fn rel_pos(&self) -> BpOffset {
        self.rel_pos
    }

    /// The reference allele.
    #[must_use]
    pub fn ref_bases(&self) -> &str {
        &self.ref_bases
    }

    /// The alternate allele.
    #[must_use]
    pub fn alt_bases(&self) -> &str {
        &self.alt_bases
    }

    /// Where the reference allele lies in the window.
    #[must_use]
    pub const fn span(&self) -> Interval {
        Interval::at(self.rel_pos, self.ref_bases.len() as u64)
    }

    /// The kind of change.
    #[must_use]
    pub const fn edit_type(&self) -> EditType {
        EditType::of_lengths(self.ref_bases.len(), self.alt_bases.len())
    }
}
