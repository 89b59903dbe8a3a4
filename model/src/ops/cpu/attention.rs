//! Ragged attention as products: the scores of a block of queries with all keys that it may see, for
//! the heads that share those keys at once, then their mix of values.

use super::matrix::CpuMatrix;
use super::projection::multiplied;
use super::simd::{Arch, exp};
use crate::ops::{AttentionSegment, AttentionSpec, MASKED, Mask};
use gemmkit::{MatRef, prepack_rhs};

/// Queries of one product: scores of more would leave the cache, and of causal ones be hidden.
const QUERY_BLOCK: usize = 64;

/// Softmax attention; `spec` as in [`Ops::attention`](crate::ops::Ops::attention). Returns
/// `[query rows, heads * head_width]`.
pub(super) fn attend(
    q: &CpuMatrix,
    k: &CpuMatrix,
    v: &CpuMatrix,
    spec: &AttentionSpec,
) -> CpuMatrix {
    let mut out = vec![0.0; q.rows * q.columns];
    let mut scratch = Scratch::default();
    for segment in &spec.segments {
        let queries = segment.queries.len();
        for first in (0..queries).step_by(QUERY_BLOCK) {
            let block = Block {
                segment,
                first,
                count: QUERY_BLOCK.min(queries - first),
            };
            for kv_head in 0..spec.kv_heads {
                let head = Head::new(spec, kv_head);
                block.attend(&head, [q, k, v], &mut scratch, &mut out);
            }
        }
    }
    CpuMatrix::new(out, q.rows, q.columns)
}

/// Memory that all blocks use in turn.
#[derive(Default)]
struct Scratch {
    queries: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
}

/// A head of keys and values and the query heads that share it.
struct Head {
    /// Columns of one head.
    width: usize,
    /// First column of keys and values.
    kv_column: usize,
    /// First column of queries.
    q_column: usize,
    /// Query heads.
    group: usize,
}

impl Head {
    fn new(spec: &AttentionSpec, kv_head: usize) -> Self {
        let group = spec.heads / spec.kv_heads.max(1);
        Self {
            width: spec.head_width,
            kv_column: kv_head * spec.head_width,
            q_column: kv_head * group * spec.head_width,
            group,
        }
    }
}

/// Some queries of one sequence.
struct Block<'a> {
    segment: &'a AttentionSegment,
    /// First query, counted in the segment.
    first: usize,
    count: usize,
}

impl Block<'_> {
    fn attend(
        &self,
        head: &Head,
        [q, k, v]: [&CpuMatrix; 3],
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let lanes = head.group * self.count;
        let seen = self.seen_keys();
        let Scratch {
            queries,
            scores,
            mixed,
        } = scratch;
        queries.clear();
        self.gather_queries(head, q, queries);
        scores.resize(lanes * seen, 0.0);
        mixed.resize(lanes * head.width, 0.0);
        let parts = self.key_parts(seen);
        for (done, keys) in &parts {
            let (count, rows) = (keys.len(), k.rows as isize);
            let start = head.kv_column * k.rows + keys.start;
            let keys = MatRef::new(&k.values()[start..], head.width, count, rows, 1);
            let queries = MatRef::from_col_major(queries, lanes, head.width);
            let scores = &mut scores[done * lanes..(done + count) * lanes];
            multiplied(queries, &prepack_rhs(keys), 0.0, scores);
        }
        let shares = Arch::default().dispatch(
            #[inline(always)]
            || {
                self.hide(lanes, scores);
                soften(scores, lanes)
            },
        );
        for (done, keys) in &parts {
            let (count, rows) = (keys.len(), v.rows as isize);
            let start = head.kv_column * v.rows + keys.start;
            let values = MatRef::new(&v.values()[start..], count, head.width, 1, rows);
            let scores = &scores[done * lanes..(done + count) * lanes];
            let scores = MatRef::from_col_major(scores, lanes, count);
            let beta = if *done == 0 { 0.0 } else { 1.0 };
            multiplied(scores, &prepack_rhs(values), beta, mixed);
        }
        self.scatter(head, q.rows, mixed, &shares, out);
    }

    /// How many leading keys the block sees at all.
    fn seen_keys(&self) -> usize {
        let keys = self.segment.key_count();
        match self.segment.mask {
            Mask::Causal { first_visible } => (first_visible + self.first + self.count).min(keys),
            _ => keys,
        }
    }

    /// The rows of the keys that are seen, and how many come before them.
    fn key_parts(&self, seen: usize) -> Vec<(usize, core::ops::Range<usize>)> {
        let [prefix, own] = self.segment.keys.clone();
        let shared = prefix.len().min(seen);
        let parts = [
            (0, prefix.start..prefix.start + shared),
            (shared, own.start..own.start + (seen - shared)),
        ];
        parts
            .into_iter()
            .filter(|(_, keys)| !keys.is_empty())
            .collect()
    }

    /// The queries of all heads of the group, scaled, a lane for each: `[lanes, head_width]`.
    fn gather_queries(&self, head: &Head, q: &CpuMatrix, into: &mut Vec<f32>) {
        let scale = 1.0 / (head.width as f32).sqrt();
        let start = self.segment.queries.start + self.first;
        for column in 0..head.width {
            for member in 0..head.group {
                let column = q.column(head.q_column + member * head.width + column);
                into.extend(
                    column[start..start + self.count]
                        .iter()
                        .map(|value| value * scale),
                );
            }
        }
    }

    /// Gives keys that a query does not see no weight.
    #[inline(always)]
    fn hide(&self, lanes: usize, scores: &mut [f32]) {
        let keys = self.segment.key_count();
        for (key, scores) in scores.chunks_exact_mut(lanes).enumerate() {
            match &self.segment.mask {
                Mask::Full => {}
                Mask::Causal { first_visible } => {
                    // The first query that sees the key, counted in the block.
                    let first = key.saturating_sub(first_visible + self.first);
                    if first > 0 {
                        let hidden = first.min(self.count);
                        scores
                            .chunks_exact_mut(self.count)
                            .for_each(|of_head| of_head[..hidden].fill(MASKED));
                    }
                }
                Mask::Keys(visible) => {
                    if !visible[key] {
                        scores.fill(MASKED);
                    }
                }
                Mask::Pairs(visible) => {
                    for (lane, score) in scores.iter_mut().enumerate() {
                        if !visible[(self.first + lane % self.count) * keys + key] {
                            *score = MASKED;
                        }
                    }
                }
            }
        }
    }

    /// Writes what the lanes have mixed to the rows and columns of their queries.
    fn scatter(&self, head: &Head, rows: usize, mixed: &[f32], shares: &[f32], out: &mut [f32]) {
        let lanes = head.group * self.count;
        let start = self.segment.queries.start + self.first;
        for (column, mixed) in mixed.chunks_exact(lanes).enumerate() {
            let members = mixed
                .chunks_exact(self.count)
                .zip(shares.chunks_exact(self.count));
            for (member, (mixed, shares)) in members.enumerate() {
                let column = head.q_column + member * head.width + column;
                let out = &mut out[column * rows + start..][..self.count];
                for (out, (&mixed, &share)) in out.iter_mut().zip(mixed.iter().zip(shares)) {
                    *out = mixed * share;
                }
            }
        }
    }
}

/// Turns the scores of every lane into weights; returns what each lane has to be multiplied by for its
/// weights to add up to 1.
#[inline(always)]
fn soften(scores: &mut [f32], lanes: usize) -> Vec<f32> {
    let mut highest = vec![f32::NEG_INFINITY; lanes];
    for scores in scores.chunks_exact(lanes) {
        for (highest, &score) in highest.iter_mut().zip(scores) {
            *highest = if score > *highest { score } else { *highest };
        }
    }
    let mut sums = vec![0.0f32; lanes];
    for scores in scores.chunks_exact_mut(lanes) {
        for ((score, &highest), sum) in scores.iter_mut().zip(&highest).zip(&mut sums) {
            let below = *score - highest;
            // Nothing at all of what is hidden, or a row would hang on how much of it there is.
            *score = if below < -87.0 { 0.0 } else { exp(below) };
            *sum += *score;
        }
    }
    sums.iter().map(|sum| 1.0 / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{CpuOps, Ops};
    use core::ops::Range;

    const HEADS: usize = 4;
    const WIDTH: usize = 16;
    const KEYS: usize = 150;

    fn wave(rows: usize, columns: usize, step: f32) -> CpuMatrix {
        let values = (0..rows * columns).map(|index| (index as f32 * step).sin());
        CpuOps::new().matrix(values.collect(), rows, columns)
    }

    /// What the queries of `rows` mix, after a shared prefix of 40 keys.
    fn mixed(rows: Range<usize>) -> Vec<f32> {
        let ops = CpuOps::new();
        let q = ops.rows(&wave(KEYS, HEADS * WIDTH, 0.37), rows.clone());
        let [k, v] = [0.61, 0.83].map(|step| wave(KEYS, 2 * WIDTH, step));
        let spec = AttentionSpec {
            heads: HEADS,
            kv_heads: 2,
            head_width: WIDTH,
            segments: vec![AttentionSegment {
                queries: 0..rows.len(),
                keys: [0..40, 40..KEYS],
                mask: Mask::Causal {
                    first_visible: rows.start,
                },
            }],
        };
        let mixed = attend(&q, &k, &v, &spec);
        (0..rows.len())
            .flat_map(|row| mixed.row(row).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn what_a_query_mixes_hung_on_how_many_were_asked_beside_it() {
        let all = mixed(0..KEYS);
        for rows in [
            0..1,
            0..70,
            39..40,
            40..41,
            41..44,
            63..65,
            100..150,
            149..150,
        ] {
            let alone = mixed(rows.clone());
            let width = HEADS * WIDTH;
            assert_eq!(all[rows.start * width..rows.end * width], alone, "{rows:?}");
        }
    }
}
