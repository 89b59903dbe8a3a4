//! Sites through the model on several cores, in input order, in bounded memory.
//!
//! The calling thread reads sites, places their edits and hands results on; workers score
//! batches.

use super::assembly::{Assembly, Batch, InOrder, PlacedSite, score_missing};
use super::{Candidate, Placed, Scored, Scorer, Site, SiteOutcome};
use crate::ops::Ops;
use genolewm_core::Result;
use genolewm_core::edit::EditSpec;
use genolewm_core::source::AlleleOutcome;
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
                assembly: Assembly::new(self.options().batch_size),
            };
            Conductor {
                jobs,
                results,
                sink,
                in_order: InOrder::default(),
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

/// Cuts the input into batches.
struct Reader<I, P, T> {
    sites: I,
    place: P,
    assembly: Assembly<T>,
}

impl<T, I, P> Reader<I, P, T>
where
    I: Iterator<Item = Result<Site<T, AlleleOutcome>>>,
    P: FnMut(&EditSpec) -> Result<Placed>,
{
    /// The next batch, empty at the end of the input. An error comes with the sites before it.
    fn batch(&mut self) -> (Batch<T>, Result<()>) {
        let mut read = Ok(());
        while read.is_ok() && !self.assembly.is_full() {
            let Some(site) = self.sites.next() else { break };
            read = site.and_then(|site| {
                let placed = PlacedSite::new(&site.alleles, &mut self.place)?;
                self.assembly.push(placed, site.payload);
                Ok(())
            });
        }
        (self.assembly.take(), read)
    }
}

/// Hands out batches and puts what comes back in order.
struct Conductor<T, F> {
    jobs: SyncSender<(u64, Vec<Candidate>)>,
    results: Receiver<(u64, Scores)>,
    sink: F,
    in_order: InOrder<T>,
}

impl<T, F: FnMut(SiteOutcome<T>) -> Result<()>> Conductor<T, F> {
    fn conduct<I, P>(
        mut self,
        mut reader: Reader<I, P, T>,
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
            let (batch, ended) = reader.batch();
            let last = batch.is_empty();
            if !last {
                self.submit(batch)?;
            }
            let most = if last || ended.is_err() { 1 } else { most };
            while self.in_order.len() >= most {
                if cancel() {
                    return Ok(RunEnd::Cancelled);
                }
                let (ticket, scores) = self.results.recv().map_err(|_| score_missing())?;
                self.in_order.complete(ticket, scores?);
                self.in_order.flush(|_, site| (self.sink)(site))?;
            }
            ended?;
            if last {
                return Ok(RunEnd::Finished);
            }
        }
    }

    fn submit(&mut self, batch: Batch<T>) -> Result<()> {
        let (ticket, candidates) = self.in_order.submit(batch);
        if candidates.is_empty() {
            return self.in_order.flush(|_, site| (self.sink)(site));
        }
        self.jobs
            .send((ticket, candidates))
            .map_err(|_| score_missing())
    }
}
