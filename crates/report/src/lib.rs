//! From records to an answer: the record schema, Parquet in and out, censored statistics, scaling
//! fits and what is printed at the end of a sweep.
//!
//! Data flows one way:
//!
//! ```text
//! Record -> runs table -> needed samples -> scaling law -> figures, printed answer
//!       \-> summary
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`record`] | one finished job; its columns, units and meanings |
//! | [`trace`] | one look at a running job |
//! | [`table`] | columns in memory, and the only Parquet code there is |
//! | [`summary`] | one row per cell of the grid |
//! | [`needed`] | needed samples per (N, Q, T, algorithm, milestone), with right-censoring |
//! | [`scaling`] | exponents by least squares |
//! | [`figure`] | figures, one a file |
//! | [`answer`] | the table and sentences for the terminal |
//!
//! This crate knows nothing of how a job is run.

pub mod analysis;
pub mod answer;
pub mod censored_regression;
pub mod choice;
pub mod error;
pub mod figure;
pub mod needed;
pub mod page;
pub mod record;
pub mod scaling;
pub mod summary;
pub mod survival;
pub mod table;
pub mod trace;

pub use error::ReportError;
pub use record::{Measures, Record, Status, Timing};
pub use table::Table;
pub use trace::TracePoint;
