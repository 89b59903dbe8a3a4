//! Which trace and span a record belongs to, as spans of `tracing`.

use crate::TARGET;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use tracing::field::{Field, Visit};
use tracing::span::EnteredSpan;
use tracing::{Level, dispatcher, span};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

/// The trace and the span that records belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceContext {
    /// Of everything that belongs together, whichever program does it.
    pub trace_id: Option<String>,
    /// Of one thing that is done.
    pub span_id: Option<String>,
}

impl TraceContext {
    /// That of this process: what nothing else belongs to belongs to it.
    #[must_use]
    pub fn of_process() -> Self {
        static PROCESS: OnceLock<TraceContext> = OnceLock::new();
        PROCESS.get_or_init(Self::random).clone()
    }

    /// A new trace, and a span of it, by random numbers of the sizes of W3C Trace Context.
    #[must_use]
    pub fn random() -> Self {
        let number = || RandomState::new().hash_one(0u8);
        Self {
            trace_id: Some(format!("{:016x}{:016x}", number(), number())),
            span_id: Some(format!("{:016x}", number())),
        }
    }
}

/// What a span of ours says: a context, and who does it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpanFacts {
    pub(crate) context: TraceContext,
    pub(crate) component: Option<String>,
}

impl Visit for SpanFacts {
    fn record_str(&mut self, field: &Field, value: &str) {
        let fact = match field.name() {
            "trace_id" => &mut self.context.trace_id,
            "span_id" => &mut self.context.span_id,
            "component" => &mut self.component,
            _ => return,
        };
        *fact = Some(value.to_owned());
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Records of this thread belong to what was set until this is dropped.
#[derive(Debug)]
pub struct TraceGuard {
    _span: EnteredSpan,
}

/// Sets to which trace and span records of this thread belong, for as long as the guard lives.
#[must_use]
pub fn set_trace_context(context: &TraceContext) -> TraceGuard {
    entered(context, None)
}

/// The same, with who does it.
pub(crate) fn entered(context: &TraceContext, component: Option<&str>) -> TraceGuard {
    let TraceContext { trace_id, span_id } = context;
    let (trace_id, span_id) = (trace_id.as_deref(), span_id.as_deref());
    // Of the gravest level, so that no choice of one leaves it out.
    let span = span!(target: TARGET, Level::ERROR, "context", trace_id, span_id, component);
    TraceGuard {
        _span: span.entered(),
    }
}

/// To which trace and span records of this thread belong; none where no log is kept.
#[must_use]
pub fn current_trace_context() -> TraceContext {
    dispatcher::get_default(|dispatch| {
        let current = dispatch.current_span();
        let registry = dispatch.downcast_ref::<Registry>()?;
        let span = registry.span(current.id()?)?;
        let facts = span
            .scope()
            .find_map(|span| span.extensions().get::<SpanFacts>().cloned());
        Some(facts?.context)
    })
    .unwrap_or_default()
}
