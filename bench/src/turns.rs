//! Tasks beside what bounds them, in turns: whatever else the machine does hits both alike.

use crate::peak::peak;
use crate::task::{Bound, Task};
use core::time::Duration;

/// Processor time of one turn, at least: much longer than the clock's steps.
const TURN: Duration = Duration::from_millis(15);

/// How fast something is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    /// What bounds it.
    pub(crate) bound: Bound,
    /// Billions of operations or bytes a second of processor time, the median.
    pub(crate) rate: f64,
    /// The same of what bounds it.
    pub(crate) peak: f64,
    /// The share of one in the other, the median of all rounds.
    pub(crate) share: f64,
}

/// Measurements of so many rounds; what bounds tasks is made once.
#[derive(Debug)]
pub(crate) struct Turns {
    peaks: [Option<(Task, u32)>; Bound::ALL.len()],
    rounds: usize,
}

impl Turns {
    /// Turns of so many rounds, one at least.
    #[must_use]
    pub(crate) fn new(rounds: usize) -> Self {
        Self {
            peaks: Bound::ALL.map(|_| None),
            rounds: rounds.max(1),
        }
    }

    /// Measures a task.
    pub(crate) fn figure(&mut self, task: Task) -> Figure {
        let (mut task, runs) = warm(task);
        let rounds = 0..self.rounds;
        let (plain, plain_runs) = self.ready(task.bound);
        let rounds = rounds.map(|_| {
            let [peak, rate] = [rate(plain, *plain_runs), rate(&mut task, runs)];
            [peak, rate, rate / peak]
        });
        let rounds: Vec<[f64; 3]> = rounds.collect();
        let of = |place: usize| median(rounds.iter().map(|round| round[place]).collect());
        Figure {
            bound: task.bound,
            rate: of(1),
            peak: of(0),
            share: of(2),
        }
    }

    /// What a bound itself does.
    pub(crate) fn peak(&mut self, bound: Bound) -> f64 {
        let rounds = 0..self.rounds;
        let (plain, runs) = self.ready(bound);
        median(rounds.map(|_| rate(plain, *runs)).collect())
    }

    fn ready(&mut self, bound: Bound) -> &mut (Task, u32) {
        self.peaks[bound as usize].get_or_insert_with(|| warm(peak(bound)))
    }
}

/// Has a task run, and tells how many runs make a turn.
fn warm(mut task: Task) -> (Task, u32) {
    task.time(1);
    let once = task.time(1).as_secs_f64().max(1e-7);
    (task, (TURN.as_secs_f64() / once).ceil() as u32)
}

/// Billions a second.
fn rate(task: &mut Task, runs: u32) -> f64 {
    let seconds = task.time(runs).as_secs_f64().max(1e-9);
    task.amount * f64::from(runs) / seconds / 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
