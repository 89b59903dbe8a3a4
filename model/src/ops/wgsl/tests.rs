//! What an open device does when it is pressed: refusals, loss, and memory.

use super::WgslOps;
use super::device::{Gpu, find_adapter, limits};
use crate::ops::{Linear, Ops};
use crate::quantize::Packing;
use crate::tensor::{Tensor, TensorType};
use genolewm_core::{Error, ErrorCode, Result};
use pollster::block_on;
use std::sync::Arc;

fn ops() -> Result<WgslOps> {
    block_on(WgslOps::new())
        .map_err(|error| error.with_remedy("install a software adapter: mesa-vulkan-drivers"))
}

fn refusal(ops: &WgslOps) -> Option<Error> {
    let sum = ops.matrix(vec![1.0; 4], 2, 2);
    block_on(ops.read(&ops.add(&sum, &sum))).err()
}

#[test]
fn a_device_names_itself() -> Result<()> {
    let ops = ops()?;
    assert!(!ops.device_name().is_empty());
    assert_eq!(ops.backend(), "wgpu");
    assert!(!ops.lost());
    assert!(refusal(&ops).is_none());
    Ok(())
}

#[test]
fn a_lost_device_is_an_error_and_not_a_number() -> Result<()> {
    let ops = ops()?;
    let before = ops.matrix(vec![1.0; 4], 2, 2);
    ops.gpu.device().destroy();
    let error = block_on(ops.read(&before)).err();
    assert_eq!(
        error.map(|error| error.code()),
        Some(ErrorCode::DeployGeneric)
    );
    assert!(ops.lost());
    assert!(refusal(&ops).is_some(), "it stays lost");
    Ok(())
}

#[test]
fn a_refused_command_is_an_error_and_not_a_number() -> Result<()> {
    let ops = ops()?;
    let x = ops.matrix(vec![1.0; 4], 2, 2);
    let sum = ops.add(&x, &x);
    // Past the end of the buffer.
    ops.gpu.record().copy(&x, &sum, 1 << 40);
    let error = block_on(ops.read(&sum)).err();
    assert_eq!(
        error.map(|error| error.code()),
        Some(ErrorCode::DeployGeneric)
    );
    assert!(ops.lost());
    Ok(())
}

#[test]
fn a_matrix_that_no_kernel_can_see_is_out_of_memory() -> Result<()> {
    let ops = ops()?;
    let limits = ops.gpu.device().limits();
    let side = ((limits.max_storage_buffer_binding_size / 4) as f64).sqrt() as usize + 1;
    let layer = Linear {
        weight: ops.matrix(vec![1.0; side], 1, side),
        bias: None,
    };
    let product = ops.linear(&ops.matrix(vec![1.0; side], side, 1), &layer);
    let error = block_on(ops.read(&product)).err();
    assert_eq!(
        error.map(|error| error.code()),
        Some(ErrorCode::ResourceOom)
    );
    Ok(())
}

#[test]
fn scoring_in_a_loop_takes_no_more_memory_than_one_turn() -> Result<()> {
    let ops = ops()?;
    let layer = Linear {
        weight: ops.matrix(vec![0.01; 64 * 64], 64, 64),
        bias: None,
    };
    let turn = |rows: usize| {
        let mut x = ops.matrix(vec![1.0; rows * 64], rows, 64);
        for _ in 0..4 {
            x = ops.gelu(&ops.linear(&x, &layer));
        }
        block_on(ops.read(&x))
    };
    let mut idle = Vec::new();
    for index in 0..120 {
        turn(900 + index * 7 % 100)?;
        idle.push(ops.gpu.record().idle_bytes());
    }
    // Five sizes of buffers occur, and of each at most three are in use at once.
    let most = 5 * 3 * super::pool::size_class(1000 * 64 * 4);
    assert!(idle.iter().all(|&bytes| bytes <= most), "{idle:?}");
    let first = idle[..40].iter().max();
    assert_eq!(idle[40..].iter().max(), first, "all sizes occur early");
    // What is not asked for any more goes.
    for _ in 0..80 {
        turn(1)?;
    }
    assert!(ops.gpu.record().idle_bytes() < 10_000);
    Ok(())
}

/// A device that binds no more than this many bytes.
fn small(most_bytes: u64) -> Result<WgslOps> {
    let adapter = block_on(find_adapter())?;
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: most_bytes,
        ..limits(&adapter.limits())
    };
    let gpu = Arc::new(block_on(Gpu::open(&adapter, limits))?);
    Ok(WgslOps { gpu })
}

#[test]
fn weights_that_no_kernel_can_see_at_once_are_split() -> Result<()> {
    let (inputs, outputs) = (300, 90);
    let values: Vec<f32> = (0..inputs * outputs).map(|at| (at as f32).sin()).collect();
    let wide = Tensor::of_values(vec![outputs, inputs], &values);
    let packed = |packing: Packing| {
        let packed = packing.pack(&values, inputs).ok()?;
        let kind = TensorType::Packed(packing);
        Tensor::new(kind, vec![outputs, inputs], packed.codes, packed.scales)
    };
    let product = |ops: &WgslOps, weights: &Tensor<'_>| {
        let layer = Linear {
            weight: ops.stored_projection(weights, inputs, outputs),
            bias: Some(ops.matrix(values[..outputs].to_vec(), 1, outputs)),
        };
        let blocks = layer
            .weight
            .weights()
            .map_or(0, |weights| weights.blocks.len());
        let x = ops.matrix(values[..8 * inputs].to_vec(), 8, inputs);
        block_on(ops.read(&ops.linear(&x, &layer))).map(|product| (product, blocks))
    };
    let (all, few) = (ops()?, small(10_000)?);
    let stored = [wide, packed(Packing::Int8), packed(Packing::Int4)];
    for (weights, parts) in stored.iter().zip([12, 3, 2]) {
        let weights = weights
            .as_ref()
            .ok_or_else(|| Error::invariant("no weights"))?;
        let (whole, one) = product(&all, weights)?;
        let (split, blocks) = product(&few, weights)?;
        assert_eq!((one, blocks), (1, parts), "{:?}", weights.kind());
        assert_eq!(whole, split, "{:?}", weights.kind());
    }
    Ok(())
}
