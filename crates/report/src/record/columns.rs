//! The columns of `runs.parquet` and `timings.parquet`, but for those of measures.

use std::sync::LazyLock;

use super::further::further_columns;
use super::measures::MEASURES;
use super::run::{Record, Timing};
use crate::table::{Declared, Table, field};

/// The column that names the job.
pub(super) static JOB_ID: LazyLock<[Declared<Record>; 1]> =
    LazyLock::new(|| [Declared::new("job_id", "", HASH, field!(job_id))]);

const HASH: &str = "hash of everything that decides the result";

/// The columns of a point of the grid, but for its further keys, which follow them.
pub(crate) static POINT: LazyLock<Vec<Declared<Record>>> = LazyLock::new(|| {
    vec![
        Declared::new("N", "states", "number of states", field!(n)),
        Declared::new("Q", "positions", "sparsity: positions one query token attends to", field!(q)),
        Declared::new("T", "positions", "sequence length", field!(t)),
        Declared::new("batch_size", "samples", "fresh samples per step", field!(batch_size)),
        Declared::new("eta_boost", "", "step size of the boosting stage", field!(eta_boost)),
        Declared::new("eta_sparse", "", "step size of the later stages", field!(eta_sparse)),
        Declared::new("lambda", "", "l1 regularisation of the sparse stage", field!(lambda)),
        Declared::new("algorithm", "", "name of the algorithm", field!(algorithm)),
        Declared::new("max_samples", "samples", "budget", field!(max_samples)),
    ]
});

/// What the column `status` means. The status `capped` is told of where it occurs, with the column
/// `cap`.
const STATUSES: &str = "recovered, exhausted, mirrored, diverged or failed";

/// Which run of the point it is, and how it ended.
pub(super) static RUN: LazyLock<Vec<Declared<Record>>> = LazyLock::new(|| {
    vec![
        Declared::new("replicate", "", "which replicate, from 0; the same task for all algorithms", field!(replicate)),
        Declared::new("status", "", STATUSES, field!(status)),
        Declared::new("error", "", "why the job failed; null if it did not", field!(error)),
    ]
});

/// Where V was taken from.
pub(super) static PRETRAINING: LazyLock<[Declared<Record>; 1]> = LazyLock::new(|| {
    let meaning = "id of the run that V was taken from, as in pretraining/; null: none";
    [Declared::<Record>::new("pretraining", "", meaning, field!(pretraining)).may_lack()]
});

/// How far a run was looked at. Only tables with such runs have the column.
pub(super) static CAP: LazyLock<[Declared<Record>; 1]> = LazyLock::new(|| {
    let meaning = "samples that a search looked at of a run that would have gone on; null: the run ended";
    [Declared::<Record>::new("cap", "samples", meaning, field!(cap)).may_lack()]
});

/// When a job ended: in parts seconds, in `timings.parquet` a time.
const FINISHED: &str = "finished";

/// What a job cost, but for its name.
pub(super) static COST: LazyLock<Vec<Declared<Timing>>> = LazyLock::new(|| {
    vec![
        Declared::new("wall_seconds", "s", "wall time of the job", field!(wall_seconds)),
        Declared::new(
            "tokens",
            "tokens",
            "samples times T; in the rounding stage most need not be drawn",
            field!(tokens),
        ),
        Declared::new("host", "", "where it ran", field!(host)),
        Declared::new(FINISHED, "s since 1970-01-01", "when it ended", field!(finished)),
    ]
});

/// The columns of a point of the grid, with one for each of the `further` keys.
pub(crate) fn point_table<'r>(records: &(impl Iterator<Item = &'r Record> + Clone), further: &[String]) -> Table {
    let further_columns = further_columns(further, "further key of the grid", {
        let keys = further.to_vec();
        move |record: &Record, i| record.further(&keys[i])
    });
    Table::of(&POINT, records).beside(Table::of(&further_columns, records))
}

/// The columns of `runs.parquet`, with one column for each of the `further` keys.
#[must_use]
pub fn runs_table(records: &[Record], further: &[String]) -> Table {
    let all = records.iter();
    let table = Table::of(&*JOB_ID, &all)
        .beside(point_table(&all, further))
        .beside(Table::of(&RUN, &all))
        .beside(Table::of_parts(&MEASURES, &all.clone().map(|record| record.measures.as_ref())))
        .beside(Table::of(&*PRETRAINING, &all));
    if records.iter().any(|record| record.cap.is_some()) { table.beside(Table::of(&*CAP, &all)) } else { table }
}

/// The columns of `timings.parquet`.
#[must_use]
pub fn timings_table(timings: &[Timing]) -> Table {
    let job_id = [Declared::<Timing>::new("job_id", "", HASH, field!(job_id))];
    let cost = cost_table(&timings.iter()).without(FINISHED);
    Table::of(&job_id, &timings.iter()).beside(cost).time(FINISHED, "when it ended", timings.iter().map(|t| t.finished))
}

/// The columns of `timings.parquet`, but for the name of the job.
pub(super) fn cost_table<'r>(timings: &(impl Iterator<Item = &'r Timing> + Clone)) -> Table {
    Table::of(&COST, timings)
}
