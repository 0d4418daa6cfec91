//! Needed samples, with right-censoring.
//!
//! `n*` of a cell (N, Q, T, algorithm, and any further condition) is the smallest number of samples by
//! which a fraction (default 0.9) of its replicates has reached the milestone, at the best hyperparameters. These are
//! chosen on one half of the replicates and judged on the other ([`choice`](crate::statistics::cross_fitting)). A run that did not reach the
//! milestone is never dropped; it needs more than
//!
//! - the budget, if it spent it, or ended as mirrored or diverged (it would not have come back);
//! - its own sample count, if it was stopped early because it recovered.
//!
//! Where too few are known to have reached it, the cell is *censored*: its number is a lower bound. Jobs that failed (out
//! of memory, nothing to learn) say nothing of learning; they are left out and counted.
//!
//! # Intervals
//!
//! `ci_low` and `ci_high` are order statistics ([`Curve::interval`]): exact for one setting, whatever the distribution. A
//! bootstrap over replicates cannot do this: its upper end never exceeds the largest reading, which lies below the 0.9 quantile of
//! 16 runs with probability 0.9^16 = 0.19. Where the replicates bound nothing, the end is null. What intervals cover
//! here, hyperparameters chosen by halves, and what a bootstrap covers, is measured in `tests/calibration.rs`.

use std::collections::BTreeMap;

use crate::record::{Measures, Record, Status, further_columns};
use crate::statistics::cross_fitting::{Choice, Runs, choose};
use crate::statistics::order_statistics::Reading;
use crate::statistics::survival::{Curve, Step};
use crate::table::Table;

/// What a run is asked for, as named in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// Both correlations at the signal threshold.
    Signal,
    /// The support is right, and stays so.
    Support,
    /// The rounded model is within epsilon.
    Recovery,
    /// From signal to recovery: what the later stages need.
    SignalToRecovery,
}

impl Milestone {
    /// All, in the order a run passes them.
    pub const ALL: [Self; 4] = [Self::Signal, Self::Support, Self::Recovery, Self::SignalToRecovery];

    /// Those that are counted from the start of a run.
    pub const FROM_START: [Self; 3] = [Self::Signal, Self::Support, Self::Recovery];

    /// Its name in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Support => "support",
            Self::Recovery => "recovery",
            Self::SignalToRecovery => "recovery - signal",
        }
    }

    /// What hyperparameters are chosen by. A stage of its own would choose those that dawdle before it.
    fn chosen_by(self) -> Self {
        match self {
            Self::SignalToRecovery => Self::Recovery,
            other => other,
        }
    }

    /// How many samples it took.
    #[must_use]
    pub fn reached(self, measures: &Measures) -> Option<i64> {
        match self {
            Self::Signal => measures.samples_to_signal,
            Self::Support => measures.samples_to_support,
            Self::Recovery => measures.samples_to_recovery,
            Self::SignalToRecovery => {
                // Both are known to within the distance of two looks: a run that recovers may be seen to do so first.
                let recovery = measures.samples_to_recovery?;
                Some((recovery - measures.samples_to_signal.unwrap_or(recovery)).max(0))
            }
        }
    }
}

/// What is asked of the records.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Fraction of the replicates that must reach the milestone, in `(0, 1)`.
    pub quantile: f64,
    /// Further keys of the grid that are part of the task or of the milestone, not tuned over.
    pub conditions: Vec<String>,
    /// Further keys of the grid that are hyperparameters, tuned over like the fixed ones.
    pub tuned: Vec<String>,
}

/// A tuned key at whose edge the chosen setting of a cell lies: its value is the smallest or the largest that was tried there, and the best setting with
/// another value needs more than [`FLAT`] times as many samples. So what lies beyond the edge may need fewer still. Where the floor is flat, the next step
/// would gain no more than the last one did, as needed samples are a bowl in every key. A setting that does not reach the quantile says nothing of a floor:
/// whatever lies beyond its end may reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The key.
    pub key: String,
    /// Its chosen value.
    pub value: f64,
    /// Whether it is the largest that was tried; else the smallest.
    pub largest: bool,
}

/// Up to this ratio of needed samples, of the best setting with another value to the chosen one, an axis is flat.
pub const FLAT: f64 = 1.1;

impl Edge {
    /// `batch_size (largest)`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} ({})", self.key, if self.largest { "largest" } else { "smallest" })
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
    /// Upper end; `None` also where the replicates that never arrive leave it open.
    pub ci_high: Option<i64>,
    /// What the best hyperparameters need on the very runs that chose them, which flatters.
    pub flattered: Reading,
    /// Tuned keys at whose edge the chosen setting lies.
    pub edges: Vec<Edge>,
    /// Settings of the hyperparameters that were tried.
    pub settings: usize,
    /// Whether these are more than the replicates bear a choice among; `samples` is then a lower bound.
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
    /// How many of them reached the milestone.
    pub reached: i64,
    /// Jobs of the cell, at any hyperparameters, that failed and are left out.
    pub failed: i64,
    /// The share that has reached the milestone, against samples.
    pub curve: Curve,
}

impl Needed {
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
}

impl Reading {
    /// Of one record; `None` if it failed.
    #[must_use]
    pub fn of(record: &Record, milestone: Milestone) -> Option<Self> {
        let measures = record.measures.as_ref()?;
        if let Some(samples) = milestone.reached(measures) {
            return Some(Self { samples, censored: false });
        }
        let seen = if record.status == Status::Recovered { measures.samples } else { budget(record) };
        let before = match milestone {
            // A run without a signal has not begun with it; only of one that never would can more be said.
            Milestone::SignalToRecovery if record.status == Status::Exhausted => {
                measures.samples_to_signal.unwrap_or(seen)
            }
            _ => 0,
        };
        Some(Self { samples: seen - before, censored: true })
    }
}

/// The budget in whole steps.
fn budget(record: &Record) -> i64 {
    record.max_samples / record.batch_size * record.batch_size
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

type Cell<'r> = (i64, i64, i64, &'r str, Vec<Key>);
type Tuning = (i64, Key, Key, Key, i64, Vec<Key>);

pub(crate) type Cells<'r> = BTreeMap<Cell<'r>, BTreeMap<Tuning, Vec<&'r Record>>>;

/// The records of each cell, by their hyperparameters.
pub(crate) fn cells<'r>(records: &'r [Record], question: &Question) -> Cells<'r> {
    let mut cells = Cells::new();
    for record in records {
        let values = |keys: &[String]| keys.iter().map(|key| Key(record.further(key).unwrap_or(f64::NAN))).collect();
        let cell = (record.n, record.q, record.t, record.algorithm.as_str(), values(&question.conditions));
        let (boost, sparse, lambda) = (Key(record.eta_boost), Key(record.eta_sparse), Key(record.lambda));
        let tuning = (record.batch_size, boost, sparse, lambda, record.max_samples, values(&question.tuned));
        cells.entry(cell).or_default().entry(tuning).or_default().push(record);
    }
    cells
}

/// What one setting of the hyperparameters needs for recovery, chosen or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
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
    /// Samples per step.
    pub batch_size: i64,
    /// Step size while boosting.
    pub eta_boost: f64,
    /// The quantile of its runs. Nothing was chosen, so nothing flatters.
    pub quantile: Reading,
    /// How its runs ended, in the order of [`Status::ALL`].
    pub endings: [usize; 5],
}

/// Every setting of every cell, in ascending order.
pub(crate) fn settings_of(cells: &Cells<'_>, question: &Question) -> Vec<Setting> {
    let mut rows = Vec::new();
    for (&(n, q, t, algorithm, ref conditions), settings) in cells {
        for records in settings.values() {
            let readings = records.iter().filter_map(|r| Reading::of(r, Milestone::Recovery)).collect();
            let Some(quantile) = Curve::of(readings).quantile(question.quantile) else { continue };
            let (algorithm, conditions) = (algorithm.to_owned(), conditions.iter().map(|key| key.0).collect());
            let (batch_size, eta_boost) = (records[0].batch_size, records[0].eta_boost);
            let endings = Status::endings(records.iter().map(|record| record.status));
            rows.push(Setting { n, q, t, algorithm, conditions, batch_size, eta_boost, quantile, endings });
        }
    }
    rows
}

/// Needed samples of every cell and milestone, in ascending order of (N, Q, T, algorithm, conditions). Cells of which every job
/// failed have no row.
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
            let Some(Choice { best, curve, flattered, least, settings: tried, refused }) = choice else { continue };
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
                flattered,
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
                reached: curve.reached() as i64,
                failed: failed as i64,
                curve,
            });
        }
    }
    rows
}

/// Values beyond which there is nothing: a tuning grid that ends there ends at no edge.
const NATURAL_ENDS: [(&str, f64); 4] = [("batch_size", 1.0), ("lambda", 0.0), ("cut", 0.0), ("keep", 1.0)];

/// The keys at whose edge the setting of index `best` lies, one of those with these values and runs. A setting of which every job failed was not tried.
fn edges(tunings: &[&Tuning], runs: &[Runs], best: usize, question: &Question) -> Vec<Edge> {
    let quantiles: Vec<Option<Reading>> = runs
        .iter()
        .map(|runs| Curve::of(runs.iter().map(|(_, reading)| *reading).collect()).quantile(question.quantile))
        .collect();
    // Those that never arrive come last.
    let needs = |i: usize| quantiles[i].map_or((true, i64::MAX), |r| (r.censored, r.samples));
    let (late, chosen) = needs(best);
    let tried: Vec<usize> = (0..tunings.len()).filter(|&i| quantiles[i].is_some()).collect();
    // The budget is no hyperparameter: a larger one is never worse.
    let fixed = [
        ("batch_size", Value::Fixed(|t| t.0 as f64)),
        ("eta_boost", Value::Fixed(|t| t.1.0)),
        ("eta_sparse", Value::Fixed(|t| t.2.0)),
        ("lambda", Value::Fixed(|t| t.3.0)),
    ];
    let further = question.tuned.iter().enumerate().map(|(i, key)| (key.as_str(), Value::Further(i)));
    let keys = fixed.into_iter().chain(further);
    let edge = |(key, of): (&str, Value)| {
        let values: Vec<f64> = tunings.iter().map(|tuning| of.read(tuning)).collect();
        let value = values[best];
        let (low, high) = tried.iter().fold((f64::MAX, f64::MIN), |(a, b), &i| (a.min(values[i]), b.max(values[i])));
        if low >= high || (value > low && value < high) || NATURAL_ENDS.contains(&(key, value)) {
            return None;
        }
        let others = tried.iter().filter(|&&i| values[i].total_cmp(&value).is_ne()).map(|&i| needs(i));
        let as_good = |(late, samples): (bool, i64)| !late && samples as f64 <= FLAT * chosen as f64;
        let flat = !late && others.min().is_some_and(as_good);
        (!flat).then(|| Edge { key: key.to_owned(), value, largest: value >= high })
    };
    keys.filter_map(edge).collect()
}

/// How to read a key of a tuning.
#[derive(Clone, Copy)]
enum Value {
    Fixed(fn(&Tuning) -> f64),
    Further(usize),
}

impl Value {
    fn read(self, tuning: &Tuning) -> f64 {
        match self {
            Self::Fixed(get) => get(tuning),
            Self::Further(i) => tuning.5.get(i).map_or(f64::NAN, |key| key.0),
        }
    }
}

/// The columns of `needed.parquet`.
#[must_use]
pub fn needed_table(rows: &[Needed], question: &Question) -> Table {
    let all = || rows.iter();
    let named = |row: &Needed| {
        let names: Vec<String> = row.edges.iter().map(Edge::name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let edges_named: Vec<Option<String>> = all().map(named).collect();
    let table = cell_table(&all(), question);
    let meaning = "chosen value of a further hyperparameter";
    further_columns(table, question.tuned.iter(), meaning, |i| all().map(|r| r.tuned.get(i).copied()).collect())
        .text("milestone", MILESTONE, all().map(|r| r.milestone.name()))
        .int(
            "needed_samples",
            "samples",
            "smallest number of samples by which the fraction `quantile` of the replicates has reached the milestone, each at hyperparameters chosen without it; if censored, a lower bound",
            all().map(|r| r.samples),
        )
        .int("ci_low", "samples", "lower end of its 95 % interval (order statistics); null: too few replicates", all().map(|r| r.ci_low))
        .int(
            "ci_high",
            "samples",
            "upper end of its 95 % interval; null: too few replicates (the 0.9 quantile takes 36), or too many that never arrive",
            all().map(|r| r.ci_high),
        )
        .bool("censored", "whether needed_samples is only a lower bound: fewer replicates than that are known to have reached it", all().map(|r| r.censored))
        .int(
            "samples_without_split",
            "samples",
            "what the best hyperparameters need on the very runs that chose them, which flatters; null: not reached",
            all().map(|r| (!r.flattered.censored).then_some(r.flattered.samples)),
        )
        .int("settings", "settings", "settings of the hyperparameters that were tried in the cell", all().map(|r| r.settings as i64))
        .bool("refused", "whether these are more than the replicates bear a choice among; needed_samples is then a lower bound", all().map(|r| r.refused))
        .text(
            "at_edge",
            "tuned keys whose chosen value is the smallest or the largest that was tried in the cell while the best setting with another value needs more than a tenth more; null: none",
            edges_named.iter().map(Option::as_deref),
        )
        .float("quantile", "", "the fraction asked for", all().map(|_| question.quantile))
        .int("batch_size", "samples", "chosen batch size", all().map(|r| r.batch_size))
        .float("eta_boost", "", "chosen step size of the boosting stage", all().map(|r| r.eta_boost))
        .float("eta_sparse", "", "chosen step size of the later stages", all().map(|r| r.eta_sparse))
        .float("lambda", "", "chosen l1 regularisation", all().map(|r| r.lambda))
        .int("max_samples", "samples", "budget at the chosen hyperparameters", all().map(|r| r.max_samples))
        .int("replicates", "runs", "replicates, each read at hyperparameters chosen without it", all().map(|r| r.replicates))
        .int("reached", "runs", "how many of them reached the milestone", all().map(|r| r.reached))
        .int("failed", "runs", "jobs of the cell that failed and are left out", all().map(|r| r.failed))
}

/// The columns that name a cell.
fn cell_table<'r>(rows: &(impl Iterator<Item = &'r Needed> + Clone), question: &Question) -> Table {
    let all = || rows.clone();
    let table = Table::new()
        .int("N", "states", "number of states", all().map(|r| r.n))
        .int("Q", "positions", "sparsity", all().map(|r| r.q))
        .int("T", "positions", "sequence length", all().map(|r| r.t))
        .text("algorithm", "name of the algorithm", all().map(|r| r.algorithm.as_str()));
    further_columns(table, question.conditions.iter(), "further condition of the grid", |i| {
        all().map(|r| r.conditions.get(i).copied().filter(|c| c.is_finite())).collect()
    })
}

/// The columns of `success.parquet`: the steps of every cell's curve.
#[must_use]
pub fn success_table(rows: &[Needed], question: &Question) -> Table {
    let steps: Vec<(&Needed, Step)> =
        rows.iter().flat_map(|r| r.curve.steps().into_iter().map(move |step| (r, step))).collect();
    let all = || steps.iter();
    let table = cell_table(&all().map(|(r, _)| *r), question);
    table
        .text("milestone", MILESTONE, all().map(|(r, _)| r.milestone.name()))
        .int("samples", "samples", "where the share rises", all().map(|(_, s)| s.samples))
        .float(
            "share",
            "",
            "share of the replicates that has reached the milestone by then, each at hyperparameters chosen without it (Kaplan and Meier)",
            all().map(|(_, s)| s.share),
        )
        .float("ci_low", "", "lower end of its 95 % interval (Wilson's, by Greenwood's variance)", all().map(|(_, s)| s.low))
        .float("ci_high", "", "upper end", all().map(|(_, s)| s.high))
}

/// What the column `milestone` means.
const MILESTONE: &str = "signal, support, recovery, or the samples between signal and recovery";

#[cfg(test)]
mod tests {
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

    /// Three batch sizes: an edge is where the others need much more, and the floor is flat where they do not.
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
        // Where no setting reaches the quantile the one that comes closest is chosen, and a wider grid may have one that does: at an end, however flat.
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
}
