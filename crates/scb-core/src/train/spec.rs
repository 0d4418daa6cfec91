//! How to train.

use super::StageEnd;
use crate::kernel::Level;
use crate::optimise::{Algorithm, Stage, Start};

/// Units of the step sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepScale {
    /// `eta_V = eta / K_Q`, `eta_A = eta / K_P`: one eta means the same thing across tasks.
    Normalised,
    /// `eta_V = eta_A = eta`.
    Raw,
}

/// When a run may end before its budget is spent (it always ends when mirrored or diverged).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopAt {
    /// At the recovery milestone.
    Recovery,
    /// Never.
    Budget,
}

/// Everything that decides a run besides the task and the data stream.
#[derive(Debug, Clone)]
pub struct TrainSpec {
    /// Which algorithm.
    pub algorithm: &'static Algorithm,
    /// Samples per step B, at least 1.
    pub batch_size: usize,
    /// Step size while boosting.
    pub eta_boost: f64,
    /// Step size afterwards.
    pub eta_sparse: f64,
    /// l1 regularisation of the sparse stage.
    pub lambda: f64,
    /// Units of the step sizes.
    pub steps: StepScale,
    /// Step size of the attention, in units of that of V.
    pub attention_step: f64,
    /// Where training starts.
    pub start: Start,
    /// Budget in samples, at least B.
    pub max_samples: u64,
    /// What ends the boosting stage.
    pub boost_end: StageEnd,
    /// What ends the sparse stage.
    pub sparse_end: StageEnd,
    /// Entries of `a` below this share of the largest are cut when the sparse stage begins.
    pub cut: f64,
    /// Rounding keeps entries of `a` of at least this share of the largest, in `(0, 1]`.
    pub keep: f64,
    /// How far negative entries of the attention must dominate for both factors to be flipped, at least 1; `None`: never.
    pub flip: Option<f64>,
    /// `min(alpha_V, alpha_A)` of the signal milestone.
    pub signal: f64,
    /// Relative error of the recovery milestone.
    pub epsilon: f64,
    /// Milestones are known to within this share of their value.
    pub resolution: f64,
    /// When to stop early.
    pub stop_at: StopAt,
    /// Which kernels to use; the results are the same.
    pub level: Level,
}

impl TrainSpec {
    /// Steps that the budget allows, at least 1.
    #[must_use]
    pub fn max_steps(&self) -> u64 {
        (self.max_samples / self.batch_size as u64).max(1)
    }

    /// What ends a stage.
    pub(super) fn end_of(&self, stage: Stage) -> StageEnd {
        match stage {
            Stage::Boost => self.boost_end,
            Stage::Sparse => self.sparse_end,
            Stage::Round => StageEnd::default(),
        }
    }

    /// Step size of a stage.
    pub(super) fn eta(&self, stage: Stage) -> f64 {
        if stage == Stage::Boost { self.eta_boost } else { self.eta_sparse }
    }

    /// The step of the check after the one at `step`.
    pub(super) fn check_after(&self, step: u64) -> u64 {
        let spaced = (step as f64 * (1.0 + self.resolution)) as u64;
        spaced.max(step + 1)
    }
}
