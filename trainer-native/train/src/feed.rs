//! Generations of training windows: one thread draws and encodes the next one while another trains on
//! the ones before.
//!
//! A generation is a function of the seed and its number, and which steps train on it is a matter of
//! their numbers alone: how fast either side is changes no weight.

use super::pairs::{Frozen, PairSources, StatePairs, WindowDraw, encode};
use super::run_dir::RunMonitor;
use genolewm_core::{Error, ErrorCode, Result};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// What generations are made with.
#[derive(Debug)]
pub struct GenerationFeed<'a> {
    /// The frozen encoder for each thread that encodes; they take turns with those that train where cores
    /// are few.
    pub encoders: &'a [Frozen],
    /// Sequence, edits and hold-outs.
    pub sources: &'a PairSources,
    /// The windows of generation 0; further ones have the streams after its.
    pub draw: WindowDraw,
    /// Told of each window and the time that it took.
    pub monitor: RunMonitor,
    /// Windows that were encoded, and in how many microseconds.
    pub encoded: EncodingRate,
}

/// How fast windows are encoded.
#[derive(Debug, Default)]
pub struct EncodingRate {
    windows: AtomicU64,
    microseconds: AtomicU64,
}

impl EncodingRate {
    fn add(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.windows.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(took, Ordering::Relaxed);
    }

    /// Windows a second of encoding; 0 before the first one.
    #[must_use]
    pub fn windows_per_second(&self) -> f64 {
        let microseconds = self.microseconds.load(Ordering::Relaxed).max(1);
        1e6 * self.windows.load(Ordering::Relaxed) as f64 / microseconds as f64
    }
}

/// Generations as they arrive.
#[derive(Debug)]
pub struct Incoming {
    receiver: Receiver<Result<StatePairs>>,
    waited: Duration,
}

impl Incoming {
    /// The next generation, once it is ready.
    ///
    /// # Errors
    /// Those of drawing and encoding it; `INTERNAL.GENERIC` after the last one.
    pub fn take(&mut self) -> Result<StatePairs> {
        let started = Instant::now();
        let taken = self.receiver.recv();
        self.waited += started.elapsed();
        taken.map_err(|_| {
            let message = "no further generation of windows is made";
            Error::new(ErrorCode::InternalGeneric, message)
        })?
    }

    /// How long [`take`](Self::take) has waited since the last call of this.
    pub fn waited(&mut self) -> Duration {
        core::mem::take(&mut self.waited)
    }
}

impl GenerationFeed<'_> {
    /// Runs `train` while the generations of `numbers` are made, at most one ahead of those taken.
    ///
    /// # Errors
    /// Those of `train`.
    pub fn during<T>(
        &self,
        numbers: Range<u64>,
        train: impl FnOnce(&mut Incoming) -> Result<T>,
    ) -> Result<T> {
        let stopped = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(1);
            scope.spawn(|| self.make(numbers, sender, &stopped));
            let mut incoming = Incoming {
                receiver,
                waited: Duration::ZERO,
            };
            let result = train(&mut incoming);
            stopped.store(true, Ordering::Relaxed);
            result
        })
    }

    fn make(
        &self,
        numbers: Range<u64>,
        sender: SyncSender<Result<StatePairs>>,
        stopped: &AtomicBool,
    ) {
        for number in numbers {
            let made = self.generation(number, stopped);
            let failed = made.is_err();
            let Some(made) = made.transpose() else {
                return;
            };
            if sender.send(made).is_err() || failed {
                return;
            }
        }
    }

    /// One generation; none when `stopped` is set meanwhile.
    fn generation(&self, number: u64, stopped: &AtomicBool) -> Result<Option<StatePairs>> {
        let draw = WindowDraw {
            stream: self.draw.stream + number,
            ..self.draw
        };
        encode(self.encoders, self.sources, draw, &mut |took| {
            self.monitor.encode(took);
            self.encoded.add(took);
            !stopped.load(Ordering::Relaxed)
        })
    }
}
