//! The claims there are.

use super::evidence::{Evidence, Wanted};
use super::verdict::ExaminedClaim;
use super::{convergence, mirrored, moment, softmax, transfer, two_stages};

/// A claim that a sweep is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Algorithm 1 recovers where vanilla SGD does not.
    Convergence,
    /// The first stage takes a power of T, the second does not.
    TwoStages,
    /// A related V to start from makes the dependence on T vanish.
    Transfer,
    /// Softmax attention learns what linear attention does.
    Softmax,
    /// An estimator without gradients takes `log T` samples.
    Moment,
    /// How often runs are mirrored, and what may be done about it.
    Mirrored,
}

impl Claim {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Convergence, Self::TwoStages, Self::Transfer, Self::Softmax, Self::Moment, Self::Mirrored];

    /// What a config calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Convergence => "convergence",
            Self::TwoStages => "two_stages",
            Self::Transfer => "transfer",
            Self::Softmax => "softmax",
            Self::Moment => "moment",
            Self::Mirrored => "mirrored",
        }
    }

    /// The runs that it shows with their traces, or with what they learned, if these are not at
    /// hand.
    #[must_use]
    pub fn wanted(self, evidence: &Evidence<'_>) -> Vec<Wanted> {
        match self {
            Self::Softmax => softmax::wanted(evidence),
            _ => Vec::new(),
        }
    }

    /// What the runs say of it.
    #[must_use]
    pub fn examine(self, evidence: &Evidence<'_>) -> ExaminedClaim {
        match self {
            Self::Convergence => convergence::examine(evidence),
            Self::TwoStages => two_stages::examine(evidence),
            Self::Transfer => transfer::examine(evidence),
            Self::Softmax => softmax::examine(evidence),
            Self::Moment => moment::examine(evidence),
            Self::Mirrored => mirrored::examine(evidence),
        }
    }
}
