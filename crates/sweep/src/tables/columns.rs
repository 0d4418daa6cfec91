//! Every column of every table that a report writes.

use report::analysis::{
    Question, comparison_table, needed_search_table, needed_table, scaling_table, search_table, success_table,
    summary_table,
};
use report::claim::{Claim, ExaminedClaim, verdicts_table};
use report::record::{runs_table, timings_table, traces_table};
use report::table::Column;

use crate::store::layout::{
    ALL_TRACES, COMPARISON, NEEDED, RUNS, SCALING, SEARCH, SUCCESS, SUMMARY, TIMINGS, VERDICTS,
};

/// Each column with the file that it stands in, of tables without rows and without further axes.
#[must_use]
pub fn every_column() -> Vec<(&'static str, Column)> {
    let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
    let tables = [
        (RUNS, runs_table(&[], &[])),
        (NEEDED, needed_table(&[], &question)),
        (NEEDED, needed_search_table()),
        (SCALING, scaling_table(&[], &question)),
        (COMPARISON, comparison_table(&[], &[], &question)),
        (VERDICTS, verdicts_table(Claim::ALL[0], &ExaminedClaim::default())),
        (SUCCESS, success_table(&[], &question)),
        (SEARCH, search_table(&[], &[])),
        (SUMMARY, summary_table(&[], &[])),
        (TIMINGS, timings_table(&[])),
        (ALL_TRACES, traces_table(&[])),
    ];
    let columns = |(file, table): (&'static str, report::Table)| {
        table.columns().iter().map(|column| (file, column.clone())).collect::<Vec<_>>()
    };
    tables.into_iter().flat_map(columns).collect()
}
