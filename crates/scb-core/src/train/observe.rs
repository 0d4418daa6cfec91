//! Looking at a run while it goes.

use std::ops::ControlFlow;

use crate::learn::Stage;
use crate::measure::{Errors, Rounded, Truth};
use crate::model::Linear;

/// A run at one check.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    /// Steps taken so far.
    pub step: u64,
    /// Samples used so far.
    pub samples: u64,
    /// The stage that the next step belongs to.
    pub stage: Stage,
    /// `alpha_V`.
    pub alpha_v: f64,
    /// `alpha_A`.
    pub alpha_a: f64,
    /// What rounding the attention would give.
    pub rounded: Rounded,
    /// The model itself.
    pub model: &'a Linear,
    /// The task it is measured against.
    pub truth: &'a Truth<'a>,
    keep: f64,
}

impl<'a> Checkpoint<'a> {
    pub(super) fn new(
        step: u64,
        samples: u64,
        stage: Stage,
        model: &'a Linear,
        truth: &'a Truth<'a>,
        keep: f64,
    ) -> Self {
        Self {
            step,
            samples,
            stage,
            alpha_v: truth.alpha_v(&model.value),
            alpha_a: truth.alpha_a(&model.attention),
            rounded: truth.rounded(model, keep),
            model,
            truth,
            keep,
        }
    }

    /// Whether V and A are free of infinities and not-a-numbers; `alpha_A` sums every entry of A.
    pub(super) fn is_finite(&self) -> bool {
        self.alpha_a.is_finite() && self.model.value.iter().all(|v| v.is_finite())
    }

    /// Whether the rounded model is within `epsilon` of the truth, relative to the uninformative start.
    pub(super) fn recovered(&self, epsilon: f64) -> bool {
        self.rounded.attention_error <= epsilon
            && self.truth.value_error(&self.model.value, self.rounded.scale) <= epsilon
    }

    /// Every distance from the truth; costs O(N T) each time it is asked.
    #[must_use]
    pub fn errors(&self) -> Errors {
        self.truth.errors(self.model, self.keep)
    }
}

/// Is shown a run at every check, and may stop it.
pub trait Observer {
    /// Called at step 0, at every check and at the end of the budget.
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()>;
}

/// Looks away.
impl Observer for () {
    fn observe(&mut self, _: &Checkpoint<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
