//! The columns of `runs.parquet` and `timings.parquet`.

use super::further::further_columns;
use super::measures::{Measures, OPTIONAL};
use super::run::{Record, Timing};
use crate::table::Table;

/// The columns of a point of the grid, with one for each of the `further` keys.
pub(crate) fn point_table<'r>(records: &(impl Iterator<Item = &'r Record> + Clone), further: &[String]) -> Table {
    let all = || records.clone();
    let table = Table::new()
        .int("N", "states", "number of states", all().map(|r| r.n))
        .int("Q", "positions", "sparsity: positions one query token attends to", all().map(|r| r.q))
        .int("T", "positions", "sequence length", all().map(|r| r.t))
        .int("batch_size", "samples", "fresh samples per step", all().map(|r| r.batch_size))
        .float("eta_boost", "", "step size of the boosting stage", all().map(|r| r.eta_boost))
        .float("eta_sparse", "", "step size of the later stages", all().map(|r| r.eta_sparse))
        .float("lambda", "", "l1 regularisation of the sparse stage", all().map(|r| r.lambda))
        .text("algorithm", "name of the algorithm", all().map(|r| r.algorithm.as_str()))
        .int("max_samples", "samples", "budget", all().map(|r| r.max_samples));
    further_columns(table, further.iter(), "further key of the grid", |i| {
        all().map(|r| r.further(&further[i])).collect()
    })
}

/// The columns of `runs.parquet`, with one column for each of the `further` keys.
#[must_use]
pub fn runs_table(records: &[Record], further: &[String]) -> Table {
    let all = || records.iter();
    // A diverged run has infinities; a table has nulls.
    let measure =
        |get: fn(&Measures) -> f64| all().map(move |r| r.measures.as_ref().map(get).filter(|x| x.is_finite()));
    let count = |get: fn(&Measures) -> Option<i64>| all().map(move |r| r.measures.as_ref().and_then(get));
    Table::new()
        .text("job_id", "hash of everything that decides the result", all().map(|r| r.job_id.as_str()))
        .beside(point_table(&all(), further))
        .int("replicate", "", "which replicate, from 0; the same task for all algorithms", all().map(|r| r.replicate))
        .text("status", "recovered, exhausted, mirrored, diverged or failed", all().map(|r| r.status.name()))
        .text("error", "why the job failed; null if it did not", all().map(|r| r.error.as_deref()))
        .int("steps", "steps", "steps taken", count(|m| Some(m.steps)))
        .int("samples", "samples", "samples used, steps times batch size", count(|m| Some(m.samples)))
        .int(
            "samples_to_signal",
            "samples",
            "first sample count with min(alpha_V, alpha_A) at the signal threshold; null = not reached",
            count(|m| m.samples_to_signal),
        )
        .int(
            "samples_to_support",
            "samples",
            "first sample count from which on the Q largest entries of every a^(k) are the true ones; null = not reached",
            count(|m| m.samples_to_support),
        )
        .int(
            "samples_to_recovery",
            "samples",
            "first sample count with the rounded model within epsilon of the truth; null = not reached",
            count(|m| m.samples_to_recovery),
        )
        .float("alpha_v", "", "<Vc,Pc>_mu / K_P at the end", measure(|m| m.alpha_v))
        .float("alpha_a", "", "<Ac,Qc>_mu / K_Q at the end", measure(|m| m.alpha_a))
        .float("value_error", "sqrt(K_P)", "|V - P|_mu at the end", measure(|m| m.value_error))
        .float("attention_error", "sqrt(K_Q)", "|A - Q|_mu at the end", measure(|m| m.attention_error))
        .float(
            "rounded_value_error",
            "sqrt(K_P)",
            "|V - P|_mu of the rounded model at the end",
            measure(|m| m.rounded_value_error),
        )
        .float(
            "rounded_attention_error",
            "sqrt(K_Q)",
            "|A - Q|_mu of the rounded model at the end",
            measure(|m| m.rounded_attention_error),
        )
        .float("loss", "", "expected squared loss at the end, without the l1 term", measure(|m| m.loss))
        .float("k_p", "", "|P - mu 1'|_mu^2, how far the chain is from i.i.d.", measure(|m| m.k_p))
        .float("k_q", "", "|Q - 1/T|_mu^2, how far the true attention is from uniform", measure(|m| m.k_q))
        .beside(optional_columns(records))
        .text(
            "pretraining",
            "id of the run that V was taken from, as in pretraining/; null: none",
            all().map(|r| r.pretraining.as_deref()),
        )
}

fn optional_columns(records: &[Record]) -> Table {
    (0..OPTIONAL.len()).fold(Table::new(), |table, i| {
        let (name, unit, meaning) = OPTIONAL[i];
        table.float(name, unit, meaning, records.iter().map(move |r| r.measures.as_ref().and_then(|m| m.optional[i])))
    })
}

/// The columns of `timings.parquet`.
#[must_use]
pub fn timings_table(timings: &[Timing]) -> Table {
    let all = || timings.iter();
    Table::new()
        .text("job_id", "hash of everything that decides the result", all().map(|t| t.job_id.as_str()))
        .float("wall_seconds", "s", "wall time of the job", all().map(|t| t.wall_seconds))
        .int(
            "tokens",
            "tokens",
            "samples times T; in the rounding stage most need not be drawn",
            all().map(|t| t.tokens),
        )
        .text("host", "where it ran", all().map(|t| t.host.as_str()))
        .int("finished", "s since 1970-01-01", "when it ended", all().map(|t| t.finished))
}
