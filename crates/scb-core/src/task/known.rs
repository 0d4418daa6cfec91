//! What a learner may know of its task before it has seen a sample.

use ndarray::Array1;

use super::Task;

/// What a learner may know of a task: N, T, mu and whether weights are equal. It must learn P and
/// the patterns.
///
/// Learners are made from this and from samples, never from a [`Task`], so they cannot use the
/// truth. The exception is an algorithm that follows a formula
/// ([`Constructor::FromTask`](crate::learn::Constructor::FromTask)).
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// mu, length N, positive, summing to 1. Algorithm 1 needs it; it could be estimated from the
    /// tokens.
    pub mu: Array1<f64>,
    /// Number of states N.
    pub n: usize,
    /// Sequence length T.
    pub t: usize,
    /// Whether the weights of a pattern are all `1/Q`. It decides how attention is rounded; see
    /// [`crate::model`].
    pub equal_weights: bool,
}

impl Task {
    /// What a learner may know of this task.
    #[must_use]
    pub fn known(&self) -> Known {
        Known { mu: self.stationary.clone(), n: self.n, t: self.t, equal_weights: self.equal_weights() }
    }
}
