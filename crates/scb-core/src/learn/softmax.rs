//! Softmax attention, trained by vanilla stochastic gradient descent.
//!
//! `V <- V - eta_V dV`, `s^(k) <- s^(k) - eta_A ds^(k)` with the batch mean of the raw gradients; `a^(k) = softmax(s^(k))` is what the model
//! attends with, so everything that is said of the attention of the linear model is said of it too. Near the uniform start a
//! logit moves the attention by 1/T of itself and feels 1/T of its gradient: the same rate of growth takes an `eta_A` that is `T^2` times
//! larger (`attention_step`).

use ndarray::Array2;

use super::{Algorithm, Optimiser, Sampled, StepSizes};
use crate::kernel;
use crate::learn::gradient::Gradient;
use crate::model::softmax::{attend, logits_of, to_logits};
use crate::model::{Linear, row, row_mut};
use crate::task::Task;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "softmax",
    summary: "softmax attention, by vanilla stochastic gradient descent",
    draws_samples: true,
    scale_free: false,
    bytes: |n, t| 4.0 * n * t,
    learner: |setup| {
        let model = setup.model();
        Box::new(Sampled::new(setup, Softmax { logits: logits_of(&model.attention) }))
    },
};

/// Gradient descent on logits.
#[derive(Debug)]
struct Softmax {
    /// s transposed, shape `(N, T)`.
    logits: Array2<f32>,
}

impl Optimiser for Softmax {
    fn keeps_unit_rows(&self) -> bool {
        true
    }

    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, task: &Task, sizes: &StepSizes) {
        model.value.scaled_add(-sizes.value, &gradient.value);
        for k in 0..task.n {
            let g = row_mut(&mut gradient.attention, k);
            to_logits(row(&model.attention, k), g);
            kernel::descend(row_mut(&mut self.logits, k), g, sizes.attention as f32, 0.0, 0.0);
        }
        attend(&self.logits, &mut model.attention);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::population::{expected_gradient, expected_loss};

    #[test]
    fn small_steps_on_the_expected_gradient_lower_the_expected_loss() {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 20, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = Linear::planted(&task, 0.3, 0.1);
        let mut softmax = Softmax { logits: logits_of(&model.attention) };
        let sizes = StepSizes { value: 0.1, attention: 4.0, threshold: 0.0 };
        let (start, mut loss) = (expected_loss(&task, &model), expected_loss(&task, &model));
        for _ in 0..2000 {
            let exact = expected_gradient(&task, &model);
            let attention = exact.attention.mapv(|g| g as f32);
            softmax.step(&mut model, &mut Gradient { value: exact.value, attention }, &task, &sizes);
            let next = expected_loss(&task, &model);
            assert!(next < loss + 1e-6, "{next} {loss}");
            loss = next;
        }
        let truth = expected_loss(&task, &Linear::planted(&task, 1.0, 1.0));
        assert!(loss - truth < 0.1 * (start - truth), "{start} {loss} {truth}");
    }
}
