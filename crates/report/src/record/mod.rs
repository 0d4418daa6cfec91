//! One finished job and what it measured, and one look at a running job.
//!
//! | file | holds |
//! |---|---|
//! | `run` | a finished job; its columns, units and meanings |
//! | `trace` | one look at a running job |

mod run;
mod trace;

#[cfg(test)]
pub(crate) use run::tests;
pub use run::{
    Measures, OPTIONAL, POPULATION, PROX, Record, STEP_SCALE, STEP_SCALES, Status, Timing, part_table, read_part,
    runs_table, timings_table, written,
};
pub(crate) use run::{further_columns, named, point_table, shown};
pub use trace::{TRACED, TracePoint, read_traces, traces_table};
