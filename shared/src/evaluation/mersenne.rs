//! MT19937, the Mersenne Twister of Matsumoto and Nishimura (2002), seeded and read as Python's
//! `random` module documents.
//!
//! Published intervals of this model were drawn from it; with the same stream ours are the same to
//! the last digit, and a difference means a difference in scores. Everything else random in this
//! project comes from `ChaCha8`.

const WORDS: usize = 624;
const MIDDLE: usize = 397;

/// The generator's state and the place of the next word in it.
pub(super) struct Mersenne {
    words: [u32; WORDS],
    next: usize,
}

impl Mersenne {
    /// Python's `random.Random(seed)`.
    pub(super) fn new(seed: u64) -> Self {
        let key = [seed as u32, (seed >> 32) as u32];
        let key_words = if key[1] == 0 { 1 } else { 2 };
        let mut words = [0_u32; WORDS];
        words[0] = 19_650_218;
        for i in 1..WORDS {
            words[i] = spread(words[i - 1], 1_812_433_253).wrapping_add(i as u32);
        }
        // Mixes the key in, then once more without it, always skipping word 0.
        let mut i = 1;
        for step in 0..WORDS {
            let from_key = step % key_words;
            words[i] = (words[i] ^ spread(words[i - 1], 1_664_525))
                .wrapping_add(key[from_key])
                .wrapping_add(from_key as u32);
            i = following(i, &mut words);
        }
        for _ in 1..WORDS {
            words[i] = (words[i] ^ spread(words[i - 1], 1_566_083_941)).wrapping_sub(i as u32);
            i = following(i, &mut words);
        }
        words[0] = 1 << 31;
        Self { words, next: WORDS }
    }

    /// A uniform index below `n`, as `random.choices` draws it: 53 bits of a fraction, times `n`.
    pub(super) fn index_below(&mut self, n: usize) -> usize {
        let high = u64::from(self.word() >> 5);
        let low = u64::from(self.word() >> 6);
        let fraction = ((high << 26) | low) as f64 / (1_u64 << 53) as f64;
        (fraction * n as f64) as usize
    }

    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for i in 0..WORDS {
            let joined =
                (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.words[i] = self.words[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.next = 0;
    }
}

fn spread(word: u32, by: u32) -> u32 {
    (word ^ (word >> 30)).wrapping_mul(by)
}

/// The word after `i`; past the end the last word becomes the first and 1 follows.
fn following(i: usize, words: &mut [u32; WORDS]) -> usize {
    if i + 1 < WORDS {
        return i + 1;
    }
    words[0] = words[WORDS - 1];
    1
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
