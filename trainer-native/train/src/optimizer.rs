//! The optimisers: AdamW for tables, norms and biases; AdamW or Muon for projections.

use super::settings::UpdateSettings;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{
    AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, AdjustLrFn, Muon, MuonConfig, MuonState,
    RecordState as _, StateSink, StateSource,
};
use burn::tensor::{Device, Tensor, TensorData};
use genolewm::parameters::Role;
use std::collections::{BTreeMap, BTreeSet};

/// What updates the projections.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum MatrixOptimizer {
    /// AdamW, eps 1e-8.
    Adamw,
    /// Muon (momentum orthogonalised by Newton-Schulz), rates matched to AdamW's.
    Muon,
}

/// The optimiser and its state by parameter name.
pub struct Optimizer {
    matrices: MatrixOptimizer,
    decayed: AdamW,
    plain: AdamW,
    muon: Muon,
    adamw_states: BTreeMap<String, AdamWState<2>>,
    muon_states: BTreeMap<String, MuonState<2>>,
}

impl Optimizer {
    /// An optimiser without state. Weight decay falls on projections only.
    #[must_use]
    pub fn new(matrices: MatrixOptimizer, update: &UpdateSettings) -> Self {
        let weight_decay = update.weight_decay;
        let adamw = AdamWConfig::new()
            .with_beta_1(update.beta1 as f32)
            .with_beta_2(update.beta2 as f32)
            .with_epsilon(1e-8);
        Self {
            matrices,
            decayed: adamw.clone().with_weight_decay(weight_decay).build(),
            plain: adamw.with_weight_decay(0.0).build(),
            muon: MuonConfig::new()
                .with_adjust_lr_fn(AdjustLrFn::MatchRmsAdamW)
                .with_weight_decay(Some(WeightDecayConfig::new(weight_decay)))
                .build(),
            adamw_states: BTreeMap::new(),
            muon_states: BTreeMap::new(),
        }
    }

    /// One update of a parameter.
    pub fn step(
        &mut self,
        name: &str,
        role: Role,
        value: Tensor<2>,
        gradient: Tensor<2>,
        rate: f64,
    ) -> Tensor<2> {
        let update = (value, gradient, rate);
        match (role, self.matrices) {
            (Role::Projection, MatrixOptimizer::Muon) => {
                updated(&self.muon, &mut self.muon_states, name, update)
            }
            (Role::Projection, MatrixOptimizer::Adamw) => {
                updated(&self.decayed, &mut self.adamw_states, name, update)
            }
            _ => updated(&self.plain, &mut self.adamw_states, name, update),
        }
    }

    /// The state as named tensors: `velocity.*`, `moment_1.*`, `moment_2.*`.
    #[must_use]
    pub fn export(&self) -> BTreeMap<String, TensorData> {
        let mut tensors = BTreeMap::new();
        for (name, state) in &self.muon_states {
            let mut sink = StateSink::default();
            state.state_flatten("", &mut sink);
            let velocity = sink.tensors.into_iter().map(|(_, data)| data);
            tensors.extend(velocity.map(|data| (format!("velocity.{name}"), data)));
        }
        for (name, AdamWState { momentum }) in &self.adamw_states {
            tensors.insert(format!("moment_1.{name}"), momentum.moment_1.to_data());
            tensors.insert(format!("moment_2.{name}"), momentum.moment_2.to_data());
        }
        tensors
    }

    /// Restores the state that [`Self::export`] gave after `steps` updates; `device` is the one that is
    /// trained on, with gradients.
    pub fn import(
        &mut self,
        mut tensors: BTreeMap<String, TensorData>,
        steps: u64,
        device: &Device,
    ) {
        let device = &device.clone().inner();
        let names: BTreeSet<String> = tensors
            .keys()
            .filter_map(|key| key.split_once('.').map(|(_, name)| name.to_owned()))
            .collect();
        for name in names {
            let mut take = |kind: &str| tensors.remove(&format!("{kind}.{name}"));
            if let Some(velocity) = take("velocity") {
                let mut source = StateSource::default();
                source.insert_tensor("momentum.velocity".to_owned(), velocity);
                let state = MuonState::state_unflatten("", &mut source, device);
                self.muon_states.extend(state.map(|state| (name, state)));
            } else if let (Some(first), Some(second)) = (take("moment_1"), take("moment_2")) {
                let momentum = AdaptiveMomentumState {
                    time: steps as usize,
                    moment_1: Tensor::from_data(first, device),
                    moment_2: Tensor::from_data(second, device),
                    max_moment_2: None,
                };
                self.adamw_states.insert(name, AdamWState { momentum });
            }
        }
    }
}

/// A parameter after an update; `states` keep the state that it leaves.
fn updated<O: burn::optim::Optimizer>(
    optimizer: &O,
    states: &mut BTreeMap<String, O::State<2>>,
    name: &str,
    (value, gradient, rate): (Tensor<2>, Tensor<2>, f64),
) -> Tensor<2> {
    let (value, state) = optimizer.step(rate, value, gradient, states.remove(name));
    states.extend(state.map(|state| (name.to_owned(), state)));
    value
}
