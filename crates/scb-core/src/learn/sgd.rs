//! Stochastic gradient descent, the baseline.
//!
//! `V <- V - eta_V dV`, `a^(k) <- a^(k) - eta_A da^(k)` with the mean gradient of a batch: there is
//! no preconditioning, no projection and no threshold. Rare query tokens move slowly, and V and A
//! leave the sets where their columns sum to 1.

use ndarray::Array2;

use super::algorithm::no_bytes;
use super::composed::Composed;
use super::parametrisation::LinearAttention;
use super::rule::Rule;
use super::{Algorithm, Constructor, ParameterValues, Prediction};
use crate::kernel;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "sgd",
    summary: "vanilla stochastic gradient descent, the baseline",
    parameters: &[],
    scale_free: false,
    bytes: no_bytes,
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromSamples(Composed::<LinearAttention, Descent>::learner),
};

/// Gradient descent, `x <- x - eta g`. It has no state.
#[derive(Debug)]
pub(super) struct Descent;

impl Rule for Descent {
    const RESTS: bool = true;

    fn new(_: usize, _: usize, _: &ParameterValues) -> Self {
        Self
    }

    fn begin(&mut self) {}

    fn step_value(&mut self, value: &mut Array2<f64>, gradient: &Array2<f64>, eta: f64) {
        value.scaled_add(-eta, gradient);
    }

    fn step_row(&mut self, _: usize, parameters: &mut [f32], gradient: &[f32], eta: f64) {
        kernel::descend(parameters, gradient, eta as f32, 0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batches;
    use crate::learn::Gradient;
    use crate::learn::{Alignment, Learner, Optimiser, Sampled, Setup, StepSizes};
    use crate::measure::Truth;
    use crate::random::stream;
    use crate::task::Task;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::planted;
    use crate::theory::population::{expected_gradient, expected_loss};

    /// Its attention rows do not keep a sum of 1. So stages must end on the correlation as it is
    /// measured, not on the one for rows that sum to 1.
    type Sgd = Composed<LinearAttention, Descent>;

    #[test]
    fn the_correlation_that_stages_end_on_is_the_one_that_is_measured() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 20, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let (known, start) = (task.known(), planted(&task, 0.0, 0.4));
        let batches = Batches::new(&task, 8, stream([2; 16])).unwrap();
        let setup = Setup { known, batches, start, keep: 0.5, parameters: ParameterValues::defaults() };
        let optimiser = Sgd::at(&setup.start, &setup.parameters);
        let mut sgd = Sampled::new(setup, optimiser);
        sgd.model.attention += 0.01;
        let truth = Truth::new(&task);
        assert_eq!(sgd.alignment(), Alignment::OfAnyRows);
        assert!((truth.alpha_a(&sgd.model.attention) - 0.4).abs() < 1e-5, "a constant is orthogonal to Qc");
        assert!((truth.alpha_a_of_unit_rows(&sgd.model.attention) - 0.4).abs() > 1e-3, "and would be seen");
    }

    #[test]
    fn small_steps_on_the_expected_gradient_lower_the_expected_loss() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 20, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = planted(&task, 0.3, 0.3);
        let sizes = StepSizes { value: 0.05, attention: 0.05, threshold: 0.0 };
        let mut loss = expected_loss(&task, &model);
        for _ in 0..200 {
            let exact = expected_gradient(&task, &model);
            let attention = exact.attention.mapv(|g| g as f32);
            Sgd::at(&model, &ParameterValues::defaults()).step(
                &mut model,
                &mut Gradient::new(exact.value, attention),
                &task.known(),
                &sizes,
            );
            let next = expected_loss(&task, &model);
            assert!(next < loss + 1e-9);
            loss = next;
        }
    }
}
