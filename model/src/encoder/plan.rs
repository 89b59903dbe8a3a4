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
    /// them itself.
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
}

impl RowPlan {
    /// Lays the sequences out one after another.
    #[must_use]
    pub fn new(sequences: &[Sequence<'_>]) -> Self {
        let mut plan = Self {
            offsets: vec![],
            wanted_offsets: vec![],
            row_count: 0,
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
            let prefix = sequence.prefix.map_or(0..0, |prefix| {
                self.offsets[prefix]..self.offsets[prefix] + sequence.rows.start
            });
            let own = self.offsets[index]..self.offsets[index] + sequence.rows.len();
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
