//! Searched cells for tests.

use super::cells::Question;
use super::groups::Analysis;
use super::milestone::Milestone;
use super::searched::{SearchEnd, SearchedCell, TriedSetting};
use crate::record::fixture::record;

/// Of these cells, each judged by one run.
pub(crate) fn analysis(cells: Vec<SearchedCell>) -> Analysis {
    let records: Vec<_> = cells.iter().map(|cell| record(cell.n, cell.q, cell.t, 0, Some(1000))).collect();
    Analysis::knowing(&records, Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }, &[], cells)
}

/// A settled cell of `(N, Q, T)` with the keys `batch_size` and `lambda`, whose best setting has
/// this batch size, a lambda of 0.01 and needs 1000 samples. Half the batch size needs 1500, twice
/// as large a batch needs more than 2000; with half of lambda too many runs fail, twice of it needs
/// 1200. One more setting differs in both keys.
pub(crate) fn cell((n, q, t): (i64, i64, i64), batch_size: f64) -> SearchedCell {
    let tried = |(batch, lambda): (i32, i32), needed: Option<i64>| TriedSetting {
        values: vec![batch_size * libm::exp2(f64::from(batch)), 0.01 * libm::exp2(f64::from(lambda))],
        steps: vec![batch, lambda],
        needed,
        cap: 2000,
        replicates: if needed.is_some() { 30 } else { 4 },
        failed: 0,
        unreliable: false,
        best: (batch, lambda) == (0, 0),
    };
    let failing = TriedSetting { failed: 3, unreliable: true, ..tried((0, -1), None) };
    SearchedCell {
        n,
        q,
        t,
        algorithm: "prox".to_owned(),
        conditions: Vec::new(),
        milestone: Milestone::Recovery,
        keys: vec!["batch_size".to_owned(), "lambda".to_owned()],
        end: SearchEnd::Settled,
        extra_failures: 0,
        at_bound: Vec::new(),
        races: 3,
        tried: vec![
            tried((1, 1), Some(5000)),
            tried((0, 0), Some(1000)),
            tried((1, 0), None),
            tried((-1, 0), Some(1500)),
            failing,
            tried((0, 1), Some(1200)),
        ],
        choosing: 70_000,
        judging: 30_000,
    }
}
