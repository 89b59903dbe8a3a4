//! Python's `random.Random(seed)`: MT19937, the Mersenne Twister, seeded and read as Python does.
//!
//! Published intervals of this model were drawn from it; with the same stream ours are the same to
//! the last digit, and a difference means a difference in scores. Everything else random in this
//! project comes from `ChaCha8`.

use rand_mt::Mt;

pub(super) struct Mersenne(Mt);

impl Mersenne {
    /// Python's `random.Random(seed)`: its key is as many words as the seed takes.
    pub(super) fn new(seed: u64) -> Self {
        let key = [seed as u32, (seed >> 32) as u32];
        let words = if key[1] == 0 { 1 } else { 2 };
        Self(Mt::new_with_key(key.into_iter().take(words)))
    }

    /// A uniform index below `n`, as `random.choices` draws it: 53 bits of a fraction, times `n`.
    pub(super) fn index_below(&mut self, n: usize) -> usize {
        let high = u64::from(self.word() >> 5);
        let low = u64::from(self.word() >> 6);
        let fraction = ((high << 26) | low) as f64 / (1_u64 << 53) as f64;
        (fraction * n as f64) as usize
    }

    fn word(&mut self) -> u32 {
        self.0.next_u32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs of `random.Random(seed).getrandbits(32)`.
    #[test]
    fn words_are_those_of_python() {
        for (seed, want) in [
            (0, [3_626_764_237, 1_654_615_998, 3_255_389_356]),
            (42, [2_746_317_213, 478_163_327, 107_420_369]),
            (
                1_099_511_627_783,
                [2_635_837_658, 3_209_733_218, 3_500_038_837],
            ),
        ] {
            let mut mersenne = Mersenne::new(seed);
            assert_eq!(
                [mersenne.word(), mersenne.word(), mersenne.word()],
                want,
                "seed {seed}"
            );
        }
    }

    /// Past the first 624 words, the state is renewed.
    #[test]
    fn the_stream_goes_on_after_a_twist() {
        let mut mersenne = Mersenne::new(0);
        let last = (0..1_300).map(|_| mersenne.word()).last();
        assert_eq!(last, Some(613_370_405));
    }
}
