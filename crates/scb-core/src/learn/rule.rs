//! Update rules: how a gradient changes numbers, whatever the numbers mean.

use ndarray::Array2;

use crate::kernel;

/// An update rule for V, N x N, and for N rows of T parameters of the attention.
pub(super) trait Rule {
    /// The rule for `n` states and length `t`, before the first step.
    fn new(n: usize, t: usize) -> Self;
    /// Begins a step.
    fn begin(&mut self);
    /// Moves V against its gradient.
    fn step_value(&mut self, value: &mut Array2<f64>, gradient: &Array2<f64>, eta: f64);
    /// Moves the parameters of row `k` against their gradient.
    fn step_row(&mut self, k: usize, parameters: &mut [f32], gradient: &[f32], eta: f64);
}

/// Gradient descent, `x <- x - eta g`. It has no state.
#[derive(Debug)]
pub(super) struct Descent;

impl Rule for Descent {
    fn new(_: usize, _: usize) -> Self {
        Self
    }

    fn begin(&mut self) {}

    fn step_value(&mut self, value: &mut Array2<f64>, gradient: &Array2<f64>, eta: f64) {
        value.scaled_add(-eta, gradient);
    }

    fn step_row(&mut self, _: usize, parameters: &mut [f32], gradient: &[f32], eta: f64) {
        kernel::descend(parameters, gradient, eta as f32, 0.0, 0.0);
    }
}

/// Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv 1412.6980).
///
/// ```text
/// m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
/// x <- x - eta (m / (1 - b1^i)) / (sqrt(v / (1 - b2^i)) + e)        in step i = 1, 2, ..
/// ```
///
/// for each number on its own, with `b1 = 0.9`, `b2 = 0.999`, `e = 1e-8` as in the paper. A step
/// moves a number by about eta whatever the size of its gradient, so eta is not divided by the
/// constants of the task.
#[derive(Debug)]
pub(super) struct Adam {
    t: usize,
    /// `b1^i` and `b2^i`.
    powers: (f64, f64),
    /// First and second moment of each entry of dV, row by row.
    of_value: Vec<(f64, f64)>,
    /// First and second moment of each parameter of the attention, row by row.
    of_rows: Vec<(f32, f32)>,
}

const B1: f64 = 0.9;
const B2: f64 = 0.999;
const E: f64 = 1e-8;

impl Adam {
    /// Bytes that the moments of the attention's parameters take, for N states and length T.
    pub(super) fn bytes(n: f64, t: f64) -> f64 {
        8.0 * n * t
    }

    /// The factors `first = 1 / (1 - b1^i)` and `second = 1 / sqrt(1 - b2^i)`. With them the step
    /// is `eta first m / (sqrt(v) second + e)`.
    fn corrections(&self) -> (f64, f64) {
        (1.0 / (1.0 - self.powers.0), 1.0 / (1.0 - self.powers.1).sqrt())
    }
}

impl Rule for Adam {
    fn new(n: usize, t: usize) -> Self {
        Self { t, powers: (1.0, 1.0), of_value: vec![(0.0, 0.0); n * n], of_rows: vec![(0.0, 0.0); n * t] }
    }

    fn begin(&mut self) {
        self.powers = (self.powers.0 * B1, self.powers.1 * B2);
    }

    fn step_value(&mut self, value: &mut Array2<f64>, gradient: &Array2<f64>, eta: f64) {
        let (first, second) = self.corrections();
        for ((v, &g), (m, s)) in value.iter_mut().zip(gradient).zip(&mut self.of_value) {
            *m += (1.0 - B1) * (g - *m);
            *s += (1.0 - B2) * (g * g - *s);
            *v -= eta * first * *m / (s.sqrt() * second + E);
        }
    }

    fn step_row(&mut self, k: usize, parameters: &mut [f32], gradient: &[f32], eta: f64) {
        let (first, second) = self.corrections();
        let (eta, second) = ((eta * first) as f32, second as f32);
        let moments = &mut self.of_rows[k * self.t..(k + 1) * self.t];
        for ((x, &g), (m, s)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m += (1.0 - B1) as f32 * (g - *m);
            *s += (1.0 - B2) as f32 * (g * g - *s);
            *x -= eta * *m / (s.sqrt() * second + E as f32);
        }
    }
}
