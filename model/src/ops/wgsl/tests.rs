//! What an open device does when it is pressed: refusals, loss, and memory.

use super::WgslOps;
use crate::ops::{Linear, Ops};
use genolewm_core::{Error, ErrorCode, Result};
use pollster::block_on;

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
