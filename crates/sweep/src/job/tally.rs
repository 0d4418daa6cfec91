//! Which jobs are done, and how far a process is with its jobs.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::job::id::JobId;

/// How far a process is with its jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// How many jobs it is to run.
    pub jobs: usize,
    /// How many of them are done, failed ones included.
    pub done: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many are running now.
    pub running: usize,
    /// Tokens it has simulated a second since it started.
    pub tokens_per_second: f64,
}

/// The ids of the jobs that were run, of this sweep or of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoneJobs {
    all: HashSet<JobId>,
    failed: HashSet<JobId>,
}

impl DoneJobs {
    /// Adds a job, or says anew whether it has failed.
    pub fn insert(&mut self, id: JobId, has_failed: bool) {
        self.all.insert(id);
        if has_failed {
            self.failed.insert(id);
        } else {
            self.failed.remove(&id);
        }
    }

    /// Whether a job was run, failed ones included.
    #[must_use]
    pub fn contains(&self, id: JobId) -> bool {
        self.all.contains(&id)
    }

    /// Whether a job was run and failed.
    #[must_use]
    pub fn has_failed(&self, id: JobId) -> bool {
        self.failed.contains(&id)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_succeeds_after_a_failure_has_not_failed() {
        let (one, other) = (JobId([1; 16]), JobId([2; 16]));
        let mut done = DoneJobs::default();
        assert!(done.is_empty() && !done.contains(one));
        done.insert(one, true);
        done.insert(other, true);
        assert!(done.contains(one) && done.has_failed(one));
        done.insert(one, false);
        assert_eq!((done.len(), done.has_failed(one), done.has_failed(other)), (2, false, true));
    }
}
