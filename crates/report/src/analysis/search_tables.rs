//! The columns of `search.parquet`, and those that a search adds to `needed.parquet`.

use super::edges::Edge;
use super::needed::Needed;
use super::searched::{SearchedCell, TriedSetting, searched_keys};
use crate::record::further_columns;
use crate::table::Table;

/// The columns that a search adds to `needed.parquet`.
/// The columns that `needed.parquet` has of a search only.
#[must_use]
pub fn needed_search_table() -> Table {
    search_columns(Table::new(), &[])
}

pub(super) fn search_columns(table: Table, rows: &[Needed]) -> Table {
    let of = |row: &Needed, get: fn(&SearchedCell) -> Option<i64>| row.searched.as_deref().and_then(get);
    let all = || rows.iter();
    let bounds: Vec<Option<String>> = all()
        .map(|row| {
            let names: Vec<String> = row.searched.as_ref()?.at_bound.iter().map(Edge::name).collect();
            (!names.is_empty()).then(|| names.join(", "))
        })
        .collect();
    table
        .text(
            "search",
            "how the search of the cell ended: settled, unsettled (given up) or unreached (no setting arrives often enough)",
            all().map(|row| row.searched.as_ref().map(|cell| cell.end.name())),
        )
        .text(
            "searched_for",
            "the milestone whose samples were to be few; others are read at the same setting",
            all().map(|row| row.searched.as_ref().map(|cell| cell.milestone.name())),
        )
        .text(
            "at_bound",
            "searched keys whose value lies at a bound of the search; null: none",
            bounds.iter().map(Option::as_deref),
        )
        .float(
            "best_neighbour",
            "",
            "what the best neighbour on the lattice needs, relative to the chosen setting, on the \
             replicates of the races; one of which too many runs fail does not count; null: none was \
             looked at for so long that it arrived",
            all().map(|row| row.searched.as_ref().and_then(|cell| cell.best_neighbour())),
        )
        .int(
            "extra_failures",
            "runs",
            "how many more of the runs of a setting were allowed to fail than the confidence of the search \
             allows: 0 unless no setting near the start was found to be that reliable; of an unreached cell, how \
             many were allowed in vain",
            all().map(|row| of(row, |cell| Some(cell.extra_failures))),
        )
        .int("races", "races", "races of the search", all().map(|row| of(row, |cell| Some(cell.races))))
        .int(
            "choosing_tokens",
            "tokens",
            "tokens of the runs that chose the setting",
            all().map(|row| of(row, |cell| Some(cell.choosing))),
        )
        .int(
            "judging_tokens",
            "tokens",
            "tokens of the runs that judge it",
            all().map(|row| of(row, |cell| Some(cell.judging))),
        )
}

/// The columns of `search.parquet`: every setting that was tried in every cell.
#[must_use]
pub fn search_table(cells: &[SearchedCell], conditions: &[String]) -> Table {
    let rows: Vec<(&SearchedCell, &TriedSetting)> =
        cells.iter().flat_map(|cell| cell.tried.iter().map(move |tried| (cell, tried))).collect();
    let all = || rows.iter();
    let keys = searched_keys(cells);
    type Row<'c> = (&'c SearchedCell, &'c TriedSetting);
    let mut table = Table::new()
        .int("N", "states", "number of states", all().map(|row| row.0.n))
        .int("Q", "positions", "sparsity", all().map(|row| row.0.q))
        .int("T", "positions", "sequence length", all().map(|row| row.0.t))
        .text("algorithm", "name of the algorithm", all().map(|row| row.0.algorithm.as_str()));
    let condition = |cell: &SearchedCell, i: usize| cell.conditions.get(i).copied().filter(|c| c.is_finite());
    let columns = further_columns(conditions, "further condition of the grid", condition);
    table = table.beside(Table::of(&columns, &all().map(|row| row.0)));
    for key in keys {
        let value = |row: &Row<'_>| row.0.value(row.1, key);
        table =
            table.float(key, "", "value of a searched key; null: it is not searched in this cell", all().map(value));
    }
    table
        .int(
            "needed_samples",
            "samples",
            "what it needs on the replicates of the races; null: it was not seen to arrive",
            all().map(|row| row.1.needed),
        )
        .int(
            "cap",
            "samples",
            "samples that its runs were looked at; where needed_samples is null it needs more, or too many of its runs failed",
            all().map(|row| row.1.cap),
        )
        .int("replicates", "runs", "replicates that it was looked at on", all().map(|row| row.1.replicates))
        .int(
            "failed",
            "runs",
            "how many of these runs ended without having reached the milestone, or had not reached it by three times \
             the cap where that was waited for",
            all().map(|row| row.1.failed),
        )
        .bool("best", "whether it was chosen", all().map(|row| row.1.best))
}
