//! The transition matrix P: given, or drawn.

use ndarray::{Array1, Array2};
use rand::seq::SliceRandom;

use crate::TaskError;
use crate::random::{Stream, dirichlet};

/// How the transition matrix P is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Chain {
    /// `P = persistence * permutation + (1 - persistence) * D`, the permutation uniformly random
    /// and the columns of D independent symmetric Dirichlet draws.
    Mixture {
        /// Weight of the permutation, in `[0, 1]`. 1 gives the permutation alone, which is
        /// irreducible only if it is one cycle.
        persistence: f64,
        /// Dirichlet concentration, positive; 1 is uniform on the simplex.
        concentration: f64,
    },
    /// The matrix itself, shape `(N, N)`, columns summing to 1.
    Given(Array2<f64>),
}

/// Draws P for `n` states.
pub(super) fn draw_transition(chain: &Chain, n: usize, stream: &mut Stream) -> Result<Array2<f64>, TaskError> {
    match chain {
        Chain::Given(matrix) => {
            let (rows, columns) = matrix.dim();
            if rows != n || columns != n {
                return Err(TaskError::Shape { rows, columns, n });
            }
            Ok(matrix.clone())
        }
        &Chain::Mixture { persistence, concentration } => {
            if !(0.0..=1.0).contains(&persistence) {
                return Err(TaskError::Parameter { name: "persistence", value: persistence, range: "0 to 1" });
            }
            positive("concentration", concentration)?;
            let mut image: Vec<usize> = (0..n).collect();
            image.shuffle(stream);
            let mut transition = Array2::zeros((n, n));
            for (mut column, &next) in transition.columns_mut().into_iter().zip(&image) {
                let spread = dirichlet(stream, concentration, n);
                column.assign(&(Array1::from(spread) * (1.0 - persistence)));
                column[next] += persistence;
            }
            Ok(transition)
        }
    }
}

/// Checks that every column is a probability distribution.
pub(super) fn check_stochastic(transition: &Array2<f64>) -> Result<(), TaskError> {
    for (i, column) in transition.columns().into_iter().enumerate() {
        let sum: f64 = column.iter().sum();
        if column.iter().any(|&p| p.is_nan() || p < 0.0) || (sum - 1.0).abs() > 1e-9 {
            return Err(TaskError::NotStochastic { column: i + 1, sum });
        }
    }
    Ok(())
}

/// Checks that a parameter of a distribution is positive and finite.
pub(super) fn positive(name: &'static str, value: f64) -> Result<f64, TaskError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(TaskError::Parameter { name, value, range: "positive and finite" })
    }
}
