//! The one training loop.
//!
//! It runs a learner through its stages until its budget is spent or its milestone is reached,
//! and looks at the model at *checks* that are spaced so that a milestone is known to within a stated
//! share of its value (2 % by default): at every step at first, then at sample counts in geometric progression.

mod milestone;
mod observe;
mod prediction;
mod pretraining;
mod spec;
mod stage;
mod start;

pub use milestone::Milestones;
pub use observe::{Checkpoint, Observer};
pub use prediction::{Predicted, predicted};
pub use pretraining::{Pretrained, Pretraining, PretrainingError};
pub use spec::{StepScale, StopAt, TrainSpec};
pub use stage::StageEnd;
pub use start::Start;

use ndarray::Array2;

use crate::TrainError;
use crate::data::Batches;
use crate::learn::{Alignment, Learner, Make, Setup, Stage, StepSizes, may_flip};
use crate::measure::{Errors, Truth};
use crate::random::Stream;
use crate::task::Task;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The recovery milestone was reached.
    Recovered,
    /// The budget was spent first: the milestones not reached are right-censored.
    Exhausted,
    /// `alpha_A <= -0.5`: the run grew into the mirrored solution (-1, -1).
    Mirrored,
    /// Something is no longer finite, or the run ends, with its budget or at `alpha_A <= -0.5`, at more
    /// than twice the loss of the uninformative start: too large a step. A run that had recovered before keeps that milestone.
    Diverged,
    /// An observer asked to stop.
    Stopped,
}

/// `alpha_A` at which a run counts as mirrored.
pub const MIRRORED_ALPHA: f64 = -0.5;

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Steps taken.
    pub steps: u64,
    /// Samples used, `steps * B`.
    pub samples: u64,
    /// Tokens of the samples, `samples * T`; 0 for a learner that draws none. Those that a fixed attention does not look
    /// at are counted too, though nobody draws them.
    pub tokens: u64,
    /// First sample counts.
    pub milestones: Milestones,
    /// `alpha_V` at the start.
    pub start_alpha_v: f64,
    /// `alpha_V` at the end.
    pub alpha_v: f64,
    /// `alpha_A` at the end.
    pub alpha_a: f64,
    /// Distances from the truth at the end.
    pub errors: Errors,
    /// How often the signs of both factors were flipped; `None` if the parameters do not ask for it.
    pub flips: Option<u64>,
    /// V at the end, shape `(N, N)`.
    pub value: Array2<f64>,
}

/// Trains on `task` as `spec` says, drawing samples from `stream`.
///
/// The same arguments give the same outcome, bit for bit, whatever else runs and whatever `observer`
/// does short of stopping the run.
///
/// # Errors
/// A setting out of its range, and a task whose truth does not meet the criterion of recovery.
pub fn train(
    task: &Task,
    spec: &TrainSpec,
    stream: Stream,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    spec.check()?;
    spec.start.check(task)?;
    let truth = Truth::new(task);
    truth.check_recoverable(spec.keep, spec.epsilon)?;
    let mut learner = learner(task, spec, stream);
    let start_alpha_v = truth.alpha_v(&learner.model().value);
    let batch = spec.batch_size as u64;
    let last_step = spec.max_steps();
    let mut stage = Stage::Boost;
    let mut stage_start = 0;
    let mut milestones = Milestones::default();
    let mut next_check = 0;
    let mut step = 0;
    let status = loop {
        // Stages end on step counts, so before the step; an empty stage is entered and left at once.
        while let Some(next) = stage.next() {
            let end = spec.end_of(stage);
            if !end.reached(spec, step - stage_start, step, learner.as_mut(), &truth) {
                break;
            }
            (stage, stage_start) = (next, step);
            learner.enter(stage);
        }
        if step >= next_check || step == last_step {
            next_check = spec.check_after(step);
            let model = learner.model();
            let seen = Checkpoint::new(step, step * batch, stage, model, &truth, spec.keep);
            let stopped = observer.observe(&seen).is_break();
            if let Some(status) = milestones.update(&seen, spec) {
                break status;
            }
            if stopped {
                break Status::Stopped;
            }
        }
        if step == last_step {
            break if milestones.recovery.is_some() { Status::Recovered } else { Status::Exhausted };
        }
        learner.step(&step_sizes(task, spec, stage));
        step += 1;
    };
    let flips = may_flip(&spec.parameters).then(|| learner.flips());
    let model = learner.model();
    let errors = truth.errors(model, spec.keep);
    // Also of a run that had recovered before its budget was spent: what is left is no model, finite or not. Steps that are nearly Newton's overshoot in
    // scale, which the loss shows and rounding takes away: where the rounded model is right, nothing has blown up.
    let right = errors.rounded_value.max(errors.rounded_attention) <= spec.epsilon;
    let at_budget = step == last_step && matches!(status, Status::Exhausted | Status::Recovered);
    let blown_up = at_budget && !right && !milestone::fits(task, errors.loss);
    Ok(Outcome {
        status: if blown_up { Status::Diverged } else { status },
        steps: step,
        samples: step * batch,
        tokens: if spec.algorithm.draws_samples() { step * batch * task.t as u64 } else { 0 },
        milestones,
        start_alpha_v,
        alpha_v: truth.alpha_v(&model.value),
        alpha_a: truth.alpha_a(&model.attention),
        errors,
        flips,
        value: model.value.clone(),
    })
}

/// The learner of `spec` at its start, with samples of `task` from `stream`.
#[must_use]
pub fn learner<'t>(task: &'t Task, spec: &TrainSpec, stream: Stream) -> Box<dyn Learner + 't> {
    let start = spec.start.model(task);
    match spec.algorithm.make {
        Make::FromSamples(make) => make(Setup {
            known: task.known(),
            batches: Batches::new(task, spec.batch_size, stream),
            start,
            keep: spec.keep,
            parameters: spec.parameters.clone(),
        }),
        Make::FromTask(make) => make(task, start, spec.start.correlations()),
    }
}

/// `alpha_A` of a learner's model.
fn alpha_a(learner: &mut dyn Learner, truth: &Truth<'_>) -> f64 {
    match learner.alignment() {
        Alignment::Is(alpha_a) => alpha_a,
        Alignment::OfUnitRows => truth.alpha_a_of_unit_rows(&learner.model().attention),
        Alignment::OfAnyRows => truth.alpha_a(&learner.model().attention),
    }
}

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

#[cfg(test)]
mod tests;
