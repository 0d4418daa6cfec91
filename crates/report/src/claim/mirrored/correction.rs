//! How the excess of mirrored runs over the prediction falls with T.

use std::collections::{BTreeMap, BTreeSet};

use super::runs::{PredictedRun, RatioCell};
use crate::analysis::two;
use crate::claim::shares::Task;
use crate::claim::verdict::{Finding, Verdict};
use crate::statistics::confidence::NORMAL_975;

/// A correction counts as better than another if its chi-square is less by so much: the likelihoods
/// differ by a factor of 20.
const BETTER_BY: f64 = 6.0;

/// What the excess may be proportional to.
type Order = fn(&PredictedRun) -> f64;

/// The orders that are compared, with their names.
const ORDERS: [(&str, Order); 4] = [
    ("√(Q/T)", |run| run.sparsity().sqrt()),
    ("Q/T", PredictedRun::sparsity),
    ("1/B", |run| 1.0 / (run.ratio * run.eta.0 * run.t as f64)),
    ("1", |_| 1.0),
];

/// Mirrored runs, those predicted, the variance of the former, and x.
type Counts = (f64, f64, f64, f64);

/// Mirrored runs are `1 + c x` times as many as predicted.
struct Correction {
    c: f64,
    /// Half its 95 % interval, by tasks.
    half: f64,
    /// Of what is left in the cells, each of one T, eta and batch.
    chi_square: f64,
}

/// The correction that is proportional to `x`, by weighted least squares over cells.
fn fitted(runs: &[PredictedRun], x: Order) -> Option<Correction> {
    let mut cells: BTreeMap<RatioCell, Counts> = BTreeMap::new();
    for run in runs {
        let cell = cells.entry(run.cell()).or_default();
        *cell = (cell.0 + run.mirrored, cell.1 + run.predicted, cell.2 + run.predicted * (1.0 - run.predicted), x(run));
    }
    let all = || cells.values().filter(|cell| cell.2 > 0.0);
    let weight: f64 = all().map(|(_, p, v, x)| p * p * x * x / v).sum();
    if weight <= 0.0 {
        return None;
    }
    let c = all().map(|(m, p, v, x)| p * x * (m - p) / v).sum::<f64>() / weight;
    let chi_square = all().map(|(m, p, v, x)| (m - p * (1.0 + c * x)).powi(2) / v).sum();
    let mut tasks: BTreeMap<Task, f64> = BTreeMap::new();
    for run in runs {
        let Some(&(_, p, v, x)) = cells.get(&run.cell()).filter(|cell| cell.2 > 0.0) else {
            continue;
        };
        *tasks.entry(run.task).or_default() += p * x / v / weight * (run.mirrored - run.predicted * (1.0 + c * x));
    }
    let half = NORMAL_975 * tasks.values().map(|part| part * part).sum::<f64>().sqrt();
    Some(Correction { c, half, chi_square })
}

/// Whether the excess falls with T, and how; nothing if there are no runs to tell.
pub(super) fn order_of_excess(runs: &[PredictedRun]) -> Option<Verdict> {
    let of = |(name, order): &(&'static str, Order)| Some((*name, fitted(runs, *order)?));
    let fits: Option<Vec<(&str, Correction)>> = ORDERS.iter().map(of).collect();
    let fits = fits?;
    let [(_, root), (_, linear), _, (_, constant)] = &fits[..] else { return None };
    let is_positive = |fit: &Correction| fit.c - fit.half > 0.0;
    let falls = |fit: &Correction| is_positive(fit) && constant.chi_square - fit.chi_square >= BETTER_BY;
    let is_worse = |fit: &Correction| fit.chi_square - constant.chi_square >= BETTER_BY;
    let finding = if falls(root) && falls(linear) {
        Finding::Confirmed
    } else if is_worse(root) && is_worse(linear) {
        Finding::Refuted
    } else {
        Finding::Undecided
    };
    let cells: BTreeSet<_> = runs.iter().map(PredictedRun::cell).collect();
    let told: Vec<String> = fits
        .iter()
        .map(|(name, fit)| {
            format!("with x = {name} c is {} ± {} and χ² {:.1}", two(fit.c), two(fit.half), fit.chi_square)
        })
        .collect();
    let text = format!(
        "Mirrored runs are 1 + c x times as many as predicted: {}, in {} cells. It holds if c is positive and χ² less \
         by 6 than for a constant excess, both for √(Q/T) and for Q/T, and fails if it is more by 6.",
        told.join("; "),
        cells.len()
    );
    Some(Verdict::new("Mirrored runs exceed the prediction by a share that falls with T.", finding, text).number(
        "excess in units of √(Q/T)",
        Some(root.c),
        Some((root.c - root.half, root.c + root.half)),
    ))
}

#[cfg(test)]
mod tests {
    use ordered_float::OrderedFloat;

    use super::*;

    /// Runs whose probability of being mirrored is 1 + c x times the predicted one, whatever x is.
    fn runs(excess: &dyn Fn(f64, f64) -> f64) -> Vec<PredictedRun> {
        let mut all = Vec::new();
        for t in [64i64, 128, 256, 1024] {
            for (step, ratio) in [(2, 1.2), (5, 1.7), (9, 2.4)] {
                for eta in [0.05, 0.1] {
                    let p = 0.2 / ratio;
                    let share = p * (1.0 + excess(t as f64, ratio * eta * t as f64));
                    for i in 0..4000u32 {
                        let mirrored = f64::from(u8::from((f64::from(i) + 0.5) / 4000.0 < share));
                        let task = (3, 2, t, i64::from(i), [OrderedFloat(0.0), OrderedFloat(1.0)]);
                        let eta = OrderedFloat(eta);
                        all.push(PredictedRun { ratio_step: step, t, eta, task, ratio, mirrored, predicted: p });
                    }
                }
            }
        }
        all
    }

    #[test]
    fn an_excess_that_falls_with_the_length_is_told_from_one_that_does_not() {
        let of = |excess: &dyn Fn(f64, f64) -> f64| order_of_excess(&runs(excess)).unwrap();
        let root = of(&|t, _| 2.0 * f64::sqrt(2.0 / t));
        assert_eq!(root.finding, Finding::Confirmed, "{root:?}");
        assert!((root.estimate.unwrap() - 2.0).abs() < 0.1 && root.interval.unwrap().0 > 1.0, "{root:?}");
        assert_eq!(of(&|t, _| 8.0 * 2.0 / t).finding, Finding::Confirmed);
        assert_eq!(of(&|_, _| 0.3).finding, Finding::Refuted);
        assert_eq!(of(&|_, _| 0.0).finding, Finding::Undecided, "there is none");
        assert!(order_of_excess(&[]).is_none());
    }
}
