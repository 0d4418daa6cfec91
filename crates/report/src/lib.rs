//! From records to an answer: the record schema, Parquet in and out, censored statistics, scaling
//! laws, figures, the report page and what is printed at the end of a sweep.
//!
//! Data flows one way, and modules import in that direction only:
//!
//! ```text
//! table -> record -> statistics -> analysis -> figure -> claim -> page, paper, terminal
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | columns in memory and declared once, and the only Parquet code there is |
//! | [`record`] | a finished job, what it measured, a look at a running job, their columns |
//! | [`statistics`] | quantiles, intervals and regressions where some runs did not arrive |
//! | [`analysis`] | needed samples, scaling laws, tests of them, and sentences that say them |
//! | [`figure`] | figures, one a file |
//! | [`claim`] | claims of the paper and of ours, examined, one a file |
//! | [`page`] | `report.html` |
//! | [`paper`] | tables in LaTeX and CSV, figures in PDF |
//! | [`terminal`] | the table and sentences for the terminal, and their lines |
//! | [`error`] | what can go wrong with tables |
//!
//! This crate knows nothing of how a job is run. Of `scb-core` it knows the list of algorithms, and
//! what a run came to, from which its measures are taken.
#![doc = ""]
#![doc = include_str!("../README.md")]

pub mod analysis;
pub mod claim;
pub mod error;
pub mod figure;
pub mod page;
pub mod paper;
pub mod record;
pub mod statistics;
pub mod table;
pub mod terminal;

pub use error::ReportError;
pub use record::{Measures, Record, Status, Timing, TracePoint};
pub use table::Table;
