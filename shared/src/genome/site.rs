//! The bases that an edit changes, beside the introns of a transcript.

use crate::edit::{EditSpec, TrimmedVariant};
use crate::position::Interval;

/// Bases of an intron's end that are canonical splice sites.
pub(super) const SPLICE_SITE_BP: u64 = 2;
/// Bases of an exon's end, and of an intron's, that count as near a splice site.
pub(super) const SPLICE_REGION_EXONIC_BP: u64 = 3;
pub(super) const SPLICE_REGION_INTRONIC_BP: u64 = 8;

/// What an edit changes, without what its alleles share.
#[derive(Debug)]
pub(super) struct Change {
    /// The bases that go; empty for an insertion before its start.
    pub(super) span: Interval,
    trimmed: TrimmedVariant,
}

/// Which parts of an intron a change meets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IntronParts {
    /// The two bases at its lower end on the contig.
    pub(super) low: bool,
    /// Those at its upper end.
    pub(super) high: bool,
    /// What lies between.
    pub(super) inner: bool,
    /// Near one of its ends, on either side.
    pub(super) region: bool,
}

impl Change {
    pub(super) fn of(edit: &EditSpec) -> Self {
        let trimmed = TrimmedVariant::of(edit);
        Self {
            span: trimmed.span(),
            trimmed,
        }
    }

    /// The new bases, on the contig's own strand.
    pub(super) fn inserted(&self) -> &str {
        self.trimmed.inserted()
    }

    pub(super) const fn is_insertion(&self) -> bool {
        self.span.is_empty()
    }

    /// The bases that an edit changes or, for an insertion, those on both sides of it.
    pub(super) const fn touched(&self) -> Interval {
        match self.is_insertion() {
            // Before a contig's first base lies none.
            true => Interval {
                start: self.span.start.saturating_sub(1),
                end: self.span.end.saturating_add(1),
            },
            false => self.span,
        }
    }

    /// Whether a base of `start..end` is changed; an insertion has to lie between two of them.
    fn meets(&self, start: u64, end: u64) -> bool {
        let (from, to) = (self.span.start.get(), self.span.end.get());
        match self.is_insertion() {
            true => start < from && from < end,
            false => start < to && from < end,
        }
    }

    /// The parts of an intron that it meets, as VEP tells them: an insertion between an exon and an
    /// intron, or between a splice site and the rest of an intron, is near a splice site.
    pub(super) fn parts_of(&self, intron: Interval) -> IntronParts {
        let (start, end) = (intron.start.get(), intron.end.get());
        let (inner_start, inner_end) = (start + SPLICE_SITE_BP, end.saturating_sub(SPLICE_SITE_BP));
        let at = |bound: u64| self.is_insertion() && self.span.start.get() == bound;
        IntronParts {
            low: self.meets(start, inner_start),
            high: self.meets(inner_end, end),
            inner: self.meets(inner_start, inner_end) || at(inner_start) || at(inner_end),
            region: self.meets(start.saturating_sub(SPLICE_REGION_EXONIC_BP), start)
                || self.meets(inner_start, start + SPLICE_REGION_INTRONIC_BP)
                || self.meets(end.saturating_sub(SPLICE_REGION_INTRONIC_BP), inner_end)
                || self.meets(end, end + SPLICE_REGION_EXONIC_BP)
                || [start, inner_start, inner_end, end].into_iter().any(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::BpOffset;

    fn parts(edit: &str) -> [bool; 4] {
        let intron = Interval {
            start: BpOffset(100),
            end: BpOffset(200),
        };
        let parts = Change::of(&edit.parse().unwrap()).parts_of(intron);
        [parts.low, parts.high, parts.inner, parts.region]
    }

    #[test]
    fn insertions_lie_between_bases() {
        // The intron's first base has position 101.
        let [no, yes] = [false, true];
        for (edit, expected) in [
            ("1:97:A:C", [no, no, no, no]),
            ("1:98:A:C", [no, no, no, yes]),
            ("1:101:A:C", [yes, no, no, no]),
            ("1:103:A:C", [no, no, yes, yes]),
            ("1:108:A:C", [no, no, yes, yes]),
            ("1:109:A:C", [no, no, yes, no]),
            ("1:192:A:C", [no, no, yes, no]),
            ("1:193:A:C", [no, no, yes, yes]),
            ("1:199:A:C", [no, yes, no, no]),
            ("1:203:A:C", [no, no, no, yes]),
            // Between exon and intron; inside the splice site; behind it.
            ("1:100:A:AC", [no, no, no, yes]),
            ("1:101:A:AC", [yes, no, no, no]),
            ("1:102:A:AC", [no, no, yes, yes]),
            ("1:198:A:AC", [no, no, yes, yes]),
            ("1:200:A:AC", [no, no, no, yes]),
            // A deletion meets all that it takes something of.
            ("1:99:ACGTT:A", [yes, no, yes, yes]),
        ] {
            assert_eq!(parts(edit), expected, "{edit}");
        }
    }
}
