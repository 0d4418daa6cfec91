//! What claims are examined by.

use crate::analysis::{Analysis, Group};
use crate::figure::Traced;
use crate::record::{Measures, Record};
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

    /// The group of an algorithm whose conditions have these values, if there is one: where other
    /// conditions vary too, none is meant.
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

/// The median of finite numbers, if there are any.
pub(super) fn median_of(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    median(numbers.filter(|x| x.is_finite()).collect())
}
