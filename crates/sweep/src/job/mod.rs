//! The jobs of a sweep.
//!
//! | module | holds |
//! |---|---|
//! | `jobs` | identity, random streams, cost |
//! | [`shard`] | shares of equal cost |
//! | [`plan`] | what is done, what is left, what it costs |

mod jobs;
pub mod plan;
pub mod shard;

pub use jobs::{Identity, Job, JobId, RESULTS_VERSION, jobs};
