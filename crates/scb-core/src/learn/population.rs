//! The infinite-sample trajectory by the two-variable recursion: O(1) per step.
//!
//! It is Algorithm 1 without threshold, cut and rounding: a stage changes its step size only. Its "samples"
//! count the steps in batches of B, so that its curve can be laid over that of a sampled run.

use ndarray::Array2;

use super::{Algorithm, Learner, Setup, Stage, Start, StepSizes, no_bytes};
use crate::measure::Truth;
use crate::model::Linear;
use crate::task::Task;
use crate::theory::Recursion;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "population",
    summary: "the infinite-batch limit of prox without threshold and rounding, by the two-variable recursion",
    draws_samples: false,
    scale_free: false,
    bytes: no_bytes,
    learner: |setup| Box::new(Population::new(setup)),
};

/// The recursion, and the model it stands for once somebody asks.
#[derive(Debug)]
struct Population<'t> {
    task: &'t Task,
    state: Recursion,
    /// What V held besides Pc at the start, and `state.beside` there; `None` on the path.
    beside: Option<(Array2<f64>, f64)>,
    model: Linear,
    /// The state that `model` was made from.
    shown: Recursion,
}

impl<'t> Population<'t> {
    fn new(setup: &Setup<'t>) -> Self {
        let (task, model) = (setup.task, setup.model());
        let (state, beside) = match setup.start {
            Start::Planted { alpha_v, alpha_a } => (Recursion::at(alpha_v, alpha_a), None),
            Start::Transferred { .. } => {
                let truth = Truth::new(task);
                let alpha_v = truth.alpha_v(&model.value);
                let rest = &model.value - &Linear::planted(task, alpha_v, 0.0).value;
                let size = (squared_norm(task, &rest) / task.k_p).sqrt();
                (Recursion { beside: size, ..Recursion::at(alpha_v, 0.0) }, (size > 0.0).then_some((rest, size)))
            }
        };
        Self { task, state, beside, model, shown: state }
    }
}

/// `|U|_mu^2`.
fn squared_norm(task: &Task, u: &Array2<f64>) -> f64 {
    let columns = u.columns().into_iter().zip(&task.stationary);
    columns.map(|(column, &mu)| mu * column.iter().map(|x| x * x).sum::<f64>()).sum()
}

impl Learner for Population<'_> {
    fn enter(&mut self, _: Stage) {}

    fn step(&mut self, sizes: &StepSizes) {
        self.state.step(self.task, sizes.value, sizes.attention);
    }

    fn model(&mut self) -> &Linear {
        if self.shown != self.state {
            self.model = Linear::planted(self.task, self.state.alpha_v, self.state.alpha_a);
            if let Some((rest, size)) = &self.beside {
                self.model.value.scaled_add(self.state.beside / size, rest);
            }
            self.shown = self.state;
        }
        &self.model
    }

    fn alpha_a(&self, _: &Truth<'_>) -> f64 {
        self.state.alpha_a
    }
}
