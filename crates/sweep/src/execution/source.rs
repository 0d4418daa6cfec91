//! Where jobs come from: a plan that is known from the start, or a search that asks for more when it
//! has seen what it asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::job::plan::Plan;
use crate::job::{DoneJobs, Job, Seen, Tally};
use crate::search::cell::CellSearch;
use crate::search::sweep::SweepSearch;

/// A job to run, and what its source knows it by.
#[derive(Debug, Clone)]
pub struct Task {
    /// The job.
    pub job: Job,
    ticket: usize,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cells {
    /// How many cells there are.
    pub all: usize,
    /// How many of them are complete.
    pub complete: usize,
    /// The share of its tokens that is spent, if what is left costs as much as what is complete,
    /// relative to a run at the start of each cell.
    pub share: f64,
}

/// The jobs that a process has to run.
#[derive(Debug)]
pub struct Outstanding {
    /// Where they come from.
    pub source: Source,
    /// How far the process is before it runs them.
    pub before: Tally,
    /// The axes beyond the fixed columns that a job is described with.
    pub further: Vec<usize>,
}

/// Where jobs come from.
#[derive(Debug)]
pub enum Source {
    /// A plan.
    Plan(PlanSource),
    /// A search.
    Search(Box<SearchSource>),
}

impl Source {
    /// The next job, if one is ready now.
    pub fn take(&mut self) -> Option<Task> {
        match self {
            Self::Plan(source) => source.take(),
            Self::Search(source) => source.take(),
        }
    }

    /// Whether no job is ready.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plan(source) => source.next >= source.plan.outstanding.len(),
            Self::Search(source) => source.ready.is_empty(),
        }
    }

    /// Takes note of a finished job.
    pub fn finished(&mut self, task: &Task, seen: Seen) {
        if let Self::Search(source) = self {
            source.finished(task, seen);
        }
    }

    /// How far the search is, if it is one.
    #[must_use]
    pub fn cells(&self) -> Option<Cells> {
        match self {
            Self::Plan(_) => None,
            Self::Search(source) => Some(source.cells()),
        }
    }
}

/// What is outstanding in a plan, in its order.
#[derive(Debug)]
pub struct PlanSource {
    plan: Arc<Plan>,
    next: usize,
}

impl PlanSource {
    /// Of this plan.
    #[must_use]
    pub fn new(plan: &Arc<Plan>) -> Self {
        Self { plan: Arc::clone(plan), next: 0 }
    }

    fn take(&mut self) -> Option<Task> {
        let index = *self.plan.outstanding.get(self.next)?;
        self.next += 1;
        Some(Task { job: self.plan.jobs[index].clone(), ticket: index })
    }
}

/// The chains of a search that this process has.
#[derive(Debug)]
pub struct SearchSource {
    search: SweepSearch,
    done: DoneJobs,
    chains: Vec<usize>,
    /// For each chain of the search how many jobs it waits for.
    waiting: Vec<usize>,
    /// Jobs that are ready: the cheapest first, since a chain that lags behind has the longest way
    /// to go; of equals the first asked for.
    ready: BinaryHeap<Reverse<(u64, usize)>>,
    asked: Vec<(usize, Job)>,
}

impl SearchSource {
    /// The chains `chains` of `search`, with what is done.
    #[must_use]
    pub fn new(search: SweepSearch, chains: Vec<usize>, done: DoneJobs) -> Self {
        let waiting = vec![0; search.chains()];
        let mut source =
            Self { search, done, chains: chains.clone(), waiting, ready: BinaryHeap::new(), asked: Vec::new() };
        chains.into_iter().for_each(|chain| source.advance(chain));
        source
    }

    fn advance(&mut self, chain: usize) {
        for job in self.search.advance(chain, &self.done) {
            self.waiting[chain] += 1;
            // Bits of doubles that are not negative have the order of the doubles.
            self.ready.push(Reverse((job.cost().to_bits(), self.asked.len())));
            self.asked.push((chain, job));
        }
    }

    fn take(&mut self) -> Option<Task> {
        let Reverse((_, ticket)) = self.ready.pop()?;
        Some(Task { job: self.asked[ticket].1.clone(), ticket })
    }

    fn finished(&mut self, task: &Task, seen: Seen) {
        self.done.insert(task.job.id, seen);
        let chain = self.asked[task.ticket].0;
        self.waiting[chain] -= 1;
        if self.waiting[chain] == 0 {
            self.advance(chain);
        }
    }

    fn cells(&self) -> Cells {
        let of_chains = || self.chains.iter().flat_map(|&chain| self.search.cells_of(chain));
        let complete = || of_chains().filter(|cell| cell.outcome().is_some());
        let cells = Cells { all: of_chains().count(), complete: complete().count(), share: 1.0 };
        if cells.complete == cells.all {
            return cells;
        }
        let (tokens, cost) = complete().fold((0.0, 0.0), |(t, c), cell| (t + cell.tokens(), c + cell.cost()));
        if cost <= 0.0 {
            return Cells { share: 0.0, ..cells };
        }
        let spent: f64 = of_chains().map(CellSearch::tokens).sum();
        let open = of_chains().filter(|cell| cell.outcome().is_none());
        // The last runs of a cell are still to come.
        let left = open.map(|cell| (tokens / cost * cell.cost() - cell.tokens()).max(0.1 * cell.tokens()));
        Cells { share: spent / (spent + left.sum::<f64>()), ..cells }
    }
}

/// The jobs that workers share.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// Number of jobs that are finished.
    finished: AtomicUsize,
}

#[derive(Debug)]
struct State {
    source: Source,
    under_way: usize,
}

/// How long a worker without a job sleeps before it looks whether another one has work to share.
const SLEEP: Duration = Duration::from_millis(1);

/// How long a worker that has just helped another one looks for more of its work without a pause.
/// The work comes in parts of some tenths of a millisecond, and a sleeping worker would start the
/// next part late.
const STAY: Duration = Duration::from_millis(1);

impl Queue {
    pub(super) fn new(source: Source) -> Self {
        let state = Mutex::new(State { source, under_way: 0 });
        Self { state, changed: Condvar::new(), finished: AtomicUsize::new(0) }
    }

    /// The next job. While there is none, and some are under way, it helps with these or waits, for
    /// one may make another ready. `None` if all are finished, or `stop` is set.
    pub(super) fn next(&self, stop: &AtomicBool) -> Option<Task> {
        let mut state = self.lock();
        while !stop.load(Ordering::Relaxed) {
            if let Some(task) = state.source.take() {
                state.under_way += 1;
                return Some(task);
            }
            if state.under_way == 0 {
                return None;
            }
            // Before the lock is given back: else a job that is finished in between, and makes
            // another ready, would not be noticed while there is work to share.
            let finished = self.finished.load(Ordering::Relaxed);
            drop(state);
            let helped = self.help(finished, stop);
            state = self.lock();
            if !helped && state.source.is_empty() && state.under_way > 0 {
                state = match self.changed.wait_timeout(state, SLEEP) {
                    Ok((state, _)) => state,
                    Err(poisoned) => poisoned.into_inner().0,
                };
            }
        }
        None
    }

    /// Does work that running jobs share, until there has been none for a while or another number of
    /// jobs than `finished` is finished. Whether there was any.
    fn help(&self, finished: usize, stop: &AtomicBool) -> bool {
        let mut last = None;
        while finished == self.finished.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
            match (rayon::yield_now(), last) {
                (Some(rayon::Yield::Executed), _) => last = Some(Instant::now()),
                (_, Some(time)) if time.elapsed() < STAY => std::hint::spin_loop(),
                _ => break,
            }
        }
        last.is_some()
    }

    /// Takes note of a finished job.
    pub(super) fn finished(&self, task: &Task, seen: Seen) {
        let mut state = self.lock();
        state.under_way -= 1;
        state.source.finished(task, seen);
        drop(state);
        self.finished.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Whether nothing is ready or under way.
    pub(super) fn is_exhausted(&self) -> bool {
        let state = self.lock();
        state.under_way == 0 && state.source.is_empty()
    }

    /// How far the search is, if it is one.
    pub(super) fn cells(&self) -> Option<Cells> {
        self.lock().source.cells()
    }

    /// A panic while it is locked leaves nothing half done that matters: the run ends.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
