//! Models with given correlations.

use crate::model::Linear;
use crate::task::Task;

/// The model with correlations `alpha_v` and `alpha_a`: `V = mu 1' + alpha_v Pc`,
/// `a^(k) = 1/T + alpha_a Qc^(k)`. (0, 0) is the uninformative start, (1, 1) the truth, (-1, -1)
/// the mirrored solution. O(N^2 + N T).
#[must_use]
pub fn planted(task: &Task, alpha_v: f64, alpha_a: f64) -> Linear {
    let mut model = Linear::uninformative(&task.known());
    model.value = task.centred_transition() * alpha_v;
    for mut column in model.value.columns_mut() {
        column += &task.stationary;
    }
    let uniform = (1.0 - alpha_a) / task.t as f64;
    model.attention.fill(uniform as f32);
    for (mut row, pattern) in model.attention.rows_mut().into_iter().zip(&task.patterns) {
        for (&position, &weight) in pattern.positions.iter().zip(&pattern.weights) {
            row[position] = (uniform + alpha_a * weight) as f32;
        }
    }
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};

    /// They agree bit for bit, because runs may start from either.
    #[test]
    fn correlations_of_zero_are_the_uninformative_start() {
        for (seed, weights) in [(1, Weights::Equal), (2, Weights::Dirichlet(0.7))] {
            let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
            for t in [7, 100, 4096, 5000] {
                let spec = TaskSpec { n: 5, q: 3, t, chain: chain.clone(), weights };
                let task = Task::draw(&spec, &mut stream([seed; 16])).unwrap();
                assert_eq!(planted(&task, 0.0, 0.0), Linear::uninformative(&task.known()));
            }
        }
    }
}
