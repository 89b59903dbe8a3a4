//! Attention on burn's devices, in as few products as segments allow.

use super::super::{AttentionSegment, AttentionSpec, MASKED, Mask, Ops};
use super::BurnOps;
use burn::tensor::{Tensor, TensorData, activation};

impl BurnOps {
    /// As few products as the segments allow.
    pub(super) fn attend_in_products(
        &self,
        q: &Tensor<2>,
        k: &Tensor<2>,
        v: &Tensor<2>,
        spec: &AttentionSpec,
    ) -> Tensor<2> {
        let Some(batch) = uniform_batch(spec) else {
            return self.attend_grouped(q, k, v, spec);
        };
        let mask = &spec.segments[0].mask;
        self.attend_batch(q.clone(), k.clone(), v.clone(), spec, batch, mask)
    }

    /// Segments of one shape and mask in one product, whatever rows they share.
    fn attend_grouped(
        &self,
        q: &Tensor<2>,
        k: &Tensor<2>,
        v: &Tensor<2>,
        spec: &AttentionSpec,
    ) -> Tensor<2> {
        let mut places = vec![0; q.dims()[0]];
        let mut parts = Vec::new();
        let mut done = 0;
        for group in groups(&spec.segments) {
            let queries: Vec<usize> = group.iter().flat_map(|s| s.queries.clone()).collect();
            let keys: Vec<usize> = group
                .iter()
                .flat_map(|s| s.keys.iter().cloned().flatten())
                .collect();
            for (index, &row) in queries.iter().enumerate() {
                places[row] = done + index;
            }
            done += queries.len();
            let [k, v] = [k, v].map(|x| self.gather(x, &keys));
            let q = self.gather(q, &queries);
            parts.push(self.attend_batch(q, k, v, spec, group.len(), &group[0].mask));
        }
        self.gather(&self.concat_rows(&parts), &places)
    }

    /// `batch` sequences of one shape and one mask, in one product.
    fn attend_batch(
        &self,
        q: Tensor<2>,
        k: Tensor<2>,
        v: Tensor<2>,
        spec: &AttentionSpec,
        batch: usize,
        mask: &Mask,
    ) -> Tensor<2> {
        let queries = q.dims()[0] / batch;
        let keys = k.dims()[0] / batch;
        let split = |x: Tensor<2>, rows: usize, heads: usize| {
            x.reshape([batch, rows, heads, spec.head_width])
                .swap_dims(1, 2)
        };
        let q = split(q, queries, spec.heads);
        let [k, v] = [k, v].map(|x| share_heads(split(x, keys, spec.kv_heads), spec.heads));
        let scale = 1.0 / (spec.head_width as f32).sqrt();
        let (q, k) = (q.mul_scalar(scale), k.swap_dims(2, 3));
        let mut scores = self.precision.product(q, k);
        if let Some(bias) = mask_bias(mask, queries, keys) {
            scores = scores
                + Tensor::<4>::from_data(
                    TensorData::new(bias, [1, 1, queries, keys]),
                    &self.device,
                );
        }
        let mixed = self.precision.product(activation::softmax(scores, 3), v);
        mixed
            .swap_dims(1, 2)
            .reshape([batch * queries, spec.heads * spec.head_width])
    }
}

/// Repeats key and value heads so that every query head has its own.
fn share_heads(x: Tensor<4>, heads: usize) -> Tensor<4> {
    let [batch, kv_heads, rows, width] = x.dims();
    if kv_heads == heads {
        return x;
    }
    let group = heads / kv_heads;
    x.unsqueeze_dim::<5>(2)
        .expand([batch, kv_heads, group, rows, width])
        .reshape([batch, heads, rows, width])
}

fn mask_bias(mask: &Mask, queries: usize, keys: usize) -> Option<Vec<f32>> {
    let hidden = |seen: bool| if seen { 0.0 } else { MASKED };
    match mask {
        Mask::Full => None,
        Mask::Causal { first_visible } => Some(
            (0..queries)
                .flat_map(|query| (0..keys).map(move |key| hidden(key <= first_visible + query)))
                .collect(),
        ),
        Mask::Keys(visible) => Some(
            (0..queries)
                .flat_map(|_| visible.iter().map(|&seen| hidden(seen)))
                .collect(),
        ),
        Mask::Pairs(visible) => Some(visible.iter().map(|&seen| hidden(seen)).collect()),
    }
}

/// The number of sequences when all have one shape, one mask and no shared prefix and lie one
/// after another: then they are one product.
fn uniform_batch(spec: &AttentionSpec) -> Option<usize> {
    let first = spec.segments.first()?;
    let (queries, keys) = (first.queries.len(), first.keys[1].len());
    let alike = spec.segments.iter().enumerate().all(|(index, segment)| {
        segment.keys[0].is_empty()
            && segment.queries == (index * queries..(index + 1) * queries)
            && segment.keys[1] == (index * keys..(index + 1) * keys)
            && segment.mask == first.mask
    });
    alike.then_some(spec.segments.len())
}

/// Segments with equal counts of queries and keys and equal masks, together.
fn groups(segments: &[AttentionSegment]) -> Vec<Vec<&AttentionSegment>> {
    let mut groups: Vec<Vec<&AttentionSegment>> = Vec::new();
    for segment in segments {
        let alike = |group: &&mut Vec<&AttentionSegment>| {
            group[0].queries.len() == segment.queries.len()
                && group[0].key_count() == segment.key_count()
                && group[0].mask == segment.mask
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(segment),
            None => groups.push(vec![segment]),
        }
    }
    groups
}
