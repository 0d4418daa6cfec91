//! Shares of a sweep: disjoint, complete, and of equal cost.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::job::Job;

/// How many shards there may be: more than any cluster takes in one array.
const MAX_SHARDS: u32 = 1_000_000;

/// One share of a sweep: shard `I/N`, the I-th of N.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// Shard `index` of `of`, counted from 1; `None` if there is no such shard.
    #[must_use]
    pub fn new(index: u32, of: u32) -> Option<Self> {
        ((1..=of).contains(&index) && of <= MAX_SHARDS).then_some(Self { index, of })
    }

    /// Which shard, from 1.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many shards there are.
    #[must_use]
    pub fn of(self) -> u32 {
        self.of
    }

    /// For each job the index of its shard out of `of`, from 1.
    ///
    /// The most expensive job goes first, each to the shard with the least to do so far; jobs of
    /// equal cost go in the order of their ids, which are hashes, so that no shard has one corner
    /// of the grid. It depends on all jobs, done or not, and on nothing else: every shard comes to
    /// the same answer by itself. Costs of shards differ by one job at most.
    #[must_use]
    pub fn assign(jobs: &[Job], of: u32) -> Vec<u32> {
        let costs: Vec<f64> = jobs.iter().map(Job::cost).collect();
        Self::balanced(&costs, of, |a, b| jobs[a].id.cmp(&jobs[b].id))
    }

    /// As [`Shard::assign`], for shares of the work that cost so much; `ties` is the order of those
    /// of equal cost, by their indices.
    #[must_use]
    pub fn balanced(costs: &[f64], of: u32, ties: impl Fn(usize, usize) -> Ordering) -> Vec<u32> {
        let mut order: Vec<(f64, usize)> = costs.iter().copied().zip(0..).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| ties(a.1, b.1)));
        // Bits of doubles that are not negative have the order of the doubles: no type with a total
        // order is needed.
        let mut least: BinaryHeap<Reverse<(u64, u32)>> = (1..=of).map(|shard| Reverse((0, shard))).collect();
        let mut shards = vec![0; costs.len()];
        for (cost, i) in order {
            let Some(Reverse((load, shard))) = least.pop() else { break };
            shards[i] = shard;
            least.push(Reverse(((f64::from_bits(load) + cost).to_bits(), shard)));
        }
        shards
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, of)| Self::new(index.parse().ok()?, of.parse().ok()?));
        parsed.ok_or_else(|| format!("a shard is written I/N with 1 <= I <= N <= {MAX_SHARDS}, for example 3/8"))
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn jobs(text: &str) -> Vec<Job> {
        crate::job::jobs(&parse("test", "test.toml", text.to_owned(), &[]).unwrap()).unwrap()
    }

    #[test]
    fn shards_are_disjoint_complete_and_of_equal_cost_for_any_number() {
        let jobs = jobs("replicates = 5\n[grid]\nN = [2, 3]\nQ = 1\nT = [32, 64, 700]\nbatch_size = [\"T/8\", 16]");
        let dearest = jobs.iter().map(Job::cost).fold(0.0, f64::max);
        for of in [1, 2, 3, 7, 60, 61, 1000] {
            let shards = Shard::assign(&jobs, of);
            assert_eq!(shards.len(), jobs.len());
            assert!(shards.iter().all(|&shard| Shard::new(shard, of).is_some()), "each job has one shard");
            let mut cost = vec![0.0; of as usize];
            shards.iter().zip(&jobs).for_each(|(&shard, job)| cost[shard as usize - 1] += job.cost());
            let (least, largest) = cost.iter().fold((f64::MAX, 0.0f64), |(l, h), &c| (l.min(c), h.max(c)));
            assert!(largest - least <= dearest, "{of}: {least} {largest}");
        }
    }

    #[test]
    fn the_order_of_the_jobs_does_not_matter() {
        let mut jobs = jobs("replicates = 7\n[grid]\nN = 3\nQ = [1, 2]\nT = [32, 64]");
        let by_id = |jobs: &[Job]| {
            let mut found: Vec<_> = jobs.iter().map(|job| job.id).zip(Shard::assign(jobs, 4)).collect();
            found.sort();
            found
        };
        let before = by_id(&jobs);
        jobs.reverse();
        assert_eq!(by_id(&jobs), before);
    }

    #[test]
    fn a_shard_is_written_i_of_n() {
        let shard: Shard = "3/8".parse().unwrap();
        assert_eq!((shard.index(), shard.of(), shard.to_string()), (3, 8, "3/8".to_owned()));
        for wrong in ["0/3", "4/3", "3", "1/0", "a/b", "1/2/3", "-1/2", "1/99999999"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
