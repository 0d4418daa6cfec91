//! Needed samples, with right-censoring.
//!
//! `n*` of a cell (N, Q, T, algorithm, and any further condition) is the smallest number of samples by
//! which a fraction (default 0.9) of its replicates has reached the milestone, at the hyperparameters
//! where that number is smallest. A run that did not reach it is never dropped; it needs more than
//!
//! - the budget, if it spent it, or ended as mirrored or diverged (it would not have come back), or failed;
//! - its own sample count, if it was stopped early because it recovered.
//!
//! Where such a run lies at or below the quantile, the cell is *censored*: its number is a lower bound.
//!
//! The best of several hyperparameters on the same runs flatters; with R replicates and few candidates
//! the effect is small but real, and `ci_low`, `ci_high` stay null until intervals are computed.

use std::collections::BTreeMap;

use crate::{Measures, Record, Status, Table};

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
    /// Needed samples; if `censored`, a number that they exceed.
    pub samples: i64,
    /// Whether too few replicates are known to have reached the milestone.
    pub censored: bool,
    /// Samples per step at the chosen hyperparameters.
    pub batch_size: i64,
    /// Chosen step size while boosting.
    pub eta_boost: f64,
    /// Chosen step size afterwards.
    pub eta_sparse: f64,
    /// Chosen l1 regularisation.
    pub lambda: f64,
    /// Budget at the chosen hyperparameters.
    pub max_samples: i64,
    /// Chosen values of the question's further hyperparameters, in its order.
    pub tuned: Vec<f64>,
    /// Replicates at the chosen hyperparameters.
    pub replicates: i64,
    /// How many of them reached the milestone.
    pub reached: i64,
}

/// What one run says of a milestone: reached at a sample count, or not reached by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    /// Where it was reached, or a count that it exceeds.
    pub samples: i64,
    /// Whether it was not reached. Of equal counts, reached ones come first.
    pub censored: bool,
}

impl Reading {
    /// Of one record.
    #[must_use]
    pub fn of(record: &Record, milestone: Milestone) -> Self {
        let measures = record.measures.as_ref();
        match measures.and_then(|m| milestone.reached(m)) {
            Some(samples) => Self { samples, censored: false },
            None => {
                let stopped = measures.filter(|_| record.status == Status::Recovered).map(|m| m.samples);
                Self { samples: stopped.unwrap_or_else(|| budget(record)), censored: true }
            }
        }
    }
}

/// The budget in whole steps.
fn budget(record: &Record) -> i64 {
    record.max_samples / record.batch_size * record.batch_size
}

/// The smallest number by which at least `quantile` of the runs have reached: the order statistic of rank
/// `ceil(quantile * runs)`. Censored if a run at or below that rank is: then it is a lower bound. `None`
/// without runs.
#[must_use]
pub fn quantile_reached(readings: &mut [Reading], quantile: f64) -> Option<Reading> {
    // Without the slack 0.9 * 10 would round up to 10.
    let rank = ((quantile * readings.len() as f64) - 1e-9).ceil().max(1.0) as usize;
    readings.sort_unstable();
    let upto = readings.get(..rank)?;
    Some(Reading { samples: upto.last()?.samples, censored: upto.iter().any(|r| r.censored) })
}

/// A double as a key, in the order of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Key(pub(crate) f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Needed samples of every cell and milestone, in ascending order of (N, Q, T, algorithm, conditions).
#[must_use]
pub fn needed(records: &[Record], question: &Question) -> Vec<Needed> {
    type Cell<'r> = (i64, i64, i64, &'r str, Vec<Key>);
    type Tuning = (i64, Key, Key, Key, i64, Vec<Key>);
    let mut cells: BTreeMap<Cell<'_>, BTreeMap<Tuning, Vec<&Record>>> = BTreeMap::new();
    for record in records {
        let values = |keys: &[String]| keys.iter().map(|key| Key(record.further(key).unwrap_or(f64::NAN))).collect();
        let cell = (record.n, record.q, record.t, record.algorithm.as_str(), values(&question.conditions));
        let (boost, sparse, lambda) = (Key(record.eta_boost), Key(record.eta_sparse), Key(record.lambda));
        let tuning = (record.batch_size, boost, sparse, lambda, record.max_samples, values(&question.tuned));
        cells.entry(cell).or_default().entry(tuning).or_default().push(record);
    }
    let mut rows = Vec::new();
    for ((n, q, t, algorithm, conditions), tunings) in &cells {
        for milestone in Milestone::ALL {
            let candidates: Vec<Judged<'_>> =
                tunings.values().filter_map(|runs| judge(runs, milestone, question.quantile)).collect();
            // Reached beats censored; then fewer samples; among censored ones, more runs that reached.
            let best = candidates.iter().min_by(|a, b| {
                let share = |x: &Judged<'_>| -(x.reached as f64 / x.runs as f64);
                let key = |x: &Judged<'_>| if x.quantile.censored { share(x) } else { x.quantile.samples as f64 };
                a.quantile.censored.cmp(&b.quantile.censored).then(key(a).total_cmp(&key(b)))
            });
            let Some(best) = best else { continue };
            // The best of settings that are all bounded below is bounded by the lowest bound.
            let lowest = candidates.iter().map(|c| c.quantile.samples).min().unwrap_or(0);
            rows.push(Needed {
                n: *n,
                q: *q,
                t: *t,
                algorithm: (*algorithm).to_owned(),
                conditions: conditions.iter().map(|key| key.0).collect(),
                milestone,
                samples: if best.quantile.censored { lowest } else { best.quantile.samples },
                censored: best.quantile.censored,
                batch_size: best.example.batch_size,
                eta_boost: best.example.eta_boost,
                eta_sparse: best.example.eta_sparse,
                lambda: best.example.lambda,
                max_samples: best.example.max_samples,
                tuned: question.tuned.iter().map(|key| best.example.further(key).unwrap_or(f64::NAN)).collect(),
                replicates: best.runs as i64,
                reached: best.reached as i64,
            });
        }
    }
    rows
}

struct Judged<'r> {
    example: &'r Record,
    quantile: Reading,
    runs: usize,
    reached: usize,
}

/// The replicates of one cell at one setting of the hyperparameters.
fn judge<'r>(runs: &[&'r Record], milestone: Milestone, quantile: f64) -> Option<Judged<'r>> {
    let example = *runs.first()?;
    let mut readings: Vec<Reading> = runs.iter().map(|r| Reading::of(r, milestone)).collect();
    let reached = readings.iter().filter(|r| !r.censored).count();
    let quantile = quantile_reached(&mut readings, quantile)?;
    Some(Judged { example, quantile, runs: runs.len(), reached })
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
        .bool("censored", "whether needed_samples is only a lower bound: fewer replicates than that are known to have reached it", all().map(|r| r.censored))
        .float("quantile", "", "the fraction asked for", all().map(|_| question.quantile))
        .int("batch_size", "samples", "chosen batch size", all().map(|r| r.batch_size))
        .float("eta_boost", "", "chosen step size of the boosting stage", all().map(|r| r.eta_boost))
        .float("eta_sparse", "", "chosen step size of the later stages", all().map(|r| r.eta_sparse))
        .float("lambda", "", "chosen l1 regularisation", all().map(|r| r.lambda))
        .int("max_samples", "samples", "budget at the chosen hyperparameters", all().map(|r| r.max_samples))
        .int("replicates", "runs", "replicates at the chosen hyperparameters", all().map(|r| r.replicates))
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
        let quantile = |ns: &[i64], censored: &[i64], quantile| {
            let reading = |censored| move |&samples| Reading { samples, censored };
            let mut all: Vec<Reading> =
                ns.iter().map(reading(false)).chain(censored.iter().map(reading(true))).collect();
            quantile_reached(&mut all, quantile).map(|r| (r.samples, r.censored))
        };
        // 9 of 10 by 90; the tenth would be 100.
        let ten: Vec<i64> = (1..=10).rev().map(|i| 10 * i).collect();
        assert_eq!(quantile(&ten, &[], 0.9), Some((90, false)));
        assert_eq!(quantile(&ten, &[], 0.91), Some((100, false)));
        assert_eq!(quantile(&ten, &[], 1.0), Some((100, false)));
        assert_eq!(quantile(&ten, &[], 0.05), Some((10, false)));
        // Of 11 runs 10 are needed (9.9 rounds up); of 12, 11.
        assert_eq!(quantile(&ten, &[500], 0.9), Some((100, false)));
        assert_eq!(quantile(&ten, &[500, 500], 0.9), Some((500, true)));
        // A run stopped at 55 might have reached at 56 or never: what lies above it is only a bound.
        assert_eq!(quantile(&ten, &[55], 0.9), Some((90, true)));
        assert_eq!(quantile(&ten, &[55], 0.4), Some((50, false)));
        assert_eq!(quantile(&[], &[], 0.9), None);
    }

    #[test]
    fn runs_that_did_not_reach_the_milestone_are_censored_not_dropped() {
        let with_batch = |r: Record| Record { batch_size: 64, ..r };
        let mut records: Vec<Record> = (0..9).map(|i| with_batch(record(3, 2, 64, i, Some(1000 + i)))).collect();
        records.push(with_batch(record(3, 2, 64, 9, None)));
        let row = recovery(&records);
        assert_eq!((row.samples, row.censored, row.replicates, row.reached), (1008, false, 10, 9));
        records[0] = with_batch(record(3, 2, 64, 0, None));
        let row = recovery(&records);
        // The budget of 100 000 in whole steps of 64.
        assert_eq!((row.samples, row.censored, row.reached), (99_968, true, 8));
    }

    #[test]
    fn a_run_that_was_stopped_early_because_it_recovered_is_censored_there() {
        // The records of `record` reach no support.
        let records: Vec<Record> = (0..10).map(|i| record(3, 2, 64, i, Some(1000 + i))).collect();
        let rows = needed(&records, &question());
        let support = rows.iter().find(|r| r.milestone == Milestone::Support).unwrap();
        assert_eq!((support.samples, support.censored, support.reached), (1008, true, 0));
    }

    #[test]
    fn budgets_are_not_pooled_and_bounds_are_the_lowest() {
        let mut records = Vec::new();
        for (max_samples, recovery) in [(160, None), (6000, Some(656))] {
            for replicate in 0..4 {
                records.push(Record { max_samples, ..record(3, 2, 64, replicate, recovery) });
            }
        }
        let row = recovery(&records);
        assert_eq!((row.samples, row.censored, row.max_samples, row.replicates), (656, false, 6000, 4));
        records.iter_mut().for_each(|r| r.measures.as_mut().unwrap().samples_to_recovery = None);
        records.iter_mut().for_each(|r| r.status = Status::Exhausted);
        assert_eq!(recovery(&records).samples, 160);
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
            r.status = Status::Exhausted;
        }
        let row = recovery(&records);
        assert_eq!((row.batch_size, row.censored, row.reached), (64, true, 5));
    }

    #[test]
    fn failed_jobs_count_as_not_reached_and_conditions_are_not_tuned_over() {
        let mut records = Vec::new();
        for (persistence, samples) in [(0.9, 200), (-0.1, 5000)] {
            for replicate in 0..4 {
                let further = vec![("persistence".to_owned(), persistence)];
                records.push(Record { further, ..record(3, 2, 64, replicate, Some(samples)) });
            }
        }
        records[0].measures = None;
        records[0].status = Status::Failed;
        let question = Question { conditions: vec!["persistence".to_owned()], ..question() };
        let rows = needed(&records, &question);
        let rows: Vec<_> = rows.iter().filter(|r| r.milestone == Milestone::Recovery).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].conditions[0], rows[0].samples, rows[0].reached), (-0.1, 5000, 4));
        assert_eq!((rows[1].conditions[0], rows[1].censored, rows[1].replicates, rows[1].reached), (0.9, true, 4, 3));
    }
}
