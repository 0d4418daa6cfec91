//! The training loop.

use super::stage_end::Progress;
use super::{Checkpoint, Milestones, Observer, Outcome, Status, TrainSpec, milestone, step_sizes};
use crate::TrainError;
use crate::data::Batches;
use crate::learn::{Alignment, Constructor, Learner, Setup, Stage};
use crate::measure::Truth;
use crate::model::kept_mass;
use crate::random::Stream;
use crate::task::Task;

/// Trains on `task` with the settings `spec`; samples are drawn with `stream`.
///
/// The model is compared with the truth at *checks*: at step 0, at every step at first, later at
/// step counts that grow by the factor `1 + spec.resolution`, and at the last step. A step of a
/// learner that draws samples costs O(B T + N T), a check O(N T + N^2). The run ends at its budget,
/// at recovery (see [`StopAt`](super::StopAt)), when it diverges or is mirrored, or when `observer`
/// stops it.
///
/// The same arguments give the same outcome, bit for bit. `observer` influences it only by stopping
/// the run.
///
/// # Errors
/// [`TrainError::Setting`] if a setting is out of range or the start does not fit the task;
/// [`TrainError::Unrecoverable`] if rounding would make the truth itself miss `spec.epsilon`.
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
        // Whether a stage has ended is asked before each step. A stage of no steps begins and ends
        // at once.
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
    // A run can also diverge after it has recovered, if it goes on to its budget; its model is
    // useless then, finite or not. Large steps near those of Newton's method may overshoot in scale
    // only: that raises the loss, and rounding corrects it. So a run whose rounded model is right
    // has not diverged.
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

/// The learner that [`train()`] would run, at its initial model, to be stepped by hand with
/// [`step_sizes()`](super::step_sizes()).
///
/// # Errors
/// [`TrainError::Setting`] if a setting is out of range or the start does not fit the task.
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
