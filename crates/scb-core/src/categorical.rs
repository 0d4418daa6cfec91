//! Draws from a distribution over a few states, exact to 64 bits.

/// A distribution over `0..n`, drawn by inversion, exact to 64 bits.
///
/// A uniform 64-bit word `u` gives state `j` when `bounds[j-1] <= u < bounds[j]`: probabilities are
/// rounded to multiples of `2^-64`, and what rounding leaves goes to the last state that can occur.
#[derive(Debug, Clone)]
pub struct Categorical {
    /// Upper bounds of all states but the last possible one, ascending.
    bounds: Vec<u64>,
}

impl Categorical {
    /// From probabilities that are at least 0 and sum to 1 within rounding; at least one state.
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

    /// Upper bounds of all states but the last, ascending.
    #[must_use]
    pub fn bounds(&self) -> &[u64] {
        &self.bounds
    }

    /// The state that the uniform word `u` stands for.
    #[must_use]
    pub fn locate(&self, u: u64) -> usize {
        if self.bounds.len() <= 16 {
            self.bounds.iter().filter(|&&bound| bound <= u).count()
        } else {
            self.bounds.partition_point(|&bound| bound <= u)
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
        // The linear and the binary search agree.
        let long = Categorical::new(&[1.0 / 40.0; 40]);
        for u in (0..1000).map(|i| i * (u64::MAX / 999)) {
            assert_eq!(long.locate(u), long.bounds().iter().filter(|&&b| b <= u).count());
        }
    }
}
