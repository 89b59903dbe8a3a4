//! The events that there are, and what each may say. Names, severities and fields are those of the Python
//! package; what a field may hold is narrower here.

use crate::metrics::METRIC_NAMES;
use crate::severity::Severity;
use genolewm_core::edit::EditType;

/// What a field may hold. Where redaction is strict, nothing else of it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// One of some words, or a number; a number may follow the word, as in `step_00000010`.
    Word(&'static [&'static str]),
    /// A SHA-256, with or without `sha256:`, or a SHA-1, in hexadecimal digits.
    Hash,
    /// A batch and a place in it, as `3.17`: which variant, and nothing of it.
    Row,
    /// A path, of which an extension that is known is left.
    Path,
    /// What went wrong: the sentence of the error's code.
    Message,
    /// What to do about it: the remedy of the error's code.
    Remedy,
    /// An error's facts, as an object: numbers of lines and columns, and a place in the program.
    Details,
    /// Figures by their names, as an object.
    Figures(&'static [&'static str]),
}

/// A field's name, and what it may hold.
pub type Field = (&'static str, FieldKind);

/// A row of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSpec {
    /// Its name, with dots.
    pub name: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What it says, in a few words.
    pub summary: &'static str,
    /// The fields that it may have.
    pub fields: &'static [Field],
}

impl EventSpec {
    /// The event of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        EVENTS.into_iter().find(|spec| spec.name == name)
    }

    /// What a field may hold; none for one that the event has not.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldKind> {
        let field = self.fields.iter().find(|(key, _)| *key == name);
        field.map(|(_, kind)| *kind)
    }
}

use FieldKind::{Details, Figures, Flag, Hash, Message, Number, Path, Remedy, Row, Word};

const fn event(
    severity: Severity,
    name: &'static str,
    summary: &'static str,
    fields: &'static [Field],
) -> EventSpec {
    EventSpec {
        name,
        severity,
        summary,
        fields,
    }
}

/// Trainer initialized.
pub const TRAINING_START: EventSpec = event(
    Severity::Info,
    "training.run.start",
    "trainer initialized",
    &[
        ("git_sha", Hash),
        ("device", Word(DEVICES)),
        ("model_id", Hash),
        ("world_size", Number),
        ("config_path", Path),
    ],
);
/// Trainer exited.
pub const TRAINING_END: EventSpec = event(
    Severity::Info,
    "training.run.end",
    "trainer exited",
    &[
        ("best_step", Number),
        ("best_loss", Number),
        ("reason", Word(ENDS)),
    ],
);
/// Every training step (sampled).
pub const TRAINING_STEP: EventSpec = event(
    Severity::Debug,
    "training.step",
    "every training step (sampled)",
    &[
        ("loss", Number),
        ("grad_norm", Number),
        ("loss_pred", Number),
        ("loss_reg", Number),
        ("lr", Number),
    ],
);
/// Every epoch.
pub const TRAINING_EPOCH: EventSpec = event(
    Severity::Info,
    "training.epoch.end",
    "every epoch",
    &[
        ("samples", Number),
        ("loss", Number),
        ("loss_pred", Number),
        ("loss_reg", Number),
        ("lr", Number),
    ],
);
/// Checkpoint saved.
pub const CHECKPOINT_WRITE: EventSpec = event(
    Severity::Info,
    "training.checkpoint.write",
    "checkpoint saved",
    &[
        ("tag", Word(&["step"])),
        ("size_bytes", Number),
        ("path", Path),
    ],
);
/// Collapse alert criterion tripped.
pub const COLLAPSE_ALERT: EventSpec = event(
    Severity::Warn,
    "training.collapse.alert",
    "collapse alert criterion tripped",
    &[
        ("threshold", Number),
        ("value", Number),
        ("criterion", Word(CRITERIA)),
    ],
);
/// Scalar metric logged.
pub const TRAINING_METRIC: EventSpec = event(
    Severity::Info,
    "training.metric",
    "scalar metric logged",
    &[
        ("kind", Word(&["counter", "gauge", "histogram"])),
        ("name", Word(&METRIC_NAMES)),
        ("value", Number),
        ("unit", Word(UNITS)),
    ],
);
/// Benchmark started.
pub const EVAL_START: EventSpec = event(
    Severity::Info,
    "eval.run.start",
    "benchmark started",
    &[
        ("dataset", Hash),
        ("n_items", Number),
        ("benchmark", Word(BENCHMARKS)),
    ],
);
/// Benchmark finished.
pub const EVAL_END: EventSpec = event(
    Severity::Info,
    "eval.run.end",
    "benchmark finished",
    &[
        ("elapsed_s", Number),
        ("benchmark", Word(BENCHMARKS)),
        ("metrics", Figures(FIGURES)),
    ],
);
/// Smoke eval regression.
pub const EVAL_REGRESSION: EventSpec = event(
    Severity::Error,
    "eval.regression",
    "smoke eval regression",
    &[
        ("threshold", Number),
        ("delta", Number),
        ("baseline", Number),
        ("current", Number),
        ("metric", Word(FIGURES)),
    ],
);
/// Cache hit.
pub const CACHE_HIT: EventSpec = event(
    Severity::Debug,
    "data.cache.hit",
    "cache hit",
    &[("shard_id", Word(SHARDS)), ("key", Hash)],
);
/// Cache miss.
pub const CACHE_MISS: EventSpec = event(
    Severity::Debug,
    "data.cache.miss",
    "cache miss",
    &[("shard_id", Word(SHARDS)), ("key", Hash)],
);
/// New shard written.
pub const SHARD_WRITE: EventSpec = event(
    Severity::Info,
    "data.shard.write",
    "new shard written",
    &[
        ("shard_id", Word(SHARDS)),
        ("size_bytes", Number),
        ("n_rows", Number),
        ("path", Path),
    ],
);
/// Scoring call entered.
pub const SCORE_START: EventSpec = event(
    Severity::Debug,
    "inference.score.start",
    "scoring call entered",
    &[("variant_id", Row), ("model_id", Hash)],
);
/// Scoring call returned.
pub const SCORE_END: EventSpec = event(
    Severity::Debug,
    "inference.score.end",
    "scoring call returned",
    &[
        ("variant_id", Row),
        ("score", Number),
        ("category", Word(&CATEGORIES)),
    ],
);
/// Batch finished.
pub const BATCH_END: EventSpec = event(
    Severity::Info,
    "inference.batch.end",
    "batch finished",
    &[
        ("n", Number),
        ("batch_id", Number),
        ("throughput_per_s", Number),
    ],
);
/// Fail-closed network guard tripped.
pub const NETWORK_BLOCKED: EventSpec = event(
    Severity::Error,
    "inference.network.blocked",
    "fail-closed network guard tripped",
    &[
        ("url_host", Word(&["localhost", "unknown"])),
        ("operation", Word(&["connect"])),
    ],
);
/// Receipt written.
pub const RECEIPT_WRITE: EventSpec = event(
    Severity::Info,
    "provenance.receipt.write",
    "receipt written",
    &[("n_outputs", Number), ("model_id", Hash), ("path", Path)],
);
/// Verifier started.
pub const VERIFY_START: EventSpec = event(
    Severity::Info,
    "provenance.verify.start",
    "verifier started",
    &[("path", Path), ("model_id", Hash)],
);
/// Verifier returned.
pub const VERIFY_END: EventSpec = event(
    Severity::Info,
    "provenance.verify.end",
    "verifier returned",
    &[("path", Path), ("ok", Flag)],
);
/// A hash check failed.
pub const VERIFY_MISMATCH: EventSpec = event(
    Severity::Error,
    "provenance.verify.mismatch",
    "a hash check failed",
    &[
        ("kind", Word(MISMATCHES)),
        ("expected", Hash),
        ("got", Hash),
    ],
);
/// An error that ended what was logged.
pub const ERROR: EventSpec = event(
    Severity::Error,
    "error",
    "an error that ended what was logged",
    &[
        ("details", Details),
        ("message", Message),
        ("remediation", Remedy),
    ],
);

/// All events.
pub const EVENTS: [&EventSpec; 22] = [
    &TRAINING_START,
    &TRAINING_END,
    &TRAINING_STEP,
    &TRAINING_EPOCH,
    &CHECKPOINT_WRITE,
    &COLLAPSE_ALERT,
    &TRAINING_METRIC,
    &EVAL_START,
    &EVAL_END,
    &EVAL_REGRESSION,
    &CACHE_HIT,
    &CACHE_MISS,
    &SHARD_WRITE,
    &SCORE_START,
    &SCORE_END,
    &BATCH_END,
    &NETWORK_BLOCKED,
    &RECEIPT_WRITE,
    &VERIFY_START,
    &VERIFY_END,
    &VERIFY_MISMATCH,
    &ERROR,
];

/// What computes.
const DEVICES: &[&str] = &["cpu", "cuda", "wgpu", "metal", "vulkan"];
/// How a training ends.
const ENDS: &[&str] = &["completed", "interrupted", "failed"];
/// What the collapse monitor judges by.
const CRITERIA: &[&str] = &["pred_var_per_dim", "pairwise_pred_dist_mean", "kl_reg"];
/// Units of metrics.
const UNITS: &[&str] = &[
    "ms",
    "unitless",
    "events",
    "ops",
    "variants/s",
    "bytes",
    "predictor_calls",
    "keys",
];
/// What is measured.
const BENCHMARKS: &[&str] = &["eval", "eval-all", "evaluate", "rollout"];
/// What measuring gives.
const FIGURES: &[&str] = &[
    "accuracy",
    "auroc",
    "average_precision",
    "balanced_accuracy",
    "cosine_similarity_mean",
    "l2_distance_mean",
    "recall_at_k",
    "spearman_rho",
];
/// What shards hold.
const SHARDS: &[&str] = &["windows", "gnomad", "clinvar", "sequences"];
/// What kind of edit was scored.
const CATEGORIES: [&str; EditType::ALL.len()] = [
    EditType::Snv.as_str(),
    EditType::Ins.as_str(),
    EditType::Del.as_str(),
    EditType::Mnv.as_str(),
    EditType::Indel.as_str(),
    EditType::Sv.as_str(),
];
/// What a receipt is compared in: the last part of the error's code.
const MISMATCHES: &[&str] = &[
    "manifest_hash",
    "input_commitment",
    "output_commitment",
    "kind_unsupported",
    "receipt_schema",
    "generic",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, severity and fields of `geno_lewm.EVENTS` 0.2.1.
    const PYTHON: &str = include_str!("../../../tests/fixtures/observability/events.tsv");

    #[test]
    fn the_registry_is_the_python_packages() {
        let ours: Vec<String> = EVENTS
            .iter()
            .map(|spec| {
                let mut fields: Vec<&str> = spec.fields.iter().map(|(name, _)| *name).collect();
                fields.sort_unstable();
                let severity = spec.severity.title().to_lowercase();
                format!("{}\t{severity}\t{}", spec.name, fields.join(","))
            })
            .collect();
        assert_eq!(ours, PYTHON.lines().collect::<Vec<_>>());
    }
}
