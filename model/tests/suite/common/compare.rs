//! Computations on the GPU against the same on the processor.

use super::{read, wgsl_ops};
use burn::tensor::Device;
use genolewm::ops::{BurnOps, CpuOps, Linear, Ops, WgslOps};
use genolewm::quantize::Packing;
use genolewm::tensor::{Tensor, TensorType};
use half::{bf16, f16};
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

/// Runs it on the GPU, on the processor and on burn, whose operations are another's, and compares
/// relative to the largest value.
pub fn assert_same(what: &str, computation: &impl Computation) {
    assert_within(what, computation, 1e-5);
}

pub fn assert_within(what: &str, computation: &impl Computation, tolerance: f32) {
    let burn = BurnOps::on(Device::flex(), "burn");
    let result = computation.run(&burn);
    let theirs = (burn.shape(&result), read(&burn, &result));
    compare(what, computation, gpu(), &theirs, tolerance);
    compare(what, computation, &CpuOps::new(), &theirs, tolerance);
}

fn compare<O: Ops>(
    what: &str,
    computation: &impl Computation,
    ops: &O,
    (shape, theirs): &([usize; 2], Vec<f32>),
    tolerance: f32,
) {
    let ours = computation.run(ops);
    assert_eq!(
        ops.shape(&ours),
        *shape,
        "{what}: shape on {}",
        ops.backend()
    );
    let largest = theirs.iter().fold(1e-3f32, |most, x| most.max(x.abs()));
    for (index, (a, b)) in read(ops, &ours).iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * largest,
            "{what}[{index}]: {a} on {}, {b} by burn",
            ops.backend()
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

/// All ways in which weights are stored.
pub const STORED: [TensorType; 5] = [
    TensorType::F32,
    TensorType::F16,
    TensorType::Bf16,
    TensorType::Packed(Packing::Int8),
    TensorType::Packed(Packing::Int4),
];

/// Random weights of `[columns, inner]` as a file stores them.
pub fn stored(kind: TensorType, columns: usize, inner: usize, seed: u64) -> Tensor<'static> {
    let values = random(columns * inner, seed);
    let (bytes, scales) = match kind {
        TensorType::F32 => (bytes(&values, f32::to_le_bytes), Vec::new()),
        TensorType::F16 => (
            bytes(&values, |value| f16::from_f32(value).to_le_bytes()),
            Vec::new(),
        ),
        TensorType::Bf16 => (
            bytes(&values, |value| bf16::from_f32(value).to_le_bytes()),
            Vec::new(),
        ),
        TensorType::Packed(packing) => {
            let packed = packing.pack(&values, inner).expect("rows that fit");
            (packed.codes, packed.scales)
        }
    };
    Tensor::new(kind, vec![columns, inner], bytes, scales).expect("whole rows")
}

fn bytes<const N: usize>(values: &[f32], of: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| of(value)).collect()
}

/// A product with weights as a file stores them.
pub struct StoredProduct {
    pub kind: TensorType,
    pub of: Product,
}

impl Computation for StoredProduct {
    fn run<O: Ops>(&self, ops: &O) -> O::Matrix {
        let Product {
            rows,
            inner,
            columns,
            bias,
            seed,
        } = self.of;
        let weights = stored(self.kind, columns, inner, seed + 1);
        let layer = Linear {
            weight: ops.stored_projection(&weights, inner, columns),
            bias: bias.then(|| matrix(ops, 1, columns, seed + 2)),
        };
        ops.linear(&matrix(ops, rows, inner, seed), &layer)
    }
}
