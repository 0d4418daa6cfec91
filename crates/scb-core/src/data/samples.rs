//! Samples as arrays, for those who look at data or bring it elsewhere.

use ndarray::{Array1, Array2};
use rand::seq::SliceRandom;

use super::Batches;
use crate::model::Linear;
use crate::random::{Stream, child};
use crate::{Task, TrainError};

/// Independent samples of a task, in random order. States and query tokens count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples {
    /// `x_1 .. x_T` of each sample, shape `(B, T)`.
    pub tokens: Array2<u8>,
    /// Query tokens `k = x_{T+1}`, shape `(B,)`.
    pub queries: Array1<u8>,
    /// Outputs `x_o`, shape `(B,)`.
    pub outputs: Array1<u8>,
}

impl Samples {
    /// The first batch of `batch_size` samples that [`Batches`] draws with `stream`, put into random
    /// order: [`Batches`] sorts it by query tokens. O(B T) time, B (T + 2) bytes.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `batch_size` is 0.
    pub fn draw(task: &Task, batch_size: usize, stream: Stream) -> Result<Self, TrainError> {
        let mut for_order = child(&mut stream.clone());
        let mut batches = Batches::new(task, batch_size, stream)?;
        let mut order: Vec<usize> = (0..batch_size).collect();
        order.shuffle(&mut for_order);
        let mut samples = Self {
            tokens: Array2::zeros((batch_size, task.t)),
            queries: Array1::zeros(batch_size),
            outputs: Array1::zeros(batch_size),
        };
        let mut places = order.into_iter();
        batches.for_each_unweighed(|chunk| {
            // There are as many places as samples.
            for ((place, query), row) in chunk.samples().zip(&mut places) {
                samples.queries[row] = query as u8;
                samples.outputs[row] = chunk.output(place) as u8;
                let tokens = samples.tokens.row_mut(row).into_iter().enumerate();
                tokens.for_each(|(position, token)| *token = chunk.token(place, position) as u8);
            }
        });
        Ok(samples)
    }

    /// The mean over the samples of the loss `1/2 |e_{x_o} - V X a^(k)|^2` of a model. O(B T N).
    ///
    /// # Panics
    /// If the model has another N or T.
    #[must_use]
    pub fn loss(&self, model: &Linear) -> f64 {
        let of_sample = |i: usize| {
            let tokens: Vec<usize> = self.tokens.row(i).iter().map(|&token| token.into()).collect();
            let mut residual = model.output(&tokens, self.queries[i].into());
            residual[usize::from(self.outputs[i])] -= 1.0;
            0.5 * residual.dot(&residual)
        };
        (0..self.queries.len()).map(of_sample).sum::<f64>() / self.queries.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::learn::mean_gradient;
    use crate::random::stream;
    use crate::{Chain, TaskSpec};

    /// What is drawn is the batch of which the gradient is taken: the gradient of its loss, by finite
    /// differences, is that.
    #[test]
    fn the_samples_are_those_of_the_first_batch() {
        for (n, t, batch) in [(3, 20, 50), (20, 9, 33), (2, 300, 2000)] {
            let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
            let task = Task::draw(&TaskSpec { chain, ..TaskSpec::new(n, 2, t) }, &mut stream([3; 16])).unwrap();
            let samples = Samples::draw(&task, batch, stream([4; 16])).unwrap();
            let mut model = Linear::uninformative(&task.known());
            model.attention[[1, 2]] += 0.25;
            model.value[[0, 1]] += 0.125;
            let gradient = mean_gradient(&mut Batches::new(&task, batch, stream([4; 16])).unwrap(), &model);
            let by_differences = |change: &dyn Fn(&mut Linear, f64)| {
                let at = |step: f64| {
                    let mut moved = model.clone();
                    change(&mut moved, step);
                    samples.loss(&moved)
                };
                (at(0.0625) - at(-0.0625)) / 0.125
            };
            // The loss is quadratic in each factor, so that central differences have no error of
            // their own.
            for (i, j) in [(0, 0), (1, 0), (0, n - 1)] {
                let expected = by_differences(&|model, step| model.value[[i, j]] += step);
                assert!((gradient.value[[i, j]] - expected).abs() < 1e-6, "dV[{i}, {j}]");
            }
            for (k, position) in [(0, 0), (1, 2), (n - 1, t - 1)] {
                let expected = by_differences(&|model, step| model.attention[[k, position]] += step as f32);
                assert!((f64::from(gradient.attention[[k, position]]) - expected).abs() < 1e-5, "da^({k})");
            }
        }
    }

    #[test]
    fn samples_come_in_no_order_and_none_is_missing() {
        let task = Task::draw(&TaskSpec::new(4, 1, 30), &mut stream([5; 16])).unwrap();
        let samples = Samples::draw(&task, 4000, stream([6; 16])).unwrap();
        assert_eq!(samples, Samples::draw(&task, 4000, stream([6; 16])).unwrap());
        let mut counts = Array2::<f64>::zeros((2, 4));
        for (i, &k) in samples.queries.iter().enumerate() {
            counts[[i / 2000, usize::from(k)]] += 1.0;
        }
        // Each half has its share of every query token, within five standard deviations.
        for half in counts.rows() {
            for (count, mu) in half.iter().zip(task.stationary()) {
                assert!((count - 2000.0 * mu).abs() < 5.0 * (2000.0 * mu).sqrt(), "{counts}");
            }
        }
    }
}
