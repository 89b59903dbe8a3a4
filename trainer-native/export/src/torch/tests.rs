use super::*;
use genolewm_core::ErrorCode;

const FIXTURE: &[u8] = include_bytes!("../../../../tests/fixtures/torch/predictor_checkpoint.pt");
const EVIL: &[u8] = include_bytes!("../../../../tests/fixtures/torch/evil.pt");

#[test]
fn tensors_and_words_of_a_checkpoint_are_read() -> Result<()> {
    let checkpoint = TorchCheckpoint::parse(FIXTURE)?;
    assert_eq!(checkpoint.steps_completed, Some(12));
    assert_eq!(checkpoint.about["dataset_snapshot_id"], "small-1");
    let tensor = |name: &str| &checkpoint.predictor[name];
    assert_eq!(checkpoint.predictor.len(), 4);
    assert_eq!(tensor("in.weight").shape, [2, 3]);
    assert_eq!(tensor("in.weight").values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    // A view by other strides, one behind the start, and one of 16 bits.
    assert_eq!(
        tensor("turned.weight").values,
        [10.0, 13.0, 11.0, 14.0, 12.0, 15.0]
    );
    assert_eq!(tensor("part.bias").values, [23.0, 24.0]);
    assert_eq!(tensor("half").values, [5.0, 6.0, 7.0, 8.0]);
    let scale = &checkpoint.action_encoder["scale"];
    assert!(scale.shape.is_empty() && scale.values == [7.0]);
    Ok(())
}

#[test]
fn a_pickle_that_calls_a_function_is_not_run() {
    let error = TorchCheckpoint::parse(EVIL).unwrap_err();
    assert_eq!(error.code(), ErrorCode::DeployExportFormat);
    assert_eq!(error.details()["function"], "__builtin__.print");
}

#[test]
fn damaged_checkpoints_are_refused() {
    for cut in [0, 3, 40, FIXTURE.len() / 2, FIXTURE.len() - 1] {
        assert!(TorchCheckpoint::parse(&FIXTURE[..cut]).is_err(), "{cut}");
    }
    for pickle in [
        &b"."[..],
        b"(",
        b"\x80\x02}q\x00",
        b"\x80\x02N}u.",
        b"}h\x05.",
        b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R.",
        b"X\xff\xff\xff\xffa.",
        b"N\x93.",
    ] {
        assert!(Pickle::parse(pickle).is_err(), "{pickle:?}");
    }
    let deep = [&b")"[..], &[0x85; 100], b"."].concat();
    assert!(Pickle::parse(&deep).is_err());
    assert!(Pickle::parse(&vec![b'('; 2_000_000]).is_err());
}
