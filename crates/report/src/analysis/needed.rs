//! Needed samples, with right-censoring.
//!
//! A cell is one N, Q, T, algorithm and value of every condition. Its needed samples `n*` are the
//! smallest number of samples by which a fraction (0.9 by default) of its replicates has reached
//! the milestone, at the best hyperparameters. These are chosen on one half of the replicates and
//! judged on the other ([`cross_fitting`](crate::statistics::cross_fitting)). A run that did not
//! reach the milestone is not dropped. It is *censored*: it needs more than
//!
//! - its budget, if it spent it, or if it ended as mirrored or diverged, since more steps would not
//!   have helped;
//! - the samples it took, if it was stopped early because it recovered.
//!
//! A cell is censored where too few of its runs are known to have reached the milestone: its number
//! is a lower bound. Jobs that failed (out of memory, nothing to learn) say nothing about learning;
//! they are left out and counted.
//!
//! # Intervals
//!
//! `ci_low` and `ci_high` are order statistics ([`SuccessCurve::interval`]), which are exact for
//! one setting, whatever the distribution. A bootstrap over replicates is not: its upper end never
//! exceeds the largest reading, and with 16 runs all readings lie below the 0.9 quantile with
//! probability 0.9^16 = 0.19. An end is null where there are too few replicates to bound it.
//!
//! So few replicates bound the median, 6, that its interval is closed as soon as enough of them
//! arrive. It is read off the same runs: settings are chosen once, for the fraction asked for, so
//! the median may be a little less at others.
//!
//! `tests/calibration.rs` measures how often these intervals cover the truth when hyperparameters
//! are chosen by halves, and how often a bootstrap does.

use std::sync::Arc;

use super::cells::{Cells, Question, cells};
use super::edges::{Edge, edges};
use super::milestone::Milestone;
use super::searched::SearchedCell;
use crate::record::{Record, Status};
use crate::statistics::cross_fitting::{Choice, Runs, choose};
use crate::statistics::order_statistics::Reading;
use crate::statistics::survival::SuccessCurve;

/// By how many samples half of the replicates have reached the milestone, at the settings that are
/// chosen for the fraction asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Median {
    /// The samples; if `censored`, a number that they exceed.
    pub samples: i64,
    /// Whether fewer than half are known to have reached.
    pub censored: bool,
    /// Lower end of the 95 % interval; `None` where so few replicates bound nothing.
    pub ci_low: Option<i64>,
    /// Upper end.
    pub ci_high: Option<i64>,
}

impl Median {
    fn of(curve: &SuccessCurve) -> Option<Self> {
        let Reading { samples, censored } = curve.quantile(0.5)?;
        let (ci_low, ci_high) = curve.interval(0.5);
        Some(Self { samples, censored, ci_low: ci_low.map(|low| low.min(samples)), ci_high })
    }
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
    /// Lower end of the 95 % interval; `None` where so few replicates bound nothing.
    pub ci_low: Option<i64>,
    /// Upper end; `None` also where too many replicates never arrive.
    pub ci_high: Option<i64>,
    /// The median; `None` where choosing was refused.
    pub median: Option<Median>,
    /// What the best hyperparameters need on the runs that chose them: too little, on average.
    pub in_sample: Reading,
    /// Tuned keys at whose edge the chosen setting lies.
    pub edges: Vec<Edge>,
    /// Settings of the hyperparameters that were tried.
    pub settings: usize,
    /// Whether these are more than the replicates bear a choice among; `samples` is then a lower
    /// bound.
    pub refused: bool,
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
    /// Replicates, each read at hyperparameters chosen without it.
    pub replicates: i64,
    /// How many of them were read at the chosen hyperparameters; the others were read at those that
    /// their other half chose instead.
    pub at_setting: i64,
    /// How many of them reached the milestone.
    pub reached: i64,
    /// Jobs of the cell, at any hyperparameters, that failed and are left out.
    pub failed: i64,
    /// The share that has reached the milestone, against samples.
    pub curve: SuccessCurve,
    /// What that share is made of, by replicate.
    pub runs: Runs,
    /// The search that chose the hyperparameters; `None` if a grid of settings was swept.
    pub searched: Option<Arc<SearchedCell>>,
}

impl Needed {
    /// The same cell with the median for the fraction asked for.
    pub(super) fn at_median(&self) -> Option<Self> {
        let Median { samples, censored, ci_low, ci_high } = self.median?;
        Some(Self { samples, censored, ci_low, ci_high, ..self.clone() })
    }

    /// Whether this record is of this cell, at the chosen hyperparameters.
    #[must_use]
    pub fn describes(&self, record: &Record, question: &Question) -> bool {
        let equal = |keys: &[String], values: &[f64]| {
            keys.iter().zip(values).all(|(key, value)| record.further(key).is_some_and(|v| v.total_cmp(value).is_eq()))
        };
        (record.n, record.q, record.t) == (self.n, self.q, self.t)
            && record.algorithm == self.algorithm
            && (record.batch_size, record.max_samples) == (self.batch_size, self.max_samples)
            && [record.eta_boost, record.eta_sparse, record.lambda] == [self.eta_boost, self.eta_sparse, self.lambda]
            && equal(&question.conditions, &self.conditions)
            && equal(&question.tuned, &self.tuned)
    }

    /// Whether this is the search of the row's cell.
    pub(super) fn is_searched_by(&self, cell: &SearchedCell) -> bool {
        (cell.n, cell.q, cell.t) == (self.n, self.q, self.t)
            && cell.algorithm == self.algorithm
            && cell.conditions.iter().zip(&self.conditions).all(|(a, b)| a.total_cmp(b).is_eq())
    }
}

/// Needed samples of every cell and milestone, in ascending order of (N, Q, T, algorithm,
/// conditions). Cells of which every job failed have no row.
#[must_use]
pub fn needed(records: &[Record], question: &Question) -> Vec<Needed> {
    needed_of(&cells(records, question), question)
}

pub(crate) fn needed_of(cells: &Cells<'_>, question: &Question) -> Vec<Needed> {
    let mut rows = Vec::new();
    for ((n, q, t, algorithm, conditions), settings) in cells {
        let runs_of = |milestone| -> Vec<Runs> {
            let run = |record: &&Record| Some((record.replicate, Reading::of(record, milestone)?));
            settings.values().map(|records| records.iter().filter_map(run).collect()).collect()
        };
        let examples: Vec<&Record> = settings.values().map(|records| records[0]).collect();
        let failed = settings.values().flatten().filter(|record| record.status == Status::Failed).count();
        for milestone in Milestone::ALL {
            let (judged, chosen_by) = (runs_of(milestone), runs_of(milestone.chosen_by()));
            let choice = choose(&chosen_by, &judged, question.quantile);
            let Some(Choice { best, at_best, curve, runs, in_sample, least, settings: tried, refused }) = choice else {
                continue;
            };
            let Some(quantile) = curve.quantile(question.quantile) else { continue };
            let (ci_low, ci_high) = curve.interval(question.quantile);
            let censored = quantile.censored || refused;
            let samples = if censored { quantile.samples.min(least) } else { quantile.samples };
            let example = examples[best];
            let edges = edges(&settings.keys().collect::<Vec<_>>(), &chosen_by, best, question);
            rows.push(Needed {
                n: *n,
                q: *q,
                t: *t,
                algorithm: (*algorithm).to_owned(),
                conditions: conditions.iter().map(|key| key.0).collect(),
                milestone,
                samples,
                censored,
                ci_low: ci_low.map(|low| low.min(samples)),
                ci_high: ci_high.filter(|_| !refused),
                median: Median::of(&curve).filter(|_| !refused),
                in_sample,
                edges,
                settings: tried,
                refused,
                batch_size: example.batch_size,
                eta_boost: example.eta_boost,
                eta_sparse: example.eta_sparse,
                lambda: example.lambda,
                max_samples: example.max_samples,
                tuned: question.tuned.iter().map(|key| example.further(key).unwrap_or(f64::NAN)).collect(),
                replicates: curve.readings().len() as i64,
                at_setting: at_best as i64,
                reached: curve.reached() as i64,
                failed: failed as i64,
                curve,
                runs,
                searched: None,
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::needed_tables::needed_table;
    use super::*;
    use crate::record::fixture::record;

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    fn recovery(records: &[Record]) -> Needed {
        needed(records, &question()).into_iter().find(|r| r.milestone == Milestone::Recovery).unwrap()
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

    /// Three batch sizes: an edge is where the others need much more, and the floor is flat where
    /// they do not.
    #[test]
    fn a_choice_at_the_edge_of_what_was_tried_is_told_with_its_key() {
        let of = |smallest: i64, needs: [i64; 3]| -> Vec<Edge> {
            let mut records = Vec::new();
            for (batch_size, samples) in [smallest, 32, 64].into_iter().zip(needs) {
                records.extend((0..10).map(|i| Record { batch_size, ..record(3, 2, 64, i, Some(samples + i)) }));
            }
            recovery(&records).edges
        };
        let with = |needs| of(16, needs);
        assert_eq!(of(1, [1000, 3000, 5000]), [], "there are no smaller batches");
        let edge = |value: f64, largest| vec![Edge { key: "batch_size".to_owned(), value, largest }];
        assert_eq!(with([1000, 3000, 5000]), edge(16.0, false));
        assert_eq!(with([5000, 3000, 1000]), edge(64.0, true));
        assert_eq!((with([3000, 1000, 5000]), with([1000, 1050, 5000])), (Vec::new(), Vec::new()));
        assert_eq!(with([1000, 1150, 5000]), edge(16.0, false));
        assert_eq!(with([1000, 3000, 5000])[0].name(), "batch_size (smallest)");
        // Where no setting reaches the quantile the one that comes closest is chosen, and a wider
        // grid may have one that does: at an end, however flat.
        let arriving = |shares: [i64; 3]| {
            let mut records = Vec::new();
            for (batch_size, arrive) in [16, 32, 64].into_iter().zip(shares) {
                records.extend(
                    (0..10).map(|i| Record { batch_size, ..record(3, 2, 64, i, (i < arrive).then_some(1000)) }),
                );
            }
            let row = recovery(&records);
            assert!(row.censored);
            row.edges
        };
        assert_eq!((arriving([5, 2, 1]), arriving([2, 5, 5])), (edge(16.0, false), Vec::new()));
        // A setting of which every job failed, out of memory for one, is no neighbour.
        let mut records: Vec<Record> = Vec::new();
        for (batch_size, samples) in [(16, 3000), (32, 1000), (64, 1)] {
            records.extend((0..10).map(|i| Record { batch_size, ..record(3, 2, 64, i, Some(samples)) }));
        }
        records[20..].iter_mut().for_each(|r| (r.measures, r.status) = (None, Status::Failed));
        assert_eq!(recovery(&records).edges, edge(32.0, true));
        // A key with one value is not tuned; one of the grid's further keys is like the others.
        let further = |cut: f64, samples| {
            let further = vec![("cut".to_owned(), cut)];
            (0..10).map(move |i| Record { further: further.clone(), ..record(3, 2, 64, i, Some(samples)) })
        };
        let records: Vec<Record> = further(0.1, 500).chain(further(0.2, 900)).collect();
        let question = Question { tuned: vec!["cut".to_owned()], ..question() };
        let rows = needed(&records, &question);
        let row = rows.iter().find(|r| r.milestone == Milestone::Recovery).unwrap();
        assert_eq!(row.edges, [Edge { key: "cut".to_owned(), value: 0.1, largest: false }]);
        let table = needed_table(&rows, &question);
        assert!(table.texts("at_edge").unwrap().iter().any(|t| t.as_deref() == Some("cut (smallest)")));
    }

    #[test]
    fn failed_jobs_are_left_out_and_counted_and_conditions_are_not_tuned_over() {
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
        assert_eq!((rows[1].conditions[0], rows[1].samples, rows[1].replicates, rows[1].failed), (0.9, 200, 3, 1));
        records.iter_mut().for_each(|r| (r.measures, r.status) = (None, Status::Failed));
        assert!(needed(&records, &question).is_empty(), "nothing is known of cells of which every job failed");
    }

    /// Of ten runs the fifth is the median, between the 2nd and the 9th by tables of the binomial
    /// distribution, at the setting that the 0.9 quantile asks for: another one has the smaller
    /// median.
    #[test]
    fn the_median_is_read_at_the_settings_of_the_quantile() {
        let mut records: Vec<Record> = (0..10).map(|i| record(3, 2, 64, i, Some(1000 + i))).collect();
        // Fast in half of the runs, and late in the others.
        records.extend(
            (0..10).map(|i| Record { batch_size: 8, ..record(3, 2, 64, i, Some(if i < 6 { 10 } else { 9000 })) }),
        );
        let row = recovery(&records);
        let median = Median { samples: 1004, censored: false, ci_low: Some(1001), ci_high: Some(1008) };
        assert_eq!((row.samples, row.median), (1008, Some(median)));
        // Four of ten: a bound, whatever the quantile.
        let few: Vec<Record> = (0..10).map(|i| record(3, 2, 64, i, (i < 4).then_some(1000))).collect();
        let median = recovery(&few).median.unwrap();
        assert_eq!((median.samples, median.censored, median.ci_high), (100_000, true, None));
        // Where nothing is chosen there is nothing to read.
        let many =
            (0..4).flat_map(|i| (0..2).map(move |j| Record { batch_size: 1 + i, ..record(3, 2, 64, j, Some(1000)) }));
        let row = recovery(&many.collect::<Vec<Record>>());
        assert!(row.refused && row.median.is_none());
    }
}
