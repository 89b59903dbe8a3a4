//! Sites through the model on several cores, in input order, in bounded memory.
//!
//! The calling thread reads sites, places their edits and hands results on; workers score
//! batches. What is in a batch depends on the input and the batch size alone, so the results are
//! the same bytes for any number of workers.

use super::place::{Outcome, Placed, Site, SiteOutcome};
use super::{Candidate, Scored, Scorer};
use crate::ops::Ops;
use genolewm_shared::edit::{EditSpec, SkipReason};
use genolewm_shared::source::AlleleOutcome;
use genolewm_shared::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every site was handed on.
    Finished,
    /// The caller asked to stop; the sites handed on so far are complete.
    Cancelled,
}

/// Batches that may wait or be in work, for each worker.
const BATCHES_PER_WORKER: usize = 2;

type Scores = Result<Vec<Scored>>;

impl<O> Scorer<O>
where
    O: Ops + Sync,
    O::Matrix: Send + Sync,
{
    /// Scores every candidate allele of `sites`. `place` finds an edit's window, or the reason why
    /// there is none; `sink` gets every site, in input order, with one outcome for each allele;
    /// `cancel` is asked before each batch.
    ///
    /// # Errors
    /// The first error of `sites`, `place`, the model or `sink`; sites before it have been handed
    /// on.
    pub fn run<T>(
        &self,
        sites: impl Iterator<Item = Result<Site<T, AlleleOutcome>>>,
        place: impl FnMut(&EditSpec) -> Result<Placed>,
        cancel: &dyn Fn() -> bool,
        sink: impl FnMut(SiteOutcome<T>) -> Result<()>,
    ) -> Result<RunEnd> {
        let workers = self.options().threads.max(1);
        let (jobs, job_queue) = sync_channel(workers * BATCHES_PER_WORKER);
        let (done, results) = channel();
        let job_queue = Mutex::new(job_queue);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let (queue, done) = (&job_queue, done.clone());
                scope.spawn(move || self.work(queue, &done));
            }
            drop(done);
            let reader = Reader {
                sites,
                place,
                batch_size: self.options().batch_size.max(1),
            };
            Conductor {
                jobs,
                results,
                sink,
                waiting: BTreeMap::new(),
                next: 0,
            }
            .conduct(reader, cancel, workers * BATCHES_PER_WORKER)
        })
    }

    /// Scores batches until there are no more.
    fn work(&self, queue: &Mutex<Receiver<(u64, Vec<Candidate>)>>, done: &Sender<(u64, Scores)>) {
        // With several workers each keeps to its own core.
        let pool = (self.options().threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(1).build().ok())
            .flatten();
        loop {
            let job = queue.lock().ok().and_then(|queue| queue.recv().ok());
            let Some((ticket, candidates)) = job else {
                return;
            };
            let score = || pollster::block_on(self.score(&candidates));
            let scores = pool.as_ref().map_or_else(score, |pool| pool.install(score));
            if done.send((ticket, scores)).is_err() {
                return;
            }
        }
    }
}

/// A site whose candidates are in work: `None` where a score is due.
struct Waiting<T> {
    payload: T,
    slots: Vec<Option<SkipReason>>,
}

struct Reader<I, P> {
    sites: I,
    place: P,
    batch_size: usize,
}

impl<T, I, P> Reader<I, P>
where
    I: Iterator<Item = Result<Site<T, AlleleOutcome>>>,
    P: FnMut(&EditSpec) -> Result<Placed>,
{
    /// The next sites, until they hold a batch of candidates. Empty at the end of the input. An
    /// error comes with the sites before it.
    fn batch(&mut self) -> (Vec<Waiting<T>>, Vec<Candidate>, Result<()>) {
        let (mut sites, mut candidates) = (Vec::new(), Vec::new());
        while candidates.len() < self.batch_size && sites.len() < 16 * self.batch_size {
            let Some(site) = self.sites.next() else { break };
            let placed = site.and_then(|site| self.place_site(site, &mut candidates));
            match placed {
                Ok(site) => sites.push(site),
                Err(error) => return (sites, candidates, Err(error)),
            }
        }
        (sites, candidates, Ok(()))
    }

    fn place_site(
        &mut self,
        site: Site<T, AlleleOutcome>,
        candidates: &mut Vec<Candidate>,
    ) -> Result<Waiting<T>> {
        let before = candidates.len();
        let mut slots = Vec::with_capacity(site.alleles.len());
        for allele in site.alleles {
            let placed = match allele {
                AlleleOutcome::Skipped(reason) => Ok(Some(reason)),
                AlleleOutcome::Candidate(edit) => (self.place)(&edit).map(|placed| match placed {
                    Placed::Skipped(reason) => Some(reason),
                    Placed::Window(window) => {
                        candidates.push(Candidate { edit, window });
                        None
                    }
                }),
            };
            match placed {
                Ok(slot) => slots.push(slot),
                Err(error) => {
                    candidates.truncate(before);
                    return Err(error);
                }
            }
        }
        Ok(Waiting {
            payload: site.payload,
            slots,
        })
    }
}

/// Hands out batches and puts what comes back in order.
struct Conductor<T, F> {
    jobs: SyncSender<(u64, Vec<Candidate>)>,
    results: Receiver<(u64, Scores)>,
    sink: F,
    waiting: BTreeMap<u64, (Vec<Waiting<T>>, Option<Scores>)>,
    next: u64,
}

impl<T, F: FnMut(SiteOutcome<T>) -> Result<()>> Conductor<T, F> {
    fn conduct<I, P>(
        mut self,
        mut reader: Reader<I, P>,
        cancel: &dyn Fn() -> bool,
        most: usize,
    ) -> Result<RunEnd>
    where
        I: Iterator<Item = Result<Site<T, AlleleOutcome>>>,
        P: FnMut(&EditSpec) -> Result<Placed>,
    {
        loop {
            if cancel() {
                return Ok(RunEnd::Cancelled);
            }
            let (sites, candidates, ended) = reader.batch();
            let last = sites.is_empty();
            self.submit(sites, candidates)?;
            while self.waiting.len() >= if last || ended.is_err() { 1 } else { most } {
                if cancel() {
                    return Ok(RunEnd::Cancelled);
                }
                self.receive()?;
            }
            ended?;
            if last {
                return Ok(RunEnd::Finished);
            }
        }
    }

    fn submit(&mut self, sites: Vec<Waiting<T>>, candidates: Vec<Candidate>) -> Result<()> {
        if sites.is_empty() {
            return Ok(());
        }
        let ticket = self.next;
        self.next += 1;
        if candidates.is_empty() {
            self.waiting.insert(ticket, (sites, Some(Ok(Vec::new()))));
            return self.flush();
        }
        self.waiting.insert(ticket, (sites, None));
        self.jobs
            .send((ticket, candidates))
            .map_err(|_| workers_gone())
    }

    fn receive(&mut self) -> Result<()> {
        let (ticket, scores) = self.results.recv().map_err(|_| workers_gone())?;
        if let Some((_, slot)) = self.waiting.get_mut(&ticket) {
            *slot = Some(scores);
        }
        self.flush()
    }

    /// Hands on every leading batch that is scored.
    fn flush(&mut self) -> Result<()> {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.get().1.is_none() {
                return Ok(());
            }
            let (sites, scores) = entry.remove();
            let mut scores = scores.unwrap_or_else(|| Ok(Vec::new()))?.into_iter();
            for site in sites {
                let outcome = |slot: Option<SkipReason>| match slot {
                    Some(reason) => Ok(Outcome::Skipped(reason)),
                    None => scores
                        .next()
                        .map(|scored| Outcome::Scored(Box::new(scored)))
                        .ok_or_else(workers_gone),
                };
                let outcomes = site.slots.into_iter().map(outcome).collect::<Result<_>>()?;
                (self.sink)(SiteOutcome {
                    payload: site.payload,
                    outcomes,
                })?;
            }
        }
        Ok(())
    }
}

fn workers_gone() -> Error {
    Error::new(
        ErrorCode::InternalInvariantViolation,
        "a scoring worker ended without a result",
    )
    .with_remedy("score again with --threads 1; if it happens again, report it")
}
