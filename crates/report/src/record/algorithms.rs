//! What this crate knows of single algorithms. It is the only file that asks `scb_core` of them.

use scb_core::learn::{ALGORITHMS, Algorithm, PARAMETERS, ParameterValues, algorithm, name};

/// Algorithm 1 of the paper: on linear attention, with soft thresholding. The dynamics without
/// noise are its limit.
pub const ALGORITHM_1: &str = name::prox;

/// Plain stochastic gradient descent on linear attention.
pub const LINEAR_SGD: &str = name::sgd;

/// Stochastic gradient descent on softmax attention.
pub const SOFTMAX_SGD: &str = name::softmax;

/// Adam on softmax attention.
pub const SOFTMAX_ADAM: &str = name::softmax_adam;
/// Adam on linear attention.
pub const LINEAR_ADAM: &str = name::adam;

/// The estimator without gradients.
pub const MOMENT_ESTIMATOR: &str = name::moment;

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

/// How far negative entries of the attention must dominate before Algorithm 1 flips the signs of
/// both factors; 0: never.
pub(crate) const FLIP: &str = scb_core::learn::FLIP.name;

/// Whether a run with these values of its parameters is asked to flip signs.
pub(super) fn asks_for_flips(values: &ParameterValues) -> bool {
    values.unless_off(&scb_core::learn::FLIP).is_some()
}

/// The ends of what a tuned parameter of one algorithm can be, with its key: a tuning grid can go
/// no further.
pub(crate) fn natural_ends() -> impl Iterator<Item = (&'static str, f64)> {
    PARAMETERS.into_iter().filter(|parameter| parameter.tuned).flat_map(|parameter| {
        let range = parameter.range;
        let smallest = (!range.open).then_some((parameter.name, range.min));
        smallest.into_iter().chain([(parameter.name, range.max)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_here_are_those_of_algorithms() {
        for name in [ALGORITHM_1, LINEAR_SGD, LINEAR_ADAM, SOFTMAX_SGD, SOFTMAX_ADAM, MOMENT_ESTIMATOR] {
            assert!(algorithm(name).is_some() && draws_samples(name), "{name}");
        }
        assert!(!noiseless().is_empty() && !draws_samples(noiseless()) && draws_samples("none of this name"));
        assert_eq!(ALGORITHMS.iter().filter(|algorithm| !algorithm.draws_samples()).count(), 1);
    }

    #[test]
    fn a_tuning_grid_of_cut_can_end_at_nothing_and_at_everything() {
        let ends: Vec<f64> = natural_ends().filter(|(key, _)| *key == "cut").map(|(_, end)| end).collect();
        assert_eq!(ends, [0.0, 1.0]);
        assert!(natural_ends().all(|(key, _)| key != FLIP), "it is not tuned");
    }
}
