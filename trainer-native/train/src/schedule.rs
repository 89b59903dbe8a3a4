//! Learning-rate schedules (warm-up, stable, decay; cosine; constant), as factors of the peak rate.

/// The shape of the learning rate over a run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Warm-up, stable to 80 %, linear to 10 % at 98 %, taper to 1 %.
    Wsd,
    /// Warm-up, then half a cosine to 1 %.
    Cosine,
    /// Warm-up, then constant.
    Constant,
}

impl Schedule {
    /// The factor after `step` of `steps` updates, for the next one; the first `warmup` updates rise
    /// linearly. Shares of the run are of the updates after the warm-up.
    #[must_use]
    pub fn factor(self, step: u64, steps: u64, warmup: u64) -> f64 {
        let update = step + 1;
        if update <= warmup {
            return update as f64 / warmup as f64;
        }
        let after = steps.saturating_sub(warmup).max(1);
        let from = |percent: u64| warmup + (after * percent / 100).max(1);
        let between = |start: u64, end: u64| {
            (update.saturating_sub(start) as f64 / end.saturating_sub(start).max(1) as f64).min(1.0)
        };
        let (decay, taper) = (from(80), from(98));
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let phase = core::f64::consts::PI * between(warmup, steps);
                0.01 + 0.99 * 0.5 * (1.0 + phase.cos())
            }
            Self::Wsd if update <= taper => 1.0 - 0.9 * between(decay, taper),
            Self::Wsd => 0.1 - 0.09 * between(taper, steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wsd_has_the_packages_multipliers() {
        let expected = [
            (1, 0.01),
            (50, 0.5),
            (100, 1.0),
            (101, 1.0),
            (820, 1.0),
            (821, 0.9944444444444445),
            (900, 0.5555555555555556),
            (982, 0.09999999999999998),
            (983, 0.095),
            (990, 0.06000000000000001),
            (1000, 0.010000000000000009),
        ];
        for (update, factor) in expected {
            let ours = Schedule::Wsd.factor(update - 1, 1000, 100);
            assert!(
                (ours - factor).abs() < 1e-12,
                "{update}: {ours}, not {factor}"
            );
        }
    }

    #[test]
    fn every_schedule_rises_and_only_constant_stays() {
        for schedule in [Schedule::Wsd, Schedule::Cosine, Schedule::Constant] {
            assert!((schedule.factor(49, 1000, 100) - 0.5).abs() < 1e-12);
        }
        assert!((Schedule::Cosine.factor(999, 1000, 100) - 0.01).abs() < 1e-12);
        assert!((Schedule::Constant.factor(999, 1000, 100) - 1.0).abs() < 1e-12);
    }
}
