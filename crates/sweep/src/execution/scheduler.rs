//! Jobs across cores.
//!
//! Workers take jobs one by one, the most expensive first; this thread collects what they finish and stores it several times a
//! second. Nothing here depends on which worker runs what, or when. Whoever is interrupted stores what is finished and leaves
//! without waiting for workers: a job under way is as if it had not begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use report::Status;

use crate::SweepError;
use crate::execution::interrupt;
use crate::execution::memory::Memory;
use crate::execution::progress::Progress;
use crate::job::plan::Plan;
use crate::job::{Job, Tally};
use crate::platform::panics;
use crate::store::lock::Claim;
use crate::store::{Finished, Store};

/// A part is written this long after the one before, at the earliest: so much work a kill costs, if the disk is fast.
const PART_EVERY: Duration = Duration::from_millis(100);
/// Storing may take this share of the time, at the most: a slow disk gets larger parts.
const STORING_SHARE: u32 = 20;
/// The longest time between parts, however slow the disk: so much work a kill costs at the most.
const PART_AT_LAST: Duration = Duration::from_secs(10);
/// A part is written after this many jobs at the latest.
const PART_JOBS: usize = 8192;
/// The bar is redrawn this often.
const TICK: Duration = Duration::from_millis(200);
/// Others are told how far this process is this often.
const BEAT: Duration = Duration::from_secs(2);

/// Finished jobs gather for this long.
const BREATH: Duration = Duration::from_millis(1);

/// Failures that are shown as they happen.
const FAILURES_SHOWN: usize = 20;

/// What is done with a job.
pub trait Work: Send + Sync + 'static {
    /// Runs it. It may panic, and fails then.
    fn run(&self, job: &Job) -> Finished;

    /// Bytes that it takes while it runs, about; a whole number.
    fn bytes(&self, job: &Job) -> f64 {
        job.bytes()
    }

    /// The row of a job that could not be run, and why.
    fn failed(&self, job: &Job, error: String) -> Finished;
}

/// How to run jobs.
#[derive(Debug)]
pub struct Options {
    /// Cores.
    pub threads: usize,
    /// Whether to start no more jobs once one has failed.
    pub fail_fast: bool,
    /// What the jobs may take together.
    pub memory: Memory,
}

/// How running jobs came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All were run.
    Complete,
    /// A job failed, and no more were started.
    FailedFast,
    /// A signal came.
    Interrupted,
}

/// What reaches the collecting thread.
enum Event {
    /// The job of this index is done.
    Finished(usize, Box<Finished>),
    /// The last worker is done.
    Done,
    /// A signal came.
    Interrupted,
}

/// Says [`Event::Done`] when it goes, even if that is because of a panic.
struct SayDone(Sender<Event>);

impl Drop for SayDone {
    fn drop(&mut self) {
        // Nobody listening means that it is over anyway.
        let _ = self.0.send(Event::Done);
    }
}

/// What workers share.
struct Shared<W> {
    plan: Arc<Plan>,
    work: W,
    options: Options,
    /// Position in the plan's outstanding jobs of the next one.
    next: AtomicUsize,
    running: AtomicUsize,
    stop: AtomicBool,
}

/// Runs everything outstanding in `plan` and stores it. Says through `claim` how far it is.
///
/// On an interruption and on an error it returns at once, while workers are still at jobs that nobody waits for: the program
/// is meant to end then. With how it ended comes how far the jobs of this process are.
///
/// # Errors
/// When threads cannot start or the disk says no; what was stored before stays.
pub fn execute(
    plan: &Arc<Plan>,
    work: impl Work,
    options: Options,
    store: &mut Store,
    claim: &mut Claim,
    progress: &Progress,
) -> Result<(Ended, Tally), SweepError> {
    let tally = plan.tally_before(store.ids());
    claim.beat(tally);
    if plan.outstanding.is_empty() {
        return Ok((Ended::Complete, tally));
    }
    let threads = options.threads;
    let wrong = |reason: String| SweepError::Threads { threads, reason };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| wrong(e.to_string()))?;
    let shared = Arc::new(Shared {
        plan: Arc::clone(plan),
        work,
        options,
        next: AtomicUsize::new(0),
        running: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let (sender, receiver) = mpsc::channel();
    let waker = sender.clone();
    let waiting = interrupt::call(move || drop(waker.send(Event::Interrupted)));
    let workers = std::thread::Builder::new().name("workers".to_owned());
    let workers = {
        let shared = Arc::clone(&shared);
        workers.spawn(move || shared.work_off(&pool, sender)).map_err(|e| wrong(e.to_string()))?
    };
    let collected = Collector { shared: &shared, store, claim, progress, tally }.collect(&receiver);
    drop(waiting);
    // Also on an error: nobody starts a job that cannot be stored.
    shared.stop.store(true, Ordering::Relaxed);
    let (ended, tally) = collected?;
    if ended != Ended::Interrupted {
        workers.join().map_err(|_| wrong("one ended unexpectedly".to_owned()))?;
    }
    Ok((ended, tally))
}

impl<W: Work> Shared<W> {
    /// Runs jobs on every thread of the pool until none is left.
    fn work_off(&self, pool: &ThreadPool, sender: Sender<Event>) {
        let SayDone(sender) = &SayDone(sender);
        pool.broadcast(|_| {
            panics::silence_this_thread();
            while !self.stop.load(Ordering::Relaxed) {
                let next = self.next.fetch_add(1, Ordering::Relaxed);
                let Some(&index) = self.plan.outstanding.get(next) else { break };
                let job = &self.plan.jobs[index];
                let Some(finished) = self.run(job) else { break };
                if self.options.fail_fast && finished.record.status == Status::Failed {
                    self.stop.store(true, Ordering::Relaxed);
                }
                if sender.send(Event::Finished(index, Box::new(finished))).is_err() {
                    break;
                }
            }
        });
    }

    /// Runs one job; whatever happens to it becomes a row. None if it was not begun because no more are to be.
    fn run(&self, job: &Job) -> Option<Finished> {
        let held = match self.options.memory.take(self.work.bytes(job)) {
            Ok(held) => held,
            Err(reason) => return Some(self.work.failed(job, reason)),
        };
        // It may have waited for memory.
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        self.running.fetch_add(1, Ordering::Relaxed);
        let finished = panics::caught(|| self.work.run(job)).unwrap_or_else(|panic| self.work.failed(job, panic));
        self.running.fetch_sub(1, Ordering::Relaxed);
        drop(held);
        Some(finished)
    }
}

/// Takes finished jobs, and tells everybody.
struct Collector<'c, W> {
    shared: &'c Shared<W>,
    store: &'c mut Store,
    claim: &'c mut Claim,
    progress: &'c Progress,
    tally: Tally,
}

impl<W: Work> Collector<'_, W> {
    /// Stores what arrives until the workers are done, or a signal comes.
    fn collect(&mut self, receiver: &Receiver<Event>) -> Result<(Ended, Tally), SweepError> {
        let plan = &self.shared.plan;
        let mut left = plan.outstanding.len();
        let mut tally = self.tally;
        let failed_before = tally.failed;
        let (mut pending, mut pause) = (Vec::new(), Duration::ZERO);
        let (mut last_part, mut last_tick, mut last_beat) = (Instant::now(), Instant::now(), Instant::now());
        loop {
            let until_part = if pending.is_empty() { TICK } else { pause.saturating_sub(last_part.elapsed()) };
            let mut event = receiver.recv_timeout(until_part.min(TICK));
            let mut ended = None;
            // All that has arrived; also after a signal: what workers have sent meanwhile is finished too.
            while let Ok(arrived) = event {
                match arrived {
                    Event::Finished(index, finished) => {
                        left -= 1;
                        tally.done += 1;
                        tally.failed += usize::from(finished.record.status == Status::Failed);
                        self.tell(&plan.jobs[index], &finished, tally.failed - failed_before);
                        pending.push(*finished);
                    }
                    Event::Done => {
                        ended = Some(match (left, self.shared.stop.load(Ordering::Relaxed)) {
                            (0, _) => Ok(Ended::Complete),
                            (_, true) => Ok(Ended::FailedFast),
                            (_, false) => Err("they ended before the last job".to_owned()),
                        });
                    }
                    Event::Interrupted => ended = Some(Ok(Ended::Interrupted)),
                }
                event = receiver.try_recv().map_err(|_| RecvTimeoutError::Timeout);
            }
            if last_tick.elapsed() >= TICK {
                self.progress.tick();
                last_tick = Instant::now();
            }
            let due = ended.is_some() || last_part.elapsed() >= pause || pending.len() >= PART_JOBS;
            if due && !pending.is_empty() {
                let start = Instant::now();
                self.store.add(std::mem::take(&mut pending))?;
                if ended.is_none() {
                    self.store.tidy()?;
                }
                pause = (start.elapsed() * STORING_SHARE).clamp(PART_EVERY, PART_AT_LAST);
                last_part = Instant::now();
            }
            if last_beat.elapsed() >= BEAT {
                tally.running = self.shared.running.load(Ordering::Relaxed);
                tally.tokens_per_second = self.progress.tokens_per_second();
                self.claim.beat(tally);
                last_beat = Instant::now();
            }
            if let Some(ended) = ended {
                self.claim.beat(tally);
                let threads = self.shared.options.threads;
                return ended.map(|ended| (ended, tally)).map_err(|reason| SweepError::Threads { threads, reason });
            }
            // To be woken by each of many short jobs would cost as much as they do.
            std::thread::sleep(BREATH);
        }
    }

    /// Counts a finished job for the bar, and shows it if it failed, the `nth` that did.
    fn tell(&self, job: &Job, finished: &Finished, nth: usize) {
        self.progress.job_done(job.cost(), finished.timing.tokens as f64);
        let Some(error) = &finished.record.error else { return };
        let (id, described) = (&finished.record.job_id[..12], job.described(&self.shared.plan.further));
        if nth <= FAILURES_SHOWN {
            self.progress.say(&format!("job {id} failed: {error}\n    {described}"));
        }
        if nth == FAILURES_SHOWN {
            self.progress.say("further failures are counted, and not shown");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use scb_core::kernel::Level;

    use super::*;
    use crate::config::{Config, parse};
    use crate::execution::training::Training;
    use crate::job::{JobId, jobs};
    use crate::store::Access;

    /// Real rows without training; chosen jobs panic.
    struct Fake {
        rows: Training,
        panicking: Vec<JobId>,
        ran: Arc<Mutex<Vec<JobId>>>,
    }

    impl Work for Fake {
        fn run(&self, job: &Job) -> Finished {
            self.ran.lock().unwrap().push(job.id);
            assert!(!self.panicking.contains(&job.id), "job {} is unlucky", job.id);
            self.rows.failed(job, "not run".to_owned())
        }

        fn failed(&self, job: &Job, error: String) -> Finished {
            self.rows.failed(job, error)
        }
    }

    struct Scene {
        home: tempfile::TempDir,
        config: Arc<Config>,
        ran: Arc<Mutex<Vec<JobId>>>,
    }

    impl Scene {
        fn set() -> Self {
            let text = "replicates = 20\n[grid]\nN = 3\nQ = 1\nT = [32, 64]\nbatch_size = 16".to_owned();
            let config = Arc::new(parse("test", "test.toml", text, &[]).unwrap());
            Self { home: tempfile::tempdir().unwrap(), config, ran: Arc::default() }
        }

        fn run(&self, panicking: &[JobId], options: Options) -> (Ended, Store, Arc<Plan>) {
            let place = self.home.path();
            let mut claim = Claim::take(place, None).unwrap();
            let mut store = Store::open(place, Access::Alone).unwrap();
            store.prepare(&self.config).unwrap();
            let plan = Arc::new(Plan::new(&self.config, jobs(&self.config).unwrap(), store.ids()));
            let level = Level::best();
            let progress = Progress::new(&plan, plan.tally_before(store.ids()), "test", true, level);
            let rows = Training::new(&self.config, level);
            let work = Fake { rows, panicking: panicking.to_vec(), ran: Arc::clone(&self.ran) };
            let ended = execute(&plan, work, options, &mut store, &mut claim, &progress);
            let (ended, tally) = ended.unwrap();
            assert_eq!(tally, plan.tally(store.ids()));
            (ended, store, plan)
        }
    }

    fn options(threads: usize) -> Options {
        Options { threads, fail_fast: false, memory: Memory::limited_to(f64::INFINITY) }
    }

    fn error_of(store: &Store, id: JobId) -> String {
        store.done()[&id].0.error.clone().unwrap()
    }

    #[test]
    fn a_job_that_panics_becomes_a_row_and_the_others_go_on() {
        let scene = Scene::set();
        let unlucky: Vec<JobId> = jobs(&scene.config).unwrap().iter().step_by(7).map(|job| job.id).collect();
        let (ended, store, plan) = scene.run(&unlucky, options(3));
        assert_eq!(ended, Ended::Complete);
        assert_eq!((store.done().len(), scene.ran.lock().unwrap().len()), (40, 40));
        for job in &plan.jobs {
            let error = error_of(&store, job.id);
            let panicked = error.starts_with(&format!("internal error: job {} is unlucky (", job.id));
            assert_eq!(panicked, unlucky.contains(&job.id), "{error}");
            assert!(!panicked || error.contains("scheduler.rs"), "{error}");
        }
        // On disk too, and nothing is left to run.
        let (ended, again, _) = scene.run(&unlucky, options(3));
        assert_eq!((ended, again.done().len()), (Ended::Complete, 40));
        assert_eq!(scene.ran.lock().unwrap().len(), 40, "no job runs twice");
    }

    #[test]
    fn failing_fast_starts_no_more_jobs_and_keeps_those_under_way() {
        let scene = Scene::set();
        let (ended, store, _) = scene.run(&[], Options { fail_fast: true, ..options(2) });
        assert_eq!(ended, Ended::FailedFast);
        let ran = scene.ran.lock().unwrap();
        assert!(ran.len() <= 3 && store.done().len() == ran.len(), "{ran:?}");
    }

    #[test]
    fn a_job_without_memory_fails_and_is_not_run() {
        let scene = Scene::set();
        let (ended, store, plan) = scene.run(&[], Options { memory: Memory::limited_to(1e6), ..options(2) });
        assert_eq!(ended, Ended::Complete);
        assert!(scene.ran.lock().unwrap().is_empty());
        assert!(
            plan.jobs.iter().all(|job| error_of(&store, job.id).starts_with("out of memory: it needs 4 MB, more than"))
        );
    }

    #[test]
    fn the_parts_of_a_long_run_stay_few_and_hold_every_job_once() {
        let scene = Scene::set();
        let all = jobs(&scene.config).unwrap();
        let place = scene.home.path();
        let mut store = Store::open(place, Access::Alone).unwrap();
        store.prepare(&scene.config).unwrap();
        let rows = Training::new(&scene.config, Level::best());
        // One part a job, forty at a time, from "runs" that differ in their error.
        for run in 0..20 {
            for job in &all {
                store.add(vec![rows.failed(job, format!("{run:02}"))]).unwrap();
                store.tidy().unwrap();
            }
            let files = std::fs::read_dir(place.join("parts")).unwrap().count();
            assert!(files < 3 * 32, "{files} parts after {} jobs", 40 * (run + 1));
        }
        let read = Store::open(place, Access::Look).unwrap();
        assert_eq!(read.done().len(), 40);
        assert!(all.iter().all(|job| error_of(&read, job.id) == error_of(&store, job.id)));
        assert!(all.iter().all(|job| error_of(&read, job.id) == "19"), "the last failure counts");
    }
}
