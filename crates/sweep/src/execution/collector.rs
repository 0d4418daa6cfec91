//! The thread that collects what workers finish, stores it several times a second and says how far
//! it is.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use report::Status;

use crate::SweepError;
use crate::execution::progress::Progress;
use crate::execution::work::{Ended, Work};
use crate::execution::workers::{Event, Shared};
use crate::job::{Job, Tally};
use crate::store::lock::Lease;
use crate::store::{Finished, Store};

/// The shortest time between two parts. A kill costs the work of so much time where the disk is
/// fast.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Parts are written so rarely that writing takes one of so many seconds: on a slow disk parts are
/// larger.
const STORING_SHARE: u32 = 20;
/// The longest time between two parts. A kill costs the work of so much time at the most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A part is written when so many jobs wait for it.
const MAX_PENDING: usize = 8192;
/// How often the progress bar is drawn.
const REDRAW_EVERY: Duration = Duration::from_millis(200);
/// How often the heartbeat is written.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(2);
/// How long finished jobs gather before they are taken together.
const GATHER_FOR: Duration = Duration::from_millis(1);
/// How many failed jobs are shown when they fail; more are only counted.
const FAILURES_SHOWN: usize = 20;

/// Takes finished jobs, stores them, and updates progress bar and heartbeat.
pub(super) struct Collector<'c, W> {
    pub(super) shared: &'c Shared<W>,
    pub(super) store: &'c mut Store,
    pub(super) lease: &'c mut Lease,
    pub(super) progress: &'c Progress,
    pub(super) tally: Tally,
}

impl<W: Work> Collector<'_, W> {
    /// Stores what arrives until the workers are done, or a signal comes.
    pub(super) fn collect(&mut self, receiver: &Receiver<Event>) -> Result<(Ended, Tally), SweepError> {
        let mut tally = self.tally;
        let failed_before = tally.failed;
        let (mut pending, mut pause) = (Vec::new(), Duration::ZERO);
        let (mut last_part, mut last_tick, mut last_heartbeat) = (Instant::now(), Instant::now(), Instant::now());
        loop {
            let until_part = if pending.is_empty() { REDRAW_EVERY } else { pause.saturating_sub(last_part.elapsed()) };
            let mut event = receiver.recv_timeout(until_part.min(REDRAW_EVERY));
            let mut ended = None;
            // All that has arrived; also after a signal: what workers have sent meanwhile is
            // finished too.
            while let Ok(arrived) = event {
                match arrived {
                    Event::Finished(job, finished) => {
                        tally.done += 1;
                        // A search has asked for it meanwhile.
                        tally.jobs = tally.jobs.max(tally.done);
                        tally.failed += usize::from(finished.record.status == Status::Failed);
                        self.count(&job, &finished, tally.failed - failed_before);
                        pending.push(*finished);
                    }
                    Event::Done => {
                        let exhausted = self.shared.queue.is_exhausted();
                        ended = Some(match (exhausted, self.shared.stop.load(Ordering::Relaxed)) {
                            (true, _) => Ok(Ended::Complete),
                            (_, true) => Ok(Ended::FailedFast),
                            (_, false) => Err("they ended before the last job".to_owned()),
                        });
                    }
                    Event::Interrupted => ended = Some(Ok(Ended::Interrupted)),
                }
                event = receiver.try_recv().map_err(|_| RecvTimeoutError::Timeout);
            }
            if (last_tick.elapsed() >= REDRAW_EVERY || ended.is_some())
                && let Some(cells) = self.shared.queue.cells()
            {
                (tally.cells, tally.complete) = (cells.all, cells.complete);
                self.progress.cells(cells);
            }
            if last_tick.elapsed() >= REDRAW_EVERY {
                self.progress.tick();
                last_tick = Instant::now();
            }
            let due = ended.is_some() || last_part.elapsed() >= pause || pending.len() >= MAX_PENDING;
            if due && !pending.is_empty() {
                let start = Instant::now();
                self.store.add(std::mem::take(&mut pending))?;
                if ended.is_none() {
                    self.store.tidy()?;
                }
                pause = (start.elapsed() * STORING_SHARE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                last_part = Instant::now();
            }
            if last_heartbeat.elapsed() >= HEARTBEAT_EVERY {
                tally.running = self.shared.running.load(Ordering::Relaxed);
                tally.tokens_per_second = self.progress.tokens_per_second();
                self.lease.heartbeat(tally);
                last_heartbeat = Instant::now();
            }
            if let Some(ended) = ended {
                self.lease.heartbeat(tally);
                let threads = self.shared.options.threads;
                return ended.map(|ended| (ended, tally)).map_err(|reason| SweepError::Threads { threads, reason });
            }
            // If each of many short jobs woke this thread, that would take as long as the jobs.
            std::thread::sleep(GATHER_FOR);
        }
    }

    /// Counts a finished job for the bar, and shows it if it failed, the `nth` that did.
    fn count(&self, job: &Job, finished: &Finished, nth: usize) {
        self.progress.job_done(job.cost(), finished.timing.tokens as f64);
        let Some(error) = &finished.record.error else { return };
        let (id, described) = (&finished.record.job_id[..12], job.described(&self.shared.further));
        if nth <= FAILURES_SHOWN {
            self.progress.say(&format!("job {id} failed: {error}\n    {described}"));
        }
        if nth == FAILURES_SHOWN {
            self.progress.say("further failures are counted, and not shown");
        }
    }
}
