//! Predictions of theory for a run.

use super::{Start, TrainSpec, step_sizes};
use crate::learn::{Prediction, Stage, StepSizes};
use crate::task::Task;
use crate::theory::one_step::{OneStep, Sizes};
use crate::theory::{mirrored, support_threshold};

/// Predictions of theory for a run; `None` where theory makes none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Predicted {
    /// The probability that the run ends in the mirrored solution
    /// ([`theory::mirrored`](crate::theory::mirrored)).
    pub mirrored: Option<f64>,
    /// Samples at which the support is found with a probability of 0.5.
    pub support_median: Option<f64>,
    /// Samples at which the support is found with a probability of 0.9.
    pub support_quantile: Option<f64>,
}

/// The predictions of theory for a run of `spec` on `task`. Those of the support integrate
/// numerically.
#[must_use]
pub fn predicted(task: &Task, spec: &TrainSpec) -> Predicted {
    match (spec.algorithm.prediction)(&spec.parameters) {
        // The prediction is for the boosting stage, from the uninformative start.
        Prediction::Mirrored if spec.start == Start::UNINFORMATIVE && spec.boost_end.steps != Some(0) => {
            let sizes = step_sizes(task, spec, Stage::Boost);
            let share = mirrored::probability(task, sizes.value, sizes.attention, spec.batch_size as f64);
            Predicted { mirrored: Some(share), ..Predicted::default() }
        }
        Prediction::Support => Predicted {
            support_median: Some(support_threshold(task, 0.5)),
            support_quantile: Some(support_threshold(task, 0.9)),
            ..Predicted::default()
        },
        Prediction::Mirrored | Prediction::Nothing => Predicted::default(),
    }
}

/// The first step of a run whose correlations are planted and which has no boosting stage, without
/// its batch; `None` where [`OneStep`] says nothing of it.
#[must_use]
pub fn first_step(task: &Task, spec: &TrainSpec) -> Option<OneStep> {
    match spec.start {
        Start::Planted { alpha_v, alpha_a } if alpha_v > 0.0 && alpha_a > 0.0 && spec.algorithm.name == "prox" => {
            let StepSizes { value, attention, threshold } = step_sizes(task, spec, Stage::Sparse);
            OneStep::new(task, (alpha_v, alpha_a), Sizes { value, attention, threshold }, (spec.keep, spec.epsilon))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{ParameterValues, algorithm};
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::train::StageEnd;

    #[test]
    fn theory_speaks_only_where_its_argument_holds() {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 64, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let prox = TrainSpec::default();
        assert!(predicted(&task, &prox).mirrored.is_some_and(|share| share > 0.0 && share < 0.5));
        let flip = prox.algorithm.parameter("flip").unwrap();
        for silent in [
            TrainSpec { start: Start::Planted { alpha_v: 0.1, alpha_a: 0.0 }, ..prox.clone() },
            TrainSpec { boost_end: StageEnd { steps: Some(0), ..StageEnd::default() }, ..prox.clone() },
            TrainSpec { parameters: ParameterValues::defaults().with(flip, 2.0), ..prox.clone() },
            TrainSpec { algorithm: algorithm("sgd").unwrap(), ..prox.clone() },
        ] {
            assert_eq!(predicted(&task, &silent), Predicted::default());
        }
        let moment = predicted(&task, &TrainSpec { algorithm: algorithm("moment").unwrap(), ..prox });
        assert!(moment.support_median < moment.support_quantile && moment.mirrored.is_none());
    }
}
