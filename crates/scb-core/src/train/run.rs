//! The one training loop.
//!
//! It runs a learner through its stages until its budget is spent or its milestone is reached,
//! and looks at the model at *checks* that are spaced so that a milestone is known to within a stated
//! share of its value (2 % by default): at every step at first, then at sample counts in geometric progression.

use super::stage_end::Progress;
use super::{Checkpoint, Milestones, Observer, Outcome, Status, TrainSpec, milestone, step_sizes};
use crate::TrainError;
use crate::data::Batches;
use crate::learn::{Alignment, Constructor, Learner, Setup, Stage};
use crate::measure::Truth;
use crate::model::kept_mass;
use crate::random::Stream;
use crate::task::Task;

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
    let mut learner = learner(task, spec, stream)?;
    let truth = Truth::new(task);
    truth.check_recoverable(spec.keep, spec.epsilon)?;
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
            let mut running =
                Running { learner: learner.as_mut(), truth: &truth, spec, in_stage: step - stage_start, step };
            if !spec.end_of(stage).reached(&mut running) {
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
    let flips = learner.flips();
    let model = learner.into_model();
    let errors = truth.errors(&model, spec.keep);
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
        model,
    })
}

/// The learner of `spec` at its start, with samples of `task` from `stream`.
///
/// # Errors
/// A setting out of its range.
pub fn learner<'t>(task: &'t Task, spec: &TrainSpec, stream: Stream) -> Result<Box<dyn Learner + 't>, TrainError> {
    spec.check()?;
    let start = spec.start.model(task)?;
    Ok(match spec.algorithm.make {
        Constructor::FromSamples(make) => make(Setup {
            known: task.known(),
            batches: Batches::new(task, spec.batch_size, stream)?,
            start,
            keep: spec.keep,
            parameters: spec.parameters.clone(),
        }),
        Constructor::FromTask(make) => make(task, start, spec.start.correlations()),
    })
}

/// A run between two steps.
struct Running<'r, 't> {
    learner: &'r mut (dyn Learner + 't),
    truth: &'r Truth<'t>,
    spec: &'r TrainSpec,
    /// Steps of the stage so far.
    in_stage: u64,
    /// Steps of the run so far.
    step: u64,
}

impl Progress for Running<'_, '_> {
    fn steps(&self) -> u64 {
        self.in_stage
    }

    fn share(&self) -> f64 {
        self.step as f64 / self.spec.max_steps() as f64
    }

    fn alpha_a(&mut self) -> f64 {
        match self.learner.alignment() {
            Alignment::Is(alpha_a) => alpha_a,
            Alignment::OfUnitRows => self.truth.alpha_a_of_unit_rows(&self.learner.model().attention),
            Alignment::OfAnyRows => self.truth.alpha_a(&self.learner.model().attention),
        }
    }

    fn kept_mass(&mut self) -> f64 {
        kept_mass(&self.truth.task.stationary, self.learner.model(), self.spec.keep)
    }
}
