//! Batches that another core draws while this one trains.
//!
//! A small step is not worth sharing: two cores would spend more time on waiting for each other
//! than on the work. But samples do not depend on the model. So an idle core draws the next group
//! of batches, some hundred microseconds of work, while this one takes its steps with the group
//! before. What is left to do with a batch is its histograms, which do depend on the model, the
//! look-ups and the step. A batch has the same samples whoever draws it, so results do not change.
//!
//! If every core is busy, this one draws as it goes, which is faster than in two passes. It leaves a
//! question in its queue, which whoever is idle takes and answers. A group that nobody has begun to
//! draw when it is needed is taken back: no core waits for one that does other work.

use std::any::Any;
use std::hint::spin_loop;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Chunk;
use super::chunk::SHARED_BITS;
use super::sampler::{ChunkSizes, Sampler};

/// The tokens of a group take at least so many bits, unless it has [`MAX_BATCHES`]; and less than
/// twice as many. Two groups should fit the second-level cache. Decides speed only.
const GROUP_BITS: usize = 1 << 21;

/// The most batches of a group. Decides speed only.
const MAX_BATCHES: usize = 256;

/// So many groups are drawn as they are needed before somebody is asked: a short run is over before
/// others could help. Decides speed only.
const PAUSE: usize = 4;

/// Whoever waits looks so often before other threads may have the core.
const SPINS: usize = 1000;

/// The batches that are drawn ahead.
#[derive(Debug)]
pub(super) struct Ahead {
    batch_size: usize,
    /// Batches of a group; 0 if steps are so large that cores share each of them.
    batches: usize,
    group: Option<Group>,
    /// So many batches are drawn as they are needed before somebody is asked.
    pause: usize,
    /// Whether anybody is idle, once that was asked.
    idle: Option<Arc<AtomicBool>>,
    /// Memory for groups.
    spare: Vec<Vec<Chunk>>,
}

/// A group that is drawn, and the next.
#[derive(Debug)]
struct Group {
    chunks: Vec<Chunk>,
    used: usize,
    /// It has drawn this group, and would draw the next.
    sampler: Sampler,
    next: Arc<Request>,
}

/// A group that somebody may draw.
#[derive(Debug)]
struct Request {
    batch_size: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nobody has begun.
    Open(Work),
    /// Somebody is at it, or nobody will ever be.
    Closed,
    /// It is drawn.
    Drawn(Work),
    /// Whoever drew it panicked.
    Failed(Box<dyn Any + Send>),
}

/// What it takes to draw a group.
#[derive(Debug)]
struct Work {
    sampler: Sampler,
    chunks: Vec<Chunk>,
}

impl Ahead {
    /// For batches of `batch_size` samples, of which `chunk` holds the largest part.
    pub(super) fn new(batch_size: usize, sizes: &ChunkSizes, chunk: &Chunk) -> Self {
        let is_small = batch_size <= sizes.samples && chunk.most_bits() < SHARED_BITS;
        let batches = if is_small { GROUP_BITS.div_ceil(chunk.most_bits()).min(MAX_BATCHES) } else { 0 };
        Self { batch_size, batches, group: None, pause: PAUSE * batches, idle: None, spare: Vec::new() }
    }

    /// The next batch, without histograms, if it was drawn ahead. `None` if `sampler` is to draw it
    /// now. `empty` gives memory for a chunk.
    pub(super) fn next(&mut self, sampler: &mut Sampler, empty: impl Fn() -> Chunk) -> Option<&mut Chunk> {
        if self.batches == 0 {
            return None;
        }
        match &self.group {
            Some(group) if group.used < group.chunks.len() => {}
            Some(_) => self.turn_over(sampler),
            None if self.pause > 0 => self.pause -= 1,
            None => match &self.idle {
                None => self.ask(),
                Some(idle) if idle.load(Ordering::Relaxed) => self.begin(sampler, empty),
                Some(_) => {}
            },
        }
        let group = self.group.as_mut()?;
        group.used += 1;
        group.chunks.get_mut(group.used - 1)
    }

    /// Asks whether anybody in this thread pool is idle.
    fn ask(&mut self) {
        if rayon::current_thread_index().is_none() || rayon::current_num_threads() == 1 {
            self.pause = usize::MAX;
            return;
        }
        let idle = Arc::new(AtomicBool::new(false));
        let weak = Arc::downgrade(&idle);
        rayon::spawn(move || {
            if let Some(idle) = weak.upgrade() {
                idle.store(true, Ordering::Relaxed);
            }
        });
        self.idle = Some(idle);
    }

    /// Draws a first group and asks for the next.
    fn begin(&mut self, sampler: &Sampler, empty: impl Fn() -> Chunk) {
        self.idle = None;
        let mut memory = || self.spare.pop().unwrap_or_else(|| (0..self.batches).map(|_| empty()).collect());
        let (first, second) = (memory(), memory());
        let mut work = Work { sampler: sampler.clone(), chunks: first };
        work.draw(self.batch_size);
        let next = Request::post(self.batch_size, Work { sampler: work.sampler.clone(), chunks: second });
        self.group = Some(Group { chunks: work.chunks, used: 0, sampler: work.sampler, next });
    }

    /// Goes on with the group after one that is used up, if it is drawn.
    fn turn_over(&mut self, before: &mut Sampler) {
        let Some(Group { chunks: used, sampler, next, .. }) = self.group.take() else { return };
        *before = sampler;
        let (Work { sampler, chunks }, drawn) = next.take();
        if drawn {
            let next = Request::post(self.batch_size, Work { sampler: sampler.clone(), chunks: used });
            self.group = Some(Group { chunks, used: 0, sampler, next });
        } else {
            self.spare.extend([used, chunks]);
            drop(next);
            withdraw();
        }
    }

    /// Forgets what was drawn ahead. `sampler` then draws the batch after the last that was used.
    pub(super) fn forget(&mut self, sampler: &mut Sampler, chunk: &mut Chunk) {
        if let Some(group) = &self.group {
            // It stands before this group.
            (0..group.used).for_each(|_| sampler.draw(self.batch_size, chunk));
        }
        self.clear();
    }

    /// Takes back what nobody has begun.
    fn clear(&mut self) {
        if self.group.take().is_some() | self.idle.take().is_some() {
            withdraw();
        }
    }

    /// Waits until somebody is idle, or the group after this one is drawn, if that was asked for.
    /// Whether there is a group.
    #[cfg(test)]
    pub(super) fn wait(&self) -> bool {
        let waits = || match (&self.idle, &self.group) {
            (Some(idle), _) => !idle.load(Ordering::Relaxed),
            (_, Some(group)) => !matches!(*group.next.lock(), State::Drawn(_)),
            _ => false,
        };
        while waits() {
            std::thread::yield_now();
        }
        self.group.is_some()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Takes what was asked last out of the queue of this thread, if nobody has taken it. Whoever asked
/// does not hold it any more, so that it does nothing. Else such leftovers would pile up while every
/// core is busy.
fn withdraw() {
    let _ = rayon::yield_local();
}

impl Work {
    fn draw(&mut self, batch_size: usize) {
        self.chunks.iter_mut().for_each(|chunk| self.sampler.draw(batch_size, chunk));
    }
}

impl Request {
    /// Asks whoever is idle in this thread pool to do `work`.
    fn post(batch_size: usize, work: Work) -> Arc<Self> {
        let request = Arc::new(Self { batch_size, state: Mutex::new(State::Open(work)) });
        let weak = Arc::downgrade(&request);
        rayon::spawn(move || {
            // There is none if the run has ended.
            if let Some(request) = weak.upgrade() {
                request.fulfil();
            }
        });
        request
    }

    fn fulfil(&self) {
        let State::Open(mut work) = replace(&mut *self.lock(), State::Closed) else { return };
        // A panic belongs to the run whose samples these are.
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            work.draw(self.batch_size);
            work
        }));
        *self.lock() = drawn.map_or_else(State::Failed, State::Drawn);
    }

    /// The work, and whether it is done. Waits for whoever is at it.
    fn take(&self) -> (Work, bool) {
        let mut looks = 0;
        loop {
            let state = replace(&mut *self.lock(), State::Closed);
            match state {
                State::Open(work) => return (work, false),
                State::Drawn(work) => return (work, true),
                State::Failed(panic) => resume_unwind(panic),
                State::Closed if looks < SPINS => spin_loop(),
                State::Closed => std::thread::yield_now(),
            }
            looks += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batches;
    use crate::random::stream;
    use crate::task::{Task, TaskSpec};

    fn task() -> Task {
        Task::draw(&TaskSpec::new(3, 2, 4096), &mut stream([1; 16])).unwrap()
    }

    fn pool() -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap()
    }

    /// Nobody else sees it, and nobody waits for a group that never comes.
    #[test]
    fn a_panic_of_another_core_reaches_the_run_whose_samples_it_drew() {
        let sampler = Sampler::new(&task(), &ChunkSizes::new(3, 4096, 4), stream([2; 16]));
        // A chunk for another number of states.
        let work = Work { sampler, chunks: vec![Chunk::new(20, 4096, 8)] };
        let caught = pool().install(|| {
            let request = Request::post(4, work);
            while !matches!(*request.lock(), State::Failed(_)) {
                std::thread::yield_now();
            }
            catch_unwind(AssertUnwindSafe(|| request.take())).is_err()
        });
        assert!(caught);
    }

    #[test]
    fn a_run_leaves_nothing_in_the_queue_of_a_busy_thread() {
        let (stop, busy) = (AtomicBool::new(false), AtomicBool::new(false));
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let queue = pool().scope(|scope| {
            scope.spawn(|_| {
                busy.store(true, Ordering::Relaxed);
                while !is(&stop) {
                    std::thread::yield_now();
                }
            });
            while !is(&busy) {
                std::thread::yield_now();
            }
            let mut batches = Batches::new(&task(), 64, stream([3; 16])).unwrap();
            let run = |batches: &mut Batches| (0..50).for_each(|_| batches.for_each_unweighed(|_| ()));
            run(&mut batches);
            batches.set_batch_size(50);
            run(&mut batches);
            drop(batches);
            let queue = rayon::yield_local();
            stop.store(true, Ordering::Relaxed);
            queue
        });
        assert_eq!(queue, Some(rayon::Yield::Idle));
    }
}
