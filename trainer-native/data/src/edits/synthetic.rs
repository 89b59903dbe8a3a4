//! Synthetic edits, that nobody has observed, for training.

use crate::bases::{below, letter};
use crate::errors::dataloader_error;
use crate::weighted::WeightedChoice;
use genolewm_core::Result;
use genolewm_core::edit::{EditType, MAX_ALLELE_BP, RelEdit};
use genolewm_core::position::BpOffset;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// Places tried before a window is said to have no room for an edit.
const MAX_TRIES: usize = 1_000;
/// The longest run that a synthetic multi-base substitution changes.
const MAX_SUBSTITUTED_BP: u64 = 4;

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
    for _ in 0..MAX_TRIES {
        let Some((ref_bp, alt_bp)) = draw_lengths(edit_type, rng) else {
            break;
        };
        let room = (window.len() + 1).saturating_sub(ref_bp);
        if room == 0 {
            continue;
        }
        let at = below(rng, room as u64) as usize;
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
            .with_detail("edit_type", format!("{edit_type:?}")),
    )
}

/// A random substitution of one base.
///
/// # Errors
/// `TRAINING.DATALOADER` when the window has no known base.
pub fn synthetic_snv(window: &str, rng: &mut ChaCha8Rng) -> Result<RelEdit> {
    synthetic_edit(window, EditType::Snv, rng)
}

/// A random insertion or deletion, evenly.
///
/// # Errors
/// As [`synthetic_edit`].
pub fn synthetic_indel(window: &str, rng: &mut ChaCha8Rng) -> Result<RelEdit> {
    let edit_type = if below(rng, 2) == 0 {
        EditType::Ins
    } else {
        EditType::Del
    };
    synthetic_edit(window, edit_type, rng)
}

fn draw_lengths(edit_type: EditType, rng: &mut ChaCha8Rng) -> Option<(usize, usize)> {
    let changed = geometric(MAX_ALLELE_BP as u64 - 1, rng);
    Some(match edit_type {
        EditType::Snv => (1, 1),
        EditType::Ins => (1, 1 + changed),
        EditType::Del => (1 + changed, 1),
        EditType::Mnv => {
            let length = 2 + below(rng, MAX_SUBSTITUTED_BP - 1) as usize;
            (length, length)
        }
        EditType::Indel => {
            let shorter = 2 + below(rng, MAX_SUBSTITUTED_BP - 1) as usize;
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
            let indel = synthetic_indel(window, &mut rng).unwrap();
            assert!(indel.ref_bases().as_bytes()[0] == indel.alt_bases().as_bytes()[0]);
        }
        assert_eq!(
            synthetic_snv(window, &mut rng).unwrap().edit_type(),
            EditType::Snv
        );
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
