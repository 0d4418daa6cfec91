//! Adam on V and on linear attention. It is the control for `softmax_adam`: the comparison shows
//! which differences from `sgd` are due to softmax and which are due to Adam. As for `sgd`, rows of
//! the attention need not sum to 1.

use super::composed::Composed;
use super::parametrisation::LinearAttention;
use super::rule::Adam;
use super::{Algorithm, Constructor, Prediction};

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "adam",
    summary: "Adam on linear attention, the control for softmax_adam",
    parameters: &[],
    scale_free: true,
    bytes: Adam::bytes,
    prediction: |_| Prediction::Nothing,
    make: Constructor::FromSamples(Composed::<LinearAttention, Adam>::learner),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Gradient, Optimiser, StepSizes};
    use crate::model::Linear;
    use crate::random::{normal, stream};
    use crate::task::{Task, TaskSpec};

    /// In its first step Adam moves a number by eta against the sign of its gradient; here the
    /// numbers are the entries of the attention themselves.
    #[test]
    fn the_first_step_moves_every_entry_by_eta() {
        let task = Task::draw(&TaskSpec::new(3, 2, 20), &mut stream([1; 16])).unwrap();
        let start = Linear::uninformative(&task.known());
        let mut random = stream([2; 16]);
        let mut gradient = Gradient::zeros(3, 20);
        gradient.value.mapv_inplace(|_| normal(&mut random));
        gradient.attention.mapv_inplace(|_| normal(&mut random) as f32);
        let (mut model, sizes) = (start.clone(), StepSizes { value: 0.01, attention: 0.002, threshold: 0.0 });
        let mut adam = Composed::<LinearAttention, Adam>::at(&model);
        adam.step(&mut model, &mut gradient.clone(), &task.known(), &sizes);
        for ((new, old), g) in model.value.iter().zip(&start.value).zip(&gradient.value) {
            assert!((new - old + 0.01 * g.signum()).abs() < 1e-7);
        }
        for ((new, old), g) in model.attention.iter().zip(&start.attention).zip(&gradient.attention) {
            assert!((new - old + 0.002 * g.signum()).abs() < 1e-6);
        }
        assert!(!adam.keeps_unit_rows());
    }
}
