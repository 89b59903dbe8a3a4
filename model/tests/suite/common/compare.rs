//! Computations on the GPU against the same on the processor.

use super::{read, wgsl_ops};
use genolewm::ops::{BurnOps, Linear, Ops, WgslOps};
use std::sync::OnceLock;

/// One device for all tests: opening one takes longer than they do.
pub fn gpu() -> &'static WgslOps {
    static GPU: OnceLock<WgslOps> = OnceLock::new();
    GPU.get_or_init(wgsl_ops)
}

/// Values in `[-1, 1)` that depend on `seed` alone.
pub fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut value = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| value()).collect()
}

/// A computation on any backend, from matrices of random values.
pub trait Computation {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix;
}

/// Runs it on both and compares, relative to the largest value.
pub fn assert_same(what: &str, computation: &impl Computation) {
    assert_within(what, computation, 1e-5);
}

pub fn assert_within(what: &str, computation: &impl Computation, tolerance: f32) {
    let cpu = BurnOps::cpu();
    let (ours, theirs) = (computation.run(gpu()), computation.run(&cpu));
    assert_eq!(gpu().shape(&ours), cpu.shape(&theirs), "{what}: shape");
    let (ours, theirs) = (read(gpu(), &ours), read(&cpu, &theirs));
    let largest = theirs.iter().fold(1e-3f32, |most, x| most.max(x.abs()));
    for (index, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * largest,
            "{what}[{index}]: {a} on the GPU, {b} on the processor"
        );
    }
}

/// A matrix of random values.
pub fn matrix<O: Ops>(ops: &O, rows: usize, columns: usize, seed: u64) -> O::Matrix {
    ops.matrix(random(rows * columns, seed), rows, columns)
}

/// A product of random matrices.
pub struct Product {
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub bias: bool,
    pub seed: u64,
}

impl Computation for Product {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let x = matrix(ops, self.rows, self.inner, self.seed);
        let layer = Linear {
            weight: matrix(ops, self.inner, self.columns, self.seed + 1),
            bias: self
                .bias
                .then(|| matrix(ops, 1, self.columns, self.seed + 2)),
        };
        ops.linear(&x, &layer)
    }
}
