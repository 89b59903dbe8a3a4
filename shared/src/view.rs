//! Views: the ways in which one window is read, by where its six-mers begin and by strand.
//!
//! Tokens of six bases see an edit at one of six places, and a causal encoder sees one side of it. A
//! variant that is read in several views has a distance in each, and these become one surprise.

use crate::edit::RelEdit;
use crate::position::BpOffset;
use crate::window::TOKEN_BP;
use crate::{Error, Result};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// The views that there are: each phase on each strand.
const MOST_VIEWS: usize = 2 * TOKEN_BP;

/// Which strand of a window is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strand {
    /// The reference's own.
    #[default]
    Plus,
    /// Its reverse complement.
    Minus,
}

/// One way to read a window: from the base `phase_bp` of a strand on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct View {
    strand: Strand,
    phase_bp: usize,
}

impl View {
    /// A view; of phases that differ by a whole six-mer only the first is one.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for a phase of six bases or more.
    pub fn new(strand: Strand, phase_bp: usize) -> Result<Self> {
        if phase_bp < TOKEN_BP {
            return Ok(Self { strand, phase_bp });
        }
        Err(Error::input("a phase is a number of bases below 6").with_detail("phase_bp", phase_bp))
    }

    /// The edit as this view has it, and the bases of the strand that are left out before: the phase, or
    /// none where the edit lies among them, at the end of a contig.
    ///
    /// On the other strand an insertion or deletion keeps the base before it in both alleles.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` for an edit that does not lie in the window.
    pub fn place(self, window: &str, edit: &RelEdit) -> Result<(usize, RelEdit)> {
        let edit = match self.strand {
            Strand::Plus => edit.clone(),
            Strand::Minus => mirrored(window, edit)?,
        };
        Ok(match edit.rel_pos().since(BpOffset(self.phase_bp as u64)) {
            None => (0, edit),
            Some(rel_pos) => {
                let edit = RelEdit::new(rel_pos, edit.ref_bases(), edit.alt_bases())?;
                (self.phase_bp, edit)
            }
        })
    }

    /// The bases of this view of a window after the first `left_out` (see [`Self::place`]).
    #[must_use]
    pub fn bases(self, window: &str, left_out: usize) -> Cow<'_, str> {
        match self.strand {
            Strand::Plus => Cow::Borrowed(window.get(left_out..).unwrap_or_default()),
            Strand::Minus => {
                let kept = window.len().saturating_sub(left_out);
                let kept = window.get(..kept).unwrap_or_default();
                Cow::Owned(reverse_complement(kept))
            }
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.strand {
            Strand::Plus => '+',
            Strand::Minus => '-',
        };
        write!(f, "{sign}{}", self.phase_bp)
    }
}

impl FromStr for View {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let none = || {
            Error::input("a view is a strand and a phase, +0 to +5 or -0 to -5")
                .with_detail("view", format!("{text:?}"))
                .with_remedy("give views such as +0,+2,-4")
        };
        let (strand, phase) = match text.split_at_checked(1) {
            Some(("+", phase)) => (Strand::Plus, phase),
            Some(("-", phase)) => (Strand::Minus, phase),
            _ => return Err(none()),
        };
        match phase.as_bytes() {
            [digit @ b'0'..=b'5'] => Self::new(strand, usize::from(digit - b'0')),
            _ => Err(none()),
        }
    }
}

/// Different views in their order; at least one.
///
/// ```
/// use genolewm_core::view::Views;
/// let views: Views = "+0,-2".parse()?;
/// assert_eq!(views.as_slice().len(), 2);
/// assert_eq!(views.first().to_string(), "+0");
/// assert!("+0,+6".parse::<Views>().is_err());
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Views {
    all: [View; MOST_VIEWS],
    count: usize,
}

impl Default for Views {
    /// The window as it is.
    fn default() -> Self {
        Self {
            all: [View::default(); MOST_VIEWS],
            count: 1,
        }
    }
}

impl Views {
    /// The views of these names.
    ///
    /// # Errors
    /// `INPUT.GENERIC` for none, a name that is none, or one that comes twice.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut views = Self {
            count: 0,
            ..Self::default()
        };
        for name in names {
            let view: View = name.trim().parse()?;
            let known = views.as_slice().contains(&view);
            match views.all.get_mut(views.count).filter(|_| !known) {
                Some(slot) => *slot = view,
                None => {
                    return Err(Error::input("a view is named twice").with_detail("view", view));
                }
            }
            views.count += 1;
        }
        match views.count {
            0 => Err(Error::input("no view is named").with_remedy("name at least one, such as +0")),
            _ => Ok(views),
        }
    }

    /// The views.
    #[must_use]
    pub fn as_slice(&self) -> &[View] {
        self.all.get(..self.count).unwrap_or(&self.all)
    }

    /// The first of them alone.
    #[must_use]
    pub fn first(&self) -> Self {
        let mut first = Self::default();
        if let (Some(slot), Some(view)) = (first.all.first_mut(), self.as_slice().first()) {
            *slot = *view;
        }
        first
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.as_slice().iter().map(View::to_string).collect()
    }
}

impl fmt::Display for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl TryFrom<String> for Views {
    type Error = Error;

    fn try_from(names: String) -> Result<Self> {
        names.parse()
    }
}

impl From<Views> for String {
    fn from(views: Views) -> Self {
        views.to_string()
    }
}

impl FromStr for Views {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::of_names(text.split(','))
    }
}

/// The edit on the other strand.
fn mirrored(window: &str, edit: &RelEdit) -> Result<RelEdit> {
    let (reference, alternate) = (edit.ref_bases(), edit.alt_bases());
    let end = edit.span().end.index();
    let Some(left) = window.len().checked_sub(end) else {
        return Err(Error::new(
            crate::ErrorCode::InputOutOfWindow,
            "the edit reaches outside the window",
        )
        .with_detail("rel_pos", edit.rel_pos())
        .with_detail("window_bp", window.len()));
    };
    // The base that is before the change here is behind it there.
    let is_anchored = reference.len() != alternate.len()
        && reference.as_bytes().first() == alternate.as_bytes().first();
    let before = window.get(end..end + 1).filter(|base| *base != "N");
    let (from, before) = match before {
        Some(base) if is_anchored => (1, base),
        _ => (0, ""),
    };
    let allele = |bases: &str| {
        let changed = bases.get(from..).unwrap_or_default();
        reverse_complement(&format!("{changed}{before}"))
    };
    let rel_pos = BpOffset((left - before.len()) as u64);
    RelEdit::new(rel_pos, &allele(reference), &allele(alternate))
}

/// The other strand of upper-case bases.
fn reverse_complement(bases: &str) -> String {
    let other = |base| match base {
        'A' => 'T',
        'C' => 'G',
        'G' => 'C',
        'T' => 'A',
        other => other,
    };
    bases.chars().rev().map(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply_edit;

    const WINDOW: &str = "GATTACAGATCCGTACGTTAGCAACGTTGCA";

    fn edit(at: u64, reference: &str, alternate: &str) -> Result<RelEdit> {
        RelEdit::new(BpOffset(at), reference, alternate)
    }

    #[test]
    fn strands_mirror_each_other() -> Result<()> {
        let other: View = "-0".parse()?;
        let edits = [
            edit(7, "G", "C")?,
            edit(11, "C", "CTT")?,
            edit(11, "CGTA", "C")?,
            edit(8, "AT", "GG")?,
            edit(30, "A", "AT")?,
        ];
        for edit in edits {
            let there = other.bases(WINDOW, 0);
            let (_, mirror) = other.place(WINDOW, &edit)?;
            let edited = apply_edit(&there, &mirror, false)?;
            assert_eq!(
                reverse_complement(&edited),
                apply_edit(WINDOW, &edit, false)?
            );
            if edit.span().end.index() < WINDOW.len() {
                assert_eq!(other.place(&there, &mirror)?.1, edit);
            }
        }
        Ok(())
    }

    #[test]
    fn a_phase_leaves_bases_out_but_never_the_edit() -> Result<()> {
        for (view, at) in [("+4", 9), ("-4", 17), ("+4", 2), ("-4", 29)] {
            let view: View = view.parse()?;
            let (at, base) = (at as usize, &WINDOW[at as usize..=at as usize]);
            let alternate = if base == "A" { "C" } else { "A" };
            let given = edit(at as u64, base, alternate)?;
            let (left_out, placed) = view.place(WINDOW, &given)?;
            let bases = view.bases(WINDOW, left_out);
            assert_eq!(left_out, if (4..=26).contains(&at) { 4 } else { 0 });
            assert_eq!(bases.len(), WINDOW.len() - left_out);
            apply_edit(&bases, &placed, true)?;
        }
        Ok(())
    }

    #[test]
    fn names_come_back() -> Result<()> {
        let all = "+0,+1,+2,+3,+4,+5,-0,-1,-2,-3,-4,-5";
        let views: Views = all.parse()?;
        assert_eq!(views.to_string(), all);
        assert_eq!(Views::default().to_string(), "+0");
        assert_eq!("-3,+1".parse::<Views>()?.first(), "-3".parse()?);
        for wrong in ["", "+", "0", "+6", "+0,", "+0,+0", "*1", "+01", "é"] {
            assert!(wrong.parse::<Views>().is_err(), "{wrong:?}");
        }
        Ok(())
    }
}
