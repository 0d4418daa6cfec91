//! Learners, and what they are made from.

use super::{ParameterValues, Stage};
use crate::data::Batches;
use crate::model::{Linear, Model};
use crate::task::Known;

/// What a learner is made from. It does not contain P or the attention patterns.
#[derive(Debug)]
pub struct Setup {
    /// What it may know of the task.
    pub known: Known,
    /// The source of its samples.
    pub batches: Batches,
    /// The initial model.
    pub start: Linear,
    /// Rounding keeps entries of at least this fraction of the row's largest entry, in `(0, 1]`.
    /// For unequal weights it also keeps smaller entries above the noise level; see
    /// [`crate::model`].
    pub keep: f64,
    /// Values of the algorithm's own parameters.
    pub parameters: ParameterValues,
}

/// The step sizes of one step. They multiply the gradients directly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSizes {
    /// `eta_V`.
    pub value: f64,
    /// `eta_A`.
    pub attention: f64,
    /// The soft threshold `eta_A lambda`; 0 outside the sparse stage.
    pub threshold: f64,
}

/// A learning method that [`train()`](crate::train::train()) can run.
pub trait Learner {
    /// Called once when `stage` begins. Not called for the first stage, [`Stage::Boost`].
    fn enter(&mut self, stage: Stage);
    /// From the next step on a batch has `batch_size` samples, at least 1. Called when a stage
    /// begins, also where the size stays the same.
    fn set_batch_size(&mut self, batch_size: usize);
    /// Takes one step: draws one batch, if it draws samples, and updates the model.
    fn step(&mut self, sizes: &StepSizes);
    /// The current model. It may be computed on demand.
    fn model(&mut self) -> Model<'_>;
    /// The model at the end.
    fn into_model(self: Box<Self>) -> Model<'static>;
    /// How the training loop is to compute `alpha_A`, which may end a stage.
    fn alignment(&self) -> Alignment;
    /// How often it has changed the sign of both centred factors, `Vc` and `Ac`, so far; `None` if
    /// it never does.
    fn flips(&self) -> Option<u64> {
        None
    }
}

/// How to compute `alpha_A` after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Alignment {
    /// It is this number; there is nothing to compute.
    Is(f64),
    /// From the model, whose attention rows sum to 1. O(N Q).
    OfUnitRows,
    /// From the model, whose attention rows may have any sum. O(N T).
    OfAnyRows,
}
