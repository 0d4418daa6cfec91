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
use crate::claim::Tally;
use crate::config::Config;
use crate::duration::short_time;
use crate::grid::{Point, further_axes};
use crate::job::{Identity, Job, JobId};
use crate::shard::Shard;
use crate::store::Store;

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
        let Ok((seconds, per_token)) = one_core.map(|pool| pool.install(|| self.estimate(config, level))) else {
            return text;
        };
        let _ =
            writeln!(text, "  at most {:.2e} tokens to simulate, if no run ends before its budget", self.cost_left());
        // Where no task can be drawn, nothing was measured.
        if seconds == 0.0 {
            return text;
        }
        let _ = writeln!(
            text,
            "  at most {} on {cores} cores, at {per_token:.2} ns per token and core measured just now",
            short_time(Duration::from_secs_f64((seconds / cores as f64).min(1e12)))
        );
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

    /// Seconds of one core for what is left, and nanoseconds per token: of each kind of job (algorithm, number of
    /// states and size of a step) a few steps are run, some milliseconds if they are small.
    fn estimate(&self, config: &Config, level: Level) -> (f64, f64) {
        const TOKENS: f64 = 4e6;
        let mut kinds: BTreeMap<(usize, usize, u32), (usize, f64)> = BTreeMap::new();
        for &i in &self.outstanding {
            let job = &self.jobs[i];
            let tokens_a_step = job.point.values[axis::BATCH_SIZE] * job.point.values[axis::T];
            let (algorithm, states) = (job.point.whole(axis::ALGORITHM), job.point.whole(axis::N));
            let kind = kinds.entry((algorithm, states, tokens_a_step.log2() as u32)).or_insert((i, 0.0));
            kind.1 += job.cost();
        }
        let mut seconds = 0.0;
        for &(i, cost) in kinds.values() {
            let job = &self.jobs[i];
            let Ok(task) = Task::draw(&job.task_spec(&config.shared), &mut stream([1; 16])) else { continue };
            let mut spec = job.train_spec(&config.shared, level);
            // A step too small to learn from, so that the run neither ends early nor blows up, and checks far apart, as they
            // are in a long run.
            (spec.eta_boost, spec.eta_sparse, spec.stop_at, spec.resolution) = (1e-6, 1e-6, StopAt::Budget, 1e9);
            let mut time = |steps: f64| {
                spec.max_samples = steps as u64 * spec.batch_size as u64;
                let start = Instant::now();
                let _ = train(&task, &spec, stream([2; 16]), &mut ());
                start.elapsed().as_secs_f64()
            };
            // What a run takes to begin and end is in both times and in neither difference.
            let batch = job.point.values[axis::BATCH_SIZE];
            let steps = (TOKENS / (batch * job.point.values[axis::T])).ceil().max(3.0);
            let few = (time(1.0 + steps) - time(1.0)).max(0.0);
            let mut point = Point::clone(&job.point);
            point.values[axis::MAX_SAMPLES] = steps * batch;
            let probe = Job { point: Arc::new(point), ..*job };
            seconds += few * cost / probe.cost();
        }
        (seconds, seconds * 1e9 / self.cost_left())
    }
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

/// Cores this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
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
    fn doubles_keep_their_order_as_integers() {
        let values = [-3.0, -1e-3, 0.0, 1e-9, 0.1, 64.0, 1e12];
        assert!(values.windows(2).all(|w| order(w[0]) < order(w[1])));
    }
}
