//! How to train.

use super::StageEnd;
use crate::learn::{Algorithm, Stage, Start};
use crate::{Task, TrainError};

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
    /// Entries of `a` below this share of the largest are cut when the sparse stage begins; of unequal weights only those that may be noise
    /// (`model/rounding.rs`).
    pub cut: f64,
    /// Rounding keeps entries of `a` of at least this share of the largest, in `(0, 1]`; of unequal weights also those that no noise reaches.
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
}

impl TrainSpec {
    /// Steps that the budget allows, at least 1.
    #[must_use]
    pub fn max_steps(&self) -> u64 {
        (self.max_samples / (self.batch_size as u64).max(1)).max(1)
    }

    /// That a V to start from is one of this task's.
    pub(super) fn check_start(&self, task: &Task) -> Result<(), TrainError> {
        let wrong = |name, value, range| Err(TrainError::Setting { name, value, range });
        match &self.start {
            Start::Transferred { value, .. } if value.dim() != (task.n, task.n) => {
                wrong("start", value.nrows() as f64, "a V of N rows and N columns")
            }
            Start::Transferred { value, .. } if !value.iter().all(|v| v.is_finite()) => {
                wrong("start", f64::NAN, "a V of finite entries")
            }
            Start::Transferred { weight, .. } if !weight.is_finite() => wrong("start", *weight, "a finite weight"),
            Start::Planted { alpha_v, alpha_a } if !(alpha_v.is_finite() && alpha_a.is_finite()) => {
                wrong("start", alpha_v + alpha_a, "finite correlations")
            }
            _ => Ok(()),
        }
    }

    /// That every setting is in its range.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the first that is not.
    pub fn check(&self) -> Result<(), TrainError> {
        let wrong = |name, value, range| Err(TrainError::Setting { name, value, range });
        if self.batch_size == 0 {
            return wrong("batch_size", 0.0, "at least one sample");
        }
        if self.max_samples < self.batch_size as u64 {
            return wrong("max_samples", self.max_samples as f64, "at least one batch");
        }
        for (name, value) in [
            ("eta_boost", self.eta_boost),
            ("eta_sparse", self.eta_sparse),
            ("attention_step", self.attention_step),
            ("epsilon", self.epsilon),
            ("signal", self.signal),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return wrong(name, value, "positive and finite");
            }
        }
        for (name, value) in [("lambda", self.lambda), ("cut", self.cut), ("resolution", self.resolution)] {
            if !(value >= 0.0 && value.is_finite()) {
                return wrong(name, value, "at least 0 and finite");
            }
        }
        if self.cut > 1.0 {
            return wrong("cut", self.cut, "at most 1");
        }
        if !(self.keep > 0.0 && self.keep <= 1.0) {
            return wrong("keep", self.keep, "above 0 and at most 1");
        }
        match self.flip.filter(|flip| !(*flip >= 1.0 && flip.is_finite())) {
            Some(flip) => wrong("flip", flip, "at least 1"),
            None => Ok(()),
        }
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
