//! Running jobs.
//!
//! | module | holds |
//! |---|---|
//! | [`Work`], [`execute`] | what is done with a job; jobs across cores |
//! | [`source`] | where jobs come from |
//! | `workers`, `collector` | the threads that run jobs; the one that stores what they finish |
//! | [`training`] | what one job does |
//! | `task_error` | why there is no task to train on |
//! | [`pretraining`] | value matrices that jobs start from, by the id of the run that learned them |
//! | [`memory`] | a limit on the memory of jobs that run at the same time |
//! | `estimate` | how long a plan takes |
//! | [`level`] | which kernels to use |
//! | [`interrupt`] | Ctrl-C |
//! | [`progress`] | the bar |

mod collector;
pub(crate) mod estimate;
pub mod interrupt;
pub mod level;
pub mod memory;
pub mod pretraining;
pub mod progress;
mod scheduler;
pub mod source;
mod task_error;
pub mod training;
mod work;
mod workers;

pub use scheduler::execute;
pub use work::{Ended, Options, Work};
