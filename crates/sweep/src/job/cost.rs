//! What a job costs: tokens and bytes.

use scb_core::learn::ALGORITHMS;

use crate::axis;
use crate::job::spec::Job;

impl Job {
    /// Tokens simulated if the whole budget is spent, the unit of cost. A step also touches N x T entries of
    /// the attention, which counts like the tokens of N/4 samples; population runs cost that alone.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let values = &self.point.values;
        let batch = values[axis::BATCH_SIZE];
        let steps = (values[axis::MAX_SAMPLES] / batch).floor().max(1.0);
        let drawn = if ALGORITHMS[self.point.whole(axis::ALGORITHM)].draws_samples() { batch } else { 0.0 };
        steps * values[axis::T] * (drawn + values[axis::N] / 4.0)
    }

    /// Bytes it takes while it runs, about: its attention, its rounded form, its gradient, a chunk of tokens and the true
    /// patterns, and a tenth more. A whole number.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        (1.1 * self.point.bytes() + 4e6).ceil()
    }
}
