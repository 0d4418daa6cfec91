//! The threads that run jobs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use rayon::ThreadPool;
use report::Status;

use crate::execution::source::Queue;
use crate::execution::work::{Options, Work};
use crate::job::Job;
use crate::platform::panics;
use crate::store::{Finished, seen_of};

/// What reaches the collecting thread.
pub(super) enum Event {
    /// A job is done.
    Finished(Job, Box<Finished>),
    /// The last worker is done.
    Done,
    /// A signal came.
    Interrupted,
}

/// Sends [`Event::Done`] when it is dropped, also after a panic.
struct DoneOnDrop(Sender<Event>);

impl Drop for DoneOnDrop {
    fn drop(&mut self) {
        // It fails if the collector has ended, and then there is nothing to do.
        let _ = self.0.send(Event::Done);
    }
}

/// Stops all workers if this one panics: they would wait for its job.
struct StopOnPanic<'s>(&'s AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// What workers share.
pub(super) struct Shared<W> {
    pub(super) queue: Queue,
    /// The axes beyond the fixed columns that a job is described with.
    pub(super) further: Vec<usize>,
    pub(super) work: W,
    pub(super) options: Options,
    pub(super) running: AtomicUsize,
    pub(super) stop: AtomicBool,
}

impl<W: Work> Shared<W> {
    /// Runs jobs on every thread of the pool until none is left.
    pub(super) fn run_all(&self, pool: &ThreadPool, sender: Sender<Event>) {
        let DoneOnDrop(sender) = &DoneOnDrop(sender);
        pool.broadcast(|_| {
            panics::silence_this_thread();
            let _guard = StopOnPanic(&self.stop);
            while let Some(task) = self.queue.next(&self.stop) {
                let Some(finished) = self.run(&task.job) else { break };
                if self.options.fail_fast && finished.record.status == Status::Failed {
                    self.stop.store(true, Ordering::Relaxed);
                }
                self.queue.finished(&task, seen_of(&finished.record));
                if sender.send(Event::Finished(task.job, Box::new(finished))).is_err() {
                    break;
                }
            }
        });
    }

    /// Runs one job; whatever happens to it becomes a row. `None` if the run was told to stop
    /// before the job began.
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
