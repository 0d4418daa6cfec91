//! Slurm clusters.
//!
//! | module | holds |
//! |---|---|
//! | [`scripts`] | the batch scripts of a sweep |
//! | [`options`] | which words are options of sbatch, and which of them the user may not give |
//! | [`scheduler`] | the few commands that talk to the scheduler |

pub mod options;
pub mod scheduler;
pub mod scripts;
