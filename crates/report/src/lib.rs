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
//! | [`record`] | one finished job; its columns, units and meanings; one look at a running job |
//! | [`table`] | columns in memory, and the only Parquet code there is |
//! | [`statistics`] | quantiles, intervals, regressions of runs some of which were not seen to arrive |
//! | [`analysis`] | needed samples, scaling laws, checks, once, and the sentences that say them |
//! | [`claim`] | claims of the paper and of ours, examined, one a file |
//! | [`figure`] | figures, one a file |
//! | [`page`] | `report.html` |
//! | [`terminal`] | the table and sentences for the terminal, and their lines |
//!
//! This crate knows nothing of how a job is run.

pub mod analysis;
pub mod claim;
pub mod error;
pub mod figure;
pub mod page;
pub mod record;
pub mod statistics;
pub mod table;
pub mod terminal;

pub use error::ReportError;
pub use record::{Measures, Record, Status, Timing, TracePoint};
pub use table::Table;
