//! The one-layer linear transformer `f = V X a^(k)`.

use ndarray::{Array1, Array2};

use crate::task::Known;

/// Value matrix and attention of the linear transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// V, shape `(N, N)`. Column m is the contribution of token m, per unit of attention, to the
    /// output.
    pub value: Array2<f64>,
    /// A transposed, shape `(N, T)`: row k is `a^(k)`. It must be in row-major (standard) layout.
    pub attention: Array2<f32>,
    /// For tasks with unequal weights: for each query token, how far above `1/T` noise may reach in
    /// entries that survived a cut; 0 before a cut. `None` for equal weights. See [`crate::model`].
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

    /// The output `f = V X a^(k)` for the tokens `x_1 .. x_T`, each in `0..N`, and query token k.
    ///
    /// # Panics
    /// If a token or `query` is not below N, or there are more than T tokens.
    #[must_use]
    pub fn output(&self, tokens: &[usize], query: usize) -> Array1<f64> {
        let mut output = Array1::zeros(self.value.nrows());
        for (position, &token) in tokens.iter().enumerate() {
            output.scaled_add(f64::from(self.attention[[query, position]]), &self.value.column(token));
        }
        output
    }

    /// [`residual_noise`](Self::residual_noise) of query token k.
    ///
    /// # Panics
    /// If k is not below N and the weights are unequal.
    #[must_use]
    pub fn residual_noise_of(&self, k: usize) -> Option<f64> {
        self.residual_noise.as_ref().map(|noise| noise[k])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn an_output_is_the_product_of_its_definition() {
        let (value, attention) = (array![[0.5, 0.1], [0.5, 0.9]], array![[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]]);
        let model = Linear { value: value.clone(), attention: attention.clone(), residual_noise: None };
        let x = array![[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
        for query in 0..2 {
            let a: Array2<f64> = attention.mapv(f64::from);
            assert_eq!(model.output(&[0, 1, 0], query), value.dot(&x.dot(&a.row(query))));
        }
    }
}
