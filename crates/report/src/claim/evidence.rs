//! What claims are examined by, and the questions that several of them ask.

use std::collections::BTreeSet;

use crate::analysis::{Analysis, Group, two};
use crate::figure::{Figure, Series, Traced, against_length};
use crate::needed::{Milestone, Needed};
use crate::record::shown;
use crate::scaling::{Coefficient, Scaling, Term};
use crate::survival::{median, wilson};
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

/// The median of finite numbers, if there are any.
pub(super) fn median_of(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    median(numbers.filter(|x| x.is_finite()).collect())
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
