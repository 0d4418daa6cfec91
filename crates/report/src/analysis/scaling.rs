//! Scaling laws: how needed samples grow with T, N and Q.
//!
//! The power law `ln n* = c + a ln T + b ln N + d ln Q` and its polylogarithmic rival, with `ln ln T` for `ln T`, are
//! fitted to cells by censored regression ([`censored_regression`](crate::statistics::censored_regression)): a cell whose quantile was not
//! reached enters as the lower bound it is. The scatter of cells about the law is the law's own measure of error: it holds the
//! chance of the replicates, that of choosing hyperparameters, and what the law misses. Slopes differ between N and Q, so
//! the intervals of coefficients that all share are by the scatter between clusters of one N and Q, where there are [`FEWEST_CLUSTERS`] at least.
//!
//! Terms that vary together, as N and Q do where Q = N/2, cannot be told apart: the law has them, so that it predicts, but no coefficient of theirs is given.
//!
//! The two are compared by AICc and by what they say of the largest T when they have not seen it. Whether one power law
//! describes the whole grid is asked term by term: does the exponent of T change with T, N or Q, does that of N with Q,
//! does a cell lie far off?

use std::collections::{BTreeMap, BTreeSet};

use super::needed::{Key, Milestone, Needed, Question};
use crate::record::further_columns;
use crate::statistics::censored_regression::{Regression, Row, fit};
use crate::table::Table;

/// A term of a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The constant c.
    Constant,
    /// `ln T`; its coefficient is the exponent of T.
    T,
    /// `ln ln T`; its coefficient is the power of `ln T`.
    LogT,
    /// `ln N`.
    N,
    /// `ln Q`.
    Q,
}

impl Term {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::T => "T",
            Self::LogT => "ln T",
            Self::N => "N",
            Self::Q => "Q",
        }
    }

    fn value(self, n: f64, q: f64, t: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::T => libm::log(t),
            Self::LogT => libm::log(libm::log(t)),
            Self::N => libm::log(n),
            Self::Q => libm::log(q),
        }
    }

    fn of(self, cell: &Needed) -> f64 {
        self.value(cell.n as f64, cell.q as f64, cell.t as f64)
    }
}

/// How a law depends on T.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As a power of T.
    Power,
    /// As a power of `ln T`.
    Polylog,
}

impl Form {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Polylog => "polylog",
        }
    }

    /// Its term in T.
    #[must_use]
    pub fn term(self) -> Term {
        match self {
            Self::Power => Term::T,
            Self::Polylog => Term::LogT,
        }
    }
}

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
    /// Its coefficients, the constant first. A term that does not vary among the cells that reached is not there.
    coefficients: Vec<Coefficient>,
    /// Terms that vary together, so that none of them has a coefficient of its own.
    pub together: Vec<Term>,
    /// Whether intervals are by the scatter between clusters of one N and Q; if not, by that of all cells.
    pub clustered: bool,
    /// Cells that entered.
    pub cells: usize,
    /// How many of them are lower bounds.
    pub censored: usize,
    /// Spread of `ln n*` about the law; absent without degrees of freedom.
    pub spread: Option<f64>,
    /// Akaike's criterion, corrected; smaller is better.
    pub aicc: Option<f64>,
}

impl Coefficient {
    /// Whether the cells say enough of it to be shown: its interval is known, and no wider than [`WIDEST`].
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

/// What the laws say of the largest T when fitted without it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// That T.
    pub t: i64,
    /// Cells there.
    pub cells: usize,
    /// Root of the mean squared error of the power law, in `ln n*`; a lower bound that is exceeded has none.
    pub power: f64,
    /// Of its rival.
    pub polylog: f64,
    /// Mean of the power law's prediction less what was needed, in `ln n*`.
    pub power_bias: f64,
    /// Of its rival.
    pub polylog_bias: f64,
    /// The power law, fitted without that T.
    pub power_law: Law,
    /// Its rival.
    pub polylog_law: Law,
}

/// A question whether one power law describes the grid: one more term in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// The two factors of the term.
    pub factors: (Term, Term),
    /// Its coefficient: by how much the exponent of one changes when the other grows by a factor of e (twice that for T and T).
    pub estimate: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Probability of one as far from 0 by chance.
    pub p_value: f64,
}

/// A cell far off the law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// Its N, Q, T.
    pub cell: (i64, i64, i64),
    /// How far above the law that is fitted without it, in standard errors of that distance: its externally studentised residual.
    pub studentised: f64,
    /// How many times as many samples it needs as that law says.
    pub factor: f64,
}

/// Which law the data prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Better by AICc and at the largest T.
    Power,
    /// Better by both.
    Polylog,
    /// They disagree, or one of them says nothing.
    Undecided,
}

/// Everything about one milestone of one algorithm.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Values of the question's conditions, in its order.
    pub conditions: Vec<f64>,
    /// The milestone.
    pub milestone: Milestone,
    /// The power law; `None` if the cells determine no exponent.
    pub power: Option<Law>,
    /// Its rival; `None` also where T does not vary.
    pub polylog: Option<Law>,
    /// The power of T for each (N, Q).
    pub of_pairs: Vec<(i64, i64, Law)>,
    /// What both say of the largest T; `None` with fewer than four values of T.
    pub held_out: Option<HeldOut>,
    /// Whether one power law describes the grid.
    pub checks: Vec<Check>,
    /// Cells that lie far off it.
    pub outliers: Vec<Outlier>,
}

/// A check warns below this; with four of them and the search for outliers the grid of a true power law draws a warning in
/// some 6 % of all cases.
pub const WARNS_BELOW: f64 = 0.01;

const CHECKS: [(Term, Term); 4] = [(Term::T, Term::T), (Term::T, Term::N), (Term::T, Term::Q), (Term::N, Term::Q)];

impl Scaling {
    /// Which law the data prefer: by AICc (a difference below 2 says nothing) and at the largest T, agreeing.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let difference = self.aicc_difference();
        match (difference, &self.held_out) {
            (Some(d), Some(h)) if d > 2.0 && h.power < h.polylog => Verdict::Power,
            (Some(d), Some(h)) if d < -2.0 && h.power > h.polylog => Verdict::Polylog,
            _ => Verdict::Undecided,
        }
    }

    /// AICc of the rival less that of the power law: above 0 speaks for the power law.
    #[must_use]
    pub fn aicc_difference(&self) -> Option<f64> {
        Some(self.polylog.as_ref()?.aicc? - self.power.as_ref()?.aicc?)
    }

    /// The law in T of one N and Q.
    #[must_use]
    pub fn of_pair(&self, n: i64, q: i64) -> Option<&Law> {
        self.of_pairs.iter().find(|(m, p, _)| (*m, *p) == (n, q)).map(|(_, _, law)| law)
    }

    /// The checks that warn.
    pub fn failed_checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.p_value < WARNS_BELOW)
    }
}

/// The laws of every algorithm, condition and milestone, in their order.
#[must_use]
pub fn scalings(rows: &[Needed]) -> Vec<Scaling> {
    let mut groups: BTreeMap<(&str, Vec<Key>, Milestone), Vec<&Needed>> = BTreeMap::new();
    for row in rows {
        let conditions = row.conditions.iter().map(|&c| Key(c)).collect();
        groups.entry((&row.algorithm, conditions, row.milestone)).or_default().push(row);
    }
    let scaling = |((algorithm, conditions, milestone), cells): (_, Vec<&Needed>)| {
        let (algorithm, conditions): (&str, Vec<Key>) = (algorithm, conditions);
        let power = law(&cells, Form::Power);
        let pairs: BTreeSet<(i64, i64)> = cells.iter().map(|c| (c.n, c.q)).collect();
        let of_pair = |(n, q)| {
            let cells: Vec<&Needed> = cells.iter().copied().filter(|c| (c.n, c.q) == (n, q)).collect();
            Some((n, q, law(&cells, Form::Power)?))
        };
        Scaling {
            algorithm: algorithm.to_owned(),
            conditions: conditions.iter().map(|key| key.0).collect(),
            milestone,
            polylog: law(&cells, Form::Polylog).filter(|law| law.coefficient(Term::LogT).is_some()),
            of_pairs: pairs.into_iter().filter_map(of_pair).collect(),
            held_out: held_out(&cells),
            checks: CHECKS.into_iter().filter_map(|factors| check(&cells, factors)).collect(),
            outliers: if power.is_some() { outliers(&cells) } else { Vec::new() },
            power,
        }
    };
    groups.into_iter().map(scaling).collect()
}

/// Cells and terms that a fit can use: terms that vary among the cells that reached; cells that need at least one sample, and
/// lower bounds only where the former say something of them.
fn usable<'c>(cells: &[&'c Needed], terms: &[Term]) -> (Vec<&'c Needed>, Vec<Term>) {
    // ln 0 has no place here: a milestone that holds at the start needs no samples and no law.
    let positive: Vec<&Needed> = cells.iter().copied().filter(|c| c.samples > 0).collect();
    let seen = || positive.iter().filter(|c| !c.censored);
    let (kept, constant): (Vec<Term>, Vec<Term>) = terms.iter().copied().partition(|term| {
        *term == Term::Constant || seen().any(|c| seen().next().is_some_and(|d| term.of(c) != term.of(d)))
    });
    let told = |c: &&&Needed| seen().next().is_some_and(|d| constant.iter().all(|term| term.of(c) == term.of(d)));
    (positive.iter().filter(told).copied().collect(), kept)
}

fn row(cell: &Needed, x: Vec<f64>) -> Row {
    Row { x, y: libm::log(cell.samples as f64), censored: cell.censored }
}

/// Intervals of common coefficients are by clusters of one N and Q from so many on; fewer have next to no degrees of freedom.
pub const FEWEST_CLUSTERS: usize = 5;

/// Those of T, N and Q that cannot be told apart in the grid of these cells, whichever of them reached the quantile.
pub(crate) fn vary_together(cells: &[&Needed]) -> Vec<Term> {
    let terms = [Term::Constant, Term::T, Term::N, Term::Q];
    let vary = |term: &Term| *term == Term::Constant || cells.iter().any(|c| term.of(c) != term.of(cells[0]));
    apart(cells, &terms.into_iter().filter(vary).collect::<Vec<_>>()).1
}

/// The first of these terms that are linearly independent over the cells that reached, and those that vary together.
fn independent(cells: &[&Needed], terms: &[Term]) -> (Vec<Term>, Vec<Term>) {
    let seen: Vec<&Needed> = cells.iter().copied().filter(|c| !c.censored).collect();
    apart(&seen, terms)
}

/// The first of these terms that are linearly independent over these cells, and those that vary together.
fn apart(seen: &[&Needed], terms: &[Term]) -> (Vec<Term>, Vec<Term>) {
    let (mut kept, mut together): (Vec<Term>, Vec<Term>) = (Vec::new(), Vec::new());
    for &term in terms {
        let row = |c: &&Needed| Row { x: kept.iter().map(|k| k.of(c)).collect(), y: term.of(c), censored: false };
        let rows: Vec<Row> = seen.iter().map(row).collect();
        // A term that those before it fit without a rest.
        let combination = if kept.is_empty() { None } else { fit(&rows) };
        let tied =
            combination.filter(|f| rows.iter().all(|r| (r.y - f.predict(&r.x)).abs() < 1e-9 * (1.0 + r.y.abs())));
        match tied {
            None => kept.push(term),
            Some(fit) => {
                let parts = kept.iter().zip(&fit.estimates).filter(|(k, b)| **k != Term::Constant && b.abs() > 1e-9);
                let mut parts: Vec<Term> = parts.map(|(k, _)| *k).collect();
                parts.push(term);
                parts.retain(|t| !together.contains(t));
                together.extend(parts);
            }
        }
    }
    (kept, together)
}

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
    // Readings are known to a batch or to their resolution, so cells without any scatter are no cells without error.
    let exact = regression.spread == Some(0.0);
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
        spread: regression.spread,
        aicc: regression.aicc(),
    })
}

fn interval(regression: &Regression, i: usize) -> Option<(f64, f64)> {
    let (estimate, half) = (regression.estimates[i], regression.half_width(i)?);
    Some((estimate - half, estimate + half))
}

/// Fits both laws to all but the largest T and compares what they say of it.
fn held_out(cells: &[&Needed]) -> Option<HeldOut> {
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

/// The power law with the product of two of its terms, each about its mean.
fn check(cells: &[&Needed], factors: (Term, Term)) -> Option<Check> {
    let (cells, terms) = usable(cells, &[Term::Constant, Term::T, Term::N, Term::Q]);
    let (terms, together) = independent(&cells, &terms);
    if together.contains(&factors.0) || together.contains(&factors.1) {
        return None;
    }
    // Two values have no curvature.
    let values: BTreeSet<Key> = cells.iter().map(|c| Key(factors.0.of(c))).collect();
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
    Some(Check { factors, estimate: regression.estimates[0], interval: interval(&regression, 0)?, p_value })
}

/// Cells that lie so far off the law that the others make that normal scatter would put one of them there in [`OUTLYING`] of all cases (Student's t of the externally
/// studentised residuals, by Bonferroni). A cell's own distance from a law that it has bent towards itself can never be large in a small grid.
fn outliers(cells: &[&Needed]) -> Vec<Outlier> {
    let (cells, terms) = usable(cells, &[Term::Constant, Term::T, Term::N, Term::Q]);
    let (terms, _) = independent(&cells, &terms);
    let rows: Vec<Row> = cells.iter().map(|c| row(c, terms.iter().map(|term| term.of(c)).collect())).collect();
    let seen: Vec<usize> = (0..cells.len()).filter(|&i| !cells[i].censored).collect();
    // Of very many cells only those are looked at that lie off the law of all.
    let Some(whole) = fit(&rows) else { return Vec::new() };
    let far = |i: usize| (rows[i].y - whole.predict(&rows[i].x)).abs();
    let mut candidates = seen.clone();
    candidates.sort_by(|&a, &b| far(b).total_cmp(&far(a)));
    candidates.truncate(MOST_REFITTED);
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

/// How often normal scatter puts a cell beyond the limit. Logarithms of quantiles have heavier tails: of grids of a true power law it is 1.3 %.
const OUTLYING: f64 = 0.001;

/// Cells for which the law is fitted once more without them.
const MOST_REFITTED: usize = 300;

/// One row of `scaling.parquet`.
struct Line<'s> {
    scaling: &'s Scaling,
    model: &'static str,
    pair: Option<(i64, i64)>,
    term: String,
    estimate: f64,
    interval: Option<(f64, f64)>,
    cells: Option<(usize, usize)>,
    p_value: Option<f64>,
}

/// The columns of `scaling.parquet`.
#[must_use]
pub fn scaling_table(scalings: &[Scaling], question: &Question) -> Table {
    let lines: Vec<Line<'_>> = scalings.iter().flat_map(lines).collect();
    let all = || lines.iter();
    let table = Table::new()
        .text(
            "milestone",
            "signal, support, recovery, or the samples between signal and recovery",
            all().map(|l| l.scaling.milestone.name()),
        )
        .text("algorithm", "name of the algorithm", all().map(|l| l.scaling.algorithm.as_str()));
    let conditions = |i: usize| all().map(|l| l.scaling.conditions.get(i).copied()).collect();
    further_columns(table, question.conditions.iter(), "further condition of the grid", conditions)
        .text("model", "power: ln n = c + a ln T + b ln N + d ln Q; polylog: ln ln T for ln T; power_of_pair: one N and Q; power_check: a product of two terms more; held_out: errors at the largest T of laws fitted without it", all().map(|l| l.model))
        .int("N", "states", "for power_of_pair", all().map(|l| l.pair.map(|(n, _)| n)))
        .int("Q", "positions", "for power_of_pair", all().map(|l| l.pair.map(|(_, q)| q)))
        .text("term", "constant, an exponent (T, N, Q; ln T: of ln T), a product of two (T*N: by how much one exponent changes when the other grows e-fold), spread: of ln n about the law, aicc, or an error in ln n", all().map(|l| l.term.as_str()))
        .float("estimate", "", "its estimate", all().map(|l| Some(l.estimate).filter(|x| x.is_finite())))
        .float("ci_low", "", "lower end of its 95 % interval (censored regression; Student's t, by the scatter between clusters of one N and Q where there are five or more, else between cells); null: not determined", all().map(|l| l.interval.map(|i| i.0)))
        .float("ci_high", "", "upper end", all().map(|l| l.interval.map(|i| i.1)))
        .int("n_points", "cells", "cells that entered", all().map(|l| l.cells.map(|c| c.0 as i64)))
        .int("n_censored", "cells", "how many of them are lower bounds", all().map(|l| l.cells.map(|c| c.1 as i64)))
        .float("p_value", "", "of a power_check: probability of an estimate as far from 0 by chance", all().map(|l| l.p_value))
}

fn lines(scaling: &Scaling) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut of_law = |law: &Law, model: &'static str, pair: Option<(i64, i64)>| {
        let mut add = |term: &str, estimate: f64, interval| {
            let (term, cells) = (term.to_owned(), Some((law.cells, law.censored)));
            lines.push(Line { scaling, model, pair, term, estimate, interval, cells, p_value: None });
        };
        law.determined().for_each(|c| add(c.term.name(), c.estimate, c.interval));
        law.spread.into_iter().for_each(|spread| add("spread", spread, None));
        law.aicc.into_iter().for_each(|aicc| add("aicc", aicc, None));
    };
    scaling.power.iter().for_each(|law| of_law(law, Form::Power.name(), None));
    scaling.polylog.iter().for_each(|law| of_law(law, Form::Polylog.name(), None));
    scaling.of_pairs.iter().for_each(|(n, q, law)| of_law(law, "power_of_pair", Some((*n, *q))));
    let cells = scaling.power.as_ref().map(|law| (law.cells, law.censored));
    for check in &scaling.checks {
        let term = format!("{}*{}", check.factors.0.name(), check.factors.1.name());
        let (estimate, interval, p_value) = (check.estimate, Some(check.interval), Some(check.p_value));
        lines.push(Line { scaling, model: "power_check", pair: None, term, estimate, interval, cells, p_value });
    }
    if let Some(h) = &scaling.held_out {
        let errors = [
            ("power_error", h.power),
            ("power_bias", h.power_bias),
            ("polylog_error", h.polylog),
            ("polylog_bias", h.polylog_bias),
        ];
        lines.extend(errors.map(|(term, estimate)| {
            let (term, cells) = (term.to_owned(), Some((h.cells, 0)));
            Line { scaling, model: "held_out", pair: None, term, estimate, interval: None, cells, p_value: None }
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::needed::needed;
    use super::*;
    use crate::record::fixture::record;

    const GRID: [&[i64]; 3] = [&[3, 4, 6], &[1, 2, 3], &[32, 64, 128, 256, 512]];

    fn question() -> Question {
        Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() }
    }

    /// Cells whose needed samples are `law`, rounded.
    fn cells(law: impl Fn(f64, f64, f64) -> f64) -> Vec<Needed> {
        let mut records = Vec::new();
        for &n in GRID[0] {
            for &q in GRID[1] {
                for &t in GRID[2] {
                    let samples = law(n as f64, q as f64, t as f64).round() as i64;
                    records.push(record(n, q, t, 0, Some(samples)));
                }
            }
        }
        needed(&records, &question()).into_iter().filter(|r| r.milestone == Milestone::Recovery).collect()
    }

    /// A number without a pattern that comes out the same each time, between -0.5 and 0.5.
    fn jitter(n: f64, q: f64, t: f64) -> f64 {
        (1e4 * (n * 12.9898 + q * 78.233 + t * 37.719).sin()).rem_euclid(1.0) - 0.5
    }

    fn only(cells: &[Needed]) -> Scaling {
        scalings(cells).into_iter().next().unwrap()
    }

    #[test]
    fn known_exponents_come_back() {
        let power = only(&cells(|n, q, t| 1e5 * t.powf(0.8) * n.powf(-0.3) * q.powf(1.2))).power.unwrap();
        for (term, expected) in [(Term::T, 0.8), (Term::N, -0.3), (Term::Q, 1.2)] {
            let found = power.coefficient(term).unwrap();
            assert!((found.estimate - expected).abs() < 1e-5, "{found:?}");
        }
        assert_eq!((power.cells, power.censored), (45, 0));
        assert!(
            (power.predict(4.0, 2.0, 128.0) / (1e5 * 128f64.powf(0.8) * 4f64.powf(-0.3) * 2f64.powf(1.2)) - 1.0).abs()
                < 1e-4
        );
    }

    #[test]
    fn lower_bounds_enter_as_what_they_are() {
        let mut cells = cells(|n, q, t| 1e3 * t.powf(0.8) * (0.4 * jitter(n, q, t)).exp());
        let whole = only(&cells).power.unwrap().coefficient(Term::T).unwrap();
        // A budget that cuts off the upper third.
        let budget = 70_000;
        for cell in cells.iter_mut().filter(|c| c.samples > budget) {
            (cell.samples, cell.censored) = (budget, true);
        }
        let scaling = only(&cells);
        let law = scaling.power.as_ref().unwrap();
        assert!(law.censored > 10 && law.cells == 45);
        let censored = law.coefficient(Term::T).unwrap();
        let (low, high) = censored.interval.unwrap();
        assert!((censored.estimate - whole.estimate).abs() < 0.05 && low < 0.8 && 0.8 < high, "{censored:?} {whole:?}");
        // Leaving them out, or taking them at their word, pulls the exponent down.
        cells.iter_mut().for_each(|c| c.censored = false);
        let naive = only(&cells).power.unwrap().coefficient(Term::T).unwrap().estimate;
        assert!(naive < censored.estimate - 0.05, "{naive}");
    }

    #[test]
    fn terms_that_do_not_vary_are_left_out_with_the_bounds_that_they_leave_untold() {
        let mut cells = cells(|_, _, t| 1000.0 * t);
        cells.retain(|c| c.q == 2);
        // Of N = 6 there are bounds only: its exponent has no estimate, and the bounds no say.
        cells.iter_mut().filter(|c| c.n > 3).for_each(|c| c.censored = true);
        let scaling = only(&cells);
        let law = scaling.power.unwrap();
        assert_eq!((law.coefficients.len(), law.cells, law.censored), (2, 5, 0));
        assert!((law.coefficient(Term::T).unwrap().estimate - 1.0).abs() < 1e-4);
        assert_eq!(scaling.of_pairs.len(), 1);
        cells.truncate(1);
        let scaling = only(&cells);
        assert!(scaling.power.is_none() && scaling.polylog.is_none() && scaling.held_out.is_none());
        assert!(scaling.checks.is_empty() && scaling.outliers.is_empty());
    }

    #[test]
    fn the_right_law_wins_and_the_largest_length_shows_it() {
        let noisy = |n, q, t| (0.2 * jitter(n, q, t)).exp();
        let power = only(&cells(|n, q, t| 100.0 * t * noisy(n, q, t)));
        assert_eq!(power.verdict(), Verdict::Power);
        let held_out = power.held_out.unwrap();
        assert!(held_out.t == 512 && held_out.power < 0.1 && held_out.polylog_bias < -0.2, "{held_out:?}");
        let polylog = only(&cells(|n, q, t| 100.0 * t.ln().powi(3) * noisy(n, q, t)));
        assert_eq!(polylog.verdict(), Verdict::Polylog);
        assert!((polylog.polylog.unwrap().coefficient(Term::LogT).unwrap().estimate - 3.0).abs() < 0.15);
        let neither = only(&cells(|n, q, t| 500.0 * noisy(n, q, t)));
        assert_eq!(neither.verdict(), Verdict::Undecided);
    }

    #[test]
    fn grids_that_no_single_power_law_describes_are_told() {
        let noisy = |n, q, t| (0.2 * jitter(n, q, t)).exp();
        let failed = |cells: &[Needed]| only(cells).failed_checks().map(|c| c.factors).collect::<Vec<_>>();
        assert_eq!(failed(&cells(|n, q, t| 100.0 * t.powf(0.8) * noisy(n, q, t))), []);
        let with_n = cells(|n, q, t| 100.0 * t.powf(0.4 + 0.3 * n.ln()) * noisy(n, q, t));
        assert_eq!(failed(&with_n), [(Term::T, Term::N)]);
        let check = only(&with_n).checks[1];
        assert!(check.interval.0 < 0.3 && 0.3 < check.interval.1, "{check:?}");
        let curved = cells(|n, q, t| 100.0 * (0.15 * t.ln() * t.ln()).exp() * noisy(n, q, t));
        assert_eq!(failed(&curved), [(Term::T, Term::T)]);
        let mut odd = cells(|n, q, t| 100.0 * t * noisy(n, q, t));
        odd[7].samples *= 3;
        let outliers = only(&odd).outliers;
        assert_eq!((outliers.len(), outliers[0].cell), (1, (odd[7].n, odd[7].q, odd[7].t)));
        assert!((2.5..3.5).contains(&outliers[0].factor), "{outliers:?}");
    }

    /// Among six cells one that needs four times as many samples bends the law so much that it lies 1.8 of its spreads off; the law of the other five
    /// knows better. Six cells without one have none.
    #[test]
    fn an_outlier_among_six_cells_is_found() {
        for at in 0..6 {
            let cell = |i: usize| {
                let t = 32 << i;
                record(3, 2, t, 0, Some((100.0 * t as f64 * (0.06 * jitter(3.0, 2.0, t as f64)).exp()).round() as i64))
            };
            let records: Vec<_> = (0..6).map(cell).collect();
            let mut cells = needed(&records, &question());
            cells.retain(|c| c.milestone == Milestone::Recovery);
            assert_eq!(only(&cells).outliers, []);
            cells[at].samples *= 4;
            let outliers = only(&cells).outliers;
            assert!(
                outliers.iter().any(|o| o.cell.2 == cells[at].t && (3.0..6.0).contains(&o.factor)),
                "{at}: {outliers:?}"
            );
        }
    }

    /// Cells on one line, to the resolution of their readings, and one that is a batch off: chance has no size to compare it with.
    #[test]
    fn where_nothing_scatters_nothing_lies_far_off() {
        let records: Vec<_> = [1024, 1024, 1024, 1088, 1024, 1024]
            .iter()
            .zip(0..)
            .map(|(&s, i)| record(3, 2, 32 << i, 0, Some(s)))
            .collect();
        let mut cells = needed(&records, &question());
        cells.retain(|c| c.milestone == Milestone::Recovery);
        assert_eq!(only(&cells).outliers, []);
    }

    /// Q = N/2: the exponent of T is there, and those of N and Q are not; only their sum is.
    #[test]
    fn terms_that_vary_together_take_only_each_other_down() {
        let mut records = Vec::new();
        for n in [4, 6, 8] {
            for t in GRID[2] {
                let (x, y, z) = (n as f64, n as f64 / 2.0, *t as f64);
                let samples = 50.0 * z.powf(0.8) * x.powf(0.5) * y.powf(0.7) * (0.1 * jitter(x, y, z)).exp();
                records.push(record(n, n / 2, *t, 0, Some(samples.round() as i64)));
            }
        }
        let cells: Vec<Needed> =
            needed(&records, &question()).into_iter().filter(|r| r.milestone == Milestone::Recovery).collect();
        let law = only(&cells).power.unwrap();
        let (low, high) = law.coefficient(Term::T).unwrap().interval.unwrap();
        assert!(low < 0.8 && 0.8 < high && high - low < 0.1, "{low} {high}");
        assert_eq!(law.together, [Term::N, Term::Q]);
        assert!([Term::Constant, Term::N, Term::Q].iter().all(|term| law.coefficient(*term).is_none()));
        let predicted = law.predict(6.0, 3.0, 128.0) / (50.0 * 128f64.powf(0.8) * 6f64.powf(0.5) * 3f64.powf(0.7));
        assert!((predicted - 1.0).abs() < 0.1, "{predicted}");
    }

    /// Slopes that differ from pair to pair: the interval of the common exponent is as wide as that of the mean of nine slopes, by Student's t, and not as
    /// narrow as if all cells were independent witnesses of one slope.
    #[test]
    fn common_exponents_are_as_certain_as_the_slopes_agree() {
        let slope = |n: f64, q: f64| 0.8 + 0.2 * jitter(n, q, 7.0);
        let scaling = only(&cells(|n, q, t| 100.0 * t.powf(slope(n, q)) * (0.1 * jitter(n, q, t)).exp()));
        let law = scaling.power.as_ref().unwrap();
        let (low, high) = law.coefficient(Term::T).unwrap().interval.unwrap();
        let slopes: Vec<f64> =
            scaling.of_pairs.iter().map(|(_, _, law)| law.coefficient(Term::T).unwrap().estimate).collect();
        let mean = slopes.iter().sum::<f64>() / 9.0;
        let error = (slopes.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 8.0 / 9.0).sqrt();
        assert!(
            law.clustered && ((high - low) / (2.0 * 2.306 * error) - 1.0).abs() < 0.02,
            "{low} {high} {mean} {error}"
        );
        assert!((low + high - 2.0 * mean).abs() < 1e-3);
    }

    /// Readings that are known to their resolution only, and all on the law: an exponent, but no interval of no width.
    #[test]
    fn cells_without_scatter_have_no_interval() {
        let law = only(&cells(|_, _, _| 500.0)).power.unwrap();
        let found = law.coefficient(Term::T).unwrap();
        assert!(found.estimate.abs() < 1e-9 && found.interval.is_none() && !found.is_known());
    }

    #[test]
    fn the_table_has_a_row_for_each_coefficient_and_no_number_that_is_none() {
        let scalings = scalings(&cells(|n, q, t| 100.0 * t * (0.2 * jitter(n, q, t)).exp()));
        let table = scaling_table(&scalings, &question());
        let (models, terms) = (table.texts("model").unwrap(), table.texts("term").unwrap());
        let row = |model: &str, term: &str| {
            (0..table.rows())
                .find(|&i| models[i].as_deref() == Some(model) && terms[i].as_deref() == Some(term))
                .unwrap()
        };
        let exponent = row("power", "T");
        let [estimate, low, high] =
            ["estimate", "ci_low", "ci_high"].map(|name| table.floats(name).unwrap()[exponent].unwrap());
        assert!(low < 1.0 && 1.0 < high && low < estimate && estimate < high);
        assert_eq!(table.ints("n_points").unwrap()[exponent], Some(45));
        let rows = [
            ("polylog", "ln T"),
            ("power_of_pair", "T"),
            ("power_check", "T*N"),
            ("held_out", "polylog_error"),
            ("power", "aicc"),
        ];
        rows.iter().for_each(|(model, term)| assert!(row(model, term) < table.rows()));
        assert!(table.floats("estimate").unwrap().iter().flatten().all(|x| x.is_finite()));
    }
}
