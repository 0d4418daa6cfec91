//! Intervals by the scatter between clusters of rows.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::linear::dot;
use super::regression::{Regression, Row};
use super::weighted::{Working, quadratic};
use crate::statistics::confidence::ALPHA;

impl Regression {
    /// Half the width of the 95 % interval of each coefficient by the scatter between clusters of
    /// rows; `rows` are those that were fitted, `clusters` the cluster of each. `None` for a
    /// coefficient that the clusters do not tell: fewer than one degree of freedom.
    #[must_use]
    pub fn clustered(&self, rows: &[Row], clusters: &[usize]) -> Option<Vec<Option<f64>>> {
        let count = clusters.iter().max()? + 1;
        let clustered = Clustered::of(self, rows, clusters, count)?;
        let unit = |i: usize| (0..self.estimates.len()).map(|k| f64::from(u8::from(i == k))).collect::<Vec<f64>>();
        Some((0..self.estimates.len()).map(|i| clustered.combination(&unit(i)).half_width()).collect())
    }
}

/// A fitted regression, cluster by cluster.
#[derive(Debug)]
pub struct Clustered {
    inverse: Vec<Vec<f64>>,
    clusters: Vec<Adjusted>,
    /// Variance of a row about the regression.
    row_variance: f64,
}

/// A linear combination of coefficients, of one regression or of several whose rows share their
/// clusters.
#[derive(Debug, Clone)]
pub struct Combination {
    /// How far each cluster moves it; the sum of the squares is its variance.
    scores: Vec<f64>,
    /// What the products of two of these are on average, if rows scatter alike and apart, in units
    /// of `row_variance`.
    products: Vec<Vec<f64>>,
    /// The variance that the combination then has, in the same units.
    variance: f64,
    /// Variance of a row.
    row_variance: f64,
}

impl Clustered {
    /// `rows` are those that were fitted, `clusters` the cluster of each, below `count`. A cluster
    /// may have no rows. `None` without degrees of freedom.
    #[must_use]
    pub fn of(fit: &Regression, rows: &[Row], clusters: &[usize], count: usize) -> Option<Self> {
        let working = Working::of(fit, rows)?;
        let p = fit.estimates.len();
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
        let row_variance = fit.residual_scale?.powi(2);
        Some(Self { inverse: working.inverse, clusters: adjusted, row_variance })
    }

    /// The sum of `weights` times the coefficients.
    #[must_use]
    pub fn combination(&self, weights: &[f64]) -> Combination {
        // What turns sums over rows into the combination.
        let column = |k: usize| self.inverse.iter().zip(weights).map(|(row, weight)| row[k] * weight).sum();
        let c: Vec<f64> = (0..weights.len()).map(column).collect();
        let (mut own, mut across) = (Vec::new(), Vec::new());
        for Adjusted { ax, x, .. } in &self.clusters {
            let v: Vec<f64> = ax.iter().map(|row| dot(row, &c)).collect();
            own.push(dot(&v, &v));
            let moment = |k: usize| x.iter().zip(&v).map(|(row, v)| row[k] * v).sum();
            across.push((0..weights.len()).map(moment).collect::<Vec<f64>>());
        }
        let score = |Adjusted { ae, x, .. }: &Adjusted| x.iter().zip(ae).map(|(row, e)| dot(row, &c) * e).sum::<f64>();
        let count = self.clusters.len();
        let within = |g: usize, h: usize| if g == h { own[g] } else { 0.0 };
        let product = |g: usize, h: usize| within(g, h) - quadratic(&self.inverse, &across[g], &across[h]);
        Combination {
            scores: self.clusters.iter().map(score).collect(),
            products: (0..count).map(|g| (0..count).map(|h| product(g, h)).collect()).collect(),
            variance: dot(&c, weights),
            row_variance: self.row_variance,
        }
    }
}

impl Combination {
    /// This and another one added, of a regression of its own over the same clusters. What the two
    /// have in common shows in their scores; degrees of freedom are those of regressions whose rows
    /// scatter apart.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let units = (self.row_variance, other.row_variance);
        let scaled = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| units.0 * a + units.1 * b).collect();
        Self {
            scores: self.scores.iter().zip(&other.scores).map(|(a, b)| a + b).collect(),
            products: self.products.iter().zip(&other.products).map(|(a, b)| scaled(a, b)).collect(),
            variance: units.0 * self.variance + units.1 * other.variance,
            row_variance: 1.0,
        }
    }

    /// Half the width of its 95 % interval; `None` if the clusters do not tell it: fewer than one
    /// degree of freedom.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        let variance: f64 = self.scores.iter().map(|s| s * s).sum();
        let trace: f64 = self.products.iter().enumerate().map(|(g, row)| row[g]).sum();
        let squares: f64 = self.products.iter().flatten().map(|product| product * product).sum();
        // The trace is the variance that the sandwich has on average: too small where clusters
        // determine what is their own.
        if trace <= 0.5 * self.variance {
            return None;
        }
        let degrees = trace * trace / squares;
        let student = StudentsT::new(0.0, 1.0, degrees).ok().filter(|_| degrees >= 1.0)?;
        Some(student.inverse_cdf(1.0 - ALPHA / 2.0) * variance.sqrt())
    }
}

/// A cluster of rows.
#[derive(Debug)]
struct Adjusted {
    /// Its weighted rows.
    x: Vec<Vec<f64>>,
    /// A x, with A = (I - H)^(-1/2) of the cluster, which undoes that the fit follows it.
    ax: Vec<Vec<f64>>,
    /// A times its residuals.
    ae: Vec<f64>,
}

/// The inverse of the root of a symmetric matrix that is not negative, by Jacobi's rotations;
/// directions in which it is 0 are left out.
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

#[cfg(test)]
mod tests {
    use super::super::fit::fit;
    use super::*;

    /// Estimates, CR2 errors and degrees of freedom of the same data by dense matrices in NumPy
    /// (`M = (X'X)^-1`, `A_g = (I - H)_gg^(-1/2)`, the sandwich, and Satterthwaite's degrees of
    /// freedom from the matrix of `(I - H)_g A_g X_g M c`), with quantiles of Student's t from
    /// SciPy.
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
        let bounded =
            crate::statistics::censored_regression::fit::fit(&rows).unwrap().clustered(&rows, &clusters).unwrap();
        assert!(bounded.iter().zip(&half).all(|(a, b)| (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-3), "{bounded:?}");
        // What varies between two clusters only has no error of its own.
        let two: Vec<Row> = rows[..8].to_vec();
        let of_two = crate::statistics::censored_regression::fit::fit(
            &two.iter().map(|r| Row { x: vec![1.0, r.x[1], r.x[3]], ..r.clone() }).collect::<Vec<_>>(),
        );
        let two: Vec<Row> = two.iter().map(|r| Row { x: vec![1.0, r.x[1], r.x[3]], ..r.clone() }).collect();
        let half = of_two.unwrap().clustered(&two, &[0, 0, 0, 0, 1, 1, 1, 1]).unwrap();
        assert_eq!(half[2], None, "{half:?}");
    }

    /// What a cluster moves in one regression and in another adds up before it is squared: a
    /// combination and itself are twice as wide, a combination less itself has no width, and two
    /// regressions on clusters of their own add as independent errors do.
    #[test]
    fn combinations_of_several_regressions_know_what_they_have_in_common() {
        let row = |g: usize, i: usize, salt: f64| {
            let t = (32.0 * 2f64.powi(i as i32)).ln();
            let k = (5 * g + i) as f64 + salt;
            Row {
                x: vec![1.0, t],
                y: 2.0 + 0.7 * t + 0.3 * (7.3 * k).sin() + 0.1 * (3.1 * g as f64 + salt).sin() * t,
                censored: false,
            }
        };
        let rows = |salt: f64| (0..40).map(|k| row(k / 5, k % 5, salt)).collect::<Vec<Row>>();
        let clusters: Vec<usize> = (0..40).map(|k| k / 5).collect();
        let (first, second) = (rows(0.0), rows(100.0));
        let of = |rows: &[Row], clusters: &[usize], count| {
            Clustered::of(&fit(rows).unwrap(), rows, clusters, count).unwrap()
        };
        let one = of(&first, &clusters, 8);
        let (up, down) = (one.combination(&[0.3, 2.0]), one.combination(&[-0.3, -2.0]));
        let half = up.half_width().unwrap();
        assert!((up.plus(&up).half_width().unwrap() / half - 2.0).abs() < 1e-9);
        assert!(up.plus(&down).half_width().unwrap() < 1e-9 * half);
        // The same two regressions, but no cluster of one is a cluster of the other.
        let (left, right): (Vec<usize>, Vec<usize>) = (clusters.clone(), clusters.iter().map(|c| c + 8).collect());
        let (left, right) =
            (of(&first, &left, 16).combination(&[0.0, 1.0]), of(&second, &right, 16).combination(&[0.0, 1.0]));
        let variance = |c: &Combination| c.scores.iter().map(|s| s * s).sum::<f64>();
        let both = left.plus(&right);
        assert!((variance(&both) / (variance(&left) + variance(&right)) - 1.0).abs() < 1e-12);
        // More clusters, more degrees of freedom: less than by adding the two in squares.
        let squares = left.half_width().unwrap().hypot(right.half_width().unwrap());
        assert!(both.half_width().unwrap() < squares && both.half_width().unwrap() > 0.8 * squares);
    }
}
