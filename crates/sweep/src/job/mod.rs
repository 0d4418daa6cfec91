//! The jobs of a sweep.
//!
//! | module | holds |
//! |---|---|
//! | `id` | what identifies a job |
//! | `version` | the versions of the results |
//! | `spec` | one job: what its parameters mean for the task and the training |
//! | `cost` | its tokens and bytes |
//! | `identity` | which id and which random streams a job has |
//! | `list` | every job of a sweep |
//! | [`shard`] | shares of equal cost |
//! | `tally` | which jobs are done |
//! | [`plan`] | what is done, and what is left |
//! | `selection` | which jobs a user means |

mod cost;
mod id;
mod identity;
mod list;
pub mod plan;
mod selection;
pub mod shard;
mod spec;
mod tally;
mod version;

pub use id::JobId;
pub use identity::Identity;
pub(crate) use identity::TASK_AXES;
pub use list::jobs;
pub use selection::Selection;
pub use spec::Job;
pub use tally::{DoneJobs, Seen, Tally};
pub use version::RESULTS_VERSION;
pub(crate) use version::results_version_of;
