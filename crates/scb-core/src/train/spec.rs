//! How to train.

use super::{StageEnd, Start};
use crate::TrainError;
use crate::learn::{ALGORITHMS, Algorithm, ParameterValues, Stage};

/// Units of the step sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepScale {
    /// `eta_V = eta / K_Q`, `eta_A = eta / K_P`: one eta means the same thing across tasks.
    Normalised,
    /// `eta_V = eta_A = eta`.
    Raw,
}

impl StepScale {
    /// Every scale.
    pub const ALL: [Self; 2] = [Self::Normalised, Self::Raw];

    /// Their names, in the order of [`StepScale::ALL`].
    pub const NAMES: [&str; 2] = ["normalised", "raw"];
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
///
/// ```
/// use scb_core::train::TrainSpec;
///
/// let spec = TrainSpec { batch_size: 128, lambda: 0.01, ..TrainSpec::default() };
/// assert_eq!(spec.algorithm.name, "prox");
/// ```
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
    /// Rounding keeps entries of `a` of at least this share of the largest, in `(0, 1]`; of unequal weights also those that no noise reaches.
    pub keep: f64,
    /// Values of the algorithm's own parameters; those of other algorithms are not looked at.
    pub parameters: ParameterValues,
    /// `min(alpha_V, alpha_A)` of the signal milestone.
    pub signal: f64,
    /// Relative error of the recovery milestone.
    pub epsilon: f64,
    /// Milestones are known to within this share of their value.
    pub resolution: f64,
    /// When to stop early.
    pub stop_at: StopAt,
}

/// Algorithm 1 with normalised steps from the uninformative start, as a config has it that says nothing else, with
/// a budget of 100 000 samples.
impl Default for TrainSpec {
    fn default() -> Self {
        Self {
            algorithm: &ALGORITHMS[0],
            batch_size: 64,
            eta_boost: 0.1,
            eta_sparse: 0.05,
            lambda: 0.003,
            steps: StepScale::Normalised,
            attention_step: 1.0,
            start: Start::UNINFORMATIVE,
            max_samples: 100_000,
            boost_end: StageEnd { alpha: Some(0.5), share: Some(0.5), ..StageEnd::default() },
            sparse_end: StageEnd::default(),
            keep: 0.5,
            parameters: ParameterValues::defaults(),
            signal: 0.25,
            epsilon: 0.25,
            resolution: 0.02,
            stop_at: StopAt::Recovery,
        }
    }
}

impl TrainSpec {
    /// Steps that the budget allows, at least 1.
    #[must_use]
    pub fn max_steps(&self) -> u64 {
        (self.max_samples / (self.batch_size as u64).max(1)).max(1)
    }

    /// That every setting is in its range.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the first that is not.
    pub fn check(&self) -> Result<(), TrainError> {
        let wrong = |name, value, range: &str| Err(TrainError::Setting { name, value, range: range.to_owned() });
        if self.batch_size == 0 {
            return Err(TrainError::batch_size());
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
        for (name, value) in [("lambda", self.lambda), ("resolution", self.resolution)] {
            if !(value >= 0.0 && value.is_finite()) {
                return wrong(name, value, "at least 0 and finite");
            }
        }
        if !(self.keep > 0.0 && self.keep <= 1.0) {
            return wrong("keep", self.keep, "above 0 and at most 1");
        }
        for (name, end) in [("boost_end", self.boost_end), ("sparse_end", self.sparse_end)] {
            if let Some((value, range)) = end.complaint() {
                return wrong(name, value, range);
            }
        }
        for parameter in self.algorithm.parameters {
            let value = self.parameters.get(parameter);
            if !parameter.range.contains(value) {
                return wrong(parameter.name, value, &parameter.range.to_string());
            }
        }
        Ok(())
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
