//! What an algorithm declares of itself.

use super::{Learner, Parameter, ParameterValues, Setup};
use crate::model::Linear;
use crate::task::Task;

/// One row of [`ALGORITHMS`](super::ALGORITHMS).
#[derive(Debug)]
pub struct Algorithm {
    /// What a user types.
    pub name: &'static str,
    /// One line for the list of algorithms.
    pub summary: &'static str,
    /// Parameters that this algorithm has and the training loop does not know.
    pub parameters: &'static [Parameter],
    /// Whether a step of size eta means the same on every task as it is, so that eta is not divided by
    /// the task's constants.
    pub scale_free: bool,
    /// Bytes that it takes beyond a model and its gradient, for N states and length T.
    pub bytes: fn(f64, f64) -> f64,
    /// What theory predicts of its runs at these values of its parameters.
    pub prediction: fn(&ParameterValues) -> Prediction,
    /// Makes a learner at its starting point.
    pub make: Constructor,
}

/// How a learner is made.
#[derive(Debug)]
pub enum Constructor {
    /// From what it may know, its samples and the model it starts from.
    FromSamples(fn(Setup) -> Box<dyn Learner>),
    /// From the task, by formulas: for algorithms that are a limit of others and draw no samples.
    FromTask(for<'t> fn(&'t Task, Linear, InitialModel) -> Box<dyn Learner + 't>),
}

/// What is known of the model that training starts from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InitialModel {
    /// On the path: V and A have these correlations, and nothing besides.
    Planted {
        /// `alpha_V`.
        alpha_v: f64,
        /// `alpha_A`.
        alpha_a: f64,
    },
    /// V is any matrix, the attention is uniform.
    AnyValue,
}

/// What theory predicts of the runs of an algorithm, from the task and without samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prediction {
    /// Nothing.
    Nothing,
    /// The probability that a run from the uninformative start ends in the mirrored solution
    /// ([`theory::mirrored`](crate::theory::mirrored)).
    Mirrored,
    /// How many samples the support takes ([`theory::support_threshold`](crate::theory::support_threshold)).
    Support,
}

impl Algorithm {
    /// Its own parameter of this name, if it has one.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Whether a step simulates `B T` tokens; if not, its cost does not depend on the batch size.
    #[must_use]
    pub fn draws_samples(&self) -> bool {
        matches!(self.make, Constructor::FromSamples(_))
    }
}

/// For algorithms that take no memory beyond a model and its gradient.
pub(super) fn no_bytes(_: f64, _: f64) -> f64 {
    0.0
}
