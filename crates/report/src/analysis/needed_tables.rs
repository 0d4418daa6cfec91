//! The columns of `needed.parquet` and `success.parquet`.

use super::cells::Question;
use super::edges::Edge;
use super::milestone::MILESTONE;
use super::needed::Needed;
use super::search_tables::search_columns;
use crate::record::further_columns;
use crate::statistics::survival::CurveStep;
use crate::table::Table;

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
    let tuned = further_columns(&question.tuned, meaning, |row: &Needed, i| row.tuned.get(i).copied());
    let table = table
        .beside(Table::of(&tuned, &all()))
        .text("milestone", MILESTONE, all().map(|r| r.milestone.name()))
        .int(
            "needed_samples",
            "samples",
            "smallest number of samples by which the fraction `quantile` of the replicates has \
             reached the milestone, each at hyperparameters chosen without it; if censored, a \
             lower bound",
            all().map(|r| r.samples),
        )
        .int(
            "ci_low",
            "samples",
            "lower end of its 95 % interval (order statistics); null: too few replicates",
            all().map(|r| r.ci_low),
        )
        .int(
            "ci_high",
            "samples",
            "upper end of its 95 % interval; null: too few replicates (the 0.9 quantile takes 36), \
             or too many that never arrive",
            all().map(|r| r.ci_high),
        )
        .bool(
            "censored",
            "whether needed_samples is only a lower bound: fewer replicates than that are known to have reached it",
            all().map(|r| r.censored),
        )
        .int(
            "median_samples",
            "samples",
            "by how many samples half of the replicates have reached the milestone, at the settings \
             that are chosen for the fraction `quantile`; if median_censored, a lower bound; null: \
             choosing was refused",
            all().map(|r| r.median.map(|m| m.samples)),
        )
        .int(
            "median_ci_low",
            "samples",
            "lower end of the 95 % interval of the median (order statistics); null: too few replicates",
            all().map(|r| r.median.and_then(|m| m.ci_low)),
        )
        .int(
            "median_ci_high",
            "samples",
            "upper end of the 95 % interval of the median; null: too few replicates (it takes 6), or \
             too many that never arrive",
            all().map(|r| r.median.and_then(|m| m.ci_high)),
        )
        .bool(
            "median_censored",
            "whether median_samples is only a lower bound: fewer than half of the replicates are known to \
             have reached the milestone",
            all().map(|r| r.median.map(|m| m.censored)),
        )
        .int(
            "samples_without_split",
            "samples",
            "what the best hyperparameters need on the very runs that chose them, which flatters; \
             null: not reached",
            all().map(|r| (!r.in_sample.censored).then_some(r.in_sample.samples)),
        )
        .int(
            "settings",
            "settings",
            "settings of the hyperparameters that were tried in the cell",
            all().map(|r| r.settings as i64),
        )
        .bool(
            "refused",
            "whether these are more than the replicates bear a choice among; needed_samples is then a lower bound",
            all().map(|r| r.refused),
        )
        .text(
            "at_edge",
            "tuned keys whose chosen value is the smallest or the largest that was tried in the \
             cell while the best setting with another value needs more than a tenth more; null: \
             none",
            edges_named.iter().map(Option::as_deref),
        )
        .float("quantile", "", "the fraction asked for", all().map(|_| question.quantile))
        .int(
            "batch_size",
            "samples",
            "batch size that all replicates together choose, see `at_setting`",
            all().map(|r| r.batch_size),
        )
        .float("eta_boost", "", "step size of the boosting stage, chosen with it", all().map(|r| r.eta_boost))
        .float("eta_sparse", "", "step size of the later stages, chosen with it", all().map(|r| r.eta_sparse))
        .float("lambda", "", "l1 regularisation, chosen with it", all().map(|r| r.lambda))
        .int("max_samples", "samples", "budget at the chosen hyperparameters", all().map(|r| r.max_samples))
        .int(
            "replicates",
            "runs",
            "replicates, each read at hyperparameters chosen without it",
            all().map(|r| r.replicates),
        )
        .int(
            "at_setting",
            "runs",
            "how many replicates were read at the settings of this row; the others were read at those that \
             their other half of the replicates chose instead",
            all().map(|r| r.at_setting),
        )
        .int("reached", "runs", "how many of them reached the milestone", all().map(|r| r.reached))
        .int("failed", "runs", "jobs of the cell that failed and are left out", all().map(|r| r.failed));
    if rows.iter().any(|row| row.searched.is_some()) { search_columns(table, rows) } else { table }
}

/// The columns that name a cell.
fn cell_table<'r>(rows: &(impl Iterator<Item = &'r Needed> + Clone), question: &Question) -> Table {
    let all = || rows.clone();
    let table = Table::new()
        .int("N", "states", "number of states", all().map(|r| r.n))
        .int("Q", "positions", "sparsity", all().map(|r| r.q))
        .int("T", "positions", "sequence length", all().map(|r| r.t))
        .text("algorithm", "name of the algorithm", all().map(|r| r.algorithm.as_str()));
    let condition = |row: &Needed, i: usize| row.conditions.get(i).copied().filter(|c| c.is_finite());
    table.beside(Table::of(&further_columns(&question.conditions, "further condition of the grid", condition), rows))
}

/// The columns of `success.parquet`: the steps of every cell's curve.
#[must_use]
pub fn success_table(rows: &[Needed], question: &Question) -> Table {
    let steps: Vec<(&Needed, CurveStep)> =
        rows.iter().flat_map(|r| r.curve.steps().into_iter().map(move |step| (r, step))).collect();
    let all = || steps.iter();
    let table = cell_table(&all().map(|(r, _)| *r), question);
    table
        .text("milestone", MILESTONE, all().map(|(r, _)| r.milestone.name()))
        .int("samples", "samples", "where the share rises", all().map(|(_, s)| s.samples))
        .float(
            "share",
            "",
            "share of the replicates that has reached the milestone by then, each at \
             hyperparameters chosen without it (Kaplan and Meier)",
            all().map(|(_, s)| s.share),
        )
        .float(
            "ci_low",
            "",
            "lower end of its 95 % interval (Wilson's, by Greenwood's variance)",
            all().map(|(_, s)| s.low),
        )
        .float("ci_high", "", "upper end", all().map(|(_, s)| s.high))
}
