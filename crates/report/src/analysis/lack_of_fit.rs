//! Lack-of-fit tests: whether one power law describes the grid. Each adds one product of two terms
//! to the law. Single cells far off the law are looked for as well.

use std::collections::BTreeSet;

use ordered_float::OrderedFloat;

use super::needed::Needed;
use super::regressors::{independent, row, usable};
use super::term::Term;
use crate::statistics::censored_regression::{Regression, Row, fit};

/// A lack-of-fit test of the power law: the coefficient of one more term, a product of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LackOfFitTest {
    /// The two factors of the term.
    pub factors: (Term, Term),
    /// Its coefficient: by how much the exponent of one changes when the other grows by a factor of
    /// e (twice that for T and T).
    pub estimate: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Probability of a coefficient at least as far from 0, if it is 0.
    pub p_value: f64,
}

/// A cell far off the law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// Its N, Q, T.
    pub cell: (i64, i64, i64),
    /// How far above the law that is fitted without it, in standard errors of that distance: its
    /// externally studentised residual.
    pub studentised: f64,
    /// How many times as many samples it needs as that law says.
    pub factor: f64,
}

/// A check warns below this; with four of them and the search for outliers the grid of a true power
/// law draws a warning in some 6 % of all cases.
pub const REJECTED_BELOW: f64 = 0.01;

pub(super) const TESTED_PRODUCTS: [(Term, Term); 4] =
    [(Term::T, Term::T), (Term::T, Term::N), (Term::T, Term::Q), (Term::N, Term::Q)];

pub(super) fn interval(regression: &Regression, i: usize) -> Option<(f64, f64)> {
    let (estimate, half) = (regression.estimates[i], regression.half_width(i)?);
    Some((estimate - half, estimate + half))
}

/// The power law with the product of two of its terms, each about its mean.
pub(super) fn lack_of_fit_test(cells: &[&Needed], factors: (Term, Term)) -> Option<LackOfFitTest> {
    let (cells, terms) = usable(cells, &[Term::Constant, Term::T, Term::N, Term::Q]);
    let (terms, together) = independent(&cells, &terms);
    if together.contains(&factors.0) || together.contains(&factors.1) {
        return None;
    }
    // Two values have no curvature.
    let values: BTreeSet<OrderedFloat<f64>> = cells.iter().map(|c| OrderedFloat(factors.0.of(c))).collect();
    if !(terms.contains(&factors.0) && terms.contains(&factors.1)) || (factors.0 == factors.1 && values.len() < 3) {
        return None;
    }
    let mean = |term: Term| cells.iter().map(|c| term.of(c)).sum::<f64>() / cells.len() as f64;
    let (first, second) = (mean(factors.0), mean(factors.1));
    let product = |c: &Needed| (factors.0.of(c) - first) * (factors.1.of(c) - second);
    // The product goes first, where it is easy to find.
    let rows: Vec<Row> = cells
        .iter()
        .map(|c| row(c, [product(c)].into_iter().chain(terms.iter().map(|term| term.of(c))).collect()))
        .collect();
    let regression = fit(&rows)?;
    let p_value = regression.p_value(0).filter(|p| p.is_finite())?;
    Some(LackOfFitTest { factors, estimate: regression.estimates[0], interval: interval(&regression, 0)?, p_value })
}

/// Cells that lie so far off the law that the others make that normal scatter would put one of them
/// there in [`OUTLYING`] of all cases (Student's t of the externally studentised residuals, by
/// Bonferroni). A cell's own distance from a law that it has bent towards itself can never be large
/// in a small grid.
pub(super) fn outliers(cells: &[&Needed]) -> Vec<Outlier> {
    let (cells, terms) = usable(cells, &[Term::Constant, Term::T, Term::N, Term::Q]);
    let (terms, _) = independent(&cells, &terms);
    let rows: Vec<Row> = cells.iter().map(|c| row(c, terms.iter().map(|term| term.of(c)).collect())).collect();
    let seen: Vec<usize> = (0..cells.len()).filter(|&i| !cells[i].censored).collect();
    // Of very many cells only those are looked at that lie off the law of all.
    let Some(whole) = fit(&rows) else { return Vec::new() };
    let far = |i: usize| (rows[i].y - whole.predict(&rows[i].x)).abs();
    let mut candidates = seen.clone();
    candidates.sort_by(|&a, &b| far(b).total_cmp(&far(a)));
    candidates.truncate(MAX_REFITTED);
    let outlier = |&i: &usize| {
        let rest: Vec<Row> = rows.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, r)| r.clone()).collect();
        let fit = fit(&rest)?;
        let studentised = fit.studentised(&rest, &rows[i])?;
        let student = statrs::distribution::StudentsT::new(0.0, 1.0, fit.degrees as f64).ok()?;
        let level = 1.0 - OUTLYING / (2.0 * seen.len() as f64);
        let limit = statrs::distribution::ContinuousCDF::inverse_cdf(&student, level);
        let (c, factor) = (cells[i], libm::exp(rows[i].y - fit.predict(&rows[i].x)));
        (studentised.abs() > limit).then_some(Outlier { cell: (c.n, c.q, c.t), studentised, factor })
    };
    let mut found: Vec<Outlier> = candidates.iter().filter_map(outlier).collect();
    found.sort_by_key(|o| o.cell);
    found
}

/// How often normal scatter puts a cell beyond the limit. Logarithms of quantiles have heavier
/// tails: of grids of a true power law it is 1.3 %.
const OUTLYING: f64 = 0.001;

/// Cells for which the law is fitted once more without them.
const MAX_REFITTED: usize = 300;
