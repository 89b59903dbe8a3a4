//! The layers that predictor and action encoder share, as nodes. Weights come under the names of
//! the safetensors file; a matrix that is transposed for `MatMul` has `.T` after its name.

use super::graph::{Attribute, OnnxGraph, Value};
use genolewm::ops::transpose;
use genolewm::weights::Weights;
use genolewm_core::Result;

/// What every layer norm adds to the variance.
const EPSILON: f32 = 1e-5;

/// A graph and the weights that have not gone into it yet.
#[derive(Debug)]
pub(super) struct Network {
    pub graph: OnnxGraph,
    pub weights: Weights,
    /// Of every attention.
    pub heads: usize,
}

/// Scale and shift of a layer norm.
#[derive(Debug)]
pub(super) struct Norm {
    scale: Value,
    shift: Value,
}

impl Network {
    /// Takes a tensor of the file as a constant.
    pub(super) fn weight<const N: usize>(&mut self, name: &str) -> Result<Value> {
        let shape = self.weights.dims::<N>(name)?;
        let values = self.weights.take(name, &shape)?;
        Ok(self.graph.tensor(name, &shape, &values))
    }

    /// `x` times the matrix `prefix.weight`, plus `prefix.bias`.
    pub(super) fn linear(&mut self, x: &Value, prefix: &str) -> Result<Value> {
        let name = format!("{prefix}.weight");
        let [outputs, inputs] = self.weights.dims(&name)?;
        let weight = self.weights.take(&name, &[outputs, inputs])?;
        let bias = self.weight::<1>(&format!("{prefix}.bias"))?;
        let weight = transpose(&weight, outputs, inputs);
        let weight = self
            .graph
            .tensor(&format!("{name}.T"), &[inputs, outputs], &weight);
        let product = self.graph.op("MatMul", &[x, &weight], &[]);
        Ok(self.graph.add(&product, &bias))
    }

    pub(super) fn norm(&mut self, x: &Value, prefix: &str) -> Result<Value> {
        let norm = self.take_norm(prefix)?;
        Ok(self.normalize(x, &norm))
    }

    /// For a norm that is used more than once.
    pub(super) fn take_norm(&mut self, prefix: &str) -> Result<Norm> {
        Ok(Norm {
            scale: self.weight::<1>(&format!("{prefix}.weight"))?,
            shift: self.weight::<1>(&format!("{prefix}.bias"))?,
        })
    }

    pub(super) fn normalize(&mut self, x: &Value, norm: &Norm) -> Value {
        let attributes = [
            Attribute::Int("axis", -1),
            Attribute::Float("epsilon", EPSILON),
        ];
        let inputs = [x, &norm.scale, &norm.shift];
        self.graph.op("LayerNormalization", &inputs, &attributes)
    }

    /// The exact GELU, not an approximation.
    pub(super) fn gelu(&mut self, x: &Value) -> Value {
        let exact = [Attribute::Text("approximate", "none")];
        self.graph.op("Gelu", &[x], &exact)
    }

    /// Two linear layers with a GELU between them.
    pub(super) fn feed_forward(&mut self, x: &Value, names: [String; 2]) -> Result<Value> {
        let inner = self.linear(x, &names[0])?;
        let inner = self.gelu(&inner);
        self.linear(&inner, &names[1])
    }

    /// What rows of `queries` read in rows of `memory`, all `[items, rows, width]`. `bias` is added
    /// to their products, `[items, heads or 1, queries or 1, keys]`: what may not be read.
    pub(super) fn attention(
        &mut self,
        prefix: &str,
        queries: &Value,
        memory: &Value,
        bias: Option<&Value>,
    ) -> Result<Value> {
        let [_, width] = self.weights.dims(&format!("{prefix}.in_proj_weight"))?;
        let [queries, keys, values] = self.projections(prefix, queries, memory, width)?;
        let head = width / self.heads;
        let queries = self.split(&queries, head, [0, 2, 1, 3]);
        let keys = self.split(&keys, head, [0, 2, 3, 1]);
        let values = self.split(&values, head, [0, 2, 1, 3]);
        let graph = &mut self.graph;
        let scale = graph.scalar((head as f32).sqrt().recip());
        let queries = graph.op("Mul", &[&queries, &scale], &[]);
        let mut scores = graph.op("MatMul", &[&queries, &keys], &[]);
        if let Some(bias) = bias {
            scores = graph.add(&scores, bias);
        }
        let shares = graph.op("Softmax", &[&scores], &[Attribute::Int("axis", -1)]);
        let mixed = graph.op("MatMul", &[&shares, &values], &[]);
        let joined = graph.transpose(&mixed, [0, 2, 1, 3]);
        let joined = graph.reshape(&joined, &[0, 0, width as i64]);
        self.linear(&joined, &format!("{prefix}.out_proj"))
    }

    /// `[items, rows, width]` as `[items, rows, heads, head]`, its axes in the given order.
    fn split(&mut self, rows: &Value, head: usize, order: [i64; 4]) -> Value {
        let shape = [0, 0, self.heads as i64, head as i64];
        let rows = self.graph.reshape(rows, &shape);
        self.graph.transpose(&rows, order)
    }

    /// Queries, keys and values; files stack their three projections in one tensor.
    fn projections(
        &mut self,
        prefix: &str,
        queries: &Value,
        memory: &Value,
        width: usize,
    ) -> Result<[Value; 3]> {
        let weights = self
            .weights
            .take(&format!("{prefix}.in_proj_weight"), &[3 * width, width])?;
        let biases = self
            .weights
            .take(&format!("{prefix}.in_proj_bias"), &[3 * width])?;
        let mut weights = weights.chunks_exact(width * width);
        let mut biases = biases.chunks_exact(width);
        Ok(
            [("q", queries), ("k", memory), ("v", memory)].map(|(part, rows)| {
                let weight = transpose(weights.next().unwrap_or_default(), width, width);
                let bias = biases.next().unwrap_or_default();
                let graph = &mut self.graph;
                let name = format!("{prefix}.in_proj_weight.{part}.T");
                let weight = graph.tensor(&name, &[width, width], &weight);
                let bias = graph.tensor(&format!("{prefix}.in_proj_bias.{part}"), &[width], bias);
                let product = graph.op("MatMul", &[rows, &weight], &[]);
                graph.add(&product, &bias)
            }),
        )
    }
}
