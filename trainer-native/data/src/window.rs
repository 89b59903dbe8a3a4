//! A window that training edits are drawn for: its bases, and what is known of where they come from.

use crate::bases::decode;
use crate::sha256::hex;
use genolewm_core::Result;
use genolewm_core::edit::{EditSpec, LeftAligner, RelEdit, TrimmedVariant};
use genolewm_core::position::{BpOffset, Interval};
use genolewm_core::window::window_sha256;
use std::sync::Arc;

/// A stretch of a record, on its forward strand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The record's name.
    pub contig: Arc<str>,
    /// The bases, counted on the record.
    pub span: Interval,
}

/// A window of the forward strand.
///
/// It is *placed* when it is one stretch of a contig, whose variants and hold-outs are then looked
/// up by coordinates. One that runs across records, or comes from a record without a place, is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowContext {
    /// The record of its first base.
    pub record_id: Arc<str>,
    /// Upper-case bases.
    pub bases: String,
    /// The first base, on the contig where the window is placed, else on the record.
    pub start: BpOffset,
    /// The contig, in the names of the hold-outs; `None` where the window is not placed.
    pub contig: Option<Arc<str>>,
    /// All that it is made of, in order. A window whose first and last bases lie on different
    /// records touches every one of them.
    pieces: Vec<Piece>,
}

impl WindowContext {
    /// A window of a record whose place on a contig is known.
    #[cfg(test)]
    pub(crate) fn placed(record_id: &str, contig: &str, start: BpOffset, bases: String) -> Self {
        let (record_id, contig): (Arc<str>, Arc<str>) = (record_id.into(), contig.into());
        let piece = Piece {
            contig: Arc::clone(&contig),
            span: Interval::at(start, bases.len() as u64),
        };
        Self {
            record_id,
            bases,
            start,
            contig: Some(contig),
            pieces: vec![piece],
        }
    }

    /// A window of a record that has no place: `start` counts on the record.
    #[cfg(test)]
    pub(crate) fn unplaced(record_id: &str, start: BpOffset, bases: String) -> Self {
        Self {
            contig: None,
            ..Self::placed(record_id, record_id, start, bases)
        }
    }

    /// A window cut from sequence files, by codes of the forward strand. It is placed if it lies in
    /// one record; `None` if there is no piece.
    #[must_use]
    pub fn of_pieces(codes: &[u8], pieces: Vec<Piece>) -> Option<Self> {
        let first = pieces.first()?;
        let contig = (pieces.len() == 1).then(|| Arc::clone(&first.contig));
        Some(Self {
            record_id: Arc::clone(&first.contig),
            bases: decode(codes),
            start: first.span.start,
            contig,
            pieces,
        })
    }

    /// What the window is made of, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// A part of it, as a window of its own; `None` where it reaches outside.
    #[must_use]
    pub fn part(&self, from: usize, len_bp: usize) -> Option<Self> {
        let end = from.checked_add(len_bp)?;
        let (mut before, mut pieces) = (0, Vec::new());
        for piece in &self.pieces {
            let size = piece.span.len_bp() as usize;
            let first = from.saturating_sub(before);
            let last = end.saturating_sub(before).min(size);
            if first < last {
                pieces.push(Piece {
                    contig: Arc::clone(&piece.contig),
                    span: Interval::at(
                        piece.span.start.saturating_add(first as u64),
                        (last - first) as u64,
                    ),
                });
            }
            before += size;
        }
        let first = pieces.first()?;
        Some(Self {
            record_id: Arc::clone(&first.contig),
            bases: self.bases.get(from..end)?.to_owned(),
            start: first.span.start,
            contig: (pieces.len() == 1).then(|| Arc::clone(&first.contig)),
            pieces,
        })
    }

    /// The window's span on the contig or record of [`start`](Self::start).
    #[must_use]
    pub fn span(&self) -> Interval {
        Interval::at(self.start, self.bases.len() as u64)
    }

    /// The SHA-256 of the bases in lower-case hexadecimal, by which equal windows are one.
    ///
    /// # Errors
    /// `INPUT.GENERIC` where a base is none of A, C, G, T and N.
    pub fn window_id(&self) -> Result<String> {
        window_sha256(&self.bases).map(|hash| hex(&hash))
    }

    /// An edit of the window as one of the record that its reference bases lie on; `None` where they
    /// lie on two records, or where the edit is none of a record.
    #[must_use]
    pub fn on_record(&self, edit: &RelEdit) -> Option<EditSpec> {
        self.on_piece(edit).map(|(edit, ..)| edit)
    }

    /// The change of a record that an edit of the window is, at every place at which the window's bases
    /// let it be written; none where [`on_record`](Self::on_record) has none.
    #[must_use]
    pub fn places(&self, edit: &RelEdit) -> Vec<TrimmedVariant> {
        let Some((edit, piece, before)) = self.on_piece(edit) else {
            return Vec::new();
        };
        let base = |at: BpOffset| {
            let inside = at
                .since(piece.span.start)
                .filter(|_| piece.span.contains(at))?;
            self.bases.as_bytes().get(before + inside.index()).copied()
        };
        TrimmedVariant::of(&edit).places(base)
    }

    /// An edit of the contig that a placed window lies on, in its canonical form, as far left as the
    /// window shows; `None` where its reference bases are not there.
    #[must_use]
    pub fn canonical(&self, edit: &EditSpec) -> Option<RelEdit> {
        let base = |at: u64| {
            let inside = BpOffset(at).since(self.start)?;
            self.bases.as_bytes().get(inside.index())
        };
        let bases = |span: Interval| -> String {
            let all = span.start.get()..span.end.get();
            all.map(|at| base(at).map_or('N', |&base| char::from(base)))
                .collect()
        };
        if bases(edit.span()) != edit.reference() {
            return None;
        }
        let edit = LeftAligner::default().align(edit, |span| Ok(bases(span)));
        edit.ok()?.relative_to(self.start, self.span().last()?).ok()
    }

    /// An edit of the window in its canonical form, as [`canonical`](Self::canonical), whether the window
    /// is placed or not.
    #[must_use]
    pub fn aligned(&self, edit: &RelEdit) -> Option<RelEdit> {
        let position = edit.rel_pos().saturating_add(self.start.get()).position();
        let (reference, alternate) = (edit.ref_bases(), edit.alt_bases());
        self.canonical(&EditSpec::new(&self.record_id, position, reference, alternate).ok()?)
    }

    /// An edit as one of the record that its reference bases lie on, the piece of it, and the bases of the
    /// window before that.
    fn on_piece(&self, edit: &RelEdit) -> Option<(EditSpec, &Piece, usize)> {
        let mut before = 0;
        for piece in &self.pieces {
            let size = piece.span.len_bp();
            let first = edit.rel_pos().get() - before;
            if first < size {
                let inside = first + edit.ref_bases().len() as u64 <= size;
                let position = piece.span.start.saturating_add(first).position();
                let (reference, alternate) = (edit.ref_bases(), edit.alt_bases());
                let edit = EditSpec::new(&piece.contig, position, reference, alternate).ok()?;
                return inside.then_some((edit, piece, usize::try_from(before).ok()?));
            }
            before += size;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(contig: &str, start: u64, end: u64) -> Piece {
        Piece {
            contig: contig.into(),
            span: Interval::new(BpOffset(start), BpOffset(end)).unwrap(),
        }
    }

    fn edit(at: u64, reference: &str) -> RelEdit {
        RelEdit::new(BpOffset(at), reference, "TT").unwrap()
    }

    #[test]
    fn a_window_across_records_has_no_place_but_its_edits_have() {
        let codes = [0, 1, 2, 0, 1, 2];
        let pieces = vec![piece("a", 8, 10), piece("b", 0, 1), piece("c", 5, 8)];
        let window = WindowContext::of_pieces(&codes, pieces).unwrap();
        assert_eq!((&*window.record_id, &window.contig), ("a", &None));
        let on_record = |at, reference| {
            window
                .on_record(&edit(at, reference))
                .map(|e| e.to_string())
        };
        assert_eq!(on_record(1, "C").as_deref(), Some("a:10:C:TT"));
        assert_eq!(on_record(2, "G").as_deref(), Some("b:1:G:TT"));
        assert_eq!(on_record(4, "CG").as_deref(), Some("c:7:CG:TT"));
        assert_eq!((on_record(1, "CG"), on_record(6, "A")), (None, None));
        let whole = WindowContext::of_pieces(&codes, vec![piece("a", 8, 14)]).unwrap();
        assert_eq!(whole.contig.as_deref(), Some("a"));
        assert_eq!(whole.span(), piece("a", 8, 14).span);
        assert_eq!(WindowContext::of_pieces(&[], Vec::new()), None);
    }

    #[test]
    fn a_deletion_has_a_place_for_each_base_of_its_repeat_on_its_record() {
        // ACAAAC, of which the last two lie on another record.
        let codes = [0, 1, 0, 0, 0, 1];
        let pieces = vec![piece("a", 8, 12), piece("b", 0, 2)];
        let window = WindowContext::of_pieces(&codes, pieces).unwrap();
        let places = |at, reference| {
            let edit = RelEdit::new(BpOffset(at), reference, "A").unwrap();
            window.places(&edit)
        };
        let key = |text: &str| TrimmedVariant::of(&text.parse().unwrap());
        let both = places(2, "AA");
        assert_eq!((both.len(), &both[0]), (2, &key("a:10:CA:C")));
        assert_eq!(both[1].span(), piece("a", 11, 12).span);
        assert_eq!(places(4, "AC"), [key("b:1:AC:A")]);
        assert!(places(3, "AA").is_empty());
        assert_eq!(places(1, "C"), [key("a:10:C:A")]);
    }

    #[test]
    fn edits_are_left_aligned_as_far_as_a_window_shows() {
        let window = WindowContext::placed("r", "chr1", BpOffset(10), "AAAAC".to_owned());
        let canonical = |text: &str| {
            let edit = window.canonical(&text.parse().unwrap());
            edit.map(|edit| (edit.rel_pos().get(), edit.ref_bases().to_owned()))
        };
        assert_eq!(canonical("chr1:13:AA:A"), Some((0, "AA".to_owned())));
        assert_eq!(canonical("chr1:15:C:CC"), Some((3, "A".to_owned())));
        assert_eq!(canonical("chr1:14:CA:C"), None);
        assert_eq!(canonical("chr1:15:CA:C"), None);
    }

    /// The hash is the Python package's for the same bases.
    #[test]
    fn equal_windows_are_one_wherever_they_lie() {
        let bases = "ACGTTGCAGGACGGTCATTTACCGATAGGCATTGACCATGGCATTACGATCAGT";
        let placed = WindowContext::placed("r", "chr1", BpOffset(100), bases.to_owned());
        let unplaced = WindowContext::unplaced("r", BpOffset(7), bases.to_owned());
        let id = "2997d233f447d12f4be7d75a36b35c3f4c5ee44fc9fdf852258839d4696e28a6";
        assert_eq!(placed.window_id().unwrap(), id);
        assert_eq!(unplaced.window_id().unwrap(), id);
        assert_eq!((placed.span().end, unplaced.contig), (BpOffset(154), None));
    }
}
