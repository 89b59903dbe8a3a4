//! Coordinates as types, so that a 1-based position cannot meet a 0-based offset by accident.
//!
//! VCF and every file for people counts bases from 1; windows, slices and BED count from 0. The
//! only way from one to the other is a named conversion here.

use crate::limits::MAX_POSITION;
use crate::{Error, ErrorCode, Result};
use alloc::format;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A 1-based position on a contig, as VCF's POS column; from 1 to [`MAX_POSITION`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Position(u64);

impl Position {
    /// A position from a 1-based number.
    ///
    /// # Errors
    /// `INPUT.INVALID_EDIT` for 0, which no base has, and beyond [`MAX_POSITION`].
    pub fn new(one_based: u64) -> Result<Self> {
        let refused = |message| {
            Error::new(ErrorCode::InputInvalidEdit, message)
                .with_remedy("give the position as a whole number that counts from 1")
        };
        match one_based {
            0 => Err(refused(
                "position 0 does not exist: positions start at 1".into(),
            )),
            1..=MAX_POSITION => Ok(Self(one_based)),
            _ => Err(refused(beyond(one_based))),
        }
    }

    /// The 1-based number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The same base as a 0-based offset.
    #[must_use]
    pub const fn offset(self) -> BpOffset {
        BpOffset(self.0 - 1)
    }
}

impl TryFrom<u64> for Position {
    type Error = Error;
    fn try_from(value: u64) -> Result<Self> {
        Self::new(value)
    }
}

impl From<Position> for u64 {
    fn from(value: Position) -> Self {
        value.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A 0-based offset in base pairs, from the start of a contig or of a window.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BpOffset(pub u64);

impl BpOffset {
    /// The 0-based number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The same base as a 1-based position.
    #[must_use]
    pub const fn position(self) -> Position {
        Position(self.0.saturating_add(1))
    }

    /// The number as an index of a slice; past every slice where `usize` cannot hold it.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The offset `bp` further right, or the last that there is.
    #[must_use]
    pub const fn saturating_add(self, bp: u64) -> Self {
        Self(self.0.saturating_add(bp))
    }

    /// The offset `bp` further left, or the first.
    #[must_use]
    pub const fn saturating_sub(self, bp: u64) -> Self {
        Self(self.0.saturating_sub(bp))
    }

    /// This offset counted from `origin`, or `None` when it lies before it.
    #[must_use]
    pub const fn since(self, origin: Self) -> Option<Self> {
        match self.0.checked_sub(origin.0) {
            Some(distance) => Some(Self(distance)),
            None => None,
        }
    }
}

impl fmt::Display for BpOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn beyond(position: u64) -> alloc::string::String {
    format!("position {position} lies beyond every contig: the last that is read is {MAX_POSITION}")
}

/// A half-open span of 0-based offsets, `[start, end)`, as in BED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    /// First base.
    pub start: BpOffset,
    /// One past the last base.
    pub end: BpOffset,
}

impl Interval {
    /// The span from `start` to `end`.
    ///
    /// # Errors
    /// `INPUT.GENERIC` when `end` lies before `start`, or beyond [`MAX_POSITION`].
    pub fn new(start: BpOffset, end: BpOffset) -> Result<Self> {
        if end.get() > MAX_POSITION {
            return Err(
                Error::input(beyond(end.get())).with_remedy("give ends that lie on the contig")
            );
        }
        if end < start {
            return Err(Error::input("an interval ends before it starts")
                .with_detail("start", start)
                .with_detail("end", end));
        }
        Ok(Self { start, end })
    }

    /// The `len_bp` bases from `start` on.
    #[must_use]
    pub const fn at(start: BpOffset, len_bp: u64) -> Self {
        Self {
            start,
            end: start.saturating_add(len_bp),
        }
    }

    /// This span with `bp` more on either side, from 0 on.
    #[must_use]
    pub const fn widened(self, bp: u64) -> Self {
        Self {
            start: self.start.saturating_sub(bp),
            end: self.end.saturating_add(bp),
        }
    }

    /// The last base; `None` where there is none.
    #[must_use]
    pub const fn last(self) -> Option<BpOffset> {
        if self.is_empty() {
            None
        } else {
            Some(self.end.saturating_sub(1))
        }
    }

    /// Number of bases.
    #[must_use]
    pub const fn len_bp(self) -> u64 {
        self.end.0.saturating_sub(self.start.0)
    }

    /// Whether it holds no base.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end.0 == self.start.0
    }

    /// Whether `offset` lies inside.
    #[must_use]
    pub fn contains(self, offset: BpOffset) -> bool {
        self.start <= offset && offset < self.end
    }

    /// Whether all of `other` lies inside.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a base.
    #[must_use]
    pub fn intersects(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_and_offset_convert_both_ways() -> Result<()> {
        assert_eq!(Position::new(1)?.offset(), BpOffset(0));
        assert_eq!(BpOffset(41).position().get(), 42);
        assert!(Position::new(0).is_err());
        assert!(Position::new(MAX_POSITION).is_ok());
        assert_eq!(BpOffset(3).since(BpOffset(5)), None);
        Ok(())
    }

    /// In a release build 2^64 - 1 became 0 when it was added to.
    #[test]
    fn positions_near_the_end_of_the_numbers_wrapped() {
        for beyond in [MAX_POSITION + 1, u64::MAX] {
            assert!(Position::new(beyond).is_err());
            assert!(Interval::new(BpOffset(0), BpOffset(beyond)).is_err());
        }
    }

    #[test]
    fn intervals_are_half_open() -> Result<()> {
        let span = Interval::new(BpOffset(2), BpOffset(5))?;
        assert!(span.contains(BpOffset(2)) && !span.contains(BpOffset(5)));
        assert_eq!((span.len_bp(), span.last()), (3, Some(BpOffset(4))));
        assert_eq!(span, Interval::at(BpOffset(2), 3));
        assert_eq!(span.widened(3), Interval::at(BpOffset(0), 8));
        assert_eq!(Interval::at(BpOffset(2), 0).last(), None);
        assert!(span.covers(span) && !span.covers(span.widened(1)));
        assert!(!span.intersects(Interval::new(BpOffset(5), BpOffset(9))?));
        Ok(())
    }
}
