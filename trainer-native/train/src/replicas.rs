//! What a step trains, once on each device (data parallelism).
//!
//! The batches of a step are dealt to the devices. They are drawn, and their gradients summed, in the
//! order of their numbers; the first device's replica is updated and the others follow it. On how
//! many devices of one kind a run trains changes its speed, and neither its losses nor its weights.

use super::device::parallel;
use super::optimizer::Optimizer;
use super::run_dir::Checkpoint;
use super::step::{Collected, named, track};
use burn::tensor::{Gradients, Tensor};
use core::ops::Range;
use genolewm::ops::BurnOps;
use genolewm::parameters::Parameters;
use genolewm::weights::NamedTensor;
use genolewm_core::Result;
use std::collections::BTreeMap;

/// The tensors of a checkpoint by name.
type Tensors = BTreeMap<String, NamedTensor>;

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

/// A replica on each device.
#[derive(Debug)]
pub struct Replicas<R> {
    /// The one that is saved and measured.
    pub first: R,
    others: Vec<R>,
}

impl<R: Parameters<Tensor<2>>> Replicas<R> {
    /// Opens a replica on each device, the first one and the optimiser from a checkpoint if there is
    /// one; returns the steps that are done. What the others are opened with does not matter: their
    /// parameters are set to the first one's.
    ///
    /// # Errors
    /// Those of `open`.
    pub fn open(
        (first, others): (BurnOps, Vec<BurnOps>),
        resumed: Option<Checkpoint>,
        optimizer: &mut Optimizer,
        mut open: impl FnMut(BurnOps, Option<Tensors>) -> Result<R>,
    ) -> Result<(Self, u64)> {
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
        };
        track(&mut replicas.first);
        replicas.follow();
        Ok((replicas, step))
    }

    /// Figures and summed gradients of the batches of `numbers`, as `draw` makes them.
    ///
    /// # Errors
    /// Those of `draw` and of the passes.
    pub fn gradients<B: Send + Sync>(
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

    /// Updates every replica; see [`Collected::apply`].
    ///
    /// # Errors
    /// As [`Collected::apply`].
    pub fn apply(
        &mut self,
        gradients: Collected,
        optimizer: &mut Optimizer,
        rate: &dyn Fn(&str) -> f64,
        clip: f64,
    ) -> Result<f64> {
        let norm = gradients.apply(&mut self.first, optimizer, rate, clip)?;
        self.follow();
        Ok(norm)
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
