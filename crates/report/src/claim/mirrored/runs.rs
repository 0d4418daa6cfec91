//! Runs of Algorithm 1 that have a prediction, by the ratio of batch and step.

use std::collections::{BTreeMap, BTreeSet};

use ordered_float::OrderedFloat;

use crate::analysis::count;
use crate::claim::agreement::{Agreement, Contribution};
use crate::claim::evidence::{Evidence, measured};
use crate::claim::shares::{Task, task_of};
use crate::record::{ALGORITHM_1, FLIP, Record, Status};

/// A cell is left out where a larger share of its runs diverged: these ended before they grew into
/// either solution.
pub(super) const MAX_DIVERGED_SHARE: f64 = 0.02;

/// What makes a cell: the step of the ratio, T and eta.
type RatioCell = (i64, i64, OrderedFloat<f64>);

/// A run that has a prediction, at one ratio `B / (eta T)` (in steps of 10 %), T and eta.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PredictedRun {
    pub(super) ratio_step: i64,
    pub(super) t: i64,
    pub(super) eta: OrderedFloat<f64>,
    pub(super) task: Task,
    pub(super) ratio: f64,
    pub(super) mirrored: f64,
    /// By the sign of V alone.
    pub(super) predicted: f64,
    /// With the noise that both factors amplify, if that was asked for.
    pub(super) amplified: Option<f64>,
}

/// The runs that say something, and what was left out: of each length, cells and runs in which too
/// many blew up.
#[derive(Debug, Default)]
pub(super) struct PredictedRuns {
    pub(super) kept: Vec<PredictedRun>,
    pub(super) left_out: BTreeMap<i64, (usize, usize)>,
    /// Of all runs those that are mirrored, those that blew up, and how many are predicted to be
    /// mirrored.
    pub(super) all: (f64, usize, f64),
}

/// Of one N and Q, the smallest: others have other tasks.
pub(super) fn runs(evidence: &Evidence<'_>) -> PredictedRuns {
    let plain = |r: &&Record| r.algorithm == ALGORITHM_1 && r.further(FLIP).is_none_or(|f| f == 0.0);
    let pair = evidence.records.iter().filter(plain).map(|r| (r.n, r.q)).min();
    let mut cells: BTreeMap<RatioCell, (usize, Vec<PredictedRun>)> = BTreeMap::new();
    for (record, measures) in measured(evidence.records.iter().filter(plain).filter(|r| Some((r.n, r.q)) == pair)) {
        let Some(predicted) = measures.optional("predicted_mirrored") else { continue };
        let ratio = record.batch_size as f64 / (record.eta_boost * record.t as f64);
        let (ratio_step, eta) = ((libm::log(ratio) / 0.1).round() as i64, OrderedFloat(record.eta_boost));
        let (diverged, own) = cells.entry((ratio_step, record.t, eta)).or_default();
        *diverged += usize::from(record.status == Status::Diverged);
        let mirrored = f64::from(u8::from(record.status == Status::Mirrored));
        let (task, amplified) = (task_of(record), evidence.tasks.get(&record.job_id).and_then(|task| task.mirrored));
        own.push(PredictedRun { ratio_step, t: record.t, eta, task, ratio, mirrored, predicted, amplified });
    }
    let mut runs = PredictedRuns::default();
    for ((_, t, _), (diverged, own)) in cells {
        runs.all.0 += own.iter().map(|run| run.mirrored).sum::<f64>();
        runs.all.1 += diverged;
        runs.all.2 += own.iter().map(|run| run.predicted).sum::<f64>();
        if diverged as f64 <= MAX_DIVERGED_SHARE * own.len() as f64 {
            runs.kept.extend(own);
        } else {
            let (cells, all) = runs.left_out.entry(t).or_default();
            (*cells, *all) = (*cells + 1, *all + own.len());
        }
    }
    runs
}

impl PredictedRuns {
    /// Compares the mirrored runs among those for which `is` holds with their expectation if they
    /// had the shares of the *other* runs at the same ratios. Ratios without other runs are left
    /// out.
    pub(super) fn against_others(&self, is: &dyn Fn(&PredictedRun) -> bool) -> Agreement {
        // Mirrored runs and runs at each ratio, of these and of the others.
        let mut sums: BTreeMap<i64, [(f64, f64); 2]> = BTreeMap::new();
        for run in &self.kept {
            let (mirrored, runs) = &mut sums.entry(run.ratio_step).or_default()[usize::from(!is(run))];
            (*mirrored, *runs) = (*mirrored + run.mirrored, *runs + 1.0);
        }
        Agreement::of(self.kept.iter().filter_map(|run| {
            let [own, others] = sums.get(&run.ratio_step).filter(|both| both.iter().all(|(_, runs)| *runs > 0.0))?;
            let share = others.0 / others.1;
            // If the sentence is true, all have one share.
            let all = (own.0 + others.0) / (own.1 + others.1);
            let (task, variance) = (run.task, all * (1.0 - all));
            Some(if is(run) {
                Contribution { task, counts: run.mirrored, expected: share, error: None, variance }
            } else {
                let weight = own.1 / others.1;
                let error = Some(weight * (run.mirrored - share));
                Contribution { task, counts: 0.0, expected: 0.0, error, variance: weight * weight * variance }
            })
        }))
    }

    /// The runs of which something is predicted, compared with that.
    pub(super) fn against(
        &self,
        predicted: impl Fn(&PredictedRun) -> Option<f64>,
        is: &dyn Fn(&PredictedRun) -> bool,
    ) -> Agreement {
        let own = self.kept.iter().filter(|run| is(run));
        Agreement::of(own.filter_map(|run| Some(Contribution::predicted(run.task, run.mirrored, predicted(run)?))))
    }

    /// What `compare` says of each T and each eta, with its name. Groups of which nothing is
    /// expected are left out.
    pub(super) fn groups(
        &self,
        compare: impl Fn(&dyn Fn(&PredictedRun) -> bool) -> Agreement,
    ) -> Vec<(String, Agreement)> {
        let lengths: BTreeSet<i64> = self.kept.iter().map(|r| r.t).collect();
        let steps: BTreeSet<OrderedFloat<f64>> = self.kept.iter().map(|r| r.eta).collect();
        let lengths: Vec<(String, Agreement)> =
            lengths.iter().map(|&t| (format!("T = {t}"), compare(&|run: &PredictedRun| run.t == t))).collect();
        let steps: Vec<(String, Agreement)> = steps
            .iter()
            .map(|&eta| (format!("η = {}", eta.0), compare(&|run: &PredictedRun| run.eta == eta)))
            .collect();
        // One of a kind is the whole.
        let several = [lengths, steps].into_iter().filter(|groups| groups.len() > 1).flatten();
        several.filter(|(_, a)| a.expected > 0.0).collect()
    }

    /// What was left out, in words.
    pub(super) fn left_out(&self) -> String {
        let cells: usize = self.left_out.values().map(|(cells, _)| cells).sum();
        let runs: usize = self.left_out.values().map(|(_, runs)| runs).sum();
        if cells == 0 {
            return "no cell was left out".to_owned();
        }
        let by_length: Vec<String> =
            self.left_out.iter().map(|(t, (cells, _))| format!("{} at T = {t}", count(*cells, "cell"))).collect();
        format!("{} with {} were left out ({})", count(cells, "cell"), count(runs, "run"), by_length.join(", "))
    }
}
