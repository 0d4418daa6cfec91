//! Draws from a distribution over a few states, exact to 64 bits.

/// Up to this many bounds are compared one by one; more are searched by bisection.
const MAX_COUNTED: usize = 16;

/// A distribution over `0..n`, drawn by inversion, exact to 64 bits.
///
/// A uniform 64-bit word `u` gives state `j` if `bounds[j-1] <= u < bounds[j]`. Probabilities are
/// rounded to multiples of `2^-64`, and the last state that can occur gets the remainder.
#[derive(Debug, Clone)]
pub struct Categorical {
    /// Upper bounds of all states but the last possible one, ascending.
    bounds: Vec<u64>,
}

impl Categorical {
    /// From probabilities that are at least 0 and sum to 1 up to rounding errors; at least one
    /// state.
    #[must_use]
    pub fn new(probabilities: &[f64]) -> Self {
        let last = probabilities.iter().rposition(|&p| p > 0.0).unwrap_or(0);
        let mut cumulative = 0u128;
        let bounds = probabilities[..last]
            .iter()
            .map(|&p| {
                // Exact: a double in [0, 1] times 2^64 is an integer below 2^65 plus a fraction.
                cumulative += (p * 18_446_744_073_709_551_616.0) as u128;
                u64::try_from(cumulative).unwrap_or(u64::MAX)
            })
            .collect();
        Self { bounds }
    }

    /// Upper bounds of all states but the last possible one, ascending.
    #[must_use]
    pub fn bounds(&self) -> &[u64] {
        &self.bounds
    }

    /// The state for the uniform 64-bit word `u`.
    #[must_use]
    pub fn locate(&self, u: u64) -> usize {
        let beyond = |bound: u64| usize::from(bound <= u);
        match *self.bounds {
            // The paper's sizes, N = 3 and Q = 2, without a loop.
            [a] => beyond(a),
            [a, b] => beyond(a) + beyond(b),
            ref few if few.len() <= MAX_COUNTED => few.iter().map(|&bound| beyond(bound)).sum(),
            ref many => many.partition_point(|&bound| bound <= u),
        }
    }

    /// Counts the words of `u` for each state, into `counts` of length N.
    ///
    /// # Panics
    /// If `counts` is shorter.
    pub fn count(&self, u: &[u64], counts: &mut [usize]) {
        counts.fill(0);
        if self.bounds.len() <= MAX_COUNTED {
            // Bound by bound. Word by word, each addition would have to wait for the one before it.
            counts[0] = u.len();
            for (j, &bound) in self.bounds.iter().enumerate() {
                let beyond = u.iter().map(|&u| usize::from(bound <= u)).sum();
                counts[j] -= beyond;
                counts[j + 1] = beyond;
            }
        } else {
            u.iter().for_each(|&u| counts[self.locate(u)] += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_get_exactly_their_share_of_the_64_bit_words() {
        let c = Categorical::new(&[0.25, 0.5, 0.0, 0.25, 0.0]);
        assert_eq!(c.bounds(), [1 << 62, 3 << 62, 3 << 62]);
        for (u, state) in [(0, 0), ((1 << 62) - 1, 0), (1 << 62, 1), ((3 << 62) - 1, 1), (3 << 62, 3), (u64::MAX, 3)] {
            assert_eq!(c.locate(u), state, "{u:x}");
        }
    }

    /// All ways to locate and to count, with words at the bounds and states that cannot occur.
    #[test]
    fn a_word_has_passed_the_bounds_that_are_at_most_it() {
        let equal = [1, 2, 3, 4, 16, 17, 18, 40].map(|n| vec![1.0 / n as f64; n]);
        let with_zeros = [vec![0.25, 0.5, 0.0, 0.25, 0.0], vec![0.0, 1.0], vec![1.0, 0.0], vec![0.0, 0.5, 0.5]];
        for p in equal.into_iter().chain(with_zeros) {
            let c = Categorical::new(&p);
            let mut words: Vec<u64> = (0..100).map(|i| i * (u64::MAX / 99)).collect();
            words.extend(c.bounds().iter().flat_map(|&bound| [bound.saturating_sub(1), bound]));
            let slow = |u: u64| c.bounds().iter().filter(|&&bound| bound <= u).count();
            assert!(words.iter().all(|&u| c.locate(u) == slow(u)), "{p:?}");
            for words in [&words[..], &words[..1], &[]] {
                let mut expected = vec![0; p.len()];
                words.iter().for_each(|&u| expected[slow(u)] += 1);
                let mut counts = vec![7; p.len()];
                c.count(words, &mut counts);
                assert_eq!(counts, expected, "{p:?}");
            }
        }
    }
}
