//! Data parallelism: what a step trains, once on each device, and its update.
//!
//! The batches of a step are dealt to the devices. They are drawn, and their gradients summed, in the
//! order of their numbers; the first device's replica is updated and the others follow it. On how
//! many devices of one kind a run trains changes its speed, and neither its losses nor its weights.

use super::device::parallel;
use super::optimizer::Optimizer;
use super::run_dir::Checkpoint;
use super::serialize::Tensors;
use super::settings::RunSettings;
use super::step::{Collected, export, mean, named, not_a_number, track};
use burn::tensor::{Gradients, Tensor};
use core::ops::Range;
use genolewm::action::layers::join_input_projections;
use genolewm::ops::BurnOps;
use genolewm::parameters::Parameters;
use genolewm_core::Result;
use std::collections::BTreeMap;

/// What is trained, on one device.
pub trait Replica<B>: Parameters<Tensor<2>> + Send {
    /// What is told of a batch.
    type Figures: Send;

    /// The figures of a batch and the gradients of its loss.
    ///
    /// # Errors
    /// Those of the pass.
    fn backward(&mut self, batch: &B) -> Result<(Self::Figures, Gradients)>;
}

/// A replica on each device, and the optimiser.
pub struct Replicas<R> {
    /// The one that is saved and measured.
    pub first: R,
    others: Vec<R>,
    /// What updates the first one.
    pub optimizer: Optimizer,
    /// Steps that are done.
    pub step: u64,
    clip: f64,
}

impl<R: Parameters<Tensor<2>>> Replicas<R> {
    /// Opens a replica on each device, the first one and the optimiser from a checkpoint if there is
    /// one. What the others are opened with does not matter: their parameters are set to the first
    /// one's. Gradients are scaled down where their norm exceeds `clip`.
    ///
    /// # Errors
    /// Those of `open`.
    pub fn open(
        (first, others): (BurnOps, Vec<BurnOps>),
        resumed: Option<Checkpoint>,
        (mut optimizer, clip): (Optimizer, f64),
        mut open: impl FnMut(BurnOps, Option<Tensors>) -> Result<R>,
    ) -> Result<Self> {
        let mut step = 0;
        let saved = resumed.map(|checkpoint| {
            optimizer.import(checkpoint.state, checkpoint.step, first.device());
            step = checkpoint.step;
            checkpoint.weights
        });
        let first = open(first, saved)?;
        let others = others.into_iter().map(|ops| open(ops, None));
        let mut replicas = Self {
            first,
            others: others.collect::<Result<_>>()?,
            optimizer,
            step,
            clip,
        };
        track(&mut replicas.first);
        replicas.follow();
        Ok(replicas)
    }

    /// Does a step: draws its batches by their numbers, and updates every replica by the mean of
    /// their gradients, with the learning rate of each parameter. Returns the batches' figures and
    /// the gradients' norm.
    ///
    /// # Errors
    /// `TRAINING.NAN_LOSS` when the mean of `loss` or the norm is not finite; nothing is changed
    /// then. Those of `draw` and of the passes.
    pub fn update<B: Send + Sync>(
        &mut self,
        settings: &RunSettings,
        rate: &dyn Fn(&str) -> f64,
        draw: impl FnMut(u64) -> Result<B>,
        loss: impl Fn(&R::Figures) -> f64,
    ) -> Result<(Vec<R::Figures>, f64)>
    where
        R: Replica<B>,
    {
        let (figures, collected) = self.gradients(settings.batches(self.step), draw)?;
        if !mean(&figures, loss).is_finite() {
            return Err(not_a_number(self.step + 1));
        }
        let norm = collected.apply(&mut self.first, &mut self.optimizer, rate, self.clip)?;
        self.follow();
        self.step += 1;
        Ok((figures, norm))
    }

    /// Figures and summed gradients of the batches of `numbers`, as `draw` makes them.
    ///
    /// # Errors
    /// Those of `draw` and of the passes.
    fn gradients<B: Send + Sync>(
        &mut self,
        numbers: Range<u64>,
        mut draw: impl FnMut(u64) -> Result<B>,
    ) -> Result<(Vec<R::Figures>, Collected)>
    where
        R: Replica<B>,
    {
        let (mut figures, mut collected) = (Vec::new(), Collected::default());
        let numbers: Vec<u64> = numbers.collect();
        for round in numbers.chunks(1 + self.others.len()) {
            let batches = round
                .iter()
                .map(|&number| draw(number))
                .collect::<Result<Vec<B>>>()?;
            let replicas = core::iter::once(&mut self.first).chain(&mut self.others);
            let passes = parallel(replicas.zip(&batches).collect(), |(replica, batch)| {
                let (figures, mut gradients) = replica.backward(batch)?;
                Ok((figures, named(replica, &mut gradients)))
            });
            for pass in passes {
                let (of_batch, gradients) = pass?;
                figures.push(of_batch);
                collected.add(gradients);
            }
        }
        Ok((figures, collected))
    }

    /// The weights as a checkpoint holds them.
    pub fn weights(&mut self) -> Tensors {
        join_input_projections(export(&mut self.first))
    }

    /// Sets the parameters of the other replicas to those of the first one.
    fn follow(&mut self) {
        if self.others.is_empty() {
            return;
        }
        let mut values = BTreeMap::new();
        self.first.visit("", &mut |name, _, value| {
            values.insert(name.to_owned(), value.clone().inner());
        });
        for replica in &mut self.others {
            replica.visit("", &mut |name, _, value| {
                if let Some(leader) = values.get(name) {
                    let here = value.clone().inner().device();
                    *value = Tensor::from_inner(leader.clone().to_device(&here)).require_grad();
                }
            });
        }
    }
}
