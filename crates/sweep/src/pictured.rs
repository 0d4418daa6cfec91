//! What figures show and records do not hold: traces, the same runs without noise, and what one run has learned. A run gives the
//! same bits again, so none of this needs to be stored.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use report::analysis::Analysis;
use report::figure::{self, Pictured, Specimen, Traced};
use report::record::POPULATION;
use report::{Record, TracePoint};
use scb_core::optimise::ALGORITHMS;
use scb_core::train::{Checkpoint, Observer, StopAt};

use crate::axis;
use crate::config::Config;
use crate::job::Job;
use crate::level;
use crate::training::Training;

/// A run is repeated for its picture if that takes no more tokens, about a second's.
const MOST_TOKENS: i64 = 2_000_000_000;

/// Runs of each kind that are repeated without noise: their curves hardly differ.
const MOST_REPLAYS: usize = 8;
/// Steps of such a run, a second's for all of them.
const MOST_STEPS: i64 = 1_000_000;

/// Collects it. `traces` holds those of all jobs, by their ids; `records` are in the order of `jobs`, with gaps.
pub(crate) fn pictured(
    config: &Arc<Config>,
    analysis: &Analysis,
    (jobs, records): (&[Job], &[Record]),
    traces: &HashMap<String, Vec<TracePoint>>,
    directory: &Path,
) -> Pictured {
    // A level that this processor lacks was an error before anything ran.
    let Ok(level) = level::chosen() else { return Pictured::default() };
    let training = Training::new(config, level).in_directory(directory);
    let ids: HashMap<String, &Job> = jobs.iter().map(|job| (job.id.to_string(), job)).collect();
    let mut shown: Vec<Traced> = Vec::new();
    let mut replayed: HashMap<String, usize> = HashMap::new();
    let population = ALGORITHMS.iter().position(|algorithm| algorithm.name == POPULATION);
    for record in figure::traced(analysis, records) {
        let Some(points) = traces.get(&record.job_id) else { continue };
        let noiseless = record.algorithm == POPULATION;
        shown.push(Traced { record: record.clone(), points: points.clone(), noiseless });
        let (Some(job), Some(index)) = (ids.get(&record.job_id), population) else { continue };
        let already = replayed.entry(record.named()).or_default();
        if !noiseless && *already < MOST_REPLAYS && record.max_samples / record.batch_size <= MOST_STEPS {
            *already += 1;
            let points = training.trace(&with_algorithm(job, index as f64), |spec| spec.stop_at = StopAt::Budget);
            shown.extend(points.map(|points| Traced { record: record.clone(), points, noiseless: true }));
        }
    }
    let specimen = figure::specimen(analysis, records).and_then(|record| {
        let tokens = record.measures.as_ref().map_or(0, |m| m.samples.saturating_mul(record.t));
        let job = ids.get(&record.job_id).filter(|_| tokens <= MOST_TOKENS)?;
        let mut last = Last::default();
        training.train(job, &mut last, |_| {}).ok()?;
        let Last { truth, learned } = last;
        Some(Specimen { record: record.clone(), truth, learned })
    });
    Pictured { traces: shown, specimen }
}

fn with_algorithm(job: &Job, index: f64) -> Job {
    let mut point = (*job.point).clone();
    point.values[axis::ALGORITHM] = index;
    Job { point: Arc::new(point), ..job.clone() }
}

/// Attention at the last check, and the truth.
#[derive(Default)]
struct Last {
    truth: Vec<Vec<f64>>,
    learned: Vec<Vec<f64>>,
}

impl Observer for Last {
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()> {
        if self.truth.is_empty() {
            let task = seen.truth.task;
            self.truth = vec![vec![0.0; task.t]; task.n];
            for (row, pattern) in self.truth.iter_mut().zip(&task.patterns) {
                pattern.positions.iter().zip(&pattern.weights).for_each(|(&t, &weight)| row[t] = weight);
            }
        }
        let attention = &seen.model.attention;
        self.learned = attention.rows().into_iter().map(|row| row.iter().map(|&a| f64::from(a)).collect()).collect();
        ControlFlow::Continue(())
    }
}
