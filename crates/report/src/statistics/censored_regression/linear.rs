//! Linear algebra of a few dimensions. `nalgebra` would bring 17 crates and 14 s of build for these
//! 40 lines, and kernels whose rounding depends on the processor.

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn solve(matrix: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    Some(invert(matrix.to_vec())?.iter().map(|row| dot(row, right)).collect())
}

/// Inverse of a symmetric positive definite matrix by Gauss-Jordan elimination with pivoting;
/// `None` if it is singular to working precision.
pub(super) fn invert(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
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
