//! The time per token of each kernel and of whole steps, at every level that this processor
//! supports.
//!
//! ```text
//! cargo bench -p scb-core              # everything, some minutes
//! cargo bench -p scb-core -- step      # whole steps of Algorithm 1 only
//! cargo bench -p scb-core -- '^of_'    # whole steps of every algorithm only
//! ```
//!
//! Criterion measures the times, of which the shortest count. The table at the end divides every
//! time by that of the random bits alone at the same level, and by that of the portable kernels, all
//! from the same run. A second table has the steps of every algorithm at the fastest level, and
//! their ratio to that of Algorithm 1 at the size of its first row. Seeds are fixed, and one core is
//! used.

mod table;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode};
use scb_core::data::{Batches, FixedPointAttention};
use scb_core::inside::{self, Bits, Block, Categorical, Layout, Residuals, Sequences, States, Table, TokenSource};
use scb_core::learn::{Gradient, GradientAccumulator, StepSizes, algorithm};
use scb_core::random::stream;
use scb_core::theory::planted;
use scb_core::train::{Start, TrainSpec, learner};
use scb_core::{Chain, Level, Task, TaskSpec, Weights, use_level};

use table::Results;

/// N, Q, T and B of a step.
type Size = [usize; 4];

/// Typical uses: the simulation of the paper, more states, many states, short sequences.
const SIZES: [Size; 4] = [[3, 2, 5000, 64], [8, 2, 1024, 256], [27, 3, 4096, 64], [3, 2, 64, 16]];

/// The steps of the second table: a size, and the algorithms at it.
const STEPS: [(Size, &[&str]); 5] = [
    ([3, 2, 4096, 64], &["prox", "softmax", "softmax_adam", "moment"]),
    ([3, 2, 64, 8], &["prox", "softmax"]),
    ([27, 2, 1024, 64], &["prox", "softmax", "softmax_adam"]),
    ([64, 2, 1024, 64], &["prox", "softmax", "softmax_adam"]),
    ([256, 2, 1024, 64], &["prox", "softmax", "softmax_adam"]),
];

/// Numbers of states at which the kernels change, and some in between.
const STATES: [usize; 20] = [2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 17, 24, 31, 32, 48, 64, 96, 128, 192, 256];

fn task([n, q, t, _]: Size) -> Task {
    let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
    let spec = TaskSpec { n, q, t, chain, weights: Weights::Equal };
    Task::draw(&spec, &mut stream([2; 16])).unwrap_or_else(|error| panic!("{error}"))
}

fn name(&[n, q, t, b]: &Size) -> String {
    format!("N{n}_Q{q}_T{t}_B{b}")
}

/// Times `work`, a part of a batch of `tokens` tokens.
fn measure(c: &mut Criterion, results: &mut Results, what: (&str, &str, Level), tokens: usize, mut work: impl FnMut()) {
    let (group, size, level) = what;
    let mut benchmarks = c.benchmark_group(group);
    // Many short samples: the fastest counts.
    benchmarks.sampling_mode(SamplingMode::Flat);
    benchmarks.bench_function(BenchmarkId::new(size, level.name()), |bencher| bencher.iter(&mut work));
    benchmarks.finish();
    results.expect(group, size, level.name(), tokens);
}

/// The random bits alone, 16 per token: a lower limit of the time of drawing.
fn random_bits(c: &mut Criterion, results: &mut Results, level: Level) {
    const ROUNDS: usize = 10_000;
    let mut bits = Bits::new(&mut stream([1; 16]));
    measure(c, results, ("random_bits", "16_a_token", level), 32 * ROUNDS, || {
        black_box(level.random_words(&mut bits, ROUNDS));
    });
}

/// Each kernel on samples that all have one query token.
fn kernels(c: &mut Criterion, results: &mut Results, level: Level, size: Size) {
    let [n, _, t, b] = size;
    let task = task(size);
    let states = States::new(&Categorical::new(&task.stationary().to_vec()), n);
    let model = planted(&task, 0.5, 0.5);
    let mut attention = FixedPointAttention::zeros(n, t);
    attention.set(&model.attention);
    let (layout, width) = (Layout::new(n, t), inside::width(n));
    let count = b.div_ceil(layout.sequences());
    let (filled, queries) = (vec![layout.sequences(); count], vec![0; count]);
    let samples = count * layout.sequences();
    let mut lines = vec![Block::ZERO; count * layout.blocks()];
    let mut histograms = vec![0.0; samples * width];
    let (mut bits, mut escapes) = (Bits::new(&mut stream([1; 16])), stream([2; 16]));
    let (name, tokens) = (&*name(&size), samples * t);
    let mut sequences = Sequences {
        attention: &attention,
        layout,
        t,
        filled: &filled,
        queries: &queries,
        lines: &mut lines,
        histograms: &mut histograms,
        width,
    };
    measure(c, results, ("draw_and_weigh", name, level), tokens, || {
        sequences.draw(TokenSource { states: &states, bits: &mut bits, escapes: &mut escapes });
    });
    measure(c, results, ("draw", name, level), tokens, || {
        sequences.draw_only(TokenSource { states: &states, bits: &mut bits, escapes: &mut escapes });
    });
    measure(c, results, ("weigh", name, level), tokens, || sequences.weigh());
    let outputs = vec![0; samples];
    let mut residuals = Residuals::new(n);
    let mut tables = vec![Table([0.0; 16]); count * inside::table_size(n)];
    residuals.begin(level, &model.value, 1.0 / b as f64);
    measure(c, results, ("residuals", name, level), tokens, || {
        level.residuals(&mut residuals, &layout, &filled, &outputs, &histograms, &mut tables);
    });
    let mut sums = vec![0.0; t];
    measure(c, results, ("look_up", name, level), tokens, || {
        level.look_up(&layout, &lines, 0, &tables, false, black_box(&mut sums));
    });
    measure(c, results, ("round_attention", name, level), tokens, || attention.set(black_box(&model.attention)));
}

/// The gradient of a batch, from drawing to both of its factors.
fn gradient(c: &mut Criterion, results: &mut Results, level: Level, size: Size) {
    let [n, _, t, b] = size;
    let task = task(size);
    let model = planted(&task, 0.5, 0.5);
    let mut attention = FixedPointAttention::zeros(n, t);
    let mut batches = Batches::new(&task, b, stream([3; 16])).unwrap_or_else(|error| panic!("{error}"));
    let mut accumulator = GradientAccumulator::new(n);
    let mut gradient = Gradient::zeros(n, t);
    measure(c, results, ("gradient", &name(&size), level), b * t, || {
        accumulator.next_batch(&model, &mut attention, &mut batches, &mut gradient);
    });
}

/// A whole step of an algorithm, with steps so small that the model hardly changes.
fn step(c: &mut Criterion, results: &mut Results, level: Level, [group, name_of]: [&str; 2], size: Size) {
    let [_, _, t, batch_size] = size;
    let task = task(size);
    let start = Start::Planted { alpha_v: 0.5, alpha_a: 0.5 };
    let Some(algorithm) = algorithm(name_of) else { panic!("no algorithm is called {name_of}") };
    let spec = TrainSpec { algorithm, batch_size, start, ..TrainSpec::default() };
    let mut learner = learner(&task, &spec, stream([3; 16])).unwrap_or_else(|error| panic!("{error}"));
    let sizes = StepSizes { value: 1e-7, attention: 1e-7, threshold: 1e-9 };
    measure(c, results, (group, &name(&size), level), batch_size * t, || learner.step(&sizes));
}

fn all(c: &mut Criterion) -> Results {
    let mut results = Results::new();
    for level in Level::available() {
        use_level(level);
        random_bits(c, &mut results, level);
        for size in SIZES {
            step(c, &mut results, level, ["step", "prox"], size);
            gradient(c, &mut results, level, size);
            kernels(c, &mut results, level, size);
        }
        for n in STATES {
            step(c, &mut results, level, ["states", "prox"], [n, 2, 1024, 256]);
        }
        for (size, algorithms) in STEPS {
            for &algorithm in algorithms {
                step(c, &mut results, level, [&format!("of_{algorithm}"), algorithm], size);
            }
        }
    }
    results
}

fn main() {
    let mut c = Criterion::default()
        .sample_size(60)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .without_plots()
        .configure_from_args();
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let results = all(&mut c);
    c.final_summary();
    // In the test mode of Cargo everything runs once and nothing is measured.
    if std::env::args().all(|argument| argument != "--test") {
        results.print();
        results.print_steps(&STEPS.map(|(size, algorithms)| (size, name(&size), algorithms)));
    }
    if one_core.is_err() {
        eprintln!("not on one core: other threads had been started");
    }
}
