//! Resolved settings (`config.resolved.yaml`, and `config.package.yaml` in the Python package's layout) and run metadata (`training_run.json`).

use super::folder::file_name;
use super::log::{METRICS_FILE, TIMING_FILE};
use super::manifest::MANIFEST_FILE;
use super::plan::{CONFIG_FILE, RunPlan};
use crate::files::internal;
use crate::package::layout;
use genolewm_core::Result;
use genolewm_report::json::json_pretty;
use genolewm_report::output::write_atomically;
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// The run's description in its directory.
pub(super) const METADATA_FILE: &str = "training_run.json";
/// The settings in the Python package's layout.
const PACKAGE_FILE: &str = "config.package.yaml";
const SCHEMA_VERSION: &str = "1.0.0";

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunStatus {
    /// It goes on; or it was killed.
    Running,
    /// All of its steps are done.
    Completed,
    /// Somebody asked it to stop.
    Interrupted,
    /// An error ended it.
    Failed,
}

impl RunStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What is only known while a run lasts.
#[derive(Debug, Clone)]
pub(super) struct RunState {
    /// The run's name.
    pub(super) run_id: String,
    /// Hash of the data's hashes.
    pub(super) dataset_snapshot_id: String,
    /// Steps that were done when this process took over.
    pub(super) resumed_from_step: u64,
    /// File names of the checkpoints, oldest first.
    pub(super) checkpoints: Vec<String>,
    /// Steps that the newest checkpoint holds.
    pub(super) steps_completed: u64,
    /// Name, value and step of the figure that the run is judged by.
    pub(super) last: Option<(&'static str, f64, f64)>,
}

/// Writes the settings as a configuration file, with which `genolewm train STAGE --config FILE --output
/// DIR` repeats the run, and in the Python package's layout.
///
/// # Errors
/// `RESOURCE.*` when they cannot be written.
pub(super) fn write_config(plan: &RunPlan, run_id: &str) -> Result<()> {
    let mut section: Value =
        serde_json::from_str(&plan.settings).map_err(|error| internal(&error))?;
    section["checkpoint_every"] = json!(plan.run.checkpoint_every);
    section["log_every"] = json!(plan.run.log_every);
    section["keep"] = json!(plan.run.retention.keep);
    section["keep_every"] = json!(plan.run.retention.keep_every);
    let package = layout(plan.stage, run_id, &section);
    let config = json!({"schema_version": SCHEMA_VERSION, "train": {plan.stage: section}});
    for (name, config) in [(CONFIG_FILE, config), (PACKAGE_FILE, package)] {
        let text = serde_yaml_ng::to_string(&config).map_err(|error| internal(&error))?;
        write_atomically(&plan.run.output.join(name), text.as_bytes())?;
    }
    Ok(())
}

/// Writes `training_run.json`. Its keys are those of the Python package.
///
/// # Errors
/// `RESOURCE.*` when it cannot be written.
pub(super) fn write(plan: &RunPlan, state: &RunState, status: RunStatus) -> Result<()> {
    let resumed = state.resumed_from_step;
    let about = json!({
        "schema_version": SCHEMA_VERSION,
        "run_id": state.run_id,
        "generated_by": format!("genolewm-train-{}", plan.stage),
        "command": command_line(std::env::args()),
        "commit_sha": option_env!("GENOLEWM_COMMIT"),
        "package_version": env!("CARGO_PKG_VERSION"),
        "dataset_snapshot_id": state.dataset_snapshot_id,
        "dataset_manifest": MANIFEST_FILE,
        "training_config": CONFIG_FILE,
        "metrics": METRICS_FILE,
        "logs": [TIMING_FILE],
        "checkpoint_files": state.checkpoints,
        "status": status.as_str(),
        "steps_requested": plan.run.steps,
        "steps_completed": state.steps_completed,
        "hardware": hardware(),
        "runtime": ["GenoLeWM's native trainer, f32 on the processor"],
        "seeds": {"base": plan.run.seed()},
        "determinism": "a step's data are a function of seed and step: equal settings and data give \
                        equal checkpoints and metrics, for any number of interruptions",
        "monitoring": {
            "collapse_monitoring": plan.collapse_every.is_some(),
            "collapse_log_every_steps": plan.collapse_every,
            "nan_monitoring": true,
        },
        "resumed_from_step": resumed,
        "resume_checkpoint": (resumed > 0).then(|| file_name(resumed)),
        "result_summary": summary(plan, state, status),
        "limitations": [
            "Figures of a run are of its own data: claims about a model need an evaluation on \
             variants that are held out.",
        ],
    });
    let path = plan.run.output.join(METADATA_FILE);
    write_atomically(&path, json_pretty(&about)?.as_bytes())
}

fn summary(plan: &RunPlan, state: &RunState, status: RunStatus) -> String {
    let (stage, status, done) = (plan.stage, status.as_str(), state.steps_completed);
    let all = plan.run.steps;
    let mut text =
        format!("train {stage}: {status}, {done} of {all} steps in the newest checkpoint");
    if state.resumed_from_step > 0 {
        text += &format!(", resumed from step {}", state.resumed_from_step);
    }
    if let Some((name, value, step)) = state.last {
        text += &format!("; {name} {value:.6} at step {step}");
    }
    text + "."
}

fn hardware() -> Vec<String> {
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    vec![
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        format!("{threads} threads"),
    ]
}

/// Arguments as a shell takes them; of the program its name alone.
fn command_line(args: impl Iterator<Item = String>) -> String {
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte))
    };
    let mut words = Vec::new();
    for (index, word) in args.enumerate() {
        let name = std::path::Path::new(&word).file_name();
        let word = match name.filter(|_| index == 0) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => word,
        };
        words.push(if plain(&word) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let args = ["/usr/bin/genolewm", "train", "--output=my run", "it's", ""];
        assert_eq!(
            command_line(args.map(str::to_owned).into_iter()),
            "genolewm train '--output=my run' 'it'\\''s' ''"
        );
    }
}
