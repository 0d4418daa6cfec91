//! Softmax attention, trained by stochastic gradient descent.
//!
//! `V <- V - eta_V dV`, `s^(k) <- s^(k) - eta_A ds^(k)` with the mean gradient of a batch. The
//! model attends with `a^(k) = softmax(s^(k))`, so all measures of the linear model apply to it.

use super::composed::Composed;
use super::parametrisation::SoftmaxAttention;
use super::sgd::Descent;
use super::{Algorithm, Constructor, Prediction};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "softmax",
    summary: "softmax attention, by vanilla stochastic gradient descent",
    parameters: &[],
    scale_free: false,
    bytes: |n, t| 4.0 * n * t,
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromSamples(Composed::<SoftmaxAttention, Descent>::learner),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Gradient;
    use crate::learn::{Optimiser, ParameterValues, StepSizes};
    use crate::random::stream;
    use crate::task::Task;
    use crate::task::{Chain, TaskSpec, Weights};
    use crate::theory::planted;
    use crate::theory::population::{expected_gradient, expected_loss};

    #[test]
    fn small_steps_on_the_expected_gradient_lower_the_expected_loss() {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 20, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = planted(&task, 0.3, 0.1);
        let mut softmax = Composed::<SoftmaxAttention, Descent>::at(&model, &ParameterValues::defaults());
        let sizes = StepSizes { value: 0.1, attention: 4.0, threshold: 0.0 };
        let (start, mut loss) = (expected_loss(&task, &model), expected_loss(&task, &model));
        for _ in 0..2000 {
            let exact = expected_gradient(&task, &model);
            let attention = exact.attention.mapv(|g| g as f32);
            softmax.step(&mut model, &mut Gradient::new(exact.value, attention), &task.known(), &sizes);
            let next = expected_loss(&task, &model);
            assert!(next < loss + 1e-6, "{next} {loss}");
            loss = next;
        }
        let truth = expected_loss(&task, planted(&task, 1.0, 1.0));
        assert!(loss - truth < 0.1 * (start - truth), "{start} {loss} {truth}");
    }
}
