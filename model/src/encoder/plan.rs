//! Which rows of which sequences are run, and where they lie in one ragged batch.

use crate::ops::{AttentionSegment, Mask};
use core::ops::Range;

/// A token sequence of which only some rows are run.
#[derive(Debug, Clone)]
pub struct Sequence<'a> {
    /// All tokens, from row 0.
    pub tokens: &'a [u32],
    /// Rows that are run. Rows before them are taken from [`Self::prefix`].
    pub rows: Range<usize>,
    /// An earlier sequence of the batch that starts with the same `rows.start` tokens and runs
    /// them itself. Without one they are those of the pass before, where that is given.
    pub prefix: Option<usize>,
    /// Rows whose hidden state the caller reads, inside [`Self::rows`]; in the last layer nothing
    /// else is computed.
    pub wanted: Range<usize>,
}

impl<'a> Sequence<'a> {
    /// A sequence of which every row is run and read.
    #[must_use]
    pub fn whole(tokens: &'a [u32]) -> Self {
        Self {
            tokens,
            rows: 0..tokens.len(),
            prefix: None,
            wanted: 0..tokens.len(),
        }
    }
}

/// Row offsets of a batch of sequences.
#[derive(Debug, Clone)]
pub struct RowPlan {
    /// First row of each sequence among the rows that are run.
    pub offsets: Vec<usize>,
    /// First row of each sequence among the rows that are wanted.
    pub wanted_offsets: Vec<usize>,
    /// Rows that are run.
    pub row_count: usize,
    /// Rows of the pass before, whose keys and values come first.
    past_rows: usize,
}

impl RowPlan {
    /// Lays the sequences out one after another.
    #[must_use]
    pub fn new(sequences: &[Sequence<'_>]) -> Self {
        let mut plan = Self {
            offsets: vec![],
            wanted_offsets: vec![],
            row_count: 0,
            past_rows: 0,
        };
        let mut wanted = 0;
        for sequence in sequences {
            plan.offsets.push(plan.row_count);
            plan.wanted_offsets.push(wanted);
            plan.row_count += sequence.rows.len();
            wanted += sequence.wanted.len();
        }
        plan
    }

    /// The same after a pass of so many rows.
    pub(super) const fn after(mut self, past_rows: usize) -> Self {
        self.past_rows = past_rows;
        self
    }

    /// Tokens of all rows, in order.
    #[must_use]
    pub fn tokens(sequences: &[Sequence<'_>]) -> Vec<u32> {
        sequences
            .iter()
            .flat_map(|s| s.tokens[s.rows.clone()].iter().copied())
            .collect()
    }

    /// Positions of all rows, in order.
    #[must_use]
    pub fn positions(sequences: &[Sequence<'_>]) -> Vec<usize> {
        sequences.iter().flat_map(|s| s.rows.clone()).collect()
    }

    /// Rows of the batch that hold the wanted rows of each sequence.
    pub(super) fn wanted_rows(&self, sequences: &[Sequence<'_>]) -> Vec<Range<usize>> {
        let place = |(sequence, offset): (&Sequence<'_>, &usize)| {
            let start = offset + sequence.wanted.start - sequence.rows.start;
            start..start + sequence.wanted.len()
        };
        sequences.iter().zip(&self.offsets).map(place).collect()
    }

    /// Attention in which every row of each sequence asks.
    pub(super) fn segments(&self, sequences: &[Sequence<'_>]) -> Vec<AttentionSegment> {
        self.segments_of(sequences, |s| s.rows.clone(), &self.offsets)
    }

    /// Attention in which only the wanted rows ask.
    pub(super) fn wanted_segments(&self, sequences: &[Sequence<'_>]) -> Vec<AttentionSegment> {
        self.segments_of(sequences, |s| s.wanted.clone(), &self.wanted_offsets)
    }

    fn segments_of(
        &self,
        sequences: &[Sequence<'_>],
        asking: impl Fn(&Sequence<'_>) -> Range<usize>,
        offsets: &[usize],
    ) -> Vec<AttentionSegment> {
        let segment = |(index, sequence): (usize, &Sequence<'_>)| {
            let rows = asking(sequence);
            let at = |index: usize| self.past_rows + self.offsets[index];
            let prefix = match sequence.prefix {
                Some(prefix) => at(prefix)..at(prefix) + sequence.rows.start,
                None => 0..sequence.rows.start.min(self.past_rows),
            };
            let own = at(index)..at(index) + sequence.rows.len();
            AttentionSegment {
                queries: offsets[index]..offsets[index] + rows.len(),
                keys: [prefix, own],
                mask: Mask::Causal {
                    first_visible: rows.start,
                },
            }
        };
        sequences
            .iter()
            .enumerate()
            .map(segment)
            .filter(|s| !s.queries.is_empty())
            .collect()
    }
}
