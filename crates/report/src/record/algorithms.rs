//! What this crate knows of single algorithms.

/// The algorithm that has no noise: infinitely many samples in each step.
pub const POPULATION: &str = "population";

/// Algorithm 1, of which the population is the limit.
pub const PROX: &str = "prox";
