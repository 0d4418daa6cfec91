//! The training loop.

use super::{Checkpoint, Milestones, Observer, Outcome, StageEnd, Status, TrainSpec, milestone, step_sizes};
use crate::TrainError;
use crate::data::Batches;
use crate::learn::{Alignment, Constructor, Learner, Setup, Stage};
use crate::measure::Truth;
use crate::model::{clear_mass, kept_mass};
use crate::random::Stream;
use crate::task::Task;

/// Trains on `task` with the settings `spec`; samples are drawn with `stream`.
///
/// The model is compared with the truth at *checks*: at step 0, at every step at first, later at
/// sample counts that grow by the factor `1 + spec.resolution`, and when the budget is spent. A step of a
/// learner that draws samples costs O(B T + N T), a check O(N T + N^2). The run ends at its budget,
/// at its cap,
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
    let (mut stage, mut batch) = (Stage::Boost, spec.batch_of(Stage::Boost));
    // The step of the stage before which the clear mass is looked at next.
    let mut next_look = 0;
    let mut milestones = Milestones::default();
    let mut next_check = 0;
    let (mut step, mut stage_start, mut samples) = (0, 0, 0);
    let status = loop {
        // Whether a stage has ended is asked before each step. A stage of no steps begins and ends
        // at once.
        while let Some(next) = stage.next() {
            // Where the run would end if this stage did not.
            let end = samples + (spec.max_samples - samples) / batch * batch;
            let share = samples as f64 / end as f64;
            let in_stage = step - stage_start;
            let looks = in_stage >= next_look;
            if !is_over(spec, stage, (in_stage, share), looks, learner.as_mut(), &truth) {
                if looks {
                    next_look = StageEnd::look_after(in_stage);
                }
                break;
            }
            (stage, stage_start, batch, next_look) = (next, step, spec.batch_of(next), 0);
            learner.enter(stage);
            learner.set_batch_size(batch as usize);
        }
        let at_budget = samples + batch > spec.max_samples;
        if samples >= next_check || at_budget {
            next_check = spec.check_after(samples, batch);
            let model = learner.model();
            let seen = Checkpoint::new(step, samples, stage, model, &truth, spec.keep);
            let stopped = observer.observe(&seen).is_break();
            if let Some(status) = milestones.update(&seen, spec) {
                break status;
            }
            if stopped {
                break Status::Stopped;
            }
        }
        if at_budget {
            break if milestones.recovery.is_some() { Status::Recovered } else { Status::Exhausted };
        }
        if spec.cap.is_some_and(|cap| samples + batch > cap) {
            // What is no number any more has diverged, as the next check will see. Until then the run
            // goes on, so that it ends as it would without a cap.
            let seen = Checkpoint::new(step, samples, stage, learner.model(), &truth, spec.keep);
            if seen.is_finite() {
                break Status::Capped;
            }
        }
        learner.step(&step_sizes(task, spec, stage));
        step += 1;
        samples += batch;
    };
    let flips = learner.flips();
    let model = learner.into_model();
    let errors = truth.errors(&model, spec.keep);
    // A run can also diverge after it has recovered, if it goes on to its budget; its model is
    // useless then, finite or not. Large steps near those of Newton's method may overshoot in scale
    // only: that raises the loss, and rounding corrects it. So a run whose rounded model is right
    // has not diverged.
    let right = errors.rounded_value.max(errors.rounded_attention) <= spec.epsilon;
    let at_budget = samples + batch > spec.max_samples && matches!(status, Status::Exhausted | Status::Recovered);
    let blown_up = at_budget && !right && !milestone::fits(task, errors.loss);
    Ok(Outcome {
        status: if blown_up { Status::Diverged } else { status },
        steps: step,
        samples,
        tokens: if spec.algorithm.draws_samples() { samples * task.t as u64 } else { 0 },
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
            start: start.to_linear(task),
            keep: spec.keep,
            parameters: spec.parameters.clone(),
        }),
        Constructor::FromTask(make) => make(task, start, spec.start.correlations()),
    })
}

/// Whether a stage is over, after so many steps of its own and this share of the budget; `looks`:
/// whether the clear mass is looked at. What takes time to find is looked at only if the stage can
/// end by it.
fn is_over(
    spec: &TrainSpec,
    stage: Stage,
    (steps, spent): (u64, f64),
    looks: bool,
    learner: &mut dyn Learner,
    truth: &Truth<'_>,
) -> bool {
    let end = spec.end_of(stage);
    let mu = &truth.task.stationary;
    end.steps.is_some_and(|limit| steps >= limit)
        || end.share.is_some_and(|share| spent >= share)
        || end.alpha.is_some_and(|alpha| alpha_a(learner, truth) >= alpha)
        || end.kept_mass.is_some_and(|mass| kept_mass(mu, learner.model(), spec.keep) >= mass)
        || end.clear_mass.is_some_and(|mass| looks && clear_mass(mu, learner.model(), spec.keep) >= mass)
}

/// `alpha_A` of a learner's model.
fn alpha_a(learner: &mut dyn Learner, truth: &Truth<'_>) -> f64 {
    match learner.alignment() {
        Alignment::Is(alpha_a) => alpha_a,
        Alignment::OfUnitRows => truth.alpha_a_of_unit_rows(learner.model().attention),
        Alignment::OfAnyRows => truth.alpha_a(learner.model().attention),
    }
}
