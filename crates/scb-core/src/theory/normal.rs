//! The standard normal distribution.

/// `Phi(-z)`, the probability of more than `z`.
pub(super) fn above(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The z with `Phi(z) = probability`, by bisection.
pub(super) fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-40.0f64, 40.0f64);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        *(if above(-middle) < probability { &mut low } else { &mut high }) = middle;
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        assert!((quantile(0.9) - 1.281_551_565_5).abs() < 1e-9 && quantile(0.5).abs() < 1e-12);
        assert!((above(1.281_551_565_5) - 0.1).abs() < 1e-9);
    }
}
