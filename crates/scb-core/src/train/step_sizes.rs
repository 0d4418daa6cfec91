//! The step sizes of a stage, from eta.

use super::{StepScale, TrainSpec};
use crate::learn::{Stage, StepSizes};
use crate::task::Task;

/// The step sizes of `stage`. With normalised steps both correlations first grow at the rate eta on
/// every task: `eta_V = eta / K_Q`, `eta_A = eta / K_P`. Raw steps and algorithms that are
/// [`scale_free`](crate::learn::Algorithm::scale_free) take eta as it is. `eta_A` is then
/// multiplied by `attention_step`.
#[must_use]
pub fn step_sizes(task: &Task, spec: &TrainSpec, stage: Stage) -> StepSizes {
    let eta = spec.eta(stage);
    let (value, attention) = match spec.steps {
        StepScale::Normalised if !spec.algorithm.scale_free => (eta / task.k_q, eta / task.k_p),
        _ => (eta, eta),
    };
    let attention = spec.attention_step_of(stage) * attention;
    StepSizes { value, attention, threshold: attention * spec.lambda_of(stage) }
}
