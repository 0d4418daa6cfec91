//! Exponents of the law `ln n* = c + a ln T + b ln N + d ln Q`, by least squares.
//!
//! Only cells whose quantile was reached enter. Cells that need the most are the ones censored, so
//! leaving them out pulls the exponents down; their number is reported beside the fit, and a fit that uses
//! them as the lower bounds they are is a matter for later.

use crate::needed::Needed;

/// A term of the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The constant c.
    Constant,
    /// `ln T`.
    T,
    /// `ln N`.
    N,
    /// `ln Q`.
    Q,
}

impl Term {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::T => "T",
            Self::N => "N",
            Self::Q => "Q",
        }
    }

    fn value(self, cell: &Needed) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::T => libm::log(cell.t as f64),
            Self::N => libm::log(cell.n as f64),
            Self::Q => libm::log(cell.q as f64),
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
    /// Standard error from the residuals; absent without degrees of freedom.
    pub standard_error: Option<f64>,
}

/// A fitted law.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// Its coefficients, the constant first.
    pub coefficients: Vec<Coefficient>,
    /// Cells that entered.
    pub cells: usize,
    /// Cells left out because they are censored.
    pub censored: usize,
    /// Root of the mean squared residual of `ln n*`, with degrees of freedom taken off.
    pub spread: Option<f64>,
}

impl Law {
    /// The coefficient of a term, if the cells determine it.
    #[must_use]
    pub fn exponent(&self, term: Term) -> Option<Coefficient> {
        self.coefficients.iter().copied().find(|c| c.term == term)
    }
}

/// Fits the law to cells; terms that do not vary among them are left out. `None` if no exponent is
/// determined.
#[must_use]
pub fn fit(cells: &[&Needed]) -> Option<Law> {
    // ln 0 has no place here: a milestone that holds at the start needs no samples and no law.
    let usable: Vec<&Needed> = cells.iter().copied().filter(|c| !c.censored && c.samples > 0).collect();
    let censored = cells.iter().filter(|c| c.censored).count();
    let varies = |term: Term| usable.windows(2).any(|w| term.value(w[0]) != term.value(w[1]));
    let mut terms = vec![Term::Constant];
    terms.extend([Term::T, Term::N, Term::Q].into_iter().filter(|&term| varies(term)));
    if terms.len() == 1 || usable.len() < terms.len() {
        return None;
    }
    let design: Vec<Vec<f64>> = usable.iter().map(|cell| terms.iter().map(|t| t.value(cell)).collect()).collect();
    let response: Vec<f64> = usable.iter().map(|cell| libm::log(cell.samples as f64)).collect();
    let (estimates, errors, spread) = least_squares(&design, &response)?;
    let coefficients = terms
        .iter()
        .enumerate()
        .map(|(i, &term)| Coefficient {
            term,
            estimate: estimates[i],
            standard_error: errors.as_ref().map(|errors| errors[i]),
        })
        .collect();
    Some(Law { coefficients, cells: usable.len(), censored, spread })
}

type Fit = (Vec<f64>, Option<Vec<f64>>, Option<f64>);

/// Estimates, their standard errors and the residual spread of `response ~ design`; `None` if the
/// columns of the design are dependent.
fn least_squares(design: &[Vec<f64>], response: &[f64]) -> Option<Fit> {
    let (rows, p) = (design.len(), design.first()?.len());
    let product = |i: usize, j: usize| design.iter().map(|x| x[i] * x[j]).sum::<f64>();
    let normal: Vec<Vec<f64>> = (0..p).map(|i| (0..p).map(|j| product(i, j)).collect()).collect();
    let inverse = invert(normal)?;
    let moment: Vec<f64> = (0..p).map(|i| design.iter().zip(response).map(|(x, y)| x[i] * y).sum()).collect();
    let estimates: Vec<f64> = inverse.iter().map(|row| row.iter().zip(&moment).map(|(a, b)| a * b).sum()).collect();
    let residual = |(x, y): (&Vec<f64>, &f64)| y - x.iter().zip(&estimates).map(|(a, b)| a * b).sum::<f64>();
    let squares: f64 = design.iter().zip(response).map(residual).map(|r| r * r).sum();
    if rows == p {
        return Some((estimates, None, None));
    }
    let variance = squares / (rows - p) as f64;
    let errors = (0..p).map(|i| (variance * inverse[i][i]).sqrt()).collect();
    Some((estimates, Some(errors), Some(variance.sqrt())))
}

/// Inverse of a symmetric positive definite matrix by Gauss-Jordan elimination with pivoting; `None`
/// if it is singular to working precision.
fn invert(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let p = a.len();
    let scale = (0..p).map(|i| a[i][i].abs()).fold(0.0, f64::max);
    let mut inverse: Vec<Vec<f64>> = (0..p).map(|i| (0..p).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for k in 0..p {
        let pivot = (k..p).max_by(|&x, &y| a[x][k].abs().total_cmp(&a[y][k].abs()))?;
        if a[pivot][k].abs() <= 1e-12 * scale {
            return None;
        }
        a.swap(k, pivot);
        inverse.swap(k, pivot);
        let divisor = a[k][k];
        for j in 0..p {
            a[k][j] /= divisor;
            inverse[k][j] /= divisor;
        }
        for i in (0..p).filter(|&i| i != k) {
            let factor = a[i][k];
            for j in 0..p {
                a[i][j] -= factor * a[k][j];
                inverse[i][j] -= factor * inverse[k][j];
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needed::{Milestone, Question, needed};
    use crate::record::tests::record;

    fn cells(law: impl Fn(f64, f64, f64) -> f64) -> Vec<Needed> {
        let mut records = Vec::new();
        for n in [3, 4, 6] {
            for q in [1, 2, 3] {
                for t in [32, 64, 128, 256] {
                    let samples = law(n as f64, q as f64, t as f64).round() as i64;
                    records.push(record(n, q, t, 0, Some(samples)));
                }
            }
        }
        let rows = needed(&records, &Question { quantile: 0.9, conditions: Vec::new(), tuned: Vec::new() });
        rows.into_iter().filter(|r| r.milestone == Milestone::Recovery).collect()
    }

    #[test]
    fn known_exponents_come_back() {
        let cells = cells(|n, q, t| 1e5 * t.powf(0.8) * n.powf(-0.3) * q.powf(1.2));
        let law = fit(&cells.iter().collect::<Vec<_>>()).unwrap();
        for (term, expected) in [(Term::T, 0.8), (Term::N, -0.3), (Term::Q, 1.2)] {
            assert!((law.exponent(term).unwrap().estimate - expected).abs() < 1e-5);
        }
        assert_eq!((law.cells, law.censored), (36, 0));
    }

    #[test]
    fn terms_that_do_not_vary_are_left_out_and_censored_cells_are_counted() {
        let mut cells = cells(|_, _, t| 100.0 * t);
        cells.retain(|c| c.n == 3 && c.q == 2);
        cells[3].censored = true;
        let law = fit(&cells.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((law.coefficients.len(), law.cells, law.censored), (2, 3, 1));
        assert!((law.exponent(Term::T).unwrap().estimate - 1.0).abs() < 1e-9);
        assert!(law.exponent(Term::N).is_none());
        assert!(fit(&[&cells[0]]).is_none());
    }

    /// Anscombe's first data set: intercept 3.0001, slope 0.5001, standard error of the slope 0.1179,
    /// residual spread 1.2366 (published with the data).
    #[test]
    fn least_squares_agrees_with_a_published_fit() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let design: Vec<Vec<f64>> = x.iter().map(|&x| vec![1.0, x]).collect();
        let (estimates, errors, spread) = least_squares(&design, &y).unwrap();
        assert!((estimates[0] - 3.0001).abs() < 1e-4 && (estimates[1] - 0.5001).abs() < 1e-4);
        let errors = errors.unwrap();
        assert!((errors[0] - 1.1247).abs() < 1e-4 && (errors[1] - 0.1179).abs() < 1e-4);
        assert!((spread.unwrap() - 1.2366).abs() < 1e-4);
    }

    #[test]
    fn dependent_columns_have_no_fit() {
        let design: Vec<Vec<f64>> = (0..5).map(|i| vec![1.0, f64::from(i), 2.0 * f64::from(i)]).collect();
        assert!(least_squares(&design, &[1.0; 5]).is_none());
    }
}
