//! A step allocates nothing: a learner allocates its memory when it is made and in its first step.
//! (Steps so large that cores share them allocate a few bytes per 8192 positions.)
#![allow(unsafe_code, reason = "an allocator that counts is unsafe by its trait; it only forwards")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use scb_core::learn::{Stage, StepSizes, algorithm};
use scb_core::random::stream;
use scb_core::train::{Start, TrainSpec, learner};
use scb_core::{Chain, Level, Task, TaskSpec, Weights, use_level};

struct Counting;

thread_local! {
    /// Counts this thread only: the threads of the test harness allocate at any time.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is forwarded to the allocator of the system, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn steps_after_the_first_allocate_nothing() {
    for [n, t, batch_size] in [[2, 33, 7], [3, 64, 16], [3, 5000, 64], [8, 300, 50], [40, 100, 30]] {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        let spec = TaskSpec { n, q: 2, t, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        for name in ["prox", "sgd", "adam", "softmax", "softmax_adam"] {
            for level in Level::available() {
                use_level(level);
                let start = Start::Planted { alpha_v: 0.3, alpha_a: 0.5 };
                let algorithm = algorithm(name).unwrap();
                let spec = TrainSpec { algorithm, batch_size, start, ..TrainSpec::default() };
                let mut learner = learner(&task, &spec, stream([2; 16])).unwrap();
                let sizes = StepSizes { value: 1e-3, attention: 1e-3, threshold: 1e-6 };
                for stage in [Stage::Sparse, Stage::Round] {
                    learner.enter(stage);
                    learner.step(&sizes);
                    let before = ALLOCATIONS.get();
                    (0..50).for_each(|_| learner.step(&sizes));
                    let during = ALLOCATIONS.get() - before;
                    assert!(before > 0, "allocations are counted");
                    assert_eq!(during, 0, "{name}, N = {n}, T = {t}, {level:?}, {stage:?}");
                }
            }
        }
    }
}
