//! The probability that a run converges to the mirrored solution, where both correlations are -1,
//! in a Gaussian approximation.
//!
//! Near the uninformative start the correlations obey a linear recursion with a constant push of
//! 1/T and with noise:
//!
//! ```text
//! alpha_V <- (1 - eta_V/T) alpha_V + eta_V (K_Q alpha_A + 1/T + noise)
//! alpha_A <- alpha_A + eta_A K_P alpha_V
//! ```
//!
//! The noise is that of the batch mean of `(e_{x_o} - mu)' Pc (h - mu) / K_P` with `h = X 1/T`. Its
//! variance is `W / (T B K_P^2)` with `W = sum_m mu_m Var_{n ~ mu} Pc[n,m]`, because tokens are
//! independent and the output hardly depends on any one of them. The attention has no noise yet,
//! because `V' r` is the same for every token. The recursion has one growing mode, which grows by
//! the factor `L = 1 + g` per step. Along it the push and the noise add up as geometric series. So
//! its final sign is that of a normal variable, whose mean over standard deviation is z:
//!
//! ```text
//! z = (K_P / sqrt(W)) sqrt(B (L + 1) / ((L - 1) T))        Pr(mirrored) = Phi(-z)
//! ```
//!
//! With normalised steps `L = 1 + eta`, if `eta_V / T` is neglected; then z depends on B, eta and T
//! through `B / (eta T)` only.
//!
//! The derivation is this project's own. What it leaves out: V also has noise across Pc, which makes
//! the attention noisy before the sign is decided, so that `|a|^2`, and with it the noise of h, lies above
//! 1/T. [`TaskNoise::mirrored`](super::noise::TaskNoise::mirrored) includes that. In simulations
//! (`sweeps/mirrored.toml`) mirrored runs were 1.25 times as frequent as predicted here at T = 64, and
//! 0.99 times at T = 1024.

use super::{Recursion, normal};
use crate::Task;

/// The normalised step of a fewest number of samples. It is small: samples then depend on B and the
/// step through `B / eta` alone, and at half of it they differ by 1 %.
pub(super) const SMALL_STEP: f64 = 0.05;

/// `W = sum_m mu_m Var_{n ~ mu} Pc[n,m]`.
pub(super) fn output_variance(task: &Task) -> f64 {
    let mu = &task.stationary;
    let of_column = |column: ndarray::ArrayView1<'_, f64>| {
        let mean: f64 = column.iter().zip(mu).map(|(p, m)| p * m).sum();
        column.iter().zip(mu).map(|(p, m)| m * (p - mean) * (p - mean)).sum::<f64>()
    };
    // The variance is of P as of Pc less mu: e_{x_o} meets a column of Pc.
    task.centred_transition().columns().into_iter().zip(mu).map(|(column, m)| m * of_column(column)).sum()
}

/// `z`, the mean of the growing mode over its standard deviation, for step sizes `eta_v > 0` and
/// `eta_a > 0` and batch size `batch_size`. It is positive.
#[must_use]
pub fn z_score(task: &Task, eta_v: f64, eta_a: f64, batch_size: f64) -> f64 {
    let uniform = 1.0 / task.t as f64;
    // The larger eigenvalue of [[1 - eta_V/T, eta_V K_Q], [eta_A K_P, 1]] is 1 + g.
    let damping = 0.5 * eta_v * uniform;
    let growth = (damping * damping + eta_v * eta_a * task.k_p * task.k_q).sqrt() - damping;
    let noise = output_variance(task);
    task.k_p * (batch_size * (2.0 + growth) * uniform / (growth * noise)).sqrt()
}

/// The probability that a run from the uninformative start converges to the mirrored solution:
/// `Phi(-z)`.
#[must_use]
pub fn probability(task: &Task, eta_v: f64, eta_a: f64, batch_size: f64) -> f64 {
    normal::above(z_score(task, eta_v, eta_a, batch_size))
}

/// The fewest samples by which both correlations reach `signal` in a run with small normalised steps,
/// if the sign of V is all that asks for a batch: at most a share `mirrored`, in `(0, 0.5)`, of the runs
/// ends mirrored.
#[must_use]
pub fn samples_to_signal(task: &Task, signal: f64, mirrored: f64) -> f64 {
    let (eta_v, eta_a) = (SMALL_STEP / task.k_q, SMALL_STEP / task.k_p);
    // z goes as the root of the batch.
    let z = normal::quantile(1.0 - mirrored);
    let of_one = z_score(task, eta_v, eta_a, 1.0);
    let batch = z * z / (of_one * of_one);
    let mut state = Recursion::at(0.0, 0.0);
    let mut steps = 0u32;
    while state.alpha_v.min(state.alpha_a) < signal && steps < 100_000 {
        state.step(task, eta_v, eta_a);
        steps += 1;
    }
    batch * f64::from(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batches;
    use crate::learn::mean_gradient;
    use crate::model::Linear;
    use crate::random::{normal, stream};
    use crate::task::{Chain, TaskSpec, Weights};

    fn task(n: usize, q: usize, t: usize) -> Task {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        Task::draw(&TaskSpec { n, q, t, chain, weights: Weights::Equal }, &mut stream([4; 16])).unwrap()
    }

    /// The variance of the change of `alpha_V` in the first step, from 4000 batches of 50. Its own
    /// standard error is 2.2 %, so 9 % is four of them.
    #[test]
    fn the_noise_of_a_step_has_the_variance_it_is_said_to_have() {
        let task = task(3, 2, 100);
        let model = Linear::uninformative(&task.known());
        let (batch, batches, pc) = (50, 4000, task.centred_transition());
        let mut source = Batches::new(&task, batch, stream([5; 16])).unwrap();
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..batches {
            let gradient = mean_gradient(&mut source, &model);
            // This is <dV diag(1/mu), Pc>_mu: the preconditioning cancels the weights mu. The
            // projection does not change it, because Pc lies in the space of the projection.
            let change: f64 = -(&gradient.value * &pc).sum() / task.k_p;
            sum += change;
            squares += change * change;
        }
        let count = f64::from(batches);
        let mean = sum / count;
        let variance = squares / count - mean * mean;
        let expected = output_variance(&task) / (100.0 * batch as f64 * task.k_p * task.k_p);
        assert!((variance / expected - 1.0).abs() < 0.09, "{variance} {expected}");
        assert!((mean * 100.0 - 1.0).abs() < 4.0 * 100.0 * (variance / count).sqrt(), "the push is 1/T: {mean}");
    }

    /// The linear recursion with normal noise, 20 000 times. The share that ends negative is within
    /// four standard errors of the formula.
    #[test]
    fn the_recursion_ends_negative_as_often_as_the_formula_says() {
        let task = task(3, 2, 100);
        let mut random = stream([6; 16]);
        for (eta_v, eta_a, batch) in [(0.2, 0.3, 5.0), (0.05, 0.4, 1.0), (0.1, 0.1, 3.0)] {
            let spread = (output_variance(&task) / (100.0 * batch)).sqrt() / task.k_p;
            let runs = 20_000;
            let mut negative = 0;
            for _ in 0..runs {
                let (mut v, mut a) = (0.0, 0.0);
                for _ in 0..400 {
                    let push = task.k_q * a + 0.01 * (1.0 - v) + spread * normal(&mut random);
                    (v, a) = (v + eta_v * push, a + eta_a * task.k_p * v);
                    if f64::abs(a) > 50.0 {
                        break;
                    }
                }
                negative += u32::from(a < 0.0);
            }
            let (share, expected) = (f64::from(negative) / f64::from(runs), probability(&task, eta_v, eta_a, batch));
            let error = (expected * (1.0 - expected) / f64::from(runs)).sqrt();
            assert!((share - expected).abs() < 4.0 * error + 1e-3, "{share} {expected}");
            assert!((0.01..0.45).contains(&expected), "the test can tell a difference: {expected}");
        }
    }

    #[test]
    fn the_fewest_samples_are_those_of_the_batch_at_which_a_tenth_is_mirrored() {
        let task = task(3, 2, 1000);
        let samples = samples_to_signal(&task, 0.25, 0.1);
        // 0.05 in normalised units multiplies the mode by 1.05 from 1/T.
        let steps = (0.25f64 * 1000.0).ln() / 1.05f64.ln();
        let share = probability(&task, 0.05 / task.k_q, 0.05 / task.k_p, samples / steps);
        assert!((share - 0.1).abs() < 0.02, "{share}");
    }

    #[test]
    fn with_normalised_steps_only_the_ratio_counts() {
        let (short, long) = (task(3, 2, 1000), task(3, 2, 8000));
        let z = |task: &Task, batch: f64, eta: f64| z_score(task, eta / task.k_q, eta / task.k_p, batch);
        // Both tasks have the same chain, because it is drawn first.
        assert_eq!(short.transition, long.transition);
        let (a, b) = (z(&short, 100.0, 0.05), z(&long, 800.0, 0.05));
        assert!((a / b - 1.0).abs() < 2e-3, "{a} {b}");
        let c = z(&short, 200.0, 0.1);
        assert!((a / c - 1.0).abs() < 0.02, "{a} {c}: (2 + eta) / eta, not 2 / eta");
    }
}
