//! What was odd about files that could be read all the same. Readers that have no warnings of their own
//! note it here, and the program says it at its end.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static ODDITIES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes what is odd about a file.
pub fn note_oddity(file: &str, what: &str) {
    let mut oddities = ODDITIES.lock().unwrap_or_else(PoisonError::into_inner);
    oddities.insert(format!("{file}: {what}"));
}

/// Takes what was noted since the last call, a sentence each.
#[must_use]
pub fn take_oddities() -> BTreeSet<String> {
    std::mem::take(&mut *ODDITIES.lock().unwrap_or_else(PoisonError::into_inner))
}
