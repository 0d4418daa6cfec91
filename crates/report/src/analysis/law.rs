//! A fitted law.

use std::collections::BTreeSet;

use super::needed::Needed;
use super::regressors::{independent, row, usable};
use super::term::{Form, Term};
use crate::statistics::censored_regression::{Regression, Row, fit};

/// One fitted coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// Which term.
    pub term: Term,
    /// Its estimate.
    pub estimate: f64,
    /// Its 95 % interval; absent without degrees of freedom.
    pub interval: Option<(f64, f64)>,
}

/// A fitted law.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// How it depends on T.
    pub form: Form,
    /// Its coefficients, the constant first. A term that does not vary among the cells that reached
    /// is not there.
    pub(super) coefficients: Vec<Coefficient>,
    /// Terms that vary together, so that none of them has a coefficient of its own.
    pub together: Vec<Term>,
    /// Whether intervals are by the scatter between clusters of one N and Q; if not, by that of all
    /// cells.
    pub clustered: bool,
    /// Cells that entered.
    pub cells: usize,
    /// How many of them are lower bounds.
    pub censored: usize,
    /// Residual scale: the standard deviation of `ln n*` about the law; absent without degrees of
    /// freedom.
    pub residual_scale: Option<f64>,
    /// Akaike's criterion, corrected; smaller is better.
    pub aicc: Option<f64>,
}

impl Coefficient {
    /// Whether the cells say enough of it to be shown: its interval is known, and no wider than
    /// [`WIDEST`].
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.interval.is_some_and(|(low, high)| high - low <= WIDEST)
    }
}

/// An exponent known no better than this is not known.
pub const WIDEST: f64 = 2.0;

impl Law {
    /// The coefficient of a term, if the cells determine it.
    #[must_use]
    pub fn coefficient(&self, term: Term) -> Option<Coefficient> {
        self.determined().find(|c| c.term == term)
    }

    /// The coefficients that the cells determine, the constant first.
    pub fn determined(&self) -> impl Iterator<Item = Coefficient> + '_ {
        // What varies together with others leaves the constant open too.
        let open = |c: &Coefficient| {
            self.together.contains(&c.term) || (c.term == Term::Constant && !self.together.is_empty())
        };
        self.coefficients.iter().copied().filter(move |c| !open(c))
    }

    /// How needed samples grow at this T: `d ln n / d ln T`, with its interval. For a power of T it
    /// is the exponent, whatever T; for a power k of `ln T` it is `k / ln T`. `None` if the cells
    /// do not determine it.
    #[must_use]
    pub fn local_exponent(&self, t: f64) -> Option<Coefficient> {
        let found = self.coefficient(self.form.term())?;
        let slope = self.form.slope(t);
        let interval = found.interval.map(|(low, high)| (slope * low, slope * high));
        Some(Coefficient { term: Term::T, estimate: slope * found.estimate, interval })
    }

    /// Needed samples by the law.
    #[must_use]
    pub fn predict(&self, n: f64, q: f64, t: f64) -> f64 {
        libm::exp(self.coefficients.iter().map(|c| c.estimate * c.term.value(n, q, t)).sum())
    }
}

/// Intervals of common coefficients are by clusters of one N and Q from so many on; fewer have next
/// to no degrees of freedom.
pub const FEWEST_CLUSTERS: usize = 5;

/// A law as it was fitted, without intervals, and what it was fitted to.
pub(super) struct Fitted<'c> {
    /// The law; its coefficients have no intervals yet.
    pub(super) law: Law,
    /// Its terms, in the order of the regression's coefficients.
    pub(super) terms: Vec<Term>,
    /// The cells that entered.
    pub(super) cells: Vec<&'c Needed>,
    /// Their rows.
    pub(super) rows: Vec<Row>,
    /// The regression.
    pub(super) regression: Regression,
}

impl Fitted<'_> {
    /// Whether no cell scatters about the law. Readings are known to a batch or to their
    /// resolution, so cells without any scatter are no cells without error.
    pub(super) fn is_exact(&self) -> bool {
        self.regression.residual_scale == Some(0.0)
    }
}

/// Fits a law, without intervals; `None` if no exponent is determined.
pub(super) fn fitted<'c>(cells: &[&'c Needed], form: Form) -> Option<Fitted<'c>> {
    let (cells, terms) = usable(cells, &[Term::Constant, form.term(), Term::N, Term::Q]);
    let (terms, together) = independent(&cells, &terms);
    if terms.len() < 2 {
        return None;
    }
    let rows: Vec<Row> = cells.iter().map(|c| row(c, terms.iter().map(|term| term.of(c)).collect())).collect();
    let regression = fit(&rows)?;
    let coefficient = |(&term, &estimate): (&Term, &f64)| Coefficient { term, estimate, interval: None };
    let law = Law {
        form,
        coefficients: terms.iter().zip(&regression.estimates).map(coefficient).collect(),
        together,
        clustered: false,
        cells: cells.len(),
        censored: cells.iter().filter(|c| c.censored).count(),
        residual_scale: regression.residual_scale,
        aicc: regression.aicc(),
    };
    Some(Fitted { law, terms, cells, rows, regression })
}

/// Fits a law; `None` if no exponent is determined.
#[must_use]
pub fn law(cells: &[&Needed], form: Form) -> Option<Law> {
    let fitted = fitted(cells, form)?;
    let exact = fitted.is_exact();
    let Fitted { mut law, cells, rows, regression, .. } = fitted;
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let cluster = |c: &&Needed| pairs.iter().position(|pair| *pair == (c.n, c.q)).unwrap_or(0);
    let clusters: Vec<usize> = cells.iter().map(cluster).collect();
    let clustered = if pairs.len() < FEWEST_CLUSTERS { None } else { regression.clustered(&rows, &clusters) };
    let half_width = |i: usize| match &clustered {
        _ if exact => None,
        Some(widths) => widths[i],
        None => regression.half_width(i),
    };
    for (i, coefficient) in law.coefficients.iter_mut().enumerate() {
        coefficient.interval = half_width(i).map(|half| (coefficient.estimate - half, coefficient.estimate + half));
    }
    law.clustered = clustered.is_some();
    Some(law)
}
