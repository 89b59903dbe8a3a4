//! A round of a plan on several threads.

use super::search::PlanSearch;
use genolewm_core::edit::RelEdit;
use genolewm_core::limits::MAX_THREADS;
use genolewm_core::{Error, ErrorCode, Result};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long an interrupt may go unnoticed.
const CANCEL_AFTER: Duration = Duration::from_millis(100);

/// Predicts the states, row by row, that sequences of edits lead to.
pub type Predict<'a> = dyn Fn(&[&[RelEdit]]) -> Result<Vec<f32>> + Sync + 'a;

/// How far a plan is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanProgress {
    /// Rounds that are done.
    pub rounds: usize,
    /// Candidates of this round that are done.
    pub candidates: usize,
    /// The least distance so far.
    pub best_distance: Option<f64>,
}

/// Answers all batches of a round on `threads`; `false` when `cancel` said so. What
/// comes out does not depend on the number of threads.
///
/// # Errors
/// The first error of `predict`, in the order of batches; `RESOURCE.RUNTIME_SETUP` when no thread
/// starts; as [`PlanSearch::answer`].
pub fn predict_round(
    search: &mut PlanSearch,
    threads: usize,
    predict: &Predict<'_>,
    cancel: &dyn Fn() -> bool,
    told: &mut dyn FnMut(PlanProgress),
) -> Result<bool> {
    if threads > MAX_THREADS {
        return Err(Error::input(format!("more than {MAX_THREADS} threads"))
            .with_detail("threads", threads)
            .with_remedy("give as many --threads as there are cores, or leave the flag out"));
    }
    let batches = search.batches();
    let mut answers: Vec<Option<Result<Vec<f32>>>> = vec![None; batches];
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (done, results) = channel();
    let shared = &*search;
    let finished = std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, batches.max(1)) {
            let (done, next, stop) = (done.clone(), &next, &stop);
            let work = move || {
                // Each thread keeps to its own core.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().ok();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= batches || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let batch = shared.batch(index);
                    let states = match &pool {
                        Some(pool) => pool.install(|| predict(&batch)),
                        None => predict(&batch),
                    };
                    if done.send((index, states)).is_err() {
                        return;
                    }
                }
            };
            let started = std::thread::Builder::new().spawn_scoped(scope, work);
            started.map_err(|error| {
                stop.store(true, Ordering::Relaxed);
                let message = format!("the system starts no more threads: {error}");
                Error::new(ErrorCode::ResourceRuntimeSetup, message)
                    .with_detail("threads", threads)
                    .with_remedy("plan with fewer --threads")
            })?;
        }
        drop(done);
        loop {
            if cancel() {
                stop.store(true, Ordering::Relaxed);
                return Ok(false);
            }
            match results.recv_timeout(CANCEL_AFTER) {
                Ok((index, states)) => {
                    stop.fetch_or(states.is_err(), Ordering::Relaxed);
                    if let Some(place) = answers.get_mut(index) {
                        *place = Some(states);
                    }
                    told(PlanProgress {
                        rounds: shared.rounds(),
                        candidates: answers.iter().flatten().count() * super::search::PLAN_BATCH,
                        best_distance: shared.best_distance(),
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(true),
            }
        }
    })?;
    if !finished {
        return Ok(false);
    }
    let failed = answers
        .iter()
        .position(|answer| matches!(answer, Some(Err(_))));
    if let Some(Some(Err(error))) = failed
        .and_then(|index| answers.get_mut(index))
        .map(Option::take)
    {
        return Err(error);
    }
    for answer in answers {
        let states = answer.transpose()?;
        search.answer(&states.ok_or_else(worker_ended)?)?;
    }
    Ok(true)
}

fn worker_ended() -> Error {
    Error::invariant("a worker ended without a result")
        .with_remedy("plan again with one thread; if it happens again, report it")
}
