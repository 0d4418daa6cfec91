//! In which order the replicates of a race are run.

use crate::config::Rules;

/// The replicates of a race, in the order in which they are run.
///
/// A replicate is the same task for all settings, and what is slow for one setting is mostly slow for
/// its neighbours. So once a setting is known that is to be beaten, its hardest replicates come
/// first: a challenger that is no better is late on the few that decide the quantile, and leaves
/// before it has run the many that are easy for both. Before them come some of middling difficulty,
/// on which only a bad setting is late.
#[derive(Debug, Clone)]
pub(super) struct Order {
    replicates: Vec<u32>,
    /// So many runs, from the first on, are a fair sample, by which a setting may leave early. Of more
    /// runs no more may be late than of all.
    fair: usize,
}

impl Order {
    /// As they are numbered: nothing is known of them.
    pub(super) fn as_numbered(rules: &Rules) -> Self {
        Self { replicates: (0..rules.replicates()).collect(), fair: rules.replicates() as usize }
    }

    /// By when the runs of the setting to be beaten arrived; `None` where they did not.
    pub(super) fn by_difficulty(rules: &Rules, arrivals: &[(u32, Option<u64>)]) -> Self {
        let mut hardest_first = arrivals.to_vec();
        hardest_first.sort_by_key(|&(replicate, time)| (std::cmp::Reverse(time.unwrap_or(u64::MAX)), replicate));
        let mut replicates: Vec<u32> = hardest_first.into_iter().map(|(replicate, _)| replicate).collect();
        // Half as hard as the one that decides the quantile.
        let easier = (rules.quantile / 2.0 * replicates.len() as f64) as usize;
        let fair = (rules.rungs.first().copied().unwrap_or(1) as usize).min(replicates.len());
        let end = replicates.len() - easier.min(replicates.len() - fair);
        replicates[..end].rotate_right(fair);
        Self { replicates, fair }
    }

    /// Those that come after the first `done`, up to `rung` of them all.
    pub(super) fn next(&self, done: usize, rung: u32) -> &[u32] {
        &self.replicates[done..rung as usize]
    }

    /// How many of the first `runs` may be late for a setting that still may win.
    pub(super) fn may_miss(&self, rules: &Rules, runs: usize) -> usize {
        rules.may_miss(if runs <= self.fair { runs } else { self.replicates.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_middling_difficulty_come_first_and_then_the_hardest() {
        let rules = Rules {
            quantile: 0.8,
            confidence: 0.95,
            rungs: vec![2, 4, 10],
            margin: 0.05,
            horizon: 1.0,
            max_settings: 9,
        };
        // Replicate r arrives after 100 r; 7 never does.
        let arrivals: Vec<_> = (0..10).map(|r| (r, (r != 7).then_some(100 * u64::from(r)))).collect();
        let order = Order::by_difficulty(&rules, &arrivals);
        assert_eq!(order.next(0, 10), [5, 4, 7, 9, 8, 6, 3, 2, 1, 0]);
        assert_eq!(order.next(2, 4), [7, 9]);
        // Of the first two of thirty one may be late, since it has a probability of 0.01 that both are
        // if a tenth is; of more as many as of all.
        let rules = Rules { quantile: 0.9, rungs: vec![2, 4, 30], ..rules };
        let arrivals: Vec<_> = (0..30).map(|replicate| (replicate, Some(1))).collect();
        let order = Order::by_difficulty(&rules, &arrivals);
        assert_eq!([2, 3, 4, 30].map(|runs| order.may_miss(&rules, runs)), [1, 3, 3, 3]);
        // A fair sample all along: more than 2 of 4 have a probability of 0.004, more than 3 of 10 of 0.013.
        assert_eq!([2, 4, 10, 30].map(|runs| Order::as_numbered(&rules).may_miss(&rules, runs)), [1, 2, 3, 3]);
    }
}
