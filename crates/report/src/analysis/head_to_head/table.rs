//! The columns of `comparison.parquet`.

use super::super::cells::Question;
use super::super::edges::Edge;
use super::super::milestone::MILESTONE;
use super::super::needed::Needed;
use super::bout::Bout;
use super::ratio::CellRatio;
use crate::record::further_columns;
use crate::table::Table;

/// The columns of `comparison.parquet`; `needed` are the rows that the bouts are of.
#[must_use]
pub fn comparison_table(bouts: &[Bout], needed: &[Needed], question: &Question) -> Table {
    let rows: Vec<(&Bout, &CellRatio)> = bouts.iter().flat_map(|b| b.cells.iter().map(move |c| (b, c))).collect();
    let all = || rows.iter().copied();
    let compared = || rows.iter().map(|(_, c)| &needed[c.compared]);
    let reference = || rows.iter().map(|(_, c)| &needed[c.reference]);
    let by: Vec<String> = all().map(|(b, _)| b.by.join(", ")).collect();
    let edges =
        |row: &Needed, of: &str| row.edges.iter().map(|e: &Edge| format!("{of}: {}", e.name())).collect::<Vec<_>>();
    let at_edge: Vec<String> = compared()
        .zip(reference())
        .map(|(a, b)| [edges(a, "compared"), edges(b, "reference")].concat().join(", "))
        .collect();
    let value = |row: &Needed, i: usize| row.conditions.get(i).copied().filter(|c| c.is_finite());
    let of_compared = further_columns(&question.conditions, "condition of what is compared", value);
    let mut of_reference = further_columns(&question.conditions, "condition of the reference", value);
    of_reference.iter_mut().for_each(|column| column.name = format!("reference_{}", column.name).into());
    Table::new()
        .int("N", "states", "number of states", all().map(|(_, c)| c.cell.0))
        .int("Q", "positions", "sparsity", all().map(|(_, c)| c.cell.1))
        .int("T", "positions", "sequence length", all().map(|(_, c)| c.cell.2))
        .text("milestone", MILESTONE, all().map(|(b, _)| b.milestone.name()))
        .text("by", "keys in which the two differ", by.iter().map(|by| Some(by.as_str())))
        .text("algorithm", "algorithm that is compared", compared().map(|r| r.algorithm.as_str()))
        .beside(Table::of(&of_compared, &compared()))
        .text("reference_algorithm", "algorithm that it is compared with", reference().map(|r| r.algorithm.as_str()))
        .beside(Table::of(&of_reference, &reference()))
        .bool(
            "paired",
            "whether a replicate is the same task for both, so that what a task does to both cancels in the interval",
            all().map(|(b, _)| b.shared),
        )
        .int("replicates", "runs", "replicates that both have", all().map(|(_, c)| c.replicates as i64))
        .int("needed_samples", "samples", "what is compared needs; if censored, a lower bound", compared().map(|r| r.samples))
        .bool("censored", "whether that is a lower bound", compared().map(|r| r.censored))
        .int("reference_samples", "samples", "what the reference needs", reference().map(|r| r.samples))
        .bool("reference_censored", "whether that is a lower bound", reference().map(|r| r.censored))
        .float(
            "ratio",
            "",
            "needed samples over those of the reference; null: both are bounds, or one is 0",
            all().map(|(_, c)| c.ratio.map(|r| r.0)),
        )
        .text(
            "extent",
            "whether the ratio is this, at least this, or at most this; null: there is none",
            all().map(|(_, c)| c.ratio.map(|r| r.1.name())),
        )
        .float(
            "ci_low",
            "",
            "lower end of its 95 % interval (tasks are resampled); null: the runs do not bound it",
            all().map(|(_, c)| c.low),
        )
        .float("ci_high", "", "upper end", all().map(|(_, c)| c.high))
        .text(
            "outcome",
            "fewer or more: the interval lies on one side of 1; at an edge: it does, but at_edge is not null or \
             nothing was chosen; not seen to differ: it holds 1; not known: an end is open",
            all().map(|(_, c)| c.outcome.name()),
        )
        .float(
            "smallest_ratio",
            "",
            "smallest ratio above 1 that would have been seen with a probability of 0.8; its inverse below 1; null: an end is open",
            all().map(|(_, c)| c.smallest_seen()),
        )
        .text(
            "at_edge",
            "tuned keys at whose edge a chosen setting of either lies; null: none",
            at_edge.iter().map(|text| (!text.is_empty()).then_some(text.as_str())),
        )
}
