//! What tests know of the built-in model, whichever it is.

/// Its manifest.
pub const MANIFEST: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../models/builtin/manifest.json"
);

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/builtin");
const CONFIG: &str = include_str!("../../models/builtin/train_config.yaml");

/// Flags that name the built-in model of version 0.2.0, whose states are of the contract
/// `l2_old_row_v0_2_0`.
pub const MODEL_0_2_0: &str = concat!(
    "--model-dir ",
    env!("CARGO_MANIFEST_DIR"),
    "/fixtures/contracts/builtin_0_2_0"
);

/// Bases of a window that it reads.
///
/// # Panics
/// Where its configuration does not say.
#[must_use]
pub fn window_bp() -> usize {
    let line = CONFIG
        .lines()
        .find_map(|line| line.strip_prefix("window_bp: "));
    line.and_then(|bases| bases.parse().ok())
        .expect("bases of a window")
}

/// Bytes of its files of weights.
///
/// # Panics
/// Where one is missing.
#[must_use]
pub fn weight_bytes() -> u64 {
    let files = [
        "encoder/model.safetensors",
        "action_encoder.safetensors",
        "predictor.safetensors",
    ];
    let size = |file| std::fs::metadata(format!("{DIRECTORY}/{file}")).map(|file| file.len());
    files.into_iter().map(|file| size(file).expect(file)).sum()
}
