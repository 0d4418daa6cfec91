//! The stages of Algorithm 1.

/// A stage of Algorithm 1. Stages run in the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Signal boosting: large steps, no threshold.
    Boost,
    /// Sparsification: smaller steps, soft threshold.
    Sparse,
    /// The attention is rounded and fixed; only V is trained.
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

    /// Its name: `boost`, `sparse` or `round`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boost => "boost",
            Self::Sparse => "sparse",
            Self::Round => "round",
        }
    }
}
