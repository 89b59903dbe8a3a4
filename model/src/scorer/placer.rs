//! Edits to windows of the reference.

use crate::info::ModelInfo;
use genolewm_core::edit::{AlleleForm, EditSpec, SkipReason, VariantSpelling};
use genolewm_core::genome::places::{Place, Places};
use genolewm_core::position::{BpOffset, Interval, Position};
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::window::{ExtractedWindow, window_of_model, window_start};
use genolewm_core::{Error, ErrorCode, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// An edit and the reference window that it is scored in.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The edit, in the form in which it is scored.
    pub edit: EditSpec,
    /// The window; candidates that share one share its encoding.
    pub window: Arc<ExtractedWindow>,
    /// What is known of its place.
    pub place: Place,
}

impl Candidate {
    /// An edit in its window, of whose place nothing else is known.
    #[must_use]
    pub fn new(edit: EditSpec, window: Arc<ExtractedWindow>) -> Self {
        Self {
            edit,
            window,
            place: Place::default(),
        }
    }
}

/// Bases of the reference that are shown where a variant has others.
const SHOWN_BP: usize = 64;

/// Where an edit is scored, or why it is not.
#[derive(Debug, Clone)]
pub enum Placed {
    /// As this edit, in this window; edits at one locus should share the `Arc`, and with it the
    /// encoding.
    Candidate(Candidate),
    /// Nowhere.
    Skipped(SkipReason),
}

/// Why an allele is not scored, as an error.
#[must_use]
pub fn refused(reason: SkipReason) -> Error {
    let code = match reason {
        SkipReason::RefMismatch | SkipReason::ReferenceN => ErrorCode::InputWindowMismatch,
        SkipReason::OutOfContig | SkipReason::ContigUnknown | SkipReason::OtherMitochondrion => {
            ErrorCode::InputOutOfWindow
        }
        SkipReason::TooLong | SkipReason::Symbolic | SkipReason::Breakend => {
            ErrorCode::InputUnsupportedEdit
        }
        _ => ErrorCode::InputInvalidEdit,
    };
    Error::new(code, format!("the variant cannot be scored: {}", reason.describe()))
        .with_detail("reason", reason)
        .with_remedy("check that variant and reference are of one genome build, and that the allele is a short edit over A, C, G and T")
}

/// As [`refused`], and which bases the reference has where it has others than the variant says.
pub(super) fn refused_for(reason: SkipReason, allele: &str, found: Option<&str>) -> Error {
    let error = refused(reason);
    match found {
        Some(bases) => error
            .with_detail("ref of the variant", allele)
            .with_detail("bases of the reference", bases),
        None => error,
    }
}

/// The bases that the reference has instead of an allele, if that is what speaks against it; of a long
/// allele the first.
///
/// # Errors
/// As [`BaseSource::fetch`].
pub(super) fn bases_instead<S: BaseSource>(
    reference: &mut Reference<S>,
    contig: &str,
    pos: Position,
    allele: &str,
    reason: Option<SkipReason>,
) -> Result<Option<Box<str>>> {
    if reason != Some(SkipReason::RefMismatch) {
        return Ok(None);
    }
    let shown_bp = allele.len().min(SHOWN_BP);
    let mut bases = reference.fetch(contig, Interval::at(pos.offset(), shown_bp as u64))?;
    if shown_bp < allele.len() {
        bases.push_str("...");
    }
    Ok(Some(bases.into()))
}

/// What is known of the places of a genome, shared by all that look there.
pub type SharedPlaces = Arc<Mutex<Places>>;

/// Brings each edit to the form in which it is scored, and finds its window and what is known of its
/// place; edits whose windows start at one place share it.
#[derive(Debug)]
pub struct Placer {
    window_bp: usize,
    stride_bp: Option<usize>,
    form: AlleleForm,
    places: Option<SharedPlaces>,
    last: Option<(String, Arc<ExtractedWindow>)>,
}

impl Placer {
    /// A placer of windows of `window_bp`, whose starts snap to a grid of `stride_bp` where that is
    /// given; edits are scored in their canonical form.
    #[must_use]
    pub fn new(window_bp: usize, stride_bp: Option<usize>) -> Self {
        Self {
            window_bp,
            stride_bp,
            form: AlleleForm::default(),
            places: None,
            last: None,
        }
    }

    /// A placer of a model's windows.
    #[must_use]
    pub fn of(info: &ModelInfo) -> Self {
        Self::new(info.config.window_bp, info.config.window_stride_bp)
    }

    /// The same on a grid of `stride_bp`, where the model has none.
    #[must_use]
    pub fn on_grid(mut self, stride_bp: Option<usize>) -> Self {
        self.stride_bp = self.stride_bp.or(stride_bp);
        self
    }

    /// Whether sites that lie near to each other share a window.
    #[must_use]
    pub const fn is_on_grid(&self) -> bool {
        self.stride_bp.is_some()
    }

    /// The same, of edits in this form.
    #[must_use]
    pub fn of_alleles(mut self, form: AlleleForm) -> Self {
        self.form = form;
        self
    }

    /// The same, of edits in a genome of which this is known.
    #[must_use]
    pub fn among(mut self, places: Option<SharedPlaces>) -> Self {
        self.places = places;
        self
    }

    /// The form in which edits are scored.
    #[must_use]
    pub const fn form(&self) -> AlleleForm {
        self.form
    }

    /// A variant that is given by itself, as the edit that is scored, in its window.
    ///
    /// # Errors
    /// [`refused`] where it is none or the reference speaks against it; as [`BaseSource::fetch`].
    pub fn variant<S: BaseSource>(
        &mut self,
        reference: &mut Reference<S>,
        variant: &VariantSpelling,
    ) -> Result<Candidate> {
        let reason = match reference.edit_of(variant, self.form)? {
            Ok(edit) => return self.in_window(reference, edit),
            Err(reason) => reason,
        };
        let (contig, pos, allele) = (variant.chrom(), variant.pos(), variant.reference());
        let found = bases_instead(reference, contig, pos, allele, Some(reason))?;
        Err(refused_for(reason, allele, found.as_deref()))
    }

    /// Where an edit is scored, or what the reference says against it.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn place<S: BaseSource>(
        &mut self,
        reference: &mut Reference<S>,
        edit: &EditSpec,
    ) -> Result<Placed> {
        let objection = reference.check(edit.chrom(), edit.pos(), edit.reference())?;
        match objection {
            Some(reason) => Ok(Placed::Skipped(reason)),
            None => self.checked(reference, edit).map(Placed::Candidate),
        }
    }

    /// Where an edit is scored whose reference allele is there.
    ///
    /// # Errors
    /// As [`BaseSource::fetch`].
    pub fn checked<S: BaseSource>(
        &mut self,
        reference: &mut Reference<S>,
        edit: &EditSpec,
    ) -> Result<Candidate> {
        let edit = match self.form {
            AlleleForm::Canonical => reference.left_aligned(edit)?,
            AlleleForm::AsGiven => edit.clone(),
        };
        self.in_window(reference, edit)
    }

    fn in_window<S: BaseSource>(
        &mut self,
        reference: &mut Reference<S>,
        edit: EditSpec,
    ) -> Result<Candidate> {
        let Some(contig) = reference.contig(edit.chrom()) else {
            return Err(Error::invariant("a checked edit has no contig"));
        };
        let (name, contig_bp) = (contig.name.clone(), contig.length_bp);
        let place = match &self.places {
            Some(places) => {
                let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
                places.of(&edit, reference)?
            }
            None => Place::default(),
        };
        let start = self.start(&edit, contig_bp);
        if let Some((last, window)) = &self.last
            && *last == name
            && window.start() == start
        {
            let window = Arc::clone(window);
            return Ok(Candidate {
                edit,
                window,
                place,
            });
        }
        let end = BpOffset((start.get() + self.window_bp as u64).min(contig_bp));
        let bases = reference.fetch_soft_masked(&name, Interval::new(start, end)?)?;
        let window = Arc::new(window_of_model(
            &bases,
            start,
            Some(edit.pos().offset()),
            self.window_bp,
        )?);
        self.last = Some((name, Arc::clone(&window)));
        Ok(Candidate {
            edit,
            window,
            place,
        })
    }

    /// Centred on the edit; on the grid, where the edit still lies inside.
    fn start(&self, edit: &EditSpec, contig_bp: u64) -> BpOffset {
        let (locus, window_bp) = (edit.pos().offset(), self.window_bp as u64);
        let centred = window_start(contig_bp, Some(locus), window_bp);
        let Some(stride_bp) = self.stride_bp else {
            return centred;
        };
        let snapped = centred.get() / stride_bp as u64 * stride_bp as u64;
        // At a contig's end a window of the grid may lack what the window at the end has.
        let last = locus.get() + edit.reference().len() as u64 + window_bp / 4;
        if last <= snapped + window_bp {
            BpOffset(snapped)
        } else {
            centred
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genolewm_core::reference::FastaReference;

    #[test]
    fn edits_on_one_window_share_it() -> Result<()> {
        let fasta = format!(">chr1\n{}\n", "ACGT".repeat(20));
        let mut reference = Reference::new(FastaReference::open(
            fasta.as_bytes(),
            None,
            None,
            "ref.fa",
        )?);
        let mut placer = Placer::new(4096, None);
        let mut place = |edit: &str| placer.place(&mut reference, &edit.parse()?);
        let (first, second) = (place("1:2:C:T")?, place("1:3:G:T")?);
        let (Placed::Candidate(first), Placed::Candidate(second)) = (first, second) else {
            return Err(Error::new(
                ErrorCode::InternalGeneric,
                "both edits have a window",
            ));
        };
        assert!(Arc::ptr_eq(&first.window, &second.window));
        assert!(matches!(
            place("1:2:A:T")?,
            Placed::Skipped(SkipReason::RefMismatch)
        ));
        Ok(())
    }

    #[test]
    fn grids_keep_the_edit_inside() -> Result<()> {
        let placer = Placer::new(4096, Some(1000));
        let start = |edit: &str| Ok::<_, Error>(placer.start(&edit.parse()?, 100_000));
        assert_eq!(start("1:5000:A:T")?, BpOffset(2000));
        assert_eq!(start("1:5048:A:T")?, BpOffset(2000));
        assert_eq!(start("1:5049:A:T")?, BpOffset(3000));
        assert_eq!(start("1:99000:A:T")?, BpOffset(95_904));
        Ok(())
    }
}
