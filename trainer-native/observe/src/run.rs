//! A run that is logged, from its beginning to its end.

use crate::emit;
use crate::events::{ERROR, NETWORK_BLOCKED};
use crate::log::{Log, LogSettings};
use crate::metrics::{ERRORS_RAISED, Metrics};
use crate::redaction::has_dna;
use crate::trace::{TraceContext, current_trace_context, entered};
use genolewm_core::{Error, ErrorCode, Result};
use genolewm_report::guard::guarded;
use genolewm_report::output::write_atomically;
use serde_json::{Map, Value};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use tracing::dispatcher::{self, DefaultGuard};

/// The figures' name in the folder of logs, as the Python package has it.
const METRICS_FILE: &str = "metrics.prom";

/// The name of a run: letters, digits, `.`, `_` and `-`, so that it is the name of a file, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// A name of random digits.
    #[must_use]
    pub fn random() -> Self {
        let digits = TraceContext::random().trace_id.unwrap_or_default();
        Self(format!("run-{}", digits.get(..12).unwrap_or_default()))
    }
}

impl FromStr for RunId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        /// Characters of the longest.
        const LONGEST: usize = 64;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if text.is_empty()
            || text.len() > LONGEST
            || text.starts_with('.')
            || !text.chars().all(allowed)
            || has_dna(text)
        {
            let message = "the name of a run is at most 64 letters, digits, . _ and -, the first no ., and no sequence";
            return Err(Error::new(ErrorCode::ConfigGeneric, message)
                .with_detail("run_id", text)
                .with_remedy("give another --run-id, or none"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A log that this process keeps. When it is dropped, the figures of the process are beside it.
#[derive(Debug)]
pub struct OpenRun {
    log: Log,
    /// The folder that figures go to.
    folder: Option<PathBuf>,
    /// Where another log is kept by this process, this thread has this one.
    _own: Option<DefaultGuard>,
}

impl OpenRun {
    /// Keeps a log of the process from now on, and leaves the metrics in `folder` in the end.
    #[must_use]
    pub fn begin(settings: LogSettings, folder: Option<PathBuf>) -> Self {
        // Sets a hook of panics once, which none can do that runs already.
        let _ = guarded(|| ());
        let log = Log::new(settings);
        let dispatch = log.dispatch();
        let taken = dispatcher::set_global_default(dispatch.clone()).is_err();
        Self {
            log,
            folder,
            _own: taken.then(|| dispatcher::set_default(&dispatch)),
        }
    }

    /// Ends it, with the figures of the process in its folder.
    ///
    /// # Errors
    /// `RESOURCE.*` when they cannot be written, or a record could not be.
    pub fn close(mut self) -> Result<()> {
        self.settle()
    }

    fn settle(&mut self) -> Result<()> {
        let written = self.folder.take().map_or(Ok(()), |folder| {
            let text = Metrics::of_process().to_text();
            write_atomically(&folder.join(METRICS_FILE), text.as_bytes())
        });
        self.log.failure().cloned().map_or(written, Err)
    }
}

impl Drop for OpenRun {
    /// After a panic, too; there is nobody to tell of what fails here.
    fn drop(&mut self) {
        let _ = self.settle();
    }
}

/// Does what `component` does in a span of its own, of the trace that there is or the process'. An error is logged before it is handed on.
///
/// # Errors
/// Those of `run`.
pub fn logged_run<T>(component: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let trace_id = current_trace_context().trace_id;
    let context = TraceContext {
        trace_id: trace_id.or(TraceContext::of_process().trace_id),
        ..TraceContext::random()
    };
    let _span = entered(&context, Some(component));
    let done = run();
    if let Err(error) = &done {
        report_error(error);
    }
    done
}

/// Logs that a connection was refused, where the error says so.
pub fn report_blocked(error: &Error) {
    if error.code() == ErrorCode::ResourceNetworkProhibited {
        emit!(NETWORK_BLOCKED, operation = "connect", url_host = "unknown");
    }
}

/// Logs an error, and counts it.
pub fn report_error(error: &Error) {
    Metrics::of_process().count(ERRORS_RAISED, 1);
    report_blocked(error);
    let facts = error.details().iter();
    let mut details: Map<String, Value> = facts
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    if let Some(at) = error.location() {
        details.insert("file".to_owned(), at.file.as_str().into());
        details.extend(at.line.map(|line| ("line".to_owned(), line.into())));
        details.extend(at.column.map(|column| ("column".to_owned(), column.into())));
    }
    let details = Value::Object(details);
    emit!(
        ERROR,
        error_code = error.code().as_str(),
        message = error.message(),
        remediation = error.advice(),
        details = %details
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_run_led_out_of_its_folder() {
        for good in ["first", "run-0a1b2c3d4e5f", "2026.11.30_a"] {
            assert_eq!(good.parse::<RunId>().unwrap().to_string(), good);
        }
        let long = "a".repeat(65);
        for bad in [
            "",
            "../x",
            "a/b",
            ".x",
            "a b",
            "ä",
            "ACGTACGTACGTACGTACGTACGT",
            &long,
        ] {
            let error = bad.parse::<RunId>().unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigGeneric, "{bad}");
        }
        let random = RunId::random();
        assert_eq!(random.to_string().len(), 16);
        assert_ne!(random, RunId::random());
    }
}
