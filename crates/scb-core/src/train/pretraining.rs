//! Pretraining: Algorithm 1 learns a V on a source task, until its budget is spent.

use ndarray::Array2;
use thiserror::Error;

use super::{StageEnd, StopAt, TrainSpec, train};
use crate::random::Stream;
use crate::task::{Task, TaskSpec, transfer};
use crate::{TaskError, TrainError};

/// The settings for learning V on a source task. Other settings are those of
/// [`Pretraining::train_spec`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pretraining {
    /// Sequence length of the source; its N and Q are those of the target.
    pub t: usize,
    /// Samples per step.
    pub batch_size: usize,
    /// Step size eta in the boosting stage; half of it afterwards.
    pub eta: f64,
    /// l1 regularisation lambda in the sparse stage.
    pub lambda: f64,
    /// Budget in samples.
    pub max_samples: u64,
}

/// The result of pretraining.
#[derive(Debug, Clone, PartialEq)]
pub struct Pretrained {
    /// The task that V was learned on.
    pub source: Task,
    /// V at the end, shape `(N, N)`; finite.
    pub value: Array2<f64>,
    /// Relative error `|V - P_src|_mu / sqrt(K_P)`, with the `K_P` of the source.
    pub error: f64,
}

/// Why pretraining failed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PretrainingError {
    /// The source task could not be made.
    #[error("{0}")]
    Source(#[source] TaskError),
    /// Training on the source could not start.
    #[error("{0}")]
    Train(#[source] TrainError),
    /// V is not finite after training.
    #[error("pretraining diverged: lower its step size eta")]
    Diverged,
}

impl Pretraining {
    /// An estimate of the bytes that a run takes, for N and Q of the target
    /// ([`cost::bytes`](super::cost::bytes)).
    #[must_use]
    pub fn bytes(&self, n: f64, q: f64) -> f64 {
        super::cost::bytes(self.train_spec().algorithm, n, q, self.t as f64)
    }

    /// The training settings that these stand for.
    #[must_use]
    pub fn train_spec(&self) -> TrainSpec {
        TrainSpec {
            batch_size: self.batch_size,
            eta_boost: self.eta,
            eta_sparse: self.eta / 2.0,
            lambda: self.lambda,
            max_samples: self.max_samples,
            boost_end: StageEnd { alpha: Some(0.5), share: Some(0.4), ..StageEnd::default() },
            sparse_end: StageEnd { share: Some(0.7), ..StageEnd::default() },
            // Nobody reads the milestones.
            resolution: 0.5,
            stop_at: StopAt::Budget,
            ..TrainSpec::default()
        }
    }

    /// Draws a source at correlation `theta` with `target` (see
    /// [`transfer`]) and learns V on it. The source is drawn from
    /// `source_stream`, with Q, the weights and the unrelated chain as `spec` says; its samples
    /// come from `stream`.
    ///
    /// # Errors
    /// [`PretrainingError::Source`] if the source cannot be made, [`PretrainingError::Train`] if
    /// training cannot start, [`PretrainingError::Diverged`] if V is not finite after training.
    pub fn learn(
        &self,
        target: &Task,
        theta: f64,
        spec: &TaskSpec,
        source_stream: &mut Stream,
        stream: Stream,
    ) -> Result<Pretrained, PretrainingError> {
        let spec = TaskSpec { t: self.t, ..spec.clone() };
        let source = transfer::source(target, theta, &spec, source_stream).map_err(PretrainingError::Source)?;
        let outcome = train(&source, &self.train_spec(), stream, &mut ()).map_err(PretrainingError::Train)?;
        let value = outcome.model.value.into_owned();
        if value.iter().any(|v| !v.is_finite()) {
            return Err(PretrainingError::Diverged);
        }
        Ok(Pretrained { source, value, error: outcome.errors.value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, Weights};

    #[test]
    fn a_pretraining_learns_its_source_or_says_why_not() {
        let chain = Chain::Mixture { persistence: 0.7, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 200, chain, weights: Weights::Equal };
        let target = Task::draw(&spec, &mut stream([3; 16])).unwrap();
        let pretraining = Pretraining { t: 64, batch_size: 512, eta: 0.05, lambda: 0.003, max_samples: 200_000 };
        let learn = |pretraining: Pretraining, theta: f64| {
            pretraining.learn(&target, theta, &spec, &mut stream([4; 16]), stream([5; 16]))
        };
        let learned = learn(pretraining, 0.5).unwrap();
        assert_eq!((learned.source.t(), learned.source.n()), (64, 3));
        assert!(learned.error < 0.25, "{}", learned.error);
        assert_eq!(learn(Pretraining { eta: 1e308, ..pretraining }, 0.5), Err(PretrainingError::Diverged));
        assert!(matches!(learn(pretraining, 2.0), Err(PretrainingError::Source(_))));
        let wrong = Pretraining { batch_size: 0, ..pretraining };
        assert!(matches!(learn(wrong, 0.5), Err(PretrainingError::Train(_))));
    }
}
