//! From records to an answer: the record schema, Parquet in and out, censored statistics, scaling
//! laws, figures, the report page and what is printed at the end of a sweep.
//!
//! Data flows one way:
//!
//! ```text
//! Record -> needed samples -> scaling laws -> analysis -> claim -> figures -> page
//!       \-> summary                                             \-> printed answer
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`record`] | one finished job; its columns, units and meanings |
//! | [`trace`] | one look at a running job |
//! | [`table`] | columns in memory, and the only Parquet code there is |
//! | [`summary`] | one row per cell of the grid |
//! | [`survival`] | quantiles with intervals and success curves, of runs some of which were not seen to arrive |
//! | [`choice`] | hyperparameters chosen on one half of the replicates, judged on the other |
//! | [`needed`] | needed samples per (N, Q, T, algorithm, milestone) |
//! | [`censored_regression`] | linear regression with lower bounds among the responses |
//! | [`scaling`] | the power law, its rival, the largest T held out, checks |
//! | [`analysis`] | all of that, once, and the sentences that say it |
//! | [`claim`] | claims of the paper and of ours, examined, one a file |
//! | [`figure`] | figures, one a file |
//! | [`page`] | `report.html` |
//! | [`answer`], [`text`] | the table and sentences for the terminal, and their lines |
//!
//! This crate knows nothing of how a job is run.

pub mod analysis;
pub mod answer;
pub mod censored_regression;
pub mod choice;
pub mod claim;
pub mod error;
pub mod figure;
pub mod needed;
pub mod page;
pub mod record;
pub mod scaling;
pub mod summary;
pub mod survival;
pub mod table;
pub mod text;
pub mod trace;

pub use error::ReportError;
pub use record::{Measures, Record, Status, Timing};
pub use table::Table;
pub use trace::TracePoint;
