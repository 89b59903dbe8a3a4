//! What the redaction held back in this process.

use std::sync::atomic::{AtomicU64, Ordering};

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

/// How many there are of [`Why`].
const REASONS: usize = 6;

static HELD_BACK: [AtomicU64; REASONS] = [const { AtomicU64::new(0) }; REASONS];

/// Counts.
pub(crate) fn held_back(why: Why) {
    if let Some(count) = HELD_BACK.get(why as usize) {
        count.fetch_add(1, Ordering::Relaxed);
    }
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

/// What the redaction of this process held back so far.
#[must_use]
pub fn redaction_stats() -> RedactionStats {
    let of = |why: Why| {
        HELD_BACK
            .get(why as usize)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    };
    RedactionStats {
        dropped_keys: of(Why::Key),
        dropped_denied: of(Why::Denied),
        dropped_dna: of(Why::Dna),
        dropped_type: of(Why::Type),
        masked_text: of(Why::Text),
        dropped_events: of(Why::Event),
    }
}
