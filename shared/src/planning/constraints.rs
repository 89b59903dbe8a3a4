//! What a plan may not do to its window.

use crate::edit::{RelEdit, apply_edits};
use crate::limits::MAX_MOTIF_BP;
use crate::position::{BpOffset, Interval};
use crate::{Error, Result};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use core::str::FromStr;

/// The letters of IUPAC, each with the bases that it stands for: bits 1, 2, 4 and 8 are A, C, G and T.
const LETTERS: [(u8, u8); 15] = [
    (b'A', 1),
    (b'C', 2),
    (b'G', 4),
    (b'T', 8),
    (b'R', 5),
    (b'Y', 10),
    (b'S', 6),
    (b'W', 9),
    (b'K', 12),
    (b'M', 3),
    (b'B', 14),
    (b'D', 13),
    (b'H', 11),
    (b'V', 7),
    (b'N', 15),
];

/// Bases that a plan must not make: letters of IUPAC, looked for on both strands.
///
/// ```
/// use genolewm_core::planning::Motif;
/// let motif: Motif = "GANTC".parse()?;
/// assert_eq!(motif.to_string(), "GANTC");
/// assert!("GAXTC".parse::<Motif>().is_err());
/// # Ok::<(), genolewm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motif {
    text: String,
    /// As it reads on the window's strand when it lies there, and when it lies on the other.
    strands: [Vec<u8>; 2],
}

impl FromStr for Motif {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |message: &str| {
            Error::input(message)
                .with_detail("motif", text)
                .with_remedy("write 2 bases or more in the letters of IUPAC, for example GAATTC")
        };
        if !(2..=MAX_MOTIF_BP).contains(&text.len()) {
            return Err(refused("a forbidden motif is too short or too long")
                .with_detail("most_bp", MAX_MOTIF_BP));
        }
        let letter = |letter: u8| {
            let known = LETTERS.iter().find(|(one, _)| *one == letter);
            known.map(|(_, bases)| *bases)
        };
        let text = text.to_ascii_uppercase();
        let forward: Option<Vec<u8>> = text.bytes().map(letter).collect();
        let forward = forward.ok_or_else(|| refused("a forbidden motif has an unknown letter"))?;
        // A and T are the outer bits, C and G the inner: a complement is the reverse of four bits.
        let complement = |bases: &u8| bases.reverse_bits() >> 4;
        let backward = forward.iter().rev().map(complement).collect();
        Ok(Self {
            text,
            strands: [forward, backward],
        })
    }
}

impl core::fmt::Display for Motif {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Motif {
    /// Whether it lies anywhere in `bases`, on either strand. An N of `bases` is no base of any motif.
    #[must_use]
    pub fn is_in(&self, bases: &[u8]) -> bool {
        let base = |base: u8| match base.to_ascii_uppercase() {
            b'A' => 1,
            b'C' => 2,
            b'G' => 4,
            b'T' => 8,
            _ => 0,
        };
        let fits = |window: &[u8], strand: &[u8]| {
            let mut pairs = window.iter().zip(strand);
            pairs.all(|(found, allowed)| base(*found) & allowed != 0)
        };
        let mut windows = bases.windows(self.text.len());
        windows.any(|window| self.strands.iter().any(|strand| fits(window, strand)))
    }
}

/// What every edit, and every sequence of edits, has to keep to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanConstraints {
    /// Stretches of the window of which no base changes, and into which none is inserted.
    pub protected: Vec<Interval>,
    /// The one stretch that edits lie in; the whole window unless told.
    pub within: Option<Interval>,
    /// Whether every edit changes the length by whole codons only.
    pub keep_frame: bool,
    /// What may not stand where an edit touches the window, on either strand.
    pub forbidden: Vec<Motif>,
}

/// Draws that were made again, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refusals {
    /// They met an end, or a base that is not called.
    pub unusable: u64,
    /// They shared a base with another edit of the sequence.
    pub overlapping: u64,
    /// They touched a protected stretch.
    pub protected: u64,
    /// They changed the reading frame.
    pub frame: u64,
    /// They made a forbidden motif.
    pub motif: u64,
}

impl PlanConstraints {
    /// Whether one edit keeps to them; counts it in `refusals` where it does not.
    pub(super) fn allow(&self, edit: &RelEdit, refusals: &mut Refusals) -> bool {
        let (reference, alternate) = (edit.ref_bases().len(), edit.alt_bases().len());
        if self.keep_frame && !reference.abs_diff(alternate).is_multiple_of(3) {
            refusals.frame += 1;
            return false;
        }
        let changed = changed(edit);
        let touches = |stretch: &Interval| match changed.is_empty() {
            true => stretch.start < changed.start && changed.start < stretch.end,
            false => stretch.intersects(changed),
        };
        let is_free = !self.protected.iter().any(touches);
        refusals.protected += u64::from(!is_free);
        is_free
    }

    /// Whether the window with all of `edits` has no forbidden motif where one of them touches it.
    ///
    /// # Errors
    /// As [`apply_edits`].
    pub(super) fn allow_motifs(&self, window: &str, edits: &[RelEdit]) -> Result<bool> {
        if self.forbidden.is_empty() {
            return Ok(true);
        }
        let edited = apply_edits(window, edits, false)?;
        let free = |motif: &Motif, touched: &Range<usize>| {
            let reach = motif.text.len() - 1;
            let from = touched.start.saturating_sub(reach);
            let to = touched.end.saturating_add(reach).min(edited.len());
            let near = edited.as_bytes().get(from..to).unwrap_or_default();
            !motif.is_in(near)
        };
        let touched = touched(edits);
        Ok(self
            .forbidden
            .iter()
            .all(|motif| touched.iter().all(|range| free(motif, range))))
    }

    /// # Errors
    /// `INPUT.GENERIC` for a stretch that does not lie in a window of `window_bp`.
    pub(super) fn check(&self, window_bp: usize) -> Result<()> {
        let stretches = self.protected.iter().chain(&self.within);
        let outside =
            |stretch: &&Interval| stretch.is_empty() || stretch.end > BpOffset(window_bp as u64);
        match stretches.clone().find(outside) {
            None => Ok(()),
            Some(stretch) => Err(Error::input("a stretch does not lie in the window")
                .with_detail("start", stretch.start)
                .with_detail("end", stretch.end)
                .with_detail("window_bp", window_bp.to_string())
                .with_remedy("count from 0 at the window's first base, the end excluded")),
        }
    }
}

/// The bases of the window that an edit replaces: none for an insertion, which has its place alone.
fn changed(edit: &RelEdit) -> Interval {
    let kept = kept(edit) as u64;
    let start = edit.rel_pos().saturating_add(kept);
    Interval::at(start, edit.ref_bases().len() as u64 - kept)
}

/// Bases at the start of both alleles that stay.
fn kept(edit: &RelEdit) -> usize {
    let both = edit.ref_bases().bytes().zip(edit.alt_bases().bytes());
    both.take_while(|(reference, alternate)| reference == alternate)
        .count()
}

/// The places of the edited window that edits made: new bases, or the seam of a deletion.
fn touched(edits: &[RelEdit]) -> Vec<Range<usize>> {
    let mut sorted: Vec<&RelEdit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.rel_pos());
    let (mut gained, mut lost) = (0, 0);
    sorted
        .into_iter()
        .map(|edit| {
            let start = edit.rel_pos().index() + gained - lost;
            gained += edit.alt_bases().len();
            lost += edit.ref_bases().len();
            start + kept(edit)..start + edit.alt_bases().len()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(pos: u64, reference: &str, alternate: &str) -> Result<RelEdit> {
        RelEdit::new(BpOffset(pos), reference, alternate)
    }

    fn protecting(start: u64, end: u64) -> Result<PlanConstraints> {
        Ok(PlanConstraints {
            protected: alloc::vec![Interval::new(BpOffset(start), BpOffset(end))?],
            ..Default::default()
        })
    }

    #[test]
    fn an_anchor_before_a_protected_stretch_is_no_change_of_it() -> Result<()> {
        let constraints = protecting(4, 8)?;
        let allowed = |edit| constraints.allow(&edit, &mut Refusals::default());
        assert!(allowed(edit(3, "A", "ACC")?), "inserted before it");
        assert!(allowed(edit(7, "A", "ACC")?), "inserted behind it");
        assert!(!allowed(edit(4, "A", "ACC")?), "inserted into it");
        assert!(!allowed(edit(3, "AC", "A")?), "its first base deleted");
        assert!(allowed(edit(7, "AC", "A")?), "the base behind it deleted");
        assert!(!allowed(edit(7, "A", "C")?) && allowed(edit(8, "A", "C")?));
        Ok(())
    }

    #[test]
    fn whole_codons_keep_the_frame() -> Result<()> {
        let constraints = PlanConstraints {
            keep_frame: true,
            ..Default::default()
        };
        let mut refusals = Refusals::default();
        let mut allowed = |edit| constraints.allow(&edit, &mut refusals);
        assert!(allowed(edit(0, "A", "ACCC")?) && allowed(edit(0, "ACCC", "A")?));
        assert!(allowed(edit(0, "AC", "GT")?) && !allowed(edit(0, "A", "AC")?));
        assert_eq!(refusals.frame, 1);
        Ok(())
    }

    #[test]
    fn motifs_that_edits_make_are_seen_on_both_strands_and_over_seams() -> Result<()> {
        let constraints = |motif: &str| {
            Ok::<_, Error>(PlanConstraints {
                forbidden: alloc::vec![motif.parse()?],
                ..Default::default()
            })
        };
        let window = "AAGAATTAAAAAAAAACCAA";
        let snv = [edit(7, "A", "C")?];
        assert!(!constraints("GAATTC")?.allow_motifs(window, &snv)?);
        assert!(constraints("GAATTG")?.allow_motifs(window, &snv)?);
        // CAA on the other strand is TTG.
        let other = [edit(7, "A", "G")?];
        assert!(!constraints("CAAT")?.allow_motifs(window, &other)?);
        // The deletion brings A and C together; that CC was there before is no fault of it.
        let deletion = [edit(3, "AATTAAAAAAAAAC", "A")?];
        assert!(!constraints("GAC")?.allow_motifs(window, &deletion)?);
        assert!(constraints("CCAA")?.allow_motifs(window, &snv)?);
        // Two edits together, the second moved by the first.
        let pair = [edit(16, "C", "G")?, edit(1, "A", "ATTT")?];
        assert!(!constraints("AGCAA")?.allow_motifs(window, &pair)?);
        assert!(constraints("AGCAA")?.allow_motifs(window, &pair[1..])?);
        Ok(())
    }

    #[test]
    fn motifs_that_mean_nothing_are_refused() {
        for text in ["", "A", "GAXTC", &"A".repeat(MAX_MOTIF_BP + 1)] {
            assert!(text.parse::<Motif>().is_err(), "{text}");
        }
        let motif: Result<Motif> = "RGN".parse();
        assert!(motif.is_ok_and(|motif| motif.is_in(b"aGt") && !motif.is_in(b"AGN")));
    }
}
