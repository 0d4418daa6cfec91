//! Fitting: from least squares to the largest likelihood.

use super::likelihood::Likelihood;
use super::linear::{dot, invert, solve};
use super::regression::{LEAST_RESIDUAL_SCALE, Regression, Row};

/// Fits the rows. `None` if those that are not censored do not determine every coefficient.
#[must_use]
pub fn fit(rows: &[Row]) -> Option<Regression> {
    let p = rows.first()?.x.len();
    let seen: Vec<&Row> = rows.iter().filter(|row| !row.censored).collect();
    let degrees = seen.len().checked_sub(p)?;
    let start = least_squares(&seen)?;
    let squares: f64 = seen.iter().map(|row| (row.y - dot(&row.x, &start)).powi(2)).sum();
    let residual_scale = (squares / seen.len() as f64).sqrt();
    let bounds_hold =
        rows.iter().filter(|row| row.censored).all(|row| row.y <= dot(&row.x, &start) + LEAST_RESIDUAL_SCALE);
    if bounds_hold && (degrees == 0 || residual_scale < LEAST_RESIDUAL_SCALE) {
        // All lie on it.
        let exact = (degrees > 0).then(|| vec![0.0; p]);
        let entropy = libm::log(2.0 * std::f64::consts::PI * std::f64::consts::E) / 2.0;
        let log_likelihood = seen.len() as f64 * -(libm::log(LEAST_RESIDUAL_SCALE) + entropy);
        let (residual_scale, rows) = ((degrees > 0).then_some(0.0), rows.len());
        return Some(Regression { estimates: start, errors: exact, degrees, residual_scale, log_likelihood, rows });
    }
    if degrees == 0 {
        // A line through as many points as it has coefficients, and bounds that deny it.
        return None;
    }
    // A bound far beyond a small residual scale is so unlikely that nothing could be made of it.
    let residual_scale = residual_scale.max(if bounds_hold { LEAST_RESIDUAL_SCALE } else { 0.1 });
    // Residuals instead of responses: a residual scale that is small beside them would be lost in
    // rounding.
    let residual = |row: &Row| Row { y: row.y - dot(&row.x, &start), ..row.clone() };
    let rows: Vec<Row> = rows.iter().map(residual).collect();
    let rows = rows.as_slice();
    let mut parameters = vec![0.0; p];
    parameters.push(1.0 / residual_scale);
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
        residual_scale: Some(enlarged / h),
        log_likelihood: at.value,
        rows,
    })
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

#[cfg(test)]
mod tests {
    use statrs::distribution::ContinuousCDF;

    use super::*;

    fn rows(x: &[f64], y: &[f64]) -> Vec<Row> {
        x.iter().zip(y).map(|(&x, &y)| Row { x: vec![1.0, x], y, censored: false }).collect()
    }

    /// Anscombe's first data set: intercept 3.0001, slope 0.5001, standard error of the slope
    /// 0.1179, residual scale 1.2366 (published with the data).
    #[test]
    fn without_censoring_it_is_least_squares() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let fit = fit(&rows(&x, &y)).unwrap();
        assert!((fit.estimates[0] - 3.0001).abs() < 1e-4 && (fit.estimates[1] - 0.5001).abs() < 1e-4);
        let errors = fit.errors.clone().unwrap();
        assert!((errors[0] - 1.1247).abs() < 1e-4 && (errors[1] - 0.1179).abs() < 1e-4);
        assert!((fit.residual_scale.unwrap() - 1.2366).abs() < 1e-4);
        // Student's t with 9 degrees of freedom: 2.2622; p = 0.00217 for the slope (published).
        assert!((fit.half_width(1).unwrap() / errors[1] - 2.2622).abs() < 1e-4);
        assert!((fit.p_value(1).unwrap() - 0.00217).abs() < 1e-5);
        // AICc worked out by hand: n ln(2 pi e RSS/n) + 2 k + 2 k (k + 1) / (n - k - 1), RSS =
        // 13.7627, k = 3, n = 11.
        let by_hand =
            11.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E * 13.7627 / 11.0f64).ln() + 6.0 + 24.0 / 7.0;
        assert!((fit.aicc().unwrap() - by_hand).abs() < 1e-3);
    }

    /// One mean, no regressors: the score equations of a censored normal sample, solved by
    /// bisection on a grid of residual scales, the slow obvious way.
    #[test]
    fn censored_fits_agree_with_a_search_of_the_likelihood() {
        let seen = [1.2, 0.3, 2.2, 1.7, 0.9];
        let bounds = [2.0, 2.5, 1.0];
        let row = |censored| move |&y: &f64| Row { x: vec![1.0], y, censored };
        let rows: Vec<Row> = seen.iter().map(row(false)).chain(bounds.iter().map(row(true))).collect();
        let fit = fit(&rows).unwrap();
        let log_likelihood = |mean: f64, residual_scale: f64| {
            let normal = statrs::distribution::Normal::new(mean, residual_scale).unwrap();
            let density = |y: &f64| statrs::distribution::Continuous::ln_pdf(&normal, *y);
            seen.iter().map(density).sum::<f64>() + bounds.iter().map(|&y| normal.sf(y).ln()).sum::<f64>()
        };
        let mut best = (f64::MIN, 0.0, 0.0);
        for i in 0..2000 {
            for j in 1..1500 {
                let (mean, residual_scale) = (0.002 * f64::from(i), 0.002 * f64::from(j));
                let value = if (mean - 2.0).abs() < 1.0 && residual_scale > 0.3 {
                    log_likelihood(mean, residual_scale)
                } else {
                    f64::MIN
                };
                if value > best.0 {
                    best = (value, mean, residual_scale);
                }
            }
        }
        assert!((fit.estimates[0] - best.1).abs() < 0.002, "{fit:?} {best:?}");
        // The maximum likelihood estimate of the residual scale, before degrees of freedom are
        // taken off: 5 seen, 1 parameter.
        assert!((fit.residual_scale.unwrap() * (4.0f64 / 5.0).sqrt() - best.2).abs() < 0.002);
        assert!((fit.log_likelihood - best.0).abs() < 1e-4);
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
        // A residual scale just above rounding.
        for size in [3e-7, 1e-6, 3e-6, 1e-5] {
            let y: Vec<f64> = (0..7).map(|i| 9.0 + 0.5 * f64::from(i) + size * (2.3 * f64::from(i)).sin()).collect();
            let fit = fit(&rows(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &y)).unwrap();
            assert!(
                (fit.estimates[1] - 0.5).abs() < size && (0.3..2.0).contains(&(fit.residual_scale.unwrap() / size))
            );
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
        assert!(denied.estimates[1] > 2.5 && denied.residual_scale.unwrap() > 1.0, "{denied:?}");
        let three = fit(&rows(&[1.0, 2.0, 3.0], &[1.0, 3.0, 5.0])).unwrap();
        assert_eq!((three.half_width(1), three.p_value(1), three.residual_scale), (Some(0.0), None, Some(0.0)));
    }
}
