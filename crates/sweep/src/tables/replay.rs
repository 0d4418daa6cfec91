//! Runs that are repeated for the figures: their traces, the same runs without noise, and the
//! matrices that one of them has learned. None of this is stored, since a run gives the same bits
//! again.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;
use rayon::prelude::*;
use report::analysis::Analysis;
use report::claim::{Claim, Evidence, Matrices, TaskFact, TaskFacts, Wanted};
use report::figure::{self, Pictured, Specimen, Traced};
use report::record::{ALGORITHM_1, draws_samples};
use report::{Record, TracePoint};
use scb_core::learn::ALGORITHMS;
use scb_core::train::{Checkpoint, Observer, StopAt};

use crate::axis;
use crate::config::Config;
use crate::execution::level;
use crate::execution::training::Training;
use crate::job::Job;

/// Tokens of a repeated run at most: about a second.
const MAX_REPLAYED_TOKENS: i64 = 2_000_000_000;
/// Tokens of all runs that a claim wants at most: about five seconds.
const MAX_TOKENS_OF_CLAIM: i64 = 10_000_000_000;

/// How many runs of each kind are repeated without noise. Their curves hardly differ.
const MAX_REPLAYS: usize = 8;
/// Steps of a run without noise at most: about a second for all of them.
const MAX_STEPS: i64 = 1_000_000;

/// Repeats runs of one sweep.
pub(crate) struct Replay<'a> {
    /// `None` if this processor lacks the kernels that were chosen. Commands refuse that before.
    training: Option<Training>,
    jobs: HashMap<String, &'a Job>,
    /// In the order of the jobs, with gaps.
    records: &'a [Record],
    /// Those of all traced jobs, by their ids.
    traces: &'a HashMap<String, Vec<TracePoint>>,
    population: Option<usize>,
    /// When the sweep's own runs stop.
    stop_at: StopAt,
    /// Of each kind of run, how many were repeated without noise.
    replayed: HashMap<String, usize>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(
        config: &Arc<Config>,
        (jobs, records): (&'a [Job], &'a [Record]),
        traces: &'a HashMap<String, Vec<TracePoint>>,
        directory: &Path,
    ) -> Self {
        let training = level::choose().ok().map(|()| Training::new(config).in_directory(directory));
        let jobs = jobs.iter().map(|job| (job.id.to_string(), job)).collect();
        let population = ALGORITHMS.iter().position(|algorithm| !algorithm.draws_samples());
        let stop_at = config.shared.stop_at;
        Self { training, jobs, records, traces, population, stop_at, replayed: HashMap::new() }
    }

    /// What the figures of every sweep show.
    pub(crate) fn pictured(&mut self, analysis: &Analysis) -> Pictured {
        let mut shown: Vec<Traced> = Vec::new();
        self.replayed.clear();
        for record in figure::traced(analysis, self.records) {
            let Some(points) = self.traces.get(&record.job_id) else { continue };
            let noiseless = !draws_samples(&record.algorithm);
            shown.push(Traced { record: record.clone(), points: points.clone(), noiseless });
            if !noiseless {
                shown.extend(self.without_noise(record));
            }
        }
        let specimen = figure::specimen(analysis, self.records).and_then(|record| {
            let last = self.last(record, self.stop_at)?;
            Some(Specimen { record: record.clone(), truth: last.truth.1, learned: last.learned.1 })
        });
        Pictured { traces: shown, specimen }
    }

    /// What a claim shows: all traces there are, those that it wants besides, and what some runs
    /// have learned.
    pub(crate) fn of_claim(&mut self, claim: Claim, analysis: &Analysis) -> (Vec<Traced>, Vec<Matrices>) {
        self.replayed.clear();
        let by_id: HashMap<&str, &Record> = self.records.iter().map(|r| (r.job_id.as_str(), r)).collect();
        let wanted = claim.wanted(&Evidence::new(analysis, self.records, &[], &[]));
        let traced = |record: &Record| {
            let points = self.traces.get(&record.job_id)?.clone();
            Some(Traced { record: record.clone(), points, noiseless: !draws_samples(&record.algorithm) })
        };
        // A claim that wants some runs shows those, to the end of their budget; else what is traced
        // is shown.
        let mut shown: Vec<Traced> =
            if wanted.is_empty() { self.records.iter().filter_map(traced).collect() } else { Vec::new() };
        let (mut matrices, mut left) = (Vec::new(), MAX_TOKENS_OF_CLAIM);
        for Wanted { job_id, matrices: learned } in wanted {
            let Some(&record) = by_id.get(job_id.as_str()) else { continue };
            left -= tokens_of_budget(record);
            if left < 0 {
                break;
            }
            if learned {
                matrices.extend(self.last(record, StopAt::Budget).map(|last| Matrices {
                    record: record.clone(),
                    value: [last.truth.0, last.learned.0],
                    attention: [last.truth.1, last.learned.1],
                }));
            } else if let Some(whole) = traced(record).filter(|_| self.stop_at == StopAt::Budget) {
                shown.push(whole);
                shown.extend(self.without_noise(record));
            } else {
                let points = self
                    .job(record)
                    .and_then(|(training, job)| training.trace(job, |spec| spec.stop_at = StopAt::Budget));
                shown.extend(points.map(|points| Traced { record: record.clone(), points, noiseless: false }));
                shown.extend(self.without_noise(record));
            }
        }
        (shown, matrices)
    }

    /// By job these facts of the tasks of these runs.
    pub(crate) fn tasks(&self, records: &[Record], facts: &[TaskFact]) -> HashMap<String, TaskFacts> {
        if facts.is_empty() {
            return HashMap::new();
        }
        let of = |record: &Record| {
            let (training, job) = self.job(record)?;
            Some((record.job_id.clone(), training.task_facts(job, facts)?))
        };
        records.par_iter().filter_map(of).collect()
    }

    fn job(&self, record: &Record) -> Option<(&Training, &'a Job)> {
        Some((self.training.as_ref()?, self.jobs.get(&record.job_id).copied()?))
    }

    /// The same run of Algorithm 1 with infinitely many samples in each step; not of many runs of
    /// one kind.
    fn without_noise(&mut self, record: &Record) -> Option<Traced> {
        if record.algorithm != ALGORITHM_1 {
            return None;
        }
        let already = self.replayed.get(&record.named()).copied().unwrap_or(0);
        if already >= MAX_REPLAYS || record.max_samples / record.batch_size > MAX_STEPS {
            return None;
        }
        self.replayed.insert(record.named(), already + 1);
        let (training, job) = self.job(record)?;
        let other = with_algorithm(job, self.population? as f64);
        let points = training.trace(&other, |spec| spec.stop_at = StopAt::Budget)?;
        Some(Traced { record: record.clone(), points, noiseless: true })
    }

    /// What a run has learned when it stops, if it is not too long.
    fn last(&self, record: &Record, stop_at: StopAt) -> Option<Last> {
        let (training, job) = self.job(record).filter(|_| tokens(record) <= MAX_REPLAYED_TOKENS)?;
        let mut last = Last::default();
        training.train(job, &mut last, |spec| spec.stop_at = stop_at).ok()?;
        Some(last)
    }
}

fn tokens(record: &Record) -> i64 {
    record.measures.as_ref().map_or(0, |m| m.samples.saturating_mul(record.t))
}

/// Tokens of a run that does not stop before its budget.
fn tokens_of_budget(record: &Record) -> i64 {
    record.max_samples.saturating_mul(record.t)
}

fn with_algorithm(job: &Job, index: f64) -> Job {
    let mut point = (*job.point).clone();
    point.values[axis::ALGORITHM] = index;
    Job { point: Arc::new(point), ..job.clone() }
}

type Matrix = Vec<Vec<f64>>;

/// V and attention at the last check, and of the truth.
#[derive(Default)]
struct Last {
    truth: (Matrix, Matrix),
    learned: (Matrix, Matrix),
}

fn rows<T: Copy + Into<f64>>(matrix: &Array2<T>) -> Matrix {
    matrix.rows().into_iter().map(|row| row.iter().map(|&x| x.into()).collect()).collect()
}

impl Observer for Last {
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()> {
        if self.truth.1.is_empty() {
            let task = seen.truth.task;
            let mut attention = Array2::<f64>::zeros((task.n(), task.t()));
            for (mut row, pattern) in attention.rows_mut().into_iter().zip(task.patterns()) {
                pattern.positions.iter().zip(&pattern.weights).for_each(|(&t, &weight)| row[t] = weight);
            }
            self.truth = (rows(task.transition()), rows(&attention));
        }
        self.learned = (rows(&seen.model.value), rows(&seen.model.attention.entries(seen.truth.task)));
        ControlFlow::Continue(())
    }
}
