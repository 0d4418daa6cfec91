//! Predictions of theory for a run.

use super::{Start, TrainSpec, step_sizes};
use crate::learn::{Prediction, Stage, StepSizes};
use crate::task::Task;
use crate::theory::noise::{BoostStep, TaskNoise};
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

/// The probability that a run of `spec` on `task` ends mirrored, with the noise that both factors
/// amplify ([`theory::noise`](crate::theory::noise)); `None` where [`Predicted::mirrored`] is.
#[must_use]
pub fn mirrored_with_noise(task: &Task, spec: &TrainSpec) -> Option<f64> {
    predicted(task, spec).mirrored?;
    let sizes = step_sizes(task, spec, Stage::Boost);
    let step = BoostStep { value: sizes.value, attention: sizes.attention, batch: spec.batch_size as f64 };
    Some(TaskNoise::of(task).mirrored(step, spec.signal))
}

/// The fewest samples to the signal that theory has for a task, at the best batch and a small step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignalSamples {
    /// By the noise that both factors amplify, and the sign of V ([`theory::noise`](crate::theory::noise)).
    pub noise: f64,
    /// By the sign of V alone ([`theory::mirrored`](crate::theory::mirrored)).
    pub sign: f64,
}

/// The fewest samples by which a typical run of Algorithm 1 from the uninformative start has the signal
/// of `spec`, while a share of `quantile`, above 0.5, is not mirrored; `None` where theory says nothing.
#[must_use]
pub fn samples_to_signal(task: &Task, spec: &TrainSpec, quantile: f64) -> Option<SignalSamples> {
    predicted(task, spec).mirrored.filter(|_| quantile > 0.5)?;
    let noise = TaskNoise::of(task).samples_to_signal(spec.signal, 1.0 - quantile)?;
    Some(SignalSamples { noise, sign: mirrored::samples_to_signal(task, spec.signal, 1.0 - quantile) })
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
        let samples = samples_to_signal(&task, &prox, 0.9).unwrap();
        assert!(samples.sign > 0.0 && samples.noise > 0.8 * samples.sign, "{samples:?}");
        assert!(mirrored_with_noise(&task, &prox).unwrap() > predicted(&task, &prox).mirrored.unwrap());
        assert_eq!(samples_to_signal(&task, &prox, 0.5), None);
        let flip = prox.algorithm.parameter("flip").unwrap();
        for silent in [
            TrainSpec { start: Start::Planted { alpha_v: 0.1, alpha_a: 0.0 }, ..prox.clone() },
            TrainSpec { boost_end: StageEnd { steps: Some(0), ..StageEnd::default() }, ..prox.clone() },
            TrainSpec { parameters: ParameterValues::defaults().with(flip, 2.0), ..prox.clone() },
            TrainSpec { algorithm: algorithm("sgd").unwrap(), ..prox.clone() },
        ] {
            assert_eq!(predicted(&task, &silent), Predicted::default());
            assert_eq!((mirrored_with_noise(&task, &silent), samples_to_signal(&task, &silent, 0.9)), (None, None));
        }
        let moment = predicted(&task, &TrainSpec { algorithm: algorithm("moment").unwrap(), ..prox });
        assert!(moment.support_median < moment.support_quantile && moment.mirrored.is_none());
    }
}
