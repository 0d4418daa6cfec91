//! Vanilla stochastic gradient descent, the baseline.
//!
//! `V <- V - eta_V dV`, `a^(k) <- a^(k) - eta_A da^(k)` with the batch mean of the raw gradients: no
//! precondition, no projection, no threshold. Query tokens that are rare move slowly, and V and A
//! leave the sets where their columns sum to 1.

use super::{Algorithm, Optimiser, Sampled, StepSizes, no_bytes};
use crate::gradient::Gradient;
use crate::kernel::Level;
use crate::model::{Linear, row, row_mut};
use crate::task::Task;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "sgd",
    summary: "vanilla stochastic gradient descent, the baseline",
    draws_samples: true,
    scale_free: false,
    bytes: no_bytes,
    learner: |setup| Box::new(Sampled::new(setup, Sgd { level: setup.level })),
};

/// Vanilla SGD; it has no state.
#[derive(Debug)]
struct Sgd {
    level: Level,
}

impl Optimiser for Sgd {
    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, task: &Task, sizes: &StepSizes) {
        model.value.scaled_add(-sizes.value, &gradient.value);
        let eta = sizes.attention as f32;
        for k in 0..task.n {
            let g = row(&gradient.attention, k);
            self.level.descend(row_mut(&mut model.attention, k), g, eta, 0.0, 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{expected_gradient, expected_loss};
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};

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
            Sgd { level: Level::best() }.step(
                &mut model,
                &mut Gradient { value: exact.value, attention },
                &task,
                &sizes,
            );
            let next = expected_loss(&task, &model);
            assert!(next < loss + 1e-9);
            loss = next;
        }
    }
}
