//! Jobs across cores.
//!
//! Workers take jobs one by one; this thread collects what they finish
//! and stores it several times a second. Nothing here depends on which worker runs what, or when.
//! Whoever is interrupted stores what is finished and leaves without waiting for workers: a job
//! under way is as if it had not begun.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use crate::SweepError;
use crate::execution::collector::Collector;
use crate::execution::interrupt;
use crate::execution::progress::Progress;
use crate::execution::source::{Outstanding, Queue};
use crate::execution::work::{Ended, Options, Work};
use crate::execution::workers::{Event, Shared};
use crate::job::Tally;
use crate::store::Store;
use crate::store::lock::Lease;

/// Runs all jobs and stores them. Says through `lease` how far it is.
///
/// On an interruption and on an error it returns at once, while workers are still at jobs that
/// nobody waits for: the program is meant to end then. With how it ended comes how far the jobs of
/// this process are.
///
/// # Errors
/// When threads cannot start or the disk says no; what was stored before stays.
pub fn execute(
    jobs: Outstanding,
    work: impl Work,
    options: Options,
    store: &mut Store,
    lease: &mut Lease,
    progress: &Progress,
) -> Result<(Ended, Tally), SweepError> {
    let Outstanding { source, before: tally, further } = jobs;
    lease.heartbeat(tally);
    if source.is_empty() {
        return Ok((Ended::Complete, tally));
    }
    let threads = options.threads;
    let wrong = |reason: String| SweepError::Threads { threads, reason };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| wrong(e.to_string()))?;
    let shared = Arc::new(Shared {
        queue: Queue::new(source),
        further,
        work,
        options,
        running: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let (sender, receiver) = mpsc::channel();
    let waker = sender.clone();
    let on_signal = interrupt::on_signal(move || drop(waker.send(Event::Interrupted)));
    let workers = std::thread::Builder::new().name("workers".to_owned());
    let workers = {
        let shared = Arc::clone(&shared);
        workers.spawn(move || shared.run_all(&pool, sender)).map_err(|e| wrong(e.to_string()))?
    };
    let collected = Collector { shared: &shared, store, lease, progress, tally }.collect(&receiver);
    drop(on_signal);
    // Also on an error: nobody starts a job that cannot be stored.
    shared.stop.store(true, Ordering::Relaxed);
    let (ended, tally) = collected?;
    if ended != Ended::Interrupted {
        workers.join().map_err(|_| wrong("one ended unexpectedly".to_owned()))?;
    }
    Ok((ended, tally))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::config::{Config, parse};
    use crate::execution::memory::Memory;
    use crate::execution::source::{PlanSource, Source};
    use crate::execution::training::Training;
    use crate::job::Job;
    use crate::job::plan::Plan;
    use crate::job::{JobId, jobs};
    use crate::store::Access;
    use crate::store::Finished;

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
            let mut lease = Lease::take(place, None).unwrap();
            let mut store = Store::open(place, Access::Alone).unwrap();
            store.prepare(&self.config).unwrap();
            let plan = Arc::new(Plan::new(&self.config, jobs(&self.config).unwrap(), store.ids()));
            let before = plan.tally_before(store.ids());
            let progress = Progress::new(plan.cost_left(), plan.outstanding.len(), before, "test", true);
            let source = Source::Plan(PlanSource::new(&plan));
            let outstanding = Outstanding { source, before, further: plan.further.clone() };
            let rows = Training::new(&self.config);
            let work = Fake { rows, panicking: panicking.to_vec(), ran: Arc::clone(&self.ran) };
            let ended = execute(outstanding, work, options, &mut store, &mut lease, &progress);
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
        let rows = Training::new(&scene.config);
        // One part a job, forty at a time, from "runs" that differ in their error.
        for run in 0..20 {
            for job in &all {
                store.add(vec![rows.failed(job, format!("{run:02}"))]).unwrap();
                store.tidy().unwrap();
            }
            let files = std::fs::read_dir(place.join("parts")).unwrap().count();
            assert!(files < 3 * 32, "{files} parts after {} jobs", 40 * (run + 1));
        }
        let read = Store::open(place, Access::ReadOnly).unwrap();
        assert_eq!(read.done().len(), 40);
        assert!(all.iter().all(|job| error_of(&read, job.id) == error_of(&store, job.id)));
        assert!(all.iter().all(|job| error_of(&read, job.id) == "19"), "the last failure counts");
    }
}
