//! Synthetic edits, that nobody has observed, for training.

use crate::bases::{below, letter};
use crate::errors::dataloader_error;
use crate::weighted::WeightedChoice;
use genolewm_core::edit::{EditType, MAX_ALLELE_BP, RelEdit};
use genolewm_core::position::BpOffset;
use genolewm_core::{Error, ErrorCode, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// Places tried before a window is said to have no room for an edit.
const MAX_TRIES: usize = 1_000;

/// Where synthetic edits lie in a window, and how long a substitution of several bases is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntheticShape {
    edge_margin_bp: usize,
    longest_substitution_bp: usize,
}

impl Default for SyntheticShape {
    /// Anywhere; 2 to 4 bp.
    fn default() -> Self {
        Self {
            edge_margin_bp: 0,
            longest_substitution_bp: 4,
        }
    }
}

impl SyntheticShape {
    /// Clear of `edge_margin_bp` at either end of the window; of 2 up to `longest_substitution_bp`
    /// bases. The Python package's are 64 and 8.
    ///
    /// # Errors
    /// `CONFIG.GENERIC` for a substitution that is shorter than 2 or longer than an allele may be.
    pub fn new(edge_margin_bp: usize, longest_substitution_bp: usize) -> Result<Self> {
        if (2..=MAX_ALLELE_BP).contains(&longest_substitution_bp) {
            return Ok(Self {
                edge_margin_bp,
                longest_substitution_bp,
            });
        }
        let message = format!("a substitution of several bases has 2 to {MAX_ALLELE_BP}");
        Err(Error::new(ErrorCode::ConfigGeneric, message)
            .with_detail("longest_substitution_bp", longest_substitution_bp))
    }

    /// The same, clear of another margin.
    #[must_use]
    pub const fn with_edge_margin(mut self, edge_margin_bp: usize) -> Self {
        self.edge_margin_bp = edge_margin_bp;
        self
    }
}

/// How often each type of edit is drawn where types are balanced: SNV 0.4, insertion 0.2, deletion
/// 0.2, MNV 0.1, indel 0.1.
#[must_use]
pub fn default_edit_types() -> WeightedChoice<EditType> {
    WeightedChoice::of([
        (EditType::Snv, 0.4),
        (EditType::Ins, 0.2),
        (EditType::Del, 0.2),
        (EditType::Mnv, 0.1),
        (EditType::Indel, 0.1),
    ])
}

/// Where the states of a window with several edits are pooled, the unedited window's too: at the
/// right-most edit. The encoder reads from left to right, so a state pooled further left could not
/// tell that edit from none.
#[must_use]
pub fn pooling_locus(edits: &[RelEdit]) -> Option<BpOffset> {
    edits.iter().map(RelEdit::rel_pos).max()
}

/// A random edit of one type at a random place of an upper-case window, all of whose reference bases
/// are known. Insertions and deletions are anchored by the base before them, as in VCF; half of
/// them change one base, a quarter two, and so on.
///
/// # Errors
/// `TRAINING.DATALOADER` when the window has no room for it, or for [`EditType::Sv`].
pub fn synthetic_edit(window: &str, edit_type: EditType, rng: &mut ChaCha8Rng) -> Result<RelEdit> {
    shaped_edit(window, edit_type, &SyntheticShape::default(), rng)
}

/// The same, of a shape.
///
/// # Errors
/// As [`synthetic_edit`].
pub fn shaped_edit(
    window: &str,
    edit_type: EditType,
    shape: &SyntheticShape,
    rng: &mut ChaCha8Rng,
) -> Result<RelEdit> {
    let margin = shape.edge_margin_bp;
    for _ in 0..MAX_TRIES {
        let Some((ref_bp, alt_bp)) = draw_lengths(edit_type, shape, rng) else {
            break;
        };
        let inside = window.len().saturating_sub(margin.saturating_mul(2));
        let room = (inside + 1).saturating_sub(ref_bp);
        if room == 0 {
            continue;
        }
        let at = margin + below(rng, room as u64) as usize;
        let reference = &window[at..at + ref_bp];
        if !reference.bytes().all(|base| b"ACGT".contains(&base)) {
            continue;
        }
        let alternate = draw_alternate(reference, alt_bp, edit_type, rng);
        if alternate != reference {
            return RelEdit::new(BpOffset(at as u64), reference, &alternate);
        }
    }
    Err(
        dataloader_error("a window has no room for a synthetic edit")
            .with_detail("window_bp", window.len())
            .with_detail("edge_margin_bp", margin)
            .with_detail("edit_type", format!("{edit_type:?}")),
    )
}

/// A random substitution of one base.
///
/// # Errors
/// `TRAINING.DATALOADER` when the window has no known base.
pub fn synthetic_snv(
    window: &str,
    shape: &SyntheticShape,
    rng: &mut ChaCha8Rng,
) -> Result<RelEdit> {
    shaped_edit(window, EditType::Snv, shape, rng)
}

/// A random insertion or deletion, evenly.
///
/// # Errors
/// As [`synthetic_edit`].
pub fn synthetic_indel(
    window: &str,
    shape: &SyntheticShape,
    rng: &mut ChaCha8Rng,
) -> Result<RelEdit> {
    let edit_type = if below(rng, 2) == 0 {
        EditType::Ins
    } else {
        EditType::Del
    };
    shaped_edit(window, edit_type, shape, rng)
}

/// A made-up insertion or deletion as common ones are: one in three at random, the others a copy more or
/// less of what is repeated there, in long repeats above all. At random where nothing is repeated.
///
/// # Errors
/// As [`synthetic_edit`].
pub fn natural_indel(window: &str, rng: &mut ChaCha8Rng) -> Result<RelEdit> {
    let copied = match below(rng, 3) {
        0 => None,
        _ => copied_or_lost(window, geometric(MAX_ALLELE_BP as u64 - 1, rng), rng)?,
    };
    match copied {
        Some(edit) => Ok(edit),
        None => synthetic_indel(window, &SyntheticShape::default(), rng),
    }
}

/// A repeat of a unit of `unit_bp` with a copy more or less, written at its start, each repeat as often as
/// the cube of its copies says; none where there is none, or where it has unknown bases. (Of common deletions
/// of one base on chr20, 15 take one of two copies, 6 of three, 64 of more.)
fn copied_or_lost(window: &str, unit_bp: usize, rng: &mut ChaCha8Rng) -> Result<Option<RelEdit>> {
    let bases = window.as_bytes();
    let is_repeated = |at: usize| {
        bases
            .get(at + unit_bp)
            .is_some_and(|base| *base == bases[at])
    };
    let mut repeats = Vec::new();
    let mut at = 1;
    while at < bases.len() {
        let repeated_bp = (at..bases.len()).take_while(|&at| is_repeated(at)).count();
        let copies = 1 + repeated_bp / unit_bp;
        if copies > 1 && !is_repeated(at - 1) {
            repeats.push((at - 1, (copies as f64).powi(3)));
        }
        at += repeated_bp + 1;
    }
    let Some(anchor) = WeightedChoice::of(repeats).draw(rng) else {
        return Ok(None);
    };
    let (one, two) = (&window[anchor..=anchor], &window[anchor..=anchor + unit_bp]);
    if !two.bytes().all(|base| b"ACGT".contains(&base)) {
        return Ok(None);
    }
    let (reference, alternate) = if below(rng, 2) == 0 {
        (one, two)
    } else {
        (two, one)
    };
    RelEdit::new(BpOffset(anchor as u64), reference, alternate).map(Some)
}

fn draw_lengths(
    edit_type: EditType,
    shape: &SyntheticShape,
    rng: &mut ChaCha8Rng,
) -> Option<(usize, usize)> {
    let substituted = shape.longest_substitution_bp as u64 - 1;
    let changed = geometric(MAX_ALLELE_BP as u64 - 1, rng);
    Some(match edit_type {
        EditType::Snv => (1, 1),
        EditType::Ins => (1, 1 + changed),
        EditType::Del => (1 + changed, 1),
        EditType::Mnv => {
            let length = 2 + below(rng, substituted) as usize;
            (length, length)
        }
        EditType::Indel => {
            let shorter = 2 + below(rng, substituted) as usize;
            let longer = (shorter + changed).min(MAX_ALLELE_BP);
            if below(rng, 2) == 0 {
                (shorter, longer)
            } else {
                (longer, shorter)
            }
        }
        EditType::Sv => return None,
    })
}

fn draw_alternate(
    reference: &str,
    alt_bp: usize,
    edit_type: EditType,
    rng: &mut ChaCha8Rng,
) -> String {
    let anchored = matches!(edit_type, EditType::Ins | EditType::Del);
    let anchor = if anchored { &reference[..1] } else { "" };
    let mut alternate = anchor.to_owned();
    alternate.extend((anchor.len()..alt_bp).map(|_| letter(below(rng, 4) as u8)));
    alternate
}

/// 1 with probability 1/2, 2 with 1/4, …, cut at `most`.
fn geometric(most: u64, rng: &mut ChaCha8Rng) -> usize {
    u64::from(rng.next_u64().trailing_zeros() + 1).min(most) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::ErrorCode;
    use genolewm_core::edit::apply_edit;
    use rand_core::SeedableRng;

    #[test]
    fn synthetic_edits_have_their_type_and_apply() {
        let window = "ACGTTGCANNACGGTCATTTACCGATAGGCAN";
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for round in 0..3_000 {
            let edit_type = EditType::ALL[round % 5];
            let edit = synthetic_edit(window, edit_type, &mut rng).unwrap();
            assert_eq!(edit.edit_type(), edit_type, "{edit:?}");
            let edited = apply_edit(window, &edit, true).unwrap();
            assert_eq!(edited.len(), window.len());
        }
        for _ in 0..100 {
            let indel = synthetic_indel(window, &SyntheticShape::default(), &mut rng).unwrap();
            assert!(indel.ref_bases().as_bytes()[0] == indel.alt_bases().as_bytes()[0]);
        }
        let snv = synthetic_snv(window, &SyntheticShape::default(), &mut rng).unwrap();
        assert_eq!(snv.edit_type(), EditType::Snv);
    }

    #[test]
    fn natural_indels_copy_and_lose_what_is_repeated() {
        let window = "GATTTTTTTTCAGACACACTTGCANNNNACG";
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut of_run, mut of_pair) = (0, 0);
        for _ in 0..2_000 {
            let edit = natural_indel(window, &mut rng).unwrap();
            apply_edit(window, &edit, true).unwrap();
            let alleles = [edit.ref_bases(), edit.alt_bases()];
            let is = |at, one, two| {
                edit.rel_pos() == BpOffset(at) && (alleles == [one, two] || alleles == [two, one])
            };
            of_run += i32::from(is(1, "A", "AT"));
            of_pair += i32::from(is(10, "C", "CAG") || is(12, "G", "GAC"));
        }
        assert!(of_run > 500 && of_pair > 50, "{of_run} {of_pair}");
        for bases in ["A", "ACGT", "NNNNNACG"] {
            let edit = natural_indel(bases, &mut rng);
            assert!(edit.is_ok_and(|edit| apply_edit(bases, &edit, true).is_ok()) || bases == "A");
        }
    }

    #[test]
    fn a_shape_keeps_edits_from_the_edges_and_lets_them_be_long() {
        let window = "ACGT".repeat(50);
        let shape = SyntheticShape::new(64, 8).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut longest = 0;
        for round in 0..2_000 {
            let edit = shaped_edit(&window, EditType::ALL[round % 5], &shape, &mut rng).unwrap();
            let span = edit.span();
            assert!(
                span.start.get() >= 64 && span.end.get() <= 200 - 64,
                "{edit:?}"
            );
            if edit.edit_type() == EditType::Mnv {
                longest = longest.max(edit.ref_bases().len());
            }
        }
        assert_eq!(longest, 8);
        let narrow = shape.with_edge_margin(100);
        let error = synthetic_snv(&window, &narrow, &mut rng).unwrap_err();
        assert_eq!(error.details()["edge_margin_bp"], "100");
        for length in [0, 1, MAX_ALLELE_BP + 1] {
            assert!(SyntheticShape::new(0, length).is_err(), "{length}");
        }
    }

    #[test]
    fn a_window_without_room_is_an_error() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (window, edit_type) in [
            ("NNNN", EditType::Snv),
            ("A", EditType::Del),
            ("", EditType::Ins),
            ("ACGT", EditType::Sv),
        ] {
            let error = synthetic_edit(window, edit_type, &mut rng).unwrap_err();
            assert_eq!(error.code(), ErrorCode::TrainingDataloader);
        }
    }
}
