//! The stages of Algorithm 1.

/// A stage of Algorithm 1, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Signal boosting: large step, no threshold.
    Boost,
    /// Smaller step, soft threshold.
    Sparse,
    /// The attention is rounded and stays; V finishes.
    Round,
}

impl Stage {
    /// The stage after this one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Boost => Some(Self::Sparse),
            Self::Sparse => Some(Self::Round),
            Self::Round => None,
        }
    }

    /// What a user calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boost => "boost",
            Self::Sparse => "sparse",
            Self::Round => "round",
        }
    }
}
