//! How a run ended.

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The recovery milestone was reached.
    Recovered,
    /// The budget was spent. Milestones that were not reached are right-censored.
    Exhausted,
    /// `alpha_A` fell to [`MIRRORED_ALPHA`]: the run approaches the mirrored solution, both
    /// correlations at -1.
    Mirrored,
    /// V or A is not finite, or the loss exceeds twice that of the uninformative start. The loss is
    /// looked at when `alpha_A` falls to [`MIRRORED_ALPHA`] and at the end of the budget; there a
    /// run whose rounded model is within epsilon of the truth has not diverged. The step size was
    /// too large. A recovery milestone that was reached earlier is kept.
    Diverged,
    /// The cap on its samples was reached ([`TrainSpec::cap`](super::TrainSpec::cap)). The run is the
    /// beginning of a longer one.
    Capped,
    /// An observer asked to stop.
    Stopped,
}

/// The value of `alpha_A` at which a run counts as mirrored.
pub const MIRRORED_ALPHA: f64 = -0.5;
