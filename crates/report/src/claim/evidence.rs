//! What claims are examined by, and the questions that several of them ask.

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Finding;
use crate::analysis::{Analysis, Coefficient, Group, Key, Milestone, Needed, Scaling, Term, two};
use crate::figure::{Figure, Series, Traced, against_length};
use crate::record::{Measures, Record, Status, shown};
use crate::statistics::confidence::{clustered_wilson, wilson};
use crate::statistics::order_statistics::median;

/// Records, what was concluded from them, and what some of the runs looked like.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What the records say.
    pub analysis: &'a Analysis,
    /// The records.
    pub records: &'a [Record],
    /// Runs with their traces.
    pub traces: &'a [Traced],
    /// Runs with what they learned.
    pub matrices: &'a [Matrices],
    groups: Vec<Group<'a>>,
}

/// A run that a claim wants to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its job.
    pub job_id: String,
    /// Whether what it learned is shown too.
    pub matrices: bool,
}

/// What a run has learned, beside the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrices {
    /// The run.
    pub record: Record,
    /// P and V, each N rows of N.
    pub value: [Vec<Vec<f64>>; 2],
    /// Attention, of the truth and learned: N rows of T, row k of query token k.
    pub attention: [Vec<Vec<f64>>; 2],
}

impl<'a> Evidence<'a> {
    /// Of these.
    #[must_use]
    pub fn new(analysis: &'a Analysis, records: &'a [Record], traces: &'a [Traced], matrices: &'a [Matrices]) -> Self {
        Self { analysis, records, traces, matrices, groups: analysis.groups() }
    }

    /// Its algorithms and conditions.
    pub(super) fn groups(&self) -> &[Group<'a>] {
        &self.groups
    }

    /// The group of an algorithm whose conditions have these values, if there is one: where other conditions vary too, none is meant.
    pub(super) fn group(&self, algorithm: &str, conditions: &[(&str, f64)]) -> Option<&Group<'a>> {
        let has = |group: &Group<'_>, (key, value): &(&str, f64)| group.conditions.contains(&(*key, *value));
        let mut found = self.groups.iter().filter(|g| g.algorithm == algorithm && conditions.iter().all(|c| has(g, c)));
        let first = found.next();
        if found.next().is_some() { None } else { first }
    }
}

/// The runs that did not fail.
pub(super) fn measured<'r>(
    records: impl Iterator<Item = &'r Record>,
) -> impl Iterator<Item = (&'r Record, &'r Measures)> {
    records.filter_map(|record| Some((record, record.measures.as_ref()?)))
}

/// The exponent of T of a milestone.
pub(super) fn exponent(group: Option<&Group<'_>>, milestone: Milestone) -> Option<Coefficient> {
    group?.scaling(milestone)?.power.as_ref()?.coefficient(Term::T).filter(Coefficient::is_known)
}

/// The power of `ln T` of a milestone.
pub(super) fn log_power(group: Option<&Group<'_>>, milestone: Milestone) -> Option<Coefficient> {
    group?.scaling(milestone)?.polylog.as_ref()?.coefficient(Term::LogT)
}

/// Whether a milestone grows no faster than `ln T`: by the interval of its power of `ln T`.
pub(super) fn at_most_logarithmic(group: Option<&Group<'_>>, milestone: Milestone) -> Finding {
    Finding::of_range(log_power(group, milestone).and_then(|c| c.interval), (f64::NEG_INFINITY, 1.0))
}

/// `0.98 [0.94, 1.02]`, or that it is not known.
pub(super) fn with_interval(coefficient: Option<Coefficient>) -> String {
    match coefficient {
        Some(Coefficient { estimate, interval: Some((low, high)), .. }) => {
            format!("{} [{}, {}]", two(estimate), two(low), two(high))
        }
        _ => "not known".to_owned(),
    }
}

/// Which task a run is on: runs with one task are no independent witnesses. Conditions that say how a task is drawn count; those that say what is done with
/// it do not.
pub(super) type Task = (i64, i64, i64, i64, [Key; 2]);

pub(super) fn task_of(record: &Record) -> Task {
    let drawn = ["persistence", "concentration"].map(|key| Key(record.further(key).unwrap_or(f64::NAN)));
    (record.n, record.q, record.t, record.replicate, drawn)
}

/// A share of runs, with a 95 % interval that takes tasks, not runs, for independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// The share.
    pub(super) of: f64,
    /// Its 95 % interval.
    pub(super) interval: (f64, f64),
    /// Tasks.
    pub(super) tasks: usize,
}

impl Share {
    /// Of these runs, each with its task and 1 if it counts, else 0; `None` if there are none.
    pub(super) fn of(runs: impl Iterator<Item = (Task, f64)>) -> Option<Self> {
        let mut tasks: BTreeMap<Task, (f64, f64)> = BTreeMap::new();
        for (task, counts) in runs {
            let (hits, runs) = tasks.entry(task).or_default();
            (*hits, *runs) = (*hits + counts, *runs + 1.0);
        }
        let tasks: Vec<(f64, f64)> = tasks.into_values().collect();
        let (of, interval) = clustered_wilson(&tasks)?;
        Some(Self { of, interval, tasks: tasks.len() })
    }

    /// Of runs that are each on a task of its own: so many of so many; `None` if there are none.
    pub(super) fn of_independent(part: usize, whole: usize) -> Option<Self> {
        let of = (whole > 0).then(|| part as f64 / whole as f64)?;
        Some(Self { of, interval: wilson(of, whole as f64), tasks: whole })
    }

    /// Of the runs that did not fail, those that ended so.
    pub(super) fn ended<'r>(records: impl Iterator<Item = &'r Record>, status: Status) -> Option<Self> {
        Self::of(measured(records).map(|(record, _)| (task_of(record), f64::from(u8::from(record.status == status)))))
    }
}

/// `62 % [45, 76]`.
impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval;
        write!(f, "{:.0} % [{:.0}, {:.0}]", 100.0 * self.of, 100.0 * low, 100.0 * high)
    }
}

/// `62 % [45, 76] (252 tasks)`, or that there are none.
pub(super) fn share_of_tasks<'r>(records: impl Iterator<Item = &'r Record>, status: Status) -> String {
    Share::ended(records, status).map_or_else(|| "none".to_owned(), |share| format!("{share} ({} tasks)", share.tasks))
}

/// What one run adds to a comparison of a count with its expectation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    /// Its task.
    pub(super) task: Task,
    /// 1 if it is one of those that are counted, else 0.
    pub(super) counts: f64,
    /// What it adds to the expectation.
    pub(super) expected: f64,
    /// What its own chance adds to the expectation, where that is estimated from it; such a run is not counted itself.
    pub(super) error: Option<f64>,
    /// The variance of what it adds to count and expectation, if the expectation is right and runs are independent.
    pub(super) variance: f64,
}

impl Part {
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
    /// Standard deviation of their difference: the larger one of what the sums over tasks show, between which alone there is independence, and of what it
    /// would be if the expectation were right. Few counts scatter little by chance; none do not scatter at all.
    pub(super) deviation: f64,
    /// Tasks of the runs that are counted, or of those that the expectation is estimated from, whichever are fewer.
    pub(super) tasks: usize,
}

impl Agreement {
    /// Of runs.
    pub(super) fn of(parts: impl Iterator<Item = Part>) -> Self {
        let mut tasks: BTreeMap<Task, (f64, f64)> = BTreeMap::new();
        let mut sides: [BTreeSet<Task>; 2] = Default::default();
        let (mut seen, mut expected, mut variance) = (0.0, 0.0, 0.0);
        for part in parts {
            let (own, of_it) = tasks.entry(part.task).or_default();
            (*own, *of_it) = (*own + part.counts, *of_it + part.expected + part.error.unwrap_or(0.0));
            sides[usize::from(part.error.is_some())].insert(part.task);
            (seen, expected, variance) = (seen + part.counts, expected + part.expected, variance + part.variance);
        }
        // About the ratio that was found, as for any ratio of sums over clusters.
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

    /// The interval of the ratio that leaves it out with a probability of `level`; open above where there is one task only.
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

    /// The smallest distance of the ratio from 1 that [`Agreement::differs`] would see with a probability of 0.8.
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

/// The median of finite numbers, if there are any.
pub(super) fn median_of(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    median(numbers.filter(|x| x.is_finite()).collect())
}

/// The cells of a milestone of these groups, as far as they are there.
pub(super) fn cells_of<'a>(groups: &[Option<&Group<'a>>], milestone: Milestone) -> Vec<&'a Needed> {
    groups.iter().flatten().flat_map(|group| group.cells(milestone)).collect()
}

/// The smallest N and Q that every one of these groups that has cells of its milestone has.
pub(super) fn common_pair(groups: &[(Option<&Group<'_>>, Milestone)]) -> Option<(i64, i64)> {
    let of = |(group, milestone): &(Option<&Group<'_>>, Milestone)| -> BTreeSet<(i64, i64)> {
        group.map_or_else(Vec::new, |g| g.cells(*milestone)).iter().map(|c| (c.n, c.q)).collect()
    };
    let sets = groups.iter().map(of).filter(|set| !set.is_empty());
    sets.reduce(|a, b| &a & &b)?.into_iter().next()
}

/// Needed samples of one group against T, at one N and Q.
pub(super) fn series<'a>(
    label: String,
    group: Option<&Group<'a>>,
    milestone: Milestone,
    pair: Option<(i64, i64)>,
) -> Series<'a> {
    let cells = group.map_or_else(Vec::new, |g| g.cells(milestone));
    let cells: Vec<&Needed> = cells.into_iter().filter(|c| Some((c.n, c.q)) == pair && c.samples > 0).collect();
    let scaling: Option<&'a Scaling> = group.and_then(|g| g.scaling(milestone));
    let law = pair.and_then(|(n, q)| scaling?.of_pair(n, q));
    Series { label, cells, law, dashes: Vec::new() }
}

/// The figure of such series; `None` if they are empty.
pub(super) fn needed_figure(name: &str, title: String, caption: String, series: &[Series<'_>]) -> Option<Figure> {
    let svg = against_length("needed samples", series)?;
    Some(Figure { name: format!("claim_{name}"), title, caption, svg })
}

/// A value of a condition as a user would write it: `flip = 2`.
pub(super) fn named(key: &str, value: f64) -> String {
    format!("{key} = {}", shown(key, value))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn task(replicate: i64) -> Task {
        (3, 2, 64, replicate, [Key(0.5), Key(1.0)])
    }

    /// 60 tasks of 10 runs each, whose probabilities differ from task to task: the interval by tasks covers what is true of all tasks in 92 to 98 % of 2000
    /// cases (four standard errors are 2 %), Wilson's for 600 independent runs in far fewer.
    #[test]
    fn intervals_by_tasks_cover_where_runs_of_one_task_are_alike() {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let (mut by_tasks, mut naive) = (0, 0);
        for _ in 0..2000 {
            let tasks: Vec<(f64, f64)> = (0..60)
                .map(|_| {
                    let p = if random.random::<f64>() < 0.3 { 0.75 } else { 0.05 };
                    ((0..10).map(|_| f64::from(u8::from(random.random::<f64>() < p))).sum(), 10.0)
                })
                .collect();
            let truth = 0.3 * 0.75 + 0.7 * 0.05;
            let covers = |(low, high): (f64, f64)| u32::from(low <= truth && truth <= high);
            let (share, interval) = clustered_wilson(&tasks).unwrap();
            by_tasks += covers(interval);
            naive += covers(wilson(share, 600.0));
        }
        assert!((1840..=1960).contains(&by_tasks) && naive < 1500, "{by_tasks} {naive}");
    }

    /// Of 4000 counts that are as expected, 5 % lie outside of their interval, and of such that exceed it by the smallest effect 80 % are seen to differ:
    /// within four standard errors, 1.4 and 2.6 %, and a little for the normal limit.
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
                        runs.push(Part::predicted(task(replicate), counts, 0.2));
                    }
                }
                hits += u32::from(test(&Agreement::of(runs.into_iter())));
            }
            f64::from(hits) / 4000.0
        };
        let outside = seen(1.0, &|a| a.interval(0.05).is_some_and(|(low, high)| 1.0 < low || high < 1.0));
        assert!((outside - 0.05).abs() < 0.02, "{outside}");
        // With p = 0.2 e: deviation / expected = sqrt(500 p (1 - p)) / 100 = 0.0973 at e = 1.2725, and (1.96 + 0.842) 0.0973 = 0.2725.
        let power = seen(1.2725, &|a| a.differs(0.05));
        assert!((power - 0.8).abs() < 0.04, "{power}");
    }

    /// Without the variance that the expectation has itself, no run at all, or one in each of two tasks, would have no scatter and be as good as certain.
    #[test]
    fn few_counts_decide_nothing() {
        let of = |counts: &[f64], probability: f64| {
            let runs = (0..).zip(counts).map(|(i, &counts)| Part::predicted(task(i), counts, probability));
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
        let other = |i: i64| Part { task: task(i), counts: 0.0, expected: 0.0, error: Some(0.01), variance: 0.0 };
        let beside = [Part::predicted(task(0), 1.0, 0.01)].into_iter().chain((1..100).map(other));
        assert_eq!(Agreement::of(beside).tasks, 1);
    }
}
