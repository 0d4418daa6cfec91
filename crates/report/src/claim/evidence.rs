//! What claims are examined by, and the questions that several of them ask.

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{ContinuousCDF, Normal};

use crate::analysis::{Analysis, Group, two};
use crate::figure::{Figure, Series, Traced, against_length};
use crate::needed::{Key, Milestone, Needed};
use crate::record::shown;
use crate::scaling::{Coefficient, Scaling, Term};
use crate::survival::{clustered_wilson, median, wilson};
use crate::{Measures, Record, Status};

use super::Finding;

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

/// A share of runs with Wilson's 95 % interval: `62 % [45, 76]`.
pub(super) fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    let of = part as f64 / whole as f64;
    let (low, high) = wilson(of, whole as f64);
    format!("{:.0} % [{:.0}, {:.0}]", 100.0 * of, 100.0 * low, 100.0 * high)
}

/// How many of these runs ended so, and how many there are.
pub(super) fn ended<'r>(records: impl Iterator<Item = &'r Record>, status: Status) -> (usize, usize) {
    measured(records)
        .fold((0, 0), |(part, whole), (record, _)| (part + usize::from(record.status == status), whole + 1))
}

/// Which task a run is on: runs with one task are no independent witnesses. Conditions that say how a task is drawn count; those that say what is done with
/// it do not.
pub(super) type Task = (i64, i64, i64, i64, [Key; 2]);

pub(super) fn task_of(record: &Record) -> Task {
    let drawn = ["persistence", "concentration"].map(|key| Key(record.further(key).unwrap_or(f64::NAN)));
    (record.n, record.q, record.t, record.replicate, drawn)
}

/// How many of these runs ended so, as a share with a 95 % interval that resamples tasks: `62 % [45, 76] (252 tasks)`.
pub(super) fn share_of_tasks<'r>(records: impl Iterator<Item = &'r Record>, status: Status) -> String {
    let mut tasks: BTreeMap<Task, (f64, f64)> = BTreeMap::new();
    for (record, _) in measured(records) {
        let (hits, runs) = tasks.entry(task_of(record)).or_default();
        *hits += f64::from(u8::from(record.status == status));
        *runs += 1.0;
    }
    let tasks: Vec<(f64, f64)> = tasks.into_values().collect();
    match clustered_wilson(&tasks) {
        None => "none".to_owned(),
        Some((share, (low, high))) => {
            let count = tasks.len();
            format!("{:.0} % [{:.0}, {:.0}] ({count} tasks)", 100.0 * share, 100.0 * low, 100.0 * high)
        }
    }
}

/// How a count compares with what is expected of it, by tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Agreement {
    /// The count.
    pub(super) seen: f64,
    /// Its expectation.
    pub(super) expected: f64,
    /// Standard deviation of their difference: from the sums over tasks, between which alone there is independence.
    pub(super) deviation: f64,
    /// Tasks.
    pub(super) tasks: usize,
}

impl Agreement {
    /// Of runs, each with its task, whether it counts, and the probability that it is expected to count with.
    pub(super) fn of(runs: impl Iterator<Item = (Task, f64, f64)>) -> Self {
        let mut tasks: BTreeMap<Task, (f64, f64)> = BTreeMap::new();
        let (mut seen, mut expected) = (0.0, 0.0);
        for (task, counts, probability) in runs {
            let (own, of_it) = tasks.entry(task).or_default();
            (*own, *of_it) = (*own + counts, *of_it + probability);
            (seen, expected) = (seen + counts, expected + probability);
        }
        // About the ratio that was found, as for any ratio of sums over clusters.
        let count = tasks.len() as f64;
        let squares: f64 = tasks.values().map(|(own, of_it)| (own - seen / expected * of_it).powi(2)).sum();
        let deviation = (squares * count / (count - 1.0).max(1.0)).sqrt();
        Self { seen, expected, deviation, tasks: tasks.len() }
    }

    /// The count over its expectation.
    pub(super) fn ratio(&self) -> f64 {
        self.seen / self.expected
    }

    /// Its 95 % interval.
    pub(super) fn interval(&self) -> (f64, f64) {
        let half = normal_quantile(0.975) * self.deviation / self.expected;
        (self.ratio() - half, self.ratio() + half)
    }

    /// Whether it differs from 1 at this level, as one of so many that are looked at.
    pub(super) fn differs(&self, level: f64, of: usize) -> bool {
        (self.seen - self.expected).abs() > normal_quantile(1.0 - level / (2.0 * of as f64)) * self.deviation
    }

    /// The smallest distance of the ratio from 1 that [`Agreement::differs`] would see with a probability of 0.8.
    pub(super) fn smallest_effect(&self, level: f64, of: usize) -> f64 {
        (normal_quantile(1.0 - level / (2.0 * of as f64)) + normal_quantile(0.8)) * self.deviation / self.expected
    }
}

fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
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
                        runs.push(((3, 2, 64, replicate, [Key(0.5), Key(1.0)]), counts, 0.2));
                    }
                }
                hits += u32::from(test(&Agreement::of(runs.into_iter())));
            }
            f64::from(hits) / 4000.0
        };
        let outside = seen(1.0, &|a| !(a.interval().0 <= 1.0 && 1.0 <= a.interval().1));
        assert!((outside - 0.05).abs() < 0.02, "{outside}");
        // With p = 0.2 e: deviation / expected = sqrt(500 p (1 - p)) / 100 = 0.0973 at e = 1.2725, and (1.96 + 0.842) 0.0973 = 0.2725.
        let power = seen(1.2725, &|a| a.differs(0.05, 1));
        assert!((power - 0.8).abs() < 0.04, "{power}");
    }
}
