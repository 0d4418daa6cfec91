//! The rows as weighted least squares has them at the maximum, and how far a row lies off a fit.

use super::likelihood::upper_tail;
use super::linear::{dot, invert};
use super::regression::{LEAST_RESIDUAL_SCALE, Regression, Row};

/// The rows as weighted least squares has them at the maximum.
pub(super) struct Working {
    /// Regressors times the root of the row's weight.
    pub(super) x: Vec<Vec<f64>>,
    /// Score of the row's mean over the root of its weight, in units of y.
    pub(super) residuals: Vec<f64>,
    /// `(X'X)^-1` of these.
    pub(super) inverse: Vec<Vec<f64>>,
}

impl Working {
    pub(super) fn of(fit: &Regression, rows: &[Row]) -> Option<Self> {
        let p = fit.estimates.len();
        // The maximum likelihood estimate, before degrees of freedom are taken off.
        let residual_scale = fit.residual_scale? * (fit.degrees as f64 / (fit.degrees + p) as f64).sqrt();
        let (mut x, mut residuals) = (Vec::new(), Vec::new());
        for row in rows {
            let residual = row.y - fit.predict(&row.x);
            let (score, weight) = if row.censored {
                let u = residual / residual_scale.max(LEAST_RESIDUAL_SCALE);
                let (_, hazard) = upper_tail(u);
                (residual_scale * hazard, hazard * (hazard - u))
            } else {
                (residual, 1.0)
            };
            let root = weight.max(1e-12).sqrt();
            x.push(row.x.iter().map(|x| x * root).collect::<Vec<f64>>());
            residuals.push(score / root);
        }
        let moment = |i: usize, j: usize| x.iter().map(|row| row[i] * row[j]).sum();
        let inverse = invert((0..p).map(|i| (0..p).map(|j| moment(i, j)).collect()).collect())?;
        Some(Self { x, residuals, inverse })
    }
}

impl Regression {
    /// How far a row that was not fitted lies from its fitted value, in standard errors of that
    /// difference: the externally studentised residual of a row that was left out for this. It is
    /// compared with Student's t at [`Regression::degrees`]. `None` where the fitted rows have no
    /// scatter: their readings are known to a batch or to their resolution only, so that there is
    /// no measure of the distance that chance makes.
    #[must_use]
    pub fn studentised(&self, rows: &[Row], left_out: &Row) -> Option<f64> {
        let working = Working::of(self, rows)?;
        let difference = left_out.y - self.predict(&left_out.x);
        let residual_scale = self.residual_scale.filter(|residual_scale| *residual_scale > 0.0)?
            * (1.0 + quadratic(&working.inverse, &left_out.x, &left_out.x)).sqrt();
        Some(if difference.abs() <= LEAST_RESIDUAL_SCALE { 0.0 } else { difference / residual_scale })
    }
}

/// `a' M b`.
pub(super) fn quadratic(matrix: &[Vec<f64>], a: &[f64], b: &[f64]) -> f64 {
    matrix.iter().zip(a).map(|(row, a)| a * dot(row, b)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::fit::fit;
    use super::*;

    fn rows(x: &[f64], y: &[f64]) -> Vec<Row> {
        x.iter().zip(y).map(|(&x, &y)| Row { x: vec![1.0, x], y, censored: false }).collect()
    }

    /// Externally studentised residuals of Anscombe's third data set, whose third point lies off
    /// the line of the others: 1203.54 for that point and -0.3138 for the fourth by
    /// `e / (s_(i) sqrt(1 - h))`, worked out in NumPy from the hat matrix; R's `rstudent` prints
    /// the same.
    #[test]
    fn a_row_that_is_left_out_is_studentised_as_in_the_textbooks() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73];
        let all = rows(&x, &y);
        let without = |i: usize| {
            let rest: Vec<Row> = all.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, r)| r.clone()).collect();
            fit(&rest).unwrap().studentised(&rest, &all[i]).unwrap()
        };
        assert!(
            (without(2) / 1203.54 - 1.0).abs() < 1e-6 && (without(3) - -0.313844182).abs() < 1e-7,
            "{} {}",
            without(2),
            without(3)
        );
    }
}
