//! Clusters: submitting a sweep to Slurm. Another scheduler needs scripts, options and
//! commands of its own here, and a command beside `command/slurm.rs`.
//!
//! | module | holds |
//! |---|---|
//! | [`scripts`] | the batch scripts of a sweep |
//! | [`options`] | which words are options of sbatch, and which of them the user may not give |
//! | [`slurm`] | the few commands of Slurm that are run |

pub mod options;
pub mod scripts;
pub mod slurm;
