//! The two layers that action encoder and predictor are built of, under PyTorch's tensor names.

use crate::ops::{AttentionSpec, Linear, Ops};
use crate::parameters::{Parameters, Role, Visitor, join};
use crate::weights::{NamedTensor, Weights};
use genolewm_core::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// What the parts of an input projection are called, in the order in which files stack them.
const PARTS: [&str; 3] = ["q", "k", "v"];

/// Multi-head attention (`torch.nn.MultiheadAttention`).
#[derive(Debug, Clone)]
pub struct Attention<M> {
    q: Linear<M>,
    k: Linear<M>,
    v: Linear<M>,
    out: Linear<M>,
}

impl<M: Clone> Attention<M> {
    /// Takes `prefix.in_proj_*` and `prefix.out_proj.*`. The stacked input projection is split:
    /// queries and keys have different rows, and often only one of the two is needed.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when a tensor is missing or misshapen.
    pub fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        prefix: &str,
        width: usize,
    ) -> Result<Self> {
        let weight = weights.take(&format!("{prefix}.in_proj_weight"), &[3 * width, width])?;
        let bias = weights.take(&format!("{prefix}.in_proj_bias"), &[3 * width])?;
        let part = |index: usize| {
            let rows = index * width..(index + 1) * width;
            let weight = weight[rows.start * width..rows.end * width].to_vec();
            Linear {
                weight: ops.projection(weight, width, width),
                bias: Some(ops.matrix(bias[rows].to_vec(), 1, width)),
            }
        };
        let [q, k, v] = [0, 1, 2].map(part);
        let out = weights.linear(ops, &format!("{prefix}.out_proj"), width, width, true)?;
        Ok(Self { q, k, v, out })
    }

    /// Rows of `queries` attend to rows of `memory` as `spec` says.
    pub fn forward<O: Ops<Matrix = M>>(
        &self,
        ops: &O,
        queries: &M,
        memory: &M,
        spec: &AttentionSpec,
    ) -> M {
        let q = ops.linear(queries, &self.q);
        let k = ops.linear(memory, &self.k);
        let v = ops.linear(memory, &self.v);
        ops.linear(&ops.attention(&q, &k, &v, spec), &self.out)
    }

    /// The same where every query has one key, row `i` of `memory` for query `i`: the weight of a
    /// single key is 1 whatever the query, so queries and keys need not be computed.
    pub fn forward_single_key<O: Ops<Matrix = M>>(&self, ops: &O, memory: &M) -> M {
        ops.linear(&ops.linear(memory, &self.v), &self.out)
    }
}

impl<M> Parameters<M> for Attention<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        for (part, linear) in PARTS
            .into_iter()
            .zip([&mut self.q, &mut self.k, &mut self.v])
        {
            let weight = join(prefix, &format!("in_proj_weight.{part}"));
            visit(&weight, Role::Projection, &mut linear.weight);
            if let Some(bias) = &mut linear.bias {
                visit(
                    &join(prefix, &format!("in_proj_bias.{part}")),
                    Role::Row,
                    bias,
                );
            }
        }
        self.out.visit(&join(prefix, "out_proj"), visit);
    }
}

/// Stacks the parts of each attention's input projection, which are trained one by one
/// (`in_proj_weight.q`, `.k`, `.v`, and the same of `in_proj_bias`), to the one tensor that weight
/// files hold.
#[must_use]
pub fn join_input_projections(
    mut tensors: BTreeMap<String, NamedTensor>,
) -> BTreeMap<String, NamedTensor> {
    let first_part = |name: &String| {
        let whole = name.strip_suffix(".q")?;
        (whole.ends_with("in_proj_weight") || whole.ends_with("in_proj_bias"))
            .then(|| whole.to_owned())
    };
    let wholes: Vec<String> = tensors.keys().filter_map(first_part).collect();
    for whole in wholes {
        let mut parts = PARTS
            .iter()
            .filter_map(|part| tensors.remove(&format!("{whole}.{part}")));
        let Some(mut stacked) = parts.next() else {
            continue;
        };
        for part in parts {
            stacked.shape[0] += part.shape[0];
            stacked.values.extend(part.values);
        }
        tensors.insert(whole, stacked);
    }
    tensors
}

/// Two linear layers with an exact GELU between them.
#[derive(Debug, Clone)]
pub struct FeedForward<M> {
    inner: Linear<M>,
    outer: Linear<M>,
}

impl<M: Clone> FeedForward<M> {
    /// Takes the layers `names`, whose inner width is read off the first one's shape.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when a tensor is missing or misshapen.
    pub fn load<O: Ops<Matrix = M>>(
        ops: &O,
        weights: &mut Weights,
        names: [&str; 2],
        width: usize,
    ) -> Result<Self> {
        let [inner, _] = weights.dims::<2>(&format!("{}.weight", names[0]))?;
        Ok(Self {
            inner: weights.linear(ops, names[0], width, inner, true)?,
            outer: weights.linear(ops, names[1], inner, width, true)?,
        })
    }

    /// A row at a time.
    pub fn forward<O: Ops<Matrix = M>>(&self, ops: &O, x: &M) -> M {
        ops.linear(&ops.gelu(&ops.linear(x, &self.inner)), &self.outer)
    }
}

impl<M> FeedForward<M> {
    /// Visits both layers under the names that they were loaded by.
    pub(crate) fn visit(&mut self, names: [&str; 2], visit: &mut Visitor<'_, M>) {
        self.inner.visit(names[0], visit);
        self.outer.visit(names[1], visit);
    }
}

/// Checks that `heads` divides `width`, and returns the width of one head.
///
/// # Errors
/// `CONFIG.GENERIC` when it does not.
pub(crate) fn head_width(width: usize, heads: usize) -> Result<usize> {
    if heads == 0 || !width.is_multiple_of(heads) {
        return Err(Error::new(
            ErrorCode::ConfigGeneric,
            format!("{heads} attention heads cannot share a width of {width}"),
        )
        .with_remedy("set n_heads to the number that the model was trained with"));
    }
    Ok(width / heads)
}

/// How many blocks `prefix.0.*`, `prefix.1.*`, … there are, told by the tensor `suffix` of each.
pub(crate) fn count_blocks(weights: &Weights, prefix: &str, suffix: &str) -> usize {
    (0..)
        .take_while(|index| {
            weights
                .shape(&format!("{prefix}.{index}.{suffix}"))
                .is_some()
        })
        .count()
}
