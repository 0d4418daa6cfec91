//! How a run ended.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The recovery milestone was reached.
    Recovered,
    /// The budget was spent first: the milestones not reached are right-censored.
    Exhausted,
    /// `alpha_A <= -0.5`: the run grew into the mirrored solution (-1, -1).
    Mirrored,
    /// Something is no longer finite, or the run ends, with its budget or at `alpha_A <= -0.5`, at more
    /// than twice the loss of the uninformative start: too large a step. A run that had recovered before keeps that milestone.
    Diverged,
    /// An observer asked to stop.
    Stopped,
}

/// `alpha_A` at which a run counts as mirrored.
pub const MIRRORED_ALPHA: f64 = -0.5;
