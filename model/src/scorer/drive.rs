//! A run over files, on several cores and in bounded memory.
//!
//! The calling thread reads, places edits and hands results on; workers answer batches.

use super::calibrate::ScoredBy;
use super::placer::Candidate;
use super::run::{CandidateBatch, Delivery, Intake, Need, Run, RunProgress, RunStep};
use genolewm_core::error::Location;
use genolewm_core::limits::MAX_THREADS;
use genolewm_core::reference::{BaseSource, Reference};
use genolewm_core::{Error, ErrorCode, Result};
use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::Scope;
use std::time::Duration;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Everything was handed on.
    Finished,
    /// The caller asked to stop; what was handed on so far is complete.
    Cancelled,
}

/// Batches that may wait or be in work, for each worker.
const BATCHES_PER_WORKER: usize = 2;
/// How long answers are waited for before it is asked whether to stop.
const CANCEL_AFTER: Duration = Duration::from_millis(100);
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// A file of variants that is read as its run asks for more.
pub struct VariantFile {
    reader: Box<dyn Read>,
    name: String,
    buffer: Vec<u8>,
}

impl VariantFile {
    /// A file that errors call `name`.
    #[must_use]
    pub fn new(reader: Box<dyn Read>, name: &str) -> Self {
        Self {
            reader,
            name: name.to_owned(),
            buffer: Vec::new(),
        }
    }

    /// Reads until `intake` is open.
    ///
    /// # Errors
    /// As [`Intake::open`].
    pub fn open(&mut self, intake: &mut Intake) -> Result<()> {
        while !intake.open()? {
            self.feed(intake)?;
        }
        Ok(())
    }

    /// Reads until the first records were compared with the reference.
    ///
    /// # Errors
    /// As [`Intake::check`].
    pub fn check<S: BaseSource>(
        &mut self,
        intake: &mut Intake,
        reference: &mut Reference<S>,
    ) -> Result<()> {
        while let Some(need) = intake.check(reference)? {
            self.meet(need, intake)?;
        }
        Ok(())
    }

    /// Meets a need.
    ///
    /// # Errors
    /// `INTERNAL.INVARIANT_VIOLATION` for bytes of a reference, which is a file; as [`Intake::push`].
    pub fn meet(&mut self, need: Need, intake: &mut Intake) -> Result<()> {
        match need {
            Need::Input => self.feed(intake),
            Need::Reference => Err(Error::invariant("a reference in a file waits for bytes")),
        }
    }

    /// Hands on the next bytes.
    fn feed(&mut self, intake: &mut Intake) -> Result<()> {
        self.buffer.resize(CHUNK_BYTES, 0);
        match self.reader.read(&mut self.buffer) {
            Ok(0) => intake.end(),
            Ok(read) => intake.push(&self.buffer[..read])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => intake.fail(
                Error::new(
                    ErrorCode::ResourceGeneric,
                    format!("reading failed: {error}"),
                )
                .at(Location {
                    file: self.name.clone(),
                    ..Location::default()
                })
                .with_remedy("check that the file is there, readable and on a working disk"),
            ),
        }
        Ok(())
    }
}

impl std::fmt::Debug for VariantFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut form = f.debug_struct("VariantFile");
        form.field("name", &self.name).finish_non_exhaustive()
    }
}

type BatchAnswers<A> = Result<Vec<A>>;

/// Batches on their way to the workers.
struct BatchQueue {
    batches: Mutex<Receiver<CandidateBatch>>,
    /// Set when the answers are not wanted any more.
    is_closed: AtomicBool,
}

/// Closes a queue, however its owner ends.
struct Closes<'a>(&'a BatchQueue);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
    }
}

/// The answers to a batch, one for each candidate.
pub type Answering<'a, A> = dyn Fn(&[Candidate]) -> BatchAnswers<A> + Sync + 'a;

/// What answers batches.
pub struct Workers<'a, A> {
    /// Batches in work at once.
    pub threads: usize,
    /// What stands in receipts.
    pub by: ScoredBy,
    /// The answers to a batch, one for each candidate.
    pub answer: Box<Answering<'a, A>>,
}

impl<A: Send> Workers<'_, A> {
    /// Starts a worker.
    fn spawn<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        queue: &'env BatchQueue,
        done: Sender<(u64, BatchAnswers<A>)>,
    ) -> Result<()> {
        let started = std::thread::Builder::new().spawn_scoped(scope, move || {
            self.work(queue, &done);
        });
        started.map(drop).map_err(|error| {
            let message = format!("the system starts no more threads: {error}");
            Error::new(ErrorCode::ResourceRuntimeSetup, message)
                .with_detail("threads", self.threads)
                .with_remedy("score with fewer --threads")
                .with_source(error)
        })
    }

    /// Answers batches until there are no more, or nobody waits for them.
    fn work(&self, queue: &BatchQueue, done: &Sender<(u64, BatchAnswers<A>)>) {
        // With several workers each keeps to its own core.
        let pool = (self.threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(1).build().ok())
            .flatten();
        loop {
            let batch = queue.batches.lock().ok();
            let batch = batch.and_then(|batches| batches.recv().ok());
            let Some(CandidateBatch { ticket, candidates }) = batch else {
                return;
            };
            if queue.is_closed.load(Ordering::Relaxed) {
                return;
            }
            let answers = match &pool {
                Some(pool) => pool.install(|| (self.answer)(&candidates)),
                None => (self.answer)(&candidates),
            };
            if done.send((ticket, answers)).is_err() {
                return;
            }
        }
    }
}

/// Takes a run to its end. `sink` gets every record, in input order; `cancel` is asked before each
/// step.
///
/// # Errors
/// The first error of the input, the reference, the workers or `sink`; records before an error of
/// the input have been handed on.
pub fn drive<A: Send, S: BaseSource>(
    run: &mut Run<A>,
    input: &mut VariantFile,
    reference: &mut Reference<S>,
    workers: &Workers<'_, A>,
    cancel: &dyn Fn() -> bool,
    mut sink: impl FnMut(Delivery<A>, RunProgress) -> Result<()>,
) -> Result<RunEnd> {
    let threads = workers.threads.max(1);
    if threads > MAX_THREADS {
        return Err(Error::input(format!("more than {MAX_THREADS} threads"))
            .with_detail("threads", threads)
            .with_remedy("give as many --threads as there are cores, or leave the flag out"));
    }
    // Batches that may be on their way.
    let most = threads * BATCHES_PER_WORKER;
    let by = Arc::new(workers.by.clone());
    let (jobs, batches) = sync_channel(most);
    let (done, answers) = channel();
    let queue = BatchQueue {
        batches: Mutex::new(batches),
        is_closed: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        // Dropped when this ends, however it does: then the workers end, too.
        let (jobs, answers) = (jobs, answers);
        let _closes = Closes(&queue);
        for _ in 0..threads {
            workers.spawn(scope, &queue, done.clone())?;
        }
        drop(done);
        while !cancel() {
            let step = if run.in_work() >= most {
                Ok(RunStep::Wait)
            } else {
                run.next(reference)
            };
            if let Ok(RunStep::Wait) = step {
                match answers.recv_timeout(CANCEL_AFTER) {
                    Ok((ticket, answers)) => run.complete(ticket, answers?, &by)?,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Err(worker_ended()),
                }
            }
            while let Some(delivery) = run.deliver() {
                sink(delivery, run.progress())?;
            }
            match step? {
                RunStep::Needs(need) => input.meet(need, run.intake_mut())?,
                RunStep::Batch(batch) => jobs.send(batch).map_err(|_| worker_ended())?,
                RunStep::Wait | RunStep::Again => {}
                RunStep::Done => return Ok(RunEnd::Finished),
            }
        }
        Ok(RunEnd::Cancelled)
    })
}

fn worker_ended() -> Error {
    Error::invariant("a scoring worker ended without a result")
        .with_remedy("score again with one thread; if it happens again, report it")
}
