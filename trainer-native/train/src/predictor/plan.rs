//! What a run of `train predictor` is: its network and its data.

use super::Settings;
use crate::run_dir::{DataFile, RunPlan, json_text};
use genolewm_core::Result;
use genolewm_core::window::check_window_bp;
use serde_json::json;

/// The run over states of width `d_state`.
///
/// # Errors
/// `INPUT.GENERIC` for a length of windows that cannot be scored; `INTERNAL.GENERIC` when the settings
/// cannot be written as JSON.
pub(super) fn plan(settings: &Settings, d_state: usize) -> Result<RunPlan> {
    check_window_bp(settings.window_bp)?;
    let architecture = json!({
        "d_state": d_state,
        "d_hidden": settings.d_hidden,
        "d_action": settings.d_action,
        "n_heads": settings.n_heads,
        "ffn_dim": settings.ffn_dim.unwrap_or(settings.d_hidden),
        "cross_blocks": settings.cross_blocks,
        "self_blocks": settings.self_blocks,
        "max_actions": settings.max_actions,
        "d_pos": settings.d_pos,
        "d_type": settings.d_type,
        "d_seq": settings.d_seq,
        "action_layers": settings.action_layers,
        "action_inner": settings.action_inner,
        "window_bp": settings.window_bp,
    });
    Ok(RunPlan {
        stage: "predictor",
        directory: settings.output.clone(),
        settings: json_text(settings)?,
        architecture: architecture.to_string(),
        seed: settings.seed,
        steps: settings.steps,
        checkpoint_every: settings.checkpoint_every,
        log_every: settings.log_every,
        collapse_every: Some(settings.collapse.collapse_every),
        retention: settings.retention,
        curves: &["loss", "validation_cosine", "naive_cosine"],
    })
}

/// Every file that decides the weights.
///
/// # Errors
/// As [`DataFile::corpus`].
pub(super) fn data(settings: &Settings) -> Result<Vec<DataFile>> {
    let mut files = settings.data.data_files()?;
    files.extend(DataFile::encoder(&settings.encoder));
    if let Some(table) = &settings.validation {
        files.extend(DataFile::corpus("validation", table)?);
    }
    Ok(files)
}
