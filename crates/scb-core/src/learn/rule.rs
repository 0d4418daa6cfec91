//! What an update rule is: how a gradient changes numbers, whatever the numbers mean. Each rule
//! stands in the file of the algorithm that has it on linear attention.

use ndarray::Array2;

use super::ParameterValues;

/// An update rule for V, N x N, and for N rows of T parameters of the attention.
pub(super) trait Rule {
    /// Whether a gradient of 0 leaves parameters as they are, at every step.
    const RESTS: bool;
    /// The rule for `n` states and length `t`, before the first step, at these values of its
    /// algorithm's parameters.
    fn new(n: usize, t: usize, parameters: &ParameterValues) -> Self;
    /// Begins a step.
    fn begin(&mut self);
    /// Moves V against its gradient.
    fn step_value(&mut self, value: &mut Array2<f64>, gradient: &Array2<f64>, eta: f64);
    /// Moves the parameters of row `k` against their gradient.
    fn step_row(&mut self, k: usize, parameters: &mut [f32], gradient: &[f32], eta: f64);
}
