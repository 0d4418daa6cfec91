//! What this crate knows of single algorithms. It is the only file that asks `scb_core` of them.

use scb_core::learn::{ALGORITHMS, Algorithm, algorithm};

/// Algorithm 1 of the paper: on linear attention, with soft thresholding. The dynamics without
/// noise are its limit.
pub const ALGORITHM_1: &str = "prox";

/// Plain stochastic gradient descent on linear attention.
pub const LINEAR_SGD: &str = "sgd";

/// Stochastic gradient descent on softmax attention.
pub const SOFTMAX_SGD: &str = "softmax";

/// Adam on softmax attention.
pub const SOFTMAX_ADAM: &str = "softmax_adam";

/// The estimator without gradients.
pub const MOMENT_ESTIMATOR: &str = "moment";

/// Whether the algorithm of this name draws samples; one that is not known does. One that does not
/// has no noise: its numbers are steps times batch size, and it is a reference for the others.
#[must_use]
pub fn draws_samples(name: &str) -> bool {
    algorithm(name).is_none_or(Algorithm::draws_samples)
}

/// The name of the algorithm that draws no samples; empty if there is none.
pub(crate) fn noiseless() -> &'static str {
    ALGORITHMS.iter().find(|algorithm| !algorithm.draws_samples()).map_or("", |algorithm| algorithm.name)
}

/// A parameter that belongs to one algorithm alone. Records keep its value by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OwnParameter {
    /// Its key in a grid.
    pub(crate) name: &'static str,
    /// The value beyond which there is none, if a tuning grid can end there.
    pub(crate) natural_end: Option<f64>,
}

/// How far negative entries of the attention must dominate before Algorithm 1 turns both factors
/// over; 0: never.
pub(crate) const FLIP: &str = "flip";

/// Own parameters of algorithms.
pub(crate) const OWN_PARAMETERS: [OwnParameter; 3] = [
    OwnParameter { name: "cut", natural_end: Some(0.0) },
    OwnParameter { name: "keep", natural_end: Some(1.0) },
    OwnParameter { name: FLIP, natural_end: None },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_here_are_those_of_algorithms() {
        for name in [ALGORITHM_1, LINEAR_SGD, SOFTMAX_SGD, SOFTMAX_ADAM, MOMENT_ESTIMATOR] {
            assert!(algorithm(name).is_some() && draws_samples(name), "{name}");
        }
        assert!(!noiseless().is_empty() && !draws_samples(noiseless()) && draws_samples("none of this name"));
        assert_eq!(ALGORITHMS.iter().filter(|algorithm| !algorithm.draws_samples()).count(), 1);
    }
}
