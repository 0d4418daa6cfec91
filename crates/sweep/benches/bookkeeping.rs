//! What surrounds the jobs: planning, scheduling, storing, resuming.
//!
//! ```text
//! cargo bench -p sweep                 # prints times, memory and ratios
//! cargo bench -p sweep -- --check      # and fails where a promise is broken
//! ```
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sweep::config::{Config, parse};
use sweep::execution::memory::Memory;
use sweep::execution::progress::Progress;
use sweep::execution::source::{Outstanding, PlanSource, Source};
use sweep::execution::training::Training;
use sweep::execution::{Ended, Options, Work, execute};
use sweep::job::plan::Plan;
use sweep::job::{Job, jobs};
use sweep::platform::machine::cores;
use sweep::store::lock::Lease;
use sweep::store::{Access, Finished, Store};

/// A million points of three axes by number and two by expression, one replicate each: the most
/// that planning has to do.
const MILLION: &str = "\
replicates = 1
[grid]
N = [2, 3, 4, 5, 6]
Q = [1, 2]
T = { lin = [101, 1100], points = 1000 }
batch_size = [4, 8, \"T/4\", \"T/2\", 64]
eta_boost = { lin = [0.01, 0.2], points = 20 }
";

/// A hundred thousand jobs.
const SMALL_JOBS: &str = "\
replicates = 100
[grid]
N = [2, 3]
Q = 1
T = 16
batch_size = [4, 8]
eta_boost = { lin = [0.01, 0.25], points = 25 }
lambda = { lin = [0.001, 0.01], points = 10 }
[training]
max_samples = 400
";

/// How long the jobs of the engine's benchmark take.
const JOB: Duration = Duration::from_micros(100);

fn main() {
    let flag = |name: &str| std::env::args().any(|word| word == name);
    if flag("plan") {
        return plan_a_million();
    }
    // Where something else takes the cores, a second look is fair; a promise that is broken stays
    // so.
    let tries = if flag("--check") { 3 } else { 1 };
    let kept = (0..tries).any(|_| {
        let promises: Vec<_> = planning().into_iter().chain(engine()).collect();
        println!();
        for (what, kept) in &promises {
            println!("{} {what}", if *kept { "kept:  " } else { "BROKEN:" });
        }
        promises.iter().all(|(_, kept)| *kept)
    });
    assert!(kept || !flag("--check"), "a promise is broken");
}

fn config(text: &str) -> Arc<Config> {
    Arc::new(parse("bench", "bench.toml", text.to_owned(), &[]).unwrap())
}

/// In a process of its own, so that its memory can be told.
fn planning() -> Vec<(&'static str, bool)> {
    let output = Command::new(std::env::current_exe().unwrap()).arg("plan").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [jobs, seconds, megabytes] = numbers[..] else { panic!("{text}") };
    println!("planning    {jobs} jobs: {seconds:.2} s, {megabytes:.0} MB");
    vec![("a million jobs are planned in 2 s", seconds < 2.0), ("and in 500 MB", megabytes < 500.0)]
}

fn plan_a_million() {
    let start = Instant::now();
    let config = config(MILLION);
    let plan = Plan::new(&config, jobs(&config).unwrap(), &Default::default());
    let seconds = start.elapsed().as_secs_f64();
    println!("{} {seconds} {}", plan.outstanding.len(), peak_megabytes());
}

/// The most memory this process has had; not a number where nobody can say.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).map_or(f64::NAN, |kb| kb / 1024.0)
}

/// The row of a job that was run once, after some idle time.
struct Idle {
    rows: Training,
    measures: report::Measures,
}

impl Work for Idle {
    fn run(&self, job: &Job) -> Finished {
        let start = Instant::now();
        let mut finished = self.rows.failed(job, String::new());
        finished.record.error = None;
        finished.record.status = report::Status::Exhausted;
        finished.record.measures = Some(self.measures.clone());
        while start.elapsed() < JOB {
            std::hint::spin_loop();
        }
        finished
    }

    fn failed(&self, job: &Job, error: String) -> Finished {
        self.rows.failed(job, error)
    }
}

/// Runs a hundred thousand jobs of 100 microseconds, then real ones that are about as short, and
/// resumes over each.
fn engine() -> Vec<(&'static str, bool)> {
    let config = config(SMALL_JOBS);
    let all = jobs(&config).unwrap();
    let rows = || Training::new(&config);
    let measures = rows().run(&all[0]).record.measures.unwrap();
    let home = tempfile::tempdir().unwrap();
    let (idle, real) = (home.path().join("idle"), home.path().join("real"));
    let lost = run(&config, &all, Idle { rows: rows(), measures }, &idle, "idle", Some(JOB));
    let lost_real = run(&config, &all, rows(), &real, "training", None);
    let resumed = resume(&config, &idle).max(resume(&config, &real));
    vec![
        ("100 000 jobs of 100 us lose under 20 % to the engine", lost < 0.2),
        ("so do real jobs of that size", lost_real < 0.2),
        ("resuming over 100 000 finished jobs starts within 1 s", resumed < 1.0),
    ]
}

/// The share of the cores' time that did not go into jobs, which take `each` or as long as they
/// say.
fn run(config: &Arc<Config>, all: &[Job], work: impl Work, place: &Path, what: &str, each: Option<Duration>) -> f64 {
    let threads = cores();
    let mut lease = Lease::take(place, None).unwrap();
    let mut store = Store::open(place, Access::Alone).unwrap();
    store.prepare(config).unwrap();
    let plan = Arc::new(Plan::new(config, all.to_vec(), store.ids()));
    let before = plan.tally_before(store.ids());
    let progress = Progress::new(plan.cost_left(), plan.outstanding.len(), before, "bench", true);
    let source = Source::Plan(PlanSource::new(&plan));
    let outstanding = Outstanding { source, before, further: plan.further.clone() };
    let options = Options { threads, fail_fast: false, memory: Memory::of_this_process() };
    let start = Instant::now();
    let (ended, _) = execute(outstanding, work, options, &mut store, &mut lease, &progress).unwrap();
    let wall = start.elapsed().as_secs_f64();
    assert_eq!((ended, store.done().len()), (Ended::Complete, all.len()));
    let said: f64 = store.done().values().map(|(_, timing)| timing.wall_seconds).sum();
    let jobs = all.len();
    let in_jobs = each.map_or(said, |each| jobs as f64 * each.as_secs_f64());
    let each = 1e6 * in_jobs / jobs as f64;
    let lost = 1.0 - in_jobs / (wall * threads as f64);
    let parts = std::fs::read_dir(place.join("parts")).unwrap().count();
    println!(
        "engine      {jobs} jobs, {what} for {each:.0} us on {threads} cores: {wall:.2} s, {:.1} % lost, {parts} parts",
        100.0 * lost
    );
    lost
}

/// Seconds from the config to the first job, if there were one.
fn resume(config: &Arc<Config>, place: &Path) -> f64 {
    let start = Instant::now();
    let all = jobs(config).unwrap();
    let _claim = Lease::take(place, None).unwrap();
    let store = Store::open(place, Access::Alone).unwrap();
    store.prepare(config).unwrap();
    let plan = Plan::new(config, all, store.ids());
    assert!(plan.outstanding.is_empty());
    let seconds = start.elapsed().as_secs_f64();
    println!("resuming    over {} finished jobs: {seconds:.2} s", store.done().len());
    seconds
}
