//! Ragged attention on the processor, fused: scores never leave the cache.
//!
//! For one head the keys are turned to `[head_width, keys]`, so that the scores of a query are a
//! sum of `head_width` scaled rows, which the compiler vectorises; values are used the same way
//! round. `pulp` picks the widest instructions that the machine has.

use super::elementwise_cpu::{Arch, exp};
use super::{AttentionSegment, AttentionSpec, MASKED, Mask};

/// Queries that share one pass over keys and values.
const QUERY_BLOCK: usize = 4;

/// Softmax attention over host memory; matrices are row-major, `spec` as in
/// [`Ops::attention`](super::Ops::attention). Returns `[query rows, heads * head_width]`.
#[must_use]
pub fn attend(q: &[f32], k: &[f32], v: &[f32], spec: &AttentionSpec) -> Vec<f32> {
    let width = spec.heads * spec.head_width;
    let mut out = vec![0.0; q.len()];
    let jobs = split_rows(&mut out, spec, width);
    run(jobs, |(segment, rows)| {
        let arch = Arch::default();
        arch.dispatch(|| attend_segment(q, k, v, spec, segment, rows));
    });
    out
}

type SegmentJob<'a> = (&'a AttentionSegment, &'a mut [f32]);

#[cfg(feature = "native")]
fn run<'a>(jobs: Vec<SegmentJob<'a>>, kernel: impl Fn(SegmentJob<'a>) + Send + Sync) {
    use rayon::prelude::*;
    jobs.into_par_iter().for_each(kernel);
}

#[cfg(not(feature = "native"))]
fn run<'a>(jobs: Vec<SegmentJob<'a>>, kernel: impl Fn(SegmentJob<'a>)) {
    jobs.into_iter().for_each(kernel);
}

/// Hands every segment its own rows of the output.
fn split_rows<'a>(
    out: &'a mut [f32],
    spec: &'a AttentionSpec,
    width: usize,
) -> Vec<SegmentJob<'a>> {
    let mut rest = out;
    let mut row = 0;
    let mut jobs = Vec::with_capacity(spec.segments.len());
    for segment in &spec.segments {
        debug_assert_eq!(
            segment.queries.start, row,
            "segments cover the query rows in order"
        );
        let (rows, tail) = rest.split_at_mut(segment.queries.len() * width);
        jobs.push((segment, rows));
        rest = tail;
        row = segment.queries.end;
    }
    jobs
}

#[inline(always)]
fn attend_segment(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    spec: &AttentionSpec,
    segment: &AttentionSegment,
    out: &mut [f32],
) {
    let head_width = spec.head_width;
    let width = spec.heads * head_width;
    let keys = segment.key_count();
    let scale = 1.0 / (head_width as f32).sqrt();
    let mut k_turned = vec![0.0; head_width * keys];
    let mut v_turned = vec![0.0; head_width * keys];
    let mut scores = vec![0.0; QUERY_BLOCK * keys];
    for head in 0..spec.heads {
        let kv_head = head * spec.kv_heads / spec.heads;
        if head == 0 || kv_head != (head - 1) * spec.kv_heads / spec.heads {
            turn_head(k, spec, segment, kv_head, &mut k_turned);
            turn_head(v, spec, segment, kv_head, &mut v_turned);
        }
        let mut first = 0;
        while first < segment.queries.len() {
            let block = QUERY_BLOCK.min(segment.queries.len() - first);
            let seen = visible_keys(&segment.mask, first + block - 1, keys);
            for i in 0..block {
                let row = (segment.queries.start + first + i) * width + head * head_width;
                score(
                    &q[row..row + head_width],
                    scale,
                    &k_turned,
                    keys,
                    &mut scores[i * keys..i * keys + seen],
                );
            }
            for i in 0..block {
                let weights = &mut scores[i * keys..i * keys + seen];
                hide(&segment.mask, first + i, keys, weights);
                let share = exponentials(weights);
                let row = (first + i) * width + head * head_width;
                mix(
                    weights,
                    share,
                    &v_turned,
                    keys,
                    &mut out[row..row + head_width],
                );
            }
            first += block;
        }
    }
}

/// Copies one key or value head as `[head_width, keys]`.
#[inline(always)]
fn turn_head(
    x: &[f32],
    spec: &AttentionSpec,
    segment: &AttentionSegment,
    kv_head: usize,
    turned: &mut [f32],
) {
    let width = spec.kv_heads * spec.head_width;
    let keys = segment.key_count();
    let rows = segment.keys[0].clone().chain(segment.keys[1].clone());
    for (key, row) in rows.enumerate() {
        let start = row * width + kv_head * spec.head_width;
        for (column, &value) in x[start..start + spec.head_width].iter().enumerate() {
            turned[column * keys + key] = value;
        }
    }
}

/// How many leading keys a block of queries up to `last_query` can see at all.
fn visible_keys(mask: &Mask, last_query: usize, keys: usize) -> usize {
    match mask {
        Mask::Causal { first_visible } => (first_visible + last_query + 1).min(keys),
        _ => keys,
    }
}

/// Scaled products of a query with every key, four columns of the head in one pass over the keys.
#[inline(always)]
fn score(q: &[f32], scale: f32, k_turned: &[f32], keys: usize, scores: &mut [f32]) {
    scores.fill(0.0);
    let seen = scores.len();
    let row = |column: usize| &k_turned[column * keys..column * keys + seen];
    let (fours, rest) = q.as_chunks::<4>();
    for (four, values) in fours.iter().enumerate() {
        let [a, b, c, d] = values.map(|value| value * scale);
        let first = 4 * four;
        let rows = row(first).iter().zip(row(first + 1));
        let rows = rows.zip(row(first + 2).iter().zip(row(first + 3)));
        for (score, ((w, x), (y, z))) in scores.iter_mut().zip(rows) {
            *score += (a * w + b * x) + (c * y + d * z);
        }
    }
    for (index, &value) in rest.iter().enumerate() {
        let value = value * scale;
        for (score, &key) in scores.iter_mut().zip(row(4 * fours.len() + index)) {
            *score += value * key;
        }
    }
}

/// Gives keys that the query does not see no weight.
#[inline(always)]
fn hide(mask: &Mask, query: usize, keys: usize, scores: &mut [f32]) {
    match mask {
        Mask::Full => {}
        Mask::Causal { first_visible } => {
            let seen = (first_visible + query + 1).min(scores.len());
            scores[seen..].fill(MASKED);
        }
        Mask::Keys(visible) => hide_where(visible, scores),
        Mask::Pairs(visible) => hide_where(&visible[query * keys..(query + 1) * keys], scores),
    }
}

#[inline(always)]
fn hide_where(visible: &[bool], scores: &mut [f32]) {
    for (score, &seen) in scores.iter_mut().zip(visible) {
        if !seen {
            *score = MASKED;
        }
    }
}

/// Turns scores into weights; returns what they have to be multiplied by to add up to 1.
#[inline(always)]
fn exponentials(scores: &mut [f32]) -> f32 {
    let highest = fold_lanes(scores, f32::NEG_INFINITY, |a, b| if a > b { a } else { b });
    for score in scores.iter_mut() {
        *score = exp(*score - highest);
    }
    1.0 / fold_lanes(scores, 0.0, |a, b| a + b)
}

/// `out[column] = share · Σ weights[key] · v[column, key]`.
#[inline(always)]
fn mix(weights: &[f32], share: f32, v_turned: &[f32], keys: usize, out: &mut [f32]) {
    for (column, value) in out.iter_mut().enumerate() {
        let values = &v_turned[column * keys..column * keys + weights.len()];
        *value = share * dot(weights, values);
    }
}

const LANES: usize = 16;

/// A reduction in a fixed order over [`LANES`] running values: the same on every width of
/// instruction.
#[inline(always)]
fn fold_lanes(values: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, value);
        }
    }
    let folded = lanes.into_iter().fold(start, &f);
    rest.iter().fold(folded, |a, &b| f(a, b))
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for ((lane, &x), &y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_prefix_gives_what_the_whole_sequence_gives() {
        let (heads, kv_heads, head_width, rows) = (4, 2, 6, 21);
        let random = |n: usize, seed: u32| -> Vec<f32> {
            (0..n as u32)
                .map(|i| {
                    ((i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) % 1000) as f32 / 500.0
                        - 1.0
                })
                .collect()
        };
        let q = random(rows * heads * head_width, 1);
        let k = random(rows * kv_heads * head_width, 2);
        let v = random(rows * kv_heads * head_width, 3);
        let whole = AttentionSpec {
            heads,
            kv_heads,
            head_width,
            segments: vec![AttentionSegment {
                queries: 0..rows,
                keys: [0..0, 0..rows],
                mask: Mask::Causal { first_visible: 0 },
            }],
        };
        let tail = AttentionSpec {
            segments: vec![AttentionSegment {
                queries: 0..6,
                keys: [0..15, 15..rows],
                mask: Mask::Causal { first_visible: 15 },
            }],
            ..whole.clone()
        };
        let full = attend(&q, &k, &v, &whole);
        let width = heads * head_width;
        let part = attend(&q[15 * width..], &k, &v, &tail);
        for (a, b) in part.iter().zip(&full[15 * width..]) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
