//! Walks over a network's parameters by their names in the weight files: what training updates and
//! saves.

use crate::encoder::{Layer, Llama};
use crate::ops::{LayerNorm, Linear};

/// How a parameter lies in memory against how it lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A matrix that is multiplied from the right: `[inputs, outputs]` here, `[outputs, inputs]`
    /// in the file.
    Projection,
    /// A table of `[rows, width]`, the same in the file.
    Table,
    /// A vector: one row here, one dimension in the file. Norms and biases.
    Row,
}

/// A visitor that may replace each parameter.
pub type Visitor<'a, M> = dyn FnMut(&str, Role, &mut M) + 'a;

/// Something with named parameters.
pub trait Parameters<M> {
    /// Calls `visit` for every parameter, in a fixed order, with its name in the weight file.
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>);
}

/// `prefix.name`, or `name` where the prefix is empty.
#[must_use]
pub fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

impl<M> Parameters<M> for Linear<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        visit(&join(prefix, "weight"), Role::Projection, &mut self.weight);
        if let Some(bias) = &mut self.bias {
            visit(&join(prefix, "bias"), Role::Row, bias);
        }
    }
}

impl<M> Parameters<M> for LayerNorm<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        visit(&join(prefix, "weight"), Role::Row, &mut self.weight);
        visit(&join(prefix, "bias"), Role::Row, &mut self.bias);
    }
}

impl<M> Parameters<M> for Layer<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        let input_norm = join(prefix, "input_layernorm.weight");
        visit(&input_norm, Role::Row, &mut self.input_norm);
        self.q.visit(&join(prefix, "self_attn.q_proj"), visit);
        self.k.visit(&join(prefix, "self_attn.k_proj"), visit);
        self.v.visit(&join(prefix, "self_attn.v_proj"), visit);
        self.o.visit(&join(prefix, "self_attn.o_proj"), visit);
        let post_norm = join(prefix, "post_attention_layernorm.weight");
        visit(&post_norm, Role::Row, &mut self.post_norm);
        self.gate.visit(&join(prefix, "mlp.gate_proj"), visit);
        self.up.visit(&join(prefix, "mlp.up_proj"), visit);
        self.down.visit(&join(prefix, "mlp.down_proj"), visit);
    }
}

impl<M> Parameters<M> for Llama<M> {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, M>) {
        let embedding = join(prefix, "model.embed_tokens.weight");
        visit(&embedding, Role::Table, &mut self.embedding);
        for (index, layer) in self.layers.iter_mut().enumerate() {
            layer.visit(&join(prefix, &format!("model.layers.{index}")), visit);
        }
        let norm = join(prefix, "model.norm.weight");
        visit(&norm, Role::Row, &mut self.norm);
    }
}
