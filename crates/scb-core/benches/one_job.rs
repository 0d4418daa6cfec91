//! A single job on one core and on two, of which the second draws samples ahead.
//!
//! ```text
//! cargo bench -p scb-core --bench one_job
//! ```
//!
//! Steps take from a microsecond to 0.15 ms, so they are too small to be split. Both times come from
//! the same process, in turn; the fastest counts.
#![allow(missing_docs, reason = "a benchmark")]

use std::time::Instant;

use scb_core::learn::algorithm;
use scb_core::random::stream;
use scb_core::train::{Start, StopAt, TrainSpec, train};
use scb_core::{Chain, Task, TaskSpec, Weights};

/// Algorithm, N, T and B.
const JOBS: [(&str, usize, usize, usize); 9] = [
    ("prox", 3, 64, 8),
    ("prox", 3, 256, 16),
    ("prox", 3, 1024, 64),
    ("prox", 3, 4096, 64),
    ("softmax", 3, 4096, 64),
    ("moment", 3, 4096, 64),
    ("prox", 8, 1024, 64),
    ("prox", 27, 1024, 64),
    ("prox", 64, 1024, 64),
];

/// Tokens of a timed run.
const TOKENS: usize = 400_000_000;

/// Seconds of a run, with steps so small that the model hardly changes.
fn seconds(&(name, n, t, batch_size): &(&str, usize, usize, usize), tokens: usize) -> f64 {
    let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
    let spec = TaskSpec { n, q: 2, t, chain, weights: Weights::Equal };
    let task = Task::draw(&spec, &mut stream([2; 16])).unwrap_or_else(|error| panic!("{error}"));
    let Some(algorithm) = algorithm(name) else { panic!("no algorithm is called {name}") };
    let spec = TrainSpec {
        algorithm,
        batch_size,
        start: Start::Planted { alpha_v: 0.5, alpha_a: 0.5 },
        eta_boost: 1e-6,
        eta_sparse: 1e-6,
        stop_at: StopAt::Budget,
        max_samples: (tokens / t) as u64,
        ..TrainSpec::default()
    };
    let start = Instant::now();
    train(&task, &spec, stream([3; 16]), &mut ()).unwrap_or_else(|error| panic!("{error}"));
    start.elapsed().as_secs_f64()
}

fn main() {
    let (flags, names): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    if names.iter().any(|name| name != "one_job") {
        // Those of the kernels are meant.
        return;
    }
    // The test mode of Cargo runs everything once and measures nothing.
    let test = flags.iter().any(|flag| flag == "--test");
    let (tokens, rounds) = if test { (TOKENS / 100, 1) } else { (TOKENS, 6) };
    let pools = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap_or_else(|error| panic!("{error}"))
    });
    println!("| job | N, T, B | one core, ns a token | two cores | times |\n|---|---|---|---|---|");
    for job in &JOBS {
        let mut fastest = [f64::INFINITY; 2];
        for _ in 0..rounds {
            for (fastest, pool) in fastest.iter_mut().zip(&pools) {
                *fastest = fastest.min(pool.install(|| seconds(job, tokens)));
            }
        }
        let [one, two] = fastest.map(|seconds| seconds * 1e9 / tokens as f64);
        let (name, n, t, b) = job;
        println!("| {name} | {n}, {t}, {b} | {one:.2} | {two:.2} | {:.1} |", one / two);
    }
}
