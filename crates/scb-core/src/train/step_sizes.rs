//! From eta to the step sizes of a stage.

use super::{StepScale, TrainSpec};
use crate::learn::{Stage, StepSizes};
use crate::task::Task;

/// The step sizes of a stage. Normalised steps make both correlations grow at the rate `eta` whatever the task:
/// `eta_V = eta / K_Q`, `eta_A = eta / K_P`.
#[must_use]
pub fn step_sizes(task: &Task, spec: &TrainSpec, stage: Stage) -> StepSizes {
    let eta = spec.eta(stage);
    let (value, attention) = match spec.steps {
        StepScale::Normalised if !spec.algorithm.scale_free => (eta / task.k_q, eta / task.k_p),
        _ => (eta, eta),
    };
    let attention = spec.attention_step * attention;
    let lambda = if stage == Stage::Sparse { spec.lambda } else { 0.0 };
    StepSizes { value, attention, threshold: attention * lambda }
}
