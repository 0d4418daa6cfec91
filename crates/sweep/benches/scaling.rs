//! What more cores give: a sweep is run on one core and on two, and simulated on more.
//!
//! ```text
//! cargo bench -p sweep --bench scaling                       # the default grid, and the search beside it
//! cargo bench -p sweep --bench scaling -- NAME [KEY=VALUE ...]   # another one of sweeps/
//! cargo bench -p sweep --bench scaling -- --check            # a short one, to see that it works
//! ```
//!
//! On one core every look at a job is timed. The simulation hands the same looks, at those times, to
//! more cores, by the code that hands them out in a run; what a search asks for next depends on what
//! has come back. Planning before and tables after are timed by themselves and run on one core.
//! Cores that have nothing else to do help with jobs under way. The simulation leaves that out.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use sweep::config::{Config, parse};
use sweep::execution::memory::Memory;
use sweep::execution::progress::Progress;
use sweep::execution::source::Source;
use sweep::execution::training::Training;
use sweep::execution::{Ended, Options, Work, execute};
use sweep::job::{DoneJobs, Job, JobId, Seen};
use sweep::store::lock::Lease;
use sweep::store::{Access, Finished, Store, seen_of};
use sweep::workload::Workload;

/// Cores that are simulated.
const CORES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

fn main() {
    let (flags, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    if flags.iter().any(|flag| flag == "--check") {
        return scale("tuned", &["N=3", "T=32,64,128"].map(str::to_owned));
    }
    match words.split_first() {
        Some((name, overrides)) => scale(name, overrides),
        None => {
            scale("sample_complexity", &[]);
            // Without its largest T, at which steps share the cores that have nothing else to do.
            scale("tuned", &["T=32,64,128,256,512,1024,2048".to_owned()]);
        }
    }
}

/// A look at a job: its id, and how many samples of it at most.
type Look = (JobId, Option<u64>);

/// Runs jobs as a sweep does, and notes how long each look took and what was seen.
struct Timed {
    training: Training,
    looks: Arc<Mutex<HashMap<Look, (f64, Seen)>>>,
}

impl Work for Timed {
    fn run(&self, job: &Job) -> Finished {
        let start = Instant::now();
        let finished = self.training.run(job);
        let seconds = start.elapsed().as_secs_f64();
        self.looks.lock().unwrap().insert((job.id, job.cap), (seconds, seen_of(&finished.record)));
        finished
    }

    fn failed(&self, job: &Job, error: String) -> Finished {
        self.training.failed(job, error)
    }
}

fn scale(name: &str, overrides: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../sweeps/{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let config =
        Arc::new(parse(name, &path.to_string_lossy(), text, overrides).unwrap_or_else(|e| panic!("{}", e.render())));
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    drop(outstanding(&config));
    let planning = start.elapsed().as_secs_f64();
    let one = home.path().join("one");
    let (measured_1, looks) = run(&config, &one, 1);
    let (measured_2, _) = run(&config, &home.path().join("two"), 2);
    let tables = tables(&one);
    let in_looks: f64 = looks.values().map(|(seconds, _)| seconds).sum();
    let simulated = |cores: usize| simulate(outstanding(&config), &looks, cores);
    let endless = simulated(usize::MAX);
    println!("\n{name}: {} looks at jobs, {in_looks:.1} s of one core", looks.len());
    println!("planning {planning:.2} s, tables and figures {tables:.2} s, both on one core");
    println!("the longest chain of looks that wait for each other: {endless:.2} s\n");
    println!("| cores | run, measured | run, simulated | with planning and tables | speed-up | cores' time in use |");
    println!("|---|---|---|---|---|---|");
    let whole = |run: f64| planning + run + tables;
    let alone = whole(simulated(1));
    for cores in CORES {
        let run = simulated(cores);
        let measured = match cores {
            1 => format!("{measured_1:.1} s"),
            2 => format!("{measured_2:.1} s"),
            _ => String::new(),
        };
        let speed_up = alone / whole(run);
        let used = 100.0 * in_looks / (cores as f64 * whole(run));
        println!("| {cores} | {measured} | {run:.2} s | {:.2} s | {speed_up:.1} | {used:.0} % |", whole(run));
    }
}

fn outstanding(config: &Arc<Config>) -> Source {
    let mut workload = Workload::new(config, &DoneJobs::default()).unwrap_or_else(|e| panic!("{}", e.render()));
    let before = workload.tally_before(&DoneJobs::default());
    workload.outstanding(&DoneJobs::default(), before).source
}

/// Seconds from the first job to the last, and every look.
fn run(config: &Arc<Config>, place: &Path, threads: usize) -> (f64, HashMap<Look, (f64, Seen)>) {
    let mut lease = Lease::take(place, None).unwrap();
    let mut store = Store::open(place, Access::Alone).unwrap();
    store.prepare(config).unwrap();
    let mut workload = Workload::new(config, store.ids()).unwrap_or_else(|e| panic!("{}", e.render()));
    let before = workload.tally_before(store.ids());
    let outstanding = workload.outstanding(store.ids(), before);
    let progress = Progress::new(workload.plan.cost_left(), workload.plan.outstanding.len(), before, "bench", true);
    let looks = Arc::default();
    let work = Timed { training: Training::new(config), looks: Arc::clone(&looks) };
    let options = Options { threads, fail_fast: false, memory: Memory::of_this_process() };
    let start = Instant::now();
    let (ended, _) = execute(outstanding, work, options, &mut store, &mut lease, &progress).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(ended, Ended::Complete);
    lease.finish();
    let looks = looks.lock().unwrap().clone();
    (seconds, looks)
}

/// Seconds in which the tables, figures and the page of a finished run are written.
fn tables(place: &Path) -> f64 {
    let sweep = PathBuf::from(env!("CARGO_BIN_EXE_sweep"));
    let start = Instant::now();
    let output = Command::new(sweep).arg("report").arg(place).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    start.elapsed().as_secs_f64()
}

/// Seconds from the first look to the last, on so many cores.
fn simulate(mut source: Source, looks: &HashMap<Look, (f64, Seen)>, cores: usize) -> f64 {
    // Looks under way by the time at which they end, in nanoseconds, and their number.
    let mut under_way = BinaryHeap::new();
    let mut tasks = Vec::new();
    let mut now = 0;
    loop {
        while under_way.len() < cores
            && let Some(task) = source.take()
        {
            let (seconds, _) = looks[&(task.job.id, task.job.cap)];
            under_way.push(Reverse((now + (seconds * 1e9) as u64, tasks.len())));
            tasks.push(task);
        }
        let Some(Reverse((end, number))) = under_way.pop() else { return now as f64 / 1e9 };
        now = end;
        let task = &tasks[number];
        source.finished(task, looks[&(task.job.id, task.job.cap)].1);
    }
}
