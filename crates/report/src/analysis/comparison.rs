//! The laws compared by what they say of a T that they have not seen.

use std::collections::BTreeSet;

use super::law::{Law, fitted};
use super::needed::Needed;
use super::sum::{Parts, SumLaw, sum_without_interval};
use super::term::Form;

/// What the laws say of the largest T when fitted without it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// That T.
    pub t: i64,
    /// Cells there.
    pub cells: usize,
    /// Root of the mean squared error of the power law, in `ln n*`; a lower bound that is exceeded
    /// has none.
    pub power: f64,
    /// The same of the competing law.
    pub polylog: f64,
    /// The same of the sum, if there is one.
    pub sum: Option<f64>,
    /// Mean of the power law's prediction less what was needed, in `ln n*`.
    pub power_bias: f64,
    /// The same of the competing law.
    pub polylog_bias: f64,
    /// The same of the sum.
    pub sum_bias: Option<f64>,
    /// The power law, fitted without that T, without intervals.
    pub power_law: Law,
    /// The competing law, fitted without that T, without intervals.
    pub polylog_law: Law,
    /// The sum, fitted without that T, without an interval.
    pub sum_law: Option<SumLaw>,
}

/// How far the laws are off in all cells, those of each T predicted by laws that were fitted
/// without that T: roots of mean squared errors in `ln n*`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossValidated {
    /// Cells that were predicted.
    pub cells: usize,
    /// Of the power law.
    pub power: f64,
    /// Of the competing law.
    pub polylog: f64,
    /// Of the sum, if there is one.
    pub sum: Option<f64>,
}

/// Which law the data prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreferredLaw {
    /// A power of T.
    Power,
    /// A power of `ln T`.
    Polylog,
    /// The sum of the signal and what follows.
    Sum,
    /// The criteria disagree, or do not apply.
    Undecided,
}

/// Fewer values of T than this compare no laws.
pub const FEWEST_LENGTHS: usize = 4;

/// The laws fitted without one T, and their errors there.
struct Fold {
    out: usize,
    power: (Law, Vec<f64>),
    polylog: (Law, Vec<f64>),
    sum: Option<(SumLaw, Vec<f64>)>,
}

fn lengths(cells: &[&Needed]) -> Vec<i64> {
    cells.iter().filter(|c| c.samples > 0).map(|c| c.t).collect::<BTreeSet<i64>>().into_iter().collect()
}

fn fold(cells: &[&Needed], parts: Option<&Parts<'_>>, t: i64) -> Option<Fold> {
    let (left, out): (Vec<&Needed>, Vec<&Needed>) =
        cells.iter().copied().filter(|c| c.samples > 0).partition(|c| c.t != t);
    // Lower bounds alone test no prediction.
    if 2 * out.iter().filter(|c| c.censored).count() > out.len() {
        return None;
    }
    let errors = |predict: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f64> {
        let error = |c: &&Needed| {
            let error = libm::log(predict(c.n as f64, c.q as f64, c.t as f64)) - libm::log(c.samples as f64);
            if c.censored { error.min(0.0) } else { error }
        };
        out.iter().map(error).collect()
    };
    let single = |form: Form| {
        let law = fitted(&left, form)?.law;
        law.coefficient(form.term())?;
        let errors = errors(&|n, q, t| law.predict(n, q, t));
        Some((law, errors))
    };
    let summed = || {
        let law = sum_without_interval(&parts?.without(t), &left)?;
        let errors = errors(&|n, q, t| law.predict(n, q, t));
        Some((law, errors))
    };
    Some(Fold { out: out.len(), power: single(Form::Power)?, polylog: single(Form::Polylog)?, sum: summed() })
}

fn root_mean_square(errors: &[f64]) -> f64 {
    (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt()
}

fn mean(errors: &[f64]) -> f64 {
    errors.iter().sum::<f64>() / errors.len() as f64
}

/// Fits the laws to all but the largest T and compares what they say of it.
pub(super) fn held_out(cells: &[&Needed], parts: Option<&Parts<'_>>) -> Option<HeldOut> {
    let lengths = lengths(cells);
    let &t = lengths.last().filter(|_| lengths.len() >= FEWEST_LENGTHS)?;
    let Fold { out, power, polylog, sum } = fold(cells, parts, t)?;
    Some(HeldOut {
        t,
        cells: out,
        power: root_mean_square(&power.1),
        polylog: root_mean_square(&polylog.1),
        sum: sum.as_ref().map(|(_, errors)| root_mean_square(errors)),
        power_bias: mean(&power.1),
        polylog_bias: mean(&polylog.1),
        sum_bias: sum.as_ref().map(|(_, errors)| mean(errors)),
        power_law: power.0,
        polylog_law: polylog.0,
        sum_law: sum.map(|(law, _)| law),
    })
}

/// Leaves out each T in turn. The sum has an error only where it can be fitted without each of
/// them.
pub(super) fn cross_validated(cells: &[&Needed], parts: Option<&Parts<'_>>) -> Option<CrossValidated> {
    let lengths = lengths(cells);
    if lengths.len() < FEWEST_LENGTHS {
        return None;
    }
    let folds: Vec<Fold> = lengths.iter().filter_map(|&t| fold(cells, parts, t)).collect();
    let error = |of: &dyn Fn(&Fold) -> Option<Vec<f64>>| -> Option<f64> {
        let errors: Option<Vec<Vec<f64>>> = folds.iter().map(of).collect();
        Some(root_mean_square(&errors?.concat())).filter(|error| error.is_finite())
    };
    Some(CrossValidated {
        cells: folds.iter().map(|fold| fold.out).sum(),
        power: error(&|fold| Some(fold.power.1.clone()))?,
        polylog: error(&|fold| Some(fold.polylog.1.clone()))?,
        sum: error(&|fold| Some(fold.sum.as_ref()?.1.clone())),
    })
}
