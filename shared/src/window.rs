//! Windows: the stretch of reference that the encoder reads, and its SHA-256.

use crate::edit::{EditSpec, RelEdit};
use crate::limits::{MAX_WINDOW_BP, MIN_WINDOW_BP};
use crate::position::{BpOffset, Interval};
use crate::{Error, ErrorCode, Result};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

/// The window lengths of the Python package, in bp.
pub const CANONICAL_WINDOW_BP: [usize; 3] = [4_096, 12_288, 24_576];

/// The window length where nothing else is asked for, in bp.
pub const DEFAULT_WINDOW_BP: usize = 12_288;

/// Bases in one token of the six-mer tokenizer.
pub const TOKEN_BP: usize = 6;

/// Opens a stretch of DNA in the tokenizer's text.
pub const DNA_OPEN_TAG: &str = "<dna>";

/// Closes it.
pub const DNA_CLOSE_TAG: &str = "</dna>";

/// A base stands in for what a short contig lacks: the tokenizer has no token for "nothing".
const PAD_BASE: char = 'A';

/// A window of exactly `window_bp` canonical bases, and where it lies.
///
/// Offsets count from the start of the source (a contig, as a rule). A source shorter than the
/// window is padded on the right, and [`end`](Self::end) then lies past the source's last base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractedWindow {
    sequence: Arc<str>,
    start: BpOffset,
    edit_locus: Option<BpOffset>,
    pad_right_bp: usize,
    /// Runs of bases that the source has in lower case, in its coordinates.
    soft_masks: Arc<[Interval]>,
}

impl ExtractedWindow {
    /// The bases, upper-case over ACGTN; shared, so that a clone costs nothing.
    #[must_use]
    pub const fn sequence(&self) -> &Arc<str> {
        &self.sequence
    }

    /// Offset of the first base in the source.
    #[must_use]
    pub const fn start(&self) -> BpOffset {
        self.start
    }

    /// One past the last base, padding included.
    #[must_use]
    pub fn end(&self) -> BpOffset {
        self.span().end
    }

    /// From the first base to one past the last, padding included.
    #[must_use]
    pub fn span(&self) -> Interval {
        Interval::at(self.start, self.sequence.len() as u64)
    }

    /// The edit in this window's coordinates.
    ///
    /// # Errors
    /// `INPUT.OUT_OF_WINDOW` unless every reference base lies inside.
    pub fn place(&self, edit: &EditSpec) -> Result<RelEdit> {
        edit.relative_to(self.start, self.span().last().unwrap_or(self.start))
    }

    /// Length in bp, padding included.
    #[must_use]
    pub fn window_bp(&self) -> usize {
        self.sequence.len()
    }

    /// The edited place, counted from the start of the source.
    #[must_use]
    pub const fn edit_locus(&self) -> Option<BpOffset> {
        self.edit_locus
    }

    /// The edited place, counted from the start of the window.
    #[must_use]
    pub fn relative_edit_locus(&self) -> Option<BpOffset> {
        self.edit_locus.and_then(|locus| locus.since(self.start))
    }

    /// How many of the last bases are padding.
    #[must_use]
    pub const fn pad_right_bp(&self) -> usize {
        self.pad_right_bp
    }

    /// Whether a part of the source lies in a repeat, by the lower case in which references write those
    /// ([`window_from_slice`]); `None` where the whole window has none, and nothing is known.
    #[must_use]
    pub fn soft_masked(&self, span: Interval) -> Option<bool> {
        let masks = &self.soft_masks;
        (!masks.is_empty()).then(|| masks.iter().any(|mask| mask.intersects(span)))
    }

    /// Whether the window was cut without a place of interest.
    #[must_use]
    pub const fn untargeted(&self) -> bool {
        self.edit_locus.is_none()
    }

    /// SHA-256 of the bases.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.sequence.as_bytes()).into()
    }

    /// The text that the tokenizer reads: padded to whole tokens, between `<dna>` and `</dna>`.
    #[must_use]
    pub fn as_tokenizer_input(&self) -> String {
        wrap(&self.sequence)
    }
}

/// Upper-cases DNA over ACGTN, any case.
///
/// # Errors
/// `INPUT.GENERIC` when another letter occurs, with its 0-based offset.
pub fn canonicalize_dna(sequence: &str) -> Result<String> {
    match sequence.char_indices().find(|(_, base)| !is_dna(*base)) {
        None => Ok(sequence.to_ascii_uppercase()),
        Some((offset, base)) => Err(Error::input(format!("{base:?} is not a base"))
            .with_detail("offset", offset)
            .with_remedy("use A, C, G, T and N only")),
    }
}

/// SHA-256 of the canonical form of a sequence.
///
/// # Errors
/// As [`canonicalize_dna`].
pub fn window_sha256(sequence: &str) -> Result<[u8; 32]> {
    Ok(Sha256::digest(canonicalize_dna(sequence)?.as_bytes()).into())
}

/// Where a window around `locus` starts in a source of `source_bp` bases: centred on the locus (the
/// source's middle when there is none) and pushed back inside the source.
///
/// ```
/// use genolewm_core::position::BpOffset;
/// use genolewm_core::window::window_start;
/// assert_eq!(window_start(30_000, Some(BpOffset(10_000)), 4_096), BpOffset(7_952));
/// assert_eq!(window_start(30_000, Some(BpOffset(29_999)), 4_096), BpOffset(25_904));
/// assert_eq!(window_start(100, Some(BpOffset(50)), 4_096), BpOffset(0));
/// ```
#[must_use]
pub fn window_start(source_bp: u64, locus: Option<BpOffset>, window_bp: u64) -> BpOffset {
    let last = source_bp.saturating_sub(window_bp);
    let centre = locus.map_or(source_bp / 2, BpOffset::get);
    BpOffset(centre.saturating_sub(window_bp / 2).min(last))
}

/// Cuts the window around `edit_locus` out of a whole source sequence.
///
/// ```
/// use genolewm_core::position::BpOffset;
/// use genolewm_core::window::extract_window;
/// let window = extract_window(&"ACGT".repeat(2_000), Some(BpOffset(6_000)), 4_096)?;
/// assert_eq!((window.start(), window.end()), (BpOffset(3_904), BpOffset(8_000)));
/// assert_eq!(window.place(&"1:6001:A:G".parse()?)?.rel_pos(), BpOffset(2_096));
/// # Ok::<(), genolewm_core::Error>(())
/// ```
///
/// # Errors
/// `INPUT.GENERIC` for a window length that is not canonical, an empty source, or a letter that is
/// no base; `INPUT.OUT_OF_WINDOW` when the locus lies beyond the source.
pub fn extract_window(
    source: &str,
    edit_locus: Option<BpOffset>,
    window_bp: usize,
) -> Result<ExtractedWindow> {
    check_window_bp(window_bp)?;
    let given = source;
    let source = canonicalize_dna(given)?;
    let source_bp = source.len() as u64;
    if let Some(locus) = edit_locus.filter(|locus| locus.get() >= source_bp && source_bp > 0) {
        return Err(outside(locus).with_detail("source_bp", source_bp));
    }
    let start = window_start(source_bp, edit_locus, window_bp as u64);
    let first = start.index();
    let last = first.saturating_add(window_bp).min(source.len());
    let bases = source.get(first..last).unwrap_or_default();
    let given = given.get(first..last).unwrap_or_default();
    assemble([given, bases], start, edit_locus, window_bp)
}

/// Makes a window of bases that were already cut at `start` (see [`window_start`]). Fewer bases than
/// `window_bp` mean that the source ends there; the rest is padded with `A`.
///
/// # Errors
/// `INPUT.GENERIC` for a window length that is not canonical, no bases or more than fit, or a letter
/// that is no base; `INPUT.OUT_OF_WINDOW` when the locus is not among the bases.
pub fn window_from_slice(
    bases: &str,
    start: BpOffset,
    edit_locus: Option<BpOffset>,
    window_bp: usize,
) -> Result<ExtractedWindow> {
    check_window_bp(window_bp)?;
    window_of_model(bases, start, edit_locus, window_bp)
}

/// As [`window_from_slice`], of whatever length a model's windows have.
///
/// # Errors
/// As [`window_from_slice`], but for the length, which must lie in [`MIN_WINDOW_BP`] to
/// [`MAX_WINDOW_BP`].
pub fn window_of_model(
    bases: &str,
    start: BpOffset,
    edit_locus: Option<BpOffset>,
    window_bp: usize,
) -> Result<ExtractedWindow> {
    if !(MIN_WINDOW_BP..=MAX_WINDOW_BP).contains(&window_bp) {
        return Err(
            Error::input(format!("{window_bp} bp is no length of a model's window"))
                .with_detail("least", MIN_WINDOW_BP)
                .with_detail("most", MAX_WINDOW_BP),
        );
    }
    assemble(
        [bases, &canonicalize_dna(bases)?],
        start,
        edit_locus,
        window_bp,
    )
}

/// Upper-cases `sequence` and pads it on the right with `A` to a multiple of `token_bp`.
///
/// # Errors
/// `INPUT.GENERIC` for a token of 0 bp or a letter that is no base.
pub fn pad_for_tokenizer(sequence: &str, token_bp: usize) -> Result<String> {
    if token_bp == 0 {
        return Err(Error::input("a token holds at least one base"));
    }
    let mut padded = canonicalize_dna(sequence)?;
    pad(&mut padded, sequence.len().next_multiple_of(token_bp));
    Ok(padded)
}

/// The tokenizer's text for any DNA: [`pad_for_tokenizer`] at [`TOKEN_BP`] between the DNA tags.
///
/// # Errors
/// `INPUT.GENERIC` for a letter that is no base.
pub fn wrap_dna(sequence: &str) -> Result<String> {
    Ok(wrap(&canonicalize_dna(sequence)?))
}

fn is_dna(base: char) -> bool {
    matches!(base.to_ascii_uppercase(), 'A' | 'C' | 'G' | 'T' | 'N')
}

/// Whether windows of this length are scored.
///
/// # Errors
/// `INPUT.GENERIC` for a length that is not among [`CANONICAL_WINDOW_BP`].
pub fn check_window_bp(window_bp: usize) -> Result<()> {
    if CANONICAL_WINDOW_BP.contains(&window_bp) {
        return Ok(());
    }
    Err(Error::input(format!("{window_bp} bp is no window length"))
        .with_remedy(format!("use one of {CANONICAL_WINDOW_BP:?}")))
}

/// `bases` are canonical, `given` the same as they came, and `window_bp` is checked.
fn assemble(
    [given, bases]: [&str; 2],
    start: BpOffset,
    edit_locus: Option<BpOffset>,
    window_bp: usize,
) -> Result<ExtractedWindow> {
    if bases.is_empty() {
        return Err(Error::input("the source sequence is empty"));
    }
    let Some(pad_right_bp) = window_bp.checked_sub(bases.len()) else {
        return Err(Error::input("more bases than the window holds")
            .with_detail("bases", bases.len())
            .with_detail("window_bp", window_bp));
    };
    if let Some(locus) = edit_locus {
        let inside = locus
            .since(start)
            .is_some_and(|rel| rel.get() < bases.len() as u64);
        if !inside {
            return Err(outside(locus).with_detail("window_start_bp", start));
        }
    }
    let sequence = if pad_right_bp == 0 {
        Arc::from(bases)
    } else {
        let mut padded = String::from(bases);
        pad(&mut padded, window_bp);
        Arc::from(padded)
    };
    Ok(ExtractedWindow {
        sequence,
        start,
        edit_locus,
        pad_right_bp,
        soft_masks: soft_masks(given, start).into(),
    })
}

/// The runs of lower case.
fn soft_masks(given: &str, start: BpOffset) -> Vec<Interval> {
    let mut masks: Vec<Interval> = Vec::new();
    let lower = given
        .bytes()
        .zip(start.get()..)
        .filter(|(base, _)| base.is_ascii_lowercase());
    for (_, at) in lower {
        match masks.last_mut() {
            Some(mask) if mask.end.get() == at => mask.end = BpOffset(at + 1),
            _ => masks.push(Interval::at(BpOffset(at), 1)),
        }
    }
    masks
}

fn outside(locus: BpOffset) -> Error {
    Error::new(
        ErrorCode::InputOutOfWindow,
        "the edit locus lies outside the sequence",
    )
    .with_detail("edit_locus", locus)
}

fn pad(sequence: &mut String, to_bp: usize) {
    let missing = to_bp.saturating_sub(sequence.len());
    sequence.extend(core::iter::repeat_n(PAD_BASE, missing));
}

fn wrap(canonical: &str) -> String {
    let whole_bp = canonical.len().next_multiple_of(TOKEN_BP);
    let mut text = String::with_capacity(DNA_OPEN_TAG.len() + whole_bp + DNA_CLOSE_TAG.len());
    text.push_str(DNA_OPEN_TAG);
    text.push_str(canonical);
    pad(&mut text, DNA_OPEN_TAG.len() + whole_bp);
    text.push_str(DNA_CLOSE_TAG);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_source_is_padded_and_counted() -> Result<()> {
        let window = extract_window("acgtn", Some(BpOffset(4)), 4_096)?;
        assert_eq!(
            (window.start(), window.end()),
            (BpOffset(0), BpOffset(4_096))
        );
        assert_eq!(window.pad_right_bp(), 4_091);
        assert!(window.sequence().starts_with("ACGTNAAA"));
        Ok(())
    }

    #[test]
    fn repeats_of_a_reference_passed_for_unique_sequence() -> Result<()> {
        let slice = "ACGTacgtNNacgtACGT";
        let window = window_from_slice(slice, BpOffset(100), None, 4_096)?;
        let masked = |start, bases| window.soft_masked(Interval::at(BpOffset(start), bases));
        assert_eq!(masked(103, 1), Some(false));
        assert_eq!(masked(103, 2), Some(true));
        assert_eq!((masked(104, 1), masked(107, 1)), (Some(true), Some(true)));
        assert_eq!((masked(108, 2), masked(113, 9)), (Some(false), Some(true)));
        assert_eq!(masked(114, 1), Some(false));
        let whole = extract_window(slice, None, 4_096)?;
        assert_eq!(whole.soft_masked(Interval::at(BpOffset(4), 1)), Some(true));
        let plain = window_from_slice("ACGTN", BpOffset(100), None, 4_096)?;
        assert_eq!(plain.soft_masked(plain.span()), None);
        Ok(())
    }

    #[test]
    fn a_slice_and_the_whole_source_give_the_same_window() -> Result<()> {
        let source = "ACGTTGCA".repeat(1_000);
        let locus = Some(BpOffset(5_000));
        let whole = extract_window(&source, locus, 4_096)?;
        let start = window_start(source.len() as u64, locus, 4_096);
        let slice = source.get(start.index()..).and_then(|s| s.get(..4_096));
        assert_eq!(
            window_from_slice(slice.unwrap_or_default(), start, locus, 4_096)?,
            whole
        );
        Ok(())
    }

    #[test]
    fn tokenizer_text_is_whole_tokens() -> Result<()> {
        assert_eq!(wrap_dna("acgta")?, "<dna>ACGTAA</dna>");
        assert_eq!(wrap_dna("")?, "<dna></dna>");
        assert_eq!(pad_for_tokenizer("acgta", 4)?, "ACGTAAAA");
        assert!(pad_for_tokenizer("acgta", 0).is_err());
        Ok(())
    }

    #[test]
    fn letters_that_are_no_bases_are_refused() {
        for text in ["ACGU", "AC GT", "é", "ACG\n"] {
            let code = canonicalize_dna(text).map_err(|e| e.code());
            assert_eq!(code, Err(ErrorCode::InputGeneric), "{text:?}");
        }
    }
}
