//! What the training loop runs, and what a learner is made from.

use super::{ParameterValues, Stage};
use crate::data::Batches;
use crate::model::Linear;
use crate::task::Known;

/// What a learner is made from. There is no truth in it.
#[derive(Debug)]
pub struct Setup {
    /// What it may know of the task.
    pub known: Known,
    /// Its samples, batch by batch.
    pub batches: Batches,
    /// The model that it starts from.
    pub start: Linear,
    /// Rounding keeps entries of `a` of at least this share of the largest, in `(0, 1]`; of unequal weights
    /// also those that no noise reaches ([`crate::model`]).
    pub keep: f64,
    /// Values of the algorithm's own parameters.
    pub parameters: ParameterValues,
}

/// Step sizes of one step, in the units of the raw gradients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSizes {
    /// `eta_V`.
    pub value: f64,
    /// `eta_A`.
    pub attention: f64,
    /// `eta_A lambda`, what soft-thresholding takes off; 0 outside the sparse stage.
    pub threshold: f64,
}

/// Anything the training loop can run.
pub trait Learner {
    /// Called when a stage after the first begins.
    fn enter(&mut self, stage: Stage);
    /// One step.
    fn step(&mut self, sizes: &StepSizes);
    /// The current model.
    fn model(&mut self) -> &Linear;
    /// The model at the end.
    fn into_model(self: Box<Self>) -> Linear;
    /// How the training loop finds `alpha_A`, by which it may end stages.
    fn alignment(&self) -> Alignment;
    /// How often it has changed the sign of both centred factors, `Vc` and `Ac`, so far; `None` if it
    /// never does.
    fn flips(&self) -> Option<u64> {
        None
    }
}

/// How `alpha_A` is found after a step, at the least cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Alignment {
    /// It is this number.
    Is(f64),
    /// From the model's attention, whose rows sum to 1: O(N Q).
    OfUnitRows,
    /// From the model's attention, whose rows may sum to anything: O(N T).
    OfAnyRows,
}
