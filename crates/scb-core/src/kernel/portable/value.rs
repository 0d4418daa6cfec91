//! Steps of the value matrix.

/// Number of lanes of a sum over more than 16 states. For at most as many it is a sum in order.
const LANES: usize = 16;

/// Preconditions the gradient `g` of V by `diag(1/mu)` and projects it to `G`, then `V <- V - eta
/// G`. Both are N x N, row by row; `mu` and `inverse`, which is `1/mu`, have N entries, and `means`
/// is scratch space for N.
#[inline(always)]
pub(in crate::kernel) fn step_value(v: &mut [f64], g: &[f64], [mu, inverse]: [&[f64]; 2], means: &mut [f64], eta: f64) {
    match mu.len() {
        // In steps of few samples what a loop costs to begin and to end counts.
        2 => step_value_of::<2>(v, g, mu, eta),
        3 => step_value_of::<3>(v, g, mu, eta),
        4 => step_value_of::<4>(v, g, mu, eta),
        ..=LANES => step_value_with(|g, mu| g / mu, mu, v, g, mu, means, eta),
        // Divisions would take most of the time.
        _ => step_value_with(|g, inverse| g * inverse, inverse, v, g, mu, means, eta),
    }
}

/// The version for `N` states, in registers.
#[inline(always)]
fn step_value_of<const N: usize>(v: &mut [f64], g: &[f64], mu: &[f64], eta: f64) {
    let ((v, _), (g, _)) = (v.as_chunks_mut::<N>(), g.as_chunks::<N>());
    let (Some(v), Some(g), Some(mu)) = (v.first_chunk_mut::<N>(), g.first_chunk::<N>(), mu.first_chunk::<N>()) else {
        return;
    };
    let (mut scaled, mut means) = ([[0.0; N]; N], [0.0; N]);
    for i in 0..N {
        for j in 0..N {
            scaled[i][j] = g[i][j] / mu[j];
            means[j] += scaled[i][j];
        }
    }
    means = means.map(|sum| sum / N as f64);
    for i in 0..N {
        let mut along = 0.0;
        for j in 0..N {
            scaled[i][j] -= means[j];
            along += scaled[i][j] * mu[j];
        }
        for j in 0..N {
            v[i][j] += -eta * (scaled[i][j] - along);
        }
    }
}

/// The version for any number of states. `of` makes of an entry of `g`, and the entry of `by` for its
/// column, the preconditioned one. It is called three times, because to write the results down would
/// take longer.
#[inline(always)]
fn step_value_with(
    of: impl Fn(f64, f64) -> f64,
    by: &[f64],
    v: &mut [f64],
    g: &[f64],
    mu: &[f64],
    means: &mut [f64],
    eta: f64,
) {
    let n = mu.len();
    means.fill(0.0);
    // Row by row, which is the order in memory.
    for g in g.chunks_exact(n) {
        for ((&g, &by), mean) in g.iter().zip(by).zip(&mut *means) {
            *mean += of(g, by);
        }
    }
    means.iter_mut().for_each(|mean| *mean /= n as f64);
    for (v, g) in v.chunks_exact_mut(n).zip(g.chunks_exact(n)) {
        let mut lanes = [0.0; LANES];
        let tiles = g.as_chunks::<LANES>().0.iter().zip(by.as_chunks::<LANES>().0);
        let (mu_tiles, mean_tiles) = (mu.as_chunks::<LANES>().0, means.as_chunks::<LANES>().0);
        for ((g, by), (mu, means)) in tiles.zip(mu_tiles.iter().zip(mean_tiles)) {
            for i in 0..LANES {
                lanes[i] += (of(g[i], by[i]) - means[i]) * mu[i];
            }
        }
        let rest = n - n % LANES;
        for (lane, j) in lanes.iter_mut().zip(rest..n) {
            *lane += (of(g[j], by[j]) - means[j]) * mu[j];
        }
        let along = lanes.iter().fold(0.0, |sum, lane| sum + lane);
        for (((v, &g), &by), &mean) in v.iter_mut().zip(g).zip(by).zip(&*means) {
            *v += -eta * (of(g, by) - mean - along);
        }
    }
}
