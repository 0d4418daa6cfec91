//! A fitted law.

use std::collections::BTreeSet;

use super::needed::Needed;
use super::regressors::{independent, row, usable};
use super::term::{Form, Term};
use crate::statistics::censored_regression::{Row, fit};

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

    /// Needed samples by the law.
    #[must_use]
    pub fn predict(&self, n: f64, q: f64, t: f64) -> f64 {
        libm::exp(self.coefficients.iter().map(|c| c.estimate * c.term.value(n, q, t)).sum())
    }
}

/// Intervals of common coefficients are by clusters of one N and Q from so many on; fewer have next
/// to no degrees of freedom.
pub const FEWEST_CLUSTERS: usize = 5;

/// Fits a law; `None` if no exponent is determined.
#[must_use]
pub fn law(cells: &[&Needed], form: Form) -> Option<Law> {
    let (cells, terms) = usable(cells, &[Term::Constant, form.term(), Term::N, Term::Q]);
    let (terms, together) = independent(&cells, &terms);
    if terms.len() < 2 {
        return None;
    }
    let rows: Vec<Row> = cells.iter().map(|c| row(c, terms.iter().map(|term| term.of(c)).collect())).collect();
    let regression = fit(&rows)?;
    let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
    let cluster = |c: &&Needed| pairs.iter().position(|pair| *pair == (c.n, c.q)).unwrap_or(0);
    let clusters: Vec<usize> = cells.iter().map(cluster).collect();
    let clustered = if pairs.len() < FEWEST_CLUSTERS { None } else { regression.clustered(&rows, &clusters) };
    // Readings are known to a batch or to their resolution, so cells without any scatter are no
    // cells without error.
    let exact = regression.residual_scale == Some(0.0);
    let half_width = |i: usize| match &clustered {
        _ if exact => None,
        Some(widths) => widths[i],
        None => regression.half_width(i),
    };
    let coefficient = |(i, &term): (usize, &Term)| {
        let estimate = regression.estimates[i];
        Coefficient { term, estimate, interval: half_width(i).map(|half| (estimate - half, estimate + half)) }
    };
    Some(Law {
        form,
        coefficients: terms.iter().enumerate().map(coefficient).collect(),
        together,
        clustered: clustered.is_some(),
        cells: cells.len(),
        censored: cells.iter().filter(|c| c.censored).count(),
        residual_scale: regression.residual_scale,
        aicc: regression.aicc(),
    })
}
