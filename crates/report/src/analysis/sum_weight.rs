//! Whether the cells depart from a single law as the sum of two does.
//!
//! Likelihoods of the sum and of a single law cannot be compared: the sum has been fitted to other
//! milestones of the same runs. But the single law can be given one more term (Davidson and
//! MacKinnon 1981): the part of the logarithm of the sum that the single law cannot follow. Its
//! coefficient is 0 if the single law holds, and 1 if the sum does.

use std::collections::BTreeSet;

use super::law::FEWEST_CLUSTERS;
use super::needed::Needed;
use super::regressors::{independent, row, usable};
use super::sum::SumLaw;
use super::term::{Form, Term};
use crate::statistics::censored_regression::{Row, fit};

/// How far the cells depart from a single law, in units of how far the sum does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SumWeight {
    /// The form of the single law.
    pub form: Form,
    /// 0 by the single law, 1 by the sum.
    pub estimate: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
}

/// A sum that departs no further than this from the single law is that law, as far as any reading
/// tells.
const LEAST_DEPARTURE: f64 = 1e-3;

/// The weight of the sum in these cells; `None` where the sum is no other law, or too few cells
/// tell.
pub(super) fn sum_weight(cells: &[&Needed], sum: &SumLaw, form: Form) -> Option<SumWeight> {
    let (cells, terms) = usable(cells, &[Term::Constant, form.term(), Term::N, Term::Q]);
    let (terms, _) = independent(&cells, &terms);
    let of_terms = |c: &Needed| terms.iter().map(|term| term.of(c)).collect::<Vec<f64>>();
    let by_sum = |c: &&Needed| Row {
        x: of_terms(c),
        y: libm::log(sum.predict(c.n as f64, c.q as f64, c.t as f64)),
        censored: false,
    };
    let summed: Vec<Row> = cells.iter().map(by_sum).collect();
    let followed = fit(&summed)?;
    let departures: Vec<f64> = summed.iter().map(|row| row.y - followed.predict(&row.x)).collect();
    if departures.iter().all(|departure| departure.abs() < LEAST_DEPARTURE) {
        return None;
    }
    let rows: Vec<Row> = cells
        .iter()
        .zip(&departures)
        .map(|(c, departure)| row(c, std::iter::once(*departure).chain(of_terms(c)).collect()))
        .collect();
    let regression = fit(&rows)?;
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let half = if pairs.len() < FEWEST_CLUSTERS {
        regression.half_width(0)
    } else {
        let clusters: Vec<usize> =
            cells.iter().map(|c| pairs.iter().position(|pair| *pair == (c.n, c.q)).unwrap_or(0)).collect();
        regression.clustered(&rows, &clusters)?[0]
    }?;
    let estimate = regression.estimates[0];
    (half > 0.0 && half.is_finite()).then_some(SumWeight {
        form,
        estimate,
        interval: (estimate - half, estimate + half),
    })
}
