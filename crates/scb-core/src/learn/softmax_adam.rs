//! Softmax attention, trained by Adam on V and on the logits.

use super::adam::Adam;
use super::composed::Composed;
use super::parametrisation::SoftmaxAttention;
use super::{Algorithm, Constructor, Prediction};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "softmax_adam",
    summary: "softmax attention, by Adam",
    parameters: &[],
    scale_free: true,
    bytes: |n, t| 4.0 * n * t + Adam::bytes(n, t),
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromSamples(Composed::<SoftmaxAttention, Adam>::learner),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Gradient;
    use crate::learn::{Optimiser, ParameterValues, StepSizes};
    use crate::model::Linear;
    use crate::random::stream;
    use crate::task::Task;
    use crate::task::{Chain, TaskSpec, Weights};

    /// Three steps of Adam on V as its paper defines them, with a different gradient in each step.
    #[test]
    fn steps_agree_with_the_algorithm_as_published() {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        let spec = TaskSpec { n: 2, q: 1, t: 3, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = Linear::uninformative(&task.known());
        let start = model.value.clone();
        let mut adam = Composed::<SoftmaxAttention, Adam>::at(&model, &ParameterValues::defaults());
        adam.parametrisation.logits.fill(0.0);
        let gradients = [0.3, -2.0, 0.01];
        let (mut m, mut v, mut x) = (0.0, 0.0, start[[1, 0]]);
        let mut of_logits = [(0.0, 0.0, 0.0); 3];
        for (i, g) in gradients.into_iter().enumerate() {
            let mut gradient = Gradient::zeros(2, 3);
            gradient.value[[1, 0]] = g;
            gradient.attention[[0, 2]] = g as f32;
            let attended: Vec<f64> = model.attention.row(0).iter().map(|&a| f64::from(a)).collect();
            adam.step(
                &mut model,
                &mut gradient,
                &task.known(),
                &StepSizes { value: 0.1, attention: 0.1, threshold: 0.0 },
            );
            let power = i as i32 + 1;
            // The logits: da has one entry, so `ds = a (da - <a, da>)` has three.
            for (t, (m, v, s)) in of_logits.iter_mut().enumerate() {
                let a = &attended;
                let g = a[t] * (if t == 2 { g } else { 0.0 } - a[2] * g);
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *s -= 0.1 * (*m / (1.0 - 0.9f64.powi(power))) / ((*v / (1.0 - 0.999f64.powi(power))).sqrt() + 1e-8);
                assert!(
                    (f64::from(adam.parametrisation.logits[[0, t]]) - *s).abs() < 1e-5,
                    "step {i}: {} {s}",
                    adam.parametrisation.logits[[0, t]]
                );
            }
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            x -= 0.1 * (m / (1.0 - 0.9f64.powi(power))) / ((v / (1.0 - 0.999f64.powi(power))).sqrt() + 1e-8);
            assert!((model.value[[1, 0]] - x).abs() < 1e-12);
        }
        assert_eq!(model.value[[0, 0]], start[[0, 0]], "what has no gradient stays");
        assert_eq!(adam.parametrisation.logits[[1, 0]], 0.0, "and so do logits");
        assert!(model.attention.rows().into_iter().all(|a| (a.sum() - 1.0).abs() < 1e-6));
    }
}
