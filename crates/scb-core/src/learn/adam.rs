//! Adam on V and on linear attention. It is the control for `softmax_adam`: the comparison shows
//! which differences from `sgd` are due to softmax and which are due to Adam. As for `sgd`, rows of
//! the attention need not sum to 1.

use ndarray::Array2;

use super::composed::Composed;
use super::parametrisation::LinearAttention;
use super::rule::Rule;
use super::{Algorithm, Constructor, ParameterValues, Prediction};
use crate::kernel::{ROW_MAJOR, level_in_use};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "adam",
    summary: "Adam on linear attention, the control for softmax_adam",
    parameters: &[],
    scale_free: true,
    bytes: Adam::bytes,
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromSamples(Composed::<LinearAttention, Adam>::learner),
};

/// Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv 1412.6980).
///
/// ```text
/// m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
/// x <- x - eta (m / (1 - b1^i)) / (sqrt(v / (1 - b2^i)) + e)        in step i = 1, 2, ..
/// ```
///
/// for each number on its own, with `b1 = 0.9`, `b2 = 0.999`, `e = 1e-8` as in the paper. A step
/// moves a number by about eta whatever the size of its gradient, so eta is not divided by the
/// constants of the task.
#[derive(Debug)]
pub(super) struct Adam {
    t: usize,
    /// `b1^i` and `b2^i`.
    powers: (f64, f64),
    /// First moments of the entries of dV, row by row, and their second moments.
    of_value: [Vec<f64>; 2],
    /// First moments of the parameters of the attention, row by row, and their second moments.
    of_rows: [Vec<f32>; 2],
}

const B1: f64 = 0.9;
const B2: f64 = 0.999;
const E: f64 = 1e-8;

impl Adam {
    /// Bytes that the moments of the attention's parameters take, for N states and length T.
    pub(super) fn bytes(n: f64, t: f64) -> f64 {
        8.0 * n * t
    }

    /// The factors `first = 1 / (1 - b1^i)` and `second = 1 / sqrt(1 - b2^i)`. With them the step
    /// is `eta first m / (sqrt(v) second + e)`.
    fn corrections(&self) -> (f64, f64) {
        (1.0 / (1.0 - self.powers.0), 1.0 / (1.0 - self.powers.1).sqrt())
    }
}

impl Rule for Adam {
    const RESTS: bool = false;

    fn new(n: usize, t: usize, _: &ParameterValues) -> Self {
        Self {
            t,
            powers: (1.0, 1.0),
            of_value: [(); 2].map(|()| vec![0.0; n * n]),
            of_rows: [(); 2].map(|()| vec![0.0; n * t]),
        }
    }

    fn begin(&mut self) {
        self.powers = (self.powers.0 * B1, self.powers.1 * B2);
    }

    fn step_value(&mut self, value: &mut Array2<f64>, gradient: &Array2<f64>, eta: f64) {
        let (first, second) = self.corrections();
        let (Some(v), Some(g)) = (value.as_slice_mut(), gradient.as_slice()) else { panic!("{ROW_MAJOR}") };
        let moments = self.of_value.each_mut().map(Vec::as_mut_slice);
        level_in_use().adam_of_value(v, g, moments, [1.0 - B1, 1.0 - B2], [eta * first, second, E]);
    }

    fn step_row(&mut self, k: usize, parameters: &mut [f32], gradient: &[f32], eta: f64) {
        let (first, second) = self.corrections();
        let moments = self.of_rows.each_mut().map(|moments| &mut moments[k * self.t..(k + 1) * self.t]);
        let rates = [(1.0 - B1) as f32, (1.0 - B2) as f32];
        level_in_use().adam(parameters, gradient, moments, rates, [(eta * first) as f32, second as f32, E as f32]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Gradient, Optimiser, StepSizes};
    use crate::model::Linear;
    use crate::random::{normal, stream};
    use crate::task::{Task, TaskSpec};

    /// In its first step Adam moves a number by eta against the sign of its gradient; here the
    /// numbers are the entries of the attention themselves.
    #[test]
    fn the_first_step_moves_every_entry_by_eta() {
        let task = Task::draw(&TaskSpec::new(3, 2, 20), &mut stream([1; 16])).unwrap();
        let start = Linear::uninformative(&task.known());
        let mut random = stream([2; 16]);
        let mut gradient = Gradient::zeros(3, 20);
        gradient.value.mapv_inplace(|_| normal(&mut random));
        gradient.attention.mapv_inplace(|_| normal(&mut random) as f32);
        let (mut model, sizes) = (start.clone(), StepSizes { value: 0.01, attention: 0.002, threshold: 0.0 });
        let mut adam = Composed::<LinearAttention, Adam>::at(&model, &ParameterValues::defaults());
        adam.step(&mut model, &mut gradient.clone(), &task.known(), &sizes);
        for ((new, old), g) in model.value.iter().zip(&start.value).zip(&gradient.value) {
            assert!((new - old + 0.01 * g.signum()).abs() < 1e-7);
        }
        for ((new, old), g) in model.attention.iter().zip(&start.attention).zip(&gradient.attention) {
            assert!((new - old + 0.002 * g.signum()).abs() < 1e-6);
        }
        assert!(!adam.keeps_unit_rows());
    }
}
