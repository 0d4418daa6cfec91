//! Steps of the value matrix.

/// Number of lanes of a sum over states. For at most as many states it is a sum in order.
const LANES: usize = 16;

/// Preconditions the gradient `g` of V by `diag(1/mu)` and projects it, then `V <- V - eta g`. Both
/// are N x N, row by row; `mu` and `inverse`, which is `1/mu`, have N entries, and `means` is scratch
/// space for N.
#[inline(always)]
pub(in crate::kernel) fn step_value(
    v: &mut [f64],
    g: &mut [f64],
    [mu, inverse]: [&[f64]; 2],
    means: &mut [f64],
    eta: f64,
) {
    let n = mu.len();
    means.fill(0.0);
    // Row by row, which is the order in memory. For many states divisions would take most of the
    // time.
    for row in g.chunks_exact_mut(n) {
        if n > LANES {
            for ((g, &inverse), mean) in row.iter_mut().zip(inverse).zip(&mut *means) {
                *g *= inverse;
                *mean += *g;
            }
        } else {
            for ((g, &m), mean) in row.iter_mut().zip(mu).zip(&mut *means) {
                *g /= m;
                *mean += *g;
            }
        }
    }
    means.iter_mut().for_each(|mean| *mean /= n as f64);
    for (v, g) in v.chunks_exact_mut(n).zip(g.chunks_exact_mut(n)) {
        let mut lanes = [0.0; LANES];
        let (tiles, rest) = g.as_chunks_mut::<LANES>();
        let ((mus, mu_rest), (means, mean_rest)) = (mu.as_chunks::<LANES>(), means.as_chunks::<LANES>());
        for ((g, mu), means) in tiles.iter_mut().zip(mus).zip(means) {
            for i in 0..LANES {
                g[i] -= means[i];
                lanes[i] += g[i] * mu[i];
            }
        }
        for (((g, lane), &m), &mean) in rest.iter_mut().zip(&mut lanes).zip(mu_rest).zip(mean_rest) {
            *g -= mean;
            *lane += *g * m;
        }
        let along = lanes[..n.min(LANES)].iter().fold(0.0, |sum, lane| sum + lane);
        for (v, g) in v.iter_mut().zip(g) {
            *g -= along;
            *v += -eta * *g;
        }
    }
}
