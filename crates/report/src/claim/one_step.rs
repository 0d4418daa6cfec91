//! Where one step is enough, and whether its batch is what theory says.

use std::collections::BTreeMap;

use super::evidence::{Evidence, median_of, runs_of};
use super::mixture::mixture_quantile;
use super::verdict::{Finding, Verdict};
use crate::analysis::{Needed, two};
use crate::statistics::confidence::mean_of_clusters;

/// The factor within which the prediction counts as right.
const WITHIN: f64 = 2.0;

/// A cell, and the batch with which theory lets as many of its runs recover after one step as the
/// quantile asks.
struct Cell<'a> {
    cell: &'a Needed,
    predicted: Option<f64>,
}

/// The cells of runs from planted correlations.
pub(super) struct OneStep<'a> {
    cells: Vec<Cell<'a>>,
}

impl<'a> OneStep<'a> {
    pub(super) fn of(evidence: &Evidence<'a>, cells: &[&'a Needed]) -> Self {
        let quantile = evidence.analysis.question.quantile;
        let cell = |cell: &&'a Needed| {
            let runs = runs_of(evidence, cell);
            let laws: Vec<[f64; 2]> =
                runs.iter().filter_map(|(r, _)| evidence.tasks.get(&r.job_id)?.one_step).collect();
            // A task of which nothing is predicted never recovers after one step.
            let level = quantile * runs.len() as f64 / laws.len().max(1) as f64;
            Cell { cell, predicted: mixture_quantile(&laws, level).filter(|_| level < 1.0) }
        };
        Self { cells: cells.iter().map(cell).collect() }
    }

    /// T and the predicted batch at one N and Q.
    pub(super) fn line(&self, pair: Option<(i64, i64)>) -> Vec<(f64, f64)> {
        let here = self.cells.iter().filter(|c| Some((c.cell.n, c.cell.q)) == pair);
        here.filter_map(|c| Some((c.cell.t as f64, c.predicted?))).collect()
    }

    /// Whether one step is enough in a cell.
    fn suffices(cell: &Cell<'_>) -> bool {
        !cell.cell.censored && cell.cell.samples <= cell.cell.batch_size
    }

    /// The cells in which one step is enough, with the predicted batch.
    pub(super) fn known(&self) -> Vec<(&'a Needed, f64)> {
        self.cells.iter().filter(|c| Self::suffices(c)).filter_map(|c| Some((c.cell, c.predicted?))).collect()
    }

    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let enough = self.cells.iter().filter(|c| Self::suffices(c)).count();
        let known = self.known();
        if known.is_empty() {
            return Vec::new();
        }
        let all = self.cells.len();
        let share = Verdict::new(
            "One step of stage 2 is enough for recovery.",
            Finding::Measured,
            format!(
                "At the best hyperparameters needed samples are one batch in {enough} of {all} cells, and more in the \
                 others."
            ),
        )
        .number("share of cells", Some(enough as f64 / all as f64), None);
        let ratios = |c: &(&Needed, f64)| c.0.samples as f64 / c.1;
        let smallest = known.iter().map(ratios).fold(f64::MAX, f64::min);
        let largest = known.iter().map(ratios).fold(0.0, f64::max);
        // Cells of one N and Q are one cluster.
        let mut clusters: BTreeMap<(i64, i64), Vec<f64>> = BTreeMap::new();
        for c in &known {
            clusters.entry((c.0.n, c.0.q)).or_default().push(libm::log(ratios(c)));
        }
        let clusters: Vec<Vec<f64>> = clusters.into_values().collect();
        let mean = mean_of_clusters(&clusters);
        let ratio = mean.map(|(mean, _)| libm::exp(mean));
        let interval = mean.and_then(|(_, ends)| ends).map(|(low, high)| (libm::exp(low), libm::exp(high)));
        let middle = median_of(known.iter().map(ratios)).unwrap_or(f64::NAN);
        let predicted = Verdict::new(
            "The batch that one step takes is what a Gaussian argument predicts without a free parameter, within a \
             factor of two on average.",
            Finding::of_range(interval, (1.0 / WITHIN, WITHIN)),
            format!(
                "Needed over predicted samples: {} [{}] on geometric average, with (N, Q) as clusters; {} to {} in \
                 single cells, {} in the median. It holds if the interval lies between 1/2 and 2.",
                ratio.map_or_else(|| "not known".to_owned(), two),
                interval.map_or_else(|| "open".to_owned(), |(low, high)| format!("{}, {}", two(low), two(high))),
                two(smallest),
                two(largest),
                two(middle)
            ),
        )
        .number("needed over predicted samples", ratio, interval)
        .resting_on(known.iter().map(|(cell, _)| *cell));
        vec![share, predicted]
    }
}
