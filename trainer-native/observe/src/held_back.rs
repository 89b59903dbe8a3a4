//! What the redaction held back in this process.

use std::sync::{LazyLock, Mutex, PoisonError};

/// Why something of an event was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The event has no such field.
    Key,
    /// The field says who somebody is.
    Denied,
    /// The text holds DNA.
    Dna,
    /// The value is of another kind than the field's.
    Type,
    /// The text is free, or a path.
    Text,
    /// There is no such event.
    Event,
}

/// What the redaction of this process held back so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedactionStats {
    /// Fields that their event does not have.
    pub dropped_keys: u64,
    /// Fields that say who somebody is.
    pub dropped_denied: u64,
    /// Texts that hold DNA.
    pub dropped_dna: u64,
    /// Values of another kind than their field's.
    pub dropped_type: u64,
    /// Free texts and paths, in whole or in part.
    pub masked_text: u64,
    /// Events that are none.
    pub dropped_events: u64,
}

impl RedactionStats {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.dropped_keys
            + self.dropped_denied
            + self.dropped_dna
            + self.dropped_type
            + self.masked_text
            + self.dropped_events
    }
}

static HELD_BACK: LazyLock<Mutex<RedactionStats>> = LazyLock::new(Mutex::default);

/// Counts.
pub(crate) fn held_back(why: Why) {
    let mut stats = HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner);
    let count = match why {
        Why::Key => &mut stats.dropped_keys,
        Why::Denied => &mut stats.dropped_denied,
        Why::Dna => &mut stats.dropped_dna,
        Why::Type => &mut stats.dropped_type,
        Why::Text => &mut stats.masked_text,
        Why::Event => &mut stats.dropped_events,
    };
    *count += 1;
}

/// What the redaction of this process held back so far.
#[must_use]
pub fn redaction_stats() -> RedactionStats {
    *HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner)
}
