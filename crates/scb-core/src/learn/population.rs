//! The infinite-sample trajectory by the noise-free recursion: O(1) per step.
//!
//! It is Algorithm 1 without threshold, cut and rounding, so a stage changes its step size only.
//! Its "samples" count the steps in batches of B, so that its curve can be drawn with that of a
//! sampled run. It is a limit of learners and no learner itself. So it is the one algorithm that is
//! made from the task.

use ndarray::Array2;

use super::algorithm::no_bytes;
use super::{Algorithm, Alignment, Constructor, InitialModel, Learner, Prediction, Stage, StepSizes};
use crate::measure::Truth;
use crate::model::Model;
use crate::task::Task;
use crate::theory::{Recursion, on_path};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "population",
    summary: "the infinite-batch limit of prox without threshold and rounding, by the two-variable \
              recursion",
    parameters: &[],
    scale_free: false,
    bytes: no_bytes,
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromTask(|task, start, correlations| Box::new(Population::new(task, start, correlations))),
};

/// The recursion, and the model at its current state, computed when it is asked for.
#[derive(Debug)]
struct Population<'t> {
    task: &'t Task,
    state: Recursion,
    /// The part of Vc orthogonal to Pc at the start, and `state.orthogonal` there; `None` if there
    /// is no such part.
    orthogonal: Option<(Array2<f64>, f64)>,
    model: Model<'static>,
    /// The state that `model` was made from.
    shown: Recursion,
}

impl<'t> Population<'t> {
    fn new(task: &'t Task, model: Model<'static>, correlations: InitialModel) -> Self {
        let (state, orthogonal) = match correlations {
            InitialModel::Planted { alpha_v, alpha_a } => (Recursion::at(alpha_v, alpha_a), None),
            InitialModel::AnyValue => {
                let alpha_v = Truth::new(task).alpha_v(&model.value);
                let rest = &*model.value - &*on_path(task, alpha_v, 0.0).value;
                let size = (squared_norm(task, &rest) / task.k_p).sqrt();
                (Recursion { orthogonal: size, ..Recursion::at(alpha_v, 0.0) }, (size > 0.0).then_some((rest, size)))
            }
        };
        Self { task, state, orthogonal, model, shown: state }
    }
}

/// `|U|_mu^2`.
fn squared_norm(task: &Task, u: &Array2<f64>) -> f64 {
    let columns = u.columns().into_iter().zip(&task.stationary);
    columns.map(|(column, &mu)| mu * column.iter().map(|x| x * x).sum::<f64>()).sum()
}

impl Learner for Population<'_> {
    fn enter(&mut self, _: Stage) {}

    fn set_batch_size(&mut self, _: usize) {}

    fn step(&mut self, sizes: &StepSizes) {
        self.state.step(self.task, sizes.value, sizes.attention);
    }

    fn model(&mut self) -> Model<'_> {
        if self.shown != self.state {
            self.model = on_path(self.task, self.state.alpha_v, self.state.alpha_a);
            if let Some((rest, size)) = &self.orthogonal {
                self.model.value.to_mut().scaled_add(self.state.orthogonal / size, rest);
            }
            self.shown = self.state;
        }
        (&self.model).into()
    }

    fn into_model(mut self: Box<Self>) -> Model<'static> {
        self.model();
        self.model
    }

    fn alignment(&self) -> Alignment {
        Alignment::Is(self.state.alpha_a)
    }
}
