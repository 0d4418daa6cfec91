//! A measure of progress that a learner can compute.

use ndarray::Array1;

use super::{Model, rounding};

/// The attention on entries that rounding would keep, minus what uniform attention puts there; the
/// mean over query tokens with weights `mu`. It needs no ground truth. It is near 0 at the
/// uninformative start, and near `alpha_A` once the true positions stand out of the noise. `keep`
/// is the fraction of [rounding](crate::model#rounding). O(N T).
///
/// # Panics
/// If the attention is not row-major.
#[must_use]
pub fn kept_mass<'m>(mu: &Array1<f64>, model: impl Into<Model<'m>>, keep: f64) -> f64 {
    let model = model.into();
    let mut sum = 0.0;
    for (k, &mu) in mu.iter().enumerate() {
        let a = model.attention.row(k);
        let uniform = 1.0 / a.len() as f64;
        let kept = rounding::kept(a, model.residual_noise_of(k), keep);
        sum += mu * (kept.mass - kept.count * uniform);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Linear;
    use crate::random::stream;
    use crate::task::{Chain, Task, TaskSpec, Weights};
    use crate::theory::planted;

    #[test]
    fn kept_mass_is_zero_at_the_start_and_the_correlation_afterwards() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 4, q: 3, t: 37, chain, weights: Weights::Dirichlet(3.0) };
        let task = Task::draw(&spec, &mut stream([6; 16])).unwrap();
        assert!(kept_mass(&task.stationary, Linear::uninformative(&task.known()), 0.5).abs() < 1e-6);
        let equal = TaskSpec {
            n: 3,
            q: 2,
            t: 400,
            chain: Chain::Mixture { persistence: 0.3, concentration: 1.0 },
            weights: Weights::Equal,
        };
        let task = Task::draw(&equal, &mut stream([6; 16])).unwrap();
        let model = planted(&task, 0.0, 0.5);
        // On the path: Q entries of 1/T + alpha (1/Q - 1/T), so the excess is alpha (1 - Q/T).
        let expected = 0.5 * (1.0 - 2.0 / 400.0);
        assert!((kept_mass(&task.stationary, &model, 0.5) - expected).abs() < 1e-6);
    }
}
