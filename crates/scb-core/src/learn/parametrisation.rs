//! Parametrisations: the numbers that are learned, which are the attention itself or its logits.

use ndarray::Array2;

use crate::kernel::{row, row_mut};
use crate::model::Linear;
use crate::model::softmax::{attend, logits_of, to_logits};

/// The parameters of the attention, which a rule changes.
pub(super) trait Parametrisation {
    /// Whether every attention it can express has rows that sum to 1.
    const UNIT_ROWS: bool;
    /// The parameters of the model that training starts from.
    fn of(model: &Linear) -> Self;
    /// Turns the gradient of row `k` of the attention into that of its parameters, in place.
    fn pull_back(&self, model: &Linear, k: usize, gradient: &mut [f32]);
    /// The parameters of row `k`, T of them.
    fn row_mut<'p>(&'p mut self, model: &'p mut Linear, k: usize) -> &'p mut [f32];
    /// Computes row `k` of the attention from its parameters.
    fn attend(&self, model: &mut Linear, k: usize);
}

/// The attention is its own parameter.
#[derive(Debug)]
pub(super) struct LinearAttention;

impl Parametrisation for LinearAttention {
    const UNIT_ROWS: bool = false;

    fn of(_: &Linear) -> Self {
        Self
    }

    fn pull_back(&self, _: &Linear, _: usize, _: &mut [f32]) {}

    fn row_mut<'p>(&'p mut self, model: &'p mut Linear, k: usize) -> &'p mut [f32] {
        row_mut(&mut model.attention, k)
    }

    fn attend(&self, _: &mut Linear, _: usize) {}
}

/// `a^(k) = softmax(s^(k))`.
///
/// Near the uniform start a logit changes the attention by `1/T` of its own change and has `1/T` of
/// the gradient. So the same rate of growth needs an `eta_A` that is `T^2` times larger
/// (`attention_step`).
#[derive(Debug)]
pub(super) struct SoftmaxAttention {
    /// s transposed, shape `(N, T)`.
    pub(super) logits: Array2<f32>,
}

impl Parametrisation for SoftmaxAttention {
    const UNIT_ROWS: bool = true;

    fn of(model: &Linear) -> Self {
        Self { logits: logits_of(&model.attention) }
    }

    fn pull_back(&self, model: &Linear, k: usize, gradient: &mut [f32]) {
        to_logits(row(&model.attention, k), gradient);
    }

    fn row_mut<'p>(&'p mut self, _: &'p mut Linear, k: usize) -> &'p mut [f32] {
        row_mut(&mut self.logits, k)
    }

    fn attend(&self, model: &mut Linear, k: usize) {
        attend(row(&self.logits, k), row_mut(&mut model.attention, k));
    }
}
