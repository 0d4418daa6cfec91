//! What is done, what is left, and what it would cost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scb_core::Task;
use scb_core::kernel::Level;
use scb_core::random::stream;
use scb_core::train::{StopAt, train};

use crate::axis::{self, AXES};
use crate::config::Config;
use crate::grid::{Point, further_axes};
use crate::job::shard::Shard;
use crate::job::{Identity, Job, JobId};
use crate::platform::clock::short_time;
use crate::store::Store;
use crate::store::lock::Tally;

/// The jobs of a sweep and which of them still have to run.
#[derive(Debug)]
pub struct Plan {
    /// Every job, in the order of the grid.
    pub jobs: Vec<Job>,
    /// Indices of those to run, the most expensive first, so that no long one starts last.
    pub outstanding: Vec<usize>,
    /// The axes beyond the fixed columns that a job is described with.
    pub further: Vec<usize>,
    /// The shard that this process has, and that of each job; none if all jobs are its own.
    shard: Option<(Shard, Vec<u32>)>,
}

impl Plan {
    /// From all jobs of a sweep and the finished ones.
    #[must_use]
    pub fn new<V>(config: &Config, jobs: Vec<Job>, done: &HashMap<JobId, V>) -> Self {
        let mut outstanding: Vec<usize> = (0..jobs.len()).filter(|&i| !done.contains_key(&jobs[i].id)).collect();
        sort_by_cost(&mut outstanding, &jobs);
        Self { jobs, outstanding, further: further_axes(config), shard: None }
    }

    /// The same with nothing outstanding but the jobs of one shard.
    #[must_use]
    pub fn of_shard(mut self, shard: Option<Shard>) -> Self {
        if let Some(shard) = shard {
            let shards = Shard::assign(&self.jobs, shard.of());
            self.outstanding.retain(|&i| shards[i] == shard.index());
            self.shard = Some((shard, shards));
        }
        self
    }

    /// The same with nothing outstanding but the jobs that have failed.
    #[must_use]
    pub fn of_failed(mut self, store: &Store) -> Self {
        self.outstanding = self.own().filter(|&i| store.has_failed(self.jobs[i].id)).collect();
        sort_by_cost(&mut self.outstanding, &self.jobs);
        self
    }

    /// Indices of the jobs that are this process's to run, done or not.
    fn own(&self) -> impl Iterator<Item = usize> + '_ {
        let own = |i: &usize| self.shard.as_ref().is_none_or(|(shard, shards)| shards[*i] == shard.index());
        (0..self.jobs.len()).filter(own)
    }

    /// How far the jobs of this process are before it runs what is outstanding: failed jobs that run again are not done.
    #[must_use]
    pub fn tally_before(&self, store: &Store) -> Tally {
        let mut tally = self.tally(store);
        let again = self.outstanding.iter().filter(|&&i| store.has_failed(self.jobs[i].id)).count();
        (tally.done, tally.failed) = (tally.done - again, tally.failed - again);
        tally
    }

    /// How far the jobs of this process are.
    #[must_use]
    pub fn tally(&self, store: &Store) -> Tally {
        let mut tally = Tally::default();
        for i in self.own() {
            let id = self.jobs[i].id;
            tally.jobs += 1;
            tally.done += usize::from(store.done().contains_key(&id));
            tally.failed += usize::from(store.has_failed(id));
        }
        tally
    }

    /// Cost of what is left, in tokens.
    #[must_use]
    pub fn cost_left(&self) -> f64 {
        self.outstanding.iter().map(|&i| self.jobs[i].cost()).sum()
    }

    /// One line per job: id, state, parameters.
    #[must_use]
    pub fn list(&self) -> String {
        let mut left = vec![false; self.jobs.len()];
        self.outstanding.iter().for_each(|&i| left[i] = true);
        let mut text = String::new();
        for (job, left) in self.jobs.iter().zip(left) {
            let _ =
                writeln!(text, "{} {} {}", job.id, if left { "left" } else { "done" }, job.described(&self.further));
        }
        text
    }

    /// The plan in a few lines.
    #[must_use]
    pub fn describe(&self, config: &Config, directory: &Path, threads: usize, level: Level) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{}: {} jobs in {}\n", config.name, self.jobs.len(), directory.display());
        for (i, (axis, counts)) in AXES.iter().zip(self.counts()).enumerate() {
            let listed = config.grids.iter().any(|g| g.axes.iter().any(|a| a.axis == i && a.listed));
            if counts.len() < 2 && !listed {
                continue;
            }
            let shown: Vec<String> =
                counts.values().map(|&(value, count)| format!("{} ({count})", axis.written(value))).collect();
            let _ = writeln!(text, "  {:<14} {}", axis.name, abbreviated(&shown));
        }
        let _ = writeln!(text, "  {:<14} {}\n", "replicates", config.replicates);
        let done = self.jobs.len() - self.outstanding.len();
        let _ = writeln!(text, "  done {done}, left {}", self.outstanding.len());
        if self.outstanding.is_empty() {
            return text;
        }
        let pretrainings = self.pretrainings(config);
        if pretrainings > 0 {
            let tokens = config.shared.pretraining.max_samples as f64 * f64::from(config.shared.pretraining.t);
            let _ = writeln!(text, "  at most {pretrainings} pretrainings before them, {tokens:.1e} tokens each");
        }
        let cores = threads.min(self.outstanding.len());
        // On one core, which a pool of one thread stands for; else a large job would use all of them.
        let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let Ok(estimate) = one_core.map(|pool| pool.install(|| self.estimate(config, level))) else {
            return text;
        };
        let _ =
            writeln!(text, "  at most {:.2e} tokens to simulate, if no run ends before its budget", self.cost_left());
        // Where no task can be drawn, nothing was measured.
        if let Some(Estimate { seconds, how }) = estimate {
            let per_token = seconds * 1e9 / self.cost_left();
            let time = short_time(Duration::from_secs_f64((seconds / cores as f64).min(1e12)));
            let _ = writeln!(
                text,
                "  at most {time} on {cores} cores, at {per_token:.2} ns per token and core measured just now{how}"
            );
        }
        text
    }

    /// Runs that V is transferred from to what is left; some may be stored already.
    fn pretrainings(&self, config: &Config) -> usize {
        let identity = Identity::new(config);
        let jobs = self.outstanding.iter().map(|&i| &self.jobs[i]).filter(|job| job.point.transfers());
        jobs.map(|job| identity.pretraining_id(job)).collect::<HashSet<JobId>>().len()
    }

    /// For each axis, how many jobs have which value, in the order of the values.
    fn counts(&self) -> Vec<BTreeMap<u64, (f64, usize)>> {
        let mut counts = vec![BTreeMap::new(); AXES.len()];
        let mut add = |axis: usize, value: f64, jobs: usize| {
            counts[axis].entry(order(value)).or_insert((value, 0)).1 += jobs;
        };
        // Neighbours in a grid mostly have the same value: runs of them are counted, in one pass over the jobs.
        let mut runs = [(f64::NAN, 0); AXES.len()];
        for job in &self.jobs {
            for (axis, (run, &value)) in runs.iter_mut().zip(&job.point.values).enumerate() {
                if run.0 != value {
                    if run.1 > 0 {
                        add(axis, run.0, run.1);
                    }
                    *run = (value, 0);
                }
                run.1 += 1;
            }
        }
        runs.into_iter().enumerate().filter(|(_, run)| run.1 > 0).for_each(|(axis, run)| add(axis, run.0, run.1));
        counts
    }

    /// How long what is left takes: of each kind of job (algorithm, number of states and size of a step) a few steps are run,
    /// the most expensive kinds first, until the time for it is over. `None` if none could be.
    fn estimate(&self, config: &Config, level: Level) -> Option<Estimate> {
        // Of each kind some jobs to measure, of different points, and the cost of all.
        let mut kinds: BTreeMap<Kind, (Vec<usize>, f64)> = BTreeMap::new();
        for &i in &self.outstanding {
            let job = &self.jobs[i];
            let (some, cost) = kinds.entry(Kind::of(&job.point)).or_default();
            *cost += job.cost();
            let known = |&j: &usize| Arc::ptr_eq(&self.jobs[j].point, &job.point);
            if some.len() < PROBES && !some.last().is_some_and(known) {
                some.push(i);
            }
        }
        let mut kinds: Vec<(Kind, Vec<usize>, f64)> =
            kinds.into_iter().map(|(kind, (some, cost))| (kind, some, cost)).collect();
        kinds.sort_by(|a, b| b.2.total_cmp(&a.2));
        let start = Instant::now();
        let (mut rates, mut smaller): (Vec<(Kind, f64)>, bool) = (Vec::new(), false);
        for (kind, some, _) in kinds.iter().take_while(|_| start.elapsed() < MEASURING) {
            // One that ends at once says nothing of the others.
            let probes = some.iter().filter_map(|&i| {
                let probe = small(&self.jobs[i]);
                let rate = seconds_by_cost(&probe, config, level)?;
                smaller |= *probe.point != *self.jobs[i].point;
                Some(rate)
            });
            let mut found: Option<f64> = None;
            for rate in probes {
                found = Some(rate);
                if rate > 0.0 {
                    break;
                }
            }
            rates.extend(found.map(|rate| (*kind, rate)));
        }
        let rate = |kind: Kind| {
            let near = rates.iter().min_by(|a, b| a.0.distance(kind).total_cmp(&b.0.distance(kind)));
            near.map(|&(_, rate)| rate)
        };
        let seconds: Option<f64> = kinds.iter().map(|(kind, _, cost)| Some(cost * rate(*kind)?)).sum();
        let mut how = String::new();
        if smaller {
            how += ", on smaller steps";
        }
        if rates.len() < kinds.len() {
            let _ = write!(how, ", for {} of {} kinds of jobs", rates.len(), kinds.len());
        }
        seconds.filter(|_| !rates.is_empty()).map(|seconds| Estimate { seconds, how })
    }
}

/// Jobs of a kind that are tried at most, until one takes a step.
const PROBES: usize = 8;
/// The time that measuring may take, but for the kind of job at which it ends.
const MEASURING: Duration = Duration::from_millis(1500);
/// The seconds that a kind of job is measured for at least.
const MEASURED: f64 = 0.005;
/// A run that takes so many seconds is followed by no longer one.
const MEASURED_AT_MOST: f64 = 0.1;
/// Steps of a run that is measured: so many that take no time are no measurement.
const MOST_STEPS: f64 = 1e9;
/// Tokens in a step that is measured. More take longer, and no longer by the token.
const STEP_TOKENS: f64 = 4e6;
/// Bytes that a job which is measured may take.
const STEP_BYTES: f64 = 3e7;

/// How long jobs take.
struct Estimate {
    /// On one core.
    seconds: f64,
    /// What is to be said of how that was measured.
    how: String,
}

/// Jobs that take about as long by the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    algorithm: usize,
    states: usize,
    /// Log2 of the tokens in a step.
    size: u32,
}

impl Kind {
    fn of(point: &Point) -> Self {
        let size = (point.values[axis::BATCH_SIZE] * point.values[axis::T]).log2() as u32;
        Self { algorithm: point.whole(axis::ALGORITHM), states: point.whole(axis::N), size }
    }

    /// How unlike another kind it is: in doublings of states and tokens, and another algorithm is unlike any.
    fn distance(self, other: Self) -> f64 {
        let states = (self.states as f64 / other.states as f64).log2().abs();
        let algorithm = if self.algorithm == other.algorithm { 0.0 } else { 1e3 };
        algorithm + states + f64::from(self.size.abs_diff(other.size))
    }
}

/// The same job with steps that are short enough to run some: of fewer samples, or else of shorter sequences.
fn small(job: &Job) -> Job {
    let mut point = Point::clone(&job.point);
    let values = &mut point.values;
    values[axis::BATCH_SIZE] = values[axis::BATCH_SIZE].min((STEP_TOKENS / values[axis::T]).floor().max(1.0));
    values[axis::T] = values[axis::T].min(STEP_TOKENS);
    while point.bytes() > STEP_BYTES && point.values[axis::T] > 16.0 {
        point.values[axis::T] = (point.values[axis::T] / 2.0).floor();
        point.values[axis::Q] = point.values[axis::Q].min((point.values[axis::T] / 2.0).floor());
    }
    if point.values[axis::T] < job.point.values[axis::T] {
        point.values[axis::Q] = point.values[axis::Q].min((point.values[axis::T] / 2.0).floor());
    }
    Job { point: Arc::new(point), ..*job }
}

/// Seconds that a job takes on one core for each unit of its cost: 0 if it ends where it starts, as from a mirrored start; `None` if there is no such
/// task, or none that could be recovered.
fn seconds_by_cost(job: &Job, config: &Config, level: Level) -> Option<f64> {
    let task = Task::draw(&job.task_spec(&config.shared), &mut stream([1; 16])).ok()?;
    let mut spec = job.train_spec(&config.shared, level);
    // A step too small to learn from, so that the run neither ends early nor blows up, and checks far apart, as they
    // are in a long run.
    (spec.eta_boost, spec.eta_sparse, spec.stop_at, spec.resolution) = (1e-6, 1e-6, StopAt::Budget, 1e9);
    // Seconds, and whether all steps were taken.
    let mut time = |steps: f64| {
        spec.max_samples = steps as u64 * spec.batch_size as u64;
        let start = Instant::now();
        let outcome = train(&task, &spec, stream([2; 16]), &mut ()).ok()?;
        Some((start.elapsed().as_secs_f64(), outcome.steps >= spec.max_steps()))
    };
    // The first run finds everything cold. What a run takes to begin and end is in both times and in neither difference, which
    // must not drown in it.
    let ((_, whole), (ends, _), mut steps) = (time(1.0)?, time(1.0)?, 3.0);
    if !whole {
        return Some(0.0);
    }
    let mut took = time(1.0 + steps)?.0;
    while took - ends < ends.max(MEASURED) && took < MEASURED_AT_MOST && steps < MOST_STEPS {
        steps *= 4.0;
        took = time(1.0 + steps)?.0;
    }
    let mut point = Point::clone(&job.point);
    point.values[axis::MAX_SAMPLES] = steps * point.values[axis::BATCH_SIZE];
    let run = Job { point: Arc::new(point), ..*job };
    Some((took - ends).max(0.0) / run.cost())
}

/// The most expensive first. Stable: equal costs stay in the order of the grid.
fn sort_by_cost(indices: &mut [usize], jobs: &[Job]) {
    let costs: Vec<f64> = jobs.iter().map(Job::cost).collect();
    indices.sort_by(|&a, &b| costs[b].total_cmp(&costs[a]));
}

/// Orders doubles as integers do, for values that are all of one sign or whole.
fn order(value: f64) -> u64 {
    let bits = value.to_bits();
    if value < 0.0 { !bits } else { bits | 1 << 63 }
}

/// At most eight items.
fn abbreviated(items: &[String]) -> String {
    if items.len() <= 8 {
        return items.join(", ");
    }
    let ends = [&items[..5], &["..".to_owned()], &items[items.len() - 2..]].concat();
    format!("{}; {} values", ends.join(", "), items.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::job::jobs;

    #[test]
    fn what_is_done_is_left_out_and_the_most_expensive_job_comes_first() {
        let text = "replicates = 2\n[grid]\nN = 3\nQ = 1\nT = [32, 256, 64]\nbatch_size = 16".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let jobs = jobs(&config).unwrap();
        let done = HashMap::from([(jobs[2].id, ()), (jobs[5].id, ())]);
        let plan = Plan::new(&config, jobs, &done);
        // The slow, obvious version: all jobs but those, sorted by T downwards, else as they came.
        assert_eq!(plan.outstanding, [3, 4, 0, 1]);
        assert_eq!(plan.list().lines().filter(|l| l.contains(" done ")).count(), 2);
    }

    #[test]
    fn steps_are_measured_in_small() {
        let text = "replicates = 1\nmax_jobs = 1000000\n[grid]\nN = [3, 200]\nQ = [1, 900]\nT = [32, 1000, 1000000]\nbatch_size = [16, 1000000]\n\
                    algorithm = [\"prox\", \"population\"]\nmax_samples = 1e9\nwhere = \"Q < T\"".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        for job in jobs(&config).unwrap() {
            let point = &small(&job).point;
            let [batch, q, t] = [axis::BATCH_SIZE, axis::Q, axis::T].map(|i| point.values[i]);
            assert!(batch * t <= STEP_TOKENS && point.bytes() <= STEP_BYTES && q >= 1.0 && q < t, "{point:?}");
            if t < job.point.values[axis::T] {
                assert!(batch <= STEP_TOKENS / job.point.values[axis::T], "the batch goes first: {point:?}");
            }
        }
    }

    #[test]
    fn an_estimate_ends_in_time_and_says_what_it_knows() {
        let text = "replicates = 1\n[grid]\nN = { lin = [2, 201], points = 200 }\nQ = 1\nT = { geom = [4, 1048576], points = 19 }\n\
                    batch_size = 64\nalgorithm = [\"prox\", \"sgd\"]\n".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let plan = Plan::new(&config, jobs(&config).unwrap(), &HashMap::<JobId, ()>::new());
        let start = Instant::now();
        let text = plan.describe(&config, Path::new("somewhere"), 1, Level::best());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert!(text.contains("on smaller steps, for ") && text.contains(" of 7600 kinds of jobs"), "{text}");
    }

    /// From a mirrored start a run ends at once, and a task that no rounding can recover has no run: neither is measured for ever.
    #[test]
    fn runs_that_end_at_once_are_measured_in_no_time() {
        let mirrored = "init_alpha_a = -1".to_owned();
        let hopeless = "epsilon = 1e-6\nQ = 7\n[task]\nweights = { dirichlet = 0.05 }".to_owned();
        for (more, known) in [(mirrored, true), (hopeless, false)] {
            let q = if more.contains("Q") { "" } else { "Q = 2\n" };
            let text = format!("replicates = 1\n[grid]\nN = 3\nT = 8\nbatch_size = 8\n{q}{more}\n");
            let config = parse("test", "test.toml", text, &[]).unwrap();
            let plan = Plan::new(&config, jobs(&config).unwrap(), &HashMap::<JobId, ()>::new());
            let rate = seconds_by_cost(&plan.jobs[0], &config, Level::best());
            assert_eq!(rate, known.then_some(0.0), "{config:?}");
            assert!(plan.describe(&config, Path::new("somewhere"), 1, Level::best()).contains("done 0, left 1"));
        }
    }

    #[test]
    fn one_job_that_ends_at_once_does_not_stand_for_others() {
        let text =
            "replicates = 1\n[grid]\nN = 3\nQ = 2\nT = 64\nbatch_size = 64\ninit_alpha_a = [-1, 0]\nmax_samples = 1e9"
                .to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let plan = Plan::new(&config, jobs(&config).unwrap(), &HashMap::<JobId, ()>::new());
        assert!(plan.estimate(&config, Level::best()).unwrap().seconds > 0.1);
    }

    #[test]
    fn doubles_keep_their_order_as_integers() {
        let values = [-3.0, -1e-3, 0.0, 1e-9, 0.1, 64.0, 1e12];
        assert!(values.windows(2).all(|w| order(w[0]) < order(w[1])));
    }
}
