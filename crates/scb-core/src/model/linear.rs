//! The one-layer linear transformer `f = V X a^(k)`.

use ndarray::Array2;

use crate::task::Known;

/// Value matrix and attention of the linear transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// V, shape `(N, N)`; column `m` is what one unit of attention on token `m` adds to the output.
    pub value: Array2<f64>,
    /// A transposed, shape `(N, T)`: row `k` is `a^(k)`, contiguous as the kernels want it.
    pub attention: Array2<f32>,
    /// Where weights are unequal: how far above `1/T` noise may reach that a cut has left, for each query token; 0 where none is. A cut takes the
    /// negative entries away by which noise shows otherwise. `None` where weights are equal (see `rounding.rs`).
    pub residual_noise: Option<Vec<f64>>,
}

impl Linear {
    /// The uninformative start `V = mu 1'`, `a^(k) = 1/T`.
    #[must_use]
    pub fn uninformative(known: &Known) -> Self {
        let mut value = Array2::zeros((known.n, known.n));
        for mut column in value.columns_mut() {
            column.assign(&known.mu);
        }
        let attention = Array2::from_elem((known.n, known.t), (1.0 / known.t as f64) as f32);
        Self { value, attention, residual_noise: (!known.equal_weights).then(|| vec![0.0; known.n]) }
    }

    /// [`residual_noise`](Self::residual_noise) of query token `k`.
    #[must_use]
    pub fn residual_noise_of(&self, k: usize) -> Option<f64> {
        self.residual_noise.as_ref().map(|noise| noise[k])
    }
}
