//! Axes of SVG plots: scales, and where their ticks go.

/// How values become places along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// In proportion.
    #[default]
    Linear,
    /// By their logarithm; values of 0 and below have no place.
    Log,
}

/// An axis over a range of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    scale: Scale,
    /// Transformed ends.
    low: f64,
    high: f64,
}

impl Axis {
    /// An axis that holds all values that have a place, or 0 to 1 when none has.
    pub(super) fn holding(values: impl Iterator<Item = f64>, scale: Scale) -> Self {
        let placed = values.filter_map(|value| transform(value, scale));
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        let (low, high) = match low.partial_cmp(&high) {
            Some(core::cmp::Ordering::Less) => (low, high),
            // One value: some room on both sides.
            Some(core::cmp::Ordering::Equal) => (low - 0.5, high + 0.5),
            _ => (0.0, 1.0),
        };
        Self { scale, low, high }
    }

    /// The same axis with a little room above the highest value.
    pub(super) fn with_headroom(self) -> Self {
        Self {
            high: self.high + 0.04 * (self.high - self.low),
            ..self
        }
    }

    /// The place of a value, 0 at the low end and 1 at the high one.
    pub(super) fn place(self, value: f64) -> Option<f64> {
        Some((transform(value, self.scale)? - self.low) / (self.high - self.low))
    }

    /// About `count` round values with their labels.
    pub(super) fn ticks(self, count: usize) -> Vec<(f64, String)> {
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        let step = if self.scale == Scale::Log {
            step.max(1.0).ceil()
        } else {
            step
        };
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        (first..=last)
            .map(|index| index as f64 * step)
            .map(|at| match self.scale {
                Scale::Linear => (at, label(at, decimals)),
                Scale::Log => (10f64.powf(at), format!("1e{at:.0}")),
            })
            .collect()
    }
}

fn transform(value: f64, scale: Scale) -> Option<f64> {
    let transformed = match scale {
        Scale::Linear => value,
        Scale::Log => value.log10(),
    };
    transformed.is_finite().then_some(transformed)
}

/// The next of 1, 2 and 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = rough / power;
    let fits = |round: &f64| factor <= *round;
    power * [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0)
}

/// A short number: `12k` and `3M` for thousands and millions.
fn label(value: f64, decimals: usize) -> String {
    // No minus zero.
    let value = if value.abs() < 1e-12 { 0.0 } else { value };
    for (unit, suffix) in [(1e6, "M"), (1e3, "k")] {
        let scaled = value / unit;
        if scaled.abs() >= 1.0 && (scaled * 10.0).round() == scaled * 10.0 {
            return format!("{scaled}{suffix}");
        }
    }
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, scale: Scale) -> Vec<String> {
        Axis::holding([low, high].into_iter(), scale)
            .ticks(5)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            labels(0.0, 1.0, Scale::Linear),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(labels(-3.0, 7.0, Scale::Linear), ["-2", "0", "2", "4", "6"]);
        assert_eq!(
            labels(0.0, 20_000.0, Scale::Linear),
            ["0", "5k", "10k", "15k", "20k"]
        );
        assert_eq!(
            labels(1.234, 1.238, Scale::Linear),
            ["1.234", "1.235", "1.236", "1.237", "1.238"]
        );
        assert_eq!(
            labels(1e-4, 1.0, Scale::Log),
            ["1e-4", "1e-3", "1e-2", "1e-1", "1e0"]
        );
    }

    #[test]
    fn odd_ranges_still_have_an_axis() {
        let one = Axis::holding([3.0].into_iter(), Scale::Linear);
        assert_eq!(one.place(3.0), Some(0.5));
        let none = Axis::holding([f64::NAN, -1.0].into_iter(), Scale::Log);
        assert!(
            none.place(-1.0).is_none() && none.place(1.0) == Some(0.0) && !none.ticks(4).is_empty()
        );
    }
}
