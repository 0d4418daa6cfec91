//! What claims are examined by.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::analysis::{Analysis, Group, Needed};
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
    /// By job what is known of its task.
    pub tasks: &'a HashMap<String, TaskFacts>,
    groups: Vec<Group<'a>>,
}

/// A fact that a claim wants to know of the task of each run, and no record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskFact {
    /// [`TaskFacts::mu_min`].
    MuMin,
    /// [`TaskFacts::one_step`].
    OneStep,
    /// [`TaskFacts::mirrored`].
    Mirrored,
    /// [`TaskFacts::signal`].
    Signal,
}

/// What no record holds of the task of a run; `None` where nobody asked, or theory says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TaskFacts {
    /// The smallest stationary probability of a state.
    pub mu_min: Option<f64>,
    /// The batches on which one step from planted correlations recovers with a probability of 0.5 and
    /// of 0.9, by theory.
    pub one_step: Option<[f64; 2]>,
    /// The probability that the run ends mirrored, by theory, with the noise that both factors amplify.
    pub mirrored: Option<f64>,
    /// The fewest samples by which a typical run has a signal, by theory, while as many as the quantile
    /// asks are not mirrored: with the noise that both factors amplify, and by the sign of V alone.
    pub signal: Option<[f64; 2]>,
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
        static NONE: LazyLock<HashMap<String, TaskFacts>> = LazyLock::new(HashMap::new);
        Self { analysis, records, traces, matrices, tasks: &NONE, groups: analysis.groups() }
    }

    /// With what is known of tasks.
    #[must_use]
    pub fn with_tasks(self, tasks: &'a HashMap<String, TaskFacts>) -> Self {
        Self { tasks, ..self }
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

/// The group of an algorithm that starts from nothing, or from planted correlations.
pub(super) fn starting<'e, 'a>(evidence: &'e Evidence<'a>, algorithm: &str, planted: bool) -> Option<&'e Group<'a>> {
    let is_planted = |g: &&Group<'_>| g.conditions.iter().any(|(key, value)| *key == "init_alpha_v" && *value > 0.0);
    evidence.groups().iter().filter(|g| g.algorithm == algorithm).find(|g| is_planted(g) == planted)
}

/// The runs that did not fail.
pub(super) fn measured<'r>(
    records: impl Iterator<Item = &'r Record>,
) -> impl Iterator<Item = (&'r Record, &'r Measures)> {
    records.filter_map(|record| Some((record, record.measures.as_ref()?)))
}

/// The records of a cell at the chosen hyperparameters.
pub(super) fn records_of<'r>(evidence: &Evidence<'r>, cell: &Needed) -> impl Iterator<Item = &'r Record> {
    evidence.records.iter().filter(move |r| cell.describes(r, &evidence.analysis.question))
}

/// Those that did not fail, with what was measured.
pub(super) fn runs_of<'r>(evidence: &Evidence<'r>, cell: &Needed) -> Vec<(&'r Record, &'r Measures)> {
    measured(records_of(evidence, cell)).collect()
}

/// The median of finite numbers, if there are any.
pub(super) fn median_of(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    median(numbers.filter(|x| x.is_finite()).collect())
}
