//! Linear regression with right-censored responses: `y = x'b + s e`, e standard normal, and of some rows only a bound
//! that y exceeds (Tobin 1958). With `y = ln n` this is the log-normal accelerated failure time model.
//!
//! Maximum likelihood, in Olsen's parameters `d = b/s, h = 1/s` (1978), in which the log-likelihood is concave, so Newton's
//! method finds the maximum from anywhere. Standard errors are from the observed information; as in ordinary regression, the variance is
//! enlarged from `k` to `k - p` degrees of freedom and intervals are Student's, with k the number of rows that are not censored.
//! Without censoring these are exactly the intervals of least squares.
//!
//! Rows that belong together (cells of one N and Q, whose slopes differ) are no independent witnesses of a common coefficient.
//! [`Regression::clustered`] therefore takes the scatter between such clusters for the measure of error: the CR2 sandwich of Bell and McCaffrey (2002) with
//! Satterthwaite's degrees of freedom, as recommended for few clusters by Imbens and Kolesár (2016) and Pustejovsky and Tipton (2018). A
//! censored row enters with its generalised residual and weight, those of the likelihood at the maximum.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::statistics::survival::ALPHA;

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
    /// Spread s of the residuals, degrees of freedom taken off; `None` without any.
    pub spread: Option<f64>,
    /// Logarithm of the largest likelihood.
    pub log_likelihood: f64,
    /// Rows.
    pub rows: usize,
}

/// A residual this small, on the scale of the logarithm of samples, is rounding: the data lie on the law.
const LEAST_SPREAD: f64 = 1e-7;

impl Regression {
    /// Half the width of the 95 % interval of coefficient `i`.
    #[must_use]
    pub fn half_width(&self, i: usize) -> Option<f64> {
        let student = StudentsT::new(0.0, 1.0, self.degrees as f64).ok()?;
        Some(student.inverse_cdf(1.0 - ALPHA / 2.0) * self.errors.as_ref()?[i])
    }

    /// Probability of an estimate at least as far from 0 as that of coefficient `i` if it were 0; `None` where no chance is left.
    #[must_use]
    pub fn p_value(&self, i: usize) -> Option<f64> {
        let student = StudentsT::new(0.0, 1.0, self.degrees as f64).ok()?;
        let distance = (self.estimates[i] / self.errors.as_ref()?[i]).abs();
        distance.is_finite().then(|| 2.0 * student.sf(distance))
    }

    /// Akaike's criterion with the correction for few rows (Hurvich and Tsai 1989), counting those that are not censored; smaller is
    /// better. `None` where the correction has no meaning.
    #[must_use]
    pub fn aicc(&self) -> Option<f64> {
        let parameters = self.estimates.len() + 1;
        let rows = self.degrees + self.estimates.len();
        let left = rows.checked_sub(parameters + 1).filter(|&left| left > 0)?;
        let penalty = 2.0 * parameters as f64 * (1.0 + (parameters + 1) as f64 / left as f64);
        Some(penalty - 2.0 * self.log_likelihood)
    }

    /// Half the width of the 95 % interval of each coefficient by the scatter between clusters of rows; `rows` are those that were fitted, `clusters`
    /// the cluster of each. `None` for a coefficient that the clusters do not tell: fewer than one degree of freedom.
    #[must_use]
    pub fn clustered(&self, rows: &[Row], clusters: &[usize]) -> Option<Vec<Option<f64>>> {
        let working = Working::of(self, rows)?;
        let p = self.estimates.len();
        let count = clusters.iter().max()? + 1;
        let mut adjusted: Vec<Adjusted> = Vec::new();
        for cluster in 0..count {
            let own: Vec<usize> = (0..rows.len()).filter(|&i| clusters[i] == cluster).collect();
            let x: Vec<Vec<f64>> = own.iter().map(|&i| working.x[i].clone()).collect();
            let hat = |i: usize, j: usize| quadratic(&working.inverse, &x[i], &x[j]);
            let mut rest: Vec<Vec<f64>> = (0..own.len())
                .map(|i| (0..own.len()).map(|j| f64::from(u8::from(i == j)) - hat(i, j)).collect())
                .collect();
            inverse_root(&mut rest);
            let e: Vec<f64> = own.iter().map(|&i| working.residuals[i]).collect();
            let times = |v: &dyn Fn(usize) -> f64| -> Vec<f64> {
                rest.iter().map(|row| row.iter().enumerate().map(|(j, a)| a * v(j)).sum()).collect()
            };
            let columns: Vec<Vec<f64>> = (0..p).map(|c| times(&|j| x[j][c])).collect();
            let ax = (0..own.len()).map(|i| columns.iter().map(|column| column[i]).collect()).collect();
            adjusted.push(Adjusted { ax, ae: times(&|j| e[j]), x });
        }
        let half = |i: usize| -> Option<f64> {
            // Row i of (X'X)^-1, which turns sums over rows into the coefficient.
            let c = &working.inverse[i];
            let (mut own, mut across) = (Vec::new(), Vec::new());
            for Adjusted { ax, x, .. } in &adjusted {
                let v: Vec<f64> = ax.iter().map(|row| dot(row, c)).collect();
                own.push(dot(&v, &v));
                across.push((0..p).map(|k| x.iter().zip(&v).map(|(row, v)| row[k] * v).sum()).collect::<Vec<f64>>());
            }
            let scores = adjusted
                .iter()
                .map(|Adjusted { ae, x, .. }| x.iter().zip(ae).map(|(row, e)| dot(row, c) * e).sum::<f64>());
            let variance: f64 = scores.map(|s| s * s).sum();
            let (mut trace, mut squares) = (0.0, 0.0);
            for g in 0..count {
                for h in 0..count {
                    let product =
                        if g == h { own[g] } else { 0.0 } - quadratic(&working.inverse, &across[g], &across[h]);
                    trace += if g == h { product } else { 0.0 };
                    squares += product * product;
                }
            }
            // The trace is the variance that the sandwich has on average, in units of the scatter: too small where clusters determine what is their own.
            if trace <= 0.5 * working.inverse[i][i] {
                return None;
            }
            let degrees = trace * trace / squares;
            let student = StudentsT::new(0.0, 1.0, degrees).ok().filter(|_| degrees >= 1.0)?;
            Some(student.inverse_cdf(1.0 - ALPHA / 2.0) * variance.sqrt())
        };
        Some((0..p).map(half).collect())
    }

    /// How far a row that was not fitted lies from what the fit says of it, in standard errors of that difference: of a row that was left out for this, the
    /// externally studentised residual. Compare with Student's t at [`Regression::degrees`]. `None` where the fit has no scatter: readings are known to a
    /// batch or to their resolution, so that cells on one line say nothing of the distance that chance may put another one at.
    #[must_use]
    pub fn studentised(&self, rows: &[Row], left_out: &Row) -> Option<f64> {
        let working = Working::of(self, rows)?;
        let difference = left_out.y - self.predict(&left_out.x);
        let spread = self.spread.filter(|spread| *spread > 0.0)?
            * (1.0 + quadratic(&working.inverse, &left_out.x, &left_out.x)).sqrt();
        Some(if difference.abs() <= LEAST_SPREAD { 0.0 } else { difference / spread })
    }

    /// The fitted value at `x`.
    #[must_use]
    pub fn predict(&self, x: &[f64]) -> f64 {
        x.iter().zip(&self.estimates).map(|(x, b)| x * b).sum()
    }
}

/// Fits the rows. `None` if those that are not censored do not determine every coefficient.
#[must_use]
pub fn fit(rows: &[Row]) -> Option<Regression> {
    let p = rows.first()?.x.len();
    let seen: Vec<&Row> = rows.iter().filter(|row| !row.censored).collect();
    let degrees = seen.len().checked_sub(p)?;
    let start = least_squares(&seen)?;
    let squares: f64 = seen.iter().map(|row| (row.y - dot(&row.x, &start)).powi(2)).sum();
    let spread = (squares / seen.len() as f64).sqrt();
    let bounds_hold = rows.iter().filter(|row| row.censored).all(|row| row.y <= dot(&row.x, &start) + LEAST_SPREAD);
    if bounds_hold && (degrees == 0 || spread < LEAST_SPREAD) {
        // All lie on it.
        let exact = (degrees > 0).then(|| vec![0.0; p]);
        let entropy = libm::log(2.0 * std::f64::consts::PI * std::f64::consts::E) / 2.0;
        let log_likelihood = seen.len() as f64 * -(libm::log(LEAST_SPREAD) + entropy);
        let (spread, rows) = ((degrees > 0).then_some(0.0), rows.len());
        return Some(Regression { estimates: start, errors: exact, degrees, spread, log_likelihood, rows });
    }
    if degrees == 0 {
        // A line through as many points as it has coefficients, and bounds that deny it.
        return None;
    }
    // A bound far beyond a small spread is so unlikely that nothing could be made of it.
    let spread = spread.max(if bounds_hold { LEAST_SPREAD } else { 0.1 });
    // Residuals instead of responses: a spread that is small beside them would be lost in rounding.
    let residual = |row: &Row| Row { y: row.y - dot(&row.x, &start), ..row.clone() };
    let rows: Vec<Row> = rows.iter().map(residual).collect();
    let rows = rows.as_slice();
    let mut parameters = vec![0.0; p];
    parameters.push(1.0 / spread);
    let mut at = Likelihood::at(rows, &parameters)?;
    for _ in 0..100 {
        let step = solve(&at.information, &at.gradient)?;
        // How much a quadratic would still gain.
        let gain = dot(&step, &at.gradient);
        if gain < 1e-18 * (1.0 + at.value.abs()) {
            break;
        }
        let mut length = 1.0;
        loop {
            let there: Vec<f64> = parameters.iter().zip(&step).map(|(x, s)| x + length * s).collect();
            match Likelihood::at(rows, &there).filter(|there| there.value >= at.value) {
                Some(better) => {
                    (parameters, at) = (there, better);
                    break;
                }
                None if length > 1e-9 => length /= 2.0,
                // At the maximum, to rounding.
                None => return finish(&start, &parameters, &at, degrees, rows.len()),
            }
        }
    }
    finish(&start, &parameters, &at, degrees, rows.len())
}

/// A cluster of rows.
struct Adjusted {
    /// Its weighted rows.
    x: Vec<Vec<f64>>,
    /// A x, with A = (I - H)^(-1/2) of the cluster, which undoes that the fit follows it.
    ax: Vec<Vec<f64>>,
    /// A times its residuals.
    ae: Vec<f64>,
}

/// The rows as weighted least squares has them at the maximum.
struct Working {
    /// Regressors times the root of the row's weight.
    x: Vec<Vec<f64>>,
    /// Score of the row's mean over the root of its weight, in units of y.
    residuals: Vec<f64>,
    /// `(X'X)^-1` of these.
    inverse: Vec<Vec<f64>>,
}

impl Working {
    fn of(fit: &Regression, rows: &[Row]) -> Option<Self> {
        let p = fit.estimates.len();
        // The maximum likelihood estimate, before degrees of freedom are taken off.
        let spread = fit.spread? * (fit.degrees as f64 / (fit.degrees + p) as f64).sqrt();
        let (mut x, mut residuals) = (Vec::new(), Vec::new());
        for row in rows {
            let residual = row.y - fit.predict(&row.x);
            let (score, weight) = if row.censored {
                let u = residual / spread.max(LEAST_SPREAD);
                let (_, hazard) = upper_tail(u);
                (spread * hazard, hazard * (hazard - u))
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

/// `a' M b`.
fn quadratic(matrix: &[Vec<f64>], a: &[f64], b: &[f64]) -> f64 {
    matrix.iter().zip(a).map(|(row, a)| a * dot(row, b)).sum()
}

/// The inverse of the root of a symmetric matrix that is not negative, by Jacobi's rotations; directions in which it is 0 are left out.
fn inverse_root(a: &mut Vec<Vec<f64>>) {
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..60 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off < 1e-26 {
            break;
        }
        for i in 0..n {
            for j in 0..i {
                if a[i][j].abs() < 1e-300 {
                    continue;
                }
                let angle = (a[j][j] - a[i][i]) / (2.0 * a[i][j]);
                let t = angle.signum() / (angle.abs() + (angle * angle + 1.0).sqrt());
                let t = if angle == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in a.iter_mut() {
                    (row[i], row[j]) = (c * row[i] - s * row[j], s * row[i] + c * row[j]);
                }
                let (above, below) = a.split_at_mut(i);
                for (x, y) in below[0].iter_mut().zip(&mut above[j]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                for row in &mut vectors {
                    (row[i], row[j]) = (c * row[i] - s * row[j], s * row[i] + c * row[j]);
                }
            }
        }
    }
    let root: Vec<f64> = (0..n).map(|k| if a[k][k] > 1e-9 { 1.0 / a[k][k].sqrt() } else { 0.0 }).collect();
    *a = (0..n)
        .map(|i| (0..n).map(|j| (0..n).map(|k| vectors[i][k] * root[k] * vectors[j][k]).sum()).collect())
        .collect();
}

/// The fit at the maximum, `start` added back.
fn finish(start: &[f64], parameters: &[f64], at: &Likelihood, degrees: usize, rows: usize) -> Option<Regression> {
    let (h, d) = parameters.split_last()?;
    let p = d.len();
    let inverse = invert(at.information.clone())?;
    let enlarged = ((degrees + p) as f64 / degrees as f64).sqrt();
    // b = d/h, so its derivatives are 1/h and -d/h^2.
    let variance = |i: usize| {
        let b = d[i] / h;
        (inverse[i][i] - 2.0 * b * inverse[i][p] + b * b * inverse[p][p]) / (h * h)
    };
    Some(Regression {
        estimates: start.iter().zip(d).map(|(start, d)| start + d / h).collect(),
        errors: Some((0..p).map(|i| enlarged * variance(i).max(0.0).sqrt()).collect()),
        degrees,
        spread: Some(enlarged / h),
        log_likelihood: at.value,
        rows,
    })
}

/// The log-likelihood at a point, its gradient and the negative of its second derivatives.
struct Likelihood {
    value: f64,
    gradient: Vec<f64>,
    information: Vec<Vec<f64>>,
}

impl Likelihood {
    /// At `(d, h)`; `None` outside of `h > 0`.
    fn at(rows: &[Row], parameters: &[f64]) -> Option<Self> {
        let p = parameters.len() - 1;
        let h = parameters[p];
        if !(h > 0.0 && h.is_finite()) {
            return None;
        }
        let (mut value, mut gradient) = (0.0, vec![0.0; p + 1]);
        let mut information = vec![vec![0.0; p + 1]; p + 1];
        for row in rows {
            // u = h y - x'd is the standardised residual; z its derivative.
            let z: Vec<f64> = row.x.iter().map(|x| -x).chain([row.y]).collect();
            let u = dot(&z, parameters);
            let (slope, curvature);
            if row.censored {
                let (log_tail, hazard) = upper_tail(u);
                value += log_tail;
                (slope, curvature) = (hazard, hazard * (hazard - u));
            } else {
                value += libm::log(h) - 0.5 * u * u - LOG_ROOT_TWO_PI;
                (slope, curvature) = (u, 1.0);
                gradient[p] += 1.0 / h;
                information[p][p] += 1.0 / (h * h);
            }
            for i in 0..=p {
                gradient[i] -= slope * z[i];
                for j in 0..=p {
                    information[i][j] += curvature * z[i] * z[j];
                }
            }
        }
        value.is_finite().then_some(Self { value, gradient, information })
    }
}

const LOG_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// `ln Pr(e > u)` of a standard normal e, and its hazard `phi(u) / Pr(e > u)`.
fn upper_tail(u: f64) -> (f64, f64) {
    if u > 25.0 {
        // The asymptotic series; its next term, 74 / u^7, is below 2e-8.
        let inverse = 1.0 / u;
        let hazard = u + inverse - 2.0 * inverse.powi(3) + 10.0 * inverse.powi(5);
        return (-0.5 * u * u - LOG_ROOT_TWO_PI - libm::log(hazard), hazard);
    }
    let tail = 0.5 * libm::erfc(u * std::f64::consts::FRAC_1_SQRT_2);
    (libm::log(tail), libm::exp(-0.5 * u * u - LOG_ROOT_TWO_PI) / tail)
}

/// Coefficients of ordinary least squares; `None` if columns are dependent.
fn least_squares(rows: &[&Row]) -> Option<Vec<f64>> {
    let p = rows.first()?.x.len();
    let product = |get: &dyn Fn(&Row) -> f64| -> f64 { rows.iter().map(|row| get(row)).sum() };
    let moments: Vec<Vec<f64>> =
        (0..p).map(|i| (0..p).map(|j| product(&|row| row.x[i] * row.x[j])).collect()).collect();
    let right: Vec<f64> = (0..p).map(|i| product(&|row| row.x[i] * row.y)).collect();
    solve(&moments, &right)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn solve(matrix: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    Some(invert(matrix.to_vec())?.iter().map(|row| dot(row, right)).collect())
}

/// Inverse of a symmetric positive definite matrix by Gauss-Jordan elimination with pivoting; `None`
/// if it is singular to working precision.
fn invert(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let p = a.len();
    let scale: Vec<f64> = (0..p).map(|i| a[i][i].abs().sqrt()).collect();
    if scale.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
        return None;
    }
    // Scaled to a unit diagonal, so that the test for dependence does not depend on units.
    (0..p).for_each(|i| (0..p).for_each(|j| a[i][j] /= scale[i] * scale[j]));
    let mut inverse: Vec<Vec<f64>> = (0..p).map(|i| (0..p).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for k in 0..p {
        let pivot = (k..p).max_by(|&x, &y| a[x][k].abs().total_cmp(&a[y][k].abs()))?;
        if a[pivot][k].abs() <= 1e-12 {
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
    (0..p).for_each(|i| (0..p).for_each(|j| inverse[i][j] /= scale[i] * scale[j]));
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(x: &[f64], y: &[f64]) -> Vec<Row> {
        x.iter().zip(y).map(|(&x, &y)| Row { x: vec![1.0, x], y, censored: false }).collect()
    }

    /// Anscombe's first data set: intercept 3.0001, slope 0.5001, standard error of the slope 0.1179,
    /// residual spread 1.2366 (published with the data).
    #[test]
    fn without_censoring_it_is_least_squares() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let fit = fit(&rows(&x, &y)).unwrap();
        assert!((fit.estimates[0] - 3.0001).abs() < 1e-4 && (fit.estimates[1] - 0.5001).abs() < 1e-4);
        let errors = fit.errors.clone().unwrap();
        assert!((errors[0] - 1.1247).abs() < 1e-4 && (errors[1] - 0.1179).abs() < 1e-4);
        assert!((fit.spread.unwrap() - 1.2366).abs() < 1e-4);
        // Student's t with 9 degrees of freedom: 2.2622; p = 0.00217 for the slope (published).
        assert!((fit.half_width(1).unwrap() / errors[1] - 2.2622).abs() < 1e-4);
        assert!((fit.p_value(1).unwrap() - 0.00217).abs() < 1e-5);
        // AICc worked out by hand: n ln(2 pi e RSS/n) + 2 k + 2 k (k + 1) / (n - k - 1), RSS = 13.7627, k = 3, n = 11.
        let by_hand =
            11.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E * 13.7627 / 11.0f64).ln() + 6.0 + 24.0 / 7.0;
        assert!((fit.aicc().unwrap() - by_hand).abs() < 1e-3);
    }

    /// One mean, no regressors: the score equations of a censored normal sample, solved by bisection on a grid of spreads, the slow
    /// obvious way.
    #[test]
    fn censored_fits_agree_with_a_search_of_the_likelihood() {
        let seen = [1.2, 0.3, 2.2, 1.7, 0.9];
        let bounds = [2.0, 2.5, 1.0];
        let row = |censored| move |&y: &f64| Row { x: vec![1.0], y, censored };
        let rows: Vec<Row> = seen.iter().map(row(false)).chain(bounds.iter().map(row(true))).collect();
        let fit = fit(&rows).unwrap();
        let log_likelihood = |mean: f64, spread: f64| {
            let normal = statrs::distribution::Normal::new(mean, spread).unwrap();
            let density = |y: &f64| statrs::distribution::Continuous::ln_pdf(&normal, *y);
            seen.iter().map(density).sum::<f64>() + bounds.iter().map(|&y| normal.sf(y).ln()).sum::<f64>()
        };
        let mut best = (f64::MIN, 0.0, 0.0);
        for i in 0..2000 {
            for j in 1..1500 {
                let (mean, spread) = (0.002 * f64::from(i), 0.002 * f64::from(j));
                let value =
                    if (mean - 2.0).abs() < 1.0 && spread > 0.3 { log_likelihood(mean, spread) } else { f64::MIN };
                if value > best.0 {
                    best = (value, mean, spread);
                }
            }
        }
        assert!((fit.estimates[0] - best.1).abs() < 0.002, "{fit:?} {best:?}");
        // The maximum likelihood estimate of the spread, before degrees of freedom are taken off: 5 seen, 1 parameter.
        assert!((fit.spread.unwrap() * (4.0f64 / 5.0).sqrt() - best.2).abs() < 0.002);
        assert!((fit.log_likelihood - best.0).abs() < 1e-4);
    }

    /// Estimates, CR2 errors and degrees of freedom of the same data by dense matrices in NumPy (`M = (X'X)^-1`, `A_g = (I - H)_gg^(-1/2)`, the sandwich, and
    /// Satterthwaite's degrees of freedom from the matrix of `(I - H)_g A_g X_g M c`), with quantiles of Student's t from SciPy.
    #[test]
    fn clustered_intervals_agree_with_dense_matrices() {
        let (mut rows, mut clusters) = (Vec::new(), Vec::new());
        for (g, (n, q)) in [3.0f64, 4.0, 6.0].into_iter().flat_map(|n| [1.0f64, 2.0, 3.0].map(|q| (n, q))).enumerate() {
            for i in 0..4 {
                let (t, k) = (32.0 * 4f64.powi(i), (4 * g) as f64 + f64::from(i));
                let own = 0.3 * (7.3 * k).sin() + 0.08 * (3.1 * g as f64).sin() * t.ln();
                let y = 3.0 + 0.8 * t.ln() - 0.3 * n.ln() + 0.7 * q.ln() + own;
                rows.push(Row { x: vec![1.0, t.ln(), n.ln(), q.ln()], y, censored: false });
                clusters.push(g);
            }
        }
        let fit = fit(&rows).unwrap();
        let half = fit.clustered(&rows, &clusters).unwrap();
        let published = [
            (3.186_975_668_5, 0.592_118_516_4),
            (0.793_753_598_0, 0.085_283_486_9),
            (-0.355_071_025_5, 0.194_646_122_9),
            (0.575_919_043_5, 0.211_590_778_8),
        ];
        for (i, (estimate, width)) in published.into_iter().enumerate() {
            assert!((fit.estimates[i] - estimate).abs() < 1e-9, "{fit:?}");
            assert!((half[i].unwrap() / width - 1.0).abs() < 1e-6, "{i}: {half:?}");
        }
        // A bound far below what is expected says nothing, and changes nothing.
        rows.push(Row { x: rows[0].x.clone(), y: -50.0, censored: true });
        clusters.push(0);
        let bounded = super::fit(&rows).unwrap().clustered(&rows, &clusters).unwrap();
        assert!(bounded.iter().zip(&half).all(|(a, b)| (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-3), "{bounded:?}");
        // What varies between two clusters only has no error of its own.
        let two: Vec<Row> = rows[..8].to_vec();
        let of_two =
            super::fit(&two.iter().map(|r| Row { x: vec![1.0, r.x[1], r.x[3]], ..r.clone() }).collect::<Vec<_>>());
        let two: Vec<Row> = two.iter().map(|r| Row { x: vec![1.0, r.x[1], r.x[3]], ..r.clone() }).collect();
        let half = of_two.unwrap().clustered(&two, &[0, 0, 0, 0, 1, 1, 1, 1]).unwrap();
        assert_eq!(half[2], None, "{half:?}");
    }

    /// Externally studentised residuals of Anscombe's third data set, whose third point lies off the line of the others: 1203.54 for that point and
    /// -0.3138 for the fourth by `e / (s_(i) sqrt(1 - h))`, worked out in NumPy from the hat matrix; R's `rstudent` prints the same.
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

    /// The gradient and the second derivatives against finite differences, at a point that is no maximum.
    #[test]
    fn derivatives_agree_with_finite_differences() {
        let rows: Vec<Row> = (0..9)
            .map(|i| {
                let x = f64::from(i) / 3.0;
                Row { x: vec![1.0, x], y: 0.4 + 0.8 * x + (2.1 * f64::from(i)).sin(), censored: i % 3 == 1 }
            })
            .collect();
        let point = [0.5, 1.1, 1.7];
        let at = Likelihood::at(&rows, &point).unwrap();
        let moved = |i: usize, by: f64| {
            let mut there = point;
            there[i] += by;
            Likelihood::at(&rows, &there).unwrap()
        };
        for i in 0..3 {
            let (up, down) = (moved(i, 1e-5), moved(i, -1e-5));
            assert!(((up.value - down.value) / 2e-5 - at.gradient[i]).abs() < 1e-7);
            for j in 0..3 {
                let second = (up.gradient[j] - down.gradient[j]) / 2e-5;
                assert!((second + at.information[i][j]).abs() < 1e-6 * (1.0 + second.abs()));
            }
        }
    }

    #[test]
    fn the_tail_far_out_continues_the_one_nearby() {
        let (near, far) = (upper_tail(25.0), upper_tail(25.0 + 1e-9));
        assert!((near.0 - far.0).abs() < 1e-7 && (near.1 - far.1).abs() < 1e-7, "{near:?} {far:?}");
        // Pr(e > 1.96) = 0.0249979.
        assert!((upper_tail(1.96).0 - 0.024_997_9f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn what_the_rows_do_not_determine_has_no_fit() {
        let dependent: Vec<Row> =
            (0..5).map(|i| Row { x: vec![1.0, f64::from(i), 2.0 * f64::from(i)], y: 1.0, censored: false }).collect();
        assert_eq!(fit(&dependent), None);
        let mut line = rows(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.5]);
        line[1].censored = true;
        line[2].censored = true;
        assert_eq!(fit(&line), None, "one point");
        assert_eq!(fit(&[]), None);
        // A spread just above rounding.
        for size in [3e-7, 1e-6, 3e-6, 1e-5] {
            let y: Vec<f64> = (0..7).map(|i| 9.0 + 0.5 * f64::from(i) + size * (2.3 * f64::from(i)).sin()).collect();
            let fit = fit(&rows(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &y)).unwrap();
            assert!((fit.estimates[1] - 0.5).abs() < size && (0.3..2.0).contains(&(fit.spread.unwrap() / size)));
        }
        // Two points have a line but no interval; three on a line have one of no width.
        let two = fit(&rows(&[1.0, 2.0], &[1.0, 3.0])).unwrap();
        assert!((two.estimates[1] - 2.0).abs() < 1e-9 && two.half_width(1).is_none() && two.aicc().is_none());
        // Two points and a bound that their line keeps, or that it does not.
        let with_bound = |y: f64| {
            fit(&[rows(&[1.0, 2.0], &[1.0, 3.0]), vec![Row { x: vec![1.0, 3.0], y, censored: true }]].concat())
        };
        assert!(with_bound(4.0).is_some() && with_bound(6.0).is_none());
        // Three on a line, and a bound far above it: the line gives way, and says by how much.
        let denied =
            [rows(&[1.0, 2.0, 3.0], &[1.0, 3.0, 5.0]), vec![Row { x: vec![1.0, 4.0], y: 20.0, censored: true }]]
                .concat();
        let denied = fit(&denied).unwrap();
        assert!(denied.estimates[1] > 2.5 && denied.spread.unwrap() > 1.0, "{denied:?}");
        let three = fit(&rows(&[1.0, 2.0, 3.0], &[1.0, 3.0, 5.0])).unwrap();
        assert_eq!((three.half_width(1), three.p_value(1), three.spread), (Some(0.0), None, Some(0.0)));
    }
}
