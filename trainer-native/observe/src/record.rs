//! One line of a log.

use crate::events::EventSpec;
use crate::redaction::{self, Fields, Redactor};
use crate::severity::Severity;
use crate::trace::TraceContext;
use genolewm_core::provenance::rfc3339_utc;
use genolewm_report::python::json::json_line;
use serde::Serialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A record of a log. It is made of an event by the redaction alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogRecord {
    ts: String,
    severity: Severity,
    event: &'static str,
    run_id: String,
    component: String,
    data: Fields,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
}

impl LogRecord {
    /// What may be written of an event, now.
    pub(crate) fn of(
        redactor: &Redactor,
        spec: &'static EventSpec,
        mut fields: Fields,
        (run_id, component): (&str, &str),
        context: TraceContext,
    ) -> Self {
        let (standard, code) = redaction::standard(&mut fields);
        Self {
            ts: now(),
            severity: spec.severity,
            event: spec.name,
            run_id: run_id.to_owned(),
            component: component.to_owned(),
            data: redactor.redact(spec, fields, code),
            step: standard.step,
            epoch: standard.epoch,
            phase: standard.phase,
            duration_ms: standard.duration_ms,
            trace_id: redaction::id(context.trace_id),
            span_id: redaction::id(context.span_id),
            error_code: standard.error_code,
        }
    }

    /// As a line of JSON, with the Python package's keys in its order; nothing for what JSON cannot hold,
    /// which a record has not.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        json_line(self).unwrap_or_default()
    }

    /// As a line for people.
    #[must_use]
    pub fn to_pretty_line(&self) -> String {
        let data = json_line(&self.data).unwrap_or_default();
        let code = self
            .error_code
            .map(|code| format!(" | {code}"))
            .unwrap_or_default();
        format!(
            "{} | {:5} | {} | {}{code} | {data}",
            self.ts,
            self.severity.title(),
            self.event,
            self.component
        )
    }
}

/// The present moment in UTC, to the millisecond. A clock that stands before 1970 stands at 1970.
fn now() -> String {
    let since: Duration = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = rfc3339_utc(since.as_secs());
    format!(
        "{}.{:03}Z",
        seconds.trim_end_matches('Z'),
        since.subsec_millis()
    )
}
