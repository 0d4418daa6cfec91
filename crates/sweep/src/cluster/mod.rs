//! Clusters: batch scripts, and what is asked of the scheduler.

pub mod slurm;
