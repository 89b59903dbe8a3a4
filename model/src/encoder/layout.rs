//! Which rows of references and edited windows a pass runs, and which of them each state reads.

use super::plan::Sequence;
use core::ops::Range;

/// A reference and the edits that branch off it.
pub(super) struct Branches<'t> {
    pub(super) reference: &'t [u32],
    /// Rows of the reference that some edit reads.
    pub(super) wanted: Range<usize>,
    pub(super) edits: Vec<Branch<'t>>,
}

/// An edited window.
pub(super) struct Branch<'t> {
    pub(super) tokens: &'t [u32],
    /// Rows that are pooled.
    pub(super) span: Range<usize>,
    /// The first row that is not the reference's.
    pub(super) changed: usize,
}

impl Branches<'_> {
    /// The edits of each pass: as many as have `most_rows`, or one that has more.
    pub(super) fn parts(&self, most_rows: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let (mut start, mut rows) = (0, 0);
        for (index, edit) in self.edits.iter().enumerate() {
            let own = edit.span.end - edit.changed;
            if rows > 0 && rows + own > most_rows {
                parts.push(start..index);
                (start, rows) = (index, 0);
            }
            rows += own;
        }
        if start < self.edits.len() {
            parts.push(start..self.edits.len());
        }
        parts
    }
}

/// Sequences of a batch, and where each state's rows lie among the wanted ones.
#[derive(Default)]
pub(super) struct Layout<'t> {
    pub(super) sequences: Vec<Sequence<'t>>,
    pub(super) rows: usize,
    wanted_rows: usize,
    /// Where the last reference is, and its first wanted row among those of the pass.
    reference: Option<(usize, usize)>,
    pub(super) reference_rows: Vec<[Range<usize>; 2]>,
    /// What an edited window shares with its reference, then its own rows.
    pub(super) edited_rows: Vec<[Range<usize>; 2]>,
}

impl<'t> Layout<'t> {
    /// Adds a sequence; returns where its wanted rows start.
    fn push(&mut self, sequence: Sequence<'t>) -> usize {
        let offset = self.wanted_rows;
        self.rows += sequence.rows.len();
        self.wanted_rows += sequence.wanted.len();
        self.sequences.push(sequence);
        offset
    }

    /// Adds a reference, and what all edits read of it.
    pub(super) fn push_reference(&mut self, branches: &Branches<'t>) {
        let index = self.sequences.len();
        let base = self.push(Sequence {
            tokens: branches.reference,
            rows: 0..branches.wanted.end,
            prefix: None,
            wanted: branches.wanted.clone(),
        });
        self.reference = Some((index, base));
        let first = branches.wanted.start;
        for edit in &branches.edits {
            let rows = base + edit.span.start - first..base + edit.span.end - first;
            self.reference_rows.push([rows, 0..0]);
        }
    }

    /// Adds some of the edits: of the last reference, or of one in a pass before, whose wanted rows are
    /// `before` and come first.
    pub(super) fn push_edits(
        &mut self,
        branches: &Branches<'t>,
        part: Range<usize>,
        before: Option<usize>,
    ) {
        let (prefix, base) = match self.reference {
            Some((index, base)) if before.is_none() => (Some(index), base),
            _ => (None, 0),
        };
        let first = branches.wanted.start;
        for edit in &branches.edits[part] {
            let wanted = edit.changed.max(edit.span.start)..edit.span.end;
            let shared = base + edit.span.start - first..base + wanted.start - first;
            let count = wanted.len();
            let offset = before.unwrap_or(0)
                + self.push(Sequence {
                    tokens: edit.tokens,
                    rows: edit.changed..edit.span.end,
                    prefix,
                    wanted,
                });
            self.edited_rows.push([shared, offset..offset + count]);
        }
    }
}
