//! The cost of a run, computed in advance: tokens and memory.

use crate::learn::Algorithm;

/// Number of tokens simulated if the whole budget is spent, the unit of cost. A step also touches
/// the `N T` entries of the attention, which counts like the tokens of N/4 samples. A step of an
/// algorithm that draws no samples takes as long as some hundred tokens, whatever T is.
#[must_use]
pub fn tokens(algorithm: &Algorithm, n: f64, t: f64, batch_size: f64, max_samples: f64) -> f64 {
    let steps = (max_samples / batch_size).floor().max(1.0);
    if algorithm.draws_samples() { steps * t * (batch_size + n / 4.0) } else { steps * FORMULA_STEP }
}

/// What a step of a formula takes, in tokens.
const FORMULA_STEP: f64 = 200.0;

/// Memory of a run, in bytes, approximately: the true patterns, and, for an algorithm that draws
/// samples, its attention, the attention as integers, its gradient, a chunk of tokens, and what it
/// needs in addition.
#[must_use]
pub fn bytes(algorithm: &Algorithm, n: f64, q: f64, t: f64) -> f64 {
    let of_samples = if algorithm.draws_samples() { 12.0 * n * t + 16.0 * t } else { 0.0 };
    32.0 * n * q + of_samples + (algorithm.bytes)(n, t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::algorithm;

    #[test]
    fn costs_have_their_closed_forms() {
        let [prox, population, moment] = ["prox", "population", "moment"].map(|name| algorithm(name).unwrap());
        // 100 steps of 64 samples of 1000 tokens, and the attention of 4 states.
        assert_eq!(tokens(prox, 4.0, 1000.0, 64.0, 6400.0), 100.0 * 1000.0 * 65.0);
        assert_eq!(tokens(population, 4.0, 1000.0, 64.0, 6463.0), 100.0 * 200.0);
        assert_eq!(tokens(prox, 4.0, 10.0, 64.0, 1.0), 650.0, "one step at least");
        assert_eq!(bytes(prox, 3.0, 2.0, 100.0), 3.0 * 1264.0 + 1600.0);
        assert_eq!(bytes(population, 3.0, 2.0, 1e9), 192.0);
        // For each query token and output, counters of two tokens and 30 lines of half a byte.
        let of_moment = bytes(moment, 3.0, 2.0, 100.0) - bytes(prox, 3.0, 2.0, 100.0);
        assert_eq!(of_moment, 9.0 * 100.0 * (4.0 * 2.0 + 30.0 * 0.5));
    }
}
