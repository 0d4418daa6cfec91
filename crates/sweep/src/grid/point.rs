//! One point of a grid.

use scb_core::learn::{ALGORITHMS, Algorithm};
use scb_core::train::cost;

use crate::axis::{self, AXES};
use crate::config::{Config, Pretraining};

/// The value of every axis, by its index in [`AXES`].
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The values.
    pub values: [f64; AXES.len()],
}

impl Point {
    /// The value of an axis that holds whole numbers.
    #[must_use]
    pub fn whole(&self, index: usize) -> usize {
        self.values[index] as usize
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> &'static Algorithm {
        &ALGORITHMS[self.whole(axis::ALGORITHM)]
    }

    /// Bytes that a job takes, about.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        let [n, q, t] = [axis::N, axis::Q, axis::T].map(|i| self.values[i]);
        cost::bytes(self.algorithm(), n, q, t)
    }

    /// Bytes of the run that V is transferred from; 0 without a transfer.
    #[must_use]
    pub fn pretraining_bytes(&self, pretraining: &Pretraining) -> f64 {
        if !self.transfers() {
            return 0.0;
        }
        pretraining.recipe().bytes(self.values[axis::N], self.values[axis::Q])
    }

    /// Bytes of its algorithm, without the model and its gradient.
    pub(crate) fn own_bytes(&self) -> f64 {
        (self.algorithm().bytes)(self.values[axis::N], self.values[axis::T])
    }

    /// Whether it starts from a V that was learned elsewhere.
    #[must_use]
    pub fn transfers(&self) -> bool {
        self.values[axis::TRANSFER] > 0.0
    }
}

/// The axes beyond the fixed columns that some grid names or the search moves, in the order of
/// [`AXES`].
#[must_use]
pub fn further_axes(config: &Config) -> Vec<usize> {
    let named = |i: usize| config.grids.iter().any(|g| g.axes.iter().any(|a| a.axis == i && a.listed));
    (0..AXES.len()).filter(|&i| !AXES[i].fixed_column && (named(i) || config.searches(i))).collect()
}

/// Where in the grid a point is, to be put into a sentence.
pub(crate) fn here(point: &Point) -> String {
    let [n, q, t] = [axis::N, axis::Q, axis::T].map(|i| point.values[i]);
    format!("at N = {n}, Q = {q}, T = {t}")
}
