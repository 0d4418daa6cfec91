//! What is done with a job, and how jobs are run.

use crate::execution::memory::Memory;
use crate::job::Job;
use crate::store::Finished;

/// What is done with a job.
pub trait Work: Send + Sync + 'static {
    /// Runs it. It may panic, and fails then.
    fn run(&self, job: &Job) -> Finished;

    /// Bytes that it takes while it runs, about; a whole number.
    fn bytes(&self, job: &Job) -> f64 {
        job.bytes()
    }

    /// The row of a job that could not be run, and why.
    fn failed(&self, job: &Job, error: String) -> Finished;
}

/// How to run jobs.
#[derive(Debug)]
pub struct Options {
    /// Cores.
    pub threads: usize,
    /// Whether to start no more jobs once one has failed.
    pub fail_fast: bool,
    /// What the jobs may take together.
    pub memory: Memory,
}

/// How running jobs came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All were run.
    Complete,
    /// A job failed, and no more were started.
    FailedFast,
    /// A signal came.
    Interrupted,
}
