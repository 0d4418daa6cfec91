//! What a learner may know of its task before it has seen a sample.

use ndarray::Array1;

use super::Task;

/// What a learner is told: the size of the question and mu. P and the attention patterns are for it to find.
///
/// Learners are made from this, from their samples and from the model that they start from, never from a
/// [`Task`], so that none can look at the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// mu, length N, positive, summing to 1. Algorithm 1 asks for it; tokens alone would show it.
    pub mu: Array1<f64>,
    /// Number of states N.
    pub n: usize,
    /// Sequence length T.
    pub t: usize,
    /// Whether the weights of a pattern are all `1/Q`. It is part of the question, and decides how
    /// attention is rounded ([`crate::model`]).
    pub equal_weights: bool,
}

impl Task {
    /// What a learner may know of this task.
    #[must_use]
    pub fn known(&self) -> Known {
        Known { mu: self.stationary.clone(), n: self.n, t: self.t, equal_weights: self.equal_weights() }
    }
}
