//! The commands, one a file, and what several of them share.
//!
//! | module | holds |
//! |---|---|
//! | `run`, `plan`, `report`, `status`, `merge`, `slurm` | the commands |
//! | `directory` | what they do with a run directory before they work in it |
//! | `shards` | how far the shards of a sweep are |
//! | `outcome` | what is said when they are done |

mod directory;
pub(crate) mod merge;
mod outcome;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
mod shards;
pub(crate) mod slurm;
pub(crate) mod status;
