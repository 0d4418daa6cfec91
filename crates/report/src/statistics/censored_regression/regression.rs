//! A fitted regression, and what can be read off it alone.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::statistics::confidence::ALPHA;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Regressors, the constant among them.
    pub x: Vec<f64>,
    /// Response, or a bound that it exceeds.
    pub y: f64,
    /// Whether `y` is only a bound.
    pub censored: bool,
}

/// A fitted regression of p regressors.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// Coefficients, `p`.
    pub estimates: Vec<f64>,
    /// Their standard errors, `p`; `None` without degrees of freedom.
    pub errors: Option<Vec<f64>>,
    /// Rows that are not censored less p.
    pub degrees: usize,
    /// Scale s of the residuals, degrees of freedom taken off; `None` without any.
    pub residual_scale: Option<f64>,
    /// Logarithm of the largest likelihood.
    pub log_likelihood: f64,
    /// Rows.
    pub rows: usize,
}

/// A residual this small, on the scale of the logarithm of samples, is rounding: the data lie on
/// the law.
pub(super) const LEAST_RESIDUAL_SCALE: f64 = 1e-7;

impl Regression {
    /// Half the width of the 95 % interval of coefficient `i`.
    #[must_use]
    pub fn half_width(&self, i: usize) -> Option<f64> {
        let student = StudentsT::new(0.0, 1.0, self.degrees as f64).ok()?;
        Some(student.inverse_cdf(1.0 - ALPHA / 2.0) * self.errors.as_ref()?[i])
    }

    /// Probability of an estimate at least as far from 0 as that of coefficient `i` if it were 0;
    /// `None` where no chance is left.
    #[must_use]
    pub fn p_value(&self, i: usize) -> Option<f64> {
        let student = StudentsT::new(0.0, 1.0, self.degrees as f64).ok()?;
        let distance = (self.estimates[i] / self.errors.as_ref()?[i]).abs();
        distance.is_finite().then(|| 2.0 * student.sf(distance))
    }

    /// Akaike's criterion with the correction for few rows (Hurvich and Tsai 1989), counting those
    /// that are not censored; smaller is better. `None` where the correction has no meaning.
    #[must_use]
    pub fn aicc(&self) -> Option<f64> {
        let parameters = self.estimates.len() + 1;
        let rows = self.degrees + self.estimates.len();
        let left = rows.checked_sub(parameters + 1).filter(|&left| left > 0)?;
        let penalty = 2.0 * parameters as f64 * (1.0 + (parameters + 1) as f64 / left as f64);
        Some(penalty - 2.0 * self.log_likelihood)
    }

    /// The fitted value at `x`.
    #[must_use]
    pub fn predict(&self, x: &[f64]) -> f64 {
        x.iter().zip(&self.estimates).map(|(x, b)| x * b).sum()
    }
}
