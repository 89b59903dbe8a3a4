//! Low-rank adapters of the encoder's attention (LoRA, Hu et al. 2021, arXiv:2106.09685).
//!
//! The weight of an adapted projection is `base + (alpha / rank) A B` and is set before each pass, so
//! that the encoder itself knows nothing of adapters and gradients reach `A` and `B` alone.

use super::JointSettings;
use crate::random::normal;
use crate::serialize::Tensors;
use crate::step::as_filed;
use burn::tensor::Tensor;
use genolewm::encoder::{Layer, Llama};
use genolewm::ops::{BurnOps, Linear};
use genolewm::parameters::{Parameters, Role, Visitor, join};
use genolewm::weights::{NamedTensor, Weights};
use genolewm_core::Result;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

type Projection = fn(&mut Layer<Tensor<2>>) -> &mut Linear<Tensor<2>>;

/// The projections that are adapted, by their names in the weight file.
pub(super) const TARGETS: [&str; 4] = ["q_proj", "k_proj", "v_proj", "o_proj"];
const PROJECTIONS: [Projection; 4] = [
    |layer| &mut layer.q,
    |layer| &mut layer.k,
    |layer| &mut layer.v,
    |layer| &mut layer.o,
];

/// Whether a pass is to be differentiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AdapterPass {
    /// Gradients reach the adapters.
    Training,
    /// They do not, and no graph is kept.
    Measuring,
}

/// The adapter of one projection.
#[derive(Debug)]
struct Adapter {
    layer: usize,
    /// Index into [`TARGETS`].
    target: usize,
    /// What the projection is without it, `[inputs, outputs]`.
    base: Tensor<2>,
    /// `[inputs, rank]`.
    a: Linear<Tensor<2>>,
    /// `[rank, outputs]`.
    b: Linear<Tensor<2>>,
}

/// The adapters of an encoder.
#[derive(Debug)]
pub(super) struct Adapters {
    list: Vec<Adapter>,
    scale: f64,
}

impl Adapters {
    /// The adapters of the topmost layers below the states, from a checkpoint's `tensors` or else
    /// new ones, which change nothing.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` when tensors are missing, surplus or misshapen.
    pub(super) fn open(
        settings: &JointSettings,
        ops: &BurnOps,
        llama: &mut Llama<Tensor<2>>,
        state_layer: usize,
        tensors: Option<Tensors>,
    ) -> Result<Self> {
        let layers = adapted_layers(state_layer, settings.lora_layers);
        let rank = settings.lora_rank;
        let tensors = match tensors {
            Some(tensors) => tensors,
            None => initial(llama, layers.clone(), rank, settings.run.seed()),
        };
        let mut weights = Weights::from_tensors("adapters", tensors);
        let mut list = Vec::new();
        for layer in layers {
            for (target, projection) in PROJECTIONS.iter().enumerate() {
                let base = projection(&mut llama.layers[layer]).weight.clone();
                let [inputs, outputs] = base.dims();
                let name = name(layer, target);
                let mut take = |part: &str, inputs: usize, outputs: usize| {
                    weights.linear(ops, &join(&name, part), inputs, outputs, false)
                };
                list.push(Adapter {
                    layer,
                    target,
                    a: take("lora_A", inputs, rank)?,
                    b: take("lora_B", rank, outputs)?,
                    base,
                });
            }
        }
        weights.finish()?;
        Ok(Self {
            list,
            scale: settings.lora_scale(),
        })
    }

    /// Sets the encoder's adapted weights.
    pub(super) fn apply(&self, llama: &mut Llama<Tensor<2>>, pass: AdapterPass) {
        for adapter in &self.list {
            let change = adapter.a.weight.clone().matmul(adapter.b.weight.clone());
            let weight = adapter.base.clone() + change.mul_scalar(self.scale);
            PROJECTIONS[adapter.target](&mut llama.layers[adapter.layer]).weight = match pass {
                AdapterPass::Training => weight,
                AdapterPass::Measuring => weight.detach(),
            };
        }
    }

    /// The adapted weights of an encoder that they were applied to, as its weight file holds them.
    pub(super) fn merged(&self, llama: &mut Llama<Tensor<2>>) -> Tensors {
        let merged = |adapter: &Adapter| {
            let projection = PROJECTIONS[adapter.target](&mut llama.layers[adapter.layer]);
            let name = join(&name(adapter.layer, adapter.target), "weight");
            (name, as_filed(Role::Projection, &projection.weight))
        };
        self.list.iter().map(merged).collect()
    }

    /// The layers that have adapters, from the first one.
    pub(super) fn layers(&self) -> Vec<usize> {
        let mut layers: Vec<usize> = self.list.iter().map(|adapter| adapter.layer).collect();
        layers.dedup();
        layers
    }
}

impl Parameters<Tensor<2>> for Adapters {
    fn visit(&mut self, prefix: &str, visit: &mut Visitor<'_, Tensor<2>>) {
        for adapter in &mut self.list {
            let name = join(prefix, &name(adapter.layer, adapter.target));
            adapter.a.visit(&join(&name, "lora_A"), visit);
            adapter.b.visit(&join(&name, "lora_B"), visit);
        }
    }
}

/// The layers that get adapters: those above the states would change nothing.
pub(super) fn adapted_layers(state_layer: usize, wanted: usize) -> core::ops::Range<usize> {
    state_layer.saturating_sub(wanted)..state_layer
}

fn name(layer: usize, target: usize) -> String {
    format!("model.layers.{layer}.self_attn.{}", TARGETS[target])
}

/// New adapters as files hold them: `A` normal with standard deviation `1 / rank`, `B` zero.
fn initial(
    llama: &mut Llama<Tensor<2>>,
    layers: core::ops::Range<usize>,
    rank: usize,
    seed: u64,
) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    for layer in layers {
        for (target, projection) in PROJECTIONS.iter().enumerate() {
            let [inputs, outputs] = projection(&mut llama.layers[layer]).weight.dims();
            let a = (0..rank * inputs).map(|_| normal(&mut rng) as f32 / rank as f32);
            let a = NamedTensor {
                shape: vec![rank, inputs],
                values: a.collect(),
            };
            let b = NamedTensor {
                shape: vec![outputs, rank],
                values: vec![0.0; outputs * rank],
            };
            let name = name(layer, target);
            tensors.insert(join(&name, "lora_A.weight"), a);
            tensors.insert(join(&name, "lora_B.weight"), b);
        }
    }
    tensors
}
