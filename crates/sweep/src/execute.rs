//! Jobs across cores.
//!
//! Workers take jobs one by one, the most expensive first; this thread collects what they finish and writes
//! a part every second. Nothing here depends on which worker runs what, or when.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use report::{Measures, Record, Status, Timing, TracePoint};
use scb_core::Task;
use scb_core::kernel::Level;
use scb_core::random::stream;
use scb_core::train::{self, Checkpoint, Observer, Outcome};

use crate::SweepError;
use crate::axis::{self, AXES};
use crate::config::Config;
use crate::grid::further_axes;
use crate::interrupt;
use crate::job::{Identity, Job};
use crate::plan::Plan;
use crate::progress::Progress;
use crate::store::{Finished, Store, host};

/// A part is written this often.
const PART_EVERY: Duration = Duration::from_secs(1);
/// Or after this many jobs.
const PART_JOBS: usize = 8192;
/// The bar is redrawn this often.
const TICK: Duration = Duration::from_millis(200);

thread_local! {
    /// What the last panic on a worker said, and where it happened, kept for the record instead of printed.
    static PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    static WORKER: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs everything outstanding in `plan` on `threads` cores and stores it.
///
/// # Errors
/// When threads cannot start or the disk says no; what was stored before stays.
pub fn execute(
    plan: &Plan,
    config: &Config,
    threads: usize,
    level: Level,
    store: &mut Store,
    progress: &Progress,
) -> Result<(), SweepError> {
    if plan.outstanding.is_empty() {
        return Ok(());
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| SweepError::Threads { threads, reason: error.to_string() })?;
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let context =
        Context { config, level, identity: Identity::new(config), further: further_axes(config), host: host() };
    let (sender, receiver) = mpsc::channel();
    let hook = quiet_panics();
    let stored = std::thread::scope(|scope| {
        let (next, stop, context) = (&next, &stop, &context);
        let workers = scope.spawn(move || {
            pool.broadcast(|_| {
                WORKER.set(true);
                while !stop.load(Ordering::Relaxed) && !interrupt::requested() {
                    let Some(&index) = plan.outstanding.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                    let job = &plan.jobs[index];
                    // A job that was stopped half-way is as if it had not begun.
                    let Some(finished) = context.run(job) else { break };
                    if sender.send((job.cost(), finished)).is_err() {
                        break;
                    }
                }
            });
            // The channel closes here, when the last worker is done.
            drop(sender);
        });
        let stored = collect(&receiver, store, progress);
        // Also on an error: workers finish the job they are at, and no more.
        stop.store(true, Ordering::Relaxed);
        drop(receiver);
        let joined = workers.join();
        stored?;
        joined.map_err(|_| SweepError::Threads { threads, reason: "one ended unexpectedly".to_owned() })
    });
    std::panic::set_hook(hook);
    stored
}

/// Stores what arrives until the workers are done.
fn collect(
    receiver: &mpsc::Receiver<(f64, Finished)>,
    store: &mut Store,
    progress: &Progress,
) -> Result<(), SweepError> {
    let mut pending = Vec::new();
    let mut last_part = Instant::now();
    let mut last_tick = Instant::now();
    loop {
        let arrived = receiver.recv_timeout(TICK);
        let closed = matches!(arrived, Err(mpsc::RecvTimeoutError::Disconnected));
        if let Ok((cost, finished)) = arrived {
            progress.job_done(cost, finished.timing.tokens as f64);
            if let Some(error) = &finished.record.error {
                progress.say(&format!("warning: job {} failed: {error}", &finished.record.job_id[..12]));
            }
            pending.push(finished);
        }
        if last_tick.elapsed() >= TICK {
            progress.tick();
            last_tick = Instant::now();
        }
        let due = closed || last_part.elapsed() >= PART_EVERY || pending.len() >= PART_JOBS;
        if due && !pending.is_empty() {
            store.add(std::mem::take(&mut pending))?;
            last_part = Instant::now();
        }
        if closed {
            return Ok(());
        }
    }
}

/// Keeps panics of workers off the terminal; they become records. Returns the hook to put back.
fn quiet_panics() -> Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send> {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or("panic");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        if WORKER.with_borrow(|&worker| worker) {
            PANIC.set(Some((text.to_owned(), place)));
        } else {
            eprintln!("internal error: {text} ({place})");
        }
    }));
    usual
}

/// What a job panicked with. Its message travels with it, the place is known if it was on this thread.
fn described(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panic");
    match PANIC.take() {
        Some((here, place)) if here == text => format!("internal error: {text} ({place})"),
        _ => format!("internal error: {text}"),
    }
}

/// What all jobs of a sweep share.
struct Context<'c> {
    config: &'c Config,
    level: Level,
    identity: Identity,
    further: Vec<usize>,
    host: String,
}

impl Context<'_> {
    /// Runs one job; whatever happens to it becomes a record, unless the sweep was interrupted.
    fn run(&self, job: &Job) -> Option<Finished> {
        let start = Instant::now();
        let mut trace = Trace { job, points: Vec::new(), enabled: self.config.trace };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.train(job, &mut trace)))
            .unwrap_or_else(|payload| Err(described(payload.as_ref())));
        let tokens = outcome.as_ref().map_or(0, |(_, outcome)| outcome.tokens as i64);
        let (status, error, measures) = match outcome {
            Ok((task, outcome)) => (status(outcome.status)?, None, Some(measures(&task, &outcome))),
            Err(error) => (Status::Failed, Some(error), None),
        };
        let record = self.record(job, status, error, measures);
        let finished = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs() as i64);
        let wall_seconds = start.elapsed().as_secs_f64();
        let timing = Timing { job_id: record.job_id.clone(), wall_seconds, tokens, host: self.host.clone(), finished };
        Some(Finished { record, timing, traces: trace.points })
    }

    fn train(&self, job: &Job, trace: &mut Trace<'_>) -> Result<(Task, Outcome), String> {
        let shared = &self.config.shared;
        let mut task_stream = stream(self.identity.task_seed(job));
        let task = Task::draw(&job.task_spec(shared), &mut task_stream).map_err(|error| error.to_string())?;
        let data_stream = stream(self.identity.data_seed(job));
        let outcome = train::train(&task, &job.train_spec(shared, self.level), data_stream, trace);
        Ok((task, outcome))
    }

    fn record(&self, job: &Job, status: Status, error: Option<String>, measures: Option<Measures>) -> Record {
        let values = &job.point.values;
        let whole = |index: usize| values[index] as i64;
        Record {
            job_id: job.id.to_string(),
            n: whole(axis::N),
            q: whole(axis::Q),
            t: whole(axis::T),
            batch_size: whole(axis::BATCH_SIZE),
            eta_boost: values[axis::ETA_BOOST],
            eta_sparse: values[axis::ETA_SPARSE],
            lambda: values[axis::LAMBDA],
            algorithm: AXES[axis::ALGORITHM].shown(values[axis::ALGORITHM]),
            max_samples: whole(axis::MAX_SAMPLES),
            replicate: i64::from(job.replicate),
            further: self.further.iter().map(|&i| (AXES[i].name.to_owned(), values[i])).collect(),
            status,
            error,
            measures,
        }
    }
}

/// `None` for a run that was stopped half-way.
fn status(status: train::Status) -> Option<Status> {
    match status {
        train::Status::Recovered => Some(Status::Recovered),
        train::Status::Exhausted => Some(Status::Exhausted),
        train::Status::Mirrored => Some(Status::Mirrored),
        train::Status::Diverged => Some(Status::Diverged),
        train::Status::Stopped => None,
    }
}

fn measures(task: &Task, outcome: &Outcome) -> Measures {
    let count = |samples: Option<u64>| samples.map(|s| s as i64);
    Measures {
        steps: outcome.steps as i64,
        samples: outcome.samples as i64,
        samples_to_signal: count(outcome.milestones.signal),
        samples_to_support: count(outcome.milestones.support),
        samples_to_recovery: count(outcome.milestones.recovery),
        alpha_v: outcome.alpha_v,
        alpha_a: outcome.alpha_a,
        value_error: outcome.errors.value,
        attention_error: outcome.errors.attention,
        rounded_value_error: outcome.errors.rounded_value,
        rounded_attention_error: outcome.errors.rounded_attention,
        loss: outcome.errors.loss,
        k_p: task.k_p,
        k_q: task.k_q,
    }
}

/// Writes down a run at every check, if asked to, and stops it when the sweep is interrupted.
struct Trace<'j> {
    job: &'j Job,
    points: Vec<TracePoint>,
    enabled: bool,
}

impl Observer for Trace<'_> {
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()> {
        if self.enabled {
            let errors = seen.errors();
            self.points.push(TracePoint {
                job_id: self.job.id.to_string(),
                step: seen.step as i64,
                samples: seen.samples as i64,
                stage: seen.stage.name().to_owned(),
                values: [
                    seen.alpha_v,
                    seen.alpha_a,
                    errors.value,
                    errors.attention,
                    errors.rounded_value,
                    errors.rounded_attention,
                    errors.loss,
                ],
            });
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
