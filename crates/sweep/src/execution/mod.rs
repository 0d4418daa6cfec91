//! Running jobs.
//!
//! | module | holds |
//! |---|---|
//! | [`scheduler`] | jobs across cores |
//! | [`training`] | what one job does |
//! | `task_error` | why there is no task to train on |
//! | [`pretraining`] | value matrices that jobs start from, by the id of the run that learned them |
//! | [`memory`] | what a job may not take from the others |
//! | `estimate` | how long a plan takes |
//! | [`level`] | which kernels to use |
//! | [`interrupt`] | Ctrl-C |
//! | [`progress`] | the bar |

pub(crate) mod estimate;
pub mod interrupt;
pub mod level;
pub mod memory;
pub mod pretraining;
pub mod progress;
pub mod scheduler;
mod task_error;
pub mod training;
