//! Learning-rate schedules, as factors of the peak rate.

/// The shape of the learning rate over a run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Warm-up, stable to 80 %, linear to 10 % at 95 %, taper to 1 % (contract, section 6).
    Wsd,
    /// Warm-up, then half a cosine to 1 %.
    Cosine,
    /// Warm-up, then constant.
    Constant,
}

impl Schedule {
    /// The factor at `step` of `steps`, with `warmup` steps of linear rise.
    #[must_use]
    pub fn factor(self, step: u64, steps: u64, warmup: u64) -> f64 {
        if step < warmup {
            return (step + 1) as f64 / warmup as f64;
        }
        let done = step as f64 / steps.max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let span = (steps.saturating_sub(warmup)).max(1) as f64;
                let phase = ((step - warmup) as f64 / span).min(1.0);
                0.01 + 0.99 * 0.5 * (1.0 + (core::f64::consts::PI * phase).cos())
            }
            Self::Wsd if done < 0.8 => 1.0,
            Self::Wsd if done < 0.95 => 1.0 - 0.9 * (done - 0.8) / 0.15,
            Self::Wsd => 0.1 - 0.09 * ((done - 0.95) / 0.05).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wsd_rises_stays_and_falls_to_a_hundredth() {
        let at = |step| Schedule::Wsd.factor(step, 1000, 100);
        assert!((at(0) - 0.01).abs() < 1e-12);
        assert!((at(500) - 1.0).abs() < 1e-12);
        assert!((at(950) - 0.1).abs() < 1e-9);
        assert!((at(1000) - 0.01).abs() < 1e-9);
        assert!((Schedule::Cosine.factor(1000, 1000, 100) - 0.01).abs() < 1e-9);
    }
}
