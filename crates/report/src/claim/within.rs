//! Needed samples beside predicted ones, within a factor.

use super::verdict::Finding;
use crate::analysis::{Needed, two};

/// Cells, each with the samples that are predicted for it.
pub(super) struct Within<'c, 'a> {
    cells: &'c [(&'a Needed, f64)],
    /// Above 1.
    factor: f64,
}

impl<'c, 'a> Within<'c, 'a> {
    pub(super) fn new(cells: &'c [(&'a Needed, f64)], factor: f64) -> Self {
        Self { cells, factor }
    }

    /// Needed over predicted samples, of cells that reached the quantile.
    fn ratios(&self) -> Vec<f64> {
        let known = self.cells.iter().filter(|(cell, _)| !cell.censored);
        known.map(|(cell, predicted)| cell.samples as f64 / predicted).collect()
    }

    /// Cells whose 95 % interval lies outside of the factor.
    fn failing(&self) -> usize {
        let fails = |(cell, predicted): &(&Needed, f64)| {
            let low = cell.ci_low.is_some_and(|low| low as f64 / predicted > self.factor);
            low || cell.ci_high.is_some_and(|high| (high as f64) / predicted < 1.0 / self.factor)
        };
        self.cells.iter().filter(|cell| fails(cell)).count()
    }

    /// Confirmed if at least three cells reached the quantile, and all of them lie within the factor;
    /// refuted if the interval of a cell lies outside.
    pub(super) fn finding(&self) -> Finding {
        let ratios = self.ratios();
        let inside = |r: &f64| (1.0 / self.factor..=self.factor).contains(r);
        if self.failing() > 0 {
            Finding::Refuted
        } else if ratios.len() == self.cells.len() && ratios.len() >= 3 && ratios.iter().all(inside) {
            Finding::Confirmed
        } else {
            Finding::Undecided
        }
    }

    /// By what factor cells are off, in the mean square of logarithms.
    pub(super) fn typical(&self) -> f64 {
        let ratios = self.ratios();
        let square = ratios.iter().map(|r| libm::log(*r).powi(2)).sum::<f64>() / ratios.len().max(1) as f64;
        libm::exp(square.sqrt())
    }

    /// Needed over predicted samples on geometric average.
    pub(super) fn mean(&self) -> Option<f64> {
        let ratios = self.ratios();
        let sum: f64 = ratios.iter().map(|r| libm::log(*r)).sum();
        (!ratios.is_empty()).then(|| libm::exp(sum / ratios.len() as f64))
    }

    /// `0.80 to 1.31 in 16 cells, ..`, and the rule.
    pub(super) fn told(&self) -> String {
        let ratios = self.ratios();
        let (least, most) = ratios.iter().fold((f64::MAX, 0.0f64), |(a, b), &r| (a.min(r), b.max(r)));
        format!(
            "{} to {} in {} cells, off by a factor of {} in the mean square. It holds if all lie within {}, and fails \
             if the 95 % interval of a cell lies outside: of {} it does.",
            two(least),
            two(most),
            ratios.len(),
            two(self.typical()),
            self.factor,
            self.failing()
        )
    }
}
