//! What a run says of itself, for programs: [events](events::EVENTS) and [metrics](metrics::METRICS) by
//! the Python package's names. Both are closed lists, and every event passes one [redaction]
//! before it reaches a file or a stream; nothing else can.
//!
//! Events are `tracing` events of one target, made by [`emit!`]. What a person reads on standard error is
//! another matter, and written elsewhere.
#![forbid(unsafe_code)]

pub mod process;
pub mod severity;
mod held_back;
pub mod prometheus;
pub mod metrics;
pub mod events;
pub mod redaction;
pub mod trace;
pub mod record;
pub mod log;
pub mod run;
pub mod crash;

pub use events::{EVENTS, EventSpec};
pub use log::{Log, LogFormat, LogSettings, Sink};
pub use metrics::{METRICS, Metrics};
pub use record::LogRecord;
pub use redaction::{PERSONAL_DATA_FIELDS, RedactionStats, Redactor, redaction_stats};
pub use run::{OpenRun, RunId, logged_run, report_blocked, report_error};
pub use severity::Severity;
pub use trace::{TraceContext, current_trace_context, set_trace_context};
#[doc(hidden)]
pub use tracing;

/// The target of our events among all of a process.
pub const TARGET: &str = "genolewm";

/// Emits an event of the registry with its fields, as `tracing::event!` does; where no log is kept it
/// costs a comparison.
///
/// ```
/// use genolewm_observe::{emit, events};
/// emit!(events::BATCH_END, n = 64, batch_id = 3, throughput_per_s = 12.5);
/// ```
#[macro_export]
macro_rules! emit {
    ($spec:path $(, $($fields:tt)*)?) => {
        $crate::tracing::event!(
            target: $crate::TARGET,
            $spec.severity.level(),
            event = $spec.name,
            $($($fields)*)?
        )
    };
}
