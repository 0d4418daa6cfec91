//! A setting in a race.

use super::order::Order;
use super::runs::{Run, Steps};
use crate::config::Rules;

/// A setting in a race.
#[derive(Clone)]
pub(super) struct Racer {
    pub(super) setting: Steps,
    /// Its replicates so far, and when they arrived.
    pub(super) arrivals: Vec<(u32, Option<u64>)>,
    pub(super) late: usize,
    pub(super) failed: usize,
}

impl Racer {
    pub(super) fn new(setting: Steps) -> Self {
        Self { setting, arrivals: Vec::new(), late: 0, failed: 0 }
    }

    pub(super) fn count(&mut self, replicate: u32, run: Run) {
        let mut time = None;
        match run {
            Run::Arrived(at) => time = Some(at),
            Run::Late => self.late += 1,
            Run::Failed => self.failed += 1,
        }
        self.arrivals.push((replicate, time));
    }

    /// Whether it stays in the race, where so many may fail.
    pub(super) fn may_win(&self, rules: &Rules, order: &Order, may_fail: usize) -> bool {
        self.failed <= may_fail && self.late + self.failed <= order.may_miss(rules, self.runs())
    }

    /// On how many replicates it was looked at.
    pub(super) fn runs(&self) -> usize {
        self.arrivals.len()
    }

    /// How many of its runs have arrived.
    pub(super) fn arrived(&self) -> usize {
        self.arrivals.iter().filter(|(_, time)| time.is_some()).count()
    }

    /// By when so many of its runs had arrived.
    pub(super) fn time_of(&self, arrived: usize) -> Option<u64> {
        let mut times: Vec<u64> = self.arrivals.iter().filter_map(|(_, time)| *time).collect();
        times.sort_unstable();
        arrived.checked_sub(1).and_then(|at| times.get(at).copied())
    }

    /// What it needs, if enough of its runs have arrived.
    pub(super) fn needed(&self, rules: &Rules) -> Option<u64> {
        self.time_of(rules.needed())
    }

    /// What was to be seen of it by an earlier cap. That a run failed is not forgotten.
    pub(super) fn by(&self, cap: u64) -> Self {
        let mut seen = self.clone();
        for (_, time) in &mut seen.arrivals {
            if time.take_if(|time| *time > cap).is_some() {
                seen.late += 1;
            }
        }
        seen
    }
}
