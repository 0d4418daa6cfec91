//! The random words behind tokens: eight interleaved xoshiro256++ generators.
//!
//! A [`Stream`] (PCG) takes 1 ns for 64 bits, which are four tokens. That is more than all other
//! work on these tokens takes. Eight xoshiro256++ generators (Blackman and Vigna, ACM TOMS 47,
//! 2021) side by side take one instruction per operation. They are seeded from the run's stream,
//! with 256 bits each. `examples/random_words.rs` prints their words. All tests of dieharder found
//! no fault in 259 GB of them.

use rand::Rng;

use super::layout::ROUND;
use crate::random::Stream;

/// Number of generators side by side.
pub(crate) const GENERATORS: usize = 8;

/// Eight generators, advanced together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Bits {
    pub(super) state: [[u64; GENERATORS]; 4],
}

impl Bits {
    /// Generators started from 32 words of `stream`.
    pub fn new(stream: &mut Stream) -> Self {
        let mut state = [[0; GENERATORS]; 4];
        for word in state.as_flattened_mut() {
            *word = stream.next_u64();
        }
        // A generator whose state is 0 would stay at 0. So a first word of 0 becomes 1, which
        // changes the distribution of seeds too little to be noticed.
        state[0].iter_mut().for_each(|word| *word |= u64::from(*word == 0));
        Self { state }
    }

    /// The next word of each generator.
    #[inline(always)]
    pub fn advance(&mut self) -> [u64; GENERATORS] {
        let [s0, s1, s2, s3] = &mut self.state;
        let mut out = [0; GENERATORS];
        for i in 0..GENERATORS {
            out[i] = s0[i].wrapping_add(s3[i]).rotate_left(23).wrapping_add(s0[i]);
            let shifted = s1[i] << 17;
            s2[i] ^= s0[i];
            s3[i] ^= s1[i];
            s1[i] ^= s2[i];
            s0[i] ^= s3[i];
            s2[i] ^= shifted;
            s3[i] = s3[i].rotate_left(45);
        }
        out
    }

    /// The next round: word `w` holds bits `16 (w mod 4) ..` of generator `w / 4`.
    #[inline(always)]
    pub(super) fn round(&mut self) -> [u16; ROUND] {
        let mut out = [0; ROUND];
        for (out, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(self.advance()) {
            *out = [word as u16, (word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16];
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::random::stream;

    #[test]
    fn each_generator_is_the_published_xoshiro256_plus_plus() {
        let mut bits = Bits::new(&mut stream([1; 16]));
        let mut published: Vec<_> = (0..GENERATORS)
            .map(|i| {
                let words = bits.state.map(|lane| lane[i].to_le_bytes());
                Xoshiro256PlusPlus::from_seed(words.concat().try_into().unwrap())
            })
            .collect();
        for _ in 0..1000 {
            let words = bits.advance();
            assert!(words.iter().zip(&mut published).all(|(&word, other)| word == other.next_u64()));
        }
    }
}
