//! Models with given correlations.

use std::borrow::Cow;

use crate::model::{Attention, Linear, Model, Path};
use crate::task::Task;

/// The model with correlations `alpha_v` and `alpha_a`: `V = mu 1' + alpha_v Pc`,
/// `a^(k) = 1/T + alpha_a Qc^(k)`. (0, 0) is the uninformative start, (1, 1) the truth, (-1, -1)
/// the mirrored solution. O(N^2 + N T).
#[must_use]
pub fn planted(task: &Task, alpha_v: f64, alpha_a: f64) -> Linear {
    on_path(task, alpha_v, alpha_a).to_linear(task)
}

/// As [`planted`], without the entries of the attention: O(N^2 + N Q), for any T.
#[must_use]
pub fn on_path(task: &Task, alpha_v: f64, alpha_a: f64) -> Model<'static> {
    let mut value = task.centred_transition() * alpha_v;
    for mut column in value.columns_mut() {
        column += &task.stationary;
    }
    Model {
        value: Cow::Owned(value),
        attention: Attention::Path(Cow::Owned(Path::new(task, alpha_a))),
        residual_noise: (!task.known().equal_weights).then(|| Cow::Owned(vec![0.0; task.n])),
    }
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
