//! Cells in which no run arrived, and why.

use std::collections::{BTreeMap, BTreeSet};

use ordered_float::OrderedFloat;

use super::cells::Cells;
use crate::record::{Record, Status};

/// Why no run of a cell arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Every job failed.
    Failed,
    /// Most of the runs diverged.
    Diverged,
    /// Most of the runs spent their budget, and none of these had reached the signal.
    NoSignal,
    /// Most of the runs spent their budget, some of them after the signal.
    NoRecovery,
}

/// Cells of one algorithm and condition in which every run diverged or spent its budget, at all
/// settings and for the same reason, or every job failed. Where only some failed they count as no
/// runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreached {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
    /// Why.
    pub why: Why,
    /// (N, Q, T) of the cells, in ascending order.
    pub cells: Vec<(i64, i64, i64)>,
    /// The values of T at which all cells of this algorithm and condition are among `cells`, if
    /// there are no other cells among them.
    pub lengths: Option<Vec<i64>>,
    /// How many of their runs ended so.
    pub ended: usize,
    /// How many runs they have.
    pub runs: usize,
    /// Why the first job failed, if all did.
    pub error: Option<String>,
    /// The smallest and the largest budget, in samples.
    pub max_samples: (i64, i64),
    /// The smallest and the largest number of samples per step.
    pub batch_size: (i64, i64),
    /// The smallest and the largest step size while boosting.
    pub eta_boost: (f64, f64),
    /// How many of these runs ended with a V that had begun to point at P, and an attention that had
    /// hardly moved.
    pub lagging: usize,
}

/// From which correlation on V has begun to point at P.
const BEGUN: f64 = 0.05;
/// Below which part of V's correlation that of the attention lags behind.
const LAGS: f64 = 0.1;

/// Whether the attention of a run lags behind its V.
fn lags(record: &Record) -> bool {
    record.measures.as_ref().is_some_and(|m| m.alpha_v >= BEGUN && m.alpha_a < LAGS * m.alpha_v)
}

/// Why no run of a cell arrived, and how many ended so; `None` if one arrived, is mirrored, or there
/// is none.
fn reason(records: &[&Record]) -> Option<(Why, usize)> {
    if records.iter().all(|record| record.status == Status::Failed) {
        return Some((Why::Failed, records.len())).filter(|_| !records.is_empty());
    }
    let ended = |status: Status| records.iter().filter(move |record| record.status == status);
    let (diverged, exhausted) = (ended(Status::Diverged).count(), ended(Status::Exhausted).count());
    if diverged + exhausted < records.len() {
        return None;
    }
    if diverged >= exhausted {
        return Some((Why::Diverged, diverged));
    }
    let signal = ended(Status::Exhausted)
        .filter_map(|record| record.measures.as_ref())
        .any(|measures| measures.samples_to_signal.is_some());
    Some((if signal { Why::NoRecovery } else { Why::NoSignal }, exhausted))
}

/// All cells in which no run arrived, those of one algorithm, condition and reason together.
pub(super) fn unreached(cells: &Cells<'_>) -> Vec<Unreached> {
    type Key<'r> = (&'r str, Vec<OrderedFloat<f64>>);
    let mut of_lengths: BTreeMap<(Key<'_>, i64), usize> = BTreeMap::new();
    let mut found: BTreeMap<(Key<'_>, Why), (Unreached, BTreeMap<i64, usize>)> = BTreeMap::new();
    for (&(n, q, t, algorithm, ref conditions), settings) in cells {
        let key = (algorithm, conditions.clone());
        *of_lengths.entry((key.clone(), t)).or_default() += 1;
        let mut records: Vec<&Record> = settings.values().flatten().copied().collect();
        let ran = |record: &Record| record.status != Status::Failed;
        if records.iter().any(|record| ran(record)) {
            records.retain(|record| ran(record));
        }
        let Some((why, ended)) = reason(&records) else { continue };
        let (all, counts) = found.entry((key, why)).or_insert_with(|| {
            let all = Unreached {
                algorithm: algorithm.to_owned(),
                conditions: conditions.iter().map(|value| value.0).collect(),
                why,
                cells: Vec::new(),
                lengths: None,
                ended: 0,
                runs: 0,
                error: None,
                max_samples: (i64::MAX, i64::MIN),
                batch_size: (i64::MAX, i64::MIN),
                eta_boost: (f64::INFINITY, f64::NEG_INFINITY),
                lagging: 0,
            };
            (all, BTreeMap::new())
        });
        all.cells.push((n, q, t));
        *counts.entry(t).or_default() += 1;
        all.ended += ended;
        all.runs += records.len();
        all.error = all.error.take().or_else(|| records.first()?.error.clone());
        all.lagging += records.iter().filter(|record| lags(record)).count();
        for record in records {
            let widen = |(low, high): (i64, i64), x: i64| (low.min(x), high.max(x));
            all.max_samples = widen(all.max_samples, record.max_samples);
            all.batch_size = widen(all.batch_size, record.batch_size);
            all.eta_boost = (all.eta_boost.0.min(record.eta_boost), all.eta_boost.1.max(record.eta_boost));
        }
    }
    let whole = |((key, _), (all, counts)): ((Key<'_>, Why), (Unreached, BTreeMap<i64, usize>))| {
        let every = counts.iter().all(|(t, count)| of_lengths.get(&(key.clone(), *t)) == Some(count));
        let lengths: BTreeSet<i64> = counts.into_keys().collect();
        Unreached { lengths: every.then(|| lengths.into_iter().collect()), ..all }
    };
    found.into_iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cells::{Question, cells};
    use super::*;
    use crate::record::fixture::record;

    fn of(records: &[Record]) -> Vec<Unreached> {
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        unreached(&cells(records, &question))
    }

    fn ended(n: i64, t: i64, replicate: i64, status: Status) -> Record {
        Record { status, ..record(n, 2, t, replicate, (status == Status::Recovered).then_some(500)) }
    }

    #[test]
    fn cells_without_an_arrival_are_found_with_their_reason() {
        use Status::{Diverged, Exhausted, Failed, Mirrored, Recovered};
        let cell = |n, t, statuses: [Status; 3]| (0..3).map(move |i| ended(n, t, i, statuses[i as usize]));
        let mut records: Vec<Record> = Vec::new();
        records.extend(cell(3, 32, [Recovered, Exhausted, Exhausted]));
        records.extend(cell(3, 64, [Mirrored, Exhausted, Exhausted]));
        assert!(of(&records).is_empty());
        records.extend(cell(3, 128, [Exhausted; 3]));
        records.extend(cell(4, 128, [Exhausted, Diverged, Exhausted]));
        records.extend(cell(3, 256, [Diverged, Failed, Diverged]));
        records.extend(cell(4, 256, [Recovered; 3]));
        records.extend(cell(4, 512, [Failed; 3]));
        let found = of(&records);
        let [failed, diverged, silent] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((failed.why, failed.ended, failed.runs, &failed.cells), (Why::Failed, 3, 3, &vec![(4, 2, 512)]));
        assert_eq!((diverged.why, &diverged.cells, &diverged.lengths), (Why::Diverged, &vec![(3, 2, 256)], &None));
        assert_eq!((diverged.ended, diverged.runs), (2, 2));
        assert_eq!((silent.why, silent.ended, silent.runs), (Why::NoSignal, 5, 6));
        assert_eq!((&silent.cells, &silent.lengths), (&vec![(3, 2, 128), (4, 2, 128)], &Some(vec![128])));
        assert_eq!((silent.max_samples, silent.batch_size), ((100_000, 100_000), (16, 16)));
        assert_eq!(silent.lagging, 0, "neither factor has moved, or both have");
        for record in records.iter_mut().filter(|r| r.t == 128) {
            let measures = record.measures.as_mut().unwrap();
            (measures.alpha_v, measures.alpha_a) = (0.12, 6e-5);
        }
        assert_eq!(of(&records)[2].lagging, 6);
        // A signal before the budget was spent makes another reason.
        let late = records.iter_mut().find(|r| (r.n, r.t) == (4, 128)).unwrap();
        late.measures.as_mut().unwrap().samples_to_signal = Some(90_000);
        let reasons: Vec<Why> = of(&records).iter().map(|found| found.why).collect();
        assert_eq!(reasons, [Why::Failed, Why::Diverged, Why::NoSignal, Why::NoRecovery]);
    }
}
