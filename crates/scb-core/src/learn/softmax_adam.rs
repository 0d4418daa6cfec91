//! Softmax attention, trained by Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv 1412.6980).
//!
//! ```text
//! m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
//! x <- x - eta (m / (1 - b1^i)) / (sqrt(v / (1 - b2^i)) + e)        in step i = 1, 2, ..
//! ```
//!
//! for every entry of V and of the logits, with `b1 = 0.9`, `b2 = 0.999`, `e = 1e-8` as in the paper. A step moves an entry by
//! about eta whatever the size of its gradient, so eta is not divided by the constants of the task.

use ndarray::Array2;

use super::{Algorithm, Optimiser, Sampled, StepSizes};
use crate::learn::gradient::Gradient;
use crate::model::softmax::{attend, logits_of, to_logits};
use crate::model::{Linear, row, row_mut};
use crate::task::Task;

const B1: f64 = 0.9;
const B2: f64 = 0.999;
const E: f64 = 1e-8;

pub(super) const ALGORITHM: Algorithm = Algorithm {
    name: "softmax_adam",
    summary: "softmax attention, by Adam",
    draws_samples: true,
    scale_free: true,
    bytes: |n, t| 12.0 * n * t,
    learner: |setup| {
        let model = setup.model();
        let (n, t) = model.attention.dim();
        let adam = SoftmaxAdam {
            logits: logits_of(&model.attention),
            powers: (1.0, 1.0),
            of_value: vec![(0.0, 0.0); n * n],
            of_logits: vec![(0.0, 0.0); n * t],
        };
        Box::new(Sampled::new(setup, adam))
    },
};

/// Adam on V and on logits.
#[derive(Debug)]
struct SoftmaxAdam {
    /// s transposed, shape `(N, T)`.
    logits: Array2<f32>,
    /// `b1^i` and `b2^i`.
    powers: (f64, f64),
    /// First and second moment of each entry of dV, row by row.
    of_value: Vec<(f64, f64)>,
    /// Of each entry of the gradient of the logits.
    of_logits: Vec<(f32, f32)>,
}

impl Optimiser for SoftmaxAdam {
    fn keeps_unit_rows(&self) -> bool {
        true
    }

    fn step(&mut self, model: &mut Linear, gradient: &mut Gradient, task: &Task, sizes: &StepSizes) {
        self.powers = (self.powers.0 * B1, self.powers.1 * B2);
        // eta m^ / (sqrt(v^) + e) = (eta / c1) m / (sqrt(v) / sqrt(c2) + e), with the corrections c1 and c2.
        let (first, second) = (1.0 / (1.0 - self.powers.0), 1.0 / (1.0 - self.powers.1).sqrt());
        for ((v, &g), (m, s)) in model.value.iter_mut().zip(&gradient.value).zip(&mut self.of_value) {
            *m += (1.0 - B1) * (g - *m);
            *s += (1.0 - B2) * (g * g - *s);
            *v -= sizes.value * first * *m / (s.sqrt() * second + E);
        }
        let (eta, second) = ((sizes.attention * first) as f32, second as f32);
        for k in 0..task.n {
            let g = row_mut(&mut gradient.attention, k);
            to_logits(row(&model.attention, k), g);
            let moments = &mut self.of_logits[k * task.t..(k + 1) * task.t];
            for ((x, &g), (m, s)) in row_mut(&mut self.logits, k).iter_mut().zip(&*g).zip(moments) {
                *m += (1.0 - B1) as f32 * (g - *m);
                *s += (1.0 - B2) as f32 * (g * g - *s);
                *x -= eta * *m / (s.sqrt() * second + E as f32);
            }
        }
        attend(&self.logits, &mut model.attention);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;
    use crate::task::{Chain, TaskSpec, Weights};

    /// Three steps of Adam on V as the paper writes them down, with other gradients each time.
    #[test]
    fn steps_agree_with_the_algorithm_as_published() {
        let chain = Chain::Mixture { persistence: 0.5, concentration: 1.0 };
        let spec = TaskSpec { n: 2, q: 1, t: 3, chain, weights: Weights::Equal };
        let task = Task::draw(&spec, &mut stream([1; 16])).unwrap();
        let mut model = Linear::uninformative(&task);
        let start = model.value.clone();
        let mut adam = SoftmaxAdam {
            logits: Array2::zeros((2, 3)),
            powers: (1.0, 1.0),
            of_value: vec![(0.0, 0.0); 4],
            of_logits: vec![(0.0, 0.0); 6],
        };
        let gradients = [0.3, -2.0, 0.01];
        let (mut m, mut v, mut x) = (0.0, 0.0, start[[1, 0]]);
        let mut of_logits = [(0.0, 0.0, 0.0); 3];
        for (i, g) in gradients.into_iter().enumerate() {
            let mut gradient = Gradient::zeros(2, 3);
            gradient.value[[1, 0]] = g;
            gradient.attention[[0, 2]] = g as f32;
            let attended: Vec<f64> = model.attention.row(0).iter().map(|&a| f64::from(a)).collect();
            adam.step(&mut model, &mut gradient, &task, &StepSizes { value: 0.1, attention: 0.1, threshold: 0.0 });
            let power = i as i32 + 1;
            // Of the logits: da has one entry, ds = a (da - <a, da>) three.
            for (t, (m, v, s)) in of_logits.iter_mut().enumerate() {
                let a = &attended;
                let g = a[t] * (if t == 2 { g } else { 0.0 } - a[2] * g);
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *s -= 0.1 * (*m / (1.0 - 0.9f64.powi(power))) / ((*v / (1.0 - 0.999f64.powi(power))).sqrt() + 1e-8);
                assert!((f64::from(adam.logits[[0, t]]) - *s).abs() < 1e-5, "step {i}: {} {s}", adam.logits[[0, t]]);
            }
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            x -= 0.1 * (m / (1.0 - 0.9f64.powi(power))) / ((v / (1.0 - 0.999f64.powi(power))).sqrt() + 1e-8);
            assert!((model.value[[1, 0]] - x).abs() < 1e-12);
        }
        assert_eq!(model.value[[0, 0]], start[[0, 0]], "what has no gradient stays");
        assert_eq!(adam.logits[[1, 0]], 0.0, "and so do logits");
        assert!(model.attention.rows().into_iter().all(|a| (a.sum() - 1.0).abs() < 1e-6));
    }
}
