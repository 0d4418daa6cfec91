//! Needed samples as a power of a condition that is a number.
//!
//! The regression is that of the other exponents: censored, of `ln n*`, with lower bounds as what
//! they are. Every (N, Q, T) has a level of its own, so that the exponent is that of values of the
//! condition in one cell, whose tasks may be the same. Where there are more than
//! [`LEVELS`] cells, powers of T, N and Q take the place of levels. Intervals are by the scatter
//! between clusters of one N and Q where there are five or more, else by that of all cells.
//!
//! Two tests ask whether it is a power: whether the exponent changes with the condition, and
//! whether it changes with T. Where one rejects it, the exponent is not to be shown.

use std::collections::{BTreeMap, BTreeSet};

use ordered_float::OrderedFloat;

use super::super::cells::Question;
use super::super::lack_of_fit::REJECTED_BELOW;
use super::super::law::{FEWEST_CLUSTERS, WIDEST};
use super::super::milestone::Milestone;
use super::super::needed::Needed;
use crate::record::{draws_samples, shown, takes_names};
use crate::statistics::censored_regression::{Row, fit};

/// More cells than this have no level each.
const LEVELS: usize = 100;

/// Fewer values than this make no power.
const FEWEST_VALUES: usize = 3;

/// Needed samples against one condition, for one algorithm and values of the other conditions.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionPower {
    /// The condition.
    pub key: String,
    /// Its place in the question's conditions.
    pub at: usize,
    /// Name of the algorithm.
    pub algorithm: String,
    /// The other conditions of the question and their values.
    pub others: Vec<(String, f64)>,
    /// The milestone.
    pub milestone: Milestone,
    /// Its values with cells, ascending.
    pub values: Vec<f64>,
    /// The smallest and the largest of those that the exponent is of: the positive ones.
    pub range: (f64, f64),
    /// The exponent and its 95 % interval; `None` where it is not determined.
    pub exponent: Option<(f64, (f64, f64))>,
    /// Whether the interval is by clusters of one N and Q.
    pub clustered: bool,
    /// Why it is no power, if it is none.
    pub misfit: Option<Misfit>,
}

/// A test that rejects the power.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// What the exponent changes with: the condition, or T.
    pub with: String,
    /// By how much for each doubling of that.
    pub change: f64,
    /// Probability of a change at least as large if there is none.
    pub p_value: f64,
}

impl ConditionPower {
    /// The algorithm and the other conditions.
    #[must_use]
    pub fn within(&self) -> String {
        let others = self.others.iter().map(|(key, value)| format!(", {key} = {}", shown(key, *value)));
        self.algorithm.clone() + &others.collect::<String>()
    }

    /// The exponent if it is known well enough to be shown and it is a power.
    #[must_use]
    pub fn shown_exponent(&self) -> Option<(f64, (f64, f64))> {
        self.exponent.filter(|(_, (low, high))| self.misfit.is_none() && high - low <= WIDEST)
    }
}

/// Of every condition that is a number and has several values with cells.
pub(in super::super) fn condition_powers(needed: &[Needed], question: &Question) -> Vec<ConditionPower> {
    let mut found = Vec::new();
    for (at, key) in question.conditions.iter().enumerate().filter(|(_, key)| !takes_names(key)) {
        let mut groups: BTreeMap<_, Vec<&Needed>> = BTreeMap::new();
        for row in needed.iter().filter(|row| draws_samples(&row.algorithm) && row.samples > 0) {
            let others: Vec<OrderedFloat<f64>> =
                (0..row.conditions.len()).filter(|&i| i != at).map(|i| OrderedFloat(row.conditions[i])).collect();
            groups.entry((row.milestone, row.algorithm.as_str(), others)).or_default().push(row);
        }
        for ((milestone, algorithm, _), cells) in groups {
            let values: BTreeSet<OrderedFloat<f64>> = cells.iter().map(|c| OrderedFloat(c.conditions[at])).collect();
            if values.len() < 2 {
                continue;
            }
            let others = (0..question.conditions.len()).filter(|&i| i != at);
            let others = others.map(|i| (question.conditions[i].clone(), cells[0].conditions[i])).collect();
            let fitted = power(&cells, at, key);
            found.push(ConditionPower {
                key: key.clone(),
                at,
                algorithm: algorithm.to_owned(),
                others,
                milestone,
                values: values.iter().map(|v| v.0).collect(),
                range: fitted.range,
                exponent: fitted.exponent,
                clustered: fitted.clustered,
                misfit: fitted.misfit,
            });
        }
    }
    found
}

#[derive(Default)]
struct Fitted {
    range: (f64, f64),
    exponent: Option<(f64, (f64, f64))>,
    clustered: bool,
    misfit: Option<Misfit>,
}

/// The power of the condition at this place.
fn power(cells: &[&Needed], at: usize, key: &str) -> Fitted {
    let place = |c: &Needed| (c.n, c.q, c.t);
    let positive: Vec<&Needed> = cells.iter().copied().filter(|c| c.conditions[at] > 0.0).collect();
    // A cell that reached nowhere has no level.
    let levels: BTreeSet<(i64, i64, i64)> = positive.iter().filter(|c| !c.censored).map(|c| place(c)).collect();
    let used: Vec<&Needed> = positive.into_iter().filter(|c| levels.contains(&place(c))).collect();
    let seen = || used.iter().filter(|c| !c.censored);
    let values: BTreeSet<OrderedFloat<f64>> = seen().map(|c| OrderedFloat(c.conditions[at])).collect();
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return Fitted::default() };
    let range = (first.0, last.0);
    if values.len() < FEWEST_VALUES {
        return Fitted { range, ..Fitted::default() };
    }
    let levels: Vec<(i64, i64, i64)> = levels.into_iter().collect();
    let mean = |of: &dyn Fn(&Needed) -> f64| used.iter().map(|c| of(c)).sum::<f64>() / used.len() as f64;
    let log = |c: &Needed| libm::log(c.conditions[at]);
    let log_t = |c: &Needed| libm::log(c.t as f64);
    let (middle, middle_t) = (mean(&log), mean(&log_t));
    let several = |of: fn(&Needed) -> i64| seen().map(|c| of(c)).collect::<BTreeSet<i64>>().len() > 1;
    let of_cell: [fn(&Needed) -> i64; 3] = [|c| c.t, |c| c.n, |c| c.q];
    let varying: Vec<fn(&Needed) -> i64> = of_cell.into_iter().filter(|of| several(*of)).collect();
    let level = |c: &Needed| -> Vec<f64> {
        if levels.len() <= LEVELS {
            levels.iter().map(|level| f64::from(u8::from(*level == place(c)))).collect()
        } else {
            std::iter::once(1.0).chain(varying.iter().map(|of| libm::log(of(c) as f64))).collect()
        }
    };
    let rows = |first: &dyn Fn(&Needed) -> Vec<f64>| -> Vec<Row> {
        let row = |c: &&Needed| Row {
            x: first(c).into_iter().chain(level(c)).collect(),
            y: libm::log(c.samples as f64),
            censored: c.censored,
        };
        used.iter().map(row).collect()
    };
    let plain = rows(&|c| vec![log(c) - middle]);
    let Some(regression) = fit(&plain) else { return Fitted { range, ..Fitted::default() } };
    let pairs: Vec<(i64, i64)> = levels.iter().map(|l| (l.0, l.1)).collect::<BTreeSet<_>>().into_iter().collect();
    let clusters: Vec<usize> = used.iter().map(|c| pairs.iter().position(|p| *p == (c.n, c.q)).unwrap_or(0)).collect();
    let widths = (pairs.len() >= FEWEST_CLUSTERS).then(|| regression.clustered(&plain, &clusters)).flatten();
    let half = if regression.residual_scale == Some(0.0) {
        None
    } else {
        widths.as_ref().map_or_else(|| regression.half_width(0), |widths| widths[0])
    };
    let estimate = regression.estimates[0];
    // How much the exponent changes for each e-fold of the condition, and of T.
    let curved = rows(&|c| vec![(log(c) - middle).powi(2), log(c) - middle]);
    let bent = rows(&|c| vec![(log(c) - middle) * (log_t(c) - middle_t), log(c) - middle]);
    let tests = [(key, 2.0, curved, true), ("T", 1.0, bent, several(|c| c.t))];
    let rejected = tests.into_iter().filter(|test| test.3).filter_map(|(with, factor, rows, _)| {
        let fitted = fit(&rows)?;
        let p_value = fitted.p_value(0).filter(|p| *p < REJECTED_BELOW)?;
        let change = factor * std::f64::consts::LN_2 * fitted.estimates[0];
        Some(Misfit { with: with.to_owned(), change, p_value })
    });
    Fitted {
        range,
        exponent: half.map(|half| (estimate, (estimate - half, estimate + half))),
        clustered: widths.is_some(),
        misfit: rejected.min_by(|a, b| a.p_value.total_cmp(&b.p_value)),
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::super::super::needed::needed;
    use super::*;
    use crate::record::Record;
    use crate::record::fixture::record;

    /// Cells of one replicate, whose needed samples are these.
    fn of(values: &[f64], budget: i64, needs: &mut dyn FnMut(i64, i64, f64) -> f64) -> ConditionPower {
        let mut records = Vec::new();
        for n in [3, 4, 5, 6, 7, 8] {
            for t in [32, 128, 512] {
                for &value in values {
                    let samples = needs(n, t, value).round() as i64;
                    let further = vec![("theta".to_owned(), value)];
                    let reached = (samples <= budget).then_some(samples);
                    records.push(Record { further, max_samples: budget, batch_size: 1, ..record(n, 2, t, 0, reached) });
                }
            }
        }
        let question = Question { quantile: 0.9, conditions: vec!["theta".to_owned()], tuned: Vec::new() };
        let found = condition_powers(&needed(&records, &question), &question);
        found.into_iter().find(|p| p.milestone == Milestone::Recovery).unwrap()
    }

    #[test]
    fn a_power_comes_back_with_lower_bounds_as_what_they_are() {
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        let mut gauss = || Normal::standard().inverse_cdf(rng.random_range(1e-12..1.0));
        let (mut covered, mut rejected) = (0.0, 0.0);
        // The standard error of a coverage of 95 % is 1.1 %.
        for _ in 0..400 {
            let mut slope = [0.0; 9];
            (3..9).for_each(|n| slope[n] = 0.1 * gauss());
            let found = of(&[0.25, 0.5, 0.75, 1.0], 450_000, &mut |n, t, v| {
                1e5 * (0.1 * n as f64).exp()
                    * (t as f64 / 32.0).powf(0.1)
                    * v.powf(slope[n as usize] - 0.6)
                    * (0.1 * gauss()).exp()
            });
            assert!(found.clustered && found.range == (0.25, 1.0));
            let (low, high) = found.exponent.unwrap().1;
            covered += f64::from(u8::from(low <= -0.6 && -0.6 <= high)) / 400.0;
            rejected += f64::from(u8::from(found.misfit.is_some())) / 400.0;
        }
        println!("exponent of a condition covered in {covered}, rejected in {rejected}");
        assert!((0.915..=0.985).contains(&covered) && rejected < 0.05, "{covered} {rejected}");
    }

    #[test]
    fn what_is_no_power_is_not_shown_as_one() {
        let noise = |n: i64, t: i64, v: f64| (0.02 * (1e3 * (n as f64 + 7.0 * v) + t as f64).sin()).exp();
        let exponential = of(&[0.25, 0.5, 0.75, 1.0], i64::MAX, &mut |n, t, v| 1e4 * (-3.0 * v).exp() * noise(n, t, v));
        let misfit = exponential.misfit.clone().unwrap();
        assert!(misfit.with == "theta" && misfit.change < -0.5 && exponential.shown_exponent().is_none(), "{misfit:?}");
        let with_t =
            of(&[0.25, 0.5, 1.0], i64::MAX, &mut |n, t, v| 1e4 * v.powf(-0.1 * (t as f64).ln()) * noise(n, t, v));
        let misfit = with_t.misfit.clone().unwrap();
        assert!(misfit.with == "T" && (misfit.change + 0.1 * 2f64.ln()).abs() < 0.02, "{misfit:?}");
        let power = of(&[0.25, 0.5, 1.0], i64::MAX, &mut |n, t, v| 1e4 * v.powf(-0.7) * noise(n, t, v));
        assert!((power.shown_exponent().unwrap().0 + 0.7).abs() < 0.02, "{power:?}");
        // Two positive values and others that are not positive.
        let few = of(&[-0.5, 0.0, 0.5, 1.0], i64::MAX, &mut |n, t, v| 1e4 * (2.0 - v) * noise(n, t, v));
        assert!(few.exponent.is_none() && few.misfit.is_none() && few.values.len() == 4, "{few:?}");
    }
}
