//! What a job does: draw its task, train on it, write down a record.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use report::claim::{TaskFact, TaskFacts};
use report::record::FinishedRun;
use report::{Measures, Record, Status, Timing, TracePoint};
use scb_core::Task;
use scb_core::model::Model;
use scb_core::random::{Seed, stream};
use scb_core::train::{self, Checkpoint, Observer, Outcome, Start, TrainSpec};

use crate::axis::{self, AXES};
use crate::config::Config;
use crate::execution::pretraining::Pretrainings;
use crate::execution::task_error::explained;
use crate::execution::work::Work;
use crate::grid::further_axes;
use crate::job::{Identity, Job};
use crate::platform::clock::since_1970;
use crate::platform::machine::host;
use crate::store::Finished;

/// Trains models: what all jobs of a sweep share.
#[derive(Debug)]
pub struct Training {
    config: Arc<Config>,
    identity: Identity,
    further: Vec<usize>,
    pretrainings: Pretrainings,
    host: String,
}

impl Training {
    /// For the jobs of `config`; pretrainings are not stored.
    #[must_use]
    pub fn new(config: &Arc<Config>) -> Self {
        let (identity, further) = (Identity::new(config), further_axes(config));
        let pretrainings = Pretrainings::default();
        Self { config: Arc::clone(config), identity, further, pretrainings, host: host() }
    }

    /// The same, with pretrainings stored in this run directory.
    #[must_use]
    pub fn in_directory(self, directory: &Path) -> Self {
        Self { pretrainings: Pretrainings::of(directory), ..self }
    }

    /// Trains as the job says, except for what `change` changes. `observer` sees every check.
    ///
    /// # Errors
    /// When there is no such task, or nothing to learn.
    pub(crate) fn train(
        &self,
        job: &Job,
        observer: &mut dyn Observer,
        change: impl FnOnce(&mut TrainSpec),
    ) -> Result<Trained, String> {
        let shared = &self.config.shared;
        let task = self.task(job)?;
        let data_stream = stream(self.identity.data_seed(job));
        let mut spec = job.train_spec(shared);
        let mut source_error = None;
        if job.point.transfers() {
            let source = self.pretrainings.get(job, &task, &self.config, &self.identity)?;
            let weight = job.point.values[axis::TRANSFER];
            spec.start = Start::Transferred { value: source.value.clone(), weight };
            source_error = Some(source.error);
        }
        change(&mut spec);
        let outcome = train::train(&task, &spec, data_stream, observer).map_err(|error| error.to_string())?;
        Ok(Trained { task, spec, outcome, source_error })
    }

    /// These facts of the task of a job, which is drawn anew; `None` if it cannot be.
    pub(crate) fn task_facts(&self, job: &Job, facts: &[TaskFact]) -> Option<TaskFacts> {
        let shared = &self.config.shared;
        let task = self.task(job).ok()?;
        let spec = job.train_spec(shared);
        // Theory speaks of runs that start without a V of their own.
        let by_theory = |fact: TaskFact| facts.contains(&fact) && !job.point.transfers();
        let mut known = TaskFacts::default();
        if facts.contains(&TaskFact::MuMin) {
            known.mu_min = Some(task.known().mu.iter().copied().fold(1.0, f64::min));
        }
        if by_theory(TaskFact::OneStep) {
            let step = train::first_step(&task, &spec);
            known.one_step = step.and_then(|step| Some([step.batch(0.5)?, step.batch(0.9)?]));
        }
        if by_theory(TaskFact::Mirrored) {
            known.mirrored = train::mirrored_with_noise(&task, &spec);
        }
        if by_theory(TaskFact::Signal) {
            let samples = train::samples_to_signal(&task, &spec, self.config.quantile);
            known.signal = samples.map(|samples| [samples.noise, samples.sign]);
        }
        Some(known)
    }

    /// The trace of such a run; `None` if there is no such task, or nothing to learn.
    pub(crate) fn trace(&self, job: &Job, change: impl FnOnce(&mut TrainSpec)) -> Option<Vec<TracePoint>> {
        let mut trace = Trace { job, points: Vec::new(), enabled: true };
        self.train(job, &mut trace, change).ok()?;
        Some(trace.points)
    }

    /// Runs a job once more, for what no table holds.
    ///
    /// # Errors
    /// As [`Training::train`].
    pub(crate) fn replay(&self, job: &Job) -> Result<Replayed, String> {
        let begun = Instant::now();
        let mut seen = FirstAndTrace { job, start: None, points: Vec::new() };
        let trained = self.train(job, &mut seen, |_| {})?;
        let end = end(trained.outcome.status, trained.measures());
        let record = self.finished(job, begun, trained.outcome.tokens as i64, end, Vec::new()).record;
        let data_seed = self.identity.data_seed(job);
        let Trained { task, spec, outcome, .. } = trained;
        let start = seen.start.unwrap_or_else(|| outcome.model.clone());
        Ok(Replayed { task, spec, outcome, start, points: seen.points, record, data_seed })
    }

    /// The task of a job.
    ///
    /// # Errors
    /// When there is no such task.
    pub(crate) fn task(&self, job: &Job) -> Result<Task, String> {
        let shared = &self.config.shared;
        let mut task_stream = stream(self.identity.task_seed(job));
        Task::draw(&job.task_spec(shared), &mut task_stream).map_err(|error| explained(&error, shared))
    }

    fn finished(&self, job: &Job, start: Instant, tokens: i64, end: End, traces: Vec<TracePoint>) -> Finished {
        let (status, measures, error) = match end {
            Ok((status, measures)) => (status, Some(measures), None),
            Err(error) => (Status::Failed, None, Some(error)),
        };
        let values = &job.point.values;
        let whole = |index: usize| values[index] as i64;
        let record = Record {
            job_id: job.id.to_string(),
            n: whole(axis::N),
            q: whole(axis::Q),
            t: whole(axis::T),
            batch_size: whole(axis::BATCH_SIZE),
            eta_boost: values[axis::ETA_BOOST],
            eta_sparse: values[axis::ETA_SPARSE],
            lambda: values[axis::LAMBDA],
            algorithm: AXES[axis::ALGORITHM].canonical(values[axis::ALGORITHM]),
            max_samples: whole(axis::MAX_SAMPLES),
            replicate: i64::from(job.replicate),
            further: self.further.iter().map(|&i| (AXES[i].name.to_owned(), values[i])).collect(),
            pretraining: job.point.transfers().then(|| self.identity.pretraining_id(job).to_string()),
            status,
            error,
            cap: job.cap.filter(|_| status == Status::Capped).map(|cap| cap as i64),
            measures,
        };
        let finished = since_1970() as i64;
        let wall_seconds = start.elapsed().as_secs_f64();
        let timing = Timing { job_id: record.job_id.clone(), wall_seconds, tokens, host: self.host.clone(), finished };
        Finished { record, timing, traces }
    }
}

/// How a job ended and what it measured, or why it failed.
type End = Result<(Status, Measures), String>;

impl Work for Training {
    fn run(&self, job: &Job) -> Finished {
        let start = Instant::now();
        let mut trace = Trace { job, points: Vec::new(), enabled: self.config.trace };
        let outcome = self.train(job, &mut trace, |_| {});
        let tokens = outcome.as_ref().map_or(0, |trained| trained.outcome.tokens as i64);
        let end = outcome.and_then(|trained| end(trained.outcome.status, trained.measures()));
        self.finished(job, start, tokens, end, trace.points)
    }

    fn bytes(&self, job: &Job) -> f64 {
        job.bytes() + job.point.pretraining_bytes(&self.config.shared.pretraining).ceil()
    }

    fn failed(&self, job: &Job, error: String) -> Finished {
        self.finished(job, Instant::now(), 0, Err(error), Vec::new())
    }
}

/// The end of a run. Numbers that are not finite are a failure, unless the run diverged: they must
/// not enter averages.
fn end(status: train::Status, measures: Measures) -> End {
    let status = match status {
        train::Status::Recovered => Status::Recovered,
        train::Status::Exhausted => Status::Exhausted,
        train::Status::Mirrored => Status::Mirrored,
        train::Status::Diverged => return Ok((Status::Diverged, measures)),
        train::Status::Capped => Status::Capped,
        train::Status::Stopped => return Err("internal error: stopped, though nothing asked it to".to_owned()),
    };
    // Attention without a positive entry cannot be rounded. The table has null then.
    let unrounded = |name: &str, number: f64| name.starts_with("rounded_") && number == f64::INFINITY;
    let wrong = |&(name, number): &(&str, f64)| !(number.is_finite() || unrounded(name, number));
    match measures.named_numbers().into_iter().find(wrong) {
        Some((name, number)) => Err(format!("{name} is {number} at the end of a run that did not diverge")),
        None => Ok((status, measures)),
    }
}

/// A run that came to its end.
pub(crate) struct Trained {
    task: Task,
    spec: TrainSpec,
    outcome: Outcome,
    /// `|V_src - P_src|_mu / sqrt(K_P)` of the V that it started from, if that was transferred.
    source_error: Option<f64>,
}

impl Trained {
    fn measures(&self) -> Measures {
        let Self { task, spec, outcome, source_error } = self;
        let (predicted, source_error) = (train::predicted(task, spec), *source_error);
        Measures::of(&FinishedRun { task, spec, outcome, predicted, source_error })
    }
}

/// A run that was run once more.
#[derive(Debug)]
pub struct Replayed {
    /// Its task.
    pub task: Task,
    /// How it was trained.
    pub spec: TrainSpec,
    /// What it came to.
    pub outcome: Outcome,
    /// The model before the first step.
    pub start: Model<'static>,
    /// The run at each check.
    pub points: Vec<TracePoint>,
    /// Its row in the tables.
    pub record: Record,
    /// What its samples are drawn with.
    pub data_seed: Seed,
}

/// Keeps the first model, and a point of the trace at every check.
struct FirstAndTrace<'j> {
    job: &'j Job,
    start: Option<Model<'static>>,
    points: Vec<TracePoint>,
}

impl Observer for FirstAndTrace<'_> {
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()> {
        self.start.get_or_insert_with(|| Model::from(&seen.model).into_owned());
        self.points.push(TracePoint::of(self.job.id.to_string(), seen));
        ControlFlow::Continue(())
    }
}

/// Keeps a point of the trace at every check, if `enabled`.
struct Trace<'j> {
    job: &'j Job,
    points: Vec<TracePoint>,
    enabled: bool,
}

impl Observer for Trace<'_> {
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()> {
        if self.enabled {
            self.points.push(TracePoint::of(self.job.id.to_string(), seen));
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_are_a_failure_unless_the_run_blew_up() {
        let measures = |loss: f64| Measures {
            steps: 1,
            samples: 1,
            samples_to_signal: None,
            samples_to_support: None,
            samples_to_recovery: None,
            alpha_v: 0.0,
            alpha_a: 0.0,
            value_error: 0.0,
            attention_error: 0.0,
            rounded_value_error: 0.0,
            rounded_attention_error: 0.0,
            loss,
            k_p: 0.1,
            k_q: 0.1,
            optional: Default::default(),
        };
        assert_eq!(end(train::Status::Exhausted, measures(0.5)).unwrap().0, Status::Exhausted);
        assert_eq!(end(train::Status::Diverged, measures(f64::INFINITY)).unwrap().0, Status::Diverged);
        let unrounded = Measures { rounded_value_error: f64::INFINITY, ..measures(0.5) };
        assert_eq!(end(train::Status::Exhausted, unrounded).unwrap().0, Status::Exhausted);
        let wrong = end(train::Status::Exhausted, measures(f64::NAN)).unwrap_err();
        assert_eq!(wrong, "loss is NaN at the end of a run that did not diverge");
    }
}
