//! Needed samples beside predicted ones, within a factor.

use super::verdict::{Finding, Verdict};
use crate::analysis::{Needed, two};

/// The fewest cells that confirm.
const ENOUGH: usize = 3;

/// Cells, each with the samples that are predicted for it.
pub(super) struct Within<'c, 'a> {
    cells: &'c [(&'a Needed, f64)],
    /// How many cells there are, those without a prediction too.
    all: usize,
    /// Above 1.
    factor: f64,
}

impl<'c, 'a> Within<'c, 'a> {
    pub(super) fn new(cells: &'c [(&'a Needed, f64)], all: usize, factor: f64) -> Self {
        Self { cells, all, factor }
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

    fn finding(&self) -> Finding {
        let ratios = self.ratios();
        let inside = |r: &f64| (1.0 / self.factor..=self.factor).contains(r);
        if self.failing() > 0 {
            Finding::Refuted
        } else if ratios.len() == self.all && self.all >= ENOUGH && ratios.iter().all(inside) {
            Finding::Confirmed
        } else {
            Finding::Undecided
        }
    }

    /// By what factor cells are off, in the mean square of logarithms; `None` without cells.
    pub(super) fn typical(&self) -> Option<f64> {
        let ratios = self.ratios();
        let square = ratios.iter().map(|r| libm::log(*r).powi(2)).sum::<f64>() / ratios.len() as f64;
        (!ratios.is_empty()).then(|| libm::exp(square.sqrt()))
    }

    /// Needed over predicted samples on geometric average.
    pub(super) fn mean(&self) -> Option<f64> {
        let ratios = self.ratios();
        let sum: f64 = ratios.iter().map(|r| libm::log(*r)).sum();
        (!ratios.is_empty()).then(|| libm::exp(sum / ratios.len() as f64))
    }

    /// What these cells say of a sentence; `what` is compared.
    pub(super) fn verdict(&self, statement: &str, what: &str) -> Verdict {
        let ratios = self.ratios();
        let evidence = match self.typical() {
            None => format!("Of {} cells none can be compared.", self.all),
            Some(typical) => {
                let (least, most) = ratios.iter().fold((f64::MAX, 0.0f64), |(a, b), &r| (a.min(r), b.max(r)));
                format!(
                    "{what}: {} to {} in {} of {} cells, off by a factor of {} in the mean square. It holds if all cells, \
                     at least {ENOUGH}, can be compared and lie within {}, and fails if the 95 % interval of a cell lies \
                     outside: of {} it does.",
                    two(least),
                    two(most),
                    ratios.len(),
                    self.all,
                    two(typical),
                    self.factor,
                    self.failing()
                )
            }
        };
        let finding = self.finding();
        let verdict = Verdict::new(statement, finding, evidence).resting_on(self.cells.iter().map(|(cell, _)| *cell));
        if finding != Finding::Undecided || verdict.reason.is_some() {
            return verdict;
        }
        let reason = if ratios.len() < self.all || self.all < ENOUGH {
            format!("{} of {} cells can be compared", ratios.len(), self.all)
        } else {
            format!("a cell lies beside the factor of {}, but its interval does not", self.factor)
        };
        Verdict { reason: Some(reason), ..verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Milestone, Question};
    use crate::record::fixture::record;

    /// Cells with needed samples of 1000, in so many of which every run arrives.
    fn verdict(cells: i64, arriving: i64, predicted: f64) -> Verdict {
        let of_cell = |cell: i64| (0..60).map(move |i| record(3, 2, 64 << cell, i, (cell < arriving).then_some(1000)));
        let records: Vec<_> = (0..cells).flat_map(of_cell).collect();
        let question = Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() };
        let analysis = Analysis::of(&records, question);
        let groups = analysis.groups();
        let known: Vec<(&Needed, f64)> =
            groups.iter().flat_map(|g| g.cells(Milestone::Recovery)).map(|cell| (cell, predicted)).collect();
        Within::new(&known, cells as usize, 1.5).verdict("Needed is predicted.", "Needed over predicted")
    }

    #[test]
    fn all_cells_must_be_compared_to_confirm_and_one_beside_refutes() {
        let right = verdict(4, 4, 900.0);
        assert_eq!((right.finding, right.reason.as_deref()), (Finding::Confirmed, None), "{right:?}");
        assert!(right.evidence.contains("1.11 to 1.11 in 4 of 4 cells"), "{}", right.evidence);
        assert_eq!(verdict(4, 4, 500.0).finding, Finding::Refuted);
        let few = verdict(2, 2, 900.0);
        assert_eq!((few.finding, few.reason.as_deref()), (Finding::Undecided, Some("2 of 2 cells can be compared")));
        let none = verdict(4, 0, 1e9);
        assert!(none.evidence.starts_with("Of 4 cells none"), "{none:?}");
    }
}
