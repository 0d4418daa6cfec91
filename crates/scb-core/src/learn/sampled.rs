//! Gradient methods on fresh samples: draw a batch, take its mean gradient, step.

use super::gradient::{Gradient, GradientAccumulator};
use super::{Alignment, Learner, Setup, Stage, StepSizes};
use crate::data::{Batches, SparseAttention};
use crate::kernel::FixedPointAttention;
use crate::model::Linear;
use crate::task::Known;

/// Turns a batch gradient into a change of the model.
pub trait Optimiser {
    /// Called when a stage after the first begins. Plain methods have no stages beyond their step
    /// sizes and do nothing.
    fn enter(&mut self, stage: Stage, model: &mut Linear, known: &Known) {
        let _ = (stage, model, known);
    }
    /// Whether steps still change the attention. If not, no gradient of it is taken, and what `step` gets is old.
    fn moves_attention(&self) -> bool {
        true
    }
    /// How often it has changed the sign of both centred factors, `Vc` and `Ac`, so far; `None` if it
    /// never does.
    fn flips(&self) -> Option<u64> {
        None
    }
    /// Whether steps keep the sum of each row of the attention at 1, which makes `alpha_A` cheap to ask for.
    fn keeps_unit_rows(&self) -> bool;
    /// Moves `model` against `gradient`, the batch mean of the raw gradients, which may be overwritten.
    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, known: &Known, sizes: &StepSizes);
}

/// An optimiser with the batches that it learns from.
#[derive(Debug)]
pub struct Sampled<O> {
    known: Known,
    batches: Batches,
    weights: FixedPointAttention,
    accumulator: GradientAccumulator,
    gradient: Gradient,
    pub(super) model: Linear,
    optimiser: O,
    /// The entries of the attention, once it is fixed and has few.
    attended: Option<SparseAttention>,
}

impl<O: Optimiser> Sampled<O> {
    /// `optimiser` on the samples and the start of `setup`.
    pub fn new(setup: Setup, optimiser: O) -> Self {
        let Setup { known, batches, start, .. } = setup;
        let (n, t) = (known.n, known.t);
        Self {
            known,
            batches,
            weights: FixedPointAttention::zeros(n, t),
            accumulator: GradientAccumulator::new(n),
            gradient: Gradient::zeros(n, t),
            model: start,
            optimiser,
            attended: None,
        }
    }
}

impl<O: Optimiser> Learner for Sampled<O> {
    fn enter(&mut self, stage: Stage) {
        self.optimiser.enter(stage, &mut self.model, &self.known);
        if !self.optimiser.moves_attention() {
            self.attended = SparseAttention::new(&self.model.attention);
            self.weights.set(&self.model.attention);
        }
    }

    fn step(&mut self, sizes: &StepSizes) {
        let Self { accumulator, gradient, model, .. } = self;
        accumulator.begin(model, self.batches.batch_size());
        if let Some(attended) = &self.attended {
            self.batches.for_each_sparse(attended, |chunk| accumulator.add_value(chunk));
        } else if !self.optimiser.moves_attention() {
            self.batches.for_each_chunk(&self.weights, |chunk| accumulator.add_value(chunk));
        } else {
            self.weights.set(&model.attention);
            let mut first = true;
            self.batches.for_each_chunk(&self.weights, |chunk| {
                accumulator.add(chunk, first, gradient);
                first = false;
            });
        }
        accumulator.finish(gradient);
        self.optimiser.step(model, gradient, &self.known, sizes);
    }

    fn model(&mut self) -> &Linear {
        &self.model
    }

    fn into_model(self: Box<Self>) -> Linear {
        self.model
    }

    fn alignment(&self) -> Alignment {
        if self.optimiser.keeps_unit_rows() { Alignment::OfUnitRows } else { Alignment::OfAnyRows }
    }

    fn flips(&self) -> Option<u64> {
        self.optimiser.flips()
    }
}
