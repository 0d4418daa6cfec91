//! The infinite-sample trajectory by the two-variable recursion: O(1) per step.
//!
//! It is Algorithm 1 without threshold, cut and rounding: a stage changes its step size only. Its "samples"
//! count the steps in batches of B, so that its curve can be laid over that of a sampled run.

use super::{Algorithm, Learner, Setup, Stage, StepSizes};
use crate::metrics::Truth;
use crate::model::Linear;
use crate::population::Recursion;
use crate::task::Task;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "population",
    summary: "the infinite-batch limit of prox without threshold and rounding, by the two-variable recursion",
    draws_samples: false,
    learner: |setup| Box::new(Population::new(setup)),
};

/// The recursion, and the model it stands for once somebody asks.
#[derive(Debug)]
struct Population<'t> {
    task: &'t Task,
    state: Recursion,
    model: Linear,
    /// The state that `model` was made from.
    shown: Recursion,
}

impl<'t> Population<'t> {
    fn new(setup: &Setup<'t>) -> Self {
        let state = Recursion { alpha_v: setup.start.alpha_v, alpha_a: setup.start.alpha_a };
        Self { task: setup.task, state, model: setup.model(), shown: state }
    }
}

impl Learner for Population<'_> {
    fn enter(&mut self, _: Stage) {}

    fn step(&mut self, sizes: &StepSizes) {
        self.state.step(self.task, sizes.value, sizes.attention);
    }

    fn model(&mut self) -> &Linear {
        if self.shown != self.state {
            self.model = Linear::planted(self.task, self.state.alpha_v, self.state.alpha_a);
            self.shown = self.state;
        }
        &self.model
    }

    fn alpha_a(&self, _: &Truth<'_>) -> f64 {
        self.state.alpha_a
    }
}
