//! Which jobs are done, and how far a process is with its jobs.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::job::id::JobId;
use crate::job::spec::Job;

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
    /// How many cells it is to search; 0 for a grid.
    #[serde(default)]
    pub cells: usize,
    /// How many of them are complete.
    #[serde(default)]
    pub complete: usize,
}

impl Tally {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.done == self.jobs && self.complete == self.cells
    }

    /// What is left, in words; `None` if nothing is.
    #[must_use]
    pub fn left(&self) -> Option<String> {
        let Self { jobs, done, cells, complete, .. } = self;
        let left = match cells {
            0 => format!("{} of {jobs} jobs have not run", jobs - done),
            _ => format!("{} of {cells} cells are not searched", cells - complete),
        };
        (!self.is_complete()).then_some(left)
    }
}

/// What is known of a job that was run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Whether it failed.
    pub failed: bool,
    /// How many samples of it were looked at, if it would have gone on; `None` if it ended.
    pub cap: Option<u64>,
    /// Whether it spent its budget.
    pub exhausted: bool,
    /// Samples that it used.
    pub samples: u64,
    /// Samples to the signal milestone, if it was reached.
    pub signal: Option<u64>,
    /// Samples to the support milestone, if it was reached.
    pub support: Option<u64>,
    /// Samples to the recovery milestone, if it was reached.
    pub recovery: Option<u64>,
}

impl Seen {
    /// Whether nothing more is learned by looking at the job up to `cap` samples.
    #[must_use]
    pub fn covers(&self, cap: Option<u64>) -> bool {
        self.cap.is_none_or(|seen| cap.is_some_and(|cap| cap <= seen))
    }
}

/// The jobs that were run, of this sweep or of others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoneJobs {
    seen: HashMap<JobId, Seen>,
}

impl DoneJobs {
    /// Adds a job, or says anew what is known of it.
    pub fn insert(&mut self, id: JobId, seen: Seen) {
        self.seen.insert(id, seen);
    }

    /// What is known of a job.
    #[must_use]
    pub fn get(&self, id: JobId) -> Option<&Seen> {
        self.seen.get(&id)
    }

    /// Whether a job was run as far as it is asked for, failed ones included.
    #[must_use]
    pub fn contains(&self, job: &Job) -> bool {
        self.get(job.id).is_some_and(|seen| seen.covers(job.cap))
    }

    /// Whether a job was run and failed.
    #[must_use]
    pub fn has_failed(&self, id: JobId) -> bool {
        self.get(id).is_some_and(|seen| seen.failed)
    }

    /// Those that have not failed.
    #[must_use]
    pub fn without_failed(&self) -> Self {
        let seen = self.seen.iter().filter(|(_, seen)| !seen.failed);
        Self { seen: seen.map(|(id, seen)| (*id, *seen)).collect() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_succeeds_after_a_failure_has_not_failed() {
        let (one, other) = (JobId([1; 16]), JobId([2; 16]));
        let failed = Seen { failed: true, ..Seen::default() };
        let mut done = DoneJobs::default();
        assert!(done.is_empty() && done.get(one).is_none());
        done.insert(one, failed);
        done.insert(other, failed);
        assert!(done.has_failed(one));
        done.insert(one, Seen::default());
        assert_eq!((done.len(), done.has_failed(one), done.has_failed(other)), (2, false, true));
    }

    #[test]
    fn a_capped_run_is_known_up_to_its_cap() {
        let (whole, capped) = (Seen::default(), Seen { cap: Some(100), ..Seen::default() });
        assert!(whole.covers(None) && whole.covers(Some(1)));
        assert!(capped.covers(Some(100)) && !capped.covers(Some(101)) && !capped.covers(None));
    }
}
