//! What a job costs: tokens and bytes.

use scb_core::train::cost;

use crate::axis;
use crate::job::spec::Job;

impl Job {
    /// Tokens simulated if the whole budget is spent, or all samples up to the cap: the unit of
    /// cost.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let values = &self.point.values;
        let [n, t, boost, sparse, max_samples] =
            [axis::N, axis::T, axis::BATCH_SIZE, axis::BATCH_SIZE_SPARSE, axis::MAX_SAMPLES].map(|i| values[i]);
        let samples = self.cap.map_or(max_samples, |cap| max_samples.min(cap as f64));
        cost::tokens(self.point.algorithm(), n, t, boost.min(sparse), samples)
    }

    /// An estimate of its bytes while it runs, plus a tenth. A whole number.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        (1.1 * self.point.bytes() + 4e6).ceil()
    }
}
