//! Attention patterns: the positions that a query token attends to, and their weights.

use rand::seq::index;

use super::chain::positive;
use crate::TaskError;
use crate::random::{Stream, dirichlet};

/// How the Q weights of each attention pattern are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights {
    /// `1/Q` each.
    Equal,
    /// A symmetric Dirichlet draw with this concentration, positive.
    Dirichlet(f64),
}

/// The true attention `q^(k)` of one query token: its non-zero entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The Q positions, ascending, each in `0..T`.
    pub positions: Vec<usize>,
    /// Their weights, positive, summing to 1.
    pub weights: Vec<f64>,
}

impl Pattern {
    /// Equal weights on `positions`, which must be in ascending order.
    /// [`Task::new`](super::Task::new) checks that; this function does not.
    #[must_use]
    pub fn equal(positions: Vec<usize>) -> Self {
        let weights = vec![1.0 / positions.len() as f64; positions.len()];
        Self { positions, weights }
    }
}

/// Draws a pattern of `q` of `t` positions for each of `n` query tokens.
pub(super) fn draw_patterns(
    weights: Weights,
    [n, q, t]: [usize; 3],
    stream: &mut Stream,
) -> Result<Vec<Pattern>, TaskError> {
    if let Weights::Dirichlet(concentration) = weights {
        positive("concentration of the attention weights", concentration)?;
    }
    let pattern = |_| {
        let mut positions = index::sample(stream, t, q).into_vec();
        positions.sort_unstable();
        let weights = match weights {
            Weights::Equal => vec![1.0 / q as f64; q],
            Weights::Dirichlet(concentration) => dirichlet(stream, concentration, q),
        };
        Pattern { positions, weights }
    };
    Ok((0..n).map(pattern).collect())
}

/// Checks that there are `n` patterns of `q` positions below `t`, with weights that are positive
/// and sum to 1.
pub(super) fn check_patterns(n: usize, q: usize, t: usize, patterns: &[Pattern]) -> Result<(), TaskError> {
    if patterns.len() != n {
        return Err(TaskError::Pattern { query: patterns.len().min(n) + 1 });
    }
    for (k, pattern) in patterns.iter().enumerate() {
        let ascending = pattern.positions.windows(2).all(|pair| pair[0] < pair[1]);
        let within = pattern.positions.last().is_some_and(|&last| last < t);
        if !(ascending && within) || (pattern.positions.len(), pattern.weights.len()) != (q, q) {
            return Err(TaskError::Pattern { query: k + 1 });
        }
        let sum: f64 = pattern.weights.iter().sum();
        let positive = |w: &f64| *w > 0.0;
        if let Some(weight) = pattern.weights.iter().copied().find(|w| !positive(w)) {
            return Err(TaskError::Weight { query: k + 1, weight });
        }
        if (sum - 1.0).abs() > 1e-9 {
            return Err(TaskError::WeightSum { query: k + 1, sum });
        }
    }
    Ok(())
}
