//! The log-likelihood of the rows and its derivatives.

use super::linear::dot;
use super::regression::Row;

/// The log-likelihood at a point, its gradient and the negative of its second derivatives.
pub(super) struct Likelihood {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    pub(super) information: Vec<Vec<f64>>,
}

impl Likelihood {
    /// At `(d, h)`; `None` outside of `h > 0`.
    pub(super) fn at(rows: &[Row], parameters: &[f64]) -> Option<Self> {
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
pub(super) fn upper_tail(u: f64) -> (f64, f64) {
    if u > 25.0 {
        // The asymptotic series; its next term, 74 / u^7, is below 2e-8.
        let inverse = 1.0 / u;
        let hazard = u + inverse - 2.0 * inverse.powi(3) + 10.0 * inverse.powi(5);
        return (-0.5 * u * u - LOG_ROOT_TWO_PI - libm::log(hazard), hazard);
    }
    let tail = 0.5 * libm::erfc(u * std::f64::consts::FRAC_1_SQRT_2);
    (libm::log(tail), libm::exp(-0.5 * u * u - LOG_ROOT_TWO_PI) / tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gradient and the second derivatives against finite differences, at a point that is no
    /// maximum.
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
}
