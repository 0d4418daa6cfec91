//! The stationary distribution of a Markov chain, by the elimination of Grassmann, Taksar and
//! Heyman (1985).
//!
//! The elimination subtracts nothing, so every entry has a small *relative* error, however rare the
//! state is. Power iteration would need a number of steps that depends on the chain.

use ndarray::Array2;

use crate::TaskError;

/// The stationary distribution of a Markov chain: `mu` with `P mu = mu`, positive, summing to 1.
///
/// `transition`, shape `(N, N)`: column-stochastic, `P[n, m] = Pr(next = n | current = m)`. The
/// relative error of every entry is small, however rare the state is (elimination of Grassmann,
/// Taksar and Heyman, 1985). O(N^3).
///
/// # Errors
/// [`TaskError::NotIrreducible`] if some state is never reached from some other.
pub fn stationary(transition: &Array2<f64>) -> Result<Vec<f64>, TaskError> {
    check_irreducible(transition)?;
    let n = transition.ncols();
    // Row-stochastic copy: m[i][j] = Pr(next = j | current = i).
    let mut m = transition.t().to_owned();
    for k in (1..n).rev() {
        let leaving: f64 = (0..k).map(|j| m[[k, j]]).sum();
        for i in 0..k {
            m[[i, k]] /= leaving;
            for j in 0..k {
                m[[i, j]] += m[[i, k]] * m[[k, j]];
            }
        }
    }
    let mut mu = vec![1.0; n];
    for k in 1..n {
        mu[k] = (0..k).map(|i| mu[i] * m[[i, k]]).sum();
    }
    let total: f64 = mu.iter().sum();
    mu.iter_mut().for_each(|x| *x /= total);
    Ok(mu)
}

/// Checks that every state can be reached from state 1, and state 1 from every state.
fn check_irreducible(transition: &Array2<f64>) -> Result<(), TaskError> {
    let forward = reachable(transition.ncols(), |from, to| transition[[to, from]] > 0.0);
    if let Some(lost) = forward.iter().position(|&seen| !seen) {
        return Err(TaskError::NotIrreducible { from: 1, to: lost + 1 });
    }
    let backward = reachable(transition.ncols(), |from, to| transition[[from, to]] > 0.0);
    if let Some(lost) = backward.iter().position(|&seen| !seen) {
        return Err(TaskError::NotIrreducible { from: lost + 1, to: 1 });
    }
    Ok(())
}

fn reachable(n: usize, edge: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let mut seen = vec![false; n];
    let mut open = vec![0];
    seen[0] = true;
    while let Some(from) = open.pop() {
        for (to, known) in seen.iter_mut().enumerate() {
            if !*known && edge(from, to) {
                *known = true;
                open.push(to);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;
    use crate::random::{dirichlet, stream};

    /// Solves `(P - I) mu = 0, 1'mu = 1` by Gaussian elimination with partial pivoting, an
    /// independent way to the same vector.
    fn linear_solve(p: &Array2<f64>) -> Vec<f64> {
        let n = p.ncols();
        let mut a = Array2::zeros((n, n + 1));
        for i in 0..n {
            for j in 0..n {
                a[[i, j]] = if i == n - 1 { 1.0 } else { p[[i, j]] - f64::from(u8::from(i == j)) };
            }
        }
        a[[n - 1, n]] = 1.0;
        for k in 0..n {
            let pivot = (k..n).max_by(|&x, &y| a[[x, k]].abs().total_cmp(&a[[y, k]].abs())).unwrap();
            for j in 0..=n {
                a.swap([k, j], [pivot, j]);
            }
            for i in 0..n {
                if i != k {
                    let factor: f64 = a[[i, k]] / a[[k, k]];
                    for j in k..=n {
                        a[[i, j]] -= factor * a[[k, j]];
                    }
                }
            }
        }
        (0..n).map(|i| a[[i, n]] / a[[i, i]]).collect()
    }

    #[test]
    fn gth_agrees_with_a_linear_solve() {
        let mut s = stream([1; 16]);
        for n in [2, 3, 5, 17, 64, 256] {
            let mut p = Array2::zeros((n, n));
            for mut column in p.columns_mut() {
                column.assign(&Array1::from(dirichlet(&mut s, 0.3, n)));
            }
            let (gth, solved) = (stationary(&p).unwrap(), linear_solve(&p));
            for (x, y) in gth.iter().zip(&solved) {
                assert!((x - y).abs() < 1e-12, "N = {n}: {x} and {y}");
            }
            let next = p.dot(&Array1::from(gth.clone()));
            assert!(next.iter().zip(&gth).all(|(x, y)| (x / y - 1.0).abs() < 1e-11));
        }
    }

    #[test]
    fn a_two_state_chain_has_its_closed_form() {
        // Pr(1 -> 2) = a, Pr(2 -> 1) = b: mu = (b, a) / (a + b), however small b is.
        let (a, b) = (0.3, 1e-14);
        let mu = stationary(&array![[1.0 - a, b], [a, 1.0 - b]]).unwrap();
        assert!((mu[0] / (b / (a + b)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_reducible_chain_is_refused_by_name() {
        let absorbing = array![[0.5, 0.0], [0.5, 1.0]];
        assert_eq!(stationary(&absorbing), Err(TaskError::NotIrreducible { from: 2, to: 1 }));
        let unreachable = array![[1.0, 0.5], [0.0, 0.5]];
        assert_eq!(stationary(&unreachable), Err(TaskError::NotIrreducible { from: 1, to: 2 }));
    }
}
