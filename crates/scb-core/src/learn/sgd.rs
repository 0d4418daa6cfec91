//! Vanilla stochastic gradient descent, the baseline.
//!
//! `V <- V - eta_V dV`, `a^(k) <- a^(k) - eta_A da^(k)` with the batch mean of the raw gradients: no
//! precondition, no projection, no threshold. Query tokens that are rare move slowly, and V and A
//! leave the sets where their columns sum to 1.

use super::{Algorithm, Optimiser, Sampled, StepSizes, no_bytes};
use crate::kernel;
use crate::learn::gradient::Gradient;
use crate::model::{Linear, row, row_mut};
use crate::task::Task;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "sgd",
    summary: "vanilla stochastic gradient descent, the baseline",
    draws_samples: true,
    scale_free: false,
    bytes: no_bytes,
    learner: |setup| Box::new(Sampled::new(setup, Sgd)),
};

/// Vanilla SGD; it has no state.
#[derive(Debug)]
struct Sgd;

impl Optimiser for Sgd {
    fn keeps_unit_rows(&self) -> bool {
        false
    }

    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, task: &Task, sizes: &StepSizes) {
        model.value.scaled_add(-sizes.value, &gradient.value);
        let eta = sizes.attention as f32;
        for k in 0..task.n {
            let g = row(&gradient.attention, k);
            kernel::descend(row_mut(&mut model.attention, k), g, eta, 0.0, 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::population::{expected_gradient, expected_loss};

    /// Its rows do not keep a sum of 1: stages end on the correlation that the metrics say, and not on what it would be if they did.
    #[test]
    fn the_correlation_that_stages_end_on_is_the_one_that_is_measured() {
        use crate::learn::{Learner, Setup, Start};
        use crate::measure::Truth;
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 20, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let start = Start::Planted { alpha_v: 0.0, alpha_a: 0.4 };
        let setup =
            Setup { task: &task, stream: stream([2; 16]), start, batch_size: 8, cut: 0.2, keep: 0.5, flip: None };
        let mut sgd = Sampled::new(&setup, Sgd);
        sgd.model.attention += 0.01;
        let truth = Truth::new(&task);
        assert!((sgd.alpha_a(&truth) - 0.4).abs() < 1e-5, "a constant is orthogonal to Qc");
        assert_eq!(sgd.alpha_a(&truth), truth.alpha_a(&sgd.model.attention));
    }

    #[test]
    fn small_steps_on_the_expected_gradient_lower_the_expected_loss() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 20, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = Linear::planted(&task, 0.3, 0.3);
        let sizes = StepSizes { value: 0.05, attention: 0.05, threshold: 0.0 };
        let mut loss = expected_loss(&task, &model);
        for _ in 0..200 {
            let exact = expected_gradient(&task, &model);
            let attention = exact.attention.mapv(|g| g as f32);
            Sgd.step(&mut model, &mut Gradient { value: exact.value, attention }, &task, &sizes);
            let next = expected_loss(&task, &model);
            assert!(next < loss + 1e-9);
            loss = next;
        }
    }
}
