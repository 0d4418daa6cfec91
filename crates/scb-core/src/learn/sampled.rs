//! Gradient methods on fresh samples: draw a batch, take its mean gradient, step.

use super::gradient::{Gradient, GradientAccumulator};
use super::{Alignment, Learner, Setup, Stage, StepSizes};
use crate::data::{Batches, SparseAttention};
use crate::kernel::FixedPointAttention;
use crate::model::{Linear, Model};
use crate::task::Known;

/// A gradient method: it turns the gradient of a batch into a change of the model.
pub trait Optimiser {
    /// Called once when a stage after [`Stage::Boost`] begins. Does nothing by default.
    fn enter(&mut self, stage: Stage, model: &mut Linear, known: &Known) {
        let _ = (stage, model, known);
    }
    /// Whether steps still change the attention. It is asked at every step. If it is false, the
    /// gradient of the attention is not computed and `gradient.attention` in `step` is stale. It
    /// may become false only in [`enter`](Self::enter), and must then stay false.
    fn moves_attention(&self) -> bool {
        true
    }
    /// How often it has changed the sign of both centred factors, `Vc` and `Ac`, so far; `None` if
    /// it never does.
    fn flips(&self) -> Option<u64> {
        None
    }
    /// Whether every step keeps the sum of each attention row at 1. Then computing `alpha_A` costs
    /// O(N Q), not O(N T).
    fn keeps_unit_rows(&self) -> bool;
    /// Updates `model`. `gradient` is the mean of the per-sample gradients of a batch, without
    /// preconditioning; so row k of its attention part contains a factor of about `mu_k`. It may be
    /// overwritten. The attention of `model` must stay in row-major (standard) layout.
    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, known: &Known, sizes: &StepSizes);
}

/// A [`Learner`] made of an optimiser and a source of batches.
#[derive(Debug)]
pub struct Sampled<O> {
    known: Known,
    batches: Batches,
    weights: FixedPointAttention,
    accumulator: GradientAccumulator,
    gradient: Gradient,
    pub(super) model: Linear,
    optimiser: O,
    /// The non-zero entries of the attention, once it is fixed and has few of them.
    attended: Option<SparseAttention>,
}

impl<O: Optimiser> Sampled<O> {
    /// A learner that runs `optimiser` on the batches of `setup`, starting from its model.
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

    fn set_batch_size(&mut self, batch_size: usize) {
        self.batches.set_batch_size(batch_size);
    }

    fn step(&mut self, sizes: &StepSizes) {
        let Self { accumulator, gradient, model, batches, weights, .. } = self;
        if self.optimiser.moves_attention() {
            accumulator.next_batch(model, weights, batches, gradient);
        } else {
            accumulator.begin(model, batches.batch_size());
            match &self.attended {
                Some(attended) => batches.for_each_sparse(attended, |chunk| accumulator.add_value(chunk)),
                None => batches.for_each_chunk(weights, |chunk| accumulator.add_value(chunk)),
            }
            accumulator.finish(gradient);
        }
        self.optimiser.step(model, gradient, &self.known, sizes);
    }

    fn model(&mut self) -> Model<'_> {
        (&self.model).into()
    }

    fn into_model(self: Box<Self>) -> Model<'static> {
        self.model.into()
    }

    fn alignment(&self) -> Alignment {
        if self.optimiser.keeps_unit_rows() { Alignment::OfUnitRows } else { Alignment::OfAnyRows }
    }

    fn flips(&self) -> Option<u64> {
        self.optimiser.flips()
    }
}
