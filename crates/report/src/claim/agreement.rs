//! How a count compares with what is expected of it.

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::shares::Task;
use crate::analysis::two;

/// What one run adds to a comparison of a count with its expectation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Contribution {
    /// Its task.
    pub(super) task: Task,
    /// 1 if it is one of those that are counted, else 0.
    pub(super) counts: f64,
    /// What it adds to the expectation.
    pub(super) expected: f64,
    /// What its deviation from the others adds to the expectation, if the expectation was estimated
    /// from it; such a run is not counted itself.
    pub(super) error: Option<f64>,
    /// The variance of what it adds to count and expectation, if the expectation is right and runs
    /// are independent.
    pub(super) variance: f64,
}

impl Contribution {
    /// Of a run that is expected to count with this probability.
    pub(super) fn predicted(task: Task, counts: f64, probability: f64) -> Self {
        Self { task, counts, expected: probability, error: None, variance: probability * (1.0 - probability) }
    }
}

/// How a count compares with what is expected of it, by tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Agreement {
    /// The count.
    pub(super) seen: f64,
    /// Its expectation.
    pub(super) expected: f64,
    /// Standard deviation of their difference. Two estimates are made: from the sums over tasks,
    /// which are independent, and from the expectation, as if runs were independent. The larger one
    /// counts, because few counts show too little scatter by chance.
    pub(super) deviation: f64,
    /// Tasks of the runs that are counted, or of those that the expectation is estimated from,
    /// whichever are fewer.
    pub(super) tasks: usize,
}

impl Agreement {
    /// Of runs.
    pub(super) fn of(parts: impl Iterator<Item = Contribution>) -> Self {
        let mut tasks: BTreeMap<Task, (f64, f64)> = BTreeMap::new();
        let mut sides: [BTreeSet<Task>; 2] = Default::default();
        let (mut seen, mut expected, mut variance) = (0.0, 0.0, 0.0);
        for part in parts {
            let (own, of_it) = tasks.entry(part.task).or_default();
            (*own, *of_it) = (*own + part.counts, *of_it + part.expected + part.error.unwrap_or(0.0));
            sides[usize::from(part.error.is_some())].insert(part.task);
            (seen, expected, variance) = (seen + part.counts, expected + part.expected, variance + part.variance);
        }
        // Deviations are taken from the ratio that was found, as for any ratio of sums over
        // clusters.
        let ratio = if expected > 0.0 { seen / expected } else { 1.0 };
        // The scatter of either side is seen in as many tasks as it has.
        let count = sides.iter().map(BTreeSet::len).filter(|tasks| *tasks > 0).min().unwrap_or(0);
        let corrected = count as f64 / (count as f64 - 1.0).max(1.0);
        let squares: f64 = tasks.values().map(|(own, of_it)| (own - ratio * of_it).powi(2)).sum();
        Self { seen, expected, deviation: (squares * corrected).max(variance).sqrt(), tasks: count }
    }

    /// The count over its expectation; `None` where nothing is expected.
    pub(super) fn ratio(&self) -> Option<f64> {
        (self.expected > 0.0).then(|| self.seen / self.expected)
    }

    /// The interval of the ratio that leaves it out with a probability of `level`; open above where
    /// there is one task only.
    pub(super) fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let half = self.student(1.0 - 0.5 * level) * self.deviation / self.expected;
        let ratio = self.ratio()?;
        Some(((ratio - half).max(0.0), ratio + half))
    }

    /// The 95 % interval of the ratio, if it has two ends.
    pub(super) fn closed_interval(&self) -> Option<(f64, f64)> {
        self.interval(0.05).filter(|(_, high)| high.is_finite())
    }

    /// Whether the count differs from its expectation at this level; not where nothing is expected.
    pub(super) fn differs(&self, level: f64) -> bool {
        let limit = self.student(1.0 - 0.5 * level) * self.deviation;
        self.expected > 0.0 && (self.seen - self.expected).abs() > limit
    }

    /// The smallest distance of the ratio from 1 that [`Agreement::differs`] would see with a
    /// probability of 0.8.
    pub(super) fn smallest_effect(&self, level: f64) -> Option<f64> {
        let quantiles = self.student(1.0 - 0.5 * level) + self.student(0.8);
        Some(quantiles * self.deviation / self.expected).filter(|effect| effect.is_finite())
    }

    /// `1.30 [1.18, 1.42]`, with the 95 % interval.
    pub(super) fn shown(&self) -> String {
        match (self.ratio(), self.closed_interval()) {
            (Some(ratio), Some((low, high))) => format!("{} [{}, {}]", two(ratio), two(low), two(high)),
            (Some(ratio), None) => format!("{} in one task", two(ratio)),
            (None, _) => "nothing is expected".to_owned(),
        }
    }

    /// Student's quantile for so many tasks; no bound for one.
    fn student(&self, probability: f64) -> f64 {
        StudentsT::new(0.0, 1.0, self.tasks as f64 - 1.0).map_or(f64::INFINITY, |t| t.inverse_cdf(probability))
    }
}

#[cfg(test)]
mod tests {
    use ordered_float::OrderedFloat;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn task(replicate: i64) -> Task {
        (3, 2, 64, replicate, [OrderedFloat(0.5), OrderedFloat(1.0)])
    }

    /// Of 4000 counts that are as expected, 5 % lie outside of their interval, and of such that
    /// exceed it by the smallest effect 80 % are seen to differ: within four standard errors, 1.4
    /// and 2.6 %, and a little for the normal limit.
    #[test]
    fn effects_as_small_as_it_says_are_seen() {
        let mut random = Pcg64Mcg::seed_from_u64(4);
        let mut seen = |excess: f64, test: &dyn Fn(&Agreement) -> bool| {
            let mut hits = 0;
            for _ in 0..4000 {
                let mut runs = Vec::new();
                for replicate in 0..100 {
                    for _ in 0..5 {
                        let counts = f64::from(u8::from(random.random::<f64>() < 0.2 * excess));
                        runs.push(Contribution::predicted(task(replicate), counts, 0.2));
                    }
                }
                hits += u32::from(test(&Agreement::of(runs.into_iter())));
            }
            f64::from(hits) / 4000.0
        };
        let outside = seen(1.0, &|a| a.interval(0.05).is_some_and(|(low, high)| 1.0 < low || high < 1.0));
        assert!((outside - 0.05).abs() < 0.02, "{outside}");
        // With p = 0.2 e: deviation / expected = sqrt(500 p (1 - p)) / 100 = 0.0973 at e = 1.2725,
        // and (1.96 + 0.842) 0.0973 = 0.2725.
        let power = seen(1.2725, &|a| a.differs(0.05));
        assert!((power - 0.8).abs() < 0.04, "{power}");
    }

    /// Without the variance that the expectation has itself, no run at all, or one in each of two
    /// tasks, would have no scatter and be as good as certain.
    #[test]
    fn few_counts_decide_nothing() {
        let of = |counts: &[f64], probability: f64| {
            let runs = (0..).zip(counts).map(|(i, &counts)| Contribution::predicted(task(i), counts, probability));
            Agreement::of(runs)
        };
        let none = of(&[0.0; 20], 0.1);
        assert!(
            none.seen == 0.0 && (none.deviation - 1.8_f64.sqrt()).abs() < 1e-12,
            "20 times 0.1 times 0.9: {none:?}"
        );
        // By the binomial distribution no run in 20 has a probability of 0.9^20 = 0.12.
        assert!(!none.differs(0.05) && none.interval(0.05).unwrap().1 > 1.0, "{none:?}");
        // In 200 it has one of 1e-9.
        assert!(of(&[0.0; 200], 0.1).differs(0.01));
        let equal = of(&[1.0, 0.0], 0.5);
        assert!(equal.ratio() == Some(1.0) && equal.smallest_effect(0.05).unwrap() > 1.0, "{equal:?}");
        let alone = of(&[1.0], 0.01);
        assert!(!alone.differs(0.05) && alone.smallest_effect(0.05).is_none(), "one task has no scatter");
        assert_eq!((of(&[0.0], 0.0).ratio(), of(&[], 0.1).differs(0.05)), (None, false));
        // However many tasks the expectation comes from, one that is compared has no scatter.
        let other =
            |i: i64| Contribution { task: task(i), counts: 0.0, expected: 0.0, error: Some(0.01), variance: 0.0 };
        let beside = [Contribution::predicted(task(0), 1.0, 0.01)].into_iter().chain((1..100).map(other));
        assert_eq!(Agreement::of(beside).tasks, 1);
    }
}
