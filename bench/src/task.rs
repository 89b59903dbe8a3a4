//! Something that is measured.

use core::time::Duration;
use cpu_time::ThreadTime;

/// What bounds a task: the plain product in the numbers that it computes in, or a plain copy of bytes in the second-level cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A product in f32.
    F32,
    /// A product in bf16.
    Bf16,
    /// A product in int8.
    Int8,
    /// A copy of bytes.
    Copy,
}

impl Bound {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::Int8, Self::Copy];

    /// The name.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
            Self::Copy => "copy",
        }
    }

    /// What is counted, by the billion a second.
    #[must_use]
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::F32 | Self::Bf16 => "GFLOP/s",
            Self::Int8 => "GOP/s",
            Self::Copy => "GB/s",
        }
    }
}

/// Work that can be done again and again in this thread.
pub(crate) struct Task {
    /// Operations of one run, additions and multiplications each; or bytes.
    pub(crate) amount: f64,
    /// What bounds it.
    pub(crate) bound: Bound,
    /// Does it once.
    pub(crate) run: Box<dyn FnMut()>,
}

impl core::fmt::Debug for Task {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut form = f.debug_struct("Task");
        form.field("amount", &self.amount).finish_non_exhaustive()
    }
}

impl Task {
    /// Work of so many operations or bytes.
    pub(crate) fn new(amount: f64, bound: Bound, run: impl FnMut() + 'static) -> Self {
        Self {
            amount,
            bound,
            run: Box::new(run),
        }
    }

    /// Processor time of so many runs: other programs take turns, and cost it nothing.
    pub(crate) fn time(&mut self, runs: u32) -> Duration {
        let started = ThreadTime::now();
        (0..runs).for_each(|_| (self.run)());
        started.elapsed()
    }
}
