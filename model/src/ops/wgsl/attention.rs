//! The tables that attention runs by.

use super::WgslOps;
use super::kernels::Kernel;
use super::matrix::WgslMatrix;
use super::recorder::{KernelInput, KernelJob, WORK_AT_ONCE};
use crate::ops::{AttentionSegment, AttentionSpec, Mask};

/// Queries that one workgroup answers.
const QUERIES_AT_ONCE: usize = 32;

/// Numbers that describe a segment in the table.
const SEGMENT_FIELDS: usize = 8;

/// What the kernel calls the kinds of masks.
const FULL: u32 = 0;
const CAUSAL: u32 = 1;
const KEYS: u32 = 2;
const PAIRS: u32 = 3;

impl WgslOps {
    /// Softmax attention, in parts that are small enough for one submission each.
    pub(super) fn attend(&self, [q, k, v]: [&WgslMatrix; 3], spec: &AttentionSpec) -> WgslMatrix {
        let mut recorder = self.gpu.record();
        let output = recorder.output(q.shape());
        let most = WORK_AT_ONCE / (2 * spec.heads * spec.head_width).max(1) as u64;
        for part in parts(&spec.segments, most) {
            let table = TileTable::new(&part.tiles, &spec.segments);
            recorder.dispatch(&KernelJob {
                kernel: Kernel::attention(spec.head_width),
                params: &[
                    spec.heads as u32,
                    spec.kv_heads as u32,
                    spec.head_width as u32,
                    part.tiles.len() as u32,
                    (1.0 / (spec.head_width as f32).sqrt()).to_bits(),
                ],
                inputs: &[
                    KernelInput::Matrix(q),
                    KernelInput::Matrix(k),
                    KernelInput::Matrix(v),
                    KernelInput::Indices(&table.0),
                ],
                output: &output,
                groups: part.tiles.len() as u64,
                layers: spec.heads as u32,
                work: part.pairs * (2 * spec.heads * spec.head_width) as u64,
            });
        }
        output
    }
}

/// Queries of one segment from `first` on: as many as a workgroup answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tile {
    segment: usize,
    first: usize,
}

/// Tiles of one dispatch.
#[derive(Debug, Default)]
struct Part {
    tiles: Vec<Tile>,
    /// Pairs of queries and keys, roughly.
    pairs: u64,
}

/// All tiles, in parts of about `most` pairs.
fn parts(segments: &[AttentionSegment], most: u64) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    for (index, segment) in segments.iter().enumerate() {
        for first in (0..segment.queries.len()).step_by(QUERIES_AT_ONCE) {
            let pairs = (QUERIES_AT_ONCE * segment.key_count()) as u64;
            if part.pairs + pairs > most && !part.tiles.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
            part.pairs += pairs;
            part.tiles.push(Tile {
                segment: index,
                first,
            });
        }
    }
    parts.push(part);
    parts
}

/// For each tile its segment's place in the table and its first query; then the segments; then the
/// bits of masks.
struct TileTable(Vec<u32>);

impl TileTable {
    fn new(tiles: &[Tile], segments: &[AttentionSegment]) -> Self {
        let used = tiles.first().map_or(0, |tile| tile.segment)
            ..tiles.last().map_or(0, |tile| tile.segment + 1);
        let segment_place = |index: usize| 2 * tiles.len() + (index - used.start) * SEGMENT_FIELDS;
        let mut table: Vec<u32> = tiles
            .iter()
            .flat_map(|tile| [segment_place(tile.segment) as u32, tile.first as u32])
            .collect();
        let first_bits = segment_place(used.end.max(used.start));
        let mut bits: Vec<u32> = Vec::new();
        for segment in &segments[used] {
            let (kind, argument) = match &segment.mask {
                Mask::Full => (FULL, 0),
                Mask::Causal { first_visible } => (CAUSAL, *first_visible),
                Mask::Keys(visible) => (KEYS, first_bits + push_bits(&mut bits, visible)),
                Mask::Pairs(visible) => (PAIRS, first_bits + push_bits(&mut bits, visible)),
            };
            let [shared, own] = &segment.keys;
            table.extend([segment.queries.start, segment.queries.len()].map(|n| n as u32));
            table.extend([shared.start, shared.len(), own.start, own.len()].map(|n| n as u32));
            table.extend([kind, argument as u32]);
        }
        table.extend(bits);
        Self(table)
    }
}

/// Appends flags as words of 32 bits; returns the first word.
fn push_bits(bits: &mut Vec<u32>, flags: &[bool]) -> usize {
    let first = bits.len();
    bits.extend(flags.chunks(32).map(|flags| {
        let set = flags.iter().enumerate().filter(|(_, flag)| **flag);
        set.fold(0, |word, (bit, _)| word | 1 << bit)
    }));
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(queries: core::ops::Range<usize>, mask: Mask) -> AttentionSegment {
        AttentionSegment {
            keys: [0..0, queries.clone()],
            queries,
            mask,
        }
    }

    #[test]
    fn tiles_are_split_by_queries_and_by_work() {
        let segments = [segment(0..70, Mask::Full), segment(70..75, Mask::Full)];
        let all = parts(&segments, u64::MAX);
        assert_eq!(all.len(), 1);
        let places: Vec<_> = all[0].tiles.iter().map(|t| (t.segment, t.first)).collect();
        assert_eq!(places, [(0, 0), (0, 32), (0, 64), (1, 0)]);
        let split = parts(&segments, 2 * 32 * 70);
        let counts: Vec<_> = split.iter().map(|part| part.tiles.len()).collect();
        assert_eq!(counts, [2, 2]);
    }

    #[test]
    fn tables_of_a_later_part_hold_their_own_segments_only() {
        let flags = vec![true, false, true];
        let segments = [
            segment(0..3, Mask::Full),
            segment(3..6, Mask::Keys(flags)),
            segment(6..8, Mask::Causal { first_visible: 4 }),
        ];
        let tiles = [1, 2].map(|segment| Tile { segment, first: 0 });
        let table = TileTable::new(&tiles, &segments).0;
        assert_eq!(table[..4], [4, 0, 12, 0]);
        assert_eq!(table[4..12], [3, 3, 0, 0, 3, 3, KEYS, 20]);
        assert_eq!(table[12..20], [6, 2, 0, 0, 6, 2, CAUSAL, 4]);
        assert_eq!(table[20..], [0b101]);
    }
}
