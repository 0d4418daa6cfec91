//! Needed samples, with right-censoring.
//!
//! `n*` of a cell (N, Q, T, algorithm, and any further condition) is the smallest number of samples by
//! which a fraction (default 0.9) of its replicates has reached the milestone, at the hyperparameters
//! where that number is smallest. A run that did not reach it counts as one that needs more than its
//! budget; it is never dropped. Where too few reach it, the cell is *censored*: its number is the budget, a
//! lower bound.
//!
//! The best of several hyperparameters on the same runs flatters; with R replicates and few candidates
//! the effect is small but real, and `ci_low`, `ci_high` stay null until intervals are computed.

use std::collections::BTreeMap;

use crate::{Measures, Record, Table};

/// A milestone, as named in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// Both correlations at the signal threshold.
    Signal,
    /// The support is right, and stays so.
    Support,
    /// The rounded model is within epsilon.
    Recovery,
}

impl Milestone {
    /// All, in the order a run passes them.
    pub const ALL: [Self; 3] = [Self::Signal, Self::Support, Self::Recovery];

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Support => "support",
            Self::Recovery => "recovery",
        }
    }

    /// When a run reached it.
    #[must_use]
    pub fn reached(self, measures: &Measures) -> Option<i64> {
        match self {
            Self::Signal => measures.samples_to_signal,
            Self::Support => measures.samples_to_support,
            Self::Recovery => measures.samples_to_recovery,
        }
    }
}

/// What is asked of the records.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Fraction of the replicates that must reach the milestone, in `(0, 1]`.
    pub quantile: f64,
    /// Further keys of the grid that are part of the task or of the milestone, not tuned over.
    pub conditions: Vec<String>,
    /// Further keys of the grid that are hyperparameters, tuned over like the fixed ones.
    pub tuned: Vec<String>,
}

/// Needed samples of one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Needed {
    /// Number of states.
    pub n: i64,
    /// Sparsity.
    pub q: i64,
    /// Sequence length.
    pub t: i64,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
    /// Which milestone.
    pub milestone: Milestone,
    /// Needed samples; if `censored`, the budget, which they exceed.
    pub samples: i64,
    /// Whether too few replicates reached the milestone.
    pub censored: bool,
    /// Samples per step at the chosen hyperparameters.
    pub batch_size: i64,
    /// Chosen step size while boosting.
    pub eta_boost: f64,
    /// Chosen step size afterwards.
    pub eta_sparse: f64,
    /// Chosen l1 regularisation.
    pub lambda: f64,
    /// Chosen values of the question's further hyperparameters, in its order.
    pub tuned: Vec<f64>,
    /// Replicates judged at the chosen hyperparameters (failed jobs are not).
    pub replicates: i64,
    /// How many of them reached the milestone.
    pub reached: i64,
}

/// The smallest number by which at least `quantile` of the runs have reached: the order statistic of
/// rank `ceil(quantile * runs)`, or `None` if fewer reached. `reached` holds the runs that did.
#[must_use]
pub fn quantile_reached(reached: &mut [i64], runs: usize, quantile: f64) -> Option<i64> {
    // Without the slack 0.9 * 10 would round up to 10.
    let rank = ((quantile * runs as f64) - 1e-9).ceil().max(1.0) as usize;
    reached.sort_unstable();
    (runs > 0).then(|| reached.get(rank - 1).copied()).flatten()
}

/// Doubles as keys: every one here is finite and comes from a config.
fn bits(x: f64) -> u64 {
    x.to_bits()
}

/// Needed samples of every cell and milestone, in ascending order of (N, Q, T, algorithm, conditions).
#[must_use]
pub fn needed(records: &[Record], question: &Question) -> Vec<Needed> {
    type Cell<'r> = (i64, i64, i64, &'r str, Vec<u64>);
    type Tuning = (i64, u64, u64, u64, Vec<u64>);
    let mut cells: BTreeMap<Cell<'_>, BTreeMap<Tuning, Vec<&Record>>> = BTreeMap::new();
    for record in records {
        let (conditions, tuned): (Vec<_>, Vec<_>) =
            record.further.iter().partition(|(key, _)| question.conditions.contains(key));
        let values = |pairs: Vec<&(String, f64)>| pairs.iter().map(|pair| bits(pair.1)).collect();
        let cell = (record.n, record.q, record.t, record.algorithm.as_str(), values(conditions));
        let eta = (bits(record.eta_boost), bits(record.eta_sparse), bits(record.lambda));
        let tuning = (record.batch_size, eta.0, eta.1, eta.2, values(tuned));
        cells.entry(cell).or_default().entry(tuning).or_default().push(record);
    }
    let mut rows = Vec::new();
    for ((n, q, t, algorithm, conditions), tunings) in &cells {
        for milestone in Milestone::ALL {
            let candidates = tunings.values().filter_map(|runs| judge(runs, milestone, question.quantile));
            // Reached beats censored; then fewer samples; among censored ones, more runs that reached.
            let best = candidates.min_by(|a, b| {
                let share = |x: &Judged<'_>| -(x.reached as f64 / x.runs as f64);
                let key = |x: &Judged<'_>| if x.censored { share(x) } else { x.samples as f64 };
                a.censored.cmp(&b.censored).then(key(a).total_cmp(&key(b))).then(a.samples.cmp(&b.samples))
            });
            let Some(best) = best else { continue };
            rows.push(Needed {
                n: *n,
                q: *q,
                t: *t,
                algorithm: (*algorithm).to_owned(),
                conditions: conditions.iter().map(|&b| f64::from_bits(b)).collect(),
                milestone,
                samples: best.samples,
                censored: best.censored,
                batch_size: best.example.batch_size,
                eta_boost: best.example.eta_boost,
                eta_sparse: best.example.eta_sparse,
                lambda: best.example.lambda,
                tuned: question.tuned.iter().map(|key| further(best.example, key)).collect(),
                replicates: best.runs as i64,
                reached: best.reached as i64,
            });
        }
    }
    rows
}

fn further(record: &Record, key: &str) -> f64 {
    record.further.iter().find(|(name, _)| name == key).map_or(f64::NAN, |&(_, value)| value)
}

struct Judged<'r> {
    example: &'r Record,
    samples: i64,
    censored: bool,
    runs: usize,
    reached: usize,
}

/// The replicates of one cell at one setting of the hyperparameters; `None` if all failed.
fn judge<'r>(runs: &[&'r Record], milestone: Milestone, quantile: f64) -> Option<Judged<'r>> {
    let measured: Vec<&Measures> = runs.iter().filter_map(|r| r.measures.as_ref()).collect();
    let example = *runs.first()?;
    if measured.is_empty() {
        return None;
    }
    let mut reached: Vec<i64> = measured.iter().filter_map(|m| milestone.reached(m)).collect();
    let quantile = quantile_reached(&mut reached, measured.len(), quantile);
    // A whole number of steps; a run that ended early as mirrored or diverged would not have come back.
    let budget = example.max_samples / example.batch_size * example.batch_size;
    Some(Judged {
        example,
        samples: quantile.unwrap_or(budget),
        censored: quantile.is_none(),
        runs: measured.len(),
        reached: reached.len(),
    })
}

/// The columns of `needed.parquet`.
#[must_use]
pub fn needed_table(rows: &[Needed], question: &Question) -> Table {
    let all = || rows.iter();
    let mut table = Table::new()
        .int("N", "states", "number of states", all().map(|r| r.n))
        .int("Q", "positions", "sparsity", all().map(|r| r.q))
        .int("T", "positions", "sequence length", all().map(|r| r.t))
        .text("algorithm", "name of the algorithm", all().map(|r| r.algorithm.as_str()));
    for (i, key) in question.conditions.iter().enumerate() {
        table = table.float(key, "", "further condition of the grid", all().map(|r| r.conditions.get(i).copied()));
    }
    for (i, key) in question.tuned.iter().enumerate() {
        table =
            table.float(key, "", "chosen value of a further hyperparameter", all().map(|r| r.tuned.get(i).copied()));
    }
    table
        .text("milestone", "signal, support or recovery", all().map(|r| r.milestone.name()))
        .int(
            "needed_samples",
            "samples",
            "smallest number of samples by which the fraction `quantile` of the replicates has reached the milestone, at the best hyperparameters; if censored, a lower bound",
            all().map(|r| r.samples),
        )
        .int("ci_low", "samples", "lower end of its interval; null: not computed", all().map(|_| None))
        .int("ci_high", "samples", "upper end of its interval; null: not computed", all().map(|_| None))
        .bool("censored", "whether fewer replicates than that reached it within the budget", all().map(|r| r.censored))
        .float("quantile", "", "the fraction asked for", all().map(|_| question.quantile))
        .int("batch_size", "samples", "chosen batch size", all().map(|r| r.batch_size))
        .float("eta_boost", "", "chosen step size of the boosting stage", all().map(|r| r.eta_boost))
        .float("eta_sparse", "", "chosen step size of the later stages", all().map(|r| r.eta_sparse))
        .float("lambda", "", "chosen l1 regularisation", all().map(|r| r.lambda))
        .int("replicates", "runs", "replicates judged at the chosen hyperparameters", all().map(|r| r.replicates))
        .int("reached", "runs", "how many of them reached the milestone", all().map(|r| r.reached))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    fn recovery(records: &[Record]) -> Needed {
        needed(records, &question()).into_iter().find(|r| r.milestone == Milestone::Recovery).unwrap()
    }

    #[test]
    fn the_quantile_is_the_order_statistic_worked_out_by_hand() {
        let reached = |ns: &[i64], runs, quantile| quantile_reached(&mut ns.to_vec(), runs, quantile);
        // 9 of 10 by 90; the tenth would be 100.
        let ten: Vec<i64> = (1..=10).rev().map(|i| 10 * i).collect();
        assert_eq!(reached(&ten, 10, 0.9), Some(90));
        assert_eq!(reached(&ten, 10, 0.91), Some(100));
        assert_eq!(reached(&ten, 10, 1.0), Some(100));
        assert_eq!(reached(&ten, 10, 0.05), Some(10));
        // Of 11 runs 10 are needed (9.9 rounds up); of 12, 11.
        assert_eq!(reached(&ten[..], 11, 0.9), Some(100));
        assert_eq!(reached(&ten[..], 12, 0.9), None);
        assert_eq!(reached(&[], 0, 0.9), None);
    }

    #[test]
    fn runs_that_did_not_reach_the_milestone_are_censored_not_dropped() {
        let mut records: Vec<Record> = (0..9).map(|i| record(3, 2, 64, i, Some(1000 + i))).collect();
        records.push(record(3, 2, 64, 9, None));
        let row = recovery(&records);
        assert_eq!((row.samples, row.censored, row.replicates, row.reached), (1008, false, 10, 9));
        records[0] = record(3, 2, 64, 0, None);
        let row = recovery(&records);
        // The budget of 100 000 in whole steps of 16.
        assert_eq!((row.samples, row.censored, row.reached), (100_000, true, 8));
    }

    #[test]
    fn a_mirrored_run_that_stopped_early_lowers_nothing() {
        let mut records: Vec<Record> = (0..8).map(|i| record(3, 2, 64, i, Some(1000))).collect();
        for replicate in 8..10 {
            let mut mirrored = record(3, 2, 64, replicate, None);
            mirrored.measures.as_mut().unwrap().samples = 160;
            records.push(mirrored);
        }
        let row = recovery(&records);
        assert_eq!((row.samples, row.censored), (100_000, true));
    }

    #[test]
    fn the_best_hyperparameters_are_chosen_and_named() {
        let mut records = Vec::new();
        for (batch_size, samples) in [(16, Some(5000)), (32, Some(3000)), (64, None)] {
            for replicate in 0..10 {
                records.push(Record { batch_size, ..record(3, 2, 64, replicate, samples) });
            }
        }
        let row = recovery(&records);
        assert_eq!((row.batch_size, row.samples, row.replicates), (32, 3000, 10));
        // Where all are censored, the one that comes closest is shown.
        for r in &mut records {
            let lucky = r.batch_size == 64 && r.replicate < 5;
            r.measures.as_mut().unwrap().samples_to_recovery = lucky.then_some(10);
        }
        let row = recovery(&records);
        assert_eq!((row.batch_size, row.censored, row.reached), (64, true, 5));
    }

    #[test]
    fn failed_jobs_are_not_judged_and_conditions_are_not_tuned_over() {
        let mut records = Vec::new();
        for (persistence, samples) in [(0.1, 5000), (0.9, 200)] {
            for replicate in 0..4 {
                let further = vec![("persistence".to_owned(), persistence)];
                records.push(Record { further, ..record(3, 2, 64, replicate, Some(samples)) });
            }
        }
        records[0].measures = None;
        let question = Question { conditions: vec!["persistence".to_owned()], ..question() };
        let rows = needed(&records, &question);
        let rows: Vec<_> = rows.iter().filter(|r| r.milestone == Milestone::Recovery).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].conditions[0], rows[0].samples, rows[0].replicates), (0.1, 5000, 3));
        assert_eq!((rows[1].conditions[0], rows[1].samples), (0.9, 200));
    }
}
