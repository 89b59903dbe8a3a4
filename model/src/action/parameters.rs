//! Walking over the matrices of a model: to train them, and to write them back under the names
//! and in the shapes of the weights file.

use crate::ops::{LayerNorm, Linear, Ops};
use crate::weights::{NamedTensor, transpose};
use genolewm_shared::Result;
use std::collections::BTreeMap;

/// What a parameter is for; weight decay, for one, applies to weights and biases only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A linear layer's weight, held `[inputs, outputs]` and stored `[outputs, inputs]`.
    Weight,
    /// A linear layer's bias, stored as a vector.
    Bias,
    /// Scale or shift of a norm, stored as a vector.
    Norm,
    /// An embedding table, stored as it is held.
    Table,
    /// A single embedding, stored as a vector.
    Embedding,
}

/// One matrix of a model.
#[derive(Debug)]
pub struct Parameter<'a, M> {
    /// The tensor that it belongs to in the weights file.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The matrix.
    pub value: &'a mut M,
}

/// Receives parameters one by one.
pub type Visitor<'v, M> = dyn FnMut(Parameter<'_, M>) + 'v;

/// A model whose matrices can be walked over.
pub trait Parameters<M> {
    /// Calls `visit` for every matrix, in one fixed order. Matrices of one name, which come one
    /// after another, are parts of one tensor along its outermost dimension.
    fn visit(&mut self, visit: &mut Visitor<'_, M>);
}

/// All tensors of a model as the weights file holds them; what loading them gives is the model.
///
/// # Errors
/// What the device reports when it does not answer.
pub async fn named_tensors<O: Ops>(
    ops: &O,
    model: &mut impl Parameters<O::Matrix>,
) -> Result<BTreeMap<String, NamedTensor>> {
    let mut matrices = Vec::new();
    model.visit(&mut |parameter| {
        matrices.push((parameter.name, parameter.role, parameter.value.clone()));
    });
    let mut tensors = BTreeMap::new();
    for (name, role, matrix) in matrices {
        let part = stored(role, ops.shape(&matrix), ops.read(&matrix).await?);
        tensors.entry(name).and_modify(|whole| append(whole, &part)).or_insert(part);
    }
    Ok(tensors)
}

fn stored(role: Role, [rows, columns]: [usize; 2], values: Vec<f32>) -> NamedTensor {
    match role {
        Role::Weight => {
            NamedTensor { shape: vec![columns, rows], values: transpose(&values, rows, columns) }
        }
        Role::Table => NamedTensor { shape: vec![rows, columns], values },
        Role::Bias | Role::Norm | Role::Embedding => NamedTensor { shape: vec![columns], values },
    }
}

fn append(whole: &mut NamedTensor, part: &NamedTensor) {
    whole.shape[0] += part.shape[0];
    whole.values.extend_from_slice(&part.values);
}

/// Visits one matrix.
pub(crate) fn visit_matrix<M>(
    name: &str,
    role: Role,
    value: &mut M,
    visit: &mut Visitor<'_, M>,
) {
    visit(Parameter { name: name.to_owned(), role, value });
}

/// Visits `prefix.weight` and `prefix.bias`.
pub(crate) fn visit_linear<M>(prefix: &str, layer: &mut Linear<M>, visit: &mut Visitor<'_, M>) {
    visit_matrix(&format!("{prefix}.weight"), Role::Weight, &mut layer.weight, visit);
    if let Some(bias) = &mut layer.bias {
        visit_matrix(&format!("{prefix}.bias"), Role::Bias, bias, visit);
    }
}

/// Visits `prefix.weight` and `prefix.bias` of a norm.
pub(crate) fn visit_norm<M>(prefix: &str, norm: &mut LayerNorm<M>, visit: &mut Visitor<'_, M>) {
    visit_matrix(&format!("{prefix}.weight"), Role::Norm, &mut norm.weight, visit);
    visit_matrix(&format!("{prefix}.bias"), Role::Norm, &mut norm.bias, visit);
}
