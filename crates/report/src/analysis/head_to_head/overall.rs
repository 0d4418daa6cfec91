//! The mean ratio over cells, and how it changes with T.

use std::collections::BTreeSet;

use super::super::law::FEWEST_CLUSTERS;
use super::ratio::{CellRatio, Extent, Outcome, smallest_seen};
use crate::statistics::censored_regression::{Row, fit};

/// What the ratios of several cells say together.
///
/// The regression is of `ln ratio` on `ln T` about its mean, so that its constant is the mean of
/// the cells. A ratio that is only bounded enters as the bound it is. Intervals are by the scatter
/// between clusters of one N and Q where there are five or more, else by that of the cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Overall {
    /// Cells that entered.
    pub cells: usize,
    /// How many of them are only bounds.
    pub bounds: usize,
    /// How many of them lie at an edge of their tuning grid.
    pub at_edge: usize,
    /// Geometric mean of the ratio.
    pub ratio: f64,
    /// Its 95 % interval, if the cells tell one.
    pub interval: Option<(f64, f64)>,
    /// The ratio's exponent of T with its 95 % interval; `None` where T does not vary, or too few
    /// cells tell it.
    pub exponent: Option<(f64, (f64, f64))>,
    /// Whether intervals are by the scatter between clusters.
    pub clustered: bool,
    /// What it says.
    pub outcome: Outcome,
}

impl Overall {
    /// Of these cells; `None` if no ratio is known.
    pub(super) fn of(cells: &[&CellRatio]) -> Option<Self> {
        let known: Vec<(&CellRatio, f64, Extent)> =
            cells.iter().filter_map(|c| c.ratio.map(|(ratio, extent)| (*c, ratio, extent))).collect();
        let exact = || known.iter().filter(|(_, _, extent)| *extent == Extent::Is);
        exact().next()?;
        let log_t = |c: &CellRatio| libm::log(c.cell.2 as f64);
        let mean = known.iter().map(|(c, ..)| log_t(c)).sum::<f64>() / known.len() as f64;
        let lengths: BTreeSet<i64> = exact().map(|(c, ..)| c.cell.2).collect();
        let rows = |terms: usize| -> Vec<Row> {
            let row = |(c, ratio, extent): &(&CellRatio, f64, Extent)| {
                let x = [1.0, log_t(c) - mean];
                // An upper bound is a lower bound of the inverse.
                let sign = if *extent == Extent::AtMost { -1.0 } else { 1.0 };
                let x = x[..terms].iter().map(|x| sign * x).collect();
                Row { x, y: sign * libm::log(*ratio), censored: *extent != Extent::Is }
            };
            known.iter().map(row).collect()
        };
        let with_t = lengths.len() > 1 && exact().count() > 2;
        let fitted = |terms: usize| {
            let rows = rows(terms);
            Some((fit(&rows)?, rows))
        };
        let (regression, rows) = with_t.then(|| fitted(2)).flatten().or_else(|| fitted(1))?;
        let pairs: BTreeSet<(i64, i64)> = known.iter().map(|(c, ..)| (c.cell.0, c.cell.1)).collect();
        let cluster = |c: &CellRatio| pairs.iter().position(|pair| *pair == (c.cell.0, c.cell.1)).unwrap_or(0);
        let clusters: Vec<usize> = known.iter().map(|(c, ..)| cluster(c)).collect();
        let widths = (pairs.len() >= FEWEST_CLUSTERS).then(|| regression.clustered(&rows, &clusters)).flatten();
        let half = |i: usize| {
            if regression.residual_scale == Some(0.0) {
                return None;
            }
            widths.as_ref().map_or_else(|| regression.half_width(i), |widths| widths[i])
        };
        let around = |i: usize| half(i).map(|half| (regression.estimates[i] - half, regression.estimates[i] + half));
        let interval = match known[..] {
            // A single cell has an interval of its own.
            [(cell, ..)] => cell.low.zip(cell.high),
            _ => around(0).map(|(low, high)| (libm::exp(low), libm::exp(high))),
        };
        let at_edge = known.iter().filter(|(c, ..)| c.at_edge).count();
        let (low, high) = (interval.map(|i| i.0), interval.map(|i| i.1));
        Some(Self {
            cells: known.len(),
            bounds: known.len() - exact().count(),
            at_edge,
            ratio: libm::exp(regression.estimates[0]),
            interval,
            exponent: regression.estimates.get(1).copied().zip((rows[0].x.len() > 1).then(|| around(1)).flatten()),
            clustered: widths.is_some(),
            outcome: Outcome::of(low, high, at_edge > 0),
        })
    }

    /// The smallest ratio above 1 that would have been seen with a probability of 0.8.
    #[must_use]
    pub fn smallest_seen(&self) -> Option<f64> {
        self.interval.map(|(low, high)| smallest_seen(low, high))
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    fn cell(cell: (i64, i64, i64), ratio: f64, extent: Extent) -> CellRatio {
        CellRatio {
            cell,
            compared: 0,
            reference: 0,
            ratio: Some((ratio, extent)),
            low: None,
            high: None,
            replicates: 40,
            at_edge: false,
            outcome: Outcome::NotKnown,
        }
    }

    /// By hand: ratios 1, 2, 4 at T = 10, 100, 1000 are 2 T^0.301 about T = 100.
    #[test]
    fn the_geometric_mean_and_the_exponent_are_those_of_the_definition() {
        let cells = [(10, 1.0), (100, 2.2), (1000, 4.0)].map(|(t, ratio)| cell((3, 2, t), ratio, Extent::Is));
        let overall = Overall::of(&cells.iter().collect::<Vec<_>>()).unwrap();
        assert!((overall.ratio - 8.8f64.cbrt()).abs() < 1e-9, "{overall:?}");
        let (exponent, _) = overall.exponent.unwrap();
        assert!((exponent - 4f64.ln() / 100f64.ln()).abs() < 1e-9, "{overall:?}");
        assert!(!overall.clustered && overall.cells == 3 && overall.bounds == 0);
        // An upper bound of one is a lower bound of the inverse.
        let some = |extent: Extent, up: bool| {
            let of = |ratio: f64| if up { ratio } else { 1.0 / ratio };
            let mut cells: Vec<CellRatio> =
                (0..6).map(|i| cell((3, 2, 1 << (4 + i)), of(2.0 + 0.1 * f64::from(i % 3)), Extent::Is)).collect();
            cells.push(cell((3, 2, 1024), of(5.0), extent));
            Overall::of(&cells.iter().collect::<Vec<_>>()).unwrap()
        };
        let (above, below) = (some(Extent::AtLeast, true), some(Extent::AtMost, false));
        assert!((above.ratio * below.ratio - 1.0).abs() < 1e-6 && above.bounds == 1, "{above:?} {below:?}");
        assert!(above.ratio > 2.3, "{above:?}");
        assert!(Overall::of(&[]).is_none());
    }

    /// Ratios of 1.5 T^0.1 whose level and slope differ between nine (N, Q), cut by budgets at one
    /// side or the other. With 800 repetitions the standard error of a coverage of 95 % is 0.8 %.
    #[test]
    fn intervals_cover_the_truth_with_clusters_and_with_bounds() {
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        let mut gauss = || Normal::standard().inverse_cdf(rng.random_range(1e-12..1.0));
        let mut covered = [[0.0; 2]; 2];
        for repetition in 0..800 {
            for (kind, few) in [false, true].into_iter().enumerate() {
                let mut cells = Vec::new();
                for n in 3..if few { 4 } else { 6 } {
                    for q in 1..if few { 2 } else { 4 } {
                        let (level, slope) = if few { (0.0, 0.0) } else { (0.2 * gauss(), 0.05 * gauss()) };
                        for power in 5..11 {
                            let log_t = f64::from(power) * 2f64.ln();
                            let about = log_t - 7.5 * 2f64.ln();
                            let y = 1.5f64.ln() + level + (0.1 + slope) * about + 0.15 * gauss();
                            let budget = 0.9 + 0.2 * f64::from(repetition % 2);
                            let (y, extent) = match (repetition % 4, y > budget) {
                                (0 | 1, true) => (budget, Extent::AtLeast),
                                _ => (y, Extent::Is),
                            };
                            cells.push(cell((n, q, 1 << power), y.exp(), extent));
                        }
                    }
                }
                let overall = Overall::of(&cells.iter().collect::<Vec<_>>()).unwrap();
                assert_eq!(overall.clustered, !few);
                let (low, high) = overall.interval.unwrap();
                covered[kind][0] += f64::from(u8::from(low <= 1.5 && 1.5 <= high)) / 800.0;
                let (_, (low, high)) = overall.exponent.unwrap();
                covered[kind][1] += f64::from(u8::from(low <= 0.1 && 0.1 <= high)) / 800.0;
            }
        }
        println!("mean and exponent covered, nine (N, Q) and one: {covered:?}");
        assert!(covered.iter().flatten().all(|share| (0.92..=0.98).contains(share)), "{covered:?}");
    }
}
