//! What the processor does at most: plain products of large square matrices by the library that ours are
//! made of, and a plain copy.

use crate::task::{Bound, Task};
use core::hint::black_box;
use gemmkit::{GemmScalar, MatMut, MatRef, Parallelism, gemm, gemm_i8};
use half::bf16;

/// Rows and columns.
const SIZE: usize = 1024;
/// Bytes of a copy: both sides lie in the second-level cache, whatever others do to memory.
const COPIED: usize = 256 << 10;

/// What bounds tasks.
pub(crate) fn peak(bound: Bound) -> Task {
    let operations = 2.0 * (SIZE as f64).powi(3);
    let product = |run: Box<dyn FnMut()>| Task::new(operations, bound, run);
    match bound {
        Bound::F32 => product(square(1.0_f32, 0.0)),
        Bound::Bf16 => product(square(bf16::ONE, bf16::ZERO)),
        Bound::Int8 => {
            let (a, b) = (vec![1_i8; SIZE * SIZE], vec![3_i8; SIZE * SIZE]);
            let mut c = vec![0; SIZE * SIZE];
            product(Box::new(move || {
                let [a, b] = [&a, &b].map(|of| MatRef::from_col_major(of, SIZE, SIZE));
                let into = MatMut::from_col_major(&mut c, SIZE, SIZE);
                gemm_i8(1, a, b, 0, into, Parallelism::Serial);
                black_box(&mut c);
            }))
        }
        Bound::Copy => {
            let from = vec![1_u8; COPIED];
            let mut into = vec![0_u8; COPIED];
            Task::new(COPIED as f64, bound, move || {
                into.copy_from_slice(black_box(&from));
                black_box(&mut into);
            })
        }
    }
}

fn square<T: GemmScalar>(one: T, zero: T) -> Box<dyn FnMut()> {
    let (a, b) = (vec![one; SIZE * SIZE], vec![one; SIZE * SIZE]);
    let mut c = vec![zero; SIZE * SIZE];
    Box::new(move || {
        let [a, b] = [&a, &b].map(|of| MatRef::from_col_major(of, SIZE, SIZE));
        let into = MatMut::from_col_major(&mut c, SIZE, SIZE);
        gemm(one, a, b, zero, into, Parallelism::Serial);
        black_box(&mut c);
    })
}
