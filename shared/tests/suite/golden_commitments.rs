//! Input commitments against the golden vectors.
// A missing or malformed vector must fail the test.
#![allow(clippy::expect_used)]

use crate::common::{cases, golden_json, text};
use genolewm_core::Result;
use genolewm_core::edit::EditSpec;
use genolewm_core::position::Position;
use genolewm_core::provenance::{DtypeConfig, InputCommitment, PoolingConfig, WindowsConfig};
use serde_json::Value;

fn whole<T: TryFrom<u64>>(value: &Value) -> T {
    value
        .as_u64()
        .and_then(|number| T::try_from(number).ok())
        .expect("a whole number")
}

#[test]
fn golden_input_commitments() -> Result<()> {
    for case in cases(&golden_json("input_commitments.json")) {
        let edit = &case["edit"];
        let position = Position::new(whole(&edit["pos"]))?;
        let edit = EditSpec::new(
            text(edit, "chrom"),
            position,
            text(edit, "ref"),
            text(edit, "alt"),
        )?;
        let pooling = PoolingConfig {
            state_layer: whole(&case["pooling"]["state_layer"]),
            pool_type: text(&case["pooling"], "pool_type").into(),
            pool_radius: whole(&case["pooling"]["pool_radius"]),
            normalize: case["pooling"]["normalize"].as_bool().expect("a boolean"),
            windows: WindowsConfig::default(),
        };
        let dtype = DtypeConfig {
            encoder_dtype: text(&case["dtype"], "encoder_dtype").into(),
            predictor_dtype: text(&case["dtype"], "predictor_dtype").into(),
        };
        let input = InputCommitment {
            reference_window: text(case, "reference_window"),
            edit: &edit,
            pooling: &pooling,
            dtype: &dtype,
        };
        assert_eq!(input.commitment()?, text(case, "commitment"), "{edit}");
    }
    Ok(())
}
