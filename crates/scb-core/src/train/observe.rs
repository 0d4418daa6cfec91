//! Observers: they receive the state of a run at its checks.

use std::ops::ControlFlow;

use crate::learn::Stage;
use crate::measure::{Errors, Rounded, Truth};
use crate::model::Model;

/// The state of a run at one check.
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
    /// Scale and error that rounding the attention now would give.
    pub rounded: Rounded,
    /// The model.
    pub model: Model<'a>,
    /// The task, with the measures that compare a model with it.
    pub truth: &'a Truth<'a>,
    keep: f64,
}

impl<'a> Checkpoint<'a> {
    pub(super) fn new(
        step: u64,
        samples: u64,
        stage: Stage,
        model: Model<'a>,
        truth: &'a Truth<'a>,
        keep: f64,
    ) -> Self {
        Self {
            step,
            samples,
            stage,
            alpha_v: truth.alpha_v(&model.value),
            alpha_a: truth.alpha_a(&model.attention),
            rounded: truth.rounded(&model, keep),
            model,
            truth,
            keep,
        }
    }

    /// Whether V and A hold finite numbers only. `alpha_A` depends on every entry of A.
    pub(super) fn is_finite(&self) -> bool {
        self.alpha_a.is_finite() && self.model.value.iter().all(|v| v.is_finite())
    }

    /// Whether the rounded model is within `epsilon` of the truth, relative to the uninformative
    /// start.
    pub(super) fn recovered(&self, epsilon: f64) -> bool {
        self.rounded.attention_error <= epsilon
            && self.truth.value_error(&self.model.value, self.rounded.scale) <= epsilon
    }

    /// All distances from the truth. They are computed on each call: O(N T + N^2).
    #[must_use]
    pub fn errors(&self) -> Errors {
        self.truth.errors(&self.model, self.keep)
    }
}

/// Receives the state of a run at every check. It can stop the run.
pub trait Observer {
    /// Called at step 0, then at every check (see [`train()`](super::train())), the last one
    /// included. `ControlFlow::Break(())` ends the run with
    /// [`Status::Stopped`](super::Status::Stopped), unless it ends at this check for another
    /// reason.
    fn observe(&mut self, seen: &Checkpoint<'_>) -> ControlFlow<()>;
}

/// Observes nothing and never stops the run.
impl Observer for () {
    fn observe(&mut self, _: &Checkpoint<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
