//! The figures that every run has.

use super::attention::Specimen;
use super::picture::Figure;
use super::training::Traced;
use super::{
    attention, beside, competing_laws, condition, needed_samples, search_bowls, search_tokens, search_values, steps,
    success, training,
};
use crate::analysis::Analysis;
use crate::record::{Record, draws_samples};

/// What some figures show that the analysis does not hold.
#[derive(Debug, Clone, Default)]
pub struct Pictured {
    /// The runs of [`traced`], and some of them once more without noise, each with its trace.
    pub traces: Vec<Traced>,
    /// What the run of [`specimen`] learned.
    pub specimen: Option<Specimen>,
}

/// Every figure of a run. One without data is left out.
#[must_use]
pub fn all(analysis: &Analysis, pictured: &Pictured) -> Vec<Figure> {
    let quantile = analysis.question.quantile;
    let mut figures = Vec::new();
    let groups = analysis.groups();
    // Dynamics without noise are a reference, drawn on top of others; alone they have figures of
    // their own.
    let noisy = groups.iter().any(|group| draws_samples(group.algorithm));
    for group in groups.into_iter().filter(|group| !noisy || draws_samples(group.algorithm)) {
        figures.extend(needed_samples::all(&group, quantile));
        figures.extend(beside::figure(analysis, &group));
        figures.extend(competing_laws::figure(&group));
        figures.extend(success::all(&group, quantile));
        if group.searched().is_empty() {
            figures.extend(steps::all(&group, quantile));
        } else {
            figures.extend(search_bowls::all(&group, quantile));
            figures.extend([search_values::figure(&group), search_tokens::figure(&group)].into_iter().flatten());
        }
    }
    figures.extend(condition::all(analysis));
    figures.extend(training::figure(&pictured.traces));
    figures.extend(pictured.specimen.as_ref().and_then(attention::figure));
    figures
}

/// The runs whose traces are shown: those of the largest cell, at the hyperparameters chosen for
/// it.
#[must_use]
pub fn traced<'r>(analysis: &Analysis, records: &'r [Record]) -> Vec<&'r Record> {
    training::shown(analysis, records)
}

/// The run whose attention is shown: one that recovered, at the shortest T, where single positions
/// can be seen.
#[must_use]
pub fn specimen<'r>(analysis: &Analysis, records: &'r [Record]) -> Option<&'r Record> {
    attention::shown(analysis, records)
}
