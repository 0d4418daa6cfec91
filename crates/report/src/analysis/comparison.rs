//! The two laws compared: by the largest T, when they have not seen it, and by AICc.

use std::collections::BTreeSet;

use super::law::{Law, law};
use super::needed::Needed;
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
    /// Mean of the power law's prediction less what was needed, in `ln n*`.
    pub power_bias: f64,
    /// The same of the competing law.
    pub polylog_bias: f64,
    /// The power law, fitted without that T.
    pub power_law: Law,
    /// The competing law, fitted without that T.
    pub polylog_law: Law,
}

/// Which law the data prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreferredLaw {
    /// Better by AICc and at the largest T.
    Power,
    /// Better by both.
    Polylog,
    /// The two criteria disagree, or one of them does not apply.
    Undecided,
}

/// Fits both laws to all but the largest T and compares what they say of it.
pub(super) fn held_out(cells: &[&Needed]) -> Option<HeldOut> {
    let lengths: BTreeSet<i64> = cells.iter().filter(|c| c.samples > 0).map(|c| c.t).collect();
    let &t = lengths.last().filter(|_| lengths.len() >= 4)?;
    let (left, out): (Vec<&Needed>, Vec<&Needed>) =
        cells.iter().copied().filter(|c| c.samples > 0).partition(|c| c.t < t);
    // Lower bounds alone test no prediction.
    if 2 * out.iter().filter(|c| c.censored).count() > out.len() {
        return None;
    }
    let errors = |form: Form| {
        let law = law(&left, form).filter(|law| law.coefficient(form.term()).is_some())?;
        let error = |c: &&Needed| {
            let error = libm::log(law.predict(c.n as f64, c.q as f64, c.t as f64)) - libm::log(c.samples as f64);
            if c.censored { error.min(0.0) } else { error }
        };
        let count = out.len() as f64;
        let squares: f64 = out.iter().map(error).map(|e| e * e).sum();
        Some(((squares / count).sqrt(), out.iter().map(error).sum::<f64>() / count, law))
    };
    let (power, power_bias, power_law) = errors(Form::Power)?;
    let (polylog, polylog_bias, polylog_law) = errors(Form::Polylog)?;
    Some(HeldOut { t, cells: out.len(), power, polylog, power_bias, polylog_bias, power_law, polylog_law })
}
