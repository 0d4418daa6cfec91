//! The jobs of a sweep.
//!
//! | module | holds |
//! |---|---|
//! | `id` | what identifies a job, and the version of the results |
//! | `spec` | one job: what its parameters mean for the task and the training |
//! | `cost` | its tokens and bytes |
//! | `identity` | which id and which random streams a job has |
//! | `list` | every job of a sweep |
//! | [`shard`] | shares of equal cost |
//! | [`plan`] | what is done, what is left, what it costs |

mod cost;
mod id;
mod identity;
mod list;
pub mod plan;
pub mod shard;
mod spec;

pub use id::{JobId, RESULTS_VERSION};
pub use identity::Identity;
pub use list::jobs;
pub use spec::Job;
