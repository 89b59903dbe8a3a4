//! Where events go: a layer that has each of them redacted, and hands the records to files and streams.

use crate::TARGET;
use crate::events::EventSpec;
use crate::held_back::{Why, held_back};
use crate::record::LogRecord;
use crate::redaction::{Fields, Redactor};
use crate::severity::Severity;
use crate::trace::{SpanFacts, TraceContext};
use genolewm_core::{Error, Result};
use genolewm_report::guard::guarded;
use genolewm_report::output::{create_folder, io_error_at, private_options};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// How a stream shows records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Pretty,
    /// A line of JSON.
    Jsonl,
}

/// Where records go.
pub struct Sink {
    format: LogFormat,
    name: PathBuf,
    writer: Mutex<Box<dyn Write + Send>>,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} to {}", self.format, self.name.display())
    }
}

impl Sink {
    /// A stream.
    #[must_use]
    pub fn stream(name: &str, format: LogFormat, writer: impl Write + Send + 'static) -> Self {
        Self {
            format,
            name: name.into(),
            writer: Mutex::new(Box::new(writer)),
        }
    }

    /// Lines of JSON at the end of a file, for its owner alone; it and its folder are made where they are
    /// not there.
    ///
    /// # Errors
    /// `RESOURCE.*` when it cannot be opened.
    pub fn file(path: &Path) -> Result<Self> {
        path.parent()
            .map_or(Ok(()), create_folder)
            .map_err(io_error_at(path))?;
        let file = private_options().create(true).append(true).open(path);
        let file = file.map_err(io_error_at(path))?;
        Ok(Self {
            name: path.to_owned(),
            ..Self::stream("", LogFormat::Jsonl, file)
        })
    }

    fn write(&self, record: &LogRecord) -> Result<()> {
        let line = match self.format {
            LogFormat::Pretty => record.to_pretty_line(),
            LogFormat::Jsonl => record.to_json_line(),
        };
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // One call, so that a run that is killed leaves at most one partial line.
        let written = writer.write_all((line + "\n").as_bytes());
        written
            .and_then(|()| writer.flush())
            .map_err(io_error_at(&self.name))
    }
}

/// What is logged of a run, and where.
#[derive(Debug)]
pub struct LogSettings {
    /// The run's name, in every record.
    pub run_id: String,
    /// Who does what is logged, unless a span says otherwise.
    pub component: String,
    /// The least grave events that are written.
    pub level: Severity,
    /// Whether no free text is written.
    pub strict: bool,
    /// Where records go.
    pub sinks: Vec<Sink>,
}

/// A log that is kept: the layer that all events pass.
#[derive(Debug, Clone)]
pub struct Log(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    settings: LogSettings,
    redactor: Redactor,
    /// The first record that could not be written. Logging fails nothing.
    failure: OnceLock<Error>,
}

thread_local! {
    /// Whether this thread writes a record: what that emits itself would wait for it forever.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

impl Log {
    /// A log.
    #[must_use]
    pub fn new(settings: LogSettings) -> Self {
        Self(Arc::new(Kept {
            redactor: Redactor::new(settings.strict),
            failure: OnceLock::new(),
            settings,
        }))
    }

    /// What events are handed to.
    #[must_use]
    pub fn dispatch(&self) -> Dispatch {
        Dispatch::new(Registry::default().with(self.clone()))
    }

    /// Why a record could not be written, if one could not.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.0.failure.get()
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && *metadata.level() <= self.0.settings.level.level()
    }

    fn record<S>(&self, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Kept {
            settings,
            redactor,
            failure,
        } = &*self.0;
        let mut visited = Visited::default();
        event.record(&mut visited);
        let Some(spec) = visited.event.as_deref().and_then(EventSpec::by_name) else {
            return held_back(Why::Event);
        };
        let mut scope = context.event_scope(event).into_iter().flatten();
        let facts = scope.find_map(|span| span.extensions().get::<SpanFacts>().cloned());
        let facts = facts.unwrap_or_else(|| SpanFacts {
            context: TraceContext::of_process(),
            component: None,
        });
        let component = facts.component.as_deref().unwrap_or(&settings.component);
        let by = (settings.run_id.as_str(), component);
        let record = LogRecord::of(redactor, spec, visited.fields, by, facts.context);
        for sink in &settings.sinks {
            if let Err(error) = sink.write(&record) {
                let _ = failure.set(error);
            }
        }
    }
}

impl<S> Layer<S> for Log
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.wants(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.0.settings.level.level()))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut facts = SpanFacts::default();
        attributes.record(&mut facts);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(facts);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if WRITES.replace(true) {
            return;
        }
        // A value that fails while it is shown fails nothing else.
        let _ = guarded(|| self.record(event, &context));
        WRITES.set(false);
    }
}

/// An event's fields as JSON.
#[derive(Debug, Default)]
struct Visited {
    event: Option<String>,
    fields: Fields,
}

impl Visited {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Visited {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => self.event = Some(value.to_owned()),
            _ => self.put(field, value),
        }
    }

    /// What is shown: text, or an object as JSON.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        let object = text
            .starts_with('{')
            .then(|| serde_json::from_str::<Fields>(&text));
        match object {
            Some(Ok(object)) => self.put(field, object),
            _ => self.put(field, text),
        }
    }
}
