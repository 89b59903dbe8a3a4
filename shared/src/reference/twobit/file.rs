//! The numbers in a .2bit file: header, index, records.

use super::super::kind::TWO_BIT_SIGNATURE;
use crate::bytes::{ByteStore, RangeRead};
use crate::text::is_plain;
use crate::{Error, Result};
use std::ops::Range;

/// Signature, version, number of sequences and a reserved number.
const HEADER_BYTES: u64 = 16;

/// The least that an entry of the index takes: a length, a letter of the name and an offset.
const LEAST_ENTRY_BYTES: u64 = 6;

/// The least that a sequence's record takes: its length, two counts and a reserved number.
const LEAST_RECORD_BYTES: u64 = 16;

/// A .2bit file's parts, read by page and checked against the file's length.
#[derive(Debug)]
pub(super) struct TwoBitFile<R> {
    store: ByteStore<R>,
    big_endian: bool,
}

/// What the header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct TwoBitHeader {
    pub(super) contigs: u32,
    /// Whether the index has offsets of 64 bits.
    wide: bool,
}

/// Where the parts of a contig's record are.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordLayout {
    /// Of N.
    pub(super) unknown: RunsLayout,
    /// Of bases in lower case.
    pub(super) masks: RunsLayout,
    packed_at: u64,
    pub(super) length_bp: u64,
}

/// Where runs of bases stand: so many starts, then so many lengths.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunsLayout {
    count: u64,
    at: u64,
}

/// An entry of the index: a name, and where the contig's record is.
#[derive(Debug)]
pub(super) struct TwoBitEntry {
    pub(super) name: String,
    pub(super) record_at: u64,
    /// Where the next entry is.
    pub(super) next_at: u64,
}

impl<R: RangeRead> TwoBitFile<R> {
    /// Opens the data and reads the header.
    pub(super) fn open(data: R, name: &str) -> Result<(Self, TwoBitHeader)> {
        let mut file = Self {
            store: ByteStore::open(data, None, name)?,
            big_endian: true,
        };
        if file.store.len() < HEADER_BYTES {
            return Err(file
                .store
                .wrong("this is not a .2bit file: it is too short"));
        }
        let signature = file.u32(0)?;
        file.big_endian = signature == TWO_BIT_SIGNATURE;
        if !file.big_endian && signature.swap_bytes() != TWO_BIT_SIGNATURE {
            return Err(file
                .store
                .wrong("this is not a .2bit file: its first bytes are others"));
        }
        let version = file.u32(4)?;
        if version > 1 {
            let message = format!("version {version} of .2bit is not known");
            let remedy = "make the file anew with faToTwoBit, without an option for a version";
            return Err(file.store.wrong(&message).with_remedy(remedy));
        }
        let header = TwoBitHeader {
            contigs: file.u32(8)?,
            wide: version == 1,
        };
        if header.contigs == 0 {
            return Err(file.store.wrong("there are no contigs"));
        }
        let least = LEAST_ENTRY_BYTES + LEAST_RECORD_BYTES;
        if u64::from(header.contigs) > file.store.len() / least {
            return Err(file.damaged("it cannot hold as many contigs as it says"));
        }
        Ok((file, header))
    }

    /// The entry of the index at an offset; the first is at 0.
    pub(super) fn entry(&mut self, header: TwoBitHeader, at: u64) -> Result<TwoBitEntry> {
        let at = at.max(HEADER_BYTES);
        let [name_bytes] = self.bytes(at)?;
        let mut name = vec![0; usize::from(name_bytes)];
        self.fill(at + 1, &mut name)?;
        let name = String::from_utf8(name)
            .ok()
            .filter(|name| is_plain(name))
            .ok_or_else(|| self.damaged("a contig has no name, or one with a hidden character"))?;
        let offset_at = at + 1 + u64::from(name_bytes);
        let (record_at, next_at) = if header.wide {
            (self.u64(offset_at)?, offset_at + 8)
        } else {
            (u64::from(self.u32(offset_at)?), offset_at + 4)
        };
        Ok(TwoBitEntry {
            name,
            record_at,
            next_at,
        })
    }

    /// A contig's length in bp, by where its record is.
    pub(super) fn length(&mut self, record_at: u64) -> Result<u64> {
        let least = record_at.checked_add(LEAST_RECORD_BYTES);
        let room = least.and_then(|least| self.store.len().checked_sub(least));
        let Some(room) = room else {
            return Err(self.damaged(PAST_END));
        };
        let length_bp = u64::from(self.u32(record_at)?);
        if length_bp.div_ceil(4) > room {
            return Err(self.damaged(PAST_END));
        }
        Ok(length_bp)
    }

    /// Where the parts of a contig's record are.
    pub(super) fn layout(&mut self, record_at: u64, length_bp: u64) -> Result<RecordLayout> {
        let runs = u64::from(self.u32(record_at + 4)?);
        let runs_at = record_at + 8;
        let masks_at = runs_at + 8 * runs;
        let masks = u64::from(self.u32(masks_at)?);
        let packed_at = masks_at + 4 + 8 * masks + 4;
        if packed_at + length_bp.div_ceil(4) > self.store.len() {
            return Err(self.damaged(PAST_END));
        }
        Ok(RecordLayout {
            unknown: RunsLayout {
                count: runs,
                at: runs_at,
            },
            masks: RunsLayout {
                count: masks,
                at: masks_at + 4,
            },
            packed_at,
            length_bp,
        })
    }

    /// Hands the bytes that pack the bases `start..end` to `each`, in pieces: four bases a byte.
    pub(super) fn packed(
        &mut self,
        layout: RecordLayout,
        start: u64,
        end: u64,
        mut each: impl FnMut(&[u8]),
    ) -> Result<()> {
        let (first, after) = (start / 4, end.div_ceil(4));
        let (first, after) = (layout.packed_at + first, layout.packed_at + after);
        self.store.read(first, after, |piece| {
            each(piece);
            Ok(())
        })
    }

    /// Hands the parts of `start..end` that lie in `runs` to `each`.
    ///
    /// The runs are sorted and may be many, so they are searched in the file.
    pub(super) fn runs(
        &mut self,
        runs: RunsLayout,
        length_bp: u64,
        Range { start, end }: Range<u64>,
        mut each: impl FnMut(Range<u64>),
    ) -> Result<()> {
        let (mut low, mut high) = (0, runs.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if u64::from(self.u32(runs.at + 4 * middle)?) <= start {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut before = 0;
        for index in low.saturating_sub(1)..runs.count {
            let from = u64::from(self.u32(runs.at + 4 * index)?);
            if from >= end {
                break;
            }
            let lengths_at = runs.at + 4 * runs.count;
            let to = from + u64::from(self.u32(lengths_at + 4 * index)?);
            if from < before || to <= from || to > length_bp {
                return Err(self.damaged("its runs of N or of masks are not in order"));
            }
            before = to;
            let part = from.max(start)..to.min(end);
            if !part.is_empty() {
                each(part);
            }
        }
        Ok(())
    }

    pub(super) fn damaged(&self, why: &str) -> Error {
        self.store
            .wrong(&format!("the .2bit file is cut short or damaged: {why}"))
            .with_remedy("fetch the file again, or make it anew with faToTwoBit")
    }

    fn u32(&mut self, at: u64) -> Result<u32> {
        let bytes = self.bytes(at)?;
        Ok(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn u64(&mut self, at: u64) -> Result<u64> {
        let bytes = self.bytes(at)?;
        Ok(if self.big_endian {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        })
    }

    fn bytes<const N: usize>(&mut self, at: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, at: u64, buffer: &mut [u8]) -> Result<()> {
        let end = at.saturating_add(buffer.len() as u64);
        if end > self.store.len() {
            return Err(self.damaged(PAST_END));
        }
        let mut rest = buffer.iter_mut();
        self.store.read(at, end, |piece| {
            // In this order: the piece may end before the buffer, and `zip` asks its first first.
            for (from, to) in piece.iter().zip(rest.by_ref()) {
                *to = *from;
            }
            Ok(())
        })
    }
}

const PAST_END: &str = "something in it reaches past its end";
