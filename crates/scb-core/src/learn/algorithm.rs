//! The description of an algorithm.

use super::{Learner, Parameter, ParameterValues, Setup};
use crate::model::Model;
use crate::task::Task;

/// The description of a learning algorithm; [`ALGORITHMS`](super::ALGORITHMS) lists those of this
/// crate.
#[derive(Debug)]
pub struct Algorithm {
    /// Its name, unique among algorithms that are used together.
    pub name: &'static str,
    /// A one-line description.
    pub summary: &'static str,
    /// The algorithm's own parameters, in addition to the settings in
    /// [`TrainSpec`](crate::train::TrainSpec).
    pub parameters: &'static [Parameter],
    /// Whether the size of a step does not depend on the scale of the gradient, as in Adam. If so,
    /// `eta` is used as it is; otherwise normalised steps divide it by `K_Q` and `K_P`.
    pub scale_free: bool,
    /// Memory beyond a model and its gradient, in bytes, as a function of N and T. It is an
    /// estimate; training does not use it.
    pub bytes: fn(f64, f64) -> f64,
    /// Which prediction of theory applies, given the values of its parameters. Training does not
    /// use it.
    pub prediction: fn(&ParameterValues) -> Prediction,
    /// The constructor of its learner.
    pub make: Constructor,
}

/// The constructor of a learner.
#[derive(Debug)]
pub enum Constructor {
    /// From samples, an initial model and what may be known of the task.
    FromSamples(fn(Setup) -> Box<dyn Learner>),
    /// From the task itself, for algorithms that follow a formula and draw no samples.
    FromTask(for<'t> fn(&'t Task, Model<'static>, InitialModel) -> Box<dyn Learner + 't>),
}

/// How the initial model relates to the truth; for [`Constructor::FromTask`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InitialModel {
    /// The model is [`planted`](crate::theory::planted) with these correlations.
    Planted {
        /// `alpha_V`.
        alpha_v: f64,
        /// `alpha_A`.
        alpha_a: f64,
    },
    /// V is arbitrary and the attention is uniform.
    AnyValue,
}

/// Which prediction of theory applies to the runs of an algorithm; see
/// [`train::predicted`](crate::train::predicted()).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prediction {
    /// None.
    Nothing,
    /// The probability that a run from the uninformative start ends in the mirrored solution
    /// ([`theory::mirrored`](crate::theory::mirrored)).
    Mirrored,
    /// The number of samples needed to find the support
    /// ([`theory::support_threshold`](crate::theory::support_threshold)).
    Support,
}

impl Algorithm {
    /// Its own parameter of this name; `None` if it has none.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Whether its learner draws samples. If not, the cost of a step does not depend on B.
    #[must_use]
    pub fn draws_samples(&self) -> bool {
        matches!(self.make, Constructor::FromSamples(_))
    }
}

/// The memory of algorithms that need none beyond a model and its gradient.
pub(super) fn no_bytes(_: f64, _: f64) -> f64 {
    0.0
}
