//! Samples that another core draws while this one trains.
//!
//! A small step is not worth splitting: two cores would spend more time on waiting for each other
//! than on the work. But samples do not depend on the model. So an idle core draws the next
//! *stretch*, some hundred microseconds' worth of consecutive chunks, while this one takes its steps
//! with the stretch before. What is left to do are the histograms, which do depend on the model, the
//! look-ups and the step. A chunk has the same samples whoever draws it, so results do not change.
//!
//! If every core is busy, this one draws each chunk when it needs it, which is faster than drawing
//! and weighing in two passes. It leaves a small job in its queue; a thread that runs it is idle. A
//! stretch that nobody has begun to draw when it is needed is taken back: no core waits for one that
//! does other work.

use std::any::Any;
use std::hint::spin_loop;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Chunk;
use super::sampler::Sampler;

/// Bits that the chunks of a stretch take, about, unless there are [`MAX_CHUNKS`]. Two stretches
/// should fit the second-level cache. Decides speed only.
const STRETCH_BITS: usize = 1 << 21;

/// The most chunks of a stretch. Decides speed only.
const MAX_CHUNKS: usize = 256;

/// Stretches that are drawn on demand before this core looks for an idle one: a short run is over
/// before others could help. Decides speed only.
const PAUSE: usize = 4;

/// How often a waiting thread looks before it yields to the operating system.
const SPINS: usize = 1000;

/// The chunks that are drawn ahead.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Chunks of a stretch; 0 if they are so large that cores share each of them.
    chunks: usize,
    current: Option<Stretch>,
    /// Chunks that are drawn on demand before this core looks for an idle one.
    pause: usize,
    /// Whether another thread is idle, once this one looks for it.
    idle: Option<Arc<AtomicBool>>,
    /// Memory for stretches.
    spare: Vec<Vec<Chunk>>,
    /// Whether to wait for other threads, so that a test does not depend on their speed.
    #[cfg(test)]
    pub(super) patient: bool,
}

/// A stretch that is drawn.
#[derive(Debug)]
struct Stretch {
    chunks: Vec<Chunk>,
    /// How many of the chunks were used.
    used: usize,
    /// It has drawn this stretch, and would draw the next.
    sampler: Sampler,
    /// The next one.
    next: Arc<Request>,
}

/// A stretch that another thread may draw.
#[derive(Debug)]
struct Request(Mutex<State>);

#[derive(Debug)]
enum State {
    /// Nobody has begun.
    Open(Work),
    /// Somebody is drawing it, or it was taken back.
    Closed,
    /// It is drawn.
    Drawn(Work),
    /// Whoever drew it panicked.
    Failed(Box<dyn Any + Send>),
}

/// What it takes to draw a stretch.
#[derive(Debug)]
struct Work {
    sampler: Sampler,
    chunks: Vec<Chunk>,
}

impl Ahead {
    /// For a run of which `chunk` has the size of the largest.
    pub(super) fn new(chunk: &Chunk) -> Self {
        let chunks = if chunk.is_small() { STRETCH_BITS.div_ceil(chunk.most_bits()).min(MAX_CHUNKS) } else { 0 };
        Self {
            chunks,
            current: None,
            pause: PAUSE * chunks,
            idle: None,
            spare: Vec::new(),
            #[cfg(test)]
            patient: false,
        }
    }

    /// The next chunk, without histograms, if it was drawn ahead. `None` if `sampler` is to draw it
    /// now. `empty` gives memory for a chunk.
    pub(super) fn next(&mut self, sampler: &mut Sampler, empty: impl Fn() -> Chunk) -> Option<&mut Chunk> {
        if self.chunks == 0 {
            return None;
        }
        #[cfg(test)]
        if self.patient {
            self.wait();
        }
        match &self.current {
            Some(stretch) if stretch.used < stretch.chunks.len() => {}
            Some(_) => self.turn_over(sampler),
            None if self.pause > 0 => self.pause -= 1,
            None => match &self.idle {
                None => self.look(),
                Some(idle) if idle.load(Ordering::Relaxed) => self.begin(sampler, empty),
                Some(_) => {}
            },
        }
        let stretch = self.current.as_mut()?;
        stretch.used += 1;
        stretch.chunks.get_mut(stretch.used - 1)
    }

    /// Looks for an idle thread in this pool.
    fn look(&mut self) {
        if !in_pool() {
            self.pause = PAUSE * self.chunks;
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

    /// Draws a first stretch and asks for the next.
    fn begin(&mut self, sampler: &Sampler, empty: impl Fn() -> Chunk) {
        self.idle = None;
        if !in_pool() {
            return;
        }
        let mut memory = || self.spare.pop().unwrap_or_else(|| (0..self.chunks).map(|_| empty()).collect());
        let (first, second) = (memory(), memory());
        let mut work = Work { sampler: sampler.clone(), chunks: first };
        work.draw();
        let next = Request::post(Work { sampler: work.sampler.clone(), chunks: second });
        self.current = Some(Stretch { chunks: work.chunks, used: 0, sampler: work.sampler, next });
    }

    /// Goes on with the stretch after one that is used up, if it is drawn.
    fn turn_over(&mut self, before: &mut Sampler) {
        let Some(Stretch { chunks: old, sampler, next, .. }) = self.current.take() else { return };
        *before = sampler;
        let (Work { sampler, chunks }, drawn) = next.take();
        if drawn && in_pool() {
            let next = Request::post(Work { sampler: sampler.clone(), chunks: old });
            self.current = Some(Stretch { chunks, used: 0, sampler, next });
        } else {
            self.spare.extend([old, chunks]);
            drop(next);
            withdraw();
        }
    }

    /// Forgets what was drawn ahead. `sampler` then draws the chunk after the last that was used.
    pub(super) fn forget(&mut self, sampler: &mut Sampler, chunk: &mut Chunk) {
        if let Some(stretch) = &self.current {
            // `sampler` would draw this stretch again.
            (0..stretch.used).for_each(|_| sampler.draw_unweighed(chunk));
        }
        self.clear();
    }

    /// Takes back what nobody has begun.
    fn clear(&mut self) {
        if self.current.take().is_some() | self.idle.take().is_some() {
            withdraw();
        }
    }

    /// Whether the last chunk was drawn ahead.
    #[cfg(test)]
    pub(super) fn is_in_use(&self) -> bool {
        self.current.is_some()
    }

    /// Waits until another thread is idle, or the next stretch is drawn, if either was asked for.
    #[cfg(test)]
    fn wait(&self) {
        let waits = || match (&self.idle, &self.current) {
            (Some(idle), _) => !idle.load(Ordering::Relaxed),
            (_, Some(stretch)) => !matches!(*stretch.next.lock(), State::Drawn(_) | State::Failed(_)),
            _ => false,
        };
        while waits() {
            std::thread::yield_now();
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether this thread belongs to a pool that has others.
fn in_pool() -> bool {
    rayon::current_thread_index().is_some() && rayon::current_num_threads() > 1
}

/// Runs the newest job in the queue of this thread. That is the last one that `Ahead` has left
/// there, if no thread has taken it, and it does nothing once `Ahead` has dropped what it refers to.
/// Otherwise such jobs would pile up while every core is busy.
fn withdraw() {
    let _ = rayon::yield_local();
}

impl Work {
    fn draw(&mut self) {
        self.chunks.iter_mut().for_each(|chunk| self.sampler.draw_unweighed(chunk));
    }
}

impl Request {
    /// Asks the idle threads of this pool for `work`.
    fn post(work: Work) -> Arc<Self> {
        let request = Arc::new(Self(Mutex::new(State::Open(work))));
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
        let mut state = self.lock();
        let mut work = match replace(&mut *state, State::Closed) {
            State::Open(work) => work,
            other => {
                *state = other;
                return;
            }
        };
        drop(state);
        // A panic belongs to the run whose samples these are.
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            work.draw();
            work
        }));
        *self.lock() = drawn.map_or_else(State::Failed, State::Drawn);
    }

    /// The work, and whether it is done. Waits if somebody is at it.
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sampler::ChunkSizes;
    use crate::random::stream;
    use crate::task::{Task, TaskSpec};

    /// Batches of 64 sequences of 4096 tokens of 3 states, one chunk each.
    fn sampler() -> (Sampler, ChunkSizes) {
        let task = Task::draw(&TaskSpec::new(3, 2, 4096), &mut stream([1; 16])).unwrap();
        let sizes = ChunkSizes::new(3, 4096, 64);
        (Sampler::new(&task, sizes, stream([2; 16])), sizes)
    }

    fn pool() -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap()
    }

    #[test]
    fn a_panic_of_another_core_reaches_the_run_whose_samples_it_drew() {
        // A chunk for another number of states.
        let work = Work { sampler: sampler().0, chunks: vec![Chunk::new(20, 4096, 64)] };
        let caught = pool().install(|| {
            let request = Request::post(work);
            while matches!(*request.lock(), State::Open(_) | State::Closed) {
                std::thread::yield_now();
            }
            catch_unwind(AssertUnwindSafe(|| request.take())).is_err()
        });
        assert!(caught);
    }

    /// While the other thread of the pool is busy a run leaves its search for an idle thread in the
    /// queue of its own, or a stretch, which it takes back.
    #[test]
    fn a_run_leaves_nothing_in_the_queue_of_its_thread() {
        for begins in [false, true] {
            let (stop, busy) = (AtomicBool::new(false), AtomicBool::new(false));
            let (left_before, left_after) = pool().scope(|scope| {
                let (mut sampler, sizes) = sampler();
                let empty = || Chunk::new(3, 4096, sizes.lines);
                let mut chunk = empty();
                let mut ahead = Ahead::new(&chunk);
                let mut step = |ahead: &mut Ahead| {
                    if ahead.next(&mut sampler, empty).is_none() {
                        sampler.draw_unweighed(&mut chunk);
                    }
                };
                while begins && ahead.idle.is_none() {
                    step(&mut ahead);
                }
                ahead.wait();
                scope.spawn(|_| {
                    busy.store(true, Ordering::Relaxed);
                    while !stop.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                });
                while !busy.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                let mut seen = false;
                for _ in 0..100 {
                    step(&mut ahead);
                    seen |= ahead.current.is_some();
                }
                assert_eq!((seen, ahead.current.is_some(), ahead.idle.is_some()), (begins, false, true));
                // The one search that it leaves behind at this moment.
                let left_before = rayon::yield_local();
                drop(ahead);
                let left_after = rayon::yield_local();
                stop.store(true, Ordering::Relaxed);
                (left_before, left_after)
            });
            let (executed, idle) = (Some(rayon::Yield::Executed), Some(rayon::Yield::Idle));
            assert_eq!((left_before, left_after), (executed, idle), "{begins}");
        }
    }
}
