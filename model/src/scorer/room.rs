//! Room for the work of several threads, so that memory does not grow with their number.

use super::batch::Scorer;
use super::placer::Candidate;
use crate::ops::Ops;
use genolewm_core::limits::MAX_ROWS_IN_WORK;
use genolewm_core::window::TOKEN_BP;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Tokens of an edited window beside those that are pooled: what an insertion adds, and its tags.
const EDIT_ROWS: usize = 64;

/// Rows that may be run at once.
#[derive(Debug)]
pub(crate) struct Room {
    all: usize,
    left: Mutex<usize>,
    given_back: Condvar,
}

/// Rows that are run; they are given back when this ends.
pub(crate) struct Taken<'a> {
    room: &'a Room,
    rows: usize,
}

impl Room {
    /// Room for an ordinary batch, of so many rows at once, on each thread, and in any case for
    /// [`MAX_ROWS_IN_WORK`].
    pub(crate) fn new(threads: usize, batch_rows: usize) -> Self {
        let all = MAX_ROWS_IN_WORK.max(threads.saturating_mul(batch_rows));
        Self {
            all,
            left: Mutex::new(all),
            given_back: Condvar::new(),
        }
    }

    /// Waits until there is room. What needs more than there is waits for all of it.
    pub(crate) fn take(&self, rows: usize) -> Taken<'_> {
        let rows = rows.min(self.all);
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.given_back.wait_while(left, |left| *left < rows);
        *left.unwrap_or_else(PoisonError::into_inner) -= rows;
        Taken { room: self, rows }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut left = self
            .room
            .left
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *left += self.rows;
        self.room.given_back.notify_all();
    }
}

impl<O: Ops> Scorer<O> {
    /// Rows that a batch of windows with one edit each runs at once, at most.
    pub(crate) fn ordinary_rows(&self, window_bp: usize) -> usize {
        window_bp / TOKEN_BP + self.edit_rows() + self.pass_rows()
    }

    fn pass_rows(&self) -> usize {
        self.ops().most_values() / self.bundle().encoder.llama.config.widest_row()
    }

    fn edit_rows(&self) -> usize {
        self.bundle().encoder.spec.pool_radius_tokens + EDIT_ROWS
    }

    /// Rows that a batch runs at once, at most: those of its largest site, and a pass that was not
    /// full before it.
    pub(crate) fn rows_at_once(&self, candidates: &[Candidate]) -> usize {
        let rows = |site: &[Candidate]| {
            let window = site.first().map_or(0, |one| one.window.sequence().len());
            // More edits follow their reference in passes of their own.
            let edits = site.len().saturating_mul(self.edit_rows());
            window / TOKEN_BP + edits.min(self.pass_rows() + window / TOKEN_BP)
        };
        let sites = candidates.chunk_by(|a, b| Arc::ptr_eq(&a.window, &b.window));
        let largest = sites.clone().map(rows).max().unwrap_or(0);
        let all: usize = sites.map(rows).sum();
        all.min(largest.saturating_add(self.pass_rows()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Every thread had a site of many alternates in work, of 150 MB each.
    #[test]
    fn memory_grew_with_the_threads() {
        let room = Room::new(16, 100);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let taken = room.take(10_000);
                        let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(running, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        drop(taken);
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        drop(room.take(usize::MAX));
        assert_eq!(*room.left.lock().unwrap(), MAX_ROWS_IN_WORK);
    }

    #[test]
    fn many_threads_have_a_window_each() {
        let room = Room::new(64, 2_000);
        let taken: Vec<_> = (0..64).map(|_| room.take(2_000)).collect();
        assert_eq!(*room.left.lock().unwrap(), 0);
        drop(taken);
    }
}
