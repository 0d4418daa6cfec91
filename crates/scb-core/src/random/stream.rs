//! Random streams and distributions.
//!
//! Only `libm` functions are used, so draws are the same on every machine: the `ln` and `pow` of
//! glibc give other bits on other processors.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The random generator of tasks and runs; tokens use a faster one that is seeded from it.
pub type Stream = Pcg64Mcg;

/// The seed of a [`Stream`]: 16 bytes.
pub type Seed = [u8; 16];

/// The stream that starts at `seed`.
#[must_use]
pub fn stream(seed: Seed) -> Stream {
    Stream::from_seed(seed)
}

/// A new stream, seeded with 128 bits from `parent`.
pub fn child(parent: &mut Stream) -> Stream {
    let mut seed = Seed::default();
    seed[..8].copy_from_slice(&parent.next_u64().to_le_bytes());
    seed[8..].copy_from_slice(&parent.next_u64().to_le_bytes());
    stream(seed)
}

/// Uniform on `(0, 1]`, with 53 bits; never 0, so its logarithm is finite.
pub fn uniform(stream: &mut Stream) -> f64 {
    ((stream.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Standard normal, by the polar method (Marsaglia and Bray, 1964).
pub fn normal(stream: &mut Stream) -> f64 {
    loop {
        let x = 2.0 * uniform(stream) - 1.0;
        let y = 2.0 * uniform(stream) - 1.0;
        let square = x * x + y * y;
        if square < 1.0 && square > 0.0 {
            return x * (-2.0 * libm::log(square) / square).sqrt();
        }
    }
}

/// Logarithm of a Gamma(`shape`, 1) variate (Marsaglia and Tsang, 2000). `shape` must be positive
/// and finite; with NaN the function never returns.
///
/// The logarithm stays finite where the variate itself would underflow, down to a `shape` of
/// 1e-300.
pub fn log_gamma_variate(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        // Gamma(s) = Gamma(s + 1) U^(1/s).
        let boost = libm::log(uniform(stream)) / shape;
        return log_gamma_variate(stream, shape + 1.0) + boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(stream);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        if libm::log(uniform(stream)) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return libm::log(d) + libm::log(v);
        }
    }
}

/// A draw from the symmetric Dirichlet distribution: `n` weights that sum to 1. `concentration`
/// must be positive and finite. An `n` of 0 gives an empty vector.
pub fn dirichlet(stream: &mut Stream, concentration: f64, n: usize) -> Vec<f64> {
    let logs: Vec<f64> = (0..n).map(|_| log_gamma_variate(stream, concentration)).collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Vec<f64> = logs.iter().map(|&l| libm::exp(l - largest)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= total);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values computed from the definition of the generator in another language.
    #[test]
    fn streams_are_pinned_by_value() {
        let mut parent = stream(*b"scb value pinned");
        assert_eq!(parent.next_u64(), 0xd0d5_815e_963c_21b5);
        let mut own = child(&mut parent);
        assert_eq!(own.next_u64(), 0xf41d_919a_d59e_9c65);
    }

    /// Mean and variance of Dirichlet weights have closed forms. In 40 000 draws the mean is within
    /// five standard errors, and the variance within 5 %, which is more than five of its standard
    /// errors.
    #[test]
    fn dirichlet_has_the_moments_of_its_distribution() {
        for concentration in [0.05, 0.5, 1.0, 4.0] {
            let (n, draws) = (3, 40_000);
            let mut s = stream([7; 16]);
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..draws {
                let w = dirichlet(&mut s, concentration, n);
                assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                sum += w[0];
                squares += w[0] * w[0];
            }
            let mean = sum / f64::from(draws);
            let variance = squares / f64::from(draws) - mean * mean;
            let expected = (1.0 / 3.0) * (2.0 / 3.0) / (3.0 * concentration + 1.0);
            let standard_error = (expected / f64::from(draws)).sqrt();
            assert!((mean - 1.0 / 3.0).abs() < 5.0 * standard_error, "mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{concentration}: {variance} {expected}");
        }
    }
}
