//! The recursion that the iterates follow without noise: two variables, or three from a transferred
//! V.

use crate::task::Task;

/// The iterates of Algorithm 1 with infinite batches and no threshold. From the uninformative start
/// they stay on `V = mu 1' + alpha_V Pc`, `A = 1/T + alpha_A Qc`. From a transferred V, the part of
/// Vc orthogonal to Pc keeps its direction and shrinks, so its size is a third variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recursion {
    /// `alpha_V = <Vc, Pc>_mu / K_P`.
    pub alpha_v: f64,
    /// `alpha_A = <Ac, Qc>_mu / K_Q`.
    pub alpha_a: f64,
    /// `|Vc - alpha_V Pc|_mu / sqrt(K_P)`: the size of the part of Vc orthogonal to Pc.
    pub orthogonal: f64,
}

impl Recursion {
    /// The model with these correlations and no part orthogonal to Pc.
    #[must_use]
    pub fn at(alpha_v: f64, alpha_a: f64) -> Self {
        Self { alpha_v, alpha_a, orthogonal: 0.0 }
    }

    /// One step of Algorithm 1 on the population loss, with step sizes `eta_v` and `eta_a`; b is
    /// `orthogonal`:
    ///
    /// ```text
    /// alpha_V <- alpha_V - eta_V [(K_Q alpha_A^2 + 1/T) alpha_V - (K_Q alpha_A + 1/T)]
    /// alpha_A <- alpha_A - eta_A [K_P (alpha_V^2 + b^2) alpha_A - K_P alpha_V]
    /// b       <- b - eta_V (K_Q alpha_A^2 + 1/T) b
    /// ```
    pub fn step(&mut self, task: &Task, eta_v: f64, eta_a: f64) {
        let Self { alpha_v, alpha_a, orthogonal } = *self;
        let uniform = 1.0 / task.t as f64;
        let (k_p, k_q) = (task.k_p, task.k_q);
        let square = k_q * alpha_a * alpha_a + uniform;
        self.alpha_v -= eta_v * (square * alpha_v - (k_q * alpha_a + uniform));
        self.alpha_a -= eta_a * (k_p * (alpha_v * alpha_v + orthogonal * orthogonal) * alpha_a - k_p * alpha_v);
        self.orthogonal -= eta_v * square * orthogonal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};

    #[test]
    fn the_recursion_converges_to_the_truth_and_fixes_it() {
        let chain = Chain::Mixture { persistence: 0.3, concentration: 1.0 };
        let spec = TaskSpec { n: 3, q: 2, t: 50, chain, weights: Weights::Dirichlet(2.0) };
        let task = Task::draw(&spec, &mut stream([21; 16])).unwrap();
        let mut state = Recursion::at(0.0, 0.0);
        for _ in 0..20_000 {
            state.step(&task, 0.1 / task.k_q, 0.1 / task.k_p);
        }
        assert!((state.alpha_v - 1.0).abs() < 1e-6 && (state.alpha_a - 1.0).abs() < 1e-6, "{state:?}");
    }
}
