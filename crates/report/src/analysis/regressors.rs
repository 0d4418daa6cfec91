//! Which cells and terms a fit can use.

use super::needed::Needed;
use super::term::Term;
use crate::statistics::censored_regression::{Row, fit};

/// Cells and terms that a fit can use. Terms must vary among the cells that are no lower bounds.
/// Cells must need at least one sample; those whose other terms differ from all cells that are no
/// lower bounds are left out.
pub(super) fn usable<'c>(cells: &[&'c Needed], terms: &[Term]) -> (Vec<&'c Needed>, Vec<Term>) {
    // A milestone that holds at the start needs no samples, and `ln 0` is no number.
    let positive: Vec<&Needed> = cells.iter().copied().filter(|c| c.samples > 0).collect();
    let seen = || positive.iter().filter(|c| !c.censored);
    let (kept, constant): (Vec<Term>, Vec<Term>) = terms.iter().copied().partition(|term| {
        *term == Term::Constant || seen().any(|c| seen().next().is_some_and(|d| term.of(c) != term.of(d)))
    });
    let comparable = |c: &&&Needed| seen().next().is_some_and(|d| constant.iter().all(|term| term.of(c) == term.of(d)));
    (positive.iter().filter(comparable).copied().collect(), kept)
}

pub(super) fn row(cell: &Needed, x: Vec<f64>) -> Row {
    Row { x, y: libm::log(cell.samples as f64), censored: cell.censored }
}

/// Those of T, N and Q that vary together in the grid of these cells, whether the cells reached the
/// quantile or not.
pub(crate) fn vary_together(cells: &[&Needed]) -> Vec<Term> {
    let terms = [Term::Constant, Term::T, Term::N, Term::Q];
    let vary = |term: &Term| *term == Term::Constant || cells.iter().any(|c| term.of(c) != term.of(cells[0]));
    apart(cells, &terms.into_iter().filter(vary).collect::<Vec<_>>()).1
}

/// The first of these terms that are linearly independent over the cells that reached, and those
/// that vary together.
pub(super) fn independent(cells: &[&Needed], terms: &[Term]) -> (Vec<Term>, Vec<Term>) {
    let seen: Vec<&Needed> = cells.iter().copied().filter(|c| !c.censored).collect();
    apart(&seen, terms)
}

/// The first of these terms that are linearly independent over these cells, and those that vary
/// together.
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
