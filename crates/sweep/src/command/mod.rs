//! The commands, one a file, and what several of them share.
//!
//! | module | holds |
//! |---|---|
//! | `run`, `plan`, `report`, `status`, `merge`, `slurm` | sweeps: run, and what they came to |
//! | `show`, `export` | one job |
//! | `new`, `explain`, `manual` | help: a template, what names mean, completions and manual pages |
//! | `chosen_job` | the sweep and the job that a user chooses |
//! | `directory` | what they do with a run directory before they work in it |
//! | `shards` | how far the shards of a sweep are |
//! | `outcome` | what is said when they are done |

mod chosen_job;
mod directory;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod manual;
pub(crate) mod merge;
pub(crate) mod new;
mod outcome;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
mod shards;
pub(crate) mod show;
pub(crate) mod slurm;
pub(crate) mod status;
