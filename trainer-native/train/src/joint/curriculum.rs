//! The curriculum: which edits the windows of a step are shown with, harder ones later.

use genolewm_data::edits::mix::{EditMix, EditSource};
use genolewm_data::weighted::WeightedChoice;

/// Indels among a window's synthetic edits at the first step, and at the last one.
const INDELS: (f64, f64) = (1.0, 3.0);
/// The weights of rollouts of two and of three edits at the first step, and at the last one.
const LONGER: (f64, f64) = (0.05, 0.25);

/// The mix after `progress` of the run, from 0 to 1: in the mean, the share of indels and of longer
/// rollouts rises linearly, and a window's items stay as many; a mix without synthetic edits keeps its
/// counts. Where the number of indels is not whole, `draw` in 0..1 decides.
pub(super) fn mix(base: &EditMix, progress: f64, draw: f64) -> EditMix {
    let between = |(from, to): (f64, f64)| from + (to - from) * progress.clamp(0.0, 1.0);
    let wanted = between(INDELS);
    let indels = wanted.floor() as usize + usize::from(draw < wanted.fract());
    let (snv, indel) = (EditSource::SyntheticSnv, EditSource::SyntheticIndel);
    let is_synthetic = |(source, _): &(EditSource, usize)| [snv, indel].contains(source);
    let mut counts = base.counts.clone();
    if let Some(first) = counts.iter().position(is_synthetic) {
        let synthetic = counts.iter().copied().filter(is_synthetic);
        let all: usize = synthetic.map(|(_, count)| count).sum();
        let indels = indels.min(all);
        counts.retain(|entry| !is_synthetic(entry));
        counts.splice(first..first, [(snv, all - indels), (indel, indels)]);
    }
    let longer = between(LONGER);
    EditMix {
        counts,
        fallbacks: base.fallbacks.clone(),
        rollouts: WeightedChoice::of([(1, 1.0 - 2.0 * longer), (2, longer), (3, longer)]),
        shape: base.shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indels(mix: &EditMix) -> usize {
        let mut counts = mix.counts.iter();
        counts
            .find(|(source, _)| *source == EditSource::SyntheticIndel)
            .unwrap()
            .1
    }

    #[test]
    fn a_run_starts_with_the_contracts_mix_and_ends_with_more_of_what_is_hard() {
        let base = EditMix::default();
        assert_eq!(mix(&base, 0.0, 0.0), base);
        let last = mix(&base, 1.0, 0.99);
        assert_eq!(indels(&last), 3);
        assert_eq!(last.rollouts.entries(), [(1, 0.5), (2, 0.25), (3, 0.25)]);
        for progress in [0.0, 0.3, 0.7, 1.0] {
            let mix = mix(&base, progress, 0.5);
            assert_eq!(mix.counts.iter().map(|(_, count)| count).sum::<usize>(), 8);
        }
    }

    #[test]
    fn a_mix_lost_or_multiplied_its_synthetic_edits() {
        use EditSource::{Clinvar, SyntheticIndel, SyntheticSnv};
        let counts = |counts: &[(EditSource, usize)]| {
            let base = EditMix {
                counts: counts.to_vec(),
                ..EditMix::default()
            };
            mix(&base, 1.0, 0.0).counts
        };
        let both = [(SyntheticSnv, 2), (SyntheticIndel, 3)];
        assert_eq!(counts(&[(SyntheticSnv, 5)]), both);
        assert_eq!(counts(&[(SyntheticIndel, 5)]), both);
        let twice = [(SyntheticIndel, 2), (Clinvar, 1), (SyntheticIndel, 3)];
        assert_eq!(counts(&twice), [both[0], both[1], (Clinvar, 1)]);
        assert_eq!(counts(&[(Clinvar, 4)]), [(Clinvar, 4)]);
    }

    #[test]
    fn in_the_mean_indels_rise_linearly() {
        let base = EditMix::default();
        let mean = |progress: f64| {
            let drawn = (0..1_000).map(|draw| indels(&mix(&base, progress, f64::from(draw) / 1e3)));
            drawn.sum::<usize>() as f64 / 1e3
        };
        for progress in [0.0, 0.2, 0.45, 0.8, 1.0] {
            assert!((mean(progress) - (1.0 + 2.0 * progress)).abs() < 2e-3);
        }
    }
}
