//! The settings of a run.

use super::spacing::spaced;
use super::{StageEnd, Start};
use crate::TrainError;
use crate::learn::{ALGORITHMS, Algorithm, ParameterValues, Stage};

/// How step sizes are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepScale {
    /// `eta_V = eta / K_Q`, `eta_A = eta / K_P`: eta then has the same effect on every task.
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

/// When a run may end before its budget is spent. Divergence and the mirrored solution always end
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopAt {
    /// At the recovery milestone.
    Recovery,
    /// Never.
    Budget,
}

/// The settings of a run. With the task and the stream of samples they determine its outcome.
///
/// ```
/// use scb_core::train::TrainSpec;
///
/// let spec = TrainSpec { batch_size: 128, lambda: 0.01, ..TrainSpec::default() };
/// assert_eq!(spec.algorithm.name, "prox");
/// ```
#[derive(Debug, Clone)]
pub struct TrainSpec {
    /// The algorithm: one of [`ALGORITHMS`], or a `static` of your own.
    pub algorithm: &'static Algorithm,
    /// Samples per step, B, at least 1.
    pub batch_size: usize,
    /// B in the sparse and rounding stages, at least 1; `None` for `batch_size`.
    pub batch_size_sparse: Option<usize>,
    /// eta in the boosting stage, positive.
    pub eta_boost: f64,
    /// eta in the sparse stage, positive.
    pub eta_sparse: f64,
    /// eta in the rounding stage, positive; `None` for `eta_sparse`.
    pub eta_round: Option<f64>,
    /// l1 regularisation lambda in the sparse stage, at least 0.
    pub lambda: f64,
    /// lambda in the boosting stage, at least 0. Algorithm 1 has none there.
    pub lambda_boost: f64,
    /// How the step sizes are scaled.
    pub steps: StepScale,
    /// A factor of `eta_A`, positive. With raw steps it is the ratio of `eta_A` to `eta_V`.
    pub attention_step: f64,
    /// That factor in the sparse and rounding stages, positive; `None` for `attention_step`.
    pub attention_step_sparse: Option<f64>,
    /// The initial model.
    pub start: Start,
    /// Budget in samples, at least B of every stage. The run ends when the next batch would exceed
    /// it.
    pub max_samples: u64,
    /// Ends the run early, with [`Status::Capped`](super::Status::Capped), when the next batch would
    /// exceed so many samples. It changes nothing else: the run is the beginning of the one without
    /// a cap.
    pub cap: Option<u64>,
    /// When the boosting stage ends.
    pub boost_end: StageEnd,
    /// When the sparse stage ends.
    pub sparse_end: StageEnd,
    /// Rounding keeps entries of at least this fraction of the row's largest entry, in `(0, 1]`.
    /// For unequal weights it also keeps smaller entries above the noise level; see
    /// [`crate::model`].
    pub keep: f64,
    /// Values of the algorithm's own parameters; values of other algorithms are ignored.
    pub parameters: ParameterValues,
    /// The signal milestone is reached when `min(alpha_V, alpha_A)` is at least this; positive.
    pub signal: f64,
    /// The recovery milestone is reached when both relative errors of the rounded model are at most
    /// this; positive.
    pub epsilon: f64,
    /// Relative spacing of checks, and so the relative precision of milestones; 0 checks at every
    /// step.
    pub resolution: f64,
    /// When the run may end before its budget is spent.
    pub stop_at: StopAt,
}

/// Algorithm 1, normalised steps, the uninformative start and a budget of 100 000 samples.
impl Default for TrainSpec {
    fn default() -> Self {
        Self {
            algorithm: &ALGORITHMS[0],
            batch_size: 64,
            batch_size_sparse: None,
            eta_boost: 0.1,
            eta_sparse: 0.05,
            eta_round: None,
            lambda: 0.003,
            lambda_boost: 0.0,
            steps: StepScale::Normalised,
            attention_step: 1.0,
            attention_step_sparse: None,
            start: Start::UNINFORMATIVE,
            max_samples: 100_000,
            cap: None,
            boost_end: StageEnd { clear_mass: Some(0.5), ..StageEnd::default() },
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
    /// The most steps that the budget allows, at least 1.
    #[must_use]
    pub fn max_steps(&self) -> u64 {
        let least = self.batch_of(Stage::Boost).min(self.batch_of(Stage::Sparse));
        (self.max_samples / least.max(1)).max(1)
    }

    /// Checks that every setting is in its range. [`train()`](super::train()) does this first.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the first that is not.
    pub fn check(&self) -> Result<(), TrainError> {
        let wrong = |name, value, range: &str| Err(TrainError::Setting { name, value, range: range.to_owned() });
        for stage in [Stage::Boost, Stage::Sparse] {
            if self.batch_of(stage) == 0 {
                return Err(TrainError::batch_size());
            }
            if self.max_samples < self.batch_of(stage) {
                return wrong("max_samples", self.max_samples as f64, "at least one batch");
            }
        }
        for (name, value) in [
            ("eta_boost", self.eta_boost),
            ("eta_sparse", self.eta_sparse),
            ("eta_round", self.eta(Stage::Round)),
            ("attention_step", self.attention_step),
            ("attention_step_sparse", self.attention_step_of(Stage::Sparse)),
            ("epsilon", self.epsilon),
            ("signal", self.signal),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return wrong(name, value, "positive and finite");
            }
        }
        let settings = [("lambda", self.lambda), ("lambda_boost", self.lambda_boost), ("resolution", self.resolution)];
        for (name, value) in settings {
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

    /// When a stage ends; the rounding stage never does.
    pub(super) fn end_of(&self, stage: Stage) -> StageEnd {
        match stage {
            Stage::Boost => self.boost_end,
            Stage::Sparse => self.sparse_end,
            Stage::Round => StageEnd::default(),
        }
    }

    /// eta in a stage.
    pub(super) fn eta(&self, stage: Stage) -> f64 {
        match stage {
            Stage::Boost => self.eta_boost,
            Stage::Sparse => self.eta_sparse,
            Stage::Round => self.eta_round.unwrap_or(self.eta_sparse),
        }
    }

    /// The ratio of the attention's step size to that of V in a stage, in units of the step scale.
    pub(super) fn attention_step_of(&self, stage: Stage) -> f64 {
        let later = self.attention_step_sparse.filter(|_| stage != Stage::Boost);
        later.unwrap_or(self.attention_step)
    }

    /// lambda in a stage.
    pub(super) fn lambda_of(&self, stage: Stage) -> f64 {
        match stage {
            Stage::Boost => self.lambda_boost,
            Stage::Sparse => self.lambda,
            Stage::Round => 0.0,
        }
    }

    /// Samples per step in a stage.
    #[must_use]
    pub fn batch_of(&self, stage: Stage) -> u64 {
        let later = self.batch_size_sparse.filter(|_| stage != Stage::Boost);
        later.unwrap_or(self.batch_size) as u64
    }

    /// The number of samples from which the next check is due after the one at `samples`, in steps
    /// of `batch` samples.
    pub(super) fn check_after(&self, samples: u64, batch: u64) -> u64 {
        spaced(samples / batch, self.resolution) * batch
    }
}
