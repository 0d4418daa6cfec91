//! How long a plan takes: a few steps of each kind of job are run and measured.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scb_core::Task;
use scb_core::random::stream;
use scb_core::train::{StopAt, train};

use crate::axis;
use crate::config::Config;
use crate::grid::Point;
use crate::job::Job;
use crate::job::plan::Plan;

/// Jobs of a kind that are tried at most, until one takes a step.
const PROBES: usize = 8;
/// The time that measuring may take, but for the kind of job at which it ends.
const TIME_LIMIT: Duration = Duration::from_millis(1500);
/// The seconds that a kind of job is measured for at least.
const MIN_SECONDS: f64 = 0.005;
/// A run that takes so many seconds is the last one that is measured.
const MAX_SECONDS: f64 = 0.1;
/// Steps of a measured run at most. If so many take too little time to measure, it is given up.
const MAX_STEPS: f64 = 1e9;
/// Tokens of a measured step at most. The time for a token is the same in larger steps.
const MAX_STEP_TOKENS: f64 = 4e6;
/// Bytes of a measured job at most.
const MAX_STEP_BYTES: f64 = 3e7;

/// How long jobs take.
pub(crate) struct Estimate {
    /// On one core.
    pub(crate) seconds: f64,
    /// How it was measured, to be printed after the time.
    pub(crate) how: String,
}

/// How long what is left takes: of each kind of job (algorithm, number of states and size of a
/// step) a few steps are run, the most expensive kinds first, until the time for it is over. `None`
/// if none could be.
pub(crate) fn estimate(plan: &Plan, config: &Config) -> Option<Estimate> {
    // Of each kind some jobs to measure, of different points, and the cost of all.
    let mut kinds: BTreeMap<Kind, (Vec<usize>, f64)> = BTreeMap::new();
    for &i in &plan.outstanding {
        let job = &plan.jobs[i];
        let (some, cost) = kinds.entry(Kind::of(&job.point)).or_default();
        *cost += job.cost();
        let known = |&j: &usize| Arc::ptr_eq(&plan.jobs[j].point, &job.point);
        if some.len() < PROBES && !some.last().is_some_and(known) {
            some.push(i);
        }
    }
    let mut kinds: Vec<(Kind, Vec<usize>, f64)> =
        kinds.into_iter().map(|(kind, (some, cost))| (kind, some, cost)).collect();
    kinds.sort_by(|a, b| b.2.total_cmp(&a.2));
    let start = Instant::now();
    let (mut rates, mut smaller): (Vec<(Kind, f64)>, bool) = (Vec::new(), false);
    for (kind, some, _) in kinds.iter().take_while(|_| start.elapsed() < TIME_LIMIT) {
        // A job that ends at once has no rate, so another one of its kind is tried.
        let probes = some.iter().filter_map(|&i| {
            let probe = with_short_steps(&plan.jobs[i]);
            let rate = seconds_by_cost(&probe, config)?;
            let smaller_by = |axis: usize| probe.point.values[axis] != plan.jobs[i].point.values[axis];
            smaller |= [axis::BATCH_SIZE, axis::T, axis::Q].into_iter().any(smaller_by);
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

    /// How unlike another kind it is: in doublings of states and tokens, and another algorithm is
    /// unlike any.
    fn distance(self, other: Self) -> f64 {
        let states = (self.states as f64 / other.states as f64).log2().abs();
        let algorithm = if self.algorithm == other.algorithm { 0.0 } else { 1e3 };
        algorithm + states + f64::from(self.size.abs_diff(other.size))
    }
}

/// The same job with steps that are short enough to run some: of fewer samples, or else of shorter
/// sequences.
fn with_short_steps(job: &Job) -> Job {
    let mut point = Point::clone(&job.point);
    let values = &mut point.values;
    values[axis::BATCH_SIZE] = values[axis::BATCH_SIZE].min((MAX_STEP_TOKENS / values[axis::T]).floor().max(1.0));
    // All steps are measured at one size.
    values[axis::BATCH_SIZE_SPARSE] = values[axis::BATCH_SIZE];
    values[axis::T] = values[axis::T].min(MAX_STEP_TOKENS);
    while point.bytes() > MAX_STEP_BYTES && point.values[axis::T] > 16.0 {
        point.values[axis::T] = (point.values[axis::T] / 2.0).floor();
        point.values[axis::Q] = point.values[axis::Q].min((point.values[axis::T] / 2.0).floor());
    }
    if point.values[axis::T] < job.point.values[axis::T] {
        point.values[axis::Q] = point.values[axis::Q].min((point.values[axis::T] / 2.0).floor());
    }
    Job { point: Arc::new(point), ..*job }
}

/// Seconds that a job takes on one core for each unit of its cost: 0 if it ends where it starts, as
/// from a mirrored start; `None` if there is no such task, or none that could be recovered.
fn seconds_by_cost(job: &Job, config: &Config) -> Option<f64> {
    let task = Task::draw(&job.task_spec(&config.shared), &mut stream([1; 16])).ok()?;
    let mut spec = job.train_spec(&config.shared);
    // A step too small to learn from, so that the run neither ends early nor blows up, and checks
    // far apart, as they are in a long run.
    (spec.eta_boost, spec.eta_sparse, spec.stop_at, spec.resolution) = (1e-6, 1e-6, StopAt::Budget, 1e9);
    // Seconds, and whether all steps were taken.
    let mut time = |steps: f64| {
        spec.max_samples = steps as u64 * spec.batch_size as u64;
        let start = Instant::now();
        let outcome = train(&task, &spec, stream([2; 16]), &mut ()).ok()?;
        Some((start.elapsed().as_secs_f64(), outcome.steps >= spec.max_steps()))
    };
    // The first run fills the caches and does not count. The time to begin and end a run is in both
    // times and not in their difference, which is measured until it is larger than that time.
    let ((_, whole), (ends, _), mut steps) = (time(1.0)?, time(1.0)?, 3.0);
    if !whole {
        return Some(0.0);
    }
    let mut took = time(1.0 + steps)?.0;
    while took - ends < ends.max(MIN_SECONDS) && took < MAX_SECONDS && steps < MAX_STEPS {
        steps *= 4.0;
        took = time(1.0 + steps)?.0;
    }
    let mut point = Point::clone(&job.point);
    point.values[axis::MAX_SAMPLES] = steps * point.values[axis::BATCH_SIZE];
    let run = Job { point: Arc::new(point), ..*job };
    Some((took - ends).max(0.0) / run.cost())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::parse;
    use crate::job::{DoneJobs, jobs};

    /// From a mirrored start a run ends at once, and a task that no rounding can recover has no
    /// run.
    pub(crate) fn plans_of_runs_that_end_at_once() -> Vec<(Config, Plan, bool)> {
        let mirrored = "init_alpha_a = -1".to_owned();
        let hopeless = "epsilon = 1e-6\nQ = 7\n[task]\nweights = { dirichlet = 0.05 }".to_owned();
        let plans = [(mirrored, true), (hopeless, false)].map(|(more, known)| {
            let q = if more.contains("Q") { "" } else { "Q = 2\n" };
            let text = format!("replicates = 1\n[grid]\nN = 3\nT = 8\nbatch_size = 8\n{q}{more}\n");
            let config = parse("test", "test.toml", text, &[]).unwrap();
            let plan = Plan::new(&config, jobs(&config).unwrap(), &DoneJobs::default());
            (config, plan, known)
        });
        plans.into()
    }

    #[test]
    fn runs_that_end_at_once_are_measured_in_no_time() {
        for (config, plan, known) in plans_of_runs_that_end_at_once() {
            let rate = seconds_by_cost(&plan.jobs[0], &config);
            assert_eq!(rate, known.then_some(0.0), "{config:?}");
        }
    }

    #[test]
    fn steps_are_measured_in_small() {
        let text = "replicates = 1\nmax_jobs = 1000000\n[grid]\nN = [3, 200]\nQ = [1, 900]\nT = [32, 1000, 1000000]\nbatch_size = [16, 1000000]\n\
                    algorithm = [\"prox\", \"population\"]\nmax_samples = 1e9\nwhere = \"Q < T\"".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        for job in jobs(&config).unwrap() {
            let point = &with_short_steps(&job).point;
            let [batch, q, t] = [axis::BATCH_SIZE, axis::Q, axis::T].map(|i| point.values[i]);
            assert!(batch * t <= MAX_STEP_TOKENS && point.bytes() <= MAX_STEP_BYTES && q >= 1.0 && q < t, "{point:?}");
            if t < job.point.values[axis::T] {
                assert!(batch <= MAX_STEP_TOKENS / job.point.values[axis::T], "the batch goes first: {point:?}");
            }
        }
    }

    #[test]
    fn one_job_that_ends_at_once_does_not_stand_for_others() {
        let text =
            "replicates = 1\n[grid]\nN = 3\nQ = 2\nT = 64\nbatch_size = 64\ninit_alpha_a = [-1, 0]\nmax_samples = 1e9"
                .to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let plan = Plan::new(&config, jobs(&config).unwrap(), &DoneJobs::default());
        assert!(estimate(&plan, &config).unwrap().seconds > 0.1);
    }
}
