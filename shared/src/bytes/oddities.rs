//! What was odd about files that could be read all the same. Readers that have no warnings of their own
//! note it here, and the program says it at its end.

use super::gzip::GARBAGE_BEHIND_GZIP;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static ODDITIES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes that bytes follow the compressed data of a file that are no part of it.
pub fn note_garbage_behind(file: &str) {
    let mut oddities = ODDITIES.lock().unwrap_or_else(PoisonError::into_inner);
    oddities.insert(format!("{file}: {GARBAGE_BEHIND_GZIP}"));
}

/// Takes what was noted since the last call, a sentence each.
#[must_use]
pub fn take_oddities() -> BTreeSet<String> {
    std::mem::take(&mut *ODDITIES.lock().unwrap_or_else(PoisonError::into_inner))
}
