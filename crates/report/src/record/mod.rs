//! One finished job and what it measured, one look at a running job, and the columns of both.
//!
//! | file | holds |
//! |---|---|
//! | `status` | how a job ended |
//! | `algorithms` | what this crate knows of single algorithms |
//! | `further` | further keys of a grid, and how their values are written |
//! | `measures` | what a job measured |
//! | `run` | a finished job, and what it cost |
//! | `columns` | the columns of `runs.parquet` and `timings.parquet` |
//! | `part` | records and timings side by side, written and read back |
//! | `trace` | one look at a running job, and the columns of `traces.parquet` |

mod algorithms;
mod columns;
#[cfg(test)]
pub(crate) mod fixture;
mod further;
mod measures;
mod part;
mod run;
mod status;
mod trace;

pub use algorithms::{
    ALGORITHM_1, LINEAR_ADAM, LINEAR_SGD, MOMENT_ESTIMATOR, SOFTMAX_ADAM, SOFTMAX_SGD, draws_samples,
};
pub(crate) use algorithms::{FLIP, natural_ends, noiseless};
pub(crate) use columns::point_table;
pub use columns::{runs_table, timings_table};
pub use further::{STEP_SCALE, STEP_SCALES, written};
pub(crate) use further::{further_columns, named, shown, takes_names};
pub(crate) use measures::MEASURES;
pub use measures::{FinishedRun, Measures, OPTIONAL, OptionalMeasure};
pub use part::{part_table, read_part};
pub use run::{Record, Timing};
pub use status::Status;
pub(crate) use trace::{ALPHA_A, ALPHA_V, ATTENTION_ERROR, LOSS, VALUE_ERROR};
pub use trace::{TRACED, TracePoint, TracedNumber, read_traces, traces_table};
