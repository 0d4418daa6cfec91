//! What is done, and what is left.

use crate::config::Config;
use crate::grid::further_axes;
use crate::job::shard::Shard;
use crate::job::spec::Job;
use crate::job::tally::{DoneJobs, Tally};

/// The jobs of a sweep and which of them still have to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Every job, in the order of the grid.
    pub jobs: Vec<Job>,
    /// Indices of those to run, the most expensive first, so that no long one starts last.
    pub outstanding: Vec<usize>,
    /// The axes beyond the fixed columns that a job is described with.
    pub further: Vec<usize>,
    /// The shard of this process, and the index of the shard of each job; `None` if this process
    /// runs all.
    shard: Option<(Shard, Vec<u32>)>,
}

impl Plan {
    /// From all jobs of a sweep and the finished ones.
    #[must_use]
    pub fn new(config: &Config, jobs: Vec<Job>, done: &DoneJobs) -> Self {
        let mut outstanding: Vec<usize> = (0..jobs.len()).filter(|&i| !done.contains(&jobs[i])).collect();
        sort_by_cost(&mut outstanding, &jobs);
        Self { jobs, outstanding, further: further_axes(config), shard: None }
    }

    /// The same with nothing outstanding but the jobs of one shard.
    #[must_use]
    pub fn of_shard(mut self, shard: Option<Shard>) -> Self {
        if let Some(shard) = shard {
            let shards = Shard::assign(&self.jobs, shard.of());
            self = self.with_shards(shard, shards);
        }
        self
    }

    /// As [`Plan::of_shard`], where `shards` says which shard each job belongs to.
    #[must_use]
    pub fn with_shards(mut self, shard: Shard, shards: Vec<u32>) -> Self {
        self.outstanding.retain(|&i| shards[i] == shard.index());
        self.shard = Some((shard, shards));
        self
    }

    /// The same with nothing outstanding but the jobs that have failed.
    #[must_use]
    pub fn of_failed(mut self, done: &DoneJobs) -> Self {
        self.outstanding = self.own().filter(|&i| done.has_failed(self.jobs[i].id)).collect();
        sort_by_cost(&mut self.outstanding, &self.jobs);
        self
    }

    /// Indices of the jobs of this process, done or not.
    fn own(&self) -> impl Iterator<Item = usize> + '_ {
        let own = |i: &usize| self.shard.as_ref().is_none_or(|(shard, shards)| shards[*i] == shard.index());
        (0..self.jobs.len()).filter(own)
    }

    /// How far the jobs of this process are before it runs what is outstanding: failed jobs that
    /// run again are not done.
    #[must_use]
    pub fn tally_before(&self, done: &DoneJobs) -> Tally {
        let mut tally = self.tally(done);
        let again = self.outstanding.iter().filter(|&&i| done.has_failed(self.jobs[i].id)).count();
        (tally.done, tally.failed) = (tally.done - again, tally.failed - again);
        tally
    }

    /// How far the jobs of this process are.
    #[must_use]
    pub fn tally(&self, done: &DoneJobs) -> Tally {
        let mut tally = Tally::default();
        for i in self.own() {
            let job = &self.jobs[i];
            tally.jobs += 1;
            tally.done += usize::from(done.contains(job));
            tally.failed += usize::from(done.has_failed(job.id));
        }
        tally
    }

    /// Cost of what is left, in tokens.
    #[must_use]
    pub fn cost_left(&self) -> f64 {
        self.outstanding.iter().map(|&i| self.jobs[i].cost()).sum()
    }
}

/// The most expensive first. Stable: equal costs stay in the order of the grid.
fn sort_by_cost(indices: &mut [usize], jobs: &[Job]) {
    let costs: Vec<f64> = jobs.iter().map(Job::cost).collect();
    indices.sort_by(|&a, &b| costs[b].total_cmp(&costs[a]));
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::config::parse;
    use crate::job::{Seen, jobs};

    /// A plan of six jobs at T = 32, 256 and 64, of which the third and the last are done.
    pub(crate) fn with_two_done() -> Plan {
        let text = "replicates = 2\n[grid]\nN = 3\nQ = 1\nT = [32, 256, 64]\nbatch_size = 16".to_owned();
        let config = parse("test", "test.toml", text, &[]).unwrap();
        let jobs = jobs(&config).unwrap();
        let mut done = DoneJobs::default();
        [2, 5].into_iter().for_each(|i: usize| done.insert(jobs[i].id, Seen::default()));
        Plan::new(&config, jobs, &done)
    }

    #[test]
    fn what_is_done_is_left_out_and_the_most_expensive_job_comes_first() {
        let plan = with_two_done();
        // The slow, obvious version: all jobs but those, sorted by T downwards, else as they came.
        assert_eq!(plan.outstanding, [3, 4, 0, 1]);
    }
}
